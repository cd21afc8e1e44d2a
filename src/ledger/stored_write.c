/* Events into rows: a function a kind of event. */
#include "ledger/stored.h"

#include <assert.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "chain/chain.h"

/* ---- the run ------------------------------------------------------------------------------- */

static bool put_heads(struct stored_ledger *ledger, const struct chain *chain,
                      struct value *ret_heads, struct err *err)
{
    size_t count = chain ? chain->head_count : 0;
    const char **ids = xcalloc(count + 1, sizeof *ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = chain->revisions[chain->heads[i]]->id;
    const struct rows heads = {ids, count, true};
    bool is_fine = stored_list_put(ledger, SERIES_REVISION_LISTS, &heads, ret_heads, err);
    free(ids);
    return is_fine;
}

/* One a line; NULL where there are none. */
static void join_lines(const struct texts *texts, struct buf *ret_lines)
{
    for (size_t i = 0; i < texts->count; i++) {
        size_t start = ret_lines->len + (i > 0);
        buf_addf(ret_lines, "%s%s", i ? "\n" : "", texts->items[i]);
        for (size_t at = start; at < ret_lines->len; at++)
            if (ret_lines->data[at] == '\n')
                ret_lines->data[at] = ' ';
    }
}

static bool write_origin(struct stored_ledger *ledger, const struct origin *origin, struct err *err)
{
    const struct texts *const lists[] = {&origin->selects, &origin->names, &origin->settings,
                                         &origin->narrowed};
    struct buf lines[ARRAY_LEN(lists)];
    struct value values[ARRAY_LEN(lists)];
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        buf_init(&lines[i], BUF_MAX_DEFAULT);
        join_lines(lists[i], &lines[i]);
        values[i] = value_text(lines[i].len ? lines[i].data : NULL);
    }
    bool is_fine = store_run(
        ledger->store, err,
        "UPDATE runs SET made_by = ?, fleet_size = ?, selects = ?, tenants = ?, settings = ?,"
        " narrowed = ? WHERE seq = ?",
        value_text(origin->by), value_int((int64_t)origin->fleet_size), values[0], values[1],
        values[2], values[3], value_int(ledger->writing.run));
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        buf_done(&lines[i]);
    return is_fine;
}

static bool insert_run(struct stored_ledger *ledger, const struct run_info *run, struct err *err)
{
    const struct chain *chain = run->chain;
    const struct ledger_holder *holder = &ledger->holder;
    struct value heads;
    int64_t fleet;
    if (!put_heads(ledger, chain, &heads, err) || !stored_fleet_put(ledger, run, &fleet, err))
        return false;
    return store_get(
        ledger->store, err, &ledger->writing.run,
        "INSERT INTO runs(id, command, target, resolved, resumed_from, is_dry_run,"
        " chain_digest, chain_count, chain_heads, fleet, tenant_count, state,"
        " started_at_ms, duration_ms, host, pid, since_ms, inventory, purges, forces)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?) RETURNING seq",
        value_text(run->id), value_text(run->request->verb->name),
        value_text(run->target ? run->target : ""), value_text(run->fixed_target),
        value_text(run->resumed_from), value_int(!request_changes(run->request)),
        value_text(chain ? chain->digest : ""), value_int(chain ? (int64_t)chain->count : 0), heads,
        value_int(fleet), value_int((int64_t)run->tenant_count), value_int(RUN_RUNNING),
        value_int(run->started_at_ms), value_text(holder->host), value_int(holder->pid),
        value_int(holder->since_ms), value_text(run->inventory), value_int(run->request->purges),
        value_int(run->request->forces));
}

/* Runs with one chain share its files. */
static bool insert_chain(struct stored_ledger *ledger, const struct chain *chain, struct err *err)
{
    int64_t is_known = 1;
    bool is_fine = !chain || store_get(ledger->store, err, &is_known,
                                       "SELECT EXISTS (SELECT 1 FROM chain_files WHERE digest = ?)",
                                       value_text(chain->digest));
    for (size_t i = 0; is_fine && !is_known && i < chain->count; i++) {
        const struct revision *revision = chain->revisions[i];
        is_fine = store_run(
            ledger->store, err,
            "INSERT INTO chain_files(digest, revision, checksum, path) VALUES(?, ?, ?, ?)",
            value_text(chain->digest), value_text(revision->id), value_text(revision->checksum),
            value_text(revision->path ? revision->path : ""));
    }
    return is_fine;
}

