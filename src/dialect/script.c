#include "dialect/script.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/texts.h"
#include "base/utf8.h"
#include "dialect/directive.h"
#include "dialect/probe.h"
#include "dialect/repeated.h"
#include "dialect/split.h"

enum { SECTIONS_MAX = 256 };

/* ---- statements that would take the transaction out of our hands --------------------------- */

/* `ROLLBACK TO savepoint` is fine, in any of its spellings. */
static bool controls_transaction(const struct dialect *dialect, const char *sql, size_t len)
{
    char word[SPLIT_WORD_SIZE];
    size_t at = split_word(sql, len, 0, word);
    if (texts_until_null_have(dialect->transaction_words, word))
        return true;
    bool is_rollback = strcmp(word, "rollback") == 0;
    bool is_prepare = strcmp(word, "prepare") == 0;
    at = split_word(sql, len, at, word);
    if (strcmp(word, "transaction") == 0 || strcmp(word, "work") == 0) {
        if (is_prepare)
            return true;
        split_word(sql, len, at, word);
    }
    return is_rollback && strcmp(word, "to") != 0;
}

static bool check_statements(const struct dialect *dialect, const struct revision *revision,
                             const struct section *section, const struct statement *statements,
                             size_t count, struct err *err)
{
    bool asks = section->is_transactional && dialect->needs_no_transaction;
    for (size_t i = 0; i < count; i++) {
        const char *sql = section->sql + statements[i].offset;
        int line = section->line + statements[i].line - 1;
        const char *refusal = dialect->refuses ? dialect->refuses(sql, statements[i].len) : NULL;
        if (refusal)
            return err_at(err, ERR_CHAIN, revision->path, line, "%s", refusal);
        if (controls_transaction(dialect, sql, statements[i].len))
            return err_at(err, ERR_CHAIN, revision->path, line,
                          "'%.*s' would begin or end a transaction: skein does that",
                          (int)strcspn(sql, " \t\r\n;"), sql);
        const char *why = asks ? dialect->needs_no_transaction(sql, statements[i].len) : NULL;
        if (why)
            return err_at(err, ERR_CHAIN, revision->path, line,
                          "%s: give the section 'transaction:false'", why);
    }
    return true;
}

/* ---- making a script ----------------------------------------------------------------------- */

struct making {
    struct arena *arena;
    const struct dialect *dialect;
    const struct revision *revision;
    struct script script;
    struct piece *pieces;
    size_t capacity;
};

static struct piece *add_piece(struct making *making)
{
    struct script *script = &making->script;
    struct piece *piece =
        ARENA_PUSH(making->arena, making->pieces, script->piece_count, making->capacity);
    piece->first_statement = script->statement_count;
    script->pieces = making->pieces;
    return piece;
}

/* A query must be one statement, and leave transactions alone. */
static bool check_directive(const struct making *making, const struct section *section,
                            const struct directive *directive, struct err *err)
{
    struct statement *statements;
    size_t count = 0;
    int line = section->line + directive->line - 1;
    const char *path = making->revision->path;
    if (directive->is_mistyped)
        return err_at(err, ERR_CHAIN, path, line,
                      "'-- %s' would not be asked; did you mean '-- %s: …'?", directive->sql,
                      directive_name(directive->kind));
    if (!making->dialect->split(making->arena, directive->sql, directive->sql_len, &statements,
                                &count, err)) {
        err_set_place(err, path, line);
        return false;
    }
    if (count != 1 || controls_transaction(making->dialect, directive->sql, directive->sql_len))
        return err_at(err, ERR_CHAIN, path, line, "a '-- %s:' is one query, in one line",
                      directive_name(directive->kind));
    return true;
}

static struct author_query query_of(const struct section *section,
                                    const struct directive *directive)
{
    return (struct author_query){directive->sql, directive->sql_len,
                                 section->line + directive->line - 1, NULL};
}

/* What the comments of a section ask. */
struct asked_of {
    const struct directive *items;
    size_t count;
};

