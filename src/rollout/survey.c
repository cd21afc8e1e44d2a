#include "rollout/survey.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "dialect/template.h"
#include "driver/driver.h"
#include "rollout/record.h"
#include "schema/reader.h"

/* Fewer tenants of a database are looked at as fast. A piece is a transaction of its own: it holds a lock for each table
 * and index until it ends, and the server has room for some thousands of these in all. */
enum { TENANTS_LEAST = 16, TENANTS_A_PIECE = 100 };
/* A database with more tenants than that is asked on several connections: a process of the server is busy with each. */
enum { TENANTS_A_CONNECTION = 1000, DATABASES_A_CONNECTION = 100, CONNECTIONS_MOST = 4 };
/* The catalogs of a piece are in memory at once, so its size goes by what the piece before has answered. */
enum {
    CATALOGS_FIRST = 50,
    CATALOGS_MOST = 500,
    CATALOG_ROWS_A_PIECE = 10000,
    CATALOGS_A_CONNECTION = 200
};
enum { TIMEOUT_MS = 60000, LOCK_TIMEOUT_MS = 500 };
enum { COLUMN_NUMBER, COLUMN_PID, COLUMN_HAS_HISTORY, COLUMN_ROWS, COLUMN_IDENTITY, COLUMN_SCHEMA };
enum { HISTORY_COLUMNS = 7 };

/* The tenants of one database, with one login; or of one server, a database each. */
struct database {
    struct survey *survey;
    uint32_t *tenants;
    size_t count, capacity;
    struct link *link; /* NULL: none */
    struct io_op *ops;
    size_t op_count;
    bool is_in_transaction; /* once all that was asked has run */
    const char *identity;
    struct notices notices; /* of connecting */
    /* where catalogs are read, or databases: the piece in hand, and the size of the next */
    struct arena arena;
    struct reading *reading;
    size_t first, count_asked, count_next;
};

struct survey {
    struct links *links;
    struct survey_options options;
    struct arena arena; /* of the wave at hand */
    struct surveyed *known;
    struct database *databases;
    size_t count, capacity;
    size_t next;      /* that is asked */
    size_t under_way; /* connections, */
    size_t most;      /* and how many there may be */
    bool is_cancelled;
    void (*on_done)(void *ctx);
    void *ctx;
};

/* ---- what is asked ---------------------------------------------------------------------------- */

static const struct tenant *tenant_of(const struct survey *survey, uint32_t tenant)
{
    return survey->options.run->tenants[tenant];
}

static const struct dialect *dialect_of_database(const struct database *database)
{
    const struct tenant *tenant = tenant_of(database->survey, database->tenants[0]);
    return driver_find(tenant->url.dialect)->dialect;
}

static bool surveys_databases(const struct tenant *tenant)
{
    return driver_find(tenant->url.dialect)->dialect->traits & DIALECT_SURVEYS_DATABASES;
}

static const char *name_of(const struct tenant *tenant)
{
    return surveys_databases(tenant) ? tenant->url.database : tenant->schema;
}

static struct io_op *add_op(struct database *database, const char *sql, struct arena *arena)
{
    struct io_op *op = &database->ops[database->op_count++];
    op->op = (struct op){.kind = OP_QUERY, .sql = sql, .sql_len = strlen(sql), .arena = arena};
    op->timeout_ms = TIMEOUT_MS;
    return op;
}

