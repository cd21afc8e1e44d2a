/* What a tenant of one dialect runs for a revision in one direction: its sections as pieces that
 * are each one operation, with every statement's place in the file.
 *
 * A transactional section is one piece. Outside transactions every statement is one, so that it can
 * be checkpointed; and where DDL ends a transaction, inside them too. Statements are counted across the whole revision,
 * from 0.
 */
#ifndef DIALECT_SCRIPT_H
#define DIALECT_SCRIPT_H

#include "chain/chain.h"
#include "dialect/digest.h"
#include "dialect/dialect.h"

/* A query of the author's, `-- verify:` or `-- probe:` (directive.h), or one of ours beside a statement. */
struct author_query {
    const char *sql; /* NUL-terminated */
    size_t sql_len;
    int line;          /* of the file */
    const char *fault; /* ours: what it means that no row comes; NULL: the author's */
};

/* How the statement of a piece is repeated (chain/repeat.h). */
struct repeating {
    const struct repeat *options;
    /* the statement without its SKIP LOCKED, of the same length; NULL: it has none */
    const char *thorough;
    const char *table; /* that it changes, with its schema, as it is written; NULL: not known */
    bool is_bounded;   /* LIMIT */
    const char *verb;  /* what it does: `update` */
};

struct piece {
    const char *sql; /* NUL-terminated */
    size_t sql_len;
    int line;                           /* of the file, of the first byte of `sql` */
    const struct statement *statements; /* offsets within `sql`, lines from 1 within it */
    size_t statement_count;
    size_t first_statement; /* of the revision, from 0 */
    bool is_transactional;
    const struct repeating *repeating; /* each time in a transaction of its own; NULL: once */
    bool is_setting;                   /* of the session, by one statement outside a transaction */
    /* asked of us before its statement, outside a transaction; NULL: nothing */
    const struct author_query *before;
    /* asked of us after its statements, before they count as done */
    const struct author_query *after;
    size_t after_count;
    const struct author_query *verifies; /* asked after it, in their order */
    size_t verify_count;
    /* of a statement outside a transaction: did it take effect? NULL: none */
    const struct author_query *probe;
    /* of what it changes (dialect.h: define), where it runs outside a transaction; NULL: none */
    const char *definition;
};

/* Of a place between two statements. */
struct place_digest {
    struct digest done; /* of all statements before it */
    struct digest next; /* of the one after it, where that one runs outside a transaction */
};

struct script {
    const struct piece *pieces;
    size_t piece_count;
    size_t statement_count;
    bool comments_nest;
    /* statement_count + 1 of them, of a checkpointed one; NULL: not made */
    const struct place_digest *digests;
    bool is_checkpointed; /* some piece runs outside a transaction, or in several */
    bool may_break;       /* it drops or renames a table, which others may refer to */
    int breaking_line;    /* of the file: the first statement that does */
    unsigned may_change;  /* enum session_part: what of the session may differ after it */
};

/* Made in `arena`, and borrows the revision. NULL: a fault of the chain for this dialect (ERR_CHAIN with file and line): no section
 * for it, an unterminated quote, a statement that would begin or end a transaction. */
const struct script *script_make(struct arena *arena, const struct dialect *dialect,
                                 const struct revision *revision, enum direction direction,
                                 struct err *err) MUST_CHECK;

/* The first piece that begins with this statement or a later one; NULL: none is left. */
const struct piece *script_piece_at(const struct script *script, size_t statement);

/* The digests of its places, statement_count + 1 of them: its own, or made in `arena`. */
const struct place_digest *script_digests(struct arena *arena, const struct script *script);

/* The first piece of the run of pieces outside a transaction that contains `piece`. What the pieces of that run
 * have SET is still in effect where `piece` begins; a new session must set it again. */
const struct piece *piece_first_beside(const struct piece *piece);

/* The file's line where byte `offset` (from 1) of the piece stands; where `offset` is 0, the line of
 * statement `statement` of the piece. */
int piece_line(const struct piece *piece, size_t offset, size_t statement);

/* Does a statement by its first words drop or rename a table (script.may_break)? */
bool script_drops_or_renames(const char *sql, size_t len);

enum { SCRIPT_LINE_MAX = 200 };

/* The text of that line, without blanks around it, at most SCRIPT_LINE_MAX bytes. */
const char *piece_line_text(struct arena *arena, const struct piece *piece, int line);

#endif
