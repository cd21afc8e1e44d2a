/* Cases in a line each: waves, tenants, what happens, and all that the scheduler decides meanwhile.
 *
 * A wave is words of a letter and a number: p parallel, s per server, f failures tolerated, w soak in
 * ms; waves are apart by commas. A tenant is its server, a letter (small: no server, so no limit), its wave and,
 * where it shares one, `=` and its database. What happens: `ok1` tenant 1 ends well and was changed, `same1` it ends well as it was,
 * `bad1` it fails, `torn1` it fails half way, `proof1` its login worked, `crowd1`, `ill1`, `full1`, `well1`,
 * `wrote1` of its server, `park1` it waits, `soon1`, `late1`, `alone1` it may go on, `drop1` it does not go back, `at500` the time, `stop`, `trip`, `pause`, `go`. Decisions: `wave0` begins, `end0` it ended, `trip0` it
 * ended tripped, `+1` start, `-1` give up, `wait500`, `back`, `over`. Each `|` is an asking that led to
 * IDLE or WAIT.
 */
#include "unit/unit.h"

#include "base/buf.h"
#include "rollout/scheduler.h"

struct scheduler_case {
    const char *waves, *tenants, *events, *decisions;
    bool needs_proof, rolls_back, never_trips;
    uint32_t only_waves;    /* 0: all */
    const char *changed;    /* tenants that an earlier run changed, in order */
    uint64_t soak_until_ms; /* of the first wave, from an earlier run */
};

enum { SERVERS = 128 };

static const char *next_word(const char *text, char ret_word[16])
{
    size_t len;
    text += strspn(text, " ");
    len = strcspn(text, " ");
    assert_true(len < 16);
    memcpy(ret_word, text, len);
    ret_word[len] = '\0';
    return text + len;
}

static uint32_t number_in(const char *word)
{
    return (uint32_t)strtoul(word + strcspn(word, "0123456789"), NULL, 10);
}

/* Up to the comma or the end. */
static struct scheduler_rules rules_in(const char *text, size_t len, bool never_trips)
{
    struct scheduler_rules rules = {.parallel = 100, .per_server = 100, .never_trips = never_trips};
    for (size_t i = 0; i < len; i++) {
        uint32_t value = number_in(text + i);
        switch (text[i]) {
        case 'p': rules.parallel = value; break;
        case 's': rules.per_server = value; break;
        case 'f': rules.max_failures = value; break;
        case 'w': rules.soak_ms = value; break;
        default: break;
        }
    }
    return rules;
}

static void add_waves(struct scheduler *scheduler, const struct scheduler_case *one)
{
    struct scheduler_rules rules;
    for (const char *at = one->waves; *at;) {
        size_t len = strcspn(at, ",");
        rules = rules_in(at, len, one->never_trips);
        scheduler_add_wave(scheduler, &rules);
        at += len + (at[len] == ',');
    }
    if (one->rolls_back)
        scheduler_roll_back_on_trip(scheduler, &rules);
    if (one->only_waves)
        scheduler_limit_waves(scheduler, one->only_waves);
    if (one->soak_until_ms)
        scheduler_set_soak_until(scheduler, 0, one->soak_until_ms);
}

static void add_tenants(struct scheduler *scheduler, const struct scheduler_case *one)
{
    uint32_t credentials[SERVERS] = {0}, tenant = 0; /* by letter, from 1 */
    char word[16];
    for (const char *at = next_word(one->tenants, word); *word; at = next_word(at, word)) {
        uint32_t *credential = &credentials[word[0] & 127];
        if (!*credential) {
            uint32_t server = scheduler_add_server(scheduler, word[0] >= 'a');
            *credential = 1 + scheduler_add_credential(scheduler, server, one->needs_proof);
        }
        const char *shared = strchr(word, '=');
        uint32_t database = shared ? number_in(shared) : 1000 + tenant;
        scheduler_add_tenant(scheduler, tenant++, number_in(word), *credential - 1, database);
    }
    for (const char *at = next_word(one->changed ? one->changed : "", word); *word;
         at = next_word(at, word))
        scheduler_add_changed(scheduler, number_in(word));
}

