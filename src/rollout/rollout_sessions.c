/* What sessions ask of their run: plans, copies, intents, turns. */
#include "rollout/rollout_private.h"

#include "event/standing_place.h"
#include "driver/driver.h"
#include "rollout/work.h"

bool rollout_rolls_back_by_copy(const struct tenant *tenant)
{
    return tenant->settings->rollback_by == ROLLBACK_BY_SNAPSHOT &&
           driver_find(tenant->url.dialect)->traits & DRIVER_SNAPSHOTS;
}

/* The rollout's first run made the copy, or knows that it did not. */
static const char *copy_of_earlier_run(const struct rollout *rollout, size_t tenant)
{
    const struct standing *standings = rollout->info.standings;
    return standings ? standings[tenant].snapshot : NULL;
}

bool rollout_has_trace(const struct rollout *rollout, struct session *session)
{
    return routes_has_trace(rollout->routes, session_history(session));
}

/* An earlier run's copy is of the database that has its trace; of another one a copy of its own is made. */
static const char *copy_of(struct rollout *rollout, struct session *session)
{
    size_t tenant = session_index(session);
    struct tenant_slot *slot = &rollout->slots[tenant];
    const char *earlier = copy_of_earlier_run(rollout, tenant);
    if (!slot->snapshot && earlier && rollout_has_trace(rollout, session))
        return earlier;
    if (!slot->snapshot)
        slot->snapshot =
            arena_printf(&rollout->arena, "%s/%06zu.db", rollout->options->snapshots, tenant);
    return slot->snapshot;
}

const char *rollout_copy_to_make(struct rollout *rollout, struct session *session)
{
    const struct standing *standings = rollout->info.standings;
    bool has_changed = standings && standings[session_index(session)].has_changed &&
                       rollout_has_trace(rollout, session);
    bool is_wanted = rollout->options->snapshots && !routes_is_rollback(rollout->routes) &&
                     !has_changed && rollout_rolls_back_by_copy(session_tenant(session));
    return is_wanted ? copy_of(rollout, session) : NULL;
}

/* A copy that this run made, or an earlier one of the rollout. */
const char *rollout_copy_to_restore(const struct rollout *rollout, struct session *session)
{
    size_t tenant = session_index(session);
    const char *own = rollout->slots[tenant].snapshot;
    if (!routes_is_rollback(rollout->routes) || rollout->slots[tenant].is_untouched)
        return NULL;
    return own ? own : copy_of_earlier_run(rollout, tenant);
}

const char *rollout_copy_to_rehearse(const struct rollout *rollout, struct session *session,
                                     struct arena *arena)
{
    return arena_printf(arena, "%s/%06zu.db", rollout->options->rehearsals, session_index(session));
}

bool rollout_is_of_family(const struct rollout *rollout, const char *run)
{
    return routes_is_own_run(rollout->routes, run);
}

bool rollout_can_resume(const struct rollout *rollout)
{
    return rollout->options->can_resume;
}

bool rollout_is_rolling_back(const struct rollout *rollout)
{
    return routes_is_rollback(rollout->routes);
}

bool rollout_is_as_before(const struct rollout *rollout, struct session *session,
                          const struct rows *rows)
{
    return rows_are_equal(routes_before(rollout->routes, session_index(session)), rows);
}

/* A machine that is gone, or whose word the ledger has lost, has moved it from there in this run: the rest of it was shown, too. */
static bool was_moved_here(const struct rollout *rollout, const struct routes_question *question,
                           const struct rows *shown)
{
    bool goes_back = rollout->info.request->verb->rolls_back;
    const struct rows *done = goes_back ? routes_before(rollout->routes, question->tenant)
                                        : routes_goal(rollout->routes, question->tenant);
    if (rollout->slots[question->tenant].is_taken_over && done->is_known &&
        rows_are_equal(done, &question->rows))
        return true;
    struct rows before;
    struct arena arena;
    arena_init(&arena);
    const struct rows rows = standing_place_rows(&arena, shown);
    bool is_so = routes_before_run(rollout->routes, question, &arena, &before) &&
                 rows_are_equal(&before, &rows);
    arena_done(&arena);
    return is_so;
}

/* A rollback that a failing run turns to was not asked about: tenants stand where the run itself brought them. */
static bool check_shown(const struct rollout *rollout, const struct routes_question *question,
                        const struct rows *place, struct err *err)
{
    const struct request *request = rollout->info.request;
    const struct rows *shown = request->shown ? &request->shown[question->tenant] : NULL;
    if (!shown || (routes_is_rollback(rollout->routes) && !request->verb->rolls_back))
        return true;
    if (shown->is_known &&
        (rows_are_equal(shown, place) || was_moved_here(rollout, question, shown)))
        return true;
    if (request->shown_by)
        return err_set(err, ERR_DRIFT,
                       "%s the plan '%s' was made: nothing was done here; plan again",
                       shown->is_known ? "it has moved since" : "it could not be asked when",
                       request->shown_by);
    if (!shown->is_known)
        return err_set(err, ERR_DRIFT,
                       "it could not be asked before the question, and so was not shown: look "
                       "again, and say so once more");
    return err_set(err, ERR_DRIFT,
                   "it has moved since it was shown: nothing was done here; look again, and say so "
                   "once more");
}

bool rollout_still_has(struct rollout *rollout, struct session *session, struct err *err)
{
    if (!machine_disowns(rollout->machine, (uint32_t)session_index(session)))
        return true;
    err_set(err, ERR_LEDGER, "the lease of this machine is over");
    snprintf(err->code, sizeof err->code, EVENT_TAKEN_OVER);
    return false;
}

