/* Tables that go or are renamed, and those that are built anew from the rows of the old one. */
#include "base/ascii.h"
#include "lint/copy.h"
#include "lint/pass.h"

static size_t index_of(const struct pass *pass, const struct deed *deed)
{
    return (size_t)(deed - pass->deeds.items);
}

static bool renames_table(const struct deed *deed)
{
    return deed->kind == DEED_RENAME && !deed->column && deed->table && deed->other;
}

/* What the table that has the name at the deed `at` was called at the deed `from`, which comes before. */
static const char *name_before(const struct pass *pass, const char *table, size_t at, size_t from)
{
    while (at-- > from)
        if (renames_table(&pass->deeds.items[at]) &&
            pass_is_same(pass->deeds.items[at].other, table))
            table = pass->deeds.items[at].table;
    return table;
}

/* And what it is called at the deed `to`, which comes after. */
static const char *name_after(const struct pass *pass, const char *table, size_t at, size_t to)
{
    for (; at < to; at++)
        if (renames_table(&pass->deeds.items[at]) &&
            pass_is_same(pass->deeds.items[at].table, table))
            table = pass->deeds.items[at].other;
    return table;
}

/* ---- copies ---------------------------------------------------------------------------------------- */

static bool copies_rows(const struct deed *deed)
{
    return deed->table && (deed->kind == DEED_COPY_ROWS ||
                           (deed->kind == DEED_CREATE_TABLE && deed->flags & DEED_FILLS));
}

void pass_find_copies(struct pass *pass)
{
    struct arena *arena = pass->deeds.arena;
    for (size_t i = 0; i < pass->count; i++)
        for (size_t d = pass->statements[i].first_deed; d < pass->statements[i].deed_end; d++) {
            const struct deed *deed = &pass->deeds.items[d];
            struct copy copy;
            if (!copies_rows(deed))
                continue;
            copy_read(arena, pass->dialect, pass->statements[i].sql, pass->statements[i].len,
                      &copy);
            *ARENA_PUSH(arena, pass->copies, pass->copy_count, pass->copy_capacity) =
                (struct pass_copy){.deed = d,
                                   .statement = i,
                                   .table = deed->table,
                                   .source = copy.source ? copy.source : deed->other,
                                   .leaves_out = copy.leaves_out,
                                   .takes_all_columns = copy.takes_all_columns,
                                   .is_new = deed->kind == DEED_CREATE_TABLE};
        }
}

/* Are its rows those of the table that the deed drops, which may have had another name then? */
static bool is_of(const struct pass *pass, const struct pass_copy *copy, const struct deed *dropped)
{
    size_t index = index_of(pass, dropped);
    return copy->deed < index &&
           pass_is_same(copy->source, name_before(pass, dropped->table, index, copy->deed));
}

bool pass_is_copied(const struct pass *pass, const struct deed *dropped)
{
    for (size_t i = 0; i < pass->copy_count; i++)
        if (is_of(pass, &pass->copies[i], dropped))
            return true;
    return false;
}

/* The words that leave rows out of all copies of the table; NULL: one takes all of them. */
static const char *find_left_out(const struct pass *pass, const struct deed *dropped)
{
    const char *leaves_out = NULL;
    for (size_t i = 0; i < pass->copy_count; i++) {
        const struct pass_copy *copy = &pass->copies[i];
        if (!is_of(pass, copy, dropped))
            continue;
        if (!copy->leaves_out)
            return NULL;
        leaves_out = copy->leaves_out;
    }
    return leaves_out;
}

/* ---- a table that is built anew ------------------------------------------------------------------ */

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
                       pass_is_same(deed->name, name + 1);
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

static bool has_word(const struct pass_statement *statement, const char *name)
{
    size_t len = strlen(name);
    const char *sql = statement->sql;
    for (size_t at = 0; at + len <= statement->len; at++)
        if (ascii_begins(sql + at, name) && (!at || !is_of_name(sql[at - 1])) &&
            (at + len == statement->len || !is_of_name(sql[at + len])))
            return true;
    return false;
}

/* Does a statement that copies the table's rows read the column? */
static bool is_read(const struct pass *pass, const struct deed *dropped, const char *column)
{
    for (size_t i = 0; i < pass->copy_count; i++)
        if (is_of(pass, &pass->copies[i], dropped) &&
            (pass->copies[i].takes_all_columns ||
             has_word(&pass->statements[pass->copies[i].statement], column)))
            return true;
    return false;
}

