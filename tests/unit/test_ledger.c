#include "unit/unit.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/buf.h"
#include "unit/ledger_fixture.h"

static struct rows first_revision(const struct fleet *fleet, const char **row)
{
    *row = fleet->revisions[0].id;
    return (struct rows){row, 1, true};
}

static void intends(struct fleet *fleet, size_t tenant, struct rows before, struct rows goal,
                    const char *snapshot)
{
    struct intent intent = {before, goal, snapshot};
    fleet_tell(fleet,
               (struct event){.kind = EVENT_TENANT_INTENT, .tenant = tenant, .intent = &intent});
}

static void assert_rows(struct rows rows, size_t count, const char *first)
{
    assert_true(rows.is_known);
    assert_int_equal(rows.count, count);
    if (count)
        assert_string_equal(rows.ids[0], first);
}

/* ---- a run, told and read ------------------------------------------------------------------ */

static void a_run_is_found_by_its_beginning(void **state)
{
    (void)state;
    struct book book;
    struct fleet fleet;
    struct err err;
    struct ledger_run run;
    book_open(&book);
    book_fleet(&book, &fleet, "20261123T101500Z-5f3a9c", 2);
    fleet_starts(&fleet);
    run = book_find(&book, "20261123");
    assert_string_equal(run.id, "20261123T101500Z-5f3a9c");
    assert_string_equal(run.verb->name, "upgrade");
    assert_string_equal(run.fixed_target, "83241ca0f125");
    assert_string_equal(run.chain_digest, "5f3a9c");
    assert_string_equal(run.holder.host, "here");
    assert_int_equal(run.holder.pid, getpid());
    assert_int_equal(run.state, RUN_RUNNING);
    assert_int_equal(run.tenant_count, 2);
    assert_int_equal(run.totals[TENANT_PENDING], 2);
    assert_null(run.resumed_from);
    assert_false(ledger_find(book.ledger, "2027", &book.arena, &run, &err));
    assert_string_equal(err.code, LEDGER_NO_RUN);
    fleet_done(&fleet);
    book_close(&book);
}

static bool names_copy(struct book *book, const char *part)
{
    struct err err;
    bool does;
    book_must(ledger_names_snapshot(book->ledger, part, &does, &err), &err);
    return does;
}

static void an_intent_stands_until_the_outcome_is_told(void **state)
{
    (void)state;
    struct book book;
    struct fleet fleet;
    const char *row;
    book_open(&book);
    book_fleet(&book, &fleet, "run-1", 3);
    fleet_starts(&fleet);
    intends(&fleet, 1, first_revision(&fleet, &row), (struct rows){NULL, 0, true}, "snap/1.db");
    struct ledger_fleet read = book_standings(&book, NULL);
    assert_int_equal(read.count, 3);
    assert_string_equal(read.names[2], "t2");
    assert_int_equal(read.standings[0].state, TENANT_PENDING);
    assert_false(read.standings[0].before.is_known);
    assert_int_equal(read.standings[1].state, TENANT_RUNNING);
    assert_true(read.standings[1].is_begun);
    assert_false(read.standings[1].has_changed);
    assert_rows(read.standings[1].before, 1, "1975ea83b712");
    assert_rows(read.standings[1].goal, 0, NULL);
    assert_string_equal(read.standings[1].snapshot, "snap/1.db");
    assert_true(names_copy(&book, "snap/"));
    assert_false(names_copy(&book, "trap/"));
    fleet_moves(&fleet, 1, 1, 3);
    read = book_standings(&book, "run-1");
    assert_int_equal(read.standings[1].state, TENANT_SUCCEEDED);
    assert_rows(read.standings[1].before, 1, "1975ea83b712");
    assert_rows(read.standings[1].to, 1, "83241ca0f125");
    fleet_done(&fleet);
    book_close(&book);
}

/* ---- the report of a replay ---------------------------------------------------------------- */

static void apply(void *ctx, const struct event *event)
{
    report_apply(ctx, event);
}

static char *write_report(const struct report *report, const char *format)
{
    char *text = NULL;
    size_t size = 0;
    struct err err;
    FILE *out = open_memstream(&text, &size);
    struct report_options options = {.is_verbose = true};
    book_must(report_format_find(format)->write(report, &options, out, &err), &err);
    fclose(out);
    return text;
}

