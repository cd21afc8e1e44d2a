/* Both catalogs of an emission as parts: sorted, paired, with their owners and with what they need. */
#include "dialect/postgres/emit_private.h"

/* ---- kinds ------------------------------------------------------------------------------------ */

bool postgres_emit_is_view(enum object_kind kind)
{
    return kind == OBJECT_VIEW || kind == OBJECT_MATERIALIZED_VIEW;
}

bool postgres_emit_is_table(enum object_kind kind)
{
    return kind == OBJECT_TABLE || kind == OBJECT_FOREIGN_TABLE;
}

bool postgres_emit_is_type(enum object_kind kind)
{
    return kind == OBJECT_ENUM || kind == OBJECT_DOMAIN || kind == OBJECT_COMPOSITE ||
           kind == OBJECT_RANGE;
}

bool postgres_emit_is_routine(enum object_kind kind)
{
    return kind == OBJECT_FUNCTION || kind == OBJECT_PROCEDURE;
}

bool postgres_emit_is_constraint(enum object_kind kind)
{
    return kind == OBJECT_PRIMARY_KEY || kind == OBJECT_UNIQUE || kind == OBJECT_CHECK ||
           kind == OBJECT_EXCLUSION || kind == OBJECT_FOREIGN_KEY;
}

bool postgres_emit_is_serial(const struct object *column)
{
    const char *fallback = object_get(column, "default");
    return fallback && strcmp(fallback, OWN_SEQUENCE) == 0;
}

const char *postgres_emit_generated(const struct object *column)
{
    const char *stored = object_get(column, "generated stored");
    return stored ? stored : object_get(column, "generated virtual");
}

/* ---- small things ----------------------------------------------------------------------------- */

bool postgres_emit_is_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool postgres_emit_differs(const struct difference *difference, const char *property)
{
    for (size_t i = 0; difference && i < difference->property_count; i++)
        if (strcmp(difference->properties[i].name, property) == 0)
            return true;
    return false;
}

bool postgres_emit_is_shape(const struct difference *difference)
{
    for (size_t i = 0; i < difference->property_count; i++)
        if (difference->properties[i].aspect == ASPECT_SHAPE)
            return true;
    return difference->what != DIFFERENCE_CHANGED;
}

/* ---- order and search ------------------------------------------------------------------------- */

static int compare_texts(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

/* By kind, owner and name. */
static int compare_identities(const struct object *a, const struct object *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    int order = compare_texts(a->owner, b->owner);
    return order ? order : strcmp(a->name, b->name);
}

static int compare_parts(const void *left, const void *right)
{
    const struct part *a = left, *b = right;
    return compare_identities(a->object, b->object);
}

uint32_t postgres_emit_find(const struct side *side, enum object_kind kind, const char *owner,
                            const char *name)
{
    struct object wanted = {.kind = kind, .owner = owner, .name = name};
    struct part key = {.object = &wanted};
    const struct part *found =
        side->count ? bsearch(&key, side->parts, side->count, sizeof key, compare_parts) : NULL;
    return found ? (uint32_t)(found - side->parts) : NOWHERE;
}

uint32_t postgres_emit_first(const struct side *side, const struct object *identity)
{
    uint32_t low = 0, high = (uint32_t)side->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (compare_identities(side->parts[middle].object, identity) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t postgres_emit_find_owner(const struct side *side, const char *name)
{
    static const enum object_kind kinds[] = {OBJECT_TABLE, OBJECT_VIEW, OBJECT_MATERIALIZED_VIEW,
                                             OBJECT_FOREIGN_TABLE, OBJECT_DOMAIN};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        uint32_t at = postgres_emit_find(side, kinds[i], NULL, name);
        if (at != NOWHERE)
            return at;
    }
    return NOWHERE;
}

/* `table.column`, perhaps with the schema before it, each perhaps quoted. */
static uint32_t find_column(const struct side *side, const char *path)
{
    struct arena *arena = side->catalog->arena;
    const char *table = NULL, *column = NULL;
    while (*path) {
        table = column;
        column = postgres_read_part(arena, path, &path);
        path += *path == '.';
    }
    return table ? postgres_emit_find(side, OBJECT_COLUMN, table, column) : NOWHERE;
}

bool postgres_emit_is_own_sequence(const struct side *side, const struct object *sequence,
                                   uint32_t *ret_column)
{
    const char *owner = object_get(sequence, "owned by");
    *ret_column = sequence->kind == OBJECT_SEQUENCE && owner ? find_column(side, owner) : NOWHERE;
    if (*ret_column == NOWHERE)
        return false;
    const struct object *column = side->parts[*ret_column].object;
    return postgres_emit_is_serial(column) &&
           postgres_emit_is_same(object_get(column, "sequence"), sequence->name);
}

/* ---- sides ------------------------------------------------------------------------------------ */

static int compare_links(const void *left, const void *right)
{
    const struct link *a = left, *b = right;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    if (a->to != b->to)
        return a->to < b->to ? -1 : 1;
    return (int)a->is_by_default - (int)b->is_by_default;
}

const struct link *postgres_emit_links(const struct link *links, size_t count, uint32_t part,
                                       size_t *ret_count)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (links[middle].from < part)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < count && links[end].from == part)
        end++;
    *ret_count = end - low;
    return links + low;
}

