/* What happened to a run as a whole, and when. */
#include "event/moment.h"
#include "ledger/stored.h"

/* They are few: a person's pauses, a stop, the way back. */
bool stored_moment_put(struct stored_ledger *ledger, const struct event *event, struct err *err)
{
    struct moment moment;
    return !moment_of(event, &moment) ||
           store_run(ledger->store, err,
                     "INSERT INTO moments(run, n, kind, at_ms, made_by, reason) VALUES(?1,"
                     " (SELECT coalesce(max(n) + 1, 0) FROM moments WHERE run = ?1), ?2, ?3, ?4,"
                     " ?5)",
                     value_int(ledger->writing.run), value_int(moment.kind),
                     value_int(moment.at_ms), value_text(moment.by), value_text(moment.reason));
}

bool stored_moments_read(struct stored_ledger *ledger, int64_t run, struct arena *arena,
                         struct moment **ret_moments, size_t *ret_count, struct err *err)
{
    struct moment *moments = NULL;
    size_t count = 0, capacity = 0;
    bool makes_sense = true;
    struct cursor row;
    store_query(ledger->store, &row,
                "SELECT kind, at_ms, made_by, reason FROM moments WHERE run = ? ORDER BY n",
                value_int(run));
    while (makes_sense && cursor_next(&row)) {
        int64_t kind = cursor_int(&row, 0);
        makes_sense = kind >= 0 && kind < MOMENT__COUNT;
        *ARENA_PUSH(arena, moments, count, capacity) =
            (struct moment){.kind = (enum moment_kind)kind,
                            .at_ms = cursor_int(&row, 1),
                            .by = cursor_copy(&row, 2, arena),
                            .reason = cursor_copy(&row, 3, arena)};
    }
    if (!cursor_end(&row, err))
        return false;
    *ret_moments = moments;
    *ret_count = count;
    return makes_sense || store_fail_damaged(ledger->store, err);
}
