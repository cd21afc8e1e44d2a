/* What runs were. */
#include "base/similar.h"
#include "ledger/stored.h"

/* ---- runs ---------------------------------------------------------------------------------- */

enum {
    COL_SEQ,
    COL_ID,
    COL_COMMAND,
    COL_TARGET,
    COL_RESOLVED,
    COL_RESUMED_FROM,
    COL_IS_DRY_RUN,
    COL_DIGEST,
    COL_CHAIN_COUNT,
    COL_CHAIN_HEADS,
    COL_FLEET,
    COL_TENANT_COUNT,
    COL_STATE,
    COL_DRAINS,
    COL_ROLLS_BACK,
    COL_STARTED,
    COL_DURATION,
    COL_HOST,
    COL_PID,
    COL_SINCE,
    COL_INVENTORY,
    COL_PURGES,
    COL_FORCES,
    COL_HALT,
    COL_HALT_WAVE,
    COL_HALT_GATE,
    COL_HALT_STATUS,
    COL_HALT_OUTPUT,
    COL_HALT_SIGNAL,
    COL_HALT_FAILED,
    COL_HALT_TOLERATED,
    COL_MADE_BY,
    COL_FLEET_SIZE,
    COL_SELECTS,
    COL_NAMES,
    COL_SETTINGS,
    COL_NARROWED,
    COL_HALT_TOOK,
    COL_HALT_FORECAST,
    COL_HALT_LIMIT,
    COL_RESUMED_BY,
    COL_ROLLED_BACK_BY,
    COL_OPEN_WAVES,
    COL_HAS_COURSE
};

#define SELECT_RUN                                                                                 \
    "SELECT seq, id, command, target, resolved, resumed_from, is_dry_run, chain_digest,"           \
    " chain_count, chain_heads, fleet, tenant_count, state, drains, rolls_back, started_at_ms,"    \
    " duration_ms, host, pid, since_ms, inventory, purges, forces,"                                \
    " halt, halt_wave, halt_gate, halt_status, halt_output, halt_signal, halt_failed,"             \
    " halt_tolerated, made_by, fleet_size, selects, tenants, settings, narrowed,"                  \
    " halt_took_ms, halt_forecast_ms, halt_limit_ms,"                                              \
    " (SELECT id FROM runs AS later WHERE later.resumed_from = runs.id"                            \
    "  AND later.command <> '" VERB_NAME_ROLLBACK "' ORDER BY seq DESC LIMIT 1),"                  \
    " (SELECT id FROM runs AS later WHERE later.resumed_from = runs.id"                            \
    "  AND later.command = '" VERB_NAME_ROLLBACK "' ORDER BY seq DESC LIMIT 1),"                   \
    " (SELECT count(*) FROM waves WHERE run = seq AND waves.state IS NULL),"                       \
    " (SELECT count(*) FROM courses WHERE run = seq) FROM runs "

static struct ledger_holder read_holder(const struct cursor *row)
{
    struct ledger_holder holder = {.pid = cursor_int(row, COL_PID),
                                   .since_ms = cursor_int(row, COL_SINCE)};
    snprintf(holder.run, sizeof holder.run, "%s", cursor_text(row, COL_ID));
    snprintf(holder.host, sizeof holder.host, "%s", cursor_text(row, COL_HOST));
    return holder;
}

static struct texts split_lines(const struct cursor *row, int column, struct arena *arena)
{
    const char **items = NULL;
    size_t count = 0, capacity = 0;
    const char *text = cursor_is_null(row, column) ? "" : cursor_copy(row, column, arena);
    while (*text) {
        size_t len = strcspn(text, "\n");
        *ARENA_PUSH(arena, items, count, capacity) = arena_strndup(arena, text, len);
        text += len + (text[len] == '\n');
    }
    return (struct texts){items, count};
}

static struct origin read_origin(const struct cursor *row, struct arena *arena)
{
    return (struct origin){.by = cursor_copy(row, COL_MADE_BY, arena),
                           .fleet_size = (size_t)cursor_int(row, COL_FLEET_SIZE),
                           .selects = split_lines(row, COL_SELECTS, arena),
                           .names = split_lines(row, COL_NAMES, arena),
                           .narrowed = split_lines(row, COL_NARROWED, arena),
                           .settings = split_lines(row, COL_SETTINGS, arena)};
}