static void decide(struct scheduler *scheduler, uint64_t now_ms, struct buf *buf)
{
    for (;;) {
        struct decision decision = scheduler_next(scheduler, now_ms);
        switch (decision.kind) {
        case DECIDE_START: buf_addf(buf, "+%u ", decision.tenant); break;
        case DECIDE_GIVE_UP: buf_addf(buf, "-%u ", decision.tenant); break;
        case DECIDE_WAVE_BEGINS: buf_addf(buf, "wave%u ", decision.wave); break;
        case DECIDE_WAVE_ENDS:
            buf_addf(buf, "%s%u ", decision.has_tripped ? "trip" : "end", decision.wave);
            break;
        case DECIDE_ROLLBACK_BEGINS: buf_adds(buf, "back "); break;
        case DECIDE_WAIT: buf_addf(buf, "wait%u | ", (unsigned)decision.until_ms); return;
        case DECIDE_IDLE: buf_adds(buf, "| "); return;
        case DECIDE_OVER: buf_adds(buf, "over"); return;
        }
    }
}

static void finish(struct scheduler *scheduler, const char *word)
{
    bool is_well = strncmp(word, "ok", 2) == 0, is_same = strncmp(word, "same", 4) == 0;
    bool has_changed = is_well || strncmp(word, "torn", 4) == 0;
    scheduler_finished(scheduler, number_in(word),
                       &(struct finish){.has_failed = !is_well && !is_same,
                                        .has_changed = has_changed,
                                        .is_news = has_changed});
}

static void fall_ill(struct scheduler *scheduler, uint32_t tenant)
{
    scheduler_trouble(scheduler, tenant, false);
}

static void fill_up(struct scheduler *scheduler, uint32_t tenant)
{
    scheduler_trouble(scheduler, tenant, true);
}

static void be_well(struct scheduler *scheduler, uint32_t tenant)
{
    scheduler_well(scheduler, tenant, false);
}

static void write_well(struct scheduler *scheduler, uint32_t tenant)
{
    scheduler_well(scheduler, tenant, true);
}

static void park(struct scheduler *scheduler, uint32_t tenant)
{
    assert_true(scheduler_park(scheduler, tenant));
}

static void return_soon(struct scheduler *scheduler, uint32_t tenant)
{
    scheduler_return(scheduler, tenant, TURN_SOON);
}

static void return_late(struct scheduler *scheduler, uint32_t tenant)
{
    scheduler_return(scheduler, tenant, TURN_LATE);
}

static void return_alone(struct scheduler *scheduler, uint32_t tenant)
{
    scheduler_return(scheduler, tenant, TURN_ALONE);
}

static void happen(struct scheduler *scheduler, const char *word, uint64_t *now_ms)
{
    static const struct {
        const char *name;
        void (*tell)(struct scheduler *scheduler, uint32_t tenant);
    } tellings[] = {{"proof", scheduler_proven},
                    {"crowd", scheduler_crowded},
                    {"ill", fall_ill},
                    {"full", fill_up},
                    {"well", be_well},
                    {"wrote", write_well},
                    {"park", park},
                    {"soon", return_soon},
                    {"late", return_late},
                    {"alone", return_alone},
                    {"drop", scheduler_drop_changed}};
    for (size_t i = 0; i < ARRAY_LEN(tellings); i++)
        if (strncmp(word, tellings[i].name, strlen(tellings[i].name)) == 0) {
            tellings[i].tell(scheduler, number_in(word));
            return;
        }
    if (strncmp(word, "at", 2) == 0)
        *now_ms = number_in(word);
    else if (strcmp(word, "stop") == 0)
        scheduler_stop(scheduler);
    else if (strcmp(word, "pause") == 0)
        scheduler_pause(scheduler, true);
    else if (strcmp(word, "go") == 0)
        scheduler_pause(scheduler, false);
    else if (strcmp(word, "trip") == 0)
        scheduler_trip(scheduler);
    else
        finish(scheduler, word);
}

