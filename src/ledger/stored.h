/* What the files of the ledger share whose rows are in a store (store.h).
 *
 * stored_ledger.c opens and locks, stored_schema.c has the tables, stored_write.c writes events, stored_tenants.c what
 * one tenant has of them, stored_fleet.c who the tenants are, stored_told.c how they are reached, stored_intern.c what repeats, stored_sections.c the SQL of revisions, stored_notices.c
 * what databases said, stored_findings.c what lint had found; stored_runs.c, stored_standings.c, stored_visits.c, stored_frame.c and stored_replay.c read;
 * stored_forget.c forgets.
 */
#ifndef LEDGER_STORED_H
#define LEDGER_STORED_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/intern.h"
#include "ledger/store.h"
#include "ledger/ledger_kind.h"

/* What is kept once, under a number: the order of its first appearance, from 0. In the lists 0 is the empty one. */
enum series {
    SERIES_REVISION_LISTS,
    SERIES_LABEL_LISTS,
    SERIES_SETTING_LISTS,
    SERIES_REVISIONS,
    SERIES_ERRORS,  /* of the run that is written */
    SERIES_NOTICES, /* of the run that is written */
    SERIES__COUNT
};

struct series_known {
    struct intern known; /* by key; its number is the entry's */
    bool is_current;     /* all are in `known`, until the transaction ends */
};

/* The one run that a ledger writes. */
struct writing {
    int64_t run; /* runs.seq; 0: not begun */
    int64_t started_at_ms;
    bool is_over;               /* EVENT_RUN_FINISHED was written */
    uint32_t *revision_numbers; /* by file of the chain, plus 1; 0: not known yet */
    /* By tenant, what this process has written of those that only it has claimed (enum tenant_rows); NULL: others may have, or it has
     * lost a connection since. */
    unsigned char *rows;
};

enum tenant_rows { TENANT_HAS_NO_ROW, TENANT_HAS_INTENT, TENANT_HAS_MORE };

struct stored_ledger {
    struct ledger base;
    struct store *store;
    const char *where;  /* may hold a password */
    struct arena arena; /* everything here */
    bool is_locked;     /* by us: `holder` */
    struct ledger_holder holder;
    struct series_known series[SERIES__COUNT];
    bool holds_numbers; /* until the transaction ends */
    struct writing writing;
    struct buf key; /* scratch */
};

static inline struct stored_ledger *stored_of(struct ledger *ledger)
{
    return (struct stored_ledger *)ledger;
}

/* Refuses what is no ledger and what is too new; makes the tables of a new one, and brings those
 * of an older skein up to date. */
bool stored_schema_prepare(struct store *store, struct err *err) MUST_CHECK;

/* ---- what repeats -------------------------------------------------------------------------- */

/* Within a transaction: no one else gives out a number until it ends. stored_series_let_go is for its end. */
bool stored_series_hold(struct stored_ledger *ledger, struct err *err) MUST_CHECK;
void stored_series_let_go(struct stored_ledger *ledger);

/* The number of what ledger->key says. INTERN_NONE: it has none, and stored_series_add may give it the next, under which the
 * caller writes it. */
bool stored_series_find(struct stored_ledger *ledger, enum series which, uint32_t *ret_number,
                        struct err *err) MUST_CHECK;
uint32_t stored_series_add(struct stored_ledger *ledger, enum series which);

/* The key of a notice of SERIES_NOTICES; `revision` is its number, or -1. */
void stored_notice_key(struct buf *key, const struct notice *notice, int64_t revision);

/* A list's number; it is written where it is new. */
bool stored_list_put(struct stored_ledger *ledger, enum series which, const struct rows *list,
                     struct value *ret_number, struct err *err) MUST_CHECK;

/* All lists by number, in the arena. */
struct stored_lists {
    const struct rows *items; /* is_known */
    size_t count;
};

/* All lists of a kind, into the arena. */
bool stored_lists_read(struct stored_ledger *ledger, enum series which, struct arena *arena,
                       struct stored_lists *ret_lists, struct err *err) MUST_CHECK;

/* The list that a column names, unknown for NULL. False: there is none of that number. */
bool stored_rows_at(const struct cursor *row, int column, const struct stored_lists *lists,
                    struct rows *ret_rows) MUST_CHECK;

