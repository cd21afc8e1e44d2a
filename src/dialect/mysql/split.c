#include "dialect/mysql/split.h"

#include "base/arena.h"
#include "dialect/mysql/mode.h"
#include "dialect/mysql/shape.h"
#include "dialect/split.h"

struct splitting {
    struct mysql_lexer lexer;
    struct split_list list;
    struct mysql_shape shape;
    bool has_begun; /* a statement that begins at `begin` and goes to `end` at least */
    size_t begin, end;
    struct err *err;
};

static void end_statement(struct splitting *splitting)
{
    if (splitting->has_begun) {
        size_t len = splitting->end - splitting->begin;
        split_add(&splitting->list, splitting->begin, len);
        struct statement *added = &splitting->list.items[splitting->list.count - 1];
        added->is_ended = splitting->lexer.sql[splitting->end - 1] == ';';
        splitting->lexer.mode =
            mysql_mode_after(splitting->lexer.sql + splitting->begin, len, splitting->lexer.mode);
    }
    splitting->has_begun = false;
    splitting->lexer.is_in_executable = false;
    splitting->shape = (struct mysql_shape){0};
}

static void grow(struct splitting *splitting, const struct mysql_token *token)
{
    if (!splitting->has_begun)
        splitting->begin = token->begin;
    splitting->has_begun = true;
    splitting->end = token->end;
}

/* `DELIMITER //`, a line of its own. */
static bool take_delimiter(struct splitting *splitting, size_t at)
{
    struct mysql_lexer *lexer = &splitting->lexer;
    size_t begin = lexer->at;
    while (begin < lexer->len && (lexer->sql[begin] == ' ' || lexer->sql[begin] == '\t'))
        begin++;
    size_t end = begin;
    while (end < lexer->len && !strchr(" \t\r\n\v\f", lexer->sql[end]))
        end++;
    if (end == begin)
        return split_refuse(splitting->err, at,
                            "after DELIMITER stands what ends a statement from there on");
    if (end - begin >= MYSQL_DELIMITER_SIZE)
        return split_refuse(splitting->err, at,
                            "the delimiter is too long: take one of at most 15 characters");
    bool is_usual = end - begin == 1 && lexer->sql[begin] == ';';
    snprintf(lexer->delimiter, sizeof lexer->delimiter, "%.*s", is_usual ? 0 : (int)(end - begin),
             lexer->sql + begin);
    const char *newline = memchr(lexer->sql + end, '\n', lexer->len - end);
    lexer->at = newline ? (size_t)(newline - lexer->sql) : lexer->len;
    return true;
}

/* Commands of the client's that people leave in scripts. */
static bool refuse_client_command(struct splitting *splitting, size_t at)
{
    const char *command = splitting->lexer.sql + at;
    bool is_source = command[1] == '.';
    return split_refuse(splitting->err, at,
                        arena_printf(splitting->list.arena,
                                     "'\\%.*s' is a command of the mariadb client, not SQL: %s",
                                     at + 1 < splitting->lexer.len, command + 1,
                                     is_source ? "put that file's SQL into the revision"
                                               : "end the statement with a semicolon"));
}

/* Within a program a name before a single colon is a label. */
static bool take_label(struct splitting *splitting, const struct mysql_token *word)
{
    struct mysql_lexer *lexer = &splitting->lexer;
    size_t at = mysql_skip_blanks(lexer, word->end);
    bool is_in_program = splitting->shape.kind == SHAPE_HEAD || splitting->shape.kind == SHAPE_BODY;
    bool is_label =
        is_in_program && at + 1 < lexer->len && lexer->sql[at] == ':' && lexer->sql[at + 1] != '=';
    if (is_label)
        lexer->at = splitting->end = at + 1;
    return is_label;
}

/* `t.end` and `@end` are no keywords. */
static bool is_bare(const struct mysql_lexer *lexer, const struct mysql_token *word)
{
    bool is_after_dot = word->begin && lexer->sql[word->begin - 1] == '.';
    bool is_before_dot = word->end < lexer->len && lexer->sql[word->end] == '.';
    return lexer->sql[word->begin] != '@' && !is_after_dot && !is_before_dot;
}

static bool take_word(struct splitting *splitting, const struct mysql_token *word)
{
    struct mysql_lexer *lexer = &splitting->lexer;
    if (!splitting->has_begun && mysql_token_is(lexer, word, "DELIMITER"))
        return take_delimiter(splitting, word->begin);
    grow(splitting, word);
    if (take_label(splitting, word))
        return true;
    if (is_bare(lexer, word))
        mysql_shape_word(&splitting->shape, lexer, word);
    else
        mysql_shape_other(&splitting->shape, lexer, word);
    return true;
}

static bool take_byte(struct splitting *splitting, const struct mysql_token *token)
{
    char c = splitting->lexer.sql[token->begin];
    bool is_custom = splitting->lexer.delimiter[0];
    if (c == '\\')
        return refuse_client_command(splitting, token->begin);
    if (c == '\0')
        return split_refuse(splitting->err, token->begin, "a NUL byte is no SQL");
    if (c != ';') {
        grow(splitting, token);
        mysql_shape_other(&splitting->shape, &splitting->lexer, token);
        return true;
    }
    bool ends = mysql_shape_ends(&splitting->shape);
    if (ends && !is_custom)
        end_statement(splitting);
    else if (splitting->has_begun)
        splitting->end = token->end;
    return true;
}

static bool take_token(struct splitting *splitting, const struct mysql_token *token)
{
    switch (token->kind) {
    case MYSQL_DELIMITER: end_statement(splitting); return true;
    case MYSQL_WORD: return take_word(splitting, token);
    case MYSQL_BYTE: return take_byte(splitting, token);
    case MYSQL_QUOTED: mysql_shape_other(&splitting->shape, &splitting->lexer, token); break;
    case MYSQL_BORDER: break;
    }
    grow(splitting, token);
    return true;
}

bool mysql_split(struct arena *arena, const char *sql, size_t len,
                 struct statement **ret_statements, size_t *ret_count, struct err *err)
{
    struct splitting splitting = {
        .lexer = {.sql = sql, .len = len},
        .list = {.arena = arena, .sql = sql, .line = 1},
        .err = err,
    };
    struct mysql_token token;
    while (mysql_lex(&splitting.lexer, &token))
        if (!take_token(&splitting, &token))
            return false;
    if (splitting.lexer.is_unended)
        return split_refuse(splitting.err, splitting.lexer.unended_at,
                            sql[splitting.lexer.unended_at] == '/' ? "a comment that does not end"
                                                                   : "a quote that does not end");
    end_statement(&splitting);
    *ret_statements = splitting.list.items;
    *ret_count = splitting.list.count;
    return true;
}
