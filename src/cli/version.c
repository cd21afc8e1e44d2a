#include <mysql.h> /* first: it uses names that ours make an error */

#include "cli/version.h"

#include <jansson.h>
#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <uv.h>

void version_print(FILE *out)
{
    int pq = PQlibVersion();
    fprintf(out, "skein %s\n", SKEIN_VERSION);
    fprintf(out, "libuv %s (built with %d.%d.%d)\n", uv_version_string(), UV_VERSION_MAJOR,
            UV_VERSION_MINOR, UV_VERSION_PATCH);
    fprintf(out, "libpq %d.%d\n", pq / 10000, pq % 10000);
    fprintf(out, "libmariadb %s (built with %s)\n", mysql_get_client_info(),
            MARIADB_PACKAGE_VERSION);
    fprintf(out, "sqlite %s (built with %s)\n", sqlite3_libversion(), SQLITE_VERSION);
    fprintf(out, "%s\n", OpenSSL_version(OPENSSL_VERSION));
    fprintf(out, "jansson %s (built with %s)\n", jansson_version_str(), JANSSON_VERSION);
}
