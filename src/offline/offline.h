/* The SQL of a plan as a script, for a database that skein does not reach: `psql -v
 * ON_ERROR_STOP=1` or `sqlite3 -bail` runs it as it stands, and it leaves the tenant as the online
 * run would, version and history rows included.
 *
 * Pure: the same plan, work and templates as a session's, written down instead of run. What only a
 * session can do is left out: the tenant's lock, timeouts, the check of files that were applied
 * before. A tenant that does not stand where the script starts makes it fail before its first step.
 *
 *     struct offline_script script = {.dialect = dialect, .plan = &plan, …};
 *     if (!offline_write(&arena, &text, &script, &err)) …
 */
#ifndef OFFLINE_OFFLINE_H
#define OFFLINE_OFFLINE_H

#include "inventory/inventory.h"
#include "plan/plan.h"

struct arena;
struct buf;
struct dialect;
struct err;
struct scripts;
struct settings;

struct offline_script {
    const struct dialect *dialect;
    const struct plan *plan;
    enum plan_command command;
    bool purges; /* PLAN_STAMP, from base: wherever the tenant stands, all rows go first */
    struct scripts *scripts;
    enum transaction_mode mode;
    const char *version_table;
    const char *schema; /* NULL: that of the session which runs the script */
    bool creates_schema;
    const struct settings *settings; /* `search_path` and `settings` of it; NULL: none */
    const char *run_id;              /* of the history rows */
};

/* Appends the script. ERR_CHAIN: a revision has no section for the dialect, or a broken one. */
bool offline_write(struct arena *arena, struct buf *out, const struct offline_script *script,
                   struct err *err) MUST_CHECK;

#endif
