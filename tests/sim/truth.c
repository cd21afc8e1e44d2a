#include "sim/truth.h"

#include "driver/fake_store.h"

enum { REVISION, DIRECTION, CHECKSUM, STATEMENTS, STATE }; /* SQL_HISTORY's columns */

struct progress { /* of a revision */
    unsigned done[DIRECTION__COUNT];
    unsigned batches; /* of the next statement, which repeats */
};

/* `rN+K`. */
static bool take_effect(const struct scene *scene, struct progress *progress, const char *effect,
                        const char **ret_why)
{
    unsigned index = (unsigned)(effect[1] - '0');
    enum direction direction = effect[2] == '+' ? DIRECTION_UP : DIRECTION_DOWN;
    unsigned statement = (unsigned)(effect[3] - '0');
    const struct scene_revision *revision = &scene->revisions[index];
    struct progress *own = &progress[index];
    bool is_up = direction == DIRECTION_UP;
    *ret_why = effect;
    if (own->done[direction] != statement - 1)
        return false;
    if (is_up ? own->done[DIRECTION_DOWN] != 0
              : own->done[DIRECTION_UP] != revision->statements[DIRECTION_UP])
        return false;
    for (size_t i = 0; i < scene->revision_count; i++) {
        const struct scene_revision *other = &scene->revisions[i];
        bool is_parent = revision->parents >> i & 1, is_child = other->parents >> index & 1;
        bool is_there = progress[i].done[DIRECTION_UP] == other->statements[DIRECTION_UP] &&
                        !progress[i].done[DIRECTION_DOWN];
        if (is_up ? is_parent && !is_there : is_child && progress[i].done[DIRECTION_UP])
            return false;
    }
    if (++own->batches < revision->batches[direction][statement])
        return true;
    own->batches = 0;
    own->done[direction]++;
    if (own->done[DIRECTION_DOWN] == revision->statements[DIRECTION_DOWN] && !is_up)
        *own = (struct progress){{0, 0}, 0};
    return true;
}

static bool read_effects(const struct scene *scene, size_t tenant, const struct fake_store *store,
                         struct truth *truth, const char **ret_why)
{
    const char *schema = scene->places[tenant].schema;
    struct progress progress[REVISIONS_MAX] = {{{0, 0}, 0}};
    truth->part = -1;
    for (size_t i = 0; i < store->effect_count; i++)
        if (strcmp(store->effects[i].schema, schema) == 0 &&
            !take_effect(scene, progress, store->effects[i].name, ret_why))
            return false;
    for (size_t i = 0; i < scene->revision_count; i++) {
        unsigned up = progress[i].done[DIRECTION_UP], down = progress[i].done[DIRECTION_DOWN];
        if (!up)
            continue;
        if (up == scene->revisions[i].statements[DIRECTION_UP] && !down) {
            truth->stands |= 1u << i;
            continue;
        }
        *ret_why = "two revisions are half done";
        if (truth->part >= 0)
            return false;
        truth->part = (int)i;
        truth->part_direction = down ? DIRECTION_DOWN : DIRECTION_UP;
        truth->part_done = down ? down : up;
    }
    return true;
}

static bool read_rows(const struct scene *scene, size_t tenant, const struct fake_store *store,
                      struct truth *truth, const char **ret_why)
{
    const struct fake_table *table = scene_table(scene, tenant, store, "alembic_version");
    for (size_t i = 0; table && i < table->row_count; i++) {
        bool is_stray = strcmp(table->rows[i][0], TRUTH_STRAY_ID) == 0;
        int index = scene_find(scene, table->rows[i][0]);
        uint32_t row = is_stray ? TRUTH_STRAY : index < 0 ? 0 : 1u << index;
        *ret_why = "a version row of no revision, or twice";
        if (!row || truth->rows & row)
            return false;
        truth->rows |= row;
    }
    return true;
}

