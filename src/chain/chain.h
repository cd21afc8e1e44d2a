/* The chain: all revisions of a folder, a directed acyclic graph from base to head(s).
 *
 * chain_load reads every `*.sql` of the folder once (regular files inside the folder, no symlinks
 * out of it, bounded size, valid UTF-8 without NUL), so the bytes hashed are the bytes executed.
 * All faults are listed together: duplicate ids, missing parents, cycles, labels twice.
 * Identifiers are Alembic's; Alembic 1.8.1 is the oracle for what they mean and refuse.
 */
#ifndef CHAIN_CHAIN_H
#define CHAIN_CHAIN_H

#include "chain/revision.h"

struct arena;
struct err;
struct map;

struct chain {
    struct arena *arena;
    const char *dir;
    const struct revision *const *revisions; /* by file name; [i]->index == i */
    size_t count;
    const struct revision *const *checkpoints; /* by file name; one of a revision at most */
    size_t checkpoint_count;
    const uint32_t *topological; /* all indices, parents and dependencies before children */
    const uint32_t *heads;       /* no revision revises them, as in `alembic heads` */
    size_t head_count;
    /* no revision revises or depends on them: what `heads` means as a target */
    const uint32_t *real_heads;
    size_t real_head_count;
    const uint32_t *bases;
    size_t base_count;
    char digest[HASH_HEX_SIZE]; /* SHA-256 over ids and checksums, in topological order */
    struct map *by_name;        /* ids and branch labels */
};

/* What every search needs: results are made in the arena, which must outlive them; errors go to `err`. */
struct lookup {
    struct arena *arena;
    const struct chain *chain;
    struct err *err;
};

/* NULL: see faults. A missing folder is a fault, an empty one is not. */
struct chain *chain_load(const char *dir, struct faults *faults) MUST_CHECK;

/* A file of the folder: its name and its bytes. */
struct chain_file {
    const char *name;
    const char *bytes;
    size_t len;
};

/* chain_load in two steps. chain_read reads the folder's files, sorted by name, into the arena; chain_build makes the
 * chain of them and copies what it keeps. False, NULL: see faults. */
bool chain_read(struct arena *arena, const char *dir, struct chain_file **ret_files,
                size_t *ret_count, struct faults *faults) MUST_CHECK;
struct chain *chain_build(const char *dir, const struct chain_file *files, size_t count,
                          struct faults *faults) MUST_CHECK;
void chain_free(struct chain *chain);

/* All its files, numbered: the revisions by their index, and the checkpoints after them. For arrays with an entry for each file. */
size_t chain_file_count(const struct chain *chain);
size_t chain_file_number(const struct chain *chain, const struct revision *file);
const struct revision *chain_file_at(const struct chain *chain, size_t number);

/* The checkpoint of a revision; NULL: it has none. */
const struct revision *chain_checkpoint(const struct chain *chain, const struct revision *revision);

/* What a tenant runs to get to that revision from base or, with `is_at_base` false, from right under it. NULL: the chain has no such one. */
const struct revision *chain_get_way(const struct chain *chain, const char *id, bool is_at_base);

/* The revision whose id is exactly `id`; NULL: the chain has none. */
const struct revision *chain_get(const struct chain *chain, const char *id);

#endif
