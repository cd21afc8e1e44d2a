#include "base/dialect.h"

static const struct dialect_info infos[DIALECT__COUNT] = {
    [DIALECT_SQLITE] =
        {
            .name = "sqlite",
            .title = "SQLite",
            .client = "sqlite3",
            .schemes = {"sqlite"},
            .is_file = true,
        },
    [DIALECT_POSTGRESQL] =
        {
            .name = "postgresql",
            .title = "PostgreSQL",
            .client = "psql",
            .schemes = {"postgresql", "postgres"},
            .default_port = 5432,
            .is_libpq = true,
            .has_schemas = true,
            .may_hold_ledger = true,
        },
    [DIALECT_MYSQL] =
        {
            .name = "mysql",
            .title = "MySQL",
            .client = "mariadb",
            .schemes = {"mysql", "mariadb"},
            .default_port = 3306,
            .socket_keys = {"unix_socket", "socket"},
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
    return index < DIALECT__COUNT ? infos[index].client : NULL;
}

const char *dialect_scheme_at(size_t index)
{
    for (int d = 0; d < DIALECT__COUNT; d++)
        for (const char *const *scheme = infos[d].schemes; *scheme; scheme++)
            if (!index--)
                return *scheme;
    return NULL;
}

bool dialect_find(const char *name, size_t len, enum dialect_id *ret_dialect)
{
    for (int d = 0; d < DIALECT__COUNT; d++)
        for (const char *const *scheme = infos[d].schemes; *scheme; scheme++)
            if (strlen(*scheme) == len && memcmp(*scheme, name, len) == 0) {
                *ret_dialect = (enum dialect_id)d;
                return true;
            }
    return false;
}