static void play(const struct scheduler_case *one)
{
    uint32_t count = 0;
    uint64_t now_ms = 0;
    char word[16];
    struct buf buf;
    for (const char *at = next_word(one->tenants, word); *word; at = next_word(at, word))
        count++;
    struct scheduler *scheduler = scheduler_new(count);
    buf_init(&buf, BUF_MAX_DEFAULT);
    add_waves(scheduler, one);
    add_tenants(scheduler, one);
    decide(scheduler, now_ms, &buf);
    for (const char *at = next_word(one->events, word); *word; at = next_word(at, word)) {
        happen(scheduler, word, &now_ms);
        decide(scheduler, now_ms, &buf);
    }
    assert_string_equal(buf.data, one->decisions);
    buf_done(&buf);
    scheduler_free(scheduler);
}

static void play_all(const struct scheduler_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        play(&cases[i]);
}

#define PLAY(...)                                                                                  \
    static const struct scheduler_case cases[] = {__VA_ARGS__};                                    \
    (void)state;                                                                                   \
    play_all(cases, ARRAY_LEN(cases))

static void obeys_its_limits(void **state)
{
    PLAY(
        {.waves = "p2", "A0 A0 A0", "ok0 ok1 ok2", "wave0 +0 +1 | +2 | | end0 over"},
        /* per server: the others take what one leaves */
        {.waves = "p9 s1", "A0 A0 B0 B0", "ok2 ok0 ok3 ok1", "wave0 +0 +2 | +3 | +1 | | end0 over"},
        {.waves = "p3 s2", "A0 A0 A0 B0", "ok0 ok1 ok3 ok2", "wave0 +0 +3 +1 | +2 | | | end0 over"},
        /* files are on no server */
        {.waves = "p9 s1", "a0 a0 a0", "ok0 ok1 ok2", "wave0 +0 +1 +2 | | | end0 over"},
        {.waves = "p1", "", "", "wave0 end0 over"});
}

static void proves_a_login_with_one_tenant(void **state)
{
    PLAY(
        {.waves = "p9",
         "A0 A0 A0 B0",
         "proof0 ok0 ok1 ok2 ok3",
         "wave0 +0 +3 | +1 +2 | | | | end0 over",
         .needs_proof = true},
        /* a tenant that ends without proof leaves the trial to the next one */
        {.waves = "p9 f9", "A0 A0", "bad0 bad1", "wave0 +0 | +1 | end0 over", .needs_proof = true});
}

static void goes_from_wave_to_wave(void **state)
{
    PLAY(
        {.waves = "p9, p1", "A1 A0 A1", "ok1 ok0 ok2", "wave0 +1 | end0 wave1 +0 | +2 | end1 over"},
        {.waves = "p9, p9, p9",
         "A0 A2",
         "ok0 ok1",
         "wave0 +0 | end0 wave1 end1 wave2 +1 | end2 over"},
        {.waves = "p9, p9, p9",
         "A0 A1 A2",
         "ok0 ok1",
         "wave0 +0 | end0 wave1 +1 | end1 over",
         .only_waves = 2});
}

static void soaks_where_something_has_changed(void **state)
{
    PLAY({.waves = "p9 w500, p9",
          "A0 A1",
          "ok0 at499 at500 ok1",
          "wave0 +0 | end0 wait500 | wait500 | wave1 +1 | end1 over"},
         {.waves = "p9 w500, p9",
          "A0 A1",
          "at70 ok0 at570 ok1",
          "wave0 +0 | | end0 wait570 | wave1 +1 | end1 over"},
         {.waves = "p9 w500, p9", "A0 A1", "same0 ok1", "wave0 +0 | end0 wave1 +1 | end1 over"},
         /* no one waits after the last wave, nor where it stops */
         {.waves = "p9 w500", "A0", "ok0", "wave0 +0 | end0 over"},
         {.waves = "p9 w500, p9", "A0 A1", "ok0 stop", "wave0 +0 | end0 wait500 | over"},
         /* what is left of an earlier run's, though nothing changes now */
         {.waves = "p9 w500, p9",
          "A0 A1",
          "same0 at300 same1",
          "wave0 +0 | end0 wait300 | wave1 +1 | end1 over",
          .soak_until_ms = 300});
}

