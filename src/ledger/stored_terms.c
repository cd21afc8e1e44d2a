/* The terms of a run that several machines work on: what its request says beside what is on record of every run. Who joins works by
 * the same: where tenants stood when a person was shown what would be done, or when the plan was saved that the run follows; which could not
 * be compared before it; that files which were changed after they were applied are right as they are; and what the schemas of its tenants are
 * held to. */
#include "ledger/stored.h"

#include "chain/chain.h"

/* ---- writing --------------------------------------------------------------------------------- */

static bool put_terms(struct stored_beat *beat, const struct request *request, struct err *err)
{
    return store_run(beat->ledger->store, err,
                     "UPDATE courses SET accepts_changes = ?, is_shown = ?, shown_by = ?,"
                     " is_compared = ?, verifies = ? WHERE run = ?",
                     value_int(request->accepts_changes), value_int(request->shown != NULL),
                     value_text(request->shown_by), value_int(request->is_unproved != NULL),
                     value_int(request->verifying.when), value_int(beat->ledger->writing.run));
}

static bool put_expectations(struct stored_beat *beat, struct err *err)
{
    const struct texts *expectations = &beat->ask->run->expectations;
    bool is_fine = true;
    for (size_t i = 0; is_fine && i < expectations->count; i++)
        is_fine = store_run(beat->ledger->store, err,
                            "INSERT INTO expectations(run, n, item) VALUES(?, ?, ?)",
                            value_int(beat->ledger->writing.run), value_int((int64_t)i),
                            value_text(expectations->items[i]));
    return is_fine;
}

static bool is_same_term(const struct request *request, size_t one, size_t other)
{
    bool is_shown = request->shown && request->shown[one].is_known;
    bool is_unproved = request->is_unproved && request->is_unproved[one];
    bool was_shown = request->shown && request->shown[other].is_known;
    bool was_unproved = request->is_unproved && request->is_unproved[other];
    return is_shown == was_shown && is_unproved == was_unproved &&
           (!is_shown || rows_are_equal(&request->shown[one], &request->shown[other]));
}

/* Of the tenants `from` and on, up to the one before `to`. */
static bool put_tenants(struct stored_beat *beat, size_t from, size_t to, struct err *err)
{
    const struct request *request = beat->ask->run->request;
    struct value shown = value_null();
    if (request->shown && request->shown[from].is_known &&
        !stored_list_put(beat->ledger, SERIES_REVISION_LISTS, &request->shown[from], &shown, err))
        return false;
    return store_run(beat->ledger->store, err,
                     "UPDATE claims SET shown = ?, is_unproved = ? WHERE run = ? AND n >= ?"
                     " AND n < ?",
                     shown, value_int(request->is_unproved && request->is_unproved[from]),
                     value_int(beat->ledger->writing.run), value_int((int64_t)from),
                     value_int((int64_t)to));
}

/* Neighbours mostly stand at one place. */
bool stored_terms_begin(struct stored_beat *beat, struct err *err)
{
    const struct run_info *run = beat->ask->run;
    const struct request *request = run->request;
    if (!put_terms(beat, request, err) || !put_expectations(beat, err))
        return false;
    bool has_terms = request->shown || request->is_unproved;
    for (size_t from = 0, to; has_terms && from < run->tenant_count; from = to) {
        for (to = from + 1; to < run->tenant_count && is_same_term(request, from, to);)
            to++;
        if (!put_tenants(beat, from, to, err))
            return false;
    }
    return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reading {
    struct stored_ledger *ledger;
    int64_t run;
    struct arena *arena;
    struct ledger_terms terms;
    bool has_shown, is_compared; /* the lists of the terms are known */
    struct rows *shown;          /* by tenant */
    bool *is_unproved;           /* by tenant */
    size_t count;                /* of the tenants */
};

static bool read_terms(struct reading *reading, struct err *err)
{
    struct cursor row;
    store_query(reading->ledger->store, &row,
                "SELECT accepts_changes, is_shown, shown_by, is_compared, verifies FROM courses"
                " WHERE run = ?",
                value_int(reading->run));
    if (cursor_next(&row)) {
        reading->terms.accepts_changes = cursor_int(&row, 0) != 0;
        reading->has_shown = cursor_int(&row, 1) != 0;
        reading->terms.shown_by = cursor_copy(&row, 2, reading->arena);
        reading->is_compared = cursor_int(&row, 3) != 0;
        reading->terms.verifies = (enum verify_schema)(cursor_int(&row, 4) & VERIFY_BOTH);
    }
    return cursor_end(&row, err);
}

static bool read_expectations(struct reading *reading, struct err *err)
{
    const char **items = NULL;
    size_t count = 0, capacity = 0;
    struct cursor row;
    store_query(reading->ledger->store, &row,
                "SELECT item FROM expectations WHERE run = ? ORDER BY n", value_int(reading->run));
    while (cursor_next(&row))
        *ARENA_PUSH(reading->arena, items, count, capacity) = cursor_copy(&row, 0, reading->arena);
    reading->terms.expectations = (struct texts){items, count};
    return cursor_end(&row, err);
}

static bool read_tenants(struct reading *reading, struct err *err)
{
    struct store *store = reading->ledger->store;
    struct stored_lists lists;
    struct cursor row;
    bool makes_sense = true;
    if (!stored_lists_read(reading->ledger, SERIES_REVISION_LISTS, reading->arena, &lists, err))
        return false;
    store_query(store, &row,
                "SELECT n, shown, is_unproved FROM claims WHERE run = ? AND (shown IS NOT NULL"
                " OR is_unproved)",
                value_int(reading->run));
    while (makes_sense && cursor_next(&row)) {
        int64_t n = cursor_int(&row, 0);
        makes_sense = n >= 0 && (size_t)n < reading->count &&
                      stored_rows_at(&row, 1, &lists, &reading->shown[n]);
        if (makes_sense)
            reading->is_unproved[n] = cursor_int(&row, 2) != 0;
    }
    return cursor_end(&row, err) && (makes_sense || store_fail_damaged(store, err));
}

bool stored_terms_read(struct stored_ledger *ledger, int64_t run, struct arena *arena,
                       struct ledger_terms *ret_terms, struct err *err)
{
    struct reading reading = {.ledger = ledger, .run = run, .arena = arena};
    int64_t count = 0;
    if (!read_terms(&reading, err) || !read_expectations(&reading, err) ||
        !store_get(ledger->store, err, &count, "SELECT count(*) FROM claims WHERE run = ?",
                   value_int(run)))
        return false;
    reading.count = (size_t)count;
    reading.shown = arena_calloc(arena, reading.count + 1, sizeof *reading.shown);
    reading.is_unproved = arena_calloc(arena, reading.count + 1, sizeof *reading.is_unproved);
    if ((reading.has_shown || reading.is_compared) && !read_tenants(&reading, err))
        return false;
    reading.terms.shown = reading.has_shown ? reading.shown : NULL;
    reading.terms.is_unproved = reading.is_compared ? reading.is_unproved : NULL;
    *ret_terms = reading.terms;
    return true;
}
