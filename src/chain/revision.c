#include "chain/revision.h"

#include <ctype.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/similar.h"
#include "base/utf8.h"
#include "chain/repeat.h"

enum { ID_MAX = 32, SECTIONS_MAX = 256, HEADER_KEY_MAX = 20 };

struct parser {
    struct arena *arena;
    struct faults *faults;
    const char *path;
    const char *at, *end;
    int line;
    struct revision *revision;
    bool seen[8];         /* header keys, by row */
    bool has_transaction; /* the option, in the section's marker so far, */
    struct repeat repeat; /* what its options say of repeating, */
    unsigned repeats;     /* and which of them stand there: bits by repeat_option */
    struct section *sections;
    size_t section_capacity;
};

static PRINTF_LIKE(2, 3) void add_fault(struct parser *parser, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    faults_vadd(parser->faults, ERR_CHAIN, parser->path, parser->line, format, args);
    va_end(args);
}

/* ---- words --------------------------------------------------------------------------------- */

struct span {
    const char *text;
    size_t len;
};

static struct span trim(struct span span)
{
    while (span.len && isspace((unsigned char)*span.text))
        span.text++, span.len--;
    while (span.len && isspace((unsigned char)span.text[span.len - 1]))
        span.len--;
    return span;
}

/* The part before `separator`; `rest` is moved past it. */
static struct span cut_field(struct span *rest, char separator)
{
    const char *found = memchr(rest->text, separator, rest->len);
    struct span part = {rest->text, found ? (size_t)(found - rest->text) : rest->len};
    size_t used = part.len + (found != NULL);
    rest->text += used;
    rest->len -= used;
    return trim(part);
}

bool revision_name_is_reserved(const char *name, size_t len)
{
    static const char *const words[] = {"head", "heads", "base", "current"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strlen(words[i]) == len && memcmp(words[i], name, len) == 0)
            return true;
    return false;
}

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

static const char *const *parse_list(struct parser *parser, struct span rest, const char *what,
                                     bool (*is_good)(struct span), size_t *ret_count)
{
    const char **items = NULL;
    size_t count = 0, capacity = 0;
    rest = trim(rest);
    while (rest.len) {
        struct span word = cut_field(&rest, ',');
        if (revision_name_is_reserved(word.text, word.len))
            add_fault(parser, "%s: '%.*s' " REVISION_RESERVED, what, (int)word.len, word.text);
        else if (!is_good(word))
            add_fault(parser, "%s: '%.*s' is no %s", what, (int)word.len, word.text,
                      is_good == is_id ? "revision id (1 to 32 of A-Z a-z 0-9 _)" : "id or label");
        else if (contains(items, count, word))
            add_fault(parser, "%s: '%.*s' stands twice", what, (int)word.len, word.text);
        else
            *ARENA_PUSH(parser->arena, items, count, capacity) =
                arena_strndup(parser->arena, word.text, word.len);
    }
    *ret_count = count;
    return items;
}

/* ---- header -------------------------------------------------------------------------------- */

static void set_id(struct parser *parser, struct span value)
{
    struct revision *revision = parser->revision;
    revision->id_line = parser->line;
    if (revision_name_is_reserved(value.text, value.len))
        add_fault(parser, "Revision ID: '%.*s' " REVISION_RESERVED, (int)value.len, value.text);
    else if (!is_id(value))
        add_fault(parser, "Revision ID: '%.*s' is no revision id (1 to 32 of A-Z a-z 0-9 _)",
                  (int)value.len, value.text);
    else
        revision->id = arena_strndup(parser->arena, value.text, value.len);
}

/* It has the id of the revision that it leads to. */
static void set_checkpoint(struct parser *parser, struct span value)
{
    if (parser->revision->id_line)
        add_fault(parser, "a checkpoint has no 'Revision ID:' of its own");
    set_id(parser, value);
    parser->revision->is_checkpoint = true;
}

static void set_revises(struct parser *parser, struct span value)
{
    struct revision *revision = parser->revision;
    revision->revises_line = parser->line;
    revision->down_ids = parse_list(parser, value, "Revises", is_id, &revision->down_count);
}

static void set_depends(struct parser *parser, struct span value)
{
    struct revision *revision = parser->revision;
    revision->depends_line = parser->line;
    revision->depend_ids =
        parse_list(parser, value, "Depends On", is_label, &revision->depend_count);
}

static void set_labels(struct parser *parser, struct span value)
{
    struct revision *revision = parser->revision;
    revision->labels_line = parser->line;
    revision->labels = parse_list(parser, value, "Branch Labels", is_label, &revision->label_count);
}

