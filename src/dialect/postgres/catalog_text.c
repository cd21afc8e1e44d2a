#include "dialect/postgres/catalog_text.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/map.h"

/* ---- arrays ----------------------------------------------------------------------------------- */

/* Unquotes the element at `at` in place, and leaves *ret_after at what comes after it. */
static char *read_element(char *at, char **ret_after)
{
    char *from = at, *to = at;
    if (*at != '"') {
        *ret_after = at + strcspn(at, ",}");
        return *ret_after;
    }
    for (from++; *from && *from != '"'; *to++ = *from++)
        if (*from == '\\' && from[1])
            from++;
    *ret_after = from + (*from == '"');
    return to;
}

bool postgres_split_array(struct arena *arena, const char *text, const char *const **ret_elements,
                          size_t *ret_count)
{
    const char **elements = NULL;
    size_t count = 0, capacity = 0;
    char *at = arena_strdup(arena, text);
    if (strcmp(at, "{}") == 0) {
        *ret_elements = NULL;
        *ret_count = 0;
        return true;
    }
    if (*at != '{')
        return false;
    for (char end = ','; end == ',';) {
        char *begin = ++at, *after;
        bool is_quoted = *begin == '"';
        char *stop = read_element(begin, &after);
        end = *after;
        *stop = '\0'; /* it may stand where the separator does */
        *ARENA_PUSH(arena, elements, count, capacity) =
            !is_quoted && strcmp(begin, "NULL") == 0 ? NULL : begin;
        at = after;
        if (end != ',' && (end != '}' || after[1]))
            return false;
    }
    *ret_elements = elements;
    *ret_count = count;
    return true;
}

/* ---- names ------------------------------------------------------------------------------------ */

static bool is_word(char c)
{
    return ascii_is_alnum(c) || c == '_' || c == '$' || (c & 0x80);
}

/* After the name, quoted or not, that `text` begins with; `text` where it begins with none. */
static const char *skip_name(const char *text)
{
    const char *at = text;
    if (*at != '"') {
        while (is_word(*at))
            at++;
        return at;
    }
    for (at++; *at; at++)
        if (*at == '"' && *++at != '"')
            return at;
    return text;
}

/* The name from `text` to `end`, as the catalog has it, in the arena. */
static const char *read_name(struct arena *arena, const char *text, const char *end)
{
    bool is_quoted = *text == '"';
    char *name = arena_alloc(arena, (size_t)(end - text) + 1), *to = name;
    if (is_quoted)
        text++, end--;
    for (; text < end; text++) {
        *to++ = is_quoted ? *text : ascii_to_lower(*text);
        if (is_quoted && *text == '"')
            text++;
    }
    return name;
}

/* After `"a"."b"`. */
static const char *skip_qualified(const char *text)
{
    const char *at = skip_name(text);
    return at > text && *at == '.' ? skip_name(at + 1) : at;
}

/* Where `schema.name` begins at `at`, and the schema has an object of that name: where the name begins; else NULL. */
static const char *find_own(struct arena *arena, const char *at, const struct schema_names *names)
{
    const char *end = skip_name(at);
    if (end == at || *end != '.')
        return NULL;
    const char *name = end + 1, *name_end = skip_name(name);
    if (name_end == name || strcmp(read_name(arena, at, end), names->schema) != 0)
        return NULL;
    return map_get(names->objects, read_name(arena, name, name_end)) == MAP_NONE ? NULL : name;
}

static const char *skip_words(const char *at, const char *words)
{
    size_t len = strlen(words);
    return strncmp(at, words, len) == 0 ? at + len : at;
}

/* ` ON [ONLY ]table USING ` */
static const char *skip_indexed(const char *at)
{
    at = skip_words(skip_words(at, " ON "), "ONLY ");
    return skip_words(skip_qualified(at), " USING ");
}

const char *postgres_after_names(const char *text)
{
    static const struct {
        const char *words;
        bool is_index;
    } beginnings[] = {
        {"CREATE INDEX ", true},
        {"CREATE UNIQUE INDEX ", true},
        {"CREATE TRIGGER ", false},
        {"CREATE CONSTRAINT TRIGGER ", false},
        {"CREATE RULE ", false},
        {"CREATE STATISTICS ", false},
        {"CREATE OR REPLACE FUNCTION ", false},
        {"CREATE OR REPLACE PROCEDURE ", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(beginnings); i++) {
        const char *name = skip_words(text, beginnings[i].words);
        if (name == text)
            continue;
        const char *at = skip_qualified(name);
        return beginnings[i].is_index ? skip_indexed(at) : skip_words(at, " ");
    }
    return text;
}

bool postgres_is_automatic_name(const char *name)
{
    static const char *const endings[] = {"_pkey", "_key",  "_fkey",    "_check",
                                          "_idx",  "_excl", "_not_null"};
    size_t len = strlen(name);
    while (len && ascii_is_digit(name[len - 1]))
        len--;
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        size_t ending = strlen(endings[i]);
        if (len > ending && strncmp(name + len - ending, endings[i], ending) == 0)
            return true;
    }
    return false;
}

