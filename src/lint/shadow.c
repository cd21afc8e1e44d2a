#include "lint/shadow.h"

#include "base/arena.h"
#include "base/ascii.h"

/* No engine tells columns apart by the case of letters alone, unless they are quoted. */
static const char *key_of(const struct shadow *shadow, const char *table, const char *column)
{
    char *key = arena_printf(shadow->arena, "%s\x1f%s", table, column);
    for (char *at = key; *at; at++)
        *at = ascii_to_lower(*at);
    return key;
}

static struct known_column *find(const struct shadow *shadow, const char *table, const char *column)
{
    uint32_t index =
        table && column ? map_get(&shadow->by_name, key_of(shadow, table, column)) : MAP_NONE;
    return index != MAP_NONE && !shadow->columns[index].is_gone ? &shadow->columns[index] : NULL;
}

const struct known_column *shadow_column(const struct shadow *shadow, const char *table,
                                         const char *column)
{
    return find(shadow, table, column);
}

const struct known_column *shadow_column_at(const struct shadow *shadow, const char *table,
                                            size_t place)
{
    for (size_t i = 0; i < shadow->count && table && place; i++) {
        const struct known_column *known = &shadow->columns[i];
        if (!known->is_gone && ascii_is_same(known->table, table) && --place == 0)
            return known;
    }
    return NULL;
}

bool shadow_knows_table(const struct shadow *shadow, const char *table)
{
    for (size_t i = 0; i < shadow->count && table; i++)
        if (!shadow->columns[i].is_gone && ascii_is_same(shadow->columns[i].table, table))
            return true;
    return false;
}

size_t shadow_former_names(const struct shadow *shadow, struct arena *arena, const char *table,
                           const char *const **ret_names)
{
    const char **names = NULL;
    size_t count = 0, capacity = 0;
    for (size_t i = shadow->rename_count; i-- > 0 && table;)
        if (ascii_is_same(shadow->renames[i].to, table)) {
            table = shadow->renames[i].from;
            *ARENA_PUSH(arena, names, count, capacity) = arena_strdup(arena, table);
        }
    *ret_names = names;
    return count;
}

bool shadow_has_no_null(const struct shadow *shadow, const char *table, const char *column)
{
    const struct known_column *known = find(shadow, table, column);
    if (known && known->is_not_null)
        return true;
    for (size_t i = 0; i < shadow->check_count && table && column; i++) {
        const struct known_check *check = &shadow->checks[i];
        if (check->is_valid && ascii_is_same(check->table, table) &&
            ascii_is_same(check->column, column))
            return true;
    }
    return false;
}

static void put(struct shadow *shadow, struct known_column known)
{
    const char *key = key_of(shadow, known.table, known.column);
    uint32_t index = map_put(&shadow->by_name, key, (uint32_t)shadow->count);
    if (index == shadow->count)
        *ARENA_PUSH(shadow->arena, shadow->columns, shadow->count, shadow->capacity) = known;
    else
        shadow->columns[index] = known;
}

static void put_deed(struct shadow *shadow, const struct deed *deed)
{
    if (deed->table && deed->column)
        put(shadow, (struct known_column){.table = deed->table,
                                          .column = deed->column,
                                          .type = deed->type,
                                          .is_not_null = deed->flags & DEED_NOT_NULL,
                                          .is_numbered = deed->flags & DEED_NUMBERED,
                                          .is_generated = deed->flags & DEED_GENERATED});
}

static void drop_table(struct shadow *shadow, const char *table)
{
    size_t kept = 0;
    for (size_t i = 0; i < shadow->count; i++)
        if (ascii_is_same(shadow->columns[i].table, table))
            shadow->columns[i].is_gone = true;
    for (size_t i = 0; i < shadow->check_count; i++)
        if (!ascii_is_same(shadow->checks[i].table, table))
            shadow->checks[kept++] = shadow->checks[i];
    shadow->check_count = kept;
}

static void rename_table(struct shadow *shadow, const char *from, const char *to)
{
    size_t count = shadow->count;
    for (size_t i = 0; i < shadow->check_count; i++)
        if (ascii_is_same(shadow->checks[i].table, from))
            shadow->checks[i].table = to;
    for (size_t i = 0; i < count; i++) {
        struct known_column known = shadow->columns[i];
        if (known.is_gone || !ascii_is_same(known.table, from))
            continue;
        shadow->columns[i].is_gone = true;
        known.table = to;
        put(shadow, known);
    }
}

static void follow_rename(struct shadow *shadow, const struct deed *deed)
{
    struct known_column *known;
    if (!deed->table || !deed->other)
        return;
    if (!deed->column) {
        *ARENA_PUSH(shadow->arena, shadow->renames, shadow->rename_count, shadow->rename_capacity) =
            (struct known_rename){deed->table, deed->other};
        rename_table(shadow, deed->table, deed->other);
    } else if ((known = find(shadow, deed->table, deed->column))) {
        struct known_column renamed = *known;
        known->is_gone = true;
        renamed.column = deed->other;
        put(shadow, renamed);
    }
}

static void follow_constraint(struct shadow *shadow, const struct deed *deed)
{
    size_t kept = 0;
    if (deed->kind == DEED_ADD_CHECK && deed->flags & DEED_CHECKS_NULL && deed->table) {
        *ARENA_PUSH(shadow->arena, shadow->checks, shadow->check_count, shadow->check_capacity) =
            (struct known_check){deed->table, deed->name ? deed->name : "", deed->column,
                                 !(deed->flags & DEED_NOT_VALID)};
        return;
    }
    for (size_t i = 0; i < shadow->check_count; i++) {
        struct known_check *check = &shadow->checks[i];
        bool is_it = deed->table && deed->name && ascii_is_same(check->table, deed->table) &&
                     strcmp(check->name, deed->name) == 0;
        check->is_valid |= is_it && deed->kind == DEED_VALIDATE;
        if (!is_it || deed->kind != DEED_DROP_CONSTRAINT)
            shadow->checks[kept++] = *check;
    }
    shadow->check_count = kept;
}

