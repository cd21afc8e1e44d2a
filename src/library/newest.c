#include "library/newest.h"

#include "library/own.h"

static bool has_changes(struct fleet *fleet, struct ledger *ledger, const struct ledger_run *run,
                        bool *ret_has, struct err *err)
{
    struct ledger_fleet past;
    *ret_has = false;
    if (!ledger_read_fleet(ledger, run->id, &fleet->arena, &past, err))
        return false;
    for (size_t i = 0; i < past.count && !*ret_has; i++)
        *ret_has = standing_may_have_changed(&past.standings[i]);
    return true;
}

/* A rollback that is not done can go on. */
static bool can_roll_back(struct fleet *fleet, struct ledger *ledger, const struct ledger_run *run,
                          bool *ret_can, struct err *err)
{
    *ret_can = run->verb->rolls_back && run->is_unfinished;
    if (run->verb->rolls_back || run->state == RUN_ROLLED_BACK)
        return true;
    return has_changes(fleet, ledger, run, ret_can, err);
}

/* A run of which a part was rolled back does not go forward again: only another rollback goes on with it. */
static bool can_resume(const struct ledger_run *run, const struct ledger_run *runs, size_t count)
{
    bool goes_back = run->verb->rolls_back || run->is_rolling_back;
    if (!run->is_unfinished || goes_back || !run->rolled_back_by)
        return run->is_unfinished;
    for (size_t i = 0; i < count; i++)
        if (strcmp(runs[i].id, run->rolled_back_by) == 0)
            return runs[i].is_unfinished;
    return false;
}

/* Is the run of this inventory, over, and of at least one tenant? */
static bool is_candidate(struct fleet *fleet, struct ledger *ledger, const struct ledger_run *run,
                         bool *ret_is, struct err *err)
{
    *ret_is = run->tenant_count && run->state != RUN_RUNNING && !run->verb->is_unknown;
    return !*ret_is || own_is(fleet, ledger, run, ret_is, err);
}

bool newest_find(struct fleet *fleet, struct ledger *ledger, bool is_rollback,
                 struct newest *ret_newest, struct err *err)
{
    struct ledger_run *runs;
    const struct ledger_run *found = NULL, *first = NULL;
    size_t count, capacity = 0;
    *ret_newest = (struct newest){0};
    if (!ledger_list(ledger, &fleet->arena, &runs, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct ledger_run *run = &runs[i];
        bool is_it;
        if (!is_candidate(fleet, ledger, run, &is_it, err))
            return false;
        if (!is_it)
            continue;
        first = first ? first : run;
        if (!is_rollback || found)
            is_it = can_resume(run, runs, count);
        else if (!can_roll_back(fleet, ledger, run, &is_it, err))
            return false;
        bool is_same_rollout =
            found && run->rolled_back_by && strcmp(run->rolled_back_by, found->id) == 0;
        if (is_it && !found)
            found = run;
        else if (run->is_unfinished && !is_same_rollout)
            *ARENA_PUSH(&fleet->arena, ret_newest->others, ret_newest->other_count, capacity) = run;
    }
    if (!first)
        return own_find(fleet, ledger, NULL, &ret_newest->run, err);
    ret_newest->run = found ? *found : *first;
    ret_newest->is_due = found != NULL;
    return true;
}
