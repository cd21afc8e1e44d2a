/* What the tests of the dialects' splitters share: cases that all split alike, and how a case is checked. */
#ifndef SPLIT_CASES_H
#define SPLIT_CASES_H

#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "dialect/dialect.h"

typedef bool (*split_fn)(struct arena *arena, const char *sql, size_t len,
                         struct statement **ret_statements, size_t *ret_count, struct err *err);

enum { SPLIT_MAX = 6 };

struct split_case {
    const char *sql;
    const char *statements[SPLIT_MAX + 1]; /* NULL-terminated; without semicolons at their ends */
};

/* Texts that every dialect splits alike. */
static const struct split_case common_split_cases[] = {
    {"", {NULL}},
    {" \t\r\n", {NULL}},
    {";;; ;", {NULL}},
    {"-- only\n/* comments */ -- here", {NULL}},
    {"SELECT 1", {"SELECT 1"}},
    {"SELECT 1;", {"SELECT 1"}},
    {"SELECT 1;SELECT 2", {"SELECT 1", "SELECT 2"}},
    {"\n\nSELECT 1;\n\n;\nSELECT\n2;\n", {"SELECT 1", "SELECT\n2"}},
    {"SELECT ';'; SELECT 2", {"SELECT ';'", "SELECT 2"}},
    {"SELECT 'it''s; so'; SELECT 2", {"SELECT 'it''s; so'", "SELECT 2"}},
    {"SELECT 'ä;€😀'; SELECT 2", {"SELECT 'ä;€😀'", "SELECT 2"}},
    {"SELECT 1 - -1; SELECT 4 / 2", {"SELECT 1 - -1", "SELECT 4 / 2"}},
    {"/* a; */ SELECT 1; -- b;\nSELECT 2", {"SELECT 1", "SELECT 2"}},
};

/* A text that is not split, where in it that is said, and a part of what is said. */
struct split_refusal {
    const char *sql;
    size_t offset;
    const char *says;
};

/* A trailing semicolon may belong to a statement or stand between two. */
static inline size_t without_end(const char *sql, size_t len)
{
    while (len && strchr("; \t\r\n", sql[len - 1]))
        len--;
    return len;
}

static inline int line_of(const char *sql, size_t offset)
{
    int line = 1;
    for (size_t i = 0; i < offset; i++)
        line += sql[i] == '\n';
    return line;
}

/* What stands between statements is no SQL: blanks, semicolons, comments. */
static inline void expect_nothing(const char *sql, size_t begin, size_t end, bool comments_nest)
{
    size_t depth = 0;
    for (size_t i = begin; i < end; i++) {
        if (i + 1 < end && sql[i] == '/' && sql[i + 1] == '*' && (!depth || comments_nest)) {
            depth++;
            i++;
        } else if (i + 1 < end && depth && sql[i] == '*' && sql[i + 1] == '/') {
            depth--;
            i++;
        } else if (!depth && i + 1 < end && sql[i] == '-' && sql[i + 1] == '-') {
            while (i < end && sql[i] != '\n')
                i++;
        } else if (!depth && !strchr("; \t\r\n\f\v", sql[i])) {
            fail_msg("'%.*s' is in no statement of:\n%s", (int)(end - begin), sql + begin, sql);
        }
    }
}

/* The property that holds for any text: statements ascend, do not overlap, know their lines, and
 * with what is between them are the whole text. */
static inline size_t expect_whole(split_fn split, struct arena *arena, const char *sql,
                                  bool comments_nest, struct statement **ret_statements)
{
    struct statement *statements;
    size_t count, after = 0;
    struct err err;
    if (!split(arena, sql, strlen(sql), &statements, &count, &err))
        fail_msg("%s\n%s", sql, err.text);
    for (size_t i = 0; i < count; i++) {
        assert_true(statements[i].offset >= after);
        assert_true(statements[i].len > 0);
        assert_int_equal(statements[i].line, line_of(sql, statements[i].offset));
        expect_nothing(sql, after, statements[i].offset, comments_nest);
        after = statements[i].offset + statements[i].len;
        assert_true(after <= strlen(sql));
    }
    expect_nothing(sql, after, strlen(sql), comments_nest);
    *ret_statements = statements;
    return count;
}

