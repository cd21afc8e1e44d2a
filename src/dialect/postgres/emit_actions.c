/* Actions of what was judged, in an order in which nothing is missed when it is needed. */
#include "base/map.h"
#include "dialect/postgres/emit_private.h"

/* What may come first does so by these; what must, by what waits for what. */
static unsigned rank_of_kind(enum object_kind kind)
{
    static const enum object_kind order[] = {
        OBJECT_EXTENSION,
        OBJECT_COLLATION,
        OBJECT_ENUM,
        OBJECT_COMPOSITE,
        OBJECT_DOMAIN,
        OBJECT_RANGE,
        OBJECT_SEQUENCE,
        OBJECT_TABLE,
        OBJECT_FOREIGN_TABLE,
        OBJECT_COLUMN,
        OBJECT_PRIMARY_KEY,
        OBJECT_UNIQUE,
        OBJECT_CHECK,
        OBJECT_EXCLUSION,
        OBJECT_INDEX,
        OBJECT_FOREIGN_KEY,
        OBJECT_STATISTICS,
        OBJECT_VIEW,
        OBJECT_MATERIALIZED_VIEW,
        OBJECT_FUNCTION,
        OBJECT_PROCEDURE,
        OBJECT_AGGREGATE,
        OBJECT_RULE,
        OBJECT_TRIGGER,
        OBJECT_POLICY,
    };
    for (unsigned i = 0; i < ARRAY_LEN(order); i++)
        if (order[i] == kind)
            return i;
    return ARRAY_LEN(order);
}

enum { RANK_DROP = 10, RANK_RENAME = 50, RANK_CHANGE = 60, RANK_MAKE = 70, RANK_END = 110 };

static unsigned rank_of(enum deed deed, enum object_kind kind)
{
    switch (deed) {
    case DEED_ADD_VALUES: return 0;
    case DEED_DEFAULT_OFF: return 1;
    /* what needs more goes first; columns go where others come */
    case DEED_DROP:
        return kind == OBJECT_COLUMN ? RANK_RENAME + 1 : RANK_DROP + 30 - rank_of_kind(kind);
    case DEED_RENAME_AWAY: return RANK_RENAME;
    case DEED_RETYPE:
    case DEED_ALTER: return RANK_MAKE + rank_of_kind(kind);
    case DEED_MAKE: return RANK_MAKE + rank_of_kind(kind);
    case DEED_DEFAULT_ON:
    case DEED_NOT_NULL: return RANK_MAKE + rank_of_kind(OBJECT_COLUMN);
    case DEED_FINISH: return RANK_END;
    default: return RANK_END + 1;
    }
}

/* ---- actions ------------------------------------------------------------------------------------ */

static uint32_t add(struct emitting *emitting, enum deed deed, uint32_t from, uint32_t to)
{
    uint32_t at = (uint32_t)emitting->action_count;
    const struct object *object =
        from != NOWHERE ? emitting->from.parts[from].object : emitting->to.parts[to].object;
    *ARENA_PUSH(emitting->arena, emitting->actions, emitting->action_count,
                emitting->action_capacity) = (struct action){.deed = deed,
                                                             .from = from,
                                                             .to = to,
                                                             .rank = rank_of(deed, object->kind),
                                                             .stage = STAGE_TRANSACTION,
                                                             .first_edge = NOWHERE};
    if (from != NOWHERE)
        emitting->from.parts[from].actions[deed] = at;
    if (to != NOWHERE)
        emitting->to.parts[to].actions[deed] = at;
    return at;
}

static void wait_for(struct emitting *emitting, uint32_t first, uint32_t second)
{
    if (first == NOWHERE || second == NOWHERE || first == second)
        return;
    struct action *action = &emitting->actions[first];
    uint32_t at = (uint32_t)emitting->edge_count;
    *ARENA_PUSH(emitting->arena, emitting->edges, emitting->edge_count, emitting->edge_capacity) =
        (struct edge){second, action->first_edge};
    action->first_edge = at;
    emitting->actions[second].waits_for++;
}