/* NULL is NULL. */
bool stored_revision_put(struct stored_ledger *ledger, const struct chain *chain,
                         const struct revision *revision, struct value *ret_number,
                         struct err *err) MUST_CHECK;

/* stored_sections.c: at the end of a run the SQL of the revisions that it used, where the ledger does not have it yet, but for
 * what is withheld; and that of a run's chain, into the frame's revisions. */
bool stored_sections_put(struct stored_ledger *ledger, const struct run_info *run,
                         struct err *err) MUST_CHECK;
struct stored_frame;
bool stored_sections_read(struct stored_frame *frame, struct err *err) MUST_CHECK;

/* stored_findings.c: what lint had found in the plan that the run follows; NULL: nothing. */
bool stored_findings_put(struct stored_ledger *ledger, const struct told_findings *findings,
                         struct err *err) MUST_CHECK;
bool stored_findings_read(struct stored_frame *frame, struct err *err) MUST_CHECK;

/* The outcome's error, or NULL. */
bool stored_error_put(struct stored_ledger *ledger, const struct chain *chain,
                      const struct outcome *outcome, struct value *ret_number,
                      struct err *err) MUST_CHECK;

/* ---- writing ------------------------------------------------------------------------------- */

/* stored_told.c: what other machines have to know of the run, and read of it (inventory/told.h). A ledger that is one machine's keeps
 * nothing of it. */
struct password;
struct tenant;
struct told_writer {
    struct stored_ledger *ledger;
    bool is_needed;
    const struct tenant *known; /* the last that was asked for, */
    struct value number;        /* and its settings */
    const struct password *known_password;
    struct value password;
};
void stored_told_begin(struct told_writer *writer, struct stored_ledger *ledger,
                       const struct run_info *run);
/* NULLs where nothing is kept. */
bool stored_told_settings(struct told_writer *writer, const struct tenant *tenant,
                          struct value *ret_settings, struct value *ret_password,
                          struct err *err) MUST_CHECK;
bool stored_told_rules(struct stored_ledger *ledger, const struct run_info *run,
                       struct err *err) MUST_CHECK;
/* What the digest of a fleet has of it. */
void stored_told_digest(struct buf *buf, const struct run_info *run);

/* The number of the run's selection: tenants and the waves they belong to. */
bool stored_fleet_put(struct stored_ledger *ledger, const struct run_info *run, int64_t *ret_fleet,
                      struct err *err) MUST_CHECK;

/* One row each of the run that is being written, inside the transaction of stored_write. The events are of the kind that
 * the name says (event.h). */
bool stored_write_standing(struct stored_ledger *ledger, size_t tenant,
                           const struct standing *standing, struct err *err) MUST_CHECK;
bool stored_write_intent(struct stored_ledger *ledger, const struct event *event,
                         struct err *err) MUST_CHECK;
bool stored_write_retry(struct stored_ledger *ledger, const struct event *event,
                        struct err *err) MUST_CHECK;
bool stored_write_outcome(struct stored_ledger *ledger, const struct event *event,
                          struct err *err) MUST_CHECK;

/* What the databases said to the tenant of an EVENT_TENANT_FINISHED. */
bool stored_write_notices(struct stored_ledger *ledger, const struct event *event,
                          struct err *err) MUST_CHECK;

struct moment;
/* stored_moments.c: the event as a moment of the run that is being written, where it is one (event/moment.h); and all of a run,
 * in their order. */
bool stored_moment_put(struct stored_ledger *ledger, const struct event *event,
                       struct err *err) MUST_CHECK;
bool stored_moments_read(struct stored_ledger *ledger, int64_t run, struct arena *arena,
                         struct moment **ret_moments, size_t *ret_count,
                         struct err *err) MUST_CHECK;

/* What a run that several machines work on writes by itself, inside a transaction: any event, how the run ended, a wave (`at_ms`: when
 * it ended; 0: it began), and why it begins nothing more or goes back. */
bool stored_write_event(struct stored_ledger *ledger, const struct event *event,
                        struct err *err) MUST_CHECK;
bool stored_finish_run(struct stored_ledger *ledger, const struct run_info *run,
                       enum run_state state, double duration_ms, struct err *err) MUST_CHECK;
