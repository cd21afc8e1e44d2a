#include "base/buf.h"
#include "driver/driver.h"
#include "driver/drivers.h"

static const struct driver *const drivers[DIALECT__COUNT] = {
    [DIALECT_SQLITE] = &driver_sqlite,
    [DIALECT_POSTGRESQL] = &driver_postgres,
    [DIALECT_MYSQL] = &driver_mysql,
};

const struct driver *driver_find(enum dialect_id dialect)
{
    return drivers[dialect];
}

void drivers_init(void)
{
    for (size_t i = 0; i < ARRAY_LEN(drivers); i++)
        if (drivers[i] && drivers[i]->init)
            drivers[i]->init();
}

void drivers_add_libraries(struct buf *buf)
{
    for (size_t i = 0; i < ARRAY_LEN(drivers); i++)
        if (drivers[i]) {
            drivers[i]->add_library(buf);
            buf_addc(buf, '\n');
        }
}
