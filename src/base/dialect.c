#include "base/dialect.h"

static const struct dialect_info infos[DIALECT__COUNT] = {
    [DIALECT_SQLITE] = {"sqlite", {"sqlite"}, 0},
    [DIALECT_POSTGRESQL] = {"postgresql", {"postgresql", "postgres"}, 5432},
    [DIALECT_MYSQL] = {"mysql", {"mysql", "mariadb"}, 3306},
};

const struct dialect_info *dialect_info(enum dialect_id dialect)
{
    return &infos[dialect];
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
