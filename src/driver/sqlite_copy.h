/* A SQLite database copied to a file and put back, by SQLite's own backup interface: page by page under
 * its locks, so that other connections see the old content or the new and never a mixture.
 *
 * Both block, and give back SQLite's result code: SQLITE_DONE where all is well, SQLITE_BUSY where another
 * writer is at it and the whole may be tried again.
 */
#ifndef DRIVER_SQLITE_COPY_H
#define DRIVER_SQLITE_COPY_H

#include <sqlite3.h>

#include "base/compiler.h"

struct err;

/* Whole or not at all, and durable: under another name first. Takes the place of an older copy.
 * `err` is filled for what is not SQLite's fault (ERR_CONFIG: the file cannot be written). */
int sqlite_copy_out(sqlite3 *db, const char *path, struct err *err);

/* Back into the open database. */
int sqlite_copy_in(sqlite3 *db, const char *path, struct err *err);

#endif
