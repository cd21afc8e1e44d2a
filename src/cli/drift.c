#include "base/buf.h"
#include "base/human.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/outputs.h"
#include "cli/run.h"
#include "cli/showing.h"
#include "library/drift.h"
#include "report/json_stream.h"

enum { NAMES_SHOWN = 5, DIFFERENCES_SHOWN = 20 };

struct telling {
    const struct fleet *fleet;
    const struct options *options;
    const struct drift *drift;
};

static const struct tenant *tenant_at(const struct telling *telling, const struct cluster *cluster,
                                      size_t index)
{
    return telling->fleet->tenants[cluster->tenants[index]];
}

/* Has every tenant of the cluster this label? */
static bool is_shared(const struct telling *telling, const struct cluster *cluster,
                      const struct label *label)
{
    for (size_t i = 0; i < cluster->tenant_count; i++) {
        const char *value = tenant_label(tenant_at(telling, cluster, i), label->key);
        if (!value || !label->value || strcmp(value, label->value) != 0)
            return false;
    }
    return true;
}

/* ---- text ---------------------------------------------------------------------------------------- */

static void add_rows(struct buf *buf, const struct rows *rows)
{
    buf_adds(buf, rows->count ? "" : "base");
    for (size_t i = 0; i < rows->count; i++) {
        buf_adds(buf, i ? " + " : "");
        human_add_text(buf, rows->ids[i]);
    }
}

static void add_names(struct buf *buf, const struct telling *telling, const struct cluster *cluster)
{
    bool shows_all = telling->options->is_verbose || cluster->tenant_count <= NAMES_SHOWN + 1;
    size_t shown = shows_all ? cluster->tenant_count : NAMES_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        buf_adds(buf, i ? ", " : "");
        human_add_text(buf, tenant_at(telling, cluster, i)->name);
    }
    if (shown < cluster->tenant_count)
        buf_addf(buf, " and %zu more (-v)", cluster->tenant_count - shown);
}

static void add_labels(struct buf *buf, const struct telling *telling,
                       const struct cluster *cluster)
{
    const struct tenant *first = tenant_at(telling, cluster, 0);
    const char *before = "\n  they share: ";
    for (size_t i = 0; cluster->tenant_count > 1 && i < first->label_count; i++) {
        if (!is_shared(telling, cluster, &first->labels[i]))
            continue;
        buf_adds(buf, before);
        before = ", ";
        human_add_text(buf, first->labels[i].key);
        buf_addc(buf, '=');
        human_add_text(buf, first->labels[i].value);
    }
}

static void add_differences(struct buf *buf, const struct telling *telling,
                            const struct cluster *cluster)
{
    size_t count = cluster->comparison.count;
    size_t shown =
        telling->options->is_verbose || count <= DIFFERENCES_SHOWN + 1 ? count : DIFFERENCES_SHOWN;
    if (!cluster->is_compared)
        buf_adds(buf, "\n  in what they differ could not be read: look again");
    for (size_t i = 0; i < shown; i++) {
        struct buf words;
        buf_init(&words, BUF_MAX_DEFAULT);
        difference_add_words(&words, &cluster->comparison.items[i]);
        buf_adds(buf, "\n  ");
        human_add_text(buf, words.data);
        buf_done(&words);
    }
    if (shown < count)
        buf_addf(buf, "\n  and %zu more differences (-v)", count - shown);
}

/* A line of its own for each of the text. */
static void add_sql(struct buf *buf, const struct cluster *cluster)
{
    const char *line = cluster->sql;
    if (!line || !*line) {
        buf_addf(buf, "\n  no statement that would mend it is known%s",
                 line ? "" : ": none are written for this engine");
        return;
    }
    buf_adds(buf, "\n  what would mend it (read it before you run it; nothing has tried it):");
    while (*line) {
        size_t len = strcspn(line, "\n");
        struct buf text;
        buf_init(&text, SIZE_MAX / 2);
        buf_add(&text, line, len);
        buf_adds(buf, "\n    ");
        human_add_text(buf, text.data);
        buf_done(&text);
        line += len + (line[len] == '\n');
    }
}

