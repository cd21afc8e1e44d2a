/* Files whose place no output may take: a slip of the hand must not put a report where a tenant, the ledger, the inventory or a revision is. */
#ifndef CLI_TAKEN_H
#define CLI_TAKEN_H

#include "cli/options.h"

/* Why nothing may be written to that path, to follow its name in a message; NULL: it may. */
const char *taken_reason(const struct options *options, const char *path);

/* Is it a database by now: a tenant, or the ledger? */
bool taken_by_database(const char *path);

/* One name in one folder, however that is written. */
bool taken_are_one(const char *path, const char *other);

#endif
