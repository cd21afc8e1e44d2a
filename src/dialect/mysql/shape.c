#include "dialect/mysql/shape.h"

/* A token among its text. */
struct word {
    const struct mysql_lexer *lexer;
    const struct mysql_token *token;
};

static bool is(const struct word *word, const char *what)
{
    return mysql_token_is(word->lexer, word->token, what);
}

static bool is_one_of(const struct word *word, const char *const *list)
{
    for (; *list; list++)
        if (is(word, *list))
            return true;
    return false;
}

static bool is_oracle(const struct word *word)
{
    return word->lexer->mode & MODE_ORACLE;
}

static const char *const openers[] = {"IF", "LOOP", "WHILE", "REPEAT", "FOR", "CASE", NULL};

static void feed_first(struct mysql_shape *shape, const struct word *word)
{
    shape->saw_word = true;
    if (is(word, "CREATE")) {
        shape->kind = SHAPE_MAYBE_PROGRAM;
    } else if (is(word, "BEGIN") || (is_oracle(word) && is(word, "DECLARE"))) {
        shape->program = PROGRAM_BLOCK;
        shape->kind = is_oracle(word) ? SHAPE_BODY : SHAPE_MAYBE_PROGRAM;
        shape->depth = is_oracle(word);
        shape->awaits_begin = is(word, "DECLARE");
        shape->at_start = true;
    }
}

static void feed_maybe(struct mysql_shape *shape, const struct word *word)
{
    static const struct {
        const char *word;
        enum mysql_program program;
    } programs[] = {
        {"PROCEDURE", PROGRAM_PROCEDURE}, {"FUNCTION", PROGRAM_FUNCTION},
        {"TRIGGER", PROGRAM_TRIGGER},     {"EVENT", PROGRAM_EVENT},
        {"PACKAGE", PROGRAM_PACKAGE},
    };
    static const char *const others[] = {"TABLE", "VIEW", "INDEX",    "DATABASE", "SCHEMA",
                                         "USER",  "ROLE", "SEQUENCE", "SERVER",   NULL};
    if (shape->program == PROGRAM_BLOCK) {
        shape->kind = is(word, "NOT")      ? SHAPE_MAYBE_PROGRAM
                      : is(word, "ATOMIC") ? SHAPE_BODY
                                           : SHAPE_PLAIN;
        shape->depth = shape->at_start = true;
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(programs); i++)
        if (is(word, programs[i].word)) {
            bool is_package = programs[i].program == PROGRAM_PACKAGE;
            shape->program = programs[i].program;
            shape->kind = is_package ? SHAPE_BODY : SHAPE_HEAD;
            shape->depth = is_package;
            shape->names_routine = true;
        }
    if (is_one_of(word, others))
        shape->kind = SHAPE_PLAIN;
}

static bool is_routine(const struct mysql_shape *shape)
{
    return shape->program == PROGRAM_PROCEDURE || shape->program == PROGRAM_FUNCTION;
}

/* The body of a trigger begins after FOR EACH ROW, that of an event after DO. */
static bool leads_to_body(const struct mysql_shape *shape, const struct word *word)
{
    return (shape->program == PROGRAM_TRIGGER && is(word, "ROW")) ||
           (shape->program == PROGRAM_EVENT && !shape->at_start && is(word, "DO"));
}

static void feed_head(struct mysql_shape *shape, const struct word *word)
{
    static const char *const traits[] = {
        "LANGUAGE", "SQL",  "NOT",      "DETERMINISTIC", "CONTAINS", "NO",      "READS",
        "MODIFIES", "DATA", "SECURITY", "DEFINER",       "INVOKER",  "COMMENT", NULL};
    if (shape->parens)
        return;
    if (is_oracle(word) && (is(word, "AS") || is(word, "IS")) && is_routine(shape)) {
        shape->kind = SHAPE_BODY;
        shape->depth = 1;
        shape->awaits_begin = shape->at_start = true;
        shape->names_routine = false;
        return;
    }
    if (leads_to_body(shape, word)) {
        shape->at_start = true;
        return;
    }
    if (!shape->at_start)
        return;
    bool returns = shape->program == PROGRAM_FUNCTION && !is_oracle(word);
    if (is(word, "BEGIN") || is_one_of(word, openers)) {
        shape->kind = SHAPE_BODY;
        shape->depth = 1;
        shape->at_start = !is(word, "IF") && !is(word, "WHILE") && !is(word, "CASE");
    } else if (shape->program == PROGRAM_FUNCTION ? returns && is(word, "RETURN")
                                                  : !is_one_of(word, traits)) {
        shape->kind = SHAPE_PLAIN;
    }
}

