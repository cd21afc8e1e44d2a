/* The comment lines at the head of a revision's file: its keys, its message, and keys that are ours but for a letter. */
#include "base/arena.h"
#include "base/ascii.h"
#include "base/err.h"
#include "base/similar.h"
#include "chain/revision_parser.h"

enum { ID_MAX = 32 };

static bool is_id(struct span span)
{
    for (size_t i = 0; i < span.len; i++)
        if (!ascii_is_alnum(span.text[i]) && span.text[i] != '_')
            return false;
    return span.len >= 1 && span.len <= ID_MAX;
}

/* Labels may hold more than ids, but nothing that would end them in an identifier. */
static bool is_label(struct span span)
{
    for (size_t i = 0; i < span.len; i++)
        if (!ascii_is_alnum(span.text[i]) && !memchr("_.-", span.text[i], 3))
            return false;
    return span.len >= 1 && span.len <= 64;
}

static bool contains(const char *const *items, size_t count, struct span word)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(items[i]) == word.len && memcmp(items[i], word.text, word.len) == 0)
            return true;
    return false;
}

static const char *const *parse_list(struct revision_parser *parser, struct span rest,
                                     const char *what, bool (*is_good)(struct span),
                                     size_t *ret_count)
{
    const char **items = NULL;
    size_t count = 0, capacity = 0;
    rest = span_trim(rest);
    while (rest.len) {
        struct span word = span_cut(&rest, ',');
        if (revision_name_is_reserved(word.text, word.len))
            revision_fault(parser, "%s: '%.*s' " REVISION_RESERVED, what, (int)word.len, word.text);
        else if (!is_good(word))
            revision_fault(parser, "%s: '%.*s' is no %s", what, (int)word.len, word.text,
                           is_good == is_id ? "revision id (1 to 32 of A-Z a-z 0-9 _)"
                                            : "id or label");
        else if (contains(items, count, word))
            revision_fault(parser, "%s: '%.*s' stands twice", what, (int)word.len, word.text);
        else
            *ARENA_PUSH(parser->arena, items, count, capacity) =
                arena_strndup(parser->arena, word.text, word.len);
    }
    *ret_count = count;
    return items;
}

#define CHECKPOINT_HAS_NO_ID "a checkpoint has no 'Revision ID:' of its own"

static void take_id(struct revision_parser *parser, struct span value, const char *key)
{
    struct revision *revision = parser->revision;
    revision->id_line = parser->line;
    if (revision_name_is_reserved(value.text, value.len))
        revision_fault(parser, "%s: '%.*s' " REVISION_RESERVED, key, (int)value.len, value.text);
    else if (!is_id(value))
        revision_fault(parser, "%s: '%.*s' is no revision id (1 to 32 of A-Z a-z 0-9 _)", key,
                       (int)value.len, value.text);
    else
        revision->id = arena_strndup(parser->arena, value.text, value.len);
}

static void set_id(struct revision_parser *parser, struct span value)
{
    if (parser->revision->is_checkpoint)
        revision_fault(parser, CHECKPOINT_HAS_NO_ID);
    take_id(parser, value, "Revision ID");
}

/* It has the id of the revision that it leads to. */
static void set_checkpoint(struct revision_parser *parser, struct span value)
{
    if (parser->revision->id_line && !parser->revision->is_checkpoint)
        revision_fault(parser, CHECKPOINT_HAS_NO_ID);
    take_id(parser, value, "Checkpoint");
    parser->revision->is_checkpoint = true;
}

static void set_revises(struct revision_parser *parser, struct span value)
{
    struct revision *revision = parser->revision;
    revision->revises_line = parser->line;
    revision->down_ids = parse_list(parser, value, "Revises", is_id, &revision->down_count);
}

static void set_depends(struct revision_parser *parser, struct span value)
{
    struct revision *revision = parser->revision;
    revision->depends_line = parser->line;
    revision->depend_ids =
        parse_list(parser, value, "Depends On", is_label, &revision->depend_count);
}

static void set_labels(struct revision_parser *parser, struct span value)
{
    struct revision *revision = parser->revision;
    revision->labels_line = parser->line;
    revision->labels = parse_list(parser, value, "Branch Labels", is_label, &revision->label_count);
}

static void set_date(struct revision_parser *parser, struct span value)
{
    parser->revision->create_date = arena_strndup(parser->arena, value.text, value.len);
}

static const struct {
    const char *key;
    void (*set)(struct revision_parser *parser, struct span value);
} header_keys[] = {
    {"Revision ID", set_id},       {"Revises", set_revises},  {"Depends On", set_depends},
    {"Branch Labels", set_labels}, {"Create Date", set_date}, {"Checkpoint", set_checkpoint},
};

