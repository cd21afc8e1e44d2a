/* The table of commands, in the order of the help. */
#include "cli/command.h"

#include "base/buf.h"

static const struct command *const commands[] = {
    &command_init,     &command_revision,   &command_merge,   &command_edit,
    &command_check,    &command_checkpoint, &command_lint,    &command_tenants,
    &command_current,  &command_plan,       &command_upgrade, &command_downgrade,
    &command_stamp,    &command_resume,     &command_resolve, &command_accept,
    &command_rollback, &command_work,       &command_runs,    &command_report,
    &command_forget,   &command_history,    &command_heads,   &command_branches,
    &command_show,     &command_schema,     &command_drift,   &command_import,
    &command_adopt,    &command_completion,
};

const struct command *command_at(size_t index)
{
    return index < ARRAY_LEN(commands) ? commands[index] : NULL;
}

void command_add_help(const struct command *command, struct buf *buf)
{
    static const char mark[] = "{list}";
    const char *at = command->add_list ? strstr(command->help, mark) : NULL;
    if (!at) {
        buf_adds(buf, command->help);
        return;
    }
    buf_add(buf, command->help, (size_t)(at - command->help));
    command->add_list(buf);
    buf_adds(buf, at + strlen(mark));
}

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}
