#include "rollout/survey_private.h"

#include "base/map.h"
#include "dialect/dialect.h"
#include "driver/driver.h"

/* Fewer tenants of a database are looked at as fast. */
enum { TENANTS_LEAST = 16 };
/* A database with more tenants than are worth a connection is asked on several: a process of the server is busy with each. */
enum { CONNECTIONS_MOST = 4 };

/* Of schemas that share a database, and of databases that share a server: how many are worth a connection, and how many the first
 * piece has where catalogs are read. */
static const struct sizes {
    size_t without_catalogs, with_catalogs, first;
} sizes_of_schemas = {1000, 200, 50}, sizes_of_databases = {100, 25, 10};

/* ---- what is answered ------------------------------------------------------------------------- */

static void ask_some(struct survey *survey);

static void on_closed(void *ctx)
{
    struct survey *survey = ctx;
    survey->under_way--;
    ask_some(survey);
    if (!survey->under_way)
        survey->on_done(survey->ctx);
}

void survey_leave(struct database *database, bool is_well)
{
    struct link *link = database->link;
    database->link = NULL;
    arena_done(&database->arena);
    (is_well ? link_leave : link_close)(link, on_closed, database->survey);
}

/* Of a batch that has connected first: whether all of it is well. */
static bool has_connected(struct database *database)
{
    struct io *io = link_io(database->link);
    size_t begun = io_finished(io);
    bool is_well = begun && io_op_err(&database->ops[begun - 1])->kind == ERR_NONE;
    if (begun > 1 || is_well) /* a login that is refused is told by the tenants' own tries */
        (void)link_note_connected(database->link, &err_none);
    return is_well && begun == database->op_count && !io_info(io)->is_pooled;
}

/* The same, where the last op asked which database it is. */
static bool take_identity(struct database *database)
{
    bool is_well = has_connected(database);
    if (is_well)
        database->identity = io_op_value(&database->ops[database->op_count - 1], 0, 0);
    return is_well;
}

/* All or nothing: which database it is is told at the end. */
static void on_answers(void *ctx)
{
    struct database *database = ctx;
    bool is_well = take_identity(database);
    for (size_t piece = 0; is_well && piece + 2 < database->op_count; piece++)
        survey_take_piece(database, piece * TENANTS_A_PIECE, &database->ops[piece + 1].answer.rows);
    survey_leave(database, is_well);
}

/* The server's version must be known first. */
static void on_connected(void *ctx)
{
    struct database *database = ctx;
    if (take_identity(database) && !database->survey->is_cancelled)
        survey_ask_catalogs(database);
    else
        survey_leave(database, false);
}

/* A tenant's own connection might lead to another server, or would tell what the server is. */
static void on_server_connected(void *ctx)
{
    struct database *database = ctx;
    bool is_well = has_connected(database) && !database->survey->is_cancelled;
    if (!is_well || io_info(link_io(database->link))->is_single_use || database->notices.count) {
        survey_leave(database, false);
        return;
    }
    if (!database->survey->options.catalogs.on_catalog)
        database->count_next = TENANTS_A_PIECE;
    survey_ask_databases(database);
}

/* ---- the connection --------------------------------------------------------------------------- */

/* All in one message. */
static void ask_pieces(struct database *database)
{
    for (size_t first = 0; first < database->count; first += TENANTS_A_PIECE) {
        size_t left = database->count - first;
        size_t count = left < TENANTS_A_PIECE ? left : TENANTS_A_PIECE;
        survey_add_piece(database, first, count)->joins_last = first > 0;
    }
    survey_add_identity(database)->joins_last = true;
}

static void ask(struct database *database)
{
    struct survey *survey = database->survey;
    bool reads_catalogs = survey->options.catalogs.on_catalog;
    bool reads_databases = survey_is_of_databases(survey_tenant(survey, database->tenants[0]));
    database->ops =
        arena_calloc(&survey->arena, database->count / TENANTS_A_PIECE + 3, sizeof *database->ops);
    database->ops[0].op.arena = &survey->arena;
    database->op_count = 1;
    database->ops[0].op.notices = &database->notices;
    database->ops[0].op.flags = OP_HEARS_ALL;
    link_fill_connect(database->link, &database->ops[0]);
    if (reads_catalogs)
        (void)survey_add_identity(database);
    else if (!reads_databases)
        ask_pieces(database);
    io_run(link_io(database->link), database->ops, database->op_count,
           reads_databases  ? on_server_connected
           : reads_catalogs ? on_connected
                            : on_answers,
           database);
}

static void on_ready(void *ctx, const struct err *err)
{
    struct database *database = ctx;
    if (!err) {
        ask(database);
        return;
    }
    database->link = NULL;
    on_closed(database->survey);
}

