#include "schema/emit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "schema/rename.h"

bool emission_may_drop(struct emission *emission, const struct object *object)
{
    if (emission->allows_all || name_is_among(emission->from, object_full_name(object),
                                              emission->allowed, emission->allowed_count))
        return true;
    *ARENA_PUSH(emission->arena, emission->withheld, emission->withheld_count,
                emission->withheld_capacity) = object;
    return false;
}

void emission_add_line(struct buf *sql, const char *text)
{
    for (; *text; text++)
        buf_addc(sql, (unsigned char)*text < ' ' ? ' ' : *text);
}

const char *emission_text(struct emission *emission)
{
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    buf_add(&text, emission->sql->data, emission->sql->len);
    if (emission->later->len) {
        buf_adds(&text, "-- outside a transaction:\n");
        buf_add(&text, emission->later->data, emission->later->len);
    }
    return buf_into(&text, emission->arena);
}
