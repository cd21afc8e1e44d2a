/* What a kind of ledger is: one const struct of functions, each as ledger.h says of the function of
 * the same name. A kind's own struct begins with its `struct ledger`.
 *
 * There is one, which keeps its rows in a store (store.h); tests put others in its place.
 */
#ifndef LEDGER_LEDGER_KIND_H
#define LEDGER_LEDGER_KIND_H

#include "ledger/beat.h"

struct ledger_kind {
    struct ledger *(*open)(const char *where, enum ledger_access access, struct err *err);
    void (*close)(struct ledger *ledger);
    bool (*lock)(struct ledger *ledger, const struct ledger_holder *holder,
                 struct ledger_holder *ret_other, struct err *err);
    bool (*write)(struct ledger *ledger, const struct event *events, size_t count, struct err *err);
    bool (*find)(struct ledger *ledger, const char *id, struct arena *arena,
                 struct ledger_run *ret_run, struct err *err);
    bool (*find_older)(struct ledger *ledger, const char *id, struct arena *arena,
                       struct ledger_run *ret_run, struct err *err);
    bool (*read_family)(struct ledger *ledger, const char *id, struct arena *arena,
                        const char *const **ret_ids, size_t *ret_count, struct err *err);
    bool (*list)(struct ledger *ledger, struct arena *arena, struct ledger_run **ret_runs,
                 size_t *ret_count, struct err *err);
    bool (*read_fleet)(struct ledger *ledger, const char *id, struct arena *arena,
                       struct ledger_fleet *ret_fleet, struct err *err);
    /* NULL: no machine is told anything */
    bool (*read_told)(struct ledger *ledger, const char *id, struct arena *arena,
                      struct told_fleet *ret_told, struct err *err);
    bool (*read_chain)(struct ledger *ledger, const char *digest, struct arena *arena,
                       struct ledger_chain_file **ret_files, size_t *ret_count, struct err *err);
    bool (*names_snapshot)(struct ledger *ledger, const char *part, bool *ret_does,
                           struct err *err);
    bool (*replay)(struct ledger *ledger, const char *id, struct arena *arena,
                   const struct observer *observer, struct err *err);
    bool (*read_visits)(struct ledger *ledger, const struct ledger_visits *which,
                        struct arena *arena, struct visit **ret_visits, size_t *ret_count,
                        struct err *err);
    /* NULL, both: nothing is known */
    bool (*read_paces)(struct ledger *ledger, const struct ledger_way *way, struct arena *arena,
                       struct pace *ret_paces, struct err *err);
    bool (*read_timings)(struct ledger *ledger, struct arena *arena, struct timings *ret_timings,
                         struct err *err);
    bool (*forget)(struct ledger *ledger, const struct ledger_forget *which, size_t *ret_count,
                   struct err *err);
    /* beat.h; NULL, all of them: a run is one machine's */
    bool (*can_share)(const struct ledger *ledger);
    bool (*read_course)(struct ledger *ledger, const char *id, struct arena *arena,
                        struct ledger_course *ret_course, struct err *err);
    bool (*join)(struct ledger *ledger, const struct run_info *run, struct err *err);
    bool (*beat)(struct ledger *ledger, const struct beat_ask *ask, struct arena *arena,
                 struct beat_answer *ret_answer, struct err *err);
    bool (*may_come_back)(const struct ledger *ledger);
    bool (*reopen)(struct ledger *ledger, struct err *err);
};

struct ledger {
    const struct ledger_kind *kind;
};

extern const struct ledger_kind ledger_stored;

#endif
