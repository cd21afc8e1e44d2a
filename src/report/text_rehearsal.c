/* What the rehearsal of a plan saw, of a group of tenants that would run the same. */
#include "base/human.h"
#include "report/text.h"
#include "report/view_rehearsal.h"

/* Two blanks, then the words, made safe. The words are empty afterwards. */
static void print_words(const struct text *text, struct buf *words)
{
    struct buf line;
    buf_init(&line, BUF_MAX_DEFAULT);
    human_add_text(&line, words->data);
    fprintf(text->out, "  %s\n", line.data);
    buf_done(&line);
    buf_clear(words);
}

void text_rehearsal(const struct text *text, const struct view_group *group)
{
    struct view_rehearsal rehearsal;
    struct buf words;
    if (!text->report->run.request->rehearses)
        return;
    buf_init(&words, BUF_MAX_DEFAULT);
    view_rehearsal_init(&rehearsal, text->report, group);
    for (size_t i = 0; i < rehearsal.step_count; i++) {
        view_add_rehearsed(text->report, group, &rehearsal.steps[i], &words);
        print_words(text, &words);
    }
    for (size_t i = 0; i < rehearsal.count; i++) {
        const struct view_seen *item = &rehearsal.items[i];
        if (view_seen_is_quiet(&item->most) && !text->options->is_verbose)
            continue; /* what no one waits for is told with -v */
        view_add_seen_place(&item->most, &words);
        buf_adds(&words, words.len ? ": " : "");
        view_add_seen(text->report, group, item, &words);
        print_words(text, &words);
    }
    view_rehearsal_done(&rehearsal);
    buf_done(&words);
}
