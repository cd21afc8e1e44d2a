/* How attempts and tenants end: what an error says of the server and of the other tenants, what of it may be shown, and
 * what becomes of an outcome. */
#include "rollout/rollout_private.h"

#include "base/clock.h"
#include "dialect/script.h"

/* ---- an attempt ------------------------------------------------------------------------------- */

void rollout_note_connected(struct rollout *rollout, struct session *session)
{
    uint32_t tenant = (uint32_t)session_index(session);
    rollout->slots[tenant].backend_pid = session_backend_pid(session);
    scheduler_proven(rollout->scheduler, tenant);
}

/* The host answers, or may answer: other tenants need not wait for this login any longer. */
void rollout_note_not_refused(struct rollout *rollout, struct session *session)
{
    scheduler_proven(rollout->scheduler, (uint32_t)session_index(session));
}

/* The server does what is asked of it, and by now it is known whether a proxy is in between. */
void rollout_note_well(struct rollout *rollout, struct session *session)
{
    uint32_t tenant = (uint32_t)session_index(session);
    rollout->slots[tenant].backend_pid = session_backend_pid(session);
    rollout->servers[rollout->slots[tenant].server].was_reached = true;
    scheduler_well(rollout->scheduler, tenant, false);
    rollout_fill(rollout);
}

/* Is it one of the run's own sessions on this tenant's server, of another tenant? */
static bool is_ours(const struct rollout *rollout, size_t tenant, uint32_t backend_pid)
{
    const struct tenant_slot *slots = rollout->slots;
    for (size_t i = 0; i < rollout->info.tenant_count; i++)
        if (slots[i].backend_pid == backend_pid && slots[i].server == slots[tenant].server &&
            i != tenant)
            return true;
    return false;
}

/* A row that stands in a shared table may be another tenant's of the run. */
static bool is_about_shared_table(const struct rollout *rollout, size_t tenant,
                                  const struct err *err)
{
    const char *own = rollout->info.tenants[tenant]->schema;
    const char *schema = said_part(err->said, SAID_SCHEMA);
    return own && schema && strcmp(own, schema) != 0;
}

/* Decides whether a conflict is one among tenants of the run, as far as the error says which session was in the
 * way, or which table it is about. */
static void tell_conflict(const struct rollout *rollout, size_t tenant, struct err *err)
{
    bool is_known = err->sessions[0] && rollout->slots[tenant].backend_pid;
    bool is_of_run = false;
    if (err->trouble == TROUBLE_SHARED)
        err->trouble =
            is_about_shared_table(rollout, tenant, err) ? TROUBLE_CONFLICT : TROUBLE_NONE;
    if (!is_known || err->kind != ERR_LOCK)
        return;
    for (size_t i = 0; i < ERR_SESSIONS_MOST && err->sessions[i]; i++)
        is_of_run = is_of_run || is_ours(rollout, tenant, err->sessions[i]);
    err->trouble = is_of_run ? TROUBLE_CONFLICT : TROUBLE_NONE;
}

void rollout_weigh(struct rollout *rollout, struct session *session, struct err *err,
                   struct retry_history *history)
{
    size_t tenant = session_index(session);
    struct server_slot *server = &rollout->servers[rollout->slots[tenant].server];
    tell_conflict(rollout, tenant, err);
    server->was_reached = server->was_reached || *err->code;
    history->was_reached = server->was_reached;
    history->had_company = scheduler_had_company(rollout->scheduler, (uint32_t)tenant);
}

/* A limit on connections of a database or login matters only where other tenants use it too; and a tenant that
 * was alone on its server met no conflict with others. */
static bool is_shared(const struct rollout *rollout, uint32_t tenant, const struct err *err)
{
    switch (err->trouble) {
    case TROUBLE_CONFLICT: return scheduler_had_company(rollout->scheduler, tenant);
    case TROUBLE_CROWDED_DATABASE: return rollout->info.tenants[tenant]->schema;
    case TROUBLE_CROWDED_LOGIN: return scheduler_shares_credential(rollout->scheduler, tenant);
    default: return true;
    }
}

