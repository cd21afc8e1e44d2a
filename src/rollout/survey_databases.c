/* One piece after the other: which tables are there, then what they hold. One that fails is asked in halves, down to the tenant
 * that cannot be read so: it looks for itself, and costs the others nothing. */
#include "rollout/survey_private.h"

#include "base/buf.h"
#include "rollout/survey_rows.h"

/* The texts of a piece's catalogs are in memory at once. */
enum { OBJECTS_A_PIECE = 2000 };

/* Of SQL_SURVEY_PLACES and SQL_SURVEY; */
enum { COLUMN_NUMBER, COLUMN_PID, COLUMN_IS_HISTORY };
/* of one of them; */
enum { COLUMN_IS_USUAL = 3, COLUMN_SCHEMA, COLUMN_TABLE };
enum { COLUMN_VERSION = 3, COLUMN_HISTORY };
/* and of SQL_SURVEY_SERVER. */
enum { COLUMN_KNOWS_CASE, COLUMN_IDENTITY };

/* A tenant of the piece in hand: which tables it has, and what they hold. */
struct place {
    size_t versions, histories; /* how many tables of the name there are */
    bool is_unusual;            /* a look has something to say of it */
    const char *schema;
    /* of the version table, of the history */
    size_t row_counts[2], taken[2];
    const char **values[2];
};

/* Of the piece: its own number, from 1. NULL: another session has answered, or there is no such number. */
static struct place *place_of(const struct database *database, const struct grid *rows, size_t row)
{
    uint64_t pid = strtoul(grid_value(rows, row, COLUMN_PID), NULL, 10);
    size_t number = strtoul(grid_value(rows, row, COLUMN_NUMBER), NULL, 10);
    bool is_known = number && number <= database->count_asked &&
                    pid == io_info(link_io(database->link))->backend_pid;
    return is_known ? &database->places[number - 1] : NULL;
}

static bool is_of_history(const struct grid *rows, size_t row)
{
    return *grid_value(rows, row, COLUMN_IS_HISTORY) == 't';
}

static bool may_be_read(const struct place *place)
{
    return place->versions == 1 && place->histories <= 1 && !place->is_unusual;
}

/* ---- which tables there are ------------------------------------------------------------------- */

static void take_place(const struct database *database, struct place *place,
                       const struct grid *rows, size_t row)
{
    bool is_history = is_of_history(rows, row);
    const struct io_op *server = &database->ops[0];
    const char *schema = grid_value(rows, row, COLUMN_SCHEMA);
    const char *table = grid_value(rows, row, COLUMN_TABLE);
    const char *wanted = is_history ? HISTORY_TABLE : database->survey->options.version_table;
    uint32_t tenant = database->tenants[database->first + (size_t)(place - database->places)];
    const char *name = survey_name(survey_tenant(database->survey, tenant));
    bool knows_case = *io_op_value(server, 0, COLUMN_KNOWS_CASE) == '1';
    *(is_history ? &place->histories : &place->versions) += 1;
    place->is_unusual |= *grid_value(rows, row, COLUMN_IS_USUAL) != '1' ||
                         (knows_case && (strcmp(schema, name) != 0 || strcmp(table, wanted) != 0));
    place->schema = schema;
}

static void take_places(struct database *database)
{
    const struct grid *rows = &database->ops[1].answer.rows;
    database->identity = io_op_value(&database->ops[0], 0, COLUMN_IDENTITY);
    for (size_t row = 0; row < rows->row_count; row++) {
        struct place *place = place_of(database, rows, row);
        if (place)
            take_place(database, place, rows, row);
    }
}

/* ---- what they hold --------------------------------------------------------------------------- */

static const size_t widths[] = {1, SURVEY_HISTORY_COLUMNS};
static const size_t first_columns[] = {COLUMN_VERSION, COLUMN_HISTORY};

/* There is room for it. */
static void add_row(struct arena *arena, struct place *place, const struct grid *rows, size_t row)
{
    bool table = is_of_history(rows, row);
    const char **values = place->values[table] + place->taken[table]++ * widths[table];
    for (size_t i = 0; i < widths[table]; i++) {
        const char *value = grid_value(rows, row, first_columns[table] + i);
        values[i] = value ? arena_strdup(arena, value) : NULL;
    }
}

static void take_grids(struct database *database, const struct grid *rows)
{
    struct arena *arena = &database->survey->arena;
    for (size_t i = 0; i < database->count_asked; i++)
        for (size_t table = 0; table < 2; table++)
            database->places[i].row_counts[table] = database->places[i].taken[table] = 0;
    for (size_t row = 0; row < rows->row_count; row++) {
        struct place *place = place_of(database, rows, row);
        if (place)
            place->row_counts[is_of_history(rows, row)]++;
    }
    for (size_t i = 0; i < database->count_asked; i++)
        for (size_t table = 0; table < 2; table++) {
            struct place *place = &database->places[i];
            place->values[table] = arena_calloc(arena, place->row_counts[table] * widths[table] + 1,
                                                sizeof **place->values);
        }
    for (size_t row = 0; row < rows->row_count; row++) {
        struct place *place = place_of(database, rows, row);
        if (place)
            add_row(arena, place, rows, row);
    }
}

