/* What a ledger keeps over several runs of one rollout, and over versions of its own tables. */
#include "unit/unit.h"

#include "event/moment.h"

#include "unit/ledger_fixture.h"

static void goes_on(struct book *book, struct fleet *second, const char *id, const char *command,
                    const struct fleet *first)
{
    book_reopen(book);
    struct ledger_fleet read = book_standings(book, first->run.id);
    book_fleet(book, second, id, read.count);
    second->request.verb = verb_find(command);
    second->run.resumed_from = first->run.id;
    second->run.standings = read.standings;
    fleet_starts(second);
}

static void assert_reached(struct book *book, const char *run, const char *id)
{
    struct rows reached = book_standings(book, run).standings[0].reached;
    assert_int_equal(reached.is_known, id != NULL);
    if (id)
        assert_string_equal(reached.ids[0], id);
}

static void falls_back(struct fleet *fleet)
{
    struct step_done steps[FLEET_REVISIONS];
    const char *rows[2];
    struct err err;
    err_set(&err, ERR_DRIFT, "regressed");
    struct outcome outcome = fleet_outcome(fleet, 1, 1, steps, rows);
    outcome.state = TENANT_FAILED;
    outcome.has_changed = outcome.has_regressed = true;
    outcome.error = &err;
    fleet_begins(fleet, 0);
    fleet_finishes(fleet, 0, &outcome);
    fleet_ends(fleet, RUN_FAILED);
}

/* The first to see it is not the last: each later run goes by what the rollout had made of it. */
static void what_a_rollout_reached_outlasts_the_runs_that_find_less(void **state)
{
    (void)state;
    struct book book;
    struct fleet first, second, third, back;
    struct err none = {0};
    book_open(&book);
    book_fleet(&book, &first, "run-1", 1);
    fleet_starts(&first);
    fleet_moves(&first, 0, 1, 3);
    fleet_ends(&first, RUN_SUCCEEDED);
    assert_reached(&book, "run-1", "83241ca0f125");
    goes_on(&book, &second, "run-2", "upgrade", &first);
    falls_back(&second);
    assert_reached(&book, "run-2", "83241ca0f125");
    goes_on(&book, &third, "run-3", "upgrade", &second);
    err_set(&none, ERR_CONNECT, "connection refused");
    fleet_fails(&third, 0, TENANT_FAILED, &none);
    fleet_ends(&third, RUN_FAILED);
    assert_reached(&book, "run-3", "83241ca0f125");
    goes_on(&book, &back, "run-4", "rollback", &third);
    fleet_rolls_back(&back, 0, TENANT_ROLLED_BACK, NULL);
    fleet_ends(&back, RUN_SUCCEEDED);
    assert_reached(&book, "run-4", NULL);
    fleet_done(&first);
    fleet_done(&second);
    fleet_done(&third);
    fleet_done(&back);
    book_close(&book);
}

static bool has_id(const char *const *ids, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(ids[i], id) == 0)
            return true;
    return false;
}

static void all_runs_of_a_rollout_are_one_family(void **state)
{
    static const struct {
        const char *id, *from;
    } runs[] = {{"a", NULL}, {"b", "a"}, {"other", NULL}, {"c", "b"}, {"back", "b"}, {"d", "back"}};
    (void)state;
    struct book book;
    book_open(&book);
    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        struct fleet fleet;
        book_reopen(&book);
        book_fleet(&book, &fleet, runs[i].id, 1);
        fleet.run.resumed_from = runs[i].from;
        fleet.run.inventory = i % 2 ? "../prod.yaml" : NULL;
        fleet.request.purges = i % 2;
        fleet.request.forces = !(i % 2);
        fleet_starts(&fleet);
        fleet_ends(&fleet, RUN_FAILED);
        fleet_done(&fleet);
    }
    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        const char *const *ids;
        size_t count;
        struct err err;
        book_must(ledger_read_family(book.ledger, runs[i].id, &book.arena, &ids, &count, &err),
                  &err);
        bool is_other = strcmp(runs[i].id, "other") == 0;
        assert_int_equal(count, is_other ? 1 : ARRAY_LEN(runs) - 1);
        assert_true(has_id(ids, count, runs[i].id));
        assert_int_equal(has_id(ids, count, "other"), is_other);
        struct ledger_run run = book_find(&book, runs[i].id), older;
        assert_int_equal(run.purges, i % 2);
        assert_int_equal(run.forces, !(i % 2));
        assert_int_equal(run.inventory != NULL, i % 2);
        assert_int_equal(ledger_find_older(book.ledger, runs[i].id, &book.arena, &older, &err),
                         i > 0);
        if (i)
            assert_string_equal(older.id, runs[i - 1].id);
        else
            assert_string_equal(err.code, LEDGER_NO_RUN);
    }
    book_close(&book);
}

