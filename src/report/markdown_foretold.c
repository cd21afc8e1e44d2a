/* What the tenants' rows and a rehearsal say of a plan, as Markdown. */
#include "inventory/inventory.h"
#include "report/markdown.h"
#include "report/view_forecast.h"
#include "report/view_preflight.h"
#include "report/view_rehearsal.h"

enum { REASONS_SHOWN = 3 };

/* ---- the rows ------------------------------------------------------------------------------ */

/* `acme` (`12`), `globex` (`1`) and 35 more */
static void gather_failing(struct markdown *markdown, const struct view_preflight_item *item)
{
    const struct report *report = markdown->report;
    size_t count = item->counts[PREFLIGHT_FAILS];
    size_t shown = count < VIEW_NAMES ? count : VIEW_NAMES;
    struct buf answer;
    buf_init(&answer, BUF_MAX_DEFAULT);
    buf_adds(&markdown->item, "  - in ");
    for (size_t i = 0; i < shown; i++) {
        uint32_t row = item->failing[i];
        buf_adds(&markdown->item, i ? ", " : "");
        markdown_code(&markdown->item, report->run.tenants[row]->name, NAME_MAX_BYTES);
        buf_clear(&answer);
        view_add_answer(view_preflight_answer(&report->rows[row], item), &answer);
        if (!answer.len)
            continue;
        buf_adds(&markdown->item, " (");
        markdown_code(&markdown->item, answer.data, NAME_MAX_BYTES);
        buf_addc(&markdown->item, ')');
    }
    if (shown < count)
        buf_addf(&markdown->item, " and %zu more", count - shown);
    buf_addc(&markdown->item, '\n');
    buf_done(&answer);
}

static void gather_reasons(struct markdown *markdown, const struct view_preflight_item *item)
{
    struct buf words;
    buf_init(&words, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < item->shared->fact_count; i++) {
        buf_clear(&words);
        view_add_fact(item->shared, &item->shared->facts[i], &words);
        markdown_line(markdown, "", words.data);
    }
    for (size_t i = 0; i < item->reason_count && i < REASONS_SHOWN; i++) {
        buf_clear(&words);
        view_add_reason(&item->reasons[i], &words);
        markdown_line(markdown, "", words.data);
    }
    if (item->reason_count > REASONS_SHOWN)
        buf_addf(&markdown->item, "  - and %zu more reasons\n", item->reason_count - REASONS_SHOWN);
    buf_done(&words);
}

static void gather_question(struct markdown *markdown, const struct view_preflight_item *item)
{
    bool fails = item->counts[PREFLIGHT_FAILS];
    struct buf words;
    buf_init(&words, BUF_MAX_DEFAULT);
    buf_adds(&markdown->item, fails ? "- **" : "- ");
    view_add_question_verdict(item, &markdown->item);
    buf_adds(&markdown->item, fails ? "**: " : " where ");
    view_add_question(item, &words);
    markdown_code(&markdown->item, words.data, TEXT_MAX);
    buf_addc(&markdown->item, '\n');
    buf_clear(&words);
    buf_addf(&words, "%s:%d", item->like->revision->path, item->like->line);
    markdown_line(markdown, "", words.data);
    markdown_line(markdown, "", item->like->source);
    if (fails)
        gather_failing(markdown, item);
    gather_reasons(markdown, item);
    buf_done(&words);
}

/* Returns how many had no room. */
static size_t add_questions(struct markdown *markdown, const struct view_preflight *preflight,
                            bool are_failing)
{
    size_t left = 0;
    for (size_t i = 0; i < preflight->count; i++) {
        const struct view_preflight_item *item = &preflight->items[i];
        bool fails = item->counts[PREFLIGHT_FAILS];
        if (fails != are_failing || (!fails && !item->reason_count))
            continue;
        if (!left)
            gather_question(markdown, item);
        left += left || !markdown_item(markdown, ADVICE_END);
    }
    return left;
}

static bool has_unknown(const struct view_preflight *preflight)
{
    for (size_t i = 0; i < preflight->count; i++)
        if (!preflight->items[i].counts[PREFLIGHT_FAILS] && preflight->items[i].reason_count)
            return true;
    return false;
}

/* What will fail is in sight; what is not known before is folded. */
void markdown_add_preflight(struct markdown *markdown)
{
    struct view_preflight preflight;
    if (!markdown->report->run.request->asks_rows)
        return;
    view_preflight_init(&preflight, markdown->report);
    buf_adds(&markdown->item, "\n**Preflight**: ");
    view_add_preflight(&preflight, markdown->report, &markdown->item);
    buf_adds(&markdown->item, "\n\n");
    markdown_item(markdown, MARKDOWN_MAX);
    size_t left = add_questions(markdown, &preflight, true);
    if (left) {
        buf_addf(&markdown->item, "\nand %zu more questions\n", left);
        markdown_item(markdown, MARKDOWN_MAX);
    }
    if (has_unknown(&preflight)) {
        markdown_begin_details(markdown, "Not all is known before", "");
        markdown_end_details(markdown, add_questions(markdown, &preflight, false), "questions");
    }
    view_preflight_done(&preflight);
}

/* ---- the rehearsal ------------------------------------------------------------------------- */

void markdown_add_forecast(struct markdown *markdown)
{
    struct view_forecast forecast;
    struct buf words;
    if (!view_forecast_init(&forecast, markdown->report))
        return;
    buf_init(&words, BUF_MAX_DEFAULT);
    view_add_forecast(&forecast, markdown->report, &words);
    buf_adds(&markdown->item, "\n**Forecast**: ");
    markdown_code(&markdown->item, words.data, TEXT_MAX);
    buf_addc(&markdown->item, '\n');
    markdown_item(markdown, FORECAST_END);
    buf_done(&words);
    view_forecast_done(&forecast);
}

/* One line of a list. The words are empty afterwards. */
static bool add_words(struct markdown *markdown, struct buf *words)
{
    buf_adds(&markdown->item, "- ");
    markdown_code(&markdown->item, words->data, TEXT_MAX);
    buf_addc(&markdown->item, '\n');
    buf_clear(words);
    return markdown_item(markdown, STEPS_END);
}

/* Steps and what was seen are one list: what has no room at its end is counted. */
void markdown_add_rehearsal(struct markdown *markdown, const struct view_group *group)
{
    struct view_rehearsal rehearsal;
    struct buf words;
    size_t left = 0;
    if (!markdown->report->run.request->rehearses)
        return;
    buf_init(&words, BUF_MAX_DEFAULT);
    view_rehearsal_init(&rehearsal, markdown->report, group);
    buf_addc(&markdown->item, '\n');
    for (size_t i = 0; i < rehearsal.step_count; i++) {
        buf_clear(&words);
        view_add_rehearsed(markdown->report, group, &rehearsal.steps[i], &words);
        left += left || !add_words(markdown, &words);
    }
    for (size_t i = 0; i < rehearsal.count; i++) {
        if (view_seen_is_quiet(&rehearsal.items[i].most))
            continue;
        buf_clear(&words);
        view_add_seen_place(&rehearsal.items[i].most, &words);
        buf_adds(&words, words.len ? ": " : "");
        view_add_seen(markdown->report, group, &rehearsal.items[i], &words);
        left += left || !add_words(markdown, &words);
    }
    if (left)
        buf_addf(&markdown->item, "\nand %zu more lines\n", left);
    markdown_item(markdown, MARKDOWN_MAX);
    view_rehearsal_done(&rehearsal);
    buf_done(&words);
}
