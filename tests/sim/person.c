#include "sim/person.h"

#include "base/buf.h"
#include "driver/fake_store.h"

static const char *const words[] = {[DIRECTION_UP] = "up", [DIRECTION_DOWN] = "down"};

unsigned person_count(const struct scene *scene, const struct truth *truth)
{
    size_t index = (size_t)truth->unfinished;
    bool is_there = truth->stands >> index & 1;
    if (truth->part >= 0 && truth->part_direction == truth->unfinished_direction)
        return truth->part_done;
    /* Nothing of it is done, or all. */
    bool is_all = truth->unfinished_direction == DIRECTION_UP ? is_there : !is_there;
    return is_all ? scene->revisions[index].statements[truth->unfinished_direction] : 0;
}

static void add_mark(struct scene *scene, struct buf *buf, const struct truth *truth,
                     unsigned statements, const char *state)
{
    buf_addf(buf, "mark \"skein_history\" '%s' '%s' '' %u '%s' '';",
             scene->revisions[truth->unfinished].id, words[truth->unfinished_direction], statements,
             state);
}

static void add_rows(struct scene *scene, struct buf *buf, uint32_t before, uint32_t after)
{
    for (size_t i = 0; i < scene->revision_count; i++)
        if (before >> i & 1)
            buf_addf(buf, "delete \"alembic_version\" '%s';", scene->revisions[i].id);
    for (size_t i = 0; i < scene->revision_count; i++)
        if (after >> i & 1)
            buf_addf(buf, "insert \"alembic_version\" '%s';", scene->revisions[i].id);
}

static void add_finish(struct scene *scene, struct buf *buf, const struct truth *truth)
{
    size_t index = (size_t)truth->unfinished;
    bool is_up = truth->unfinished_direction == DIRECTION_UP;
    unsigned count = scene->revisions[index].statements[truth->unfinished_direction];
    uint32_t set = scene_closure(scene, truth->rows);
    uint32_t after = is_up ? set | 1u << index : set & ~(1u << index);
    buf_adds(buf, "begin;");
    for (unsigned k = person_count(scene, truth) + 1; k <= count; k++)
        scene_add_statement(scene, buf, index, truth->unfinished_direction, k);
    add_rows(scene, buf, truth->rows, scene_heads(scene, after));
    add_mark(scene, buf, truth, count, "applied");
    buf_adds(buf, "commit");
}

void person_clean(struct scene *scene, size_t tenant)
{
    const char *schema = scene->places[tenant].schema;
    const struct fake_table *remains;
    while ((remains = fake_store_table(scene_store(scene, tenant), schema, FAKE_REMAINS)) &&
           remains->row_count)
        scene_do(scene, tenant, arena_printf(&scene->arena, "unbuild '%s'", remains->rows[0][0]));
}

void person_settle(struct scene *scene, size_t tenant, const struct truth *truth, bool finishes)
{
    struct buf buf;
    person_clean(scene, tenant);
    if (truth->unfinished < 0)
        return;
    buf_init(&buf, BUF_MAX_DEFAULT);
    if (finishes)
        add_finish(scene, &buf, truth);
    else
        add_mark(scene, &buf, truth, person_count(scene, truth), "partial");
    scene_do(scene, tenant, buf.data);
    buf_done(&buf);
}
