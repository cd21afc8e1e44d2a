#include "dialect/mysql/probe.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/mysql/definition.h"
#include "dialect/mysql/probe_asking.h"
#include "dialect/mysql/templates.h"

/* Where things of a kind stand in the catalog. */
struct kind {
    const char *word; /* of the statement */
    const char *table, *schema, *name;
    const char
        *created; /* when it was made; NULL: that is not known, and its definition has to tell */
};

static const struct kind kinds[] = {
    {"TABLE", "tables", "table_schema", "table_name", "create_time"},
    {"SEQUENCE", "tables", "table_schema", "table_name", "create_time"},
    {"VIEW", "views", "table_schema", "table_name", NULL},
    {"PROCEDURE", "routines", "routine_schema", "routine_name", "created"},
    {"FUNCTION", "routines", "routine_schema", "routine_name", "created"},
    {"TRIGGER", "triggers", "trigger_schema", "trigger_name", "created"},
    {"EVENT", "events", "event_schema", "event_name", "created"},
};

bool mysql_accept_if_exists(struct mysql_reader *reader)
{
    if (!mysql_accept(reader, "IF"))
        return false;
    mysql_accept(reader, "NOT");
    return mysql_accept(reader, "EXISTS");
}

static const struct kind *take_kind(struct mysql_reader *reader)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (mysql_accept(reader, kinds[i].word))
            return &kinds[i];
    return NULL;
}

/* ---- what is asked ------------------------------------------------------------------------- */

void mysql_ask_nothing(struct mysql_asking *asking)
{
    buf_adds(&asking->sql, "SELECT 'undone'");
}

/* `FROM information_schema.x WHERE …` */
static void add_from(struct mysql_asking *asking, const struct kind *kind,
                     const struct mysql_name *name)
{
    struct buf *buf = &asking->sql;
    buf_addf(buf, "FROM information_schema.%s WHERE %s = ", kind->table, kind->schema);
    mysql_add_schema(buf, name);
    buf_addf(buf, " AND %s = ", kind->name);
    mysql_add_literal(buf, name->name);
}

/* It is this statement's only if it is not older than the mark that was written before it. The catalog counts in whole
 * seconds. */
static void ask_made(struct mysql_asking *asking, const struct kind *kind,
                     const struct mysql_name *name)
{
    buf_addf(&asking->sql,
             "SELECT CASE WHEN COUNT(*) = 0 THEN 'undone' WHEN MAX(%s) >= (SELECT "
             "MAX(applied_at) FROM skein_history WHERE state IN ('running', 'partial')) - "
             "INTERVAL 1 SECOND THEN 'done' ELSE 'other' END ",
             kind->created);
    add_from(asking, kind, name);
}

static void ask_gone(struct mysql_asking *asking, const struct kind *kind,
                     const struct mysql_name *name)
{
    buf_adds(&asking->sql, "SELECT IF(COUNT(*), 'undone', 'done') ");
    add_from(asking, kind, name);
}

size_t mysql_count_name(const struct mysql_asking *asking, const char *name)
{
    struct mysql_reader reader =
        mysql_read(asking->reader.arena, asking->statement, strlen(asking->statement));
    size_t count = 0;
    while (!reader.is_over) {
        const char *found;
        if (mysql_take_name(&reader, &found))
            count += ascii_is_same(found, name);
        else
            mysql_skip(&reader);
    }
    return count;
}

void mysql_ask_part(struct mysql_asking *asking, const struct mysql_name *table, const char *view,
                    const char *column, const char *name, bool is_made)
{
    struct buf *buf = &asking->sql;
    if (buf->len)
        return; /* an ALTER takes effect as a whole: one part tells of all */
    if (mysql_count_name(asking, name) > 1) {
        asking->needs_definition = true;
        return;
    }
    buf_addf(buf,
             "SELECT IF(COUNT(*), '%s', '%s') FROM information_schema.%s WHERE table_schema = ",
             is_made ? "done" : "undone", is_made ? "undone" : "done", view);
    mysql_add_schema(buf, table);
    buf_adds(buf, " AND table_name = ");
    mysql_add_literal(buf, table->name);
    buf_addf(buf, " AND %s = ", column);
    mysql_add_literal(buf, name);
}

bool mysql_is_same_name(const struct mysql_name *a, const struct mysql_name *b)
{
    bool is_same_schema =
        a->schema && b->schema ? ascii_is_same(a->schema, b->schema) : a->schema == b->schema;
    return is_same_schema && ascii_is_same(a->name, b->name);
}

