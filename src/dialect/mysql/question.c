#include "dialect/mysql/question.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "dialect/mysql/question_type.h"
#include "dialect/mysql/reader.h"
#include "dialect/mysql/templates.h"
#include "dialect/question.h"

/* ALTER IGNORE takes away, or changes, what does not fit. */
static bool ignores_rows(const struct question_request *request, struct arena *arena)
{
    struct mysql_reader reader = mysql_read(arena, request->sql, strlen(request->sql));
    bool is_alter = mysql_accept(&reader, "ALTER");
    mysql_accept(&reader, "ONLINE");
    return is_alter && mysql_is(&reader, "IGNORE");
}

/* ---- constraints -------------------------------------------------------------------------------- */

/* All rows get the same value in a new column: two are one too many. */
static void ask_two_rows(const struct question_request *request, struct questions *questions)
{
    struct question *question = questions_add(questions, QUESTION_DUPLICATES, request);
    question->rows = arena_printf(questions->arena,
                                  "(SELECT 1 AS skein_1 FROM %s LIMIT 1 OFFSET 1) AS skein_found",
                                  question_relation(questions->arena, request));
}

static void ask_unique(const struct question_request *request, struct questions *questions)
{
    const struct deed *new = question_new_column(request);
    const char *relation = question_relation(questions->arena, request);
    if (new) {
        bool is_same = new->flags &(DEED_NOT_NULL | DEED_DEFAULT) &&
                       !(new->flags &(DEED_NUMBERED | DEED_VOLATILE));
        if (new->flags & DEED_GENERATED)
            questions_add_reason(questions, QUESTION_DUPLICATES, request,
                                 "the new column gets a value that is computed for each row");
        else if (is_same)
            ask_two_rows(request, questions);
        return;
    }
    if (!request->deed->keys.count) {
        questions_add_reason(questions, QUESTION_DUPLICATES, request, "its keys could not be read");
        return;
    }
    if (request->deed->flags & DEED_PRIMARY_KEY)
        questions_add_nulls(questions, request, relation);
    questions_add_duplicates(questions, request, relation);
}

static void ask_index(const struct question_request *request, struct questions *questions)
{
    if (request->deed->flags & DEED_UNIQUE)
        ask_unique(request, questions);
}

/* A column with a key of its own: PRIMARY KEY, for UNIQUE is a deed by itself. */
static void ask_add_column(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    if (deed->flags & DEED_PRIMARY_KEY && !(deed->flags & DEED_NUMBERED))
        ask_two_rows(request, questions);
}

static void ask_check(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    if (deed->flags & DEED_WITH_COLUMN)
        questions_add_reason(
            questions, QUESTION_CHECK, request,
            "whether the server holds a column's CHECK to the rows depends on how it changes the table");
    else if (!deed->rule)
        questions_add_reason(questions, QUESTION_CHECK, request, "its rule could not be read");
    else
        questions_add_check(questions, request, question_relation(questions->arena, request));
}

static void ask_foreign_key(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    const struct deed *new = question_new_column(request);
    if (new && !(new->flags &(DEED_NOT_NULL | DEED_DEFAULT)))
        return;
    if (new)
        questions_add_reason(questions, QUESTION_ORPHANS, request,
                             "the server makes up the value that rows get in a new column");
    else if (!deed->keys.count || deed->parents.count != deed->keys.count)
        questions_add_reason(questions, QUESTION_ORPHANS, request, "its columns could not be read");
    else
        questions_add_orphans(questions, request, question_relation(questions->arena, request));
}

/* ---- MODIFY, CHANGE ----------------------------------------------------------------------------- */

/* The column as it is called before the statement. */
static const char *old_name(const struct question_request *request)
{
    for (size_t i = 0; i < request->count; i++) {
        const struct deed *deed = &request->deeds[i];
        if (deed->kind == DEED_RENAME && deed->column && deed->other &&
            strcmp(deed->other, request->deed->column) == 0)
            return deed->column;
    }
    return request->deed->column;
}

static void ask_type(const struct question_request *request, struct questions *questions)
{
    struct deed deed = *request->deed;
    struct question_request asked = *request;
    const char *column = old_name(request);
    struct buf name;
    if (!deed.type || !column || deed.flags & DEED_GENERATED) {
        questions_add_reason(questions, QUESTION_CAST, request,
                             deed.flags & DEED_GENERATED ? "its value is computed for each row"
                                                         : "its definition could not be read");
        return;
    }
    buf_init(&name, BUF_MAX_DEFAULT);
    mysql_add_identifier(&name, column);
    const char *key = buf_into(&name, questions->arena);
    deed.column = column;
    const char **keys = arena_calloc(questions->arena, 1, sizeof *keys);
    keys[0] = key;
    deed.keys = (struct deed_texts){keys, 1};
    asked.deed = &deed;
    /* a timestamp gets the time, and what is numbered a number */
    bool is_filled = ascii_begins(deed.type, "timestamp") || deed.flags & DEED_NUMBERED;
    if (deed.flags & DEED_NOT_NULL && !is_filled)
        questions_add_nulls(questions, &asked, question_relation(questions->arena, &asked));
    mysql_ask_type(&asked, questions);
}

void mysql_ask_rows(const struct question_request *request, struct questions *questions)
{
    static void (*const asks[DEED__COUNT])(const struct question_request *, struct questions *) = {
        [DEED_ADD_COLUMN] = ask_add_column,
        [DEED_SET_TYPE] = ask_type,
        [DEED_ADD_CHECK] = ask_check,
        [DEED_ADD_UNIQUE] = ask_unique,
        [DEED_ADD_FOREIGN_KEY] = ask_foreign_key,
        [DEED_CREATE_INDEX] = ask_index,
    };
    if (asks[request->deed->kind] && !ignores_rows(request, questions->arena))
        asks[request->deed->kind](request, questions);
}
