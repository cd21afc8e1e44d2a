/* What databases said while all went well: a run's notices once, and how often each tenant had them. */
#include "ledger/stored.h"

/* ---- writing ------------------------------------------------------------------------------- */

/* *ret_number is INTERN_NONE where the run has too many different ones for another. */
static bool put_notice(struct stored_ledger *ledger, const struct chain *chain,
                       const struct notice *notice, uint32_t *ret_number, struct err *err)
{
    struct value revision;
    if (!stored_revision_put(ledger, chain, notice->revision, &revision, err))
        return false;
    stored_notice_key(&ledger->key, notice, revision.type == VALUE_INT ? revision.integer : -1);
    if (!stored_series_find(ledger, SERIES_NOTICES, ret_number, err))
        return false;
    if (*ret_number != INTERN_NONE ||
        (ledger->series[SERIES_NOTICES].known.count >= NOTICES_OF_RUN_MAX &&
         !notice->is_unreplicated))
        return true;
    *ret_number = stored_series_add(ledger, SERIES_NOTICES);
    return store_run(
        ledger->store, err,
        "INSERT INTO notices(run, n, level, is_unreplicated, code, text, detail, hint,"
        " revision, quotes_values) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        value_int(ledger->writing.run), value_int(*ret_number), value_int(notice->level),
        value_int(notice->is_unreplicated), value_text(notice->code), value_text(notice->text),
        value_text(said_part(notice->said, SAID_DETAIL)),
        value_text(said_part(notice->said, SAID_HINT)), revision, value_int(notice->quotes_values));
}

/* One of a tenant's notices. */
struct of_tenant {
    size_t tenant;
    uint32_t number;
    int64_t place; /* among the tenant's */
    uint64_t count;
};

static bool put_of_tenant(struct stored_ledger *ledger, const struct of_tenant *notice,
                          struct err *err)
{
    return store_run(
        ledger->store, err,
        "INSERT INTO tenant_notices(run, tenant, notice, place, count)"
        " VALUES(?, ?, ?, ?, ?)"
        " ON CONFLICT(run, tenant, notice) DO UPDATE SET count = tenant_notices.count + excluded.count",
        value_int(ledger->writing.run), value_int((int64_t)notice->tenant),
        value_int(notice->number), value_int(notice->place), value_int((int64_t)notice->count));
}

/* Notices of a rollback come after those of the run itself. */
bool stored_write_notices(struct stored_ledger *ledger, const struct event *event, struct err *err)
{
    const struct notices *notices = event->outcome->notices;
    int64_t place;
    if (!notices || !notices->count)
        return true;
    if (!store_run(ledger->store, err,
                   "UPDATE run_tenants SET notices = notices + ?, warnings = warnings + ?"
                   " WHERE run = ? AND n = ?",
                   value_int((int64_t)notices->count), value_int((int64_t)notices->warning_count),
                   value_int(ledger->writing.run), value_int((int64_t)event->tenant)) ||
        !store_get(ledger->store, err, &place,
                   "SELECT count(*) FROM tenant_notices WHERE run = ? AND tenant = ?",
                   value_int(ledger->writing.run), value_int((int64_t)event->tenant)))
        return false;
    for (size_t i = 0; i < notices->kept; i++) {
        struct of_tenant own = {
            .tenant = event->tenant, .place = place + (int64_t)i, .count = notices->items[i].count};
        if (!put_notice(ledger, event->run->chain, &notices->items[i], &own.number, err))
            return false;
        if (own.number != INTERN_NONE && !put_of_tenant(ledger, &own, err))
            return false;
    }
    return true;
}

/* ---- reading ------------------------------------------------------------------------------- */

static bool read_notice(struct stored_frame *frame, const struct cursor *row,
                        struct notice *ret_notice)
{
    int64_t level = cursor_int(row, 1);
    struct said said = {0};
    if (level < 0 || level >= NOTICE__COUNT ||
        !stored_revision_at(frame, row, 7, &ret_notice->revision))
        return false;
    ret_notice->level = (enum notice_level)level;
    ret_notice->is_unreplicated = cursor_int(row, 2) != 0;
    snprintf(ret_notice->code, sizeof ret_notice->code, "%s", cursor_text(row, 3));
    ret_notice->text = arena_strdup(frame->arena, cursor_text(row, 4));
    said.part[SAID_DETAIL] = cursor_text(row, 5);
    said.part[SAID_HINT] = cursor_text(row, 6);
    ret_notice->quotes_values = cursor_int(row, 8) != 0;
    ret_notice->said = said_copy(frame->arena, &said);
    return true;
}

/* They are read even where there can be none: a file that was cut off there is damaged. */
static bool read_whether_any(struct stored_frame *frame, struct err *err)
{
    int64_t has_any;
    if (!store_get(frame->ledger->store, err, &has_any,
                   "SELECT EXISTS(SELECT 1 FROM tenant_notices WHERE run = ?)",
                   value_int(frame->run.seq)))
        return false;
    frame->has_notices = has_any > 0;
    return true;
}

bool stored_notices_read(struct stored_frame *frame, struct err *err)
{
    struct cursor cursor;
    size_t capacity = 0;
    bool makes_sense = true;
    if (!read_whether_any(frame, err))
        return false;
    store_query(
        frame->ledger->store, &cursor,
        "SELECT n, level, is_unreplicated, code, text, detail, hint, revision, quotes_values FROM notices"
        " WHERE run = ? ORDER BY n",
        value_int(frame->run.seq));
    while (makes_sense && cursor_next(&cursor)) {
        makes_sense =
            cursor_int(&cursor, 0) == (int64_t)frame->notice_count &&
            read_notice(frame, &cursor,
                        ARENA_PUSH(frame->arena, frame->notices, frame->notice_count, capacity));
    }
    return cursor_end(&cursor, err) &&
           (makes_sense || store_fail_damaged(frame->ledger->store, err));
}

/* A run and its rollback may have kept more together than a session does: the first ones are told. */
bool stored_notices_of(struct stored_frame *frame, int64_t tenant, struct notices *ret_notices,
                       struct err *err)
{
    struct cursor cursor;
    bool makes_sense = true;
    store_query(frame->ledger->store, &cursor,
                "SELECT notice, count FROM tenant_notices WHERE run = ? AND tenant = ?"
                " ORDER BY place",
                value_int(frame->run.seq), value_int(tenant));
    while (makes_sense && cursor_next(&cursor) &&
           ret_notices->kept < ARRAY_LEN(ret_notices->items)) {
        int64_t number = cursor_int(&cursor, 0);
        makes_sense = number >= 0 && (uint64_t)number < frame->notice_count;
        if (!makes_sense)
            break;
        struct notice *notice = &ret_notices->items[ret_notices->kept++];
        *notice = frame->notices[number];
        notice->count = (uint64_t)cursor_int(&cursor, 1);
    }
    return cursor_end(&cursor, err) &&
           (makes_sense || store_fail_damaged(frame->ledger->store, err));
}
