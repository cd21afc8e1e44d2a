/* What a plan would run, step by step, and what lint says of it. */
#include "base/human.h"
#include "report/lint_report.h"
#include "report/markdown.h"

/* ---- steps ----------------------------------------------------------------------------------- */

static bool has_steps(const struct report_row *row)
{
    return row->state == TENANT_SUCCEEDED;
}

static void gather_step(struct markdown *markdown, const struct report_step *step,
                        enum dialect_id dialect)
{
    struct step_marks marks = report_step_marks(markdown->report, step, dialect);
    struct buf *item = &markdown->item;
    buf_addf(item, "| %s | ", step->direction == DIRECTION_UP ? "up" : "down");
    markdown_cell(item, step->revision ? step->revision->id : "base", NAME_MAX_BYTES);
    buf_addf(item, " | %u | ", (unsigned)step->statements);
    view_add_marks(item, &marks);
    buf_adds(item, " | ");
    if (step->revision && step->revision->message && *step->revision->message)
        markdown_cell(item, step->revision->message, NAME_MAX_BYTES);
    buf_adds(item, " |\n");
}

/* As a whole, or only its first line, or not at all. */
static bool add_group(struct markdown *markdown, const struct view_group *group)
{
    struct step_list list = report_steps(markdown->report, group->move.steps);
    struct buf *item = &markdown->item;
    struct buf move;
    buf_init(&move, BUF_MAX_DEFAULT);
    view_add_move(markdown->report, &move, &group->move);
    buf_adds(item, "\n**");
    human_add_count(item, group->count, "tenant");
    buf_adds(item, "** ");
    markdown_code(item, move.data, TEXT_MAX);
    buf_adds(item, " in ");
    markdown_names(markdown, group->rows, group->count);
    buf_adds(item, "\n\n");
    buf_done(&move);
    if (!list.count)
        buf_adds(item, "the copy that was made before the run is put back\n");
    else
        buf_adds(item, "| | revision | statements | | |\n| --- | --- | ---: | --- | --- |\n");
    bool has_room = markdown_item(markdown, STEPS_END);
    size_t shown = 0;
    for (; has_room && shown < list.count; shown++) {
        gather_step(markdown, &list.steps[shown], (enum dialect_id)group->move.dialect);
        if (!markdown_item(markdown, STEPS_END))
            break;
    }
    if (has_room && shown < list.count) {
        buf_addf(item, "\nand %zu more steps\n", list.count - shown);
        markdown_item(markdown, MARKDOWN_MAX);
    }
    if (has_room)
        markdown_add_rehearsal(markdown, group);
    return has_room;
}

void markdown_add_steps(struct markdown *markdown)
{
    struct view_groups groups;
    size_t shown = 0;
    view_groups_init(&groups, markdown->report, has_steps, GROUP_BY_SCRIPT);
    while (shown < groups.count && add_group(markdown, &groups.items[shown]))
        shown++;
    if (shown < groups.count) {
        buf_addf(&markdown->item, "\nand %zu more groups\n", groups.count - shown);
        markdown_item(markdown, MARKDOWN_MAX);
    }
    view_groups_done(&groups);
}

/* ---- findings -------------------------------------------------------------------------------- */

static void add_part(struct markdown *markdown, const char *words, const char *text)
{
    if (text && *text)
        markdown_line(markdown, words, text);
}

static void gather_finding(struct markdown *markdown, const struct told_finding *finding)
{
    struct buf *item = &markdown->item;
    struct buf place;
    buf_init(&place, BUF_MAX_DEFAULT);
    buf_addf(&place, "%s:%d", finding->file, finding->line);
    buf_addf(item, "- **%s**%s ",
             finding->allowed ? "allowed" : lint_severity_name(finding->severity),
             finding->direction == DIRECTION_DOWN ? " (down)" : "");
    markdown_code(item, place.data, TEXT_MAX);
    buf_adds(item, ": ");
    markdown_code(item, finding->message, TEXT_MAX);
    buf_adds(item, " (");
    markdown_code(item, finding->rule, NAME_MAX_BYTES);
    buf_adds(item, ")\n");
    add_part(markdown, "", finding->source);
    add_part(markdown, "in this fleet: ", finding->weight);
    if (finding->allowed)
        add_part(markdown, "reason: ", finding->allowed);
    else
        add_part(markdown, "better: ", finding->better);
    buf_done(&place);
}

static bool is_urgent(const struct told_finding *finding)
{
    return !finding->allowed && finding->severity > LINT_NOTE;
}

/* Returns how many had no room. */
static size_t add_those(struct markdown *markdown, bool are_urgent)
{
    const struct told_findings *findings = markdown->report->findings;
    size_t left = 0;
    for (size_t i = 0; i < findings->count; i++) {
        if (is_urgent(&findings->items[i]) != are_urgent)
            continue;
        if (!left)
            gather_finding(markdown, &findings->items[i]);
        left += left || !markdown_item(markdown, FINDINGS_END);
    }
    return left;
}

static void add_left(struct markdown *markdown, size_t left)
{
    if (left)
        buf_addf(&markdown->item, "\nand %zu more findings\n", left);
    markdown_item(markdown, MARKDOWN_MAX);
}

/* Errors and warnings are in sight; notes, and what is allowed with its reason, are folded. */
void markdown_add_findings(struct markdown *markdown)
{
    const struct told_findings *findings = markdown->report->findings;
    size_t urgent = 0;
    for (size_t i = 0; findings && i < findings->count; i++)
        urgent += is_urgent(&findings->items[i]);
    if (!findings || !findings->count)
        return;
    buf_adds(&markdown->item, "\n**Lint**: ");
    lint_add_totals(&markdown->item, findings);
    buf_adds(&markdown->item, "\n\n");
    markdown_item(markdown, MARKDOWN_MAX);
    add_left(markdown, add_those(markdown, true));
    if (urgent == findings->count)
        return;
    markdown_begin_details(markdown, "Notes, and what is allowed", "");
    markdown_end_details(markdown, add_those(markdown, false), "findings");
}
