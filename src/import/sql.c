/* Makes the sections of a revision from a tool's SQL. Pure. */
#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "dialect/directive.h"
#include "dialect/dialect.h"
#include "import/tool.h"

/* ---- what kind of statement ---------------------------------------------------------------- */

enum statement_kind {
    STATEMENT_PLAIN,
    STATEMENT_VALUE, /* of an enum: a transaction can hold it, but nothing may use it before its commit */
    STATEMENT_ALONE, /* no transaction can hold it */
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK, /* a ROLLBACK or the like: no one can tell what it means for a migration */
};

static bool has_word(const struct statement_words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->items[i], word) == 0)
            return true;
    return false;
}

/* "" where the statement has no such word. */
static const char *word_at(const struct statement_words *words, size_t index)
{
    return index < words->count ? words->items[index] : "";
}

/* `patterns` ends with an empty one; NULL: there are none. */
static bool matches(const struct statement_words *words, const struct word_pattern *patterns)
{
    for (; patterns && patterns->first; patterns++)
        if (strcmp(word_at(words, 0), patterns->first) == 0 &&
            (!patterns->second || strcmp(word_at(words, 1), patterns->second) == 0) &&
            (!patterns->with || has_word(words, patterns->with)))
            return true;
    return false;
}

static enum statement_kind kind_of(const char *sql, size_t len, const struct dialect *dialect)
{
    struct statement_words words;
    import_words(sql, len, &words);
    const char *first = word_at(&words, 0), *second = word_at(&words, 1);
    bool is_prepared = strcmp(second, "prepared") == 0;
    if (strcmp(first, "begin") == 0 ||
        (strcmp(first, "start") == 0 && strcmp(second, "transaction") == 0))
        return STATEMENT_BEGIN;
    if (strcmp(first, "commit") == 0 || strcmp(first, "end") == 0)
        return is_prepared || has_word(&words, "chain") ? STATEMENT_ROLLBACK : STATEMENT_COMMIT;
    if (strcmp(first, "rollback") == 0)
        return has_word(&words, "to") ? STATEMENT_PLAIN : STATEMENT_ROLLBACK;
    if (strcmp(first, "abort") == 0 ||
        (strcmp(first, "prepare") == 0 && strcmp(second, "transaction") == 0))
        return STATEMENT_ROLLBACK;
    if (dialect && matches(&words, dialect->used_later))
        return STATEMENT_VALUE;
    return dialect && matches(&words, dialect->stand_alone) ? STATEMENT_ALONE : STATEMENT_PLAIN;
}

/* ---- sections ------------------------------------------------------------------------------ */

struct cutting {
    struct import *import;
    struct imported *item;
    const struct import_sql *sql;
    struct buf pending; /* blanks and comments on the way to the next statement */
    struct buf part;    /* the section under way */
    bool has_part;      /* a statement is in it */
    bool is_part_transactional;
    bool is_in_block;
    int block_line;
    bool has_plain; /* some statement wants a transaction */
};

static int line_of(const struct cutting *cutting, const struct statement *statement)
{
    return cutting->sql->line + statement->line - 1;
}

/* Leading blank lines go, for they are what is left of a marker or a BEGIN. */
static const char *skip_blank_lines(const char *text)
{
    const char *line = text;
    for (const char *at = text; *at && strchr(" \t\r\n", *at); at++)
        if (*at == '\n')
            line = at + 1;
    return line;
}

static void add_section(struct cutting *cutting, bool is_transactional)
{
    struct imported *item = cutting->item;
    const char *sql = arena_strdup(cutting->import->arena, skip_blank_lines(cutting->part.data));
    *ARENA_PUSH(cutting->import->arena, item->sections, item->revision.section_count,
                item->section_capacity) = (struct section){
        .direction = cutting->sql->direction,
        .is_general = !cutting->sql->is_marked,
        .dialect = cutting->sql->dialect,
        .is_transactional = is_transactional,
        .sql = sql,
        .sql_len = strlen(sql),
        .line = cutting->sql->line,
    };
    item->revision.sections = item->sections;
    buf_clear(&cutting->part);
    cutting->has_part = false;
}

static void add_statement(struct cutting *cutting, const char *text, size_t len,
                          bool is_transactional)
{
    if (cutting->has_part && cutting->is_part_transactional != is_transactional)
        add_section(cutting, cutting->is_part_transactional);
    cutting->has_part = true;
    cutting->is_part_transactional = is_transactional;
    buf_add(&cutting->part, cutting->pending.data, cutting->pending.len);
    buf_add(&cutting->part, text, len);
    buf_clear(&cutting->pending);
}

static void begin_block(struct cutting *cutting, int line)
{
    if (cutting->is_in_block)
        import_fault(cutting->import, cutting->sql->path, line,
                     "begins a transaction inside another");
    cutting->is_in_block = true;
    cutting->block_line = line;
}

static void end_block(struct cutting *cutting, int line)
{
    if (!cutting->is_in_block)
        import_fault(cutting->import, cutting->sql->path, line,
                     "ends a transaction that nothing here has begun");
    cutting->is_in_block = false;
}

/* Does skein's transaction hold the statement? The tool commits after every migration, a run of skein's perhaps only
 * at its end. So a migration that only adds values to an enum runs outside of the transaction, and its values are
 * committed as they were with the tool. If it has other statements too, it stays whole. */
static bool is_held(const struct cutting *cutting, enum statement_kind kind)
{
    return cutting->sql->is_transactional && kind != STATEMENT_ALONE &&
           (kind != STATEMENT_VALUE || cutting->has_plain);
}

