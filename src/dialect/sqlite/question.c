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

static void ask_index(const struct question_request *request, struct questions *questions)
{
    struct deed deed = *request->deed;
    struct question_request asked = *request;
    struct sqlite_cursor cursor = after_on(request->sql);
    if (!(deed.flags & DEED_UNIQUE))
        return;
    asked.deed = &deed;
    deed.keys = sqlite_take_keys(questions->arena, &cursor);
    if (!deed.keys.count) {
        questions_add_reason(questions, QUESTION_DUPLICATES, request, "its keys could not be read");
        return;
    }
    if (sqlite_take_word(&cursor, "where"))
        deed.predicate = sqlite_text_between(questions->arena, cursor, NULL);
    questions_add_duplicates(questions, &asked, question_relation(questions->arena, &asked));
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
    const char *relation = arena_printf(
        arena, "(SELECT *, %s AS %s FROM %s) AS %s",
        sqlite_with_affinity(arena, arena_printf(arena, "(%s\n)", value), definition.type),
        name.data, question_relation(arena, request), table.data);
    buf_done(&name);
    buf_done(&table);
    for (size_t i = 0; i < definition.checks.count; i++) {
        struct deed check = *deed;
        struct question_request asked = *request;
        check.rule = definition.checks.items[i];
        asked.deed = &check;
        questions_add_check(questions, &asked, relation);
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
}
