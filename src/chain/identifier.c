#include "chain/identifier.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/similar.h"

enum { PARTIAL_MIN = 4, STEP_DIGITS_MAX = 8, NAMES_SHOWN = 3 };

/* ---- words --------------------------------------------------------------------------------- */

/* Finds the `+12` or `-3` at the end of an identifier. NULL: there is none, or what comes before it is no word. */
static const char *find_steps(const char *text)
{
    size_t len = strlen(text);
    size_t digits = len;
    while (digits && ascii_is_digit(text[digits - 1]))
        digits--;
    if (digits == len || !digits || !strchr("+-", text[digits - 1]))
        return NULL;
    for (const char *p = text; p < text + digits - 1; p++)
        if (!ascii_is_alnum(*p) && *p != '_')
            return NULL;
    return text + digits - 1;
}

/* A number of steps that is too large for an int is cut: it leaves any chain all the same. */
static int parse_steps(const char *text)
{
    bool is_huge = strlen(text + 1) > STEP_DIGITS_MAX;
    int steps = is_huge ? 100000000 : (int)strtol(text + 1, NULL, 10);
    return *text == '-' ? -steps : steps;
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
        identifier.steps = parse_steps(steps);
    }
    size_t len = steps ? (size_t)(steps - text) : strlen(text);
    identifier.symbol = len || !steps ? arena_strndup(arena, text, len) : NULL;
    return identifier;
}

bool identifier_needs_rows(const char *text)
{
    const char *at = strrchr(text, '@');
    const char *rest = at ? at + 1 : text;
    return strcmp(text, "current") == 0 || find_steps(rest) == rest;
}

bool identifier_refuse_steps(int steps, struct err *err)
{
    return err_set(err, ERR_CHAIN, "relative revision %+d didn't produce %d migrations", steps,
                   steps < 0 ? -steps : steps);
}

/* ---- names --------------------------------------------------------------------------------- */

/* The names that begin with a text: how many, and the first of them. */
struct partial {
    const char *text;
    size_t len, count;
    uint32_t revision;
    const char *names[NAMES_SHOWN];
};

static void add_partial(struct partial *partial, const char *name, uint32_t revision)
{
    if (strncmp(name, partial->text, partial->len) != 0 || strlen(name) < PARTIAL_MIN)
        return;
    if (!partial->count)
        partial->revision = revision;
    if (partial->count < NAMES_SHOWN)
        partial->names[partial->count] = name;
    partial->count++;
}

static bool refuse_several(const struct partial *partial, struct err *err)
{
    struct buf names;
    buf_init(&names, 256);
    for (size_t i = 0; i < partial->count && i < NAMES_SHOWN; i++)
        buf_addf(&names, "%s'%s'", i ? ", " : "", partial->names[i]);
    err_set(err, ERR_CHAIN, "several revisions start with '%s': %s%s", partial->text, names.data,
            partial->count > NAMES_SHOWN ? ", …" : "");
    buf_done(&names);
    return false;
}

/* Says that no revision has the name, and which name is close to it. For that the whole chain is searched: it is done
 * only here, once a name has led to nothing. */
static bool refuse_unknown(const struct lookup *in, const char *text)
{
    struct similar similar = similar_to(text);
    similar_try(&similar, "head");
    similar_try(&similar, "heads");
    similar_try(&similar, "base");
    for (uint32_t i = 0; i < in->chain->count; i++) {
        const struct revision *revision = in->chain->revisions[i];
        similar_try(&similar, revision->id);
        for (size_t l = 0; l < revision->label_count; l++)
            similar_try(&similar, revision->labels[l]);
    }
    err_set(in->err, ERR_CHAIN, "can't locate revision identified by '%s'", text);
    similar_add_hint(in->err, &similar);
    return false;
}

/* Finds what an id, a label, or the beginning of one of them means. Where a line is given, only beginnings of ids on
 * that line count. */
static bool find_name(const struct lookup *in, const char *text, const bool *line,
                      uint32_t *ret_revision)
{
    struct partial partial = {.text = text, .len = strlen(text)};
    *ret_revision = map_get(in->chain->by_name, text);
    if (*ret_revision != MAP_NONE)
        return true;
    for (uint32_t i = 0; i < in->chain->count && partial.len; i++) {
        const struct revision *revision = in->chain->revisions[i];
        if (line && !line[i])
            continue;
        add_partial(&partial, revision->id, i);
        for (size_t l = 0; l < revision->label_count; l++)
            add_partial(&partial, revision->labels[l], i);
    }
    if (partial.count > 1)
        return refuse_several(&partial, in->err);
    if (!partial.count)
        return refuse_unknown(in, text);
    *ret_revision = partial.revision;
    return true;
}

bool identifier_branch(const struct lookup *in, const char *label, uint32_t *ret_revision)
{
    if (find_name(in, label, NULL, ret_revision))
        return true;
    struct similar similar = similar_to(label);
    for (uint32_t i = 0; i < in->chain->count; i++)
        for (size_t l = 0; l < in->chain->revisions[i]->label_count; l++)
            similar_try(&similar, in->chain->revisions[i]->labels[l]);
    err_set(in->err, ERR_CHAIN, "no such branch: '%s'", label);
    similar_add_hint(in->err, &similar);
    return false;
}