static const struct halt *read_halt(const struct cursor *row, struct arena *arena)
{
    int64_t kind = cursor_int(row, COL_HALT);
    if (cursor_is_null(row, COL_HALT) || kind < 0 || kind >= HALT__COUNT)
        return NULL;
    struct halt *halt = arena_alloc(arena, sizeof *halt);
    *halt = (struct halt){.kind = (enum halt_kind)kind,
                          .wave = cursor_copy(row, COL_HALT_WAVE, arena),
                          .gate = cursor_copy(row, COL_HALT_GATE, arena),
                          .status = (int)cursor_int(row, COL_HALT_STATUS),
                          .output = cursor_copy(row, COL_HALT_OUTPUT, arena),
                          .signal = (int)cursor_int(row, COL_HALT_SIGNAL),
                          .failed = (uint32_t)cursor_int(row, COL_HALT_FAILED),
                          .max_failures = (uint32_t)cursor_int(row, COL_HALT_TOLERATED),
                          .overrun = {.took_ms = cursor_real(row, COL_HALT_TOOK),
                                      .forecast_ms = cursor_real(row, COL_HALT_FORECAST),
                                      .limit_ms = cursor_real(row, COL_HALT_LIMIT)}};
    return halt;
}

static struct ledger_run read_ledger_run(const struct cursor *row, struct arena *arena)
{
    return (struct ledger_run){
        .id = cursor_copy(row, COL_ID, arena),
        .verb = verb_read(arena, cursor_text(row, COL_COMMAND)),
        .target = cursor_copy(row, COL_TARGET, arena),
        .fixed_target = cursor_copy(row, COL_RESOLVED, arena),
        .resumed_from = cursor_copy(row, COL_RESUMED_FROM, arena),
        .resumed_by = cursor_copy(row, COL_RESUMED_BY, arena),
        .rolled_back_by = cursor_copy(row, COL_ROLLED_BACK_BY, arena),
        .chain_digest = cursor_copy(row, COL_DIGEST, arena),
        .inventory = cursor_copy(row, COL_INVENTORY, arena),
        .purges = cursor_int(row, COL_PURGES) != 0,
        .forces = cursor_int(row, COL_FORCES) != 0,
        .state = (enum run_state)cursor_int(row, COL_STATE),
        .is_rolling_back = !cursor_is_null(row, COL_ROLLS_BACK),
        .started_at_ms = cursor_int(row, COL_STARTED),
        .duration_ms = cursor_real(row, COL_DURATION),
        .holder = read_holder(row),
        .origin = read_origin(row, arena),
        .halt = read_halt(row, arena),
        .halt_reason = cursor_copy(row, COL_DRAINS, arena),
        .tenant_count = (size_t)cursor_int(row, COL_TENANT_COUNT),
    };
}

static struct stored_run read_run(const struct cursor *row, struct arena *arena)
{
    return (struct stored_run){
        .run = read_ledger_run(row, arena),
        .seq = cursor_int(row, COL_SEQ),
        .fleet = cursor_int(row, COL_FLEET),
        .is_dry_run = cursor_int(row, COL_IS_DRY_RUN) != 0,
        .has_open_waves = cursor_int(row, COL_OPEN_WAVES) != 0,
        .has_course = cursor_int(row, COL_HAS_COURSE) != 0,
        .chain_count = cursor_int(row, COL_CHAIN_COUNT),
        .chain_heads = cursor_int(row, COL_CHAIN_HEADS),
        .drains = cursor_copy(row, COL_DRAINS, arena),
        .rolls_back = cursor_copy(row, COL_ROLLS_BACK, arena),
    };
}

/* A run that no process works on any more is over, even where the ledger does not say so yet. */
static void judge_life(const struct stored_ledger *ledger, struct stored_run *run)
{
    if (run->run.state != RUN_RUNNING)
        return;
    run->is_alive = ledger->is_locked || store_is_held(ledger->store);
    if (!run->is_alive)
        run->run.state = RUN_INTERRUPTED;
}

static bool is_unfinished(const struct stored_run *run)
{
    enum run_state state = run->run.state;
    bool has_ended_well = state == RUN_SUCCEEDED || state == RUN_ROLLED_BACK;
    bool is_rolling_back = run->run.rolled_back_by && state != RUN_ROLLED_BACK;
    bool is_cut_short = state == RUN_SUCCEEDED && run->has_open_waves;
    return is_rolling_back || ((!has_ended_well || is_cut_short) && !run->run.resumed_by);
}

