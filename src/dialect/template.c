#include "dialect/template.h"

#include <inttypes.h>

#include "base/buf.h"

void sql_add_quoted(struct buf *buf, const char *text, char quote)
{
    const char *next;
    buf_addc(buf, quote);
    for (; (next = strchr(text, quote)); text = next + 1) {
        buf_add(buf, text, (size_t)(next + 1 - text));
        buf_addc(buf, quote);
    }
    buf_adds(buf, text);
    buf_addc(buf, quote);
}

void sql_add_literal(struct buf *buf, const char *text)
{
    sql_add_quoted(buf, text, '\'');
}

void sql_add_identifier(struct buf *buf, const char *name)
{
    sql_add_quoted(buf, name, '"');
}

void sql_add_escaped_literal(struct buf *buf, const char *text)
{
    buf_addc(buf, '\'');
    for (const char *p = text; *p; p++) {
        if (*p == '\'' || *p == '\\')
            buf_addc(buf, *p);
        buf_addc(buf, *p);
    }
    buf_addc(buf, '\'');
}

static void add_table(struct buf *buf, const struct dialect *dialect, const char *schema,
                      const char *table)
{
    if (schema) {
        dialect->add_identifier(buf, schema);
        buf_addc(buf, '.');
    }
    dialect->add_identifier(buf, table);
}

static void add_literal_or_null(struct buf *buf, const struct dialect *dialect, const char *text)
{
    if (text)
        dialect->add_literal(buf, text);
    else
        buf_adds(buf, "NULL");
}

/* The regclass spelling of a table, as a literal: '"globex"."alembic_version"'. */
static void add_lookup(struct buf *buf, const struct dialect *dialect, const char *schema,
                       const char *table)
{
    struct buf name;
    buf_init(&name, BUF_MAX_DEFAULT);
    add_table(&name, dialect, schema, table);
    dialect->add_literal(buf, name.data);
    buf_done(&name);
}

static const char history_table[] = HISTORY_TABLE;

enum var_kind { VAR_LITERAL, VAR_IDENTIFIER, VAR_NUMBER, VAR_SQL, VAR_SPECIAL };

struct var {
    const char *name;
    enum var_kind kind;
    size_t offset; /* in struct sql_vars, but for VAR_SPECIAL */
};

#define VAR(n, k, member)                                                                          \
    {                                                                                              \
        n, k, offsetof(struct sql_vars, member)                                                    \
    }

static const struct var vars_table[] = {
    VAR("schema", VAR_IDENTIFIER, schema),
    VAR("database", VAR_IDENTIFIER, database),
    VAR("run", VAR_LITERAL, run_id),
    VAR("owner", VAR_LITERAL, owner),
    VAR("revision", VAR_LITERAL, revision),
    VAR("direction", VAR_LITERAL, direction),
    VAR("checksum", VAR_LITERAL, checksum),
    VAR("state", VAR_LITERAL, state),
    VAR("from", VAR_LITERAL, from),
    VAR("to", VAR_LITERAL, to),
    VAR("nonce", VAR_LITERAL, nonce),
    VAR("search_path", VAR_LITERAL, search_path),
    VAR("version_name", VAR_LITERAL, version_table),
    VAR("definition", VAR_SQL, definition),
    VAR("steps", VAR_SQL, steps),
    VAR("path", VAR_SQL, path),
    VAR("query", VAR_SQL, query),
    VAR("history_id", VAR_NUMBER, history_id),
    VAR("backend_pid", VAR_NUMBER, backend_pid),
    VAR("statements", VAR_NUMBER, statements),
    VAR("row_count", VAR_NUMBER, row_count),
    VAR("row", VAR_LITERAL, row),
    VAR("row_number", VAR_NUMBER, row_number),
    VAR("lock_timeout", VAR_NUMBER, lock_timeout_ms),
    VAR("statement_timeout", VAR_NUMBER, statement_timeout_ms),
    VAR("idle_timeout", VAR_NUMBER, idle_timeout_ms),
    {"version", VAR_SPECIAL, 0},
    {"version_pkc", VAR_SPECIAL, 0},
    {"version_lookup", VAR_SPECIAL, 0},
    {"history", VAR_SPECIAL, 0},
    {"foreign", VAR_SPECIAL, 0},
    {"asked_schema", VAR_SPECIAL, 0},
    {"found_schema", VAR_SPECIAL, 0},
    {"schema_lookup", VAR_SPECIAL, 0},
    {"if_not_exists", VAR_SPECIAL, 0},
    {"rows", VAR_SPECIAL, 0},
    {"surveyed", VAR_SPECIAL, 0},
    {"places", VAR_SPECIAL, 0},
    {"places_newest", VAR_SPECIAL, 0},
    {"key", VAR_SPECIAL, 0},
    {"duration", VAR_SPECIAL, 0},
    {"client_check_local", VAR_SPECIAL, 0},
    {"client_check_session", VAR_SPECIAL, 0},
    {"parser_local", VAR_SPECIAL, 0},
    {"parser_session", VAR_SPECIAL, 0},
    {"own_local", VAR_SPECIAL, 0},
    {"own_session", VAR_SPECIAL, 0},
};

