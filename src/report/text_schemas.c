/* Whether tenants hold what their revisions say. */
#include "base/human.h"
#include "inventory/inventory.h"
#include "report/text.h"
#include "report/text_table.h"

enum { DIGITS_SHOWN = 12 };

static const struct {
    const char *cell;
    const char *one, *many; /* after `1 tenant`, `2 tenants` */
    enum text_color color;
} words[SCHEMA__COUNT] = {
    [SCHEMA_UNREAD] = {"", "could not be read", "could not be read", COLOR_ODD},
    [SCHEMA_EXPECTED] = {"as expected", "holds what its revision says",
                         "hold what their revisions say", COLOR_GOOD},
    [SCHEMA_DIFFERS] = {"differs", "differs from what its revision says",
                        "differ from what their revisions say", COLOR_BAD},
    [SCHEMA_UNKNOWN] = {"cannot be judged", "cannot be judged", "cannot be judged", COLOR_ODD},
};

/* `as expected (899d642c5911)` */
void text_schema_cell(const struct text *text, struct table *table, size_t index)
{
    const struct report_schema *schema = &text->report->schemas[index];
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    buf_adds(&cell, words[schema->verdict].cell);
    if (schema->fingerprint)
        buf_addf(&cell, " (%.*s)", DIGITS_SHOWN, schema->fingerprint);
    table_cell(table, cell.data,
               schema->verdict == SCHEMA_EXPECTED ? NULL
                                                  : text_color(text, words[schema->verdict].color));
    buf_done(&cell);
}

static void add_first(const struct text *text, struct buf *line, enum schema_verdict verdict)
{
    const struct report *report = text->report;
    uint32_t rows[VIEW_NAMES];
    size_t count = 0;
    const char *reason = NULL;
    for (size_t i = 0; i < report->run.tenant_count; i++) {
        if (report->schemas[i].verdict != verdict)
            continue;
        if (count < VIEW_NAMES)
            rows[count] = (uint32_t)i;
        reason = reason ? reason : report->schemas[i].reason;
        count++;
    }
    buf_adds(line, ": ");
    text_add_names(text, line, rows, count);
    if (!reason)
        return;
    buf_adds(line, " (");
    human_add_text(line, reason);
    buf_addc(line, ')');
}

static void print_verdict(const struct text *text, enum schema_verdict verdict, size_t count)
{
    struct buf line;
    buf_init(&line, BUF_MAX_DEFAULT);
    human_add_count(&line, count, "tenant");
    buf_addf(&line, " %s", count == 1 ? words[verdict].one : words[verdict].many);
    if (verdict != SCHEMA_EXPECTED)
        add_first(text, &line, verdict);
    fprintf(text->out, "  %s\n", line.data);
    buf_done(&line);
}

void text_schemas(const struct text *text)
{
    const struct report *report = text->report;
    size_t counts[SCHEMA__COUNT] = {0};
    if (!report->schemas || !report->run.tenant_count)
        return;
    for (size_t i = 0; i < report->run.tenant_count; i++)
        counts[report->schemas[i].verdict]++;
    text_heading(text, "Schemas");
    for (enum schema_verdict verdict = SCHEMA_UNREAD + 1; verdict < SCHEMA__COUNT; verdict++)
        if (counts[verdict])
            print_verdict(text, verdict, counts[verdict]);
    if (counts[SCHEMA_UNREAD])
        print_verdict(text, SCHEMA_UNREAD, counts[SCHEMA_UNREAD]);
    if (counts[SCHEMA_DIFFERS])
        fputs("  'skein drift' tells in what they differ\n", text->out);
}
