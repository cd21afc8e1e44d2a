#include "base/human.h"
#include "inventory/inventory.h"
#include "report/text.h"
#include "report/view_shared.h"

static void add_location(struct buf *buf, const struct cause *key)
{
    struct buf raw;
    buf_init(&raw, BUF_MAX_DEFAULT);
    view_add_location(&raw, key);
    human_add_text(buf, raw.data);
    buf_done(&raw);
}

static void print_statement(const struct text *text, const struct report_error *error)
{
    struct buf line;
    const char *statement = error->statement + strspn(error->statement, " \t");
    buf_init(&line, BUF_MAX_DEFAULT);
    buf_adds(&line, "      ");
    if (error->key.line)
        buf_addf(&line, "%d ", (int)error->key.line);
    buf_adds(&line, "| ");
    human_add_text(&line, statement);
    fprintf(text->out, "%s\n", line.data);
    buf_done(&line);
}

/* `table public.item, constraint item_pkey` */
static void add_names(struct buf *buf, const struct said *said)
{
    const char *schema = said_part(said, SAID_SCHEMA);
    for (enum said_part part = SAID_SCHEMA + 1; part < SAID__COUNT; part++) {
        bool has_schema = schema && (part == SAID_TABLE || part == SAID_DATATYPE);
        if (!said_part(said, part))
            continue;
        buf_addf(buf, ", %s ", said_name(part));
        human_add_text(buf, has_schema ? schema : NULL);
        if (has_schema)
            buf_addc(buf, '.');
        human_add_text(buf, said_part(said, part));
    }
}

/* Shows the words of the first tenant's database, and says in front of them where those of other tenants
 * differ. */
static void print_said(const struct text *text, const struct report_error *error)
{
    const struct said *said = report_example(text->report, error);
    struct buf label;
    buf_init(&label, BUF_MAX_DEFAULT);
    for (enum said_part part = 0; part < SAID__COUNT; part++) {
        if (said_is_name(part) || !said_part(said, part))
            continue;
        buf_clear(&label);
        buf_addf(&label, "    %s", said_name(part));
        if (error->has_other_words && part == SAID_DETAIL) {
            buf_adds(&label, " (of ");
            human_add_text(&label, text->report->run.tenants[error->first_row]->name);
            buf_adds(&label, ", as an example)");
        }
        fprintf(text->out, "%s: ", label.data);
        text_lines(text, said_part(said, part), "      ");
    }
    buf_done(&label);
}

/* Of the first tenant that has something of its own to tell. */
static void print_detail(const struct text *text, const struct report_error *error)
{
    const struct report *report = text->report;
    uint32_t row = error->first_row;
    while (row != REPORT_NONE && !report->rows[row].detail)
        row = report->rows[row].next_same_error;
    if (row == REPORT_NONE)
        return;
    struct buf line;
    buf_init(&line, BUF_MAX_DEFAULT);
    human_add_text(&line, report->run.tenants[row]->name);
    buf_adds(&line, " was ");
    human_add_text(&line, report->rows[row].detail + strspn(report->rows[row].detail, "; "));
    fprintf(text->out, "    %s\n", line.data);
    buf_done(&line);
}

/* `3 tenants: `, and whose words follow where the others have words of their own. */
static void add_who(const struct text *text, struct buf *line, const struct report_error *error)
{
    const char *red = text_color(text, COLOR_BAD);
    buf_addf(line, "  %s", red ? red : "");
    human_add_count(line, error->row_count, "tenant");
    buf_adds(line, red ? "\033[0m" : "");
    if (error->has_other_texts) {
        buf_adds(line, " (in the words of ");
        human_add_text(line, text->report->run.tenants[error->first_row]->name);
        buf_adds(line, ", as an example)");
    }
    buf_adds(line, ": ");
}

/* What its tenants have, and others do not. */
static void print_shared(const struct text *text, const struct view_shared_item *shared)
{
    struct buf words, line;
    buf_init(&words, BUF_MAX_DEFAULT);
    buf_init(&line, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < shared->fact_count; i++) {
        buf_clear(&words);
        buf_clear(&line);
        view_add_fact(shared, &shared->facts[i], &words);
        human_add_text(&line, words.data);
        fprintf(text->out, "    %s\n", line.data);
    }
    buf_done(&words);
    buf_done(&line);
}

static void print_error(const struct text *text, const struct report_error *error,
                        const struct view_shared_item *shared)
{
    uint32_t rows[VIEW_NAMES];
    struct buf line;
    buf_init(&line, BUF_MAX_DEFAULT);
    add_who(text, &line, error);
    fputs(line.data, text->out);
    text_lines(text, report_text_of(text->report, error), "    ");
    print_said(text, error);
    buf_clear(&line);
    add_location(&line, &error->key);
    add_names(&line, report_example(text->report, error));
    fprintf(text->out, "    %s\n", line.data);
    if (error->statement && *error->statement)
        print_statement(text, error);
    print_detail(text, error);
    buf_clear(&line);
    view_error_rows(text->report, error, rows);
    text_add_names(text, &line, rows, error->row_count);
    fprintf(text->out, "    in %s\n", line.data);
    print_shared(text, shared);
    buf_done(&line);
}

void text_failures(const struct text *text)
{
    /* Where every tenant fails in words of its own, twenty causes tell as much as a thousand. */
    enum { CAUSES_SHOWN = 20 };
    const struct report *report = text->report;
    bool shows_all = text->options->is_verbose || report->error_count <= CAUSES_SHOWN;
    size_t shown = shows_all ? report->error_count : CAUSES_SHOWN;
    if (!shown)
        return;
    struct view_shared shared;
    view_shared_init(&shared, report);
    text_heading(text, "Failures");
    for (size_t i = 0; i < shown; i++)
        print_error(text, &report->errors[i], &shared.items[i]);
    view_shared_done(&shared);
    if (shown < report->error_count)
        fprintf(text->out, "  and %zu more causes (-v shows all)\n", report->error_count - shown);
}