/* Of so many tenants; a transaction of its own, which is still to be ended. */
static const char *piece_sql(struct database *database, size_t first, size_t count)
{
    struct survey *survey = database->survey;
    enum sql_id id = survey->options.wants_history ? SQL_SURVEY : SQL_SURVEY_NEWEST;
    const char **names = arena_calloc(&survey->arena, count, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = name_of(tenant_of(survey, database->tenants[first + i]));
    struct sql_vars vars = {.version_table = survey->options.version_table,
                            .rows = names,
                            .row_count = count,
                            .lock_timeout_ms = LOCK_TIMEOUT_MS,
                            .statement_timeout_ms = TIMEOUT_MS};
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    if (database->is_in_transaction)
        sql_expand(&sql, dialect_of_database(database), SQL_SURVEY_END, &(struct sql_vars){0});
    sql_expand(&sql, dialect_of_database(database), id, &vars);
    database->is_in_transaction = true;
    return buf_into(&sql, &survey->arena);
}

/* Which database it is, after the end of a transaction, where one is open. */
static struct io_op *add_identity(struct database *database)
{
    const struct dialect *dialect = dialect_of_database(database);
    struct arena *arena = &database->survey->arena;
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    if (database->is_in_transaction)
        sql_expand(&sql, dialect, SQL_SURVEY_END, &(struct sql_vars){0});
    sql_expand(&sql, dialect, SQL_IDENTITY, &(struct sql_vars){0});
    database->is_in_transaction = false;
    struct io_op *op = add_op(database, buf_into(&sql, arena), arena);
    op->op.shape = sql_shape(SQL_IDENTITY);
    return op;
}

/* All in one message. */
static void ask_pieces(struct database *database)
{
    struct arena *arena = &database->survey->arena;
    for (size_t first = 0; first < database->count; first += TENANTS_A_PIECE) {
        size_t left = database->count - first;
        size_t count = left < TENANTS_A_PIECE ? left : TENANTS_A_PIECE;
        struct io_op *op = add_op(database, piece_sql(database, first, count), arena);
        op->op.shape = sql_shape(SQL_SURVEY);
        op->joins_last = first > 0;
    }
    add_identity(database)->joins_last = true;
}

/* ---- what is answered ------------------------------------------------------------------------- */

static unsigned hex_value(char c)
{
    return c >= 'a' ? (unsigned)(c - 'a') + 10 : (unsigned)(c - '0');
}

static const char *decode_hex(struct arena *arena, const char *hex, size_t len)
{
    char *text = arena_alloc(arena, len / 2 + 1);
    for (size_t i = 0; i + 1 < len; i += 2)
        text[i / 2] = (char)(hex_value(hex[i]) << 4 | hex_value(hex[i + 1]));
    return text;
}

/* Columns with points between them; what is no hexadecimal digit is NULL. */
static void take_row(struct arena *arena, const char *at, const char **values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strspn(at, "0123456789abcdef");
        values[i] = at[len] == '-' ? NULL : decode_hex(arena, at, len);
        at += strcspn(at, ".<");
        at += *at == '.';
    }
}

/* `<x>`, a digit that says of which table, the row's columns, `</x>`; again and again. */
static void take_rows(struct arena *arena, const char *xml, struct surveyed *surveyed)
{
    static const char begin[] = "<x>";
    struct grid *grids[] = {&surveyed->versions, &surveyed->history};
    static const size_t columns[] = {1, HISTORY_COLUMNS};
    const char **values[2];
    for (size_t table = 0; table < 2; table++) {
        size_t rows = 0;
        for (const char *at = xml; (at = strstr(at, begin)); at += strlen(begin))
            rows += at[strlen(begin)] == (char)('0' + table);
        values[table] = arena_calloc(arena, rows * columns[table] + 1, sizeof **values);
        *grids[table] = (struct grid){values[table], 0, columns[table]};
    }
    for (const char *at = xml; (at = strstr(at, begin));) {
        at += strlen(begin);
        size_t table = *at == '1';
        take_row(arena, at + 1, values[table] + grids[table]->row_count++ * columns[table],
                 columns[table]);
    }
}

