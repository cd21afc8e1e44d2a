#include "rollout/journal.h"

#include "base/arena.h"

enum { COMPANY_MS = 200, COMPANY_MAX = 2048 };

struct waiter {
    journal_done_fn on_durable;
    void *ctx;
};

struct batch {
    struct arena arena; /* of the events' copies */
    struct event *events;
    size_t count, capacity;
    struct waiter *waiters;
    size_t waiter_count, waiter_capacity;
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
    struct err err;    /* of the first write that failed */
    bool write_failed; /* the worker's word */
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
    journal->work.data = journal->company.data = journal;
    return journal;
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

/* `is_broken` is the loop's: the worker leaves its word in `write_failed`. */
static void write_on_thread(uv_work_t *work)
{
    struct journal *journal = work->data;
    const struct batch *batch = journal->writing;
    journal->write_failed =
        batch->count && !ledger_write(journal->ledger, batch->events, batch->count, &journal->err);
}

static void start_writing(struct journal *journal);
static void write_soon(struct journal *journal);

/* Drops the events that have gathered meanwhile: they must not be on record without those that came before them. */
static void note_failure(struct journal *journal)
{
    if (!journal->write_failed || journal->is_broken)
        return;
    journal->is_broken = true;
    journal->gathering->count = 0;
    journal->on_broken(journal->ctx, &journal->err);
}

/* A callback that is told may tell more events: the batch is no longer in use by then. */
static void on_written(uv_work_t *work, int status)
{
    struct journal *journal = work->data;
    struct batch done = *journal->writing;
    (void)status; /* never cancelled */
    start_batch(journal->writing);
    journal->writing = NULL;
    note_failure(journal);
    if (journal->gathering->waiter_count)
        start_writing(journal);
    for (size_t i = 0; i < done.waiter_count; i++)
        done.waiters[i].on_durable(done.waiters[i].ctx, journal->is_broken ? &journal->err : NULL);
    arena_done(&done.arena);
    write_soon(journal);
}

/* The two batches change places: one is a worker's, the other gathers. */
static void start_writing(struct journal *journal)
{
    if (journal->writing)
        return; /* on_written goes on */
    journal->writing = journal->gathering;
    journal->gathering = &journal->batches[journal->writing == &journal->batches[0] ? 1 : 0];
    if (!journal->is_closed)
        uv_timer_stop(&journal->company);
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
    if (!journal->is_broken)
        add(journal, event);
    *ARENA_PUSH(&batch->arena, batch->waiters, batch->waiter_count, batch->waiter_capacity) =
        (struct waiter){on_durable, ctx};
    start_writing(journal);
}

/* ---- the end ------------------------------------------------------------------------------- */

void journal_close(struct journal *journal)
{
    journal->is_closed = true;
    uv_close((uv_handle_t *)&journal->company, NULL);
}

bool journal_finish(struct journal *journal, struct err *err)
{
    const struct batch *batch = journal->gathering;
    if (!journal->is_broken && batch->count)
        journal->is_broken =
            !ledger_write(journal->ledger, batch->events, batch->count, &journal->err);
    if (journal->is_broken)
        *err = journal->err;
    return !journal->is_broken;
}
