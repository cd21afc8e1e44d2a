/* What the tenants' rows say of the statements of a plan, as text. */
#include "base/human.h"
#include "report/text.h"
#include "report/view_preflight.h"

enum { REASONS_SHOWN = 3 };

/* `acme (12 rows: 4; 7)` */
static void add_tenant(const struct text *text, struct buf *line,
                       const struct view_preflight_item *item, size_t index)
{
    const struct report *report = text->report;
    uint32_t row = item->failing[index];
    const struct preflight_answer *answer = view_preflight_answer(&report->rows[row], item);
    human_add_text(line, report->run.tenants[row]->name);
    if (!answer->count && !answer->reason && !answer->example_count)
        return;
    buf_adds(line, " (");
    if (answer->count)
        buf_addf(line, "%s%llu", answer->is_more ? "more than " : "",
                 (unsigned long long)answer->count);
    else if (answer->reason)
        human_add_text(line, answer->reason);
    for (size_t i = 0; i < answer->example_count; i++) {
        buf_adds(line, i ? "; " : ": ");
        human_add_text(line, answer->examples[i]);
    }
    buf_addc(line, ')');
}

static void print_tenants(const struct text *text, const struct view_preflight_item *item)
{
    size_t count = item->counts[PREFLIGHT_FAILS];
    size_t shown = text->options->is_verbose || count <= VIEW_NAMES ? count : VIEW_NAMES;
    struct buf line;
    buf_init(&line, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < shown; i++) {
        buf_adds(&line, i ? ", " : "    ");
        add_tenant(text, &line, item, i);
    }
    if (shown < count)
        buf_addf(&line, " and %zu more (-v shows all)", count - shown);
    fprintf(text->out, "%s\n", line.data);
    buf_done(&line);
}

/* `all have label tier=free, and 3 of 39,963 others` */
static void print_shared(const struct text *text, const struct view_preflight_item *item)
{
    const struct view_shared_item *shared = item->shared;
    for (size_t i = 0; i < shared->fact_count; i++) {
        const struct view_fact *fact = &shared->facts[i];
        struct buf line;
        buf_init(&line, BUF_MAX_DEFAULT);
        buf_addf(&line, "    %zu of %zu have ", fact->here, shared->here);
        human_add_text(&line, fact->name);
        buf_addc(&line, ' ');
        human_add_text(&line, fact->value);
        buf_addf(&line, ", and %zu of %zu others", fact->elsewhere, shared->elsewhere);
        fprintf(text->out, "%s\n", line.data);
        buf_done(&line);
    }
}

static void print_reasons(const struct text *text, const struct view_preflight_item *item)
{
    for (size_t i = 0; i < item->reason_count && i < REASONS_SHOWN; i++) {
        const struct view_preflight_reason *reason = &item->reasons[i];
        struct buf line;
        buf_init(&line, BUF_MAX_DEFAULT);
        buf_addf(&line, "    %s in ",
                 reason->state == PREFLIGHT_UNKNOWN ? "cannot be known before" : "not asked");
        human_add_count(&line, reason->count, "tenant");
        buf_adds(&line, reason->state == PREFLIGHT_UNKNOWN ? ": " : ", because: ");
        human_add_text(&line, reason->reason);
        fprintf(text->out, "%s\n", line.data);
        buf_done(&line);
    }
    if (item->reason_count > REASONS_SHOWN)
        fprintf(text->out, "    and %zu more reasons\n", item->reason_count - REASONS_SHOWN);
}

static size_t asked_of(const struct view_preflight_item *item)
{
    size_t count = 0;
    for (size_t i = 0; i < PREFLIGHT__COUNT; i++)
        count += item->counts[i];
    return count;
}

static void print_item(const struct text *text, const struct view_preflight_item *item)
{
    size_t fails = item->counts[PREFLIGHT_FAILS];
    const char *red = fails ? text_color(text, COLOR_BAD) : NULL;
    struct buf line;
    if (!fails && !item->reason_count && !text->options->is_verbose)
        return;
    buf_init(&line, BUF_MAX_DEFAULT);
    buf_adds(&line, "  ");
    human_add_text(&line, item->like->revision->path);
    buf_addf(&line, ":%d: ", item->like->line);
    if (fails)
        buf_addf(&line, "%s%zu of %zu will fail%s: ", red ? red : "", fails, asked_of(item),
                 red ? "\033[0m" : "");
    else
        buf_addf(&line, "none of %zu fails where ", asked_of(item));
    human_add_text(&line, item->like->what);
    buf_adds(&line, " (");
    human_add_text(&line, item->like->table);
    buf_adds(&line, ")\n      ");
    human_add_text(&line, item->like->source);
    fprintf(text->out, "%s\n", line.data);
    buf_done(&line);
    if (fails)
        print_tenants(text, item);
    print_shared(text, item);
    print_reasons(text, item);
}

void text_preflight(const struct text *text)
{
    struct view_preflight preflight;
    struct buf line;
    if (!text->report->run.request->asks_rows)
        return;
    view_preflight_init(&preflight, text->report);
    buf_init(&line, BUF_MAX_DEFAULT);
    text_heading(text, "Preflight");
    for (size_t i = 0; i < preflight.count; i++)
        print_item(text, &preflight.items[i]);
    buf_adds(&line, "  ");
    human_add_count(&line, preflight.count, "question");
    buf_addf(&line, " of the rows: %zu of %zu tenants will fail", preflight.failing,
             text->report->run.tenant_count);
    if (preflight.unsure)
        buf_addf(&line, ", of %zu not all is known", preflight.unsure);
    fprintf(text->out, "%s\n", line.data);
    buf_done(&line);
    view_preflight_done(&preflight);
}
