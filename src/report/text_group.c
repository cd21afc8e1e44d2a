#include "inventory/inventory.h"
#include "report/text.h"

static void add_row(struct text_groups *groups, struct intern *moves, const struct text_move *move,
                    uint32_t row)
{
    uint32_t number = intern_put(moves, move, sizeof *move);
    if (number == groups->count)
        *ARENA_PUSH(&groups->arena, groups->items, groups->count, groups->capacity) =
            (struct text_group){.move = *move};
    struct text_group *group = &groups->items[number];
    if (group->count < TEXT_NAMES)
        group->rows[group->count] = row;
    group->count++;
}

static int compare(const void *left, const void *right)
{
    const struct text_group *a = left;
    const struct text_group *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return (a->rows[0] > b->rows[0]) - (a->rows[0] < b->rows[0]);
}

void text_groups_init(struct text_groups *groups, const struct report *report,
                      bool (*is_wanted)(const struct report_row *row), enum text_grouping by)
{
    struct intern moves;
    *groups = (struct text_groups){0};
    arena_init(&groups->arena);
    intern_init(&moves, &groups->arena);
    for (uint32_t i = 0; i < report->run.tenant_count; i++) {
        const struct report_row *row = &report->rows[i];
        if (!is_wanted(row))
            continue;
        struct text_move move = {row->from, row->half, 0, row->to, row->steps};
        if (by == GROUP_BY_REVISION)
            move = (struct text_move){row->to, row->half, 0, row->to, REPORT_NONE};
        if (by == GROUP_BY_SCRIPT)
            move.dialect = (uint32_t)row->dialect;
        add_row(groups, &moves, &move, i);
    }
    if (groups->count)
        qsort(groups->items, groups->count, sizeof *groups->items, compare);
}

void text_groups_done(struct text_groups *groups)
{
    arena_done(&groups->arena);
}
