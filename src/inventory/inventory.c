#include "inventory/inventory.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "base/choice.h"
#include "base/err.h"
#include "base/name_template.h"
#include "inventory/load/alike.h"
#include "inventory/load/builder.h"
#include "inventory/load/yaml.h"

/* ---- the keys at the top ------------------------------------------------------------------- */

/* Each of these functions gives NULL where a variable that is not set keeps the value from being known. */
static const char *read_path(struct inventory_builder *builder, struct field field,
                             const char *fallback)
{
    const char *text = fallback;
    load_text(builder, field, &text);
    if (builder->subject.lacks)
        return NULL;
    return arena_strdup(builder->inventory->arena, load_path(builder, text));
}

static const char *read_file_template(struct inventory_builder *builder,
                                      const struct raw_inventory *raw)
{
    const char *text;
    struct err err;
    if (!load_text(builder, FIELD(raw, file_template), &text))
        return NULL;
    if (!name_template_check(text, &err))
        load_fault(builder, "file_template", "'file_template': %s", err.text);
    return arena_strdup(builder->inventory->arena, text);
}

/* An identifier that needs quoting nowhere, and fits into every database's names. */
const char *load_version_table_fault(const char *name)
{
    if (!ascii_is_made_of(name, "_") || ascii_is_digit(*name) || strlen(name) > 63)
        return "'version_table' must be made of at most 63 letters, digits and '_'";
    return ascii_is_same(name, "skein_history") ? "'version_table' is the name of the history table"
                                                : NULL;
}

static const char *read_version_table(struct inventory_builder *builder,
                                      const struct raw_inventory *raw)
{
    const char *text = "alembic_version";
    load_text(builder, FIELD(raw, version_table), &text);
    const char *fault = load_version_table_fault(text);
    if (fault)
        load_fault(builder, "version_table", "%s", fault);
    return builder->subject.lacks ? NULL : arena_strdup(builder->inventory->arena, text);
}

/* A choice: the schemes of databases that may hold a ledger. */
static const char *ledger_scheme_at(size_t index)
{
    for (int d = 0; d < DIALECT__COUNT; d++)
        if (dialect_info((enum dialect_id)d)->may_hold_ledger && !index--)
            return dialect_info((enum dialect_id)d)->schemes[0];
    return NULL;
}

/* A path, or the URL of a database that several machines share. NULL: neither; the error says why. */
static const char *place_ledger(struct inventory_builder *builder, const char *text,
                                const char *(*place)(struct inventory_builder *, const char *),
                                struct err *err)
{
    struct arena *arena = builder->inventory->arena;
    struct url url = {0};
    if (!strstr(text, "://"))
        return arena_strdup(arena, place(builder, text));
    if (!url_parse_ledger(&builder->scratch, text, &url, err)) {
        err_prefix(err, "'ledger'");
        return NULL;
    }
    if (dialect_info(url.dialect)->is_file)
        return arena_strdup(arena, place(builder, url.database));
    /* without `+driver`: the ledger is opened by the scheme of its URL, and any other text is a file's path */
    if (dialect_info(url.dialect)->may_hold_ledger)
        return arena_printf(arena, "%s%s", url.scheme, strstr(text, "://"));
    struct buf schemes;
    buf_init(&schemes, BUF_MAX_DEFAULT);
    choice_add(&schemes, ledger_scheme_at);
    err_set(err, ERR_CONFIG, "'ledger' must be a file or a %s:// URL", schemes.data);
    buf_done(&schemes);
    return NULL;
}

static const char *read_ledger(struct inventory_builder *builder, const struct raw_inventory *raw)
{
    const char *text = ".skein/ledger.db";
    struct err err;
    load_text(builder, FIELD(raw, ledger), &text);
    if (builder->subject.lacks)
        return NULL;
    const char *ledger = place_ledger(builder, text, load_path, &err);
    if (!ledger)
        load_fault(builder, "ledger", "%s", err.text);
    return ledger;
}

static const char *place_here(struct inventory_builder *builder, const char *path)
{
    (void)builder;
    return path;
}

bool inventory_use_ledger(struct inventory_builder *builder, const char *where, struct err *err)
{
    const char *ledger = place_ledger(builder, where, place_here, err);
    if (ledger)
        builder->inventory->ledger = ledger;
    return ledger;
}

static void read_top(struct inventory_builder *builder, const struct raw_inventory *raw)
{
    struct inventory *inventory = builder->inventory;
    load_turn_to(builder, SECTION_TOP, 0);
    inventory->chain_dir = read_path(builder, FIELD(raw, chain), "versions");
    load_lack_part(builder, PART_CHAIN_DIR);
    inventory->file_template = read_file_template(builder, raw);
    load_lack_part(builder, PART_FILE_TEMPLATE);
    inventory->version_table = read_version_table(builder, raw);
    load_lack_part(builder, PART_VERSION_TABLE);
    inventory->ledger = read_ledger(builder, raw);
    load_lack_part(builder, PART_LEDGER);
}

/* If a variable that is not set decides whether something is hidden, then it is hidden. */
static void read_report(struct inventory_builder *builder, const struct raw_report *raw)
{
    static const char *const booleans[] = {"false", "true", NULL};
    if (!raw)
        return;
    load_turn_to(builder, SECTION_REPORT, 0);
    bool has_detail = load_word(builder, FIELD(raw, detail), booleans, true);
    bool has_sql = load_word(builder, FIELD(raw, sql), booleans, true);
    builder->inventory->hides_values = !has_detail || builder->subject.lacks;
    builder->inventory->hides_sql = !has_sql || builder->subject.lacks;
    load_lack_part(builder, PART_LEDGER | PART_TENANTS);
}

