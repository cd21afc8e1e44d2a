#include "rollout/discover.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "dialect/split.h"
#include "dialect/template.h"
#include "link/link.h"
#include "link/loop.h"

/* How long a query may take where the source says nothing else, and how much it may return. */
enum { QUERY_TIMEOUT_MS = 60000, ROWS_MAX = 250000, BYTES_MAX = 64 * 1024 * 1024 };
enum { ANSWER_MS = 1000 }; /* more, for a server that ends it by itself to say so */
enum { OP_TO_CONNECT, OP_TO_BEGIN, OP_TO_QUERY, OP_TO__COUNT };

/* One source being asked. */
struct asking {
    struct discovery *discovery;
    const struct query_source *source;
    const struct driver *driver;
    struct arena arena;
    uint32_t number;
    struct link *link;
    struct op_limits limits;
    struct io_op ops[OP_TO__COUNT];
    struct err err;
};

struct discovery {
    uv_loop_t loop;
    struct inventory_builder *builder;
    const struct inventory *inventory; /* its draft */
    struct faults *faults;
    struct links *links;
};

static void fail(struct asking *asking, const struct err *err)
{
    struct err shown = *err;
    if (asking->discovery->inventory->hides_values)
        err_hide_values(&shown, &asking->arena);
    err_fold_said(&shown);
    links_redact(asking->discovery->links, asking->number, shown.text, sizeof shown.text);
    faults_add(asking->discovery->faults, ERR_CONFIG, asking->discovery->inventory->path,
               asking->source->line, "%s: query: %s", asking->source->control.name, shown.text);
}

static void on_answer(void *ctx)
{
    struct asking *asking = ctx;
    const struct err *err = io_op_err(&asking->ops[io_finished(link_io(asking->link)) - 1]);
    const struct answer *answer = &asking->ops[OP_TO_QUERY].answer;
    const struct grid *rows = &answer->rows;
    struct discovery *discovery = asking->discovery;
    (void)link_note_connected(asking->link, io_op_err(&asking->ops[OP_TO_CONNECT]));
    if (err->kind != ERR_NONE)
        fail(asking, err);
    for (size_t i = 0; err->kind == ERR_NONE && i < rows->row_count; i++) {
        const struct found_row row = {answer->columns, rows->values + i * rows->column_count,
                                      rows->column_count};
        inventory_add_found(discovery->builder, asking->source, &row, discovery->faults);
    }
    link_close(asking->link, NULL, NULL);
}

static void query(struct asking *asking)
{
    const struct settings *settings = asking->source->control.settings;
    uint64_t timeout_ms =
        settings->statement_timeout_ms ? settings->statement_timeout_ms : QUERY_TIMEOUT_MS;
    struct sql_vars vars = {.statement_timeout_ms = timeout_ms};
    struct buf begin;
    buf_init(&begin, BUF_MAX_DEFAULT);
    sql_expand(&begin, asking->driver->dialect, SQL_BEGIN_READING, &vars);
    asking->limits = (struct op_limits){.rows_max = ROWS_MAX,
                                        .bytes_max = BYTES_MAX,
                                        .lock_timeout_ms = settings->lock_timeout_ms,
                                        .statement_timeout_ms = timeout_ms};
    asking->ops[OP_TO_CONNECT].op.arena = &asking->arena;
    link_fill_connect(asking->link, &asking->ops[OP_TO_CONNECT]);
    asking->ops[OP_TO_BEGIN].op =
        (struct op){.kind = OP_QUERY,
                    .sql = arena_strndup(&asking->arena, begin.data, begin.len),
                    .sql_len = begin.len,
                    .arena = &asking->arena};
    asking->ops[OP_TO_QUERY].op = (struct op){.kind = OP_QUERY,
                                              .sql = asking->source->query,
                                              .sql_len = strlen(asking->source->query),
                                              .flags = OP_ONLY_READS,
                                              .limits = &asking->limits,
                                              .arena = &asking->arena};
    buf_done(&begin);
    if (!(asking->driver->traits & DRIVER_ON_WORKER))
        asking->ops[OP_TO_BEGIN].timeout_ms = asking->ops[OP_TO_QUERY].timeout_ms =
            timeout_ms + ANSWER_MS;
    io_run(link_io(asking->link), asking->ops, OP_TO__COUNT, on_answer, asking);
}

