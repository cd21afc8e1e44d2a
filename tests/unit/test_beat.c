/* What a beat writes and answers, asked of the ledger's own SQL: over a ledger in a file, and over PostgreSQL where SKEIN_TEST_LEDGER names one.
 *
 * A case is a table of beats and of what each is answered:
 *
 *     {"m1 wants 2", "wave 0: t0.1 t1.1"}
 *
 * A beat is the machine and, after it: `wants N`; `tN:STATE`, the end of a tenant that it has (`intent`: that it was begun); `drops tN`, which it
 * holds no more; `as NAME`; `yes` or `no`, to the gate that it asks; `stops`, by a signal; `leaves`; `again`, the beat before it once more.
 * `m1 dies` ends its lease, `soaked` the soak at hand, and `lost` those that no one reaches. An answer is the phase and the wave, with
 * what was claimed (`!`: taken over, and how it stands), `lost tN`, `refused tN`, `asks GATE`.
 */
#include "unit/unit.h"

#include <signal.h>

#include "base/buf.h"
#include "rollout/gates.h"
#include "ledger/beat.h"
#include "unit/ledger_fixture.h"

enum { MACHINES = 4, TENANTS = 8, BEATS = 24, EVENTS = 8 };
enum { GATES_BEFORE_RUN = 1u << GATE_BEFORE_RUN, GATES_AFTER_WAVE = 1u << GATE_AFTER_WAVE };

struct beat_case {
    const char *name;
    size_t tenants;
    bool has_waves; /* the first tenant is a canary */
    bool rolls_back;
    unsigned gates;
    uint32_t per_server;
    int64_t max_failures;
    uint64_t soak_ms;
    const char *reach; /* of the last tenant */
    const char *beats[BEATS][2];
};