/* Letters alone, so that `depends-on` and `Depends On` are the same. */
static void letters_of(struct span span, char ret_letters[HEADER_KEY_MAX + 1])
{
    size_t count = 0;
    for (size_t i = 0; i < span.len && count < HEADER_KEY_MAX; i++)
        if (ascii_is_alpha(span.text[i]))
            ret_letters[count++] = ascii_to_lower(span.text[i]);
    ret_letters[count] = '\0';
}

/* A mistyped key would count as a comment: the revision would become a second base, or lose a dependency. People may
 * have keys of their own, so a key counts as mistyped only if it differs from one of ours by one letter, by case, or by
 * what joins the words. */
static void check_free_key(struct revision_parser *parser, struct span key)
{
    char letters[HEADER_KEY_MAX + 1], known[HEADER_KEY_MAX + 1];
    if (key.len > HEADER_KEY_MAX)
        return;
    letters_of(key, letters);
    for (size_t i = 0; i < ARRAY_LEN(header_keys); i++) {
        struct similar similar = similar_to(letters);
        letters_of((struct span){header_keys[i].key, strlen(header_keys[i].key)}, known);
        similar_try(&similar, known);
        if (similar.best && similar.distance <= 1)
            revision_fault(parser, "unknown key '%.*s:'; did you mean '%s:'?", (int)key.len,
                           key.text, header_keys[i].key);
    }
}

/* The names that other tools, and people, give to our keys. */
static const struct {
    const char *letters, *meant;
} other_names[] = {
    {"downrevision", "Revises"},   {"parent", "Revises"},          {"parents", "Revises"},
    {"depends", "Depends On"},     {"dependencies", "Depends On"}, {"branch", "Branch Labels"},
    {"branches", "Branch Labels"}, {"labels", "Branch Labels"},    {"label", "Branch Labels"},
};

static void check_other_names(struct revision_parser *parser, struct span key)
{
    char letters[HEADER_KEY_MAX + 1];
    if (key.len > HEADER_KEY_MAX)
        return;
    letters_of(key, letters);
    for (size_t i = 0; i < ARRAY_LEN(other_names); i++)
        if (strcmp(letters, other_names[i].letters) == 0)
            revision_fault(parser, "unknown key '%.*s:'; did you mean '%s:'?", (int)key.len,
                           key.text, other_names[i].meant);
}

/* Is the line one of our keys and ids, without the colon: `Revises r3`, `Depends On = r1, r2`? In free text, words
 * follow each other without commas. */
static void check_missing_colon(struct revision_parser *parser, struct span text)
{
    for (size_t i = 0; i < ARRAY_LEN(header_keys); i++) {
        const char *key = header_keys[i].key;
        struct span rest = {text.text + strlen(key), text.len - strlen(key)};
        bool is_key = text.len > strlen(key) && header_keys[i].set != set_date &&
                      header_keys[i].set != set_checkpoint &&
                      ascii_begins(arena_strndup(parser->arena, text.text, text.len), key);
        if (!is_key || !memchr(" \t=", *rest.text, 3))
            continue;
        rest = span_trim(rest);
        if (rest.len && *rest.text == '=')
            rest = span_trim((struct span){rest.text + 1, rest.len - 1});
        bool is_list = rest.len > 0;
        while (is_list && rest.len)
            is_list = is_label(span_cut(&rest, ','));
        if (is_list)
            revision_fault(parser, "'%.*s' has no ':' after '%s'; did you mean '%s: …'?",
                           (int)text.len, text.text, key, key);
    }
}

void revision_parse_header_line(struct revision_parser *parser, struct span line)
{
    struct span text = span_trim((struct span){line.text + 2, line.len - 2});
    struct span rest = text;
    struct span key = span_cut(&rest, ':');
    for (size_t i = 0; i < ARRAY_LEN(header_keys); i++) {
        if (key.len != strlen(header_keys[i].key) ||
            memcmp(key.text, header_keys[i].key, key.len) != 0 || key.len == text.len)
            continue;
        if (parser->seen[i])
            revision_fault(parser, "'%s:' stands twice in the header", header_keys[i].key);
        parser->seen[i] = true;
        header_keys[i].set(parser, span_trim(rest));
        return;
    }
    if (key.len < text.len) {
        check_free_key(parser, key);
        check_other_names(parser, key);
    } else if (*parser->revision->message) {
        check_missing_colon(parser, text);
    }
    if (!*parser->revision->message && text.len)
        parser->revision->message = arena_strndup(parser->arena, text.text, text.len);
}