static void begins_nothing_after_a_trip(void **state)
{
    PLAY({.waves = "p1, p1", "A0 A0 A1", "bad0", "wave0 +0 | trip0 over"},
         {.waves = "p2 f1", "A0 A0 A0 A0", "bad0 bad1 ok2", "wave0 +0 +1 | +2 | | trip0 over"},
         {.waves = "p1 f1, p1 f1",
          "A0 A1 A1 A1",
          "bad0 bad1 bad2",
          "wave0 +0 | end0 wave1 +1 | +2 | trip1 over"}, /* each wave counts its own */
         {.waves = "p1", "A0 A0", "bad0 bad1", "wave0 +0 | +1 | end0 over", .never_trips = true},
         {.waves = "p2, p1", "A0 A0 A1", "trip ok0 ok1", "wave0 +0 +1 | | | trip0 over"},
         /* in the soak, by a gate that said no */
         {.waves = "p1 w50, p1", "A0 A1", "ok0 trip", "wave0 +0 | end0 wait50 | over"});
}

static void begins_nothing_while_paused(void **state)
{
    PLAY(
        {.waves = "p1", "A0 A0", "pause ok0 go ok1", "wave0 +0 | | | +1 | end0 over"},
        /* the next wave too; a soak passes */
        {.waves = "p9 w500, p9",
         "A0 A1",
         "ok0 pause at500 at600 go ok1",
         "wave0 +0 | end0 wait500 | wait500 | | | wave1 +1 | end1 over"},
        {.waves = "p9, p9",
         "A0 A1",
         "pause ok0 go ok1",
         "wave0 +0 | | end0 | wave1 +1 | end1 over"},
        /* attempts of those at work */
        {.waves = "p1", "A0 A0", "park0 pause soon0 ok1 ok0", "wave0 +0 | +1 | | | +0 | end0 over"},
        /* no one is given up; a stop ends it, and a trip counts */
        {.waves = "p1", "A0 A0", "pause stop ok0", "wave0 +0 | | | end0 over"},
        {.waves = "p1", "A0 A0", "pause bad0", "wave0 +0 | | trip0 over"},
        {.waves = "p1",
         "A0 A0 A0",
         "ok0 pause bad1 go ok0",
         "wave0 +0 | +1 | | trip0 back | +0 | over",
         .rolls_back = true});
}

static void takes_back_in_reverse_order(void **state)
{
    PLAY({.waves = "p1, p1",
          "A0 A0 A0 A1",
          "ok0 ok1 bad2 ok1 ok0",
          "wave0 +0 | +1 | +2 | trip0 back +1 | +0 | over",
          .rolls_back = true},
         /* in the order of their ends, and none that it did not change */
         {.waves = "p3",
          "A0 A0 A0 A0",
          "ok2 same0 bad1 torn3 ok3 ok2",
          "wave0 +0 +1 +2 | +3 | | | trip0 back +3 +2 | | over",
          .rolls_back = true},
         /* through several waves */
         {.waves = "p9, p9",
          "A0 A1 A1",
          "ok0 ok1 bad2 bad1 ok0",
          "wave0 +0 | end0 wave1 +1 +2 | | trip1 back +1 +0 | | over",
          .rolls_back = true},
         /* what an earlier run has changed goes last */
         {.waves = "p1",
          "A0 A0 A0",
          "ok0 bad1 ok0 ok1",
          "wave0 +0 | +1 | trip0 back +0 | +1 | over",
          .rolls_back = true,
          .changed = "1"},
         {.waves = "p1",
          "A0 A0 A0",
          "drop0 bad0 ok1",
          "wave0 +0 | | trip0 back +1 | over",
          .rolls_back = true,
          .changed = "0 1"},
         {.waves = "p1",
          "A0 A0 A0",
          "drop0 ok0 bad1 ok0",
          "wave0 +0 | | +1 | trip0 back +0 | over",
          .rolls_back = true,
          .changed = "0"},
         {.waves = "p1", "A0 A0", "bad0", "wave0 +0 | trip0 over", .rolls_back = true},
         /* a stop holds on the way back, too */
         {.waves = "p1",
          "A0 A0 A0",
          "ok0 ok1 bad2 stop ok1",
          "wave0 +0 | +1 | +2 | trip0 back +1 | | over",
          .rolls_back = true},
         {.waves = "p1",
          "A0 A0",
          "ok0 stop bad1",
          "wave0 +0 | +1 | | trip0 over",
          .rolls_back = true});
}

