/* The schema that is wanted: SQL files, as `autogenerate: {schema: […]}` of the inventory lists them.
 *
 * A folder stands for its `*.sql` in the order of their names. A line `-- dialect:postgresql` (or several names with commas between them) begins a
 * part for these dialects alone, and `-- dialect:all` ends it.
 */
#ifndef LIBRARY_SCHEMA_FILES_H
#define LIBRARY_SCHEMA_FILES_H

#include "base/arena.h"
#include "base/dialect.h"
#include "base/err.h"

struct chain;
struct inventory;

struct schema_file {
    const char *path; /* as it is shown */
    const char *text; /* NUL-terminated */
};

struct schema_files {
    struct arena *arena;
    struct schema_file *items;
    size_t count, capacity;
};

/* Reads them all, into the arena. */
bool schema_files_read(struct schema_files *files, struct arena *arena,
                       const struct inventory *inventory, struct err *err) MUST_CHECK;

/* What of it is for that engine; what is not is blank, so that lines keep their numbers. NULL: err. */
const char *schema_file_for(const struct schema_files *files, const struct schema_file *file,
                            enum dialect_id engine, struct err *err) MUST_CHECK;

/* A chain of one revision a file, so that it can be applied as one is. The caller frees it. NULL: err. */
struct chain *schema_files_chain(const struct schema_files *files, enum dialect_id engine,
                                 struct err *err) MUST_CHECK;

/* The revision that is its head; in the arena. */
const char *schema_files_head(const struct schema_files *files);

/* Turns a place in that chain into one in the file. */
void schema_files_place(const struct schema_files *files, struct err *err);

#endif