static bool insert_waves(struct stored_ledger *ledger, const struct run_info *run, struct err *err)
{
    for (size_t i = 0; i < run->wave_count; i++)
        if (!store_run(
                ledger->store, err,
                "INSERT INTO waves(run, n, name, tenant_count, finished_ms, max_failures, soak_ms)"
                " VALUES(?, ?, ?, ?, 0, ?, ?)",
                value_int(ledger->writing.run), value_int((int64_t)i),
                value_text(run->waves[i].name), value_int((int64_t)run->waves[i].tenant_count),
                run->waves[i].knows_rules ? value_int(run->waves[i].max_failures) : value_null(),
                value_int((int64_t)run->waves[i].soak_ms)))
            return false;
    return true;
}

static bool insert_standings(struct stored_ledger *ledger, const struct run_info *run,
                             struct err *err)
{
    for (size_t i = 0; run->standings && i < run->tenant_count; i++)
        if (!stored_write_standing(ledger, i, &run->standings[i], err))
            return false;
    return true;
}

static bool write_run_started(struct stored_ledger *ledger, const struct event *event,
                              struct err *err)
{
    struct writing *writing = &ledger->writing;
    const struct run_info *run = event->run;
    assert(!writing->run);
    if (!stored_series_hold(ledger, err) || !insert_run(ledger, run, err))
        return false;
    writing->started_at_ms = run->started_at_ms;
    writing->revision_numbers =
        arena_calloc(&ledger->arena, run->chain ? chain_file_count(run->chain) + 1 : 1,
                     sizeof *writing->revision_numbers);
    return insert_chain(ledger, run->chain, err) && write_origin(ledger, &run->origin, err) &&
           insert_waves(ledger, run, err) && insert_standings(ledger, run, err) &&
           stored_told_rules(ledger, run, err) && stored_findings_put(ledger, run->findings, err);
}

/* The first reason stays. */
static bool write_halt(struct stored_ledger *ledger, const struct halt *halt, struct err *err)
{
    return store_run(ledger->store, err,
                     "UPDATE runs SET halt = ?, halt_wave = ?, halt_gate = ?, halt_status = ?,"
                     " halt_output = ?, halt_signal = ?, halt_failed = ?, halt_tolerated = ?,"
                     " halt_took_ms = ?, halt_forecast_ms = ?, halt_limit_ms = ?"
                     " WHERE seq = ? AND halt IS NULL",
                     value_int(halt->kind), value_text(halt->wave), value_text(halt->gate),
                     value_int(halt->status), value_text(halt->output), value_int(halt->signal),
                     value_int(halt->failed), value_int(halt->max_failures),
                     value_real(halt->overrun.took_ms), value_real(halt->overrun.forecast_ms),
                     value_real(halt->overrun.limit_ms), value_int(ledger->writing.run));
}

bool stored_write_drains(struct stored_ledger *ledger, const struct event *event, struct err *err)
{
    if ((event->halt && !write_halt(ledger, event->halt, err)) ||
        !stored_moment_put(ledger, event, err))
        return false;
    return store_run(
        ledger->store, err, "UPDATE runs SET drains = coalesce(drains, ?) WHERE seq = ?",
        value_text(event->reason ? event->reason : ""), value_int(ledger->writing.run));
}

bool stored_write_rolls_back(struct stored_ledger *ledger, const struct event *event,
                             struct err *err)
{
    return stored_moment_put(ledger, event, err) &&
           store_run(ledger->store, err,
                     "UPDATE runs SET rolls_back = coalesce(rolls_back, ?) WHERE seq = ?",
                     value_text(event->reason ? event->reason : ""),
                     value_int(ledger->writing.run));
}

/* ---- the end, and what it says of earlier runs --------------------------------------------- */

/* The runs that the one of ?1 goes on with, or rolls back, those that they went on with, and older rollbacks of one of them,
 * which may have been of a part. UNION: ends also where the runs form a circle, which skein never writes. */
#define EARLIER                                                                                    \
    "WITH RECURSIVE earlier(seq, id, resumed_from) AS ("                                           \
    " SELECT runs.seq, runs.id, runs.resumed_from FROM runs, runs AS this"                         \
    " WHERE this.seq = ?1 AND runs.id = this.resumed_from"                                         \
    " UNION SELECT runs.seq, runs.id, runs.resumed_from FROM runs, earlier"                        \
    " WHERE runs.id = earlier.resumed_from OR (runs.resumed_from = earlier.id"                     \
    "  AND runs.command = '" VERB_NAME_ROLLBACK "' AND runs.seq < ?1)) "

/* What each tenant's newest word is in this run and the earlier ones: when it was rolled back, or this run told its end, and
 * when any of them told an end that leaves no doubt. Tenants are matched by name. */
