#include "schema/emit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "schema/rename.h"

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

const char *emission_text(struct emission *emission)
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
