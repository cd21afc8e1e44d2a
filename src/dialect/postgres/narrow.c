/* What a column's values may lose when they get another type. */
#include "dialect/postgres/emit_private.h"

enum family {
    FAMILY_OTHER,
    FAMILY_TEXT, /* any length */
    FAMILY_LIMITED_TEXT,
    FAMILY_INTEGER,
    FAMILY_NUMERIC,
    FAMILY_FLOAT,
    FAMILY_DATE,
    FAMILY_TIME,
    FAMILY_TIMESTAMP,
    FAMILY_TIMESTAMP_ZONED,
    FAMILY_INTERVAL,
    FAMILY_JSON,
    FAMILY_JSONB,
};

struct type_row {
    const char *name; /* without its modifiers, as the server prints it */
    enum family family;
    int size; /* digits that are sure to fit; of a time, the digits after the second */
};

static const struct type_row type_rows[] = {
    {"text", FAMILY_TEXT, 0},
    {"citext", FAMILY_TEXT, 0},
    {"character varying", FAMILY_LIMITED_TEXT, 0},
    {"character", FAMILY_LIMITED_TEXT, 0},
    {"smallint", FAMILY_INTEGER, 4},
    {"integer", FAMILY_INTEGER, 9},
    {"bigint", FAMILY_INTEGER, 18},
    {"numeric", FAMILY_NUMERIC, 0},
    {"real", FAMILY_FLOAT, 6},
    {"double precision", FAMILY_FLOAT, 15},
    {"date", FAMILY_DATE, 0},
    {"time without time zone", FAMILY_TIME, 6},
    {"time with time zone", FAMILY_TIME, 6},
    {"timestamp without time zone", FAMILY_TIMESTAMP, 6},
    {"timestamp with time zone", FAMILY_TIMESTAMP_ZONED, 6},
    {"interval", FAMILY_INTERVAL, 6},
    {"json", FAMILY_JSON, 0},
    {"jsonb", FAMILY_JSONB, 0},
};

struct type {
    const char *name;
    enum family family;
    int size;
    int mods[2]; /* -1: none */
    bool is_array;
};

static bool ends_with(const char *text, const char *ending)
{
    size_t len = strlen(text), ending_len = strlen(ending);
    return len >= ending_len && strcmp(text + len - ending_len, ending) == 0;
}

/* `timestamp(3) without time zone[]` is its name without what is in parentheses, and this. */
static struct type read_type(struct arena *arena, const char *text)
{
    struct type type = {.mods = {-1, -1}, .is_array = ends_with(text, "[]")};
    char *name = arena_strndup(arena, text, strlen(text) - (type.is_array ? 2 : 0));
    char *open = name[0] == '"' ? NULL : strchr(name, '('),
         *close = open ? strchr(open, ')') : NULL;
    if (close) {
        char *second = strchr(open, ',');
        type.mods[0] = (int)strtol(open + 1, NULL, 10);
        type.mods[1] = second && second < close ? (int)strtol(second + 1, NULL, 10) : -1;
        memmove(open, close + 1, strlen(close + 1) + 1);
    }
    type.name = name;
    for (size_t i = 0; i < ARRAY_LEN(type_rows); i++)
        if (strcmp(type_rows[i].name, name) == 0) {
            type.family = type_rows[i].family;
            type.size = type_rows[i].size;
        }
    if (type.family == FAMILY_LIMITED_TEXT && type.mods[0] < 0 && name[9] == ' ')
        type.family = FAMILY_TEXT; /* character varying */
    return type;
}

static int scale_of(const struct type *type)
{
    return type->mods[1] < 0 ? 0 : type->mods[1];
}

static enum narrowing between_numerics(const struct type *from, const struct type *to)
{
    if (to->mods[0] < 0)
        return NARROWING_NONE;
    if (from->mods[0] < 0 || scale_of(to) < scale_of(from))
        return NARROWING_MAY_LOSE;
    return to->mods[0] - scale_of(to) < from->mods[0] - scale_of(from) ? NARROWING_MAY_FAIL
                                                                       : NARROWING_NONE;
}

static int digits_of_seconds(const struct type *type)
{
    return type->mods[0] < 0 ? type->size : type->mods[0];
}

