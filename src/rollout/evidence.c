#include "rollout/evidence.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "chain/walk.h"
#include "dialect/scripts.h"

struct evidence {
    const struct chain *chain;
    struct scripts *scripts;
    struct arena arena;
    struct map by_key;
    struct tables **items;
    size_t count, capacity;
};

struct evidence *evidence_new(const struct chain *chain, struct scripts *scripts)
{
    struct evidence *evidence = xcalloc(1, sizeof *evidence);
    evidence->chain = chain;
    evidence->scripts = scripts;
    arena_init(&evidence->arena);
    map_init(&evidence->by_key);
    return evidence;
}

void evidence_free(struct evidence *evidence)
{
    if (!evidence)
        return;
    map_done(&evidence->by_key);
    arena_done(&evidence->arena);
    free(evidence);
}

/* A revision without a sound section for the dialect tells of no tables. */
static void follow_revision(struct evidence *evidence, const struct dialect *dialect,
                            const struct revision *revision, struct tables *tables)
{
    struct err err;
    const struct script *script =
        scripts_get(evidence->scripts, dialect, revision, DIRECTION_UP, &err);
    for (size_t p = 0; script && p < script->piece_count; p++) {
        const struct piece *piece = &script->pieces[p];
        for (size_t s = 0; s < piece->statement_count; s++)
            tables_follow(tables, dialect, piece->sql + piece->statements[s].offset,
                          piece->statements[s].len);
    }
}

static struct tables *make(struct evidence *evidence, const struct dialect *dialect,
                           const struct rows *rows)
{
    const struct chain *chain = evidence->chain;
    struct arena *arena = &evidence->arena;
    struct tables *tables = arena_alloc(arena, sizeof *tables);
    bool *stands = walk_new_set(arena, chain);
    uint32_t *order = arena_calloc(arena, chain->count + 1, sizeof *order);
    *tables = (struct tables){.arena = arena};
    for (size_t i = 0; i < rows->count; i++) {
        const struct revision *revision = chain_get(chain, rows->ids[i]);
        if (revision)
            walk_mark(chain, stands, revision->index, WALK_PARENTS);
    }
    size_t count = walk_sort(chain, stands, order);
    for (size_t i = 0; i < count; i++)
        follow_revision(evidence, dialect, chain->revisions[order[i]], tables);
    return tables;
}

const struct tables *evidence_tables(struct evidence *evidence, const struct dialect *dialect,
                                     const struct rows *rows)
{
    struct buf key;
    buf_init(&key, BUF_MAX_DEFAULT);
    buf_addf(&key, "%s\n", dialect->name);
    rows_add_key(&key, rows);
    uint32_t index = map_get(&evidence->by_key, key.data);
    if (index == MAP_NONE) {
        index = (uint32_t)evidence->count;
        map_put(&evidence->by_key, arena_strdup(&evidence->arena, key.data), index);
        struct tables *made = make(evidence, dialect, rows);
        *ARENA_PUSH(&evidence->arena, evidence->items, evidence->count, evidence->capacity) = made;
    }
    buf_done(&key);
    return evidence->items[index];
}
