#include "sim/memory_ledger.h"

#include "base/arena.h"
#include "chain/chain.h"
#include "event/known.h"
#include "inventory/inventory.h"
#include "ledger/ledger_kind.h"

struct row { /* of a run's tenant: as src/ledger/stored_tenants.c has it */
    struct standing standing;
    bool is_running, is_done, has_intent;
};

struct run {
    struct ledger_run line;
    size_t count;
    const char **names;
    const char **urls, **schemas;
    struct row *rows;
    uint32_t *wave_of;
    struct run_wave *waves;
    enum run_state *wave_states;
    int64_t *wave_finished_ms;
    size_t wave_count;
};

struct memory_ledger {
    struct arena arena;
    struct rng rng;
    struct run **runs;
    size_t run_count, run_capacity;
    uint32_t fails_at; /* writes to come */
    struct observer observer;
    bool is_held;
};

struct handle {
    struct ledger base;
    bool is_broken;
    struct run *run; /* the one that is written */
};

/* ledger_open has only a name to go by. */
static struct memory_ledger *in_use;

struct memory_ledger *memory_ledger_new(struct rng rng)
{
    struct memory_ledger *ledger = xcalloc(1, sizeof *ledger);
    arena_init(&ledger->arena);
    ledger->rng = rng;
    return ledger;
}

void memory_ledger_free(struct memory_ledger *ledger)
{
    in_use = NULL;
    arena_done(&ledger->arena);
    free(ledger);
}

void memory_ledger_use(struct memory_ledger *ledger)
{
    in_use = ledger;
}

void memory_ledger_fail_at(struct memory_ledger *ledger, uint32_t writes)
{
    ledger->fails_at = writes;
}

void memory_ledger_forget_holder(struct memory_ledger *ledger)
{
    ledger->is_held = false;
}

void memory_ledger_watch(struct memory_ledger *ledger, const struct observer *observer)
{
    ledger->observer = *observer;
}

size_t memory_ledger_run_count(const struct memory_ledger *ledger)
{
    return ledger->run_count;
}

const char *memory_ledger_newest(const struct memory_ledger *ledger)
{
    return ledger->run_count ? ledger->runs[ledger->run_count - 1]->line.id : NULL;
}

bool memory_ledger_has_intent(const struct memory_ledger *ledger, const char *tenant)
{
    const struct run *run = ledger->run_count ? ledger->runs[ledger->run_count - 1] : NULL;
    for (size_t i = 0; run && i < run->count; i++)
        if (strcmp(run->names[i], tenant) == 0)
            return run->rows[i].has_intent;
    return false;
}

/* ---- writing ------------------------------------------------------------------------------- */

static struct rows keep_rows(struct memory_ledger *ledger, const struct rows *rows)
{
    return rows_copy(&ledger->arena, rows);
}

static void copy_standing(struct memory_ledger *ledger, struct standing *to,
                          const struct standing *from)
{
    *to = *from;
    to->before = keep_rows(ledger, &from->before);
    to->goal = keep_rows(ledger, &from->goal);
    to->to = keep_rows(ledger, &from->to);
    to->reached = keep_rows(ledger, &from->reached);
    to->snapshot = arena_strdup(&ledger->arena, from->snapshot);
}

static void copy_fleet(struct memory_ledger *ledger, struct run *run, const struct run_info *info)
{
    struct arena *arena = &ledger->arena;
    run->count = info->tenant_count;
    run->names = arena_calloc(arena, run->count, sizeof *run->names);
    run->urls = arena_calloc(arena, run->count, sizeof *run->urls);
    run->schemas = arena_calloc(arena, run->count, sizeof *run->schemas);
    run->rows = arena_calloc(arena, run->count, sizeof *run->rows);
    run->wave_of = arena_calloc(arena, run->count, sizeof *run->wave_of);
    for (size_t i = 0; i < run->count; i++) {
        run->names[i] = arena_strdup(arena, info->tenants[i]->name);
        run->urls[i] = arena_strdup(arena, info->tenants[i]->url_redacted);
        run->schemas[i] = arena_strdup(arena, info->tenants[i]->schema);
        if (info->wave_of)
            run->wave_of[i] = info->wave_of[i];
        if (info->standings)
            copy_standing(ledger, &run->rows[i].standing, &info->standings[i]);
    }
}