static bool is_sane(const struct stored_run *run)
{
    return run->run.state < RUN__COUNT && run->run.tenant_count < UINT32_MAX &&
           run->chain_count >= 0 && run->chain_count < UINT32_MAX;
}

/* As the report counts: what was never begun is skipped once the run is over. */
static bool read_totals(struct stored_ledger *ledger, struct stored_run *run, struct err *err)
{
    size_t *totals = run->run.totals;
    size_t counted = 0;
    struct cursor cursor;
    store_query(
        ledger->store, &cursor,
        "SELECT how, count(*) FROM (SELECT " STORED_TENANT_STATE(
            "run_tenants", "?2",
            "?3") " AS how"
                  " FROM run_tenants WHERE run = ?1) AS stands WHERE how IS NOT NULL GROUP BY how",
        value_int(run->seq), value_int(run->is_alive ? TENANT_RUNNING : TENANT_IN_DOUBT),
        value_int(run->is_alive));
    while (cursor_next(&cursor)) {
        int64_t state = cursor_int(&cursor, 0);
        if (state >= 0 && state < TENANT__COUNT)
            totals[state] = (size_t)cursor_int(&cursor, 1);
        counted += (size_t)cursor_int(&cursor, 1);
    }
    if (!cursor_end(&cursor, err))
        return false;
    if (counted > run->run.tenant_count)
        return store_fail_damaged(ledger->store, err);
    totals[run->is_alive ? TENANT_PENDING : TENANT_SKIPPED] += run->run.tenant_count - counted;
    return true;
}

/* Of this run's changes. Tenants are matched by name: a later run may know another place of one. UNION: a circle ends. */
static bool read_part(struct stored_ledger *ledger, struct stored_run *run, struct err *err)
{
    int64_t back = 0, left = 0;
    struct cursor cursor;
    if (!run->run.rolled_back_by || run->run.state == RUN_ROLLED_BACK)
        return true;
    store_query(
        ledger->store, &cursor,
        "WITH RECURSIVE later(seq, id) AS ("
        " SELECT seq, id FROM runs WHERE resumed_from = ?6 AND command = '" VERB_NAME_ROLLBACK "'"
        " UNION SELECT runs.seq, runs.id FROM later JOIN runs ON runs.resumed_from = later.id"
        "  WHERE runs.command = '" VERB_NAME_ROLLBACK "')"
        " SELECT (SELECT count(DISTINCT tenants.name) FROM later"
        "  JOIN runs USING (seq) JOIN run_tenants AS mine ON mine.run = later.seq"
        "  JOIN fleet_tenants AS member ON member.fleet = runs.fleet AND member.n = mine.n"
        "  JOIN tenants ON tenants.id = member.tenant WHERE mine.outcome = ?5),"
        " (SELECT count(*) FROM run_tenants AS kept WHERE run = ?1"
        "  AND " STORED_MAY_HAVE_CHANGED("kept") ")",
        value_int(run->seq), value_int(TENANT_RUNNING), value_int(TENANT_IN_DOUBT),
        value_int(TENANT_ROLLBACK_FAILED), value_int(TENANT_ROLLED_BACK), value_text(run->run.id));
    if (cursor_next(&cursor)) {
        back = cursor_int(&cursor, 0);
        left = cursor_int(&cursor, 1);
    }
    if (!cursor_end(&cursor, err))
        return false;
    run->run.part_rolled_back = (size_t)back;
    run->run.part_of = (size_t)(back + left);
    return true;
}

static bool judge(struct stored_ledger *ledger, struct stored_run *run, struct err *err)
{
    if (!is_sane(run))
        return store_fail_damaged(ledger->store, err);
    judge_life(ledger, run);
    run->run.is_unfinished = is_unfinished(run);
    return true;
}

/* What its tenants and machines add up to. */
static bool complete(struct stored_ledger *ledger, struct arena *arena, struct stored_run *run,
                     struct err *err)
{
    return judge(ledger, run, err) && read_totals(ledger, run, err) &&
           read_part(ledger, run, err) &&
           (!run->has_course || stored_machines_read(ledger, run->seq, arena, &run->run.machines,
                                                     &run->run.machine_count, err));
}

/* ---- by id --------------------------------------------------------------------------------- */

