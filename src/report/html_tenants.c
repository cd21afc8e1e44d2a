/* The page's data of tenants: an array each. */
#include <inttypes.h>
#include <math.h>

#include "inventory/inventory.h"
#include "report/html_data.h"

/* A URL that has the tenant's name in it is told as what stands before and after the name. */
static uint32_t enter_place(struct html_data *data, const struct tenant *tenant)
{
    const struct dialect_info *info = dialect_info(tenant->url.dialect);
    const char *url = tenant->url_redacted ? tenant->url_redacted : "";
    const char *name = *tenant->name ? strstr(url, tenant->name) : NULL;
    struct buf *json = html_begin(data);
    buf_clear(&data->words);
    buf_add(&data->words, url, name ? (size_t)(name - url) : strlen(url));
    buf_addc(json, '[');
    json_add_text(json, info->name);
    json_add_item(json);
    json_add_text(json, info->is_file ? NULL : tenant->server);
    json_add_item(json);
    json_add_text(json, data->words.data);
    json_add_item(json);
    json_add_text(json, name ? name + strlen(tenant->name) : NULL);
    buf_addc(json, ']');
    buf_clear(&data->words);
    return html_end(data, &data->places);
}

static uint32_t enter_labels(struct html_data *data, const struct tenant *tenant)
{
    json_add_labels(html_begin(data), tenant);
    return html_end(data, &data->labels);
}

static uint32_t enter_script(struct html_data *data, size_t index)
{
    const struct report *report = data->report;
    const struct report_row *row = &report->rows[index];
    struct step_list list = report_steps(report, row->steps);
    if (data->last && data->last->steps == row->steps && data->last->dialect == row->dialect)
        return data->last_script; /* the next tenant has often taken the same steps */
    struct buf *json = html_begin(data);
    buf_addc(json, '[');
    for (size_t i = 0; i < list.count; i++) {
        const struct told_step told = {&list.steps[i], row->dialect, NULL};
        json_add_item(json);
        buf_addc(json, '{');
        json_add_step(json, report, &told);
        buf_addc(json, '}');
    }
    buf_addc(json, ']');
    data->last = row;
    data->last_script = html_end(data, &data->scripts);
    return data->last_script;
}

static uint32_t enter_said(struct html_data *data, const struct said *said)
{
    struct buf *json = html_begin(data);
    buf_addc(json, '{');
    for (enum said_part part = 0; part < SAID__COUNT; part++) {
        if (!said_part(said, part))
            continue;
        json_add_key(json, said_name(part));
        json_add_text(json, said_part(said, part));
    }
    buf_addc(json, '}');
    return html_end(data, &data->saids);
}

/* `,"error":3`: what few tenants have. */
static void add_more(struct html_data *data, const char *key, uint32_t number)
{
    if (number == REPORT_NONE)
        return;
    buf_adds(&data->more, ",\"");
    buf_adds(&data->more, key);
    buf_adds(&data->more, "\":");
    json_add_integer(&data->more, number);
}

static void add_error(struct html_data *data, size_t index)
{
    const struct report_row *row = &data->report->rows[index];
    const struct tenant *tenant = data->report->run.tenants[index];
    if (row->error == REPORT_NONE)
        return;
    add_more(data, "error", row->error);
    add_more(data, "text", html_enter_text(data, tenant, row->text));
    add_more(data, "detail",
             row->detail ? html_enter_text(data, tenant, row->detail) : REPORT_NONE);
    add_more(data, "said", row->said ? enter_said(data, row->said) : REPORT_NONE);
}

static void add_json(struct html_data *data, const char *key, json_t *value)
{
    buf_addf(&data->more, ",\"%s\":", key);
    json_add(&data->more, value);
}

/* As many pairs as the tenant has steps. */
static void add_batches(struct html_data *data, const struct report_row *row)
{
    const struct report_batches *batches = report_batches_of(data->report, row);
    size_t count = report_steps(data->report, row->steps).count;
    if (!batches)
        return;
    if (batches[0].batches)
        buf_addf(&data->more, ",\"half_batches\":[%" PRIu64 ",%" PRIu64 "]", batches[0].batches,
                 batches[0].rows);
    buf_adds(&data->more, ",\"batches\":[");
    for (size_t i = 1; i <= count; i++)
        buf_addf(&data->more, "%s[%" PRIu64 ",%" PRIu64 "]", i > 1 ? "," : "", batches[i].batches,
                 batches[i].rows);
    buf_addc(&data->more, ']');
}