bool stored_write_wave(struct stored_ledger *ledger, size_t wave, enum run_state state,
                       int64_t at_ms, struct err *err) MUST_CHECK;
bool stored_write_drains(struct stored_ledger *ledger, const struct event *event,
                         struct err *err) MUST_CHECK;
bool stored_write_rolls_back(struct stored_ledger *ledger, const struct event *event,
                             struct err *err) MUST_CHECK;
/* So long the run goes on by now. */
bool stored_touch(struct stored_ledger *ledger, int64_t duration_ms, struct err *err) MUST_CHECK;

/* ---- runs of several machines ---------------------------------------------------------------- */

/* stored_course.c: the rows of a course. All inside a transaction; stored_course_read holds the row's lock until its end. */
struct stored_beat {
    struct stored_ledger *ledger;
    const struct beat_ask *ask;
    struct arena *arena; /* of the answer */
    struct course course;
    struct course_wave rules; /* of the wave at hand */
    int64_t now_ms;           /* the store's */
    int64_t began_ms;         /* and then the run's first machine came */
    bool is_known;            /* this machine has had a beat before, */
    bool is_repeated;         /* and this is the same one */
    struct held_claim *mine;  /* claims of the machine; `tenant` UINT32_MAX: not any more */
    size_t mine_count, mine_capacity;
};
/* Without a lock. */
bool stored_course_find(struct stored_ledger *ledger, int64_t run, struct course *ret_course,
                        bool *ret_is_there, struct err *err) MUST_CHECK;
bool stored_course_begin(struct stored_beat *beat, struct err *err) MUST_CHECK;
bool stored_course_read(struct stored_beat *beat, struct err *err) MUST_CHECK;

/* How long the run has gone on, by the store's clock: those of machines may differ. */
int64_t stored_beat_age_ms(const struct stored_beat *beat);

/* Too many of the wave at hand have failed: it is on record that nothing more is begun, and why. */
bool stored_course_tell_tripped(struct stored_beat *beat, struct err *err) MUST_CHECK;

/* Fails with LEDGER_RUN_GONE. */
bool stored_fail_gone(const struct stored_ledger *ledger, struct err *err);
bool stored_course_write(struct stored_beat *beat, struct err *err) MUST_CHECK;
/* stored_terms.c: what else the request says, of the run that begins, and of one that is under way. */
bool stored_terms_begin(struct stored_beat *beat, struct err *err) MUST_CHECK;
bool stored_terms_read(struct stored_ledger *ledger, int64_t run, struct arena *arena,
                       struct ledger_terms *ret_terms, struct err *err) MUST_CHECK;
/* What the machine has seen of it, and the ledger has forgotten, holds again. */
bool stored_course_recall(struct stored_beat *beat, struct err *err) MUST_CHECK;
/* As far as it goes by now, with all that belongs to each step. */
bool stored_course_move(struct stored_beat *beat, struct err *err) MUST_CHECK;

/* stored_machines.c: who works, or has worked, on the run. */
bool stored_machines_read(struct stored_ledger *ledger, int64_t run, struct arena *arena,
                          const struct run_machine **ret_machines, size_t *ret_count,
                          struct err *err) MUST_CHECK;

/* stored_claims.c: who has which tenant. */
bool stored_claims_begin(struct stored_beat *beat, struct err *err) MUST_CHECK;
/* Is there any tenant that may still be begun, in this wave or in one to come? */
bool stored_claims_have_ready(struct stored_beat *beat, bool *ret_have, struct err *err) MUST_CHECK;
bool stored_claims_read_mine(struct stored_beat *beat, struct err *err) MUST_CHECK;
bool stored_claims_are_mine(const struct stored_beat *beat, size_t tenant, uint32_t epoch);
bool stored_claims_finish(struct stored_beat *beat, const struct event *event,
                          struct err *err) MUST_CHECK;
/* Gives back what the machine has not, and tells what it has no more. */
bool stored_claims_compare(struct stored_beat *beat, struct beat_answer *answer,
                           struct err *err) MUST_CHECK;
bool stored_claims_give_back(struct stored_beat *beat, struct err *err) MUST_CHECK; /* all */
/* Those of machines whose leases are over. */
bool stored_claims_expire(struct stored_beat *beat, struct err *err) MUST_CHECK;
bool stored_claims_count(struct stored_beat *beat, struct course_facts *facts,
                         struct err *err) MUST_CHECK;
