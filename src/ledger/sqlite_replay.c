/* A run once more as events. */
#include "ledger/sqlite_private.h"

#include "chain/chain.h"
#include "inventory/inventory.h"

struct error_row {
    struct err err;
    const struct revision *revision;
    const char *statement;
};

/* Everything of a run but its rows, and where to tell them. */
struct replay {
    struct sqlite_ledger *ledger;
    struct arena *arena;
    const struct observer *observer;
    struct sqlite_run run;
    struct run_info info;
    struct ledger_fleet fleet; /* its waves */
    struct sqlite_lists lists;
    struct revision *revisions;
    size_t revision_count;
    struct error_row *errors;
    size_t error_count;
    struct step_done *steps; /* of one tenant at a time */
    size_t step_count;
    size_t step_capacity;
};

static void tell(const struct replay *replay, struct event event)
{
    event.run = &replay->info;
    replay->observer->on_event(replay->observer->ctx, &event);
}

static bool fail_damaged(const struct replay *replay, struct err *err)
{
    return db_fail_damaged(&replay->ledger->db, err);
}

/* ---- revisions and errors ------------------------------------------------------------------ */

static bool read_revisions(struct replay *replay, struct err *err)
{
    struct db_cursor cursor;
    size_t capacity = 0;
    bool makes_sense = true;
    db_query_plain(&replay->ledger->db, &cursor,
                   "SELECT id, revision, message, path FROM revisions ORDER BY id");
    while (makes_sense && db_next(&cursor)) {
        makes_sense = db_int_at(&cursor, 0) == (int64_t)replay->revision_count;
        *ARENA_PUSH(replay->arena, replay->revisions, replay->revision_count, capacity) =
            (struct revision){.id = db_copy_at(&cursor, 1, replay->arena),
                              .message = db_copy_at(&cursor, 2, replay->arena),
                              .path = db_copy_at(&cursor, 3, replay->arena),
                              .create_date = ""};
    }
    return db_end(&cursor, err) && (makes_sense || fail_damaged(replay, err));
}

/* False: no revision of that number. */
static bool revision_at(const struct replay *replay, const struct db_cursor *row, int column,
                        const struct revision **ret_revision)
{
    *ret_revision = NULL;
    if (db_is_null_at(row, column))
        return true;
    int64_t number = db_int_at(row, column);
    if (number < 0 || (uint64_t)number >= replay->revision_count)
        return false;
    *ret_revision = &replay->revisions[number];
    return true;
}

static bool read_error(struct replay *replay, const struct db_cursor *row,
                       struct error_row *ret_error)
{
    int64_t kind = db_int_at(row, 1);
    if (kind < 0 || kind >= ERR__COUNT || !revision_at(replay, row, 6, &ret_error->revision))
        return false;
    struct err *err = &ret_error->err;
    err_set(err, (enum err_class)kind, "%s", db_text_at(row, 3));
    snprintf(err->code, sizeof err->code, "%s", db_text_at(row, 2));
    snprintf(err->file, sizeof err->file, "%s", db_text_at(row, 4));
    err->line = (int)db_int_at(row, 5);
    ret_error->statement = db_copy_at(row, 7, replay->arena);
    return true;
}

static bool read_errors(struct replay *replay, struct err *err)
{
    struct db_cursor cursor;
    size_t capacity = 0;
    bool makes_sense = true;
    db_query(&replay->ledger->db, &cursor,
             "SELECT n, class, code, text, file, line, revision, statement FROM errors"
             " WHERE run = ? ORDER BY n",
             db_int(replay->run.seq));
    while (makes_sense && db_next(&cursor)) {
        makes_sense =
            db_int_at(&cursor, 0) == (int64_t)replay->error_count &&
            read_error(replay, &cursor,
                       ARENA_PUSH(replay->arena, replay->errors, replay->error_count, capacity));
    }
    return db_end(&cursor, err) && (makes_sense || fail_damaged(replay, err));
}

/* ---- the run's frame ----------------------------------------------------------------------- */

