/* What becomes of each object: it stays, changes in place, goes, or goes and comes again. */
#include "dialect/postgres/emit_private.h"

/* ---- what is refused --------------------------------------------------------------------------- */

/* Of an object that is to be made. */
static const char *why_not_made(const struct object *to)
{
    const char *index = object_get(to, "index");
    if (to->kind == OBJECT_UNREAD)
        return "skein does not read what it is";
    if ((to->kind == OBJECT_INDEX && object_get(to, "invalid")) ||
        (postgres_emit_is_constraint(to->kind) && index && strstr(index, "invalid")))
        return "an index that is not valid cannot be wished for";
    if (postgres_emit_is_constraint(to->kind) && object_get(to, "enforcement"))
        return "only a superuser can switch off what a foreign key does, and no revision should";
    return NULL;
}

static const char *why_not(const struct difference *difference)
{
    const struct object *to = difference->expected;
    if (difference_object(difference)->kind == OBJECT_UNREAD)
        return "skein does not read what it is";
    if (!to || difference->what != DIFFERENCE_CHANGED)
        return NULL;
    if (why_not_made(to) && !why_not_made(difference->found))
        return why_not_made(to);
    if (to->kind == OBJECT_FOREIGN_KEY && postgres_emit_differs(difference, "enforcement"))
        return "only a superuser can switch on again what a foreign key does: drop it and make it "
               "anew";
    if (to->kind == OBJECT_TABLE && postgres_emit_differs(difference, "partition by"))
        return "a table with rows cannot get or lose its partition key: make another table, copy "
               "the rows, and rename both";
    if (to->kind == OBJECT_FOREIGN_TABLE && postgres_emit_differs(difference, "server"))
        return "a foreign table cannot move to another server: drop it and make it anew";
    return NULL;
}

/* ---- differences -------------------------------------------------------------------------------- */

/* Does a parent of the table have a column (or constraint) that this one is? Then it is inherited. */
static bool has_from_parent(struct emitting *emitting, const struct side *side,
                            const struct object *object, int depth)
{
    const char *const *parents;
    uint32_t at = object->owner ? postgres_emit_find_owner(side, object->owner) : NOWHERE;
    if (at == NOWHERE || depth > 20)
        return false;
    size_t count = postgres_parents(emitting->arena, side->parts[at].object, &parents);
    for (size_t i = 0; i < count; i++) {
        struct object wanted = *object;
        wanted.owner = parents[i];
        if (object->kind == OBJECT_COLUMN &&
            postgres_emit_find(side, OBJECT_COLUMN, parents[i], object->name) != NOWHERE)
            return true;
        for (uint32_t k = 0; object->kind != OBJECT_COLUMN && k < side->count; k++) {
            const struct object *other = side->parts[k].object;
            if (other->kind == object->kind && postgres_emit_is_same(other->owner, parents[i]) &&
                postgres_emit_is_same(object_get(other, "definition"),
                                      object_get(object, "definition")))
                return true;
        }
        if (has_from_parent(emitting, side, &wanted, depth + 1))
            return true;
    }
    return false;
}

/* Does the table have the same parents on both sides? */
static bool has_same_parents(const struct emitting *emitting, const char *table)
{
    static const char *const names[] = {"partition of", "inherits"};
    uint32_t from = postgres_emit_find_owner(&emitting->from, table);
    uint32_t to = postgres_emit_find_owner(&emitting->to, table);
    for (size_t i = 0; from != NOWHERE && to != NOWHERE && i < ARRAY_LEN(names); i++)
        if (!postgres_emit_is_same(object_get(emitting->from.parts[from].object, names[i]),
                                   object_get(emitting->to.parts[to].object, names[i])))
            return false;
    return true;
}

bool postgres_emit_is_inherited(struct emitting *emitting, const struct side *side,
                                const struct object *object)
{
    return has_from_parent(emitting, side, object, 0);
}

