/* Files that were changed after they were applied, and that someone says are right as they are: their checksums in the
 * tenant's history are renewed, in the transaction of the work where there is some. */
#include "rollout/session_private.h"

#include "chain/chain.h"
#include "rollout/history.h"

bool session_tells_action(const struct session *session, const struct action *action)
{
    bool accepts = session->env->request->verb->work == WORK_ACCEPT;
    return action->kind == ACTION_RECORD || (accepts && action->kind == ACTION_RENEW);
}

static bool is_accepted(const struct session *session, const struct revision *revision)
{
    const bool *accepts = session->env->accepts;
    return accepts && accepts[revision->index];
}

static struct action renewal_of(struct session *session, const struct changed_file *file)
{
    struct step *step = arena_calloc(&session->arena, 1, sizeof *step);
    step->revision = file->revision;
    step->direction = DIRECTION_UP;
    return (struct action){
        .kind = ACTION_RENEW,
        .step = step,
        .history_id = file->history_id,
        .renewed = arena_strdup(&session->arena, file->checksum),
        .is_in_transaction = true,
    };
}

void session_add_renewals(struct session *session)
{
    struct action *actions = NULL;
    struct changed_file file;
    size_t count = 0, capacity = 0, row = 0;
    while (history_next_change(&session->look.history, session->env->chain, &row, &file))
        if (is_accepted(session, file.revision))
            *ARENA_PUSH(&session->arena, actions, count, capacity) = renewal_of(session, &file);
    if (!count)
        return;
    for (size_t i = 0; i < session->work.todo.count; i++)
        *ARENA_PUSH(&session->arena, actions, count, capacity) = session->work.todo.actions[i];
    session->work.todo = (struct work){actions, count};
}

/* The answer to a commit may have been lost: then nothing is left to be renewed, and what was noted is done. */
enum session_state session_begin_accepting(struct session *session)
{
    session->doubt.is_resolving = false;
    session->work.cursor = 0;
    session->work.todo = (struct work){0};
    session_add_renewals(session);
    if (!session->work.todo.count)
        session->result.done_count = session->result.recorded_count;
    session->result.recorded_count = session->result.done_count;
    return session_next_work(session);
}
