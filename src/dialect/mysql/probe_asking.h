/* A probe that is being written: the question whether a statement took effect. Private to probe*.c. */
#ifndef DIALECT_MYSQL_PROBE_ASKING_H
#define DIALECT_MYSQL_PROBE_ASKING_H

#include "base/buf.h"
#include "dialect/mysql/reader.h"

enum { NAMES_MOST = 16 };

struct mysql_asking {
    const char *statement;
    struct mysql_reader reader;
    struct buf sql;
    /* The tables or views whose definition tells, where no single name does. */
    struct mysql_name names[NAMES_MOST];
    size_t name_count;
    bool needs_definition;
    bool may_stay_same; /* it may take effect and leave the definition as it was */
};

bool mysql_accept_if_exists(struct mysql_reader *reader);

/* The statement may be run again without harm. */
void mysql_ask_nothing(struct mysql_asking *asking);

/* A part of a table: a column, an index, a constraint. `is_made`: the statement makes it, else it takes it away. What
 * stands in the statement twice tells nothing by being there: `DROP x, ADD x`. */
void mysql_ask_part(struct mysql_asking *asking, const struct mysql_name *table, const char *view,
                    const char *column, const char *name, bool is_made);

/* How often the name stands in the statement. */
size_t mysql_count_name(const struct mysql_asking *asking, const char *name);

bool mysql_is_same_name(const struct mysql_name *a, const struct mysql_name *b);

/* Of a table. */
void mysql_ask_renamed(struct mysql_asking *asking, const struct mysql_name *from,
                       const struct mysql_name *to);

/* Its definition may have to tell. */
void mysql_ask_about(struct mysql_asking *asking, const struct mysql_name *name);

/* At ALTER. */
void mysql_ask_altered(struct mysql_asking *asking);

#endif
