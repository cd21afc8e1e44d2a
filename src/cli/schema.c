#include "base/buf.h"
#include "base/human.h"
#include "chain/identifier.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/outputs.h"
#include "cli/run.h"
#include "cli/schema_view.h"
#include "cli/showing.h"
#include "library/scratch.h"
#include "library/fleet_catalogs.h"

/* One catalog to be shown: a tenant's, or a revision's. */
struct shown {
    const char *tenant; /* NULL: of the chain */
    struct rows rows;
    struct fingerprint fingerprint;
    const struct catalog *catalog;
};

struct showing {
    const struct shown *items;
    size_t count;
};

/* ---- how it looks ------------------------------------------------------------------------------ */

/* `acme: revision 83241ca0f125, sqlite 3, sha256:9f86…` */
static void print_title(const struct shown *shown, FILE *out)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    if (shown->tenant) {
        human_add_text(&buf, shown->tenant);
        buf_adds(&buf, ": ");
    }
    buf_adds(&buf, shown->rows.count ? "revision " : "no revision");
    for (size_t i = 0; i < shown->rows.count; i++) {
        buf_adds(&buf, i ? " + " : "");
        human_add_text(&buf, shown->rows.ids[i]);
    }
    fprintf(out, "%s, %s, sha256:%s\n", buf.data, shown->catalog->group, shown->fingerprint.hex);
    buf_done(&buf);
}

static void print_text(const struct showing *showing, FILE *out)
{
    for (size_t i = 0; i < showing->count; i++) {
        fputs(i ? "\n" : "", out);
        print_title(&showing->items[i], out);
        schema_view_text(showing->items[i].catalog, out);
    }
}

static void print_sql(const struct showing *showing, FILE *out)
{
    for (size_t i = 0; i < showing->count; i++) {
        if (showing->count > 1) {
            fputs(i ? "\n-- " : "-- ", out);
            print_title(&showing->items[i], out);
        }
        schema_view_sql(showing->items[i].catalog, out);
    }
}

static void print_json(const struct showing *showing, FILE *out)
{
    struct json_stream stream = {.out = out};
    json_open(&stream, NULL, '{');
    json_open(&stream, "schemas", '[');
    for (size_t i = 0; i < showing->count; i++) {
        const struct shown *shown = &showing->items[i];
        json_t *revision = json_array();
        for (size_t r = 0; r < shown->rows.count; r++)
            json_array_append_new(revision, json_text(shown->rows.ids[r]));
        json_open(&stream, NULL, '{');
        json_put_text(&stream, "tenant", shown->tenant);
        json_put(&stream, "revision", revision);
        json_put(&stream, "fingerprint", json_sprintf("sha256:%s", shown->fingerprint.hex));
        schema_view_json(shown->catalog, &stream);
        json_close(&stream, '}');
    }
    json_close(&stream, ']');
    json_close(&stream, '}');
}

static const struct {
    const char *name;
    void (*print)(const struct showing *showing, FILE *out);
} formats[] = {{"text", print_text}, {"json", print_json}, {"sql", print_sql}};

static const char *format_at(size_t index)
{
    return index < ARRAY_LEN(formats) ? formats[index].name : NULL;
}

static choice_fn *schema_formats(const struct options *options)
{
    (void)options;
    return format_at;
}

static bool write_as(void *ctx, const char *format, FILE *out, struct err *err)
{
    size_t index;
    if (!choice_find(format_at, format, &index))
        return err_set(err, ERR_INTERNAL, "a schema has no format '%s'", format);
    formats[index].print(ctx, out);
    return !ferror(out) || err_set(err, ERR_CONFIG, "cannot write it");
}

static int show(const struct options *options, const struct showing *showing, int exit_code)
{
    struct writer writer = {.write = write_as, .ctx = (void *)(uintptr_t)showing};
    bool is_written = outputs_write(options, &writer, false);
    return is_written || exit_code != EXIT_OK ? exit_code : EXIT_USAGE;
}

/* ---- of tenants -------------------------------------------------------------------------------- */

static int show_catalogs(const struct fleet *fleet, const struct options *options,
                         struct fleet_catalogs *catalogs)
{
    struct shown *items = arena_calloc(&catalogs->arena, catalogs->count + 1, sizeof *items);
    struct showing showing = {.items = items};
    for (size_t i = 0; i < catalogs->count; i++) {
        const struct tenant_catalog *item = &catalogs->items[i];
        if (item->err)
            cli_note("tenant '%s': %s", fleet->tenants[i]->name, item->err->text);
        if (item->is_read)
            items[showing.count++] = (struct shown){fleet->tenants[i]->name, item->rows,
                                                    item->fingerprint, item->catalog};
    }
    int exit_code = catalogs->signal   ? EXIT_SIGNAL + catalogs->signal
                    : catalogs->failed ? EXIT_TENANT_FAILED
                                       : EXIT_OK;
    return show(options, &showing, exit_code);
}