/* ---- lines --------------------------------------------------------------------------------- */

/* The set of all ancestors and descendants of the revisions. */
static const bool *line_of(const struct lookup *in, struct revisions from)
{
    bool *below = walk_from(in->arena, in->chain, from, WALK_DOWN);
    bool *above = walk_from(in->arena, in->chain, from, WALK_NEXT);
    for (size_t i = 0; i < in->chain->count; i++)
        below[i] |= above[i];
    return below;
}

static bool find_line(const struct lookup *in, const char *label, const bool **ret_line)
{
    uint32_t branch;
    if (!identifier_branch(in, label, &branch))
        return false;
    *ret_line = line_of(in, (struct revisions){&branch, 1});
    return true;
}

bool identifier_filter(const struct lookup *in, struct revisions from, const char *label,
                       struct revisions *ret)
{
    const bool *line;
    if (!find_line(in, label, &line))
        return false;
    *ret = walk_filter(in->arena, from, line);
    return true;
}

/* ---- absolute identifiers ------------------------------------------------------------------ */

static struct revisions one(struct arena *arena, uint32_t revision)
{
    uint32_t *items = arena_alloc(arena, sizeof *items);
    *items = revision;
    return (struct revisions){items, 1};
}

static bool locate_name(const struct lookup *in, const char *label, const char *symbol,
                        struct revisions *ret)
{
    const bool *line = NULL;
    uint32_t revision;
    if ((label && !find_line(in, label, &line)) || !find_name(in, symbol, line, &revision))
        return false;
    if (line && !line[revision])
        return err_set(in->err, ERR_CHAIN, "revision '%s' is not a member of branch '%s'",
                       in->chain->revisions[revision]->id, label);
    *ret = one(in->arena, revision);
    return true;
}

/* Refuses several heads where one revision is meant, and names them. For `head` the error offers `heads` too. */
static bool refuse_heads(const struct lookup *in, const char *label, const char *symbol,
                         struct revisions heads)
{
    bool may_be_all = strcmp(symbol, "head") == 0;
    struct buf names;
    buf_init(&names, 512);
    for (size_t i = 0; i < heads.count; i++)
        buf_addf(&names, "%s%s", i ? ", " : "", in->chain->revisions[heads.items[i]]->id);
    err_set(in->err, ERR_CHAIN, "multiple head revisions are present for '%s%s%s': %s; name one%s",
            label ? label : "", label ? "@" : "", symbol, names.data,
            may_be_all ? ", '<branchname>@head', or 'heads' for all" : " of them");
    buf_done(&names);
    return false;
}

/* `LABEL@head` and `LABEL@heads` are versioned heads; `heads` by itself leaves out those that another
 * revision depends on. */
static bool locate_heads(const struct lookup *in, const char *label, bool is_one,
                         struct revisions *ret)
{
    struct revisions heads = {in->chain->heads, in->chain->head_count};
    if (label && !identifier_filter(in, heads, label, &heads))
        return false;
    if (is_one && heads.count > 1)
        return refuse_heads(in, label, "head", heads);
    bool is_all = !is_one && !label;
    *ret = is_all ? (struct revisions){in->chain->real_heads, in->chain->real_head_count} : heads;
    return true;
}

bool identifier_locate(const struct lookup *in, const char *label, const char *symbol,
                       struct revisions *ret)
{
    uint32_t branch;
    bool is_head = strcmp(symbol, "head") == 0;
    if (is_head || strcmp(symbol, "heads") == 0)
        return locate_heads(in, label, is_head, ret);
    if (strcmp(symbol, "base") != 0)
        return locate_name(in, label, symbol, ret);
    if (label && !identifier_branch(in, label, &branch))
        return false;
    *ret = (struct revisions){0};
    return true;
}

bool identifier_locate_one(const struct lookup *in, const char *label, const char *symbol,
                           uint32_t *ret_revision)
{
    struct revisions found;
    if (!identifier_locate(in, label, symbol, &found))
        return false;
    if (found.count > 1)
        return refuse_heads(in, label, symbol, found);
    *ret_revision = found.count ? found.items[0] : MAP_NONE;
    return true;
}

/* Is one of the revisions an ancestor of another? */
static bool do_overlap(const struct lookup *in, struct revisions revisions)
{
    bool *under = walk_new_set(in->arena, in->chain);
    for (size_t i = 0; i < revisions.count; i++) {
        const struct revision *revision = in->chain->revisions[revisions.items[i]];
        for (size_t p = 0; p < revision->parent_count; p++)
            walk_mark(in->chain, under, revision->parents[p], WALK_PARENTS);
    }
    return walk_filter(in->arena, revisions, under).count > 0;
}

