/* A table as earlier statements leave it: what it is called, and what they make of its columns. */
#include "preflight/preflight_private.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/dialect.h"

bool preflight_is_same(const char *a, const char *b)
{
    return a && b && ascii_is_same(a, b);
}

size_t preflight_statement_of(const struct walk *walk, size_t deed)
{
    size_t statement = walk->statement;
    while (statement && walk->first[statement] > deed)
        statement--;
    return statement;
}

static void add_names(const struct walk *walk, const char *table, size_t before,
                      struct preflight_names_list *names)
{
    if (!table)
        return;
    names->items[names->count++] = table;
    for (size_t i = before; i-- > 0;) {
        const struct deed *deed = &walk->deeds.items[i];
        if (deed->kind == DEED_RENAME && !deed->column && deed->table &&
            preflight_is_same(deed->other, table))
            names->items[names->count++] = table = deed->table;
    }
}

struct preflight_names_list preflight_names(const struct walk *walk, const struct deed *deed,
                                            size_t before)
{
    struct preflight_names_list names = {
        .items = arena_calloc(walk->preflight->arena, 2 * before + 2, sizeof *names.items)};
    add_names(walk, deed->table, before, &names);
    add_names(walk, deed->other, before, &names);
    return names;
}

static const char *quoted(const struct walk *walk, const char *name)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    walk->dialect->add_identifier(&buf, name);
    return buf_into(&buf, walk->preflight->arena);
}

/* Does the catalog say enough for a column that gets the type? A new one must get a value that stands in the statement. */
static bool sees_type(const struct walk *walk, const struct deed *deed)
{
    bool is_new = deed->kind == DEED_ADD_COLUMN;
    bool is_made_up = is_new && deed->flags & DEED_NOT_NULL && !(deed->flags & DEED_DEFAULT);
    bool is_computed =
        is_new && deed->expression &&
        (strchr(deed->expression, '(') || ascii_begins(deed->expression, "current_"));
    return walk->dialect->sees_type && deed->type && !is_made_up && !is_computed &&
           !(deed->flags & (DEED_CHARSET | DEED_NUMBERED | DEED_GENERATED)) &&
           walk->dialect->sees_type(deed->type);
}

/* What the deed makes of a column, in SQL; false: that is more than can be said. */
static bool layer_of(const struct walk *walk, const struct deed *deed, struct question_layer *ret)
{
    bool says_values = walk->dialect->sees_values_through || sees_type(walk, deed);
    *ret = (struct question_layer){
        .column = deed->column, .definition = deed->definition, .type = deed->type};
    switch (deed->kind) {
    case DEED_RENAME:
        if (!deed->column || !deed->other)
            return false;
        *ret = (struct question_layer){
            .column = deed->other, .value = quoted(walk, deed->column), .was = deed->column};
        return true;
    case DEED_ADD_COLUMN:
        ret->value = deed->expression ? deed->expression : "NULL";
        ret->is_new = true;
        return says_values && deed->definition && deed->column &&
               !(deed->flags & (DEED_GENERATED | DEED_NUMBERED | DEED_VOLATILE | DEED_CONDITIONAL));
    case DEED_SET_TYPE:
        ret->value = deed->expression ? deed->expression : quoted(walk, deed->column);
        return says_values && deed->definition && deed->type && !(deed->flags & DEED_UNSTABLE);
    default: return false;
    }
}

/* Of the statement under way, types count: constraints are held to the new ones. */
static bool comes_before(const struct walk *walk, size_t deed, const struct deed *asked)
{
    return preflight_statement_of(walk, deed) < walk->statement ||
           (walk->deeds.items[deed].kind == DEED_SET_TYPE && asked->kind != DEED_SET_TYPE &&
            (walk->dialect->sees_values_through || walk->dialect->sees_type));
}

