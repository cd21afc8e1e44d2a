/* Rules that look at what stands around a deed: what is known of the column, what else the revision does. */
#include "base/ascii.h"
#include "dialect/repeated.h"
#include "lint/pass.h"

static bool is_same(const char *a, const char *b)
{
    return a && b && ascii_is_same(a, b);
}

/* Does the revision make the table at any place? */
static bool is_ever_fresh(const struct pass *pass, const char *table)
{
    for (size_t i = 0; i < pass->made_count; i++)
        if (is_same(pass->made[i], table))
            return true;
    return false;
}

/* ---- columns ------------------------------------------------------------------------------------- */

static void check_not_null(struct pass *pass, size_t statement, const struct deed *deed)
{
    if (shadow_has_no_null(&pass->shadow, deed->table, deed->column))
        return;
    if (pass->bit == LINT_POSTGRESQL && !pass_is_fresh(pass, deed->table))
        pass_tell(pass, RULE_SET_NOT_NULL_SCANS, statement, deed);
    if (!pass_is_empty(pass, deed->table))
        pass_tell(pass, RULE_DATA_DEPENDENT, statement, deed);
}

static void check_type(struct pass *pass, size_t statement, const struct deed *deed)
{
    const struct known_column *old = shadow_column(&pass->shadow, deed->table, deed->column);
    /* which character set the column has is not known */
    bool is_known = old && old->type && deed->type && !(deed->flags & (DEED_USING | DEED_CHARSET));
    bool keeps =
        is_known && pass->dialect->keeps_rows && pass->dialect->keeps_rows(old->type, deed->type);
    bool fits = keeps || (is_known && pass->dialect->takes_all &&
                          pass->dialect->takes_all(old->type, deed->type));
    bool gets_not_null = deed->flags & DEED_NOT_NULL && old && !old->is_not_null;
    if ((!fits || gets_not_null) && !pass_is_empty(pass, deed->table))
        pass_tell(pass, RULE_DATA_DEPENDENT, statement, deed);
    if (pass_is_fresh(pass, deed->table))
        return;
    if (pass->bit == LINT_POSTGRESQL && !keeps)
        pass_tell(pass, RULE_TYPE_CHANGE_REWRITES, statement, deed);
    if (pass->bit == LINT_MYSQL && (!keeps || gets_not_null) && !(deed->flags & DEED_ALGORITHM))
        pass_tell(pass, RULE_ALGORITHM, statement, deed);
    bool reads_zone = old && old->type && deed->type && pass->dialect->reads_zone &&
                      pass->dialect->reads_zone(old->type, deed->type);
    if (reads_zone && !(deed->flags & DEED_AT_ZONE))
        pass_tell(pass, RULE_SESSION_DEPENDENT, statement, deed);
}

/* A fixed number in a column that the database numbers: where it does so by a sequence of its own, that one gives the number out
 * once more, unless something sets it. */
static void check_constant(struct pass *pass, size_t statement, const struct deed *deed)
{
    const struct known_column *column =
        deed->place ? shadow_column_at(&pass->shadow, deed->table, deed->place)
                    : shadow_column(&pass->shadow, deed->table, deed->column);
    struct deed told = *deed;
    if (!(deed->flags & DEED_CONSTANT) || !column || !column->is_numbered || pass->sets_sequences)
        return;
    if (pass->bit != LINT_POSTGRESQL && pass_is_fresh(pass, deed->table))
        return;
    told.what = "a fixed number for a column that the database numbers";
    pass_tell(pass, RULE_DIFFERS_BY_TENANT, statement, &told);
}

/* ---- tables -------------------------------------------------------------------------------------- */

/* From the deed on, is a table of that name made, or renamed to it? */
static bool comes_back(const struct pass *pass, size_t from, const char *table)
{
    for (size_t i = from; i < pass->deeds.count; i++) {
        const struct deed *deed = &pass->deeds.items[i];
        if ((deed->kind == DEED_CREATE_TABLE && is_same(deed->table, table)) ||
            (deed->kind == DEED_RENAME && !deed->column && is_same(deed->other, table)))
            return true;
    }
    return false;
}

