#include "driver/fake_words.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/split.h"

/* The offset after the quoted piece at `at`; a doubled quote does not end it. */
static size_t quoted_end(const char *sql, size_t len, size_t at)
{
    char quote = sql[at++];
    while (at < len) {
        if (sql[at] != quote)
            at++;
        else if (at + 1 < len && sql[at + 1] == quote)
            at += 2;
        else
            return at + 1;
    }
    return len;
}

static bool is_quote(char c)
{
    return c == '\'' || c == '"';
}

static bool is_comment(const char *sql, size_t len, size_t at)
{
    return at + 1 < len && sql[at] == '-' && sql[at + 1] == '-';
}

static bool is_block_comment(const char *sql, size_t len, size_t at)
{
    return at + 1 < len && sql[at] == '/' && sql[at + 1] == '*';
}

static size_t line_end(const char *sql, size_t len, size_t at)
{
    const char *end = memchr(sql + at, '\n', len - at);
    return end ? (size_t)(end - sql) : len;
}

size_t fake_statement_end(const char *sql, size_t len, size_t at)
{
    while (at < len && sql[at] != ';') {
        if (is_quote(sql[at]))
            at = quoted_end(sql, len, at);
        else if (is_comment(sql, len, at))
            at = line_end(sql, len, at);
        else if (is_block_comment(sql, len, at))
            at = split_skip_block_comment(sql, len, at, false);
        else
            at++;
    }
    return at;
}

static const char *unquoted(struct arena *arena, const char *sql, size_t at, size_t end)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = at + 1; i + 1 < end; i++) {
        buf_addc(&buf, sql[i]);
        i += sql[i] == sql[at]; /* the second of two */
    }
    const char *text = arena_strndup(arena, buf.data, buf.len);
    buf_done(&buf);
    return text;
}

static size_t bare_end(const char *sql, size_t len, size_t at)
{
    while (at < len && !strchr(" \t\r\n;", sql[at]))
        at++;
    return at;
}

static size_t take_word(struct arena *arena, const char *sql, size_t end, struct fake_word *word)
{
    size_t at = word->offset;
    word->is_bare = !is_quote(sql[at]);
    if (word->is_bare) {
        size_t behind = bare_end(sql, end, at);
        word->text = arena_strndup(arena, sql + at, behind - at);
        return behind;
    }
    size_t behind = quoted_end(sql, end, at);
    word->text = unquoted(arena, sql, at, behind);
    if (behind + 1 < end && sql[behind] == '.' && sql[behind + 1] == '"') {
        at = behind + 1;
        behind = quoted_end(sql, end, at);
        word->schema = word->text;
        word->text = unquoted(arena, sql, at, behind);
    }
    return behind;
}

size_t fake_words(struct arena *arena, const char *sql, size_t at, size_t end,
                  struct fake_word ret_words[FAKE_WORDS_MAX])
{
    size_t count = 0;
    while ((at = split_skip(sql, end, at, false)) < end && count < FAKE_WORDS_MAX) {
        struct fake_word *word = &ret_words[count++];
        *word = (struct fake_word){.offset = at};
        at = take_word(arena, sql, end, word);
    }
    return count;
}
