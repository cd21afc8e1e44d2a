/* What a plan would do: the steps of each group, their marks, and with -v their SQL. */
#include "base/arena.h"
#include "base/human.h"
#include "base/secret.h"
#include "chain/walk.h"
#include "inventory/inventory.h"
#include "report/lint_report.h"
#include "report/text.h"
#include "report/text_table.h"

static bool has_steps(const struct report_row *row)
{
    return row->state == TENANT_SUCCEEDED;
}

/* A stamp says where a tenant stands, and runs nothing. */
static bool only_stamps(const struct report *report)
{
    const struct verb *verb = report->run.request->verb;
    return verb->work == WORK_PLAN && !verb->rolls_back && verb->plan == PLAN_STAMP;
}

/* What runs of a revision; or its file, where that is only accepted as it is. */
static void add_step(const struct text *text, struct table *table, const struct report_step *step,
                     enum dialect_id dialect)
{
    struct step_marks marks = report_step_marks(text->report, step, dialect);
    bool accepts = text->report->run.request->verb->work == WORK_ACCEPT;
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    table_row(table);
    bool stamps = only_stamps(text->report);
    table_cell(table,
               accepts                           ? "accept"
               : stamps                          ? "stamp"
               : step->direction == DIRECTION_UP ? "up"
                                                 : "down",
               NULL);
    human_add_text(&cell, step->revision ? step->revision->id : "base");
    table_cell(table, cell.data, NULL);
    buf_clear(&cell);
    if (accepts)
        human_add_text(&cell, step->revision->path);
    else if (!stamps)
        human_add_count(&cell, step->statements, "statement");
    table_cell(table, cell.data, NULL);
    buf_clear(&cell);
    view_add_marks(&cell, &marks);
    table_cell(table, cell.data, text_color(text, COLOR_ODD));
    buf_clear(&cell);
    human_add_text(&cell, step->revision ? step->revision->message : "");
    table_cell(table, cell.data, NULL);
    buf_done(&cell);
}

/* ---- the SQL (-v) -------------------------------------------------------------------------- */

/* A revision may hold the password of a tenant: no output does. */
static void hide_passwords(const struct text *text, struct buf *sql)
{
    const struct run_info *run = &text->report->run;
    const char *last = NULL;
    for (size_t i = 0; i < run->tenant_count; i++) {
        const struct password *password = run->tenants[i]->password;
        bool is_value = password && password->kind == PASSWORD_VALUE && password->value;
        if (!is_value || (last && strcmp(last, password->value) == 0))
            continue;
        last = password->value;
        secret_redact(sql->data, sql->capacity, last);
        sql->len = strlen(sql->data);
    }
}

static void print_section(const struct text *text, const struct revision *revision,
                          const struct section *section)
{
    const char *sql = section->sql + strspn(section->sql, "\n");
    int line = section->line + (int)(sql - section->sql);
    size_t len = strlen(sql);
    struct buf place;
    while (len && strchr(" \t\r\n", sql[len - 1]))
        len--;
    if (!len)
        return;
    buf_init(&place, BUF_MAX_DEFAULT);
    human_add_text(&place, revision->path);
    fprintf(text->out, "    -- %s:%d%s\n    ", place.data, line,
            section->repeat             ? ", again and again until it changes no row"
            : section->is_transactional ? ""
                                        : ", outside a transaction");
    buf_clear(&place);
    secret_add_sql(&place, sql, len);
    hide_passwords(text, &place);
    text_lines(text, place.data, "    ");
    buf_done(&place);
}

static void print_sql(const struct text *text, const struct view_group *group)
{
    enum { SECTIONS_MAX = 256 };
    const struct section *sections[SECTIONS_MAX];
    struct step_list list = report_steps(text->report, group->move.steps);
    const struct report_half *half = report_half(text->report, group->move.half);
    for (size_t i = 0; i < list.count; i++) {
        const struct report_step *step = &list.steps[i];
        if (!step->revision || !step->statements)
            continue;
        if (half && !i)
            fprintf(text->out, "    -- of '%s' the first %zu statement%s done already\n",
                    half->revision, (size_t)half->statements,
                    half->statements == 1 ? " is" : "s are");
        size_t count =
            revision_sections(step->revision, (enum direction)step->direction,
                              (enum dialect_id)group->move.dialect, sections, SECTIONS_MAX);
        for (size_t at = 0; at < count; at++)
            print_section(text, step->revision, sections[at]);
    }
}

/* ---- the steps ----------------------------------------------------------------------------- */

