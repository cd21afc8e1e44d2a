#include "report/report.h"

#include "base/ascii.h"
#include "base/similar.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/outputs.h"
#include "cli/reports.h"
#include "library/own.h"
#include "report/narrow.h"

struct reading {
    struct report *report;
    bool hides_values;    /* the inventory says so by now */
    struct narrow narrow; /* where only some tenants are told of */
};

static void on_replayed(void *ctx, const struct event *event)
{
    const struct reading *reading = ctx;
    struct arena arena;
    struct event shown = *event;
    arena_init(&arena);
    if (reading->hides_values)
        event_copy_without_values(&arena, event, &shown);
    report_apply(reading->report, &shown);
    arena_done(&arena);
}

/* ---- of some tenants ------------------------------------------------------------------------- */

/* What the runs did to the tenants, tenant after tenant. */
struct stories {
    struct texts names; /* of --tenant, or of the inventory's tenants that --select takes */
    bool must_have;     /* a run that does not have one of them is refused: they are named */
    const struct ledger_run
        *named;              /* NULL: the newest run that had any of the tenants is told of */
    struct ledger_run *runs; /* the inventory's, and the named one */
    size_t run_count;
    struct visit *visits;
    size_t count, capacity;
    size_t newest; /* of `runs`: the newest that had any of the tenants */
    size_t told;   /* so many of the tenants are in the run */
};

static bool list_runs(struct fleet *fleet, struct ledger *ledger, struct stories *stories,
                      struct err *err)
{
    struct ledger_run *runs;
    size_t count;
    if (!ledger_list(ledger, &fleet->arena, &runs, &count, err))
        return false;
    stories->runs = runs;
    stories->newest = count;
    for (size_t i = 0; i < count; i++) {
        bool is_meant;
        if (!own_is(fleet, ledger, &runs[i], &is_meant, err))
            return false;
        if (is_meant || (stories->named && strcmp(stories->named->id, runs[i].id) == 0))
            runs[stories->run_count++] = runs[i];
    }
    return true;
}

/* A run of the tenant's is more help than a name that is like its own. */
static bool refuse_tenant(const struct fleet *fleet, const struct stories *stories,
                          const char *name, const struct visit *newest, struct err *err)
{
    struct similar similar = similar_to(name);
    for (size_t i = 0; i < fleet->inventory->tenant_count; i++)
        similar_try(&similar, fleet->inventory->tenants[i].name);
    if (stories->named)
        err_set(err, ERR_CONFIG, "run %s has no tenant '%s'", stories->named->id, name);
    else
        err_set(err, ERR_CONFIG, "no run of this inventory has a tenant '%s'", name);
    if (newest)
        err_add(err, "; the newest that has it is %s", newest->run);
    else if (similar.best && strcmp(similar.best, name) != 0)
        similar_add_hint(err, &similar);
    return false;
}

static bool is_in_named(const struct stories *stories, const struct visit *visits, size_t count)
{
    for (size_t i = 0; stories->named && i < count; i++)
        if (strcmp(visits[i].run, stories->named->id) == 0)
            return true;
    return !stories->named && count;
}

static bool read_story(struct fleet *fleet, struct ledger *ledger, struct stories *stories,
                       const char *name, struct err *err)
{
    const struct ledger_visits which = {name, stories->runs, stories->run_count};
    struct visit *visits;
    size_t count, newest = 0;
    if (!ledger_read_visits(ledger, &which, &fleet->arena, &visits, &count, err))
        return false;
    if (!is_in_named(stories, visits, count))
        return !stories->must_have ||
               refuse_tenant(fleet, stories, name, count ? visits : NULL, err);
    stories->told++;
    for (size_t i = 0; i < count; i++)
        *ARENA_PUSH(&fleet->arena, stories->visits, stories->count, stories->capacity) = visits[i];
    while (strcmp(stories->runs[newest].id, visits[0].run) != 0)
        newest++;
    stories->newest = newest < stories->newest ? newest : stories->newest;
    return true;
}

static void on_narrowed(void *ctx, const struct event *event)
{
    narrow_event(ctx, event);
}

/* Those that were named, or that the selectors take. */
static struct texts names_of(struct fleet *fleet)
{
    if (!fleet->selects.count)
        return fleet->names;
    const char **names = arena_calloc(&fleet->arena, fleet->tenant_count + 1, sizeof *names);
    for (size_t i = 0; i < fleet->tenant_count; i++)
        names[i] = fleet->tenants[i]->name;
    return (struct texts){names, fleet->tenant_count};
}

static bool refuse_selection(const struct stories *stories, struct err *err)
{
    if (!stories->named)
        return err_set(err, ERR_CONFIG,
                       "no run of this inventory has any of the tenants that are selected");
    return err_set(err, ERR_CONFIG, "run %s has none of the tenants that are selected",
                   stories->named->id);
}

