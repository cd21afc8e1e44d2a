#include "dialect/question.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/dialect.h"

static const struct {
    const char *name, *words; /* before what it is about */
} kinds[QUESTION__COUNT] = {
    [QUESTION_NULLS] = {"nulls", "rows hold NULL in"},
    [QUESTION_ROWS] = {"rows", "there are rows, which get no value for"},
    [QUESTION_DUPLICATES] = {"duplicates", "several rows have the same"},
    [QUESTION_ORPHANS] = {"orphans", "rows have no parent for"},
    [QUESTION_CHECK] = {"check", "rows break"},
    [QUESTION_CAST] = {"cast", "values do not become"},
    [QUESTION_LENGTH] = {"length", "values do not fit into"},
    [QUESTION_BOUNDS] = {"bounds", "rows are outside the bounds of"},
    [QUESTION_VALUES] = {"values", "no value can be computed for"},
};

const char *question_kind_name(enum question_kind kind)
{
    return kinds[kind].name;
}

void question_add_words(struct buf *buf, const struct question *question)
{
    buf_addf(buf, "%s %s", kinds[question->kind].words, question->about);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void add_name(struct buf *buf, const struct question_request *request, const char *schema,
                     const char *table)
{
    if (schema) {
        request->dialect->add_identifier(buf, schema);
        buf_addc(buf, '.');
    }
    request->dialect->add_identifier(buf, table);
}

const char *question_relation(struct arena *arena, const struct question_request *request)
{
    const struct deed *deed = request->deed;
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, deed->flags & DEED_ONLY ? "ONLY " : "");
    add_name(&buf, request, deed->schema, request->own.table ? request->own.table : deed->table);
    return buf_into(&buf, arena);
}

const char *question_list(struct arena *arena, const struct deed_texts *texts, const char *before)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < texts->count; i++)
        buf_addf(&buf, "%s%s%s", i ? ", " : "", before, texts->items[i]);
    return buf_into(&buf, arena);
}

struct deed_texts question_text(struct arena *arena, const char *text)
{
    const char **items = arena_calloc(arena, 1, sizeof *items);
    items[0] = text;
    return (struct deed_texts){items, 1};
}

static bool is_quote(char c)
{
    return c == '"' || c == '`';
}

/* A key for people: without the quotes of a name, or the parentheses around an expression. */
static void add_shown(struct buf *buf, const char *key)
{
    size_t len = strlen(key);
    bool is_name = is_quote(key[0]), is_wrapped = key[0] == '(' && key[len - 1] == ')';
    for (size_t i = is_name || is_wrapped; i < len - (is_name || is_wrapped); i++) {
        i += is_name && is_quote(key[i]); /* it stands twice */
        buf_addc(buf, key[i]);
    }
}

static const char *shown_keys(struct arena *arena, const struct deed_texts *keys)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < keys->count; i++) {
        buf_adds(&buf, i ? ", " : "");
        add_shown(&buf, keys->items[i]);
    }
    return buf_into(&buf, arena);
}

/* Does the text name the column? Of a name in quotes it is known for sure, of an expression as far as words tell. */
static bool names(const char *text, const char *column)
{
    size_t len = strlen(column);
    if (is_quote(text[0]) && strlen(text) == len + 2 && !strchr(text + 1, '.'))
        return ascii_begins(text + 1, column);
    if (is_quote(text[0]) && !strpbrk(text, "()"))
        return false;
    for (const char *at = text; *at; at++) {
        bool begins = at == text || !(ascii_is_alnum(at[-1]) || at[-1] == '_');
        if (begins && ascii_begins(at, column) && !ascii_is_alnum(at[len]) && at[len] != '_')
            return true;
    }
    return false;
}

/* ---- a table as it will be ------------------------------------------------------------------- */

static bool is_plain_name(const char *text)
{
    return is_quote(text[0]) && !strpbrk(text, "().");
}

/* The layers of one statement, from the one at `end - 1` back, around the text. */
static const char *put_around(struct arena *arena, const struct question_view *view, size_t end,
                              const char *text, const struct question_request *request)
{
    struct buf buf;
    size_t begin = end;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_addf(&buf, "(SELECT (%s\n) FROM (SELECT ", text);
    while (begin && view->layers[begin - 1].statement == view->layers[end - 1].statement)
        begin--;
    for (size_t i = begin; i < end; i++) {
        const struct question_layer *layer = &view->layers[i];
        buf_addf(&buf, "%s(%s\n)%s%s AS ", i > begin ? ", " : "", layer->value,
                 layer->definition ? "::" : "", layer->definition ? layer->definition : "");
        request->dialect->add_identifier(&buf, layer->column);
    }
    buf_adds(&buf, ") AS skein_changed)");
    return buf_into(&buf, arena);
}

