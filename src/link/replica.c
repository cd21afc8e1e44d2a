#include "link/replica.h"

#include "base/arena.h"
#include "inventory/inventory.h"
#include "link/credentials.h"

enum {
    ASK_EVERY_MS = 1000,
    ASK_TIMEOUT_MS = 5000,
    /* so old an answer says nothing of now: more than a question and its timeout take */
    OLD_MS = 10000,
    TROUBLE_TEXT = 512
};

struct replica {
    struct links *links;
    uint32_t number;
    const struct tenant *tenant;
    struct link *link; /* NULL: it has no connection */
    bool is_asking;
    bool is_closing;                /* the link is on its way out */
    bool is_closed;                 /* goes with the link */
    uint64_t asked_ms, answered_ms; /* 0: never */
    enum sql_id question;
    struct replica_standing standing;
    char trouble[TROUBLE_TEXT]; /* what `standing` points to */
    struct err first;           /* why the first way to ask was none */
    struct io_op op;
    struct arena arena; /* of one question */
};

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000 + 1;
}

struct replica *replica_new(struct links *links, const struct tenant *tenant)
{
    struct replica *replica = xcalloc(1, sizeof *replica);
    struct link_login login;
    replica->links = links;
    replica->number = links_add(links, tenant, &login);
    replica->tenant = tenant;
    arena_init(&replica->arena);
    return replica;
}

static void free_replica(struct replica *replica)
{
    arena_done(&replica->arena);
    free(replica);
}

/* ---- the end ------------------------------------------------------------------------------- */

static void on_link_closed(void *ctx)
{
    struct replica *replica = ctx;
    replica->is_closing = false;
    if (replica->is_closed)
        free_replica(replica);
}

static void drop_link(struct replica *replica)
{
    struct link *link = replica->link;
    replica->link = NULL;
    replica->is_asking = false;
    replica->is_closing = true;
    link_close(link, on_link_closed, replica);
}

void replica_close(struct replica *replica)
{
    if (!replica)
        return;
    replica->is_closed = true;
    if (replica->link && replica->is_asking && link_io(replica->link))
        io_cancel(link_io(replica->link)); /* on_answered comes */
    else if (replica->link)
        drop_link(replica);
    else if (!replica->is_closing)
        free_replica(replica);
}

/* ---- what it said -------------------------------------------------------------------------- */

static void set_trouble(struct replica *replica, const char *text)
{
    snprintf(replica->trouble, sizeof replica->trouble, "%s", text);
    links_redact(replica->links, replica->number, replica->trouble, sizeof replica->trouble);
    replica->standing.trouble = replica->trouble;
}

static void note_fault(struct replica *replica, const char *what, const struct err *err)
{
    char text[TROUBLE_TEXT];
    snprintf(text, sizeof text, "%s: %.440s", what, err->text);
    replica->answered_ms = now_ms();
    replica->standing = (struct replica_standing){0};
    set_trouble(replica, text);
}

static const struct dialect *dialect_of_replica(const struct replica *replica)
{
    const struct dialect *variant = io_info(link_io(replica->link))->variant;
    return variant ? variant : driver_find(replica->tenant->url.dialect)->dialect;
}

static void take_standing(struct replica *replica)
{
    const struct answer *answer = &replica->op.answer;
    replica->answered_ms = now_ms();
    replica->standing = dialect_of_replica(replica)->read_replica(&answer->rows, answer->columns);
    if (replica->standing.trouble)
        set_trouble(replica, replica->standing.trouble);
}

/* ---- asking -------------------------------------------------------------------------------- */

static void on_answered(void *ctx);

static void run_op(struct replica *replica)
{
    replica->op.op.arena = &replica->arena;
    io_run(link_io(replica->link), &replica->op, 1, on_answered, replica);
}

static void open_connection(struct replica *replica)
{
    arena_done(&replica->arena);
    arena_init(&replica->arena);
    replica->op = (struct io_op){.op.arena = &replica->arena};
    link_fill_connect(replica->link, &replica->op);
    run_op(replica);
}

static void ask(struct replica *replica, enum sql_id question)
{
    const char *sql = dialect_of_replica(replica)->sql[question];
    arena_done(&replica->arena);
    arena_init(&replica->arena);
    replica->question = question;
    replica->op = (struct io_op){
        .op = {.kind = OP_QUERY, .sql = sql, .sql_len = strlen(sql)},
        .timeout_ms = ASK_TIMEOUT_MS,
    };
    run_op(replica);
}

/* An older server may want to be asked in another way. */
static bool may_ask_again(const struct replica *replica)
{
    return replica->question == SQL_REPLICA && !io_is_broken(link_io(replica->link)) &&
           dialect_of_replica(replica)->sql[SQL_REPLICA_SECOND];
}

static void answer_connect(struct replica *replica, const struct err *err)
{
    (void)link_note_connected(replica->link, err);
    if (err->kind == ERR_NONE) {
        ask(replica, SQL_REPLICA);
        return;
    }
    struct err why = *err;
    credentials_explain(replica->tenant->password, &why);
    note_fault(replica, "it cannot be reached", &why);
    drop_link(replica);
}

static void answer_question(struct replica *replica, const struct err *err)
{
    bool is_second = replica->question == SQL_REPLICA_SECOND;
    if (err->kind == ERR_NONE) {
        take_standing(replica);
        replica->is_asking = false;
    } else if (may_ask_again(replica)) {
        replica->first = *err;
        ask(replica, SQL_REPLICA_SECOND);
    } else {
        note_fault(replica, "it cannot be asked", is_second ? &replica->first : err);
        drop_link(replica);
    }
}

static void on_answered(void *ctx)
{
    struct replica *replica = ctx;
    const struct err *err = io_op_err(&replica->op);
    if (replica->is_closed)
        drop_link(replica);
    else if (replica->op.op.kind == OP_CONNECT)
        answer_connect(replica, err);
    else
        answer_question(replica, err);
}

static void on_ready(void *ctx, const struct err *err)
{
    struct replica *replica = ctx;
    if (!err) {
        open_connection(replica);
        return;
    }
    replica->link = NULL;
    replica->is_asking = false;
    note_fault(replica, "it cannot be reached", err);
}

static void begin(struct replica *replica)
{
    const struct link_wish wish = {
        .database = replica->tenant->url.database
                        ? NULL
                        : driver_find(replica->tenant->url.dialect)->dialect->maintenance_database,
        .is_read_only = true,
    };
    replica->is_asking = true;
    if (replica->link) {
        ask(replica, SQL_REPLICA);
        return;
    }
    replica->link = link_new(replica->links, replica->number, &wish);
    if (link_get(replica->link, on_ready, replica))
        open_connection(replica);
}

/* A login that was refused is not tried again: a server may shut it out for that. */
struct replica_view replica_look(struct replica *replica)
{
    uint64_t now = now_ms();
    bool is_free = !replica->is_asking && !replica->is_closing && !replica->is_closed;
    bool is_refused = links_refused(replica->links, replica->number) != NULL;
    if (is_refused)
        replica->answered_ms = now;
    if (is_free && !is_refused && (!replica->asked_ms || now - replica->asked_ms >= ASK_EVERY_MS)) {
        replica->asked_ms = now;
        begin(replica);
    }
    return (struct replica_view){
        .is_known = replica->answered_ms && now - replica->answered_ms < OLD_MS,
        .standing = replica->standing,
    };
}
