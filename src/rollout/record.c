#include "rollout/record.h"

static const char *direction_of(const struct action *action, enum plan_command command)
{
    if (command == PLAN_STAMP)
        return "stamp";
    return action->step->direction == DIRECTION_UP ? "up" : "down";
}

struct sql_vars record_history(const struct sql_vars *common, const struct action *action,
                               enum plan_command command, const char *state, double duration_ms)
{
    const struct revision *revision = action->step->revision;
    struct sql_vars vars = *common;
    vars.revision = revision ? revision->id : "base";
    vars.checksum = action->checkpoint ? action->checkpoint : revision ? revision->checksum : "";
    vars.direction = direction_of(action, command);
    vars.statements = action->statements;
    vars.duration_ms = duration_ms;
    vars.state = state;
    if (action->script && (action->kind == ACTION_START || action->kind == ACTION_MARK)) {
        const struct piece *next = script_piece_at(action->script, action->statements);
        vars.definition = next ? next->definition : NULL;
    }
    return vars;
}

struct sql_vars record_change(const struct sql_vars *common, const struct version_change *change,
                              enum sql_id *ret_template)
{
    static const enum sql_id templates[] = {
        [VERSION_INSERT] = SQL_VERSION_INSERT,
        [VERSION_UPDATE] = SQL_VERSION_UPDATE,
        [VERSION_DELETE] = SQL_VERSION_DELETE,
    };
    struct sql_vars vars = *common;
    vars.from = change->from;
    vars.to = change->to;
    *ret_template = templates[change->kind];
    return vars;
}
