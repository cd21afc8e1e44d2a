#include "base/said.h"

#include "base/arena.h"

static const struct {
    const char *name;
    bool is_name, may_hold_values;
} parts[SAID__COUNT] = {
    [SAID_DETAIL] = {"detail", false, true},         [SAID_HINT] = {"hint", false, false},
    [SAID_CONTEXT] = {"context", false, true}, /* a line of COPY, a statement that was put together */
    [SAID_SCHEMA] = {"schema", true, false},         [SAID_TABLE] = {"table", true, false},
    [SAID_COLUMN] = {"column", true, false},         [SAID_DATATYPE] = {"datatype", true, false},
    [SAID_CONSTRAINT] = {"constraint", true, false},
};

const char *said_name(enum said_part part)
{
    return parts[part].name;
}

bool said_is_name(enum said_part part)
{
    return parts[part].is_name;
}

const char *said_part(const struct said *said, enum said_part part)
{
    return said ? said->part[part] : NULL;
}

/* The length to which a text is cut that is longer than SAID_MAX. It never ends within a character of UTF-8. */
static size_t end_of(const char *text)
{
    size_t len = strnlen(text, SAID_MAX + 1);
    if (len <= SAID_MAX)
        return len;
    for (len = SAID_MAX; len && ((unsigned char)text[len] & 0xc0) == 0x80;)
        len--;
    return len;
}

const struct said *said_copy(struct arena *arena, const struct said *said)
{
    struct said *copy = NULL;
    for (enum said_part part = 0; part < SAID__COUNT; part++) {
        const char *text = said_part(said, part);
        if (!text || !*text)
            continue;
        if (!copy)
            copy = arena_alloc(arena, sizeof *copy);
        copy->part[part] = arena_strndup(arena, text, end_of(text));
    }
    return copy;
}

const struct said *said_without_values(struct arena *arena, const struct said *said)
{
    struct said kept = {0};
    for (enum said_part part = 0; part < SAID__COUNT; part++)
        kept.part[part] = parts[part].may_hold_values ? NULL : said_part(said, part);
    return said_copy(arena, &kept);
}

bool said_is_equal(const struct said *a, const struct said *b)
{
    for (enum said_part part = 0; a != b && part < SAID__COUNT; part++) {
        const char *one = said_part(a, part), *other = said_part(b, part);
        if (strcmp(one ? one : "", other ? other : "") != 0)
            return false;
    }
    return true;
}