/* With a point: a program that uses the library may have a locale whose numbers have a comma. */
static void add_duration(struct buf *buf, double ms)
{
    uint64_t us = ms > 0 ? (uint64_t)(ms * 1000 + 0.5) : 0;
    buf_addf(buf, "%" PRIu64 ".%03u", us / 1000, (unsigned)(us % 1000));
}

/* A list may not be empty: NULL is in none. */
static void add_rows(struct buf *buf, const struct dialect *dialect, const struct sql_vars *vars)
{
    if (!vars->row_count)
        buf_adds(buf, "NULL");
    for (uint64_t i = 0; i < vars->row_count; i++) {
        buf_adds(buf, i ? ", " : "");
        dialect->add_literal(buf, vars->rows[i]);
    }
}

/* A part of the dialect's own; it may hold variables. */
static void add_part(struct buf *buf, const struct dialect *dialect, enum sql_id part,
                     const struct sql_vars *vars)
{
    if (dialect->sql[part])
        sql_fill(buf, dialect, dialect->sql[part], vars);
}

static void add_part_for_each_row(struct buf *buf, const struct dialect *dialect, enum sql_id part,
                                  const struct sql_vars *vars)
{
    struct sql_vars own = *vars;
    for (uint64_t i = 0; i < vars->row_count; i++) {
        buf_adds(buf, i ? " UNION ALL " : "");
        own.row = vars->rows[i];
        own.row_number = i + 1;
        add_part(buf, dialect, part, &own);
    }
}

static void add_places(struct buf *buf, const struct dialect *dialect, enum sql_id history,
                       const struct sql_vars *vars)
{
    struct sql_vars own = *vars;
    for (uint64_t i = 0; i < vars->place_count; i++) {
        own.schema = vars->places[i].database;
        own.row_number = vars->places[i].number;
        buf_adds(buf, i ? " UNION ALL " : "");
        add_part(buf, dialect, SQL_PART_PLACE_VERSIONS, &own);
        if (!vars->places[i].has_history)
            continue;
        buf_adds(buf, " UNION ALL ");
        add_part(buf, dialect, history, &own);
    }
}

static void add_own_settings(struct buf *buf, const struct dialect *dialect,
                             const struct sql_vars *vars, bool is_local)
{
    for (size_t i = 0; dialect->add_setting && i < vars->setting_count; i++)
        dialect->add_setting(buf, &vars->settings[i], is_local);
}

void sql_add_path(struct buf *buf, const struct dialect *dialect, const char *schema,
                  const char *const *rest)
{
    dialect->add_identifier(buf, schema);
    for (; rest && *rest; rest++) {
        buf_adds(buf, ", ");
        dialect->add_identifier(buf, *rest);
    }
}

/* The name is as Alembic's. A server would cut a longer one, down to the name of the table itself. */
static void add_constraint(struct buf *buf, const struct dialect *dialect, const char *table)
{
    enum { MOST = 63, ENDING = 4 };
    char constraint[MOST + 1];
    snprintf(constraint, sizeof constraint, "%.*s_pkc", MOST - ENDING, table);
    dialect->add_identifier(buf, constraint);
}

/* The variables that stand for a part of their own where the session needs it, and for nothing elsewhere. */
static void add_needed_part(struct buf *buf, const struct dialect *dialect, const char *name,
                            const struct sql_vars *vars)
{
    const struct {
        const char *name;
        bool is_needed;
        enum sql_id part;
    } rows[] = {
        {"parser_local", vars->sets_parser, SQL_PART_PARSER_LOCAL},
        {"parser_session", vars->sets_parser, SQL_PART_PARSER_SESSION},
        {"client_check_local", vars->watches_client, SQL_PART_CLIENT_CHECK_LOCAL},
        {"client_check_session", vars->watches_client, SQL_PART_CLIENT_CHECK_SESSION},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].is_needed && strcmp(name, rows[i].name) == 0)
            add_part(buf, dialect, rows[i].part, vars);
}

