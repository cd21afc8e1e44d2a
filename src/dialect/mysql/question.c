#include "dialect/mysql/question.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "dialect/mysql/question_changed.h"
#include "dialect/mysql/question_type.h"
#include "dialect/mysql/question_written.h"
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

/* Under the name that the table will have. */
static const char *rows_of(const struct question_request *request, struct arena *arena)
{
    struct buf name;
    if (!request->is_changed)
        return question_relation(arena, request);
    buf_init(&name, BUF_MAX_DEFAULT);
    mysql_add_identifier(&name, request->deed->table);
    return arena_printf(arena, MYSQL_OWN_ROWS " AS %s", buf_into(&name, arena));
}

/* All rows get the same value in a new column: two are one too many. */
static void ask_two_rows(const struct question_request *request, struct questions *questions)
{
    struct question *question = questions_add(questions, QUESTION_DUPLICATES, request);
    question->rows = arena_printf(questions->arena,
                                  "(SELECT 1 AS skein_1 FROM %s LIMIT 1 OFFSET 1) AS skein_found",
                                  question_relation(questions->arena, request));
}

/* A default of more than a constant, or the time of the statement, may be another for each row. */
static bool is_computed(const struct deed *new)
{
    return new->flags &(DEED_GENERATED | DEED_VOLATILE) ||
           (new->expression &&strchr(new->expression, '(') &&
            !ascii_begins(new->expression, "current_timestamp") &&
            !ascii_begins(new->expression, "now"));
}

