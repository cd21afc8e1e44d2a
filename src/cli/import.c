#include "import/import.h"

#include <jansson.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/choice.h"
#include "base/human.h"
#include "base/utf8.h"
#include "chain/write.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/outputs.h"

static const struct import_tool *find_tool(const char *name, struct err *err)
{
    const struct import_tool *tool = import_tool_find(name);
    struct buf names;
    if (tool)
        return tool;
    buf_init(&names, BUF_MAX_DEFAULT);
    choice_add(&names, import_tool_name_at);
    err_set(err, ERR_CONFIG, "no importer '%s': name %s", name, names.data);
    choice_add_hint(err, import_tool_name_at, name);
    buf_done(&names);
    return NULL;
}

/* What all listed tenants speak; they need not be reached for that. */
static bool find_dialect(const struct inventory *inventory, enum dialect_id *ret_dialect)
{
    for (size_t i = 0; i < inventory->tenant_count; i++)
        if (inventory->tenants[i].lacks_dialect ||
            inventory->tenants[i].url.dialect != inventory->tenants[0].url.dialect)
            return false;
    if (inventory->tenant_count)
        *ret_dialect = inventory->tenants[0].url.dialect;
    return inventory->tenant_count > 0;
}

static bool make_request(struct fleet *fleet, const struct options *options,
                         struct import_request *ret_request, struct err *err)
{
    const struct import_tool *tool = find_tool(options->args[0], err);
    if (!tool)
        return false;
    *ret_request = (struct import_request){
        .tool = tool,
        .is_marked = options->has_dialect,
        .has_dialect = options->has_dialect,
        .dialect = options->dialect,
        .version_table = fleet->inventory->version_table,
        .placeholders = options->placeholders.items,
        .placeholder_count = options->placeholders.count,
        .chain_dir = fleet->inventory->chain_dir,
    };
    if (!ret_request->has_dialect && !import_tool_finds_dialect(tool))
        ret_request->has_dialect = find_dialect(fleet->inventory, &ret_request->dialect);
    return ret_request->has_dialect || import_tool_finds_dialect(tool) ||
           err_set(err, ERR_CONFIG,
                   "which SQL is it? the inventory lists tenants of several "
                   "dialects, or none: say --dialect");
}

/* The chain's folder need not be there yet. */
static bool read_present(struct fleet *fleet, struct import_request *request, struct faults *faults)
{
    struct chain_file *files = NULL;
    if (access(request->chain_dir, F_OK) == 0 &&
        !chain_read(&fleet->arena, request->chain_dir, &files, &request->present_count, faults))
        return false;
    request->present = files;
    return true;
}

static bool make_files(struct fleet *fleet, const struct options *options,
                       struct import_request *request, struct import_result *ret_result,
                       struct faults *faults)
{
    struct arena *arena = &fleet->arena;
    bool takes_files = import_tool_takes_files(request->tool);
    return read_present(fleet, request, faults) &&
           (takes_files ? import_read_files : import_read_dirs)(
               arena, options->args + 1, options->arg_count - 1, request, faults) &&
           import_files(arena, request, ret_result, faults);
}

/* ---- telling ------------------------------------------------------------------------------- */

struct told {
    const struct import_request *request;
    const struct import_result *result;
    bool is_dry_run;
};

static void write_text(const void *ctx, FILE *out)
{
    const struct told *told = ctx;
    const struct import_result *result = told->result;
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < result->file_count; i++) {
        human_add_text(&text, told->request->chain_dir);
        buf_addf(&text, "/%s\n", result->files[i].name);
    }
    buf_addf(&text, "%s%zu revision%s from %s", told->is_dry_run ? "would make " : "made ",
             result->file_count, result->file_count == 1 ? "" : "s",
             import_tool_name(told->request->tool));
    if (result->unchanged)
        buf_addf(&text, ", %zu there already", result->unchanged);
    fprintf(out, "%s\n", text.data);
    buf_done(&text);
}

/* Names of files may hold any bytes. */
static json_t *json_path(const char *dir, const char *name)
{
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    if (dir) {
        utf8_add_valid(&text, dir, strlen(dir));
        buf_addc(&text, '/');
    }
    utf8_add_valid(&text, name, strlen(name));
    json_t *string = json_string(text.data);
    buf_done(&text);
    return string;
}