/* Through a proxy that pools transactions another process has answered; nothing of the kind is surveyed. */
static void take_piece(struct database *database, size_t first, const struct grid *rows)
{
    struct survey *survey = database->survey;
    const struct conn_info *info = io_info(link_io(database->link));
    for (size_t row = 0; row < rows->row_count; row++) {
        const char *xml = grid_value(rows, row, COLUMN_ROWS);
        size_t at = first + strtoul(grid_value(rows, row, COLUMN_NUMBER), NULL, 10) - 1;
        if (!xml || at >= database->count ||
            strtoul(grid_value(rows, row, COLUMN_PID), NULL, 10) != info->backend_pid)
            continue;
        struct surveyed *surveyed = &survey->known[database->tenants[at]];
        take_rows(&survey->arena, xml, surveyed);
        bool says_place = rows->column_count > COLUMN_SCHEMA;
        surveyed->identity =
            says_place ? grid_value(rows, row, COLUMN_IDENTITY) : database->identity;
        surveyed->schema = says_place ? grid_value(rows, row, COLUMN_SCHEMA)
                                      : tenant_of(survey, database->tenants[at])->schema;
        surveyed->variant = info->variant;
        surveyed->has_history = strcmp(grid_value(rows, row, COLUMN_HAS_HISTORY), "t") == 0;
        surveyed->is_known = true;
    }
}

static void ask_some(struct survey *survey);

static void on_closed(void *ctx)
{
    struct survey *survey = ctx;
    survey->under_way--;
    ask_some(survey);
    if (!survey->under_way)
        survey->on_done(survey->ctx);
}

static void end(struct database *database, bool is_well)
{
    struct link *link = database->link;
    database->link = NULL;
    arena_done(&database->arena);
    (is_well ? link_leave : link_close)(link, on_closed, database->survey);
}

/* Of a batch that has connected first. */
static bool take_identity(struct database *database)
{
    struct io *io = link_io(database->link);
    const struct io_op *last = &database->ops[database->op_count - 1];
    size_t finished = io_finished(io);
    if (finished > 1) /* a login that is refused is told by the tenants' own tries */
        (void)link_note_connected(database->link, &err_none);
    if (finished != database->op_count || io_op_err(last)->kind != ERR_NONE ||
        io_info(io)->is_pooled)
        return false;
    database->identity = io_op_value(last, 0, 0);
    return true;
}

/* All or nothing: which database it is is told at the end. */
static void on_answers(void *ctx)
{
    struct database *database = ctx;
    bool is_well = take_identity(database);
    for (size_t piece = 0; is_well && piece + 2 < database->op_count; piece++)
        take_piece(database, piece * TENANTS_A_PIECE, &database->ops[piece + 1].answer.rows);
    end(database, is_well);
}

/* ---- catalogs --------------------------------------------------------------------------------- */

/* One piece after the other: where its tenants stand, and what they hold at that time. Where a piece fails, the tenants that are
 * left look for themselves. */

static void ask_catalogs(struct database *database);

/* Of the piece's tenants, whose names are those of their schemas. */
static void begin_reading(struct database *database)
{
    const struct survey *survey = database->survey;
    struct arena *arena = &database->arena;
    size_t count = database->count_asked;
    struct reading *reading = arena_calloc(arena, 1, sizeof *reading);
    *reading = (struct reading){
        .arena = arena,
        .parts = arena_calloc(arena, count, sizeof *reading->parts),
        .part_count = count,
        .server_version = io_info(link_io(database->link))->server_version,
        .version_table = survey->options.version_table,
        .history_table = HISTORY_TABLE,
    };
    for (size_t i = 0; i < count; i++) {
        struct catalog *catalog = arena_alloc(arena, sizeof *catalog);
        catalog_init(catalog, arena, dialect_of_database(database)->id);
        reading->parts[i] = (struct reading_part){
            tenant_of(survey, database->tenants[database->first + i])->schema, catalog};
    }
    database->reading = reading;
}

static void tell_catalogs(struct database *database)
{
    struct survey *survey = database->survey;
    const struct catalog_listener *listener = &survey->options.catalogs;
    for (size_t i = 0; i < database->count_asked; i++) {
        uint32_t tenant = database->tenants[database->first + i];
        const struct catalog *catalog = database->reading->parts[i].catalog;
        if (!survey->known[tenant].is_known || !catalog->object_count)
            continue;
        survey->known[tenant].has_catalog = true;
        listener->on_catalog(listener->ctx, tenant, catalog);
    }
}

