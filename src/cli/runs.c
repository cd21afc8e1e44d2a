#include "base/arena.h"
#include "base/buf.h"
#include "base/human.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/outputs.h"
#include "cli/reports.h"
#include "library/own.h"
#include "report/json_run.h"
#include "report/json_stream.h"
#include "report/model.h"
#include "report/text_table.h"

struct listing {
    struct ledger_run *runs;
    size_t count;
    size_t others; /* that are left out, since they are of other inventories */
    const struct options *options;
};

/* ---- as a table ---------------------------------------------------------------------------- */

/* `upgrade head`; `rollback …16302f` where there is little room: days and times are in the run's own line. */
static void add_command(struct buf *cell, const struct ledger_run *run, bool has_room)
{
    enum { END = 6 };
    size_t len = strlen(run->target);
    bool is_cut = !has_room && run->verb->rolls_back && len > END;
    buf_addf(cell, "%s%s%s", run->verb->name, len ? " " : "", is_cut ? "…" : "");
    human_add_text(cell, is_cut ? run->target + len - END : run->target);
}

/* `3 machines, 2 at work, 4 taken over; ` of a run that several worked on; what they hold is in the totals as running. */
static void add_machines(struct buf *cell, const struct ledger_run *run)
{
    size_t at_work = 0, taken_over = 0;
    if (run->machine_count < 2)
        return;
    for (size_t i = 0; i < run->machine_count; i++) {
        at_work += run_machine_state(&run->machines[i]) == MACHINE_AT_WORK;
        taken_over += run->machines[i].taken_over;
    }
    human_add_count(cell, run->machine_count, "machine");
    if (run->state == RUN_RUNNING && at_work != run->machine_count)
        buf_addf(cell, ", %zu at work", at_work);
    if (taken_over)
        buf_addf(cell, ", %zu taken over", taken_over);
    buf_adds(cell, "; ");
}

/* `97 succeeded, 2 failed, 1 skipped`; `rolled back: 2 of 41; 41 succeeded`: the part that later runs rolled back comes first,
 * and then who worked on it, for the cell may be cut. */
static void totals_cell(struct table *table, const struct ledger_run *run)
{
    struct buf cell;
    const char *between = "";
    buf_init(&cell, BUF_MAX_DEFAULT);
    if (run->part_of)
        buf_addf(&cell, "rolled back: %zu of %zu; ", run->part_rolled_back, run->part_of);
    add_machines(&cell, run);
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++)
        if (run->totals[state]) {
            buf_addf(&cell, "%s%zu %s", between, run->totals[state], tenant_state_name(state));
            between = ", ";
        }
    table_cell(table, cell.len ? cell.data : "none", NULL);
    buf_done(&cell);
}

/* `4 in flight, 120 a minute, 97 done, 2 taken over` */
static void work_cell(struct table *table, const struct run_machine *machine)
{
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    buf_addf(&cell, "%u in flight, %.0f a minute, %u done", machine->holds, machine->per_minute,
             machine->finished);
    if (machine->taken_over)
        buf_addf(&cell, ", %u taken over", machine->taken_over);
    table_cell(table, cell.data, NULL);
    buf_done(&cell);
}

/* Who works on a run that is under way has lines of their own below it. */
static size_t count_shown_machines(const struct ledger_run *run)
{
    return run->state == RUN_RUNNING ? run->machine_count : 0;
}

static void add_machine_name(struct buf *cell, const struct run_machine *machine)
{
    buf_adds(cell, "  ");
    human_add_text(cell, machine->name);
}

static void add_machine_rows(struct table *table, const struct listing *listing,
                             const struct ledger_run *run, bool has_room)
{
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < count_shown_machines(run); i++) {
        const struct run_machine *machine = &run->machines[i];
        table_row(table);
        table_text(table, "");
        buf_clear(&cell);
        add_machine_name(&cell, machine);
        table_cell(table, cell.data, NULL);
        table_text(table, machine_state_name(run_machine_state(machine)));
        if (has_room)
            table_text(table, "");
        work_cell(table, machine);
        if (listing->options->takes_all)
            table_text(table, "");
    }
    buf_done(&cell);
}