static const struct beat_case cases[] = {
    {"a tenant is given out once, and the run ends with the last one", .tenants = 3,
     .per_server = 8,
     .beats = {{"m1 wants 2", "wave 0: t0.1 t1.1"},
               {"m2 wants 2", "wave 0: t2.1"},
               {"m1 t0:succeeded t1:unchanged wants 2", "wave 0"},
               {"m2 t2:succeeded", "over succeeded"},
               {"m1", "over succeeded"}}},
    {"the limit for each server is all machines'", .tenants = 4, .per_server = 2,
     .beats = {{"m1 wants 1", "wave 0: t0.1"},
               {"m2 wants 4", "wave 0: t1.1"},
               {"m3 wants 4", "wave 0"},
               {"m1 t0:succeeded wants 4", "wave 0: t2.1"},
               {"m2 t1:succeeded", "wave 0"},
               {"m3 wants 4", "wave 0: t3.1"}}},
    {"a wave begins once all of the one before it are done", .tenants = 3, .has_waves = true,
     .per_server = 8,
     .beats = {{"m1 wants 8", "wave 0: t0.1"},
               {"m2 wants 8", "wave 0"},
               {"m1 t0:succeeded", "wave 1"},
               {"m2 wants 8", "wave 1: t1.1 t2.1"},
               {"m2 t1:succeeded t2:succeeded", "over succeeded"}}},
    {"what happened under a claim that is someone else's is refused", .tenants = 2, .per_server = 8,
     .beats = {{"m1 wants 1", "wave 0: t0.1"},
               {"m1 t0:intent", "wave 0"},
               {"m1 dies", ""},
               {"m2 wants 1", "wave 0: t0.2!running"},
               {"m1 t0:succeeded wants 1", "wave 0: t1.1 refused t0"},
               {"m2 t0:succeeded", "wave 0"},
               {"m1 t1:succeeded", "over succeeded"}}},
    {"an outcome of a lease that is over is refused, though no one has the tenant", .tenants = 1,
     .per_server = 8,
     .beats = {{"m1 wants 1", "wave 0: t0.1"},
               {"m1 t0:intent", "wave 0"},
               {"m1 dies", ""},
               {"m1 t0:succeeded wants 1", "wave 0: t0.2!running refused t0"},
               {"m1 t0:succeeded", "over succeeded"}}},
    {"a tenant that was not begun is taken over as a new one", .tenants = 1, .per_server = 8,
     .beats = {{"m1 wants 1", "wave 0: t0.1"},
               {"m1 dies", ""},
               {"m2 wants 1", "wave 0: t0.2"},
               {"m2 t0:succeeded", "over succeeded"}}},
    {"a beat that is asked once more writes once, and gives nothing twice", .tenants = 3,
     .per_server = 8, .max_failures = 1,
     .beats = {{"m1 wants 1", "wave 0: t0.1"},
               {"m1 t0:failed wants 1", "wave 0: t1.1"},
               {"m1 again", "wave 0: t1.2"}, /* of which it had not heard */
               {"m1 t1:succeeded wants 1", "wave 0: t2.1"},
               {"m1 t2:succeeded", "over failed"}}},
    {"a machine that leaves gives back what it has", .tenants = 2, .per_server = 8,
     .beats = {{"m1 wants 2", "wave 0: t0.1 t1.1"},
               {"m1 t0:succeeded leaves", "wave 0"},
               {"m2 wants 2", "wave 0: t1.2"},
               {"m2 t1:succeeded", "over succeeded"}}},
    {"what a machine holds no more goes back", .tenants = 2, .per_server = 8,
     .beats = {{"m1 wants 2", "wave 0: t0.1 t1.1"},
               {"m1 drops t1", "wave 0"},
               {"m2 wants 2", "wave 0: t1.2"}}},
    {"after a trip nothing is begun, and what had been begun ends", .tenants = 4, .per_server = 8,
     .beats = {{"m1 wants 1", "wave 0: t0.1"},
               {"m2 wants 1", "wave 0: t1.1"},
               {"m2 t1:intent", "wave 0"},
               {"m1 t0:failed wants 4", "wave 0 tripped"},
               {"m2 dies", ""},
               {"m1 wants 4", "wave 0 tripped: t1.2!running"},
               {"m1 t1:succeeded wants 4", "over halted tripped"}}},
    {"after a trip, a server whose tenants no one is to begin gets no turn", .tenants = 3,
     .per_server = 8, .reach = "host-7",
     .beats = {{"m1 wants 1", "wave 0: t0.1"},
               {"m2 as host-7 wants 9", "wave 0: t1.1 t2.1"},
               {"m2 as host-7 t2:intent drops t1", "wave 0"},
               {"m1 t0:failed", "wave 0 tripped"},
               {"m2 dies", ""},
               {"m3 as host-7 wants 1", "wave 0 tripped: t2.2!running"}}},
    {"failures of all machines count together", .tenants = 6, .per_server = 8, .max_failures = 1,
     .beats = {{"m1 wants 1", "wave 0: t0.1"},
               {"m2 wants 1", "wave 0: t1.1"},
               {"m1 t0:failed wants 1", "wave 0: t2.1"},
               {"m2 t1:failed wants 1", "wave 0 tripped"},
               {"m1 t2:succeeded wants 1", "over halted tripped"}}},
    {"all machines bring back what was changed, the newest first", .tenants = 4, .rolls_back = true,
     .per_server = 8,
     .beats = {{"m1 wants 4", "wave 0: t0.1 t1.1 t2.1 t3.1"},
               {"m1 t0:intent t1:intent t2:intent t3:intent", "wave 0"},
               {"m1 t1:succeeded t0:succeeded t2:unchanged", "wave 0"},
               {"m1 t3:failed", "rollback 1 tripped"},
               {"m2 wants 1", "rollback 1 tripped: t0.2"},
               {"m1 wants 9", "rollback 1 tripped: t1.2"},
               {"m2 t0:rolled_back", "rollback 1 tripped"},
               {"m1 t1:rolled_back", "over rolled_back tripped"}}},
    {"what one machine brings back it brings back in that order, too", .tenants = 5,
     .rolls_back = true, .per_server = 8,
     .beats = {{"m1 wants 5", "wave 0: t0.1 t1.1 t2.1 t3.1 t4.1"},
               {"m1 t1:succeeded t3:succeeded t0:succeeded t2:succeeded", "wave 0"},
               {"m1 t4:failed wants 5", "rollback 1 tripped: t2.2 t0.2 t3.2 t1.2"}}},
    {"a tenant that no one could look at goes back with the others", .tenants = 3,
     .rolls_back = true, .per_server = 8,
     .beats = {{"m1 wants 1", "wave 0: t0.1"},
               {"m1 t0:intent", "wave 0"},
               {"m1 dies", ""},
               {"m2 wants 2", "wave 0: t0.2!running t1.1"},
               {"m2 t0:in_doubt wants 1", "wave 0 tripped"},
               {"m2 t1:unchanged", "rollback 1 tripped"},
               {"m2 wants 9", "rollback 1 tripped: t0.3"},
               {"m2 t0:rolled_back", "over rolled_back tripped"}}},
    {"a gate is asked by one machine, and once more where that one is gone", .tenants = 1,
     .gates = GATES_BEFORE_RUN, .per_server = 8,
     .beats = {{"m1 wants 1", "before 0 asks before_run"},
               {"m2 wants 1", "before 0"},
               {"m1 dies", ""},
               {"m2 wants 1", "before 0 asks before_run"},
               {"m1 yes wants 1", "before 0"},
               {"m2 yes wants 1", "wave 0: t0.1"}}},
    {"a gate that says no ends the run, and the next wave is not begun", .tenants = 2,
     .has_waves = true, .gates = GATES_AFTER_WAVE, .per_server = 8,
     .beats = {{"m1 wants 1", "wave 0: t0.1"},
               {"m1 t0:succeeded", "after_wave 0 asks after_wave"},
               {"m1 no", "over halted tripped"}}},
    {"a soak is waited for before the next wave", .tenants = 2, .has_waves = true, .per_server = 8,
     .soak_ms = 3600000,
     .beats = {{"m1 wants 1", "wave 0: t0.1"},
               {"m1 t0:intent", "wave 0"},
               {"m1 t0:succeeded wants 1", "soak 0"},
               {"m2 wants 1", "soak 0"},
               {"soaked", ""},
               {"m2 wants 1", "wave 1: t1.1"}}},
    {"a stop ends what is in flight, and begins nothing more", .tenants = 3, .per_server = 8,
     .beats = {{"m1 wants 1", "wave 0: t0.1"},
               {"m2 wants 1", "wave 0: t1.1"},
               {"m1 stops wants 2", "wave 0"},
               {"m2 t1:succeeded wants 2", "wave 0"},
               {"m1 t0:succeeded", "over interrupted"}}},
    {"a tenant of a host is that machine's alone, and told where it never came", .tenants = 2,
     .per_server = 8, .reach = "host-7",
     .beats = {{"m1 wants 9", "wave 0: t0.1"},
               {"m1 t0:succeeded wants 9", "wave 0"},
               {"m2 as host-7 wants 9", "wave 0: t1.1"},
               {"m2 as host-7 drops t1 leaves", "wave 0"},
               {"m1 wants 9", "wave 0"},
               {"soaked", ""},
               {"m1 wants 9", "over failed tripped"}}},
};

