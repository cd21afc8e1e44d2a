/* Markdown for a comment on a pull request: a summary, what to do, causes, and folded details, at most MARKDOWN_MAX bytes.
 *
 * Every text from outside stands in a code span or a fenced block, where no markup, mention, link or reference is read. A span's
 * fence is longer than any run of backticks in it. In a table a bar is escaped, though not after a backslash, where it would
 * end the cell.
 */
#include "base/human.h"
#include "inventory/inventory.h"
#include "report/markdown.h"
#include "report/view_shared.h"
#include "report/view_schemas.h"

/* ---- the summary --------------------------------------------------------------------------- */

static void add_headline(struct markdown *markdown)
{
    const struct view_headline *headline = &markdown->view->headline;
    const char *const lines[] = {headline->run, headline->origin, headline->halt};
    struct buf *item = &markdown->item;
    struct buf command;
    buf_init(&command, BUF_MAX_DEFAULT);
    buf_addf(&command, "skein %s", headline->command);
    buf_adds(item, "### ");
    markdown_code(item, command.data, TEXT_MAX);
    buf_addf(item, "%s: %s in ", headline->is_dry ? ", dry run" : "", headline->state);
    human_add_duration(item, markdown->report->duration_ms);
    buf_adds(item, "\n\n");
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        if (lines[i]) {
            markdown_code(item, lines[i], TEXT_MAX);
            buf_adds(item, "\n\n");
        }
    if (headline->halt_output) {
        markdown_block(item, headline->halt_output, COMMAND_MAX);
        buf_addc(item, '\n');
    }
    buf_done(&command);
    markdown_item(markdown, MARKDOWN_MAX);
}

static void add_totals(struct markdown *markdown)
{
    const struct view *view = markdown->view;
    struct buf *item = &markdown->item;
    buf_adds(item, "| state | tenants |\n| --- | ---: |\n");
    for (size_t i = 0; i < view->total_count; i++)
        buf_addf(item, "| %s | %zu |\n", view->totals[i].words, view->totals[i].count);
    buf_addf(item, "| **all** | **%zu** |\n", markdown->report->run.tenant_count);
    markdown_item(markdown, MARKDOWN_MAX);
}

static void add_took(struct buf *item, const struct report_wave *wave)
{
    buf_adds(item, " ");
    if (wave->forecast.tenants)
        human_add_duration(item, wave->forecast.duration_ms);
    buf_adds(item, " | ");
    if (wave->took_ms > 0)
        human_add_duration(item, wave->took_ms);
    buf_adds(item, " |");
}

/* Of one wave, the headline says it, but for what was foretold. */
static void add_waves(struct markdown *markdown)
{
    const struct view *view = markdown->view;
    struct buf *item = &markdown->item;
    bool compares = report_compares_forecasts(markdown->report);
    if (view->wave_count < 2 && !compares)
        return;
    buf_adds(item, "\n| wave | state | tenants | failed |");
    buf_adds(item, compares ? " foretold | took |" : "");
    buf_adds(item, "\n| --- | --- | ---: | ---: |");
    buf_adds(item, compares ? " ---: | ---: |\n" : "\n");
    for (size_t i = 0; i < view->wave_count && i < WAVES_SHOWN; i++) {
        const struct view_wave *wave = &view->waves[i];
        buf_adds(item, "| ");
        markdown_cell(item, wave->name, NAME_MAX_BYTES);
        buf_addf(item, " | %s | %zu | %zu |", wave->words, wave->tenant_count, wave->failed_count);
        if (compares)
            add_took(item, &markdown->report->waves[i]);
        buf_addc(item, '\n');
    }
    if (view->wave_count > WAVES_SHOWN)
        buf_addf(item, "\nand %zu more waves\n", view->wave_count - WAVES_SHOWN);
    markdown_item(markdown, MARKDOWN_MAX);
}