static void stops(void **state)
{
    PLAY({.waves = "p2, p1", "A0 A0 A0 A1", "stop ok0 ok1", "wave0 +0 +1 | | | end0 over"},
         {.waves = "p1", "A0", "ok0", "wave0 +0 | end0 over"});
}

static void asks_less_of_a_crowded_server(void **state)
{
    PLAY(/* from 4 to 2; one more again after two rounds that went well, then after one */
         {.waves = "p9 s4",
          "A0 A0 A0 A0 A0 A0 A0 A0 A0 A0 A0",
          "crowd0 ok0 ok1 ok2 ok3 ok4 ok5 ok6 ok7 ok8 ok9 ok10",
          "wave0 +0 +1 +2 +3 | | | | +4 | +5 +6 | +7 | +8 | +9 +10 | | | | end0 over"},
         {.waves = "p9 s1", "A0 A0", "crowd0 ok0 ok1", "wave0 +0 | | +1 | end0 over"},
         /* who ran at the same moment says nothing new; who began afterwards does */
         {.waves = "p9 s4",
          "A0 A0 A0 A0 A0 A0",
          "crowd0 crowd1 crowd2 ok0 ok1 ok2 crowd4 ok3 ok4 ok5",
          "wave0 +0 +1 +2 +3 | | | | | | +4 | | | +5 | end0 over"});
}

static void keeps_no_place_for_who_waits(void **state)
{
    PLAY(/* who returns goes before who has not begun, */
         {.waves = "p9 s1",
          "A0 A0 A0",
          "park0 soon0 ok1 ok0 ok2",
          "wave0 +0 | +1 | | +0 | +2 | end0 over"},
         /* but not where it may wait for others once more */
         {.waves = "p1",
          "A0 A0 B0",
          "park0 late0 ok2 ok1 ok0",
          "wave0 +0 | +2 | | +1 | +0 | end0 over"},
         {.waves = "p2 s1",
          "A0 A0 B0",
          "park0 park1 soon1 soon0 ok1 ok2 ok0",
          "wave0 +0 +2 | +1 | | +1 | | +0 | | end0 over"},
         /* what is in flight finishes, and no tenant is begun */
         {.waves = "p1 f0",
          "A0 A0 A0",
          "park0 bad1 soon0 ok0",
          "wave0 +0 | +1 | | +0 | trip0 over"},
         {.waves = "p1", "A0 A0", "park0 ok1 stop bad0", "wave0 +0 | +1 | | | trip0 over"},
         {.waves = "p1",
          "A0 A0 A0",
          "park0 soon0 stop bad0 ok1",
          "wave0 +0 | +1 | | | | trip0 over"},
         {.waves = "p2",
          "A0 A0",
          "park1 bad0 soon1 ok1 ok1",
          "wave0 +0 +1 | | | +1 | trip0 back +1 | over",
          .rolls_back = true});
}

