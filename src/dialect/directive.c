#include "dialect/directive.h"

#include "base/arena.h"
#include "dialect/split.h"

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

/* The offset after `-- KEY:`, or 0. */
static size_t skip_key(const char *sql, size_t at, size_t end, const char *key)
{
    size_t key_len = strlen(key);
    at = skip_blanks(sql, at, end);
    if (end - at < 2 || memcmp(sql + at, "--", 2) != 0)
        return 0;
    at = skip_blanks(sql, at + 2, end);
    if (end - at < key_len || memcmp(sql + at, key, key_len) != 0)
        return 0;
    return at + key_len;
}

static int line_at(struct finding *finding, size_t offset)
{
    for (; finding->counted < offset; finding->counted++)
        finding->line += finding->sql[finding->counted] == '\n';
    return finding->line;
}

static void add(struct finding *finding, enum directive_kind kind, size_t begin, size_t end,
                size_t statement)
{
    const char *sql = finding->sql;
    begin = skip_blanks(sql, begin, end);
    while (end > begin && strchr(" \t\r;", sql[end - 1]))
        end--;
    *ARENA_PUSH(finding->arena, finding->items, finding->count, finding->capacity) =
        (struct directive){
            .kind = kind,
            .sql = arena_strndup(finding->arena, sql + begin, end - begin),
            .sql_len = end - begin,
            .line = line_at(finding, begin),
            .statement = statement,
        };
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
    static const char *const keys[] = {
        [DIRECTIVE_VERIFY] = "verify:", [DIRECTIVE_PROBE] = "probe:"};
    while (at < end) {
        size_t stop = line_end(finding->sql, at, end);
        for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
            size_t begin = skip_key(finding->sql, at, stop, keys[i]);
            if (begin)
                add(finding, (enum directive_kind)i, begin, stop, statement);
        }
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