static void take_statement(struct cutting *cutting, const struct statement *statement,
                           const char *text, size_t len)
{
    int line = line_of(cutting, statement);
    enum statement_kind kind = kind_of(text, statement->len, dialect_of(cutting->sql->dialect));
    if (kind == STATEMENT_BEGIN)
        begin_block(cutting, line);
    else if (kind == STATEMENT_COMMIT)
        end_block(cutting, line);
    else if (kind == STATEMENT_ROLLBACK)
        import_fault(cutting->import, cutting->sql->path, line,
                     "'%.*s' cannot be taken over: skein begins and ends the transactions",
                     (int)strcspn(text, " \t\r\n;"), text);
    else
        add_statement(cutting, text, len, cutting->is_in_block || is_held(cutting, kind));
}

/* The offset after a statement and its semicolon. */
static size_t end_of(const struct import_sql *sql, const struct statement *statement)
{
    size_t end = statement->offset + statement->len, at = end;
    while (at < sql->len && sql->text[at] && strchr(" \t\r\n", sql->text[at]))
        at++;
    return at < sql->len && sql->text[at] == ';' ? at + 1 : end;
}

static void cut_sections(struct cutting *cutting, const struct statement *statements, size_t count)
{
    const struct import_sql *sql = cutting->sql;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const char *text = sql->text + statements[i].offset;
        size_t end = end_of(sql, &statements[i]);
        buf_add(&cutting->pending, sql->text + at, statements[i].offset - at);
        if (!sql->is_foreign || !sql->is_foreign(sql->ctx, text, statements[i].len))
            take_statement(cutting, &statements[i], text, end - statements[i].offset);
        at = end;
    }
    buf_add(&cutting->pending, sql->text + at, sql->len - at);
    buf_add(&cutting->part, cutting->pending.data, cutting->pending.len);
}

/* Adds the last section, even if it is empty: a revision without a section would mean something else. */
static void finish_sections(struct cutting *cutting)
{
    const struct import_sql *sql = cutting->sql;
    add_section(cutting, cutting->has_part ? cutting->is_part_transactional : true);
    if (sql->is_in_block)
        *sql->is_in_block = cutting->is_in_block;
    else if (cutting->is_in_block)
        import_fault(cutting->import, sql->path, cutting->block_line,
                     "begins a transaction that nothing ends");
}

/* A line that our own parser would take for the beginning of a section. */
static void check_markers(struct import *import, const struct import_sql *sql)
{
    struct import_line line = {0};
    while (import_next_line(sql->text, sql->len, &line))
        if (revision_marker_len(line.text, line.len) || revision_meant_marker(line.text, line.len))
            import_fault(
                import, sql->path, sql->line + line.number - 1,
                "a line that begins with '-- migrate:', or looks so, would begin a section: indent it");
}

/* A comment of the migration's author that skein would take for a directive, and ask as a query. */
static void check_directives(struct import *import, const struct import_sql *sql,
                             const struct dialect *dialect, const struct statement *statements,
                             size_t count)
{
    const struct directive *directives;
    size_t directive_count;
    directives_find(import->arena, dialect, sql->text, sql->len, statements, count, &directives,
                    &directive_count);
    for (size_t i = 0; i < directive_count; i++)
        import_fault(import, sql->path, sql->line + directives[i].line - 1,
                     "a comment that begins with '-- %s:' would be asked as a query: reword it",
                     directive_name(directives[i].kind));
}

static void add_all(struct cutting *cutting)
{
    struct import *import = cutting->import;
    const struct import_sql *sql = cutting->sql;
    const struct dialect *dialect = dialect_of(sql->dialect);
    struct statement *statements;
    size_t count;
    struct err err;
    if (!dialect) {
        import_fault(import, sql->path, 0, "this build has no driver for %s",
                     dialect_info(sql->dialect)->name);
        add_section(cutting, true); /* it is there: no further fault speaks of it as missing */
        return;
    }
    check_markers(import, sql);
    if (!dialect->split(import->arena, sql->text, sql->len, &statements, &count, &err)) {
        int line = sql->line;
        for (size_t i = 0; i + 1 < err.offset && i < sql->len; i++)
            line += sql->text[i] == '\n';
        import_fault(import, sql->path, line, "%s", err.text);
        add_section(cutting, true);
        return;
    }
    check_directives(import, sql, dialect, statements, count);
    cutting->is_in_block = sql->is_in_block && *sql->is_in_block;
    cutting->block_line = sql->line;
    for (size_t i = 0; i < count; i++)
        cutting->has_plain |= kind_of(sql->text + statements[i].offset, statements[i].len,
                                      dialect_of(sql->dialect)) == STATEMENT_PLAIN;
    cut_sections(cutting, statements, count);
    finish_sections(cutting);
}

void import_add_sql(struct import *import, struct imported *item, const struct import_sql *sql)
{
    struct cutting cutting = {.import = import, .item = item, .sql = sql};
    buf_init(&cutting.pending, BUF_MAX_DEFAULT);
    buf_init(&cutting.part, BUF_MAX_DEFAULT);
    add_all(&cutting);
    buf_done(&cutting.pending);
    buf_done(&cutting.part);
}

struct import_sql import_sql_of(const struct import *import, const struct import_file *file,
                                enum direction direction)
{
    return (struct import_sql){
        .direction = direction,
        .is_transactional = true,
        .dialect = import->request->dialect,
        .is_marked = import->request->is_marked,
        .path = file->path,
        .text = file->bytes,
        .len = file->len,
        .line = 1,
    };
}