static void print_steps(const struct text *text, const struct view_group *group)
{
    struct step_list list = report_steps(text->report, group->move.steps);
    if (!list.count) {
        fputs("  the copy that was made before the run is put back\n", text->out);
        return;
    }
    struct table *table = table_new(text->out, text->options);
    table_column(table, NULL, 0);
    table_column(table, NULL, 0);
    table_column(table, NULL, 0);
    table_column(table, NULL, 0);
    table_column(table, NULL, TABLE_CUT);
    for (size_t i = 0; i < list.count; i++)
        add_step(text, table, &list.steps[i], (enum dialect_id)group->move.dialect);
    table_print(table);
    if (text->options->is_verbose)
        print_sql(text, group);
}

/* ---- what changes of tables cost ------------------------------------------------------------- */

/* The tenant of the group whose table holds most; all of them run the same statements. */
static const struct weighed *heaviest(const struct text *text, const struct view_group *group,
                                      const struct weighed *like, const struct tenant **ret_tenant)
{
    const struct weighed *most = NULL;
    for (size_t i = 0; i < text->report->run.tenant_count; i++) {
        const struct report_row *row = &text->report->rows[i];
        for (size_t w = 0; view_group_has(group, row) && w < row->weighed_count; w++) {
            const struct weighed *weighed = &row->weighed[w];
            bool is_it = weighed->revision == like->revision && weighed->line == like->line;
            if (is_it && (!most || weighed->bytes > most->bytes)) {
                most = weighed;
                *ret_tenant = text->report->run.tenants[i];
            }
        }
    }
    return most;
}

/* `orders (versions/bbbb.sql:7): ALGORITHM=COPY, 4.1 GB in acme, blocks writes` */
static void print_weighed(const struct text *text, const struct view_group *group,
                          const struct weighed *like)
{
    const struct tenant *tenant = NULL;
    const struct weighed *weighed = heaviest(text, group, like, &tenant);
    bool has_lock = weighed->lock && strcmp(weighed->lock, "NONE") != 0;
    bool blocks_all = has_lock && strcmp(weighed->lock, "EXCLUSIVE") == 0;
    struct buf line;
    buf_init(&line, BUF_MAX_DEFAULT);
    buf_adds(&line, "  table ");
    human_add_text(&line, weighed->table);
    buf_adds(&line, " (");
    human_add_text(&line, weighed->revision->path);
    buf_addf(&line, ":%d): ", weighed->line);
    if (weighed->algorithm)
        buf_addf(&line, "ALGORITHM=%s, ", weighed->algorithm);
    human_add_size(&line, weighed->bytes);
    if (group->count > 1) {
        buf_adds(&line, " in ");
        human_add_text(&line, tenant->name);
    }
    if (has_lock)
        buf_adds(&line, blocks_all ? ", blocks reads and writes" : ", blocks writes");
    if (!weighed->algorithm) {
        buf_adds(&line, "; how the server would change it is not known: ");
        human_add_text(&line, weighed->reason ? weighed->reason : "it did not say");
    }
    fprintf(text->out, "%s\n", line.data);
    buf_done(&line);
}

static void print_costs(const struct text *text, const struct view_group *group)
{
    const struct report_row *row = &text->report->rows[group->rows[0]];
    for (size_t i = 0; i < row->weighed_count; i++)
        print_weighed(text, group, &row->weighed[i]);
}

/* ---- what a stamp leaves out ----------------------------------------------------------------- */

/* All that the rows imply: they and their ancestors. NULL: they are not known, or not all of this chain. */
static bool *implied_by(const struct text *text, struct arena *arena, uint32_t ids)
{
    const struct chain *chain = text->report->run.chain;
    struct rows rows = report_ids(text->report, ids);
    bool *set = chain ? walk_new_set(arena, chain) : NULL;
    for (size_t i = 0; set && i < rows.count; i++) {
        const struct revision *revision = chain_get(chain, rows.ids[i]);
        if (!revision)
            return NULL;
        walk_mark(chain, set, revision->index, WALK_PARENTS);
    }
    return rows.is_known ? set : NULL;
}

/* `  skips r2, r3: nothing of them is run`: those of `a` that `b` has not, in the chain's order. */
static void print_difference(const struct text *text, const bool *a, const bool *b, bool is_up)
{
    const struct chain *chain = text->report->run.chain;
    struct buf line;
    size_t count = 0;
    buf_init(&line, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < chain->count; i++) {
        uint32_t at = chain->topological[is_up ? i : chain->count - 1 - i];
        if (!a[at] || b[at])
            continue;
        if (count < VIEW_NAMES)
            buf_addf(&line, "%s%s", count ? ", " : "", chain->revisions[at]->id);
        count++;
    }
    if (count > VIEW_NAMES)
        buf_addf(&line, " and %zu more", count - VIEW_NAMES);
    if (count)
        fprintf(text->out,
                is_up ? "  skips %s: nothing of %s is run\n"
                      : "  forgets %s: nothing of %s is taken back\n",
                line.data, count == 1 ? "it" : "them");
    buf_done(&line);
}