static void open_block(struct mysql_shape *shape, bool is_expression)
{
    shape->depth++;
    shape->expressions = shape->expressions << 1 | is_expression;
}

static void open_routine(struct mysql_shape *shape)
{
    bool is_package_itself = shape->program == PROGRAM_PACKAGE && !shape->saw_package_as;
    shape->saw_package_as = true;
    shape->names_routine = false;
    shape->at_start = true;
    if (is_package_itself)
        return;
    open_block(shape, false);
    shape->awaits_begin = true;
}

/* A package's own BEGIN has no END of its own. */
static void feed_begin(struct mysql_shape *shape)
{
    bool is_counted =
        shape->awaits_begin || (shape->program == PROGRAM_PACKAGE && shape->depth == 1);
    if (!is_counted)
        open_block(shape, false);
    shape->awaits_begin = false;
    shape->at_start = true;
}

static void feed_body(struct mysql_shape *shape, const struct word *word)
{
    static const char *const leads[] = {"THEN",   "ELSE",  "DO",        "LOOP",
                                        "REPEAT", "BEGIN", "EXCEPTION", NULL};
    bool was_start = shape->at_start, was_end = shape->is_after_end;
    bool names_routine = is(word, "PROCEDURE") || is(word, "FUNCTION");
    shape->at_start = shape->is_after_end = false;
    if (was_end && is_one_of(word, openers))
        return; /* END IF and the like: what they close was counted where it began */
    if (is(word, "END")) {
        shape->depth -= shape->depth > 0;
        shape->expressions >>= 1;
        shape->is_after_end = true;
    } else if (is(word, "BEGIN")) {
        feed_begin(shape);
    } else if (is_oracle(word) && was_start && names_routine) {
        shape->names_routine = true;
    } else if (is_oracle(word) && shape->names_routine && (is(word, "AS") || is(word, "IS"))) {
        open_routine(shape);
    } else if (is(word, "CASE") || (was_start && is_one_of(word, openers))) {
        open_block(shape, !was_start);
        shape->at_start = is(word, "LOOP") || is(word, "REPEAT");
    } else if (is_one_of(word, leads)) { /* but not the statement DO */
        shape->at_start = !(shape->expressions & 1) && !(was_start && is(word, "DO"));
    }
}

void mysql_shape_word(struct mysql_shape *shape, const struct mysql_lexer *lexer,
                      const struct mysql_token *token)
{
    struct word word = {lexer, token};
    if (!shape->saw_word)
        feed_first(shape, &word);
    else if (shape->kind == SHAPE_MAYBE_PROGRAM)
        feed_maybe(shape, &word);
    else if (shape->kind == SHAPE_HEAD)
        feed_head(shape, &word);
    else if (shape->kind == SHAPE_BODY)
        feed_body(shape, &word);
}

void mysql_shape_other(struct mysql_shape *shape, const struct mysql_lexer *lexer,
                       const struct mysql_token *token)
{
    char c = token->kind == MYSQL_BYTE ? lexer->sql[token->begin] : '\0';
    shape->saw_word = true;
    if (shape->kind == SHAPE_HEAD) {
        shape->parens += (c == '(') - (c == ')');
        if (c == ')' && !shape->parens && is_routine(shape))
            shape->at_start = true;
    } else if (shape->kind == SHAPE_BODY) {
        shape->at_start = c == '>' && lexer->mode & MODE_ORACLE; /* <<label>> */
        shape->is_after_end = false;
    }
}

bool mysql_shape_ends(struct mysql_shape *shape)
{
    if (shape->kind != SHAPE_BODY || shape->depth <= 0)
        return true;
    shape->at_start = true;
    shape->is_after_end = shape->names_routine = false;
    return false;
}