static void write_json(const void *ctx, FILE *out)
{
    const struct told *told = ctx;
    const struct import_result *result = told->result;
    json_t *made = json_array(), *notes = json_array(), *mapped = json_array();
    for (size_t i = 0; i < result->file_count; i++)
        json_array_append_new(made, json_path(told->request->chain_dir, result->files[i].name));
    for (size_t i = 0; i < result->note_count; i++)
        json_array_append_new(notes, json_pack("{s:o, s:s}", "file",
                                               json_path(NULL, result->notes[i].path), "why",
                                               result->notes[i].text));
    for (size_t i = 0; i < result->mapped_count; i++)
        json_array_append_new(mapped, json_pack("{s:s, s:s}", "version", result->mapped[i].version,
                                                "revision", result->mapped[i].id));
    json_t *whole =
        json_pack("{s:s, s:b, s:o, s:I, s:o, s:o}", "tool", import_tool_name(told->request->tool),
                  "dry_run", told->is_dry_run, "made", made, "unchanged",
                  (json_int_t)result->unchanged, "left_out", notes, "mapped", mapped);
    json_dumpf(whole, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(whole);
}

static void tell_notes(const struct import_result *result)
{
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < result->note_count; i++) {
        human_add_text(&text, result->notes[i].path);
        buf_addf(&text, ": %s\n", result->notes[i].text);
    }
    for (size_t i = 0; i < result->mapped_count; i++) {
        human_add_text(&text, result->mapped[i].path);
        buf_adds(&text, ": version '");
        human_add_text(&text, result->mapped[i].version);
        buf_addf(&text, "' becomes revision '%s': an id is 1 to 32 letters, digits and '_'\n",
                 result->mapped[i].id);
    }
    fputs(text.data, stderr);
    buf_done(&text);
}

static void report(const struct import_request *request, const struct import_result *result,
                   const struct options *options)
{
    struct told told = {request, result, options->is_dry_run};
    struct writer writer = {.text = write_text, .json = write_json, .ctx = &told};
    outputs_write(options, &writer, true);
}

/* ---- the command --------------------------------------------------------------------------- */

static int run_import(struct fleet *fleet, const struct options *options)
{
    struct import_request request;
    struct import_result result = {0};
    struct faults faults;
    struct err err;
    if (!make_request(fleet, options, &request, &err))
        return cli_fail(&err);
    faults_init(&faults);
    bool is_good = make_files(fleet, options, &request, &result, &faults);
    if (is_good && !options->is_dry_run && result.file_count &&
        !chain_put(request.chain_dir, result.files, result.file_count, &err)) {
        faults_add_err(&faults, &err);
        is_good = false;
    }
    tell_notes(&result);
    if (is_good)
        report(&request, &result, options);
    else
        cli_tell_faults(&faults);
    faults_done(&faults);
    return is_good ? EXIT_OK : EXIT_USAGE;
}

/* `  import dbmate DIR          -- migrate:up, …`, a line for each tool. */
static void add_tools(struct buf *buf)
{
    enum { WIDTH = 20 }; /* of the tool and what it is given */
    const struct import_tool *tool;
    for (size_t i = 0; (tool = import_tool_at(i)); i++) {
        struct import_usage usage = import_tool_usage(tool);
        size_t width = strlen(usage.name) + 1 + human_width(usage.arguments);
        buf_addf(buf, "  import %s %s%*s", usage.name, usage.arguments, (int)(WIDTH - width), "");
        for (const char *line = usage.reads; *line;) {
            size_t len = strcspn(line, "\n");
            buf_addf(buf, "%*s%.*s\n", line == usage.reads ? 0 : WIDTH + (int)strlen("  import "),
                     "", (int)len, line);
            line += len + (line[len] == '\n');
        }
    }
}

const struct command command_import = {
    .name = "import",
    .arguments = "TOOL DIR…|FILE…",
    .summary = "make revision files from another tool's migrations",
    .help =
        "Reads another tool's migrations and makes revision files of them in the chain's folder:\n"
        "all or none, and never over a file that is there.\n\n"
        "{list}\n"
        "Ids come from the tool's own versions, so that 'skein adopt --from TOOL' finds where each\n"
        "tenant stands. With --dialect the sections are for that dialect alone.",
    .add_list = add_tools,
    .example = "skein import dbmate db/migrations",
    .formats = outputs_list_formats,
    .groups = OPTIONS_COMMON | OPTIONS_OUTPUT | OPTIONS_IMPORT | OPTIONS_DRY_RUN,
    .min_args = 2,
    .max_args = ARGS_MAX,
    .needs = FLEET_CHAIN_DIR | FLEET_VERSION_TABLE,
    .run = run_import,
};