void mysql_ask_about(struct mysql_asking *asking, const struct mysql_name *name)
{
    if (asking->name_count < NAMES_MOST)
        asking->names[asking->name_count++] = *name;
    else
        asking->needs_definition = false; /* too many to tell of */
}

/* Do tables only change places? Where they are defined alike, the catalog shows no difference. Names stand in pairs. */
static bool is_permutation(const struct mysql_asking *asking)
{
    for (size_t i = 1; i < asking->name_count; i += 2) {
        bool is_also_from = false;
        for (size_t from = 0; from < asking->name_count; from += 2)
            is_also_from |= mysql_is_same_name(&asking->names[i], &asking->names[from]);
        if (!is_also_from)
            return false;
    }
    return true;
}

/* ---- CREATE, DROP, RENAME ------------------------------------------------------------------ */

/* What may stand between CREATE and the kind of thing. */
static bool skip_traits(struct mysql_reader *reader)
{
    static const char *const last[] = {"TABLE",   "SEQUENCE", "VIEW",  "PROCEDURE", "FUNCTION",
                                       "TRIGGER", "EVENT",    "INDEX", NULL};
    enum { TRAITS_MOST = 20 };
    for (int i = 0; i < TRAITS_MOST && !reader->is_over; i++) {
        for (const char *const *word = last; *word; word++)
            if (mysql_is(reader, *word))
                return true;
        mysql_skip(reader);
    }
    return false;
}

static void read_create_index(struct mysql_asking *asking)
{
    struct mysql_reader *reader = &asking->reader;
    struct mysql_name table;
    const char *name;
    mysql_skip(reader);
    if (mysql_accept_if_exists(reader)) {
        mysql_ask_nothing(asking);
        return;
    }
    if (!mysql_take_name(reader, &name))
        return;
    while (!reader->is_over && !mysql_is(reader, "ON"))
        mysql_skip(reader);
    if (mysql_accept(reader, "ON") && mysql_take_qualified(reader, &table))
        mysql_ask_part(asking, &table, "statistics", "index_name", name, true);
}

/* What replaces a table drops it first: where it then fails, neither is there. */
static void read_create(struct mysql_asking *asking, struct probe *probe)
{
    struct mysql_reader *reader = &asking->reader;
    struct mysql_name name;
    mysql_skip(reader);
    bool replaces = mysql_accept(reader, "OR") && mysql_accept(reader, "REPLACE");
    if (replaces && (mysql_is(reader, "TABLE") || mysql_is(reader, "SEQUENCE")))
        probe->remains = REMAINS_UNKNOWN;
    if (replaces || mysql_is(reader, "TEMPORARY")) {
        mysql_ask_nothing(asking);
        return;
    }
    if (!skip_traits(reader))
        return;
    if (mysql_is(reader, "INDEX")) {
        read_create_index(asking);
        return;
    }
    const struct kind *kind = take_kind(reader);
    if (mysql_accept_if_exists(reader)) {
        mysql_ask_nothing(asking);
    } else if (kind && mysql_take_qualified(reader, &name)) {
        asking->needs_definition = !kind->created;
        mysql_ask_about(asking, &name);
        if (kind->created)
            ask_made(asking, kind, &name);
    }
}

static void add_qualified(struct buf *buf, const struct mysql_name *name)
{
    if (name->schema) {
        mysql_add_identifier(buf, name->schema);
        buf_addc(buf, '.');
    }
    mysql_add_identifier(buf, name->name);
}

/* Of several, each is dropped by itself: where the server died, some may be gone. What is left is dropped then. */
static void ask_all_gone(struct mysql_asking *asking, const struct kind *kind,
                         struct mysql_name name)
{
    struct buf *sql = &asking->sql;
    struct buf finish;
    size_t count = 0;
    buf_init(&finish, BUF_MAX_DEFAULT);
    buf_addf(&finish, "finish DROP %s IF EXISTS ", kind->word);
    buf_adds(
        sql,
        "SELECT CASE n WHEN 0 THEN 'done' WHEN of THEN 'undone' ELSE answer END FROM (SELECT 0");
    do {
        buf_adds(sql, " + (SELECT COUNT(*) ");
        add_from(asking, kind, &name);
        buf_addc(sql, ')');
        buf_adds(&finish, count++ ? ", " : "");
        add_qualified(&finish, &name);
    } while (mysql_accept_sign(&asking->reader, ',') &&
             mysql_take_qualified(&asking->reader, &name));
    buf_addf(sql, " AS n, %zu AS of, ", count);
    mysql_add_literal(sql, finish.data);
    buf_adds(sql, " AS answer) AS there");
    buf_done(&finish);
}

