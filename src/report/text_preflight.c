/* What the tenants' rows say of the statements of a plan, as text. */
#include "base/human.h"
#include "report/text.h"
#include "report/view_preflight.h"

enum { REASONS_SHOWN = 3 };

struct preflight_text {
    const struct text *text;
    struct buf words, line;
};

/* What is gathered in `words`, made safe, after what is in `line`. */
static void add_words(struct preflight_text *told)
{
    human_add_text(&told->line, told->words.data);
    buf_clear(&told->words);
}

static void end_line(struct preflight_text *told)
{
    fprintf(told->text->out, "%s\n", told->line.data);
    buf_clear(&told->line);
}

/* `acme (12: 4; 7)` */
static void add_tenant(struct preflight_text *told, const struct view_preflight_item *item,
                       size_t index)
{
    const struct report *report = told->text->report;
    uint32_t row = item->failing[index];
    human_add_text(&told->line, report->run.tenants[row]->name);
    view_add_answer(view_preflight_answer(&report->rows[row], item), &told->words);
    if (!told->words.len)
        return;
    buf_adds(&told->line, " (");
    add_words(told);
    buf_addc(&told->line, ')');
}

static void print_tenants(struct preflight_text *told, const struct view_preflight_item *item)
{
    size_t count = item->counts[PREFLIGHT_FAILS];
    bool shows_all = told->text->options->is_verbose || count <= VIEW_NAMES;
    size_t shown = shows_all ? count : VIEW_NAMES;
    if (!count)
        return;
    for (size_t i = 0; i < shown; i++) {
        buf_adds(&told->line, i ? ", " : "    ");
        add_tenant(told, item, i);
    }
    if (shown < count)
        buf_addf(&told->line, " and %zu more (-v shows all)", count - shown);
    end_line(told);
}

static void print_words(struct preflight_text *told)
{
    buf_adds(&told->line, "    ");
    add_words(told);
    end_line(told);
}

static void print_question(struct preflight_text *told, const struct view_preflight_item *item)
{
    bool fails = item->counts[PREFLIGHT_FAILS];
    const char *red = fails ? text_color(told->text, COLOR_BAD) : NULL;
    buf_adds(&told->line, "  ");
    human_add_text(&told->line, item->like->revision->path);
    buf_addf(&told->line, ":%d: %s", item->like->line, red ? red : "");
    view_add_question_verdict(item, &told->words);
    add_words(told);
    buf_addf(&told->line, "%s%s", red ? "\033[0m" : "", fails ? ": " : " where ");
    view_add_question(item, &told->words);
    add_words(told);
    buf_adds(&told->line, "\n      ");
    human_add_text(&told->line, item->like->source);
    end_line(told);
}

static void print_item(struct preflight_text *told, const struct view_preflight_item *item)
{
    bool is_shown = item->counts[PREFLIGHT_FAILS] || item->reason_count;
    if (!is_shown && !told->text->options->is_verbose)
        return;
    print_question(told, item);
    print_tenants(told, item);
    for (size_t i = 0; i < item->shared->fact_count; i++) {
        view_add_fact(item->shared, &item->shared->facts[i], &told->words);
        print_words(told);
    }
    for (size_t i = 0; i < item->reason_count && i < REASONS_SHOWN; i++) {
        view_add_reason(&item->reasons[i], &told->words);
        print_words(told);
    }
    if (item->reason_count > REASONS_SHOWN) {
        buf_addf(&told->words, "and %zu more reasons", item->reason_count - REASONS_SHOWN);
        print_words(told);
    }
}

void text_preflight(const struct text *text)
{
    struct view_preflight preflight;
    struct preflight_text told = {.text = text};
    if (!text->report->run.request->asks_rows)
        return;
    view_preflight_init(&preflight, text->report);
    buf_init(&told.words, BUF_MAX_DEFAULT);
    buf_init(&told.line, BUF_MAX_DEFAULT);
    text_heading(text, "Preflight");
    for (size_t i = 0; i < preflight.count; i++)
        print_item(&told, &preflight.items[i]);
    buf_adds(&told.line, "  ");
    view_add_preflight(&preflight, text->report, &told.words);
    add_words(&told);
    end_line(&told);
    buf_done(&told.words);
    buf_done(&told.line);
    view_preflight_done(&preflight);
}
