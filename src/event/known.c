#include "event/known.h"

/* In a rollback, only a tenant that is back where it stood counts as unchanged again. */
static bool is_back(const struct outcome *outcome)
{
    return outcome->is_rollback &&
           (outcome->state == TENANT_ROLLED_BACK || outcome->state == TENANT_UNCHANGED);
}

/* Once changed, changed, until it is rolled back. */
static bool has_changed(const struct known *known, const struct outcome *outcome)
{
    if (!outcome->is_rollback)
        return known->has_changed || outcome->has_changed;
    return !is_back(outcome) && (known->has_changed || !known->is_on_record);
}

struct known_change known_change(const struct known *known, const struct outcome *outcome)
{
    bool is_added = outcome->is_rollback && known->has_outcome;
    bool could_look = outcome->from.is_known;
    return (struct known_change){
        .is_added = is_added,
        .takes_error = !is_added || outcome->error,
        .takes_to = could_look || outcome->to.is_known,
        .takes_state = !known->is_begun || known->is_open || could_look,
        .has_changed = has_changed(known, outcome),
        .takes_reached = outcome_is_work(outcome),
        .clears_reached = is_back(outcome),
    };
}