/* Tables that go may refer to each other: then their keys, and what else names another table, go first. */
static bool names_table_that_goes(const struct emitting *emitting, uint32_t at)
{
    const struct side *side = &emitting->from;
    const struct part *part = &side->parts[at];
    enum object_kind kind = part->object->kind;
    size_t count;
    if (kind != OBJECT_FOREIGN_KEY && kind != OBJECT_RULE && kind != OBJECT_TRIGGER &&
        kind != OBJECT_POLICY)
        return false;
    const struct link *links = postgres_emit_links(side->needs, side->link_count, at, &count);
    for (size_t i = 0; i < count; i++) {
        const struct part *needed = &side->parts[links[i].to];
        uint32_t table = postgres_emit_is_table(needed->object->kind) ? links[i].to : needed->owner;
        if (table != NOWHERE && table != part->owner && side->parts[table].fate == FATE_GOES)
            return true;
    }
    return false;
}

static bool default_changes(const struct difference *difference)
{
    return postgres_emit_differs(difference, "default") ||
           postgres_emit_differs(difference, "identity");
}

static void add_of_column(struct emitting *emitting, uint32_t at)
{
    struct part *part = &emitting->from.parts[at];
    const struct difference *difference = part->is_withheld ? NULL : part->difference;
    uint32_t twin = part->is_withheld ? NOWHERE : part->twin;
    bool has_default = object_get(part->object, "default") != NULL;
    bool is_set = part->is_default_off || default_changes(difference) ||
                  (part->is_retyped && has_default && !postgres_emit_is_serial(part->object));
    bool drops_expression = difference && postgres_emit_generated(part->object) &&
                            !postgres_emit_generated(difference->expected);
    if (is_set)
        add(emitting, DEED_DEFAULT_OFF, at, twin);
    if (part->is_retyped || drops_expression || postgres_emit_differs(difference, "storage") ||
        postgres_emit_differs(difference, "compression") ||
        postgres_emit_differs(difference, "statistics options") ||
        postgres_emit_differs(difference, "server options"))
        add(emitting, DEED_RETYPE, at, twin);
    if (is_set || drops_expression)
        add(emitting, DEED_DEFAULT_ON, at, twin);
    if (postgres_emit_differs(difference, "not null"))
        add(emitting, DEED_NOT_NULL, at, twin);
}

static bool is_on_view(const struct side *side, const struct part *part)
{
    const struct part *owner = postgres_emit_owner(side, part);
    return owner && postgres_emit_is_view(owner->object->kind);
}

static void add_of_from(struct emitting *emitting, uint32_t at)
{
    struct side *side = &emitting->from;
    struct part *part = &side->parts[at];
    bool is_away = part->fate == FATE_GOES || part->fate == FATE_REMADE;
    if (part->is_along && is_away && names_table_that_goes(emitting, at))
        part->is_along = false;
    if (is_away && !part->is_along)
        add(emitting, DEED_DROP, at, part->twin);
    if (part->fate == FATE_REMADE && part->is_renamed_away)
        add(emitting, DEED_RENAME_AWAY, at, part->twin);
    if (part->is_restored && !part->is_along)
        add(emitting, DEED_MAKE, at, NOWHERE);
    if (is_away)
        return;
    if (part->object->kind == OBJECT_COLUMN && !is_on_view(side, part)) {
        add_of_column(emitting, at);
    } else if (part->fate == FATE_CHANGES && postgres_emit_is_shape(part->difference) &&
               !postgres_emit_is_routine(part->object->kind)) {
        bool adds = part->object->kind == OBJECT_ENUM;
        uint32_t action = add(emitting, adds ? DEED_ADD_VALUES : DEED_ALTER, at, part->twin);
        if (adds)
            emitting->actions[action].stage = STAGE_BEFORE;
    } else if (part->fate == FATE_CHANGES && part->difference &&
               (postgres_emit_differs(part->difference, "storage parameters") ||
                postgres_emit_differs(part->difference, "tablespace") ||
                postgres_emit_differs(part->difference, "clustered") ||
                postgres_emit_differs(part->difference, "version"))) {
        add(emitting, DEED_ALTER, at, part->twin);
    }
    if (part->fate == FATE_CHANGES && postgres_emit_differs(part->difference, "comment") &&
        !(part->twin != NOWHERE && emitting->to.parts[part->twin].is_made))
        add(emitting, DEED_COMMENT, at, part->twin);
}

/* Is there something that must wait until another object is there? */
static bool finishes(const struct part *part)
{
    if (part->object->kind == OBJECT_SEQUENCE)
        return (part->is_made && !part->is_along && object_get(part->object, "owned by")) ||
               postgres_emit_differs(part->difference, "owned by");
    if (part->object->kind == OBJECT_TABLE)
        return (part->is_made && object_get(part->object, "replica identity")) ||
               postgres_emit_differs(part->difference, "replica identity");
    return false;
}

