#include "dialect/mysql/probe.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/mysql/reader.h"
#include "dialect/mysql/templates.h"

/* Where things of a kind stand in the catalog. */
struct kind {
    const char *word; /* of the statement */
    const char *table, *schema, *name;
    const char *created; /* when it was made; NULL: it is not known */
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

struct asking {
    struct mysql_reader reader;
    struct buf sql;
};

static bool accept_if_exists(struct mysql_reader *reader)
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

/* It may be run again without harm. */
static void say_undone(struct asking *asking)
{
    buf_adds(&asking->sql, "SELECT 'undone'");
}

static void add_schema(struct buf *buf, const struct mysql_name *name)
{
    if (name->schema)
        mysql_add_literal(buf, name->schema);
    else
        buf_adds(buf, "DATABASE()");
}

/* `FROM information_schema.x WHERE …` */
static void add_from(struct asking *asking, const struct kind *kind, const struct mysql_name *name)
{
    struct buf *buf = &asking->sql;
    buf_addf(buf, "FROM information_schema.%s WHERE %s = ", kind->table, kind->schema);
    add_schema(buf, name);
    buf_addf(buf, " AND %s = ", kind->name);
    mysql_add_literal(buf, name->name);
}

/* It is this statement's only if it is not older than the mark that was written before it. The catalog counts in whole
 * seconds. */
static void ask_made(struct asking *asking, const struct kind *kind, const struct mysql_name *name)
{
    if (!kind->created)
        buf_adds(&asking->sql, "SELECT IF(COUNT(*), 'unknown', 'undone') ");
    else
        buf_addf(&asking->sql,
                 "SELECT CASE WHEN COUNT(*) = 0 THEN 'undone' WHEN MAX(%s) >= (SELECT "
                 "MAX(applied_at) FROM skein_history WHERE state IN ('running', 'partial')) - "
                 "INTERVAL 1 SECOND THEN 'done' ELSE 'other' END ",
                 kind->created);
    add_from(asking, kind, name);
}

static void ask_gone(struct asking *asking, const struct kind *kind, const struct mysql_name *name)
{
    buf_adds(&asking->sql, "SELECT IF(COUNT(*), 'undone', 'done') ");
    add_from(asking, kind, name);
}

/* A part of a table: a column, an index, a constraint. `is_made`: the statement makes it, else it takes it away. */
static void ask_part(struct asking *asking, const struct mysql_name *table, const char *view,
                     const char *column, const char *name, bool is_made)
{
    struct buf *buf = &asking->sql;
    if (buf->len)
        return; /* an ALTER takes effect as a whole: one part tells of all */
    buf_addf(buf,
             "SELECT IF(COUNT(*), '%s', '%s') FROM information_schema.%s WHERE table_schema = ",
             is_made ? "done" : "undone", is_made ? "undone" : "done", view);
    add_schema(buf, table);
    buf_adds(buf, " AND table_name = ");
    mysql_add_literal(buf, table->name);
    buf_addf(buf, " AND %s = ", column);
    mysql_add_literal(buf, name);
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

static void read_create_index(struct asking *asking)
{
    struct mysql_reader *reader = &asking->reader;
    struct mysql_name table;
    const char *name;
    mysql_skip(reader);
    if (accept_if_exists(reader)) {
        say_undone(asking);
        return;
    }
    if (!mysql_take_name(reader, &name))
        return;
    while (!reader->is_over && !mysql_is(reader, "ON"))
        mysql_skip(reader);
    if (mysql_accept(reader, "ON") && mysql_take_qualified(reader, &table))
        ask_part(asking, &table, "statistics", "index_name", name, true);
}

/* What replaces a table drops it first: where it then fails, neither is there. */
static void read_create(struct asking *asking, struct probe *probe)
{
    struct mysql_reader *reader = &asking->reader;
    struct mysql_name name;
    mysql_skip(reader);
    bool replaces = mysql_accept(reader, "OR") && mysql_accept(reader, "REPLACE");
    if (replaces && (mysql_is(reader, "TABLE") || mysql_is(reader, "SEQUENCE")))
        probe->remains = REMAINS_UNKNOWN;
    if (replaces || mysql_is(reader, "TEMPORARY")) {
        say_undone(asking);
        return;
    }
    if (!skip_traits(reader))
        return;
    if (mysql_is(reader, "INDEX")) {
        read_create_index(asking);
        return;
    }
    const struct kind *kind = take_kind(reader);
    if (accept_if_exists(reader))
        say_undone(asking);
    else if (kind && mysql_take_qualified(reader, &name))
        ask_made(asking, kind, &name);
}

/* Of several tables some may be gone and some not, also where the server says that it failed. */
static void read_drop(struct asking *asking, struct probe *probe)
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
    bool is_harmless = accept_if_exists(reader) || is_temporary;
    if (is_harmless)
        say_undone(asking);
    if (is_index) {
        if (mysql_take_name(reader, &index) && mysql_accept(reader, "ON") &&
            mysql_take_qualified(reader, &name))
            ask_part(asking, &name, "statistics", "index_name", index, false);
    } else if (mysql_take_qualified(reader, &name)) {
        if (mysql_is_sign(reader, ','))
            probe->remains = REMAINS_UNKNOWN;
        else if (!is_harmless)
            ask_gone(asking, kind, &name);
    }
}

static void ask_renamed(struct asking *asking, const struct mysql_name *from,
                        const struct mysql_name *to)
{
    buf_adds(&asking->sql, "SELECT CASE WHEN EXISTS (SELECT 1 ");
    add_from(asking, &kinds[0], from);
    buf_adds(&asking->sql, ") THEN 'undone' WHEN EXISTS (SELECT 1 ");
    add_from(asking, &kinds[0], to);
    buf_adds(&asking->sql, ") THEN 'done' ELSE 'unknown' END");
}

static void read_rename(struct asking *asking)
{
    struct mysql_reader *reader = &asking->reader;
    struct mysql_name from, to;
    mysql_skip(reader);
    if (!mysql_accept(reader, "TABLE") && !mysql_accept(reader, "TABLES"))
        return;
    bool may_be_missing = accept_if_exists(reader);
    bool is_pair = mysql_take_qualified(reader, &from) && mysql_accept(reader, "TO") &&
                   mysql_take_qualified(reader, &to);
    if (is_pair && !may_be_missing && !mysql_is_sign(reader, ','))
        ask_renamed(asking, &from, &to);
}

/* ---- ALTER TABLE --------------------------------------------------------------------------- */

/* To the comma that ends the specification, or the end. */
static void skip_specification(struct mysql_reader *reader)
{
    for (int depth = 0; !reader->is_over; mysql_skip(reader)) {
        if (!depth && mysql_is_sign(reader, ','))
            return;
        depth += mysql_is_sign(reader, '(') - mysql_is_sign(reader, ')');
    }
}

/* After ADD. False: it cannot be told whether it took effect. */
static bool read_add(struct asking *asking, const struct mysql_name *table)
{
    static const char *const others[] = {"PRIMARY", "PARTITION", "FOREIGN", "CHECK",
                                         "PERIOD",  "SYSTEM",    NULL};
    struct mysql_reader *reader = &asking->reader;
    const char *name;
    bool is_index = mysql_accept(reader, "UNIQUE") || mysql_accept(reader, "FULLTEXT") ||
                    mysql_accept(reader, "SPATIAL");
    is_index = mysql_accept(reader, "INDEX") || mysql_accept(reader, "KEY") || is_index;
    bool is_constraint = !is_index && mysql_accept(reader, "CONSTRAINT");
    bool is_column = !is_index && !is_constraint && mysql_accept(reader, "COLUMN");
    for (const char *const *word = others; *word && !is_index && !is_constraint && !is_column;
         word++)
        if (mysql_is(reader, *word))
            return false;
    if (accept_if_exists(reader))
        return true;
    if (!mysql_take_name(reader, &name))
        return false;
    if (is_index)
        ask_part(asking, table, "statistics", "index_name", name, true);
    else if (is_constraint)
        ask_part(asking, table, "table_constraints", "constraint_name", name, true);
    else
        ask_part(asking, table, "columns", "column_name", name, true);
    return true;
}

static bool read_drop_part(struct asking *asking, const struct mysql_name *table)
{
    struct mysql_reader *reader = &asking->reader;
    const char *name, *view = "columns", *column = "column_name";
    if (mysql_is(reader, "PRIMARY") || mysql_is(reader, "PARTITION") ||
        mysql_is(reader, "SYSTEM") || mysql_is(reader, "PERIOD"))
        return false;
    if (mysql_accept(reader, "INDEX") || mysql_accept(reader, "KEY")) {
        view = "statistics";
        column = "index_name";
    } else if (mysql_accept(reader, "CONSTRAINT") || mysql_accept(reader, "CHECK") ||
               mysql_accept(reader, "FOREIGN")) {
        mysql_accept(reader, "KEY");
        view = "table_constraints";
        column = "constraint_name";
    } else {
        mysql_accept(reader, "COLUMN");
    }
    if (accept_if_exists(reader))
        return true;
    if (!mysql_take_name(reader, &name))
        return false;
    ask_part(asking, table, view, column, name, false);
    return true;
}

/* `RENAME [TO] t`, `RENAME COLUMN a TO b`, `CHANGE a b …` */
static bool read_new_name(struct asking *asking, const struct mysql_name *table, bool is_change)
{
    struct mysql_reader *reader = &asking->reader;
    struct mysql_name to;
    const char *old, *new;
    bool is_index = !is_change && (mysql_accept(reader, "INDEX") || mysql_accept(reader, "KEY"));
    bool is_column = mysql_accept(reader, "COLUMN") || is_change;
    if (!is_index && !is_column) {
        mysql_accept(reader, "TO");
        mysql_accept(reader, "AS");
        if (asking->sql.len || !mysql_take_qualified(reader, &to))
            return asking->sql.len;
        ask_renamed(asking, table, &to);
        return true;
    }
    if (accept_if_exists(reader) || !mysql_take_name(reader, &old))
        return false;
    mysql_accept(reader, "TO");
    if (!mysql_take_name(reader, &new))
        return false;
    if (!ascii_is_same(old, new))
        ask_part(asking, table, is_index ? "statistics" : "columns",
                 is_index ? "index_name" : "column_name", old, false);
    return true;
}

/* What leads to the same however often it is done. */
static bool is_repeatable(const struct mysql_reader *reader)
{
    static const char *const words[] = {
        "MODIFY",    "ALTER",          "COMMENT", "ENGINE",     "CONVERT", "DEFAULT",
        "CHARACTER", "CHARSET",        "COLLATE", "ROW_FORMAT", "FORCE",   "ALGORITHM",
        "LOCK",      "AUTO_INCREMENT", "ENABLE",  "DISABLE",    "ORDER",   NULL};
    for (const char *const *word = words; *word; word++)
        if (mysql_is(reader, *word))
            return true;
    return false;
}

static bool read_specification(struct asking *asking, const struct mysql_name *table)
{
    struct mysql_reader *reader = &asking->reader;
    if (mysql_accept(reader, "ADD"))
        return read_add(asking, table);
    if (mysql_accept(reader, "DROP"))
        return read_drop_part(asking, table);
    if (mysql_accept(reader, "RENAME"))
        return read_new_name(asking, table, false);
    if (mysql_accept(reader, "CHANGE"))
        return read_new_name(asking, table, true);
    return is_repeatable(reader);
}

static void read_alter(struct asking *asking)
{
    struct mysql_reader *reader = &asking->reader;
    struct mysql_name table;
    bool is_known = true;
    mysql_skip(reader);
    while (mysql_accept(reader, "ONLINE") || mysql_accept(reader, "IGNORE"))
        continue;
    if (!mysql_accept(reader, "TABLE"))
        return;
    accept_if_exists(reader);
    if (!mysql_take_qualified(reader, &table))
        return;
    do {
        is_known = read_specification(asking, &table) && is_known;
        skip_specification(reader);
    } while (mysql_accept_sign(reader, ','));
    if (!asking->sql.len && is_known)
        say_undone(asking);
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

void mysql_probe(struct arena *arena, const char *statement, struct probe *ret_probe)
{
    struct asking asking = {.reader = mysql_read(arena, statement, strlen(statement))};
    *ret_probe = (struct probe){.remains = REMAINS_NOTHING};
    buf_init(&asking.sql, BUF_MAX_DEFAULT);
    if (may_leave_parts(&asking.reader))
        ret_probe->remains = REMAINS_UNKNOWN;
    else if (mysql_is(&asking.reader, "CREATE"))
        read_create(&asking, ret_probe);
    else if (mysql_is(&asking.reader, "DROP"))
        read_drop(&asking, ret_probe);
    else if (mysql_is(&asking.reader, "RENAME"))
        read_rename(&asking);
    else if (mysql_is(&asking.reader, "ALTER"))
        read_alter(&asking);
    else if (is_harmless(&asking.reader))
        say_undone(&asking);
    if (asking.sql.len)
        ret_probe->sql = arena_strndup(arena, asking.sql.data, asking.sql.len);
    buf_done(&asking.sql);
}
