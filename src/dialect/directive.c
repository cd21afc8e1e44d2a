#include "dialect/directive.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/similar.h"
#include "dialect/split.h"

enum { KEY_MAX = 16 };

static const char *const names[] = {[DIRECTIVE_VERIFY] = "verify", [DIRECTIVE_PROBE] = "probe"};

const char *directive_name(enum directive_kind kind)
{
    return names[kind];
}

struct finding {
    struct arena *arena;
    const char *sql;
    size_t len;
    bool comments_nest;
    size_t counted; /* newlines before this offset are in `line` */
    int line;
    struct directive *items;
    size_t count, capacity;
};

static size_t skip_blanks(const char *sql, size_t at, size_t end)
{
    while (at < end && (sql[at] == ' ' || sql[at] == '\t'))
        at++;
    return at;
}

static size_t line_end(const char *sql, size_t at, size_t end)
{
    const char *newline = memchr(sql + at, '\n', end - at);
    return newline ? (size_t)(newline - sql) : end;
}

/* The offset after `--` and blanks, or 0. */
static size_t skip_dashes(const char *sql, size_t at, size_t end)
{
    at = skip_blanks(sql, at, end);
    if (end - at < 2 || memcmp(sql + at, "--", 2) != 0)
        return 0;
    return skip_blanks(sql, at + 2, end);
}

/* The offset after `KEY:`, or 0. */
static size_t skip_key(const char *sql, size_t at, size_t end, const char *key)
{
    size_t key_len = strlen(key);
    if (end - at <= key_len || memcmp(sql + at, key, key_len) != 0 || sql[at + key_len] != ':')
        return 0;
    return at + key_len + 1;
}

static bool begins_query(const char *sql)
{
    return ascii_begins(sql, "select ") || ascii_begins(sql, "with ") ||
           ascii_begins(sql, "values ") || ascii_begins(sql, "values(");
}

/* `Verify: SELECT 1`, `prob: SELECT 1`, `verify SELECT 1`: what is the key of `kind` but for a letter, the case or the
 * colon, and goes on with a query. `sql` is NUL-terminated. */
static bool is_meant(const char *sql, size_t at, size_t end, enum directive_kind kind)
{
    char word[KEY_MAX] = "";
    size_t len = 0;
    while (at + len < end && ascii_is_alpha(sql[at + len]))
        len++;
    if (!len || len >= sizeof word)
        return false;
    memcpy(word, sql + at, len);
    struct similar similar = similar_to(word);
    similar_try(&similar, names[kind]);
    size_t after = skip_blanks(sql, at + len, end);
    bool has_colon = after < end && (sql[after] == ':' || sql[after] == '=');
    after = skip_blanks(sql, after + has_colon, end);
    bool is_query = has_colon ? begins_query(sql + after) : ascii_begins(sql + after, "select ");
    return similar.best && similar.distance <= 1 && is_query;
}

static int line_at(struct finding *finding, size_t offset)
{
    for (; finding->counted < offset; finding->counted++)
        finding->line += finding->sql[finding->counted] == '\n';
    return finding->line;
}

static struct directive *add_directive(struct finding *finding, size_t begin, size_t end)
{
    const char *sql = finding->sql;
    begin = skip_blanks(sql, begin, end);
    while (end > begin && strchr(" \t\r;", sql[end - 1]))
        end--;
    struct directive *directive =
        ARENA_PUSH(finding->arena, finding->items, finding->count, finding->capacity);
    directive->sql = arena_strndup(finding->arena, sql + begin, end - begin);
    directive->sql_len = end - begin;
    directive->line = line_at(finding, begin);
    return directive;
}

/* What the comment line asks, if it asks anything. */
static void find_in_line(struct finding *finding, size_t at, size_t end, size_t statement)
{
    const char *sql = finding->sql;
    size_t text = skip_dashes(sql, at, end);
    for (size_t i = 0; text && i < ARRAY_LEN(names); i++) {
        size_t begin = skip_key(sql, text, end, names[i]);
        bool is_mistyped = !begin && is_meant(sql, text, end, (enum directive_kind)i);
        if (!begin && !is_mistyped)
            continue;
        struct directive *directive = add_directive(finding, begin ? begin : text, end);
        directive->kind = (enum directive_kind)i;
        directive->is_mistyped = is_mistyped;
        directive->statement = statement;
        return;
    }
}

/* The line after the one at `at`. A line that begins inside a block comment does not count. */
static size_t next_line(const struct finding *finding, size_t at, size_t end)
{
    const char *sql = finding->sql;
    while (at < end && sql[at] != '\n') {
        bool is_pair = at + 1 < end;
        if (is_pair && memcmp(sql + at, "--", 2) == 0)
            at = line_end(sql, at, end);
        else if (is_pair && memcmp(sql + at, "/*", 2) == 0)
            at = split_skip_block_comment(sql, end, at, finding->comments_nest);
        else
            at++;
    }
    return at + 1;
}

/* The lines between two statements. */
static void find_in_gap(struct finding *finding, size_t at, size_t end, size_t statement)
{
    while (at < end) {
        find_in_line(finding, at, line_end(finding->sql, at, end), statement);
        at = next_line(finding, at, end);
    }
}

/* The last statement may have no semicolon: the comment lines at its end are not its own. No
 * literal and no body ends in one. */
static size_t end_of(const char *sql, const struct statement *statement)
{
    size_t end = statement->offset + statement->len;
    for (;;) {
        size_t begin = end;
        while (begin > statement->offset && sql[begin - 1] != '\n')
            begin--;
        size_t at = skip_blanks(sql, begin, end);
        bool is_comment = end - at >= 2 && memcmp(sql + at, "--", 2) == 0;
        if (begin <= statement->offset || (!is_comment && at != end))
            return end;
        end = begin - 1;
    }
}

void directives_find(struct arena *arena, const struct dialect *dialect, const char *sql,
                     size_t len, const struct statement *statements, size_t statement_count,
                     const struct directive **ret_directives, size_t *ret_count)
{
    struct finding finding = {.arena = arena,
                              .sql = sql,
                              .len = len,
                              .comments_nest = dialect->traits & DIALECT_NESTS_COMMENTS,
                              .line = 1};
    size_t at = 0;
    for (size_t i = 0; i < statement_count; i++) {
        find_in_gap(&finding, at, statements[i].offset, i);
        at = end_of(sql, &statements[i]);
    }
    find_in_gap(&finding, at, len, statement_count);
    *ret_directives = finding.items;
    *ret_count = finding.count;
}
