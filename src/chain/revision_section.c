/* The markers that begin the sections of a revision's file, with their options. */
#include "base/arena.h"
#include "base/ascii.h"
#include "base/similar.h"
#include "chain/revision_parser.h"

enum { SECTIONS_MAX = 256 };

size_t revision_marker_len(const char *line, size_t len)
{
    static const char word[] = "migrate:";
    size_t at = 2;
    if (len < 2 || memcmp(line, "--", 2) != 0)
        return 0;
    while (at < len && (line[at] == ' ' || line[at] == '\t'))
        at++;
    bool is_marker = len - at >= sizeof word - 1 && memcmp(line + at, word, sizeof word - 1) == 0;
    return is_marker ? at + sizeof word - 1 : 0;
}

static bool equals(struct span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.text, text, span.len) == 0;
}

/* How far `span` is from the word: 0 but for the case of its letters, SIZE_MAX for another word. */
static size_t distance_to(struct span span, const char *word)
{
    char text[HEADER_KEY_MAX + 1] = "";
    if (!span.len || span.len > HEADER_KEY_MAX)
        return SIZE_MAX;
    memcpy(text, span.text, span.len);
    struct similar similar = similar_to(text);
    similar_try(&similar, word);
    return similar.distance;
}

static struct span cut_letters(struct span *rest)
{
    struct span word = {rest->text, 0};
    while (word.len < rest->len && ascii_is_alpha(word.text[word.len]))
        word.len++;
    *rest = (struct span){rest->text + word.len, rest->len - word.len};
    return word;
}

/* `dialect:mysql transaction=false`, the end of a block comment, or nothing. */
static bool are_options(struct span rest)
{
    bool are = true;
    while (are && rest.len) {
        struct span value = span_cut(&rest, ' ');
        bool is_end = equals(value, "*/");
        struct span key = cut_letters(&value);
        while (value.len && *value.text == '_') {
            value = (struct span){value.text + 1, value.len - 1};
            (void)cut_letters(&value);
        }
        are = is_end || !value.len ? is_end : key.len && memchr(":=", *value.text, 2);
        rest = span_trim(rest);
    }
    return are;
}

const char *revision_meant_marker(const char *line, size_t len)
{
    bool is_comment = len >= 2 && (memcmp(line, "--", 2) == 0 || memcmp(line, "/*", 2) == 0);
    if (!is_comment || revision_marker_len(line, len))
        return NULL;
    struct span rest = span_trim((struct span){line + 2, len - 2});
    bool has_plus = rest.len && *rest.text == '+'; /* goose, sql-migrate */
    rest = has_plus ? (struct span){rest.text + 1, rest.len - 1} : rest;
    struct span word = cut_letters(&rest);
    while (rest.len && memchr(" \t:=-", *rest.text, 5))
        rest.text++, rest.len--;
    struct span direction = cut_letters(&rest);
    bool is_alone = are_options(span_trim(rest));
    bool is_word = distance_to(word, "migrate") <= 1 || distance_to(word, "migration") == 0 ||
                   (has_plus && distance_to(word, "goose") == 0);
    if (!is_alone || !is_word)
        return NULL;
    if (distance_to(direction, "up") == 0)
        return "up";
    return distance_to(direction, "down") <= 1 ? "down" : NULL;
}

static bool set_repeat(struct revision_parser *parser, int option, struct span word,
                       struct span value)
{
    const char *form;
    bool is_twice = parser->repeats & 1u << option;
    parser->repeats |= 1u << option;
    if (!repeat_set(&parser->repeat, option, arena_strndup(parser->arena, value.text, value.len),
                    &form))
        revision_fault(parser, "'%.*s': '%.*s' should be %s%s%s", (int)word.len, word.text,
                       (int)value.len, value.text, option ? "" : "'", form, option ? "" : "'");
    return is_twice;
}

static void set_option(struct revision_parser *parser, struct section *section, struct span word)
{
    struct span value = word;
    struct span key = span_cut(&value, ':');
    bool has_value = key.len < word.len;
    int repeats = has_value ? repeat_option(arena_strndup(parser->arena, key.text, key.len)) : -1;
    bool is_twice;
    if (equals(key, "dialect") && dialect_find(value.text, value.len, &section->dialect)) {
        is_twice = !section->is_general;
        section->is_general = false;
    } else if (equals(key, "transaction") && (equals(value, "true") || equals(value, "false"))) {
        is_twice = parser->has_transaction;
        parser->has_transaction = true;
        section->is_transactional = equals(value, "true");
    } else if (repeats >= 0) {
        is_twice = set_repeat(parser, repeats, word, value);
    } else {
        revision_fault(parser,
                       "'%.*s' is no option of a section ('dialect:NAME', 'transaction:false', "
                       "'repeat:until-no-rows')",
                       (int)word.len, word.text);
        return;
    }
    if (is_twice)
        revision_fault(parser, "'%.*s:' stands twice: a section has one", (int)key.len, key.text);
}

/* How the options go together. */
static void end_options(struct revision_parser *parser, struct section *section)
{
    bool is_repeat = parser->repeats & 1;
    if (parser->repeats && !is_repeat)
        revision_fault(parser, "an option of a section that repeats its statement stands without "
                               "'repeat:until-no-rows'");
    if (is_repeat && parser->has_transaction)
        revision_fault(parser,
                       "'repeat:' and 'transaction:' cannot stand together: each batch has a "
                       "transaction of its own");
    if (!is_repeat)
        return;
    struct repeat *repeat = arena_alloc(parser->arena, sizeof *repeat);
    *repeat = parser->repeat;
    section->repeat = repeat;
}

struct section *revision_begin_section(struct revision_parser *parser, struct span line)
{
    size_t marker_len = revision_marker_len(line.text, line.len);
    struct span rest = span_trim((struct span){line.text + marker_len, line.len - marker_len});
    struct span direction = span_cut(&rest, ' ');
    struct revision *revision = parser->revision;
    if (revision->section_count == SECTIONS_MAX) {
        revision_fault(parser, "more than %d sections", SECTIONS_MAX);
        return NULL;
    }
    struct section *section = ARENA_PUSH(parser->arena, parser->sections, revision->section_count,
                                         parser->section_capacity);
    *section = (struct section){.is_general = true, .is_transactional = true};
    if (equals(direction, "down"))
        section->direction = DIRECTION_DOWN;
    else if (!equals(direction, "up"))
        revision_fault(parser, "'migrate:%.*s' is neither 'migrate:up' nor 'migrate:down'",
                       (int)direction.len, direction.text);
    parser->has_transaction = false;
    parser->repeat = (struct repeat){0};
    parser->repeats = 0;
    while ((rest = span_trim(rest)).len)
        set_option(parser, section, span_cut(&rest, ' '));
    end_options(parser, section);
    return section;
}
