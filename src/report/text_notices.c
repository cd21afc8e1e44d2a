/* What databases said while all went well, and the one thing of it that a reader must not miss. */
#include "base/human.h"
#include "inventory/inventory.h"
#include "report/text.h"

static void add_tenants(const struct text *text, struct buf *buf,
                        const struct report_notice *notice)
{
    uint32_t rows[VIEW_NAMES];
    size_t count = 0;
    for (const struct report_heard_item *item = notice->first_item; item && count < VIEW_NAMES;
         item = item->next)
        rows[count++] = item->row;
    text_add_names(text, buf, rows, notice->row_count);
}

/* `warning 25P01, revision 83241ca0f125, 12 times` */
static void add_location(struct buf *buf, const struct report_notice *notice)
{
    buf_adds(buf, notice_level_name(notice->level));
    if (*notice->code)
        buf_addc(buf, ' ');
    human_add_text(buf, notice->code);
    if (notice->revision) {
        buf_adds(buf, ", revision ");
        human_add_text(buf, notice->revision->id);
    }
    if (notice->count != notice->row_count)
        buf_addf(buf, ", %llu times", (unsigned long long)notice->count);
}

static void print_notice(const struct text *text, const struct report_notice *notice)
{
    struct buf line;
    buf_init(&line, BUF_MAX_DEFAULT);
    human_add_count(&line, notice->row_count, "tenant");
    fprintf(text->out, "  %s: ", line.data);
    text_lines(text, notice->text, "    ");
    for (enum said_part part = 0; part < SAID_CONTEXT; part++)
        if (said_part(notice->said, part)) {
            fprintf(text->out, "    %s: ", said_name(part));
            text_lines(text, said_part(notice->said, part), "      ");
        }
    buf_clear(&line);
    add_location(&line, notice);
    fprintf(text->out, "    %s\n", line.data);
    buf_clear(&line);
    add_tenants(text, &line, notice);
    fprintf(text->out, "    in %s\n", line.data);
    buf_done(&line);
}

static void print_all(const struct text *text, const char *heading, bool are_unreplicated)
{
    const struct report *report = text->report;
    bool has_any = false;
    for (size_t i = 0; i < report->notice_count; i++) {
        if (report->notices[i].is_unreplicated != are_unreplicated)
            continue;
        if (!has_any)
            text_heading(text, heading);
        has_any = true;
        print_notice(text, &report->notices[i]);
    }
}

void text_unreplicated(const struct text *text)
{
    print_all(text, "Committed, but a standby may not have it", true);
}

void text_notices(const struct text *text)
{
    print_all(text, "Warnings and notices", false);
}