/* Of a run that one machine did alone: nothing. */
static void add_machines(struct markdown *markdown)
{
    const struct run_info *run = &markdown->report->run;
    struct buf *item = &markdown->item;
    struct buf process;
    if (run->machine_count < 2)
        return;
    buf_init(&process, BUF_MAX_DEFAULT);
    buf_adds(item,
             "\n| machine | state | in flight | done | failed | a minute | taken over | process |\n"
             "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |\n");
    for (size_t i = 0; i < run->machine_count && i < MACHINES_SHOWN; i++) {
        const struct run_machine *machine = &run->machines[i];
        buf_adds(item, "| ");
        markdown_cell(item, machine->name, NAME_MAX_BYTES);
        buf_addf(item, " | %s | %u | %u | %u | %.0f | %u | ",
                 machine_state_name(run_machine_state(machine)), machine->holds, machine->finished,
                 machine->failed, machine->per_minute, machine->taken_over);
        buf_clear(&process);
        view_add_process(&process, machine);
        markdown_cell(item, process.data, NAME_MAX_BYTES);
        buf_adds(item, " |\n");
    }
    if (run->machine_count > MACHINES_SHOWN)
        buf_addf(item, "\nand %zu more machines\n", run->machine_count - MACHINES_SHOWN);
    buf_done(&process);
    markdown_item(markdown, MARKDOWN_MAX);
}

static void gather_advice(struct markdown *markdown, const struct view_advice *advice)
{
    struct buf *item = &markdown->item;
    buf_adds(item, "- ");
    markdown_names(markdown, advice->rows, advice->row_count);
    buf_adds(item, advice->row_count ? ": " : "");
    buf_adds(item, advice->truth ? advice->truth : "");
    if (advice->command) {
        bool is_shown = strlen(advice->command) <= COMMAND_MAX;
        buf_addf(item, "%s%s: ", advice->truth ? " " : "", advice->deed);
        markdown_code(item, is_shown ? advice->command : "skein report", COMMAND_MAX);
        buf_adds(item, is_shown ? "" : " shows the command, which is too long for here");
        if (advice->remark)
            buf_addf(item, " (%s)", advice->remark);
    }
    buf_addc(item, '\n');
}

static void add_advice(struct markdown *markdown)
{
    for (size_t i = 0; i < markdown->view->advice_count; i++) {
        if (!i)
            buf_adds(&markdown->item, "\n**What to do**\n\n");
        gather_advice(markdown, &markdown->view->advice[i]);
        markdown_item(markdown, ADVICE_END);
    }
}

/* ---- causes -------------------------------------------------------------------------------- */

static void gather_shared(struct markdown *markdown, const struct view_shared_item *shared)
{
    struct buf words;
    buf_init(&words, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < shared->fact_count; i++) {
        buf_clear(&words);
        view_add_fact(shared, &shared->facts[i], &words);
        markdown_line(markdown, "", words.data);
    }
    buf_done(&words);
}

static void gather_cause(struct markdown *markdown, const struct report_error *error,
                         const struct view_shared_item *shared)
{
    const struct report *report = markdown->report;
    const struct said *said = report_example(report, error);
    uint32_t rows[VIEW_NAMES];
    struct buf *item = &markdown->item;
    struct buf location;
    buf_init(&location, BUF_MAX_DEFAULT);
    buf_adds(item, "- **");
    human_add_count(item, error->row_count, "tenant");
    buf_adds(item, "**: ");
    markdown_code(item, report_text_of(report, error), TEXT_MAX);
    if (error->has_other_texts)
        buf_adds(item, " (in the words of the first, as an example)");
    buf_addc(item, '\n');
    view_add_location(&location, &error->key);
    markdown_line(markdown, "", location.data);
    if (error->statement && *error->statement)
        markdown_line(markdown, "", error->statement);
    if (said_part(said, SAID_DETAIL))
        markdown_line(markdown, error->has_other_words ? "detail of the first: " : "detail: ",
                      said_part(said, SAID_DETAIL));
    if (said_part(said, SAID_HINT))
        markdown_line(markdown, "hint: ", said_part(said, SAID_HINT));
    view_error_rows(report, error, rows);
    buf_adds(item, "  - in ");
    markdown_names(markdown, rows, error->row_count);
    buf_addc(item, '\n');
    gather_shared(markdown, shared);
    buf_done(&location);
}