/* Queries to verify are asked after the whole section, a probe before its statement. */
static bool add_checks(struct making *making, const struct section *section,
                       const struct asked_of *asked, size_t count, size_t first_piece,
                       struct err *err)
{
    struct arena *arena = making->arena;
    struct author_query *verifies = arena_calloc(arena, asked->count, sizeof *verifies);
    struct piece *last = &making->pieces[making->script.piece_count - 1];
    bool is_one_by_one = making->script.piece_count - first_piece == count;
    for (size_t i = 0; i < asked->count; i++) {
        const struct directive *directive = &asked->items[i];
        if (!check_directive(making, section, directive, err))
            return false;
        if (directive->kind == DIRECTIVE_VERIFY) {
            verifies[last->verify_count++] = query_of(section, directive);
        } else if (directive->statement < count && is_one_by_one) {
            struct author_query *probe = arena_alloc(arena, sizeof *probe);
            struct piece *piece = &making->pieces[first_piece + directive->statement];
            *probe = query_of(section, directive);
            piece->probe = piece->is_transactional ? NULL : probe;
        }
    }
    last->verifies = verifies;
    return true;
}

/* Adds our own checks (statement_checks) beside the piece's statement `at`. */
static void add_statement_checks(struct making *making, struct piece *piece, size_t at,
                                 struct author_query *after)
{
    struct arena *arena = making->arena;
    const struct statement *statement = &piece->statements[at];
    struct statement_checks checks;
    if (!making->dialect->check)
        return;
    making->dialect->check(arena, piece->sql + statement->offset, statement->len, &checks);
    int line = piece->line + statement->line - 1;
    const char *sql = piece->is_transactional ? checks.inside : checks.before;
    if (sql) {
        struct author_query *before = arena_alloc(arena, sizeof *before);
        *before = (struct author_query){sql, strlen(sql), line, checks.fault};
        piece->before = before;
    }
    if (checks.after)
        after[piece->after_count++] =
            (struct author_query){checks.after, strlen(checks.after), line, checks.fault};
}

static void add_own_checks(struct making *making, struct piece *piece)
{
    struct author_query *after = arena_calloc(making->arena, piece->statement_count, sizeof *after);
    piece->after = after;
    for (size_t i = 0; i < piece->statement_count; i++)
        add_statement_checks(making, piece, i, after);
}

static void add_whole(struct making *making, const struct section *section,
                      const struct statement *statements, size_t count)
{
    struct piece *piece = add_piece(making);
    piece->sql = section->sql;
    piece->sql_len = section->sql_len;
    piece->line = section->line;
    piece->statements = statements;
    piece->statement_count = count;
    piece->is_transactional = true;
    add_own_checks(making, piece);
    making->script.statement_count += count;
}

/* Where DDL ends a transaction, those of a section's statements that do not can each run in one together with the mark
 * that they are done. But what a statement sets of the session must hold for those after it, also where a later run goes
 * on with them: then all of them run outside. */
static bool has_own_transactions(const struct making *making, const struct section *section,
                                 const struct statement *statements, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (making->dialect->sets_session(section->sql + statements[i].offset, statements[i].len))
            return false;
    return section->is_transactional && making->dialect->keeps_transaction;
}

static void add_one_by_one(struct making *making, const struct section *section,
                           const struct statement *statements, size_t count)
{
    struct arena *arena = making->arena;
    bool may_be_inside = has_own_transactions(making, section, statements, count);
    for (size_t i = 0; i < count; i++) {
        struct piece *piece = add_piece(making);
        struct statement *only = arena_alloc(arena, sizeof *only);
        *only = (struct statement){
            .len = statements[i].len, .line = 1, .is_ended = statements[i].is_ended};
        piece->sql = arena_strndup(arena, section->sql + statements[i].offset, statements[i].len);
        piece->sql_len = statements[i].len;
        piece->line = section->line + statements[i].line - 1;
        piece->statements = only;
        piece->statement_count = 1;
        piece->is_setting = making->dialect->sets_session(piece->sql, piece->sql_len);
        piece->is_transactional =
            may_be_inside && making->dialect->keeps_transaction(piece->sql, piece->sql_len);
        if (making->dialect->define && !piece->is_transactional)
            piece->definition = making->dialect->define(arena, piece->sql);
        add_own_checks(making, piece);
        making->script.statement_count++;
        making->script.is_checkpointed = making->script.is_checkpointed || !piece->is_transactional;
    }
}

