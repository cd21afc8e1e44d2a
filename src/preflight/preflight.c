#include "preflight/preflight_private.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "dialect/dialect.h"
#include "dialect/split.h"

const char *preflight_place(struct arena *arena, const struct preflight_statement *statement)
{
    return arena_printf(arena, "%s:%d", statement->revision->path, statement->line);
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

const char *preflight_place_of(const struct walk *walk, size_t statement)
{
    const struct preflight *preflight = walk->preflight;
    return statement == walk->statement
               ? "the same statement"
               : preflight_place(preflight->arena, &preflight->statements[statement]);
}

bool preflight_changes_rows(const struct deed *deed)
{
    return deed->kind == DEED_INSERT || deed->kind == DEED_UPDATE || deed->kind == DEED_DELETE ||
           deed->kind == DEED_COPY_ROWS || deed->kind == DEED_TRUNCATE ||
           deed->kind == DEED_REFRESH;
}

/* ---- tables ----------------------------------------------------------------------------------------- */

/* The last deed before that made the table; NULL: none did, or it may have been there. */
const struct deed *preflight_maker_of(const struct walk *walk, const char *table, size_t before)
{
    for (size_t i = before; i-- > 0;) {
        const struct deed *deed = &walk->deeds.items[i];
        if (deed->kind == DEED_CREATE_TABLE && preflight_is_same(deed->table, table))
            return deed->flags & DEED_CONDITIONAL ? NULL : deed;
    }
    return NULL;
}

size_t preflight_index_of(const struct walk *walk, const struct deed *deed)
{
    return (size_t)(deed - walk->deeds.items);
}

/* Was it made before, and never given a row? */
static bool is_empty(const struct walk *walk, const char *table, size_t before)
{
    const struct deed *maker = preflight_maker_of(walk, table, before);
    if (!maker || maker->flags & DEED_FILLS)
        return false;
    for (size_t i = preflight_index_of(walk, maker); i < before; i++) {
        const struct deed *deed = &walk->deeds.items[i];
        bool is_about =
            preflight_is_same(deed->table, table) || preflight_is_same(deed->other, table);
        if (deed->kind == DEED_OTHER || (preflight_changes_rows(deed) && is_about) ||
            (deed->kind == DEED_RENAME && is_about) || (deed->kind == DEED_ATTACH && is_about))
            return false;
        if (deed->flags & (DEED_SEVERAL | DEED_CASCADE))
            return false;
    }
    for (size_t i = preflight_statement_of(walk, preflight_index_of(walk, maker));
         i <= walk->statement; i++)
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
        if (deed->kind == DEED_RENAME && !deed->column &&
            preflight_is_same(deed->other, old ? old : table))
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
    return !deed->column || question->reads_any || question_depends(question, deed->column) ||
           is_new_name;
}

/* Does an expression of the question call a function, as far as signs tell? */
static bool calls_function(const char *text)
{
    static const char *const words[] = {"and",  "or",   "not", "in", "when",
                                        "then", "else", "any", NULL};
    for (const char *at = strchr(text, '('); at; at = strchr(at + 1, '(')) {
        const char *end = at;
        while (end > text && strchr(" \t\r\n", end[-1]))
            end--;
        const char *begin = end;
        while (begin > text && (ascii_is_alnum(begin[-1]) || begin[-1] == '_' || begin[-1] == '"'))
            begin--;
        bool is_word = false;
        for (const char *const *word = words; *word; word++)
            is_word |= ascii_begins(begin, *word) && begin + strlen(*word) == end;
        if (begin < end && !is_word)
            return true;
    }
    return false;
}

/* A function or a type is made, changed or dropped: does the question say it? What stands in the catalog may say anything. */
static bool may_mean(const struct question *question, const struct deed *deed)
{
    const char *const texts[] = {question->rows, question->trial, question->about,
                                 question->lookup};
    bool may = question->lookup && !question->depends.count;
    for (size_t i = 0; i < ARRAY_LEN(texts) && deed->name; i++)
        may |= texts[i] && ascii_holds(texts[i], deed->name);
    for (size_t i = 0; i < question->depends.count && !deed->name; i++)
        may |=
            calls_function(question->depends.items[i]) || strstr(question->depends.items[i], "::");
    return may || (!deed->name && question->kind == QUESTION_CAST);
}

static bool is_among(const struct preflight_names_list *names, const char *table)
{
    for (size_t i = 0; i < names->count; i++)
        if (preflight_is_same(names->items[i], table))
            return true;
    return false;
}

/* Constraints and indexes of the table, where what the catalog says of them makes the question. */
static bool changes_keys(const struct deed *deed)
{
    return deed->kind == DEED_ADD_UNIQUE || deed->kind == DEED_CREATE_INDEX ||
           deed->kind == DEED_DROP_CONSTRAINT || deed->kind == DEED_DROP_INDEX ||
           deed->kind == DEED_ADD_CHECK || deed->kind == DEED_ADD_FOREIGN_KEY ||
           deed->kind == DEED_SET_NOT_NULL || deed->kind == DEED_DROP_NOT_NULL;
}

/* What a deed that is about one column does to it. */
static const char *const column_changes[DEED__COUNT] = {
    [DEED_RENAME] = "renames a column",
    [DEED_SET_TYPE] = "changes a column's type",
    [DEED_ADD_COLUMN] = "adds a column",
    [DEED_DROP_COLUMN] = "drops a column",
};

static const char *change_of_rows(const struct deed *deed, const struct question *question,
                                  bool is_about)
{
    if (deed->flags & (DEED_SEVERAL | DEED_CASCADE))
        return "changes the rows of several tables";
    return !is_about ? NULL : question->reads_any ? "changes rows" : "changes its rows";
}

/* What the deed, which comes before, does to what is asked about; NULL: nothing. `tables`: all names that the question's tables have
 * on the way. */
static const char *conflict(const struct walk *walk, const struct deed *deed,
                            const struct question *question,
                            const struct preflight_names_list *tables)
{
    bool is_about = is_among(tables, deed->table) || (question->reads_any && deed->table);
    bool names = is_about || is_among(tables, deed->other);
    if (question->reads_keys && changes_keys(deed) &&
        (names || !deed->table)) /* an index may be dropped by its own name */
        return "changes its keys or constraints";
    if (preflight_changes_rows(deed))
        return change_of_rows(deed, question, is_about);
    if (column_changes[deed->kind] && (deed->column || deed->kind != DEED_RENAME))
        return (deed->kind == DEED_RENAME ? names : is_about) && touches_column(question, deed)
                   ? column_changes[deed->kind]
                   : NULL;
    switch (deed->kind) {
    case DEED_OTHER: return deed->table ? NULL : "may change anything";
    case DEED_CREATE_TABLE:
        if (is_among(tables, deed->table))
            return "makes the table";
        return question->reads_any && deed->flags & DEED_FILLS ? "makes a table with rows" : NULL;
    case DEED_DROP_TABLE: return is_about || deed->flags & DEED_CASCADE ? "drops the table" : NULL;
    case DEED_RENAME: return names ? "renames the table" : NULL;
    case DEED_ATTACH:
    case DEED_DETACH: return names ? "changes which rows it has" : NULL;
    case DEED_ADD_PARTITION:
        return names && !is_empty(walk, deed->other, walk->deeds.count)
                   ? "makes a partition that gets rows"
                   : NULL;
    case DEED_MEANING:
        if (deed->table)
            return is_about ? "changes a character set" : NULL;
        return may_mean(question, deed) ? "changes what an expression may mean" : NULL;
    case DEED_SET: return is_harmless_setting(walk, deed->name) ? NULL : "changes a setting";
    default: return NULL;
    }
}

bool preflight_is_of_revision(const struct walk *walk, size_t statement)
{
    const struct preflight_statement *statements = walk->preflight->statements;
    return statements[statement].revision == statements[walk->statement].revision;
}

static bool is_in(const struct question_view *view, size_t deed)
{
    for (size_t i = 0; i < view->deed_count; i++)
        if (view->deeds[i] == deed)
            return true;
    return false;
}

/* Is the deed of the statement that is asked for no obstacle? A column that it adds or changes is none to questions about that column:
 * their SQL has it. */
static bool is_part_of_it(const struct deed *deed, const struct deed *asked)
{
    bool is_own_column = preflight_is_same(deed->column, asked->column) &&
                         (deed->kind == DEED_ADD_COLUMN || deed->kind == DEED_RENAME) &&
                         (asked->flags & DEED_WITH_COLUMN || asked->kind == DEED_ADD_COLUMN ||
                          asked->kind == DEED_SET_TYPE);
    /* all expressions of one statement see the rows as they were */
    bool is_beside = deed->kind == DEED_SET_TYPE && asked->kind == DEED_SET_TYPE;
    bool renames_it = deed->kind == DEED_RENAME && asked->kind == DEED_SET_TYPE &&
                      preflight_is_same(deed->other, asked->column);
    return is_own_column || is_beside || renames_it;
}

/* What is dropped by a later part of the statement is dropped first. */
static const char *find_later_drop(const struct walk *walk, const struct question *question,
                                   const struct deed *asked)
{
    for (size_t i = preflight_index_of(walk, asked) + 1;
         i < walk->deeds.count && question->reads_keys; i++)
        if (walk->deeds.items[i].kind == DEED_DROP_CONSTRAINT ||
            walk->deeds.items[i].kind == DEED_DROP_INDEX)
            return "the same statement changes its keys or constraints";
    return NULL;
}

/* Why it cannot be known before; NULL: it can. */
static const char *find_block(const struct walk *walk, const struct question *question,
                              const struct asked *asked)
{
    struct arena *arena = walk->preflight->arena;
    size_t own = preflight_index_of(walk, asked->deed);
    for (size_t i = 0; i < walk->statement; i++)
        if (walk->untold[i])
            return arena_printf(arena, "%s %s", preflight_place_of(walk, i), walk->untold[i]);
    for (size_t i = 0; i < own; i++) {
        const struct deed *deed = &walk->deeds.items[i];
        size_t statement = preflight_statement_of(walk, i);
        if ((statement == walk->statement && is_part_of_it(deed, asked->deed)) ||
            (question->follows && (is_in(&asked->own, i) || is_in(&asked->parent, i))) ||
            (deed->kind == DEED_SET && !preflight_is_of_revision(walk, statement)))
            continue;
        const char *what = conflict(walk, deed, question, &asked->names);
        if (what)
            return arena_printf(arena, "%s %s", preflight_place_of(walk, statement), what);
    }
    return find_later_drop(walk, question, asked->deed);
}

static bool changes_columns(const struct deed *deed)
{
    return (deed->kind == DEED_RENAME && deed->column) || deed->kind == DEED_ADD_COLUMN ||
           deed->kind == DEED_DROP_COLUMN || deed->kind == DEED_SET_TYPE;
}

/* Other tables that were changed before: their rows, or their columns. Where a trigger is made before, it may do anything. */
static void find_changes(struct walk *walk, const struct asked *asked, struct preflight_item *item)
{
    struct arena *arena = walk->preflight->arena;
    size_t own = preflight_index_of(walk, asked->deed);
    struct preflight_change *changes = arena_calloc(arena, own + 1, sizeof *changes);
    struct preflight_change *relatives = arena_calloc(arena, own + 1, sizeof *relatives);
    bool has_trigger = false;
    for (size_t i = 0; i < own && !item->blocked; i++) {
        const struct deed *deed = &walk->deeds.items[i];
        size_t statement = preflight_statement_of(walk, i);
        has_trigger |= deed->kind == DEED_TRIGGER || deed->kind == DEED_ADD_FOREIGN_KEY;
        if (changes_columns(deed) && deed->table && walk->dialect->inherits &&
            !is_in(&asked->own, i) && !preflight_is_same(deed->table, asked->deed->table))
            relatives[item->relative_count++] = (struct preflight_change){deed->table, statement};
        if (!preflight_changes_rows(deed) || !deed->table || deed->kind == DEED_REFRESH)
            continue; /* a refresh fires no trigger */
        if (has_trigger)
            item->blocked = arena_printf(
                arena, "%s changes rows of %s, which may reach others by what was made before it",
                preflight_place_of(walk, statement), deed->table);
        changes[item->change_count++] = (struct preflight_change){deed->table, statement};
    }
    item->changes = changes;
    item->relatives = relatives;
}

/* ---- questions --------------------------------------------------------------------------------------- */

/* VALIDATE of what earlier statements add without a look at the rows: it is that which is asked. */
static const struct deed *added_before(const struct walk *walk, const struct deed *validate,
                                       struct deed *ret_copy)
{
    for (size_t i = preflight_index_of(walk, validate); i-- > 0;) {
        const struct deed *deed = &walk->deeds.items[i];
        bool is_constraint = deed->kind == DEED_ADD_CHECK || deed->kind == DEED_ADD_FOREIGN_KEY;
        if (!is_constraint || !preflight_is_same(deed->table, validate->table) ||
            !preflight_is_same(deed->name, validate->name))
            continue;
        *ret_copy = *deed;
        ret_copy->flags &= ~(unsigned)DEED_NOT_VALID;
        return ret_copy;
    }
    return validate;
}

/* What the question is about has no part in the deed's other table. */
static struct preflight_names_list names_alone(const struct walk *walk, const struct deed *deed)
{
    struct deed alone = *deed;
    alone.other = NULL;
    return preflight_names(walk, &alone, preflight_index_of(walk, deed));
}

static void add_items(struct walk *walk, const struct asked *asked,
                      const struct questions *questions)
{
    struct preflight *preflight = walk->preflight;
    for (size_t i = 0; i < questions->count; i++) {
        struct preflight_item item = {.statement = walk->statement,
                                      .question = questions->items[i],
                                      .table = asked->own.table ? asked->own.table
                                                                : questions->items[i].table};
        if (!item.question.reason) {
            struct asked alone = *asked;
            if (!item.question.other && asked->deed->other)
                alone.names = names_alone(walk, asked->deed);
            item.blocked = preflight_is_rebuild(walk, asked->deed)
                               ? preflight_find_source_block(walk, asked->deed, &item.question)
                               : find_block(walk, &item.question, &alone);
            if (!item.blocked && preflight_is_written(asked->deed) &&
                !preflight_is_rebuild(walk, asked->deed))
                item.blocked = preflight_find_written_block(walk, asked->deed);
            find_changes(walk, asked, &item);
        }
        if (preflight_is_written(asked->deed) && preflight_is_told_already(preflight, &item))
            continue;
        *ARENA_PUSH(preflight->arena, preflight->items, preflight->count, preflight->capacity) =
            item;
    }
}

/* Of what is copied or attached, it is the other table's rows that count. */
static bool may_hold_rows(const struct question_request *request)
{
    switch (request->deed->kind) {
    case DEED_COPY_ROWS: return !request->is_other_new;
    case DEED_INSERT: return true; /* by itself */
    case DEED_ATTACH: return !request->is_new || !request->is_other_new;
    default: return !request->is_new;
    }
}

static struct question_request request_of(const struct walk *walk, const struct deed *deed,
                                          const struct deed *maker, size_t own)
{
    size_t first = walk->first[walk->statement];
    return (struct question_request){
        .dialect = walk->dialect,
        .deed = deed,
        .deeds = &walk->deeds.items[first],
        .count = walk->deeds.count - first,
        .looks_for_orphans = preflight_looks_for_orphans(walk),
        .touched =
            preflight_is_written(deed) ? preflight_touched_before(walk) : (struct deed_texts){0},
        .sql = walk->sql[walk->statement],
        .made_by =
            maker ? walk->sql[preflight_statement_of(walk, preflight_index_of(walk, maker))] : NULL,
        .was =
            deed->other && deed->kind == DEED_COPY_ROWS ? old_name(walk, deed->other, own) : NULL,
        .is_new = is_empty(walk, deed->table, own),
        .is_other_new = deed->other && is_empty(walk, deed->other, own),
    };
}

static void ask_deed(struct walk *walk, const struct deed *deed)
{
    if (!deed->table || deed->flags & DEED_TEMPORARY)
        return;
    size_t own = preflight_index_of(walk, deed);
    const struct deed *maker = preflight_maker_of(walk, deed->table, own);
    struct question_request request = request_of(walk, deed, maker, own);
    struct questions questions = {.arena = walk->preflight->arena};
    struct deed validated, seen;
    if (!may_hold_rows(&request))
        return;
    if (deed->kind == DEED_VALIDATE)
        request.deed = added_before(walk, deed, &validated);
    struct asked asked = {.deed = deed, .names = preflight_names(walk, deed, own)};
    if (!preflight_changes_rows(deed) && preflight_see(walk, own, &request, &seen)) {
        asked.own = request.own;
        asked.parent = request.parent;
    }
    if (maker && preflight_is_written(deed) && !preflight_is_rebuild(walk, deed))
        preflight_tell_made(&request, &questions);
    else
        walk->dialect->ask_rows(&request, &questions);
    if (preflight_is_rebuild(walk, deed))
        preflight_tell_made_on(walk, &request, &questions);
    if (deed->flags & DEED_CONDITIONAL)
        for (size_t i = 0; i < questions.count; i++)
            questions.items[i].reason =
                "whether the statement does anything depends on what is there already";
    add_items(walk, &asked, &questions);
}

static void follow_statement(struct walk *walk, void *reader)
{
    const struct preflight_statement *statement = &walk->preflight->statements[walk->statement];
    size_t first = walk->deeds.count;
    walk->first[walk->statement] = first;
    walk->sql[walk->statement] =
        arena_strndup(walk->preflight->arena, statement->sql, statement->len);
    walk->dialect->read_deeds(reader, statement->sql, statement->len, &walk->deeds);
    size_t count = walk->deeds.count - first;
    for (size_t i = first; i < walk->deeds.count; i++)
        count -= walk->deeds.items[i].kind == DEED_LOCK; /* which tells of no row */
    walk->untold[walk->statement] = find_untold(walk, count);
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
    preflight->statement_count = count;
    if (!dialect->ask_rows || !dialect->read_deeds)
        return;
    void *reader = dialect->open_deeds ? dialect->open_deeds() : NULL;
    for (walk.statement = 0; walk.statement < count; walk.statement++)
        follow_statement(&walk, reader);
    if (dialect->close_deeds)
        dialect->close_deeds(reader);
}