static void add_causes(struct markdown *markdown)
{
    const struct report *report = markdown->report;
    struct view_shared shared;
    size_t shown = 0;
    view_shared_init(&shared, report);
    for (; shown < report->error_count; shown++) {
        if (!shown)
            buf_adds(&markdown->item, "\n**Failures**\n\n");
        gather_cause(markdown, &report->errors[shown], &shared.items[shown]);
        if (!markdown_item(markdown, CAUSES_END))
            break;
    }
    view_shared_done(&shared);
    if (shown == report->error_count)
        return;
    buf_addf(&markdown->item, "\n%s%zu more causes\n", shown ? "and " : "",
             report->error_count - shown);
    markdown_item(markdown, MARKDOWN_MAX);
}

/* Of `current` and `check` with --schema. */
static void add_schemas(struct markdown *markdown)
{
    struct view_schemas schemas;
    struct buf *item = &markdown->item;
    struct buf digits;
    if (!markdown->report->schemas)
        return;
    view_schemas_init(&schemas, markdown->report);
    buf_init(&digits, BUF_MAX_DEFAULT);
    buf_adds(item, "\n**Schemas that are alike**\n\n| tenants | fingerprint | schema | in |\n"
                   "| ---: | --- | --- | --- |\n");
    for (size_t i = 0; i < schemas.count && i < SCHEMAS_SHOWN; i++) {
        const struct view_schema_group *group = &schemas.items[i];
        buf_clear(&digits);
        view_add_fingerprint(&digits, group->schema);
        buf_addf(item, "| %zu | ", group->count);
        if (digits.len)
            markdown_cell(item, digits.data, NAME_MAX_BYTES);
        buf_addf(item, " | %s", view_schema_words(group->schema->verdict));
        if (group->schema->reason) {
            buf_adds(item, ": ");
            markdown_cell(item, group->schema->reason, TEXT_MAX);
        }
        buf_adds(item, " | ");
        markdown_names(markdown, group->rows, group->count);
        buf_adds(item, " |\n");
    }
    if (schemas.count > SCHEMAS_SHOWN)
        buf_addf(item, "\nand %zu more kinds\n", schemas.count - SCHEMAS_SHOWN);
    markdown_item(markdown, MARKDOWN_MAX);
    buf_done(&digits);
    view_schemas_done(&schemas);
}

/* ---- details ------------------------------------------------------------------------------- */

static void gather_move(struct markdown *markdown, const struct view_group *group)
{
    struct buf *item = &markdown->item;
    struct buf move;
    buf_init(&move, BUF_MAX_DEFAULT);
    view_add_move(markdown->report, &move, &group->move);
    buf_addf(item, "| %zu | ", group->count);
    markdown_cell(item, move.data, TEXT_MAX);
    buf_adds(item, " | ");
    view_add_effort(markdown->report, item, &group->move);
    buf_adds(item, " |\n");
    buf_done(&move);
}

static void add_moves(struct markdown *markdown)
{
    const struct view_groups *moves = &markdown->view->moves;
    size_t shown = 0;
    if (!moves->count)
        return;
    markdown_begin_details(markdown, "From where to where",
                           "| tenants | revisions | |\n| ---: | --- | --- |\n");
    for (; shown < moves->count; shown++) {
        gather_move(markdown, &moves->items[shown]);
        if (!markdown_item(markdown, MOVES_END))
            break;
    }
    markdown_end_details(markdown, moves->count - shown, "moves");
}

/* Of a command that only tells this. */
static void add_standings(struct markdown *markdown)
{
    const struct view_groups *standings = &markdown->view->standings;
    struct buf *item = &markdown->item;
    struct buf ids;
    size_t shown = 0;
    buf_init(&ids, BUF_MAX_DEFAULT);
    buf_adds(item, "| tenants | at |\n| ---: | --- |\n");
    for (; shown < standings->count; shown++) {
        const struct view_group *group = &standings->items[shown];
        buf_clear(&ids);
        view_add_ids(markdown->report, &ids, group->move.to, true);
        view_add_half(markdown->report, &ids, group->move.half);
        buf_addf(item, "| %zu | ", group->count);
        markdown_cell(item, ids.data, TEXT_MAX);
        buf_adds(item, " |\n");
        if (!markdown_item(markdown, ADVICE_END))
            break;
    }
    if (shown < standings->count)
        buf_addf(item, "\nand %zu more\n", standings->count - shown);
    markdown_item(markdown, MARKDOWN_MAX);
    buf_done(&ids);
}