static bool is_copied(const struct pass *pass, size_t before, const char *table)
{
    for (size_t i = 0; i < before; i++)
        if (pass->deeds.items[i].kind == DEED_COPY_ROWS &&
            is_same(pass->deeds.items[i].other, table))
            return true;
    return false;
}

static size_t index_of(const struct pass *pass, const struct deed *deed)
{
    return (size_t)(deed - pass->deeds.items);
}

/* `DROP TABLE IF EXISTS` before the revision makes a table of that name, which no revision has made: a guard, and no loss. */
static bool is_guard(const struct pass *pass, const struct deed *deed)
{
    return deed->flags & DEED_CONDITIONAL &&
           comes_back(pass, index_of(pass, deed) + 1, deed->table) &&
           !shadow_knows_table(&pass->shadow, deed->table);
}

/* The same revision has added the column: no application knows it. */
static bool is_new_column(const struct pass *pass, const struct deed *deed)
{
    for (size_t i = 0; i < index_of(pass, deed) && deed->column; i++)
        if (pass->deeds.items[i].kind == DEED_ADD_COLUMN &&
            is_same(pass->deeds.items[i].table, deed->table) &&
            is_same(pass->deeds.items[i].column, deed->column))
            return true;
    return false;
}

static bool has_text(const struct pass *pass, const char *text)
{
    for (size_t i = 0; i < pass->count; i++)
        if (memmem(pass->statements[i].sql, pass->statements[i].len, text, strlen(text)))
            return true;
    return false;
}

/* Of `index a, trigger b`, those that nothing makes again; in the arena; NULL: none. */
static const char *find_lost(const struct pass *pass, const char *names)
{
    struct arena *arena = pass->deeds.arena;
    const char *lost = NULL;
    for (const char *at = names; at && *at;) {
        size_t len = strcspn(at, ",");
        const char *item = arena_strndup(arena, at, len);
        const char *name = strchr(item, ' ');
        bool is_made = false;
        for (size_t i = 0; i < pass->deeds.count && name; i++) {
            const struct deed *deed = &pass->deeds.items[i];
            is_made |= (deed->kind == DEED_CREATE_INDEX || deed->kind == DEED_TRIGGER) &&
                       is_same(deed->name, name + 1);
        }
        is_made |= ascii_begins(item, "AUTOINCREMENT") && has_text(pass, "sqlite_sequence");
        if (!is_made)
            lost = lost ? arena_printf(arena, "%s, %s", lost, item) : item;
        at += len + strspn(at + len, ", ");
    }
    return lost;
}

static bool is_of_name(char c)
{
    return ascii_is_alnum(c) || c == '_';
}

/* Is the name a word of a statement that copies the table's rows? */
static bool is_read(const struct pass *pass, const char *table, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < pass->count; i++) {
        const struct pass_statement *statement = &pass->statements[i];
        const char *sql = statement->sql;
        bool copies = false;
        for (size_t d = statement->first_deed; d < statement->deed_end; d++)
            copies |= pass->deeds.items[d].kind == DEED_COPY_ROWS &&
                      is_same(pass->deeds.items[d].other, table);
        for (size_t at = 0; copies && at + len <= statement->len; at++)
            if (ascii_begins(sql + at, name) && (!at || !is_of_name(sql[at - 1])) &&
                (at + len == statement->len || !is_of_name(sql[at + len])))
                return true;
    }
    return false;
}

/* The table that is built anew from the rows of this one, which goes; NULL: none. */
static const char *find_successor(const struct pass *pass, const struct deed *dropped)
{
    size_t index = index_of(pass, dropped);
    for (size_t i = 0; i < index; i++) {
        const struct deed *deed = &pass->deeds.items[i];
        if (deed->kind != DEED_COPY_ROWS || !is_same(deed->other, dropped->table) ||
            !pass_is_fresh(pass, deed->table))
            continue;
        bool takes_name = comes_back(pass, index + 1, dropped->table);
        for (size_t r = 0; r < i && !takes_name; r++)
            takes_name = pass->deeds.items[r].kind == DEED_RENAME &&
                         is_same(pass->deeds.items[r].table, deed->table) &&
                         is_same(pass->deeds.items[r].other, dropped->table);
        if (takes_name)
            return deed->table;
    }
    return NULL;
}