static bool refuse_count(const struct section *section, const char *path,
                         const struct statement *second, size_t count, struct err *err)
{
    if (!second)
        return err_at(
            err, ERR_CHAIN, path, section->line - 1,
            "a section with 'repeat:' holds one statement, and this one has none: write it, "
            "or take the section away");
    return err_at(err, ERR_CHAIN, path, section->line + second->line - 1,
                  "a section with 'repeat:' holds one statement, and this one has %zu: give each a "
                  "section of its own",
                  count);
}

/* The statement, its own piece. `statements` is all that its section holds. */
static bool add_repeated(struct making *making, const struct section *section,
                         const struct statement *statements, size_t count, struct err *err)
{
    struct arena *arena = making->arena;
    const char *path = making->revision->path;
    if (count != 1)
        return refuse_count(section, path, count ? &statements[1] : NULL, count, err);
    struct repeated words;
    const char *sql = arena_strndup(arena, section->sql + statements->offset, statements->len);
    int line = section->line + statements->line - 1;
    repeated_read(making->dialect, sql, statements->len, &words);
    const char *why = repeated_refuse(&words);
    if (why)
        return err_at(err, ERR_CHAIN, path, line, "the statement cannot be repeated: %s", why);
    add_one_by_one(making, section, statements, 1);
    struct piece *piece = &making->pieces[making->script.piece_count - 1];
    struct repeating *repeating = arena_alloc(arena, sizeof *repeating);
    *repeating = (struct repeating){.options = section->repeat,
                                    .is_bounded = words.is_bounded,
                                    .verb = arena_strdup(arena, words.verb)};
    if (words.table_end)
        repeating->table =
            arena_strndup(arena, sql + words.table_begin, words.table_end - words.table_begin);
    if (words.skip_end) {
        char *thorough = arena_strdup(arena, sql);
        memset(thorough + words.skip_begin, ' ', words.skip_end - words.skip_begin);
        repeating->thorough = thorough;
    }
    piece->repeating = repeating;
    piece->definition = NULL;
    piece->is_transactional = making->script.is_checkpointed = true;
    return true;
}

/* Judges by its first words whether a statement drops or renames a table, as the rebuilding of one does. */
bool script_drops_or_renames(const char *sql, size_t len)
{
    char word[SPLIT_WORD_SIZE];
    size_t at = split_word(sql, len, 0, word);
    bool drops = strcmp(word, "drop") == 0, alters = strcmp(word, "alter") == 0;
    at = split_word(sql, len, at, word);
    if (strcmp(word, "table") != 0)
        return false;
    for (; alters && at + 6 < len && !ascii_begins(sql + at, "rename"); at++)
        continue;
    return drops || (alters && at + 6 < len);
}

/* A statement that sets something of the session, or a block that may. */
static bool may_set(const struct dialect *dialect, const char *sql, size_t len)
{
    char word[SPLIT_WORD_SIZE];
    split_word(sql, len, 0, word);
    return dialect->sets_session(sql, len) || texts_until_null_have(dialect->block_words, word);
}

/* By the words of it alone. */
static unsigned parts_changed(const struct dialect *dialect, const char *sql,
                              const struct statement *statements, size_t count)
{
    unsigned parts = 0;
    for (const struct session_word *word = dialect->session_words; word->word; word++)
        if (ascii_holds(sql, word->word))
            parts |= word->part;
    for (size_t i = 0; i < count; i++)
        if (may_set(dialect, sql + statements[i].offset, statements[i].len))
            parts |= PART_SETUP;
    return parts;
}

static bool add_section(struct making *making, const struct section *section, struct err *err)
{
    struct statement *statements;
    size_t count;
    struct arena *arena = making->arena;
    if (!making->dialect->split(arena, section->sql, section->sql_len, &statements, &count, err)) {
        int line = section->line;
        for (size_t i = 0; i + 1 < err->offset && i < section->sql_len; i++)
            line += section->sql[i] == '\n';
        err->line = line;
        snprintf(err->file, sizeof err->file, "%s", making->revision->path);
        return false;
    }
    if (!check_statements(making->dialect, making->revision, section, statements, count, err))
        return false;
    struct asked_of asked;
    directives_find(arena, making->dialect, section->sql, section->sql_len, statements, count,
                    &asked.items, &asked.count);
    if (!count && !asked.count && !section->repeat)
        return true;
    /* A section with nothing but queries to verify: a piece without statements, which they follow. */
    bool is_transactional = !count || (section->is_transactional &&
                                       making->dialect->traits & DIALECT_DDL_IN_TRANSACTION);
    size_t first_piece = making->script.piece_count;
    making->script.may_change |= parts_changed(making->dialect, section->sql, statements, count);
    for (size_t i = 0; i < count && !making->script.may_break; i++)
        if (script_drops_or_renames(section->sql + statements[i].offset, statements[i].len)) {
            making->script.may_break = true;
            making->script.breaking_line = section->line + statements[i].line - 1;
        }
    if (section->repeat && !add_repeated(making, section, statements, count, err))
        return false;
    if (!section->repeat)
        (is_transactional ? add_whole : add_one_by_one)(making, section, statements, count);
    return add_checks(making, section, &asked, count, first_piece, err);
}

