#include "dialect/mysql/deeds_private.h"

#include "base/arena.h"
#include "base/ascii.h"

/* ---- what all share ----------------------------------------------------------------------------- */

static bool is_systems(const char *schema)
{
    static const char *const names[] = {"information_schema", "mysql", "performance_schema", "sys"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (ascii_is_same(schema, names[i]))
            return true;
    return false;
}

bool mysql_deeds_take_table(struct mysql_reader *reader, struct deeds *deeds,
                            struct mysql_name *ret_table)
{
    if (!mysql_take_qualified(reader, ret_table))
        return false;
    if (ret_table->schema && !is_systems(ret_table->schema)) {
        struct deed *deed = deeds_add(deeds, DEED_NAME_SCHEMA);
        deed->schema = ret_table->schema;
        deed->what = "database";
    }
    return true;
}

struct deed *mysql_deeds_add_on(struct deeds *deeds, enum deed_kind kind,
                                const struct mysql_name *table)
{
    struct deed *deed = deeds_add(deeds, kind);
    deed->schema = table->schema;
    deed->table = table->name;
    return deed;
}

unsigned mysql_deeds_take_condition(struct mysql_reader *reader)
{
    if (!mysql_accept(reader, "IF"))
        return 0;
    mysql_accept(reader, "NOT");
    mysql_accept(reader, "EXISTS");
    return DEED_CONDITIONAL;
}

void mysql_deeds_skip_item(struct mysql_reader *reader)
{
    int depth = 0;
    do {
        depth += mysql_is_sign(reader, '(') - mysql_is_sign(reader, ')');
        mysql_skip(reader);
    } while (!reader->is_over && depth > 0);
}

const char *mysql_deeds_take_only_column(struct mysql_reader *reader)
{
    struct mysql_reader ahead = *reader;
    const char *name = NULL;
    bool is_one = mysql_accept_sign(&ahead, '(') && mysql_take_name(&ahead, &name) &&
                  mysql_is_sign(&ahead, ')');
    mysql_deeds_skip_item(reader);
    return is_one ? name : NULL;
}

const char *mysql_deeds_take_special_index(struct mysql_reader *reader)
{
    bool is_text = mysql_accept(reader, "FULLTEXT");
    if (!is_text)
        mysql_accept(reader, "SPATIAL");
    return is_text ? "a FULLTEXT index" : "a SPATIAL index";
}

/* ---- functions whose value is no constant --------------------------------------------------------- */

static const struct {
    const char *word;
    bool needs_parenthesis;
} changing[] = {
    {"NOW", true},           {"CURRENT_TIMESTAMP", false},
    {"CURRENT_DATE", false}, {"CURRENT_TIME", false},
    {"CURDATE", true},       {"CURTIME", true},
    {"LOCALTIME", false},    {"LOCALTIMESTAMP", false},
    {"SYSDATE", true},       {"UTC_TIMESTAMP", false},
    {"UTC_DATE", false},     {"UNIX_TIMESTAMP", true},
    {"UUID", true},          {"UUID_SHORT", true},
    {"RAND", true},          {"RANDOM_BYTES", true},
    {"CURRENT_USER", false}, {"SESSION_USER", true},
    {"SYSTEM_USER", true},   {"USER", true},
    {"DATABASE", true},      {"SCHEMA", true},
    {"VERSION", true},       {"CONNECTION_ID", true},
};

/* From here to the end of the statement, or to its own WHERE: what UPDATE sets. */
static const char *find_changing(struct mysql_reader reader)
{
    int depth = 0;
    for (; !reader.is_over && (depth || !mysql_is(&reader, "WHERE")); mysql_skip(&reader)) {
        struct mysql_reader after = reader;
        depth += mysql_is_sign(&reader, '(') - mysql_is_sign(&reader, ')');
        if (reader.token.kind != MYSQL_WORD)
            continue;
        mysql_skip(&after);
        for (size_t i = 0; i < ARRAY_LEN(changing); i++)
            if (mysql_is(&reader, changing[i].word) &&
                (!changing[i].needs_parenthesis || mysql_is_sign(&after, '(')))
                return changing[i].word;
    }
    return NULL;
}

/* ---- rows --------------------------------------------------------------------------------------- */

static void skip_modifiers(struct mysql_reader *reader)
{
    static const char *const words[] = {"LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "QUICK",
                                        "IGNORE",       "INTO",          "FROM",    NULL};
    for (const char *const *word = words; *word; word++)
        mysql_accept(reader, *word);
}

static const char *find_source(struct mysql_reader reader)
{
    struct mysql_name table;
    while (!reader.is_over && !mysql_accept(&reader, "FROM"))
        mysql_skip(&reader);
    return mysql_take_qualified(&reader, &table) ? table.name : NULL;
}

static void read_insert(struct mysql_reader *reader, struct deeds *deeds)
{
    struct mysql_name table;
    skip_modifiers(reader);
    if (!mysql_deeds_take_table(reader, deeds, &table))
        return;
    struct mysql_reader columns = *reader;
    if (mysql_is_sign(reader, '('))
        mysql_deeds_skip_item(reader);
    bool copies = mysql_is(reader, "SELECT") || mysql_is(reader, "WITH");
    struct deed *deed = mysql_deeds_add_on(deeds, copies ? DEED_COPY_ROWS : DEED_INSERT, &table);
    deed->what = find_changing(*reader);
    deed->flags |= deed->what ? DEED_UNSTABLE : 0;
    deed->other = copies ? find_source(*reader) : NULL;
    mysql_deeds_read_constants(columns, *reader, deeds, &table);
}

static void read_change(struct mysql_reader *reader, struct deeds *deeds, enum deed_kind kind)
{
    struct mysql_name table;
    skip_modifiers(reader);
    if (!mysql_deeds_take_table(reader, deeds, &table))
        return;
    bool is_one = mysql_is(reader, "SET") || mysql_is(reader, "WHERE") || reader->is_over;
    struct deed *deed = mysql_deeds_add_on(deeds, kind, &table);
    deed->flags |= is_one ? 0 : DEED_SEVERAL;
    deed->what = kind == DEED_UPDATE ? find_changing(*reader) : NULL;
    deed->flags |=
        (deed->what ? DEED_UNSTABLE : 0) | (mysql_leaves_rows_out(*reader) ? 0 : DEED_ALL_ROWS);
}

/* ---- CREATE, DROP, RENAME ------------------------------------------------------------------------ */

static const struct {
    const char *word, *create, *drop, *alter;
} servers[] = {
    {"USER", "CREATE USER", "DROP USER", "ALTER USER"},
    {"ROLE", "CREATE ROLE", "DROP ROLE", "ALTER ROLE"},
    {"DATABASE", "CREATE DATABASE", "DROP DATABASE", "ALTER DATABASE"},
    {"SCHEMA", "CREATE SCHEMA", "DROP SCHEMA", "ALTER SCHEMA"},
    {"SERVER", "CREATE SERVER", "DROP SERVER", "ALTER SERVER"},
    {"TABLESPACE", "CREATE TABLESPACE", "DROP TABLESPACE", "ALTER TABLESPACE"},
    {"RESOURCE", "CREATE RESOURCE GROUP", "DROP RESOURCE GROUP", "ALTER RESOURCE GROUP"},
};

static void read_index(struct mysql_reader *reader, struct deeds *deeds, enum deed_kind kind,
                       unsigned flags)
{
    struct mysql_name table = {0};
    const char *name = NULL, *column = NULL;
    flags |= mysql_deeds_take_condition(reader);
    (void)mysql_take_name(reader, &name);
    while (!reader->is_over && !mysql_accept(reader, "ON"))
        mysql_skip(reader);
    if (!mysql_deeds_take_table(reader, deeds, &table))
        return;
    struct deed_texts keys = mysql_deeds_see_keys(*reader);
    if (mysql_is_sign(reader, '('))
        column = mysql_deeds_take_only_column(reader);
    for (; !reader->is_over; mysql_skip(reader))
        flags |= mysql_is(reader, "ALGORITHM") || mysql_is(reader, "LOCK") ? DEED_ALGORITHM : 0;
    struct deed *deed = mysql_deeds_add_on(deeds, kind, &table);
    deed->flags = flags;
    deed->name = name;
    deed->column = column;
    deed->keys = keys;
}

static void read_trigger(struct mysql_reader *reader, struct deeds *deeds)
{
    struct mysql_name table, trigger = {0};
    unsigned flags = mysql_deeds_take_condition(reader);
    (void)mysql_take_qualified(reader, &trigger);
    while (!reader->is_over && !mysql_accept(reader, "ON"))
        mysql_skip(reader);
    if (!mysql_deeds_take_table(reader, deeds, &table))
        return;
    struct deed *deed = mysql_deeds_add_on(deeds, DEED_TRIGGER, &table);
    deed->flags |= flags;
    deed->name = trigger.name;
}

static void read_special_index(struct mysql_reader *reader, struct deeds *deeds)
{
    struct mysql_name table;
    const char *what = mysql_deeds_take_special_index(reader);
    while (!reader->is_over && !mysql_accept(reader, "ON"))
        mysql_skip(reader);
    if (mysql_deeds_take_table(reader, deeds, &table))
        mysql_deeds_add_on(deeds, DEED_REWRITE, &table)->what = what;
}

/* What changes no table, and commits as DDL does. */
static void add_commit(struct deeds *deeds)
{
    deeds_add(deeds, DEED_LOCK)->what = deed_for_no_one;
}

/* What stands before the kind of a thing (DEFINER = …, AGGREGATE) is passed over. */
static void read_thing(struct mysql_reader *reader, struct deeds *deeds)
{
    static const char *const kinds[] = {"VIEW", "SEQUENCE", "PROCEDURE", "FUNCTION", "EVENT"};
    struct mysql_name name;
    bool is_found = false;
    add_commit(deeds);
    while (!reader->is_over && !is_found) {
        for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
            is_found |= mysql_is(reader, kinds[i]);
        mysql_skip(reader);
    }
    if (mysql_deeds_take_condition(reader) && mysql_take_qualified(reader, &name)) {
        struct deed *deed = deeds_add(deeds, DEED_CREATE_THING);
        deed->name = name.name;
        deed->flags |= DEED_CONDITIONAL;
    }
}

static void read_create(struct mysql_reader *reader, struct deeds *deeds)
{
    unsigned flags = 0;
    if (mysql_accept(reader, "OR") && mysql_accept(reader, "REPLACE"))
        flags |= DEED_REPLACES;
    for (size_t i = 0; i < ARRAY_LEN(servers); i++)
        if (mysql_accept(reader, servers[i].word)) {
            deeds_add(deeds, DEED_SERVER_WIDE)->what = servers[i].create;
            return;
        }
    if (mysql_accept(reader, "TEMPORARY"))
        flags |= DEED_TEMPORARY;
    if (mysql_accept(reader, "UNIQUE"))
        flags |= DEED_UNIQUE;
    if (mysql_is(reader, "FULLTEXT") || mysql_is(reader, "SPATIAL"))
        read_special_index(reader, deeds);
    else if (mysql_accept(reader, "TABLE"))
        mysql_deeds_read_create(reader, deeds, flags);
    else if (mysql_accept(reader, "INDEX"))
        read_index(reader, deeds, DEED_CREATE_INDEX, flags);
    else if (mysql_accept(reader, "TRIGGER"))
        read_trigger(reader, deeds);
    else
        read_thing(reader, deeds); /* a view, a routine, an event, a sequence */
}

static void read_drop(struct mysql_reader *reader, struct deeds *deeds)
{
    struct mysql_name table;
    bool is_temporary = mysql_accept(reader, "TEMPORARY");
    for (size_t i = 0; i < ARRAY_LEN(servers); i++)
        if (mysql_accept(reader, servers[i].word)) {
            deeds_add(deeds, DEED_SERVER_WIDE)->what = servers[i].drop;
            return;
        }
    if (mysql_accept(reader, "INDEX")) {
        read_index(reader, deeds, DEED_DROP_INDEX, 0);
        return;
    }
    if (!mysql_accept(reader, "TABLE") && !mysql_accept(reader, "TABLES")) {
        add_commit(deeds);
        return;
    }
    unsigned flags = mysql_deeds_take_condition(reader) | (is_temporary ? DEED_TEMPORARY : 0);
    do {
        if (!mysql_deeds_take_table(reader, deeds, &table))
            return;
        struct deed *deed = mysql_deeds_add_on(deeds, DEED_DROP_TABLE, &table);
        deed->flags = flags;
        deed->what = "table";
    } while (mysql_accept_sign(reader, ','));
}

/* MariaDB takes WAIT n and NOWAIT before it. */
static bool accept_to(struct mysql_reader *reader)
{
    if (mysql_accept(reader, "WAIT"))
        mysql_skip(reader);
    mysql_accept(reader, "NOWAIT");
    return mysql_accept(reader, "TO");
}

static void read_rename(struct mysql_reader *reader, struct deeds *deeds)
{
    struct mysql_name from, to;
    if (!mysql_accept(reader, "TABLE") && !mysql_accept(reader, "TABLES"))
        return;
    unsigned flags = mysql_deeds_take_condition(reader);
    do {
        if (!mysql_deeds_take_table(reader, deeds, &from) || !accept_to(reader) ||
            !mysql_deeds_take_table(reader, deeds, &to))
            return;
        struct deed *deed = mysql_deeds_add_on(deeds, DEED_RENAME, &from);
        deed->what = "table";
        deed->other = to.name;
        deed->flags |= flags;
    } while (mysql_accept_sign(reader, ','));
}

static void read_alter(struct mysql_reader *reader, struct deeds *deeds)
{
    while (mysql_accept(reader, "ONLINE") || mysql_accept(reader, "IGNORE"))
        continue;
    for (size_t i = 0; i < ARRAY_LEN(servers); i++)
        if (mysql_accept(reader, servers[i].word)) {
            deeds_add(deeds, DEED_SERVER_WIDE)->what = servers[i].alter;
            return;
        }
    if (mysql_accept(reader, "TABLE"))
        mysql_deeds_read_alter(reader, deeds);
    else
        add_commit(deeds);
}

static void read_truncate(struct mysql_reader *reader, struct deeds *deeds)
{
    struct mysql_name table;
    mysql_accept(reader, "TABLE");
    if (mysql_deeds_take_table(reader, deeds, &table))
        mysql_deeds_add_on(deeds, DEED_TRUNCATE, &table);
}

/* ---- SET ------------------------------------------------------------------------------------------ */

static void read_set(struct mysql_reader *reader, struct deeds *deeds)
{
    static const char *const scopes[] = {"SESSION", "LOCAL", "STATEMENT", "@", "@SESSION", NULL};
    do {
        const char *name = NULL, *value = NULL;
        for (const char *const *scope = scopes; *scope; scope++)
            if (mysql_accept(reader, *scope))
                mysql_accept_sign(reader, '.');
        if (!mysql_take_name(reader, &name))
            return;
        while (*name == '@')
            name++;
        mysql_accept_sign(reader, ':');
        mysql_accept_sign(reader, '=');
        (void)mysql_take_name(reader, &value);
        struct deed *deed = deeds_add(deeds, DEED_SET);
        deed->name = name;
        deed->what = value;
        while (!reader->is_over && !mysql_is_sign(reader, ','))
            mysql_deeds_skip_item(reader);
    } while (mysql_accept_sign(reader, ','));
}

/* ---- statements ----------------------------------------------------------------------------------- */

static void read_update(struct mysql_reader *reader, struct deeds *deeds)
{
    read_change(reader, deeds, DEED_UPDATE);
}

static void read_delete(struct mysql_reader *reader, struct deeds *deeds)
{
    read_change(reader, deeds, DEED_DELETE);
}

static void read_grant(struct mysql_reader *reader, struct deeds *deeds)
{
    (void)reader;
    deeds_add(deeds, DEED_SERVER_WIDE)->what = "GRANT or REVOKE";
}

/* The server's own state: `reader` has the word that the statement begins with. */
static bool read_server(struct mysql_reader *reader, struct deeds *deeds)
{
    static const char *const words[] = {"INSTALL", "UNINSTALL", "FLUSH",    "KILL",
                                        "PURGE",   "RESET",     "SHUTDOWN", "RESTART"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (mysql_accept(reader, words[i])) {
            deeds_add(deeds, DEED_SERVER_WIDE)->what = words[i];
            return true;
        }
    return false;
}

static void read_optimize(struct mysql_reader *reader, struct deeds *deeds)
{
    struct mysql_name table;
    while (mysql_accept(reader, "LOCAL") || mysql_accept(reader, "NO_WRITE_TO_BINLOG"))
        continue;
    if (!mysql_accept(reader, "TABLE") && !mysql_accept(reader, "TABLES"))
        return;
    do {
        if (mysql_deeds_take_table(reader, deeds, &table))
            mysql_deeds_add_on(deeds, DEED_REWRITE, &table)->what = "OPTIMIZE TABLE";
    } while (mysql_accept_sign(reader, ','));
}

/* ANALYZE, CHECK and REPAIR: they commit. */
static void read_care(struct mysql_reader *reader, struct deeds *deeds)
{
    (void)reader;
    add_commit(deeds);
}

static void read_block(struct mysql_reader *reader, struct deeds *deeds)
{
    (void)reader;
    deeds_add(deeds, DEED_OTHER)->what = "a program";
}

void mysql_read_deeds(void *reader, const char *sql, size_t len, struct deeds *deeds)
{
    static const struct {
        const char *word;
        void (*read)(struct mysql_reader *reader, struct deeds *deeds);
    } readers[] = {
        {"CREATE", read_create},     {"ALTER", read_alter},   {"DROP", read_drop},
        {"RENAME", read_rename},     {"INSERT", read_insert}, {"REPLACE", read_insert},
        {"UPDATE", read_update},     {"DELETE", read_delete}, {"TRUNCATE", read_truncate},
        {"SET", read_set},           {"GRANT", read_grant},   {"REVOKE", read_grant},
        {"OPTIMIZE", read_optimize}, {"ANALYZE", read_care},  {"CHECK", read_care},
        {"REPAIR", read_care},       {"CALL", read_block},    {"BEGIN", read_block},
    };
    struct mysql_reader read = mysql_read(deeds->arena, sql, len);
    (void)reader;
    if (read_server(&read, deeds))
        return;
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        if (mysql_accept(&read, readers[i].word)) {
            readers[i].read(&read, deeds);
            return;
        }
}