/* The other tenants of the server may meet the same trouble. */
static void note_trouble(struct rollout *rollout, uint32_t tenant, const struct err *err)
{
    const char **said = &rollout->servers[rollout->slots[tenant].server].trouble;
    if (retry_wants_fewer(err) && is_shared(rollout, tenant, err))
        scheduler_crowded(rollout->scheduler, tenant);
    if (!retry_is_server_trouble(err))
        return;
    scheduler_trouble(rollout->scheduler, tenant, err->trouble == TROUBLE_FULL);
    if (!*said || strcmp(*said, err->text) != 0)
        *said = arena_strdup(&rollout->arena, err->text);
}

/* ---- what may be shown ------------------------------------------------------------------------ */

static void redact(const struct rollout *rollout, size_t tenant, char *text, size_t size)
{
    links_redact(rollout->links, (uint32_t)tenant, text, size);
}

/* Each part was cut to SAID_MAX bytes: secret_redact then looks at its end, too. */
static const struct said *redact_said(const struct rollout *rollout, size_t tenant,
                                      struct arena *arena, const struct said *said)
{
    struct said shown = {0};
    for (enum said_part part = 0; part < SAID__COUNT; part++) {
        if (!said_part(said, part))
            continue;
        char *text = arena_alloc(arena, SAID_MAX + 1);
        snprintf(text, SAID_MAX + 1, "%s", said_part(said, part));
        redact(rollout, tenant, text, SAID_MAX + 1);
        shown.part[part] = text;
    }
    return said_copy(arena, &shown);
}

/* An error as it may be shown, whose texts live in the arena. */
static struct err shown_error(const struct rollout *rollout, size_t tenant, struct arena *arena,
                              const struct err *err)
{
    struct err shown = *err;
    if (rollout->options->hides_values)
        err_hide_values(&shown, arena);
    redact(rollout, tenant, shown.text, sizeof shown.text);
    shown.said = redact_said(rollout, tenant, arena, shown.said);
    return shown;
}

static const struct notices *shown_notices(const struct rollout *rollout, size_t tenant,
                                           struct arena *arena, const struct notices *notices)
{
    struct notices *shown = (struct notices *)(uintptr_t)notices_copy(arena, notices);
    for (size_t i = 0; shown && i < shown->kept; i++) {
        struct notice *notice = &shown->items[i];
        if (rollout->options->hides_values)
            notice_hide_values(notice, arena);
        const struct said text = {.part = {[SAID_DETAIL] = notice->text}};
        const struct said *redacted = redact_said(rollout, tenant, arena, &text);
        notice->text = redacted ? redacted->part[SAID_DETAIL] : "";
        notice->said = redact_said(rollout, tenant, arena, notice->said);
    }
    return shown;
}

/* Room for marks that are longer than what they stand for. */
static const char *redacted_text(const struct rollout *rollout, size_t tenant, struct arena *arena,
                                 const char *text)
{
    enum { ROOM = 16 };
    if (!text)
        return NULL;
    size_t size = strlen(text) + ROOM;
    char *copy = arena_alloc(arena, size);
    memcpy(copy, text, strlen(text) + 1);
    redact(rollout, tenant, copy, size);
    return copy;
}

static const struct preflight_answer *shown_answers(const struct rollout *rollout, size_t tenant,
                                                    struct arena *arena,
                                                    const struct outcome *outcome)
{
    struct preflight_answer *answers =
        arena_calloc(arena, outcome->preflight_count + 1, sizeof *answers);
    for (size_t i = 0; i < outcome->preflight_count; i++) {
        struct preflight_answer *answer = &answers[i];
        *answer = outcome->preflight[i];
        answer->source = redacted_text(rollout, tenant, arena, answer->source);
        answer->what = redacted_text(rollout, tenant, arena, answer->what);
        answer->reason = redacted_text(rollout, tenant, arena, answer->reason);
        const char **examples = arena_calloc(arena, answer->example_count + 1, sizeof *examples);
        for (size_t at = 0; at < answer->example_count; at++)
            examples[at] = redacted_text(rollout, tenant, arena, answer->examples[at]);
        answer->examples = examples;
    }
    return answers;
}