/* Cmocka shows the beginning of texts, and a page's is its style. */
static void assert_same(const char *read, const char *live)
{
    size_t at = 0;
    for (; read[at] && read[at] == live[at]; at++)
        ;
    size_t before = at < 60 ? at : 60;
    if (read[at] != live[at])
        fail_msg("'%.200s' where the run said '%.200s'", read + at - before, live + at - before);
}

static void assert_replays_as(struct book *book, const struct fleet *fleet)
{
    struct err err;
    struct report *report = report_new();
    const struct observer observer = {apply, report};
    book_must(ledger_replay(book->ledger, fleet->run.id, &book->arena, &observer, &err), &err);
    for (size_t i = 0; report_format_at(i); i++) {
        char *live = write_report(fleet->report, report_format_at(i)->name);
        char *read = write_report(report, report_format_at(i)->name);
        assert_same(read, live);
        free(live);
        free(read);
    }
    report_free(report);
}

static void the_report_of_a_replay_is_that_of_the_run(void **state)
{
    (void)state;
    struct book book;
    struct fleet fleet;
    struct err err = fleet_error(), lost;
    const char *row;
    err_set(&lost, ERR_CONNECT, "connection \"refused\"\n");
    book_open(&book);
    book_fleet(&book, &fleet, "run-1", 8);
    fleet_starts(&fleet);
    intends(&fleet, 0, first_revision(&fleet, &row), (struct rows){NULL, 0, true}, NULL);
    fleet_moves(&fleet, 0, 1, 3);
    fleet_moves(&fleet, 1, 0, 0);
    fleet_tell(&fleet, (struct event){.kind = EVENT_TENANT_RETRIES,
                                      .tenant = 2,
                                      .error = &lost,
                                      .attempt = 1,
                                      .delay_ms = 100});
    fleet_fails(&fleet, 2, TENANT_FAILED, &lost);
    fleet_fails(&fleet, 5, TENANT_PARTIAL, &err);
    fleet_fails(&fleet, 4, TENANT_FAILED, &err);
    fleet_tell(&fleet, (struct event){.kind = EVENT_RUN_DRAINS, .reason = "too many failures"});
    fleet_fails(&fleet, 3, TENANT_SKIPPED, &lost);
    fleet_ends(&fleet, RUN_HALTED);
    assert_replays_as(&book, &fleet);
    book_reopen(&book);
    assert_replays_as(&book, &fleet);
    fleet_done(&fleet);
    book_close(&book);
}

/* Six tenants that fail of one cause in words of their own, and all kinds of notices, more than a run keeps. */
static void what_databases_said_is_replayed(void **state)
{
    enum { TENANTS = NOTICES_OF_RUN_MAX / NOTICES_MAX + 20, FAILED = 6 };
    (void)state;
    struct book book;
    struct fleet fleet;
    book_open(&book);
    book_fleet(&book, &fleet, "run-1", TENANTS);
    fleet_starts(&fleet);
    for (size_t i = FAILED; i-- > 0;) {
        struct err err = fleet_error();
        struct said said = fleet_said(arena_printf(&fleet.arena, "Key (x)=(%zu).", i / 2));
        said.part[SAID_COLUMN] = i ? "x" : NULL;
        err.said = i == 3 ? NULL : &said;
        fleet_fails(&fleet, i, TENANT_FAILED, &err);
    }
    for (size_t i = FAILED; i < TENANTS; i++) {
        struct said said = fleet_said("might not have been replicated");
        struct notices notices = {0};
        for (size_t k = 0; k < 2 * NOTICES_MAX; k++) {
            struct notice notice = {
                .level = k % 3 ? NOTICE_WARNING : NOTICE_INFO,
                .is_unreplicated = k == 17 && i % 2,
                .code = "01000",
                .text = k ? arena_printf(&fleet.arena, "%zu of %zu", k, i) : "said by all",
                .said = k == 17 ? &said : NULL,
                .revision = k % 2 ? &fleet.revisions[2] : NULL,
            };
            notices_add(&notices, &fleet.arena, &notice);
        }
        struct outcome outcome = {.state = TENANT_SUCCEEDED, .attempts = 1, .notices = &notices};
        fleet_finishes(&fleet, i, &outcome);
    }
    fleet_ends(&fleet, RUN_FAILED);
    assert_replays_as(&book, &fleet);
    book_reopen(&book);
    assert_replays_as(&book, &fleet);
    fleet_done(&fleet);
    book_close(&book);
}