/* As one layer has it; NULL: that cannot be said. */
static const char *see_through(struct arena *arena, const struct question_request *request,
                               const struct question_view *view, size_t end, const char *text)
{
    bool is_named = false, is_renamed = is_plain_name(text);
    const struct question_layer *last = &view->layers[end - 1], *found = NULL;
    for (size_t i = end; i-- > 0 && view->layers[i].statement == last->statement;) {
        const struct question_layer *layer = &view->layers[i];
        bool is_it = names(text, layer->column);
        is_named |= is_it;
        is_renamed &= !is_it || (!layer->definition && is_plain_name(layer->value));
        found = is_it ? layer : found;
    }
    if (!is_named)
        return text;
    if (is_renamed)
        return found->value;
    return request->dialect->sees_values_through ? put_around(arena, view, end, text, request)
                                                 : NULL;
}

const char *question_see_through(struct arena *arena, const struct question_request *request,
                                 const struct question_view *view, const char *text)
{
    bool is_of_row =
        !is_plain_name(text) && view->count &&
        (names(text, view->table) || (request->deed->table && names(text, request->deed->table)));
    if (is_of_row)
        return NULL; /* `t.column`, or the row as a whole */
    for (size_t end = view->count; end && text;) {
        size_t statement = view->layers[end - 1].statement;
        text = see_through(arena, request, view, end, text);
        while (end && view->layers[end - 1].statement == statement)
            end--;
    }
    return text;
}

const char *question_column_now(const struct question_view *view, const char *column)
{
    for (size_t end = view->count; end && column;) {
        size_t statement = view->layers[end - 1].statement;
        const struct question_layer *found = NULL;
        for (; end && view->layers[end - 1].statement == statement; end--)
            if (ascii_is_same(view->layers[end - 1].column, column))
                found = &view->layers[end - 1];
        column = found ? found->was : column;
    }
    return column;
}

/* The columns as the view has them, of the rows of the relation. */
static const char *project(struct arena *arena, const struct question_request *request,
                           const struct question_view *view, const char *relation,
                           const struct deed_texts *columns)
{
    struct buf buf;
    if (!view->count)
        return relation;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "(SELECT ");
    for (size_t i = 0; i < columns->count; i++)
        buf_addf(&buf, "%s%s AS %s", i ? ", " : "",
                 question_see_through(arena, request, view, columns->items[i]), columns->items[i]);
    buf_addf(&buf, " FROM %s AS skein_rows)", relation);
    return buf_into(&buf, arena);
}

bool question_depends(const struct question *question, const char *column)
{
    const struct deed_texts *texts = &question->depends;
    bool does = !texts->count;
    for (size_t i = 0; i < texts->count && column; i++) /* a rule may be about the whole row */
        does |= names(texts->items[i], column) ||
                (!is_quote(texts->items[i][0]) && names(texts->items[i], question->table));
    return does;
}

/* ---- questions ------------------------------------------------------------------------------- */

struct question *questions_add(struct questions *questions, enum question_kind kind,
                               const struct question_request *request)
{
    const struct deed *deed = request->shown ? request->shown : request->deed;
    struct question *question =
        ARENA_PUSH(questions->arena, questions->items, questions->count, questions->capacity);
    *question =
        (struct question){.kind = kind, .table = deed->table, .depends = request->deed->keys};
    question->about = deed->keys.count ? shown_keys(questions->arena, &deed->keys)
                      : deed->name     ? deed->name
                      : deed->rule     ? deed->rule
                                       : deed->table;
    return question;
}

void questions_add_reason(struct questions *questions, enum question_kind kind,
                          const struct question_request *request, const char *reason)
{
    questions_add(questions, kind, request)->reason = reason;
}

void questions_add_nulls(struct questions *questions, const struct question_request *request,
                         const char *relation)
{
    const struct deed_texts *keys = &request->deed->keys;
    const char *is_null = request->dialect->null_test;
    struct question *question = questions_add(questions, QUESTION_NULLS, request);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_addf(&buf, "%s WHERE ", relation);
    for (size_t i = 0; i < keys->count; i++)
        buf_addf(&buf, "%s%s %s", i ? " OR " : "", keys->items[i], is_null);
    question->rows = buf_into(&buf, questions->arena);
    question->follows = true;
}

static struct deed_texts with_text(struct arena *arena, const struct deed_texts *texts,
                                   const char *text)
{
    const char **items = arena_calloc(arena, texts->count + 1, sizeof *items);
    for (size_t i = 0; i < texts->count; i++)
        items[i] = texts->items[i];
    items[texts->count] = text;
    return (struct deed_texts){items, texts->count + 1};
}

