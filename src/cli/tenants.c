#include <jansson.h>
#include <libsmartcols.h>

#include "base/buf.h"
#include "base/human.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/outputs.h"

/* ---- as JSON ------------------------------------------------------------------------------- */

static json_t *json_labels(const struct tenant *tenant)
{
    json_t *labels = json_object();
    for (size_t i = 0; i < tenant->label_count; i++)
        json_object_set_new(labels, tenant->labels[i].key, json_string(tenant->labels[i].value));
    return labels;
}

static void print_json(const struct fleet *fleet, FILE *out)
{
    fputs("[", out);
    for (size_t i = 0; i < fleet->tenant_count; i++) {
        const struct tenant *tenant = fleet->tenants[i];
        const struct wave *wave = fleet_wave(fleet, tenant);
        json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s?, s:o, s:s?}", "name", tenant->name,
                                   "dialect", dialect_info(tenant->url.dialect)->name, "url",
                                   tenant->url_redacted, "server", tenant->server, "schema",
                                   tenant->schema, "labels", json_labels(tenant), "wave",
                                   wave ? wave->name : NULL);
        fputs(i ? ",\n  " : "\n  ", out);
        json_dumpf(object, out, JSON_ENSURE_ASCII);
        json_decref(object);
    }
    fputs(fleet->tenant_count ? "\n]\n" : "]\n", out);
}

/* ---- as a table ---------------------------------------------------------------------------- */

static void set_cell(struct libscols_line *line, size_t column, const char *text)
{
    struct buf safe;
    buf_init(&safe, 4096);
    human_add_text(&safe, text);
    scols_line_set_data(line, column, safe.data);
    buf_done(&safe);
}

static void set_labels(struct libscols_line *line, size_t column, const struct tenant *tenant)
{
    struct buf text;
    buf_init(&text, 4096);
    for (size_t i = 0; i < tenant->label_count; i++)
        buf_addf(&text, "%s%s=%s", i ? "," : "", tenant->labels[i].key, tenant->labels[i].value);
    set_cell(line, column, text.data);
    buf_done(&text);
}

static void print_table(const struct fleet *fleet, FILE *out)
{
    static const char *const titles[] = {"NAME", "URL", "SCHEMA", "WAVE", "LABELS"};
    struct libscols_table *table = scols_new_table();
    scols_table_enable_noencoding(table, 1); /* human_add_text did that */
    scols_table_set_stream(table, out);
    for (size_t i = 0; i < ARRAY_LEN(titles); i++)
        scols_table_new_column(table, titles[i], 0.1, 0);
    for (size_t i = 0; i < fleet->tenant_count; i++) {
        const struct tenant *tenant = fleet->tenants[i];
        const struct wave *wave = fleet_wave(fleet, tenant);
        struct libscols_line *line = scols_table_new_line(table, NULL);
        set_cell(line, 0, tenant->name);
        set_cell(line, 1, tenant->url_redacted);
        set_cell(line, 2, tenant->schema ? tenant->schema : "");
        set_cell(line, 3, wave ? wave->name : "");
        set_labels(line, 4, tenant);
    }
    scols_print_table(table);
    scols_unref_table(table);
}

static bool write_tenants(void *ctx, const char *format, FILE *out, struct err *err)
{
    if (strcmp(format, "text") == 0)
        print_table(ctx, out);
    else if (strcmp(format, "json") == 0)
        print_json(ctx, out);
    else
        return outputs_refuse(format, err);
    return true;
}

static int run(struct fleet *fleet, const struct options *options)
{
    struct writer writer = {write_tenants, fleet};
    return outputs_write(options, &writer, false) ? EXIT_OK : EXIT_USAGE;
}

const struct command command_tenants = {
    .name = "tenants",
    .arguments = "",
    .summary = "the inventory as resolved",
    .help = "Lists the selected tenants with their redacted URLs, labels and waves. Sources with a\n"
            "query are asked; no tenant is connected to.",
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_OUTPUT,
    .needs = FLEET_TENANTS,
    .run = run,
};