static void sort_links(struct side *side)
{
    if (!side->link_count)
        return;
    qsort(side->needs, side->link_count, sizeof *side->needs, compare_links);
    qsort(side->users, side->link_count, sizeof *side->users, compare_links);
}

static void read_links(struct emitting *emitting, struct side *side)
{
    const struct catalog *catalog = side->catalog;
    side->link_count = catalog->need_count;
    side->needs = arena_calloc(emitting->arena, side->link_count + 1, sizeof *side->needs);
    side->users = arena_calloc(emitting->arena, side->link_count + 1, sizeof *side->users);
    for (size_t i = 0; i < side->link_count; i++) {
        const struct object *object = catalog->objects[catalog->needs[i].object];
        const struct object *needed = catalog->objects[catalog->needs[i].needed];
        uint32_t at = postgres_emit_find(side, object->kind, object->owner, object->name);
        uint32_t of = postgres_emit_find(side, needed->kind, needed->owner, needed->name);
        side->needs[i] = (struct link){at, of, catalog->needs[i].is_by_default};
        side->users[i] = (struct link){of, at, catalog->needs[i].is_by_default};
    }
    sort_links(side);
}

/* Beyond `own_count` there are copies of what parents have. */
static void read_side(struct emitting *emitting, struct side *side, const struct catalog *catalog,
                      size_t own_count)
{
    side->catalog = catalog;
    side->count = catalog->object_count;
    side->parts = arena_calloc(emitting->arena, side->count + 1, sizeof *side->parts);
    for (size_t i = 0; i < side->count; i++) {
        struct part *part = &side->parts[i];
        *part = (struct part){.object = catalog->objects[i],
                              .twin = NOWHERE,
                              .owner = NOWHERE,
                              .is_ignored = true,
                              .is_inherited = i >= own_count};
        for (size_t deed = 0; deed < DEED__COUNT; deed++)
            part->actions[deed] = NOWHERE;
    }
    if (side->count)
        qsort(side->parts, side->count, sizeof *side->parts, compare_parts);
    for (size_t i = 0; i < side->count; i++)
        if (side->parts[i].object->owner)
            side->parts[i].owner = postgres_emit_find_owner(side, side->parts[i].object->owner);
    read_links(emitting, side);
}

/* ---- pairs ------------------------------------------------------------------------------------ */

static uint32_t part_of(const struct side *side, const struct object *object)
{
    return postgres_emit_find(side, object->kind, object->owner, object->name);
}