static void add_special(struct buf *buf, const struct dialect *dialect, const char *name,
                        const struct sql_vars *vars)
{
    if (strcmp(name, "version") == 0) {
        add_table(buf, dialect, vars->schema, vars->version_table);
    } else if (strcmp(name, "version_lookup") == 0) {
        add_lookup(buf, dialect, vars->asked_schema, vars->version_table);
    } else if (strcmp(name, "history") == 0) {
        add_table(buf, dialect, vars->schema, history_table);
    } else if (strcmp(name, "foreign") == 0) {
        add_table(buf, dialect, vars->schema, vars->foreign_table);
    } else if (strcmp(name, "version_pkc") == 0) {
        add_constraint(buf, dialect, vars->version_table);
    } else if (strcmp(name, "asked_schema") == 0) {
        if (vars->asked_schema)
            dialect->add_literal(buf, vars->asked_schema);
        else
            add_part(buf, dialect, SQL_PART_CURRENT_SCHEMA, vars);
    } else if (strcmp(name, "found_schema") == 0) {
        add_part(buf, dialect, vars->asked_schema ? SQL_PART_FOUND_SCHEMA : SQL_PART_CURRENT_SCHEMA,
                 vars);
    } else if (strcmp(name, "schema_lookup") == 0) {
        add_lookup(buf, dialect, NULL, vars->asked_schema);
    } else if (strcmp(name, "if_not_exists") == 0) {
        buf_adds(buf, vars->may_exist ? "IF NOT EXISTS " : "");
    } else if (strcmp(name, "rows") == 0) {
        add_rows(buf, dialect, vars);
    } else if (strcmp(name, "surveyed") == 0) {
        add_part_for_each_row(buf, dialect, SQL_PART_SURVEYED, vars);
    } else if (strcmp(name, "places") == 0) {
        add_places(buf, dialect, SQL_PART_PLACE_HISTORY, vars);
    } else if (strcmp(name, "places_newest") == 0) {
        add_places(buf, dialect, SQL_PART_PLACE_NEWEST, vars);
    } else if (strcmp(name, "key") == 0) {
        buf_addf(buf, "%" PRId64, (int64_t)vars->lock_key);
    } else if (strcmp(name, "duration") == 0) {
        add_duration(buf, vars->duration_ms);
    } else if (strncmp(name, "own", 3) == 0) {
        add_own_settings(buf, dialect, vars, strcmp(name, "own_local") == 0);
    } else {
        add_needed_part(buf, dialect, name, vars);
    }
}

static const struct var *find_var(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(vars_table); i++)
        if (strlen(vars_table[i].name) == len && memcmp(vars_table[i].name, name, len) == 0)
            return &vars_table[i];
    fprintf(stderr, "skein: internal: no SQL variable '%.*s'\n", (int)len, name);
    abort();
}

static void add_var(struct buf *buf, const struct dialect *dialect, const struct var *var,
                    const struct sql_vars *vars)
{
    const char *member = (const char *)vars + var->offset;
    switch (var->kind) {
    case VAR_LITERAL:
        add_literal_or_null(buf, dialect, *(const char *const *)(const void *)member);
        break;
    case VAR_IDENTIFIER:
        dialect->add_identifier(buf, *(const char *const *)(const void *)member);
        break;
    case VAR_SQL:
        buf_adds(buf, *(const char *const *)(const void *)member
                          ? *(const char *const *)(const void *)member
                          : "NULL");
        break;
    case VAR_NUMBER: buf_addf(buf, "%" PRIu64, *(const uint64_t *)(const void *)member); break;
    case VAR_SPECIAL: add_special(buf, dialect, var->name, vars); break;
    }
}

void sql_fill(struct buf *buf, const struct dialect *dialect, const char *text,
              const struct sql_vars *vars)
{
    while (*text) {
        const char *open = strchr(text, '{');
        const char *close = open ? strchr(open, '}') : NULL;
        if (!close) {
            buf_adds(buf, text);
            return;
        }
        buf_add(buf, text, (size_t)(open - text));
        add_var(buf, dialect, find_var(open + 1, (size_t)(close - open - 1)), vars);
        text = close + 1;
    }
}

void sql_expand(struct buf *buf, const struct dialect *dialect, enum sql_id id,
                const struct sql_vars *vars)
{
    if (!dialect->sql[id])
        return;
    if (buf->len)
        buf_adds(buf, "; ");
    sql_fill(buf, dialect, dialect->sql[id], vars);
}
