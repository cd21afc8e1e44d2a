#include "rollout/survey_private.h"

#include "base/buf.h"
#include "dialect/template.h"
#include "driver/driver.h"
#include "rollout/survey_rows.h"

enum { TIMEOUT_MS = 60000, LOCK_TIMEOUT_MS = 500 };
enum { COLUMN_NUMBER, COLUMN_PID, COLUMN_HAS_HISTORY, COLUMN_ROWS };

/* ---- what is asked ---------------------------------------------------------------------------- */

const struct tenant *survey_tenant(const struct survey *survey, uint32_t tenant)
{
    return survey->options.run->tenants[tenant];
}

const struct dialect *survey_dialect(const struct database *database)
{
    const struct tenant *tenant = survey_tenant(database->survey, database->tenants[0]);
    return driver_find(tenant->url.dialect)->dialect;
}

bool survey_is_of_databases(const struct tenant *tenant)
{
    return driver_find(tenant->url.dialect)->dialect->traits & DIALECT_SURVEYS_DATABASES;
}

const char *survey_name(const struct tenant *tenant)
{
    return survey_is_of_databases(tenant) ? tenant->url.database : tenant->schema;
}

struct io_op *survey_add_op(struct database *database, const char *sql, struct arena *arena)
{
    struct io_op *op = &database->ops[database->op_count++];
    op->op = (struct op){.kind = OP_QUERY, .sql = sql, .sql_len = strlen(sql), .arena = arena};
    op->timeout_ms = TIMEOUT_MS;
    return op;
}

struct sql_vars survey_vars(const struct database *database, size_t first, size_t count,
                            struct arena *arena)
{
    const struct survey *survey = database->survey;
    const char **names = arena_calloc(arena, count, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = survey_name(survey_tenant(survey, database->tenants[first + i]));
    return (struct sql_vars){.version_table = survey->options.version_table,
                             .rows = names,
                             .row_count = count,
                             .lock_timeout_ms = LOCK_TIMEOUT_MS,
                             .statement_timeout_ms = TIMEOUT_MS};
}

static const char *piece_sql(struct database *database, size_t first, size_t count)
{
    struct survey *survey = database->survey;
    enum sql_id id = survey->options.wants_history ? SQL_SURVEY : SQL_SURVEY_NEWEST;
    struct sql_vars vars = survey_vars(database, first, count, &survey->arena);
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    if (database->is_in_transaction)
        sql_expand(&sql, survey_dialect(database), SQL_SURVEY_END, &(struct sql_vars){0});
    sql_expand(&sql, survey_dialect(database), id, &vars);
    database->is_in_transaction = true;
    return buf_into(&sql, &survey->arena);
}

struct io_op *survey_add_piece(struct database *database, size_t first, size_t count)
{
    struct arena *arena = &database->survey->arena;
    struct io_op *op = survey_add_op(database, piece_sql(database, first, count), arena);
    op->op.shape = sql_shape(SQL_SURVEY);
    return op;
}

struct io_op *survey_add_identity(struct database *database)
{
    const struct dialect *dialect = survey_dialect(database);
    struct arena *arena = &database->survey->arena;
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    if (database->is_in_transaction)
        sql_expand(&sql, dialect, SQL_SURVEY_END, &(struct sql_vars){0});
    sql_expand(&sql, dialect, SQL_IDENTITY, &(struct sql_vars){0});
    database->is_in_transaction = false;
    struct io_op *op = survey_add_op(database, buf_into(&sql, arena), arena);
    op->op.shape = sql_shape(SQL_IDENTITY);
    return op;
}

/* ---- what is answered ------------------------------------------------------------------------- */

/* Through a proxy that pools transactions another process has answered; nothing of the kind is surveyed. */
void survey_take_piece(struct database *database, size_t first, const struct grid *rows)
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
        survey_take_rows(&survey->arena, xml, &surveyed->versions, &surveyed->history);
        surveyed->identity = database->identity;
        surveyed->schema = survey_tenant(survey, database->tenants[at])->schema;
        surveyed->variant = info->variant;
        surveyed->has_history = strcmp(grid_value(rows, row, COLUMN_HAS_HISTORY), "t") == 0;
        surveyed->is_known = true;
    }
}