static void pair(struct emitting *emitting, uint32_t from, uint32_t to)
{
    if (emitting->from.parts[from].twin != NOWHERE || emitting->to.parts[to].twin != NOWHERE)
        return;
    emitting->from.parts[from].twin = to;
    emitting->to.parts[to].twin = from;
}

static void pair_differences(struct emitting *emitting)
{
    for (size_t i = 0; i < emitting->comparison.count; i++) {
        const struct difference *difference = &emitting->comparison.items[i];
        uint32_t from = NOWHERE, to = NOWHERE;
        if (difference->found) {
            from = part_of(&emitting->from, difference->found);
            emitting->from.parts[from].difference = difference;
        }
        if (difference->expected) {
            to = part_of(&emitting->to, difference->expected);
            emitting->to.parts[to].difference = difference;
        }
        if (from != NOWHERE && to != NOWHERE)
            pair(emitting, from, to);
    }
}

static int compare_canonical(const struct canonical_line *a, const struct canonical_line *b)
{
    size_t len = a->identity_len < b->identity_len ? a->identity_len : b->identity_len;
    int order = memcmp(a->identity, b->identity, len);
    if (order || a->identity_len != b->identity_len)
        return order ? order : (a->identity_len < b->identity_len ? -1 : 1);
    len = a->body_len < b->body_len ? a->body_len : b->body_len;
    order = memcmp(a->body, b->body, len);
    return order ? order : (a->body_len > b->body_len) - (a->body_len < b->body_len);
}

/* Lines that are equal are one object, whatever name the server has chosen for it. */
static void pair_equals(struct emitting *emitting)
{
    struct canonical from, to;
    canonical_make(&from, emitting->from.catalog, emitting->emission->rules);
    canonical_make(&to, emitting->to.catalog, emitting->emission->rules);
    for (size_t i = 0; i < from.line_count; i++)
        emitting->from.parts[part_of(&emitting->from, from.lines[i].object)].is_ignored = false;
    for (size_t i = 0; i < to.line_count; i++)
        emitting->to.parts[part_of(&emitting->to, to.lines[i].object)].is_ignored = false;
    for (size_t i = 0, k = 0; i < from.line_count && k < to.line_count;) {
        int order = compare_canonical(&from.lines[i], &to.lines[k]);
        if (order == 0)
            pair(emitting, part_of(&emitting->from, from.lines[i].object),
                 part_of(&emitting->to, to.lines[k].object));
        i += order <= 0;
        k += order >= 0;
    }
}

/* Of parts that stand nowhere yet, such as those that the rules ignore: by their names. */
static void pair_names(struct emitting *emitting)
{
    for (uint32_t i = 0; i < emitting->from.count; i++) {
        const struct part *part = &emitting->from.parts[i];
        uint32_t at = part_of(&emitting->to, part->object);
        if (!part->difference && at != NOWHERE && !emitting->to.parts[at].difference)
            pair(emitting, i, at);
    }
}

/* ---- heirs -------------------------------------------------------------------------------------- */

static const struct object *find_table(const struct catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->object_count; i++)
        if (catalog->objects[i]->kind == OBJECT_TABLE &&
            strcmp(catalog->objects[i]->name, name) == 0)
            return catalog->objects[i];
    return NULL;
}

static bool has_object(const struct catalog *catalog, const struct object *like, const char *owner)
{
    for (size_t i = 0; i < catalog->object_count; i++) {
        const struct object *object = catalog->objects[i];
        if (object->kind == like->kind && postgres_emit_is_same(object->owner, owner) &&
            strcmp(object->name, like->name) == 0)
            return true;
    }
    return false;
}

