/* Lock and look: the questions whose SQL depends on what the ones before them in the batch were answered, and what
 * their answers say of the tenant.
 *
 * Pure. The prepare functions run on whichever thread has the connection: they read a struct look, which the loop made
 * before the batch and leaves alone until it is over, and the answers (struct io_view); they know no session.
 */
#ifndef ROLLOUT_LOOK_H
#define ROLLOUT_LOOK_H

#include "dialect/template.h"
#include "link/io.h"

struct adoption;

/* Each op of a look is owned by its place here (look_owner). */
enum look_op {
    LOOK_PLACE,    /* SQL_INSPECT */
    LOOK_LOCATION, /* SQL_LOCATE */
    LOOK_IDENTITY,
    LOOK_VERSIONS,
    LOOK_HISTORY,
    LOOK_FOREIGN, /* another tool's table */
    LOOK__COUNT
};

/* The owner of the op that asks this. */
const void *look_owner(enum look_op op);

/* What the questions are made from. Borrowed for the length of the batch. */
struct look {
    const struct dialect *dialect;
    struct sql_vars vars;
    const char *schema;              /* the tenant's; NULL: its search path decides */
    const char *const *search_path;  /* that comes after it; NULL-terminated; NULL: nothing */
    const struct adoption *adoption; /* NULL: no other tool's table is read */
    bool may_meet_twins;             /* two names of the run may be those of one database */
    enum sql_id history;             /* SQL_HISTORY, or _NEWEST where no more than that is told */
};

/* Where the tenant's tables are, and who answers. */
struct place {
    bool has_schema, has_version_table, has_history;
    bool
        is_pooled; /* another process than that of the handshake has answered: a proxy is between */
    bool watches_client; /* the server can notice that we died, and so can its system */
    const char *schema;
    const char *search_path;
    const char *fault; /* why these tables cannot be relied on; NULL: they can */
};

/* What the answers in the batch say of it; strings come from `arena`, or are borrowed from the answers. */
struct place look_place(const struct look *look, const struct io_view *view, struct arena *arena);

void look_prepare_lock(struct io_op *op, const struct io_view *view, struct buf *sql);
void look_prepare_location(struct io_op *op, const struct io_view *view, struct buf *sql);
void look_prepare_identity(struct io_op *op, const struct io_view *view, struct buf *sql);
void look_prepare_versions(struct io_op *op, const struct io_view *view, struct buf *sql);
void look_prepare_history(struct io_op *op, const struct io_view *view, struct buf *sql);
void look_prepare_foreign(struct io_op *op, const struct io_view *view, struct buf *sql);

#endif
