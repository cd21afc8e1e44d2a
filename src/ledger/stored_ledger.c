/* The ledger whose rows are in a store: opening and locking. */
#include "ledger/stored.h"

#include <assert.h>

static void stored_close(struct ledger *base)
{
    struct stored_ledger *ledger = stored_of(base);
    store_close(ledger->store);
    buf_done(&ledger->key);
    arena_done(&ledger->arena);
    free(ledger);
}

static struct stored_ledger *stored_new(struct store *store, const char *where)
{
    struct stored_ledger *ledger = xcalloc(1, sizeof *ledger);
    ledger->base.kind = &ledger_stored;
    ledger->store = store;
    arena_init(&ledger->arena);
    ledger->where = arena_strdup(&ledger->arena, where);
    buf_init(&ledger->key, BUF_MAX_DEFAULT);
    for (enum series series = 0; series < SERIES__COUNT; series++)
        intern_init(&ledger->series[series].known, &ledger->arena);
    return ledger;
}

static struct ledger *stored_open(const char *where, enum ledger_access access, struct err *err)
{
    struct store *store = store_open(where, access, err);
    if (store && stored_schema_prepare(store, err) && store_settle(store, access, err))
        return &stored_new(store, where)->base;
    if (store && store_may_come_back(store))
        snprintf(err->code, sizeof err->code, LEDGER_AWAY);
    store_close(store);
    return NULL;
}

/* ---- the lock ------------------------------------------------------------------------------ */

/* The process that left a run `running` is dead, or the lock would not be ours. No machine joins it any more. */
static bool bury(struct store *store, struct err *err)
{
    int64_t dead;
    if (!store_get(store, err, &dead, "SELECT count(*) FROM runs WHERE state = ?",
                   value_int(RUN_RUNNING)))
        return false;
    return !dead ||
           (store_run(store, err, "UPDATE runs SET state = ? WHERE state = ?",
                      value_int(RUN_INTERRUPTED), value_int(RUN_RUNNING)) &&
            store_run_plain(store, err, "DELETE FROM expectations") && store_inspect(store, err));
}

static bool bury_the_dead(struct store *store, struct err *err)
{
    return store_begin(store, err) && store_end(store, bury(store, err), err);
}

static bool stored_lock(struct ledger *base, const struct ledger_holder *holder,
                        struct ledger_holder *ret_other, struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    assert(!ledger->is_locked);
    if (!store_lock(ledger->store, holder, ret_other, err))
        return false;
    ledger->holder = *holder;
    ledger->is_locked = bury_the_dead(ledger->store, err);
    if (!ledger->is_locked)
        store_unlock(ledger->store);
    return ledger->is_locked;
}

const struct ledger_kind ledger_stored = {
    .open = stored_open,
    .close = stored_close,
    .lock = stored_lock,
    .write = stored_write,
    .find = stored_find,
    .find_older = stored_find_older,
    .read_family = stored_read_family,
    .list = stored_list,
    .read_fleet = stored_read_fleet,
    .read_told = stored_read_told,
    .read_chain = stored_read_chain,
    .names_snapshot = stored_names_snapshot,
    .read_paces = stored_read_paces,
    .read_timings = stored_read_timings,
    .read_visits = stored_read_visits,
    .replay = stored_replay,
    .forget = stored_forget,
    .can_share = stored_can_share,
    .read_course = stored_read_course,
    .join = stored_join,
    .beat = stored_beat,
    .may_come_back = stored_may_come_back,
    .reopen = stored_reopen,
};
