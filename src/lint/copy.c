#include "lint/copy.h"

#include "base/arena.h"
#include "base/ascii.h"

enum { PARTS_MOST = 16, DEPTH_MOST = 16 };

/* Of the words: from `begin` to before `end`. */
struct span {
    size_t begin, end;
};

struct reading {
    struct arena *arena;
    const char *sql;
    struct sql_word *words;
    size_t count, capacity;
    struct part {
        size_t name; /* which WITH gives to a query */
        struct span query;
    } parts[PARTS_MOST];
    size_t part_count;
    int depth;
    struct copy copy;
};

/* A sql_word_fn. */
static void on_word(void *ctx, const char *sql, struct sql_word word)
{
    struct reading *reading = ctx;
    (void)sql;
    *ARENA_PUSH(reading->arena, reading->words, reading->count, reading->capacity) = word;
}

static bool is(const struct reading *reading, size_t at, const char *word)
{
    if (at >= reading->count || reading->words[at].kind != SQL_WORD)
        return false;
    struct sql_word token = reading->words[at];
    return token.end - token.begin == strlen(word) &&
           ascii_begins(reading->sql + token.begin, word);
}

static bool is_any(const struct reading *reading, size_t at, const char *const *words)
{
    for (; *words; words++)
        if (is(reading, at, *words))
            return true;
    return false;
}

static bool is_sign(const struct reading *reading, size_t at, char sign)
{
    return at < reading->count && reading->words[at].kind == SQL_SIGN &&
           reading->sql[reading->words[at].begin] == sign;
}

static bool is_name(const struct reading *reading, size_t at)
{
    return at < reading->count &&
           (reading->words[at].kind == SQL_WORD || reading->words[at].kind == SQL_NAME);
}

/* The place of the parenthesis that closes the one at `at`. */
static size_t close_of(const struct reading *reading, size_t at)
{
    size_t depth = 0;
    for (; at < reading->count; at++) {
        depth += is_sign(reading, at, '(');
        if (is_sign(reading, at, ')') && --depth == 0)
            return at;
    }
    return reading->count;
}

static bool opens_query(const struct reading *reading, size_t at)
{
    static const char *const words[] = {"select", "with", "values", NULL};
    while (is_sign(reading, at, '('))
        at++;
    return is_any(reading, at, words);
}

/* Without its quotes. */
static const char *name_at(const struct reading *reading, size_t at)
{
    const struct sql_word *word = &reading->words[at];
    size_t quotes = word->kind == SQL_NAME && word->end - word->begin >= 2 ? 1 : 0;
    return arena_strndup(reading->arena, reading->sql + word->begin + quotes,
                         word->end - word->begin - 2 * quotes);
}

static bool is_same_word(const struct reading *reading, size_t a, size_t b)
{
    return ascii_is_same(name_at(reading, a), name_at(reading, b));
}

/* ---- a query ------------------------------------------------------------------------------------- */

static const char *read_query(struct reading *reading, struct span query);

/* `WITH a (n) AS NOT MATERIALIZED (…), b AS (…)`: the place after it. */
static size_t read_parts(struct reading *reading, size_t at)
{
    do {
        at++;
        at += is(reading, at, "recursive");
        struct part part = {.name = at};
        while (at < reading->count && !is(reading, at, "as"))
            at++;
        while (at < reading->count && !is_sign(reading, at, '('))
            at++;
        part.query = (struct span){at + 1, close_of(reading, at)};
        at = part.query.end + 1;
        if (reading->part_count < PARTS_MOST)
            reading->parts[reading->part_count++] = part;
    } while (is_sign(reading, at, ','));
    return at;
}

/* A function over all rows of the query, which makes one of them; not over a window. */
static bool is_aggregate(const struct reading *reading, size_t at)
{
    static const char *const names[] = {
        "count",          "sum",       "avg",        "min",      "max",       "total",
        "group_concat",   "array_agg", "string_agg", "json_agg", "jsonb_agg", "bool_and",
        "every",          "bool_or",   "bit_and",    "bit_or",   "any_value", "json_arrayagg",
        "json_objectagg", NULL};
    static const char *const of_two[] = {"min", "max",
                                         NULL}; /* SQLite: the least of several values */
    if (!is_sign(reading, at + 1, '(') || !is_any(reading, at, names))
        return false;
    size_t end = close_of(reading, at + 1);
    for (size_t i = at + 2, depth = 0; i < end; i++) {
        if (!depth && is_sign(reading, i, ',') && is_any(reading, at, of_two))
            return false;
        depth += is_sign(reading, i, '(');
        depth -= is_sign(reading, i, ')');
    }
    if (is(reading, end + 1, "filter"))
        end = close_of(reading, end + 2);
    return !is(reading, end + 1, "over");
}