static bool take_round(struct database *database, size_t *ret_rows)
{
    const struct catalog_reader *reader = dialect_of_database(database)->catalog;
    struct reading *reading = database->reading;
    size_t count = reading->query_count;
    const struct io_op *first = database->ops + (reading->round ? 0 : 1);
    struct grid *round = arena_calloc(&database->arena, count + 1, sizeof *round);
    struct err err;
    for (size_t i = 0; i < count; i++) {
        round[i] = first[i].answer.rows;
        *ret_rows += round[i].row_count;
    }
    return reader->take(reading, round, count, &err);
}

static void note_size(struct database *database, size_t rows)
{
    size_t next = CATALOG_ROWS_A_PIECE * database->count_asked / (rows + 1);
    database->count_next = next < 1 ? 1 : next < CATALOGS_MOST ? next : CATALOGS_MOST;
}

static void on_catalogs(void *ctx)
{
    struct database *database = ctx;
    struct io *io = link_io(database->link);
    struct reading *reading = database->reading;
    const struct io_op *last = &database->ops[database->op_count - 1];
    size_t rows = 0;
    bool is_well = io_finished(io) == database->op_count && io_op_err(last)->kind == ERR_NONE &&
                   !database->survey->is_cancelled;
    if (!is_well || !take_round(database, &rows)) {
        end(database, false);
        return;
    }
    if (!reading->round)
        take_piece(database, database->first, &database->ops[0].answer.rows);
    reading->round++;
    if (reading->round == dialect_of_database(database)->catalog->rounds) {
        tell_catalogs(database);
        note_size(database, rows);
        database->first += database->count_asked;
        database->reading = NULL;
    }
    ask_catalogs(database);
}

/* The next round; of the next piece where the last one's is over, with where its tenants stand. */
static void ask_catalogs(struct database *database)
{
    bool is_new = !database->reading;
    size_t left = database->count - database->first;
    if (is_new && !left) {
        end(database, true);
        return;
    }
    if (is_new) {
        arena_done(&database->arena);
        arena_init(&database->arena);
        database->count_asked = left < database->count_next ? left : database->count_next;
        begin_reading(database);
    }
    struct reading *reading = database->reading;
    struct arena *arena = &database->arena;
    reading->query_count = 0;
    dialect_of_database(database)->catalog->ask(reading);
    database->ops = arena_calloc(arena, 2 + reading->query_count, sizeof *database->ops);
    database->op_count = 0;
    if (is_new)
        add_op(database, piece_sql(database, database->first, database->count_asked),
               &database->survey->arena)
            ->op.shape = sql_shape(SQL_SURVEY);
    for (size_t i = 0; i < reading->query_count; i++) {
        struct io_op *op = add_op(database, reading->queries[i], arena);
        op->op.shape = reading->shapes[i];
        op->joins_last = database->op_count > 1;
    }
    if (reading->round + 1 == dialect_of_database(database)->catalog->rounds)
        add_identity(database)->joins_last = true;
    io_run(link_io(database->link), database->ops, database->op_count, on_catalogs, database);
}

/* The server's version must be known first. */
static void on_connected(void *ctx)
{
    struct database *database = ctx;
    if (take_identity(database) && !database->survey->is_cancelled)
        ask_catalogs(database);
    else
        end(database, false);
}

/* ---- databases of a server -------------------------------------------------------------------- */

/* One piece after the other. One that fails is asked in halves, down to the tenant that cannot be read so: it looks for itself,
 * and costs the others nothing. */

static void ask_databases(struct database *database);

static void on_databases(void *ctx)
{
    struct database *database = ctx;
    struct io *io = link_io(database->link);
    const struct io_op *op = &database->ops[0];
    size_t asked = database->count_asked;
    bool is_well = io_op_err(op)->kind == ERR_NONE;
    if (database->survey->is_cancelled || io_is_broken(io)) {
        end(database, false);
        return;
    }
    if (is_well)
        take_piece(database, database->first, &op->answer.rows);
    if (is_well || asked == 1)
        database->first += asked;
    database->count_next = is_well ? 2 * asked : (asked + 1) / 2;
    if (database->count_next > TENANTS_A_PIECE)
        database->count_next = TENANTS_A_PIECE;
    ask_databases(database);
}