void survey_take_rows_of_places(struct database *database, const struct grid *rows)
{
    struct survey *survey = database->survey;
    take_grids(database, rows);
    for (size_t i = 0; i < database->count_asked; i++) {
        const struct place *place = &database->places[i];
        if (!may_be_read(place))
            continue;
        survey->known[database->tenants[database->first + i]] = (struct surveyed){
            .versions = {place->values[0], place->taken[0], widths[0]},
            .history = {place->values[1], place->taken[1], widths[1]},
            .is_known = true,
            .has_history = place->histories,
            .identity = arena_printf(&survey->arena, "%s/%s", database->identity, place->schema),
            .schema = arena_strdup(&survey->arena, place->schema),
            .variant = io_info(link_io(database->link))->variant,
        };
    }
}

/* ---- one piece after the other ---------------------------------------------------------------- */

static size_t size_of_next(const struct database *database, bool is_well)
{
    size_t asked = database->count_asked;
    size_t next = !is_well                 ? (asked + 1) / 2
                  : database->object_count ? OBJECTS_A_PIECE * asked / database->object_count
                                           : 2 * asked;
    return next < 1 ? 1 : next < TENANTS_A_PIECE ? next : TENANTS_A_PIECE;
}

void survey_go_on(struct database *database, bool is_well)
{
    size_t asked = database->count_asked;
    arena_done(&database->arena);
    arena_init(&database->arena);
    if (database->survey->is_cancelled || io_is_broken(link_io(database->link))) {
        survey_leave(database, false);
        return;
    }
    if (is_well || asked == 1)
        database->first += asked;
    database->count_next = size_of_next(database, is_well);
    survey_ask_databases(database);
}

static struct io_op *add_op(struct database *database, enum sql_id id, const struct sql_vars *vars)
{
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    sql_expand(&sql, survey_dialect(database), id, vars);
    struct io_op *op = survey_add_op(database, buf_into(&sql, &database->arena), &database->arena);
    op->op.shape = sql_shape(id);
    return op;
}

/* Has all that was asked been answered? */
static bool is_answered(const struct database *database)
{
    return !database->survey->is_cancelled &&
           io_finished(link_io(database->link)) == database->op_count &&
           io_op_err(&database->ops[database->op_count - 1])->kind == ERR_NONE;
}

static void on_rows(void *ctx)
{
    struct database *database = ctx;
    bool is_well = is_answered(database);
    if (is_well)
        survey_take_rows_of_places(database, &database->ops[0].answer.rows);
    if (is_well && database->survey->options.catalogs.on_answers)
        survey_ask_holdings(database);
    else
        survey_go_on(database, is_well);
}

struct io_op *survey_add_rows(struct database *database)
{
    struct arena *arena = &database->arena;
    enum sql_id id = database->survey->options.wants_history ? SQL_SURVEY : SQL_SURVEY_NEWEST;
    struct sql_vars vars = survey_vars(database, database->first, database->count_asked, arena);
    struct sql_place *places = arena_calloc(arena, vars.row_count, sizeof *places);
    for (size_t i = 0; i < vars.row_count; i++)
        if (may_be_read(&database->places[i]))
            places[vars.place_count++] =
                (struct sql_place){vars.rows[i], i + 1, database->places[i].histories};
    vars.places = places;
    return vars.place_count ? add_op(database, id, &vars) : NULL;
}

static void read_places(struct database *database)
{
    database->ops = arena_calloc(&database->arena, 1, sizeof *database->ops);
    database->op_count = 0;
    if (survey_add_rows(database))
        io_run(link_io(database->link), database->ops, database->op_count, on_rows, database);
    else
        survey_go_on(database, true);
}

static void on_places(void *ctx)
{
    struct database *database = ctx;
    if (!is_answered(database)) {
        survey_go_on(database, false);
        return;
    }
    take_places(database);
    read_places(database);
}

void survey_ask_databases(struct database *database)
{
    size_t left = database->count - database->first;
    if (!left) {
        survey_leave(database, true);
        return;
    }
    struct arena *arena = &database->arena;
    database->count_asked = left < database->count_next ? left : database->count_next;
    database->object_count = 0;
    database->places = arena_calloc(arena, database->count_asked, sizeof *database->places);
    struct sql_vars vars = survey_vars(database, database->first, database->count_asked, arena);
    database->ops = arena_calloc(arena, 2, sizeof *database->ops);
    database->op_count = 0;
    (void)add_op(database, SQL_SURVEY_SERVER, &vars);
    add_op(database, SQL_SURVEY_PLACES, &vars)->joins_last = true;
    io_run(link_io(database->link), database->ops, database->op_count, on_places, database);
}