/* The run that was meant: one that differs by a letter or two, or ends with what was said. */
static void add_meant_run(struct stored_ledger *ledger, const char *id, struct err *err)
{
    enum { LETTERS_MOST = 2, END_SHORTEST = 4 };
    struct similar similar = similar_to(id);
    char meant[sizeof((struct ledger_holder){0}).run] = "";
    struct cursor cursor;
    struct err ignored;
    store_query_plain(ledger->store, &cursor, "SELECT id FROM runs ORDER BY seq DESC LIMIT 1000");
    while (!*meant && cursor_next(&cursor)) {
        const char *run = cursor_text(&cursor, 0);
        size_t len = strlen(run), end_len = strlen(id);
        similar.best = NULL;
        similar.distance = LETTERS_MOST + 1;
        similar_try(&similar, run);
        bool ends_so =
            end_len >= END_SHORTEST && end_len < len && strcmp(run + len - end_len, id) == 0;
        if (similar.best || ends_so)
            snprintf(meant, sizeof meant, "%s", run);
    }
    if (cursor_end(&cursor, &ignored) && *meant)
        err_add(err, "; did you mean '%s'?", meant);
}

/* `several runs begin with '2026': 20261129T…, 20261128T…, …` */
static void add_several(struct stored_ledger *ledger, const char *id, struct err *err)
{
    enum { NAMED = 3 };
    struct cursor cursor;
    struct err ignored;
    size_t count = 0;
    store_query(
        ledger->store, &cursor,
        "SELECT id FROM runs WHERE substr(id, 1, length(?1)) = ?1 ORDER BY seq DESC LIMIT 4",
        value_text(id));
    for (; cursor_next(&cursor); count++)
        err_add(err, "%s%s", count ? ", " : ": ", count < NAMED ? cursor_text(&cursor, 0) : "…");
    (void)!cursor_end(&cursor, &ignored);
}

static bool fail_no_run(struct stored_ledger *ledger, const char *id, size_t found, struct err *err)
{
    if (found) {
        err_set(err, ERR_LEDGER, "several runs begin with '%s'", id);
        add_several(ledger, id, err);
    } else if (id) {
        err_set(err, ERR_LEDGER, "no run '%s' in the ledger", id);
        add_meant_run(ledger, id, err);
    } else {
        err_set(err, ERR_LEDGER, "no run in the ledger yet");
    }
    snprintf(err->code, sizeof err->code, "%s", LEDGER_NO_RUN);
    return false;
}

/* The whole id comes first: others may begin with it. An empty text is no beginning: it means no run. */
static void query_run(struct stored_ledger *ledger, const char *id, struct cursor *cursor)
{
    if (id)
        store_query(ledger->store, cursor,
                    SELECT_RUN "WHERE ?1 <> '' AND substr(id, 1, length(?1)) = ?1"
                               " ORDER BY id <> ?1, seq LIMIT 2",
                    value_text(id));
    else
        store_query_plain(ledger->store, cursor, SELECT_RUN "ORDER BY seq DESC LIMIT 1");
}

bool stored_run_find(struct stored_ledger *ledger, const char *id, struct arena *arena,
                     struct stored_run *ret_run, struct err *err)
{
    struct cursor cursor;
    struct stored_run run = {0};
    size_t found = 0;
    query_run(ledger, id, &cursor);
    if (cursor_next(&cursor)) {
        run = read_run(&cursor, arena);
        found = 1;
    }
    if (found && id && strcmp(run.run.id, id) != 0 && cursor_next(&cursor))
        found = 2;
    if (!cursor_end(&cursor, err))
        return false;
    if (found != 1)
        return fail_no_run(ledger, id, found, err);
    if (!judge(ledger, &run, err))
        return false;
    *ret_run = run;
    return true;
}

bool stored_find(struct ledger *base, const char *id, struct arena *arena,
                 struct ledger_run *ret_run, struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    struct stored_run run;
    if (!store_look(ledger->store, err))
        return false;
    bool is_fine =
        stored_run_find(ledger, id, arena, &run, err) && complete(ledger, arena, &run, err);
    store_look_away(ledger->store);
    if (is_fine)
        *ret_run = run.run;
    return is_fine;
}