void rollout_note_retry(struct rollout *rollout, struct session *session, const struct err *err,
                        uint32_t attempt, uint64_t delay_ms)
{
    size_t tenant = session_index(session);
    struct arena arena;
    arena_init(&arena);
    struct err redacted = shown_error(rollout, tenant, &arena, err);
    note_trouble(rollout, (uint32_t)tenant, &redacted);
    rollout_tell(rollout, (struct event){.kind = EVENT_TENANT_RETRIES,
                                         .tenant = tenant,
                                         .error = &redacted,
                                         .attempt = attempt,
                                         .delay_ms = delay_ms});
    arena_done(&arena);
}

void rollout_note_batches(struct rollout *rollout, struct session *session,
                          const struct batches_done *batches)
{
    rollout_tell(rollout, (struct event){.kind = EVENT_TENANT_BATCHES,
                                         .tenant = session_index(session),
                                         .batches = batches});
}

/* ---- a tenant's end --------------------------------------------------------------------------- */

/* In a rollback a tenant ends in one of three ways: back where it stood, or not, or never begun. */
static void judge_rollback(struct outcome *outcome)
{
    bool is_good = outcome->state == TENANT_SUCCEEDED || outcome->state == TENANT_UNCHANGED;
    outcome->is_rollback = true;
    outcome->state = is_good ? TENANT_ROLLED_BACK : TENANT_ROLLBACK_FAILED;
    outcome->has_changed = !is_good;
}

/* A plan of a rollback shows what would be done: nothing of it has happened. */
static bool is_rolled_back(const struct rollout *rollout)
{
    const struct request *request = rollout->info.request;
    return (request->verb->rolls_back && request_changes(request)) ||
           scheduler_is_rolling_back(rollout->scheduler);
}

/* True if a failure of the ledger stopped the tenant before its first change (it is reported as skipped). Never
 * so in a rollback: there the tenant was changed before. */
static bool was_kept_out(const struct rollout *rollout, const struct outcome *outcome)
{
    return outcome->error && outcome->error->kind == ERR_LEDGER && !outcome->has_changed &&
           !scheduler_is_rolling_back(rollout->scheduler);
}

/* What an earlier run of the rollout did, and was killed before it could tell, shows in where the
 * tenant stands. Where it told that it left the tenant as it was, someone else has moved it since. */
static bool was_moved_before(const struct rollout *rollout, size_t tenant,
                             const struct outcome *outcome)
{
    const struct standing *standings = rollout->info.standings;
    const struct rows *before = routes_before(rollout->routes, tenant);
    bool may_have_changed = rollout->slots[tenant].is_recalled ||
                            (standings && standing_may_have_changed(&standings[tenant]));
    if (!may_have_changed || !before->is_known || !outcome->from.is_known)
        return false;
    return !rows_are_equal(before, &outcome->to);
}

void rollout_note_changed(struct rollout *rollout, uint32_t tenant)
{
    rollout->rollbacks_left += !rollout->slots[tenant].is_changed;
    rollout->slots[tenant].is_changed = true;
}

static void count_outcome(struct rollout *rollout, const struct outcome *outcome)
{
    rollout->need_person +=
        outcome->state == TENANT_PARTIAL || outcome->state == TENANT_ROLLBACK_FAILED;
    if (outcome->is_rollback && !rollout->info.request->verb->rolls_back) {
        rollout->rollbacks_left--;
        return;
    }
    rollout->finished++;
    rollout->failed += outcome->error != NULL;
    rollout->wave_failed += outcome->error != NULL;
}

/* Whatever it says, the rollout goes on. */
static void on_failure_told(void *ctx, const struct gate_no *no)
{
    if (no)
        rollout_note(ctx, no->why);
}