static void set_date(struct parser *parser, struct span value)
{
    parser->revision->create_date = arena_strndup(parser->arena, value.text, value.len);
}

static const struct {
    const char *key;
    void (*set)(struct parser *parser, struct span value);
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
static void check_free_key(struct parser *parser, struct span key)
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
            add_fault(parser, "unknown key '%.*s:'; did you mean '%s:'?", (int)key.len, key.text,
                      header_keys[i].key);
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

static void check_other_names(struct parser *parser, struct span key)
{
    char letters[HEADER_KEY_MAX + 1];
    if (key.len > HEADER_KEY_MAX)
        return;
    letters_of(key, letters);
    for (size_t i = 0; i < ARRAY_LEN(other_names); i++)
        if (strcmp(letters, other_names[i].letters) == 0)
            add_fault(parser, "unknown key '%.*s:'; did you mean '%s:'?", (int)key.len, key.text,
                      other_names[i].meant);
}

/* Is the line one of our keys and ids, without the colon: `Revises r3`, `Depends On = r1, r2`? In free text, words
 * follow each other without commas. */
static void check_missing_colon(struct parser *parser, struct span text)
{
    for (size_t i = 0; i < ARRAY_LEN(header_keys); i++) {
        const char *key = header_keys[i].key;
        struct span rest = {text.text + strlen(key), text.len - strlen(key)};
        bool is_key = text.len > strlen(key) && header_keys[i].set != set_date &&
                      header_keys[i].set != set_checkpoint &&
                      ascii_begins(arena_strndup(parser->arena, text.text, text.len), key);
        if (!is_key || !memchr(" \t=", *rest.text, 3))
            continue;
        rest = trim(rest);
        if (rest.len && *rest.text == '=')
            rest = trim((struct span){rest.text + 1, rest.len - 1});
        bool is_list = rest.len > 0;
        while (is_list && rest.len)
            is_list = is_label(cut_field(&rest, ','));
        if (is_list)
            add_fault(parser, "'%.*s' has no ':' after '%s'; did you mean '%s: …'?", (int)text.len,
                      text.text, key, key);
    }
}

/* One comment line of the header: a key that we know, or the message, or just a comment. */
static void parse_header_line(struct parser *parser, struct span line)
{
    struct span text = trim((struct span){line.text + 2, line.len - 2});
    struct span rest = text;
    struct span key = cut_field(&rest, ':');
    for (size_t i = 0; i < ARRAY_LEN(header_keys); i++) {
        if (key.len != strlen(header_keys[i].key) ||
            memcmp(key.text, header_keys[i].key, key.len) != 0 || key.len == text.len)
            continue;
        if (parser->seen[i])
            add_fault(parser, "'%s:' stands twice in the header", header_keys[i].key);
        parser->seen[i] = true;
        header_keys[i].set(parser, trim(rest));
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

/* ---- sections ------------------------------------------------------------------------------ */

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
        struct span value = cut_field(&rest, ' ');
        bool is_end = equals(value, "*/");
        struct span key = cut_letters(&value);
        while (value.len && *value.text == '_') {
            value = (struct span){value.text + 1, value.len - 1};
            (void)cut_letters(&value);
        }
        are = is_end || !value.len ? is_end : key.len && memchr(":=", *value.text, 2);
        rest = trim(rest);
    }
    return are;
}

const char *revision_meant_marker(const char *line, size_t len)
{
    bool is_comment = len >= 2 && (memcmp(line, "--", 2) == 0 || memcmp(line, "/*", 2) == 0);
    if (!is_comment || revision_marker_len(line, len))
        return NULL;
    struct span rest = trim((struct span){line + 2, len - 2});
    bool has_plus = rest.len && *rest.text == '+'; /* goose, sql-migrate */
    rest = has_plus ? (struct span){rest.text + 1, rest.len - 1} : rest;
    struct span word = cut_letters(&rest);
    while (rest.len && memchr(" \t:=-", *rest.text, 5))
        rest.text++, rest.len--;
    struct span direction = cut_letters(&rest);
    bool is_alone = are_options(trim(rest));
    bool is_word = distance_to(word, "migrate") <= 1 || distance_to(word, "migration") == 0 ||
                   (has_plus && distance_to(word, "goose") == 0);
    if (!is_alone || !is_word)
        return NULL;
    if (distance_to(direction, "up") == 0)
        return "up";
    return distance_to(direction, "down") <= 1 ? "down" : NULL;
}

static bool set_repeat(struct parser *parser, int option, struct span word, struct span value)
{
    const char *form;
    bool is_twice = parser->repeats & 1u << option;
    parser->repeats |= 1u << option;
    if (!repeat_set(&parser->repeat, option, arena_strndup(parser->arena, value.text, value.len),
                    &form))
        add_fault(parser, "'%.*s': '%.*s' should be %s%s%s", (int)word.len, word.text,
                  (int)value.len, value.text, option ? "" : "'", form, option ? "" : "'");
    return is_twice;
}

static void set_option(struct parser *parser, struct section *section, struct span word)
{
    struct span value = word;
    struct span key = cut_field(&value, ':');
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
        add_fault(parser,
                  "'%.*s' is no option of a section ('dialect:NAME', 'transaction:false', "
                  "'repeat:until-no-rows')",
                  (int)word.len, word.text);
        return;
    }
    if (is_twice)
        add_fault(parser, "'%.*s:' stands twice: a section has one", (int)key.len, key.text);
}

