/* A small fleet and what happens to it, for the tests of the report and of the progress.
 *
 *     struct fleet fleet;
 *     fleet_init(&fleet, names, 3);             tenants with these names; the run has started
 *     fleet_moves(&fleet, 0, 1, 3);             acme went from the first revision to the third
 *     fleet_fails(&fleet, 1, TENANT_FAILED, &err);
 *     fleet_ends(&fleet, RUN_FAILED);
 */
#ifndef REPORT_FIXTURE_H
#define REPORT_FIXTURE_H

#include "base/arena.h"
#include "chain/chain.h"
#include "inventory/inventory.h"
#include "report/report.h"

enum { FLEET_REVISIONS = 3 };

struct fleet {
    struct arena arena;
    struct revision revisions[FLEET_REVISIONS];
    const struct revision *list[FLEET_REVISIONS];
    uint32_t topological[FLEET_REVISIONS], heads[1];
    struct chain chain;
    struct request request;
    struct run_info run;
    struct report *report;
    struct observer observer; /* of the events besides the report; may be empty */
};

static inline void fleet_tell(struct fleet *fleet, struct event event)
{
    event.run = &fleet->run;
    report_apply(fleet->report, &event);
    if (fleet->observer.on_event)
        fleet->observer.on_event(fleet->observer.ctx, &event);
}

static inline void fleet_make_chain(struct fleet *fleet)
{
    static const char *const ids[] = {"1975ea83b712", "27c6a30d7c24", "83241ca0f125"};
    static const char *const messages[] = {"Initial", "Added column", "Added table"};
    for (uint32_t i = 0; i < FLEET_REVISIONS; i++) {
        fleet->revisions[i] = (struct revision){.id = ids[i], .message = messages[i], .index = i};
        fleet->list[i] = &fleet->revisions[i];
        fleet->topological[i] = i;
    }
    fleet->heads[0] = FLEET_REVISIONS - 1;
    fleet->chain = (struct chain){.revisions = fleet->list,
                                  .count = FLEET_REVISIONS,
                                  .topological = fleet->topological,
                                  .heads = fleet->heads,
                                  .head_count = 1,
                                  .digest = "5f3a9c"};
}

static inline const struct tenant *fleet_tenant(struct fleet *fleet, const char *name)
{
    static const struct label labels[] = {{"tier", "canary"}};
    struct tenant *tenant = arena_alloc(&fleet->arena, sizeof *tenant);
    *tenant = (struct tenant){.name = name,
                              .url = {.dialect = DIALECT_POSTGRESQL},
                              .url_redacted = "postgresql://app@db1/shop",
                              .server = "db1:5432",
                              .labels = labels,
                              .label_count = ARRAY_LEN(labels)};
    return tenant;
}

/* Sets up everything but tells nothing yet; `names` may be NULL: t0, t1, …. */
static inline void fleet_prepare(struct fleet *fleet, const char *const *names, size_t count)
{
    *fleet = (struct fleet){.report = report_new()};
    arena_init(&fleet->arena);
    fleet_make_chain(fleet);
    const struct tenant **tenants = arena_calloc(&fleet->arena, count + 1, sizeof *tenants);
    for (size_t i = 0; i < count; i++)
        tenants[i] = fleet_tenant(fleet, names ? names[i] : arena_printf(&fleet->arena, "t%zu", i));
    fleet->request = (struct request){.verb = &verbs[VERB_UPGRADE]};
    fleet->run = (struct run_info){.id = "20261123T101500Z-5f3a9c",
                                   .request = &fleet->request,
                                   .target = "head",
                                   .chain = &fleet->chain,
                                   .tenants = tenants,
                                   .tenant_count = count,
                                   .started_at_ms = 1795428900123};
}

/* Two waves: the first tenant is the canary. To be called before the run starts. */
static inline void fleet_splits(struct fleet *fleet)
{
    size_t count = fleet->run.tenant_count;
    struct run_wave *waves = arena_calloc(&fleet->arena, 2, sizeof *waves);
    uint32_t *wave_of = arena_calloc(&fleet->arena, count, sizeof *wave_of);
    waves[0] = (struct run_wave){.name = "canary", .tenant_count = 1};
    waves[1] = (struct run_wave){.name = "everyone", .tenant_count = count - 1};
    for (size_t i = 1; i < count; i++)
        wave_of[i] = 1;
    fleet->run.waves = waves;
    fleet->run.wave_count = 2;
    fleet->run.wave_of = wave_of;
}

static inline void fleet_begins_wave(struct fleet *fleet, size_t wave)
{
    fleet_tell(fleet, (struct event){.kind = EVENT_WAVE_STARTED, .wave = wave});
}

static inline void fleet_ends_wave(struct fleet *fleet, size_t wave, enum run_state state)
{
    fleet_tell(fleet, (struct event){.kind = EVENT_WAVE_FINISHED,
                                     .wave = wave,
                                     .state = state,
                                     .at_ms = 1795428901000});
}

static inline void fleet_starts(struct fleet *fleet)
{
    fleet_tell(fleet, (struct event){.kind = EVENT_RUN_STARTED});
}

static inline void fleet_init(struct fleet *fleet, const char *const *names, size_t count)
{
    fleet_prepare(fleet, names, count);
    fleet_starts(fleet);
}

static inline void fleet_done(struct fleet *fleet)
{
    report_free(fleet->report);
    arena_done(&fleet->arena);
}

