/* The page's data of what went wrong, and of what databases told. */
#include "inventory/inventory.h"
#include "report/html_data.h"
#include "report/view_shared.h"

void html_put_shared(struct html_data *data, const struct view_shared_item *item)
{
    json_open(&data->stream, "shared", '{');
    html_put_size(data, "here", item->here);
    html_put_size(data, "elsewhere", item->elsewhere);
    json_put_rounded(&data->stream, "here_ms", item->here_ms, 1);
    json_put_rounded(&data->stream, "elsewhere_ms", item->elsewhere_ms, 1);
    json_open(&data->stream, "facts", '[');
    for (size_t i = 0; i < item->fact_count; i++) {
        const struct view_fact *fact = &item->facts[i];
        json_put(&data->stream, NULL,
                 json_pack("{s:o, s:o, s:I, s:I}", "name", json_text(fact->name), "value",
                           json_text(fact->value), "here", (json_int_t)fact->here, "elsewhere",
                           (json_int_t)fact->elsewhere));
    }
    json_close(&data->stream, ']');
    json_close(&data->stream, '}');
}

/* Causes that follow one another are often of one line. */
static void put_source(struct html_data *data, const struct cause *cause)
{
    const struct cause *last = data->last_source;
    if (!last || last->revision != cause->revision || last->file != cause->file ||
        last->line != cause->line) {
        json_t *source = html_source_around(data->report, cause);
        buf_clear(&data->source);
        json_add(&data->source, source ? source : json_null());
        data->last_source = cause;
    }
    json_put_raw(&data->stream, "source", &data->source);
}

static void put_cause(struct html_data *data, const struct report_error *error,
                      const struct view_shared_item *shared)
{
    const char *first = data->report->run.tenants[error->first_row]->name;
    struct buf location;
    buf_init(&location, BUF_MAX_DEFAULT);
    view_add_location(&location, &error->key);
    json_open(&data->stream, NULL, '{');
    json_put_error(&data->stream, error, &data->report->rows[error->first_row], false);
    html_put_text(data, "pattern", error->key.text);
    html_put_text(data, "example", error->has_other_texts ? first : NULL);
    html_put_text(data, "statement", error->statement);
    put_source(data, &error->key);
    json_put(&data->stream, "has_other_words", json_boolean(error->has_other_words));
    html_put_text(data, "location", location.data);
    html_put_size(data, "count", error->row_count);
    html_put_text(data, "to_do", view_cause_advice(error));
    html_put_shared(data, shared);
    json_close(&data->stream, '}');
    buf_done(&location);
}

void html_put_causes(struct html_data *data)
{
    struct view_shared shared;
    view_shared_init(&shared, data->report);
    json_open(&data->stream, "causes", '[');
    for (size_t i = 0; i < data->report->error_count; i++)
        put_cause(data, &data->report->errors[i], &shared.items[i]);
    json_close(&data->stream, ']');
    view_shared_done(&shared);
}

void html_put_notices(struct html_data *data)
{
    json_open(&data->stream, "notices", '[');
    for (size_t i = 0; i < data->report->notice_count; i++) {
        const struct report_notice *notice = &data->report->notices[i];
        json_t *rows = json_array();
        for (const struct report_heard_item *item = notice->first_item; item; item = item->next)
            json_array_append_new(rows, json_integer(item->row));
        json_open(&data->stream, NULL, '{');
        json_put_notice(&data->stream, notice);
        json_put(&data->stream, "rows", rows);
        json_close(&data->stream, '}');
    }
    json_close(&data->stream, ']');
}
