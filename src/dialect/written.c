#include "dialect/written.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "dialect/question.h"

static const char own_way[] = "the statement has its own way with what does not fit";
static const char not_plain[] = "it is no INSERT, UPDATE or DELETE of a plain form";

struct reading {
    struct arena *arena;
    const struct written_text *text;
    size_t at; /* of the next token */
};

/* ---- tokens ------------------------------------------------------------------------------------- */

static bool is_over(const struct reading *reading)
{
    return reading->at >= reading->text->count;
}

static bool is_at(const struct reading *reading, size_t at, const char *word)
{
    const struct written_text *text = reading->text;
    if (at >= text->count)
        return false;
    const struct written_token *token = &text->tokens[at];
    return token->end - token->begin == strlen(word) &&
           ascii_begins(text->sql + token->begin, word);
}

static bool is_next(const struct reading *reading, const char *word)
{
    return is_at(reading, reading->at, word);
}

static bool take(struct reading *reading, const char *word)
{
    bool is_there = is_next(reading, word);
    reading->at += is_there;
    return is_there;
}

static bool is_any(const struct reading *reading, const char *const *words)
{
    for (; *words; words++)
        if (is_next(reading, *words))
            return true;
    return false;
}

/* The text from one token to before another. */
static const char *between(const struct reading *reading, size_t begin, size_t end)
{
    const struct written_text *text = reading->text;
    if (begin >= end)
        return NULL;
    size_t first = text->tokens[begin].begin, last = text->tokens[end - 1].end;
    return arena_strndup(reading->arena, text->sql + first, last - first);
}

/* A name as the catalog has it; NULL: none stands there. */
static const char *take_name(struct reading *reading)
{
    if (is_over(reading))
        return NULL;
    const struct written_token *token = &reading->text->tokens[reading->at++];
    const char *sql = reading->text->sql;
    char open = sql[token->begin], close = open == '[' ? ']' : open;
    bool is_quoted = open == '"' || open == '`' || open == '[';
    bool is_plain = ascii_is_alnum(open) || open == '_' || (unsigned char)open >= 0x80;
    struct buf buf;
    if (!is_quoted && !is_plain)
        return NULL;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = token->begin + is_quoted; i < token->end - is_quoted; i++) {
        bool is_upper = !is_quoted && reading->text->folds && sql[i] >= 'A' && sql[i] <= 'Z';
        buf_addc(&buf, is_upper ? (char)(sql[i] - 'A' + 'a') : sql[i]);
        i += is_quoted && sql[i] == close; /* it stands twice */
    }
    return buf_into(&buf, reading->arena);
}

/* Steps to the word, or to the end of what is open here, or of the statement. */
static void step_to(struct reading *reading, const char *const *words)
{
    for (int depth = 0; !is_over(reading); reading->at++) {
        bool closes = is_next(reading, ")") || is_next(reading, "]");
        if (!depth && (closes || is_next(reading, ";") || is_any(reading, words)))
            return;
        depth += is_next(reading, "(") || is_next(reading, "[");
        depth -= closes;
    }
}

/* ---- INSERT ------------------------------------------------------------------------------------- */

static const char *const queries[] = {"select", "values", "with", "(", NULL};

static void add_column(struct reading *reading, struct written *ret, const char *name,
                       const char *value)
{
    struct written_column *columns =
        arena_calloc(reading->arena, ret->count + 1, sizeof *ret->columns);
    for (size_t i = 0; i < ret->count; i++)
        columns[i] = ret->columns[i];
    columns[ret->count++] = (struct written_column){name, value};
    ret->columns = columns;
}

/* `(a, b)`; what is no such list stays where it is. False: it is a list of more than names. */
static bool take_columns(struct reading *reading, struct written *ret)
{
    struct reading ahead = *reading;
    ahead.at++;
    if (!is_next(reading, "(") || is_any(&ahead, queries))
        return true;
    reading->at++;
    do {
        const char *name = take_name(reading);
        if (!name)
            return false;
        add_column(reading, ret, name, NULL);
    } while (take(reading, ","));
    return take(reading, ")");
}

/* How many values the first row of the query has; 0: as its tables say. */
static size_t width_of(struct reading reading)
{
    static const char *const ends[] = {",",     "from",  "union", "where",
                                       "order", "limit", "group", NULL};
    bool is_values = take(&reading, "values");
    size_t width = 0;
    if (is_values ? !take(&reading, "(") : !take(&reading, "select"))
        return 0;
    do {
        size_t begin = reading.at;
        step_to(&reading, ends);
        for (size_t i = begin; i < reading.at; i++)
            if (is_at(&reading, i, "*") && (i == begin || is_at(&reading, i - 1, ".")) &&
                i + 1 == reading.at)
                return 0;
        width++;
    } while (take(&reading, ","));
    return width;
}