/* How the options go together. */
static void end_options(struct parser *parser, struct section *section)
{
    bool is_repeat = parser->repeats & 1;
    if (parser->repeats && !is_repeat)
        add_fault(parser, "an option of a section that repeats its statement stands without "
                          "'repeat:until-no-rows'");
    if (is_repeat && parser->has_transaction)
        add_fault(parser, "'repeat:' and 'transaction:' cannot stand together: each batch has a "
                          "transaction of its own");
    if (!is_repeat)
        return;
    struct repeat *repeat = arena_alloc(parser->arena, sizeof *repeat);
    *repeat = parser->repeat;
    section->repeat = repeat;
}

static struct section *begin_section(struct parser *parser, struct span line)
{
    size_t marker_len = revision_marker_len(line.text, line.len);
    struct span rest = trim((struct span){line.text + marker_len, line.len - marker_len});
    struct span direction = cut_field(&rest, ' ');
    struct revision *revision = parser->revision;
    if (revision->section_count == SECTIONS_MAX) {
        add_fault(parser, "more than %d sections", SECTIONS_MAX);
        return NULL;
    }
    struct section *section = ARENA_PUSH(parser->arena, parser->sections, revision->section_count,
                                         parser->section_capacity);
    *section = (struct section){.is_general = true, .is_transactional = true};
    if (equals(direction, "down"))
        section->direction = DIRECTION_DOWN;
    else if (!equals(direction, "up"))
        add_fault(parser, "'migrate:%.*s' is neither 'migrate:up' nor 'migrate:down'",
                  (int)direction.len, direction.text);
    parser->has_transaction = false;
    parser->repeat = repeat_defaults();
    parser->repeats = 0;
    while ((rest = trim(rest)).len)
        set_option(parser, section, cut_field(&rest, ' '));
    end_options(parser, section);
    return section;
}

static void end_section(struct parser *parser, struct section *section, const char *begin,
                        const char *end)
{
    if (!section)
        return;
    section->sql = arena_strndup(parser->arena, begin, (size_t)(end - begin));
    section->sql_len = (size_t)(end - begin);
}

/* ---- the file ------------------------------------------------------------------------------ */

static struct span next_line(struct parser *parser)
{
    const char *newline = memchr(parser->at, '\n', (size_t)(parser->end - parser->at));
    struct span line = {parser->at, (size_t)((newline ? newline : parser->end) - parser->at)};
    parser->at = newline ? newline + 1 : parser->end;
    parser->line++;
    return line;
}

static void parse_lines(struct parser *parser)
{
    struct section *section = NULL;
    const char *begin = NULL;
    bool is_header = true;
    const char *meant;
    while (parser->at < parser->end) {
        struct span line = next_line(parser);
        if (revision_marker_len(line.text, line.len)) {
            end_section(parser, section, begin, line.text);
            section = begin_section(parser, line);
            begin = parser->at;
            if (section)
                section->line = parser->line + 1;
            is_header = false;
        } else if ((meant = revision_meant_marker(line.text, line.len))) {
            add_fault(
                parser,
                "'%.*s' begins no section; did you mean '-- migrate:%s'? (indent it if it is a comment)",
                (int)trim(line).len, line.text, meant);
        } else if (is_header && line.len >= 2 && memcmp(line.text, "--", 2) == 0) {
            parse_header_line(parser, line);
        } else if (is_header && trim(line).len) {
            add_fault(parser, "SQL before the first '-- migrate:up'");
            return;
        }
    }
    end_section(parser, section, begin, parser->end);
}