bool identifier_check_overlap(const struct lookup *in, struct revisions revisions)
{
    if (revisions.count < 2 || !do_overlap(in, revisions))
        return true;
    for (size_t i = 0; i < revisions.count; i++) {
        uint32_t upper = revisions.items[i];
        const bool *line =
            walk_from(in->arena, in->chain, (struct revisions){&upper, 1}, WALK_PARENTS);
        for (size_t other = 0; other < revisions.count; other++)
            if (revisions.items[other] != upper && line[revisions.items[other]])
                return err_set(
                    in->err, ERR_CHAIN,
                    "requested revision '%s' overlaps with other requested revisions '%s'",
                    in->chain->revisions[upper]->id,
                    in->chain->revisions[revisions.items[other]]->id);
    }
    return true;
}

/* ---- walking ------------------------------------------------------------------------------- */

/* A step down from base leads nowhere. A step down from a revision that revises none leads to base. */
static bool step_down(const struct lookup *in, uint32_t *at, bool *ret_is_over)
{
    *ret_is_over = *at == MAP_NONE;
    if (*ret_is_over)
        return true;
    const struct revision *revision = in->chain->revisions[*at];
    if (revision->down_count > 1)
        return err_set(in->err, ERR_CHAIN, "ambiguous walk: revision '%s' is a merge",
                       revision->id);
    *at = revision->down_count ? revision->down[0] : MAP_NONE;
    return true;
}

static bool step_up(const struct lookup *in, uint32_t *at, const bool *line, bool *ret_is_over)
{
    const struct revision *revision = *at == MAP_NONE ? NULL : in->chain->revisions[*at];
    size_t count = revision ? revision->next_count : in->chain->base_count;
    const uint32_t *up = revision ? revision->next : in->chain->bases;
    uint32_t found = MAP_NONE;
    for (size_t i = 0; i < count; i++) {
        if (line && !line[up[i]])
            continue;
        if (found != MAP_NONE)
            return err_set(in->err, ERR_CHAIN, "ambiguous walk: '%s' and '%s' both follow",
                           in->chain->revisions[found]->id, in->chain->revisions[up[i]]->id);
        found = up[i];
    }
    *ret_is_over = found == MAP_NONE;
    if (!*ret_is_over)
        *at = found;
    return true;
}

bool identifier_walk(const struct lookup *in, const struct identifier_walk *walk, uint32_t *ret)
{
    uint32_t at = walk->start;
    const bool *line = NULL;
    bool is_over = false;
    if (walk->label && !find_line(in, walk->label, &line))
        return false;
    for (int left = abs(walk->steps); left && !is_over; left--) {
        bool is_clear =
            walk->steps < 0 ? step_down(in, &at, &is_over) : step_up(in, &at, line, &is_over);
        if (!is_clear)
            return false;
    }
    if (is_over && !walk->ends_early)
        return identifier_refuse_steps(walk->steps, in->err);
    *ret = at;
    return true;
}

bool identifier_follow(const struct lookup *in, const struct identifier *identifier,
                       bool ends_early, uint32_t *ret)
{
    bool is_up = identifier->steps > 0;
    struct identifier_walk walk = {.steps = identifier->steps,
                                   .label = is_up ? identifier->label : NULL,
                                   .ends_early = ends_early};
    return identifier_locate_one(in, is_up ? NULL : identifier->label, identifier->symbol,
                                 &walk.start) &&
           identifier_walk(in, &walk, ret);
}

/* ---- any identifier ------------------------------------------------------------------------ */

/* `-N` and `LABEL@-N`: down from every head (of the branch). */
static bool find_below_heads(const struct lookup *in, const struct identifier *identifier,
                             struct revisions *ret)
{
    struct revisions heads = {in->chain->real_heads, in->chain->real_head_count};
    if (identifier->label && !identifier_filter(in, heads, identifier->label, &heads))
        return false;
    uint32_t *items = arena_calloc(in->arena, heads.count + 1, sizeof *items);
    size_t count = 0;
    for (size_t i = 0; i < heads.count; i++) {
        struct identifier_walk walk = {.start = heads.items[i], .steps = identifier->steps};
        if (!identifier_walk(in, &walk, &items[count]))
            return false;
        count += items[count] != MAP_NONE;
    }
    *ret = (struct revisions){items, count};
    return true;
}

bool identifier_find(const struct lookup *in, const char *text, const struct revisions *rows,
                     struct revisions *ret)
{
    struct identifier identifier = identifier_parse(in->arena, text);
    uint32_t found;
    if (strcmp(text, "current") == 0 && rows) {
        *ret = *rows;
        return true;
    }
    if (!identifier.is_relative)
        return identifier_locate(in, identifier.label, identifier.symbol, ret);
    if (!identifier.symbol)
        return identifier.steps < 0
                   ? find_below_heads(in, &identifier, ret)
                   : err_set(in->err, ERR_CHAIN, "can't locate revision identified by '%s'", text);
    if (!identifier_follow(in, &identifier, false, &found))
        return false;
    *ret = found == MAP_NONE ? (struct revisions){0} : one(in->arena, found);
    return true;
}
