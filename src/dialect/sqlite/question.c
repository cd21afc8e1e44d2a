#include "dialect/sqlite/question.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "dialect/question.h"
#include "dialect/sqlite/definition.h"
#include "dialect/template.h"

/* ---- CREATE UNIQUE INDEX ------------------------------------------------------------------------- */

static struct sqlite_cursor after_on(const char *sql)
{
    struct sqlite_cursor cursor = sqlite_cursor(sql);
    while (cursor.token.kind != TOKEN_END && !sqlite_take_word(&cursor, "on"))
        sqlite_skip(&cursor);
    while (cursor.token.kind != TOKEN_END && !sqlite_is_sign(&cursor.token, "("))
        sqlite_advance(&cursor);
    return cursor;
}

/* The name in parentheses; NULL: an expression. */
static const char *name_alone(struct arena *arena, const char *key)
{
    struct sqlite_cursor cursor = sqlite_cursor(key);
    if (!sqlite_take_sign(&cursor, "("))
        return NULL;
    const char *name = sqlite_token_name(arena, &cursor.token);
    sqlite_advance(&cursor);
    return sqlite_is_sign(&cursor.token, ")") ? name : NULL;
}

/* The keys by the names that columns have now. False: that cannot be said. */
static bool see_keys(const struct question_request *request, struct arena *arena, struct deed *deed)
{
    const char **keys = arena_calloc(arena, deed->keys.count + 1, sizeof *keys);
    for (size_t i = 0; i < deed->keys.count; i++) {
        const char *key = deed->keys.items[i], *name = name_alone(arena, key);
        const char *now = name ? question_column_now(&request->own, name)
                               : question_see_through(arena, request, &request->own, key);
        struct buf buf;
        if (!now)
            return false;
        keys[i] = key;
        if (!name || now == name)
            continue;
        buf_init(&buf, BUF_MAX_DEFAULT);
        sqlite_add_name(&buf, now);
        keys[i] = buf_into(&buf, arena);
    }
    deed->keys = (struct deed_texts){keys, deed->keys.count};
    return !deed->predicate || question_see_through(arena, request, &request->own, deed->predicate);
}

static bool is_computed(const struct deed *deed)
{
    for (size_t i = 0; i < deed->keys.count; i++)
        if (strchr(deed->keys.items[i] + 1, '('))
            return true;
    return false;
}

/* A function may refuse a value. */
static void ask_values(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    struct arena *arena = questions->arena;
    struct question *question = questions_add(questions, QUESTION_VALUES, request);
    question->trial =
        arena_printf(arena, "SELECT count(%s) FROM %s WHERE %s\n",
                     question_list(arena, &deed->keys, ") + count("),
                     question_relation(arena, request), deed->predicate ? deed->predicate : "true");
    question->depends = (struct deed_texts){0};
}

static void ask_index(const struct question_request *request, struct questions *questions)
{
    struct deed deed = *request->deed, shown;
    struct question_request asked = *request;
    struct sqlite_cursor cursor = after_on(request->sql);
    deed.keys = sqlite_take_keys(questions->arena, &cursor);
    if (!deed.keys.count && deed.flags & DEED_UNIQUE)
        questions_add_reason(questions, QUESTION_DUPLICATES, request, "its keys could not be read");
    if (!deed.keys.count)
        return;
    if (sqlite_take_word(&cursor, "where"))
        deed.predicate = sqlite_text_between(questions->arena, cursor, NULL);
    asked.deed = &deed;
    if (!(deed.flags & DEED_UNIQUE)) {
        if (is_computed(&deed))
            ask_values(&asked, questions);
        return;
    }
    shown = deed;
    asked.shown = &shown;
    bool follows = see_keys(request, questions->arena, &deed);
    questions_add_duplicates(questions, &asked, question_relation(questions->arena, &asked));
    questions->items[questions->count - 1].follows = follows;
}

/* ---- ADD COLUMN ---------------------------------------------------------------------------------- */

static struct sqlite_cursor at_new_column(const char *sql)
{
    struct sqlite_cursor cursor = sqlite_cursor(sql);
    while (cursor.token.kind != TOKEN_END && !sqlite_take_word(&cursor, "add"))
        sqlite_advance(&cursor);
    sqlite_take_word(&cursor, "column");
    return cursor;
}

/* Each CHECK of the definition, held to the rows with the value that the column will have. */
static void ask_checks(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    struct arena *arena = questions->arena;
    struct sqlite_definition definition =
        sqlite_read_definition(arena, at_new_column(request->sql));
    struct buf name, table;
    if (!definition.checks.count)
        return;
    if (deed->flags & DEED_GENERATED) {
        questions_add_reason(questions, QUESTION_CHECK, request,
                             "the new column gets a value that is computed for each row");
        return;
    }
    buf_init(&name, BUF_MAX_DEFAULT);
    buf_init(&table, BUF_MAX_DEFAULT);
    sqlite_add_name(&name, deed->column);
    sql_add_identifier(&table, deed->table);
    const char *value = definition.fallback ? definition.fallback : "NULL";
    /* it stands before a column of its name which the plan has dropped */
    const char *relation = arena_printf(
        arena, "(SELECT %s AS %s, * FROM %s) AS %s",
        sqlite_with_affinity(arena, arena_printf(arena, "(%s\n)", value), definition.type),
        name.data, question_relation(arena, request), table.data);
    buf_done(&name);
    buf_done(&table);
    for (size_t i = 0; i < definition.checks.count; i++) {
        struct deed check = *deed;
        struct question_request asked = *request;
        check.rule = definition.checks.items[i];
        asked.deed = &check;
        asked.shown = &check;
        questions_add_check(questions, &asked, relation);
        questions->items[questions->count - 1].follows =
            question_see_through(arena, request, &request->own, check.rule) == check.rule;
    }
}

static void ask_add_column(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    bool is_required =
        deed->flags & DEED_NOT_NULL && !(deed->flags & (DEED_DEFAULT | DEED_GENERATED));
    if (is_required || (deed->flags & DEED_VOLATILE && !(deed->flags & DEED_GENERATED))) {
        struct question *question = questions_add(questions, QUESTION_ROWS, request);
        question->about = deed->column;
        question->rows = question_relation(questions->arena, request);
    } else if (deed->flags & DEED_GENERATED && deed->flags & DEED_NOT_NULL) {
        questions_add_reason(questions, QUESTION_NULLS, request,
                             "the new column gets a value that is computed for each row");
    }
    ask_checks(request, questions);
}

void sqlite_ask_rows(const struct question_request *request, struct questions *questions)
{
    if (request->deed->kind == DEED_CREATE_INDEX)
        ask_index(request, questions);
    else if (request->deed->kind == DEED_ADD_COLUMN)
        ask_add_column(request, questions);
    else if (request->deed->kind == DEED_COPY_ROWS && request->made_by)
        sqlite_ask_rebuild(request, questions);
    else if (request->deed->kind == DEED_COPY_ROWS || request->deed->kind == DEED_INSERT ||
             request->deed->kind == DEED_UPDATE || request->deed->kind == DEED_DELETE)
        sqlite_ask_written(request, questions);
}
