#include "dialect/dialects.h"

#include "dialect/dialect.h"

const struct dialect *dialect_of(enum dialect_id id)
{
    static const struct dialect *const dialects[DIALECT__COUNT] = {
        [DIALECT_SQLITE] = &dialect_sqlite,
        [DIALECT_POSTGRESQL] = &dialect_postgres,
        [DIALECT_MYSQL] = &dialect_mysql,
        [DIALECT_MARIADB] = &dialect_mariadb,
    };
    return dialects[id];
}
