/* Did an ALTER take effect? */
#include "base/ascii.h"
#include "dialect/mysql/probe_asking.h"

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
static bool read_add(struct mysql_asking *asking, const struct mysql_name *table)
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
    if (mysql_accept_if_exists(reader))
        return true;
    if (!mysql_take_name(reader, &name))
        return false;
    if (is_index)
        mysql_ask_part(asking, table, "statistics", "index_name", name, true);
    else if (is_constraint)
        mysql_ask_part(asking, table, "table_constraints", "constraint_name", name, true);
    else
        mysql_ask_part(asking, table, "columns", "column_name", name, true);
    return true;
}

static bool read_drop_part(struct mysql_asking *asking, const struct mysql_name *table)
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
    if (mysql_accept_if_exists(reader))
        return true;
    if (!mysql_take_name(reader, &name))
        return false;
    asking->may_stay_same |=
        mysql_count_name(asking, name) > 1; /* it may be added again, as it was */
    mysql_ask_part(asking, table, view, column, name, false);
    return true;
}

/* `RENAME [TO] t`, `RENAME COLUMN a TO b`, `CHANGE a b …` */
static bool read_new_name(struct mysql_asking *asking, const struct mysql_name *table,
                          bool is_change)
{
    struct mysql_reader *reader = &asking->reader;
    struct mysql_name to;
    const char *old, *new;
    bool is_index = !is_change && (mysql_accept(reader, "INDEX") || mysql_accept(reader, "KEY"));
    bool is_column = mysql_accept(reader, "COLUMN") || is_change;
    if (!is_index && !is_column) {
        mysql_accept(reader, "TO");
        mysql_accept(reader, "AS");
        if (!mysql_take_qualified(reader, &to))
            return asking->sql.len;
        if (mysql_is_same_name(table, &to))
            return true;
        buf_clear(&asking->sql); /* of a part: afterwards it is found under the new name */
        mysql_ask_renamed(asking, table, &to);
        return true;
    }
    if (mysql_accept_if_exists(reader) || !mysql_take_name(reader, &old))
        return false;
    mysql_accept(reader, "TO");
    if (!mysql_take_name(reader, &new))
        return false;
    if (!ascii_is_same(old, new))
        mysql_ask_part(asking, table, is_index ? "statistics" : "columns",
                       is_index ? "index_name" : "column_name", old, false);
    return true;
}

/* What leads to the same however often it is done. */
static bool is_repeatable(const struct mysql_reader *reader)
{
    static const char *const words[] = {
        "MODIFY",         "ALTER",   "COMMENT",    "ENGINE", "DEFAULT",   "CHARACTER",
        "CHARSET",        "COLLATE", "ROW_FORMAT", "FORCE",  "ALGORITHM", "LOCK",
        "AUTO_INCREMENT", "ENABLE",  "DISABLE",    "ORDER",  NULL};
    for (const char *const *word = words; *word; word++)
        if (mysql_is(reader, *word))
            return true;
    return false;
}

/* What exchanges the rows, or the file, and leaves the definition alone. */
static bool is_opaque(const struct mysql_reader *reader)
{
    return mysql_is(reader, "EXCHANGE") || mysql_is(reader, "DISCARD") ||
           mysql_is(reader, "IMPORT");
}

static bool read_specification(struct mysql_asking *asking, const struct mysql_name *table)
{
    struct mysql_reader *reader = &asking->reader;
    asking->may_stay_same |= is_opaque(reader);
    if (mysql_accept(reader, "ADD"))
        return read_add(asking, table);
    if (mysql_accept(reader, "DROP"))
        return read_drop_part(asking, table);
    if (mysql_accept(reader, "RENAME"))
        return read_new_name(asking, table, false);
    if (mysql_accept(reader, "CHANGE"))
        return read_new_name(asking, table, true);
    if (mysql_accept(reader, "CONVERT"))
        return mysql_is(reader, "TO"); /* a character set; not a partition to a table */
    return is_repeatable(reader);
}

/* What an ALTER of another kind of thing says leads to the same however often it is said, but for a new name. */
static bool is_harmless_alter(struct mysql_reader *reader)
{
    static const char *const words[] = {"VIEW",   "PROCEDURE", "FUNCTION", "DATABASE",
                                        "SCHEMA", "SEQUENCE",  "EVENT",    NULL};
    bool is_one = false;
    for (; !reader->is_over; mysql_skip(reader)) {
        for (const char *const *word = words; *word; word++)
            is_one |= mysql_is(reader, *word);
        if (mysql_is(reader, "RENAME") || mysql_is(reader, "TABLE"))
            return false;
        if (is_one && mysql_is(reader, "AS"))
            return true; /* a view's query may hold any word */
    }
    return is_one;
}

void mysql_ask_altered(struct mysql_asking *asking)
{
    struct mysql_reader *reader = &asking->reader;
    struct mysql_name table;
    bool is_known = true;
    mysql_skip(reader);
    while (mysql_accept(reader, "ONLINE") || mysql_accept(reader, "IGNORE"))
        continue;
    if (!mysql_accept(reader, "TABLE")) {
        if (is_harmless_alter(reader))
            mysql_ask_nothing(asking);
        return;
    }
    mysql_accept_if_exists(reader);
    if (!mysql_take_qualified(reader, &table))
        return;
    do {
        is_known = read_specification(asking, &table) && is_known;
        skip_specification(reader);
    } while (mysql_accept_sign(reader, ','));
    if (!asking->sql.len && is_known && !asking->needs_definition)
        mysql_ask_nothing(asking);
    asking->needs_definition = !asking->sql.len;
    mysql_ask_about(asking, &table);
}