static void add_slowest(struct markdown *markdown)
{
    const struct view *view = markdown->view;
    struct buf *item = &markdown->item;
    if (!view->slowest_count)
        return;
    markdown_begin_details(
        markdown, "Slowest",
        "| tenant | time | longest step | its time |\n| --- | ---: | --- | ---: |\n");
    for (size_t i = 0; i < view->slowest_count; i++) {
        const struct view_slow *slow = &view->slowest[i];
        buf_adds(item, "| ");
        markdown_cell(item, markdown->report->run.tenants[slow->row]->name, NAME_MAX_BYTES);
        buf_adds(item, " | ");
        human_add_duration(item, markdown->report->rows[slow->row].duration_ms);
        buf_adds(item, " | ");
        if (slow->revision)
            markdown_cell(item, slow->revision, NAME_MAX_BYTES);
        buf_adds(item, " | ");
        if (slow->revision)
            human_add_duration(item, slow->step_ms);
        buf_adds(item, " |\n");
        markdown_item(markdown, SLOWEST_END);
    }
    markdown_end_details(markdown, 0, "");
}

static bool is_worth_a_look(const struct report_row *row)
{
    return row->error != REPORT_NONE ||
           (row->state != TENANT_SUCCEEDED && row->state != TENANT_UNCHANGED);
}

static void gather_tenant(struct markdown *markdown, uint32_t index)
{
    const struct report_row *row = &markdown->report->rows[index];
    struct buf *item = &markdown->item;
    buf_adds(item, "| ");
    markdown_cell(item, markdown->report->run.tenants[index]->name, NAME_MAX_BYTES);
    buf_addf(item, " | %s | ", tenant_state_words(row->state, markdown->report->run.request));
    if (row->error != REPORT_NONE)
        markdown_cell(item, row->text, TEXT_MAX);
    buf_adds(item, " |\n");
}

static void add_tenants(struct markdown *markdown)
{
    const struct report *report = markdown->report;
    size_t count = 0, shown = 0;
    bool has_room = true;
    for (uint32_t i = 0; i < report->run.tenant_count; i++) {
        if (!is_worth_a_look(&report->rows[i]))
            continue;
        if (!count++)
            markdown_begin_details(markdown, "Tenants that did not get there",
                                   "| tenant | state | |\n| --- | --- | --- |\n");
        if (!has_room)
            continue;
        gather_tenant(markdown, i);
        has_room = markdown_item(markdown, TENANTS_END);
        shown += has_room;
    }
    if (count)
        markdown_end_details(markdown, count - shown, "tenants");
}

static bool write_markdown(const struct report *report, const struct report_options *options,
                           FILE *out, struct err *err)
{
    struct view view;
    struct markdown markdown = {.view = &view, .report = report};
    (void)options;
    view_init(&view, report);
    buf_init(&markdown.out, BUF_MAX_DEFAULT);
    buf_init(&markdown.item, BUF_MAX_DEFAULT);
    add_headline(&markdown);
    if (report->run.request->verb->shows_standings) {
        add_standings(&markdown);
        add_schemas(&markdown);
        add_causes(&markdown);
    } else {
        add_totals(&markdown);
        add_waves(&markdown);
        add_machines(&markdown);
        add_advice(&markdown);
        if (!request_changes(report->run.request)) {
            markdown_add_preflight(&markdown);
            markdown_add_forecast(&markdown);
            markdown_add_steps(&markdown);
        }
        markdown_add_findings(&markdown);
        add_schemas(&markdown);
        add_causes(&markdown);
        if (request_changes(report->run.request))
            add_moves(&markdown); /* of a dry run its steps say it */
        add_slowest(&markdown);
    }
    add_tenants(&markdown);
    fputs(markdown.out.data, out);
    buf_done(&markdown.out);
    buf_done(&markdown.item);
    view_done(&view);
    return report_flush(out, err);
}

const struct report_format report_format_markdown = {"markdown", write_markdown};
