#include "link/link.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/template.h"
#include "inventory/inventory.h"
#include "link/credentials.h"
#include "link/pool.h"
#include "link/resolve.h"

enum { RESET_TIMEOUT_MS = 10000 };

struct place {
    const struct tenant *tenant;
    uint32_t login;
};

struct links {
    uv_loop_t *loop;
    struct arena arena;
    struct resolver *resolver;
    struct credentials *credentials;
    struct pool *pool;
    struct place *places;
    size_t count, capacity;
};

struct link {
    struct links *links;
    uint32_t number;
    const struct tenant *tenant;
    const struct driver *driver;
    struct link_wish wish;
    const char *addresses;
    const char *password;
    struct io *io;
    bool is_connected;
    bool is_reused;
    bool is_closed; /* before it was ready: it ends with the job under way */
    link_ready_fn on_ready;
    io_done_fn on_done;
    void *ctx;          /* of the callback to come */
    struct arena arena; /* of the reset */
    struct io_op reset;
};

struct links *links_new(uv_loop_t *loop)
{
    struct links *links = xcalloc(1, sizeof *links);
    links->loop = loop;
    arena_init(&links->arena);
    links->resolver = resolver_new(loop);
    links->credentials = credentials_new(loop);
    links->pool = pool_new();
    return links;
}

void links_free(struct links *links)
{
    if (!links)
        return;
    pool_free(links->pool);
    credentials_free(links->credentials);
    resolver_free(links->resolver);
    arena_done(&links->arena);
    free(links);
}

void links_limit(struct links *links, uint32_t in_all, uint32_t per_server)
{
    pool_limit(links->pool, in_all, per_server);
    for (struct io *io; (io = pool_beyond(links->pool));)
        io_close(io, NULL, NULL);
}

void links_close(struct links *links)
{
    for (struct io *io; (io = pool_idle(links->pool));)
        io_close(io, NULL, NULL);
}

uint32_t links_add(struct links *links, const struct tenant *tenant, struct link_login *ret_login)
{
    uint32_t login = credentials_add(links->credentials, tenant, &ret_login->is_new);
    ret_login->index = login;
    pool_add_tenant(links->pool, tenant);
    *ARENA_PUSH(&links->arena, links->places, links->count, links->capacity) =
        (struct place){tenant, login};
    return (uint32_t)links->count - 1;
}

uint32_t links_group(const struct links *links, uint32_t number)
{
    return pool_group(links->pool, number);
}

uv_loop_t *links_loop(const struct links *links)
{
    return links->loop;
}

const struct tenant *links_tenant(const struct links *links, uint32_t number)
{
    return links->places[number].tenant;
}

const char *links_refused(const struct links *links, uint32_t number)
{
    return credentials_refused(links->credentials, links->places[number].login);
}

void links_redact(const struct links *links, uint32_t number, char *text, size_t size)
{
    credentials_redact(links->credentials, links->places[number].login, text, size);
}

void links_redact_all(const struct links *links, char *text, size_t size)
{
    credentials_redact_all(links->credentials, text, size);
}

bool links_have_password_in(const struct links *links, const char *text, size_t len)
{
    return credentials_are_in(links->credentials, text, len);
}

/* ---- getting one --------------------------------------------------------------------------- */

struct link *link_new(struct links *links, uint32_t number, const struct link_wish *wish)
{
    struct link *link = xcalloc(1, sizeof *link);
    link->links = links;
    link->number = number;
    link->tenant = links->places[number].tenant;
    link->driver = driver_find(link->tenant->url.dialect);
    link->wish = *wish;
    arena_init(&link->arena);
    return link;
}

static void free_link(struct link *link)
{
    arena_done(&link->arena);
    free(link);
}

/* The end of a link: its connection, if it had one, is closed. */
static void end_link(void *ctx)
{
    struct link *link = ctx;
    if (link->io)
        pool_note_closed(link->links->pool, link->number);
    io_done_fn on_done = link->on_done;
    void *done_ctx = link->ctx;
    free_link(link);
    if (on_done)
        on_done(done_ctx);
}

static void take_connection(struct link *link)
{
    struct pool *pool = link->links->pool;
    struct conn_params params = {
        .url = &link->tenant->url,
        .password = link->password,
        .addresses = link->addresses,
        .database = link->wish.database,
        .may_create = link->wish.may_create,
        .is_read_only = link->wish.is_read_only,
    };
    if (link->wish.may_reuse)
        link->io = pool_take(pool, link->number);
    link->is_reused = link->io != NULL;
    link->is_connected = link->is_reused && !link->driver->move;
    if (link->is_reused && link->driver->move)
        io_move(link->io, &params);
    if (link->is_reused)
        return;
    for (struct io *io; (io = pool_excess(pool, link->number));)
        io_close(io, NULL, NULL);
    pool_note_opened(pool, link->number);
    link->io = io_open(link->links->loop, link->driver, &params);
}

/* A job has ended. */
static void tell_ready(struct link *link, const struct err *err)
{
    link_ready_fn on_ready = link->on_ready;
    void *ctx = link->ctx;
    if (err)
        free_link(link);
    on_ready(ctx, err);
}