static bool makes_itself(const struct emitting *emitting, const struct part *part)
{
    const struct part *owner = postgres_emit_owner(&emitting->to, part);
    if (!part->is_made || part->is_along)
        return false;
    /* a view's columns are its query's: only what is said of them */
    return part->object->kind != OBJECT_COLUMN || !owner ||
           postgres_emit_is_table(owner->object->kind) ||
           postgres_emit_is_view(owner->object->kind);
}

static void add_of_to(struct emitting *emitting, uint32_t at)
{
    const struct part *part = &emitting->to.parts[at];
    if (makes_itself(emitting, part))
        add(emitting, DEED_MAKE, part->twin, at);
    if (finishes(part))
        add(emitting, DEED_FINISH, part->twin, at);
}

/* The sequence of a serial column that is made with its table, or with itself. */
static void make_sequences_along(struct emitting *emitting)
{
    uint32_t column;
    for (uint32_t i = 0; i < emitting->to.count; i++) {
        struct part *part = &emitting->to.parts[i];
        if (!part->is_made || !postgres_emit_is_own_sequence(&emitting->to, part->object, &column))
            continue;
        const struct part *owner = &emitting->to.parts[column];
        part->is_along =
            owner->is_made && postgres_emit_is_plain_serial(part->object, owner->object);
    }
}

/* ---- what waits for what ------------------------------------------------------------------------- */

/* The action that makes it there: its own, or its owner's. */
static uint32_t maker(const struct side *side, uint32_t at)
{
    const struct part *part = &side->parts[at];
    while (part->is_along && part->owner != NOWHERE)
        part = &side->parts[part->owner];
    return part->actions[DEED_MAKE];
}

static uint32_t dropper(const struct side *side, uint32_t at)
{
    const struct part *part = &side->parts[at];
    while (part->is_along && part->owner != NOWHERE)
        part = &side->parts[part->owner];
    return part->actions[DEED_DROP];
}

/* `link->from` needs `link->to` in the catalog that is left: it must be gone, or have changed, before. */
static void order_leaving(struct emitting *emitting, const struct link *link)
{
    static const enum deed changes[] = {DEED_RETYPE, DEED_ALTER, DEED_RENAME_AWAY};
    struct side *side = &emitting->from;
    const struct part *user = &side->parts[link->from], *needed = &side->parts[link->to];
    uint32_t drops_user = dropper(side, link->from), drops_needed = dropper(side, link->to);
    if (drops_user != NOWHERE && drops_user == drops_needed) /* what it has, and itself */
        return;
    if (!link->is_by_default) {
        wait_for(emitting, drops_user, drops_needed);
        /* one that has been renamed away goes only after what it was made for */
        for (size_t i = 0; !user->is_renamed_away && i < ARRAY_LEN(changes); i++)
            wait_for(emitting, drops_user, needed->actions[changes[i]]);
    }
    if (link->is_by_default) {
        wait_for(emitting, user->actions[DEED_DEFAULT_OFF], drops_needed);
        wait_for(emitting, user->actions[DEED_DEFAULT_OFF], needed->actions[DEED_RENAME_AWAY]);
        wait_for(emitting, drops_user, drops_needed);
    } else {
        wait_for(emitting, user->actions[DEED_RETYPE], drops_needed);
        wait_for(emitting, user->actions[DEED_ALTER], drops_needed);
    }
    if (drops_user == NOWHERE && user->twin != NOWHERE) /* a routine that is replaced */
        wait_for(emitting, emitting->to.parts[user->twin].actions[DEED_MAKE], drops_needed);
}