/* Columns that go with a table which is built anew without them, as SQLite's tools drop columns; one whose values the copy reads has
 * become another. */
static void check_left_out(struct pass *pass, size_t statement, const struct deed *deed)
{
    const struct shadow *shadow = &pass->shadow;
    const char *successor = find_successor(pass, deed);
    if (!successor || !shadow_knows_table(shadow, successor))
        return;
    struct deed told = *deed;
    if (!comes_back(pass, index_of(pass, deed) + 1, deed->table))
        told.table = successor;
    for (size_t place = 1;; place++) {
        const struct known_column *column = shadow_column_at(shadow, deed->table, place);
        if (!column)
            return;
        told.column = column->column;
        if (!shadow_column(shadow, successor, column->column) &&
            !is_read(pass, deed->table, column->column))
            pass_tell(pass, RULE_DROP_COLUMN, statement, &told);
    }
}

static void check_drop(struct pass *pass, size_t statement, const struct deed *deed)
{
    size_t index = index_of(pass, deed);
    struct deed told = *deed;
    if (deed->flags & DEED_TEMPORARY || pass_is_fresh(pass, deed->table) || is_guard(pass, deed))
        return;
    if (!is_copied(pass, index, deed->table)) {
        pass_tell(pass, RULE_DROP_TABLE, statement, deed);
        return;
    }
    check_left_out(pass, statement, deed);
    const char *lost = pass->bit == LINT_SQLITE ? find_lost(pass, deed->name) : NULL;
    if (!lost)
        return;
    told.what = arena_printf(pass->deeds.arena, "it loses %s", lost);
    pass_tell(pass, RULE_SQLITE_REBUILD, statement, &told);
}

static void check_rename(struct pass *pass, size_t statement, const struct deed *deed)
{
    size_t index = index_of(pass, deed);
    struct deed told = *deed;
    bool is_table = !deed->column && deed->table;
    if (pass->bit == LINT_SQLITE && deed->name && !has_text(pass, "legacy_alter_table")) {
        told.table = deed->other;
        told.what = arena_printf(pass->deeds.arena,
                                 "the rename is refused, %s: drop it before the table, and "
                                 "create it again at the end",
                                 deed->name);
        pass_tell(pass, RULE_SQLITE_REBUILD, statement, &told);
    }
    if (pass_is_fresh(pass, deed->table) || is_new_column(pass, deed))
        return;
    told.name = deed->column ? deed->column : deed->table ? deed->table : "";
    if (!is_table || !comes_back(pass, index + 1, deed->table)) {
        pass_tell(pass, RULE_RENAME, statement, &told);
        return;
    }
    if (pass->bit != LINT_SQLITE || deed->flags & DEED_UNREFERRED ||
        has_text(pass, "legacy_alter_table"))
        return;
    told.what = arena_printf(pass->deeds.arena,
                             "the old one is renamed to %s first, and other tables' foreign keys "
                             "go with it",
                             deed->other ? deed->other : "another name");
    pass_tell(pass, RULE_SQLITE_REBUILD, statement, &told);
}

/* ---- settings, names, what is shared -------------------------------------------------------------- */

static void check_setting(struct pass *pass, size_t statement, const struct deed *deed)
{
    bool is_off = deed->what && (is_same(deed->what, "0") || is_same(deed->what, "0s") ||
                                 is_same(deed->what, "default"));
    for (const char *const *name = pass->dialect->timeouts; name && *name; name++)
        if (is_same(deed->name, *name) && is_off)
            pass_tell(pass, RULE_TIMEOUTS, statement, deed);
}

static void check_schema(struct pass *pass, size_t statement, const struct deed *deed)
{
    struct deed told = *deed;
    /* where each tenant is a database, each has schemas of its own; where they are schemas, RULE_SERVER_WIDE tells of the database */
    bool is_database = deed->flags & DEED_DATABASE_WIDE;
    bool is_shared = pass->bit == LINT_MYSQL || pass->request->has_schemas != is_database;
    told.name = deed->schema;
    if (is_shared)
        pass_tell(pass, RULE_FOREIGN_SCHEMA, statement, &told);
}

/* ---- an enum -------------------------------------------------------------------------------------- */