static enum narrowing between_numbers(const struct type *from, const struct type *to)
{
    bool is_whole = from->family == FAMILY_INTEGER;
    if (to->family == FAMILY_INTEGER)
        return !is_whole               ? NARROWING_MAY_LOSE
               : to->size < from->size ? NARROWING_MAY_FAIL
                                       : NARROWING_NONE;
    if (to->family == FAMILY_FLOAT)
        return from->family != FAMILY_NUMERIC && from->size <= to->size ? NARROWING_NONE
                                                                        : NARROWING_MAY_LOSE;
    if (from->family == FAMILY_NUMERIC)
        return between_numerics(from, to);
    if (!is_whole)
        return NARROWING_MAY_LOSE;
    return to->mods[0] >= 0 && to->mods[0] - scale_of(to) < from->size + 1 ? NARROWING_MAY_FAIL
                                                                           : NARROWING_NONE;
}

static bool is_number(enum family family)
{
    return family == FAMILY_INTEGER || family == FAMILY_NUMERIC || family == FAMILY_FLOAT;
}

static bool is_text(enum family family)
{
    return family == FAMILY_TEXT || family == FAMILY_LIMITED_TEXT;
}

static bool is_point_in_time(enum family family)
{
    return family == FAMILY_TIMESTAMP || family == FAMILY_TIMESTAMP_ZONED;
}

static enum narrowing into_text(const struct type *from, const struct type *to)
{
    if (to->family == FAMILY_TEXT)
        return NARROWING_NONE;
    int limit = to->mods[0] < 0 ? 1 : to->mods[0];
    bool fits = from->family == FAMILY_LIMITED_TEXT && from->mods[0] >= 0 && from->mods[0] <= limit;
    return fits ? NARROWING_NONE : NARROWING_MAY_FAIL;
}

static enum narrowing between_times(const struct type *from, const struct type *to)
{
    bool is_less = to->family != FAMILY_DATE && digits_of_seconds(to) < digits_of_seconds(from);
    if (from->family == to->family ||
        (is_point_in_time(from->family) && is_point_in_time(to->family)))
        return is_less ? NARROWING_MAY_LOSE : NARROWING_NONE;
    if (is_point_in_time(from->family))
        return NARROWING_MAY_LOSE;
    return from->family == FAMILY_DATE && is_point_in_time(to->family) ? NARROWING_NONE
                                                                       : NARROWING_MAY_FAIL;
}

static bool is_time(enum family family)
{
    return family >= FAMILY_DATE && family <= FAMILY_INTERVAL;
}

enum narrowing postgres_narrowing(struct arena *arena, const char *from_text, const char *to_text)
{
    struct type from = read_type(arena, from_text), to = read_type(arena, to_text);
    if (strcmp(from_text, to_text) == 0)
        return NARROWING_NONE;
    if (from.is_array != to.is_array)
        return to.is_array || to.family != FAMILY_TEXT ? NARROWING_MAY_FAIL : NARROWING_NONE;
    if (is_text(to.family))
        return into_text(&from, &to);
    if (is_number(from.family) && is_number(to.family))
        return between_numbers(&from, &to);
    if (is_time(from.family) && is_time(to.family))
        return between_times(&from, &to);
    if (from.family == FAMILY_JSON && to.family == FAMILY_JSONB)
        return NARROWING_MAY_LOSE; /* the order of keys, and those that are there twice */
    if (from.family == FAMILY_JSONB && to.family == FAMILY_JSON)
        return NARROWING_NONE;
    return NARROWING_MAY_FAIL;
}

/* Not all that the server knows: what is not here goes through text, which every type can. */
bool postgres_has_cast(struct arena *arena, const char *from_text, const char *to_text)
{
    struct type from = read_type(arena, from_text), to = read_type(arena, to_text);
    if (strcmp(from_text, to_text) == 0) /* another type of that name */
        return false;
    if (from.is_array != to.is_array)
        return is_text(from.is_array ? to.family : from.family);
    if (strcmp(from.name, to.name) == 0 || is_text(from.family) || is_text(to.family))
        return true;
    if (is_number(from.family) && is_number(to.family))
        return true;
    if ((from.family == FAMILY_JSON || from.family == FAMILY_JSONB) &&
        (to.family == FAMILY_JSON || to.family == FAMILY_JSONB))
        return true;
    return (from.family == FAMILY_DATE || is_point_in_time(from.family)) &&
           (to.family == FAMILY_DATE || is_point_in_time(to.family));
}
