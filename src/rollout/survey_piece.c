#include "rollout/survey_private.h"

#include "base/buf.h"
#include "dialect/template.h"
#include "driver/driver.h"

enum { TIMEOUT_MS = 60000, LOCK_TIMEOUT_MS = 500 };
enum { COLUMN_NUMBER, COLUMN_PID, COLUMN_HAS_HISTORY, COLUMN_ROWS, COLUMN_IDENTITY, COLUMN_SCHEMA };
enum { HISTORY_COLUMNS = 7 };

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

static const char *piece_sql(struct database *database, size_t first, size_t count)
{
    struct survey *survey = database->survey;
    enum sql_id id = survey->options.wants_history ? SQL_SURVEY : SQL_SURVEY_NEWEST;
    const char **names = arena_calloc(&survey->arena, count, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = survey_name(survey_tenant(survey, database->tenants[first + i]));
    struct sql_vars vars = {.version_table = survey->options.version_table,
                            .rows = names,
                            .row_count = count,
                            .lock_timeout_ms = LOCK_TIMEOUT_MS,
                            .statement_timeout_ms = TIMEOUT_MS};
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
        take_rows(&survey->arena, xml, surveyed);
        bool says_place = rows->column_count > COLUMN_SCHEMA;
        surveyed->identity =
            says_place ? grid_value(rows, row, COLUMN_IDENTITY) : database->identity;
        surveyed->schema = says_place ? grid_value(rows, row, COLUMN_SCHEMA)
                                      : survey_tenant(survey, database->tenants[at])->schema;
        surveyed->variant = info->variant;
        surveyed->has_history = strcmp(grid_value(rows, row, COLUMN_HAS_HISTORY), "t") == 0;
        surveyed->is_known = true;
    }
}
