/* What lint had found in the plan that a run followed: a row a finding, in their order. */
#include "ledger/stored.h"
#include "lint/told.h"

static bool put_finding(struct stored_ledger *ledger, const struct told_finding *finding, size_t n,
                        struct err *err)
{
    return store_run(
        ledger->store, err,
        "INSERT INTO findings(run, n, rule, severity, direction, dialects, revision, file, line,"
        " source, message, why, better, weight, allowed)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        value_int(ledger->writing.run), value_int((int64_t)n), value_text(finding->rule),
        value_int(finding->severity), value_int(finding->direction), value_int(finding->dialects),
        value_text(finding->revision), value_text(finding->file), value_int(finding->line),
        value_text(finding->source), value_text(finding->message), value_text(finding->why),
        value_text(finding->better), value_text(finding->weight), value_text(finding->allowed));
}

bool stored_findings_put(struct stored_ledger *ledger, const struct told_findings *findings,
                         struct err *err)
{
    for (size_t i = 0; findings && i < findings->count; i++)
        if (!put_finding(ledger, &findings->items[i], i, err))
            return false;
    return true;
}

static bool read_finding(const struct cursor *row, struct arena *arena,
                         struct told_finding *ret_finding)
{
    int64_t severity = cursor_int(row, 1), direction = cursor_int(row, 2);
    *ret_finding = (struct told_finding){
        .rule = cursor_copy(row, 0, arena),
        .severity = (enum lint_severity)severity,
        .direction = (enum direction)direction,
        .dialects = (unsigned)cursor_int(row, 3),
        .revision = cursor_copy(row, 4, arena),
        .file = cursor_copy(row, 5, arena),
        .line = (int)cursor_int(row, 6),
        .source = cursor_copy(row, 7, arena),
        .message = cursor_copy(row, 8, arena),
        .why = cursor_copy(row, 9, arena),
        .better = cursor_copy(row, 10, arena),
        .weight = cursor_copy(row, 11, arena),
        .allowed = cursor_copy(row, 12, arena),
    };
    return severity > LINT_OFF && severity < LINT__COUNT && direction >= 0 &&
           direction < DIRECTION__COUNT;
}

bool stored_findings_read(struct stored_frame *frame, struct err *err)
{
    struct cursor cursor;
    struct told_finding *items = NULL;
    size_t count = 0, capacity = 0;
    bool makes_sense = true;
    store_query(frame->ledger->store, &cursor,
                "SELECT rule, severity, direction, dialects, revision, file, line, source, message,"
                " why, better, weight, allowed FROM findings WHERE run = ? ORDER BY n",
                value_int(frame->run.seq));
    while (makes_sense && cursor_next(&cursor))
        makes_sense =
            read_finding(&cursor, frame->arena, ARENA_PUSH(frame->arena, items, count, capacity));
    if (count) {
        struct told_findings *findings = arena_alloc(frame->arena, sizeof *findings);
        *findings = (struct told_findings){items, count};
        frame->info.findings = findings;
    }
    return cursor_end(&cursor, err) &&
           (makes_sense || store_fail_damaged(frame->ledger->store, err));
}