static void check_enum(struct pass *pass, size_t statement, const struct deed *deed)
{
    struct arena *arena = pass->deeds.arena;
    struct deed told = *deed;
    if (!deed->name || !pass->statements[statement].is_transactional)
        return;
    const char *literal = arena_printf(arena, "'%s'", deed->name);
    for (size_t i = statement + 1; i < pass->count && pass->statements[i].is_transactional; i++) {
        const struct pass_statement *later = &pass->statements[i];
        if (!memmem(later->sql, later->len, literal, strlen(literal)))
            continue;
        bool adds = later->first_deed < later->deed_end &&
                    pass->deeds.items[later->first_deed].kind == DEED_ENUM_ADD;
        if (adds) /* BEFORE or AFTER it */
            continue;
        told.what = arena_printf(arena, "%d", pass->statements[statement].line);
        pass_tell(pass, RULE_ENUM_ADD_USED, i, &told);
        return;
    }
}

void pass_check_deed(struct pass *pass, size_t statement, const struct deed *deed)
{
    switch (deed->kind) {
    case DEED_SET_NOT_NULL: check_not_null(pass, statement, deed); break;
    case DEED_SET_TYPE: check_type(pass, statement, deed); break;
    case DEED_INSERT: check_constant(pass, statement, deed); break;
    case DEED_DROP_TABLE: check_drop(pass, statement, deed); break;
    case DEED_RENAME: check_rename(pass, statement, deed); break;
    case DEED_SET: check_setting(pass, statement, deed); break;
    case DEED_NAME_SCHEMA: check_schema(pass, statement, deed); break;
    case DEED_ENUM_ADD: check_enum(pass, statement, deed); break;
    case DEED_SERVER_WIDE:
        if (deed->flags & DEED_DATABASE_WIDE && pass->request->has_schemas)
            pass_tell(pass, RULE_SERVER_WIDE, statement, deed);
        break;
    default: break;
    }
}

/* ---- the revision as a whole ---------------------------------------------------------------------- */

static bool changes_rows(const struct deed *deed)
{
    return deed->kind == DEED_INSERT || deed->kind == DEED_UPDATE || deed->kind == DEED_DELETE ||
           deed->kind == DEED_COPY_ROWS;
}

/* Does it keep everyone from the table until the transaction ends? */
static bool locks_all(const struct deed *deed)
{
    static const enum deed_kind kinds[] = {
        DEED_ADD_COLUMN, DEED_DROP_COLUMN, DEED_SET_NOT_NULL,    DEED_DROP_NOT_NULL,
        DEED_SET_TYPE,   DEED_ADD_CHECK,   DEED_ADD_UNIQUE,      DEED_RENAME,
        DEED_TRUNCATE,   DEED_DETACH,      DEED_DROP_CONSTRAINT, DEED_REWRITE,
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i] == deed->kind)
            return deed->table != NULL && !(deed->flags & DEED_CONCURRENT);
    return false;
}

/* Does it take as long as its table is large? */
static bool is_long(const struct deed *deed)
{
    switch (deed->kind) {
    case DEED_UPDATE:
    case DEED_DELETE:
    case DEED_COPY_ROWS:
    case DEED_VALIDATE: return true;
    case DEED_REWRITE:
    case DEED_CREATE_INDEX: return !(deed->flags & DEED_CONCURRENT);
    case DEED_ADD_CHECK:
    case DEED_ADD_FOREIGN_KEY: return !(deed->flags & (DEED_NOT_VALID | DEED_WITH_COLUMN));
    case DEED_ADD_UNIQUE: return !(deed->flags & DEED_BY_INDEX);
    default: return false;
    }
}

static const struct deed *find_long(const struct pass *pass, const struct pass_statement *statement)
{
    for (size_t i = statement->first_deed; i < statement->deed_end; i++) {
        const struct deed *deed = &pass->deeds.items[i];
        const char *worked_on = deed->kind == DEED_COPY_ROWS ? deed->other : deed->table;
        if (is_long(deed) && worked_on && !is_ever_fresh(pass, worked_on))
            return deed;
    }
    return NULL;
}