static void read_insert(struct reading *reading, struct written *ret)
{
    static const char *const ends[] = {"on", "returning", NULL};
    take(reading, "or");
    ret->passes_all = take(reading, "ignore");
    if (!take(reading, "into")) {
        ret->reason = own_way;
        return;
    }
    bool is_named = take_name(reading) && (!take(reading, ".") || take_name(reading));
    if (is_named && take(reading, "as"))
        is_named = take_name(reading);
    if (!is_named || !take_columns(reading, ret) || !is_any(reading, queries)) {
        ret->reason = not_plain;
        return;
    }
    size_t begin = reading->at;
    ret->width = ret->count ? 0 : width_of(*reading);
    do {
        step_to(reading, ends);
        bool is_conflict = is_at(reading, reading->at + 1, "conflict") ||
                           is_at(reading, reading->at + 1, "duplicate");
        ret->passes_duplicates = is_next(reading, "on") && is_at(reading, reading->at + 2, "do") &&
                                 is_at(reading, reading->at + 3, "nothing");
        if (is_next(reading, "on") && is_conflict && !ret->passes_duplicates)
            ret->reason = own_way;
        if (!is_next(reading, "on") || is_conflict)
            break;
    } while (++reading->at);
    ret->query = between(reading, begin, reading->at);
}

/* ---- UPDATE ------------------------------------------------------------------------------------- */

/* `IS DISTINCT FROM` goes on. */
static void step_over_value(struct reading *reading)
{
    static const char *const ends[] = {",", "where", "from", "order", "limit", "returning", NULL};
    for (;; reading->at++) {
        step_to(reading, ends);
        bool goes_on =
            is_next(reading, "from") && reading->at && is_at(reading, reading->at - 1, "distinct");
        if (!goes_on)
            return;
    }
}

static bool take_assignment(struct reading *reading, struct written *ret)
{
    const char *name = take_name(reading);
    while (name && take(reading, "."))
        name = take_name(reading);
    take(reading, ":");
    if (!name || !take(reading, "="))
        return false;
    size_t begin = reading->at;
    step_over_value(reading);
    const char *value = between(reading, begin, reading->at);
    if (value)
        add_column(reading, ret, name, value);
    return value;
}

/* To the end of a plain statement. False: more follows. */
static bool take_condition(struct reading *reading, struct written *ret)
{
    static const char *const ends[] = {"order", "limit", "returning", NULL};
    if (take(reading, "where")) {
        size_t begin = reading->at;
        step_to(reading, ends);
        ret->condition = between(reading, begin, reading->at);
    }
    return is_over(reading) || is_next(reading, ";") || is_next(reading, "returning");
}

static void read_delete(struct reading *reading, struct written *ret)
{
    static const char *const ends[] = {"where", "returning", ";", NULL};
    bool is_plain = take(reading, "from") && !is_next(reading, "only");
    size_t begin = reading->at;
    is_plain = is_plain && take_name(reading) && (!take(reading, ".") || take_name(reading));
    if (is_plain && !is_over(reading) && !is_any(reading, ends))
        is_plain = (take(reading, "as") || true) && take_name(reading);
    ret->is_delete = true;
    ret->target = between(reading, begin, reading->at);
    ret->reason = is_plain && take_condition(reading, ret) ? NULL : not_plain;
}

static void read_update(struct reading *reading, struct written *ret)
{
    static const char *const others[] = {"low_priority", "only", NULL};
    bool has_or = take(reading, "or");
    ret->passes_all = take(reading, "ignore");
    size_t begin = reading->at;
    bool is_plain = has_or <= ret->passes_all && !is_any(reading, others) && take_name(reading) &&
                    (!take(reading, ".") || take_name(reading));
    if (is_plain && !is_next(reading, "set"))
        is_plain = (take(reading, "as") || true) && take_name(reading);
    ret->is_update = true;
    ret->target = between(reading, begin, reading->at);
    if (!is_plain || !take(reading, "set")) {
        ret->reason = has_or ? own_way : not_plain;
        return;
    }
    do {
        is_plain = take_assignment(reading, ret);
    } while (is_plain && take(reading, ","));
    ret->reason = is_plain && take_condition(reading, ret) ? NULL : not_plain;
}

void written_read(struct arena *arena, const struct written_text *text, struct written *ret)
{
    struct reading reading = {arena, text, 0};
    *ret = (struct written){0};
    if (take(&reading, "insert"))
        read_insert(&reading, ret);
    else if (take(&reading, "update"))
        read_update(&reading, ret);
    else if (take(&reading, "delete"))
        read_delete(&reading, ret);
    else
        ret->reason = is_next(&reading, "replace") ? own_way : not_plain;
}

void written_add_touched(struct buf *buf, const struct question_request *request, const char *query)
{
    const struct deed_texts *touched = &request->touched;
    if (!touched->count)
        return;
    buf_addf(buf, " WHEN EXISTS (%s", query);
    for (size_t i = 0; i < touched->count; i++) {
        buf_adds(buf, i ? ", " : "");
        request->dialect->add_literal(buf, touched->items[i]);
    }
    buf_adds(buf, ")) THEN 'earlier statements change the other table of a foreign key'");
}

void written_add_names(struct buf *buf, const struct written *written,
                       void (*add_literal)(struct buf *buf, const char *text))
{
    for (size_t i = 0; i < written->count; i++) {
        buf_adds(buf, i ? ", " : "");
        add_literal(buf, written->columns[i].name);
    }
}

void written_add_reason(struct questions *questions, const struct question_request *request,
                        const char *reason)
{
    struct question *question = questions_add(questions, QUESTION_CHECK, request);
    question->about = arena_printf(questions->arena, "the rules of %s", request->deed->table);
    question->reason = reason;
}
