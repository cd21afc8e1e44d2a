#include "unit/unit.h"

#include <stdatomic.h>
#include <unistd.h>

#include "ledger/ledger_kind.h"
#include "rollout/journal.h"

/* A ledger that only counts, and whose first write takes its time. */
struct counting_ledger {
    struct ledger base;
    atomic_bool may_end; /* the first write */
    atomic_size_t written;
};

static bool count_events(struct ledger *base, const struct event *events, size_t count,
                         struct err *err)
{
    struct counting_ledger *ledger = (struct counting_ledger *)(void *)base;
    (void)events;
    (void)err;
    while (!ledger->may_end)
        usleep(1000);
    ledger->written += count;
    return true;
}

static const struct ledger_kind counting = {.write = count_events};

struct telling {
    struct counting_ledger ledger;
    uv_loop_t loop;
    uv_timer_t timer;
    struct journal *journal;
};

static void tell(struct telling *telling)
{
    const struct event event = {.kind = EVENT_NOTE, .reason = "a word"};
    journal_tell(telling->journal, &event);
}

static void on_broken(void *ctx, const struct err *err)
{
    (void)ctx;
    fail_msg("broken: %s", err->text);
}

static void on_durable(void *ctx, const struct err *err)
{
    (void)ctx;
    assert_null(err);
}

/* The loop goes on as it does while a wave soaks: with something to wait for, and nothing told. */
static void on_timer(uv_timer_t *timer)
{
    const struct telling *telling = timer->data;
    if (telling->ledger.written < 2)
        return;
    uv_close((uv_handle_t *)timer, NULL);
    journal_close(telling->journal);
}

static void on_patience(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("told while a write was under way, and never written");
}

static void writes_what_was_told_during_a_write(void **state)
{
    enum { LOOK_MS = 10, PATIENCE_MS = 10000 };
    struct telling telling = {.ledger.base.kind = &counting};
    const struct event event = {.kind = EVENT_NOTE, .reason = "a word that somebody waits for"};
    uv_timer_t patience;
    struct err err;
    (void)state;
    uv_loop_init(&telling.loop);
    uv_timer_init(&telling.loop, &telling.timer);
    uv_timer_init(&telling.loop, &patience);
    telling.timer.data = &telling;
    uv_timer_start(&telling.timer, on_timer, LOOK_MS, LOOK_MS);
    uv_timer_start(&patience, on_patience, PATIENCE_MS, 0);
    uv_unref((uv_handle_t *)&patience);
    telling.journal = journal_new(&telling.loop, &telling.ledger.base, on_broken, NULL);
    journal_tell_and_wait(telling.journal, &event, on_durable, NULL);
    tell(&telling); /* the write is a worker's by now */
    telling.ledger.may_end = true;
    uv_run(&telling.loop, UV_RUN_DEFAULT);
    assert_true(journal_finish(telling.journal, &err));
    assert_int_equal(telling.ledger.written, 2);
    journal_free(telling.journal);
    uv_close((uv_handle_t *)&patience, NULL);
    uv_run(&telling.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&telling.loop), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(writes_what_was_told_during_a_write),
};

UNIT_MAIN(tests)