/* The run as that of these tenants, and where they were named, what other runs did to them. */
static bool read_tenants(struct fleet *fleet, struct ledger *ledger, const struct ledger_run *named,
                         struct reading *reading, struct err *err)
{
    struct stories stories = {
        .names = names_of(fleet), .must_have = !fleet->selects.count, .named = named};
    struct observer observer = {on_narrowed, &reading->narrow};
    bool is_fine = list_runs(fleet, ledger, &stories, err);
    for (size_t i = 0; is_fine && i < stories.names.count; i++)
        is_fine = read_story(fleet, ledger, &stories, stories.names.items[i], err);
    reading->narrow.names = stories.names.items;
    reading->narrow.count = stories.names.count;
    reading->narrow.to = (struct observer){on_replayed, reading};
    if (is_fine && !stories.told)
        is_fine = refuse_selection(&stories, err);
    if (!is_fine || !ledger_replay(ledger, named ? named->id : stories.runs[stories.newest].id,
                                   &fleet->arena, &observer, err))
        return false;
    if (fleet->names.count)
        report_set_visits(reading->report, stories.visits, stories.count);
    return true;
}

/* ---- the command ----------------------------------------------------------------------------- */

static bool read_run(struct fleet *fleet, struct ledger *ledger, const char *id,
                     struct reading *reading, struct err *err)
{
    struct observer observer = {on_replayed, reading};
    struct ledger_run run;
    bool is_of_tenants = fleet->names.count || fleet->selects.count;
    if ((id || !is_of_tenants) && !own_find(fleet, ledger, id, &run, err))
        return false;
    if (is_of_tenants)
        return read_tenants(fleet, ledger, id ? &run : NULL, reading, err);
    return ledger_replay(ledger, run.id, &fleet->arena, &observer, err);
}

static bool read_report(struct fleet *fleet, const char *id, struct reading *reading,
                        struct err *err)
{
    const char *where = fleet_ledger(fleet, err);
    struct ledger *ledger = where ? ledger_open(where, LEDGER_READ, err) : NULL;
    bool is_fine = ledger && read_run(fleet, ledger, id, reading, err);
    ledger_close(ledger);
    return is_fine;
}

/* A variable that was set for runs must not hide tenants of the report in silence. */
static void tell_variables(const struct options *options)
{
    for (size_t i = 0; i < options->settings.count && !options->is_quiet; i++) {
        const char *setting = options->settings.items[i];
        if (ascii_begins(setting, "--select ") || ascii_begins(setting, "--tenant "))
            cli_note("only some of the run's tenants are told of: %s", setting);
    }
}

/* The exit code is about the report, not about the run that it tells of. */
static int run_report(struct fleet *fleet, const struct options *options)
{
    struct reading reading = {.report = report_new(),
                              .hides_values = fleet->inventory->hides_values};
    struct err err;
    int exit_code;
    if (fleet->inventory->hides_sql)
        report_hide_sql(reading.report);
    narrow_init(&reading.narrow);
    tell_variables(options);
    if (!read_report(fleet, options->arg_count ? options->args[0] : NULL, &reading, &err))
        exit_code = cli_fail(&err);
    else
        exit_code = cli_write_reports(reading.report, options, false) ? EXIT_OK : EXIT_USAGE;
    report_free(reading.report);
    narrow_done(&reading.narrow);
    return exit_code;
}

/* The tenants are looked at only where a selector asks for their labels. */
static unsigned report_needs(const struct options *options)
{
    return options->selects.count ? FLEET_TENANTS : FLEET_INVENTORY;
}

const struct command command_report = {
    .name = "report",
    .arguments = "[RUN]",
    .summary = "the report of a run, from the ledger",
    .help =
        "Writes the report of RUN (its id or the beginning of it; default: the newest of this\n"
        "inventory) as it was written when the run ended, from the ledger alone: no tenant is\n"
        "asked. A tenant that was begun and whose end was not recorded is told as in_doubt. Exit 0:\n"
        "the report was written.\n"
        "\n"
        "With --tenant it is the report of that tenant alone, with its error in full, and its history: what\n"
        "each run of the ledger did to it, the newest first. With --select it is that of the tenants which the\n"
        "selector takes by today's inventory. RUN is then by default the newest that had any of them.",
    .example = "skein report -o json=report.json",
    .formats = outputs_report_formats,
    .groups = OPTIONS_COMMON | OPTIONS_LEDGER | OPTIONS_NARROW | OPTIONS_OUTPUT,
    .max_args = 1,
    .may_lack_file = true,
    .without_file =
        "'skein report' needs no inventory where --ledger (or SKEIN_LEDGER) names the record of runs",
    .needs_for = report_needs,
    .run = run_report,
};