/* ---- expressions ------------------------------------------------------------------------------ */

/* After a cast to a text type without a length; `at` where there is none. */
static const char *skip_text_cast(const char *at)
{
    static const char *const types[] = {"character varying", "text", "bpchar"};
    if (strncmp(at, "::", 2) != 0)
        return at;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        size_t len = strlen(types[i]);
        const char *end = at + 2 + len;
        if (strncmp(at + 2, types[i], len) != 0 || is_word(*end) || *end == '(' || *end == '.')
            continue;
        return strncmp(end, "[]", 2) == 0 ? end + 2 : end;
    }
    return at;
}

/* After the string that begins at `at`; the server doubles its quotes. */
static const char *skip_string(const char *at)
{
    for (at++; *at; at++)
        if (*at == '\'' && *++at != '\'')
            return at;
    return at;
}

static bool may_change(const char *text, const struct schema_names *names)
{
    return strstr(text, "::") || ascii_holds(text, names->schema) || strchr(names->schema, '"');
}

/* A literal, or an array of them, that has just ended may have a cast. */
static const char *rewrite_expression(struct arena *arena, const char *text,
                                      const struct schema_names *names, bool keeps_casts)
{
    struct buf buf;
    if (!text || !may_change(text, names))
        return text;
    buf_init(&buf, SIZE_MAX / 2);
    bool may_be_cast = false;
    for (const char *at = text, *end = at; *at; at = end) {
        const char *own = NULL;
        if (may_be_cast && !keeps_casts && (end = skip_text_cast(at)) > at)
            continue;
        if (*at == '\'')
            end = skip_string(at);
        else if ((own = find_own(arena, at, names)))
            end = own;
        else if ((end = skip_name(at)) == at)
            end++;
        may_be_cast = *at == '\'' || *at == ']';
        if (own)
            buf_adds(&buf, "{schema}.");
        else
            buf_add(&buf, at, (size_t)(end - at));
    }
    return buf_into(&buf, arena);
}

const char *postgres_plain_expression(struct arena *arena, const char *text,
                                      const struct schema_names *names)
{
    return rewrite_expression(arena, text, names, false);
}

const char *postgres_written_expression(struct arena *arena, const char *text,
                                        const struct schema_names *names)
{
    return rewrite_expression(arena, text, names, true);
}

/* ---- routines --------------------------------------------------------------------------------- */

/* After ` SET search_path TO ` of the routine's head, where its list begins; NULL: it has none. */
static const char *find_path(const char *text)
{
    static const char words[] = "\n SET search_path TO ";
    const char *path = strstr(text, words), *body = strstr(text, "\nAS ");
    return path && (!body || path < body) ? path + strlen(words) : NULL;
}

static bool is_path_entry(struct arena *arena, const char *at, const char *end, const char *schema)
{
    struct buf quoted;
    buf_init(&quoted, SIZE_MAX / 2);
    buf_addc(&quoted, '\'');
    for (const char *p = schema; *p; p++) {
        if (*p == '\'')
            buf_addc(&quoted, '\'');
        buf_addc(&quoted, *p);
    }
    buf_addc(&quoted, '\'');
    const char *entry = buf_into(&quoted, arena);
    return strlen(entry) == (size_t)(end - at) && strncmp(at, entry, (size_t)(end - at)) == 0;
}

const char *postgres_plain_routine(struct arena *arena, const char *text,
                                   const struct schema_names *names)
{
    struct buf buf;
    if (!text || !may_change(text, names))
        return text;
    buf_init(&buf, SIZE_MAX / 2);
    const char *path = find_path(text), *path_end = path ? path + strcspn(path, "\n") : NULL;
    for (const char *at = text, *end = at; *at; at = end) {
        bool is_begin = at == text || (!is_word(at[-1]) && at[-1] != '.');
        const char *own = is_begin ? find_own(arena, at, names) : NULL;
        if (own) {
            end = own;
            buf_adds(&buf, "{schema}.");
        } else if (path && at >= path && at < path_end && *at == '\'' &&
                   is_path_entry(arena, at, end = skip_string(at), names->schema)) {
            buf_adds(&buf, "'{schema}'");
        } else {
            end = is_word(*at) && is_begin ? skip_name(at) : at + 1;
            buf_add(&buf, at, (size_t)(end - at));
        }
    }
    return buf_into(&buf, arena);
}
