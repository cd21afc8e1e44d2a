#include "chain/revision.h"

#include <ctype.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/texts.h"
#include "base/utf8.h"
#include "chain/revision_parser.h"

void revision_fault(struct revision_parser *parser, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    faults_vadd(parser->faults, ERR_CHAIN, parser->path, parser->line, format, args);
    va_end(args);
}

struct span span_trim(struct span span)
{
    while (span.len && isspace((unsigned char)*span.text))
        span.text++, span.len--;
    while (span.len && isspace((unsigned char)span.text[span.len - 1]))
        span.len--;
    return span;
}

struct span span_cut(struct span *rest, char separator)
{
    const char *found = memchr(rest->text, separator, rest->len);
    struct span part = {rest->text, found ? (size_t)(found - rest->text) : rest->len};
    size_t used = part.len + (found != NULL);
    rest->text += used;
    rest->len -= used;
    return span_trim(part);
}

bool revision_name_is_reserved(const char *name, size_t len)
{
    static const char *const words[] = {"head", "heads", "base", "current"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strlen(words[i]) == len && memcmp(words[i], name, len) == 0)
            return true;
    return false;
}

static void end_section(struct revision_parser *parser, struct section *section, const char *begin,
                        const char *end)
{
    if (!section)
        return;
    section->sql = arena_strndup(parser->arena, begin, (size_t)(end - begin));
    section->sql_len = (size_t)(end - begin);
}

static void end_header(struct revision_parser *parser, const char *begin, const char *end)
{
    parser->revision->header = arena_strndup(parser->arena, begin, (size_t)(end - begin));
    parser->revision->header_len = (size_t)(end - begin);
}

static struct span next_line(struct revision_parser *parser)
{
    const char *newline = memchr(parser->at, '\n', (size_t)(parser->end - parser->at));
    struct span line = {parser->at, (size_t)((newline ? newline : parser->end) - parser->at)};
    parser->at = newline ? newline + 1 : parser->end;
    parser->line++;
    return line;
}

static void parse_lines(struct revision_parser *parser)
{
    struct section *section = NULL;
    const char *begin = NULL;
    bool is_header = true;
    const char *bytes = parser->at, *meant;
    while (parser->at < parser->end) {
        struct span line = next_line(parser);
        if (revision_marker_len(line.text, line.len)) {
            end_section(parser, section, begin, line.text);
            if (is_header)
                end_header(parser, bytes, line.text);
            section = revision_begin_section(parser, line);
            begin = parser->at;
            if (section)
                section->line = parser->line + 1;
            is_header = false;
        } else if ((meant = revision_meant_marker(line.text, line.len))) {
            revision_fault(
                parser,
                "'%.*s' begins no section; did you mean '-- migrate:%s'? (indent it if it is a comment)",
                (int)span_trim(line).len, line.text, meant);
        } else if (is_header && line.len >= 2 && memcmp(line.text, "--", 2) == 0) {
            revision_parse_header_line(parser, line);
        } else if (is_header && span_trim(line).len) {
            revision_fault(parser, "SQL before the first '-- migrate:up'");
            return;
        }
    }
    end_section(parser, section, begin, parser->end);
}

/* Text that no database would take as it stands, with its line. */
static bool check_bytes(struct revision_parser *parser, const char *bytes, size_t len)
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
        revision_fault(parser, nul == bytes + bad ? "a NUL byte" : "not UTF-8");
    parser->line = 1;
    if (has_bom)
        revision_fault(parser, "begins with a byte order mark: save it as UTF-8 without one");
    parser->line = 0;
    return bad == len && !has_bom;
}

static void check_whole(struct revision_parser *parser)
{
    const struct revision *revision = parser->revision;
    parser->line = 1;
    if (revision->is_checkpoint &&
        (revision->down_count || revision->depend_count || revision->label_count ||
         revision_has_direction(revision, DIRECTION_DOWN)))
        revision_fault(
            parser,
            "a checkpoint has no place of its own in the chain: it has no 'Revises:', 'Depends On:' or "
            "'Branch Labels:', and no '-- migrate:down' section");
    if (!parser->seen[0] && !revision->is_checkpoint)
        revision_fault(parser, "the header has no 'Revision ID:'");
    if (!revision_has_direction(parser->revision, DIRECTION_UP))
        revision_fault(parser, "no '-- migrate:up' section");
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
    struct revision_parser parser = {.arena = arena,
                                     .faults = faults,
                                     .path = arena_strdup(arena, path),
                                     .at = bytes,
                                     .end = bytes + len,
                                     .revision = revision};
    size_t before = faults->total;
    revision->path = parser.path;
    revision->message = revision->create_date = revision->header = "";
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

bool revision_has_label(const struct revision *revision, const char *label)
{
    return texts_have(revision->branch_labels, revision->branch_label_count, label);
}

size_t revision_edge_count(const struct revision *revision)
{
    return revision->down_count + revision->depend_count;
}

uint32_t revision_edge_at(const struct revision *revision, size_t edge)
{
    return edge < revision->down_count ? revision->down[edge]
                                       : revision->depends[edge - revision->down_count];
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
