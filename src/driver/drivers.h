/* The drivers that exist, for the registry and the conformance suite; all others use driver_find. */
#ifndef DRIVER_DRIVERS_H
#define DRIVER_DRIVERS_H

struct driver;

extern const struct driver driver_sqlite;
extern const struct driver driver_postgres;
extern const struct driver driver_mysql;

#endif