/* What the heir has from a parent: its columns, and its checks but those that say NO INHERIT. */
static void inherit(struct catalog *catalog, const char *heir, const struct object *parent)
{
    size_t count = catalog->object_count;
    for (size_t i = 0; i < count; i++) {
        const struct object *object = catalog->objects[i];
        const char *definition = object_get(object, "definition");
        bool is_handed_down = object->kind == OBJECT_COLUMN ||
                              (object->kind == OBJECT_CHECK && !strstr(definition, " NO INHERIT"));
        if (!is_handed_down || !postgres_emit_is_same(object->owner, parent->name) ||
            has_object(catalog, object, heir))
            continue;
        struct object *copy = catalog_add(catalog, object->kind, heir, object->name);
        copy->has_automatic_name = object->has_automatic_name;
        for (size_t p = 0; p < object->property_count; p++) {
            bool is_said = object->properties[p].aspect == ASPECT_COMMENTS ||
                           strcmp(object->properties[p].name, "identity") == 0;
            if (is_said) /* it is not handed down */
                continue;
            object_set(copy, object->properties[p].aspect, object->properties[p].name,
                       object->properties[p].value);
            copy->properties[copy->property_count - 1].written = object->properties[p].written;
        }
    }
}

static void inherit_all(struct catalog *catalog, const char *heir, const struct object *table,
                        int depth)
{
    const char *const *parents;
    size_t count = depth > 20 ? 0 : postgres_parents(catalog->arena, table, &parents);
    for (size_t i = 0; i < count; i++) {
        const struct object *parent = find_table(catalog, parents[i]);
        if (parent) {
            inherit(catalog, heir, parent);
            inherit_all(catalog, heir, parent, depth + 1);
        }
    }
}

static bool has_same_parents(const struct object *a, const struct object *b)
{
    return postgres_emit_is_same(object_get(a, "partition of"), object_get(b, "partition of")) &&
           postgres_emit_is_same(object_get(a, "inherits"), object_get(b, "inherits"));
}

/* Of a table whose parents change, what it has from them is told as if it were its own: it may stay, come or go. */
static const struct catalog *with_inherited(struct emitting *emitting,
                                            const struct catalog *catalog,
                                            const struct catalog *other)
{
    struct catalog *copy = NULL;
    for (size_t i = 0; i < catalog->object_count; i++) {
        const struct object *table = catalog->objects[i];
        const struct object *twin =
            table->kind == OBJECT_TABLE ? find_table(other, table->name) : NULL;
        if (!twin || has_same_parents(table, twin))
            continue;
        if (!copy)
            copy = catalog_copy(emitting->arena, catalog);
        inherit_all(copy, table->name, table, 0);
    }
    return copy ? copy : catalog;
}

/* A tenant that was read to be compared tells no needs: what the same objects need on the other side is the best guess. */
static void guess_links(struct emitting *emitting)
{
    struct side *side = &emitting->from;
    const struct side *other = &emitting->to;
    if (side->link_count)
        return;
    side->needs = arena_calloc(emitting->arena, other->link_count + 1, sizeof *side->needs);
    side->users = arena_calloc(emitting->arena, other->link_count + 1, sizeof *side->users);
    for (size_t i = 0; i < other->link_count; i++) {
        const struct link *link = &other->needs[i];
        uint32_t user = other->parts[link->from].twin, needed = other->parts[link->to].twin;
        if (user == NOWHERE || needed == NOWHERE)
            continue;
        side->needs[side->link_count] = (struct link){user, needed, link->is_by_default};
        side->users[side->link_count++] = (struct link){needed, user, link->is_by_default};
    }
    sort_links(side);
}

void postgres_emit_read(struct emitting *emitting)
{
    const struct catalog *from = emitting->emission->from, *to = emitting->emission->to;
    size_t from_count = from->object_count, to_count = to->object_count;
    emitting->emission->from = with_inherited(emitting, from, to);
    emitting->emission->to = with_inherited(emitting, to, from);
    from = emitting->emission->from;
    to = emitting->emission->to;
    comparison_make(&emitting->comparison, to, from, emitting->emission->rules);
    read_side(emitting, &emitting->from, from, from_count);
    read_side(emitting, &emitting->to, to, to_count);
    pair_differences(emitting);
    pair_equals(emitting);
    pair_names(emitting);
    guess_links(emitting);
}