const struct plan *rollout_plan(struct rollout *rollout, struct session *session,
                                const struct rows *rows, struct err *err)
{
    struct routes_question question = {
        .tenant = session_index(session),
        .rows = *rows,
        .foreign = session_foreign(session),
        .history = session_history(session),
        .begun = session_begun(session),
    };
    struct arena arena;
    arena_init(&arena);
    const struct rows place = session_place(session, &arena);
    bool is_as_shown = check_shown(rollout, &question, &place, err);
    arena_done(&arena);
    if (!is_as_shown)
        return NULL;
    struct tenant_slot *slot = &rollout->slots[question.tenant];
    bool is_rollback = routes_is_rollback(rollout->routes);
    bool is_recalled =
        (rollout->journal || is_rollback) && routes_recall(rollout->routes, &question);
    slot->is_recalled |= is_recalled && !is_rollback;
    question.is_recalled = slot->is_recalled;
    slot->is_untouched = is_rollback && routes_is_untouched(rollout->routes, &question);
    bool has_copy = rollout_copy_to_restore(rollout, session) != NULL;
    return (has_copy ? routes_plan_of_copy : routes_plan)(rollout->routes, &question, err);
}

bool rollout_is_recalled(const struct rollout *rollout, struct session *session)
{
    return rollout->slots[session_index(session)].is_recalled;
}

static bool rows_before_run(const struct rollout *rollout, struct session *session,
                            struct arena *arena, struct rows *ret_before)
{
    const struct routes_question question = {
        .rows = *session_rows(session),
        .history = session_history(session),
    };
    return !routes_is_rollback(rollout->routes) &&
           routes_before_run(rollout->routes, &question, arena, ret_before);
}

bool rollout_before_run(const struct rollout *rollout, struct session *session, struct arena *arena,
                        struct rows *ret_before)
{
    const struct tenant_slot *slot = &rollout->slots[session_index(session)];
    return (slot->is_recalled || slot->is_taken_over) &&
           rows_before_run(rollout, session, arena, ret_before);
}

bool rollout_was_there(const struct rollout *rollout, struct session *session, struct arena *arena)
{
    struct rows before;
    return rows_before_run(rollout, session, arena, &before);
}

const struct surveyed *rollout_surveyed(const struct rollout *rollout, size_t tenant)
{
    return routes_is_rollback(rollout->routes) ? NULL : survey_of(rollout->survey, tenant);
}

bool rollout_is_ending(const struct rollout *rollout)
{
    return scheduler_is_stopping(rollout->scheduler);
}

static void on_durable(void *ctx, const struct err *err)
{
    session_job_done(ctx, err);
}

/* True: there is nothing to wait for. */
bool rollout_intend(struct rollout *rollout, struct session *session, const struct intent *intent)
{
    size_t tenant = session_index(session);
    /* What is known stays: while a rollback goes on, the tenant lies between where the rollout had brought it and where it stood before. */
    bool is_rollback = routes_is_rollback(rollout->routes);
    routes_note(rollout->routes, tenant, is_rollback ? &intent->goal : &intent->before,
                is_rollback ? &intent->before : &intent->goal);
    if (!rollout->journal)
        return true;
    struct intent whole = *intent;
    whole.before = *routes_before(rollout->routes, tenant);
    whole.goal = *routes_goal(rollout->routes, tenant);
    struct event event = {.kind = EVENT_TENANT_INTENT,
                          .run = &rollout->info,
                          .tenant = tenant,
                          .intent = &whole,
                          .epoch =
                              rollout->slots[tenant].is_lost ? 0 : rollout->slots[tenant].epoch};
    journal_tell_and_wait(rollout->journal, &event, on_durable, session);
    return false;
}

const struct tenant *rollout_claim(struct rollout *rollout, struct session *session,
                                   const char *database)
{
    uint32_t tenant = (uint32_t)session_index(session);
    uint32_t owner = map_get(&rollout->claimed, database);
    if (owner == MAP_NONE)
        owner = map_put(&rollout->claimed, arena_strdup(&rollout->arena, database), tenant);
    return owner == tenant ? NULL : rollout->info.tenants[owner];
}

bool rollout_park(struct rollout *rollout, struct session *session)
{
    bool is_parked = scheduler_park(rollout->scheduler, (uint32_t)session_index(session));
    if (is_parked)
        rollout_fill(rollout);
    return is_parked;
}

void rollout_want_turn(struct rollout *rollout, struct session *session, enum turn turn)
{
    scheduler_return(rollout->scheduler, (uint32_t)session_index(session), turn);
}

bool rollout_may_wait(struct rollout *rollout, const struct session *session, bool is_urgent)
{
    if (machine_lets_go(rollout->machine, (uint32_t)session_index(session)))
        return false;
    return !rollout->is_draining || is_urgent;
}

/* xorshift: jitter needs no more. */
uint64_t rollout_random(struct rollout *rollout)
{
    uint64_t x = rollout->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return rollout->random = x;
}

/* ---- the whole of it --------------------------------------------------------------------------
 */

void rollout_fill_env(struct rollout *rollout)
{
    const struct rollout_options *options = rollout->options;
    rollout->env = (struct session_env){
        .loop = rollout->loop,
        .links = rollout->links,
        .chain = options->run.chain,
        .scripts = options->scripts,
        .evidence = rollout->evidence,
        .preflights = rollout->preflights,
        .request = options->run.request,
        .target = options->target,
        .adoption = options->adoption,
        .accepts = options->accepts,
        .run_id = rollout->info.id,
        .rolled_back_run =
            options->run.request->verb->rolls_back ? options->run.resumed_from : rollout->info.id,
        .version_table = options->version_table,
        .scratch = options->scratch,
        .may_meet_twins = rollout->may_meet_twins,
        .idle_timeout_ms = options->share ? options->share->lease_ms : 0,
        .run = rollout,
    };
}