/* Are the statements the wanted ones, without semicolons at their ends? */
static inline void expect_statements(const struct split_case *wanted,
                                     const struct statement *statements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *found = wanted->sql + statements[i].offset;
        size_t len = without_end(found, statements[i].len);
        if (!wanted->statements[i] || strlen(wanted->statements[i]) != len ||
            memcmp(wanted->statements[i], found, len) != 0)
            fail_msg("of %s\nstatement %zu is '%.*s'", wanted->sql, i, (int)len, found);
    }
    if (wanted->statements[count])
        fail_msg("of %s\nno statement '%s'", wanted->sql, wanted->statements[count]);
}

static inline void expect_split(split_fn split, const struct split_case *wanted, bool comments_nest)
{
    struct arena arena;
    struct statement *statements;
    arena_init(&arena);
    size_t count = expect_whole(split, &arena, wanted->sql, comments_nest, &statements);
    expect_statements(wanted, statements, count);
    arena_done(&arena);
}

/* `says` NULL: what is said is not looked at. */
static inline void expect_refused(split_fn split, const struct split_refusal *refusals,
                                  size_t refusal_count)
{
    for (size_t i = 0; i < refusal_count; i++) {
        const struct split_refusal *wanted = &refusals[i];
        struct arena arena;
        struct statement *statements;
        size_t count;
        struct err err;
        arena_init(&arena);
        if (split(&arena, wanted->sql, strlen(wanted->sql), &statements, &count, &err))
            fail_msg("accepted: %s", wanted->sql);
        assert_int_equal(err.kind, ERR_CHAIN);
        if (err.offset != wanted->offset || (wanted->says && !strstr(err.text, wanted->says)))
            fail_msg("%s\n%zu: %s", wanted->sql, err.offset, err.text);
        arena_done(&arena);
    }
}

/* A body that begins and never ends, with many semicolons after it: were the text looked at again for each of them, this
 * would take minutes. */
static inline void expect_no_time_without_end(split_fn split, const char *begin)
{
    struct buf sql;
    struct arena arena;
    struct statement *statements;
    size_t count;
    struct err err;
    buf_init(&sql, 64 << 20);
    arena_init(&arena);
    buf_adds(&sql, begin);
    for (int i = 0; i < 300000; i++)
        buf_adds(&sql, "INSERT INTO a VALUES ('a row of many');\n");
    assert_true(split(&arena, sql.data, sql.len, &statements, &count, &err));
    assert_int_equal(count, 1);
    arena_done(&arena);
    buf_done(&sql);
}

/* Texts put together from pieces that splitters trip over. */
struct split_pieces {
    const char *const *items;
    size_t count;
    const char *other_beginning; /* of every second text; NULL: none */
    bool comments_nest;
};

/* What is split of such texts is split whole. Returns how many of the texts were. */
static inline size_t expect_whole_of_pieces(split_fn split, const struct split_pieces *pieces)
{
    uint32_t seed = 7;
    size_t split_count = 0;
    for (int round = 0; round < 5000; round++) {
        struct arena arena;
        struct statement *statements;
        size_t count;
        struct err err;
        char sql[1024];
        const char *begin = round % 2 && pieces->other_beginning ? pieces->other_beginning : "";
        snprintf(sql, sizeof sql, "%s", begin);
        for (int i = 0; i < 10; i++) {
            seed = seed * 1664525u + 1013904223u;
            const char *piece = pieces->items[(seed >> 16) % pieces->count];
            memcpy(sql + strlen(sql), piece, strlen(piece) + 1);
        }
        arena_init(&arena);
        bool is_good = split(&arena, sql, strlen(sql), &statements, &count, &err);
        if (is_good)
            expect_whole(split, &arena, sql, pieces->comments_nest, &statements);
        split_count += is_good;
        arena_done(&arena);
    }
    return split_count;
}

#endif
