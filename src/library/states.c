#include "library/states.h"

#include "base/similar.h"
#include "library/fleet_ledger.h"
#include "library/own.h"
#include "report/model.h"

/* ---- the words ------------------------------------------------------------------------------- */

static bool refuse_state(const char *word, struct err *err)
{
    struct similar similar = similar_to(word);
    err_set(err, ERR_CONFIG, "'%s' is no state of a tenant; there are ", word);
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++) {
        err_add(err, "%s%s", state ? ", " : "", tenant_state_name(state));
        similar_try(&similar, tenant_state_name(state));
    }
    similar_add_hint(err, &similar);
    return false;
}

static bool take_word(struct states *states, const char *word, struct err *err)
{
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++)
        if (strcmp(word, tenant_state_name(state)) == 0) {
            states->is_wanted[state] = true;
            return true;
        }
    return refuse_state(word, err);
}

static bool take_words(struct states *states, const char *text, size_t len, struct err *err)
{
    const char *words = arena_strndup(&states->arena, text, len);
    for (const char *at = words; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (!take_word(states, arena_strndup(&states->arena, at, strcspn(at, ",")), err))
            return false;
    return true;
}

/* ---- the run --------------------------------------------------------------------------------- */

static void on_replayed(void *ctx, const struct event *event)
{
    report_apply(ctx, event);
}

/* The report decides which state a tenant is in. */
static void take_tenants(struct states *states, const struct report *report)
{
    for (size_t i = 0; i < report->run.tenant_count; i++) {
        enum tenant_state state = report->rows[i].state;
        states->totals[state]++;
        if (states->is_wanted[state])
            map_put(&states->names, report->run.tenants[i]->name, (uint32_t)i);
    }
}

static bool read_run(struct states *states, struct fleet *fleet, const char *id, struct err *err)
{
    struct ledger *ledger = fleet_ledger_read(fleet, err);
    struct ledger_run run;
    if (!ledger)
        return false;
    struct report *report = report_new();
    struct observer observer = {on_replayed, report};
    bool is_fine = own_find(fleet, ledger, id, &run, err) &&
                   ledger_replay(ledger, run.id, &states->arena, &observer, err);
    if (is_fine)
        take_tenants(states, report);
    if (is_fine)
        states->asked = run.id;
    report_free(report);
    ledger_close(ledger);
    return is_fine;
}

/* ---- the interface --------------------------------------------------------------------------- */

bool states_read(struct fleet *fleet, const char *text, struct states *ret_states, struct err *err)
{
    struct states *states = ret_states;
    size_t len = strcspn(text, "@");
    *states = (struct states){0};
    arena_init(&states->arena);
    map_init(&states->names);
    if (!take_words(states, text, len, err) ||
        !read_run(states, fleet, text[len] ? text + len + 1 : NULL, err))
        return false;
    states->asked = arena_printf(&fleet->arena, "%.*s@%s", (int)len, text, states->asked);
    return true;
}

void states_done(struct states *states)
{
    map_done(&states->names);
    arena_done(&states->arena);
}

void states_add_none(const struct states *states, struct err *err)
{
    const char *between = "";
    err_add(err, "no tenant is ");
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++)
        if (states->is_wanted[state]) {
            err_add(err, "%s%s", between, tenant_state_name(state));
            between = " or ";
        }
    err_add(err, " in run %s, which has ", strchr(states->asked, '@') + 1);
    between = "";
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++)
        if (states->totals[state]) {
            err_add(err, "%s%zu %s", between, states->totals[state], tenant_state_name(state));
            between = ", ";
        }
    err_add(err, "%s", *between ? "" : "none");
}