/* A table becomes a partition, or ceases to be one: indexes and what else it has of its own are what it had from its parent. */
static bool is_inherited_elsewhere(struct emitting *emitting, const struct difference *difference)
{
    const struct object *object = difference_object(difference);
    const struct side *side = difference->expected ? &emitting->from : &emitting->to;
    if (difference->what == DIFFERENCE_CHANGED ||
        (object->kind != OBJECT_PRIMARY_KEY && object->kind != OBJECT_UNIQUE &&
         object->kind != OBJECT_FOREIGN_KEY && object->kind != OBJECT_INDEX &&
         object->kind != OBJECT_TRIGGER) ||
        has_same_parents(emitting, object->owner))
        return false;
    return has_from_parent(emitting, side, object, 0);
}

static bool holds_rows(struct emitting *emitting, const struct object *object)
{
    const struct side *side = &emitting->from;
    uint32_t owner = object->owner ? postgres_emit_find_owner(side, object->owner) : NOWHERE;
    return object->kind == OBJECT_TABLE ||
           (object->kind == OBJECT_COLUMN && owner != NOWHERE &&
            side->parts[owner].object->kind == OBJECT_TABLE && !postgres_emit_generated(object) &&
            !(has_from_parent(emitting, &emitting->from, object, 0) &&
              has_same_parents(emitting, object->owner))) ||
           (object->kind == OBJECT_SEQUENCE && !object_get(object, "owned by"));
}

static bool is_of_table(const struct side *side, const struct object *column)
{
    uint32_t owner = postgres_emit_find_owner(side, column->owner);
    return owner != NOWHERE && postgres_emit_is_table(side->parts[owner].object->kind);
}

static void judge_column(struct emitting *emitting, const struct difference *difference,
                         struct part *part)
{
    const struct object *from = difference->found, *to = difference->expected;
    const char *had = postgres_emit_generated(from), *has = postgres_emit_generated(to);
    bool has_new_type =
        postgres_emit_differs(difference, "type") || postgres_emit_differs(difference, "collation");
    bool is_kept = !has && object_get(from, "generated stored"); /* DROP EXPRESSION */
    part->fate = FATE_CHANGES;
    if (!is_of_table(&emitting->from, from))
        return;
    if ((had || has) && !is_kept &&
        (has_new_type || !postgres_emit_is_same(had, has) ||
         (object_get(from, "generated stored") == NULL) !=
             (object_get(to, "generated stored") == NULL))) {
        if (had || emission_may_drop(emitting->emission, from))
            part->fate = FATE_REMADE;
        else
            part->is_withheld = true;
        return;
    }
    part->is_retyped = has_new_type;
    if (postgres_emit_differs(difference, "type") &&
        postgres_narrowing(emitting->arena, object_get(from, "type"), object_get(to, "type")) ==
            NARROWING_MAY_LOSE &&
        !emission_may_drop(emitting->emission, from)) {
        part->is_withheld = true;
        part->is_retyped = false;
        part->fate = FATE_STAYS;
    }
}

static void judge_change(struct emitting *emitting, const struct difference *difference,
                         struct part *part)
{
    if (part->object->kind == OBJECT_COLUMN)
        judge_column(emitting, difference, part);
    else if (!postgres_emit_is_shape(difference) || postgres_emit_can_alter(emitting, difference))
        part->fate = FATE_CHANGES;
    else
        part->fate = FATE_REMADE;
}

static void judge_difference(struct emitting *emitting, const struct difference *difference)
{
    const struct object *from = difference->found, *to = difference->expected;
    struct part *part = NULL;
    const char *reason = why_not(difference);
    if (reason)
        emission_refuse(emitting->emission, difference_object(difference), reason);
    if (reason || is_inherited_elsewhere(emitting, difference))
        return;
    if (to && !from) {
        uint32_t at = postgres_emit_find(&emitting->to, to->kind, to->owner, to->name);
        emitting->to.parts[at].is_made = true;
        return;
    }
    part = &emitting->from
                .parts[postgres_emit_find(&emitting->from, from->kind, from->owner, from->name)];
    if (to)
        judge_change(emitting, difference, part);
    else if (!holds_rows(emitting, from) || emission_may_drop(emitting->emission, from))
        part->fate = FATE_GOES;
    else
        part->is_withheld = true;
}

/* ---- what a part that goes takes with it --------------------------------------------------------- */

struct queue {
    uint32_t *items;
    size_t count, done;
    bool *is_in;
};

static void enqueue(struct queue *queue, uint32_t part)
{
    if (!queue->is_in[part]) {
        queue->is_in[part] = true;
        queue->items[queue->count++] = part;
    }
}