/* What no machine can reach is skipped. */
bool stored_claims_skip_unreached(struct stored_beat *beat, struct err *err) MUST_CHECK;
bool stored_claims_roll_back(struct stored_beat *beat, struct err *err) MUST_CHECK;
bool stored_claims_take(struct stored_beat *beat, struct beat_answer *answer,
                        struct err *err) MUST_CHECK;

/* stored_outlook.c. Is the event still news? Of what machines tell of a late wave, the first is. */
bool stored_outlook_takes(struct stored_beat *beat, const struct event *event, bool *ret_takes,
                          struct err *err) MUST_CHECK;
/* Where a wave is new to the machine, after the beat's transaction. What cannot be read is left out. */
void stored_outlook_read(const struct stored_beat *beat, struct beat_answer *answer);

/* stored_tally.c: how all tenants stand, for who watches. After the beat's transaction, whose lock other machines wait for. What cannot be
 * read is left out: the next beat finds the ledger gone. */
void stored_tally_read(const struct stored_beat *beat, struct beat_answer *answer);

/* ledger_kind.h: what beat.h declares. */
bool stored_can_share(const struct ledger *base);
bool stored_read_course(struct ledger *base, const char *id, struct arena *arena,
                        struct ledger_course *ret_course, struct err *err);
bool stored_join(struct ledger *base, const struct run_info *run, struct err *err);
bool stored_beat(struct ledger *base, const struct beat_ask *ask, struct arena *arena,
                 struct beat_answer *ret_answer, struct err *err);
bool stored_may_come_back(const struct ledger *base);
bool stored_reopen(struct ledger *base, struct err *err);

/* ledger_kind.h: write. */
bool stored_write(struct ledger *base, const struct event *events, size_t count, struct err *err);

/* ---- reading ------------------------------------------------------------------------------- */

/* A run, with what only this file format knows of it. */
struct stored_run {
    struct ledger_run run;
    int64_t seq;
    int64_t fleet;
    bool is_dry_run;
    bool has_open_waves; /* that were never begun */
    bool has_course;     /* other machines may work on it, or might have */
    bool is_alive;       /* someone holds the ledger for it */
    int64_t chain_count;
    int64_t chain_heads;
    const char *drains;     /* why nothing more was begun; NULL: it did not happen */
    const char *rolls_back; /* why it was rolled back; NULL: it did not happen */
};

/* By its id or the beginning of it; NULL: the newest. LEDGER_NO_RUN. Without what its tenants and machines add up to. */
bool stored_run_find(struct stored_ledger *ledger, const char *id, struct arena *arena,
                     struct stored_run *ret_run, struct err *err) MUST_CHECK;
/* All runs, the newest first. */
bool stored_runs_read(struct stored_ledger *ledger, struct arena *arena,
                      struct stored_run **ret_runs, size_t *ret_count, struct err *err) MUST_CHECK;

/* The state of a row of run_tenants as the report has it, in SQL; NULL: it was never begun. What has no end is in doubt once
 * the run is over, and what the run did not come to is what an earlier run left (standing_left_state). `unfinished` is the
 * state of what has no end, `is_alive` whether someone works on the run. */
_Static_assert(TENANT_RUNNING == 1 && TENANT_FAILED == 4 && TENANT_PARTIAL == 5 &&
                   TENANT_IN_DOUBT == 6 && TENANT_ROLLBACK_FAILED == 8,
               "the numbers in STORED_TENANT_STATE");
#define STORED_TENANT_STATE(row, unfinished, is_alive)                                             \
    "CASE WHEN " row ".is_running THEN " unfinished " WHEN " row ".outcome IS NOT NULL THEN " row  \
    ".outcome WHEN " is_alive " THEN NULL WHEN " row ".state = 1 THEN 6"                           \
    " WHEN " row ".state IN (4, 5, 6, 8) THEN " row ".state END"

/* The run's waves alone. */
bool stored_waves_read(struct stored_ledger *ledger, const struct stored_run *run,
                       struct arena *arena, struct ledger_fleet *ret_fleet,
                       struct err *err) MUST_CHECK;