static void ask_about_failure(struct rollout *rollout, size_t tenant, const struct outcome *outcome)
{
    if (!outcome->error || !gates_has(rollout->gates, GATE_AFTER_TENANT_FAILED))
        return;
    gates_ask(rollout->gates, GATE_AFTER_TENANT_FAILED,
              &(struct gate_facts){.tenant = rollout->info.tenants[tenant]->name,
                                   .state = tenant_state_name(outcome->state),
                                   .error = outcome->error},
              on_failure_told, rollout);
}

/* Someone else has changed the tenant during the rollout: that is told, but it does not halt the rollout. */
static bool has_regressed(const struct outcome *outcome)
{
    return outcome->error && strcmp(outcome->error->code, ROUTES_REGRESSED) == 0;
}

/* Counts towards the threshold? A failure of the ledger does not: the run stops for that anyway. */
static bool counts_as_failure(const struct rollout *rollout, const struct outcome *outcome)
{
    bool is_ledgers = outcome->error && outcome->error->kind == ERR_LEDGER;
    return outcome->error && !outcome->has_regressed &&
           !(is_ledgers && rollout->ledger_err.kind != ERR_NONE);
}

/* A tenant that could not be looked at stands as an earlier run of the rollout left it, or a machine that is gone: what was partial
 * or in doubt still is, and a person must look. What that machine has left is told by this outcome alone, also where the tenant was
 * not tried. */
static void keep_what_was_left(const struct rollout *rollout, size_t tenant,
                               struct outcome *outcome)
{
    const struct standing *standings = rollout->info.standings;
    bool is_taken_over = rollout->slots[tenant].is_taken_over;
    bool could_not_look =
        outcome->state == TENANT_FAILED || (is_taken_over && outcome->state == TENANT_SKIPPED);
    if (!standings || outcome->from.is_known || !could_not_look)
        return;
    enum tenant_state left =
        is_taken_over ? standing_left_state(&standings[tenant]) : standings[tenant].state;
    if (left == TENANT_PARTIAL || left == TENANT_IN_DOUBT)
        outcome->state = left;
}

static void tell_tripped(struct rollout *rollout)
{
    struct halt halt = {.kind = HALT_THRESHOLD, .wave = rollout_wave_name(rollout)};
    char why[128];
    scheduler_failures(rollout->scheduler, &halt.failed, &halt.max_failures);
    snprintf(why, sizeof why, "too many failures: %u, and %u %s tolerated", halt.failed,
             halt.max_failures, halt.max_failures == 1 ? "is" : "are");
    rollout_tell(rollout, (struct event){.kind = EVENT_RUN_DRAINS,
                                         .reason = why,
                                         .halt = &halt,
                                         .at_ms = clock_wall_ms()});
}

/* What the outcome comes to in this run, whatever its session says of itself. */
static void judge(struct rollout *rollout, size_t tenant, struct outcome *outcome)
{
    outcome->has_regressed = has_regressed(outcome);
    if (was_kept_out(rollout, outcome)) {
        outcome->state = TENANT_SKIPPED;
        return;
    }
    if (is_rolled_back(rollout)) {
        judge_rollback(outcome);
        return;
    }
    keep_what_was_left(rollout, tenant, outcome);
    outcome->has_changed |= was_moved_before(rollout, tenant, outcome);
    /* the machine that is gone has done it, in this run, or the ledger has forgotten that one did */
    const struct tenant_slot *slot = &rollout->slots[tenant];
    if ((slot->is_taken_over || slot->is_recalled) && outcome->state == TENANT_UNCHANGED &&
        outcome->has_changed)
        outcome->state = TENANT_SUCCEEDED;
}