/* Once for each transaction: the first long work after the first lock. */
static void check_locks(struct pass *pass)
{
    const struct deed *lock = NULL;
    int line = 0;
    bool is_told = false;
    for (size_t i = 0; i < pass->count; i++) {
        const struct pass_statement *statement = &pass->statements[i];
        if (!statement->is_transactional || statement->repeats) {
            lock = NULL;
            is_told = false;
            continue;
        }
        const struct deed *work = lock && !is_told ? find_long(pass, statement) : NULL;
        if (work) {
            struct deed told = *work;
            told.other = lock->table;
            told.name = arena_printf(pass->deeds.arena, "%d", line);
            pass_tell(pass, RULE_LOCK_THEN_WORK, i, &told);
            is_told = true;
        }
        for (size_t d = statement->first_deed; d < statement->deed_end && !lock; d++)
            if (locks_all(&pass->deeds.items[d]) &&
                !is_ever_fresh(pass, pass->deeds.items[d].table)) {
                lock = &pass->deeds.items[d];
                line = statement->line;
            }
    }
}

static bool is_of_schema(const struct deed *deed)
{
    return !changes_rows(deed) && deed->kind != DEED_SET && deed->kind != DEED_OTHER &&
           deed->kind != DEED_NAME_SCHEMA && deed->kind != DEED_SET_SEQUENCE;
}

/* Told at the first change of rows of each section that has both. */
static void check_mixtures(struct pass *pass)
{
    size_t rows_at = SIZE_MAX;
    bool has_schema = false;
    for (size_t i = 0; i < pass->count; i++) {
        const struct pass_statement *statement = &pass->statements[i];
        for (size_t d = statement->first_deed; d < statement->deed_end; d++) {
            const struct deed *deed = &pass->deeds.items[d];
            has_schema |= statement->is_transactional && is_of_schema(deed);
            if (statement->is_transactional && rows_at == SIZE_MAX && changes_rows(deed) &&
                !is_ever_fresh(pass, deed->table))
                rows_at = i;
        }
        bool is_last = i + 1 == pass->count || statement[1].section != statement->section;
        if (is_last && has_schema && rows_at != SIZE_MAX)
            pass_tell(pass, RULE_MYSQL_DDL_COMMITS, rows_at,
                      &pass->deeds.items[pass->statements[rows_at].first_deed]);
        rows_at = is_last ? SIZE_MAX : rows_at;
        has_schema = has_schema && !is_last;
    }
}

static void check_probes(struct pass *pass)
{
    for (size_t i = 0; i < pass->count; i++) {
        const struct pass_statement *statement = &pass->statements[i];
        if (statement->is_transactional || statement->has_probe)
            continue;
        for (size_t d = statement->first_deed; d < statement->deed_end; d++)
            if (changes_rows(&pass->deeds.items[d]) || pass->deeds.items[d].kind == DEED_OTHER) {
                pass_tell(pass, RULE_NO_PROBE, i, &pass->deeds.items[d]);
                break;
            }
    }
}

static void check_repeats(struct pass *pass)
{
    for (size_t i = 0; i < pass->count; i++) {
        const struct pass_statement *statement = &pass->statements[i];
        struct repeated words = {0};
        if (!statement->repeats || statement->first_deed == statement->deed_end)
            continue;
        repeated_read(pass->dialect, statement->sql, statement->len, &words);
        if (repeated_finds_same_rows(&words, statement->sql, statement->len))
            pass_tell(pass, RULE_REPEAT_SAME_ROWS, i, &pass->deeds.items[statement->first_deed]);
        if (!words.is_bounded)
            pass_tell(pass, RULE_REPEAT_UNBOUNDED, i, &pass->deeds.items[statement->first_deed]);
    }
}

void pass_check_revision(struct pass *pass)
{
    static const struct deed none;
    if (!pass->count)
        return;
    if (pass->bit == LINT_POSTGRESQL)
        check_locks(pass);
    if (pass->bit == LINT_MYSQL)
        check_mixtures(pass);
    check_probes(pass);
    check_repeats(pass);
    if (pass->direction == DIRECTION_UP && !revision_has_direction(pass->revision, DIRECTION_DOWN))
        pass_tell(pass, RULE_NO_WAY_BACK, SIZE_MAX, &none);
}
