/* What a tool's importer is made of: its table entry, and what it may use. One file a tool.
 *
 * `stand` reads the tool's version table in a tenant (adopt.h).
 *
 * `read` turns request->files into revisions with import_add and import_add_sql. Texts are borrowed
 * from the request or the arena. A fault does not end the reading: all are told together.
 */
#ifndef IMPORT_TOOL_H
#define IMPORT_TOOL_H

#include "chain/revision.h"
#include "import/adopt.h"
#include "import/import.h"

/* A revision that is being made. `path` and the lines are those of the tool's file. */
struct imported {
    struct revision revision;
    struct section *sections; /* revision.sections, growing */
    size_t section_capacity;
    const char *key; /* what the tool orders by */
};

struct import {
    struct arena *arena;
    struct faults *faults;
    const struct import_request *request;
    struct imported **items;
    size_t count, capacity;
    struct import_note *notes;
    size_t note_count, note_capacity;
    struct import_mapped *mapped;
    size_t mapped_count, mapped_capacity;
};

/* What `stand` gets and gives: the rows of a tenant's version table, and the revisions of our chain that they mean. */
struct adopting {
    const struct adoption *adoption;
    struct arena *arena;
    const struct chain *chain;
    const struct grid *rows;
    bool *applied; /* by revision of the chain */
    struct err *err;
};

struct import_tool {
    const char *name;
    const char *arguments;           /* for usage: `DIR` */
    const char *reads;               /* for help: what its files are called, or what marks them */
    const char *looks_for;           /* how its migrations are recognised, in words */
    bool takes_files;                /* FILE…, not DIR… */
    bool finds_dialect;              /* `read` finds out the dialect where the request has none */
    bool is_recursive;               /* files in folders below count */
    bool (*wants)(const char *name); /* is the file to be read? */
    /* Is it the tool's own beyond doubt? `text` is the file's beginning. */
    bool (*recognises)(const char *name, const char *text);
    void (*read)(struct import *import);
    /* Compares two keys. The revisions then revise one another in that order. NULL: `read` says which revision
     * revises which. */
    int (*compare)(const char *a, const char *b);

    /* The tool's version table, by which a tenant is adopted; NULL: the tool has none. */
    const char *table;
    const char *query;                        /* a template for sql_fill: {foreign} is the table */
    bool (*stand)(struct adopting *adopting); /* its rows -> adopting->applied; false: err */
};

extern const struct import_tool import_alembic_sql;
extern const struct import_tool import_dbmate;
extern const struct import_tool import_diesel;
extern const struct import_tool import_flyway;
extern const struct import_tool import_golang_migrate;
extern const struct import_tool import_goose;

PRINTF_LIKE(4, 5)
void import_fault(struct import *import, const char *path, int line, const char *format, ...);
void import_note(struct import *import, const char *path, const char *text);

/* A new revision of the tool's `version`. `name` becomes the message: '_' is read as a blank. A version of
 * 14 digits that is a time becomes the date of creation. */
struct imported *import_add(struct import *import, const char *version, const char *key,
                            const char *name, const char *path);

/* The revision that was added for that version; NULL: none was. */
struct imported *import_find(const struct import *import, const char *version);

/* SQL of one direction, as the tool would run it. */
struct import_sql {
    enum direction direction;
    bool is_transactional; /* does the tool open a transaction around it? */
    enum dialect_id dialect;
    bool is_marked; /* the section shall say `dialect:` */
    const char *path;
    const char *text; /* NUL-terminated */
    size_t len;
    int line; /* of the file, of the first byte of `text` */
    /* NULL, or: says of a statement that it is none of the migration's. */
    bool (*is_foreign)(void *ctx, const char *statement, size_t len);
    void *ctx;
    bool *
        is_in_block; /* NULL, or: is a BEGIN open from the SQL before this? It is set to whether one is open at the end */
};

/* Adds the whole of a file as one section, in a transaction and in the request's dialect. */
struct import_sql import_sql_of(const struct import *import, const struct import_file *file,
                                enum direction direction);

/* Adds the SQL as sections. BEGIN and COMMIT are left out, since skein begins and ends the transactions; what is
 * between them is transactional. Statements that no transaction can hold get a `transaction:false` section of their
 * own. */
void import_add_sql(struct import *import, struct imported *item, const struct import_sql *sql);

/* ---- version tables ------------------------------------------------------------------------ */

/* A value of the rows; NULL: SQL's, or no such column. */
const char *adopting_value(const struct adopting *adopting, size_t row, size_t column);
bool adopting_is_true(const struct adopting *adopting, size_t row, size_t column);

/* NULL: err says that the chain has no such revision. */
const struct revision *adopting_find(struct adopting *adopting, const char *id);

/* `stand` of tools with a row for each migration that is applied, its id in the first column. */
bool adopting_rows(struct adopting *adopting);

/* ---- words and lines ----------------------------------------------------------------------- */

/* The first words of a statement in lower case, comments, quotes and dots left out. */
enum { STATEMENT_WORDS_MAX = 12, WORD_MAX_BYTES = 64 };
struct statement_words {
    char items[STATEMENT_WORDS_MAX][WORD_MAX_BYTES + 1];
    bool follows_dot[STATEMENT_WORDS_MAX]; /* is it the second part of a name? */
    size_t count;
};
void import_words(const char *statement, size_t len, struct statement_words *ret_words);

struct import_line {
    const char *text; /* without the line's end */
    size_t len;
    int number;         /* from 1 */
    size_t begin, next; /* offsets of the line and of the one after it */
};
/* Line by line: start with a zeroed line. False past the last. */
bool import_next_line(const char *text, size_t len, struct import_line *line);
bool import_is_comment_or_blank(const struct import_line *line);

/* How many digits `text` begins with. */
size_t import_count_digits(const char *text);
bool import_ends_with(const char *text, const char *end);
/* Does the name end in ".sql", in any case of letters? */
bool import_is_sql(const char *name);
/* Numbers of any length, with '.' or '_' between, as versions: 2 before 10, 1 is 1.0. */
int import_compare_versions(const char *a, const char *b);
/* The form of such a version that equal ones share: no leading zeros, no trailing parts of 0, '_'
 * between. NULL: not made of numbers. */
const char *import_canonical_version(struct arena *arena, const char *text, size_t len);

#endif