/* `6 tenants at 83241ca0f125 differ: acme, globex` */
static void add_cluster(struct buf *buf, const struct telling *telling,
                        const struct cluster *cluster)
{
    static const char *const verbs_of[][2] = {
        [DRIFT_NONE] = {"is as expected", "are as expected"},
        [DRIFT_FOUND] = {"differs", "differ"},
        [DRIFT_UNKNOWN] = {"cannot be judged", "cannot be judged"},
    };
    human_add_count(buf, cluster->tenant_count, "tenant");
    buf_adds(buf, " at ");
    add_rows(buf, &cluster->rows);
    buf_addf(buf, " %s: ", verbs_of[cluster->verdict][cluster->tenant_count != 1]);
    add_names(buf, telling, cluster);
    if (cluster->verdict != DRIFT_NONE)
        add_labels(buf, telling, cluster);
    if (cluster->verdict == DRIFT_UNKNOWN) {
        buf_adds(buf, "\n  ");
        human_add_text(buf, cluster->reason);
    }
    if (cluster->resembles) {
        buf_adds(buf, "\n  looks like ");
        add_rows(buf, cluster->resembles);
    }
    if (cluster->verdict == DRIFT_FOUND)
        add_differences(buf, telling, cluster);
    if (cluster->is_compared && telling->options->is_verbose)
        add_sql(buf, cluster);
    buf_adds(buf, "\n\n");
}

static void print_text(const void *ctx, FILE *out)
{
    const struct telling *telling = ctx;
    const struct drift *drift = telling->drift;
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < drift->cluster_count; i++)
        if (drift->clusters[i].verdict != DRIFT_NONE || telling->options->is_verbose)
            add_cluster(&buf, telling, &drift->clusters[i]);
    human_add_count(&buf, telling->fleet->tenant_count, "tenant");
    buf_addf(&buf, ": %zu as expected", drift->expected);
    if (drift->differing)
        buf_addf(&buf, ", %zu differ%s", drift->differing, drift->differing == 1 ? "s" : "");
    if (drift->unknown)
        buf_addf(&buf, ", %zu cannot be judged", drift->unknown);
    if (drift->catalogs.failed)
        buf_addf(&buf, ", %zu could not be read", drift->catalogs.failed);
    fprintf(out, "%s\n", buf.data);
    buf_done(&buf);
}

/* ---- JSON ---------------------------------------------------------------------------------------- */

static json_t *json_rows(const struct rows *rows)
{
    json_t *array = json_array();
    for (size_t i = 0; i < rows->count; i++)
        json_array_append_new(array, json_text(rows->ids[i]));
    return array;
}

static json_t *json_fingerprint(const struct fingerprint *fingerprint)
{
    return fingerprint->hex[0] ? json_sprintf("sha256:%s", fingerprint->hex) : json_null();
}

static json_t *json_difference(const struct difference *difference)
{
    const struct object *object = difference_object(difference);
    json_t *json = json_object(), *changes = json_array();
    struct buf words;
    buf_init(&words, BUF_MAX_DEFAULT);
    difference_add_words(&words, difference);
    for (size_t i = 0; i < difference->property_count; i++) {
        const struct property_difference *property = &difference->properties[i];
        json_t *change = json_object();
        json_object_set_new(change, "attribute", json_text(property->name));
        json_object_set_new(change, "expected", json_text(property->expected));
        json_object_set_new(change, "found", json_text(property->found));
        json_array_append_new(changes, change);
    }
    json_object_set_new(json, "kind", json_text(object_kind_name(object->kind)));
    json_object_set_new(
        json, "name", json_text(*object->name || !object->owner ? object_full_name(object) : NULL));
    json_object_set_new(json, "owner", json_text(object->owner));
    json_object_set_new(json, "what", json_text(difference_what_name(difference->what)));
    json_object_set_new(json, "changes", changes);
    json_object_set_new(json, "words", json_text(words.data));
    buf_done(&words);
    return json;
}

static json_t *json_labels(const struct telling *telling, const struct cluster *cluster)
{
    const struct tenant *first = tenant_at(telling, cluster, 0);
    json_t *labels = json_object();
    for (size_t i = 0; i < first->label_count; i++)
        if (is_shared(telling, cluster, &first->labels[i]))
            json_set_text(labels, first->labels[i].key, first->labels[i].value);
    return labels;
}

static void put_cluster(const struct telling *telling, const struct cluster *cluster,
                        struct json_stream *stream)
{
    json_open(stream, NULL, '{');
    json_put(stream, "revision", json_rows(&cluster->rows));
    json_put_text(stream, "dialect", dialect_info(cluster->kind.dialect)->name);
    json_put(stream, "is_expected",
             cluster->verdict == DRIFT_UNKNOWN ? json_null()
                                               : json_boolean(cluster->verdict == DRIFT_NONE));
    json_put_text(stream, "reason", cluster->reason);
    json_put(stream, "fingerprint", json_fingerprint(&cluster->fingerprint));
    json_put(stream, "expected", json_fingerprint(&cluster->expected));
    json_put(stream, "resembles", cluster->resembles ? json_rows(cluster->resembles) : json_null());
    json_put(stream, "labels", json_labels(telling, cluster));
    json_open(stream, "tenants", '[');
    for (size_t i = 0; i < cluster->tenant_count; i++)
        json_put_text(stream, NULL, tenant_at(telling, cluster, i)->name);
    json_close(stream, ']');
    json_open(stream, "differences", '[');
    for (size_t i = 0; i < cluster->comparison.count; i++)
        json_put(stream, NULL, json_difference(&cluster->comparison.items[i]));
    json_close(stream, ']');
    json_put_text(stream, "sql", cluster->sql);
    json_close(stream, '}');
}

