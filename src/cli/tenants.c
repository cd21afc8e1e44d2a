#include "base/buf.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/outputs.h"
#include "cli/reports.h"
#include "report/json_stream.h"
#include "report/report.h"
#include "report/text_table.h"

/* ---- as JSON ------------------------------------------------------------------------------- */

static json_t *json_labels(const struct tenant *tenant)
{
    json_t *labels = json_object();
    for (size_t i = 0; i < tenant->label_count; i++)
        json_object_set_new(labels, tenant->labels[i].key,
                            tenant->labels[i].value ? json_text(tenant->labels[i].value)
                                                    : json_null());
    return labels;
}

static json_t *json_replicas(const struct replica_set *replicas)
{
    json_t *urls = json_array();
    for (size_t i = 0; replicas && i < replicas->count; i++)
        json_array_append_new(urls, json_text(replicas->replicas[i]->url_redacted));
    return urls;
}

struct listing {
    const struct fleet *fleet;
    const struct options *options;
};

static void print_json(const void *ctx, FILE *out)
{
    const struct fleet *fleet = ((const struct listing *)ctx)->fleet;
    fputs("[", out);
    for (size_t i = 0; i < fleet->tenant_count; i++) {
        const struct tenant *tenant = fleet->tenants[i];
        const struct wave *wave = fleet_wave(fleet, tenant);
        json_t *object = json_pack(
            "{s:s, s:s?, s:s, s:s?, s:s?, s:o, s:o, s:s?}", "name", tenant->name, "dialect",
            tenant_label(tenant, "dialect"), "url", tenant->url_redacted, "server", tenant->server,
            "schema", tenant->schema, "labels", json_labels(tenant), "batch_replicas",
            json_replicas(tenant->replicas), "wave", wave ? wave->name : NULL);
        fputs(i ? ",\n  " : "\n  ", out);
        json_dumpf(object, out, JSON_ENSURE_ASCII);
        json_decref(object);
    }
    fputs(fleet->tenant_count ? "\n]\n" : "]\n", out);
}

/* ---- as a table ---------------------------------------------------------------------------- */

static void labels_cell(struct table *table, const struct tenant *tenant)
{
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < tenant->label_count; i++)
        buf_addf(&text, "%s%s=%s", i ? "," : "", tenant->labels[i].key,
                 tenant->labels[i].value ? tenant->labels[i].value : "?");
    table_text(table, text.data);
    buf_done(&text);
}

static void replicas_cell(struct table *table, const struct replica_set *replicas)
{
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    for (size_t i = 0; replicas && i < replicas->count; i++)
        buf_addf(&text, "%s%s", i ? " " : "", replicas->replicas[i]->url_redacted);
    table_text(table, text.len ? text.data : NULL);
    buf_done(&text);
}

/* Few fleets name any. */
static bool has_replicas(const struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->tenant_count; i++)
        if (fleet->tenants[i]->replicas && fleet->tenants[i]->replicas->count)
            return true;
    return false;
}

static void print_table(const void *ctx, FILE *out)
{
    const struct listing *listing = ctx;
    const struct fleet *fleet = listing->fleet;
    static const char *const titles[] = {"NAME", "URL", "SCHEMA", "WAVE", "LABELS", "REPLICAS"};
    struct report_options table_options = cli_report_options(listing->options, out);
    struct table *table = table_new(out, &table_options);
    bool shows_replicas = has_replicas(fleet);
    for (size_t i = 0; i < ARRAY_LEN(titles) - !shows_replicas; i++)
        table_column(table, titles[i], TABLE_CUT);
    for (size_t i = 0; i < fleet->tenant_count; i++) {
        const struct tenant *tenant = fleet->tenants[i];
        const struct wave *wave = fleet_wave(fleet, tenant);
        table_row(table);
        table_text(table, tenant->name);
        table_text(table, tenant->url_redacted);
        table_text(table, tenant->schema);
        table_text(table, wave ? wave->name : NULL);
        labels_cell(table, tenant);
        if (shows_replicas)
            replicas_cell(table, tenant->replicas);
    }
    table_print(table);
}

/* ---- the command --------------------------------------------------------------------------- */

/* The list is what it is; who reads it learns what a run would refuse. */
static void tell_lacks(const struct fleet *fleet)
{
    struct faults faults;
    faults_init(&faults);
    if (!fleet_check_logins(fleet, &faults))
        for (size_t i = 0; i < faults.count; i++)
            cli_note("warning: %s:%d: %s", faults.items[i].file, faults.items[i].line,
                     faults.items[i].text);
    faults_done(&faults);
}

static int run_tenants(struct fleet *fleet, const struct options *options)
{
    struct listing listing = {fleet, options};
    if (!options->is_quiet)
        tell_lacks(fleet);
    struct writer writer = {.text = print_table, .json = print_json, .ctx = &listing};
    return outputs_write(options, &writer, false) ? EXIT_OK : EXIT_USAGE;
}

const struct command command_tenants = {
    .name = "tenants",
    .arguments = "",
    .summary = "the inventory as resolved",
    .help =
        "Lists the selected tenants with their redacted URLs, labels, waves, and the replicas that their\n"
        "batches must not leave late (batch_replicas). Sources with a query are asked; no tenant is connected\n"
        "to, but for --behind.",
    .example = "skein tenants --select 'region in (eu,us),!legacy'",
    .formats = outputs_list_formats,
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_STATE | OPTIONS_LEDGER | OPTIONS_OUTPUT,
    .needs = FLEET_TENANTS,
    .run = run_tenants,
};