/* Of several tables some may be gone and some not, also where the server says that it failed. */
static void read_drop(struct mysql_asking *asking, struct probe *probe)
{
    struct mysql_reader *reader = &asking->reader;
    struct mysql_name name;
    const char *index;
    mysql_skip(reader);
    bool is_temporary = mysql_accept(reader, "TEMPORARY");
    bool is_index = mysql_accept(reader, "INDEX");
    const struct kind *kind = is_index ? NULL : take_kind(reader);
    if (mysql_is(reader, "DATABASE") || mysql_is(reader, "SCHEMA"))
        probe->remains = REMAINS_UNKNOWN;
    if (!kind && !is_index)
        return;
    bool is_harmless = mysql_accept_if_exists(reader) || is_temporary;
    if (is_harmless)
        mysql_ask_nothing(asking);
    if (is_index) {
        if (mysql_take_name(reader, &index) && mysql_accept(reader, "ON") &&
            mysql_take_qualified(reader, &name))
            mysql_ask_part(asking, &name, "statistics", "index_name", index, false);
    } else if (mysql_take_qualified(reader, &name)) {
        if (mysql_is_sign(reader, ','))
            probe->remains = REMAINS_UNKNOWN;
        if (mysql_is_sign(reader, ',') && !is_harmless)
            ask_all_gone(asking, kind, name);
        else if (!is_harmless)
            ask_gone(asking, kind, &name);
    }
}

void mysql_ask_renamed(struct mysql_asking *asking, const struct mysql_name *from,
                       const struct mysql_name *to)
{
    buf_adds(&asking->sql, "SELECT CASE WHEN EXISTS (SELECT 1 ");
    add_from(asking, &kinds[0], from);
    buf_adds(&asking->sql, ") THEN 'undone' WHEN EXISTS (SELECT 1 ");
    add_from(asking, &kinds[0], to);
    buf_adds(&asking->sql, ") THEN 'done' ELSE 'unknown' END");
}

static void read_rename(struct mysql_asking *asking)
{
    struct mysql_reader *reader = &asking->reader;
    struct mysql_name from, to;
    mysql_skip(reader);
    if (!mysql_accept(reader, "TABLE") && !mysql_accept(reader, "TABLES"))
        return;
    bool may_be_missing = mysql_accept_if_exists(reader);
    bool is_pair = mysql_take_qualified(reader, &from) && mysql_accept(reader, "TO") &&
                   mysql_take_qualified(reader, &to);
    if (!is_pair || may_be_missing)
        return;
    if (!mysql_is_sign(reader, ',')) {
        mysql_ask_renamed(asking, &from, &to);
        return;
    }
    asking->needs_definition = true;
    do {
        mysql_ask_about(asking, &from);
        mysql_ask_about(asking, &to);
    } while (mysql_accept_sign(reader, ',') && mysql_take_qualified(reader, &from) &&
             mysql_accept(reader, "TO") && mysql_take_qualified(reader, &to));
    asking->may_stay_same = is_permutation(asking);
}

/* ---- the rest ------------------------------------------------------------------------------ */

static bool is_harmless(const struct mysql_reader *reader)
{
    static const char *const words[] = {"TRUNCATE", "SET",    "ANALYZE", "OPTIMIZE", "CHECK",
                                        "REPAIR",   "FLUSH",  "SHOW",    "EXPLAIN",  "DESCRIBE",
                                        "GRANT",    "REVOKE", NULL};
    for (const char *const *word = words; *word; word++)
        if (mysql_is(reader, *word))
            return true;
    return false;
}

/* What commits part by part, or stands half done where a table knows no transaction. */
static bool may_leave_parts(const struct mysql_reader *reader)
{
    static const char *const words[] = {"CALL",    "BEGIN",  "EXECUTE", "LOAD", "INSERT",
                                        "REPLACE", "UPDATE", "DELETE",  NULL};
    for (const char *const *word = words; *word; word++)
        if (mysql_is(reader, *word))
            return true;
    return false;
}