static void add_table_changes(struct buf *more, const struct report_row *row)
{
    buf_adds(more, ",\"table_changes\":[");
    for (size_t i = 0; i < row->weighed_count; i++) {
        json_add_item(more);
        json_add_table_change(more, &row->weighed[i]);
    }
    buf_addc(more, ']');
}

static uint32_t enter_half(struct html_data *data, const struct report_row *row)
{
    json_add_half(html_begin(data), data->report, row->half);
    return html_end(data, &data->halves);
}

static void add_findings(struct html_data *data, const struct report_row *row)
{
    const struct view_lint_counts *counts = view_lint_of(&data->lint, row);
    if (counts)
        add_more(data, "lint",
                 html_enter(data, &data->lint_counts,
                            json_pack("[i, i, i, i]", (int)counts->by_severity[LINT_ERROR],
                                      (int)counts->by_severity[LINT_WARNING],
                                      (int)counts->by_severity[LINT_NOTE], (int)counts->allowed)));
}

static void add_rest(struct html_data *data, size_t index)
{
    const struct report_row *row = &data->report->rows[index];
    buf_clear(&data->more);
    add_error(data, index);
    add_findings(data, row);
    if (row->half != REPORT_NONE)
        add_more(data, "half", enter_half(data, row));
    if (row->heard)
        add_json(data, "notices",
                 json_pack("[I, I]", (json_int_t)row->heard->count,
                           (json_int_t)row->heard->warning_count));
    if (row->stands_above)
        add_more(data, "above", 1);
    if (row->is_carried)
        add_more(data, "carried", 1);
    add_batches(data, row);
    if (row->weighed_count)
        add_table_changes(&data->more, row);
    html_add_plan(data, row);
    if (data->report->schemas)
        add_json(data, "schema", json_schema(&data->report->schemas[index]));
    if (!data->more.len)
        return;
    buf_adds(&data->line, ",{");
    buf_add(&data->line, data->more.data + 1, data->more.len - 1); /* without the first comma */
    buf_addc(&data->line, '}');
}

static void add_times(struct html_data *data, size_t index)
{
    const struct report_row *row = &data->report->rows[index];
    struct buf *line = &data->line;
    buf_addc(line, ',');
    if (row->attempts && !row->is_carried)
        json_add_rounded(line, floor(row->started_ms * 10) / 10,
                         1); /* no rounding up: it is a time */
    else
        buf_adds(line, "null");
    buf_addc(line, ',');
    json_add_rounded(line, row->duration_ms > 0 ? row->duration_ms : 0, JSON_DECIMALS);
    buf_adds(line, ",[");
    for (size_t i = 0; row->step_ms && i < report_steps(data->report, row->steps).count; i++) {
        buf_adds(line, i ? "," : "");
        json_add_rounded(line, (double)row->step_ms[i], JSON_STEP_DECIMALS);
    }
    buf_addc(line, ']');
}

static void put_tenant(struct html_data *data, size_t index)
{
    const struct report *report = data->report;
    const struct tenant *tenant = report->run.tenants[index];
    const struct report_row *row = &report->rows[index];
    uint32_t place = enter_place(data, tenant);
    uint32_t labels = enter_labels(data, tenant);
    uint32_t script = enter_script(data, index);
    struct buf *line = &data->line;
    buf_clear(line);
    buf_addc(line, '[');
    json_add_text(line, tenant->name);
    const json_int_t numbers[] = {
        place,
        labels,
        report_wave_of(report, index) - report->waves,
        (json_int_t)row->state,
        html_enter_ids(data, row->is_from_known ? row->from : REPORT_NONE),
        html_enter_ids(data, row->to),
        script,
        row->attempts,
    };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        buf_addc(line, ',');
        json_add_integer(line, numbers[i]);
    }
    add_times(data, index);
    add_rest(data, index);
    buf_addc(line, ']');
    json_put_raw(&data->stream, NULL, line);
}

void html_put_tenants(struct html_data *data)
{
    json_open(&data->stream, "tenants", '[');
    for (size_t i = 0; i < data->report->run.tenant_count; i++)
        put_tenant(data, i);
    json_close(&data->stream, ']');
}