static void ask_databases(struct database *database)
{
    size_t left = database->count - database->first;
    if (!left) {
        end(database, true);
        return;
    }
    database->count_asked = left < database->count_next ? left : database->count_next;
    database->ops = arena_calloc(&database->survey->arena, 1, sizeof *database->ops);
    database->op_count = 0;
    add_op(database, piece_sql(database, database->first, database->count_asked),
           &database->survey->arena)
        ->op.shape = sql_shape(SQL_SURVEY);
    io_run(link_io(database->link), database->ops, database->op_count, on_databases, database);
}

/* A tenant's own connection might lead to another server, or would tell what the server is. */
static void on_server_connected(void *ctx)
{
    struct database *database = ctx;
    bool is_well = take_identity(database) && !database->survey->is_cancelled;
    if (!is_well || io_info(link_io(database->link))->is_single_use || database->notices.count) {
        end(database, false);
        return;
    }
    database->count_next = TENANTS_A_PIECE;
    ask_databases(database);
}

/* ---- the connection --------------------------------------------------------------------------- */

static void ask(struct database *database)
{
    struct survey *survey = database->survey;
    bool reads_catalogs = survey->options.catalogs.on_catalog;
    bool reads_databases = surveys_databases(tenant_of(survey, database->tenants[0]));
    database->ops =
        arena_calloc(&survey->arena, database->count / TENANTS_A_PIECE + 3, sizeof *database->ops);
    database->ops[0].op.arena = &survey->arena;
    database->op_count = 1;
    database->ops[0].op.notices = &database->notices;
    database->ops[0].op.flags = OP_HEARS_ALL;
    link_fill_connect(database->link, &database->ops[0]);
    if (reads_catalogs || reads_databases)
        (void)add_identity(database);
    else
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
        const struct tenant *tenant = tenant_of(survey, database->tenants[0]);
        const struct link_wish wish = {
            .is_read_only = true,
            .database = surveys_databases(tenant)
                            ? dialect_of_database(database)->maintenance_database
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
    if (survey)
        arena_done(&survey->arena);
    free(survey);
}

static bool may_ask(const struct survey *survey, const struct tenant *tenant)
{
    const struct driver *driver = tenant->is_gone ? NULL : driver_find(tenant->url.dialect);
    if (!driver || !driver->dialect->sql[SQL_SURVEY] || !name_of(tenant))
        return false;
    return !survey->options.catalogs.on_catalog ||
           (driver->dialect->catalog && !surveys_databases(tenant));
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
        bool is_server = surveys_databases(tenant_of(survey, whole[i].tenants[0]));
        size_t parts =
            1 + whole[i].count / (is_server                             ? DATABASES_A_CONNECTION
                                  : survey->options.catalogs.on_catalog ? CATALOGS_A_CONNECTION
                                                                        : TENANTS_A_CONNECTION);
        size_t most = survey->most < CONNECTIONS_MOST ? survey->most : CONNECTIONS_MOST;
        parts = parts < most ? parts : most;
        for (size_t part = 0; whole[i].count >= TENANTS_LEAST && part < parts; part++) {
            size_t begin = whole[i].count * part / parts, end = whole[i].count * (part + 1) / parts;
            *ARENA_PUSH(&survey->arena, survey->databases, survey->count, survey->capacity) =
                (struct database){.survey = survey,
                                  .tenants = whole[i].tenants + begin,
                                  .count = end - begin,
                                  .count_next = CATALOGS_FIRST};
        }
    }
}

static void begin_anew(struct survey *survey, const struct survey_wave *wave)
{
    const struct run_info *run = survey->options.run;
    arena_done(&survey->arena);
    arena_init(&survey->arena);
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