/* Text that no database would take as it stands, with its line. */
static bool check_bytes(struct parser *parser, const char *bytes, size_t len)
{
    const char *nul = memchr(bytes, '\0', len);
    size_t bad = utf8_check(bytes, len);
    bool has_bom = len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0;
    if (nul && (size_t)(nul - bytes) < bad)
        bad = (size_t)(nul - bytes);
    parser->line = 1;
    for (size_t i = 0; i < bad; i++)
        parser->line += bytes[i] == '\n';
    if (bad < len)
        add_fault(parser, nul == bytes + bad ? "a NUL byte" : "not UTF-8");
    parser->line = 1;
    if (has_bom)
        add_fault(parser, "begins with a byte order mark: save it as UTF-8 without one");
    parser->line = 0;
    return bad == len && !has_bom;
}

static void check_whole(struct parser *parser)
{
    const struct revision *revision = parser->revision;
    parser->line = 1;
    if (revision->is_checkpoint &&
        (revision->down_count || revision->depend_count || revision->label_count ||
         revision_has_direction(revision, DIRECTION_DOWN)))
        add_fault(
            parser,
            "a checkpoint has no place of its own in the chain: it has no 'Revises:', 'Depends On:' or "
            "'Branch Labels:', and no '-- migrate:down' section");
    if (!parser->seen[0] && !revision->is_checkpoint)
        add_fault(parser, "the header has no 'Revision ID:'");
    if (!revision_has_direction(parser->revision, DIRECTION_UP))
        add_fault(parser, "no '-- migrate:up' section");
}

static void hash_both(struct revision *revision, const char *bytes, size_t len)
{
    struct buf lf;
    hash_hex(bytes, len, revision->checksum);
    if (!memchr(bytes, '\r', len)) {
        memcpy(revision->checksum_lf, revision->checksum, sizeof revision->checksum_lf);
        return;
    }
    buf_init(&lf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != '\r' || i + 1 == len || bytes[i + 1] != '\n')
            buf_addc(&lf, bytes[i]);
    hash_hex(lf.data, lf.len, revision->checksum_lf);
    buf_done(&lf);
}

static void mark_checksums(struct revision *revision)
{
    char digits[HASH_HEX_SIZE];
    memcpy(digits, revision->checksum, sizeof digits);
    snprintf(revision->checksum, sizeof revision->checksum, CHECKPOINT_MARK "%.*s",
             (int)(HASH_HEX_SIZE - sizeof CHECKPOINT_MARK), digits);
    memcpy(revision->checksum_lf, revision->checksum, sizeof revision->checksum_lf);
}

struct revision *revision_parse(struct arena *arena, const char *path, const char *bytes,
                                size_t len, struct faults *faults)
{
    struct revision *revision = arena_alloc(arena, sizeof *revision);
    struct parser parser = {.arena = arena,
                            .faults = faults,
                            .path = arena_strdup(arena, path),
                            .at = bytes,
                            .end = bytes + len,
                            .revision = revision};
    size_t before = faults->total;
    revision->path = parser.path;
    revision->message = revision->create_date = "";
    if (!check_bytes(&parser, bytes, len))
        return NULL;
    parse_lines(&parser);
    revision->sections = parser.sections;
    if (faults->total == before)
        check_whole(&parser);
    hash_both(revision, bytes, len);
    if (revision->is_checkpoint)
        mark_checksums(revision);
    return faults->total == before ? revision : NULL;
}

size_t section_shown_len(const struct section *section)
{
    size_t len = strnlen(section->sql, SECTION_SHOWN);
    if (len == section->sql_len)
        return len;
    while (len && section->sql[len - 1] != '\n')
        len--;
    return len;
}

bool revision_has_direction(const struct revision *revision, enum direction direction)
{
    for (size_t i = 0; i < revision->section_count; i++)
        if (revision->sections[i].direction == direction)
            return true;
    return false;
}

static bool has_own_section(const struct revision *revision, enum direction direction,
                            enum dialect_id dialect)
{
    for (size_t i = 0; i < revision->section_count; i++) {
        const struct section *section = &revision->sections[i];
        if (section->direction == direction && !section->is_general && section->dialect == dialect)
            return true;
    }
    return false;
}

enum dialect_id revision_dialect(const struct revision *revision, enum direction direction,
                                 enum dialect_id dialect)
{
    return has_own_section(revision, direction, dialect) ? dialect : dialect_info(dialect)->engine;
}

size_t revision_sections(const struct revision *revision, enum direction direction,
                         enum dialect_id dialect, const struct section **ret, size_t max)
{
    size_t count = 0;
    dialect = revision_dialect(revision, direction, dialect);
    bool has_own = has_own_section(revision, direction, dialect);
    for (size_t i = 0; i < revision->section_count; i++) {
        const struct section *section = &revision->sections[i];
        bool fits =
            has_own ? !section->is_general && section->dialect == dialect : section->is_general;
        if (section->direction != direction || !fits)
            continue;
        if (count < max)
            ret[count] = section;
        count++;
    }
    return count;
}