/* Someone is at work on it. */
static bool is_under_way(const struct ledger_run *run)
{
    bool is_there =
        !run->machine_count; /* what one machine alone does is running only while that is there */
    for (size_t i = 0; i < run->machine_count; i++)
        is_there |= run_machine_state(&run->machines[i]) == MACHINE_AT_WORK;
    return run->state == RUN_RUNNING && is_there;
}

/* `failed, unfinished`: `resume` would take it up, or `rollback` where a part of it was rolled back. */
static void add_state(struct buf *cell, const struct ledger_run *run)
{
    bool is_unfinished = run->is_unfinished && !is_under_way(run);
    buf_addf(cell, "%s%s", run_state_name(run->state), is_unfinished ? ", unfinished" : "");
}

/* How wide the two columns are that tell one run from another. */
static size_t width_of_both(const struct listing *listing, bool has_room)
{
    size_t command = 0, state = 0;
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < listing->count; i++) {
        buf_clear(&cell);
        add_command(&cell, &listing->runs[i], has_room);
        command = human_width(cell.data) > command ? human_width(cell.data) : command;
        for (size_t j = 0; j < count_shown_machines(&listing->runs[i]); j++) {
            buf_clear(&cell);
            add_machine_name(&cell, &listing->runs[i].machines[j]);
            command = human_width(cell.data) > command ? human_width(cell.data) : command;
        }
        buf_clear(&cell);
        add_state(&cell, &listing->runs[i]);
        state = human_width(cell.data) > state ? human_width(cell.data) : state;
    }
    buf_done(&cell);
    return command + state;
}

/* On a terminal of 80 columns a run's duration would leave no room for what it was and what came of it. */
static bool has_room_for_all(const struct report_options *options)
{
    enum { WIDE = 100 };
    return !options->width || options->width >= WIDE;
}

static void add_row(struct table *table, const struct listing *listing,
                    const struct ledger_run *run, bool has_room)
{
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    table_row(table);
    table_text(table, run->id);
    add_command(&cell, run, has_room);
    table_cell(table, cell.data, NULL);
    buf_clear(&cell);
    add_state(&cell, run);
    table_cell(table, cell.data, NULL);
    if (has_room)
        table_duration(table, run->duration_ms);
    totals_cell(table, run);
    if (listing->options->takes_all)
        table_text(table, run->inventory ? run->inventory : "");
    buf_done(&cell);
}

/* Fits 80 columns: a run's id says when it began, and the two columns that can be long are cut on a terminal. What came of
 * the tenants is cut first, where commands and states leave it any room. */