static void copy_waves(struct memory_ledger *ledger, struct run *run, const struct run_info *info)
{
    struct arena *arena = &ledger->arena;
    run->wave_count = info->wave_count;
    run->waves = arena_calloc(arena, run->wave_count, sizeof *run->waves);
    run->wave_states = arena_calloc(arena, run->wave_count, sizeof *run->wave_states);
    run->wave_finished_ms = arena_calloc(arena, run->wave_count, sizeof *run->wave_finished_ms);
    for (size_t i = 0; i < run->wave_count; i++) {
        run->waves[i] = info->waves[i];
        run->waves[i].name = arena_strdup(arena, info->waves[i].name);
        run->wave_states[i] = RUN__COUNT;
    }
}

static struct run *add_run(struct memory_ledger *ledger, const struct run_info *info)
{
    struct arena *arena = &ledger->arena;
    struct run *run = arena_alloc(arena, sizeof *run);
    run->line = (struct ledger_run){
        .id = arena_strdup(arena, info->id),
        .verb = info->request->verb,
        .target = arena_strdup(arena, info->target),
        .fixed_target = arena_strdup(arena, info->fixed_target),
        .resumed_from = arena_strdup(arena, info->resumed_from),
        .inventory = arena_strdup(arena, info->inventory),
        .chain_digest = arena_strdup(arena, info->chain->digest),
        .purges = info->request->purges,
        .state = RUN_RUNNING,
        .started_at_ms = info->started_at_ms,
        .tenant_count = info->tenant_count,
    };
    copy_fleet(ledger, run, info);
    copy_waves(ledger, run, info);
    for (size_t i = 0; i < ledger->run_count; i++) {
        struct ledger_run *other = &ledger->runs[i]->line;
        if (!info->resumed_from || strcmp(other->id, info->resumed_from) != 0)
            continue;
        if (info->request->verb->rolls_back)
            other->rolled_back_by = run->line.id;
        else
            other->resumed_by = run->line.id;
    }
    *ARENA_PUSH(arena, ledger->runs, ledger->run_count, ledger->run_capacity) = run;
    return run;
}

/* The first that knows where the tenant stood is right. */
static void write_intent(struct memory_ledger *ledger, struct row *row, const struct intent *intent)
{
    struct standing *standing = &row->standing;
    row->is_running = row->has_intent = true;
    standing->is_begun = true;
    if (!standing->before.is_known)
        standing->before = keep_rows(ledger, &intent->before);
    if (intent->goal.is_known)
        standing->goal = keep_rows(ledger, &intent->goal);
    if (intent->snapshot)
        standing->snapshot = arena_strdup(&ledger->arena, intent->snapshot);
}

static void write_outcome(struct memory_ledger *ledger, struct row *row,
                          const struct outcome *outcome)
{
    struct standing *standing = &row->standing;
    struct known known = {.is_on_record = true,
                          .has_outcome = row->is_done,
                          .is_begun = standing->is_begun,
                          .is_open = row->is_running,
                          .has_changed = standing->has_changed};
    struct known_change change = known_change(&known, outcome);
    row->is_running = false;
    row->is_done = true;
    standing->has_changed = change.has_changed;
    if (change.takes_state)
        standing->state = outcome->state;
    if (change.takes_to)
        standing->to = keep_rows(ledger, &outcome->to);
    if (change.takes_reached)
        standing->reached = standing->to;
    else if (change.clears_reached)
        standing->reached = (struct rows){0};
}

static struct run *find_earlier(struct memory_ledger *ledger, const struct run *run)
{
    for (size_t i = 0; run->line.resumed_from && i < ledger->run_count; i++)
        if (strcmp(ledger->runs[i]->line.id, run->line.resumed_from) == 0)
            return ledger->runs[i];
    return NULL;
}

static struct row *find_row(struct run *run, const char *name)
{
    for (size_t i = 0; i < run->count; i++)
        if (strcmp(run->names[i], name) == 0)
            return &run->rows[i];
    return NULL;
}

/* One that was begun, and whose end is not on record, is running. */
static struct standing standing_of(const struct row *row)
{
    struct standing standing = row->standing;
    if (row->is_running)
        standing.state = TENANT_RUNNING;
    return standing;
}

static bool may_row_have_changed(const struct row *row)
{
    struct standing standing = standing_of(row);
    return standing_may_have_changed(&standing);
}

/* Is the tenant back where it stood, by this run? */
static bool took_back(struct run *run, const char *name)
{
    const struct row *row = find_row(run, name);
    return row && row->is_done && row->standing.state != TENANT_SKIPPED &&
           !may_row_have_changed(row);
}