/* As many at once as the wave may have connections to a server. */
static void ask_some(struct survey *survey)
{
    while (survey->under_way < survey->most && survey->next < survey->count) {
        struct database *database = &survey->databases[survey->next++];
        const struct tenant *tenant = survey_tenant(survey, database->tenants[0]);
        const struct link_wish wish = {
            .is_read_only = true,
            .database = survey_is_of_databases(tenant)
                            ? survey_dialect(database)->maintenance_database
                            : NULL,
        };
        survey->under_way++;
        database->link = link_new(survey->links, database->tenants[0], &wish);
        if (link_get(database->link, on_ready, database))
            ask(database);
    }
}

/* ---- the whole -------------------------------------------------------------------------------- */

struct survey *survey_new(struct links *links, const struct survey_options *options)
{
    struct survey *survey = xcalloc(1, sizeof *survey);
    survey->links = links;
    survey->options = *options;
    arena_init(&survey->arena);
    return survey;
}

void survey_free(struct survey *survey)
{
    if (survey) {
        survey_free_tables(survey);
        arena_done(&survey->arena);
    }
    free(survey);
}

static bool may_ask(const struct survey *survey, const struct tenant *tenant)
{
    const struct driver *driver = tenant->is_gone ? NULL : driver_find(tenant->url.dialect);
    if (!driver || !driver->dialect->sql[SQL_SURVEY] || !survey_name(tenant))
        return false;
    return !survey->options.catalogs.on_catalog || driver->dialect->catalog;
}

/* Tenants share a connection where one can serve all of them. */
static void add_tenant(struct survey *survey, struct map *databases, uint32_t tenant)
{
    const char *key = arena_printf(&survey->arena, "%u", links_group(survey->links, tenant));
    uint32_t number = map_put(databases, key, (uint32_t)survey->count);
    if (number == survey->count)
        *ARENA_PUSH(&survey->arena, survey->databases, survey->count, survey->capacity) =
            (struct database){.survey = survey};
    struct database *database = &survey->databases[number];
    *ARENA_PUSH(&survey->arena, database->tenants, database->count, database->capacity) = tenant;
}

/* The parts of a database that are asked on connections of their own; one that too few tenants share is left out. */
static void split_databases(struct survey *survey)
{
    struct database *whole = survey->databases;
    size_t count = survey->count;
    survey->databases = NULL;
    survey->count = survey->capacity = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_server = survey_is_of_databases(survey_tenant(survey, whole[i].tenants[0]));
        const struct sizes *sizes = is_server ? &sizes_of_databases : &sizes_of_schemas;
        size_t parts =
            1 + whole[i].count / (survey->options.catalogs.on_catalog ? sizes->with_catalogs
                                                                      : sizes->without_catalogs);
        size_t most = survey->most < CONNECTIONS_MOST ? survey->most : CONNECTIONS_MOST;
        parts = parts < most ? parts : most;
        for (size_t part = 0; whole[i].count >= TENANTS_LEAST && part < parts; part++) {
            size_t begin = whole[i].count * part / parts, end = whole[i].count * (part + 1) / parts;
            *ARENA_PUSH(&survey->arena, survey->databases, survey->count, survey->capacity) =
                (struct database){.survey = survey,
                                  .tenants = whole[i].tenants + begin,
                                  .count = end - begin,
                                  .count_next = sizes->first};
        }
    }
}

static void begin_anew(struct survey *survey, const struct survey_wave *wave)
{
    const struct run_info *run = survey->options.run;
    survey_free_tables(survey);
    arena_done(&survey->arena);
    arena_init(&survey->arena);
    map_init(&survey->set_numbers);
    survey->databases = NULL;
    survey->count = survey->capacity = survey->next = survey->under_way = 0;
    survey->is_cancelled = false;
    survey->most = wave->connections;
    survey->known = arena_calloc(&survey->arena, run->tenant_count, sizeof *survey->known);
    survey->on_done = wave->on_done;
    survey->ctx = wave->ctx;
}

bool survey_begin(struct survey *survey, const struct survey_wave *wave)
{
    const struct run_info *run = survey->options.run;
    struct map databases;
    begin_anew(survey, wave);
    map_init(&databases);
    for (uint32_t i = 0; i < run->tenant_count; i++)
        if ((!run->wave_of || run->wave_of[i] == wave->number) && may_ask(survey, run->tenants[i]))
            add_tenant(survey, &databases, i);
    map_done(&databases);
    split_databases(survey);
    ask_some(survey);
    return survey->count > 0;
}

void survey_cancel(struct survey *survey)
{
    survey->is_cancelled = true;
    for (size_t i = 0; i < survey->next; i++) {
        const struct database *database = &survey->databases[i];
        if (database->link && link_io(database->link))
            io_cancel(link_io(database->link));
    }
    survey->next = survey->count;
}

const struct surveyed *survey_of(const struct survey *survey, size_t tenant)
{
    bool is_known = survey && survey->known && survey->known[tenant].is_known;
    return is_known ? &survey->known[tenant] : NULL;
}
