#include "preflight/preflight.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "dialect/dialect.h"
#include "dialect/split.h"

struct walk {
    struct preflight *preflight;
    const struct dialect *dialect;
    struct deeds deeds;  /* of all statements so far */
    size_t *first;       /* by statement: its first deed */
    const char **sql;    /* by statement, NUL-terminated */
    const char **untold; /* by statement: what it does that no deed tells of; NULL: nothing */
    size_t statement;    /* under way */
};

const char *preflight_place(struct arena *arena, const struct preflight_statement *statement)
{
    return arena_printf(arena, "%s:%d", statement->revision->path, statement->line);
}

static bool is_same(const char *a, const char *b)
{
    return a && b && ascii_is_same(a, b);
}

/* ---- what statements do --------------------------------------------------------------------------- */

/* A statement that only a newer server knows may do anything. */
static bool can_read(const struct walk *walk, const struct preflight_statement *statement)
{
    struct judged judged = {
        .sql = statement->sql, .len = statement->len, .is_transactional = false};
    struct judgement judgement;
    bool has_state = walk->dialect->open_parser != NULL;
    return has_state || !walk->dialect->judge || !walk->dialect->judge(NULL, &judged, &judgement);
}

static const char *find_untold(const struct walk *walk, size_t deed_count)
{
    const struct preflight_statement *statement = &walk->preflight->statements[walk->statement];
    char word[SPLIT_WORD_SIZE];
    split_word(statement->sql, statement->len, 0, word);
    for (const char *const *known = walk->dialect->harmless_words; known && *known; known++)
        if (strcmp(*known, word) == 0)
            return deed_count || can_read(walk, statement) ? NULL : "could not be read";
    return deed_count ? NULL : "may change anything";
}

static size_t statement_of(const struct walk *walk, size_t deed)
{
    size_t statement = walk->statement;
    while (statement && walk->first[statement] > deed)
        statement--;
    return statement;
}

static const char *place_of(const struct walk *walk, size_t statement)
{
    const struct preflight *preflight = walk->preflight;
    return statement == walk->statement
               ? "the same statement"
               : preflight_place(preflight->arena, &preflight->statements[statement]);
}

static bool changes_rows(const struct deed *deed)
{
    return deed->kind == DEED_INSERT || deed->kind == DEED_UPDATE || deed->kind == DEED_DELETE ||
           deed->kind == DEED_COPY_ROWS || deed->kind == DEED_TRUNCATE;
}

/* ---- tables ----------------------------------------------------------------------------------------- */

/* The last deed before that made the table; NULL: none did, or it may have been there. */
static const struct deed *maker_of(const struct walk *walk, const char *table, size_t before)
{
    for (size_t i = before; i-- > 0;) {
        const struct deed *deed = &walk->deeds.items[i];
        if (deed->kind == DEED_CREATE_TABLE && is_same(deed->table, table))
            return deed->flags & DEED_CONDITIONAL ? NULL : deed;
    }
    return NULL;
}

static size_t index_of(const struct walk *walk, const struct deed *deed)
{
    return (size_t)(deed - walk->deeds.items);
}

/* Was it made before, and never given a row? */
static bool is_empty(const struct walk *walk, const char *table, size_t before)
{
    const struct deed *maker = maker_of(walk, table, before);
    if (!maker || maker->flags & DEED_FILLS)
        return false;
    for (size_t i = index_of(walk, maker); i < before; i++) {
        const struct deed *deed = &walk->deeds.items[i];
        bool is_about = is_same(deed->table, table) || is_same(deed->other, table);
        if (deed->kind == DEED_OTHER || (changes_rows(deed) && is_about) ||
            (deed->kind == DEED_RENAME && is_about) || (deed->kind == DEED_ATTACH && is_about))
            return false;
        if (deed->flags & (DEED_SEVERAL | DEED_CASCADE))
            return false;
    }
    for (size_t i = statement_of(walk, index_of(walk, maker)); i <= walk->statement; i++)
        if (walk->untold[i])
            return false;
    return true;
}