static void print_json(const void *ctx, FILE *out)
{
    const struct telling *telling = ctx;
    const struct drift *drift = telling->drift;
    struct json_stream stream = {.out = out};
    json_open(&stream, NULL, '{');
    json_put(&stream, "totals",
             json_pack("{s:I, s:I, s:I, s:I, s:I}", "tenants",
                       (json_int_t)telling->fleet->tenant_count, "expected",
                       (json_int_t)drift->expected, "differing", (json_int_t)drift->differing,
                       "unknown", (json_int_t)drift->unknown, "failed",
                       (json_int_t)drift->catalogs.failed));
    json_open(&stream, "clusters", '[');
    for (size_t i = 0; i < drift->cluster_count; i++)
        put_cluster(telling, &drift->clusters[i], &stream);
    json_close(&stream, ']');
    json_open(&stream, "errors", '[');
    for (size_t i = 0; i < drift->catalogs.count; i++) {
        const struct err *err = drift->catalogs.items[i].err;
        if (!err)
            continue;
        json_t *error = json_object();
        json_object_set_new(error, "tenant", json_text(telling->fleet->tenants[i]->name));
        json_object_set_new(error, "class", json_text(err_class_name(err->kind)));
        json_object_set_new(error, "message", json_text(err->text));
        json_put(&stream, NULL, error);
    }
    json_close(&stream, ']');
    json_close(&stream, '}');
}

/* ---- the command --------------------------------------------------------------------------------- */

static int tell(struct fleet *fleet, const struct options *options, const struct drift *drift)
{
    const struct telling telling = {fleet, options, drift};
    struct writer writer = {
        .text = print_text, .json = print_json, .ctx = (void *)(uintptr_t)&telling};
    for (size_t i = 0; i < drift->catalogs.count; i++)
        if (drift->catalogs.items[i].err)
            cli_note("tenant '%s': %s", fleet->tenants[i]->name,
                     drift->catalogs.items[i].err->text);
    bool is_well = !drift->differing && !drift->unknown && !drift->catalogs.failed;
    bool is_written = outputs_write(options, &writer, is_well);
    if (!is_well)
        return EXIT_TENANT_FAILED;
    return is_written ? EXIT_OK : EXIT_USAGE;
}

static int run_drift(struct fleet *fleet, const struct options *options)
{
    struct request request = cli_request(options, VERB_CURRENT);
    struct drift drift;
    struct err err;
    int exit_code;
    if (!fleet_has_revisions(fleet, &err))
        return cli_fail(&err);
    if (!fleet->tenant_count)
        cli_note("no tenant is selected");
    request.reads_catalog = true;
    struct showing_run showing;
    showing_begin(&showing, options, "drift");
    const struct drift_request what = {
        .request = &request, .rules = fleet->inventory->drift, .show = &showing.show};
    bool is_found = drift_find(fleet, &what, &drift, &err);
    showing_end(&showing);
    if (!is_found)
        exit_code = cli_fail(&err);
    else if (drift.signal)
        exit_code = EXIT_SIGNAL + drift.signal;
    else
        exit_code = tell(fleet, options, &drift);
    drift_done(&drift);
    return exit_code;
}

const struct command command_drift = {
    .name = "drift",
    .arguments = "",
    .summary = "tenants whose schema is not what their revision says",
    .help =
        "Reads what every selected tenant's database holds, and compares it with what the chain makes up to\n"
        "where the tenant stands, in a scratch database. Tenants that are alike are one cluster, with\n"
        "what is missing, extra or changed there. Exit 1 where any differs or cannot be judged. With -v,\n"
        "all tenants and differences. 'drift' in the inventory says what is compared.",
    .example = "skein drift --select tier=canary",
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_STATE | OPTIONS_LEDGER | OPTIONS_OUTPUT |
              OPTIONS_RUN,
    .formats = outputs_list_formats,
    .needs = FLEET_VISIT,
    .run = run_drift,
};
