/* Taking over the migrations of another tool: its files become revision files of a chain.
 *
 * import_files is pure: bytes in, revision files and notes out. Ids come from the tool's own versions
 * (each tool's file says how), so that its version table in a tenant maps to them: see adopt.h. What
 * cannot be taken over as it is meant is a fault with the source's file and line, never left out.
 *
 *     struct import_request request = {.tool = import_tool_find("dbmate"), .chain_dir = …};
 *     if (import_read_dirs(arena, &dir, 1, &request, &faults) &&
 *         import_files(arena, &request, &result, &faults)) …result.files, ready for chain_put
 */
#ifndef IMPORT_IMPORT_H
#define IMPORT_IMPORT_H

#include "chain/chain.h"

struct arena;
struct faults;
struct import_tool;

/* A file of the tool's folder, or a folder in it. Hidden ones are not among them: no tool reads those. */
struct import_file {
    const char *name;  /* below the folder, with '/' between */
    const char *path;  /* as shown to people */
    const char *bytes; /* NUL-terminated; NULL: seen, but of no interest */
    size_t len;
    bool is_folder;
};

struct import_request {
    const struct import_tool *tool;
    const struct import_file *files; /* by name */
    size_t file_count;
    const char *where;         /* the first folder or file that was named, as shown to people */
    bool is_marked;            /* sections shall say `dialect:` */
    bool has_dialect;          /* only a tool that finds it out may do without */
    enum dialect_id dialect;   /* what the files speak */
    const char *version_table; /* the name of Alembic's */
    const char *const *placeholders; /* "name=value": what `${name}` of Flyway's stands for */
    size_t placeholder_count;
    const char *chain_dir;            /* the folder in which the files shall be made, */
    const struct chain_file *present; /* and the files that are there already, sorted by name */
    size_t present_count;
};

/* Something that was not taken over, and need not be. */
struct import_note {
    const char *path;
    const char *text;
};

/* A version that cannot be an id, and the id that is used instead: see import_id. */
struct import_mapped {
    const char *path;
    const char *version;
    const char *id;
};

struct import_result {
    const struct chain_file *files; /* new ones, in the order of the chain */
    size_t file_count;
    size_t unchanged; /* that are there already, with the same bytes */
    const struct import_note *notes;
    size_t note_count;
    const struct import_mapped *mapped;
    size_t mapped_count;
};

/* The id that a tool's version gets in our chain. It is the version itself where that can be an id, else its letters
 * and digits with a hash of the whole. It depends on the version alone, so that the rows of the tool's version table
 * lead to it. Two versions get different ids; a collision of the hash is a fault when the revisions are made. "" stays
 * "". */
const char *import_id(struct arena *arena, const char *version);

/* NULL: none of that name. Past the last: NULL. */
const struct import_tool *import_tool_find(const char *name);
const struct import_tool *import_tool_at(size_t index);
const char *import_tool_name_at(size_t index); /* a choice (choice.h) */
const char *import_tool_name(const struct import_tool *tool);
bool import_tool_takes_files(const struct import_tool *tool); /* FILE…, not DIR… */

/* What `skein import TOOL` is given, and what the tool's files are: `DIR`, `-- migrate:up, -- migrate:down`. */
struct import_usage {
    const char *name;
    const char *arguments;
    const char *reads; /* lines of at most 70 characters */
};
struct import_usage import_tool_usage(const struct import_tool *tool);
bool import_tool_finds_dialect(const struct import_tool *tool);

/* Fills request->files. False: see faults. */
bool import_read_dirs(struct arena *arena, const char *const *dirs, size_t count,
                      struct import_request *request, struct faults *faults) MUST_CHECK;
bool import_read_files(struct arena *arena, const char *const *paths, size_t count,
                       struct import_request *request, struct faults *faults) MUST_CHECK;

/* Makes the revision files, and checks the chain that they make together with the files that are there already.
 * False: see faults; the notes of the result are filled all the same. */
bool import_files(struct arena *arena, const struct import_request *request,
                  struct import_result *ret_result, struct faults *faults) MUST_CHECK;

#endif