static bool may_have_changed(const struct run *run)
{
    for (size_t i = 0; i < run->count; i++)
        if (may_row_have_changed(&run->rows[i]))
            return true;
    return false;
}

/* What this run took back is not changed in those any more that it goes on with, nor in other rollbacks of them, which
 * may have been of a part. */
static void clear_earlier(struct run *run, struct run *earlier, bool is_rolled_back)
{
    for (size_t i = 0; i < earlier->count; i++)
        if (took_back(run, earlier->names[i]))
            earlier->rows[i].standing.has_changed = earlier->rows[i].standing.is_begun = false;
    bool is_done = earlier->line.verb->rolls_back && earlier->line.state == RUN_SUCCEEDED;
    if (is_rolled_back && !is_done && !may_have_changed(earlier))
        earlier->line.state = RUN_ROLLED_BACK;
}

static void write_finish(struct memory_ledger *ledger, struct run *run, enum run_state state)
{
    bool is_rollback = run->line.verb->rolls_back;
    bool is_rolled_back = state == RUN_ROLLED_BACK || (is_rollback && state == RUN_SUCCEEDED);
    run->line.state = state;
    struct run *earlier = is_rolled_back || is_rollback ? find_earlier(ledger, run) : NULL;
    for (; earlier; earlier = find_earlier(ledger, earlier)) {
        clear_earlier(run, earlier, is_rolled_back);
        for (size_t i = 0; i < ledger->run_count; i++)
            if (ledger->runs[i] != run && ledger->runs[i]->line.verb->rolls_back &&
                find_earlier(ledger, ledger->runs[i]) == earlier)
                clear_earlier(run, ledger->runs[i], is_rolled_back);
    }
}

static void write_event(struct memory_ledger *ledger, struct handle *handle,
                        const struct event *event)
{
    struct run *run = handle->run;
    if (event->kind == EVENT_RUN_STARTED)
        run = handle->run = add_run(ledger, event->run);
    switch (event->kind) {
    case EVENT_TENANT_INTENT: write_intent(ledger, &run->rows[event->tenant], event->intent); break;
    case EVENT_TENANT_FINISHED:
        write_outcome(ledger, &run->rows[event->tenant], event->outcome);
        break;
    case EVENT_WAVE_STARTED: run->wave_states[event->wave] = RUN_RUNNING; break;
    case EVENT_WAVE_FINISHED:
        run->wave_states[event->wave] = event->state;
        run->wave_finished_ms[event->wave] = event->at_ms;
        break;
    case EVENT_RUN_ROLLS_BACK: run->line.is_rolling_back = true; break;
    case EVENT_RUN_FINISHED: write_finish(ledger, run, event->state); break;
    case EVENT_RUN_STARTED:
    case EVENT_TENANT_STARTED:
    case EVENT_TENANT_RETRIES:
    case EVENT_RUN_DRAINS:
    case EVENT_RUN_PAUSED:
    case EVENT_RUN_CONTINUES:
    case EVENT_WAIT_STARTED:
    case EVENT_WAIT_FINISHED:
    case EVENT_TENANT_BATCHES:
    case EVENT_WAVE_FORECAST:
    case EVENT_WAVE_LATE:
    case EVENT_RUN_OTHERS:
    case EVENT_NOTE: break;
    }
    if (ledger->observer.on_event)
        ledger->observer.on_event(ledger->observer.ctx, event);
}

static bool write_events(struct ledger *base, const struct event *events, size_t count,
                         struct err *err)
{
    struct handle *handle = (struct handle *)base;
    struct memory_ledger *ledger = in_use;
    bool fails = handle->is_broken || (ledger->fails_at && --ledger->fails_at == 0);
    bool is_stored = !fails || (!handle->is_broken && rng_chance(&ledger->rng, 50));
    handle->is_broken = fails;
    for (size_t i = 0; is_stored && i < count; i++)
        write_event(ledger, handle, &events[i]);
    return !fails || err_set(err, ERR_LEDGER, "the disk is full");
}

/* ---- opening and reading ------------------------------------------------------------------- */

static struct ledger *open_it(const char *where, enum ledger_access access, struct err *err)
{
    (void)where, (void)access, (void)err;
    struct handle *handle = xcalloc(1, sizeof *handle);
    handle->base.kind = &ledger_stored;
    return &handle->base;
}

static void close_it(struct ledger *base)
{
    if (!base)
        return;
    in_use->is_held = false;
    free((struct handle *)base);
}

