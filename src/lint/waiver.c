#include "lint/waiver.h"

#include "base/ascii.h"
#include "base/err.h"
#include "dialect/split.h"

static const char mark[] = "skein:allow";

#define HOW "write '-- skein:allow RULE: reason'"

/* A line of a comment, without its dashes and the blanks around it. */
struct comment {
    const char *text;
    size_t len;
    int line; /* of the file */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* False: the line is no comment. */
static bool take_comment(const char *begin, const char *end, struct comment *ret)
{
    while (begin < end && is_blank(*begin))
        begin++;
    if (end - begin < 2 || memcmp(begin, "--", 2) != 0)
        return false;
    begin += 2;
    while (begin < end && is_blank(*begin))
        begin++;
    while (end > begin && is_blank(end[-1]))
        end--;
    ret->text = begin;
    ret->len = (size_t)(end - begin);
    return true;
}

/* `skein: allow`, `Skein:Allow` and `skein allow` are meant as one. */
static bool is_meant(const struct comment *comment)
{
    const char *at = comment->text, *end = at + comment->len;
    if (comment->len < sizeof mark - 1 || !ascii_begins(at, "skein"))
        return false;
    at += strlen("skein");
    while (at < end && (is_blank(*at) || *at == ':'))
        at++;
    return end - at >= 5 && ascii_begins(at, "allow") && (end - at == 5 || !ascii_is_alnum(at[5]));
}

/* The same text may be read once for each dialect. */
PRINTF_LIKE(4, 5)
static void fault(const struct pass *pass, int line, struct faults *faults, const char *format, ...)
{
    va_list args;
    for (size_t i = 0; i < faults->count; i++)
        if (faults->items[i].line == line &&
            strcmp(faults->items[i].file, pass->revision->path) == 0)
            return;
    va_start(args, format);
    faults_vadd(faults, ERR_CHAIN, pass->revision->path, line, format, args);
    va_end(args);
}

static struct waiver *find_same(const struct lint *lint, const struct waiver *waiver)
{
    for (size_t i = 0; i < lint->waiver_count; i++)
        if (lint->waivers[i]->revision == waiver->revision &&
            lint->waivers[i]->line == waiver->line && lint->waivers[i]->rule == waiver->rule)
            return lint->waivers[i];
    return NULL;
}

/* The same text may be read once for each dialect. */
static void keep(struct pass *pass, const struct waiver *waiver, size_t statement)
{
    struct lint *lint = pass->lint;
    struct waiver *kept = find_same(lint, waiver);
    if (!kept) {
        kept = arena_alloc(&lint->arena, sizeof *kept);
        *kept = *waiver;
        *ARENA_PUSH(&lint->arena, lint->waivers, lint->waiver_count, lint->waiver_capacity) = kept;
    }
    *ARENA_PUSH(&lint->arena, pass->waivers, pass->waiver_count, pass->waiver_capacity) =
        (struct pass_waiver){kept, statement};
}

/* The end of the word of letters, digits, `-` and `_` at `at`. */
static const char *skip_id(const char *at, const char *end)
{
    while (at < end && (ascii_is_alnum(*at) || *at == '-' || *at == '_'))
        at++;
    return at;
}

/* Does another rule follow, as in `drop-index, drop-table: never used`? */
static bool names_rule(const char *at, const char *end)
{
    enum rule_id rule;
    bool is_list = at < end && strchr(",;+&|/", *at);
    while (at < end && (is_blank(*at) || strchr(",;+&|/", *at)))
        at++;
    const char *id_end = skip_id(at, end);
    bool is_rule = lint_rule_find(at, (size_t)(id_end - at), &rule);
    return is_rule && (is_list || id_end == end || *id_end == ':' || *id_end == ',');
}

/* Has it a letter or a digit, of any script? */
static bool is_reason(const char *at, const char *end)
{
    while (at < end && !ascii_is_alnum(*at) && (unsigned char)*at < 0x80)
        at++;
    return at < end;
}

static void read_waiver(struct pass *pass, const struct comment *comment, size_t statement,
                        struct faults *faults)
{
    struct waiver waiver = {
        .revision = pass->revision, .line = comment->line, .is_of_header = statement == SIZE_MAX};
    const char *at = comment->text + sizeof mark - 1, *end = comment->text + comment->len;
    bool is_one = comment->len > sizeof mark - 1 &&
                  memcmp(comment->text, mark, sizeof mark - 1) == 0 && is_blank(*at);
    if (!is_one) {
        fault(pass, comment->line, faults, "this is no waiver yet: " HOW);
        return;
    }
    while (at < end && is_blank(*at))
        at++;
    const char *id = at;
    at = skip_id(at, end);
    if (!lint_rule_find(id, (size_t)(at - id), &waiver.rule)) {
        fault(pass, comment->line, faults,
              "there is no rule '%.*s' to allow: 'skein lint --help' lists them",
              (int)(at - id < 60 ? at - id : 60), id);
        return;
    }
    while (at < end && is_blank(*at))
        at++;
    if (at < end && *at != ':' && names_rule(at, end)) {
        fault(pass, comment->line, faults, "a waiver is of one rule: write a line for each");
        return;
    }
    while (at < end && (is_blank(*at) || *at == ':'))
        at++;
    if (!is_reason(at, end)) {
        fault(pass, comment->line, faults, "a waiver needs a reason: " HOW);
        return;
    }
    waiver.reason = arena_strndup(&pass->lint->arena, at, (size_t)(end - at));
    keep(pass, &waiver, statement);
}

/* `* skein:allow …` in a block comment, `# skein:allow …`, or one after a statement on its line: is such a comment in [at, end)? */
static bool has_mark_elsewhere(const char *at, const char *end, int line, struct comment *ret)
{
    for (; at < end; at++) {
        bool opens =
            *at == '#' || (end - at > 1 && (memcmp(at, "--", 2) == 0 || memcmp(at, "/*", 2) == 0));
        const char *text = at;
        while (text < end && strchr("-/*#! \t", *text) && *text)
            text++;
        *ret = (struct comment){text, (size_t)(end - text), line};
        if (opens && is_meant(ret))
            return true;
    }
    return false;
}

/* The offset where the line after the one at `at` begins, or the text ends. A block comment that begins in the line belongs to it. */
static const char *skip_line(const struct pass *pass, const char *at, const char *end)
{
    bool nests = pass->dialect->traits & DIALECT_NESTS_COMMENTS;
    while (at < end && *at != '\n') {
        if (end - at > 1 && memcmp(at, "--", 2) == 0)
            at = memchr(at, '\n', (size_t)(end - at));
        else if (end - at > 1 && memcmp(at, "/*", 2) == 0)
            at += split_skip_block_comment(at, (size_t)(end - at), 0, nests);
        else
            at++;
        if (!at)
            return end;
    }
    return at < end ? at + 1 : end;
}

/* Between two statements there are comments, blanks and semicolons. What stands in a block comment is no waiver: it may have been
 * taken out so. */
void waivers_find(struct pass *pass, const struct waiver_place *place, struct faults *faults)
{
    const char *sql = place->sql, *at = sql + place->begin, *end = sql + place->end;
    bool is_own_line = !place->begin;
    struct comment comment = {.line = place->line}, other;
    for (const char *c = sql; c < at; c++)
        comment.line += *c == '\n';
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = newline ? newline : end, *next = skip_line(pass, at, end);
        bool is_comment = is_own_line && take_comment(at, line_end, &comment);
        if (is_comment && is_meant(&comment))
            read_waiver(pass, &comment, place->statement, faults);
        else if (!is_comment && has_mark_elsewhere(at, line_end, comment.line, &other))
            fault(pass, comment.line, faults,
                  "a waiver is a line of its own before its statement: " HOW);
        for (; at < next; at++)
            comment.line += *at == '\n';
        is_own_line = true;
    }
}

struct waiver *waivers_get(const struct pass *pass, enum rule_id rule, size_t statement)
{
    for (size_t i = 0; i < pass->waiver_count; i++) {
        struct waiver *waiver = pass->waivers[i].waiver;
        if (waiver->rule == rule &&
            (statement == SIZE_MAX || pass->waivers[i].statement == statement))
            return waiver;
    }
    return NULL;
}

void waivers_check(const struct lint *lint, unsigned dialects, struct faults *faults)
{
    for (size_t i = 0; i < lint->waiver_count; i++) {
        const struct waiver *waiver = lint->waivers[i];
        if (waiver->is_used || !(lint_rules[waiver->rule].dialects & dialects))
            continue;
        faults_add(
            faults, ERR_CHAIN, waiver->revision->path, waiver->line,
            waiver->is_of_header
                ? "'%s' is nothing that the revision does as a whole: take the waiver out, or put it "
                  "before the statement that it is for"
                : "'%s' is not what the next statement does: take the waiver out, or put it "
                  "before the statement that it is for",
            lint_rule_at(waiver->rule));
    }
}