static inline void fleet_begins(struct fleet *fleet, size_t tenant)
{
    fleet_tell(fleet, (struct event){.kind = EVENT_TENANT_STARTED, .tenant = tenant});
}

static inline void fleet_finishes(struct fleet *fleet, size_t tenant, const struct outcome *outcome)
{
    fleet_tell(fleet,
               (struct event){.kind = EVENT_TENANT_FINISHED, .tenant = tenant, .outcome = outcome});
}

/* The outcome of a move from the `from`th revision to the `to`th, 0 being base. `steps` has room
 * for FLEET_REVISIONS; `rows` for two. */
static inline struct outcome fleet_outcome(const struct fleet *fleet, size_t from, size_t to,
                                           struct step_done *steps, const char **rows)
{
    for (size_t i = from; i < to; i++)
        steps[i - from] = (struct step_done){&fleet->revisions[i],
                                             DIRECTION_UP,
                                             (uint32_t)(i + 1),
                                             1.9 * (double)(i + 1),
                                             false,
                                             0,
                                             0};
    rows[0] = from ? fleet->revisions[from - 1].id : NULL;
    rows[1] = to ? fleet->revisions[to - 1].id : NULL;
    return (struct outcome){.state = from == to ? TENANT_UNCHANGED : TENANT_SUCCEEDED,
                            .from = {&rows[0], from ? 1 : 0, true},
                            .to = {&rows[1], to ? 1 : 0, true},
                            .steps = steps,
                            .step_count = to - from,
                            .attempts = 1,
                            .duration_ms = 12.345};
}

static inline void fleet_moves(struct fleet *fleet, size_t tenant, size_t from, size_t to)
{
    struct step_done steps[FLEET_REVISIONS];
    const char *rows[2];
    struct outcome outcome = fleet_outcome(fleet, from, to, steps, rows);
    fleet_begins(fleet, tenant);
    fleet_finishes(fleet, tenant, &outcome);
}

/* Back to the first revision, from the third; `err`, or NULL where it went well. */
static inline void fleet_rolls_back(struct fleet *fleet, size_t tenant, enum tenant_state state,
                                    const struct err *err)
{
    const struct step_done step = {&fleet->revisions[2], DIRECTION_DOWN, 1, 2.5, false, 0, 0};
    struct outcome outcome = {.state = state,
                              .is_rollback = true,
                              .has_changed = state == TENANT_ROLLBACK_FAILED,
                              .from = {&fleet->list[2]->id, 1, true},
                              .to = {&fleet->list[err ? 2 : 0]->id, 1, true},
                              .steps = &step,
                              .step_count = err ? 0 : 1,
                              .attempts = 1,
                              .duration_ms = 4,
                              .error = err};
    fleet_finishes(fleet, tenant, &outcome);
}

/* A unique index that meets duplicates, in the third revision. */
static inline struct err fleet_error(void)
{
    struct err err;
    err_at(&err, ERR_SQL, "versions/83241ca0f125_added_table.sql", 12,
           "could not create unique index \"ix\"");
    snprintf(err.code, sizeof err.code, "23505");
    return err;
}

static inline void fleet_fails(struct fleet *fleet, size_t tenant, enum tenant_state state,
                               const struct err *err)
{
    const char *row = fleet->revisions[0].id;
    struct outcome outcome = {.state = state,
                              .from = {&row, 1, err->kind != ERR_CONNECT},
                              .to = {&row, 1, err->kind != ERR_CONNECT},
                              .attempts = 2,
                              .duration_ms = 3,
                              .error = err};
    if (err->line) {
        outcome.error_revision = &fleet->revisions[2];
        outcome.error_statement = "CREATE UNIQUE INDEX ix ON exam (title);";
    }
    fleet_begins(fleet, tenant);
    fleet_finishes(fleet, tenant, &outcome);
}

/* The same error, of which the tenant's database says where. */
static inline struct said fleet_said(const char *detail)
{
    return (struct said){.part = {[SAID_DETAIL] = detail,
                                  [SAID_HINT] = "Look at\nboth rows.",
                                  [SAID_SCHEMA] = "public",
                                  [SAID_TABLE] = "exam",
                                  [SAID_CONSTRAINT] = "ix"}};
}

/* Moves on, and is told something on the way, so often. */
static inline void fleet_hears(struct fleet *fleet, size_t tenant, const struct notice *notice,
                               uint64_t times)
{
    struct step_done steps[FLEET_REVISIONS];
    const char *rows[2];
    struct notices notices = {0};
    struct outcome outcome = fleet_outcome(fleet, 2, 3, steps, rows);
    for (uint64_t i = 0; i < times; i++)
        notices_add(&notices, &fleet->arena, notice);
    outcome.notices = &notices;
    fleet_begins(fleet, tenant);
    fleet_finishes(fleet, tenant, &outcome);
}

static inline void fleet_ends(struct fleet *fleet, enum run_state state)
{
    fleet_tell(fleet,
               (struct event){.kind = EVENT_RUN_FINISHED, .state = state, .duration_ms = 1234.56});
}

/* The report in a format, as malloc'd text. */
/* Not inlined: gcc 12 then takes what open_memstream wrote for the address of a local. */
static __attribute__((noinline, unused)) char *
fleet_write(const struct fleet *fleet, const char *format, const struct report_options *options)
{
    char *text = NULL;
    size_t size = 0;
    struct err err = {0};
    FILE *out = open_memstream(&text, &size);
    if (!report_format_find(format)->write(fleet->report, options, out, &err))
        abort();
    fclose(out);
    return text;
}

#endif