static bool is_away(const struct part *part)
{
    return part->fate == FATE_GOES || part->fate == FATE_REMADE;
}

/* It cannot stay as it is. */
static void remake(struct emitting *emitting, struct queue *queue, uint32_t at)
{
    struct part *part = &emitting->from.parts[at];
    if (is_away(part))
        return;
    if (part->twin == NOWHERE) {
        bool comes_back = part->is_ignored || part->is_withheld;
        part->is_restored = comes_back && !part->difference;
        part->fate = FATE_REMADE;
    } else {
        part->fate = FATE_REMADE;
    }
    enqueue(queue, at);
}

/* What becomes of a part when one that it needs is away for a while, or for good. */
static void follow(struct emitting *emitting, struct queue *queue, uint32_t at,
                   const struct link *link)
{
    const struct part *gone = &emitting->from.parts[at];
    struct part *part = &emitting->from.parts[link->to];
    bool is_column = part->object->kind == OBJECT_COLUMN;
    if (is_away(part))
        return;
    if (is_column && link->is_by_default) {
        part->is_default_off = true;
    } else if (is_column && postgres_emit_is_type(gone->object->kind) &&
               !postgres_emit_generated(part->object)) {
        if (part->twin != NOWHERE && !part->is_withheld) {
            part->is_retyped = true;
            enqueue(queue, link->to);
        }
    } else if (is_column && postgres_emit_generated(part->object)) {
        remake(emitting, queue, link->to);
    } else if (!is_column && !postgres_emit_is_table(part->object->kind) &&
               part->object->kind != OBJECT_SEQUENCE) {
        remake(emitting, queue, link->to);
    }
}

/* Of a column that gets another type only these cannot go on using it. */
static bool minds_new_type(const struct part *part)
{
    switch (part->object->kind) {
    case OBJECT_VIEW:
    case OBJECT_MATERIALIZED_VIEW:
    case OBJECT_RULE:
    case OBJECT_TRIGGER:
    case OBJECT_POLICY:
    case OBJECT_FUNCTION:
    case OBJECT_PROCEDURE: return true;
    case OBJECT_COLUMN: return postgres_emit_generated(part->object) != NULL;
    default: return false;
    }
}

static bool is_function_in_place(const struct part *part)
{
    return postgres_emit_is_routine(part->object->kind) && part->fate == FATE_CHANGES;
}

static void spread(struct emitting *emitting)
{
    struct side *side = &emitting->from;
    struct queue queue = {
        .items = arena_calloc(emitting->arena, side->count + 1, sizeof *queue.items),
        .is_in = arena_calloc(emitting->arena, side->count + 1, sizeof *queue.is_in)};
    for (uint32_t i = 0; i < side->count; i++)
        if (is_away(&side->parts[i]) || side->parts[i].is_retyped)
            enqueue(&queue, i);
    while (queue.done < queue.count) {
        uint32_t at = queue.items[queue.done++];
        const struct part *part = &side->parts[at];
        size_t count;
        const struct link *links = postgres_emit_links(side->users, side->link_count, at, &count);
        for (size_t i = 0; i < count; i++) {
            const struct part *user = &side->parts[links[i].to];
            if (is_away(part) ? !is_function_in_place(part) : minds_new_type(user))
                follow(emitting, &queue, at, &links[i]);
        }
        /* what a view has goes with it and must come again */
        for (uint32_t i = 0; postgres_emit_is_view(part->object->kind) && i < side->count; i++)
            if (side->parts[i].owner == at)
                remake(emitting, &queue, i);
    }
}

/* ---- what stays needs --------------------------------------------------------------------------- */

static bool is_kept_along(const struct emitting *emitting, const struct part *part)
{
    const struct part *owner = postgres_emit_owner(&emitting->from, part);
    return part->is_withheld || (owner && owner->is_withheld);
}