static void waves_and_the_rollback_are_replayed(void **state)
{
    (void)state;
    struct book book;
    struct fleet fleet;
    struct err err = fleet_error();
    book_open(&book);
    book_fleet(&book, &fleet, "run-1", 5);
    fleet_splits(&fleet);
    fleet_starts(&fleet);
    fleet_begins_wave(&fleet, 0);
    fleet_moves(&fleet, 0, 1, 3);
    fleet_ends_wave(&fleet, 0, RUN_SUCCEEDED);
    struct ledger_fleet read = book_standings(&book, NULL);
    assert_int_equal(read.wave_count, 2);
    assert_string_equal(read.waves[0].name, "canary");
    assert_int_equal(read.waves[1].tenant_count, 4);
    assert_int_equal(read.wave_states[0], RUN_SUCCEEDED);
    assert_int_equal(read.wave_finished_ms[0], 1795428901000);
    assert_int_equal(read.wave_states[1], RUN__COUNT);
    assert_int_equal(read.wave_of[4], 1);
    fleet_begins_wave(&fleet, 1);
    assert_int_equal(book_standings(&book, NULL).wave_states[1], RUN_RUNNING);
    fleet_moves(&fleet, 1, 1, 3);
    fleet_fails(&fleet, 2, TENANT_FAILED, &err);
    fleet_tell(&fleet, (struct event){.kind = EVENT_RUN_ROLLS_BACK, .reason = "t2 failed"});
    assert_true(book_find(&book, NULL).is_rolling_back);
    fleet_rolls_back(&fleet, 0, TENANT_ROLLED_BACK, NULL);
    err.line = 14;
    fleet_rolls_back(&fleet, 1, TENANT_ROLLBACK_FAILED, &err);
    fleet_ends(&fleet, RUN_ROLLBACK_FAILED);
    assert_replays_as(&book, &fleet);
    assert_int_equal(book_find(&book, NULL).totals[TENANT_SKIPPED], 2);
    fleet_done(&fleet);
    book_close(&book);
}

/* ---- runs that go on with others ----------------------------------------------------------- */

/* `second` goes on with `first`, as its fleet stands in the ledger. */
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

static void changes(struct fleet *fleet, size_t tenant, enum tenant_state tenant_state)
{
    struct step_done steps[FLEET_REVISIONS];
    const char *rows[2], *row;
    struct outcome outcome = fleet_outcome(fleet, 1, 3, steps, rows);
    intends(fleet, tenant, first_revision(fleet, &row), (struct rows){&rows[1], 1, true}, NULL);
    outcome.state = tenant_state;
    outcome.has_changed = true;
    fleet_finishes(fleet, tenant, &outcome);
}

static void a_resumed_run_takes_over_where_tenants_stand(void **state)
{
    (void)state;
    struct book book;
    struct fleet first, second;
    const char *last = "27c6a30d7c24";
    book_open(&book);
    book_fleet(&book, &first, "run-1", 4);
    fleet_starts(&first);
    changes(&first, 0, TENANT_SUCCEEDED);
    changes(&first, 1, TENANT_FAILED);
    fleet_ends(&first, RUN_FAILED);
    goes_on(&book, &second, "run-2", "upgrade", &first);
    struct ledger_fleet read = book_standings(&book, "run-2");
    assert_int_equal(read.standings[0].state, TENANT_SUCCEEDED);
    assert_true(read.standings[0].has_changed);
    assert_int_equal(read.standings[2].state, TENANT_PENDING);
    intends(&second, 1, (struct rows){&last, 1, true}, (struct rows){0}, NULL);
    fleet_moves(&second, 1, 2, 2);
    fleet_ends(&second, RUN_SUCCEEDED);
    read = book_standings(&book, NULL);
    assert_int_equal(read.standings[1].state, TENANT_UNCHANGED);
    assert_true(read.standings[1].has_changed);
    assert_rows(read.standings[1].before, 1, "1975ea83b712");
    assert_rows(read.standings[1].goal, 1, "83241ca0f125");
    assert_rows(read.standings[1].to, 1, last);
    assert_string_equal(book_find(&book, "run-1").resumed_by, "run-2");
    assert_replays_as(&book, &second);
    fleet_done(&first);
    fleet_done(&second);
    book_close(&book);
}

