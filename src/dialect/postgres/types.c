#include "dialect/postgres/types.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/postgres/tree.h"

static const struct {
    const char *name, *type;
} serials[] = {
    {"serial", "int4"},  {"serial4", "int4"},     {"bigserial", "int8"},
    {"serial8", "int8"}, {"smallserial", "int2"}, {"serial2", "int2"},
};

static void add_modifiers(struct buf *buf, const json_t *typmods)
{
    size_t at;
    const json_t *item;
    const char *before = "(";
    json_array_foreach(typmods, at, item)
    {
        const json_t *constant = json_object_get(item, "A_Const");
        const json_t *number = json_object_get(constant, "ival");
        if (!number)
            continue;
        buf_addf(buf, "%s%" JSON_INTEGER_FORMAT, before,
                 json_integer_value(json_object_get(number, "ival")));
        before = ",";
    }
    buf_adds(buf, *before == ',' ? ")" : "");
}

const char *postgres_type(struct arena *arena, const json_t *type_name, bool *ret_is_serial)
{
    const json_t *names = json_object_get(type_name, "names");
    size_t count = json_array_size(names);
    const char *name =
        count ? tree_text(json_object_get(json_array_get(names, count - 1), "String"), "sval") : "";
    struct buf text;
    *ret_is_serial = false;
    for (size_t i = 0; i < ARRAY_LEN(serials); i++)
        if (strcmp(serials[i].name, name) == 0) {
            *ret_is_serial = true;
            name = serials[i].type;
        }
    buf_init(&text, 1024);
    buf_adds(&text, name);
    add_modifiers(&text, json_object_get(type_name, "typmods"));
    if (json_array_size(json_object_get(type_name, "arrayBounds")))
        buf_adds(&text, "[]");
    return buf_into(&text, arena);
}

/* ---- changes --------------------------------------------------------------------------------- */

enum { MODIFIERS_MOST = 2 };

struct type {
    const char *name;
    size_t name_len;
    long modifiers[MODIFIERS_MOST];
    size_t count;
    const char *rest; /* after the parenthesis: `[]`, or nothing */
};

static struct type parse(const char *text)
{
    struct type type = {.name = text, .name_len = strcspn(text, "([")};
    const char *at = text + type.name_len;
    if (*at == '(') {
        char *end;
        do {
            long value = strtol(at + 1, &end, 10);
            if (type.count < MODIFIERS_MOST)
                type.modifiers[type.count++] = value;
            at = end;
        } while (*at == ',');
        at += *at == ')';
    }
    type.rest = at;
    return type;
}

static bool is(const struct type *type, const char *name)
{
    return strlen(name) == type->name_len && memcmp(type->name, name, type->name_len) == 0;
}

/* The first modifier is how much there is room for; what has none has room for all. */
static bool has_as_much_room(const struct type *from, const struct type *to)
{
    return !to->count || (from->count && to->modifiers[0] >= from->modifiers[0]);
}

static bool only_grows(const struct type *from, const struct type *to)
{
    static const char *const growing[] = {"varchar", "varbit", "timestamp", "timestamptz",
                                          "time",    "timetz", "numeric",   "interval"};
    if (is(from, "numeric") && to->count) {
        long from_scale = from->count > 1 ? from->modifiers[1] : 0;
        long to_scale = to->count > 1 ? to->modifiers[1] : 0;
        return from->count && from_scale == to_scale && has_as_much_room(from, to);
    }
    if (is(from, "interval") && to->count) /* its fields, then how exact it is */
        return from->count == MODIFIERS_MOST && to->count == MODIFIERS_MOST &&
               from->modifiers[0] == to->modifiers[0] && to->modifiers[1] >= from->modifiers[1];
    for (size_t i = 0; i < ARRAY_LEN(growing); i++)
        if (is(from, growing[i]))
            return has_as_much_room(from, to);
    return false;
}

bool postgres_keeps_rows(const char *from, const char *to)
{
    /* `timestamp` and `timestamptz`: in the time zone UTC, which skein sets */
    static const char *const alike[][2] = {
        {"varchar", "text"},          {"text", "varchar"},          {"cidr", "inet"},
        {"timestamp", "timestamptz"}, {"timestamptz", "timestamp"}, {"text", "citext"},
        {"varchar", "citext"},        {"citext", "text"},           {"citext", "varchar"},
    };
    struct type old = parse(from), new = parse(to);
    if (strcmp(from, to) == 0)
        return true;
    if (*old.rest || *new.rest)
        return false;
    if (old.name_len == new.name_len && memcmp(old.name, new.name, old.name_len) == 0)
        return only_grows(&old, &new);
    for (size_t i = 0; i < ARRAY_LEN(alike); i++)
        if (is(&old, alike[i][0]) && is(&new, alike[i][1]))
            return is(&old, "timestamp") || is(&old, "timestamptz") ? has_as_much_room(&old, &new)
                                                                    : !new.count;
    return false;
}

/* A char becomes a varchar without the blanks at its end, which mean nothing to it. */
static bool is_char_as_varchar(const struct type *from, const struct type *to)
{
    return is(from, "bpchar") && is(to, "varchar") && from->count && has_as_much_room(from, to);
}

/* The place in the order in which each takes all values of those before it; 0: none. */
static int width_of(const struct type *type)
{
    static const char *const integers[] = {"int2", "int4", "int8", "numeric"};
    for (size_t i = 0; i < ARRAY_LEN(integers); i++)
        if (is(type, integers[i]) && !type->count)
            return (int)i + 1;
    return 0;
}

bool postgres_takes_all(const char *from, const char *to)
{
    struct type old = parse(from), new = parse(to);
    if (*old.rest || *new.rest)
        return false;
    bool is_any_text = (is(&new, "text") || is(&new, "varchar")) && !new.count;
    bool is_wider = width_of(&old) && width_of(&new) > width_of(&old);
    return is_any_text || is_wider || is_char_as_varchar(&old, &new) ||
           (is(&old, "float4") && is(&new, "float8")) ||
           (is(&old, "date") && is(&new, "timestamp") && !new.count) ||
           postgres_keeps_rows(from, to);
}

bool postgres_reads_zone(const char *from, const char *to)
{
    struct type old = parse(from), new = parse(to);
    return (is(&old, "timestamp") && is(&new, "timestamptz")) ||
           (is(&old, "timestamptz") && is(&new, "timestamp"));
}
