/* One piece after the other: where its tenants stand, and what they hold at that time. Where a piece fails, the tenants that are
 * left look for themselves. */
#include "rollout/survey_private.h"

#include "dialect/dialect.h"

/* The catalogs of a piece are in memory at once, so its size goes by what the piece before has answered. */
enum { CATALOGS_MOST = 500, CATALOG_ROWS_A_PIECE = 10000 };

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
        catalog_init(catalog, arena, survey_dialect(database)->id);
        reading->parts[i] = (struct reading_part){
            survey_tenant(survey, database->tenants[database->first + i])->schema, catalog};
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
        if (survey->options.wants_tables)
            survey->known[tenant].tables = survey_take_tables(survey, catalog);
        listener->on_catalog(listener->ctx, tenant, catalog);
    }
}

static bool take_round(struct database *database, size_t *ret_rows)
{
    const struct catalog_reader *reader = survey_dialect(database)->catalog;
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
        survey_leave(database, false);
        return;
    }
    if (!reading->round)
        survey_take_piece(database, database->first, &database->ops[0].answer.rows);
    reading->round++;
    if (reading->round == survey_dialect(database)->catalog->rounds) {
        tell_catalogs(database);
        note_size(database, rows);
        database->first += database->count_asked;
        database->reading = NULL;
    }
    survey_ask_catalogs(database);
}

/* The next round; of the next piece where the last one's is over, with where its tenants stand. */
void survey_ask_catalogs(struct database *database)
{
    bool is_new = !database->reading;
    size_t left = database->count - database->first;
    if (is_new && !left) {
        survey_leave(database, true);
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
    survey_dialect(database)->catalog->ask(reading);
    database->ops = arena_calloc(arena, 2 + reading->query_count, sizeof *database->ops);
    database->op_count = 0;
    if (is_new)
        (void)survey_add_piece(database, database->first, database->count_asked);
    for (size_t i = 0; i < reading->query_count; i++) {
        struct io_op *op = survey_add_op(database, reading->queries[i], arena);
        op->op.shape = reading->shapes[i];
        op->joins_last = database->op_count > 1;
    }
    if (reading->round + 1 == survey_dialect(database)->catalog->rounds)
        survey_add_identity(database)->joins_last = true;
    io_run(link_io(database->link), database->ops, database->op_count, on_catalogs, database);
}
