#include "cli/continue.h"

#include "base/buf.h"
#include "base/human.h"
#include "base/map.h"
#include "cli/confirm.h"
#include "cli/faults.h"
#include "cli/run.h"
#include "library/continuation.h"
#include "report/model.h"

static void tell_missing(const struct continuation *continuation)
{
    if (continuation->missing_count)
        cli_note("%zu tenant%s of the run, '%s' among them, %s no longer in the inventory",
                 continuation->missing_count, continuation->missing_count == 1 ? "" : "s",
                 continuation->missing, continuation->missing_count == 1 ? "is" : "are");
}

static void add_run(struct buf *text, const struct ledger_run *run)
{
    char started[REPORT_TIME_SIZE];
    report_format_time(run->started_at_ms, started);
    buf_addf(text, "%s (", run->id);
    human_add_text(text, run->verb->name);
    buf_adds(text, " ");
    human_add_text(text, run->target);
    buf_addf(text, ", %s, started %s)", run_state_name(run->state), started);
}

/* No one has named the run: says which it is, and which else is unfinished. */
static void tell_choice(const struct continuation *continuation)
{
    enum { NAMED = 5 };
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    if (!continuation->is_due)
        buf_adds(&text,
                 continuation->is_rollback
                     ? "no run has left anything to roll back; the newest is "
                     : "no run is unfinished, so there is nothing to resume; the newest is ");
    else
        buf_adds(&text, continuation->is_rollback ? "rolls back run " : "resumes run ");
    add_run(&text, &continuation->run);
    for (size_t i = 0; i < continuation->other_count && i < NAMED; i++) {
        buf_adds(&text, i ? ", " : "; unfinished too: run ");
        add_run(&text, continuation->others[i]);
    }
    if (continuation->other_count > NAMED)
        buf_addf(&text, " and %zu more ('skein runs')", continuation->other_count - NAMED);
    cli_note("%s", text.data);
    buf_done(&text);
}

/* A resume has them in its report. */
static void tell_left_out(const struct continuation *continuation)
{
    size_t count = continuation->left_out_count;
    if (count && continuation->is_rollback)
        cli_note(
            "%zu other tenant%s that run %s changed stay%s as %s: 'skein rollback %s' rolls %s back",
            count, count == 1 ? "" : "s", continuation->run.id, count == 1 ? "s" : "",
            count == 1 ? "it is" : "they are", continuation->run.id, count == 1 ? "it" : "them");
}

static void tell_run(const struct options *options, const struct continuation *continuation)
{
    if (continuation->is_newest && !options->is_quiet)
        tell_choice(continuation);
    tell_missing(continuation);
    if (!options->is_quiet)
        tell_left_out(continuation);
    if (continuation->is_of_other)
        cli_note("run %s was made with another inventory (%s)", continuation->run.id,
                 continuation->run.inventory ? continuation->run.inventory
                                             : "an older skein did not note which");
}

static struct request request_of(const struct options *options, struct continuation *continuation)
{
    struct request request = cli_request(options, VERB_UPGRADE);
    continuation_fill(continuation, &request);
    request.accepts_changes = options->accepts_chain_change;
    return request;
}

/* What was agreed to, of which run. */
struct agreed {
    const char *run;
    const char *const *names; /* of the tenants, as they were shown */
    const struct rows *shown; /* NULL: no one was asked */
    size_t count;
};

/* A person may take their time: the ledger is only read meanwhile, and opened for the run after the answer. */
static bool confirm_continuation(struct fleet *fleet, const struct options *options,
                                 struct continuation_request ask, struct agreed *ret,
                                 int *ret_exit_code)
{
    struct continuation continuation;
    struct err err;
    *ret = (struct agreed){0};
    if (!confirm_may_ask(options))
        return true;
    ask.is_dry_run = true;
    if (!continuation_open(fleet, &ask, &continuation, &err)) {
        *ret_exit_code = cli_fail(&err);
        return false;
    }
    struct request request = request_of(options, &continuation);
    bool is_due = confirm_is_due(options, &request);
    if (is_due)
        tell_run(options, &continuation);
    bool goes_on = !is_due || confirm(fleet, options, &request, ret_exit_code);
    const char **names = arena_calloc(&fleet->arena, fleet->tenant_count + 1, sizeof *names);
    for (size_t i = 0; i < fleet->tenant_count; i++)
        names[i] = fleet->tenants[i]->name;
    *ret = (struct agreed){continuation.run.id, names, request.shown, fleet->tenant_count};
    continuation_close(&continuation);
    return goes_on;
}

/* The rows that were shown, in today's order; a tenant that has come to the run since then was not shown. */
static const struct rows *shown_of(struct fleet *fleet, const struct agreed *agreed)
{
    struct rows *shown = arena_calloc(&fleet->arena, fleet->tenant_count + 1, sizeof *shown);
    struct map names;
    map_init(&names);
    for (uint32_t i = 0; i < agreed->count; i++)
        map_put(&names, agreed->names[i], i);
    for (size_t i = 0; i < fleet->tenant_count; i++) {
        uint32_t at = map_get(&names, fleet->tenants[i]->name);
        if (at != MAP_NONE)
            shown[i] = agreed->shown[at];
    }
    map_done(&names);
    return shown;
}

static int run_agreed(struct fleet *fleet, const struct options *options,
                      struct continuation *continuation, const struct agreed *agreed)
{
    struct err err;
    if (agreed->shown && strcmp(agreed->run, continuation->run.id) != 0) {
        err_set(&err, ERR_CONFIG,
                "run %s has gone on since it was shown, as run %s: nothing was done; look again",
                agreed->run, continuation->run.id);
        return cli_fail(&err);
    }
    if (!agreed->shown)
        tell_run(options, continuation);
    struct request request = request_of(options, continuation);
    if (agreed->shown)
        request.shown = shown_of(fleet, agreed);
    return cli_run(fleet, options, &request, NULL);
}

int cli_run_continuation(struct fleet *fleet, const struct options *options, bool is_rollback)
{
    struct continuation continuation;
    struct agreed agreed;
    struct err err;
    int exit_code;
    struct continuation_request ask = {
        .run = options->arg_count ? options->args[0] : NULL,
        .is_rollback = is_rollback,
        .accepts_chain_change = options->accepts_chain_change,
        .is_dry_run = options->is_dry_run,
    };
    if (fleet->selects.count || fleet->names.count || fleet->narrowed.count) {
        ask.only = fleet->tenants;
        ask.only_count = fleet->tenant_count;
    }
    if (!confirm_continuation(fleet, options, ask, &agreed, &exit_code))
        return exit_code;
    if (agreed.shown)
        ask.run = agreed.run;
    if (!continuation_open(fleet, &ask, &continuation, &err))
        return cli_fail(&err);
    exit_code = run_agreed(fleet, options, &continuation, &agreed);
    continuation_close(&continuation);
    return exit_code;
}