/* As far as a report asks: counts, heads, digest. Revisions that are no head have no name. */
static bool make_chain(struct replay *replay, struct err *err)
{
    static const struct revision unnamed = {.id = "", .message = "", .create_date = "", .path = ""};
    struct arena *arena = replay->arena;
    size_t count = (size_t)replay->run.chain_count;
    int64_t number = replay->run.chain_heads;
    if (number < 0 || (uint64_t)number >= replay->lists.count)
        return fail_damaged(replay, err);
    struct rows ids = replay->lists.items[number];
    if (ids.count > count)
        return fail_damaged(replay, err);
    struct chain *chain = arena_alloc(arena, sizeof *chain);
    const struct revision **revisions = arena_calloc(arena, count + 1, sizeof *revisions);
    uint32_t *heads = arena_calloc(arena, ids.count + 1, sizeof *heads);
    for (uint32_t i = 0; i < count; i++)
        revisions[i] = &unnamed;
    for (uint32_t i = 0; i < ids.count; i++) {
        struct revision *head = arena_alloc(arena, sizeof *head);
        *head = unnamed;
        head->id = ids.ids[i];
        head->index = i;
        revisions[i] = head;
        heads[i] = i;
    }
    *chain = (struct chain){.dir = "",
                            .revisions = revisions,
                            .count = count,
                            .heads = heads,
                            .head_count = ids.count,
                            .real_heads = heads,
                            .real_head_count = ids.count};
    snprintf(chain->digest, sizeof chain->digest, "%s", replay->run.run.chain_digest);
    replay->info.chain = chain;
    return true;
}

static const struct label *split_labels(const struct rows *items, struct arena *arena)
{
    struct label *labels = arena_calloc(arena, items->count + 1, sizeof *labels);
    for (size_t i = 0; i < items->count; i++) {
        size_t len = strcspn(items->ids[i], "=");
        labels[i].key = arena_strndup(arena, items->ids[i], len);
        labels[i].value = items->ids[i][len] ? items->ids[i] + len + 1 : "";
    }
    return labels;
}

static bool read_tenant(struct replay *replay, const struct db_cursor *row,
                        const struct sqlite_lists *labels, struct tenant *ret_tenant)
{
    int64_t dialect = db_int_at(row, 3);
    int64_t list = db_int_at(row, 7);
    if (dialect < 0 || dialect >= DIALECT__COUNT || list < 0 || (uint64_t)list >= labels->count)
        return false;
    *ret_tenant = (struct tenant){
        .name = db_copy_at(row, 2, replay->arena),
        .url = {.dialect = (enum dialect)dialect},
        .url_redacted = db_copy_at(row, 4, replay->arena),
        .server = db_copy_at(row, 5, replay->arena),
        .schema = db_copy_at(row, 6, replay->arena),
        .labels = split_labels(&labels->items[list], replay->arena),
        .label_count = labels->items[list].count,
    };
    return true;
}

static bool read_members(struct replay *replay, const struct sqlite_lists *labels,
                         struct tenant *tenants, const struct tenant **list, uint32_t *wave_of,
                         struct err *err)
{
    struct db_cursor cursor;
    bool makes_sense = true;
    size_t count = 0;
    db_query(&replay->ledger->db, &cursor,
             "SELECT n, wave, name, dialect, url, server, schema, labels FROM fleet_tenants"
             " JOIN tenants ON tenants.id = fleet_tenants.tenant WHERE fleet = ? ORDER BY n",
             db_int(replay->run.fleet));
    while (makes_sense && db_next(&cursor)) {
        makes_sense = count < replay->info.tenant_count &&
                      db_int_at(&cursor, 0) == (int64_t)count && db_int_at(&cursor, 1) >= 0 &&
                      (uint64_t)db_int_at(&cursor, 1) < replay->fleet.wave_count &&
                      read_tenant(replay, &cursor, labels, &tenants[count]);
        if (!makes_sense)
            break;
        list[count] = &tenants[count];
        wave_of[count++] = (uint32_t)db_int_at(&cursor, 1);
    }
    return db_end(&cursor, err) &&
           ((makes_sense && count == replay->info.tenant_count) || fail_damaged(replay, err));
}

static bool make_tenants(struct replay *replay, struct err *err)
{
    struct sqlite_lists labels;
    size_t count = replay->info.tenant_count;
    struct tenant *tenants = arena_calloc(replay->arena, count + 1, sizeof *tenants);
    const struct tenant **list = arena_calloc(replay->arena, count + 1, sizeof *list);
    uint32_t *wave_of = arena_calloc(replay->arena, count + 1, sizeof *wave_of);
    replay->info.tenants = list;
    replay->info.wave_of = wave_of;
    return sqlite_lists_read(replay->ledger, LIST_LABELS, replay->arena, &labels, err) &&
           read_members(replay, &labels, tenants, list, wave_of, err);
}

static bool make_info(struct replay *replay, struct err *err)
{
    const struct ledger_run *run = &replay->run.run;
    replay->info = (struct run_info){
        .id = run->id,
        .command = run->command,
        .target = run->target,
        .resolved = run->resolved,
        .is_dry_run = replay->run.is_dry_run,
        .resumed_from = run->resumed_from,
        .tenant_count = run->tenant_count,
        .waves = replay->fleet.waves,
        .wave_count = replay->fleet.wave_count,
        .started_at_ms = run->started_at_ms,
    };
    return make_chain(replay, err) && make_tenants(replay, err);
}

