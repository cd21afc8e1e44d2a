#include "inventory/told.h"
#include "ledger/ledger_kind.h"

struct ledger *ledger_open(const char *where, enum ledger_access access, struct err *err)
{
    return ledger_stored.open(where, access, err);
}

void ledger_close(struct ledger *ledger)
{
    if (ledger)
        ledger->kind->close(ledger);
}

bool ledger_lock(struct ledger *ledger, const struct ledger_holder *holder,
                 struct ledger_holder *ret_other, struct err *err)
{
    return ledger->kind->lock(ledger, holder, ret_other, err);
}

bool ledger_write(struct ledger *ledger, const struct event *events, size_t count, struct err *err)
{
    return ledger->kind->write(ledger, events, count, err);
}

bool ledger_find(struct ledger *ledger, const char *id, struct arena *arena,
                 struct ledger_run *ret_run, struct err *err)
{
    return ledger->kind->find(ledger, id, arena, ret_run, err);
}

bool ledger_find_older(struct ledger *ledger, const char *id, struct arena *arena,
                       struct ledger_run *ret_run, struct err *err)
{
    return ledger->kind->find_older(ledger, id, arena, ret_run, err);
}

bool ledger_read_family(struct ledger *ledger, const char *id, struct arena *arena,
                        const char *const **ret_ids, size_t *ret_count, struct err *err)
{
    return ledger->kind->read_family(ledger, id, arena, ret_ids, ret_count, err);
}

bool ledger_list(struct ledger *ledger, struct arena *arena, struct ledger_run **ret_runs,
                 size_t *ret_count, struct err *err)
{
    return ledger->kind->list(ledger, arena, ret_runs, ret_count, err);
}

bool ledger_read_fleet(struct ledger *ledger, const char *id, struct arena *arena,
                       struct ledger_fleet *ret_fleet, struct err *err)
{
    return ledger->kind->read_fleet(ledger, id, arena, ret_fleet, err);
}

bool ledger_read_told(struct ledger *ledger, const char *id, struct arena *arena,
                      struct told_fleet *ret_told, struct err *err)
{
    *ret_told = (struct told_fleet){0};
    return !ledger->kind->read_told || ledger->kind->read_told(ledger, id, arena, ret_told, err);
}

bool ledger_read_chain(struct ledger *ledger, const char *digest, struct arena *arena,
                       struct ledger_chain_file **ret_files, size_t *ret_count, struct err *err)
{
    return ledger->kind->read_chain(ledger, digest, arena, ret_files, ret_count, err);
}

bool ledger_names_snapshot(struct ledger *ledger, const char *part, bool *ret_does, struct err *err)
{
    return ledger->kind->names_snapshot(ledger, part, ret_does, err);
}

bool ledger_replay(struct ledger *ledger, const char *id, struct arena *arena,
                   const struct observer *observer, struct err *err)
{
    return ledger->kind->replay(ledger, id, arena, observer, err);
}

bool ledger_read_visits(struct ledger *ledger, const struct ledger_visits *which,
                        struct arena *arena, struct visit **ret_visits, size_t *ret_count,
                        struct err *err)
{
    return ledger->kind->read_visits(ledger, which, arena, ret_visits, ret_count, err);
}

bool ledger_forget(struct ledger *ledger, const struct ledger_forget *which, size_t *ret_count,
                   struct err *err)
{
    return ledger->kind->forget(ledger, which, ret_count, err);
}

bool ledger_can_share(const struct ledger *ledger)
{
    return ledger->kind->can_share && ledger->kind->can_share(ledger);
}

bool ledger_read_course(struct ledger *ledger, const char *id, struct arena *arena,
                        struct ledger_course *ret_course, struct err *err)
{
    if (ledger->kind->read_course)
        return ledger->kind->read_course(ledger, id, arena, ret_course, err);
    err_set(err, ERR_LEDGER, "the ledger's runs are one machine's");
    snprintf(err->code, sizeof err->code, LEDGER_NO_COURSE);
    return false;
}

bool ledger_join(struct ledger *ledger, const struct run_info *run, struct err *err)
{
    return ledger->kind->join(ledger, run, err);
}

bool ledger_beat(struct ledger *ledger, const struct beat_ask *ask, struct arena *arena,
                 struct beat_answer *ret_answer, struct err *err)
{
    return ledger->kind->beat(ledger, ask, arena, ret_answer, err);
}

bool ledger_may_come_back(const struct ledger *ledger)
{
    return ledger->kind->may_come_back && ledger->kind->may_come_back(ledger);
}

bool ledger_reopen(struct ledger *ledger, struct err *err)
{
    return ledger->kind->reopen(ledger, err);
}

bool ledger_read_paces(struct ledger *ledger, const struct ledger_way *way, struct arena *arena,
                       struct pace *ret_paces, struct err *err)
{
    if (ledger->kind->read_paces)
        return ledger->kind->read_paces(ledger, way, arena, ret_paces, err);
    memset(ret_paces, 0, DIALECT__COUNT * sizeof *ret_paces);
    return true;
}

bool ledger_read_timings(struct ledger *ledger, struct arena *arena, struct timings *ret_timings,
                         struct err *err)
{
    if (ledger->kind->read_timings)
        return ledger->kind->read_timings(ledger, arena, ret_timings, err);
    *ret_timings = (struct timings){0};
    return true;
}