static void on_ready(void *ctx, const struct err *err)
{
    struct asking *asking = ctx;
    if (err)
        fail(asking, err);
    else
        query(asking);
}

static void get_link(struct asking *asking)
{
    const struct link_wish wish = {.is_read_only = true};
    asking->link = link_new(asking->discovery->links, asking->number, &wish);
    if (link_get(asking->link, on_ready, asking))
        query(asking);
}

/* A read-only transaction also lets statements through that are no queries: COPY TO PROGRAM, SET, BEGIN. */
static bool is_query(const struct dialect *dialect, const char *sql)
{
    static const char *const words[] = {"select", "with", "values", "table"};
    bool nests = dialect->traits & DIALECT_NESTS_COMMENTS;
    size_t len = strlen(sql), at = split_skip(sql, len, 0, nests);
    while (at < len && sql[at] == '(')
        at = split_skip(sql, len, at + 1, nests);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (ascii_begins(sql + at, words[i]) && !ascii_is_alnum(sql[at + strlen(words[i])]))
            return true;
    return false;
}

/* Several statements could end the transaction that keeps them from writing. */
static bool is_one_query(struct asking *asking)
{
    const char *query = asking->source->query;
    struct statement *statements;
    struct err err;
    size_t count;
    if (!asking->driver->dialect->split(&asking->arena, query, strlen(query), &statements, &count,
                                        &err)) {
        fail(asking, &err);
        return false;
    }
    if (count == 1 && is_query(asking->driver->dialect, query))
        return true;
    if (count == 1)
        err_set(&err, ERR_CONFIG, "it must begin with SELECT, WITH, VALUES or TABLE");
    else
        err_set(&err, ERR_CONFIG, "it must be one statement, not %zu", count);
    fail(asking, &err);
    return false;
}

static void begin(struct discovery *discovery, struct asking *asking,
                  const struct query_source *source)
{
    struct link_login login;
    *asking = (struct asking){.discovery = discovery, .source = source};
    arena_init(&asking->arena);
    asking->driver = driver_find(source->control.url.dialect);
    if (!asking->driver) {
        faults_add(discovery->faults, ERR_CONFIG, discovery->inventory->path, source->line,
                   "%s: this build has no driver for %s", source->control.name,
                   dialect_info(source->control.url.dialect)->name);
        return;
    }
    asking->number = links_add(discovery->links, &source->control, &login);
    if (is_one_query(asking))
        get_link(asking);
}

bool discover_tenants(struct inventory_builder *builder, struct faults *faults)
{
    const struct inventory *inventory = inventory_draft(builder);
    size_t before = faults->total;
    size_t count = inventory->query_count;
    if (!count)
        return true;
    struct discovery discovery = {.builder = builder, .inventory = inventory, .faults = faults};
    struct err err;
    if (!loop_open(&discovery.loop, &err)) {
        faults_add_err(faults, &err);
        return false;
    }
    struct asking *askings = xcalloc(count, sizeof *askings);
    drivers_init();
    discovery.links = links_new(&discovery.loop);
    for (size_t i = 0; i < count; i++)
        begin(&discovery, &askings[i], &inventory->queries[i]);
    uv_run(&discovery.loop, UV_RUN_DEFAULT);
    uv_loop_close(&discovery.loop);
    for (size_t i = 0; i < count; i++)
        arena_done(&askings[i].arena);
    links_free(discovery.links);
    free(askings);
    return faults->total == before;
}
