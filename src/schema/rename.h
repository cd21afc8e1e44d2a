/* Renames, which are never guessed: someone says that a table or a column of the desired schema is one that had another
 * name before. Pure.
 *
 *     -- skein:renamed-from todo
 *     CREATE TABLE task (
 *         id integer PRIMARY KEY,
 *         priority integer, -- skein:renamed-from prio
 *         …
 *
 * An annotation at the end of a line is about the name that the line begins with; one in a line of its own about the name
 * after it. `task.prio=priority` and `todo=task` say the same on the command line.
 */
#ifndef SCHEMA_RENAME_H
#define SCHEMA_RENAME_H

#include "base/err.h"
#include "schema/catalog.h"
#include "schema/rules.h"

#define RENAME_MARK "skein:renamed-from"

struct rename {
    const char *table; /* of a column: its table, by its new name; NULL: it is a table's rename */
    const char *from, *to;
    const char *file; /* of the annotation; NULL: the command line says it */
    int line;
};

struct renames {
    struct arena *arena;
    struct rename *items; /* those of tables first: see renames_settle */
    size_t count, capacity;
};

void renames_init(struct renames *renames, struct arena *arena);

/* `task.prio=priority`, `todo=task`. ERR_CONFIG: it is none. */
bool renames_add_option(struct renames *renames, const char *text, struct err *err) MUST_CHECK;

/* The annotations of a schema file. ERR_CONFIG, with its line: one that stands before no name. */
bool renames_add_file(struct renames *renames, const char *path, const char *text,
                      struct err *err) MUST_CHECK;

/* Puts tables before columns, drops annotations of what is renamed already, and checks the others: what is renamed must be in
 * `from` and not in `to`, what it becomes in `to` and not in `from`. ERR_CONFIG: one matches nothing. */
bool renames_settle(struct renames *renames, const struct catalog *from, const struct catalog *to,
                    struct err *err) MUST_CHECK;

/* A column that goes and one of the same type that comes, in one table, may be one column that is renamed. False: err names
 * such a pair of which no one has said what it is. `allowed` names what may be dropped. */
bool renames_are_said(const struct catalog *from, const struct catalog *to,
                      const struct catalog_rules *rules, const char *const *allowed,
                      size_t allowed_count, struct err *err) MUST_CHECK;

/* Is the name (`task`, `task.prio`) among these? */
bool name_is_among(const struct catalog *catalog, const char *name, const char *const *names,
                   size_t count);

#endif
