#include "link/blockers.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/template.h"
#include "inventory/inventory.h"

/* The part of the lock timeout after which the server is asked. So each wait that fails is seen at least once, and
 * there is time left for the answer. */
enum { LOOK_PERCENT = 60, LOOK_TIMEOUT_MS = 10000, TEXT_MAX = 700 };
enum op_to { OP_TO_CONNECT, OP_TO_LOOK, OP_TO_COUNT_WAITING, OP_TO__COUNT };

struct blockers {
    struct links *links;
    uint32_t number; /* of the tenant */
    const struct dialect *dialect;
    const struct io *watched; /* NULL: no batch is under way */
    uint64_t look_ms;
    blockers_waiting_fn on_waiting; /* NULL: how many wait for it is not asked */
    void *waiting_ctx;
    uv_timer_t timer;
    struct link *link;    /* our own, while it asks; else NULL */
    uint32_t backend_pid; /* of the session that waits */
    bool is_late;         /* what it asks is of a batch that has ended */
    bool is_closing;      /* it has asked and goes */
    size_t way;           /* of those to ask, that it asks by */
    bool is_free;         /* goes with the last handle */
    struct io_op ops[OP_TO__COUNT];
    struct arena arena; /* of one answer */
    struct buf text;    /* of the last answer to this batch */
    uint32_t sessions[ERR_SESSIONS_MOST];
};

static void on_look(uv_timer_t *timer);

static void wait_a_while(struct blockers *blockers)
{
    uv_update_time(blockers->timer.loop);
    uv_timer_start(&blockers->timer, on_look, blockers->look_ms, 0);
}

struct blockers *blockers_new(struct links *links, uint32_t number, uint64_t lock_timeout_ms)
{
    const struct tenant *tenant = links_tenant(links, number);
    const struct dialect *dialect = driver_find(tenant->url.dialect)->dialect;
    if (!dialect->sql[SQL_BLOCKERS] || !lock_timeout_ms)
        return NULL;
    struct blockers *blockers = xcalloc(1, sizeof *blockers);
    blockers->links = links;
    blockers->number = number;
    blockers->dialect = dialect;
    blockers->look_ms = lock_timeout_ms * LOOK_PERCENT / 100;
    arena_init(&blockers->arena);
    buf_init(&blockers->text, TEXT_MAX);
    uv_timer_init(links_loop(links), &blockers->timer);
    blockers->timer.data = blockers;
    return blockers;
}

void blockers_watch_waiting(struct blockers *blockers, uint64_t every_ms,
                            blockers_waiting_fn on_waiting, void *ctx)
{
    if (!blockers || !blockers->dialect->sql[SQL_REHEARSE_WAITING])
        return;
    blockers->on_waiting = on_waiting;
    blockers->waiting_ctx = ctx;
    blockers->look_ms = every_ms < blockers->look_ms ? every_ms : blockers->look_ms;
}

/* ---- the way out --------------------------------------------------------------------------- */

static void on_timer_closed(uv_handle_t *handle)
{
    struct blockers *blockers = handle->data;
    arena_done(&blockers->arena);
    buf_done(&blockers->text);
    free(blockers);
}

/* The connection goes first, then the timer. */
static void close_if_free(struct blockers *blockers)
{
    if (blockers->is_free && !blockers->link && !blockers->is_closing)
        uv_close((uv_handle_t *)&blockers->timer, on_timer_closed);
}

static void on_link_closed(void *ctx)
{
    struct blockers *blockers = ctx;
    blockers->is_closing = false;
    close_if_free(blockers);
}

static void close_link(struct blockers *blockers)
{
    struct link *link = blockers->link;
    blockers->link = NULL;
    blockers->is_closing = true;
    link_close(link, on_link_closed, blockers);
}

void blockers_free(struct blockers *blockers)
{
    if (!blockers)
        return;
    blockers->is_free = true;
    close_if_free(blockers);
}

/* ---- asking -------------------------------------------------------------------------------- */

static void forget_answer(struct blockers *blockers)
{
    buf_clear(&blockers->text);
    memset(blockers->sessions, 0, sizeof blockers->sessions);
}

static void take_answer(struct blockers *blockers)
{
    const struct grid *rows = &blockers->ops[OP_TO_LOOK].answer.rows;
    forget_answer(blockers);
    for (size_t i = 0; i < rows->row_count; i++) {
        const char *words = grid_value(rows, i, 0), *number = grid_value(rows, i, 1);
        if (words)
            buf_addf(&blockers->text, "%s%s", blockers->text.len ? ", " : "", words);
        if (number && i < ERR_SESSIONS_MOST)
            blockers->sessions[i] = (uint32_t)strtoul(number, NULL, 10);
    }
}

/* A server that does not answer this is not asked again while the batch runs. */
static void go_on(struct blockers *blockers, bool has_answer)
{
    bool was_late = blockers->is_late;
    blockers->is_late = false;
    if (has_answer && !was_late)
        take_answer(blockers);
    if (blockers->watched && (has_answer || was_late))
        wait_a_while(blockers);
    close_if_free(blockers);
}

/* The most exact way first. */
static const enum sql_id ways[] = {SQL_BLOCKERS, SQL_BLOCKERS_SECOND, SQL_BLOCKERS_THIRD};

static void on_answered(void *ctx);

