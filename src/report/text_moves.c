#include "report/text.h"
#include "report/text_table.h"

/* A fleet in disorder has many moves; the rest is in the table of -v. */
enum { MOVES_SHOWN = 20 };

size_t text_moves_shown(const struct text *text, const struct view_groups *groups)
{
    bool shows_all = text->options->is_verbose || groups->count <= MOVES_SHOWN;
    return shows_all ? groups->count : MOVES_SHOWN;
}

void text_moves_rest(const struct text *text, const struct view_groups *groups)
{
    size_t shown = text_moves_shown(text, groups);
    if (shown < groups->count)
        fprintf(text->out, "  and %zu more moves (-v shows all)\n", groups->count - shown);
}

/* ---- what a run has done ------------------------------------------------------------------- */

static void add_move(const struct text *text, struct table *table, const struct view_group *group)
{
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
    view_add_effort(text->report, &cell, &group->move);
    buf_adds(&cell, ")");
    table_cell(table, cell.data, NULL);
    buf_done(&cell);
}

void text_moves(const struct text *text)
{
    const struct view_groups *moves = &text->view->moves;
    if (!moves->count)
        return;
    struct table *table = table_new(text->out, text->options);
    table_column(table, NULL, TABLE_RIGHT);
    table_column(table, NULL, TABLE_CUT);
    table_column(table, NULL, 0);
    for (size_t i = 0; i < text_moves_shown(text, moves); i++)
        add_move(text, table, &moves->items[i]);
    text_heading(text, "From where to where");
    table_print(table);
    text_moves_rest(text, moves);
}