/* And in the one that is to be: it must be there before. */
static void order_coming(struct emitting *emitting, const struct link *link)
{
    static const enum deed makes[] = {DEED_ADD_VALUES, DEED_RETYPE, DEED_ALTER};
    struct side *side = &emitting->to;
    const struct part *user = &side->parts[link->from], *needed = &side->parts[link->to];
    uint32_t makes_user = maker(side, link->from);
    uint32_t firsts[1 + ARRAY_LEN(makes)] = {maker(side, link->to)};
    for (size_t i = 0; i < ARRAY_LEN(makes); i++)
        firsts[1 + i] = needed->actions[makes[i]];
    for (size_t i = 0; i < ARRAY_LEN(firsts); i++) {
        if (firsts[i] == NOWHERE)
            continue;
        bool is_owned = user->object->kind == OBJECT_SEQUENCE; /* by what perhaps needs it */
        if (!is_owned && (!link->is_by_default || user->actions[DEED_DEFAULT_ON] == NOWHERE))
            wait_for(emitting, firsts[i], makes_user);
        wait_for(emitting, firsts[i],
                 user->actions[link->is_by_default ? DEED_DEFAULT_ON : DEED_RETYPE]);
        if (!link->is_by_default)
            wait_for(emitting, firsts[i], user->actions[DEED_ALTER]);
        wait_for(emitting, firsts[i], user->actions[DEED_FINISH]);
    }
    if (user->object->kind == OBJECT_PRIMARY_KEY)
        wait_for(emitting, needed->actions[DEED_NOT_NULL], makes_user);
}

static void order_part(struct emitting *emitting, struct side *side, uint32_t at)
{
    const uint32_t *actions = side->parts[at].actions;
    bool is_away = side->parts[at].is_renamed_away;
    wait_for(emitting, actions[DEED_RENAME_AWAY], actions[DEED_MAKE]);
    if (is_away)
        wait_for(emitting, actions[DEED_MAKE], actions[DEED_DROP]);
    else
        wait_for(emitting, actions[DEED_DROP], actions[DEED_MAKE]);
    wait_for(emitting, actions[DEED_DEFAULT_OFF], actions[DEED_RETYPE]);
    wait_for(emitting, actions[DEED_DEFAULT_OFF], actions[DEED_DEFAULT_ON]);
    wait_for(emitting, actions[DEED_DEFAULT_OFF], actions[DEED_NOT_NULL]);
    wait_for(emitting, actions[DEED_RETYPE], actions[DEED_DEFAULT_ON]);
    wait_for(emitting, actions[DEED_RETYPE], actions[DEED_NOT_NULL]);
    /* only what is NOT NULL may be an identity */
    if (object_get(side->parts[at].object, "identity") && side == &emitting->to)
        wait_for(emitting, actions[DEED_NOT_NULL], actions[DEED_DEFAULT_ON]);
    for (size_t deed = 0; deed < DEED_COMMENT; deed++)
        wait_for(emitting, actions[deed], actions[DEED_COMMENT]);
    wait_for(emitting, actions[DEED_ALTER], actions[DEED_FINISH]);
    wait_for(emitting, actions[DEED_MAKE], actions[DEED_FINISH]);
}

/* What a table has from a parent changes only before the parent is its own, and after it is no longer. */
static void order_inherited(struct emitting *emitting, const struct part *part, uint32_t alters,
                            bool comes)
{
    static const enum deed deeds[] = {DEED_DEFAULT_OFF, DEED_DROP,       DEED_RETYPE,
                                      DEED_MAKE,        DEED_DEFAULT_ON, DEED_NOT_NULL};
    for (size_t i = 0; i < ARRAY_LEN(deeds); i++) {
        uint32_t action = part->actions[deeds[i]];
        wait_for(emitting, comes ? action : alters, comes ? alters : action);
    }
}

static void order_owner(struct emitting *emitting, struct side *side, uint32_t at)
{
    const struct part *part = &side->parts[at], *owner = postgres_emit_owner(side, part);
    if (!owner)
        return;
    if (part->is_inherited && owner->actions[DEED_ALTER] != NOWHERE) {
        order_inherited(emitting, part, owner->actions[DEED_ALTER], side == &emitting->to);
        return;
    }
    if (side == &emitting->to) {
        wait_for(emitting, owner->actions[DEED_MAKE], part->actions[DEED_MAKE]);
        wait_for(emitting, owner->actions[DEED_ALTER], part->actions[DEED_MAKE]);
        wait_for(emitting, part->actions[DEED_MAKE], owner->actions[DEED_FINISH]);
    } else {
        wait_for(emitting, part->actions[DEED_DROP], owner->actions[DEED_DROP]);
        wait_for(emitting, part->actions[DEED_DROP], owner->actions[DEED_ALTER]);
    }
}

