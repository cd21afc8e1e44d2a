#include "base/dialect.h"

/* Parameters of URLs whose values are no secrets. Any other value may be one: the name of a parameter may be mistyped. */
static const char *const no_params[] = {NULL};

/* The parameters of libpq, up to version 18. */
static const char *const libpq_params[] = {
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "options",
    "passfile",
    "port",
    "replication",
    "require_auth",
    "requirepeer",
    "service",
    "servicefile",
    "ssl",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    NULL,
};

/* The parameters of the libraries for MySQL and MariaDB. */
static const char *const mysql_params[] = {
    "auth_plugin",
    "autocommit",
    "charset",
    "collation",
    "compress",
    "connect_timeout",
    "connection_timeout",
    "default_file",
    "default_group",
    "host",
    "pool_size",
    "read_default_file",
    "read_default_group",
    "read_timeout",
    "ssl",
    "ssl-mode",
    "ssl_ca",
    "ssl_capath",
    "ssl_cert",
    "ssl_check_hostname",
    "ssl_cipher",
    "ssl_crl",
    "ssl_crlpath",
    "ssl_disabled",
    "ssl_key",
    "ssl_mode",
    "ssl_verify_cert",
    "ssl_verify_identity",
    "tls",
    "use_unicode",
    "write_timeout",
    NULL,
};

/* libpq does the same: for URLs that come from JDBC, and for URLs that are older than `sslmode`. */
static const struct url_param_rename libpq_renames[] = {
    {"ssl", "true", "sslmode", "require", false},
    {"requiressl", "1", "sslmode", "require", true},
    {"requiressl", "", "sslmode", "prefer", true},
    {NULL, NULL, NULL, NULL, false},
};

static const struct dialect_info infos[DIALECT__COUNT] = {
    [DIALECT_SQLITE] =
        {
            .name = "sqlite",
            .engine = DIALECT_SQLITE,
            .title = "SQLite",
            .client = "sqlite3",
            .schemes = {"sqlite"},
            .variables = "TMPDIR",
            .variables_meaning = "where SQLite puts its temporary files",
            .example =
                "  - name: initech\n"
                "    url: sqlite:///data/initech.db # three slashes: relative to this file; four: absolute\n",
            .is_file = true,
            .magic = "SQLite format 3",
            .shown_params = no_params,
            .companions = (const char *const[]){"-wal", "-shm", "-journal", NULL},
        },
    [DIALECT_POSTGRESQL] =
        {
            .name = "postgresql",
            .engine = DIALECT_POSTGRESQL,
            .title = "PostgreSQL",
            .client = "psql",
            .schemes = {"postgresql", "postgres"},
            .variables = "PGPASSFILE, PGSERVICEFILE, PGSSLMODE, …",
            .variables_meaning = "libpq's own, where neither the URL nor the inventory says it",
            .example =
                "  - name: acme\n"
                "    url: postgresql://app@db1.internal:5432/acme\n"
                "    password_env: ACME_PASSWORD   # or password_file, password_command, .pgpass, PGSERVICE\n"
                "    labels: [tier=canary, region=eu]\n"
                "  - name: globex\n"
                "    url: postgresql://app@db1.internal/shared\n"
                "    schema: globex                # one schema a tenant\n",
            .default_port = 5432,
            .shown_params = libpq_params,
            .renamed_params = libpq_renames,
            .has_schemas = true,
            .may_hold_ledger = true,
        },
    [DIALECT_MYSQL] =
        {
            .name = "mysql",
            .engine = DIALECT_MYSQL,
            .title = "MySQL",
            .client = "mariadb",
            .schemes = {"mysql", "mariadb"},
            .example = "  - name: hooli\n"
                       "    url: mysql://app@db2.internal/hooli\n"
                       "    password_file: secrets/hooli\n",
            .default_port = 3306,
            .socket_keys = {"unix_socket", "socket"},
            .shown_params = mysql_params,
        },
    [DIALECT_MARIADB] =
        {
            .name = "mariadb",
            .engine = DIALECT_MYSQL,
            .title = "MariaDB",
            .client = "mariadb",
            .shown_params = mysql_params,
            .default_port = 3306,
        },
};

const struct dialect_info *dialect_info(enum dialect_id dialect)
{
    return &infos[dialect];
}

const char *dialect_name_at(size_t index)
{
    return index < DIALECT__COUNT ? infos[index].name : NULL;
}

const char *dialect_client_at(size_t index)
{
    bool is_engine = index < DIALECT__COUNT && infos[index].engine == (enum dialect_id)index;
    return is_engine ? infos[index].client
                     : NULL; /* variants, which have the engine's, come last */
}

const char *dialect_scheme_at(size_t index)
{
    for (int d = 0; d < DIALECT__COUNT; d++)
        for (const char *const *scheme = infos[d].schemes; *scheme; scheme++)
            if (!index--)
                return *scheme;
    return NULL;
}

static bool is_word(const char *word, const char *text, size_t len)
{
    return strlen(word) == len && memcmp(word, text, len) == 0;
}

bool dialect_of_scheme(const char *scheme, size_t len, enum dialect_id *ret_dialect)
{
    for (int d = 0; d < DIALECT__COUNT; d++)
        for (const char *const *known = infos[d].schemes; *known; known++)
            if (is_word(*known, scheme, len)) {
                *ret_dialect = (enum dialect_id)d;
                return true;
            }
    return false;
}

bool dialect_find(const char *name, size_t len, enum dialect_id *ret_dialect)
{
    for (int d = 0; d < DIALECT__COUNT; d++)
        if (is_word(infos[d].name, name, len)) {
            *ret_dialect = (enum dialect_id)d;
            return true;
        }
    return dialect_of_scheme(name, len, ret_dialect);
}

enum dialect_id dialect_promised(enum dialect_id engine, const char *scheme)
{
    enum dialect_id found;
    return scheme && dialect_find(scheme, strlen(scheme), &found) ? found : engine;
}

void dialect_mark_possible(enum dialect_id engine, const char *scheme, bool used[DIALECT__COUNT])
{
    enum dialect_id promised = dialect_promised(engine, scheme);
    for (int d = 0; d < DIALECT__COUNT; d++)
        used[d] |= d == (int)promised || infos[d].engine == promised;
}

bool dialect_find_by_scheme(const char *url, enum dialect_id *ret_dialect)
{
    return strstr(url, "://") && dialect_of_scheme(url, strcspn(url, "+:"), ret_dialect);
}

enum dialect_id dialect_of_files(void)
{
    int d = 0;
    while (!infos[d].is_file)
        d++;
    return (enum dialect_id)d;
}