/* ---- the machines ------------------------------------------------------------------------------ */

struct crew {
    struct book book;
    struct fleet fleet;
    const struct beat_case *row;
    uint32_t epochs[MACHINES][TENANTS]; /* that each holds; 0: it does not */
    uint64_t numbers[MACHINES];
    bool asks[MACHINES]; /* a gate */
    bool has_begun;
    struct event events[EVENTS];
    struct outcome outcomes[EVENTS];
    struct step_done steps[EVENTS];
    struct intent intents[EVENTS];
    struct beat_ask last;
};

static const char *const base_rows[] = {NULL};

static void prepare_fleet(struct crew *crew)
{
    const struct beat_case *row = crew->row;
    struct fleet *fleet = &crew->fleet;
    fleet_prepare(fleet, NULL, row->tenants);
    fleet_splits(fleet);
    struct run_wave *waves = (struct run_wave *)(uintptr_t)fleet->run.waves;
    if (!row->has_waves) {
        fleet->run.wave_count = 1;
        waves[0].tenant_count = row->tenants;
        memset((void *)(uintptr_t)fleet->run.wave_of, 0, row->tenants * sizeof(uint32_t));
    }
    for (size_t i = 0; i < fleet->run.wave_count; i++) {
        waves[i].max_failures = row->max_failures;
        waves[i].knows_rules = true;
        waves[i].soak_ms = row->soak_ms;
    }
    if (row->reach) {
        struct tenant *last = (struct tenant *)(uintptr_t)fleet->run.tenants[row->tenants - 1];
        struct label *label = arena_alloc(&fleet->arena, sizeof *label);
        *label = (struct label){"reachable_from", row->reach};
        last->labels = label;
        last->label_count = 1;
    }
}

