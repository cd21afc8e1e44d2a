/* What a statement says in its own words: expressions, types, names. The parse tree has places of most of them and no text. */
#include "dialect/postgres/deeds_private.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/postgres/scan.h"
#include "dialect/template.h"

static bool is_any(const char *sql, const struct postgres_token *token, const char *const *words)
{
    for (; words && *words; words++)
        if (postgres_token_is(sql, token, *words))
            return true;
    return false;
}

static char sign_of(const char *sql, const struct postgres_token *token)
{
    return token->kind == TOKEN_BYTE ? sql[token->begin] : '\0';
}

static size_t find_end(const struct postgres_deeds *reading, const struct postgres_slice *slice)
{
    const char *sql = reading->sql;
    size_t len = strlen(sql), end = slice->begin;
    struct postgres_scan scan = {.sql = sql, .len = len, .at = slice->begin};
    struct postgres_token token;
    for (size_t depth = 0; scan.at < len && postgres_scan_next(&scan, &token);) {
        char sign = sign_of(sql, &token);
        if (slice->end && token.begin >= slice->end)
            break;
        if (!depth && ((sign == ',' && !slice->keeps_commas) || sign == ';' || sign == ')' ||
                       sign == ']' || is_any(sql, &token, slice->words)))
            break;
        depth += sign == '(' || sign == '[';
        depth -= sign == ')' || sign == ']';
        end = token.end;
    }
    return end;
}

const char *postgres_deeds_slice(const struct postgres_deeds *reading,
                                 const struct postgres_slice *slice)
{
    const char *sql = reading->sql;
    size_t end = find_end(reading, slice);
    size_t begin = slice->begin + strspn(sql + slice->begin, " \t\r\n");
    return end > begin ? arena_strndup(reading->deeds->arena, sql + begin, end - begin) : NULL;
}

const char *postgres_deeds_quoted(const struct postgres_deeds *reading, const char *name)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    sql_add_identifier(&buf, name);
    return buf_into(&buf, reading->deeds->arena);
}

struct deed_texts postgres_deeds_names(const struct postgres_deeds *reading, const json_t *list)
{
    size_t at, count = json_array_size(list);
    const json_t *item;
    const char **texts = arena_calloc(reading->deeds->arena, count + 1, sizeof *texts);
    json_array_foreach(list, at, item)
    {
        texts[at] =
            postgres_deeds_quoted(reading, tree_text(json_object_get(item, "String"), "sval"));
    }
    return (struct deed_texts){texts, count};
}

/* `lower(name)` or `(a || b)`, up to the end of the first parentheses: what comes after it says how it is sorted. */
static const char *take_expression(const struct postgres_deeds *reading, size_t begin)
{
    const char *sql = reading->sql;
    struct postgres_scan scan = {.sql = sql, .len = strlen(sql), .at = begin};
    struct postgres_token token;
    begin += strspn(sql + begin, " \t\r\n");
    for (size_t depth = 0; postgres_scan_next(&scan, &token);) {
        char sign = sign_of(sql, &token);
        depth += sign == '(';
        if (sign == ')' && !--depth)
            return arena_printf(
                reading->deeds->arena, "(%s)",
                arena_strndup(reading->deeds->arena, sql + begin, token.end - begin));
    }
    return NULL;
}

/* The first byte after the parenthesis that opens after `at`; 0: there is none. */
static size_t find_opening(const struct postgres_deeds *reading, size_t at)
{
    struct postgres_scan scan = {.sql = reading->sql, .len = strlen(reading->sql), .at = at};
    struct postgres_token token;
    while (postgres_scan_next(&scan, &token))
        if (sign_of(reading->sql, &token) == '(')
            return token.end;
    return 0;
}

/* The place after the token that stands there. */
static size_t step_over(const struct postgres_deeds *reading, size_t at)
{
    struct postgres_scan scan = {.sql = reading->sql, .len = strlen(reading->sql), .at = at};
    struct postgres_token token;
    return postgres_scan_next(&scan, &token) ? token.end : at;
}

/* `COLLATE "C"`, which decides what is the same. */
static const char *with_collation(const struct postgres_deeds *reading, const char *key,
                                  const json_t *element)
{
    size_t at;
    const json_t *item;
    const json_t *names = json_object_get(element, "collation");
    struct buf buf;
    if (!json_array_size(names))
        return key;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_addf(&buf, "(%s COLLATE ", key);
    json_array_foreach(names, at, item)
    {
        buf_adds(&buf, at ? "." : "");
        sql_add_identifier(&buf, tree_text(json_object_get(item, "String"), "sval"));
    }
    buf_addc(&buf, ')');
    return buf_into(&buf, reading->deeds->arena);
}

static const char *read_predicate(const struct postgres_deeds *reading, size_t at)
{
    const char *sql = reading->sql;
    struct postgres_scan scan = {.sql = sql, .len = strlen(sql), .at = at};
    struct postgres_token token;
    for (int depth = 0; postgres_scan_next(&scan, &token);) {
        char sign = sign_of(sql, &token);
        depth += (sign == '(') - (sign == ')');
        if (depth <= 0 && postgres_token_is(sql, &token, "where"))
            return postgres_deeds_slice(reading, &(struct postgres_slice){.begin = token.end});
    }
    return NULL;
}

void postgres_deeds_read_keys(const struct postgres_deeds *reading, const json_t *index,
                              struct deed *deed)
{
    const json_t *elements = json_object_get(index, "indexParams");
    const json_t *relation = json_object_get(index, "relation");
    size_t at, count = json_array_size(elements);
    size_t begin =
        find_opening(reading, (size_t)json_integer_value(json_object_get(relation, "location")));
    const json_t *item;
    const char **keys = arena_calloc(reading->deeds->arena, count + 1, sizeof *keys);
    json_array_foreach(elements, at, item)
    {
        const json_t *element = json_object_get(item, "IndexElem");
        const char *name = tree_text(element, "name");
        const char *key =
            *name ? postgres_deeds_quoted(reading, name) : take_expression(reading, begin);
        if (!key)
            return;
        keys[at] = with_collation(reading, key, element);
        begin = find_end(reading, &(struct postgres_slice){.begin = begin});
        begin = step_over(reading, begin);
    }
    deed->keys = (struct deed_texts){keys, count};
    if (json_object_get(index, "whereClause"))
        deed->predicate = read_predicate(reading, begin);
    if (json_is_true(json_object_get(index, "nulls_not_distinct")))
        deed->flags |= DEED_NULLS_EQUAL;
}