/* ---- foreign keys -------------------------------------------------------------------------------- */

/* As PostgreSQL calls one that is given no name, of one column. */
static const char *name_of_key(const struct shadow *shadow, const struct deed *deed)
{
    return deed->name ? deed->name
                      : arena_printf(shadow->arena, "%s_%s_fkey", deed->table,
                                     deed->column ? deed->column : "");
}

static void follow_keys(struct shadow *shadow, const struct deed *deed)
{
    size_t kept = 0;
    if (!deed->table)
        return;
    if (deed->kind == DEED_ADD_FOREIGN_KEY && deed->time != DEED_AT_ONCE)
        *ARENA_PUSH(shadow->arena, shadow->keys, shadow->key_count, shadow->key_capacity) =
            (struct known_key){deed->table, deed->other, name_of_key(shadow, deed),
                               deed->keys,  deed->time,  deed->keeps_parents};
    for (size_t i = 0; i < shadow->key_count; i++) {
        struct known_key *key = &shadow->keys[i];
        bool is_its = ascii_is_same(key->table, deed->table);
        bool is_it = is_its && deed->name && ascii_is_same(key->name, deed->name);
        bool goes = (deed->kind == DEED_DROP_CONSTRAINT && is_it) ||
                    (deed->kind == DEED_DROP_TABLE && is_its);
        if (deed->kind == DEED_LOCK && is_it)
            key->time = deed->time;
        if (deed->kind == DEED_RENAME && !deed->column && deed->other) {
            key->table = is_its ? deed->other : key->table;
            key->parent =
                key->parent && ascii_is_same(key->parent, deed->table) ? deed->other : key->parent;
        }
        if (!goes)
            shadow->keys[kept++] = *key;
    }
    shadow->key_count = kept;
}

static void follow_column(struct shadow *shadow, const struct deed *deed)
{
    struct known_column *known = find(shadow, deed->table, deed->column);
    if (!known)
        return;
    if (deed->kind == DEED_DROP_COLUMN)
        known->is_gone = true;
    else
        known->is_not_null = deed->kind == DEED_SET_NOT_NULL;
}

/* ALTER TYPE keeps what else the column is; MODIFY says all of it. */
static void follow_type(struct shadow *shadow, const struct deed *deed)
{
    struct known_column *known = find(shadow, deed->table, deed->column);
    struct deed whole = *deed;
    whole.flags |= known && known->is_not_null ? DEED_NOT_NULL : 0;
    whole.flags |= known && known->is_numbered ? DEED_NUMBERED : 0;
    put_deed(shadow, &whole);
}

void shadow_follow(struct shadow *shadow, const struct deed *deed)
{
    follow_keys(shadow, deed);
    switch (deed->kind) {
    case DEED_COLUMN:
    case DEED_ADD_COLUMN: put_deed(shadow, deed); break;
    case DEED_SET_TYPE: follow_type(shadow, deed); break;
    case DEED_DROP_COLUMN:
    case DEED_SET_NOT_NULL:
    case DEED_DROP_NOT_NULL: follow_column(shadow, deed); break;
    case DEED_ADD_CHECK:
    case DEED_VALIDATE:
    case DEED_DROP_CONSTRAINT: follow_constraint(shadow, deed); break;
    case DEED_DROP_TABLE:
        if (deed->table)
            drop_table(shadow, deed->table);
        break;
    case DEED_RENAME: follow_rename(shadow, deed); break;
    default: break;
    }
}

/* On the heap: a chain may have thousands of down sections, and the arena lives as long as the pass over it. */
void shadow_remember(const struct shadow *shadow, struct shadow_mark *ret_mark)
{
    *ret_mark = (struct shadow_mark){
        .columns = xcalloc(shadow->count + 1, sizeof *shadow->columns),
        .count = shadow->count,
        .checks = xcalloc(shadow->check_count + 1, sizeof *shadow->checks),
        .check_count = shadow->check_count,
        .keys = xcalloc(shadow->key_count + 1, sizeof *shadow->keys),
        .key_count = shadow->key_count,
        .rename_count = shadow->rename_count,
    };
    if (shadow->key_count)
        memcpy(ret_mark->keys, shadow->keys, shadow->key_count * sizeof *shadow->keys);
    if (shadow->count)
        memcpy(ret_mark->columns, shadow->columns, shadow->count * sizeof *shadow->columns);
    if (shadow->check_count)
        memcpy(ret_mark->checks, shadow->checks, shadow->check_count * sizeof *shadow->checks);
}

/* Columns that came meanwhile stay known to the map, as ones that are gone. */
void shadow_go_back(struct shadow *shadow, const struct shadow_mark *mark)
{
    if (mark->count)
        memcpy(shadow->columns, mark->columns, mark->count * sizeof *shadow->columns);
    for (size_t i = mark->count; i < shadow->count; i++)
        shadow->columns[i].is_gone = true;
    if (mark->check_count)
        memcpy(shadow->checks, mark->checks, mark->check_count * sizeof *shadow->checks);
    shadow->check_count = mark->check_count;
    if (mark->key_count)
        memcpy(shadow->keys, mark->keys, mark->key_count * sizeof *shadow->keys);
    shadow->key_count = mark->key_count;
    shadow->rename_count = mark->rename_count;
    free(mark->columns);
    free(mark->checks);
    free(mark->keys);
}

void shadow_done(struct shadow *shadow)
{
    map_done(&shadow->by_name);
}
