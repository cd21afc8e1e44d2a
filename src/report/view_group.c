#include "inventory/inventory.h"
#include "report/text.h"

static void add_row(struct view_groups *groups, struct intern *moves, const struct view_move *move,
                    uint32_t row)
{
    uint32_t number = intern_put(moves, move, sizeof *move);
    if (number == groups->count)
        *ARENA_PUSH(&groups->arena, groups->items, groups->count, groups->capacity) =
            (struct view_group){.move = *move};
    struct view_group *group = &groups->items[number];
    if (group->count < VIEW_NAMES)
        group->rows[group->count] = row;
    group->count++;
}

/* A move is told by how many steps it took: those of one that had other statements, on another engine say, are the same move. */
struct efforts {
    struct intern counts;
    uint32_t *first_steps; /* by number in `counts` */
    size_t count, capacity;
};

static uint32_t steps_like(struct view_groups *groups, struct efforts *efforts,
                           const struct report *report, uint32_t steps)
{
    size_t step_count = report_steps(report, steps).count;
    uint32_t number = intern_put(&efforts->counts, &step_count, sizeof step_count);
    if (number == efforts->count)
        *ARENA_PUSH(&groups->arena, efforts->first_steps, efforts->count, efforts->capacity) =
            steps;
    return efforts->first_steps[number];
}

static int compare(const void *left, const void *right)
{
    const struct view_group *a = left;
    const struct view_group *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return (a->rows[0] > b->rows[0]) - (a->rows[0] < b->rows[0]);
}

void view_groups_init(struct view_groups *groups, const struct report *report,
                      bool (*is_wanted)(const struct report_row *row), enum view_grouping by)
{
    struct intern moves;
    struct efforts efforts = {0};
    *groups = (struct view_groups){0};
    arena_init(&groups->arena);
    intern_init(&moves, &groups->arena);
    intern_init(&efforts.counts, &groups->arena);
    for (uint32_t i = 0; i < report->run.tenant_count; i++) {
        const struct report_row *row = &report->rows[i];
        if (!is_wanted(row))
            continue;
        struct view_move move = {row->from, row->half, 0, row->to, row->steps};
        if (by == GROUP_BY_MOVE)
            move.steps = steps_like(groups, &efforts, report, row->steps);
        if (by == GROUP_BY_REVISION)
            move = (struct view_move){row->to, row->half, 0, row->to, REPORT_NONE};
        if (by == GROUP_BY_SCRIPT)
            move.dialect = (uint32_t)row->dialect;
        add_row(groups, &moves, &move, i);
    }
    if (groups->count)
        qsort(groups->items, groups->count, sizeof *groups->items, compare);
}

bool view_group_has(const struct view_group *group, const struct report_row *row)
{
    const struct view_move *move = &group->move;
    return row->state == TENANT_SUCCEEDED && move->from == row->from && move->half == row->half &&
           move->to == row->to && move->steps == row->steps &&
           move->dialect == (uint32_t)row->dialect;
}

void view_groups_done(struct view_groups *groups)
{
    arena_done(&groups->arena);
}
