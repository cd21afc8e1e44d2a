#include "report/report.h"

#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/reports.h"
#include "library/own.h"

struct reading {
    struct report *report;
    bool hides_values; /* the inventory says so by now */
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

static bool read_report(struct fleet *fleet, const char *id, struct report *report, struct err *err)
{
    struct reading reading = {report, fleet->inventory->hides_values};
    struct observer observer = {on_replayed, &reading};
    const char *where = fleet_ledger(fleet, err);
    struct ledger *ledger = where ? ledger_open(where, LEDGER_READ, err) : NULL;
    if (!ledger)
        return false;
    struct ledger_run run;
    bool is_fine = own_find(fleet, ledger, id, &run, err) &&
                   ledger_replay(ledger, run.id, &fleet->arena, &observer, err);
    ledger_close(ledger);
    return is_fine;
}

/* The exit code is about the report, not about the run that it tells of. */
static int run_report(struct fleet *fleet, const struct options *options)
{
    struct report *report = report_new();
    struct err err;
    int exit_code;
    if (!read_report(fleet, options->arg_count ? options->args[0] : NULL, report, &err))
        exit_code = cli_fail(&err);
    else
        exit_code = cli_write_reports(report, options, false) ? EXIT_OK : EXIT_USAGE;
    report_free(report);
    return exit_code;
}

const struct command command_report = {
    .name = "report",
    .arguments = "[RUN]",
    .summary = "the report of a run, from the ledger",
    .help =
        "Writes the report of RUN (its id or the beginning of it; default: the newest of this\n"
        "inventory) as it was written when the run ended, from the ledger alone: no tenant is\n"
        "asked. A tenant that was begun and whose end was not recorded is told as in_doubt. Exit 0:\n"
        "the report was written.",
    .example = "skein report -o json=report.json",
    .groups = OPTIONS_COMMON | OPTIONS_LEDGER | OPTIONS_OUTPUT,
    .max_args = 1,
    .needs = FLEET_INVENTORY,
    .run = run_report,
};
