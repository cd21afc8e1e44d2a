/* What databases said while all went well: equal over the fleet is one. */
#include "base/buf.h"
#include "report/model.h"

static const char *text_of_key(const char *code)
{
    return code + strlen(code) + 1;
}

/* INTERN_NONE where the notice is new and there is no room left. */
static uint32_t keep_notice(struct report *report, const struct notice *notice)
{
    struct buf key;
    buf_init(&key, BUF_MAX_DEFAULT);
    buf_add(&key, notice->code, strlen(notice->code) + 1);
    buf_add(&key, notice->text, strlen(notice->text) + 1);
    buf_addf(&key, "%d %d %p", (int)notice->level, (int)notice->is_unreplicated,
             (const void *)notice->revision);
    uint32_t number = intern_find(&report->notice_keys, key.data, key.len);
    bool has_room = report->notice_count < NOTICES_OF_RUN_MAX || notice->is_unreplicated;
    if (number == INTERN_NONE && has_room) {
        number = intern_put(&report->notice_keys, key.data, key.len);
        const char *code = intern_at(&report->notice_keys, number, NULL);
        *ARENA_PUSH(&report->arena, report->notices, report->notice_count,
                    report->notice_capacity) = (struct report_notice){
            .level = notice->level,
            .is_unreplicated = notice->is_unreplicated,
            .code = code,
            .text = text_of_key(code),
            .revision = notice->revision,
            .said = report_keep_said(report, notice->said),
        };
    }
    buf_done(&key);
    return number;
}

static struct report_heard_item *find_item(const struct report_heard *heard, uint32_t notice)
{
    for (size_t i = 0; i < heard->item_count; i++)
        if (heard->items[i].notice == notice)
            return &heard->items[i];
    return NULL;
}

/* A rollback adds to the notices of what it rolls back. */
void report_hear(struct report *report, struct report_row *row, const struct notices *notices)
{
    static const struct report_heard nothing;
    const struct report_heard *before = row->heard ? row->heard : &nothing;
    if (!notices || !notices->count)
        return;
    struct report_heard *heard = arena_alloc(&report->arena, sizeof *heard);
    *heard = *before;
    heard->count += notices->count;
    heard->warning_count += notices->warning_count;
    heard->items =
        arena_calloc(&report->arena, before->item_count + notices->kept, sizeof *heard->items);
    if (before->item_count)
        memcpy(heard->items, before->items, before->item_count * sizeof *heard->items);
    for (size_t i = 0; i < notices->kept; i++) {
        uint32_t number = keep_notice(report, &notices->items[i]);
        if (number == INTERN_NONE)
            continue;
        struct report_heard_item *item = find_item(heard, number);
        if (!item) {
            item = &heard->items[heard->item_count++];
            item->notice = number;
        }
        item->count += notices->items[i].count;
    }
    row->heard = heard;
}

/* ---- the end ------------------------------------------------------------------------------- */

static void link_item(struct report *report, struct report_heard_item *item)
{
    struct report_notice *notice = &report->notices[item->notice];
    if (notice->last_item)
        notice->last_item->next = item;
    else
        notice->first_item = item;
    notice->last_item = item;
    notice->row_count++;
    notice->count += item->count;
}

static int compare(const void *left, const void *right)
{
    const struct report_notice *a = left;
    const struct report_notice *b = right;
    if (a->is_unreplicated != b->is_unreplicated)
        return a->is_unreplicated ? -1 : 1;
    if (a->level != b->level)
        return a->level > b->level ? -1 : 1;
    if (a->row_count != b->row_count)
        return a->row_count > b->row_count ? -1 : 1;
    if (a->first_item->row != b->first_item->row)
        return a->first_item->row < b->first_item->row ? -1 : 1;
    return (a->first_item > b->first_item) - (a->first_item < b->first_item);
}

void report_sort_notices(struct report *report)
{
    for (uint32_t i = 0; i < report->run.tenant_count; i++) {
        const struct report_heard *heard = report->rows[i].heard;
        for (size_t k = 0; heard && k < heard->item_count; k++) {
            heard->items[k].row = i;
            link_item(report, &heard->items[k]);
        }
    }
    if (report->notice_count)
        qsort(report->notices, report->notice_count, sizeof *report->notices, compare);
}
