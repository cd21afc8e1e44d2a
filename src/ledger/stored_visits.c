/* What the runs of a ledger did to one tenant. */
#include "ledger/stored.h"

enum {
    COL_STATE,
    COL_HAS_OUTCOME,
    COL_IS_RUNNING,
    COL_BEFORE,
    COL_FOUND,
    COL_LEFT_AT,
    COL_STARTED,
    COL_CLASS,
    COL_CODE,
    COL_TEXT
};

/* As the report has it: where this run did not come to the tenant, it stands where an earlier one left it. */
static void read_move(const struct visit *visit, const struct cursor *row, struct rows rows[3],
                      struct rows *ret_from, struct rows *ret_to)
{
    const struct rows *before = &rows[0], *found = &rows[1], *left = &rows[2];
    bool has_outcome = cursor_int(row, COL_HAS_OUTCOME) && !cursor_int(row, COL_IS_RUNNING);
    bool is_open = cursor_int(row, COL_IS_RUNNING) || visit->state == TENANT_IN_DOUBT;
    *ret_from = has_outcome ? *found : *before;
    *ret_to = (has_outcome && !found->is_known) || is_open ? (struct rows){0} : *left;
}

/* The visits of one tenant while they are read. */
struct visiting {
    struct stored_ledger *ledger;
    struct arena *arena;
    struct stored_lists lists;
    struct visit *visits; /* room for one of each run */
    size_t count;
};

static bool read_visit(const struct visiting *visiting, const struct ledger_run *run,
                       const struct cursor *row, struct visit *visit)
{
    const struct stored_lists *lists = &visiting->lists;
    bool is_alive = run->state == RUN_RUNNING;
    struct rows rows[3];
    int64_t state = cursor_is_null(row, COL_STATE) ? (is_alive ? TENANT_PENDING : TENANT_SKIPPED)
                                                   : cursor_int(row, COL_STATE);
    int64_t kind = cursor_int(row, COL_CLASS);
    if (state < 0 || state >= TENANT__COUNT || kind < 0 || kind >= ERR__COUNT ||
        !stored_rows_at(row, COL_BEFORE, lists, &rows[0]) ||
        !stored_rows_at(row, COL_FOUND, lists, &rows[1]) ||
        !stored_rows_at(row, COL_LEFT_AT, lists, &rows[2]))
        return false;
    visit->state = (enum tenant_state)state;
    visit->at_ms += (int64_t)cursor_real(row, COL_STARTED);
    read_move(visit, row, rows, &visit->from, &visit->to);
    if (cursor_is_null(row, COL_CLASS))
        return true;
    struct err *error = arena_alloc(visiting->arena, sizeof *error);
    err_set(error, (enum err_class)kind, "%s", cursor_text(row, COL_TEXT));
    snprintf(error->code, sizeof error->code, "%s", cursor_text(row, COL_CODE));
    visit->error = error;
    return true;
}

static struct visit visit_of(const struct ledger_run *run, const char *name)
{
    return (struct visit){.tenant = name,
                          .run = run->id,
                          .verb = run->verb,
                          .target = run->target,
                          .run_state = run->state,
                          .at_ms = run->started_at_ms};
}

/* Adds the run's visit, or none where the run did not have the tenant. */
static bool read_of_run(struct visiting *visiting, const struct ledger_run *run, const char *tenant,
                        struct err *err)
{
    struct store *store = visiting->ledger->store;
    struct visit *visit = &visiting->visits[visiting->count];
    struct cursor cursor;
    *visit = visit_of(run, tenant);
    store_query(
        store, &cursor,
        "SELECT " STORED_TENANT_STATE(
            "mine", "?3",
            "?4") ", outcome IS NOT NULL, is_running, before, found, left_at,"
                  " coalesce(mine.started_ms, 0), errors.class, errors.code, errors.text"
                  " FROM runs JOIN fleet_tenants AS member ON member.fleet = runs.fleet"
                  " JOIN tenants ON tenants.id = member.tenant"
                  " LEFT JOIN run_tenants AS mine ON mine.run = runs.seq AND mine.n = member.n"
                  " LEFT JOIN errors ON errors.run = runs.seq AND errors.n = mine.error"
                  " WHERE runs.id = ?1 AND tenants.name = ?2 LIMIT 1",
        value_text(run->id), value_text(tenant),
        value_int(run->state == RUN_RUNNING ? TENANT_RUNNING : TENANT_IN_DOUBT),
        value_int(run->state == RUN_RUNNING));
    bool is_there = cursor_next(&cursor);
    bool makes_sense = !is_there || read_visit(visiting, run, &cursor, visit);
    visiting->count += is_there;
    return cursor_end(&cursor, err) && (makes_sense || store_fail_damaged(store, err));
}

static bool read_all(struct visiting *visiting, const struct ledger_visits *which, struct err *err)
{
    if (!stored_lists_read(visiting->ledger, SERIES_REVISION_LISTS, visiting->arena,
                           &visiting->lists, err))
        return false;
    for (size_t i = 0; i < which->run_count; i++)
        if (!read_of_run(visiting, &which->runs[i], which->tenant, err))
            return false;
    return true;
}

bool stored_read_visits(struct ledger *base, const struct ledger_visits *which, struct arena *arena,
                        struct visit **ret_visits, size_t *ret_count, struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    struct visiting visiting = {
        .ledger = ledger,
        .arena = arena,
        .visits = arena_calloc(arena, which->run_count + 1, sizeof *visiting.visits)};
    if (!store_look(ledger->store, err))
        return false;
    bool is_fine = read_all(&visiting, which, err);
    store_look_away(ledger->store);
    *ret_visits = visiting.visits;
    *ret_count = visiting.count;
    return is_fine;
}
