#include "chain/identifier.h"

#include <ctype.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "chain/walk.h"

enum { PARTIAL_MIN = 4 };

/* The place of a trailing `+12` or `-3`, or NULL; what stands before must be a word. */
static const char *find_steps(const char *text)
{
    size_t len = strlen(text);
    size_t digits = len;
    while (digits && isdigit((unsigned char)text[digits - 1]))
        digits--;
    if (digits == len || !digits || len - digits > 6 || !strchr("+-", text[digits - 1]))
        return NULL;
    for (const char *p = text; p < text + digits - 1; p++)
        if (!isalnum((unsigned char)*p) && *p != '_')
            return NULL;
    return text + digits - 1;
}

struct identifier identifier_parse(struct arena *arena, const char *text)
{
    struct identifier identifier = {0};
    const char *at = strrchr(text, '@');
    if (at) {
        identifier.label = arena_strndup(arena, text, (size_t)(at - text));
        text = at + 1;
    }
    const char *steps = find_steps(text);
    if (steps) {
        identifier.is_relative = true;
        identifier.steps = (int)strtol(steps, NULL, 10);
    }
    size_t len = steps ? (size_t)(steps - text) : strlen(text);
    identifier.symbol = len || !steps ? arena_strndup(arena, text, len) : NULL;
    return identifier;
}

/* ---- lineage ------------------------------------------------------------------------------- */

static struct revisions one(struct arena *arena, uint32_t revision)
{
    uint32_t *items = arena_alloc(arena, sizeof *items);
    *items = revision;
    return (struct revisions){items, 1};
}

/* All that `revision` descends from or leads to. */
static bool *line_of(struct arena *arena, const struct chain *chain, uint32_t revision, bool deps)
{
    bool *below = walk_new_set(arena, chain);
    bool *above = walk_new_set(arena, chain);
    walk_mark(chain, below, revision, deps ? WALK_PARENTS : WALK_DOWN);
    walk_mark(chain, above, revision, deps ? WALK_ALL_NEXT : WALK_NEXT);
    for (size_t i = 0; i < chain->count; i++)
        below[i] |= above[i];
    return below;
}

static struct revisions filter_by_set(struct arena *arena, struct revisions from, const bool *set)
{
    uint32_t *items = arena_calloc(arena, from.count + 1, sizeof *items);
    size_t count = 0;
    for (size_t i = 0; i < from.count; i++)
        if (set[from.items[i]])
            items[count++] = from.items[i];
    return (struct revisions){items, count};
}

bool identifier_filter(struct arena *arena, const struct chain *chain, struct revisions from,
                       const char *label, bool with_dependencies, struct revisions *ret,
                       struct err *err)
{
    uint32_t branch;
    if (!identifier_branch(arena, chain, label, &branch, err))
        return false;
    *ret = filter_by_set(arena, from, line_of(arena, chain, branch, with_dependencies));
    return true;
}

/* ---- names --------------------------------------------------------------------------------- */

static bool refuse_several(const struct chain *chain, const char *text, struct revisions found,
                           struct err *err)
{
    struct buf names;
    buf_init(&names, 256);
    for (size_t i = 0; i < found.count && i < 3; i++)
        buf_addf(&names, "%s'%s'", i ? ", " : "", chain->revisions[found.items[i]]->id);
    err_set(err, ERR_CHAIN, "several revisions start with '%s': %s%s", text, names.data,
            found.count > 3 ? ", …" : "");
    buf_done(&names);
    return false;
}

/* An id, a label, or the beginning of one id. */
static bool find_name(struct arena *arena, const struct chain *chain, const char *text,
                      const bool *line, uint32_t *ret_revision, struct err *err)
{
    size_t len = strlen(text);
    uint32_t *items = arena_calloc(arena, chain->count + 1, sizeof *items);
    struct revisions found = {items, 0};
    *ret_revision = map_get(chain->by_name, text);
    if (*ret_revision != MAP_NONE)
        return true;
    for (uint32_t i = 0; i < chain->count && len; i++) {
        const char *id = chain->revisions[i]->id;
        if (strncmp(id, text, len) == 0 && strlen(id) >= PARTIAL_MIN && (!line || line[i]))
            items[found.count++] = i;
    }
    if (found.count > 1)
        return refuse_several(chain, text, found, err);
    if (!found.count)
        return err_set(err, ERR_CHAIN, "can't locate revision identified by '%s'", text);
    *ret_revision = items[0];
    return true;
}

bool identifier_branch(struct arena *arena, const struct chain *chain, const char *label,
                       uint32_t *ret_revision, struct err *err)
{
    if (find_name(arena, chain, label, NULL, ret_revision, err))
        return true;
    return err_set(err, ERR_CHAIN, "no such branch: '%s'", label);
}