/* The values of the keys get names of their own, for they may be expressions. */
void questions_add_duplicates(struct questions *questions, const struct question_request *request,
                              const char *relation)
{
    const struct deed *deed = request->deed;
    const struct deed_texts *keys = &deed->keys;
    struct question *question = questions_add(questions, QUESTION_DUPLICATES, request);
    struct buf rows, sample;
    const char *with = " WHERE ";
    bool is_any = deed->flags & DEED_NULLS_EQUAL;
    buf_init(&rows, BUF_MAX_DEFAULT);
    buf_init(&sample, BUF_MAX_DEFAULT);
    buf_adds(&rows, "(SELECT ");
    for (size_t i = 0; i < keys->count; i++) {
        buf_addf(&rows, "%s%s AS skein_%zu", i ? ", " : "", keys->items[i], i + 1);
        buf_addf(&sample, "%sskein_%zu", i ? ", " : "", i + 1);
    }
    buf_addf(&rows, " FROM %s", relation);
    if (deed->predicate) { /* of other rows a key may have no value */
        buf_addf(&rows, " WHERE CASE WHEN (%s\n) THEN ", deed->predicate);
        with = "";
    }
    for (size_t i = 0; i < keys->count && !is_any; i++, with = " AND ")
        buf_addf(&rows, "%s%s %s", with, keys->items[i], request->dialect->not_null_test);
    if (deed->predicate)
        buf_addf(&rows, "%s ELSE FALSE END", is_any ? "TRUE" : "");
    buf_addf(&rows, " GROUP BY %s HAVING count(*) > 1) AS skein_found",
             question_list(questions->arena, keys, ""));
    if (deed->predicate)
        question->depends = with_text(questions->arena, keys, deed->predicate);
    question->rows = buf_into(&rows, questions->arena);
    question->sample = buf_into(&sample, questions->arena);
    question->follows = true;
}

/* The rule may end in a comment. */
void questions_add_check(struct questions *questions, const struct question_request *request,
                         const char *relation)
{
    struct question *question = questions_add(questions, QUESTION_CHECK, request);
    const char *rule = request->deed->rule;
    question->depends = question_text(questions->arena, rule);
    question->about = request->deed->name ? request->deed->name
                      : request->shown    ? request->shown->rule
                                          : rule;
    question->rows = arena_printf(questions->arena, "%s WHERE NOT (%s\n)", relation, rule);
    question->follows = true;
}

/* MATCH SIMPLE: a row with a NULL in its key passes. MATCH FULL: only one with nothing else in it does. */
void questions_add_orphans(struct questions *questions, const struct question_request *request,
                           const char *relation, const char *parents)
{
    const struct deed *deed = request->deed;
    struct question *question = questions_add(questions, QUESTION_ORPHANS, request);
    struct buf buf;
    bool is_full = deed->flags & DEED_MATCH_FULL && deed->keys.count > 1;
    struct arena *arena = questions->arena;
    const char *parent = request->parent.table ? request->parent.table : deed->other;
    buf_init(&buf, BUF_MAX_DEFAULT);
    if (!parents) {
        add_name(&buf, request, deed->other_schema, request->was ? request->was : parent);
        parents = buf_into(&buf, arena);
        buf_init(&buf, BUF_MAX_DEFAULT);
    }
    buf_addf(&buf, "%s AS skein_child WHERE (",
             project(arena, request, &request->own, relation, &deed->keys));
    for (size_t i = 0; i < deed->keys.count; i++)
        buf_addf(&buf, "%sskein_child.%s IS NOT NULL", i ? " AND " : "", deed->keys.items[i]);
    buf_addf(&buf, " AND NOT EXISTS (SELECT 1 FROM %s AS skein_parent WHERE ",
             project(arena, request, &request->parent, parents, &deed->parents));
    for (size_t i = 0; i < deed->keys.count; i++)
        buf_addf(&buf, "%sskein_parent.%s = skein_child.%s", i ? " AND " : "",
                 deed->parents.items[i], deed->keys.items[i]);
    buf_adds(&buf, "))");
    for (size_t i = 0; i < deed->keys.count && is_full; i++)
        buf_addf(&buf, "%sskein_child.%s IS NULL", i ? " OR " : " OR ((", deed->keys.items[i]);
    for (size_t i = 0; i < deed->keys.count && is_full; i++)
        buf_addf(&buf, "%sskein_child.%s IS NOT NULL", i ? " OR " : ") AND (", deed->keys.items[i]);
    buf_adds(&buf, is_full ? "))" : "");
    question->other = deed->other;
    question->rows = buf_into(&buf, questions->arena);
    question->follows = true;
    question->sample = question_list(questions->arena, &deed->keys, "skein_child.");
}

const struct deed *question_new_column(const struct question_request *request)
{
    for (size_t i = 0; i < request->count; i++) {
        const struct deed *deed = &request->deeds[i];
        if (deed->kind == DEED_ADD_COLUMN && deed->column && request->deed->column &&
            strcmp(deed->column, request->deed->column) == 0)
            return deed;
    }
    return NULL;
}
