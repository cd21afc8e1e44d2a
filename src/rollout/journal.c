#include "rollout/journal.h"

#include "base/arena.h"

enum { COMPANY_MS = 200, COMPANY_MAX = 2048, AGAIN_MS = 250 };

struct waiter {
    journal_done_fn on_durable;
    void *ctx;
    size_t event; /* SIZE_MAX: it was not taken */
};

struct batch {
    struct arena arena; /* of the events' copies */
    struct event *events;
    size_t count, capacity;
    struct waiter *waiters;
    size_t waiter_count, waiter_capacity;
    struct beat_ask ask;
    struct beat_answer answer;
};

struct journal {
    struct ledger *ledger;
    journal_done_fn on_broken;
    void *ctx;
    struct batch batches[2];
    struct batch *gathering;
    struct batch *writing; /* a worker's; NULL: none is being written */
    uv_loop_t *loop;
    uv_work_t work;
    uv_timer_t company;
    uv_timer_t again;           /* a beat that failed is asked once more */
    struct journal_beats beats; /* `fill` NULL: the run is one machine's */
    struct err err;             /* of the first write that failed */
    bool write_failed;          /* the worker's word */
    bool wants_beat;            /* though no one waits for an event */
    bool is_again;              /* the ledger is to be opened again first */
    bool is_broken;
    bool is_closed;
};

static void start_batch(struct batch *batch)
{
    *batch = (struct batch){0};
    arena_init(&batch->arena);
}

struct journal *journal_new(uv_loop_t *loop, struct ledger *ledger, journal_done_fn on_broken,
                            void *ctx)
{
    struct journal *journal = xcalloc(1, sizeof *journal);
    journal->ledger = ledger;
    journal->loop = loop;
    journal->on_broken = on_broken;
    journal->ctx = ctx;
    for (size_t i = 0; i < ARRAY_LEN(journal->batches); i++)
        start_batch(&journal->batches[i]);
    journal->gathering = &journal->batches[0];
    uv_timer_init(loop, &journal->company);
    uv_timer_init(loop, &journal->again);
    journal->work.data = journal->company.data = journal->again.data = journal;
    return journal;
}

void journal_beat_with(struct journal *journal, const struct journal_beats *beats)
{
    journal->beats = *beats;
}

void journal_free(struct journal *journal)
{
    if (!journal)
        return;
    for (size_t i = 0; i < ARRAY_LEN(journal->batches); i++)
        arena_done(&journal->batches[i].arena);
    free(journal);
}

/* ---- writing ------------------------------------------------------------------------------- */

static bool write_batch(struct journal *journal, struct batch *batch, struct err *err)
{
    if (!journal->beats.fill)
        return !batch->count || ledger_write(journal->ledger, batch->events, batch->count, err);
    bool is_open = !journal->is_again || ledger_reopen(journal->ledger, err);
    return is_open && ledger_beat(journal->ledger, &batch->ask, &batch->arena, &batch->answer, err);
}

/* `is_broken` is the loop's: the worker leaves its word in `write_failed`. */
static void write_on_thread(uv_work_t *work)
{
    struct journal *journal = work->data;
    journal->write_failed = !write_batch(journal, journal->writing, &journal->err);
}

static void start_writing(struct journal *journal);
static void write_soon(struct journal *journal);
static void on_again(uv_timer_t *timer);

/* Drops the events that have gathered meanwhile: they must not be on record without those that came before them. */
static void note_failure(struct journal *journal)
{
    if (!journal->write_failed || journal->is_broken)
        return;
    journal->is_broken = true;
    journal->gathering->count = 0;
    journal->on_broken(journal->ctx, &journal->err);
}

/* The beat is asked once more, and all that waits for it goes on waiting. */
static bool asks_again(struct journal *journal)
{
    bool may = journal->write_failed && journal->beats.fill && !journal->is_closed &&
               (journal->is_again || ledger_may_come_back(journal->ledger)) &&
               journal->beats.may_wait(journal->beats.ctx, &journal->err);
    journal->is_again = may;
    if (may)
        uv_timer_start(&journal->again, on_again, AGAIN_MS, 0);
    return may;
}

static void tell_waiter(const struct journal *journal, const struct batch *done,
                        const struct waiter *waiter)
{
    const struct err *err = journal->is_broken ? &journal->err : NULL;
    bool is_rejected = !err && waiter->event != SIZE_MAX && done->answer.is_rejected &&
                       done->answer.is_rejected[waiter->event];
    struct err taken;
    err_set(&taken, ERR_LEDGER, "another machine has the tenant by now");
    snprintf(taken.code, sizeof taken.code, EVENT_TAKEN_OVER);
    waiter->on_durable(waiter->ctx, is_rejected ? &taken : err);
}