/* What else may happen to the ledger's rows, by time. */
static void alter(const struct crew *crew, const char *sql)
{
    const char *url = getenv("SKEIN_TEST_LEDGER");
    if (url) {
        PGconn *conn = PQconnectdb(url);
        PGresult *set = PQexec(conn, "SET search_path = skein_ledger"), *result = PQexec(conn, sql);
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            fail_msg("%s", PQerrorMessage(conn));
        PQclear(set);
        PQclear(result);
        PQfinish(conn);
        return;
    }
    sqlite3 *db;
    assert_int_equal(sqlite3_open(crew->book.path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static enum tenant_state state_of(const char *word)
{
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++)
        if (strcmp(tenant_state_name(state), word) == 0)
            return state;
    fail_msg("no state is called '%s'", word);
    return TENANT__COUNT;
}

static void add_event(struct crew *crew, size_t machine, const char *word)
{
    static struct err refused;
    size_t tenant = (size_t)strtoul(word + 1, NULL, 10), n = crew->last.count++;
    const char *what = strchr(word, ':') + 1;
    bool is_intent = strcmp(what, "intent") == 0;
    const struct rows base = {base_rows, 0, true};
    uint32_t *epoch = &crew->epochs[machine][tenant];
    err_set(&refused, ERR_SQL, "refused");
    crew->events[n] =
        (struct event){.kind = is_intent ? EVENT_TENANT_INTENT : EVENT_TENANT_FINISHED,
                       .run = &crew->fleet.run,
                       .tenant = tenant,
                       .epoch = *epoch,
                       .intent = &crew->intents[n],
                       .outcome = &crew->outcomes[n]};
    crew->intents[n] = (struct intent){.before = base, .goal = base};
    if (is_intent)
        return;
    enum tenant_state state = state_of(what);
    bool is_bad = tenant_state_is_bad(state);
    crew->outcomes[n] = (struct outcome){.state = state,
                                         .error = is_bad ? &refused : NULL,
                                         .has_changed = state == TENANT_SUCCEEDED,
                                         .is_rollback = state == TENANT_ROLLED_BACK,
                                         .attempts = 1};
    if (!is_bad)
        crew->outcomes[n].from = crew->outcomes[n].to = base;
    if (state == TENANT_SUCCEEDED) {
        crew->steps[n] = (struct step_done){.revision = &crew->fleet.revisions[0], .statements = 1};
        crew->outcomes[n].steps = &crew->steps[n];
        crew->outcomes[n].step_count = 1;
    }
    *epoch = 0;
}

static void begin_run(struct crew *crew, struct beat_ask *ask, struct course_plan *plan,
                      struct course_wave *waves)
{
    const struct beat_case *row = crew->row;
    for (size_t i = 0; i < crew->fleet.run.wave_count; i++)
        waves[i] = (struct course_wave){.parallel = 8, .per_server = row->per_server};
    *plan = (struct course_plan){.course = {.gates = row->gates,
                                            .rolls_back = row->rolls_back,
                                            .wave_limit = (uint32_t)crew->fleet.run.wave_count,
                                            .lease_ms = 3600000},
                                 .waves = waves};
    crew->events[ask->count++] = (struct event){.kind = EVENT_RUN_STARTED, .run = &crew->fleet.run};
    ask->begins = plan;
    crew->has_begun = true;
}

static void stop(struct crew *crew, struct beat_ask *ask)
{
    static const struct halt halt = {.kind = HALT_SIGNAL, .signal = SIGTERM};
    crew->events[ask->count++] = (struct event){
        .kind = EVENT_RUN_DRAINS, .run = &crew->fleet.run, .reason = "stopped", .halt = &halt};
}

/* ---- what is asked ----------------------------------------------------------------------------- */

static void read_word(struct crew *crew, size_t machine, char *word, char **rest)
{
    static const struct halt no = {.kind = HALT_GATE, .wave = "canary", .gate = "after_wave"};
    struct beat_ask *ask = &crew->last;
    if (strchr(word, ':')) {
        add_event(crew, machine, word);
    } else if (strcmp(word, "wants") == 0) {
        ask->wanted = (uint32_t)strtoul(strtok_r(NULL, " ", rest), NULL, 10);
    } else if (strcmp(word, "drops") == 0) {
        crew->epochs[machine][strtoul(strtok_r(NULL, " ", rest) + 1, NULL, 10)] = 0;
    } else if (strcmp(word, "as") == 0) {
        ask->machine.name = strtok_r(NULL, " ", rest);
    } else if (strcmp(word, "yes") == 0 || strcmp(word, "no") == 0) {
        ask->answers_gate = true;
        ask->gate_has_passed = *word == 'y';
        ask->gate_halt = ask->gate_has_passed ? NULL : &no;
        ask->gate_reason = "the gate says no";
        crew->asks[machine] = false;
    } else if (strcmp(word, "stops") == 0) {
        stop(crew, ask);
    } else if (strcmp(word, "leaves") == 0) {
        ask->leaves = true;
        memset(crew->epochs[machine], 0, sizeof crew->epochs[machine]);
    } else {
        fail_msg("what is '%s'?", word);
    }
}

static void add_holds(struct crew *crew, size_t machine, struct held_claim *holds)
{
    struct beat_ask *ask = &crew->last;
    ask->holds = holds;
    ask->hold_count = 0;
    for (uint32_t i = 0; i < TENANTS; i++)
        if (crew->epochs[machine][i])
            holds[ask->hold_count++] = (struct held_claim){i, crew->epochs[machine][i]};
}

/* ---- what is answered -------------------------------------------------------------------------- */

static void tell_answer(struct crew *crew, size_t machine, const struct beat_answer *answer,
                        struct buf *text)
{
    static const char *const phases[] = {[COURSE_BEFORE] = "before",
                                         [COURSE_WAVE] = "wave",
                                         [COURSE_AFTER_WAVE] = "after_wave",
                                         [COURSE_SOAK] = "soak",
                                         [COURSE_ROLLBACK] = "rollback",
                                         [COURSE_AFTER_RUN] = "after_run",
                                         [COURSE_OVER] = "over"};
    const struct course *course = &answer->course;
    buf_addf(text, "%s", phases[course->phase]);
    if (course->phase == COURSE_OVER)
        buf_addf(text, " %s", run_state_name(course->end));
    else
        buf_addf(text, " %u", course->wave);
    buf_adds(text, course->has_tripped ? " tripped" : "");
    for (size_t i = 0; i < answer->claimed_count; i++) {
        const struct claimed_tenant *claimed = &answer->claimed[i];
        buf_addf(text, "%s t%u.%u%s%s", i ? "" : ":", claimed->tenant, claimed->epoch,
                 claimed->is_taken_over ? "!" : "",
                 claimed->is_taken_over ? tenant_state_name(claimed->standing->state) : "");
        crew->epochs[machine][claimed->tenant] = claimed->epoch;
    }
    for (size_t i = 0; i < answer->lost_count; i++) {
        buf_addf(text, " lost t%u", answer->lost[i]);
        if (crew->epochs[machine][answer->lost[i]] == 1)
            crew->epochs[machine][answer->lost[i]] = 0;
    }
    for (size_t i = 0; i < crew->last.count; i++)
        if (answer->is_rejected[i])
            buf_addf(text, " refused t%zu", crew->last.events[i].tenant);
    if (answer->gate != GATE__COUNT)
        buf_addf(text, " asks %s", gate_name(answer->gate));
    crew->asks[machine] |= answer->gate != GATE__COUNT;
}

static void beat(struct crew *crew, size_t machine, char *words, struct buf *text)
{
    static const char *const names[MACHINES] = {"m0", "m1", "m2", "m3"};
    struct held_claim holds[TENANTS * 2];
    struct course_plan plan;
    struct course_wave waves[2];
    struct beat_answer answer;
    struct err err;
    char *rest = words, *word;
    bool is_again = strcmp(words, "again") == 0;
    if (is_again) { /* it has not heard of what it was given */
        crew->last.begins = NULL;
    } else {
        crew->last = (struct beat_ask){.run = &crew->fleet.run,
                                       .machine = {(int64_t)machine, names[machine], "here", 1},
                                       .number = ++crew->numbers[machine],
                                       .events = crew->events,
                                       .gates = crew->row->gates};
        if (!crew->has_begun)
            begin_run(crew, &crew->last, &plan, waves);
        while ((word = strtok_r(rest, " ", &rest)))
            read_word(crew, machine, word, &rest);
    }
    crew->last.asks_gate = crew->asks[machine];
    if (is_again)
        memset(crew->epochs[machine], 0, sizeof crew->epochs[machine]);
    add_holds(crew, machine, holds);
    book_must(ledger_beat(crew->book.ledger, &crew->last, &crew->book.arena, &answer, &err), &err);
    tell_answer(crew, machine, &answer, text);
}

/* Is it answered as it is expected? */
static bool play(struct crew *crew, const char *line, const char *expected)
{
    char words[128], *rest = words;
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    snprintf(words, sizeof words, "%s", line);
    const char *who = strtok_r(rest, " ", &rest);
    if (strcmp(who, "soaked") == 0) {
        alter(crew, "UPDATE courses SET until_ms = 1");
    } else if (strcmp(rest, "dies") == 0) {
        char sql[96];
        snprintf(sql, sizeof sql, "UPDATE machines SET lease_until_ms = 1 WHERE id = %s", who + 1);
        alter(crew, sql);
    } else {
        beat(crew, (size_t)(who[1] - '0'), rest, &text);
    }
    bool is_well = strcmp(text.len ? text.data : "", expected) == 0;
    if (!is_well)
        print_error("%s: '%s' is answered with '%s', and not '%s'\n", crew->row->name, line,
                    text.len ? text.data : "", expected);
    buf_done(&text);
    return is_well;
}

static void answers_each_beat_by_what_all_machines_did(void **state)
{
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        static struct crew crew;
        crew = (struct crew){.row = &cases[i]};
        book_open(&crew.book);
        prepare_fleet(&crew);
        for (size_t k = 0; k < BEATS && cases[i].beats[k][0]; k++)
            wrong += !play(&crew, cases[i].beats[k][0], cases[i].beats[k][1]);
        fleet_done(&crew.fleet);
        book_close(&crew.book);
    }
    assert_int_equal(wrong, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(answers_each_beat_by_what_all_machines_did),
};

UNIT_MAIN(tests)
