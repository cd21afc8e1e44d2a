#include "base/human.h"
#include "report/text.h"
#include "report/text_table.h"

/* A fleet in disorder has many moves; the rest is in the table of -v. */
enum { MOVES_SHOWN = 20 };

size_t text_moves_shown(const struct text *text, const struct text_groups *groups)
{
    bool shows_all = text->options->is_verbose || groups->count <= MOVES_SHOWN;
    return shows_all ? groups->count : MOVES_SHOWN;
}

void text_moves_rest(const struct text *text, const struct text_groups *groups)
{
    size_t shown = text_moves_shown(text, groups);
    if (shown < groups->count)
        fprintf(text->out, "  and %zu more moves (-v shows all)\n", groups->count - shown);
}

/* ---- what a run has done ------------------------------------------------------------------- */

static bool has_moved_or_stayed(const struct report_row *row)
{
    return row->is_from_known && !row->is_carried &&
           (row->from != row->to || row->state == TENANT_UNCHANGED ||
            row->state == TENANT_ROLLED_BACK);
}

/* A tenant that stands where it stood, and had steps, was rolled back. */
static void add_effort(struct buf *cell, const struct text_move *move, size_t step_count)
{
    if (move->to == REPORT_NONE)
        buf_adds(cell, "in doubt");
    else if (move->from != move->to)
        human_add_count(cell, step_count, "revision");
    else
        buf_adds(cell, step_count ? "rolled back" : "unchanged");
}

static void add_move(const struct text *text, struct table *table, const struct text_group *group)
{
    size_t step_count = report_steps(text->report, group->move.steps).count;
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    table_row(table);
    /* The blank in place of the plural keeps the numbers in one column. */
    buf_addf(&cell, "%zu tenant%c", group->count, group->count == 1 ? ' ' : 's');
    table_cell(table, cell.data, NULL);
    buf_clear(&cell);
    text_add_move(text, &cell, &group->move);
    table_cell(table, cell.data, NULL);
    buf_clear(&cell);
    buf_adds(&cell, "(");
    add_effort(&cell, &group->move, step_count);
    buf_adds(&cell, ")");
    table_cell(table, cell.data, NULL);
    buf_done(&cell);
}

void text_moves(const struct text *text)
{
    struct text_groups groups;
    text_groups_init(&groups, text->report, has_moved_or_stayed, GROUP_BY_MOVE);
    if (groups.count) {
        struct table *table = table_new(text->out, text->options);
        table_column(table, NULL, TABLE_RIGHT);
        table_column(table, NULL, TABLE_CUT);
        table_column(table, NULL, 0);
        for (size_t i = 0; i < text_moves_shown(text, &groups); i++)
            add_move(text, table, &groups.items[i]);
        text_heading(text, "From where to where");
        table_print(table);
        text_moves_rest(text, &groups);
    }
    text_groups_done(&groups);
}