/* ---- tenants ------------------------------------------------------------------------------- */

static bool read_steps(struct replay *replay, int64_t tenant, struct err *err)
{
    struct db_cursor cursor;
    bool makes_sense = true;
    replay->step_count = 0;
    db_query(&replay->ledger->db, &cursor,
             "SELECT revision, direction, statements, duration_ms FROM steps"
             " WHERE run = ? AND tenant = ? ORDER BY n",
             db_int(replay->run.seq), db_int(tenant));
    while (makes_sense && db_next(&cursor)) {
        struct step_done *step =
            ARENA_PUSH(replay->arena, replay->steps, replay->step_count, replay->step_capacity);
        step->direction = db_int_at(&cursor, 1) ? DIRECTION_DOWN : DIRECTION_UP;
        step->statements = (uint32_t)db_int_at(&cursor, 2);
        step->duration_ms = db_real_at(&cursor, 3);
        makes_sense = revision_at(replay, &cursor, 0, &step->revision);
    }
    return db_end(&cursor, err) && (makes_sense || fail_damaged(replay, err));
}

static bool rows_at(const struct replay *replay, const struct db_cursor *row, int column,
                    struct rows *ret_rows)
{
    *ret_rows = (struct rows){0};
    if (db_is_null_at(row, column))
        return true;
    int64_t number = db_int_at(row, column);
    if (number < 0 || (uint64_t)number >= replay->lists.count)
        return false;
    *ret_rows = replay->lists.items[number];
    return true;
}

static bool error_at(const struct replay *replay, const struct db_cursor *row, int column,
                     struct outcome *outcome)
{
    if (db_is_null_at(row, column))
        return true;
    int64_t number = db_int_at(row, column);
    if (number < 0 || (uint64_t)number >= replay->error_count)
        return false;
    const struct error_row *error = &replay->errors[number];
    outcome->error = &error->err;
    outcome->error_revision = error->revision;
    outcome->error_statement = error->statement;
    return true;
}

static bool read_outcome(const struct replay *replay, const struct db_cursor *row,
                         struct outcome *ret_outcome)
{
    struct rows from, to;
    int64_t state = db_int_at(row, 1);
    if (state < 0 || state >= TENANT__COUNT || !rows_at(replay, row, 3, &from) ||
        !rows_at(replay, row, 4, &to))
        return false;
    *ret_outcome = (struct outcome){
        .state = (enum tenant_state)state,
        .has_changed = db_int_at(row, 2) != 0,
        .from = from.ids,
        .from_count = from.count,
        .is_from_known = from.is_known,
        .to = to.ids,
        .to_count = to.count,
        .steps = replay->steps,
        .step_count = replay->step_count,
        .attempts = (uint32_t)db_int_at(row, 6),
        .started_ms = db_real_at(row, 7),
        .duration_ms = db_real_at(row, 8),
    };
    return error_at(replay, row, 5, ret_outcome);
}

/* Begun, and no end: a run that still goes on has it at work, of one that is over nobody knows. */
static void tell_unfinished(const struct replay *replay, size_t tenant, struct outcome *outcome)
{
    struct err err;
    tell(replay, (struct event){.kind = EVENT_TENANT_STARTED, .tenant = tenant});
    if (replay->run.is_alive)
        return;
    err_set(&err, ERR_CANCELLED, "the run ended before it could record how this tenant ended");
    outcome->state = TENANT_IN_DOUBT;
    outcome->error = &err;
    outcome->error_revision = NULL;
    outcome->error_statement = NULL;
    tell(replay,
         (struct event){.kind = EVENT_TENANT_FINISHED, .tenant = tenant, .outcome = outcome});
}

static bool tell_tenant(struct replay *replay, const struct db_cursor *row, struct err *err)
{
    struct outcome outcome;
    int64_t tenant = db_int_at(row, 0);
    if (tenant < 0 || (uint64_t)tenant >= replay->info.tenant_count)
        return fail_damaged(replay, err);
    if (!read_steps(replay, tenant, err))
        return false;
    if (!read_outcome(replay, row, &outcome))
        return fail_damaged(replay, err);
    if (db_int_at(row, 9))
        tell_unfinished(replay, (size_t)tenant, &outcome);
    else
        tell(replay, (struct event){.kind = EVENT_TENANT_FINISHED,
                                    .tenant = (size_t)tenant,
                                    .outcome = &outcome});
    return true;
}

