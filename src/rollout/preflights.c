#include "rollout/preflights.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"

struct preflights {
    struct arena arena;
    struct map by_key;
    struct preflight **items;
    size_t count, capacity;
};

struct preflights *preflights_new(void)
{
    struct preflights *preflights = xcalloc(1, sizeof *preflights);
    arena_init(&preflights->arena);
    map_init(&preflights->by_key);
    return preflights;
}

void preflights_free(struct preflights *preflights)
{
    if (!preflights)
        return;
    map_done(&preflights->by_key);
    arena_done(&preflights->arena);
    free(preflights);
}

static size_t count_statements(const struct work *work)
{
    size_t count = 0;
    for (size_t i = 0; i < work->count; i++)
        if (work->actions[i].kind == ACTION_SCRIPT)
            count += work->actions[i].piece->statement_count;
    return count;
}

static struct preflight *make(struct arena *arena, const struct dialect *dialect,
                              const struct work *work)
{
    struct preflight *preflight = arena_alloc(arena, sizeof *preflight);
    struct preflight_statement *statements =
        arena_calloc(arena, count_statements(work) + 1, sizeof *statements);
    size_t count = 0;
    for (size_t i = 0; i < work->count; i++) {
        const struct piece *piece = work->actions[i].piece;
        for (size_t at = 0; work->actions[i].kind == ACTION_SCRIPT && at < piece->statement_count;
             at++) {
            int line = piece_line(piece, 0, at);
            statements[count++] = (struct preflight_statement){
                .sql = arena_strndup(arena, piece->sql + piece->statements[at].offset,
                                     piece->statements[at].len),
                .len = piece->statements[at].len,
                .revision = work->actions[i].step->revision,
                .line = line,
                .source = piece_line_text(arena, piece, line),
            };
        }
    }
    *preflight = (struct preflight){.arena = arena};
    preflight_derive(preflight, dialect, statements, count);
    return preflight;
}

const struct preflight *preflights_get(struct preflights *preflights, const struct dialect *dialect,
                                       const struct work *work)
{
    struct buf key;
    buf_init(&key, BUF_MAX_DEFAULT);
    buf_addf(&key, "%s", dialect->name);
    for (size_t i = 0; i < work->count; i++)
        if (work->actions[i].kind == ACTION_SCRIPT) /* scripts are made once for all tenants */
            buf_addf(&key, " %p", (const void *)work->actions[i].piece);
    uint32_t index = map_get(&preflights->by_key, key.data);
    if (index == MAP_NONE) {
        index = (uint32_t)preflights->count;
        map_put(&preflights->by_key, arena_strdup(&preflights->arena, key.data), index);
        struct preflight *made = make(&preflights->arena, dialect, work);
        *ARENA_PUSH(&preflights->arena, preflights->items, preflights->count,
                    preflights->capacity) = made;
    }
    buf_done(&key);
    return preflights->items[index];
}