/* A callback that is told may tell more events: the batch is no longer in use by then. */
static void on_written(uv_work_t *work, int status)
{
    struct journal *journal = work->data;
    (void)status; /* never cancelled */
    if (asks_again(journal))
        return;
    struct batch done = *journal->writing;
    start_batch(journal->writing);
    journal->writing = NULL;
    note_failure(journal);
    if (journal->beats.fill && !journal->is_broken)
        journal->beats.take(journal->beats.ctx, &done.answer);
    if (journal->gathering->waiter_count || (journal->wants_beat && !journal->is_broken))
        start_writing(journal);
    for (size_t i = 0; i < done.waiter_count; i++)
        tell_waiter(journal, &done, &done.waiters[i]);
    arena_done(&done.arena);
    write_soon(journal);
}

static void on_again(uv_timer_t *timer)
{
    struct journal *journal = timer->data;
    if (!journal->is_closed)
        uv_queue_work(journal->loop, &journal->work, write_on_thread, on_written);
}

static void fill_ask(struct journal *journal, struct batch *batch, bool is_last)
{
    if (!journal->beats.fill)
        return;
    batch->ask = (struct beat_ask){.events = batch->events, .count = batch->count};
    journal->beats.fill(journal->beats.ctx, &batch->ask, &batch->arena, is_last);
}

/* The two batches change places: one is a worker's, the other gathers. */
static void start_writing(struct journal *journal)
{
    if (journal->writing)
        return; /* on_written goes on */
    journal->wants_beat = false;
    journal->writing = journal->gathering;
    journal->gathering = &journal->batches[journal->writing == &journal->batches[0] ? 1 : 0];
    if (!journal->is_closed)
        uv_timer_stop(&journal->company);
    fill_ask(journal, journal->writing, false);
    uv_queue_work(journal->loop, &journal->work, write_on_thread, on_written);
}

static void on_company(uv_timer_t *timer)
{
    start_writing(timer->data);
}

/* Starts the timer for events that no session waits for. While a write is under way on_written calls this,
 * since no other event may come for long. */
static void write_soon(struct journal *journal)
{
    size_t count = journal->gathering->count;
    if (!count || journal->is_closed || journal->writing)
        return;
    if (count >= COMPANY_MAX)
        start_writing(journal);
    else if (!uv_is_active((uv_handle_t *)&journal->company))
        uv_timer_start(&journal->company, on_company, COMPANY_MS, 0);
}

/* ---- telling ------------------------------------------------------------------------------- */

static void add(struct journal *journal, const struct event *event)
{
    struct batch *batch = journal->gathering;
    event_copy(&batch->arena, event,
               ARENA_PUSH(&batch->arena, batch->events, batch->count, batch->capacity));
}

void journal_tell(struct journal *journal, const struct event *event)
{
    if (journal->is_broken)
        return;
    add(journal, event);
    write_soon(journal);
}

void journal_tell_and_wait(struct journal *journal, const struct event *event,
                           journal_done_fn on_durable, void *ctx)
{
    struct batch *batch = journal->gathering;
    struct waiter waiter = {on_durable, ctx, journal->is_broken ? SIZE_MAX : batch->count};
    if (!journal->is_broken)
        add(journal, event);
    *ARENA_PUSH(&batch->arena, batch->waiters, batch->waiter_count, batch->waiter_capacity) =
        waiter;
    start_writing(journal);
}

void journal_beat(struct journal *journal)
{
    if (journal->is_broken || journal->is_closed)
        return;
    journal->wants_beat = true;
    start_writing(journal);
}

bool journal_has_news(const struct journal *journal)
{
    return journal->gathering->count;
}

/* ---- the end ------------------------------------------------------------------------------- */

void journal_close(struct journal *journal)
{
    journal->is_closed = true;
    uv_close((uv_handle_t *)&journal->company, NULL);
    uv_close((uv_handle_t *)&journal->again, NULL);
}

bool journal_finish(struct journal *journal, struct err *err)
{
    struct batch *batch = journal->gathering;
    fill_ask(journal, batch, true);
    if (!journal->is_broken)
        journal->is_broken = !write_batch(journal, batch, &journal->err);
    if (journal->is_broken)
        *err = journal->err;
    return !journal->is_broken;
}
