#include "base/arena.h"
#include "base/buf.h"
#include "base/human.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/reports.h"
#include "ledger/ledger.h"
#include "report/json_stream.h"
#include "report/model.h"
#include "report/text_table.h"

/* ---- as a table ---------------------------------------------------------------------------- */

static void text_cell(struct table *table, const char *text)
{
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    human_add_text(&cell, text);
    table_cell(table, cell.data, NULL);
    buf_done(&cell);
}

/* To the second: `2026-11-23T10:15:00Z`. */
static void time_cell(struct table *table, int64_t at_ms)
{
    char text[REPORT_TIME_SIZE];
    report_format_time(at_ms, text);
    char *point = strchr(text, '.');
    if (point)
        snprintf(point, sizeof "Z", "Z");
    table_cell(table, text, NULL);
}

static void duration_cell(struct table *table, double ms)
{
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    human_add_duration(&cell, ms);
    table_cell(table, cell.data, NULL);
    buf_done(&cell);
}

/* `97 succeeded, 2 failed, 1 skipped` */
static void totals_cell(struct table *table, const struct ledger_run *run)
{
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++)
        if (run->totals[state])
            buf_addf(&cell, "%s%zu %s", cell.len ? ", " : "", run->totals[state],
                     tenant_state_name(state));
    table_cell(table, cell.len ? cell.data : "none", NULL);
    buf_done(&cell);
}

static void print_table(const struct ledger_run *runs, size_t count, const struct options *options)
{
    struct report_options table_options = cli_report_options(options, stdout);
    if (!count) {
        puts("no runs yet");
        return;
    }
    struct table *table = table_new(stdout, &table_options);
    table_column(table, "RUN", 0);
    table_column(table, "COMMAND", 0);
    table_column(table, "TARGET", TABLE_CUT);
    table_column(table, "STATE", 0);
    table_column(table, "STARTED", 0);
    table_column(table, "TIME", TABLE_RIGHT);
    table_column(table, "TENANTS", TABLE_CUT);
    for (size_t i = 0; i < count; i++) {
        table_row(table);
        text_cell(table, runs[i].id);
        text_cell(table, runs[i].command);
        text_cell(table, runs[i].target);
        table_cell(table, run_state_name(runs[i].state), NULL);
        time_cell(table, runs[i].started_at_ms);
        duration_cell(table, runs[i].duration_ms);
        totals_cell(table, &runs[i]);
    }
    table_print(table);
}

/* ---- as JSON ------------------------------------------------------------------------------- */

static json_t *totals_value(const struct ledger_run *run)
{
    json_t *totals = json_object();
    json_object_set_new(totals, "tenants", json_integer((json_int_t)run->tenant_count));
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++)
        json_object_set_new(totals, tenant_state_name(state),
                            json_integer((json_int_t)run->totals[state]));
    return totals;
}

static json_t *holder_value(const struct ledger_holder *holder)
{
    json_t *value = json_object();
    json_object_set_new(value, "host", json_text(holder->host));
    json_object_set_new(value, "pid", json_integer((json_int_t)holder->pid));
    return value;
}

static void put_run(struct json_stream *stream, const struct ledger_run *run)
{
    char started[REPORT_TIME_SIZE];
    report_format_time(run->started_at_ms, started);
    json_open(stream, NULL, '{');
    json_put(stream, "id", json_text(run->id));
    json_put(stream, "command", json_text(run->command));
    json_put(stream, "target", json_text_or_null(run->target));
    json_put(stream, "resolved", json_text(run->resolved));
    json_put(stream, "state", json_text(run_state_name(run->state)));
    json_put(stream, "started_at", json_string(started));
    json_put(stream, "duration_ms", json_rounded(run->duration_ms, 1));
    json_put(stream, "resumed_from", json_text(run->resumed_from));
    json_put(stream, "resumed_by", json_text(run->resumed_by));
    json_put(stream, "rolled_back_by", json_text(run->rolled_back_by));
    json_put(stream, "process", holder_value(&run->holder));
    json_put(stream, "totals", totals_value(run));
    json_close(stream, '}');
}

static void print_json(const struct ledger_run *runs, size_t count)
{
    struct json_stream stream = {.out = stdout};
    json_open(&stream, NULL, '[');
    for (size_t i = 0; i < count; i++)
        put_run(&stream, &runs[i]);
    json_close(&stream, ']');
}

/* ---- the command --------------------------------------------------------------------------- */

/* No ledger yet is one without runs. */
static bool read_runs(struct fleet *fleet, struct ledger_run **ret_runs, size_t *ret_count,
                      struct err *err)
{
    struct ledger *ledger = ledger_open(fleet->inventory->ledger, LEDGER_READ, err);
    *ret_count = 0;
    if (!ledger)
        return strcmp(err->code, LEDGER_MISSING) == 0;
    bool is_fine = ledger_list(ledger, &fleet->arena, ret_runs, ret_count, err);
    ledger_close(ledger);
    return is_fine;
}

static int run(struct fleet *fleet, const struct options *options)
{
    struct ledger_run *runs = NULL;
    size_t count;
    struct err err;
    bool is_json = false;
    for (size_t i = 0; i < options->output_count; i++)
        is_json |= strcmp(options->outputs[i].format, "json") == 0;
    if (!read_runs(fleet, &runs, &count, &err))
        return cli_fail(&err);
    if (is_json)
        print_json(runs, count);
    else
        print_table(runs, count, options);
    return report_flush(stdout, &err) ? EXIT_OK : (cli_fail(&err), EXIT_FAILURE);
}

const struct command command_runs = {
    .name = "runs",
    .arguments = "",
    .summary = "the runs that the ledger knows, the newest first",
    .help = "Lists the runs of this fleet's ledger, the newest first, with what came of their "
            "tenants.\n"
            "'skein report RUN' tells all of one.",
    .groups = OPTIONS_COMMON | OPTIONS_OUTPUT,
    .needs = FLEET_INVENTORY,
    .run = run,
};
