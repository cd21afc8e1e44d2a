#include "rollout/routes.h"

#include "base/arena.h"
#include "base/err.h"
#include "import/import.h"
#include "rollout/plans.h"

struct route {       /* of a tenant */
    uint32_t before; /* numbers in the pool */
    uint32_t goal;
};

struct routes {
    struct routes_options options;
    struct rows_pool *pool;
    struct plans *plans;
    struct arena arena; /* of the plans without steps */
    struct route *items;
    bool is_rollback;
};

struct routes *routes_new(const struct routes_options *options)
{
    struct routes *routes = xcalloc(1, sizeof *routes);
    routes->options = *options;
    arena_init(&routes->arena);
    routes->pool = rows_pool_new();
    routes->plans = plans_new(options->chain, options->target);
    routes->items = xcalloc(options->tenant_count + 1, sizeof *routes->items);
    for (size_t i = 0; options->standings && i < options->tenant_count; i++)
        routes_note(routes, i, &options->standings[i].before, &options->standings[i].goal);
    return routes;
}

void routes_free(struct routes *routes)
{
    if (!routes)
        return;
    plans_free(routes->plans);
    rows_pool_free(routes->pool);
    arena_done(&routes->arena);
    free(routes->items);
    free(routes);
}

void routes_roll_back(struct routes *routes)
{
    routes->is_rollback = true;
}

/* The rows that were seen first are where the tenant stood before. */
void routes_note(struct routes *routes, size_t tenant, const struct rows *before,
                 const struct rows *goal)
{
    struct route *route = &routes->items[tenant];
    if (before && !route->before)
        route->before = rows_pool_put(routes->pool, before);
    if (goal && !route->goal)
        route->goal = rows_pool_put(routes->pool, goal);
}

const struct rows *routes_before(const struct routes *routes, size_t tenant)
{
    return rows_pool_at(routes->pool, routes->items[tenant].before);
}

const struct rows *routes_goal(const struct routes *routes, size_t tenant)
{
    return rows_pool_at(routes->pool, routes->items[tenant].goal);
}

/* Does the place lie between the two, whichever of them is above? */
static bool lies_between(const struct chain *chain, const struct rows *rows, const struct rows *a,
                         const struct rows *b)
{
    return (plan_covers(chain, rows, a) && plan_covers(chain, b, rows)) ||
           (plan_covers(chain, rows, b) && plan_covers(chain, a, rows));
}

static bool refuse(struct err *err, const char *code, const char *words)
{
    err_set(err, ERR_DRIFT, "%s", words);
    snprintf(err->code, sizeof err->code, "%s", code);
    return false;
}

static bool refuse_for(struct err *err, const char *stranger)
{
    err_set(err, ERR_DRIFT,
            "run %s, which is none of this rollout, has worked on it since, so it is not rolled "
            "back; roll that run back first",
            stranger);
    snprintf(err->code, sizeof err->code, ROUTES_MOVED_ON);
    return false;
}

static bool is_elsewhere(const struct routes *routes, size_t tenant)
{
    return routes->options.standings && routes->options.standings[tenant].is_elsewhere;
}

/* The trace in the database of another tenant of the run is that one's. */
static bool check_twin(const struct routes *routes, size_t tenant, struct err *err)
{
    const char *twin = routes->options.standings ? routes->options.standings[tenant].twin : NULL;
    if (!twin)
        return true;
    err_set(
        err, ERR_DRIFT,
        "the inventory names the database in which the run changed tenant '%s': nothing was done "
        "to it; name the database that was changed, and go on",
        twin);
    snprintf(err->code, sizeof err->code, ROUTES_NO_TRACE);
    return false;
}

/* The database says whose work is in it, not the ledger: a URL may name another one by now, and a file may be
 * a stranger's, or a backup from before. */
static bool check_trace(const struct routes *routes, const struct routes_question *question,
                        struct err *err)
{
    if (!check_twin(routes, question->tenant, err))
        return false;
    if (history_holds(question->history, &routes->options.family) ||
        routes_is_untouched(routes, question))
        return true;
    return refuse(err, ROUTES_NO_TRACE,
                  is_elsewhere(routes, question->tenant)
                      ? "the inventory names another database than the run changed, and its "
                        "history (skein_history) knows nothing of the run: nothing was done to it; "
                        "name the database that was changed, and go on"
                      : "its history (skein_history) knows nothing of the run: it is not the "
                        "database that the run changed, or was restored from a backup; nothing "
                        "was done to it");
}

static bool check_moved(const struct routes *routes, const struct routes_question *question,
                        struct err *err)
{
    size_t tenant = question->tenant;
    const struct rows *before = routes_before(routes, tenant), *goal = routes_goal(routes, tenant);
    return !goal->is_known || rows_are_equal(&question->rows, goal) ||
           lies_between(routes->options.chain, &question->rows, before, goal) ||
           refuse(err, ROUTES_MOVED_ON,
                  "it stands where this run did not leave it: others have moved it since, so it "
                  "is not rolled back");
}

