/* What the deeds of earlier revisions make known of a tenant's schema: columns' types, and where no NULL can be. Pure.
 *
 * It is no catalog: a table that no revision of the chain makes is not known, and so nothing of it is.
 *
 *     struct shadow shadow = {.arena = arena};
 *     shadow_follow(&shadow, &deed);      after it has been looked at
 *     const struct known_column *column = shadow_column(&shadow, "task", "owner");
 *     shadow_done(&shadow);
 */
#ifndef LINT_SHADOW_H
#define LINT_SHADOW_H

#include "base/map.h"
#include "dialect/deed.h"

struct known_column {
    const char *table, *column;
    const char *type; /* NULL: not known */
    bool is_not_null;
    bool is_numbered;  /* the database gives its values out */
    bool is_generated; /* the database computes its values */
    bool is_gone;
};

/* A CHECK that a column is not NULL. */
struct known_check {
    const char *table, *name, *column;
    bool is_valid;
};

/* A foreign key that may look at rows no sooner than at the commit. */
struct known_key {
    const char *table, *parent, *name;
    struct deed_texts columns;
    enum deed_time time;
    bool keeps_parents;
};

/* A table's old name and its new one. */
struct known_rename {
    const char *from, *to;
};

struct shadow {
    struct arena *arena;
    struct map by_name; /* of columns */
    struct known_column *columns;
    size_t count, capacity;
    struct known_check *checks;
    size_t check_count, check_capacity;
    struct known_key *keys;
    size_t key_count, key_capacity;
    struct known_rename *renames; /* in their order */
    size_t rename_count, rename_capacity;
};

void shadow_done(struct shadow *shadow);
void shadow_follow(struct shadow *shadow, const struct deed *deed);

/* How it stands, to go back to it: what follows in between is forgotten. */
struct shadow_mark {
    struct known_column *columns;
    size_t count;
    struct known_check *checks;
    size_t check_count;
    struct known_key *keys;
    size_t key_count;
    size_t rename_count;
};
void shadow_remember(const struct shadow *shadow, struct shadow_mark *ret_mark);
void shadow_go_back(struct shadow *shadow, const struct shadow_mark *mark);

/* The names that the table had before, the last one first, in the arena; their number. */
size_t shadow_former_names(const struct shadow *shadow, struct arena *arena, const char *table,
                           const char *const **ret_names);

/* NULL: not known. */
const struct known_column *shadow_column(const struct shadow *shadow, const char *table,
                                         const char *column);

/* Of the table's columns the one at this place, from 1; NULL: not known. */
const struct known_column *shadow_column_at(const struct shadow *shadow, const char *table,
                                            size_t place);

/* Has an earlier statement of the chain made the table? */
bool shadow_knows_table(const struct shadow *shadow, const char *table);

/* Is it known that no row has a NULL there: the column is NOT NULL, or a valid CHECK says so? */
bool shadow_has_no_null(const struct shadow *shadow, const char *table, const char *column);

#endif
