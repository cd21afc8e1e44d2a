#include "dialect/mysql/replica.h"

#include <stdlib.h>
#include <string.h>

static const char *const lags[] = {"Seconds_Behind_Source", "Seconds_Behind_Master", NULL};
static const char *const receiving[] = {"Replica_IO_Running", "Slave_IO_Running", NULL};
static const char *const replaying[] = {"Replica_SQL_Running", "Slave_SQL_Running", NULL};
static const char *const receive_errors[] = {"Last_IO_Error", NULL};
static const char *const replay_errors[] = {"Last_SQL_Error", NULL};

static const char *error_or(const char *error, const char *otherwise)
{
    return error && *error ? error : otherwise;
}

/* Why a replication (there is a row for each: a server may follow several) does not go on; NULL: it does. One that is not connected
 * to its primary says `Connecting`, and how late it is by what it has received so far. */
static const char *trouble_of(const struct grid *rows, const char *const *columns, size_t row)
{
    const char *receives = replica_value(rows, columns, row, receiving);
    const char *replays = replica_value(rows, columns, row, replaying);
    if (!replays || strcmp(replays, "Yes") != 0)
        return error_or(replica_value(rows, columns, row, replay_errors),
                        "its SQL thread is stopped");
    if (!receives || strcmp(receives, "Yes") != 0)
        return error_or(replica_value(rows, columns, row, receive_errors),
                        "its I/O thread is not connected to the primary");
    if (!replica_value(rows, columns, row, lags))
        return "it does not say how late it is";
    return NULL;
}

struct replica_standing mysql_read_replica(const struct grid *rows, const char *const *columns)
{
    struct replica_standing standing = {0};
    if (!rows->row_count)
        standing.trouble = "it is no replica";
    for (size_t row = 0; row < rows->row_count && !standing.trouble; row++) {
        standing.trouble = trouble_of(rows, columns, row);
        const char *seconds = replica_value(rows, columns, row, lags);
        uint64_t lag_ms = seconds ? strtoull(seconds, NULL, 10) * 1000 : 0;
        standing.lag_ms = lag_ms > standing.lag_ms ? lag_ms : standing.lag_ms;
    }
    return standing;
}