/* Refuses to roll back a tenant in which others have worked since: their work is not ours to roll back. */
static bool check_strangers(const struct routes *routes, const struct routes_question *question,
                            struct err *err)
{
    const char *stranger = history_stranger(question->history, &routes->options.family);
    return !stranger || refuse_for(err, stranger);
}

/* Each step rolls back what the rollout did itself, and no one has done again since. */
static bool check_step(const struct routes *routes, const struct routes_question *question,
                       const char *revision, struct err *err)
{
    const char *run = history_last_run(question->history, routes->options.chain, revision);
    if (run && history_is_of(&routes->options.family, run))
        return true;
    if (run)
        return refuse_for(err, run);
    err_set(err, ERR_DRIFT,
            "its history (skein_history) has no row of revision '%s', so that it was not this "
            "rollout that brought it: nothing was done to it",
            revision);
    snprintf(err->code, sizeof err->code, ROUTES_MOVED_ON);
    return false;
}

static bool check_steps(const struct routes *routes, const struct routes_question *question,
                        const struct plan *plan, struct err *err)
{
    if (routes->options.target->command == PLAN_STAMP)
        return !plan->count || check_strangers(routes, question, err);
    for (size_t i = 0; i < plan->count; i++)
        if (plan->steps[i].revision &&
            !check_step(routes, question, plan->steps[i].revision->id, err))
            return false;
    return true;
}

static const struct plan *plan_rollback(struct routes *routes,
                                        const struct routes_question *question, struct err *err)
{
    /* Unknown: the run made the database, and it was empty before. */
    const struct rows *to = routes_before(routes, question->tenant);
    /* A stamp may have replaced rows that name no revision: they come back as they were. */
    struct between between = {question->rows, *to, .directions = BETWEEN_BOTH,
                              .takes_unknown = true};
    if (!check_trace(routes, question, err) || !check_moved(routes, question, err))
        return NULL;
    const struct plan *plan = plans_between(routes->plans, &between, err);
    return plan && check_steps(routes, question, plan, err) ? plan : NULL;
}

const struct plan *routes_plan_of_copy(struct routes *routes,
                                       const struct routes_question *question, struct err *err)
{
    bool may_go = check_trace(routes, question, err) && check_moved(routes, question, err) &&
                  check_strangers(routes, question, err);
    if (!may_go)
        return NULL;
    struct plan *plan = arena_alloc(&routes->arena, sizeof *plan);
    plan->to = *routes_before(routes, question->tenant);
    plan->to.is_known = true;
    return plan;
}

bool routes_has_trace(const struct routes *routes, const struct grid *history)
{
    return history_holds(history, &routes->options.family);
}

bool routes_is_own_run(const struct routes *routes, const char *run)
{
    return history_is_of(&routes->options.family, run);
}

bool routes_is_untouched(const struct routes *routes, const struct routes_question *question)
{
    return !history_holds(question->history, &routes->options.family) &&
           !is_elsewhere(routes, question->tenant) &&
           rows_are_equal(routes_before(routes, question->tenant), &question->rows);
}

bool routes_is_rollback(const struct routes *routes)
{
    return routes->is_rollback;
}

static bool check_regression(struct routes *routes, const struct standing *standing,
                             const struct rows *rows, struct err *err)
{
    const struct rows *left = &standing->reached;
    bool is_up = routes->options.target->command != PLAN_DOWNGRADE;
    if (!left->is_known || (is_up ? plan_covers(routes->options.chain, rows, left)
                                  : plan_covers(routes->options.chain, left, rows)))
        return true;
    err_set(err, ERR_DRIFT,
            "regressed: the ledger says that it was brought to %s%s, and it stands %s now (a "
            "restore, a "
            "failover?); nothing was done to it",
            left->count ? left->ids[0] : "base", left->count > 1 ? ", …" : "",
            rows->count ? rows->ids[0] : "at base");
    snprintf(err->code, sizeof err->code, ROUTES_REGRESSED);
    return false;
}

/* A relative target was resolved when the tenant was begun: it must not mean one more now. */
static const struct plan *plan_on(struct routes *routes, size_t tenant, const struct rows *rows,
                                  struct err *err)
{
    static const unsigned directions[] = {
        [PLAN_UPGRADE] = BETWEEN_UP, [PLAN_DOWNGRADE] = BETWEEN_DOWN, [PLAN_STAMP] = BETWEEN_BOTH};
    struct between between = {*rows, *routes_goal(routes, tenant),
                              .directions = directions[routes->options.target->command],
                              .takes_unknown = routes->options.target->purges};
    return plans_between(routes->plans, &between, err);
}

/* The rows with ids of the chain for Alembic's own, where these are others (import_id). */
static struct rows map_rows(struct arena *arena, const struct chain *chain, const struct rows *rows)
{
    const char **ids = arena_calloc(arena, rows->count + 1, sizeof *ids);
    for (size_t i = 0; i < rows->count; i++) {
        const struct revision *revision = chain_get(chain, import_id(arena, rows->ids[i]));
        ids[i] = revision ? revision->id : rows->ids[i];
    }
    return (struct rows){ids, rows->count, true};
}

