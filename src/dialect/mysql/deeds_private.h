/* What the readers of statements share: those of tables (deeds_table.c), and all others (deeds.c). */
#ifndef DIALECT_MYSQL_DEEDS_PRIVATE_H
#define DIALECT_MYSQL_DEEDS_PRIVATE_H

#include "dialect/mysql/deeds.h"
#include "dialect/mysql/reader.h"

/* Takes the name of a table, and adds that a schema is named where one is. False: no name stands there. */
bool mysql_deeds_take_table(struct mysql_reader *reader, struct deeds *deeds,
                            struct mysql_name *ret_table);

struct deed *mysql_deeds_add_on(struct deeds *deeds, enum deed_kind kind,
                                const struct mysql_name *table);

/* IF EXISTS and IF NOT EXISTS: DEED_CONDITIONAL, or 0. */
unsigned mysql_deeds_take_condition(struct mysql_reader *reader);

/* FULLTEXT or SPATIAL, which the reader stands at: what builds such an index. No row can be written meanwhile, and the first
 * FULLTEXT index of a table writes the whole table anew. */
const char *mysql_deeds_take_special_index(struct mysql_reader *reader);

/* The only name between the parentheses that stand next; NULL: there are several, or an expression. Steps over them. */
const char *mysql_deeds_take_only_column(struct mysql_reader *reader);

/* The columns between the parentheses that stand next, as SQL: names, parts of texts (`LEFT(name, 10)`), expressions; none:
 * they are no such list. Leaves the reader where it is. */
struct deed_texts mysql_deeds_see_keys(struct mysql_reader reader);

/* One name, as SQL. */
struct deed_texts mysql_deeds_name(struct arena *arena, const char *name);

/* The statement's text from the reader's token to before `end`'s; NULL: there is none. */
const char *mysql_deeds_slice(const struct mysql_reader *begin, const struct mysql_reader *end);

/* Steps over the token, and what belongs between parentheses where it opens them. */
void mysql_deeds_skip_item(struct mysql_reader *reader);

/* A DEED_INSERT for each fixed number that a row of VALUES, SET or a SELECT gives a column (deeds_rows.c). The readers stand at
 * the list of columns, if there is one, and after it. */
void mysql_deeds_read_constants(struct mysql_reader columns, struct mysql_reader values,
                                struct deeds *deeds, const struct mysql_name *table);

/* Does the rest of an UPDATE or DELETE have a LIMIT or a WHERE of its own that may be false? In what is joined each counts. */
bool mysql_leaves_rows_out(struct mysql_reader reader);

/* After ALTER [ONLINE] [IGNORE] TABLE, and after CREATE [OR REPLACE] [TEMPORARY] TABLE. */
void mysql_deeds_read_alter(struct mysql_reader *reader, struct deeds *deeds);
void mysql_deeds_read_create(struct mysql_reader *reader, struct deeds *deeds, unsigned flags);

#endif
