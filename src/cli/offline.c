#include "cli/offline.h"

#include "base/buf.h"
#include "chain/range.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "dialect/scripts.h"
#include "offline/offline.h"
#include "rollout/rollout.h"

/* ---- for whom ------------------------------------------------------------------------------ */

static bool has_selection(const struct options *options)
{
    return options->selects.count || options->wave || options->tenant_count;
}

unsigned cli_offline_needs(const struct options *options)
{
    return options->has_dialect && !has_selection(options) ? FLEET_CHAIN | FLEET_VERSION_TABLE
                                                           : FLEET_OFFLINE;
}

/* What the selected tenants of the dialect have in common; of what they differ in, the default. */
static void find_common(const struct fleet *fleet, struct offline_script *script)
{
    const struct tenant *first = NULL;
    for (size_t i = 0; i < fleet->tenant_count; i++) {
        const struct tenant *tenant = fleet->tenants[i];
        if (tenant->url.dialect != dialect_info(script->dialect->id)->engine)
            continue;
        if (!first) {
            first = tenant;
            script->schema = tenant->schema;
            script->creates_schema = tenant->settings->create;
            script->mode = tenant->settings->transaction;
            script->settings = tenant->settings;
            continue;
        }
        if (script->settings && (tenant->settings->session != script->settings->session ||
                                 tenant->settings->search_path != script->settings->search_path))
            script->settings = NULL;
        if (script->schema && (!tenant->schema || strcmp(tenant->schema, script->schema) != 0))
            script->schema = NULL;
        script->creates_schema = script->creates_schema && tenant->settings->create;
        if (tenant->settings->transaction != script->mode)
            script->mode = TRANSACTION_ALL;
    }
}

static bool find_dialect(const struct fleet *fleet, const struct options *options,
                         struct offline_script *script, struct err *err)
{
    enum dialect_id dialect = options->dialect;
    bool is_known = options->has_dialect;
    for (size_t i = 0; i < fleet->tenant_count && !options->has_dialect; i++) {
        enum dialect_id other =
            dialect_promised(fleet->tenants[i]->url.dialect, fleet->tenants[i]->url.scheme);
        if (is_known && other != dialect)
            return err_set(err, ERR_CONFIG,
                           "the selection has tenants of %s and of %s: say which script with "
                           "--dialect",
                           dialect_info(dialect)->name, dialect_info(other)->name);
        dialect = other;
        is_known = true;
    }
    if (!is_known)
        return err_set(err, ERR_CONFIG, "no tenant is selected: say which script with --dialect");
    script->dialect = dialect_of(dialect);
    return script->dialect ||
           err_set(err, ERR_CONFIG, "this build has no driver for %s", dialect_info(dialect)->name);
}

/* ---- from where to where ------------------------------------------------------------------- */

struct extent {
    const char *from; /* NULL: base */
    const char **targets;
    size_t target_count;
};

/* Alembic's: a downgrade says where it starts; one start for all targets. */
static bool add_target(struct arena *arena, struct extent *extent, const char *text,
                       enum plan_command command, struct err *err)
{
    struct range range = {.to = text};
    bool is_range = strchr(text, ':') != NULL;
    if (is_range && !range_parse(arena, text, &range, err))
        return false;
    if (command == PLAN_DOWNGRADE && (!is_range || !range.to))
        return err_set(err, ERR_CONFIG, "downgrade with --sql requires <fromrev>:<torev>");
    if (range.from && extent->from && strcmp(range.from, extent->from) != 0)
        return err_set(err, ERR_CONFIG, "a script starts at one place, not at '%s' and '%s'",
                       extent->from, range.from);
    if (range.from)
        extent->from = range.from;
    extent->targets[extent->target_count++] = range.to ? range.to : "heads";
    return true;
}

static bool find_extent(struct arena *arena, const struct options *options,
                        enum plan_command command, struct extent *ret, struct err *err)
{
    *ret = (struct extent){.targets = arena_calloc(arena, options->arg_count + 1, sizeof(char *))};
    for (size_t i = 0; i < options->arg_count; i++)
        if (!add_target(arena, ret, options->args[i], command, err))
            return false;
    if (!options->arg_count)
        ret->targets[ret->target_count++] = "head";
    if (options->purges && ret->from)
        return err_set(err, ERR_CONFIG, "--purge with --sql starts anywhere, not at '%s'",
                       ret->from);
    return true;
}

static bool make_plan(struct fleet *fleet, const struct options *options, enum plan_command command,
                      struct plan *ret, struct err *err)
{
    struct arena *arena = &fleet->arena;
    struct lookup in = fleet_lookup(fleet, err);
    struct revisions start;
    struct extent extent;
    if (!find_extent(arena, options, command, &extent, err))
        return false;
    struct target target = {
        .command = command, .texts = extent.targets, .count = extent.target_count};
    if (!target_check(&in, &target) ||
        !range_start(&in, &(struct range){.from = extent.from}, &start))
        return false;
    const char **rows = arena_calloc(arena, start.count + 1, sizeof *rows);
    for (size_t i = 0; i < start.count; i++)
        rows[i] = fleet->chain->revisions[start.items[i]]->id;
    return plan_build(&in, &target, &(struct rows){rows, start.count, true}, ret);
}

/* ---- the script ---------------------------------------------------------------------------- */

static bool write_script(struct fleet *fleet, const struct options *options,
                         enum plan_command command, struct buf *text, struct err *err)
{
    char run_id[32];
    struct plan plan;
    struct offline_script script = {
        .plan = &plan,
        .command = command,
        .purges = options->purges,
        .version_table = fleet->inventory->version_table,
        .run_id = run_id,
    };
    if (!fleet_has_revisions(fleet, err) || !find_dialect(fleet, options, &script, err) ||
        !make_plan(fleet, options, command, &plan, err))
        return false;
    find_common(fleet, &script);
    rollout_make_id(run_id);
    if (!fleet->scripts)
        fleet->scripts = scripts_new(fleet->chain);
    script.scripts = fleet->scripts;
    buf_addf(text, "-- skein " SKEIN_VERSION ", for %s; run %s\n\n", script.dialect->name, run_id);
    if (!offline_write(&fleet->arena, text, &script, err))
        return false;
    return !text->is_full || err_set(err, ERR_CONFIG, "the script is larger than 1 GiB");
}

int cli_offline(struct fleet *fleet, const struct options *options, enum plan_command command)
{
    struct buf text;
    struct err err;
    buf_init(&text, BUF_MAX_DEFAULT);
    bool is_good = write_script(fleet, options, command, &text, &err);
    if (is_good)
        fwrite(text.data, 1, text.len, stdout); /* whether it arrives is main's to find out */
    buf_done(&text);
    return is_good ? EXIT_OK : cli_fail(&err);
}
