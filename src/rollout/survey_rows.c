#include "rollout/survey_rows.h"

static const char row_begin[] = "<x>";

/* ---- columns of a record ---------------------------------------------------------------------- */

/* The next character, with what XML writes in another way; '\0' where the row ends. */
static char next_character(const char **at)
{
    static const struct {
        const char *escape;
        char meant;
    } escapes[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&#x0d;", '\r'}};
    if (!**at || **at == '<')
        return '\0';
    for (size_t i = 0; i < ARRAY_LEN(escapes); i++) {
        size_t len = strlen(escapes[i].escape);
        if (strncmp(*at, escapes[i].escape, len) == 0) {
            *at += len;
            return escapes[i].meant;
        }
    }
    return *(*at)++;
}

static char peek_character(const char *at)
{
    return next_character(&at);
}

/* Until the column ends; a quotation mark begins and ends what is quoted, and two of them there are one. */
static const char *take_column(struct arena *arena, const char **at)
{
    char *text = arena_alloc(arena, strcspn(*at, "<") + 1);
    size_t len = 0;
    bool is_quoted = false, was_quoted = false;
    for (char c; (c = peek_character(*at));) {
        if (!is_quoted && (c == ',' || c == ')'))
            break;
        (void)next_character(at);
        bool is_doubled = is_quoted && (c == '\\' || peek_character(*at) == '"');
        if (c == '"' && !is_doubled) {
            is_quoted = !is_quoted;
            was_quoted = true;
            continue;
        }
        text[len++] = is_doubled && (c == '\\' || c == '"') ? next_character(at) : c;
    }
    text[len] = '\0';
    return len || was_quoted ? text : NULL;
}

static void take_record(struct arena *arena, const char *at, const char **values, size_t count)
{
    for (size_t i = 0; i < count && next_character(&at) == ','; i++)
        values[i] = take_column(arena, &at);
}

/* ---- rows ------------------------------------------------------------------------------------- */

/* Of which table is the row after `<x>`? */
static size_t table_of(const char *at)
{
    return at[*at == '('] == '1';
}

void survey_take_rows(struct arena *arena, const char *text, struct grid *ret_versions,
                      struct grid *ret_history)
{
    struct grid *grids[] = {ret_versions, ret_history};
    static const size_t columns[] = {1, SURVEY_HISTORY_COLUMNS};
    size_t rows[2] = {0, 0};
    const char **values[2];
    for (const char *at = text; (at = strstr(at, row_begin)); at += strlen(row_begin))
        rows[table_of(at + strlen(row_begin))]++;
    for (size_t table = 0; table < 2; table++) {
        values[table] = arena_calloc(arena, rows[table] * columns[table] + 1, sizeof **values);
        *grids[table] = (struct grid){values[table], 0, columns[table]};
    }
    for (const char *at = text; (at = strstr(at, row_begin));) {
        at += strlen(row_begin);
        size_t table = table_of(at);
        const char **row = values[table] + grids[table]->row_count++ * columns[table];
        at += *at == '(';
        at += *at == '0' || *at == '1';
        take_record(arena, at, row, columns[table]);
    }
}