#define SETTLED                                                                                    \
    ", settled(name, back, known) AS ("                                                            \
    " SELECT tenants.name, max(CASE WHEN runs.seq = ?1 OR mine.outcome = ?5 THEN runs.seq END),"   \
    "  max(runs.seq) FROM runs JOIN run_tenants AS mine ON mine.run = runs.seq"                    \
    " JOIN fleet_tenants AS member ON member.fleet = runs.fleet AND member.n = mine.n"             \
    " JOIN tenants ON tenants.id = member.tenant"                                                  \
    " WHERE runs.seq IN (SELECT ?1 UNION SELECT seq FROM earlier)"                                 \
    "  AND mine.outcome IS NOT NULL AND mine.outcome <> ?6"                                        \
    "  AND NOT " STORED_MAY_HAVE_CHANGED("mine") " GROUP BY tenants.name) "

/* In all earlier runs of this rollout, every tenant that this run, or one after them, has rolled back is changed no more; and
 * one that was in doubt there is so no more where a later one has found out that nothing was changed. */
static bool clear_changes(struct stored_ledger *ledger, struct err *err)
{
    return store_run(
        ledger->store, err,
        EARLIER SETTLED
        "UPDATE run_tenants SET has_changed = FALSE, is_begun = FALSE FROM runs AS was"
        " JOIN fleet_tenants AS place ON place.fleet = was.fleet"
        " JOIN tenants AS who ON who.id = place.tenant"
        " JOIN settled ON settled.name = who.name"
        " WHERE was.seq IN (SELECT seq FROM earlier)"
        " AND run_tenants.run = was.seq AND run_tenants.n = place.n"
        " AND " STORED_MAY_HAVE_CHANGED(
            "run_tenants") " AND (settled.back > was.seq"
                           "  OR (NOT run_tenants.has_changed AND settled.known > was.seq))",
        value_int(ledger->writing.run), value_int(TENANT_RUNNING), value_int(TENANT_IN_DOUBT),
        value_int(TENANT_ROLLBACK_FAILED), value_int(TENANT_ROLLED_BACK),
        value_int(TENANT_SKIPPED));
}

/* But those that changed tenants which this run leaves out, or does not know, and rollbacks that were done. */
static bool mark_rolled_back(struct stored_ledger *ledger, struct err *err)
{
    return store_run(ledger->store, err,
                     EARLIER "UPDATE runs SET state = ?5 WHERE seq IN (SELECT seq FROM earlier)"
                             " AND NOT (command = '" VERB_NAME_ROLLBACK "' AND state = ?6)"
                             " AND NOT EXISTS (SELECT 1 FROM run_tenants AS kept"
                             "  WHERE kept.run = runs.seq AND " STORED_MAY_HAVE_CHANGED("kept") ")",
                     value_int(ledger->writing.run), value_int(TENANT_RUNNING),
                     value_int(TENANT_IN_DOUBT), value_int(TENANT_ROLLBACK_FAILED),
                     value_int(RUN_ROLLED_BACK), value_int(RUN_SUCCEEDED));
}

bool stored_finish_run(struct stored_ledger *ledger, const struct run_info *run,
                       enum run_state state, double duration_ms, struct err *err)
{
    bool is_rollback = run->request->verb->rolls_back;
    bool is_rolled_back = state == RUN_ROLLED_BACK || (is_rollback && state == RUN_SUCCEEDED);
    ledger->writing.is_over = true;
    if (!store_run(ledger->store, err, "UPDATE runs SET state = ?, duration_ms = ? WHERE seq = ?",
                   value_int(state), value_real(duration_ms), value_int(ledger->writing.run)))
        return false;
    if (!run->resumed_from || !(is_rolled_back || is_rollback))
        return true;
    return clear_changes(ledger, err) && (!is_rolled_back || mark_rolled_back(ledger, err));
}

static bool write_run_finished(struct stored_ledger *ledger, const struct event *event,
                               struct err *err)
{
    return stored_finish_run(ledger, event->run, event->state, event->duration_ms, err) &&
           stored_sections_put(ledger, event->run, err);
}

/* ---- waves --------------------------------------------------------------------------------- */

bool stored_write_wave(struct stored_ledger *ledger, size_t wave, enum run_state state,
                       int64_t at_ms, struct err *err)
{
    return store_run(ledger->store, err,
                     "UPDATE waves SET state = ?, finished_ms = ? WHERE run = ? AND n = ?",
                     value_int(state), value_int(at_ms), value_int(ledger->writing.run),
                     value_int((int64_t)wave));
}