/* The copy that makes or fills the table which has this one's name in the end; NULL: none. */
static const struct pass_copy *find_successor(const struct pass *pass, const struct deed *dropped)
{
    size_t index = index_of(pass, dropped);
    const char *first = name_before(pass, dropped->table, index, 0);
    for (size_t i = 0; i < pass->copy_count; i++) {
        const struct pass_copy *copy = &pass->copies[i];
        const char *now = name_after(pass, copy->table, copy->deed, index);
        if (is_of(pass, copy, dropped) && pass_is_fresh(pass, now) &&
            pass_is_same(name_after(pass, now, index, pass->deeds.count), first))
            return copy;
    }
    return NULL;
}

/* Columns that go with a table which is built anew without them, as SQLite's tools drop columns, or without their values; one that
 * the copy reads has become another. */
static void check_left_out(struct pass *pass, size_t statement, const struct deed *deed)
{
    const struct shadow *shadow = &pass->shadow;
    const struct pass_copy *copy = find_successor(pass, deed);
    if (!copy)
        return;
    size_t index = index_of(pass, deed);
    const char *successor = name_after(pass, copy->table, copy->deed, index);
    struct deed told = *deed;
    told.table = name_before(pass, deed->table, index, 0);
    for (size_t place = 1;; place++) {
        const struct known_column *column = shadow_column_at(shadow, deed->table, place);
        if (!column)
            return;
        const struct known_column *heir = shadow_column(shadow, successor, column->column);
        if (is_read(pass, deed, column->column) || (heir && heir->is_generated))
            continue;
        told.column = column->column;
        told.what = arena_printf(pass->deeds.arena, "the values of %s", column->column);
        bool is_gone = !heir && (copy->is_new || shadow_knows_table(shadow, successor));
        pass_tell(pass, is_gone ? RULE_DROP_COLUMN : RULE_COPY_LEAVES_OUT, statement, &told);
    }
}

static void check_copied(struct pass *pass, size_t statement, const struct deed *deed)
{
    struct arena *arena = pass->deeds.arena;
    struct deed told = *deed;
    const char *leaves_out = find_left_out(pass, deed);
    const char *lost = pass->bit == LINT_SQLITE ? find_lost(pass, deed->name) : NULL;
    if (leaves_out) {
        told.table = name_before(pass, deed->table, index_of(pass, deed), 0);
        told.what = arena_printf(arena, "rows (%s)", leaves_out);
        pass_tell(pass, RULE_COPY_LEAVES_OUT, statement, &told);
    }
    check_left_out(pass, statement, deed);
    told = *deed;
    told.what = arena_printf(arena, "it loses %s", lost);
    if (lost)
        pass_tell(pass, RULE_SQLITE_REBUILD, statement, &told);
}

/* ---- tables that go, and that are renamed --------------------------------------------------------- */

/* From the deed on, is a table of that name made, or renamed to it? */
static bool comes_back(const struct pass *pass, size_t from, const char *table)
{
    for (size_t i = from; i < pass->deeds.count; i++) {
        const struct deed *deed = &pass->deeds.items[i];
        if ((deed->kind == DEED_CREATE_TABLE && pass_is_same(deed->table, table)) ||
            (renames_table(deed) && pass_is_same(deed->other, table)))
            return true;
    }
    return false;
}

/* `DROP TABLE IF EXISTS` before the revision makes a table of that name, which no revision has made: a guard, and no loss. */
static bool is_guard(const struct pass *pass, const struct deed *deed)
{
    return deed->flags & DEED_CONDITIONAL &&
           comes_back(pass, index_of(pass, deed) + 1, deed->table) &&
           !shadow_knows_table(&pass->shadow, deed->table);
}

void pass_check_drop(struct pass *pass, size_t statement, const struct deed *deed)
{
    if (deed->flags & DEED_TEMPORARY || pass_is_fresh(pass, deed->table) || is_guard(pass, deed))
        return;
    if (pass_is_copied(pass, deed))
        check_copied(pass, statement, deed);
    else
        pass_tell(pass, RULE_DROP_TABLE, statement, deed);
}

bool pass_is_new_column(const struct pass *pass, const struct deed *deed)
{
    for (size_t i = 0; i < index_of(pass, deed) && deed->column; i++) {
        const struct deed *added = &pass->deeds.items[i];
        if (added->kind == DEED_ADD_COLUMN && !(added->flags & DEED_CONDITIONAL) &&
            pass_is_same(added->table, deed->table) && pass_is_same(added->column, deed->column))
            return true;
    }
    return false;
}

void pass_check_rename(struct pass *pass, size_t statement, const struct deed *deed)
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
    if (pass_is_fresh(pass, deed->table) || pass_is_new_column(pass, deed))
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