static void fill_question(struct blockers *blockers, enum op_to op, enum sql_id id)
{
    struct sql_vars vars = {.backend_pid = blockers->backend_pid};
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    sql_expand(&sql, blockers->dialect, id, &vars);
    blockers->ops[op] =
        (struct io_op){.op = {.kind = OP_QUERY,
                              .sql = arena_strndup(&blockers->arena, sql.data, sql.len),
                              .sql_len = sql.len,
                              .shape = sql_shape(id),
                              .arena = &blockers->arena},
                       .timeout_ms = LOOK_TIMEOUT_MS};
    buf_done(&sql);
}

static void ask_by(struct blockers *blockers, size_t way, enum op_to first)
{
    size_t end = blockers->on_waiting ? OP_TO__COUNT : OP_TO_COUNT_WAITING;
    blockers->way = way;
    fill_question(blockers, OP_TO_LOOK, ways[way]);
    if (blockers->on_waiting)
        fill_question(blockers, OP_TO_COUNT_WAITING, SQL_REHEARSE_WAITING);
    io_run(link_io(blockers->link), &blockers->ops[first], end - first, on_answered, blockers);
}

static bool is_connected(const struct blockers *blockers)
{
    return io_op_err(&blockers->ops[OP_TO_CONNECT])->kind == ERR_NONE;
}

/* Is there another way to ask, after the last one has told nothing? The server may lack what was asked, not allow it,
 * or know no session that blocks. */
static bool has_other_way(const struct blockers *blockers)
{
    const struct io_op *op = &blockers->ops[OP_TO_LOOK];
    bool is_told = io_op_err(op)->kind == ERR_NONE && op->answer.rows.row_count;
    size_t next = blockers->way + 1;
    return is_connected(blockers) && !is_told && !blockers->is_late &&
           !io_is_broken(link_io(blockers->link)) && next < ARRAY_LEN(ways) &&
           blockers->dialect->sql[ways[next]];
}

static void on_answered(void *ctx)
{
    struct blockers *blockers = ctx;
    if (has_other_way(blockers)) {
        ask_by(blockers, blockers->way + 1, OP_TO_LOOK);
        return;
    }
    bool has_answer = is_connected(blockers) &&
                      io_op_err(&blockers->ops[OP_TO_LOOK])->kind == ERR_NONE &&
                      !io_is_broken(link_io(blockers->link));
    const struct io_op *count = &blockers->ops[OP_TO_COUNT_WAITING];
    const struct grid *rows = &count->answer.rows;
    bool is_counted = has_answer && blockers->on_waiting && !blockers->is_late &&
                      io_op_err(count)->kind == ERR_NONE && rows->row_count;
    size_t waiting = is_counted ? strtoul(grid_value(rows, 0, 0), NULL, 10) : 0;
    close_link(blockers);
    go_on(blockers, has_answer);
    if (is_counted)
        blockers->on_waiting(blockers->waiting_ctx, waiting);
}

static void ask(struct blockers *blockers)
{
    arena_done(&blockers->arena);
    arena_init(&blockers->arena);
    blockers->ops[OP_TO_CONNECT] = (struct io_op){.op.arena = &blockers->arena};
    link_fill_connect(blockers->link, &blockers->ops[OP_TO_CONNECT]);
    ask_by(blockers, 0, OP_TO_CONNECT);
}

/* The batch may have ended meanwhile: then there is nothing to ask. */
static void on_ready(void *ctx, const struct err *err)
{
    struct blockers *blockers = ctx;
    if (!err && !blockers->is_late) {
        ask(blockers);
        return;
    }
    if (err)
        blockers->link = NULL;
    else
        close_link(blockers);
    go_on(blockers, false);
}

static void get_link(struct blockers *blockers)
{
    const struct link_wish wish = {.is_read_only = true};
    blockers->link = link_new(blockers->links, blockers->number, &wish);
    if (link_get(blockers->link, on_ready, blockers))
        ask(blockers);
}

/* Asks the server, unless it cannot know the session: through a pooling proxy the session's number means nothing, and
 * before it is connected it has none. */
static void on_look(uv_timer_t *timer)
{
    struct blockers *blockers = timer->data;
    const struct conn_info *info = io_known_info(blockers->watched);
    blockers->backend_pid = info->backend_pid;
    if (info->backend_pid && !info->is_pooled && !blockers->is_closing)
        get_link(blockers);
    else
        wait_a_while(blockers);
}

/* ---- a batch ------------------------------------------------------------------------------- */

void blockers_begin(struct blockers *blockers, const struct io *io)
{
    if (!blockers)
        return;
    blockers->watched = io;
    forget_answer(blockers);
    if (!blockers->is_late) /* else on_answered goes on with this batch */
        wait_a_while(blockers);
}

void blockers_end(struct blockers *blockers, struct err *err)
{
    if (!blockers)
        return;
    blockers->watched = NULL;
    uv_timer_stop(&blockers->timer);
    blockers->is_late = blockers->link != NULL;
    if (blockers->link && link_io(blockers->link))
        io_cancel(link_io(blockers->link));
    bool is_blocked = err && (err->kind == ERR_LOCK || err->kind == ERR_TIMEOUT);
    if (!is_blocked || !blockers->text.len)
        return;
    memcpy(err->sessions, blockers->sessions, sizeof err->sessions);
    err_add(err, "; blocked by %s", blockers->text.data);
}