static bool write_wave(struct stored_ledger *ledger, const struct event *event,
                       enum run_state state, struct err *err)
{
    return stored_write_wave(ledger, event->wave, state, event->at_ms, err);
}

static bool write_wave_started(struct stored_ledger *ledger, const struct event *event,
                               struct err *err)
{
    return write_wave(ledger, event, RUN_RUNNING, err);
}

static bool write_wave_finished(struct stored_ledger *ledger, const struct event *event,
                                struct err *err)
{
    return write_wave(ledger, event, event->state, err);
}

static bool write_wave_forecast(struct stored_ledger *ledger, const struct event *event,
                                struct err *err)
{
    const struct wave_forecast *forecast = event->forecast;
    return store_run(ledger->store, err,
                     "UPDATE waves SET forecast_ms = ?, forecast_tenants = ?, forecast_from = ?,"
                     " forecast_run = ? WHERE run = ? AND n = ?",
                     value_real(forecast->duration_ms), value_int((int64_t)forecast->tenants),
                     value_int(forecast->source), value_text(forecast->run),
                     value_int(ledger->writing.run), value_int((int64_t)event->wave));
}

static bool write_wave_late(struct stored_ledger *ledger, const struct event *event,
                            struct err *err)
{
    return stored_moment_put(ledger, event, err) &&
           store_run(ledger->store, err, "UPDATE waves SET is_late = TRUE WHERE run = ? AND n = ?",
                     value_int(ledger->writing.run), value_int((int64_t)event->wave));
}

/* ---- all kinds ----------------------------------------------------------------------------- */

static bool write_nothing(struct stored_ledger *ledger, const struct event *event, struct err *err)
{
    (void)ledger;
    (void)event;
    (void)err;
    return true;
}

static bool (*const writers[])(struct stored_ledger *, const struct event *, struct err *) = {
    [EVENT_RUN_STARTED] = write_run_started,
    [EVENT_WAVE_STARTED] = write_wave_started,
    [EVENT_TENANT_STARTED] = write_nothing,
    [EVENT_TENANT_INTENT] = stored_write_intent,
    [EVENT_TENANT_RETRIES] = stored_write_retry,
    [EVENT_TENANT_FINISHED] = stored_write_outcome,
    [EVENT_WAVE_FINISHED] = write_wave_finished,
    [EVENT_RUN_DRAINS] = stored_write_drains,
    [EVENT_RUN_ROLLS_BACK] = stored_write_rolls_back,
    [EVENT_RUN_FINISHED] = write_run_finished,
    [EVENT_RUN_PAUSED] = stored_moment_put,
    [EVENT_RUN_CONTINUES] = stored_moment_put,
    [EVENT_WAIT_STARTED] = write_nothing,
    [EVENT_WAIT_FINISHED] = write_nothing,
    [EVENT_TENANT_BATCHES] = write_nothing,
    [EVENT_WAVE_FORECAST] = write_wave_forecast,
    [EVENT_WAVE_LATE] = write_wave_late,
    [EVENT_RUN_OTHERS] = write_nothing,
    [EVENT_NOTE] = write_nothing,
};

/* How long a run that dies went on, to the batch. */
bool stored_touch(struct stored_ledger *ledger, int64_t duration_ms, struct err *err)
{
    return ledger->writing.is_over ||
           store_run(ledger->store, err, "UPDATE runs SET duration_ms = ? WHERE seq = ?",
                     value_real((double)(duration_ms > 0 ? duration_ms : 0)),
                     value_int(ledger->writing.run));
}

bool stored_write_event(struct stored_ledger *ledger, const struct event *event, struct err *err)
{
    return writers[event->kind](ledger, event, err);
}

static bool write_events(struct stored_ledger *ledger, const struct event *events, size_t count,
                         struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        assert(ledger->writing.run || events[i].kind == EVENT_RUN_STARTED);
        if (!writers[events[i].kind](ledger, &events[i], err))
            return false;
    }
    return !count || stored_touch(ledger, clock_wall_ms() - ledger->writing.started_at_ms, err);
}

bool stored_write(struct ledger *base, const struct event *events, size_t count, struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    assert(ledger->is_locked);
    if (!store_begin(ledger->store, err))
        return false;
    stored_series_let_go(ledger);
    bool is_fine = write_events(ledger, events, count, err);
    if (failpoint("ledger_write"))
        is_fine = err_set(err, ERR_LEDGER, "failed by a test");
    is_fine = store_end(ledger->store, is_fine, err) && store_check_place(ledger->store, err);
    (void)failpoint("ledger_written");
    return is_fine;
}
