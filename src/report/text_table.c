#include "report/text_table.h"

#include <libsmartcols.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/human.h"
#include "report/report.h"

/* On a narrower terminal rows go on in the next line: cut to what is left there, names and revisions would look alike. */
enum { INDENT = 2, NARROWEST = 60 };

struct table {
    struct libscols_table *scols;
    FILE *out;
    struct libscols_line *line;
    size_t next_cell;
};

/* All that a call to smartcols can fail of here is memory. */
static void check(bool is_ok)
{
    if (is_ok)
        return;
    die_out_of_memory();
}

static void set_width(struct libscols_table *scols, int width)
{
    if (width <= 0) {
        scols_table_set_termforce(scols, SCOLS_TERMFORCE_NEVER);
        return;
    }
    scols_table_set_termforce(scols, SCOLS_TERMFORCE_ALWAYS);
    scols_table_set_termwidth(scols, (size_t)(width < NARROWEST ? NARROWEST : width) - INDENT);
}

struct table *table_new(FILE *out, const struct report_options *options)
{
    struct table *table = xcalloc(1, sizeof *table);
    table->out = out;
    table->scols = scols_new_table();
    check(table->scols != NULL);
    set_width(table->scols, options->width);
    check(scols_table_set_column_separator(table->scols, "  ") == 0);
    scols_table_enable_noencoding(table->scols, 1);
    scols_table_enable_colors(table->scols, options->has_color);
    return table;
}

void table_column(struct table *table, const char *title, unsigned flags)
{
    int scols_flags =
        (flags & TABLE_RIGHT ? SCOLS_FL_RIGHT : 0) | (flags & TABLE_CUT ? SCOLS_FL_TRUNC : 0);
    if (!title && !scols_table_get_ncols(table->scols))
        scols_table_enable_noheadings(table->scols, 1);
    check(scols_table_new_column(table->scols, title ? title : "", 0, scols_flags) != NULL);
}

void table_row(struct table *table)
{
    table->line = scols_table_new_line(table->scols, NULL);
    check(table->line != NULL);
    table->next_cell = 0;
}

void table_cell(struct table *table, const char *text, const char *color)
{
    size_t at = table->next_cell++;
    check(scols_line_set_data(table->line, at, text) == 0);
    /* A colored nothing would be padded with blanks that print_line can't see. */
    if (color && *text)
        check(scols_cell_set_color(scols_line_get_cell(table->line, at), color) == 0);
}

void table_text(struct table *table, const char *text)
{
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    human_add_text(&cell, text);
    table_cell(table, cell.data, NULL);
    buf_done(&cell);
}

void table_count(struct table *table, size_t count, const char *color)
{
    char cell[24];
    snprintf(cell, sizeof cell, "%zu", count);
    table_cell(table, cell, color);
}

void table_duration(struct table *table, double ms)
{
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    human_add_duration(&cell, ms);
    table_cell(table, cell.data, NULL);
    buf_done(&cell);
}

/* Smartcols pads all but the last column, and can't indent. */
static void print_line(FILE *out, const char *line, size_t len)
{
    while (len && line[len - 1] == ' ')
        len--;
    if (len)
        fprintf(out, "%*s%.*s", INDENT, "", (int)len, line);
    putc('\n', out);
}

void table_print(struct table *table)
{
    char *text = NULL;
    check(scols_print_table_to_string(table->scols, &text) == 0 && text);
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n");
        print_line(table->out, line, len);
        line += len + (line[len] == '\n');
    }
    free(text);
    scols_unref_table(table->scols);
    free(table);
}