static void print_table(const void *ctx, FILE *out)
{
    const struct listing *listing = ctx;
    const struct ledger_run *runs = listing->runs;
    struct report_options table_options = cli_report_options(listing->options, out);
    if (!listing->count) {
        fputs(listing->others ? "no runs of this inventory yet (--all lists those of others)\n"
                              : "no runs yet\n",
              out);
        return;
    }
    enum { OTHERS_WIDTH = 2 + 23 + 3 * 2 + 10 };
    bool has_room = has_room_for_all(&table_options);
    struct table *table = table_new(out, &table_options);
    table_column(table, "RUN", 0);
    bool fits = table_options.width >= OTHERS_WIDTH + (int)width_of_both(listing, has_room);
    table_column(table, "COMMAND", fits ? 0 : TABLE_CUT);
    table_column(table, "STATE", 0);
    if (has_room)
        table_column(table, "TIME", TABLE_RIGHT);
    table_column(table, "TENANTS", TABLE_CUT);
    if (listing->options->takes_all)
        table_column(table, "INVENTORY", TABLE_CUT);
    for (size_t i = 0; i < listing->count; i++) {
        add_row(table, listing, &runs[i], has_room);
        add_machine_rows(table, listing, &runs[i], has_room);
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

/* Null: no part of it was rolled back, or all of it. */
static json_t *part_value(const struct ledger_run *run)
{
    return run->part_of ? json_pack("{sIsI}", "tenants", (json_int_t)run->part_rolled_back, "of",
                                    (json_int_t)run->part_of)
                        : json_null();
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
    json_put_text(stream, "id", run->id);
    json_put_text(stream, "command", run->verb->name);
    json_put_text_or_null(stream, "target", run->target);
    json_put_text(stream, "resolved", run->fixed_target);
    json_put_text(stream, "state", run_state_name(run->state));
    json_put(stream, "started_at", json_string(started));
    json_put_rounded(stream, "duration_ms", run->duration_ms, 1);
    json_put_text(stream, "resumed_from", run->resumed_from);
    json_put(stream, "unfinished", json_boolean(run->is_unfinished));
    json_put_text(stream, "resumed_by", run->resumed_by);
    json_put_text(stream, "rolled_back_by", run->rolled_back_by);
    json_put(stream, "rolled_back_part", part_value(run));
    json_put_text(stream, "inventory", run->inventory);
    json_put(stream, "halted_by",
             json_halt(run_state_is_halt(run->state) ? run->halt : NULL, run->halt_reason));
    json_put_text(stream, "by", run->origin.by);
    json_put(stream, "selected", json_selected(&run->origin));
    json_put(stream, "settings", json_texts(&run->origin.settings));
    json_put(stream, "process", holder_value(&run->holder));
    json_put(stream, "totals", totals_value(run));
    json_put(stream, "machines", json_machines(run->machines, run->machine_count));
    json_close(stream, '}');
}

static void print_json(const void *ctx, FILE *out)
{
    const struct listing *listing = ctx;
    struct json_stream stream = {.out = out};
    json_open(&stream, NULL, '[');
    for (size_t i = 0; i < listing->count; i++)
        put_run(&stream, &listing->runs[i]);
    json_close(&stream, ']');
}

/* ---- the command --------------------------------------------------------------------------- */

static bool keep_own(struct fleet *fleet, struct ledger *ledger, struct listing *listing,
                     struct err *err)
{
    size_t count = 0;
    for (size_t i = 0; i < listing->count; i++) {
        bool is_own;
        if (!own_is(fleet, ledger, &listing->runs[i], &is_own, err))
            return false;
        if (is_own)
            listing->runs[count++] = listing->runs[i];
    }
    listing->others = listing->count - count;
    listing->count = count;
    return true;
}

/* No ledger yet is one without runs; but one that is named was meant to be there. */
static bool read_runs(struct fleet *fleet, struct listing *listing, struct err *err)
{
    const char *where = fleet_ledger(fleet, err);
    struct ledger *ledger = where ? ledger_open(where, LEDGER_READ, err) : NULL;
    if (!ledger)
        return strcmp(err->code, LEDGER_MISSING) == 0 && !listing->options->ledger;
    bool is_fine = ledger_list(ledger, &fleet->arena, &listing->runs, &listing->count, err) &&
                   (listing->options->takes_all || keep_own(fleet, ledger, listing, err));
    ledger_close(ledger);
    return is_fine;
}

static int run_runs(struct fleet *fleet, const struct options *options)
{
    struct listing listing = {.options = options};
    struct err err;
    if (!read_runs(fleet, &listing, &err))
        return cli_fail(&err);
    struct writer writer = {.text = print_table, .json = print_json, .ctx = &listing};
    return outputs_write(options, &writer, false) ? EXIT_OK : EXIT_USAGE;
}

const struct command command_runs = {
    .name = "runs",
    .arguments = "",
    .summary = "the runs that the ledger knows, the newest first",
    .help =
        "Lists the runs of this inventory, the newest first, with what came of their tenants; with --all also\n"
        "those of other inventories that share the ledger. 'skein report RUN' tells all of one.",
    .example = "skein runs -o json",
    .formats = outputs_list_formats,
    .groups = OPTIONS_COMMON | OPTIONS_LEDGER | OPTIONS_OUTPUT | OPTIONS_ALL,
    .may_lack_file = true,
    .without_file =
        "'skein runs' needs no inventory where --ledger (or SKEIN_LEDGER) names the record of runs",
    .needs = FLEET_INVENTORY,
    .run = run_runs,
};
