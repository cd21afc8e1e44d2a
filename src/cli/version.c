#include "cli/version.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <uv.h>

#include "base/buf.h"
#include "driver/driver.h"

void version_print(FILE *out)
{
    struct buf libraries;
    buf_init(&libraries, BUF_MAX_DEFAULT);
    drivers_add_libraries(&libraries);
    fprintf(out, "skein %s\n", SKEIN_VERSION);
    fprintf(out, "libuv %s (built with %d.%d.%d)\n", uv_version_string(), UV_VERSION_MAJOR,
            UV_VERSION_MINOR, UV_VERSION_PATCH);
    fputs(libraries.data, out);
    fprintf(out, "%s\n", OpenSSL_version(OPENSSL_VERSION));
    fprintf(out, "jansson %s (built with %s)\n", jansson_version_str(), JANSSON_VERSION);
    buf_done(&libraries);
}