/* What is needed by what is not dropped, is not dropped either. */
static void keep_what_is_needed(struct emitting *emitting)
{
    struct side *side = &emitting->from;
    bool has_changed = true;
    while (has_changed) {
        has_changed = false;
        for (size_t i = 0; i < side->link_count; i++) {
            const struct part *part = &side->parts[side->needs[i].from];
            struct part *needed = &side->parts[side->needs[i].to];
            if (!is_kept_along(emitting, part) || needed->fate != FATE_GOES ||
                postgres_emit_owner(side, needed))
                continue;
            needed->fate = FATE_STAYS;
            needed->is_withheld = true;
            has_changed = true;
            emission_withhold(emitting->emission, needed->object);
        }
    }
}

/* ---- all of it ---------------------------------------------------------------------------------- */

/* Types that columns use cannot go before the columns have another. */
static void rename_types_away(struct emitting *emitting)
{
    struct side *side = &emitting->from;
    for (uint32_t i = 0; i < side->count; i++) {
        struct part *part = &side->parts[i];
        size_t count;
        const struct link *links = postgres_emit_links(side->users, side->link_count, i, &count);
        for (size_t k = 0; part->fate == FATE_REMADE && k < count; k++) {
            const struct part *user = &side->parts[links[k].to];
            if (postgres_emit_is_type(part->object->kind) &&
                (user->is_retyped || user->object->kind == OBJECT_TABLE ||
                 (postgres_emit_is_type(user->object->kind) && user->fate == FATE_REMADE)))
                part->is_renamed_away = true;
        }
    }
}

/* What a table or a domain has goes and comes with it. */
static void go_along(struct emitting *emitting)
{
    for (uint32_t i = 0; i < emitting->from.count; i++) {
        struct part *part = &emitting->from.parts[i];
        const struct part *owner = postgres_emit_owner(&emitting->from, part);
        if (!owner || !is_away(owner))
            continue;
        part->fate = part->fate == FATE_REMADE ? FATE_REMADE : FATE_GOES;
        part->is_along = true;
    }
    for (uint32_t i = 0; i < emitting->to.count; i++) {
        struct part *part = &emitting->to.parts[i];
        const struct part *owner = postgres_emit_owner(&emitting->to, part);
        if (!owner || !owner->is_made)
            continue;
        part->is_made = true;
        part->is_along =
            part->object->kind == OBJECT_COLUMN && postgres_emit_is_table(owner->object->kind);
    }
}

/* A serial column's sequence comes and goes with it. */
static void go_along_sequences(struct emitting *emitting)
{
    uint32_t column;
    for (uint32_t i = 0; i < emitting->from.count; i++) {
        struct part *part = &emitting->from.parts[i];
        const char *owner = object_get(part->object, "owned by");
        if (part->object->kind != OBJECT_SEQUENCE || !owner)
            continue;
        (void)postgres_emit_is_own_sequence(&emitting->from, part->object, &column);
        if (column != NOWHERE && is_away(&emitting->from.parts[column])) {
            part->fate = FATE_GOES;
            part->is_along = true;
        }
        if (column != NOWHERE && is_kept_along(emitting, &emitting->from.parts[column]) &&
            part->fate == FATE_GOES) {
            part->fate = FATE_STAYS;
            part->is_withheld = true;
        }
    }
}

static void make_twins(struct emitting *emitting)
{
    for (uint32_t i = 0; i < emitting->from.count; i++) {
        const struct part *part = &emitting->from.parts[i];
        bool is_replaced = part->fate == FATE_CHANGES && is_function_in_place(part) &&
                           postgres_emit_is_shape(part->difference);
        if (part->twin != NOWHERE && (part->fate == FATE_REMADE || is_replaced))
            emitting->to.parts[part->twin].is_made = true;
    }
}

static void refuse_made(struct emitting *emitting)
{
    for (uint32_t i = 0; i < emitting->to.count; i++) {
        struct part *part = &emitting->to.parts[i];
        const char *reason = part->is_made ? why_not_made(part->object) : NULL;
        if (!reason)
            continue;
        emission_refuse(emitting->emission, part->object, reason);
        part->is_made = false;
    }
}

void postgres_emit_judge(struct emitting *emitting)
{
    for (size_t i = 0; i < emitting->comparison.count; i++)
        judge_difference(emitting, &emitting->comparison.items[i]);
    keep_what_is_needed(emitting);
    spread(emitting);
    rename_types_away(emitting);
    make_twins(emitting);
    go_along(emitting);
    go_along_sequences(emitting);
    refuse_made(emitting);
}