static void leaves_one_alone_on_its_server(void **state)
{
    PLAY(/* once the others have finished there, and until it has */
         {.waves = "p9 s2",
          "A0 A0 A0 A0 B0 B0 B0",
          "park0 alone0 ok4 ok1 ok2 ok5 ok0 ok3 ok6",
          "wave0 +0 +4 +1 +5 | +2 | | +6 | | +0 | | +3 | | end0 over"},
         /* two that want it, one after the other */
         {.waves = "p9 s2",
          "A0 A0 A0",
          "park0 park1 alone0 alone1 ok2 ok0 ok1",
          "wave0 +0 +1 | +2 | | | | +0 | +1 | end0 over"},
         /* files share no server */
         {.waves = "p9", "a0 a0", "park0 alone0 ok0 ok1", "wave0 +0 +1 | | +0 | | end0 over"});
}

static void spares_a_server_in_trouble(void **state)
{
    PLAY(/* nothing new, once two databases have met it, until one of those at work there is well again */
         {.waves = "p9 s3 f9",
          "A0 A0 A0 A0 A0 B0",
          "ill0 ill1 bad0 bad1 well2 ok2 ok3 ok4 ok5",
          "wave0 +0 +5 +1 +2 | | | | | +3 +4 | | | | end0 over"},
         /* where none is left, the rest is given up: and only there */
         {.waves = "p9 s1 f9",
          "A0 A0 A0 A0 B0 B0",
          "ill0 bad0 ill1 bad1 ok4 ok5",
          "wave0 +0 +4 | | +1 | | -2 -3 | +5 | end0 over"},
         /* who waits may find it well again */
         {.waves = "p9 s1 f9",
          "A0 A0 A0",
          "ill0 park0 ill1 park1 soon0 well0 ok0 ok2 soon1 ok1",
          "wave0 +0 | | +1 | | | +0 | | +2 | | +1 | end0 over"},
         /* files share no server */
         {.waves = "p1 f9", "a0 a0", "ill0 bad0 ok1", "wave0 +0 | | +1 | end0 over"},
         /* the next wave tries again */
         {.waves = "p9 s1 f9, p9",
          "A0 A0 A0 A1",
          "ill0 bad0 ill1 bad1 ok3",
          "wave0 +0 | | +1 | | -2 end0 wave1 +3 | end1 over"});
}

static void tries_another_database_before_it_gives_a_server_up(void **state)
{
    PLAY(/* one alone, and no other of the same database */
         {.waves = "p9 s1 f9",
          "A0=1 A0=1 A0=1 A0=2 A0=2",
          "ill0 bad0 ill3 bad3",
          "wave0 +0 | | +3 | | -1 -2 -4 end0 over"},
         /* that is well: it was the first one's own, whose word does not count again */
         {.waves = "p9 s2 f9",
          "A0 A0 A0 A0 A0",
          "park0 ill0 well1 soon0 ok1 ill0 ok2 bad0 ok3 ok4",
          "wave0 +0 +1 | +2 | | | | +0 | | +3 | +4 | | end0 over"},
         /* that fails for a reason of its own has found out nothing: another is tried */
         {.waves = "p9 s1 f9",
          "A0 A0 A0 A0",
          "ill0 bad0 bad1 well2 ok2 ok3",
          "wave0 +0 | | +1 | +2 | | +3 | end0 over"},
         /* where there is no other, one is enough */
         {.waves = "p9 s1 f9", "A0=1 A0=1 A0=1", "ill0 bad0", "wave0 +0 | | -1 -2 end0 over"},
         /* a full disk is not well before a tenant has written to it */
         {.waves = "p9 s1 f9",
          "A0 A0 A0 A0",
          "full0 bad0 well1 wrote1 ok1 ok2 ok3",
          "wave0 +0 | | +1 | | | +2 | +3 | end0 over"});
}

static void expect_start(struct scheduler *scheduler, uint32_t tenant)
{
    struct decision decision = scheduler_next(scheduler, 0);
    assert_int_equal(decision.kind, DECIDE_START);
    assert_int_equal(decision.tenant, tenant);
}