static bool resolve_name(struct arena *arena, const struct chain *chain, const char *label,
                         const char *symbol, struct revisions *ret, struct err *err)
{
    const bool *line = NULL;
    uint32_t branch, revision;
    if (label) {
        if (!identifier_branch(arena, chain, label, &branch, err))
            return false;
        line = line_of(arena, chain, branch, false);
    }
    if (!find_name(arena, chain, symbol, line, &revision, err))
        return false;
    if (line && !line[revision])
        return err_set(err, ERR_CHAIN, "revision '%s' is not a member of branch '%s'",
                       chain->revisions[revision]->id, label);
    *ret = one(arena, revision);
    return true;
}

static bool refuse_heads(const struct chain *chain, const char *label, struct revisions heads,
                         struct err *err)
{
    struct buf names;
    buf_init(&names, 512);
    for (size_t i = 0; i < heads.count; i++)
        buf_addf(&names, "%s%s", i ? ", " : "", chain->revisions[heads.items[i]]->id);
    err_set(err, ERR_CHAIN,
            "multiple head revisions are present for '%s%shead': %s; name one, '<branchname>@head', "
            "or 'heads' for all",
            label ? label : "", label ? "@" : "", names.data);
    buf_done(&names);
    return false;
}

bool identifier_resolve(struct arena *arena, const struct chain *chain, const char *label,
                        const char *symbol, struct revisions *ret, struct err *err)
{
    struct revisions heads = {chain->heads, chain->head_count};
    if (strcmp(symbol, "base") == 0) {
        *ret = (struct revisions){0};
        return true;
    }
    bool is_head = strcmp(symbol, "head") == 0;
    if (!is_head && strcmp(symbol, "heads") != 0)
        return resolve_name(arena, chain, label, symbol, ret, err);
    if (label && !identifier_filter(arena, chain, heads, label, false, &heads, err))
        return false;
    if (is_head && heads.count > 1)
        return refuse_heads(chain, label, heads, err);
    bool is_all = !is_head && !label;
    *ret = is_all ? (struct revisions){chain->real_heads, chain->real_head_count} : heads;
    return true;
}

bool identifier_resolve_one(struct arena *arena, const struct chain *chain, const char *label,
                            const char *symbol, uint32_t *ret_revision, struct err *err)
{
    struct revisions found;
    if (!identifier_resolve(arena, chain, label, symbol, &found, err))
        return false;
    if (found.count > 1)
        return refuse_heads(chain, label, found, err);
    *ret_revision = found.count ? found.items[0] : MAP_NONE;
    return true;
}

/* ---- walking ------------------------------------------------------------------------------- */

/* One step down from base goes nowhere; from a base, to base. */
static bool step_down(const struct chain *chain, uint32_t *at, bool *ret_is_over, struct err *err)
{
    *ret_is_over = *at == MAP_NONE;
    if (*ret_is_over)
        return true;
    const struct revision *revision = chain->revisions[*at];
    if (revision->down_count > 1)
        return err_set(err, ERR_CHAIN, "ambiguous walk: revision '%s' is a merge", revision->id);
    *at = revision->down_count ? revision->down[0] : MAP_NONE;
    return true;
}

static bool step_up(struct arena *arena, const struct chain *chain, uint32_t *at, const char *label,
                    bool *ret_is_over, struct err *err)
{
    struct revisions up = *at == MAP_NONE
                              ? (struct revisions){chain->bases, chain->base_count}
                              : (struct revisions){chain->revisions[*at]->next,
                                                   chain->revisions[*at]->next_count};
    if (label && !identifier_filter(arena, chain, up, label, false, &up, err))
        return false;
    *ret_is_over = !up.count;
    if (up.count > 1)
        return err_set(err, ERR_CHAIN, "ambiguous walk: '%s' and '%s' both follow",
                       chain->revisions[up.items[0]]->id, chain->revisions[up.items[1]]->id);
    if (up.count)
        *at = up.items[0];
    return true;
}

bool identifier_walk(struct arena *arena, const struct chain *chain, uint32_t start, int steps,
                     const char *label, uint32_t *ret, struct err *err)
{
    uint32_t at = start;
    int wanted = steps < 0 ? -steps : steps;
    for (int i = 0; i < wanted; i++) {
        bool is_over;
        bool is_clear = steps < 0 ? step_down(chain, &at, &is_over, err)
                                  : step_up(arena, chain, &at, label, &is_over, err);
        if (!is_clear)
            return false;
        if (is_over)
            return err_set(err, ERR_CHAIN, "relative revision %+d didn't produce %d migrations",
                           steps, wanted);
    }
    *ret = at;
    return true;
}