static struct question_view view_of(const struct walk *walk, const char *table,
                                    const struct deed *asked, size_t before)
{
    struct arena *arena = walk->preflight->arena;
    struct question_view view = {.table = table};
    struct question_layer *layers = arena_calloc(arena, before + 1, sizeof *layers);
    size_t *deeds = arena_calloc(arena, before + 1, sizeof *deeds), at = before;
    for (size_t i = before; i-- > 0;) {
        const struct deed *deed = &walk->deeds.items[i];
        bool is_table = deed->kind == DEED_RENAME && !deed->column && deed->table;
        bool is_it = preflight_is_same(deed->table, view.table);
        if (is_it && (is_table || deed->kind == DEED_CREATE_TABLE))
            break; /* before it the name is another table's */
        if (is_table && preflight_is_same(deed->other, view.table) &&
            preflight_statement_of(walk, i) < walk->statement)
            view.table = deed->table;
        else if (!is_it || !comes_before(walk, i, asked))
            continue;
        else if (layer_of(walk, deed, &layers[at - 1]))
            layers[--at].statement = preflight_statement_of(walk, i);
        else if (deed->kind != DEED_DROP_COLUMN) /* what names it is refused */
            continue;
        deeds[view.deed_count++] = i;
    }
    view.layers = layers + at;
    view.count = before - at;
    view.deeds = deeds;
    return view;
}

static bool see_texts(struct walk *walk, const struct question_request *request,
                      struct deed_texts *texts)
{
    struct arena *arena = walk->preflight->arena;
    const char **items = arena_calloc(arena, texts->count + 1, sizeof *items);
    for (size_t i = 0; i < texts->count; i++)
        if (!(items[i] = question_see_through(arena, request, &request->own, texts->items[i])))
            return false;
    *texts = (struct deed_texts){items, texts->count};
    return true;
}

static bool see_text(struct walk *walk, const struct question_request *request, const char **text)
{
    *text =
        *text ? question_see_through(walk->preflight->arena, request, &request->own, *text) : NULL;
    return *text;
}

/* The keys of a foreign key stay: its question makes them of the rows. */
static bool see_deed(struct walk *walk, const struct question_request *request, struct deed *deed)
{
    const struct deed *was = request->deed;
    struct deed_texts keys = deed->keys, parents = deed->parents;
    struct question_request of_parent = *request;
    of_parent.own = request->parent;
    if (deed->kind == DEED_ADD_FOREIGN_KEY)
        return see_texts(walk, request, &keys) && see_texts(walk, &of_parent, &parents);
    return see_texts(walk, request, &deed->keys) &&
           (see_text(walk, request, &deed->rule) || !was->rule) &&
           (see_text(walk, request, &deed->predicate) || !was->predicate) &&
           (see_text(walk, request, &deed->expression) || !was->expression);
}

/* Is it what holds rows to something, of which the dialect can ask by the catalog? */
static bool is_held_to(const struct deed *deed)
{
    return deed->kind == DEED_ADD_CHECK || deed->kind == DEED_ADD_FOREIGN_KEY ||
           deed->kind == DEED_ADD_UNIQUE || deed->kind == DEED_CREATE_INDEX;
}

bool preflight_see(struct walk *walk, size_t own, struct question_request *request,
                   struct deed *ret_seen)
{
    const struct deed *deed = request->deed;
    struct question_request seen = *request;
    seen.own = view_of(walk, deed->table, deed, own);
    if (deed->other && deed->kind == DEED_ADD_FOREIGN_KEY)
        seen.parent = view_of(walk, deed->other, deed, own);
    if (!seen.own.deed_count && !seen.parent.deed_count)
        return false;
    *ret_seen = *deed;
    if (!see_deed(walk, &seen, ret_seen)) {
        if (!walk->dialect->sees_type || !is_held_to(deed))
            return false;
        *ret_seen = *deed;
        seen.is_changed = true;
    }
    seen.shown = deed;
    seen.deed = ret_seen;
    *request = seen;
    return true;
}
