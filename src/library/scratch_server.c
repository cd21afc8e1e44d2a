/* A scratch database on the server that the inventory names (`scratch`). */
#include "library/scratch_private.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "dialect/template.h"
#include "rollout/errand.h"

/* What another machine has left is dropped when it is this old: whether its process still runs cannot be known here. */
enum { OLD_SECONDS = 24 * 3600 };

/* ---- names: who made it, and when ---------------------------------------------------------------- */

struct name_parts {
    uint32_t host; /* a hash of its name */
    unsigned process;
    uint64_t at; /* seconds since the epoch */
};

static uint32_t own_host(void)
{
    char name[256] = "";
    (void)gethostname(name, sizeof name - 1);
    return (uint32_t)hash_u64(name, strlen(name));
}

/* `skein_scratch_1f2e3d4c_4711_6a1b2c3d_0` */
static const char *make_name(struct arena *arena)
{
    static unsigned count; /* of this process: one after the other */
    return arena_printf(arena, SCRATCH_PREFIX "%08" PRIx32 "_%u_%" PRIx64 "_%u", own_host(),
                        (unsigned)getpid(), (uint64_t)time(NULL), count++);
}

/* False: another part of skein, or someone else, has named it. */
static bool read_name(const char *name, struct name_parts *ret)
{
    unsigned count;
    int len = 0;
    return sscanf(name, SCRATCH_PREFIX "%8" SCNx32 "_%u_%" SCNx64 "_%u%n", &ret->host,
                  &ret->process, &ret->at, &count, &len) == 4 &&
           !name[len];
}

static bool is_left(const char *name)
{
    struct name_parts parts;
    if (!read_name(name, &parts))
        return false;
    if (parts.host == own_host())
        return parts.process != (unsigned)getpid() && kill((pid_t)parts.process, 0) != 0 &&
               errno == ESRCH;
    return (uint64_t)time(NULL) > parts.at + OLD_SECONDS;
}

/* ---- asking the server --------------------------------------------------------------------------- */

static const char *expand(struct scratch *scratch, enum sql_id id, const char *database)
{
    struct sql_vars vars = {.database = database};
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    sql_expand(&sql, dialect_of(scratch->kind.dialect), id, &vars);
    return buf_into(&sql, &scratch->arena);
}

/* From the database that the URL names, or that each server has. */
static bool ask_server(struct scratch *scratch, const char *sql, struct grid *ret_rows,
                       struct err *err)
{
    const char *database = scratch->fleet.inventory->scratch[scratch->kind.dialect].database;
    const struct errand errand = {
        .tenant = scratch->tenant,
        .database = database ? database : dialect_of(scratch->kind.dialect)->maintenance_database,
        .statements = &sql,
        .count = 1,
        .shape = ret_rows ? sql_shape(SQL_SCRATCHES) : NULL,
        .arena = &scratch->arena};
    return errand_run(&errand, ret_rows, err);
}

/* What cannot be dropped does not keep a new one from being made. */
static bool sweep(struct scratch *scratch, struct err *err)
{
    struct grid rows;
    struct err ignored;
    if (!ask_server(scratch, expand(scratch, SQL_SCRATCHES, NULL), &rows, err))
        return false;
    for (size_t i = 0; i < rows.row_count; i++) {
        const char *name = grid_value(&rows, i, 0);
        if (name && is_left(name))
            (void)!ask_server(scratch, expand(scratch, SQL_SCRATCH_DROP, name), NULL, &ignored);
    }
    return true;
}

/* ---- making and dropping ------------------------------------------------------------------------- */

static void fill_tenant(struct scratch *scratch, const struct url *url, struct tenant *tenant)
{
    struct password *password = arena_alloc(&scratch->arena, sizeof *password);
    tenant->url = *url;
    tenant->url.password = NULL;
    tenant->url.database = make_name(&scratch->arena);
    *password = (struct password){.kind = url->password ? PASSWORD_VALUE : PASSWORD_NONE,
                                  .value = url->password,
                                  .number = url->password ? 1 : 0};
    tenant->password = password;
    tenant->url_redacted = url_redacted(&scratch->arena, &tenant->url);
    tenant->server = url_server(&scratch->arena, &tenant->url);
}

bool scratch_server_make(struct scratch *scratch, struct tenant *tenant, struct err *err)
{
    const struct dialect_info *info = dialect_info(scratch->kind.dialect);
    const struct url *url = scratch->fleet.inventory->scratch[scratch->kind.dialect].url;
    if (!url)
        return err_set(err, ERR_CONFIG,
                       "a scratch database for %s is needed, and the inventory names no server for "
                       "it, or with a variable that is not set: add 'scratch: {%s: URL}'",
                       info->title, info->name);
    fill_tenant(scratch, url, tenant);
    const char *name = tenant->url.database;
    if (!sweep(scratch, err) ||
        !ask_server(scratch, expand(scratch, SQL_SCRATCH_CREATE, name), NULL, err))
        return err_prefix(err, "making a scratch database on %s", tenant->server);
    scratch->database = name;
    return true;
}

void scratch_server_drop(struct scratch *scratch)
{
    struct err ignored; /* the next run sweeps it up */
    if (scratch->database)
        (void)!ask_server(scratch, expand(scratch, SQL_SCRATCH_DROP, scratch->database), NULL,
                          &ignored);
}
