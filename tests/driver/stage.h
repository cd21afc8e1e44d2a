/* What one case of the conformance suite works on: a subject's databases, and the short words for
 * what a session does to them. Everything is freed with the stage; what fails, fails the test.
 */
#ifndef DRIVER_STAGE_H
#define DRIVER_STAGE_H

#include "dialect/template.h"
#include "driver/subject.h"
#include "unit/unit.h"

/* Once, before the first case. */
void stage_use(const struct subject *subject);

/* For CASE: a stage of its own for each. */
int set_up(void **state);
int tear_down(void **state);

const char *stage_say(const struct stage *stage, enum saying saying);

/* Is it there? Fails the case unless the subject says the same. */
bool stage_has(const struct stage *stage, enum ability ability, bool is_there);
bool stage_is_server(const struct stage *stage);

/* "first; second" */
const char *stage_join(struct stage *stage, const char *first, const char *second);

/* ---- connections --------------------------------------------------------------------------- */

/* Closed with the stage, if stage_close does not do it before. */
struct conn *stage_open_params(struct stage *stage, const struct conn_params *params);
struct conn *stage_open(struct stage *stage, enum target target);
void stage_close(struct stage *stage, struct conn *conn);

/* Opened and connected. */
struct conn *stage_connect(struct stage *stage);
struct conn *stage_connect_to(struct stage *stage, enum target target);

/* ---- operations ---------------------------------------------------------------------------- */

/* With an answer of its own. */
struct op stage_op(struct stage *stage, enum op_kind kind, const char *sql);

/* Runs an op made with stage_op and changed since; it may fail. */
struct answer stage_run(struct stage *stage, struct conn *conn, struct op op);
struct answer stage_connect_op(struct stage *stage, struct conn *conn);

/* These must go well. */
struct answer stage_query(struct stage *stage, struct conn *conn, const char *sql);
struct answer stage_script(struct stage *stage, struct conn *conn, const char *sql);
struct answer stage_lock(struct stage *stage, struct conn *conn, uint64_t key);
struct answer expect_good(struct answer answer);

void expect_only_value(const struct answer *answer, const char *value);
void expect_count(struct stage *stage, struct conn *conn, const char *count);

/* ---- the dialect --------------------------------------------------------------------------- */

/* What any template may name, with nothing hostile in it. */
struct sql_vars stage_vars(void);

const char *stage_text(struct stage *stage, enum sql_id id, const struct sql_vars *vars);
const char *stage_text_of(struct stage *stage, const enum sql_id *ids, size_t count,
                          const struct sql_vars *vars);

/* Runs a template, where the dialect has it. */
struct answer stage_ask(struct stage *stage, struct conn *conn, enum sql_id id,
                        const struct sql_vars *vars);

/* The same of one that must change exactly one row, or it fails (ERR_INTERNAL), as in a run (io_op.rows_total). */
struct answer stage_change_one(struct stage *stage, struct conn *conn, enum sql_id id,
                               const struct sql_vars *vars);

void stage_begin(struct stage *stage, struct conn *conn, const struct sql_vars *vars);
void stage_commit(struct stage *stage, struct conn *conn);
void stage_rollback(struct stage *stage, struct conn *conn);
struct answer stage_end(struct stage *stage, struct conn *conn, enum sql_id id); /* it may fail */

/* Fills vars->schema and vars->search_path, as a session does. */
struct answer stage_inspect(struct stage *stage, struct conn *conn, struct sql_vars *vars);

void stage_make_tables(struct stage *stage, struct conn *conn, struct sql_vars *vars);
void stage_insert_version(struct stage *stage, struct conn *conn, struct sql_vars vars,
                          const char *to);

/* The version rows, in any order; NULL: none. */
void expect_versions(struct stage *stage, struct conn *conn, const struct sql_vars *vars,
                     const char *one, const char *other);

#endif