/* What stands between SELECT and FROM; the place of FROM, or the end. */
static size_t read_list(struct reading *reading, struct span list, const char **ret_aggregate)
{
    bool takes_all = false;
    size_t at = list.begin, depth = 0;
    for (; at < list.end; at++) {
        bool is_distinct_from = is(reading, at, "from") && is(reading, at - 1, "distinct");
        if (!depth && is(reading, at, "from") && !is_distinct_from)
            break;
        bool after =
            at == list.begin || is_sign(reading, at - 1, ',') || is_sign(reading, at - 1, '.');
        takes_all |= !depth && after && is_sign(reading, at, '*');
        if (is_sign(reading, at, '(') && opens_query(reading, at + 1))
            at = close_of(reading, at);
        else if (is_aggregate(reading, at))
            *ret_aggregate = arena_printf(reading->arena, "%s()", name_at(reading, at));
        depth += is_sign(reading, at, '(');
        depth -= depth && is_sign(reading, at, ')');
    }
    reading->copy.takes_all_columns &= takes_all;
    return at;
}

/* The first thing after FROM. */
static const char *read_source(struct reading *reading, size_t *at)
{
    static const char *const before[] = {"only", "lateral", NULL};
    while (is_any(reading, *at, before))
        ++*at;
    if (is_sign(reading, *at, '(') && opens_query(reading, *at + 1)) {
        struct span inner = {*at + 1, close_of(reading, *at)};
        *at = inner.end;
        return read_query(reading, inner);
    }
    while (is_sign(reading, *at, '('))
        ++*at;
    while (is_name(reading, *at) && is_sign(reading, *at + 1, '.'))
        *at += 2;
    if (!is_name(reading, *at))
        return NULL;
    for (size_t i = 0; i < reading->part_count; i++)
        if (is_same_word(reading, reading->parts[i].name, *at))
            return read_query(reading, reading->parts[i].query);
    reading->copy.source = name_at(reading, *at);
    return NULL;
}

/* A LEFT JOIN, as a FULL one, takes each row of what stands before it. */
static bool keeps_left(const struct reading *reading, size_t join)
{
    size_t before = join - 1;
    before -= is(reading, before, "outer");
    return is(reading, before, "left") || is(reading, before, "full");
}

/* `WHERE true`, which SQLite wants between a SELECT and ON CONFLICT. */
static bool is_always(const struct reading *reading, struct span condition)
{
    static const char *const after[] = {"on", "order", "limit", "returning", "union", NULL};
    const struct sql_word *word = &reading->words[condition.begin];
    bool is_one =
        condition.begin + 1 >= condition.end || is_any(reading, condition.begin + 1, after);
    bool is_number = condition.begin < condition.end && word->kind == SQL_NUMBER &&
                     reading->sql[word->begin] != '0';
    return is_one && (is_number || is(reading, condition.begin, "true"));
}

/* LIMIT ALL, LIMIT -1, OFFSET 0: all of them. */
static bool is_boundless(const struct reading *reading, size_t at)
{
    const struct sql_word *word = &reading->words[at];
    if (is(reading, at - 1, "offset"))
        return at < reading->count && word->kind == SQL_NUMBER && reading->sql[word->begin] == '0';
    return is(reading, at, "all") || is(reading, at, "null") || is_sign(reading, at, '-');
}

/* The words after FROM that leave rows out, at one place; NULL: none. */
static const char *left_out_at(const struct reading *reading, size_t at, size_t end, bool is_from)
{
    static const struct {
        const char *word, *next, *told;
    } words[] = {
        {"group", "by", "GROUP BY"},
        {"having", NULL, "HAVING"},
        {"fetch", NULL, "FETCH FIRST"},
        {"except", NULL, "EXCEPT"},
        {"intersect", NULL, "INTERSECT"},
        {"minus", NULL, "MINUS"},
        {"union", NULL, "UNION"},
        {"on", "conflict", "ON CONFLICT"},
        {"on", "duplicate", "ON DUPLICATE KEY"},
        {"straight_join", NULL, "a join"},
        {"with", "no", "WITH NO DATA"},
    };
    if (is_from && is_sign(reading, at, ','))
        return "a join";
    if (is(reading, at, "join") && !keeps_left(reading, at))
        return "a join";
    if (is(reading, at, "where") && !is_always(reading, (struct span){at + 1, end}))
        return "WHERE";
    if ((is(reading, at, "limit") || is(reading, at, "offset")) && !is_boundless(reading, at + 1))
        return is(reading, at, "limit") ? "LIMIT" : "OFFSET";
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (is(reading, at, words[i].word) &&
            (!words[i].next || is(reading, at + 1, words[i].next)))
            return words[i].told;
    return NULL;
}