/* What the table is called before all of this, where earlier statements have given it the name; NULL: it is its own. */
static const char *old_name(const struct walk *walk, const char *table, size_t before)
{
    const char *old = NULL;
    for (size_t i = before; i-- > 0;) {
        const struct deed *deed = &walk->deeds.items[i];
        if (deed->kind == DEED_RENAME && !deed->column && is_same(deed->other, old ? old : table))
            old = deed->table;
    }
    return old;
}

/* ---- what stands in the way ------------------------------------------------------------------------- */

static bool is_harmless_setting(const struct walk *walk, const char *name)
{
    for (const char *const *known = walk->dialect->timeouts; known && *known && name; known++)
        if (ascii_is_same(*known, name))
            return true;
    return false;
}

/* A column is added, dropped, renamed or given another type: does the question depend on it? */
static bool touches_column(const struct question *question, const struct deed *deed)
{
    bool is_new_name = deed->kind == DEED_RENAME && question_depends(question, deed->other);
    return !deed->column || question_depends(question, deed->column) || is_new_name;
}

/* What the deed, which comes before, does to what is asked about; NULL: nothing. `is_rebuild`: of the table that rows are
 * copied to all is known. */
static const char *conflict(const struct walk *walk, const struct deed *deed,
                            const struct question *question)
{
    bool is_about = is_same(deed->table, question->table) ||
                    (question->other && is_same(deed->table, question->other));
    bool names = is_about || is_same(deed->other, question->table) ||
                 (question->other && is_same(deed->other, question->other));
    if (deed->flags & (DEED_SEVERAL | DEED_CASCADE) && changes_rows(deed))
        return "changes the rows of several tables";
    if (changes_rows(deed))
        return is_about ? "changes its rows" : NULL;
    switch (deed->kind) {
    case DEED_OTHER: return deed->table ? NULL : "may change anything";
    case DEED_CREATE_TABLE: return is_about ? "makes the table" : NULL;
    case DEED_DROP_TABLE: return is_about || deed->flags & DEED_CASCADE ? "drops the table" : NULL;
    case DEED_RENAME:
        if (!names)
            return NULL;
        return !deed->column                    ? "renames the table"
               : touches_column(question, deed) ? "renames a column"
                                                : NULL;
    case DEED_ADD_COLUMN:
    case DEED_DROP_COLUMN:
    case DEED_SET_TYPE:
        return is_about && touches_column(question, deed)
                   ? deed->kind == DEED_SET_TYPE     ? "changes a column's type"
                     : deed->kind == DEED_ADD_COLUMN ? "adds a column"
                                                     : "drops a column"
                   : NULL;
    case DEED_ATTACH: return names ? "changes which rows it has" : NULL;
    case DEED_DETACH: return names ? "changes which rows it has" : NULL;
    case DEED_SET: return is_harmless_setting(walk, deed->name) ? NULL : "changes a setting";
    default: return NULL;
    }
}

static bool is_of_revision(const struct walk *walk, size_t statement)
{
    const struct preflight_statement *statements = walk->preflight->statements;
    return statements[statement].revision == statements[walk->statement].revision;
}

/* Why it cannot be known before; NULL: it can. A column that the deed's own statement adds or changes is no obstacle to questions
 * about that column: their SQL has it. */
