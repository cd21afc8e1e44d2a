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

/* A part of the dialect's own; it may hold variables. */
static void add_part(struct buf *buf, const struct dialect *dialect, enum sql_id part,
                     const struct sql_vars *vars)
{
    if (dialect->sql[part])
        sql_fill(buf, dialect, dialect->sql[part], vars);
}

static void add_places_with(struct buf *buf, const struct dialect *dialect, enum sql_id history,
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

/* ---- variables that are more than the text of a member --------------------------------------------- */

static void add_version(struct buf *buf, const struct dialect *dialect, const struct sql_vars *vars)
{
    add_table(buf, dialect, vars->schema, vars->version_table);
}

static void add_version_lookup(struct buf *buf, const struct dialect *dialect,
                               const struct sql_vars *vars)
{
    add_lookup(buf, dialect, vars->asked_schema, vars->version_table);
}

static void add_history(struct buf *buf, const struct dialect *dialect, const struct sql_vars *vars)
{
    add_table(buf, dialect, vars->schema, history_table);
}

static void add_foreign(struct buf *buf, const struct dialect *dialect, const struct sql_vars *vars)
{
    add_table(buf, dialect, vars->schema, vars->foreign_table);
}

/* The name is as Alembic's. A server would cut a longer one, down to the name of the table itself. */
static void add_constraint(struct buf *buf, const struct dialect *dialect,
                           const struct sql_vars *vars)
{
    enum { MOST = 63, ENDING = 4 };
    char constraint[MOST + 1];
    snprintf(constraint, sizeof constraint, "%.*s_pkc", MOST - ENDING, vars->version_table);
    dialect->add_identifier(buf, constraint);
}

static void add_asked_schema(struct buf *buf, const struct dialect *dialect,
                             const struct sql_vars *vars)
{
    if (vars->asked_schema)
        dialect->add_literal(buf, vars->asked_schema);
    else
        add_part(buf, dialect, SQL_PART_CURRENT_SCHEMA, vars);
}

static void add_found_schema(struct buf *buf, const struct dialect *dialect,
                             const struct sql_vars *vars)
{
    add_part(buf, dialect, vars->asked_schema ? SQL_PART_FOUND_SCHEMA : SQL_PART_CURRENT_SCHEMA,
             vars);
}

static void add_schema_lookup(struct buf *buf, const struct dialect *dialect,
                              const struct sql_vars *vars)
{
    add_lookup(buf, dialect, NULL, vars->asked_schema);
}

static void add_if_not_exists(struct buf *buf, const struct dialect *dialect,
                              const struct sql_vars *vars)
{
    (void)dialect;
    buf_adds(buf, vars->may_exist ? "IF NOT EXISTS " : "");
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

static void add_surveyed(struct buf *buf, const struct dialect *dialect,
                         const struct sql_vars *vars)
{
    struct sql_vars own = *vars;
    for (uint64_t i = 0; i < vars->row_count; i++) {
        buf_adds(buf, i ? " UNION ALL " : "");
        own.row = vars->rows[i];
        own.row_number = i + 1;
        add_part(buf, dialect, SQL_PART_SURVEYED, &own);
    }
}

static void add_places(struct buf *buf, const struct dialect *dialect, const struct sql_vars *vars)
{
    add_places_with(buf, dialect, SQL_PART_PLACE_HISTORY, vars);
}

static void add_newest_places(struct buf *buf, const struct dialect *dialect,
                              const struct sql_vars *vars)
{
    add_places_with(buf, dialect, SQL_PART_PLACE_NEWEST, vars);
}

static void add_key(struct buf *buf, const struct dialect *dialect, const struct sql_vars *vars)
{
    (void)dialect;
    buf_addf(buf, "%" PRId64, (int64_t)vars->lock_key);
}

/* With a point: a program that uses the library may have a locale whose numbers have a comma. */
static void add_duration(struct buf *buf, const struct dialect *dialect,
                         const struct sql_vars *vars)
{
    uint64_t us = vars->duration_ms > 0 ? (uint64_t)(vars->duration_ms * 1000 + 0.5) : 0;
    (void)dialect;
    buf_addf(buf, "%" PRIu64 ".%03u", us / 1000, (unsigned)(us % 1000));
}

static void add_own_local(struct buf *buf, const struct dialect *dialect,
                          const struct sql_vars *vars)
{
    add_own_settings(buf, dialect, vars, true);
}

static void add_own_session(struct buf *buf, const struct dialect *dialect,
                            const struct sql_vars *vars)
{
    add_own_settings(buf, dialect, vars, false);
}

/* ---- the table of variables ------------------------------------------------------------------------ */

enum var_kind { VAR_LITERAL, VAR_IDENTIFIER, VAR_NUMBER, VAR_SQL, VAR_PART, VAR_SPECIAL };

struct var {
    const char *name;
    enum var_kind kind;
    size_t offset; /* in struct sql_vars, but for VAR_SPECIAL */
    enum sql_id
        part; /* VAR_PART: what the variable stands for where the member is true; else for nothing */
    void (*add)(struct buf *buf, const struct dialect *dialect,
                const struct sql_vars *vars); /* VAR_SPECIAL */
};

#define VAR(n, k, member)                                                                          \
    {                                                                                              \
        .name = n, .kind = k, .offset = offsetof(struct sql_vars, member)                          \
    }
#define PART(n, p, member)                                                                         \
    {                                                                                              \
        .name = n, .kind = VAR_PART, .offset = offsetof(struct sql_vars, member), .part = p        \
    }
#define SPECIAL(n, fn)                                                                             \
    {                                                                                              \
        .name = n, .kind = VAR_SPECIAL, .add = fn                                                  \
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
    VAR("changed", VAR_LITERAL, changed),
    VAR("verb", VAR_LITERAL, verb),
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
    SPECIAL("version", add_version),
    SPECIAL("version_pkc", add_constraint),
    SPECIAL("version_lookup", add_version_lookup),
    SPECIAL("history", add_history),
    SPECIAL("foreign", add_foreign),
    SPECIAL("asked_schema", add_asked_schema),
    SPECIAL("found_schema", add_found_schema),
    SPECIAL("schema_lookup", add_schema_lookup),
    SPECIAL("if_not_exists", add_if_not_exists),
    SPECIAL("rows", add_rows),
    SPECIAL("surveyed", add_surveyed),
    SPECIAL("places", add_places),
    SPECIAL("places_newest", add_newest_places),
    SPECIAL("key", add_key),
    SPECIAL("duration", add_duration),
    PART("client_check_local", SQL_PART_CLIENT_CHECK_LOCAL, watches_client),
    PART("client_check_session", SQL_PART_CLIENT_CHECK_SESSION, watches_client),
    PART("peer_check", SQL_PART_PEER_CHECK, watches_client),
    PART("parser_local", SQL_PART_PARSER_LOCAL, sets_parser),
    PART("parser_session", SQL_PART_PARSER_SESSION, sets_parser),
    SPECIAL("own_local", add_own_local),
    SPECIAL("own_session", add_own_session),
};

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
    case VAR_PART:
        if (*(const bool *)(const void *)member)
            add_part(buf, dialect, var->part, vars);
        break;
    case VAR_SPECIAL: var->add(buf, dialect, vars); break;
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
