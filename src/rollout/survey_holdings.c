/* What databases of one server hold, of a piece that survey_databases.c has in hand: the reader's questions to each of them, in one
 * message a round, and then once more where they stand. No transaction keeps these together there, so a tenant that has moved
 * meanwhile looks for itself, as does one whose answers are no catalog. */
#include "rollout/survey_private.h"

#include "base/buf.h"

/* What a tenant of the piece holds. */
struct holding {
    uint32_t tenant;
    struct surveyed found; /* before its catalog was read */
    struct catalog catalog;
    struct reading_part part;
    struct reading reading;
    struct catalog_answers answers;
    bool is_bad; /* what was answered is not what was asked for */
};

static const struct dialect *spoken_dialect(const struct database *database)
{
    const struct dialect *variant = io_info(link_io(database->link))->variant;
    return variant ? variant : survey_dialect(database);
}

static void begin_holding(struct database *database, struct holding *holding, uint32_t tenant)
{
    const struct survey *survey = database->survey;
    const struct dialect *dialect = spoken_dialect(database);
    *holding = (struct holding){.tenant = tenant, .found = survey->known[tenant]};
    catalog_init(&holding->catalog, &database->arena, dialect->id);
    holding->part = (struct reading_part){NULL, &holding->catalog};
    holding->reading =
        (struct reading){.arena = &database->arena,
                         .parts = &holding->part,
                         .part_count = 1,
                         .server_version = io_info(link_io(database->link))->server_version,
                         .version_table = survey->options.version_table,
                         .history_table = HISTORY_TABLE};
    catalog_answers_init(&holding->answers, dialect->catalog, &holding->reading);
}

static void begin_holdings(struct database *database)
{
    const struct survey *survey = database->survey;
    database->holdings =
        arena_calloc(&database->arena, database->count_asked, sizeof *database->holdings);
    database->holding_count = database->round = 0;
    for (size_t i = 0; i < database->count_asked; i++) {
        uint32_t tenant = database->tenants[database->first + i];
        if (survey->known[tenant].is_known)
            begin_holding(database, &database->holdings[database->holding_count++], tenant);
    }
}

/* The first question goes to the tenant's database, and the others follow it. */
static void add_question(struct database *database, const struct holding *holding, size_t number)
{
    struct buf sql;
    buf_init(&sql, SIZE_MAX / 2);
    if (number == 0)
        sql_expand(&sql, survey_dialect(database), SQL_SURVEY_USE,
                   &(struct sql_vars){
                       .database = survey_tenant(database->survey, holding->tenant)->url.database});
    buf_addf(&sql, "%s%s", number == 0 ? "; " : "", holding->reading.queries[number]);
    struct io_op *op = survey_add_op(database, buf_into(&sql, &database->arena), &database->arena);
    op->op.shape = holding->reading.shapes[number];
    op->joins_last = database->op_count > 1;
}

static void on_round(void *ctx);

/* All in one message. */
static void ask_round(struct database *database)
{
    const struct catalog_reader *reader = spoken_dialect(database)->catalog;
    size_t count = 1;
    for (size_t i = 0; i < database->holding_count; i++) {
        struct reading *reading = &database->holdings[i].reading;
        reading->query_count = 0;
        if (!database->holdings[i].is_bad)
            reader->ask(reading);
        count += reading->query_count;
    }
    database->ops = arena_calloc(&database->arena, count, sizeof *database->ops);
    database->op_count = 0;
    for (size_t i = 0; i < database->holding_count; i++)
        for (size_t q = 0; q < database->holdings[i].reading.query_count; q++)
            add_question(database, &database->holdings[i], q);
    database->object_count += database->op_count;
    if (database->round + 1 == reader->rounds)
        survey_add_rows(database)->joins_last = database->op_count > 1;
    io_run(link_io(database->link), database->ops, database->op_count, on_round, database);
}

static bool is_equal(const struct grid *a, const struct grid *b)
{
    bool is_same = a->row_count == b->row_count && a->column_count == b->column_count;
    for (size_t i = 0; is_same && i < a->row_count * a->column_count; i++) {
        const char *left = a->values[i], *right = b->values[i];
        is_same = left && right ? strcmp(left, right) == 0 : left == right;
    }
    return is_same;
}

static bool has_stayed(const struct surveyed *before, const struct surveyed *after)
{
    bool is_same = after->is_known && before->identity && after->identity &&
                   strcmp(before->identity, after->identity) == 0;
    return is_same && is_equal(&before->versions, &after->versions) &&
           is_equal(&before->history, &after->history);
}

static void tell_holdings(struct database *database, const struct grid *again)
{
    struct survey *survey = database->survey;
    const struct catalog_listener *listener = &survey->options.catalogs;
    for (size_t i = 0; i < database->holding_count; i++)
        survey->known[database->holdings[i].tenant].is_known = false;
    survey_take_rows_of_places(database, again);
    for (size_t i = 0; i < database->holding_count; i++) {
        struct holding *holding = &database->holdings[i];
        struct surveyed *known = &survey->known[holding->tenant];
        struct err err;
        if (holding->is_bad || !has_stayed(&holding->found, known))
            continue;
        if (survey->options.wants_tables) {
            const struct catalog *catalog = catalog_answers_make(&holding->answers, &err);
            known->tables = catalog ? survey_take_tables(survey, catalog) : NULL;
        }
        known->has_catalog =
            listener->on_answers(listener->ctx, holding->tenant, &holding->answers);
    }
}

static void take_round(struct database *database)
{
    const struct io_op *op = database->ops;
    for (size_t i = 0; i < database->holding_count; i++) {
        struct holding *holding = &database->holdings[i];
        size_t count = holding->reading.query_count;
        struct grid *round = arena_calloc(&database->arena, count + 1, sizeof *round);
        struct err err = err_none;
        for (size_t q = 0; q < count; q++)
            round[q] = (op++)->answer.rows;
        if (!holding->is_bad)
            (void)catalog_answers_add(&holding->answers, round, count, &err);
        holding->is_bad |= err.kind != ERR_NONE;
    }
    database->round++;
}

static void on_round(void *ctx)
{
    struct database *database = ctx;
    const struct io_op *last = &database->ops[database->op_count - 1];
    bool is_well = io_finished(link_io(database->link)) == database->op_count &&
                   io_op_err(last)->kind == ERR_NONE && !database->survey->is_cancelled;
    if (!is_well) {
        survey_go_on(database, false);
        return;
    }
    take_round(database);
    if (database->round < spoken_dialect(database)->catalog->rounds) {
        ask_round(database);
        return;
    }
    tell_holdings(database, &last->answer.rows);
    survey_go_on(database, true);
}

void survey_ask_holdings(struct database *database)
{
    begin_holdings(database);
    if (database->holding_count)
        ask_round(database);
    else
        survey_go_on(database, true);
}