static const char *read_rest(const struct reading *reading, struct span rest)
{
    static const char *const ends_from[] = {"where",  "group", "having", "order", "limit",
                                            "offset", "fetch", "window", "for",   NULL};
    bool is_from = true;
    size_t depth = 0;
    for (size_t at = rest.begin; at < rest.end; at++) {
        if (is_sign(reading, at, '(') && opens_query(reading, at + 1)) {
            at = close_of(reading, at);
            continue;
        }
        depth += is_sign(reading, at, '(');
        depth -= depth && is_sign(reading, at, ')');
        if (depth && !is(reading, at, "join"))
            continue;
        if (is(reading, at, "union") && is(reading, at + 1, "all"))
            return NULL; /* the other sides add rows */
        is_from = is_from && !is_any(reading, at, ends_from);
        const char *told = left_out_at(reading, at, rest.end, is_from);
        if (told)
            return told;
    }
    return NULL;
}

static const char *read_select(struct reading *reading, struct span query)
{
    const char *aggregate = NULL;
    size_t at = query.begin + 1;
    bool is_distinct = is(reading, at, "distinct");
    at += is_distinct || is(reading, at, "all");
    at = read_list(reading, (struct span){at, query.end}, &aggregate);
    if (at >= query.end)
        return aggregate;
    at++;
    const char *inner = read_source(reading, &at);
    const char *rest = read_rest(reading, (struct span){at + 1, query.end});
    return is_distinct ? "DISTINCT" : inner ? inner : rest ? rest : aggregate;
}

/* What leaves rows out of it; NULL: nothing does. */
static const char *read_query(struct reading *reading, struct span query)
{
    const char *leaves_out = NULL;
    if (reading->depth == DEPTH_MOST)
        return NULL;
    reading->depth++;
    if (is(reading, query.begin, "with"))
        query.begin = read_parts(reading, query.begin);
    if (is_sign(reading, query.begin, '(')) {
        size_t end = close_of(reading, query.begin);
        leaves_out = read_query(reading, (struct span){query.begin + 1, end});
        if (!leaves_out)
            leaves_out = read_rest(reading, (struct span){end + 1, query.end});
    } else if (is(reading, query.begin, "select")) {
        leaves_out = read_select(reading, query);
    } else if (is(reading, query.begin, "table")) {
        reading->copy.source =
            is_name(reading, query.begin + 1) ? name_at(reading, query.begin + 1) : NULL;
    }
    reading->depth--;
    return leaves_out;
}

/* ---- a statement --------------------------------------------------------------------------------- */

/* Where the query begins, after what says where its rows go; the end: there is none. */
static size_t find_query(const struct reading *reading, size_t at, const char **ret_leaves_out)
{
    bool is_create = is(reading, at, "create");
    if (is(reading, at, "replace"))
        *ret_leaves_out = "REPLACE";
    for (at++; at < reading->count; at++) {
        bool is_query = is(reading, at, "select") || is(reading, at, "table") ||
                        (is(reading, at, "with") && !is_sign(reading, at + 1, '('));
        if (is_query && !(is_create && is(reading, at, "table") && !is(reading, at - 1, "as")))
            return at;
        if (is_sign(reading, at, '(') && opens_query(reading, at + 1))
            return at;
        if (is(reading, at, "ignore"))
            *ret_leaves_out = "IGNORE";
        if (is(reading, at, "replace") && !is_create)
            *ret_leaves_out = "OR REPLACE";
        if (is_sign(reading, at, '('))
            at = close_of(reading, at);
    }
    return at;
}

void copy_read(struct arena *arena, const struct dialect *dialect, const char *sql, size_t len,
               struct copy *ret_copy)
{
    struct reading reading = {.arena = arena, .sql = sql, .copy = {.takes_all_columns = true}};
    const char *leaves_out = NULL;
    size_t at = 0;
    dialect->read_words(sql, len, on_word, &reading);
    while (reading.count && is_sign(&reading, reading.count - 1, ';'))
        reading.count--;
    if (is(&reading, 0, "with"))
        at = read_parts(&reading, 0);
    if (!is(&reading, at, "select"))
        at = find_query(&reading, at, &leaves_out);
    const char *of_query = read_query(&reading, (struct span){at, reading.count});
    *ret_copy = reading.copy;
    ret_copy->leaves_out = leaves_out ? leaves_out : of_query;
}