/* Adds each name that a point follows: a database, or an alias, which no database bears by chance alone. */
static void add_named_databases(const struct mysql_asking *asking, struct buf *buf)
{
    struct mysql_reader reader =
        mysql_read(asking->reader.arena, asking->statement, strlen(asking->statement));
    while (!reader.is_over) {
        const char *name;
        if (!mysql_take_name(&reader, &name)) {
            mysql_skip(&reader);
        } else if (mysql_is_sign(&reader, '.')) {
            buf_adds(buf, ", ");
            mysql_add_literal(buf, name);
        }
    }
}

/* After it failed: tables that know transactions have taken the statement back as a whole. Triggers and functions may
 * write to other tables than it names. */
static const char *ask_rolled_back(const struct mysql_asking *asking)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "SELECT IF(COUNT(*), 'unknown', 'undone') FROM information_schema.tables WHERE "
                   "table_type = 'BASE TABLE' AND table_schema NOT IN ('mysql', "
                   "'information_schema', 'performance_schema', 'sys') AND engine NOT IN (SELECT "
                   "engine FROM information_schema.engines WHERE transactions = 'YES') AND "
                   "(table_schema IN (DATABASE()");
    add_named_databases(asking, &buf);
    buf_adds(&buf, ") OR EXISTS (SELECT 1 FROM information_schema.triggers WHERE trigger_schema = "
                   "DATABASE()) OR EXISTS (SELECT 1 FROM information_schema.routines WHERE "
                   "routine_schema = DATABASE()))");
    const char *sql = arena_strndup(asking->reader.arena, buf.data, buf.len);
    buf_done(&buf);
    return sql;
}

static bool changes_rows(const struct mysql_reader *reader)
{
    return mysql_is(reader, "INSERT") || mysql_is(reader, "REPLACE") ||
           mysql_is(reader, "UPDATE") || mysql_is(reader, "DELETE") || mysql_is(reader, "LOAD");
}

static void read_statement(struct mysql_asking *asking, struct probe *probe)
{
    bool has_rows = changes_rows(&asking->reader);
    if (may_leave_parts(&asking->reader))
        probe->remains = REMAINS_UNKNOWN;
    else if (mysql_is(&asking->reader, "CREATE"))
        read_create(asking, probe);
    else if (mysql_is(&asking->reader, "DROP"))
        read_drop(asking, probe);
    else if (mysql_is(&asking->reader, "RENAME"))
        read_rename(asking);
    else if (mysql_is(&asking->reader, "ALTER"))
        mysql_ask_altered(asking);
    else if (is_harmless(&asking->reader))
        mysql_ask_nothing(asking);
    if (has_rows) {
        probe->remains = REMAINS_TOLD;
        probe->sql_failed = ask_rolled_back(asking);
    }
    asking->needs_definition = asking->needs_definition && !asking->sql.len && asking->name_count;
}

/* What the mark before it recorded tells whether it took effect: nothing else changes the tenant meanwhile. */
static void ask_definition(struct mysql_asking *asking)
{
    struct buf *buf = &asking->sql;
    buf_adds(buf, "SELECT CASE WHEN definition IS NULL THEN 'unknown' WHEN definition <> ");
    mysql_add_definition(buf, asking->names, asking->name_count);
    buf_addf(buf,
             " THEN 'done' ELSE '%s' END FROM skein_history WHERE id = (SELECT MAX(id) FROM "
             "skein_history WHERE state IN ('running', 'partial'))",
             asking->may_stay_same ? "unknown" : "undone");
}

void mysql_probe(struct arena *arena, const char *statement, struct probe *ret_probe)
{
    struct mysql_asking asking = {.statement = statement,
                                  .reader = mysql_read(arena, statement, strlen(statement))};
    *ret_probe = (struct probe){.remains = REMAINS_NOTHING};
    buf_init(&asking.sql, BUF_MAX_DEFAULT);
    read_statement(&asking, ret_probe);
    if (asking.needs_definition)
        ask_definition(&asking);
    if (asking.sql.len)
        ret_probe->sql = arena_strndup(arena, asking.sql.data, asking.sql.len);
    buf_done(&asking.sql);
}

const char *mysql_define(struct arena *arena, const char *statement)
{
    struct mysql_asking asking = {.statement = statement,
                                  .reader = mysql_read(arena, statement, strlen(statement))};
    struct probe ignored = {0};
    const char *definition = NULL;
    buf_init(&asking.sql, BUF_MAX_DEFAULT);
    read_statement(&asking, &ignored);
    if (asking.needs_definition) {
        mysql_add_definition(&asking.sql, asking.names, asking.name_count);
        definition = arena_strndup(arena, asking.sql.data, asking.sql.len);
    }
    buf_done(&asking.sql);
    return definition;
}