/* A tenant that stands there or beyond stays: it was adopted before, and has gone on since. */
static const struct plan *plan_adoption(struct routes *routes, struct arena *arena,
                                        const struct rows *rows, const struct rows *wanted,
                                        struct err *err)
{
    const struct chain *chain = routes->options.chain;
    struct rows mapped = map_rows(arena, chain, rows);
    bool stays = plan_covers(chain, &mapped, wanted);
    struct between between = {*rows, stays ? mapped : *wanted, .directions = BETWEEN_BOTH,
                              .takes_unknown = !rows_are_equal(rows, &mapped)};
    if (stays || plan_covers(chain, wanted, &mapped))
        return plans_between(routes->plans, &between, err);
    err_set(err, ERR_DRIFT, "its version table says '%s' and %s's '%s': stamp it by hand",
            rows->ids[0], routes->options.adoption->name, wanted->ids[0]);
    return NULL;
}

static const struct plan *adopt(struct routes *routes, const struct routes_question *question,
                                struct err *err)
{
    const struct plan *plan = NULL;
    struct rows wanted;
    struct arena arena;
    arena_init(&arena);
    if (adoption_stand(routes->options.adoption, &arena, routes->options.chain, question->foreign,
                       &wanted, err))
        plan = plan_adoption(routes, &arena, &question->rows, &wanted, err);
    arena_done(&arena);
    return plan;
}

bool routes_recall(struct routes *routes, const struct routes_question *question)
{
    const struct routes_options *options = &routes->options;
    struct rows before;
    struct err ignored;
    struct arena arena;
    if (options->adoption || routes_before(routes, question->tenant)->is_known)
        return false;
    arena_init(&arena);
    bool is_recalled = history_before(question->history, options->chain, &options->family,
                                      &question->rows, &arena, &before);
    /* A rollback needs no goal, and what it would take for one is its own target. */
    bool has_goal = is_recalled && !routes->is_rollback;
    const struct plan *plan = has_goal ? plans_get(routes->plans, &before, &ignored) : NULL;
    if (is_recalled)
        routes_note(routes, question->tenant, &before, plan ? &plan->to : NULL);
    arena_done(&arena);
    return is_recalled;
}

bool routes_before_run(const struct routes *routes, const struct routes_question *question,
                       struct arena *arena, struct rows *ret_before)
{
    const struct routes_options *options = &routes->options;
    const struct run_ids own = {options->family.ids + options->family.count - 1, 1};
    return history_before(question->history, options->chain, &own, &question->rows, arena,
                          ret_before);
}

static const struct plan *choose_plan(struct routes *routes, const struct routes_question *question,
                                      struct err *err)
{
    const struct standing *standings = routes->options.standings;
    const struct rows *rows = &question->rows;
    size_t tenant = question->tenant;
    if (routes->is_rollback)
        return plan_rollback(routes, question, err);
    if (standings && !check_regression(routes, &standings[tenant], rows, err))
        return NULL;
    if (routes->options.adoption)
        return adopt(routes, question, err);
    bool was_begun = (standings && standings[tenant].is_begun && standings[tenant].goal.is_known) ||
                     (question->is_recalled && routes_goal(routes, tenant)->is_known);
    if (was_begun)
        return plan_on(routes, tenant, rows, err);
    return plans_get(routes->plans, rows, err);
}

/* A tenant of Alembic's whose ids had to be mapped when they were imported. */
static void hint_at_mapping(const struct routes *routes, const struct rows *rows, struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    struct rows mapped = map_rows(&arena, routes->options.chain, rows);
    for (size_t i = 0; i < rows->count; i++)
        if (strcmp(mapped.ids[i], rows->ids[i]) != 0) {
            err_add(err, ": the chain has it as '%s'; 'skein adopt --from alembic-sql' writes that",
                    mapped.ids[i]);
            break;
        }
    arena_done(&arena);
}

/* Branches allow several valid orders. A step that was left half way is planned first, even if today's order
 * would start elsewhere. */
const struct plan *routes_plan(struct routes *routes, const struct routes_question *question,
                               struct err *err)
{
    const struct plan *plan = choose_plan(routes, question, err), *other;
    const struct revision *first = plan && plan->count ? plan->steps[0].revision : NULL;
    struct err none;
    if (!plan && !routes->is_rollback && !routes->options.adoption)
        hint_at_mapping(routes, &question->rows, err);
    if (!question->begun || !first || strcmp(first->id, question->begun) == 0)
        return plan;
    struct between between = {.from = question->rows,
                              .wanted = plan->to,
                              .directions = BETWEEN_BOTH,
                              .begun = question->begun};
    other = plans_between(routes->plans, &between, &none);
    return other ? other : plan;
}
