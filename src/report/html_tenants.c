/* The page's data of tenants: an array each. */
#include <inttypes.h>
#include <math.h>

#include "inventory/inventory.h"
#include "report/html_data.h"

/* A URL that has the tenant's name in it is told as what stands before and after the name. */
static uint32_t enter_place(struct html_data *data, const struct tenant *tenant)
{
    const char *url = tenant->url_redacted ? tenant->url_redacted : "";
    const char *name = *tenant->name ? strstr(url, tenant->name) : NULL;
    json_t *place = json_array();
    struct buf before;
    buf_init(&before, BUF_MAX_DEFAULT);
    buf_add(&before, url, name ? (size_t)(name - url) : strlen(url));
    json_array_append_new(place, json_text(dialect_info(tenant->url.dialect)->name));
    json_array_append_new(
        place, json_text(dialect_info(tenant->url.dialect)->is_file ? NULL : tenant->server));
    json_array_append_new(place, json_text(before.data));
    json_array_append_new(place, json_text(name ? name + strlen(tenant->name) : NULL));
    buf_done(&before);
    return html_enter(data, &data->places, place);
}

static uint32_t enter_script(struct html_data *data, size_t index)
{
    const struct report *report = data->report;
    const struct report_row *row = &report->rows[index];
    struct step_list list = report_steps(report, row->steps);
    if (data->last && data->last->steps == row->steps && data->last->dialect == row->dialect)
        return data->last_script; /* the next tenant has often taken the same steps */
    json_t *steps = json_array();
    for (size_t i = 0; i < list.count; i++) {
        json_t *step = json_step(report, &list.steps[i], 0, report->rows[index].dialect);
        json_object_del(step, "duration_ms");
        json_array_append_new(steps, step);
    }
    data->last = row;
    data->last_script = html_enter(data, &data->scripts, steps);
    return data->last_script;
}

static json_t *said_value(const struct said *said)
{
    json_t *value = json_object();
    for (enum said_part part = 0; part < SAID__COUNT; part++)
        if (said_part(said, part))
            json_object_set_new(value, said_name(part), json_text(said_part(said, part)));
    return value;
}

/* `,"error":3`: what few tenants have. */
static void add_more(struct html_data *data, const char *key, uint32_t number)
{
    if (number != REPORT_NONE)
        buf_addf(&data->more, ",\"%s\":%u", key, (unsigned)number);
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
    add_more(data, "said",
             row->said ? html_enter(data, &data->saids, said_value(row->said)) : REPORT_NONE);
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

static json_t *table_changes(const struct report_row *row)
{
    json_t *list = json_array();
    for (size_t i = 0; i < row->weighed_count; i++)
        json_array_append_new(list, json_table_change(&row->weighed[i]));
    return list;
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
        add_more(data, "half", html_enter(data, &data->halves, json_half(data->report, row->half)));
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
        add_json(data, "table_changes", table_changes(row));
    html_add_plan(data, row);
    if (data->report->schemas)
        add_json(data, "schema", json_schema(&data->report->schemas[index]));
    if (data->more.len)
        buf_addf(&data->line, ",{%s}", data->more.data + 1);
}

static void add_times(struct html_data *data, size_t index)
{
    const struct report_row *row = &data->report->rows[index];
    struct buf *line = &data->line;
    if (row->attempts && !row->is_carried)
        buf_addf(line, ",%.1f",
                 floor(row->started_ms * 10) / 10); /* no rounding up: it is a time */
    else
        buf_adds(line, ",null");
    buf_addf(line, ",%.1f,[", row->duration_ms > 0 ? row->duration_ms : 0.0);
    for (size_t i = 0; row->step_ms && i < report_steps(data->report, row->steps).count; i++)
        buf_addf(line, "%s%.3f", i ? "," : "", (double)row->step_ms[i]);
    buf_addc(line, ']');
}

static void put_tenant(struct html_data *data, size_t index)
{
    const struct report *report = data->report;
    const struct tenant *tenant = report->run.tenants[index];
    const struct report_row *row = &report->rows[index];
    uint32_t place = enter_place(data, tenant);
    uint32_t labels = html_enter(data, &data->labels, json_labels(tenant));
    uint32_t script = enter_script(data, index);
    struct buf *line = &data->line;
    buf_clear(line);
    buf_addc(line, '[');
    json_add(line, json_text(tenant->name));
    buf_addf(line, ",%u,%u,%u,%d,%d,%d,%u,%u", (unsigned)place, (unsigned)labels,
             (unsigned)(report_wave_of(report, index) - report->waves), (int)row->state,
             html_enter_ids(data, row->is_from_known ? row->from : REPORT_NONE),
             html_enter_ids(data, row->to), (unsigned)script, (unsigned)row->attempts);
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
