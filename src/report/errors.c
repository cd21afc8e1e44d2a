/* What went wrong: the tenants of one cause are one error. */
#include "inventory/inventory.h"
#include "report/model.h"

/* What is the tenant's own in a text goes to `ret_detail`. */
static const char *keep_words(struct report *report, const char *words, const char **ret_detail)
{
    const char *detail = cause_detail(words);
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    buf_add(&text, words, detail ? (size_t)(detail - words) : strlen(words));
    const char *kept = report_keep_text(report, text.data);
    buf_done(&text);
    *ret_detail = arena_strdup(&report->arena, detail);
    return kept;
}

void report_keep_retry(struct report *report, const struct event *event)
{
    struct report_retry *retry =
        ARENA_PUSH(&report->arena, report->retries, report->retry_count, report->retry_capacity);
    *retry = (struct report_retry){
        .row = (uint32_t)event->tenant, .attempt = event->attempt, .delay_ms = event->delay_ms};
    retry->text = keep_words(report, event->error ? event->error->text : "", &retry->detail);
}

/* Errors are grouped without what the database said beside the text: DETAIL names other rows in each tenant. */
void report_keep_error(struct report *report, struct report_row *row, const struct outcome *outcome)
{
    const struct err *err = outcome->error;
    size_t tenant = (size_t)(row - report->rows);
    row->text = keep_words(report, err->text, &row->detail);
    row->said = report_keep_said(report, err->said);
    row->error =
        causes_put(&report->causes, err, outcome->error_revision, report->run.tenants[tenant]);
    if (row->error < report->error_count)
        return;
    struct report_error *error =
        ARENA_PUSH(&report->arena, report->errors, report->error_count, report->error_capacity);
    *error = (struct report_error){
        .key = *causes_at(&report->causes, row->error),
        .statement =
            report->hides_sql ? NULL : arena_strdup(&report->arena, outcome->error_statement),
        .first_row = REPORT_NONE,
        .last_row = REPORT_NONE,
    };
}

/* By the selection's order, which unlike the order of arrival is the same in every run. */
static void link_tenants(struct report *report)
{
    for (uint32_t i = 0; i < report->run.tenant_count; i++) {
        struct report_row *row = &report->rows[i];
        if (row->error == REPORT_NONE)
            continue;
        struct report_error *error = &report->errors[row->error];
        if (error->row_count++)
            report->rows[error->last_row].next_same_error = i;
        else
            error->first_row = i;
        error->last_row = i;
        error->has_other_words |= row->said != report->rows[error->first_row].said;
        error->has_other_texts |= row->text != report->rows[error->first_row].text;
    }
}

static int compare_errors(const void *left, const void *right)
{
    const struct report_error *a = left;
    const struct report_error *b = right;
    if (a->row_count != b->row_count)
        return a->row_count > b->row_count ? -1 : 1;
    return (a->first_row > b->first_row) - (a->first_row < b->first_row);
}

void report_sort_errors(struct report *report)
{
    link_tenants(report);
    if (!report->error_count)
        return;
    qsort(report->errors, report->error_count, sizeof *report->errors, compare_errors);
    /* An error is left without tenants where a later outcome (a rollback) took its place. */
    while (report->error_count && !report->errors[report->error_count - 1].row_count)
        report->error_count--;
    for (uint32_t i = 0; i < report->error_count; i++)
        for (uint32_t at = report->errors[i].first_row; at != REPORT_NONE;
             at = report->rows[at].next_same_error)
            report->rows[at].error = i;
}

const char *report_text_of(const struct report *report, const struct report_error *error)
{
    return report->rows[error->first_row].text;
}

const struct said *report_example(const struct report *report, const struct report_error *error)
{
    return report->rows[error->first_row].said;
}