/* Its waves and, by tenant, where they stand with the rollout. */
bool stored_standings_read(struct stored_ledger *ledger, const struct stored_run *run,
                           struct arena *arena, struct ledger_fleet *ret_fleet,
                           struct err *err) MUST_CHECK;

/* A run, and what its rows name by numbers. All of it lives in the arena. */

/* A struct err has room for the longest text: a hundred thousand of them would take 150 MB. */
struct stored_error {
    enum err_class kind;
    int line;
    bool quotes_values;
    const char *code, *text, *file;
    const struct said *said;
    const struct revision *revision; /* NULL: none */
    const char *statement;           /* NULL: none */
};

struct stored_frame {
    struct stored_ledger *ledger;
    struct arena *arena;
    struct stored_run run;
    struct run_info info;
    struct ledger_fleet waves; /* nothing but its waves */
    struct stored_lists lists; /* of revisions */
    struct revision *revisions;
    size_t revision_count;
    struct stored_error *errors;
    size_t error_count;
    struct notice *notices; /* without their counts, which are each tenant's */
    size_t notice_count;
    bool has_notices; /* some tenant has some */
};

/* A run by its id, as stored_run_find takes it, and all that its rows name. */
bool stored_frame_read(struct stored_ledger *ledger, const char *id, struct arena *arena,
                       struct stored_frame *ret_frame, struct err *err) MUST_CHECK;

/* stored_notices.c: those of the run, and what a tenant had of them. */
bool stored_notices_read(struct stored_frame *frame, struct err *err) MUST_CHECK;
bool stored_notices_of(struct stored_frame *frame, int64_t tenant, struct notices *ret_notices,
                       struct err *err) MUST_CHECK;

/* The revision that a column names, NULL for NULL. False: there is none of that number. */
bool stored_revision_at(const struct stored_frame *frame, const struct cursor *row, int column,
                        const struct revision **ret_revision) MUST_CHECK;

/* The members of ledger_kind.h that read and delete. */
bool stored_find(struct ledger *base, const char *id, struct arena *arena,
                 struct ledger_run *ret_run, struct err *err);
bool stored_find_older(struct ledger *base, const char *id, struct arena *arena,
                       struct ledger_run *ret_run, struct err *err);
bool stored_read_family(struct ledger *base, const char *id, struct arena *arena,
                        const char *const **ret_ids, size_t *ret_count, struct err *err);
bool stored_list(struct ledger *base, struct arena *arena, struct ledger_run **ret_runs,
                 size_t *ret_count, struct err *err);
bool stored_read_fleet(struct ledger *base, const char *id, struct arena *arena,
                       struct ledger_fleet *ret_fleet, struct err *err);
bool stored_read_told(struct ledger *base, const char *id, struct arena *arena,
                      struct told_fleet *ret_told, struct err *err);
bool stored_read_chain(struct ledger *base, const char *digest, struct arena *arena,
                       struct ledger_chain_file **ret_files, size_t *ret_count, struct err *err);
bool stored_names_snapshot(struct ledger *base, const char *part, bool *ret_does, struct err *err);
bool stored_replay(struct ledger *base, const char *id, struct arena *arena,
                   const struct observer *observer, struct err *err);
bool stored_read_visits(struct ledger *base, const struct ledger_visits *which, struct arena *arena,
                        struct visit **ret_visits, size_t *ret_count, struct err *err);
bool stored_read_paces(struct ledger *base, const struct ledger_way *way, struct arena *arena,
                       struct pace *ret_paces, struct err *err);
bool stored_read_timings(struct ledger *base, struct arena *arena, struct timings *ret_timings,
                         struct err *err);
bool stored_forget(struct ledger *base, const struct ledger_forget *which, size_t *ret_count,
                   struct err *err);

/* standing_may_have_changed of a row of run_tenants; ?2, ?3 and ?4 are TENANT_RUNNING, TENANT_IN_DOUBT and
 * TENANT_ROLLBACK_FAILED. */
#define STORED_MAY_HAVE_CHANGED(row)                                                               \
    "(" row ".has_changed OR (" row ".is_begun AND (" row ".is_running OR " row                    \
    ".state IN (?2, ?3, ?4))))"

#endif