/* The command stays text in the ledger. */
static void a_command_of_a_newer_skein_is_read_and_not_known(void **state)
{
    static const struct verb rehearse = {.name = "rehearse", .changes = true};
    (void)state;
    struct book book;
    struct fleet fleet;
    book_open(&book);
    book_fleet(&book, &fleet, "run-1", 1);
    fleet.request.verb = &rehearse;
    fleet_starts(&fleet);
    fleet_ends(&fleet, RUN_FAILED);
    book_reopen(&book);
    struct ledger_run run = book_find(&book, NULL);
    assert_string_equal(run.verb->name, "rehearse");
    assert_true(run.verb->is_unknown);
    fleet_done(&fleet);
    book_close(&book);
}

struct told {
    struct halt halt;
    char output[64], gate[32], by[32], select[64], reason[64];
    size_t halts, fleet_size, select_count, name_count;
};

static void on_told(void *ctx, const struct event *event)
{
    struct told *told = ctx;
    const struct origin *origin = &event->run->origin;
    if (event->kind != EVENT_RUN_DRAINS)
        return;
    told->halts++;
    told->halt = *event->halt;
    told->fleet_size = origin->fleet_size;
    told->select_count = origin->selects.count;
    told->name_count = origin->names.count;
    snprintf(told->reason, sizeof told->reason, "%s", event->reason);
    snprintf(told->output, sizeof told->output, "%s", event->halt->output);
    snprintf(told->gate, sizeof told->gate, "%s", event->halt->gate);
    snprintf(told->by, sizeof told->by, "%s", origin->by);
    snprintf(told->select, sizeof told->select, "%s", origin->selects.items[1]);
}

static void who_made_a_run_and_what_halted_it_is_kept(void **state)
{
    static const char *const selects[] = {"tier=canary", "!legacy,\nregion=eu"};
    struct halt gate = {.kind = HALT_GATE, .gate = "after_wave", .status = 3, .output = "a\nb"};
    struct halt later = {.kind = HALT_SIGNAL, .signal = 15};
    (void)state;
    struct book book;
    struct fleet fleet;
    struct told told = {0};
    struct err err;
    book_open(&book);
    book_fleet(&book, &fleet, "run-1", 2);
    fleet.run.origin =
        (struct origin){.by = "alice@db1", .fleet_size = 41, .selects = {selects, 2}};
    fleet_starts(&fleet);
    fleet_tell(&fleet,
               (struct event){.kind = EVENT_RUN_DRAINS, .reason = "it said no", .halt = &gate});
    fleet_tell(&fleet,
               (struct event){.kind = EVENT_RUN_DRAINS, .reason = "stopping", .halt = &later});
    fleet_tell(&fleet, (struct event){.kind = EVENT_RUN_DRAINS, .reason = "cancelling"});
    fleet_ends(&fleet, RUN_HALTED);
    struct observer observer = {on_told, &told};
    assert_true(ledger_replay(book.ledger, "run-1", &book.arena, &observer, &err));
    assert_int_equal(told.halts, 1);
    assert_string_equal(told.reason, "it said no");
    assert_int_equal(told.halt.kind, HALT_GATE);
    assert_int_equal(told.halt.status, 3);
    assert_null(told.halt.wave);
    assert_string_equal(told.gate, "after_wave");
    assert_string_equal(told.output, "a\nb");
    assert_string_equal(told.by, "alice@db1");
    assert_int_equal(told.fleet_size, 41);
    assert_int_equal(told.select_count, 2);
    assert_string_equal(told.select, "!legacy, region=eu");
    assert_int_equal(told.name_count, 0);
    assert_int_equal(book_find(&book, NULL).halt->kind, HALT_GATE);
    fleet_done(&fleet);
    book_close(&book);
}