static int show_tenants(struct fleet *fleet, const struct options *options,
                        const struct catalog_rules *rules)
{
    struct request request = cli_request(options, VERB_CURRENT);
    struct showing_run showing;
    struct fleet_catalogs catalogs;
    struct err err;
    showing_begin(&showing, options, "schema");
    request.reads_catalog = true;
    for (size_t i = 0; i < options->output_count; i++)
        if (strcmp(options->outputs[i].format, "sql") == 0)
            request.reads_for_emitter = true;
    const struct fleet_catalogs_request what = {
        .request = &request, .rules = rules, .keeps_catalogs = true, .show = &showing.show};
    bool is_read = fleet_catalogs_read(fleet, &what, &catalogs, &err);
    showing_end(&showing);
    int exit_code = is_read ? show_catalogs(fleet, options, &catalogs) : cli_fail(&err);
    fleet_catalogs_done(&catalogs);
    return exit_code;
}

/* ---- of the chain ------------------------------------------------------------------------------ */

/* Whose SQL the chain is replayed in. */
static bool choose_kind(const struct fleet *fleet, const struct options *options,
                        struct scratch_kind *ret_kind, struct err *err)
{
    const struct inventory *inventory = fleet->inventory;
    const struct tenant *first = NULL;
    enum dialect_id asked = dialect_info(options->dialect)->engine;
    for (size_t i = 0; i < inventory->tenant_count; i++) {
        const struct tenant *tenant = &inventory->tenants[i];
        if (tenant->lacks_dialect || (options->has_dialect && tenant->url.dialect != asked))
            continue;
        if (first && first->url.dialect != tenant->url.dialect)
            return err_set(err, ERR_CONFIG,
                           "the tenants have more than one dialect: say which one is meant, with "
                           "--dialect");
        first = first ? first : tenant;
    }
    if (!first && !options->has_dialect)
        return err_set(err, ERR_CONFIG,
                       "the inventory lists no tenant whose dialect is known: say --dialect");
    *ret_kind = (struct scratch_kind){first ? first->url.dialect : asked, first && first->schema};
    return true;
}

static bool find_rows(struct fleet *fleet, const char *text, struct rows *ret, struct err *err)
{
    struct revisions none = {0}, found;
    struct lookup in = fleet_lookup(fleet, err);
    if (!identifier_find(&in, text, &none, &found))
        return false;
    const char **ids = arena_calloc(&fleet->arena, found.count + 1, sizeof *ids);
    for (size_t i = 0; i < found.count; i++)
        ids[i] = fleet->chain->revisions[found.items[i]]->id;
    *ret = rows_sorted(&fleet->arena, ids, found.count);
    return true;
}

static int show_revision(struct fleet *fleet, const struct options *options,
                         const struct catalog_rules *rules)
{
    struct shown shown = {0};
    struct scratch scratch;
    struct catalog *catalog;
    struct scratch_kind kind = {.has_schema = false};
    struct err err;
    if (!fleet_has_revisions(fleet, &err) || !choose_kind(fleet, options, &kind, &err) ||
        !find_rows(fleet, options->revision, &shown.rows, &err))
        return cli_fail(&err);
    bool is_read = scratch_open(&scratch, fleet, &kind, &err) &&
                   scratch_upgrade(&scratch, &shown.rows, &fleet->arena, &catalog, &err);
    int signal = scratch.signal;
    scratch_close(&scratch);
    if (!is_read)
        return signal ? EXIT_SIGNAL + signal : cli_fail(&err);
    shown.catalog = catalog;
    shown.fingerprint = catalog_fingerprint(catalog, rules);
    return show(options, &(struct showing){&shown, 1}, EXIT_OK);
}

/* ---- the command ------------------------------------------------------------------------------- */

static int run_schema(struct fleet *fleet, const struct options *options)
{
    const struct catalog_rules *rules = fleet->inventory->drift;
    return (options->revision ? show_revision : show_tenants)(fleet, options, rules);
}

static unsigned schema_needs(const struct options *options)
{
    return options->revision ? FLEET_CHAIN | FLEET_SCRIPTS | FLEET_VERSION_TABLE | FLEET_SCRATCH
                             : FLEET_VISIT;
}

const struct command command_schema = {
    .name = "schema",
    .arguments = "",
    .summary = "what databases hold, and its fingerprint",
    .help =
        "Reads the catalog of every selected tenant: tables, columns, constraints, indexes, views, triggers\n"
        "and what else there is. With --revision, what the chain makes up to there: it is replayed in\n"
        "a scratch database that is dropped afterwards, and no tenant is asked. Equal fingerprints\n"
        "mean equal schemas. '-o sql' prints the statements that make it in an empty database.",
    .example = "skein schema --tenant acme",
    .formats = schema_formats,
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_STATE | OPTIONS_LEDGER | OPTIONS_OUTPUT |
              OPTIONS_RUN | OPTIONS_SCHEMA,
    .needs_for = schema_needs,
    .run = run_schema,
};