static void ask_unique(const struct question_request *request, struct questions *questions)
{
    const struct deed *new = question_new_column(request);
    const char *relation = rows_of(request, questions->arena);
    if (new) {
        bool is_same = new->flags &(DEED_NOT_NULL | DEED_DEFAULT) &&
                       !(new->flags &(DEED_NUMBERED | DEED_VOLATILE));
        if (is_computed(new) && !(new->flags &DEED_NUMBERED))
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

/* Rows get the date of zeros, which the session's mode may forbid. */
static void ask_zero(const struct question_request *request, struct questions *questions)
{
    struct question *question = questions_add(questions, QUESTION_ROWS, request);
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_adds(&sql, "SELECT IF(@@sql_mode LIKE '%NO_ZERO_DATE%' AND @@sql_mode LIKE '%STRICT%', ");
    mysql_add_literal(&sql, question_relation(questions->arena, request));
    buf_adds(&sql, ", NULL), NULL, NULL");
    question->lookup = buf_into(&sql, questions->arena);
    question->follows = true;
}

/* A column with a key of its own: PRIMARY KEY, for UNIQUE is a deed by itself. */
static void ask_add_column(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    bool is_time =
        deed->type && (ascii_begins(deed->type, "date") || ascii_begins(deed->type, "timestamp"));
    if (deed->flags & DEED_GENERATED)
        questions_add_reason(questions, QUESTION_VALUES, request,
                             "the new column gets a value that is computed for each row");
    else if (is_time && deed->flags & DEED_NOT_NULL && !(deed->flags & DEED_DEFAULT))
        ask_zero(request, questions);
    if (deed->flags & DEED_PRIMARY_KEY && !(deed->flags & DEED_NUMBERED))
        ask_two_rows(request, questions);
}

static bool divides(const char *rule)
{
    return strchr(rule, '/') || strchr(rule, '%') || ascii_holds(rule, " div ") ||
           ascii_holds(rule, "mod");
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
    else if (divides(deed->rule))
        questions_add_reason(questions, QUESTION_CHECK, request,
                             "a division by zero is refused, and gives NULL in a question");
    else
        questions_add_check(questions, request, rows_of(request, questions->arena));
}

static void add_orphans(const struct question_request *request, struct questions *questions)
{
    struct question_request asked = *request;
    const char *relation = question_relation(questions->arena, request);
    if (!request->is_changed) {
        questions_add_orphans(questions, request, relation, NULL);
        return;
    }
    asked.own.count = asked.parent.count = 0; /* the rows have it already */
    questions_add_orphans(questions, &asked, request->own.count ? MYSQL_OWN_ROWS : relation,
                          request->parent.count ? MYSQL_PARENT_ROWS : NULL);
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
        add_orphans(request, questions);
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

/* The column as it is called now, in the deed. False: earlier statements make more of it than that. */
static bool see_column(const struct question_request *request, struct arena *arena,
                       struct deed *deed)
{
    const char *column = old_name(request);
    const char *now = column ? question_column_now(&request->own, column) : NULL;
    const char **keys = arena_calloc(arena, 1, sizeof *keys);
    struct buf name;
    deed->column = now ? now : column;
    deed->table = request->own.table ? request->own.table : deed->table;
    if (!column)
        return false;
    buf_init(&name, BUF_MAX_DEFAULT);
    mysql_add_identifier(&name, deed->column);
    keys[0] = buf_into(&name, arena);
    deed->keys = (struct deed_texts){keys, 1};
    return now;
}

static void ask_type(const struct question_request *request, struct questions *questions)
{
    struct deed deed = *request->deed, shown;
    struct question_request asked = *request;
    size_t first = questions->count;
    bool follows = see_column(request, questions->arena, &deed);
    if (!deed.type || !deed.column || deed.flags & DEED_GENERATED) {
        questions_add_reason(questions, QUESTION_CAST, request,
                             deed.flags & DEED_GENERATED ? "its value is computed for each row"
                                                         : "its definition could not be read");
        return;
    }
    shown = *request->deed;
    shown.keys = deed.keys;
    asked.deed = &deed;
    asked.shown = &shown;
    /* a timestamp gets the time, and what is numbered a number */
    bool is_filled = ascii_begins(deed.type, "timestamp") || deed.flags & DEED_NUMBERED;
    if (deed.flags & DEED_NOT_NULL && !is_filled)
        questions_add_nulls(questions, &asked, question_relation(questions->arena, &asked));
    if (deed.flags & DEED_PRIMARY_KEY && deed.flags & DEED_NUMBERED)
        questions_add_reason(questions, QUESTION_DUPLICATES, request,
                             "the server may number rows anew");
    else if (deed.flags & DEED_PRIMARY_KEY)
        questions_add_duplicates(questions, &asked, question_relation(questions->arena, &asked));
    mysql_ask_type(&asked, questions);
    for (size_t i = first; i < questions->count; i++)
        questions->items[i].follows = follows;
}

/* Rows are put into partitions, or a partition gets those of a table. */
static void ask_partitions(const struct question_request *request, struct questions *questions)
{
    questions_add_reason(questions, QUESTION_BOUNDS, request,
                         "no question is known for the rows of partitions");
}

/* CONVERT TO CHARACTER SET: texts become others. */
static void ask_rewrite(const struct question_request *request, struct questions *questions)
{
    const char *what = request->deed->what ? request->deed->what : "";
    if (ascii_begins(what, "CONVERT"))
        questions_add_reason(questions, QUESTION_CAST, request,
                             "the character set of its texts may change");
    else if (ascii_begins(what, "PARTITION BY") || ascii_begins(what, "REORGANIZE"))
        ask_partitions(request, questions);
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
        [DEED_REWRITE] = ask_rewrite,
        [DEED_ATTACH] = ask_partitions,
        [DEED_COPY_ROWS] = mysql_ask_written,
        [DEED_INSERT] = mysql_ask_written,
        [DEED_UPDATE] = mysql_ask_written,
        [DEED_DELETE] = mysql_ask_written,
    };
    size_t first = questions->count;
    if (asks[request->deed->kind] && !ignores_rows(request, questions->arena))
        asks[request->deed->kind](request, questions);
    if (request->is_changed)
        mysql_ask_changed(request, questions, first);
}