/* A failed password counts for all tenants of the login: a command that hangs would otherwise cost its time limit
 * once for each of them. Why a tenant cannot be reached from here is its own: no login was tried. */
static void on_password(void *ctx, const char *password, const struct err *err)
{
    struct link *link = ctx;
    struct links *links = link->links;
    link->password = password;
    if (err && link->tenant->password->kind != PASSWORD_REFUSED)
        credentials_refuse(links->credentials, links->places[link->number].login,
                           link->tenant->name);
    if (link->is_closed) {
        end_link(link);
        return;
    }
    if (!err)
        take_connection(link);
    tell_ready(link, err);
}

static bool fetch_password(struct link *link)
{
    struct links *links = link->links;
    if (!credentials_password(links->credentials, links->places[link->number].login, on_password,
                              link, &link->password))
        return false;
    take_connection(link);
    return true;
}

static void on_resolved(void *ctx, const char *addresses, const struct err *err)
{
    struct link *link = ctx;
    link->addresses = addresses;
    if (link->is_closed)
        end_link(link);
    else if (err || fetch_password(link))
        tell_ready(link, err);
}

bool link_get(struct link *link, link_ready_fn on_ready, void *ctx)
{
    const char *host = url_dialled(&link->tenant->url);
    link->on_ready = on_ready;
    link->ctx = ctx;
    if (!(link->driver->traits & DRIVER_IS_SERVER) || !host)
        return fetch_password(link);
    link->addresses = resolver_ask(link->links->resolver, host, on_resolved, link);
    return link->addresses && fetch_password(link);
}

/* ---- while one has it ---------------------------------------------------------------------- */

struct io *link_io(const struct link *link)
{
    return link->io;
}

bool link_is_connected(const struct link *link)
{
    return link->is_connected;
}

bool link_is_reused(const struct link *link)
{
    return link->is_reused;
}

/* A driver that works on the pool cannot be abandoned in the middle of an operation. */
static uint64_t budget(const struct link *link, uint64_t timeout_ms)
{
    return link->driver->traits & DRIVER_ON_WORKER ? 0 : timeout_ms;
}

void link_fill_connect(const struct link *link, struct io_op *op)
{
    op->op.kind = OP_CONNECT;
    op->timeout_ms = budget(link, link->tenant->settings->connect_timeout_ms);
}

/* Only an error of authentication that has a code means that the login was refused. An error without a code came from
 * no server: where .pgpass has no password for this database, nothing was tried. */
bool link_note_connected(struct link *link, const struct err *err)
{
    struct links *links = link->links;
    uint32_t login = links->places[link->number].login;
    bool is_refused = err->kind == ERR_AUTH && *err->code;
    bool is_crowded = err->kind != ERR_NONE && (err->trouble == TROUBLE_CROWDED_SERVER ||
                                                err->trouble == TROUBLE_CROWDED_LOGIN ||
                                                err->trouble == TROUBLE_CROWDED_DATABASE);
    for (struct io *io; is_crowded && (io = pool_idle_of_server(links->pool, link->number));)
        io_close(io, NULL, NULL);
    link->is_connected = err->kind == ERR_NONE;
    if (link->is_connected)
        credentials_learn(links->credentials, login, io_info(link->io)->password);
    if (is_refused)
        credentials_refuse(links->credentials, login, link->tenant->name);
    return is_refused;
}

/* ---- the end ------------------------------------------------------------------------------- */

void link_close(struct link *link, io_done_fn on_closed, void *ctx)
{
    link->on_done = on_closed;
    link->ctx = ctx;
    link->is_closed = true;
    if (link->io)
        io_close(link->io, end_link, link);
}

static void on_reset(void *ctx)
{
    struct link *link = ctx;
    const struct err *err = io_op_err(&link->reset);
    struct pool *pool = link->links->pool;
    if (err->kind != ERR_NONE && !io_is_broken(link->io))
        pool_refuse(pool, link->number);
    if (err->kind != ERR_NONE || !io_may_be_left(link->io)) {
        link_close(link, link->on_done, link->ctx);
        return;
    }
    pool_leave(pool, link->number, link->io);
    link->io = NULL;
    end_link(link);
}

void link_leave(struct link *link, io_done_fn on_done, void *ctx)
{
    const struct dialect *dialect = link->driver->dialect;
    bool is_statement = dialect->sql[SQL_RESET] != NULL;
    bool can_reset = is_statement || link->driver->traits & DRIVER_RESETS;
    struct buf sql;
    if (!can_reset || !io_may_be_left(link->io) || !pool_wants(link->links->pool, link->number)) {
        link_close(link, on_done, ctx);
        return;
    }
    link->on_done = on_done;
    link->ctx = ctx;
    buf_init(&sql, BUF_MAX_DEFAULT);
    if (is_statement)
        sql_expand(&sql, dialect, SQL_RESET, &(struct sql_vars){0});
    link->reset = (struct io_op){.op = {.kind = is_statement ? OP_QUERY : OP_RESET,
                                        .sql = arena_strndup(&link->arena, sql.data, sql.len),
                                        .sql_len = sql.len,
                                        .arena = &link->arena},
                                 .timeout_ms = budget(link, RESET_TIMEOUT_MS)};
    buf_done(&sql);
    io_run(link->io, &link->reset, 1, on_reset, link);
}