static const char *server_name_at(size_t index)
{
    for (int d = 0; d < DIALECT__COUNT; d++) {
        const struct dialect_info *info = dialect_info((enum dialect_id)d);
        if (!info->is_file && info->engine == (enum dialect_id)d && !index--)
            return info->name;
    }
    return NULL;
}

/* NULL: all is well. Quotes nothing of the URL, which may hold a password. */
static const char *add_scratch(struct inventory_builder *builder, const char *engine,
                               const char *text)
{
    struct arena *arena = builder->inventory->arena;
    struct url *url = arena_calloc(arena, 1, sizeof *url);
    struct expansion expansion;
    struct err err;
    size_t index;
    enum dialect_id id;
    if (!choice_find(server_name_at, engine, &index) || !dialect_find(engine, strlen(engine), &id))
        return "its keys are the names of engines that are servers";
    expansion = variables_expand(&builder->scratch, text, &err);
    if (!expansion.text)
        return expansion.partial ? NULL : arena_strdup(&builder->scratch, err.text);
    if (!url_parse(arena, expansion.text, url, &err))
        return arena_strdup(&builder->scratch, err.text);
    if (url->dialect != id)
        return arena_printf(&builder->scratch, "it must be the URL of a %s server",
                            dialect_info(id)->title);
    builder->inventory->scratch[id] =
        (struct scratch_place){url_server(arena, url), url->database, url};
    return NULL;
}

static void read_scratch(struct inventory_builder *builder)
{
    const struct setting_place *own;
    size_t count = places_settings(&builder->places, (struct item){SECTION_TOP, 0}, &own);
    load_turn_to(builder, SECTION_SCRATCH, 0);
    for (size_t i = 0; i < count; i++) {
        const char *what = add_scratch(builder, own[i].name, own[i].value);
        if (what)
            load_fault_at(builder, (int)own[i].line, "'%.64s': %s", places_shown_key(own[i].name),
                          what);
    }
}

static void read_defaults(struct inventory_builder *builder, const struct raw_inventory *raw)
{
    builder->defaults.settings = load_default_settings(builder, raw->rollout);
    load_lack_part(builder, PART_TENANTS);
    load_turn_to(builder, SECTION_DEFAULTS, 0);
    builder->defaults.password = load_keep_password(builder, PASSWORD_NONE, NULL); /* number 0 */
    if (raw->defaults)
        builder->defaults = load_common(builder, raw->defaults, &builder->defaults);
    builder->inventory->password = builder->defaults.password;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void convert(struct inventory_builder *builder, const struct raw_inventory *raw)
{
    read_top(builder, raw);
    read_scratch(builder);
    read_defaults(builder, raw);
    load_rollout(builder, raw->rollout);
    read_report(builder, raw->report);
    load_drift(builder, raw->drift);
    load_autogenerate(builder, raw->autogenerate);
    load_lint(builder, raw->lint);
    load_tenants(builder, raw);
    load_sources(builder, raw);
}

/* NULL: the reasons are in `faults`, or, where tenants that are alike were left out, perhaps in none. */
static struct raw_inventory *load_checked(const struct yaml_file *file,
                                          struct yaml_checked *checked, struct faults *faults)
{
    struct raw_inventory *raw = NULL;
    struct buf text;
    buf_init(&text, 8 * YAML_MAX_BYTES); /* more than it can become */
    checked->text = &text;
    if (yaml_check(file, checked, faults)) {
        const struct yaml_file listed = {file->path, text.len ? text.data : file->bytes,
                                         text.len ? text.len : file->len};
        raw = raw_load(&listed, checked, faults);
    }
    if (text.len)
        explicit_bzero(text.data, text.len);
    buf_done(&text);
    return raw;
}

/* Where libcyaml takes offence, it reads the file again with nothing left out, and says what at. */
static struct raw_inventory *load_raw(const struct yaml_file *file, struct places *places,
                                      struct faults *faults)
{
    size_t faults_before = faults->total;
    struct alike *alike = arena_alloc(&places->arena, sizeof *alike); /* raw_free needs it */
    struct yaml_checked checked = {.places = places, .alike = alike};
    alike_init(alike, &places->arena);
    struct raw_inventory *raw = load_checked(file, &checked, faults);
    alike_done(alike);
    if (raw || faults->total != faults_before)
        return raw;
    places_done(places);
    places_init(places);
    checked.alike = NULL;
    return load_checked(file, &checked, faults);
}

struct inventory_builder *inventory_parse(const char *path, const void *bytes, size_t len,
                                          struct faults *faults)
{
    const struct yaml_file file = {path, bytes, len};
    struct inventory_builder *builder = load_begin(path, faults);
    size_t faults_before = faults->total;
    struct raw_inventory *raw = load_raw(&file, &builder->places, faults);
    if (raw)
        convert(builder, raw);
    raw_free(raw);
    places_done(&builder->places);
    if (raw && faults->total == faults_before)
        return builder;
    faults_sort(faults);
    inventory_abandon(builder);
    return NULL;
}

void inventory_free(struct inventory *inventory)
{
    if (!inventory)
        return;
    free(inventory->tenants);
    arena_done(inventory->arena);
    free(inventory->arena);
    free(inventory);
}