static bool take_lock(struct ledger *base, const struct ledger_holder *holder,
                      struct ledger_holder *ret_other, struct err *err)
{
    (void)base, (void)holder, (void)ret_other;
    if (in_use->is_held)
        return err_set(err, ERR_LEDGER, "held");
    in_use->is_held = true;
    for (size_t i = 0; i < in_use->run_count; i++)
        if (in_use->runs[i]->line.state == RUN_RUNNING)
            in_use->runs[i]->line.state = RUN_INTERRUPTED;
    return true;
}

static struct run *find(const char *id, struct err *err)
{
    for (size_t i = in_use->run_count; i-- > 0;)
        if (!id || strcmp(in_use->runs[i]->line.id, id) == 0)
            return in_use->runs[i];
    err_set(err, ERR_LEDGER, "there is no such run");
    snprintf(err->code, sizeof err->code, LEDGER_NO_RUN);
    return NULL;
}

static bool find_run(struct ledger *base, const char *id, struct arena *arena,
                     struct ledger_run *ret_run, struct err *err)
{
    (void)base, (void)arena;
    const struct run *run = find(id, err);
    if (!run)
        return false;
    *ret_run = run->line;
    return true;
}

static bool find_older(struct ledger *base, const char *id, struct arena *arena,
                       struct ledger_run *ret_run, struct err *err)
{
    (void)base, (void)arena;
    for (size_t i = 1; i < in_use->run_count; i++)
        if (strcmp(in_use->runs[i]->line.id, id) == 0) {
            *ret_run = in_use->runs[i - 1]->line;
            return true;
        }
    return find("", err) != NULL;
}

static bool has_id(const char *const *ids, size_t count, const char *id)
{
    for (size_t i = 0; id && i < count; i++)
        if (strcmp(ids[i], id) == 0)
            return true;
    return false;
}

static bool add_relative(const char **ids, size_t *count, const struct ledger_run *run)
{
    bool is_in = has_id(ids, *count, run->id);
    const char *relative = !is_in && has_id(ids, *count, run->resumed_from)   ? run->id
                           : is_in && !has_id(ids, *count, run->resumed_from) ? run->resumed_from
                                                                              : NULL;
    if (relative)
        ids[(*count)++] = relative;
    return relative != NULL;
}

static bool read_family(struct ledger *base, const char *id, struct arena *arena,
                        const char *const **ret_ids, size_t *ret_count, struct err *err)
{
    (void)base, (void)err;
    const char **ids = arena_calloc(arena, in_use->run_count + 1, sizeof *ids);
    size_t count = 0;
    ids[count++] = id;
    for (bool is_growing = true; is_growing;) {
        is_growing = false;
        for (size_t i = 0; i < in_use->run_count; i++)
            is_growing |= add_relative(ids, &count, &in_use->runs[i]->line);
    }
    *ret_ids = ids;
    *ret_count = count;
    return true;
}

static bool read_fleet(struct ledger *base, const char *id, struct arena *arena,
                       struct ledger_fleet *ret_fleet, struct err *err)
{
    (void)base;
    const struct run *run = find(id, err);
    if (!run)
        return false;
    struct standing *standings = arena_calloc(arena, run->count, sizeof *standings);
    for (size_t i = 0; i < run->count; i++)
        standings[i] = standing_of(&run->rows[i]);
    *ret_fleet = (struct ledger_fleet){
        .names = run->names,
        .urls = run->urls,
        .schemas = run->schemas,
        .standings = standings,
        .wave_of = run->wave_of,
        .count = run->count,
        .waves = run->waves,
        .wave_states = run->wave_states,
        .wave_finished_ms = run->wave_finished_ms,
        .wave_count = run->wave_count,
    };
    return true;
}

/* It notes no files, as an older skein did not. */
static bool read_chain(struct ledger *base, const char *digest, struct arena *arena,
                       struct ledger_chain_file **ret_files, size_t *ret_count, struct err *err)
{
    (void)base, (void)digest, (void)arena, (void)err;
    *ret_files = NULL;
    *ret_count = 0;
    return true;
}

/* What no run asks for is not there. */
const struct ledger_kind ledger_stored = {
    .open = open_it,
    .close = close_it,
    .lock = take_lock,
    .write = write_events,
    .find = find_run,
    .find_older = find_older,
    .read_family = read_family,
    .read_fleet = read_fleet,
    .read_chain = read_chain,
};
