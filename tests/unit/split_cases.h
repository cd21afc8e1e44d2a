/* What the tests of the drivers' splitters share. */
#ifndef SPLIT_CASES_H
#define SPLIT_CASES_H

#include "unit/unit.h"

#include "base/arena.h"
#include "driver/driver.h"

typedef bool (*split_fn)(struct arena *arena, const char *sql, size_t len,
                         struct statement **ret_statements, size_t *ret_count, struct err *err);

enum { SPLIT_MAX = 6 };

struct split_case {
    const char *sql;
    const char *statements[SPLIT_MAX + 1]; /* NULL-terminated; without semicolons at their ends */
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
    size_t count, behind = 0;
    struct err err;
    if (!split(arena, sql, strlen(sql), &statements, &count, &err))
        fail_msg("%s\n%s", sql, err.text);
    for (size_t i = 0; i < count; i++) {
        assert_true(statements[i].offset >= behind);
        assert_true(statements[i].len > 0);
        assert_int_equal(statements[i].line, line_of(sql, statements[i].offset));
        expect_nothing(sql, behind, statements[i].offset, comments_nest);
        behind = statements[i].offset + statements[i].len;
        assert_true(behind <= strlen(sql));
    }
    expect_nothing(sql, behind, strlen(sql), comments_nest);
    *ret_statements = statements;
    return count;
}

static inline void expect_split(split_fn split, const struct split_case *wanted, bool comments_nest)
{
    struct arena arena;
    struct statement *statements;
    arena_init(&arena);
    size_t count = expect_whole(split, &arena, wanted->sql, comments_nest, &statements);
    for (size_t i = 0; i < count; i++) {
        const char *found = wanted->sql + statements[i].offset;
        size_t len = without_end(found, statements[i].len);
        if (!wanted->statements[i] || strlen(wanted->statements[i]) != len ||
            memcmp(wanted->statements[i], found, len) != 0)
            fail_msg("of %s\nstatement %zu is '%.*s'", wanted->sql, i, (int)len, found);
    }
    if (wanted->statements[count])
        fail_msg("of %s\nno statement '%s'", wanted->sql, wanted->statements[count]);
    arena_done(&arena);
}

#endif