/* What takes a name waits for what leaves it. Types and indexes are named beside tables. */
static const char *name_key(struct emitting *emitting, const struct object *object)
{
    bool is_index = object->kind == OBJECT_INDEX || object->kind == OBJECT_PRIMARY_KEY ||
                    object->kind == OBJECT_UNIQUE || object->kind == OBJECT_EXCLUSION;
    if (object->owner && !is_index)
        return arena_printf(emitting->arena, "%zu %s %s", strlen(object->owner), object->owner,
                            object->name);
    return object->name;
}

static void order_names(struct emitting *emitting)
{
    struct map map;
    map_init(&map);
    for (uint32_t i = 0; i < emitting->from.count; i++) {
        const struct part *part = &emitting->from.parts[i];
        bool leaves = part->actions[DEED_DROP] != NOWHERE && !part->is_renamed_away;
        if (leaves)
            map_put(&map, name_key(emitting, part->object), part->actions[DEED_DROP]);
    }
    for (uint32_t i = 0; i < emitting->to.count; i++) {
        const struct part *part = &emitting->to.parts[i];
        uint32_t at = part->actions[DEED_MAKE] == NOWHERE
                          ? MAP_NONE
                          : map_get(&map, name_key(emitting, part->object));
        if (at != MAP_NONE)
            wait_for(emitting, at, part->actions[DEED_MAKE]);
    }
    map_done(&map);
}

/* A partition's trigger is made with its parent's: only then its state can be set. */
static void order_parents_trigger(struct emitting *emitting, const struct part *part)
{
    if (part->object->kind != OBJECT_TRIGGER)
        return;
    uint32_t parents = postgres_emit_parents_trigger(emitting, &emitting->to, part->object);
    if (parents == NOWHERE)
        return;
    wait_for(emitting, maker(&emitting->to, parents), part->actions[DEED_MAKE]);
    wait_for(emitting, maker(&emitting->to, parents), part->actions[DEED_ALTER]);
}

/* What a part's making waits for gets its rank. */
static void hasten(struct emitting *emitting, uint32_t at, unsigned rank)
{
    const struct side *side = &emitting->to;
    size_t count;
    uint32_t makes = maker(side, at);
    if (makes == NOWHERE || emitting->actions[makes].rank <= rank)
        return;
    emitting->actions[makes].rank = rank;
    const struct link *links = postgres_emit_links(side->needs, side->link_count, at, &count);
    for (size_t i = 0; i < count; i++)
        hasten(emitting, links[i].to, rank);
}

/* A domain gets no check any more once a table has a column of a type that is made of it. */
static void hasten_checks_of_domains(struct emitting *emitting)
{
    for (uint32_t i = 0; i < emitting->to.count; i++) {
        const struct part *part = &emitting->to.parts[i];
        const struct part *owner = postgres_emit_owner(&emitting->to, part);
        if (owner && owner->object->kind == OBJECT_DOMAIN)
            hasten(emitting, i, RANK_MAKE + rank_of_kind(OBJECT_TABLE) - 1);
    }
}

static void order_all(struct emitting *emitting)
{
    for (size_t i = 0; i < emitting->from.link_count; i++)
        order_leaving(emitting, &emitting->from.needs[i]);
    for (size_t i = 0; i < emitting->to.link_count; i++)
        order_coming(emitting, &emitting->to.needs[i]);
    for (uint32_t i = 0; i < emitting->from.count; i++) {
        order_owner(emitting, &emitting->from, i);
        if (emitting->from.parts[i].twin == NOWHERE || emitting->from.parts[i].is_renamed_away)
            order_part(emitting, &emitting->from, i);
    }
    for (uint32_t i = 0; i < emitting->to.count; i++) {
        uint32_t twin = emitting->to.parts[i].twin;
        order_owner(emitting, &emitting->to, i);
        order_parents_trigger(emitting, &emitting->to.parts[i]);
        if (twin == NOWHERE || !emitting->from.parts[twin].is_renamed_away)
            order_part(emitting, &emitting->to, i);
    }
    order_names(emitting);
}

void postgres_emit_plan(struct emitting *emitting)
{
    make_sequences_along(emitting);
    for (uint32_t i = 0; i < emitting->from.count; i++)
        add_of_from(emitting, i);
    for (uint32_t i = 0; i < emitting->to.count; i++)
        add_of_to(emitting, i);
    order_all(emitting);
    hasten_checks_of_domains(emitting);
}
