#include "inventory/selector.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/err.h"

enum test { TEST_EXISTS, TEST_ABSENT, TEST_IN, TEST_NOT_IN };

struct term {
    struct term *next;
    const char *key;
    enum test test;
    const char **values;
    size_t value_count;
    size_t value_capacity;
};

struct selector {
    struct term *terms;
};

struct parse {
    struct arena *arena;
    const char *text;
    const char *at;
    struct err *err;
};

static bool fail_selector(const struct parse *parse, const char *what)
{
    return err_set(parse->err, ERR_CONFIG,
                   "bad selector, at character %td: %s; terms are written 'tier=canary', "
                   "'tier!=canary', 'tier in (canary,free)', 'tier notin (canary,free)', 'tier' "
                   "or '!tier', with ',' between them",
                   parse->at - parse->text + 1, what);
}

static void skip_blanks(struct parse *parse)
{
    while (*parse->at == ' ' || *parse->at == '\t')
        parse->at++;
}

/* Steps over `mark`, and the blanks after it, where it comes next. */
static bool skip_mark(struct parse *parse, const char *mark)
{
    size_t len = strlen(mark);
    if (strncmp(parse->at, mark, len) != 0)
        return false;
    parse->at += len;
    skip_blanks(parse);
    return true;
}

static bool is_word_char(char c)
{
    return (unsigned char)c > ' ' && c != 0x7f && !strchr("=!(),<>", c);
}

/* Wider than Kubernetes' alphabet: `server` holds ':', labels that a query found hold any text.
 * May be empty: `tier=` asks for an empty value. */
static const char *take_word(struct parse *parse)
{
    const char *from = parse->at;
    while (is_word_char(*parse->at))
        parse->at++;
    const char *word = arena_strndup(parse->arena, from, (size_t)(parse->at - from));
    skip_blanks(parse);
    return word;
}

static bool is_label_char(char c, bool is_key)
{
    return ascii_is_alnum(c) || (unsigned char)c >= 0x80 || (c && strchr("._-", c)) ||
           (is_key && c == '/');
}

bool selector_is_label(const char *text, bool is_key)
{
    while (is_label_char(*text, is_key))
        text++;
    return !*text;
}

/* Reads a label's name. If it holds a sign such as the ':' in `tier:canary`, then the sign was meant as an operator,
 * and the error points at it. */
static bool parse_key(struct parse *parse, struct term *term)
{
    const char *from = parse->at;
    term->key = take_word(parse);
    if (!*term->key)
        return fail_selector(parse, "expected a label's name");
    if (selector_is_label(term->key, true))
        return true;
    for (parse->at = from; is_label_char(*parse->at, true);)
        parse->at++;
    return fail_selector(parse, "a label's name is made of letters, digits and '.', '_', '/', '-'");
}

static void add_value(struct parse *parse, struct term *term)
{
    const char *value = take_word(parse);
    *ARENA_PUSH(parse->arena, term->values, term->value_count, term->value_capacity) = value;
}

static bool parse_value(struct parse *parse, struct term *term)
{
    add_value(parse, term);
    return true;
}

static bool parse_set(struct parse *parse, struct term *term)
{
    if (!skip_mark(parse, "("))
        return fail_selector(parse, "expected '(' and values");
    do
        add_value(parse, term);
    while (skip_mark(parse, ","));
    return skip_mark(parse, ")") || fail_selector(parse, "expected ',' or ')' after a value");
}

/* `in` and `notin` are words: `inn` or `in` followed by something that is neither is not them. */
static bool skip_word(struct parse *parse, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(parse->at, word, len) != 0 || is_word_char(parse->at[len]))
        return false;
    return skip_mark(parse, word);
}

/* Reads what comes after the key. A key alone asks whether the label is there. */
static bool parse_operator(struct parse *parse, struct term *term)
{
    term->test = TEST_IN;
    if (skip_mark(parse, "==") || skip_mark(parse, "="))
        return parse_value(parse, term);
    if (skip_word(parse, "in"))
        return parse_set(parse, term);
    term->test = TEST_NOT_IN;
    if (skip_mark(parse, "!="))
        return parse_value(parse, term);
    if (skip_word(parse, "notin"))
        return parse_set(parse, term);
    term->test = TEST_EXISTS;
    return true;
}

static bool parse_term(struct parse *parse, struct term *term)
{
    if (skip_mark(parse, "!")) {
        term->test = TEST_ABSENT;
        return parse_key(parse, term);
    }
    return parse_key(parse, term) && parse_operator(parse, term);
}

const struct selector *selector_parse(struct arena *arena, const char *text, struct err *err)
{
    struct parse parse = {arena, text, text, err};
    struct selector *selector = arena_alloc(arena, sizeof *selector);
    struct term **end = &selector->terms;
    skip_blanks(&parse);
    if (!*parse.at)
        return selector;
    do {
        *end = arena_alloc(arena, sizeof **end);
        if (!parse_term(&parse, *end))
            return NULL;
        end = &(*end)->next;
    } while (skip_mark(&parse, ","));
    if (*parse.at) {
        fail_selector(&parse, "expected ',' or the end");
        return NULL;
    }
    return selector;
}

static bool is_among(const struct term *term, const char *value)
{
    for (size_t i = 0; i < term->value_count; i++)
        if (strcmp(term->values[i], value) == 0)
            return true;
    return false;
}

static bool holds(const struct term *term, const char *value)
{
    switch (term->test) {
    case TEST_EXISTS: return value != NULL;
    case TEST_ABSENT: return value == NULL;
    case TEST_IN: return value && is_among(term, value);
    case TEST_NOT_IN: return !value || !is_among(term, value);
    }
    return false;
}

bool selector_matches(const struct selector *selector, selector_label_fn label, const void *ctx)
{
    for (const struct term *term = selector->terms; term; term = term->next)
        if (!holds(term, label(ctx, term->key)))
            return false;
    return true;
}

bool selector_word_at(const struct selector *selector, size_t index, struct selector_word *ret_word)
{
    for (const struct term *term = selector->terms; term; term = term->next) {
        size_t count = term->value_count ? term->value_count : 1;
        if (index < count) {
            *ret_word = (struct selector_word){
                .key = term->key,
                .value = term->value_count ? term->values[index] : NULL,
                .is_denied = term->test == TEST_ABSENT || term->test == TEST_NOT_IN,
            };
            return true;
        }
        index -= count;
    }
    return false;
}
