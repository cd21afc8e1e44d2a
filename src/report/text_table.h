/* A table on the terminal, by libsmartcols: indented by two, no trailing blanks, cut to the width
 * where there is one.
 *
 * The texts of table_cell must have gone through human_add_text: smartcols would escape ours again, so
 * its own encoding is off. Out of memory aborts, as everywhere.
 *
 *     struct table *table = table_new(out, &options);
 *     table_column(table, "TENANT", TABLE_CUT);
 *     table_row(table);
 *     table_cell(table, "acme", NULL);
 *     table_print(table);       prints and frees
 */
#ifndef REPORT_TEXT_TABLE_H
#define REPORT_TEXT_TABLE_H

#include "base/compiler.h"

struct report_options;
struct table;

enum { TABLE_RIGHT = 1, TABLE_CUT = 2 };

/* The columns are added before the first row. table_print writes the table to `out` and frees it. */
struct table *table_new(FILE *out, const struct report_options *options);

/* NULL as the first title: a table without a heading. */
void table_column(struct table *table, const char *title, unsigned flags);

/* Begins the next row; its cells follow in the order of the columns. */
void table_row(struct table *table);

/* The row's next cell; `color` is an ANSI sequence or NULL. */
void table_cell(struct table *table, const char *text, const char *color);

/* The same of a text from outside, which goes through human_add_text here; NULL is nothing. */
void table_text(struct table *table, const char *text);

/* The same of a number, and of a duration as people read it. */
void table_count(struct table *table, size_t count, const char *color);
void table_duration(struct table *table, double ms);

/* Writes the table, and frees it. */
void table_print(struct table *table);

#endif
