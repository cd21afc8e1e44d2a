/* What a step leaves in the tenant's own tables, as values for the dialect's templates: changes of
 * the version table, rows of the history table. Pure; sessions and offline scripts share it.
 *
 *     struct sql_vars vars = record_history(&common, action, PLAN_UPGRADE, "applied", 1.9);
 *     sql_expand(&buf, driver->dialect, SQL_HISTORY_INSERT, &vars);
 */
#ifndef ROLLOUT_RECORD_H
#define ROLLOUT_RECORD_H

#include "dialect/template.h"
#include "rollout/work.h"

/* `common` with what the history says of the action. */
struct sql_vars record_history(const struct sql_vars *common, const struct action *action,
                               enum plan_command command, const char *state, double duration_ms);

/* `common` with what the change needs, and the template that makes it. */
struct sql_vars record_change(const struct sql_vars *common, const struct version_change *change,
                              enum sql_id *ret_template);

#endif