struct moments {
    struct moment items[8];
    size_t count;
    size_t halts; /* events that say why the run was halted */
};

static void on_moment(void *ctx, const struct event *event)
{
    struct moments *moments = ctx;
    moments->halts += event->halt != NULL;
    if (!moment_of(event, &moments->items[moments->count]))
        return;
    struct moment *moment = &moments->items[moments->count++];
    moment->by = moment->by ? strdup(moment->by) : NULL;
    moment->reason = moment->reason ? strdup(moment->reason) : NULL;
}

static void when_a_run_stood_still_and_who_had_it_do_so_is_kept(void **state)
{
    struct halt stop = {.kind = HALT_SIGNAL, .signal = 15};
    (void)state;
    struct book book;
    struct fleet fleet;
    struct moments told = {0};
    struct err err;
    book_open(&book);
    book_fleet(&book, &fleet, "run-1", 2);
    fleet_starts(&fleet);
    fleet_tell(&fleet, (struct event){.kind = EVENT_RUN_PAUSED,
                                      .reason = "asked for",
                                      .at_ms = 1000,
                                      .by = "alice@db1"});
    fleet_tell(&fleet, (struct event){.kind = EVENT_RUN_CONTINUES, .at_ms = 4000, .by = "bob"});
    fleet_tell(&fleet,
               (struct event){
                   .kind = EVENT_RUN_DRAINS, .reason = "stopping", .halt = &stop, .at_ms = 5000});
    fleet_tell(&fleet,
               (struct event){.kind = EVENT_RUN_DRAINS, .reason = "cancelling", .at_ms = 6000});
    fleet_tell(&fleet, (struct event){.kind = EVENT_RUN_ROLLS_BACK, .reason = "x", .at_ms = 7000});
    fleet_ends(&fleet, RUN_INTERRUPTED);
    struct observer observer = {on_moment, &told};
    assert_true(ledger_replay(book.ledger, "run-1", &book.arena, &observer, &err));
    assert_int_equal(told.count, 5);
    assert_int_equal(told.halts, 1);
    assert_int_equal(told.items[0].kind, MOMENT_PAUSED);
    assert_string_equal(told.items[0].by, "alice@db1");
    assert_string_equal(told.items[0].reason, "asked for");
    assert_int_equal(told.items[1].at_ms, 4000);
    assert_string_equal(told.items[1].by, "bob");
    assert_null(told.items[1].reason);
    assert_string_equal(told.items[2].reason, "stopping");
    assert_null(told.items[2].by);
    assert_string_equal(told.items[3].reason, "cancelling");
    assert_int_equal(told.items[4].kind, MOMENT_ROLLS_BACK);
    for (size_t i = 0; i < told.count; i++) {
        free((char *)(uintptr_t)told.items[i].by);
        free((char *)(uintptr_t)told.items[i].reason);
    }
    struct ledger_forget all = {.id = "run-1", .takes_unfinished = true};
    size_t count;
    book_must(ledger_forget(book.ledger, &all, &count, &err), &err);
    assert_int_equal(count, 1);
    fleet_done(&fleet);
    book_close(&book);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(when_a_run_stood_still_and_who_had_it_do_so_is_kept),
    cmocka_unit_test(who_made_a_run_and_what_halted_it_is_kept),
    cmocka_unit_test(what_a_rollout_reached_outlasts_the_runs_that_find_less),
    cmocka_unit_test(all_runs_of_a_rollout_are_one_family),
    cmocka_unit_test(a_command_of_a_newer_skein_is_read_and_not_known),
};

UNIT_MAIN(tests)
