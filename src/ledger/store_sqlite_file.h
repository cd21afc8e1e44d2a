/* The file that a SQLite ledger is: made, looked at and named, without SQLite. */
#ifndef LEDGER_STORE_SQLITE_FILE_H
#define LEDGER_STORE_SQLITE_FILE_H

#include "ledger/ledger.h"

/* Is it there, and can it be a ledger? LEDGER_WRITE makes it and its folder, both for the owner alone. It is looked at without
 * opening it: closing a descriptor would drop SQLite's locks on the file, should this process have it open already. */
bool sqlite_file_check(struct arena *arena, const char *path, enum ledger_access mode,
                       struct err *err) MUST_CHECK;

/* A WAL needs files beside the ledger even to read it. Where they cannot be made, and no writer left any, no
 * process is writing: what is there can be read as it is. */
bool sqlite_file_is_at_rest(struct arena *arena, const char *path);

/* `file:` with what is special in a URI escaped; as such a relative path is never ":memory:". */
const char *sqlite_file_uri(struct arena *arena, const char *path, bool is_immutable);

/* The ledger, its WAL and its lock, as they were first written to. All zero: not yet. */
enum { SQLITE_FILES = 3 };
struct sqlite_place {
    struct file_id {
        uint64_t device, inode;
    } files[SQLITE_FILES];
};

/* Are they still those of their names? What is in one that was removed, or replaced, no one will read. False:
 * *ret_missing is the ending of the first such name. */
bool sqlite_file_is_in_place(struct sqlite_place *place, const char *path,
                             const char **ret_missing) MUST_CHECK;

#endif
