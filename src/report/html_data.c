/* The page's data: in which order, and its tables. */
#include "report/html_data.h"

#include "inventory/inventory.h"
#include "report/lint_report.h"

void html_put_size(struct html_data *data, const char *key, size_t count)
{
    json_put_integer(&data->stream, key, (json_int_t)count);
}

void html_put_text(struct html_data *data, const char *key, const char *text)
{
    json_put_text(&data->stream, key, text);
}

void html_put_rows(struct html_data *data, const char *key, const uint32_t *rows, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count && i < VIEW_NAMES; i++)
        json_array_append_new(list, json_integer(rows[i]));
    json_put(&data->stream, key, list);
}

void html_put_or_null(struct html_data *data, const char *key, json_t *value)
{
    json_put(&data->stream, key, value ? value : json_null());
}

struct buf *html_begin(struct html_data *data)
{
    buf_clear(&data->json);
    return &data->json;
}

uint32_t html_end(struct html_data *data, struct intern *table)
{
    return intern_put(table, data->json.data, data->json.len);
}

uint32_t html_enter(struct html_data *data, struct intern *table, json_t *value)
{
    json_add(html_begin(data), value);
    return html_end(data, table);
}

/* The model's numbers are in the order of arrival, which differs from the ledger's. -1: not known. Most tenants stand
 * where the one before them stands. */
int html_enter_ids(struct html_data *data, uint32_t ids)
{
    if (ids == REPORT_NONE)
        return -1;
    if (!data->has_last_ids || ids != data->last_ids) {
        json_add_ids(html_begin(data), data->report, ids);
        data->last_entry = html_end(data, &data->ids);
        data->last_ids = ids;
        data->has_last_ids = true;
    }
    return (int)data->last_entry;
}

/* A text in which the tenant's name stands is told as what stands between the names, so that tenants share it. */
uint32_t html_enter_text(struct html_data *data, const struct tenant *tenant, const char *text)
{
    size_t len = strlen(tenant->name);
    const char *name = len ? strstr(text, tenant->name) : NULL;
    struct buf *json = html_begin(data);
    if (!name) {
        json_add_text(json, text);
        return html_end(data, &data->texts);
    }
    buf_addc(json, '[');
    for (; name; text = name + len, name = strstr(text, tenant->name)) {
        buf_clear(&data->words);
        buf_add(&data->words, text, (size_t)(name - text));
        json_add_item(json);
        json_add_text(json, data->words.data);
    }
    buf_clear(&data->words);
    json_add_item(json);
    json_add_text(json, text);
    buf_addc(json, ']');
    return html_end(data, &data->texts);
}

/* ---- tables -------------------------------------------------------------------------------- */

static void put_table(struct html_data *data, const char *key, const struct intern *table)
{
    json_open(&data->stream, key, '[');
    for (uint32_t i = 0; i < table->count; i++) {
        size_t len;
        const char *entry = intern_at(table, i, &len);
        buf_clear(&data->json);
        buf_add(&data->json, entry, len);
        json_put_raw(&data->stream, NULL, &data->json);
    }
    json_close(&data->stream, ']');
}

static void put_state_names(struct html_data *data)
{
    json_open(&data->stream, "state_names", '[');
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++)
        json_put(&data->stream, NULL,
                 json_pack("[s, o, b]", tenant_state_name(state),
                           json_text(tenant_state_words(state, data->report->run.request)),
                           (int)tenant_state_is_bad(state)));
    json_close(&data->stream, ']');
}

static void put_tables(struct html_data *data)
{
    put_state_names(data);
    put_table(data, "ids", &data->ids);
    put_table(data, "places", &data->places);
    put_table(data, "labels", &data->labels);
    put_table(data, "scripts", &data->scripts);
    put_table(data, "texts", &data->texts);
    put_table(data, "saids", &data->saids);
    put_table(data, "halves", &data->halves);
    put_table(data, "seens", &data->seens);
    if (data->report->findings)
        put_table(data, "lint_counts", &data->lint_counts);
}

static void data_init(struct html_data *data)
{
    struct intern *const tables[] = {
        &data->places, &data->labels, &data->scripts, &data->texts,     &data->saids,
        &data->halves, &data->ids,    &data->seens,   &data->seen_keys, &data->lint_counts};
    arena_init(&data->arena);
    view_lint_init(&data->lint, data->report);
    view_preflight_init(&data->preflight, data->report);
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        intern_init(tables[i], &data->arena);
    buf_init(&data->source, BUF_MAX_DEFAULT);
    buf_init(&data->json, BUF_MAX_DEFAULT);
    buf_init(&data->line, BUF_MAX_DEFAULT);
    buf_init(&data->more, BUF_MAX_DEFAULT);
    buf_init(&data->words, BUF_MAX_DEFAULT);
}

void html_write_data(const struct view *view, FILE *out)
{
    struct html_data data = {
        .view = view, .report = view->report, .stream = {.out = out, .is_in_html = true}};
    data_init(&data);
    json_open(&data.stream, NULL, '{');
    json_put_head(&data.stream, view->report);
    html_put_run(&data);
    html_put_causes(&data);
    html_put_notices(&data);
    if (view->report->findings)
        lint_json_put(&data.stream, view->report->findings);
    html_put_plan(&data);
    html_put_tenants(&data);
    if (view->report->visits)
        json_put_history(&data.stream, view->report);
    put_tables(&data);
    json_close(&data.stream, '}');
    buf_done(&data.source);
    buf_done(&data.json);
    buf_done(&data.line);
    buf_done(&data.more);
    buf_done(&data.words);
    view_lint_done(&data.lint);
    view_preflight_done(&data.preflight);
    arena_done(&data.arena);
}