static const char *find_block(const struct walk *walk, const struct question *question,
                              const struct deed *asked)
{
    struct arena *arena = walk->preflight->arena;
    size_t own = index_of(walk, asked);
    for (size_t i = 0; i < walk->statement; i++)
        if (walk->untold[i])
            return arena_printf(arena, "%s %s", place_of(walk, i), walk->untold[i]);
    for (size_t i = 0; i < own; i++) {
        const struct deed *deed = &walk->deeds.items[i];
        size_t statement = statement_of(walk, i);
        bool is_own_column = statement == walk->statement && is_same(deed->column, asked->column) &&
                             (deed->kind == DEED_ADD_COLUMN || deed->kind == DEED_RENAME) &&
                             (asked->flags & DEED_WITH_COLUMN || asked->kind == DEED_ADD_COLUMN ||
                              asked->kind == DEED_SET_TYPE);
        /* all expressions of one statement see the rows as they were */
        bool is_beside = statement == walk->statement && deed->kind == DEED_SET_TYPE &&
                         asked->kind == DEED_SET_TYPE;
        bool renames_it = statement == walk->statement && deed->kind == DEED_RENAME &&
                          asked->kind == DEED_SET_TYPE && is_same(deed->other, asked->column);
        if (is_own_column || is_beside || renames_it ||
            (deed->kind == DEED_SET && !is_of_revision(walk, statement)))
            continue;
        const char *what = conflict(walk, deed, question);
        if (what)
            return arena_printf(arena, "%s %s", place_of(walk, statement), what);
    }
    return NULL;
}

/* Rows of other tables that were changed before. Where a trigger is made before, it may do anything. */
static void find_changes(struct walk *walk, size_t own, struct preflight_item *item)
{
    struct arena *arena = walk->preflight->arena;
    struct preflight_change *changes = arena_calloc(arena, own + 1, sizeof *changes);
    bool has_trigger = false;
    for (size_t i = 0; i < own && !item->blocked; i++) {
        const struct deed *deed = &walk->deeds.items[i];
        size_t statement = statement_of(walk, i);
        has_trigger |= deed->kind == DEED_TRIGGER || deed->kind == DEED_ADD_FOREIGN_KEY;
        if (!changes_rows(deed) || !deed->table)
            continue;
        if (has_trigger)
            item->blocked = arena_printf(
                arena, "%s changes rows of %s, which may reach others by what was made before it",
                place_of(walk, statement), deed->table);
        changes[item->change_count++] = (struct preflight_change){deed->table, statement};
    }
    item->changes = changes;
}

/* ---- questions --------------------------------------------------------------------------------------- */

/* VALIDATE of what earlier statements add without a look at the rows: it is that which is asked. */
static const struct deed *added_before(const struct walk *walk, const struct deed *validate,
                                       struct deed *ret_copy)
{
    for (size_t i = index_of(walk, validate); i-- > 0;) {
        const struct deed *deed = &walk->deeds.items[i];
        bool is_constraint = deed->kind == DEED_ADD_CHECK || deed->kind == DEED_ADD_FOREIGN_KEY;
        if (!is_constraint || !is_same(deed->table, validate->table) ||
            !is_same(deed->name, validate->name))
            continue;
        *ret_copy = *deed;
        ret_copy->flags &= ~(unsigned)DEED_NOT_VALID;
        return ret_copy;
    }
    return validate;
}

/* Do the rows come from a table that is not what it was? A query may read several. */
static const char *find_source_block(const struct walk *walk, const struct deed *asked)
{
    const char *sql = walk->sql[walk->statement];
    struct arena *arena = walk->preflight->arena;
    for (size_t i = 0; i < walk->first[walk->statement]; i++) {
        const struct deed *deed = &walk->deeds.items[i];
        bool is_target = is_same(deed->table, asked->table);
        bool is_rename = deed->kind == DEED_RENAME && !deed->column;
        if (!deed->table || (is_target && !changes_rows(deed)) || is_rename ||
            deed->kind == DEED_COLUMN || deed->kind == DEED_DROP_INDEX ||
            deed->kind == DEED_CREATE_INDEX)
            continue;
        if (ascii_holds(sql, deed->table))
            return arena_printf(arena, "%s changes %s", place_of(walk, statement_of(walk, i)),
                                deed->table);
    }
    for (size_t i = 0; i < walk->statement; i++)
        if (walk->untold[i])
            return arena_printf(arena, "%s %s", place_of(walk, i), walk->untold[i]);
    return NULL;
}