/* ---- digests ------------------------------------------------------------------------------- */

static void add_digests(const struct script *script, const struct piece *piece,
                        struct place_digest *digests)
{
    for (size_t i = 0; i < piece->statement_count; i++) {
        const struct statement *statement = &piece->statements[i];
        struct place_digest *place = &digests[piece->first_statement + i];
        struct digest own =
            digest_statement(piece->sql + statement->offset, statement->len, script->comments_nest);
        if (!piece->is_transactional)
            place->next = own;
        place[1].done = digest_add(&place->done, &own);
    }
}

const struct place_digest *script_digests(struct arena *arena, const struct script *script)
{
    if (script->digests)
        return script->digests;
    struct place_digest *digests =
        arena_calloc(arena, script->statement_count + 1, sizeof *digests);
    for (size_t i = 0; i < script->piece_count; i++)
        add_digests(script, &script->pieces[i], digests);
    return digests;
}

const struct script *script_make(struct arena *arena, const struct dialect *dialect,
                                 const struct revision *revision, enum direction direction,
                                 struct err *err)
{
    const struct section *sections[SECTIONS_MAX];
    size_t count = revision_sections(revision, direction, dialect->id, sections, SECTIONS_MAX);
    struct making making = {.arena = arena, .dialect = dialect, .revision = revision};
    if (!count) {
        err_at(err, ERR_CHAIN, revision->path, revision->id_line,
               "revision '%s' has no %s section for %s", revision->id,
               direction == DIRECTION_UP ? "up" : "down", dialect->name);
        return NULL;
    }
    for (size_t i = 0; i < count && i < SECTIONS_MAX; i++)
        if (!add_section(&making, sections[i], err))
            return NULL;
    struct script *script = arena_alloc(arena, sizeof *script);
    *script = making.script;
    script->comments_nest = dialect->traits & DIALECT_NESTS_COMMENTS;
    if (script->is_checkpointed)
        script->digests = script_digests(arena, script);
    return script;
}

/* ---- places -------------------------------------------------------------------------------- */

const struct piece *script_piece_at(const struct script *script, size_t statement)
{
    for (size_t i = 0; i < script->piece_count; i++)
        if (script->pieces[i].first_statement >= statement)
            return &script->pieces[i];
    return NULL;
}

const struct piece *piece_first_beside(const struct piece *piece)
{
    while (piece->first_statement && !piece[-1].is_transactional)
        piece--;
    return piece;
}

int piece_line(const struct piece *piece, size_t offset, size_t statement)
{
    if (!offset && statement < piece->statement_count)
        return piece->line + piece->statements[statement].line - 1;
    int line = piece->line;
    /* The server reports what is missing at the end after the blanks, at what we add. */
    size_t end = piece->sql_len;
    while (end && strchr(" \t\r\n", piece->sql[end - 1]))
        end--;
    for (size_t i = 0; i + 1 < offset && i < end; i++)
        line += piece->sql[i] == '\n';
    return line;
}

const char *piece_line_text(struct arena *arena, const struct piece *piece, int line)
{
    const char *begin = piece->sql;
    for (int at = piece->line; at < line; at++) {
        const char *end = strchr(begin, '\n');
        if (!end)
            break;
        begin = end + 1;
    }
    begin += strspn(begin, " \t");
    size_t len = strcspn(begin, "\r\n");
    return arena_strndup(arena, begin,
                         len < SCRIPT_LINE_MAX ? len : utf8_check(begin, SCRIPT_LINE_MAX));
}