static bool find_older(struct stored_ledger *ledger, const char *id, struct arena *arena,
                       struct stored_run *ret_run, struct err *err)
{
    struct cursor cursor;
    store_query(ledger->store, &cursor,
                SELECT_RUN "WHERE seq < (SELECT seq FROM runs WHERE id = ?)"
                           " ORDER BY seq DESC LIMIT 1",
                value_text(id));
    bool is_there = cursor_next(&cursor);
    if (is_there)
        *ret_run = read_run(&cursor, arena);
    if (!cursor_end(&cursor, err))
        return false;
    return is_there ? complete(ledger, arena, ret_run, err) : fail_no_run(ledger, NULL, 0, err);
}

bool stored_find_older(struct ledger *base, const char *id, struct arena *arena,
                       struct ledger_run *ret_run, struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    struct stored_run run;
    if (!store_look(ledger->store, err))
        return false;
    bool is_fine = find_older(ledger, id, arena, &run, err);
    store_look_away(ledger->store);
    if (is_fine)
        *ret_run = run.run;
    return is_fine;
}

/* UNION: a circle, which only a stranger can have made, ends. */
bool stored_read_family(struct ledger *base, const char *id, struct arena *arena,
                        const char *const **ret_ids, size_t *ret_count, struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    const char **ids = NULL;
    size_t count = 0, capacity = 0;
    struct cursor cursor;
    store_query(
        ledger->store, &cursor,
        "WITH RECURSIVE family(id) AS (SELECT CAST(?1 AS TEXT)"
        " UNION SELECT CASE WHEN runs.id = family.id THEN runs.resumed_from ELSE runs.id END"
        "  FROM family JOIN runs ON runs.resumed_from = family.id"
        "  OR (runs.id = family.id AND runs.resumed_from IS NOT NULL))"
        " SELECT id FROM family",
        value_text(id));
    while (cursor_next(&cursor))
        *ARENA_PUSH(arena, ids, count, capacity) = cursor_copy(&cursor, 0, arena);
    if (!cursor_end(&cursor, err))
        return false;
    *ret_ids = ids;
    *ret_count = count;
    return true;
}

static bool read_runs(struct stored_ledger *ledger, struct arena *arena,
                      struct stored_run **ret_runs, size_t *ret_count, struct err *err)
{
    struct cursor cursor;
    struct stored_run *runs = NULL;
    size_t count = 0, capacity = 0;
    store_query_plain(ledger->store, &cursor, SELECT_RUN "ORDER BY seq DESC");
    while (cursor_next(&cursor))
        *ARENA_PUSH(arena, runs, count, capacity) = read_run(&cursor, arena);
    if (!cursor_end(&cursor, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!complete(ledger, arena, &runs[i], err))
            return false;
    *ret_runs = runs;
    *ret_count = count;
    return true;
}

bool stored_runs_read(struct stored_ledger *ledger, struct arena *arena,
                      struct stored_run **ret_runs, size_t *ret_count, struct err *err)
{
    if (!store_look(ledger->store, err))
        return false;
    bool is_fine = read_runs(ledger, arena, ret_runs, ret_count, err);
    store_look_away(ledger->store);
    return is_fine;
}

bool stored_list(struct ledger *base, struct arena *arena, struct ledger_run **ret_runs,
                 size_t *ret_count, struct err *err)
{
    struct stored_run *runs;
    if (!stored_runs_read(stored_of(base), arena, &runs, ret_count, err))
        return false;
    *ret_runs = arena_calloc(arena, *ret_count + 1, sizeof **ret_runs);
    for (size_t i = 0; i < *ret_count; i++)
        (*ret_runs)[i] = runs[i].run;
    return true;
}

/* ---- their chains --------------------------------------------------------------------------- */

bool stored_read_chain(struct ledger *base, const char *digest, struct arena *arena,
                       struct ledger_chain_file **ret_files, size_t *ret_count, struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    struct ledger_chain_file *files = NULL;
    struct cursor cursor;
    size_t count = 0, capacity = 0;
    store_query(
        ledger->store, &cursor,
        "SELECT revision, checksum, path FROM chain_files WHERE digest = ? ORDER BY revision",
        value_text(digest));
    while (cursor_next(&cursor))
        *ARENA_PUSH(arena, files, count, capacity) = (struct ledger_chain_file){
            cursor_copy(&cursor, 0, arena), cursor_copy(&cursor, 1, arena),
            cursor_copy(&cursor, 2, arena)};
    *ret_files = files;
    *ret_count = count;
    return cursor_end(&cursor, err);
}
