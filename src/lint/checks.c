/* Rules that look at what stands around a deed: what is known of the column, what else the revision does. */
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/repeated.h"
#include "lint/pass.h"

/* Does the revision make the table at any place? */
bool pass_is_ever_fresh(const struct pass *pass, const char *table)
{
    for (size_t i = 0; i < pass->made_count; i++)
        if (pass_is_same(pass->made[i], table))
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

/* A type that the same transaction has made holds no rows yet, and an enum takes new values at once. */
static bool makes_type(const struct pass *pass, size_t statement, const char *type)
{
    for (size_t i = 0; i < statement; i++) {
        const struct pass_statement *earlier = &pass->statements[i];
        bool is_own = earlier->transaction == pass->statements[statement].transaction;
        for (size_t d = earlier->first_deed; d < earlier->deed_end && is_own; d++)
            if (pass->deeds.items[d].kind == DEED_MEANING &&
                pass_is_same(pass->deeds.items[d].what, "type") &&
                pass_is_same(pass->deeds.items[d].name, type) &&
                ascii_begins(earlier->sql, "create"))
                return true;
    }
    return false;
}

/* ---- what reads the rows that are there -------------------------------------------------------------- */

/* The rows of the partition are looked at; a table that inherits is asked for its columns and constraints only. */
static void check_attach(struct pass *pass, size_t statement, const struct deed *deed)
{
    struct deed told = *deed;
    if (pass->bit != LINT_POSTGRESQL || pass_is_same(deed->what, "inherit") ||
        pass_is_empty(pass, deed->other))
        return;
    told.table = deed->other;
    told.schema = deed->other_schema;
    pass_tell(pass, RULE_DATA_DEPENDENT, statement, &told);
}

static void check_rewrite(struct pass *pass, size_t statement, const struct deed *deed)
{
    if (pass_is_same(deed->what, "ADD EXCLUDE") && !pass_is_empty(pass, deed->table))
        pass_tell(pass, RULE_DATA_DEPENDENT, statement, deed);
}

/* Of every table that has a column of the domain. */
static void check_domain(struct pass *pass, size_t statement, const struct deed *deed)
{
    struct deed told = *deed;
    if (deed->flags & DEED_NOT_VALID || makes_type(pass, statement, deed->table))
        return;
    told.is_no_table = true;
    pass_tell(pass, RULE_DATA_DEPENDENT, statement, &told);
}

/* ---- settings, names, what is shared -------------------------------------------------------------- */

/* `0`, `0ms`, `0 min`. */
static bool is_zero(const char *value)
{
    size_t zeros = strspn(value, "0.");
    return zeros && strspn(value + zeros, " abcdefghijklmnopqrstuvwxyz") == strlen(value + zeros);
}

static void check_setting(struct pass *pass, size_t statement, const struct deed *deed)
{
    const char *const *name = pass->dialect->timeouts;
    bool resets = pass_is_same(deed->what, "default"), is_off = deed->what && is_zero(deed->what);
    struct deed told = *deed;
    if (resets && !deed->name && name) { /* RESET ALL */
        told.name = *name;
        pass_tell(pass, RULE_TIMEOUTS, statement, &told);
    }
    for (; name && *name; name++)
        if (pass_is_same(deed->name, *name) && (is_off || resets))
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
    if (!deed->name || !pass->statements[statement].is_transactional ||
        makes_type(pass, statement, deed->table))
        return;
    struct buf quoted;
    buf_init(&quoted, BUF_MAX_DEFAULT);
    pass->dialect->add_literal(&quoted, deed->name);
    const char *literal = buf_into(&quoted, arena);
    for (size_t i = statement + 1; i < pass->count && pass->statements[i].is_transactional; i++) {
        const struct pass_statement *later = &pass->statements[i];
        if (!memmem(later->sql, later->len, literal, strlen(literal)))
            continue;
        if (later->len > 7 && ascii_begins(later->sql, "comment"))
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
    case DEED_DROP_TABLE: pass_check_drop(pass, statement, deed); break;
    case DEED_RENAME: pass_check_rename(pass, statement, deed); break;
    case DEED_SET: check_setting(pass, statement, deed); break;
    case DEED_NAME_SCHEMA: check_schema(pass, statement, deed); break;
    case DEED_ENUM_ADD: check_enum(pass, statement, deed); break;
    case DEED_ATTACH: check_attach(pass, statement, deed); break;
    case DEED_REWRITE: check_rewrite(pass, statement, deed); break;
    case DEED_DOMAIN_RULE: check_domain(pass, statement, deed); break;
    case DEED_SERVER_WIDE:
        if (deed->flags & DEED_DATABASE_WIDE && pass->request->has_schemas)
            pass_tell(pass, RULE_SERVER_WIDE, statement, deed);
        break;
    case DEED_DELETE:
        if (!pass_is_empty(pass, deed->table) && !pass_is_copied(pass, deed))
            pass_lose(pass);
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

static bool is_of_schema(const struct deed *deed)
{
    bool is_temporary = deed->flags & DEED_TEMPORARY || deed->kind == DEED_COLUMN;
    return !changes_rows(deed) && !is_temporary && deed->kind != DEED_SET &&
           deed->kind != DEED_OTHER && deed->kind != DEED_NAME_SCHEMA &&
           deed->kind != DEED_SET_SEQUENCE;
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
                !pass_is_ever_fresh(pass, deed->table))
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
        pass_check_locks(pass);
    if (pass->bit == LINT_MYSQL)
        check_mixtures(pass);
    check_probes(pass);
    check_repeats(pass);
    if (pass->direction == DIRECTION_UP && !revision_has_direction(pass->revision, DIRECTION_DOWN))
        pass_tell(pass, RULE_NO_WAY_BACK, SIZE_MAX, &none);
}