static void add_items(struct walk *walk, const struct deed *deed, const struct questions *questions)
{
    struct preflight *preflight = walk->preflight;
    size_t own = index_of(walk, deed);
    for (size_t i = 0; i < questions->count; i++) {
        struct preflight_item item = {.statement = walk->statement,
                                      .question = questions->items[i]};
        if (item.question.reason) {
            *ARENA_PUSH(preflight->arena, preflight->items, preflight->count, preflight->capacity) =
                item;
            continue;
        }
        item.blocked = deed->kind == DEED_COPY_ROWS ? find_source_block(walk, deed)
                                                    : find_block(walk, &item.question, deed);
        find_changes(walk, own, &item);
        *ARENA_PUSH(preflight->arena, preflight->items, preflight->count, preflight->capacity) =
            item;
    }
}

static void ask_deed(struct walk *walk, const struct deed *deed)
{
    struct arena *arena = walk->preflight->arena;
    size_t own = index_of(walk, deed);
    struct questions questions = {.arena = arena};
    struct deed copy;
    const struct deed *maker = maker_of(walk, deed->table, own);
    struct question_request request = {
        .dialect = walk->dialect,
        .deed = deed,
        .deeds = &walk->deeds.items[walk->first[walk->statement]],
        .count = walk->deeds.count - walk->first[walk->statement],
        .sql = walk->sql[walk->statement],
        .made_by = maker ? walk->sql[statement_of(walk, index_of(walk, maker))] : NULL,
        .was =
            deed->other && deed->kind == DEED_COPY_ROWS ? old_name(walk, deed->other, own) : NULL,
    };
    if (!deed->table || deed->flags & DEED_TEMPORARY ||
        (deed->kind != DEED_COPY_ROWS && is_empty(walk, deed->table, own)))
        return;
    if (deed->kind == DEED_COPY_ROWS && deed->other && is_empty(walk, deed->other, own))
        return;
    if (deed->kind == DEED_VALIDATE)
        request.deed = added_before(walk, deed, &copy);
    walk->dialect->ask_rows(&request, &questions);
    if (deed->flags & DEED_CONDITIONAL)
        for (size_t i = 0; i < questions.count; i++)
            questions.items[i].reason =
                "whether the statement does anything depends on what is there already";
    add_items(walk, deed, &questions);
}

static void follow_statement(struct walk *walk, void *reader)
{
    const struct preflight_statement *statement = &walk->preflight->statements[walk->statement];
    size_t first = walk->deeds.count;
    walk->first[walk->statement] = first;
    walk->sql[walk->statement] =
        arena_strndup(walk->preflight->arena, statement->sql, statement->len);
    walk->dialect->read_deeds(reader, statement->sql, statement->len, &walk->deeds);
    walk->untold[walk->statement] = find_untold(walk, walk->deeds.count - first);
    for (size_t i = first; i < walk->deeds.count; i++)
        ask_deed(walk, &walk->deeds.items[i]);
}

void preflight_derive(struct preflight *preflight, const struct dialect *dialect,
                      const struct preflight_statement *statements, size_t count)
{
    struct walk walk = {.preflight = preflight,
                        .dialect = dialect,
                        .deeds = {.arena = preflight->arena},
                        .first = arena_calloc(preflight->arena, count + 1, sizeof *walk.first),
                        .sql = arena_calloc(preflight->arena, count + 1, sizeof *walk.sql),
                        .untold = arena_calloc(preflight->arena, count + 1, sizeof *walk.untold)};
    preflight->statements = statements;
    if (!dialect->ask_rows || !dialect->read_deeds)
        return;
    void *reader = dialect->open_deeds ? dialect->open_deeds() : NULL;
    for (walk.statement = 0; walk.statement < count; walk.statement++)
        follow_statement(&walk, reader);
    if (dialect->close_deeds)
        dialect->close_deeds(reader);
}
