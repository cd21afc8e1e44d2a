/* The lock of a ledger that is a file: a file beside it, `<ledger>.lock`, whose content says who
 * holds it.
 *
 * A file of its own, because SQLite's fcntl locks on the ledger vanish when any descriptor of it is closed in
 * the process. The lock itself is an open-file-description lock: it belongs to one descriptor and dies with its
 * process, like flock's, and unlike with flock others can ask whether it is held without taking it. The file is
 * never removed: a process that removed it could not know that no other is about to lock it.
 */
#ifndef LEDGER_LOCK_H
#define LEDGER_LOCK_H

#include "ledger/ledger.h"

struct lock {
    int fd; /* -1: not held */
};

/* Takes it without waiting and writes `holder` into it. LEDGER_HELD: *ret_other says by whom, as
 * far as that can be read. */
bool lock_take(struct lock *lock, const char *ledger_path, const struct ledger_holder *holder,
               struct ledger_holder *ret_other, struct err *err) MUST_CHECK;

/* Gives it back and empties the file, which then names no holder. */
void lock_release(struct lock *lock);

/* Does another process (or another descriptor of this one) hold it? */
bool lock_is_held(const char *ledger_path, struct ledger_holder *ret_holder);

#endif
