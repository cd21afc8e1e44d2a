/* What a session is doing, for who shows the run. */
#include "event/status.h"
#include "rollout/session_private.h"

#include <ctype.h>

/* The action of the op; NULL: it is of none. Only actions of the work own ops that way: a look has owners of its own. */
static const struct action *action_of(const struct session *session, size_t at)
{
    uintptr_t owner = (uintptr_t)session->batch.ops[at].owner;
    const struct work *work = &session->work.todo;
    bool is_one = work->count && owner >= (uintptr_t)work->actions &&
                  owner < (uintptr_t)(work->actions + work->count);
    return is_one ? session_action_of(&session->batch.ops[at]) : NULL;
}

/* What takes time in a message is the script in it, whatever of ours travels before it. */
static const struct action *action_under_way(const struct session *session, size_t at,
                                             size_t *ret_at)
{
    const struct action *first = action_of(session, at);
    *ret_at = at;
    for (size_t i = at; i < session->batch.count; i++) {
        const struct action *action = action_of(session, i);
        if (i > at && !session->batch.ops[i].joins_last)
            break;
        if (action && (action->kind == ACTION_SCRIPT || action->kind == ACTION_REPEAT)) {
            *ret_at = i;
            return action;
        }
    }
    return first;
}

/* The end of a quoted text that begins at `at`: '…', "…", $tag$…$tag$; `at` itself where none begins there. */
static size_t end_of_quoted(const char *text, size_t at, size_t len)
{
    size_t tag = 1;
    if (text[at] == '$') {
        while (at + tag < len && (isalnum((unsigned char)text[at + tag]) || text[at + tag] == '_'))
            tag++;
        if (at + tag >= len || text[at + tag] != '$')
            return at;
        tag++;
    } else if (text[at] != '\'' && text[at] != '"') {
        return at;
    }
    const char *end = memmem(text + at + tag, len - at - tag, text + at, tag);
    return end ? (size_t)(end - text) + tag : len;
}

/* On one line, cut to the room that there is. What stands in quotes may be a secret, or a person's data: it is left out, as in
 * what is told of other sessions. */
static void copy_line(char ret_text[STATUS_TEXT], const char *text, size_t len)
{
    static const char left_out[] = "'...'";
    size_t kept = 0, i = 0;
    while (i < len && kept + sizeof left_out < STATUS_TEXT) {
        size_t end = end_of_quoted(text, i, len);
        bool is_blank = strchr(" \t\r\n", text[i]) != NULL;
        if (end > i) {
            memcpy(ret_text + kept, left_out, sizeof left_out);
            kept += sizeof left_out - 1;
        } else if (!is_blank) {
            ret_text[kept++] = text[i];
        } else if (kept && ret_text[kept - 1] != ' ') {
            ret_text[kept++] = ' ';
        }
        i = end > i ? end : i + 1;
    }
    ret_text[kept] = '\0';
}

/* Of several statements in one message a server tells no end before that of the last. Only a driver that works here knows how
 * many are done: else it is the whole message that is told. */
static void tell_statement(const struct session *session, struct status_doing *doing,
                           const struct action *action, size_t done)
{
    const struct piece *piece = action->piece;
    bool is_known = piece->statement_count == 1 || session->driver->traits & DRIVER_ON_WORKER;
    size_t at = is_known && done < piece->statement_count ? done : 0;
    size_t begin = at < piece->statement_count ? piece->statements[at].offset : 0;
    size_t len = is_known && at < piece->statement_count ? piece->statements[at].len
                                                         : piece->sql_len - begin;
    doing->line = piece_line(piece, 0, at);
    doing->statement = is_known ? piece->first_statement + at + 1 : 0;
    doing->statements = action->script ? action->script->statement_count : 0;
    copy_line(doing->sql, piece->sql + begin, len);
}

static void tell_step(struct status_doing *doing, const struct action *action)
{
    doing->revision = action->step->revision->id;
    doing->file = action->step->revision->path;
    doing->is_down = action->step->direction == DIRECTION_DOWN;
}

/* Between two batches nothing is under way, and the step is. */
static void tell_repeat(const struct session *session, struct status_doing *doing)
{
    const struct action *action = &session->work.todo.actions[session->work.cursor];
    tell_step(doing, action);
    tell_statement(session, doing, action, 0);
    doing->rows = session->repeat.count.rows;
    snprintf(doing->waits_for, sizeof doing->waits_for, "%.*s", STATUS_TEXT - 1,
             session->repeat.waits_for);
}

void session_tell_doing(const struct session *session, struct status_doing *doing)
{
    struct io_progress progress;
    size_t at;
    doing->phase = session_state_now(session);
    doing->share = -1;
    if (session_is_repeating(session) && session->repeat.count.batches)
        tell_repeat(session, doing);
    if (!session->conn.io || !io_progress(session->conn.io, &progress) ||
        progress.at >= session->batch.count)
        return;
    const struct action *action = action_under_way(session, progress.at, &at);
    doing->since_ms = progress.begun_ns / 1000000;
    if (!action || !action->step->revision)
        return;
    tell_step(doing, action);
    if (action->piece)
        tell_statement(session, doing, action, at == progress.at ? progress.statements : 0);
}
