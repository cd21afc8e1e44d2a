/* Whether tenants hold what their revisions say. */
#include "base/human.h"
#include "inventory/inventory.h"
#include "report/text.h"
#include "report/text_table.h"
#include "report/view_schemas.h"

enum { GROUPS_SHOWN = 10 };

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
    if (schema->fingerprint) {
        buf_adds(&cell, " (");
        view_add_fingerprint(&cell, schema);
        buf_addc(&cell, ')');
    }
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

static size_t count_groups(const struct view_schemas *schemas, enum schema_verdict verdict)
{
    size_t count = 0;
    for (size_t i = 0; i < schemas->count; i++)
        count += schemas->items[i].schema->verdict == verdict;
    return count;
}

/* `2 of them are alike (84d89161e9e4): s3, s4`. One group alone was told already. */
static void print_group(const struct text *text, const struct view_schema_group *group)
{
    struct buf line;
    buf_init(&line, BUF_MAX_DEFAULT);
    buf_addf(&line, group->count == 1 ? "%zu of them is alone (" : "%zu of them are alike (",
             group->count);
    view_add_fingerprint(&line, group->schema);
    buf_adds(&line, "): ");
    text_add_names(text, &line, group->rows, group->count);
    fprintf(text->out, "    %s\n", line.data);
    buf_done(&line);
}

static void print_groups(const struct text *text, const struct view_schemas *schemas,
                         enum schema_verdict verdict)
{
    size_t count = count_groups(schemas, verdict), shown = 0;
    if (count < 2 || verdict == SCHEMA_EXPECTED)
        return;
    for (size_t i = 0; i < schemas->count && shown < GROUPS_SHOWN; i++)
        if (schemas->items[i].schema->verdict == verdict) {
            print_group(text, &schemas->items[i]);
            shown++;
        }
    if (shown < count)
        fprintf(text->out, "    and %zu more kinds\n", count - shown);
}

void text_schemas(const struct text *text)
{
    const struct report *report = text->report;
    struct view_schemas schemas;
    size_t counts[SCHEMA__COUNT] = {0};
    if (!report->schemas || !report->run.tenant_count)
        return;
    for (size_t i = 0; i < report->run.tenant_count; i++)
        counts[report->schemas[i].verdict]++;
    text_heading(text, "Schemas");
    view_schemas_init(&schemas, report);
    for (enum schema_verdict verdict = SCHEMA_UNREAD + 1; verdict < SCHEMA__COUNT; verdict++)
        if (counts[verdict]) {
            print_verdict(text, verdict, counts[verdict]);
            print_groups(text, &schemas, verdict);
        }
    view_schemas_done(&schemas);
    if (counts[SCHEMA_UNREAD])
        print_verdict(text, SCHEMA_UNREAD, counts[SCHEMA_UNREAD]);
    if (counts[SCHEMA_DIFFERS])
        fputs("  'skein drift' tells in what they differ\n", text->out);
}
