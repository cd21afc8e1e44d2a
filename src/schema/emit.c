#include "schema/emit.h"

#include <assert.h>

#include "base/arena.h"
#include "base/buf.h"
#include "schema/rename.h"
#include "schema/twins.h"

bool emission_may_drop(struct emission *emission, const struct object *object)
{
    const char *name = object_full_name(object);
    if (emission->allows_all)
        return true;
    for (size_t i = 0; i < emission->allowed_count; i++) {
        if (!name_is_among(emission->from, name, &emission->allowed[i], 1))
            continue;
        if (emission->is_allowance_used)
            emission->is_allowance_used[i] = true;
        return true;
    }
    emission_withhold(emission, object);
    return false;
}

void emission_withhold(struct emission *emission, const struct object *object)
{
    *ARENA_PUSH(emission->arena, emission->withheld, emission->withheld_count,
                emission->withheld_capacity) = object;
}

void emission_refuse(struct emission *emission, const struct object *object, const char *reason)
{
    *ARENA_PUSH(emission->arena, emission->refusals, emission->refusal_count,
                emission->refusal_capacity) = (struct emission_refusal){object, reason};
}

static bool lacks(const struct object *object, const struct emission_need *need)
{
    return object->kind == need->kind && !object_get(object, need->property) &&
           (!need->beside || object_get(object, need->beside));
}

static bool refuse_what_lacks(struct emission *emission, const struct catalog *catalog,
                              const struct emission_need *needs, size_t count)
{
    bool has_all = true;
    for (size_t i = 0; i < catalog->object_count; i++)
        for (size_t k = 0; k < count; k++) {
            if (!lacks(catalog->objects[i], &needs[k]))
                continue;
            has_all = false;
            emission_refuse(emission, catalog->objects[i],
                            arena_printf(emission->arena,
                                         "the server did not tell its '%s': another session may "
                                         "have dropped it meanwhile, so try again",
                                         needs[k].property));
            break;
        }
    return has_all;
}

bool emission_has_all(struct emission *emission, const struct emission_need *needs, size_t count)
{
    bool has_from = refuse_what_lacks(emission, emission->from, needs, count);
    bool has_to = refuse_what_lacks(emission, emission->to, needs, count);
    return has_from && has_to;
}

void emission_add_line(struct buf *sql, const char *text)
{
    for (; *text; text++)
        buf_addc(sql, (unsigned char)*text < ' ' ? ' ' : *text);
}

static void add_refusals(struct buf *text, const struct emission *emission)
{
    for (size_t i = 0; i < emission->refusal_count; i++) {
        const struct emission_refusal *refusal = &emission->refusals[i];
        buf_addf(text, "-- not written: %s ", object_kind_name(refusal->object->kind));
        emission_add_line(text, object_full_name(refusal->object));
        buf_addf(text, ", since %s\n", refusal->reason);
    }
}

static const char *join(struct emission *emission)
{
    static const char outside[] = "-- outside a transaction:\n";
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    add_refusals(&text, emission);
    if (emission->before->len) {
        buf_addf(&text, "%s%s", outside, emission->before->data);
        buf_adds(&text, emission->sql->len ? "-- in a transaction:\n" : "");
    }
    buf_add(&text, emission->sql->data, emission->sql->len);
    if (emission->later->len)
        buf_addf(&text, "%s%s", outside, emission->later->data);
    return buf_into(&text, emission->arena);
}

static bool refuse_twin(struct emission *emission, const struct catalog *catalog)
{
    const struct object *twin = catalog_find_twin(catalog);
    if (twin)
        emission_refuse(emission, twin,
                        "the catalog has two of that name: read it again, and where it stays so, "
                        "the database or what stands before it is at fault");
    return twin;
}

void emission_change(const struct catalog_emitter *emitter, struct emission *emission)
{
    bool is_refused = refuse_twin(emission, emission->from);
    if (!refuse_twin(emission, emission->to) && !is_refused)
        emitter->change(emission);
}

const char *emission_text(const struct catalog_emitter *emitter, struct emission *emission)
{
    struct buf before, sql, later;
    buf_init(&before, SIZE_MAX / 2);
    buf_init(&sql, SIZE_MAX / 2);
    buf_init(&later, SIZE_MAX / 2);
    emission->before = &before;
    emission->sql = &sql;
    emission->later = &later;
    emission_change(emitter, emission);
    const char *text = join(emission);
    buf_done(&before);
    buf_done(&sql);
    buf_done(&later);
    return text;
}

/* ---- all of a catalog --------------------------------------------------------------------------- */

/* Of these a catalog has only how many there are: no statement can make them. */
static const struct {
    enum object_kind kind;
    const char *entry; /* of catalog_rules_ignore */
} counted[] = {{OBJECT_UNREAD, "not compared *"}, {OBJECT_SCHEMA, "schema *"}};

static void refuse_what_is_counted(struct emission *emission)
{
    for (size_t i = 0; i < emission->to->object_count; i++)
        for (size_t k = 0; k < ARRAY_LEN(counted); k++)
            if (emission->to->objects[i]->kind == counted[k].kind)
                emission_refuse(emission, emission->to->objects[i],
                                "skein does not read what it is");
}

static void set_rules(struct catalog_rules *rules, struct arena *arena)
{
    struct err err;
    catalog_rules_init(rules, arena);
    for (size_t i = 0; i < ARRAY_LEN(counted); i++) {
        bool is_entry = catalog_rules_ignore(rules, counted[i].entry, &err);
        assert(is_entry);
        (void)is_entry;
    }
}

const char *emission_of_all(const struct catalog_emitter *emitter, struct arena *arena,
                            const struct catalog *catalog)
{
    struct catalog empty;
    struct catalog_rules rules;
    catalog_init(&empty, arena, catalog->dialect);
    empty.group = catalog->group;
    empty.folds_names = catalog->folds_names;
    for (size_t i = 0; i < catalog->object_count; i++)
        if (catalog->objects[i]->kind == OBJECT_DATABASE)
            catalog_add(&empty, OBJECT_DATABASE, NULL, "");
    set_rules(&rules, arena);
    struct emission emission = {.arena = arena,
                                .from = &empty,
                                .to = catalog,
                                .rules = &rules,
                                .allows_all = true,
                                .is_cautious = true};
    refuse_what_is_counted(&emission);
    return emission_text(emitter, &emission);
}