/* A tenant that was begun and has no end on record, and what the next run says of it. */
static void an_end_that_nobody_saw_stays_unknown_until_somebody_looks(void **state)
{
    static const struct {
        size_t found; /* revisions applied; the intent is from 1 to 3 */
        bool is_found;
        enum tenant_state outcome;
        bool has_changed;
        enum tenant_state standing;
    } cases[] = {
        {1, true, TENANT_FAILED, false, TENANT_FAILED},
        {3, true, TENANT_UNCHANGED, true, TENANT_UNCHANGED},
        {2, true, TENANT_FAILED, true, TENANT_FAILED},
        {1, false, TENANT_FAILED, false, TENANT_RUNNING},
        {1, false, TENANT_SKIPPED, false, TENANT_RUNNING},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct book book;
        struct fleet first, second;
        struct step_done steps[FLEET_REVISIONS];
        const char *rows[2], *row;
        book_open(&book);
        book_fleet(&book, &first, "run-1", 1);
        fleet_starts(&first);
        intends(&first, 0, first_revision(&first, &row), (struct rows){&first.list[2]->id, 1, true},
                NULL);
        goes_on(&book, &second, "run-2", "upgrade", &first);
        struct outcome outcome =
            fleet_outcome(&second, cases[i].found, cases[i].found, steps, rows);
        outcome.state = cases[i].outcome;
        outcome.has_changed = cases[i].has_changed;
        outcome.from.is_known = outcome.to.is_known = cases[i].is_found;
        outcome.from.count = outcome.to.count = cases[i].is_found ? 1 : 0;
        fleet_finishes(&second, 0, &outcome);
        struct standing standing = book_standings(&book, "run-2").standings[0];
        assert_int_equal(standing.has_changed, cases[i].has_changed);
        assert_int_equal(standing.state, cases[i].standing);
        assert_int_equal(book_find(&book, "run-2").totals[cases[i].outcome], 1);
        fleet_ends(&second, RUN_HALTED);
        assert_replays_as(&book, &second);
        fleet_done(&first);
        fleet_done(&second);
        book_close(&book);
    }
}

static void a_rollback_takes_changes_away_from_earlier_runs(void **state)
{
    (void)state;
    struct book book;
    struct fleet first, second, back;
    struct err err = fleet_error();
    book_open(&book);
    book_fleet(&book, &first, "run-1", 3);
    fleet_starts(&first);
    changes(&first, 0, TENANT_SUCCEEDED);
    changes(&first, 1, TENANT_SUCCEEDED);
    fleet_ends(&first, RUN_HALTED);
    goes_on(&book, &second, "run-2", "upgrade", &first);
    fleet_ends(&second, RUN_SUCCEEDED);
    goes_on(&book, &back, "run-3", "rollback", &second);
    fleet_rolls_back(&back, 0, TENANT_ROLLED_BACK, NULL);
    fleet_rolls_back(&back, 1, TENANT_ROLLBACK_FAILED, &err);
    assert_true(book_standings(&book, "run-1").standings[0].has_changed);
    assert_false(book_standings(&book, "run-3").standings[0].has_changed);
    assert_true(book_standings(&book, "run-3").standings[1].has_changed);
    fleet_rolls_back(&back, 1, TENANT_ROLLED_BACK, NULL);
    fleet_ends(&back, RUN_SUCCEEDED);
    for (size_t i = 0; i < 2; i++) {
        assert_false(book_standings(&book, "run-1").standings[i].has_changed);
        assert_false(book_standings(&book, "run-2").standings[i].has_changed);
    }
    assert_int_equal(book_find(&book, "run-1").state, RUN_ROLLED_BACK);
    assert_int_equal(book_find(&book, "run-2").state, RUN_ROLLED_BACK);
    assert_int_equal(book_find(&book, "run-3").state, RUN_SUCCEEDED);
    assert_string_equal(book_find(&book, "run-2").rolled_back_by, "run-3");
    assert_null(book_find(&book, "run-2").resumed_by);
    fleet_done(&first);
    fleet_done(&second);
    fleet_done(&back);
    book_close(&book);
}

/* ---- the lock ------------------------------------------------------------------------------ */

