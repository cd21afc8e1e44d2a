#include "link/inquiry.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/template.h"
#include "inventory/inventory.h"

enum { ASK_TIMEOUT_MS = 5000 };

/* In this order, on one connection. Of those who block, the first way that tells of one is the last that is asked. */
static const enum sql_id questions[] = {SQL_PROGRESS, SQL_BLOCKERS, SQL_BLOCKERS_SECOND,
                                        SQL_BLOCKERS_THIRD};
enum { OP_TO_CONNECT, OP_TO_ASK, OP_TO__COUNT };

struct inquiry {
    struct links *links;
    struct link *link; /* while it asks; else NULL */
    bool is_closing;   /* the link is on its way out */
    bool is_closed;    /* goes with the link */
    uint32_t number;
    uint32_t backend_pid;
    const struct dialect *dialect;
    size_t at; /* the question under way */
    inquiry_told_fn on_told;
    void *ctx;
    struct inquiry_answer answer;
    struct io_op ops[OP_TO__COUNT];
    struct arena arena; /* of one asking */
};

static const struct dialect *dialect_of_tenant(const struct links *links, uint32_t number)
{
    return driver_find(links_tenant(links, number)->url.dialect)->dialect;
}

bool inquiry_can_ask(const struct links *links, uint32_t number)
{
    return dialect_of_tenant(links, number)->sql[SQL_PROGRESS];
}

struct inquiry *inquiry_new(struct links *links)
{
    struct inquiry *inquiry = xcalloc(1, sizeof *inquiry);
    inquiry->links = links;
    arena_init(&inquiry->arena);
    return inquiry;
}

bool inquiry_is_free(const struct inquiry *inquiry)
{
    return !inquiry->link && !inquiry->is_closing;
}

static void free_inquiry(struct inquiry *inquiry)
{
    arena_done(&inquiry->arena);
    free(inquiry);
}

/* ---- the end of an asking ------------------------------------------------------------------ */

static void on_link_closed(void *ctx)
{
    struct inquiry *inquiry = ctx;
    inquiry->is_closing = false;
    if (inquiry->is_closed)
        free_inquiry(inquiry);
}

static void finish(struct inquiry *inquiry)
{
    struct link *link = inquiry->link;
    inquiry->link = NULL;
    inquiry->is_closing = true;
    if (!inquiry->is_closed)
        inquiry->on_told(inquiry->ctx, &inquiry->answer);
    link_close(link, on_link_closed, inquiry);
}

void inquiry_close(struct inquiry *inquiry)
{
    inquiry->is_closed = true;
    if (inquiry_is_free(inquiry))
        free_inquiry(inquiry);
    else if (inquiry->link && link_io(inquiry->link))
        io_cancel(link_io(inquiry->link)); /* on_answered comes */
    else if (inquiry->link)
        finish(inquiry); /* it has no connection yet */
}

/* ---- asking -------------------------------------------------------------------------------- */

static void take_progress(struct inquiry_answer *answer, const struct grid *rows)
{
    const char *words = rows->row_count ? grid_value(rows, 0, 0) : NULL;
    const char *share = rows->row_count ? grid_value(rows, 0, 1) : NULL;
    double value = share ? strtod(share, NULL) : -1;
    snprintf(answer->told, sizeof answer->told, "%s", words ? words : "");
    answer->share = value > 1 ? 1 : value;
}

static void take_blockers(struct inquiry_answer *answer, const struct grid *rows)
{
    struct buf text;
    buf_init(&text, INQUIRY_TEXT);
    for (size_t i = 0; i < rows->row_count; i++)
        if (grid_value(rows, i, 0))
            buf_addf(&text, "%s%s", text.len ? ", " : "", grid_value(rows, i, 0));
    snprintf(answer->blockers, sizeof answer->blockers, "%s", text.len ? text.data : "");
    buf_done(&text);
}

static void on_answered(void *ctx);

static void ask(struct inquiry *inquiry, size_t first)
{
    struct sql_vars vars = {.backend_pid = inquiry->backend_pid};
    enum sql_id id = questions[inquiry->at];
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    sql_expand(&sql, inquiry->dialect, id, &vars);
    inquiry->ops[OP_TO_ASK] =
        (struct io_op){.op = {.kind = OP_QUERY,
                              .sql = arena_strndup(&inquiry->arena, sql.data, sql.len),
                              .sql_len = sql.len,
                              .shape = sql_shape(id),
                              .arena = &inquiry->arena},
                       .timeout_ms = ASK_TIMEOUT_MS};
    buf_done(&sql);
    io_run(link_io(inquiry->link), &inquiry->ops[first], OP_TO__COUNT - first, on_answered,
           inquiry);
}

/* A server may lack what a question asks, or not allow it: then the next one is asked all the same. */
static void on_answered(void *ctx)
{
    struct inquiry *inquiry = ctx;
    const struct io_op *op = &inquiry->ops[OP_TO_ASK];
    bool is_connected = io_op_err(&inquiry->ops[OP_TO_CONNECT])->kind == ERR_NONE;
    bool is_told = is_connected && io_op_err(op)->kind == ERR_NONE;
    if (is_told && questions[inquiry->at] == SQL_PROGRESS)
        take_progress(&inquiry->answer, &op->answer.rows);
    else if (is_told)
        take_blockers(&inquiry->answer, &op->answer.rows);
    inquiry->answer.is_answered = inquiry->answer.is_answered || is_told;
    inquiry->at++;
    bool goes_on = is_connected && !io_is_broken(link_io(inquiry->link)) && !inquiry->is_closed &&
                   !*inquiry->answer.blockers && inquiry->at < ARRAY_LEN(questions) &&
                   inquiry->dialect->sql[questions[inquiry->at]];
    if (goes_on)
        ask(inquiry, OP_TO_ASK);
    else
        finish(inquiry);
}

static void connect_and_ask(struct inquiry *inquiry)
{
    arena_done(&inquiry->arena);
    arena_init(&inquiry->arena);
    inquiry->ops[OP_TO_CONNECT] =
        (struct io_op){.op.arena = &inquiry->arena, .timeout_ms = ASK_TIMEOUT_MS};
    link_fill_connect(inquiry->link, &inquiry->ops[OP_TO_CONNECT]);
    ask(inquiry, OP_TO_CONNECT);
}

static void on_ready(void *ctx, const struct err *err)
{
    struct inquiry *inquiry = ctx;
    if (!err && !inquiry->is_closed) {
        connect_and_ask(inquiry);
        return;
    }
    if (!err) {
        finish(inquiry);
        return;
    }
    inquiry->link = NULL;
    if (inquiry->is_closed)
        free_inquiry(inquiry);
    else
        inquiry->on_told(inquiry->ctx, &inquiry->answer);
}

void inquiry_ask(struct inquiry *inquiry, uint32_t number, uint32_t backend_pid,
                 inquiry_told_fn on_told, void *ctx)
{
    const struct link_wish wish = {.is_read_only = true};
    inquiry->number = number;
    inquiry->backend_pid = backend_pid;
    inquiry->dialect = dialect_of_tenant(inquiry->links, number);
    inquiry->at = 0;
    inquiry->on_told = on_told;
    inquiry->ctx = ctx;
    inquiry->answer = (struct inquiry_answer){.share = -1};
    inquiry->link = link_new(inquiry->links, number, &wish);
    if (link_get(inquiry->link, on_ready, inquiry))
        connect_and_ask(inquiry);
}
