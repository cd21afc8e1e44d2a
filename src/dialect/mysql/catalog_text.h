/* Texts of MariaDB's and MySQL's catalogs: words of what SHOW CREATE prints, and the database's name taken out. Pure.
 */
#ifndef DIALECT_MYSQL_CATALOG_TEXT_H
#define DIALECT_MYSQL_CATALOG_TEXT_H

#include "base/compiler.h"

struct arena;

/* A database, and what it has: tables, views, sequences, routines. Borrowed. */
struct database_names {
    const char *database;
    const char *const *objects; /* sorted by strcmp */
    size_t count;
};

/* After the string or name in quotes (', " or `) that begins at `at`. */
const char *mysql_skip_quoted(const char *at);

/* After the word that begins at `at`: it ends at a blank or a newline; what stands in quotes or parentheses is part of it. */
const char *mysql_skip_word(const char *at);

/* After the blanks and newlines there. */
const char *mysql_skip_spaces(const char *at);

/* A name in backticks or double quotes, or a bare one, as the catalog has it; in the arena. *ret_after is after it. */
const char *mysql_read_name(struct arena *arena, const char *at, const char **ret_after);

/* Without the comments around what only some versions understand (`!50100`, `M!100301`). */
const char *mysql_unwrap(struct arena *arena, const char *text);

/* Where a text is from. In a routine's body strings may be run, so the database's name is looked for there too. Columns of a view are told
 * with it only where the view cannot be read, since a table or a column of it is gone: it says nothing there. */
enum mysql_text {
    MYSQL_TEXT_EXPRESSION,
    MYSQL_TEXT_BODY,
    MYSQL_TEXT_VIEW,
};

/* `{database}.` before an object of the database that is told with it; nothing before a column of a view. */
const char *mysql_plain(struct arena *arena, const char *text, const struct database_names *names,
                        enum mysql_text kind);

#endif
