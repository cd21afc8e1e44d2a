/* Texts of PostgreSQL's catalogs taken apart, and statements put together. Pure.
 */
#ifndef DIALECT_POSTGRES_EMIT_TEXT_H
#define DIALECT_POSTGRES_EMIT_TEXT_H

#include "base/compiler.h"

struct arena;
struct buf;
struct object;

/* Appends the format, in which %i stands for an identifier (quoted here), %l for a literal (quoted here), %s for text that is SQL
 * already and %% for a percent sign. */
void postgres_say(struct buf *sql, const char *format, ...);

/* Where the list ends that begins at `text`: at a comma or a closing parenthesis that belongs to nothing inside, or at the end.
 * Strings, quoted names and what stands in parentheses are passed over. */
const char *postgres_skip_item(const char *text);

/* Where the words stand outside of strings, quoted names and parentheses; NULL: nowhere. */
const char *postgres_find_outside(const char *text, const char *words);

/* The items of `a integer, b numeric(10,2)`, in the arena. */
size_t postgres_split_items(struct arena *arena, const char *text, const char ***ret_items);

/* The bare name that `text` begins with, quoted or not; *ret_after is what comes after it. */
const char *postgres_read_part(struct arena *arena, const char *text, const char **ret_after);

/* The bare names of the tables that a table is a partition of or inherits from. */
size_t postgres_parents(struct arena *arena, const struct object *table,
                        const char *const **ret_names);

/* `total(integer)`: the name as it is written, without what is in the parentheses; *ret_arguments: those, with the
 * parentheses. */
const char *postgres_routine_name(struct arena *arena, const char *signature,
                                  const char **ret_arguments);

/* The text without the marks of the own schema, so that the search path finds what it names; in strings, too, where it is the
 * definition of a routine. */
const char *postgres_unmarked(struct arena *arena, const char *text, bool in_strings);

#endif