/* A process that starts a run and then does nothing until it is killed. */
static pid_t start_other(const struct book *book)
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct book own = *book;
        struct fleet fleet;
        book_reopen(&own);
        book_fleet(&own, &fleet, "run-1", 2);
        fleet_starts(&fleet);
        if (write(ready[1], &byte, 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void the_lock_is_taken_over_from_the_dead(void **state)
{
    (void)state;
    struct book book;
    struct err err;
    struct ledger_holder holder = book_holder("run-2"), other = {0};
    book_make_folder(&book);
    pid_t pid = start_other(&book);
    book.ledger = ledger_open(book.path, LEDGER_WRITE, &err);
    book_must(book.ledger != NULL, &err);
    assert_false(ledger_lock(book.ledger, &holder, &other, &err));
    assert_string_equal(err.code, LEDGER_HELD);
    assert_int_equal(other.pid, pid);
    assert_string_equal(other.run, "run");
    assert_string_equal(other.host, "here");
    assert_int_equal(other.since_ms, 1795428900000);
    assert_int_equal(book_find(&book, NULL).state, RUN_RUNNING);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    for (int i = 0; i < 1000 && book_find(&book, NULL).state == RUN_RUNNING; i++)
        usleep(5000); /* a server notices a little later that its client is gone */
    assert_int_equal(book_find(&book, NULL).state, RUN_INTERRUPTED);
    book_must(ledger_lock(book.ledger, &holder, &other, &err), &err);
    assert_int_equal(book_find(&book, NULL).state, RUN_INTERRUPTED);
    book_close(&book);
}

/* ---- forgetting ---------------------------------------------------------------------------- */

static void makes_run(struct book *book, const char *id, const char *resumed_from, int64_t at_ms,
                      enum run_state end)
{
    struct fleet fleet;
    book_reopen(book);
    book_fleet(book, &fleet, id, 2);
    fleet.run.resumed_from = resumed_from;
    fleet.run.started_at_ms = at_ms;
    fleet_starts(&fleet);
    fleet_moves(&fleet, 0, 0, 3);
    fleet_ends(&fleet, end);
    fleet_done(&fleet);
}

static void make_history(struct book *book)
{
    book_open(book);
    makes_run(book, "run-1", NULL, 1000, RUN_SUCCEEDED);
    makes_run(book, "run-2", NULL, 2000, RUN_FAILED);
    makes_run(book, "run-3", NULL, 3000, RUN_HALTED);
    makes_run(book, "run-4", "run-3", 4000, RUN_SUCCEEDED);
    makes_run(book, "run-5", NULL, 5000, RUN_SUCCEEDED);
}

/* The ids left, the newest first, without their "run-". */
static const char *what_is_left(struct book *book)
{
    struct err err;
    struct ledger_run *runs;
    size_t count;
    struct buf left;
    buf_init(&left, 100);
    book_must(ledger_list(book->ledger, &book->arena, &runs, &count, &err), &err);
    for (size_t i = 0; i < count; i++)
        buf_adds(&left, runs[i].id + strlen("run-"));
    const char *text = arena_strdup(&book->arena, left.data);
    buf_done(&left);
    return text;
}

static void only_what_fits_every_condition_is_forgotten(void **state)
{
    static const struct {
        struct ledger_forget which;
        const char *left;
    } cases[] = {
        {{.keep_newest = SIZE_MAX}, "2"},
        {{.keep_newest = 2}, "542"},
        {{.keep_newest = 100}, "54321"},
        {{.keep_newest = 0, .takes_unfinished = true}, ""},
        {{.keep_newest = SIZE_MAX, .before_ms = 4000}, "542"},
        {{.keep_newest = SIZE_MAX, .before_ms = 3000, .takes_unfinished = true}, "543"},
        {{.keep_newest = 3, .before_ms = 5000}, "5432"},
        {{.keep_newest = SIZE_MAX, .id = "run-4"}, "5321"},
        {{.keep_newest = SIZE_MAX, .id = "run-2"}, "54321"},
        {{.keep_newest = SIZE_MAX, .id = "run-2", .takes_unfinished = true}, "5431"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct book book;
        struct err err;
        size_t count;
        make_history(&book);
        book_must(ledger_forget(book.ledger, &cases[i].which, &count, &err), &err);
        assert_string_equal(what_is_left(&book), cases[i].left);
        assert_int_equal(count, 5 - strlen(cases[i].left));
        book_close(&book);
    }
}

static void a_run_that_goes_on_is_not_forgotten(void **state)
{
    (void)state;
    struct book book;
    struct fleet fleet;
    struct err err;
    struct ledger_forget all = {.keep_newest = 0, .takes_unfinished = true};
    size_t count;
    make_history(&book);
    book_reopen(&book);
    book_fleet(&book, &fleet, "run-6", 3);
    fleet_starts(&fleet);
    struct ledger *other = ledger_open(book.path, LEDGER_WRITE, &err);
    book_must(other != NULL, &err);
    book_must(ledger_forget(other, &all, &count, &err), &err);
    ledger_close(other);
    assert_int_equal(count, 5);
    fleet_moves(&fleet, 1, 0, 3);
    fleet_ends(&fleet, RUN_SUCCEEDED);
    assert_replays_as(&book, &fleet);
    fleet_done(&fleet);
    book_close(&book);
}

static void an_unknown_run_cannot_be_forgotten(void **state)
{
    (void)state;
    struct book book;
    struct err err;
    struct ledger_forget which = {.id = "run-9", .keep_newest = SIZE_MAX};
    size_t count;
    make_history(&book);
    assert_false(ledger_forget(book.ledger, &which, &count, &err));
    assert_string_equal(err.code, LEDGER_NO_RUN);
    which.id = "run-";
    assert_false(ledger_forget(book.ledger, &which, &count, &err));
    assert_non_null(strstr(err.text, "several runs begin with 'run-'"));
    book_close(&book);
}

/* ---- speed --------------------------------------------------------------------------------- */

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* In batches of 1,000 outcomes. The time is printed, not asserted: machines are shared. */
static void time_run(struct book *book, struct fleet *fleet, const char *what)
{
    enum { BATCH = 1000 };
    static struct event events[BATCH];
    static struct outcome outcome;
    struct step_done steps[FLEET_REVISIONS];
    const char *rows[2];
    struct err err;
    double started_us = now_us();
    fleet_starts(fleet);
    double start_us = now_us() - started_us;
    outcome = fleet_outcome(fleet, 3, 3, steps, rows);
    started_us = now_us();
    for (size_t i = 0; i < fleet->run.tenant_count; i += BATCH) {
        for (size_t k = 0; k < BATCH; k++)
            events[k] = (struct event){.kind = EVENT_TENANT_FINISHED,
                                       .run = &fleet->run,
                                       .tenant = i + k,
                                       .outcome = &outcome};
        book_must(ledger_write(book->ledger, events, BATCH, &err), &err);
    }
    fleet_ends(fleet, RUN_SUCCEEDED);
    double end_us = now_us() - started_us;
    size_t count = fleet->run.tenant_count;
    print_message("%s: started in %.2f us a tenant, finished in %.2f us (%.0f rows/s)\n", what,
                  start_us / (double)count, end_us / (double)count, (double)count / end_us * 1e6);
}

/* A tenth of them over a server, which is asked for each. */
static void a_hundred_thousand_tenants_are_written_quickly(void **state)
{
    const size_t count = getenv("SKEIN_TEST_LEDGER") ? 10000 : 100000;
    static const char *const ids[] = {"run-1", "run-2"};
    static const char *const words[] = {"a new fleet", "the same once more"};
    (void)state;
    struct book book;
    struct fleet fleet;
    book_open(&book);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        book_reopen(&book);
        book_fleet(&book, &fleet, ids[i], count);
        time_run(&book, &fleet, words[i]);
        assert_int_equal(book_find(&book, ids[i]).totals[TENANT_UNCHANGED], count);
        fleet_done(&fleet);
    }
    book_close(&book);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_run_is_found_by_its_beginning),
    cmocka_unit_test(an_intent_stands_until_the_outcome_is_told),
    cmocka_unit_test(the_report_of_a_replay_is_that_of_the_run),
    cmocka_unit_test(what_databases_said_is_replayed),
    cmocka_unit_test(waves_and_the_rollback_are_replayed),
    cmocka_unit_test(a_resumed_run_takes_over_where_tenants_stand),
    cmocka_unit_test(an_end_that_nobody_saw_stays_unknown_until_somebody_looks),
    cmocka_unit_test(a_rollback_takes_changes_away_from_earlier_runs),
    cmocka_unit_test(the_lock_is_taken_over_from_the_dead),
    cmocka_unit_test(only_what_fits_every_condition_is_forgotten),
    cmocka_unit_test(a_run_that_goes_on_is_not_forgotten),
    cmocka_unit_test(an_unknown_run_cannot_be_forgotten),
    cmocka_unit_test(a_hundred_thousand_tenants_are_written_quickly),
};

UNIT_MAIN(tests)