/* Who feeds the scheduler says what may be begun: after a trip what another machine had begun, after a stop nothing. */
static void begins_what_it_is_fed_after_a_trip_and_not_after_a_stop(void **state)
{
    (void)state;
    struct scheduler *scheduler = scheduler_new(3);
    uint32_t wave = scheduler_add_wave(
        scheduler, &(struct scheduler_rules){.parallel = 2, .per_server = 2, .max_failures = 0});
    uint32_t credential =
        scheduler_add_credential(scheduler, scheduler_add_server(scheduler, true), false);
    for (uint32_t tenant = 0; tenant < 3; tenant++)
        scheduler_add_tenant(scheduler, tenant, wave, credential, tenant);
    scheduler_feed(scheduler);
    scheduler_open(scheduler, wave);
    assert_int_equal(scheduler_next(scheduler, 0).kind, DECIDE_IDLE);
    scheduler_give(scheduler, 1);
    expect_start(scheduler, 1);
    scheduler_trip(scheduler);
    scheduler_give(scheduler, 2);
    expect_start(scheduler, 2);
    scheduler_finished(scheduler, 1, &(struct finish){0});
    scheduler_stop(scheduler);
    scheduler_give(scheduler, 0);
    assert_int_equal(scheduler_next(scheduler, 0).kind, DECIDE_IDLE);
    scheduler_free(scheduler);
}

/* Of a server's tenants that wait, no more than may be begun there take a place. */
static void has_room_beside_those_that_wait_for_their_server(void **state)
{
    (void)state;
    struct scheduler *scheduler = scheduler_new(5);
    uint32_t wave = scheduler_add_wave(
        scheduler, &(struct scheduler_rules){.parallel = 4, .per_server = 2, .max_failures = 9});
    uint32_t credential =
        scheduler_add_credential(scheduler, scheduler_add_server(scheduler, false), false);
    uint32_t file =
        scheduler_add_credential(scheduler, scheduler_add_server(scheduler, true), false);
    for (uint32_t tenant = 0; tenant < 5; tenant++)
        scheduler_add_tenant(scheduler, tenant, wave, tenant < 4 ? credential : file, tenant);
    scheduler_feed(scheduler);
    scheduler_open(scheduler, wave);
    assert_int_equal(scheduler_room(scheduler), 4);
    for (uint32_t tenant = 0; tenant < 4; tenant++)
        scheduler_give(scheduler, tenant);
    assert_int_equal(scheduler_in_hand(scheduler), 4);
    assert_int_equal(scheduler_room(scheduler), 2);
    expect_start(scheduler, 0);
    expect_start(scheduler, 1);
    assert_int_equal(scheduler_next(scheduler, 0).kind, DECIDE_IDLE);
    scheduler_give(scheduler, 4);
    assert_int_equal(scheduler_room(scheduler), 1);
    scheduler_take_back(scheduler);
    assert_int_equal(scheduler_in_hand(scheduler), 2);
    assert_int_equal(scheduler_room(scheduler), 2);
    scheduler_finished(scheduler, 0, &(struct finish){0});
    assert_int_equal(scheduler_room(scheduler), 3);
    scheduler_free(scheduler);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(obeys_its_limits),
    cmocka_unit_test(proves_a_login_with_one_tenant),
    cmocka_unit_test(goes_from_wave_to_wave),
    cmocka_unit_test(soaks_where_something_has_changed),
    cmocka_unit_test(begins_nothing_while_paused),
    cmocka_unit_test(begins_nothing_after_a_trip),
    cmocka_unit_test(takes_back_in_reverse_order),
    cmocka_unit_test(stops),
    cmocka_unit_test(asks_less_of_a_crowded_server),
    cmocka_unit_test(keeps_no_place_for_who_waits),
    cmocka_unit_test(leaves_one_alone_on_its_server),
    cmocka_unit_test(spares_a_server_in_trouble),
    cmocka_unit_test(tries_another_database_before_it_gives_a_server_up),
    cmocka_unit_test(begins_what_it_is_fed_after_a_trip_and_not_after_a_stop),
    cmocka_unit_test(has_room_beside_those_that_wait_for_their_server),
};

UNIT_MAIN(tests)