/* `is_begun`: false for a tenant that was refused or given up without a session. */
static void finish_tenant(struct rollout *rollout, size_t tenant, struct outcome *outcome,
                          bool is_begun)
{
    struct scheduler *scheduler = rollout->scheduler;
    bool was_tripped = scheduler_has_tripped(scheduler);
    bool is_news = outcome->has_changed;
    judge(rollout, tenant, outcome);
    count_outcome(rollout, outcome);
    rollout_tell(rollout, (struct event){
                              .kind = EVENT_TENANT_FINISHED, .tenant = tenant, .outcome = outcome});
    machine_note_finished(rollout->machine, (uint32_t)tenant);
    if (!is_begun)
        return;
    ask_about_failure(rollout, tenant, outcome);
    /* A partial tenant is a person's: it cannot be rolled back by a plan. */
    struct finish how = {.has_failed = counts_as_failure(rollout, outcome),
                         .has_changed = outcome->has_changed && outcome->state != TENANT_PARTIAL,
                         .is_news = is_news};
    if (!how.has_failed && !(outcome->error && outcome->error->kind == ERR_LEDGER))
        scheduler_well(scheduler, (uint32_t)tenant, outcome->has_changed);
    if (how.has_changed && !outcome->is_rollback)
        rollout_note_changed(rollout, (uint32_t)tenant);
    if (outcome->state == TENANT_PARTIAL)
        scheduler_drop_changed(scheduler, (uint32_t)tenant);
    scheduler_finished(scheduler, (uint32_t)tenant, &how);
    if (!was_tripped && scheduler_has_tripped(scheduler))
        tell_tripped(rollout);
}

void rollout_note_finished(struct rollout *rollout, struct session *session,
                           const struct outcome *outcome)
{
    size_t tenant = session_index(session);
    struct outcome redacted = *outcome;
    struct err err;
    struct arena arena;
    if (rollout->slots[tenant].is_lost) {
        machine_drop(rollout->machine, session);
        return;
    }
    char statement[SCRIPT_LINE_MAX + 1]; /* full where it was cut: secret_redact looks at that */
    arena_init(&arena);
    if (outcome->error) {
        err = shown_error(rollout, tenant, &arena, outcome->error);
        rollout_hide_literals(rollout, outcome->error_revision, err.text, sizeof err.text);
        note_trouble(rollout, (uint32_t)tenant, &err);
        redacted.error = &err;
    }
    if (rollout->options->hides_sql)
        redacted.error_statement = NULL;
    else if (outcome->error_statement) {
        snprintf(statement, sizeof statement, "%s", outcome->error_statement);
        redact(rollout, tenant, statement, sizeof statement);
        rollout_hide_literals(rollout, outcome->error_revision, statement, sizeof statement);
        redacted.error_statement = statement;
    }
    redacted.preflight = shown_answers(rollout, tenant, &arena, outcome);
    redacted.notices = shown_notices(rollout, tenant, &arena, outcome->notices);
    redacted.started_ms = rollout_elapsed_ms(rollout) - outcome->duration_ms;
    rollout->slots[tenant].session = NULL;
    rollout->in_flight--;
    finish_tenant(rollout, tenant, &redacted, true);
    rollout_note_visit(rollout, (uint32_t)tenant, &redacted);
    arena_done(&arena);
    session_free(session);
    rollout_look_at_outlook(rollout);
    rollout_fill(rollout);
}

static void skip(struct rollout *rollout, size_t tenant, const struct err *err)
{
    struct outcome outcome = {.state = TENANT_SKIPPED, .error = err};
    finish_tenant(rollout, tenant, &outcome, false);
}

bool rollout_skip_unreachable(struct rollout *rollout, uint32_t tenant)
{
    struct err err;
    const char *who = links_refused(rollout->links, tenant);
    bool is_gone = rollout->info.tenants[tenant]->is_gone;
    if (!who && !is_gone)
        return false;
    if (is_gone)
        err_set(&err, ERR_CONFIG, "it is no longer in the inventory: put it back, and go on");
    else
        err_set(&err, ERR_AUTH, "not tried: this login has already failed for tenant '%s'", who);
    skip(rollout, tenant, &err);
    scheduler_finished(rollout->scheduler, tenant, &(struct finish){.has_failed = true});
    return true;
}

void rollout_give_up(struct rollout *rollout, uint32_t tenant)
{
    struct err err;
    const char *said = rollout->servers[rollout->slots[tenant].server].trouble;
    err_set(&err, ERR_CONNECT, "not tried: its server is in trouble: %s",
            said ? said : "no answer");
    skip(rollout, tenant, &err);
}
