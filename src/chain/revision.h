/* One revision file: header, sections, and the hash of the bytes that will be executed.
 *
 * revision_parse is pure: it gets the bytes that were read once and hashes those. Format: a comment
 * header in Alembic's words, `-- migrate:up|down [dialect:NAME] [transaction:true|false] [repeat:until-no-rows …]` sections.
 */
#ifndef CHAIN_REVISION_H
#define CHAIN_REVISION_H

#include "base/dialect.h"
#include "base/hash.h"

struct arena;
struct faults;
struct repeat;

enum direction { DIRECTION_UP, DIRECTION_DOWN, DIRECTION__COUNT };

struct section {
    enum direction direction;
    bool is_general;         /* no `dialect:` */
    enum dialect_id dialect; /* where not is_general */
    bool is_transactional;
    const struct repeat *repeat; /* its statement is run until it changes no row; NULL: once */
    const char *sql; /* the bytes between the marker's line and the next; NUL-terminated */
    size_t sql_len;
    int line; /* of the file, of the first byte of `sql`; from 1 */
};

struct revision {
    const char *id;
    const char *message;         /* the header's first line; may be empty */
    const char *create_date;     /* as written; may be empty */
    const char *path;            /* as shown to people: chain folder and file name */
    const char *const *down_ids; /* `Revises:` as written: full ids, in order; empty for a base */
    size_t down_count;
    const char *const *depend_ids; /* `Depends On:` as written: full or partial ids, or labels */
    size_t depend_count;
    const char *const *labels; /* `Branch Labels:` */
    size_t label_count;
    int revises_line, depends_line, labels_line, id_line;
    char checksum[HASH_HEX_SIZE]; /* SHA-256 of the file's bytes */
    /* of the same with CRLF turned to LF: tells an edit from a checkout setting */
    char checksum_lf[HASH_HEX_SIZE];
    const char *header; /* the bytes before the first section's marker; NUL-terminated */
    size_t header_len;
    const struct section *sections; /* in file order */
    size_t section_count;
    uint32_t index; /* in the chain's array */
    /* A checkpoint (`Checkpoint: ID`): `id` is that of the revision which a tenant at base reaches by it, instead of by all that lies
     * under it. `index` and what the chain fills in are that revision's. */
    bool is_checkpoint;        /* its checksums begin with CHECKPOINT_MARK */
    uint32_t checkpoint_index; /* in the chain's array of them */
    const char *const *
        stands_for; /* ids, parents before children; the last one is its own. The chain fills it in */
    size_t stands_for_count;

    /* Filled by the chain once all files are known; indices into chain->revisions. */
    const uint32_t *down;    /* as down_ids */
    const uint32_t *depends; /* as depend_ids, resolved */
    const uint32_t *parents; /* down, then those dependencies that no ancestor has already */
    size_t parent_count;
    const uint32_t *next; /* children: revisions that name this one in `Revises:` */
    size_t next_count;
    const uint32_t *all_next; /* and those that depend on it */
    size_t all_next_count;
    const char *const *branch_labels; /* own, and those of the branch it is on */
    size_t branch_label_count;
};

/* What the history table says of a tenant that came there by a checkpoint: which one, in as many digits as there is room for. */
#define CHECKPOINT_MARK "checkpoint:"

/* Parses the bytes of one file. Adds its faults and returns NULL where there are any. */
struct revision *revision_parse(struct arena *arena, const char *path, const char *bytes,
                                size_t len, struct faults *faults) MUST_CHECK;

/* Words that mean a place in the chain (identifier.h): no revision and no branch can bear them. */
bool revision_name_is_reserved(const char *name, size_t len);
#define REVISION_RESERVED "cannot be a name: it is a word for a place in the chain"

/* How many bytes of a section ledgers keep and reports show: all, or of a long one its first lines up to SECTION_SHOWN bytes. A
 * section that was read from a ledger has no more of its `sql`, and all of its `sql_len`. */
enum { SECTION_SHOWN = 65536 };
size_t section_shown_len(const struct section *section);

/* How many bytes of a line are the beginning of a section's marker, up to the end of `-- migrate:`; 0: it is
 * none. Any number of blanks may be between, as in dbmate. */
size_t revision_marker_len(const char *line, size_t len);

/* Says which section a line was meant to begin though it is no marker: `-- Migrate:down`, `-- migrat: up`,
 * `-- migrate down`, `-- +goose Down`, in a block comment too. NULL: it was not meant as a marker, or it is indented. If such a
 * line counted as a comment, the statements of the down section would run on an upgrade. */
const char *revision_meant_marker(const char *line, size_t len);

/* Is it on the branch of this label? Once the chain is built. */
bool revision_has_label(const struct revision *revision, const char *label);

/* Its edges in the graph, once they are found: those in `down`, then the revisions that it depends on besides. */
size_t revision_edge_count(const struct revision *revision);
uint32_t revision_edge_at(const struct revision *revision, size_t edge);

/* Has the file any section of this direction? (None for down: irreversible. An explicitly empty one
 * is a reversible no-op.) */
bool revision_has_direction(const struct revision *revision, enum direction direction);

/* Whose sections a tenant of `dialect` runs: its own where there are some, else those of the engine whose variant it is. */
enum dialect_id revision_dialect(const struct revision *revision, enum direction direction,
                                 enum dialect_id dialect);

/* The sections that a tenant of `dialect` runs, in file order: those of the dialect if there is one, else those of its
 * engine, else the general ones. Returns how many, filling at most `max` of `ret`. 0 with
 * revision_has_direction: a fault as soon as a tenant of that dialect needs the revision. */
size_t revision_sections(const struct revision *revision, enum direction direction,
                         enum dialect_id dialect, const struct section **ret, size_t max);

#endif