static void print_skipped(const struct text *text, const struct view_group *group)
{
    struct arena arena;
    arena_init(&arena);
    const bool *from = implied_by(text, &arena, group->move.from);
    const bool *to = implied_by(text, &arena, group->move.to);
    if (from && to) {
        print_difference(text, from, to, false);
        print_difference(text, to, from, true);
    }
    arena_done(&arena);
}

/* ---- lint -------------------------------------------------------------------------------------- */

/* What it says of the step's revision, as this dialect runs it. Notes are told with -v. */
static void print_step_findings(const struct text *text, const struct report_step *step,
                                enum dialect_id dialect)
{
    const struct told_findings *findings = text->report->findings;
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < findings->count; i++) {
        const struct told_finding *finding = &findings->items[i];
        bool is_shown =
            text->options->is_verbose || finding->allowed || finding->severity > LINT_NOTE;
        if (is_shown &&
            told_is_of(finding, step->revision->id, (enum direction)step->direction, dialect))
            lint_add_finding(&buf, finding, text->options->is_verbose, 2);
    }
    if (buf.len)
        fputs(buf.data, text->out);
    buf_done(&buf);
}

void text_findings(const struct text *text)
{
    const struct told_findings *findings = text->report->findings;
    struct buf buf;
    if (!findings || !findings->count)
        return;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < findings->count; i++)
        if (text->options->is_verbose || findings->items[i].allowed ||
            findings->items[i].severity > LINT_NOTE)
            lint_add_finding(&buf, &findings->items[i], text->options->is_verbose, 2);
    text_heading(text, "What lint had found in the plan");
    fputs(buf.data, text->out);
    buf_clear(&buf);
    lint_add_totals(&buf, findings);
    fprintf(text->out, "  %s\n", buf.data);
    buf_done(&buf);
}

static void print_findings(const struct text *text, const struct view_group *group)
{
    struct step_list list = report_steps(text->report, group->move.steps);
    for (size_t i = 0; i < list.count && text->report->findings; i++)
        if (list.steps[i].revision)
            print_step_findings(text, &list.steps[i], (enum dialect_id)group->move.dialect);
}

static void print_plan(const struct text *text, const struct view_group *group)
{
    struct buf line;
    buf_init(&line, BUF_MAX_DEFAULT);
    human_add_count(&line, group->count, "tenant");
    buf_adds(&line, "  ");
    text_add_move(text, &line, &group->move);
    text_heading(text, line.data);
    buf_clear(&line);
    print_steps(text, group);
    print_costs(text, group);
    text_rehearsal(text, group);
    print_findings(text, group);
    if (only_stamps(text->report))
        print_skipped(text, group);
    buf_adds(&line, "  in ");
    text_add_names(text, &line, group->rows, group->count);
    fprintf(text->out, "%s\n", line.data);
    buf_done(&line);
}

void text_settled(const struct text *text)
{
    const struct report *report = text->report;
    for (uint32_t i = 0; i < report->run.tenant_count; i++) {
        const struct report_row *row = &report->rows[i];
        const struct report_half *half = report_half(report, row->half);
        struct buf line;
        if (!half || row->error != REPORT_NONE)
            continue;
        buf_init(&line, BUF_MAX_DEFAULT);
        human_add_text(&line, report->run.tenants[i]->name);
        buf_adds(&line, " would be at ");
        text_add_ids(text, &line, row->from, false);
        text_add_half(text, &line, row->half);
        if (half->statements < half->of)
            buf_addf(&line, ": the next run begins with statement %zu",
                     (size_t)half->statements + 1);
        else
            buf_adds(&line, ": the next run has no statement of it left to run");
        fprintf(text->out, "\n%s\n", line.data);
        buf_done(&line);
    }
}

void text_plan(const struct text *text)
{
    struct view_groups groups;
    view_groups_init(&groups, text->report, has_steps, GROUP_BY_SCRIPT);
    for (size_t i = 0; i < text_moves_shown(text, &groups); i++)
        print_plan(text, &groups.items[i]);
    text_moves_rest(text, &groups);
    view_groups_done(&groups);
}