static bool read_history(const struct scene *scene, size_t tenant, const struct fake_store *store,
                         struct truth *truth, const char **ret_why)
{
    const struct fake_table *table = scene_table(scene, tenant, store, "skein_history");
    truth->unfinished = -1;
    for (size_t i = 0; table && i < table->row_count; i++) {
        const char *const *row = table->rows[i];
        int index = scene_find(scene, row[REVISION]);
        bool is_up = strcmp(row[DIRECTION], "up") == 0;
        bool is_stamp = strcmp(row[DIRECTION], "stamp") == 0;
        *ret_why = "a step is twice in the history, or never began";
        if (is_stamp && index >= 0)
            truth->recorded |= scene->revisions[index].ancestors;
        if (is_stamp)
            continue;
        if (index < 0)
            return false;
        if (strcmp(row[STATE], "running") == 0 || strcmp(row[STATE], "partial") == 0) {
            truth->unfinished = index;
            truth->unfinished_direction = is_up ? DIRECTION_UP : DIRECTION_DOWN;
            truth->unfinished_statements = (unsigned)strtoul(row[STATEMENTS], NULL, 10);
            truth->knows_statements = strncmp(row[CHECKSUM], "begun:", strlen("begun:")) == 0 ||
                                      strncmp(row[CHECKSUM], "clean:", strlen("clean:")) == 0;
            truth->is_running = strcmp(row[STATE], "running") == 0;
        }
        if (strcmp(row[STATE], "applied") != 0)
            continue;
        if ((truth->recorded >> index & 1) == is_up && !scene->places[tenant].was_garbled)
            return false;
        truth->recorded ^= 1u << index;
    }
    if (scene->places[tenant].was_garbled)
        truth->recorded = scene_closure(scene, truth->rows);
    return true;
}

bool truth_read(const struct scene *scene, size_t tenant, const struct fake_store *store,
                struct truth *ret_truth, const char **ret_why)
{
    struct truth truth = {0};
    if (!read_effects(scene, tenant, store, &truth, ret_why) ||
        !read_rows(scene, tenant, store, &truth, ret_why) ||
        !read_history(scene, tenant, store, &truth, ret_why))
        return false;
    const struct fake_table *remains =
        fake_store_table(store, scene->places[tenant].schema, FAKE_REMAINS);
    truth.has_remains = remains && remains->row_count;
    *ret_truth = truth;
    return true;
}

/* ---- files that were edited ---------------------------------------------------------------- */

int truth_stale_row(const struct scene *scene, size_t tenant, const struct fake_store *store,
                    const char *revision)
{
    const struct fake_table *table = scene_table(scene, tenant, store, "skein_history");
    const char *checksum = chain_get(scene->chain, revision)->checksum;
    int stale = -1;
    for (size_t i = 0; table && i < table->row_count; i++) {
        const char *const *row = table->rows[i];
        bool is_applied = strcmp(row[DIRECTION], "up") == 0 && strcmp(row[STATE], "applied") == 0;
        bool is_other =
            *row[CHECKSUM] && strcmp(row[CHECKSUM], checksum) != 0; /* a person writes none */
        if (strcmp(row[DIRECTION], "stamp") == 0)
            stale = -1; /* it vouches for all before it */
        else if (strcmp(row[REVISION], revision) == 0)
            stale = is_applied && is_other ? (int)i : -1;
    }
    return stale;
}

bool truth_is_renewed(const struct scene *scene, size_t tenant, const struct fake_store *before,
                      const struct fake_store *after, const char *revision)
{
    const struct fake_table *was = scene_table(scene, tenant, before, "skein_history");
    const struct fake_table *is = scene_table(scene, tenant, after, "skein_history");
    const char *checksum = chain_get(scene->chain, revision)->checksum;
    int stale = truth_stale_row(scene, tenant, before, revision);
    if (!was || !is || stale < 0 || was->row_count != is->row_count)
        return false;
    for (int i = 0; i < (int)was->row_count; i++)
        for (int column = 0; was->rows[i] != is->rows[i] && column <= STATE; column++) {
            const char *wanted = i == stale && column == CHECKSUM ? checksum : was->rows[i][column];
            if (strcmp(is->rows[i][column], wanted) != 0)
                return false;
        }
    return strcmp(is->rows[stale][CHECKSUM], checksum) == 0;
}

bool truth_is_whole(const struct scene *scene, const struct truth *truth)
{
    return truth->part < 0 && truth->unfinished < 0 && !truth->has_remains &&
           truth->recorded == truth->stands && truth->rows == scene_heads(scene, truth->stands);
}

bool truth_is_whole_but_one(const struct scene *scene, const struct truth *truth)
{
    if (truth->has_remains && truth->unfinished < 0)
        return false;
    uint32_t one = truth->unfinished < 0 ? 0 : 1u << truth->unfinished;
    if (truth->part >= 0 &&
        (truth->part != truth->unfinished || truth->part_direction != truth->unfinished_direction))
        return false;
    uint32_t of_rows = scene_closure(scene, truth->rows);
    return truth->rows == scene_heads(scene, of_rows) && truth->recorded == of_rows &&
           (truth->stands & ~one) == (of_rows & ~one);
}