/* What was found at the beginning of one that has no end is what its intent says. */
static bool tell_tenants(struct replay *replay, struct err *err)
{
    struct db_cursor cursor;
    bool is_fine = true;
    db_query(&replay->ledger->db, &cursor,
             "SELECT n, coalesce(outcome, state), has_changed,"
             " CASE WHEN outcome IS NULL THEN before ELSE found END, left_at, error, attempts,"
             " started_ms, duration_ms, is_running FROM run_tenants"
             " WHERE run = ? AND (outcome IS NOT NULL OR is_running) ORDER BY n",
             db_int(replay->run.seq));
    while (is_fine && db_next(&cursor))
        is_fine = tell_tenant(replay, &cursor, err);
    struct err end;
    bool has_ended = db_end(&cursor, &end);
    if (is_fine && !has_ended)
        *err = end;
    return is_fine && has_ended;
}

static bool tell_retries(struct replay *replay, struct err *err)
{
    struct db_cursor cursor;
    bool makes_sense = true;
    db_query(&replay->ledger->db, &cursor,
             "SELECT tenant, attempt, error, delay_ms FROM retries WHERE run = ? ORDER BY n",
             db_int(replay->run.seq));
    while (makes_sense && db_next(&cursor)) {
        struct outcome outcome = {0};
        int64_t tenant = db_int_at(&cursor, 0);
        makes_sense = tenant >= 0 && (uint64_t)tenant < replay->info.tenant_count &&
                      error_at(replay, &cursor, 2, &outcome);
        if (makes_sense)
            tell(replay, (struct event){.kind = EVENT_TENANT_RETRIES,
                                        .tenant = (size_t)tenant,
                                        .error = outcome.error,
                                        .attempt = (uint32_t)db_int_at(&cursor, 1),
                                        .delay_ms = (uint64_t)db_int_at(&cursor, 3)});
    }
    return db_end(&cursor, err) && (makes_sense || fail_damaged(replay, err));
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void tell_waves(const struct replay *replay, enum event_kind kind)
{
    const struct ledger_fleet *fleet = &replay->fleet;
    for (size_t i = 0; i < fleet->wave_count; i++) {
        bool is_over = fleet->wave_states[i] != RUN_RUNNING;
        if (fleet->wave_states[i] == RUN__COUNT || (kind == EVENT_WAVE_FINISHED && !is_over))
            continue;
        tell(replay, (struct event){
                         .kind = kind,
                         .wave = i,
                         .state = kind == EVENT_WAVE_FINISHED ? fleet->wave_states[i] : RUN_RUNNING,
                         .at_ms = kind == EVENT_WAVE_FINISHED ? fleet->wave_finished_ms[i] : 0});
    }
}

static void tell_reason(const struct replay *replay, enum event_kind kind, const char *reason)
{
    if (reason)
        tell(replay, (struct event){.kind = kind, .reason = reason});
}

static bool tell_all(struct replay *replay, struct err *err)
{
    const struct ledger_run *run = &replay->run.run;
    tell(replay, (struct event){.kind = EVENT_RUN_STARTED});
    tell_waves(replay, EVENT_WAVE_STARTED);
    if (!tell_retries(replay, err) || !tell_tenants(replay, err))
        return false;
    tell_reason(replay, EVENT_RUN_DRAINS, replay->run.drains);
    tell_reason(replay, EVENT_RUN_ROLLS_BACK, replay->run.rolls_back);
    tell_waves(replay, EVENT_WAVE_FINISHED);
    tell(replay, (struct event){.kind = EVENT_RUN_FINISHED,
                                .state = run->state,
                                .duration_ms = run->duration_ms});
    return true;
}

/* Everything is read before the first event, but for the tenants: damage found there comes late. */
bool sqlite_replay(struct ledger *base, const char *id, struct arena *arena,
                   const struct observer *observer, struct err *err)
{
    struct replay *replay = arena_alloc(arena, sizeof *replay);
    *replay = (struct replay){.ledger = sqlite_of(base), .arena = arena, .observer = observer};
    if (!sqlite_look(replay->ledger, err))
        return false;
    bool is_fine = sqlite_run_find(replay->ledger, id, arena, &replay->run, err) &&
                   sqlite_lists_read(replay->ledger, LIST_REVISIONS, arena, &replay->lists, err) &&
                   sqlite_waves_read(replay->ledger, &replay->run, arena, &replay->fleet, err) &&
                   read_revisions(replay, err) && read_errors(replay, err) &&
                   make_info(replay, err) && tell_all(replay, err);
    sqlite_look_away(replay->ledger);
    return is_fine;
}
