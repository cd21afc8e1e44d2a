/* Words, lines and versions, as all importers read them. Pure. */
#include "base/arena.h"
#include "base/ascii.h"
#include "dialect/split.h"
#include "import/tool.h"

/* ---- words --------------------------------------------------------------------------------- */

static bool is_word_byte(char c)
{
    return ascii_is_alnum(c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static size_t read_quoted(const char *sql, size_t len, size_t at, char *ret_word)
{
    char close = sql[at] == '[' ? ']' : sql[at];
    size_t used = 0;
    for (at++; at < len && sql[at] != close; at++)
        if (used < WORD_MAX_BYTES)
            ret_word[used++] = ascii_to_lower(sql[at]);
    ret_word[used] = '\0';
    return at < len ? at + 1 : len;
}

static size_t read_plain(const char *sql, size_t len, size_t at, char *ret_word)
{
    size_t used = 0;
    for (; at < len && is_word_byte(sql[at]); at++)
        if (used < WORD_MAX_BYTES)
            ret_word[used++] = ascii_to_lower(sql[at]);
    ret_word[used] = '\0';
    return at;
}

void import_words(const char *statement, size_t len, struct statement_words *ret_words)
{
    bool is_behind_dot = false;
    ret_words->count = 0;
    for (size_t at = 0; ret_words->count < STATEMENT_WORDS_MAX;) {
        at = split_skip(statement, len, at, true);
        if (at >= len)
            return;
        char *word = ret_words->items[ret_words->count];
        if (strchr("\"`'[", statement[at]))
            at = read_quoted(statement, len, at, word);
        else if (is_word_byte(statement[at]))
            at = read_plain(statement, len, at, word);
        else {
            is_behind_dot = statement[at++] == '.';
            continue;
        }
        ret_words->follows_dot[ret_words->count++] = is_behind_dot;
        is_behind_dot = false;
    }
}

/* ---- lines --------------------------------------------------------------------------------- */

bool import_next_line(const char *text, size_t len, struct import_line *line)
{
    if (line->next >= len)
        return false;
    const char *begin = text + line->next;
    const char *end = memchr(begin, '\n', len - line->next);
    line->begin = line->next;
    line->text = begin;
    line->len = end ? (size_t)(end - begin) : len - line->next;
    line->next += line->len + (end != NULL);
    line->number++;
    if (line->len && begin[line->len - 1] == '\r')
        line->len--;
    return true;
}

bool import_is_comment_or_blank(const struct import_line *line)
{
    size_t at = 0;
    while (at < line->len && strchr(" \t", line->text[at]))
        at++;
    return at == line->len || (line->len - at >= 2 && memcmp(line->text + at, "--", 2) == 0);
}

bool import_ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

bool import_is_sql(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && ascii_is_same(name + len - 4, ".sql");
}

/* ---- versions ------------------------------------------------------------------------------ */

size_t import_count_digits(const char *text)
{
    size_t count = 0;
    while (ascii_is_digit(text[count]))
        count++;
    return count;
}

/* The next part of a version: its digits without leading zeros. Missing parts are 0 (none). */
static size_t next_part(const char **at, const char **ret_digits)
{
    while (**at == '.' || **at == '_')
        (*at)++;
    while (**at == '0')
        (*at)++;
    size_t count = import_count_digits(*at);
    *ret_digits = *at;
    *at += count;
    return count;
}

int import_compare_versions(const char *a, const char *b)
{
    while (*a || *b) {
        const char *a_digits, *b_digits;
        const char *a_before = a, *b_before = b;
        size_t a_len = next_part(&a, &a_digits), b_len = next_part(&b, &b_digits);
        if (a_len != b_len)
            return a_len < b_len ? -1 : 1;
        int order = memcmp(a_digits, b_digits, a_len);
        if (order)
            return order;
        if (a == a_before && b == b_before)
            return strcmp(a, b);
    }
    return 0;
}

const char *import_canonical_version(struct arena *arena, const char *text, size_t len)
{
    const char *given = arena_strndup(arena, text, len);
    char *canonical = arena_alloc(arena, len + 2);
    size_t used = 0, kept = 1;
    if (!ascii_is_digit(given[0]) || strspn(given, "0123456789._") != len)
        return NULL;
    for (const char *at = given; *at;) {
        const char *digits;
        size_t count = next_part(&at, &digits);
        if (used)
            canonical[used++] = '_';
        if (!count)
            canonical[used++] = '0';
        memcpy(canonical + used, digits, count);
        used += count;
        if (count)
            kept = used;
    }
    canonical[kept] = '\0';
    return canonical;
}
