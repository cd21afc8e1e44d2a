/* Makes an inventory of what a run tells of its tenants (told.h). */
#include "base/path.h"
#include "inventory/told.h"

#include <sys/stat.h>

#include "base/ascii.h"
#include "base/err.h"
#include "base/file.h"
#include "dialect/dialect.h"
#include "inventory/load/builder.h"
#include "inventory/told_keys.h"
#include "schema/rules.h"

struct hearing {
    struct inventory_builder *builder;
    const struct inventory *own;
    const struct told_grants *grants;
    const char *const *known_ids; /* the list of settings that was read last, */
    const struct settings *known; /* and what it says */
    const struct replica_set *known_replicas;
};

/* What no skein has written; the tenant, or the rule, is named before it. */
static bool refuse(struct hearing *hearing, const char *what)
{
    load_fault(hearing->builder, NULL, "%s", what);
    return false;
}

/* The value of an item with that key; NULL: it is another one. */
static const char *value_of(const char *item, const char *key)
{
    size_t len = strlen(key);
    return strncmp(item, key, len) == 0 && item[len] == '=' ? item + len + 1 : NULL;
}

static bool find_word(const char *const *words, const char *text, uint32_t *ret_index)
{
    for (uint32_t i = 0; words[i]; i++)
        if (strcmp(words[i], text) == 0) {
            *ret_index = i;
            return true;
        }
    return false;
}

/* ---- what this machine has granted ----------------------------------------------------------- */

/* Only `*` is not itself. */
static bool matches(const char *pattern, const char *text)
{
    for (; *pattern && *pattern != '*'; pattern++, text++)
        if (*pattern != *text)
            return false;
    if (!*pattern)
        return !*text;
    while (*pattern == '*')
        pattern++;
    for (;; text++)
        if (matches(pattern, text))
            return true;
        else if (!*text)
            return false;
}

static bool is_granted_variable(const struct hearing *hearing, const char *name)
{
    for (size_t i = 0; i < hearing->grants->variable_count; i++)
        if (matches(hearing->grants->variables[i], name))
            return true;
    return false;
}

/* Of a file that is not there yet, the folder counts. */
static bool is_granted_file(struct hearing *hearing, const char *path)
{
    const char *folder = path_folder(&hearing->builder->scratch, path);
    for (size_t i = 0; i < hearing->grants->folder_count; i++)
        if (!file_leads_out(hearing->grants->folders[i], path_is_there(path) ? path : folder))
            return true;
    return false;
}

/* ---- passwords ------------------------------------------------------------------------------- */

/* There is none but what the client library finds by itself; and why. */
static const struct password *no_password(struct hearing *hearing, const char *why)
{
    return load_keep_shown(hearing->builder, PASSWORD_NONE, NULL, why);
}

static const struct password *read_variable(struct hearing *hearing, const char *name)
{
    struct arena *scratch = &hearing->builder->scratch;
    if (is_granted_variable(hearing, name))
        return load_keep_shown(hearing->builder, PASSWORD_ENV, name, name);
    return no_password(
        hearing, arena_printf(scratch,
                              "the run takes its password from the environment variable '%.100s', "
                              "which this machine does not grant: '--grant-env %.100s' does",
                              name, name));
}

static const struct password *read_file(struct hearing *hearing, const char *shown)
{
    const char *path = load_path(hearing->builder, shown);
    if (is_granted_file(hearing, path))
        return load_keep_shown(hearing->builder, PASSWORD_FILE, path, shown);
    return no_password(
        hearing,
        arena_printf(
            &hearing->builder->scratch,
            "the run takes its password from the file '%.200s', which is in no folder that "
            "this machine grants with '--grant-files'",
            shown));
}

static const struct password *choose_password(struct hearing *hearing, const char *told)
{
    static const size_t variable = sizeof TOLD_BY_VARIABLE - 1, file = sizeof TOLD_BY_FILE - 1;
    const struct password *own = hearing->own->password;
    if (own && own->kind != PASSWORD_NONE)
        return own;
    if (!told)
        return no_password(hearing, NULL);
    if (strncmp(told, TOLD_BY_VARIABLE, variable) == 0)
        return read_variable(hearing, told + variable);
    if (strncmp(told, TOLD_BY_FILE, file) == 0)
        return read_file(hearing, told + file);
    if (strcmp(told, TOLD_BY_COMMAND) == 0)
        return no_password(hearing,
                           "the run takes its password from a program, which runs only where this "
                           "machine's own inventory names it ('defaults: {password_command: …}')");
    return no_password(
        hearing,
        "its password stands in the inventory of the machine that began the run, and in no ledger: "
        "give it in .pgpass, or in this machine's own inventory ('defaults: {password_file: …}')");
}

/* ---- the database ---------------------------------------------------------------------------- */

static bool is_hidden(const struct url_param *param)
{
    return strcmp(param->value, "***") == 0;
}

/* Why this machine does not go there; NULL: it does. Drops what the URL needs no more. */
static const char *refusal_of_server(struct hearing *hearing, struct url *url)
{
    struct arena *scratch = &hearing->builder->scratch;
    const struct dialect *dialect = dialect_of(url->dialect);
    struct url_param *kept = arena_calloc(scratch, url->param_count + 1, sizeof *kept);
    size_t count = 0;
    struct err err;
    for (size_t i = 0; i < url->param_count; i++) {
        const struct url_param *param = &url->params[i];
        enum param_reach reach =
            dialect && dialect->param_reach ? dialect->param_reach(param) : PARAM_IS_PLAIN;
        if (is_hidden(param))
            return arena_printf(
                scratch,
                "the value of '%.64s' in its URL is a secret, which no ledger keeps: list the tenant "
                "in this machine's own inventory",
                param->key);
        if (reach == PARAM_NAMES_FILE && !is_granted_file(hearing, param->value))
            return arena_printf(
                scratch,
                "'%.64s' in its URL names the file '%.200s', which is in no folder that this machine "
                "grants with '--grant-files'",
                param->key, param->value);
        if (reach != PARAM_IS_SPENT)
            kept[count++] = *param;
    }
    url->params = kept;
    url->param_count = count;
    bool is_fine = !dialect || !dialect->check_told || dialect->check_told(url, &err);
    return is_fine ? NULL : arena_strdup(scratch, err.text);
}

/* The same of a file. One that is to be made has to be in a folder that is granted; and where one is granted, all have. */
static const char *refusal_of_file(struct hearing *hearing, const struct url *url,
                                   const struct settings *settings)
{
    const char *path = load_path(hearing->builder, url->database);
    bool is_made = settings->create && !path_is_there(path);
    if ((!is_made && !hearing->grants->folder_count) || is_granted_file(hearing, path))
        return NULL;
    return is_made
               ? "its file is not there, and would be made in no folder that this machine grants with "
                 "'--grant-files'"
               : "its file is in no folder that this machine grants with '--grant-files'";
}

/* ---- settings ------------------------------------------------------------------------------ */

static bool read_key(const struct told_key *key, const char *value, void *owner)
{
    enum { COUNT_MAX = 100000 };
    char *at = (char *)owner + key->at;
    uint32_t number;
    if (key->kind == TOLD_DURATION)
        return parse_duration(value, (uint64_t *)(void *)at);
    if (!(key->kind == TOLD_COUNT ? parse_u32(value, 0, COUNT_MAX, &number)
                                  : find_word(key->words, value, &number)))
        return false;
    if (key->size == sizeof number)
        memcpy(at, &number, sizeof number);
    else
        *(bool *)(void *)at = number != 0;
    return true;
}

/* Lists that a tenant's settings have. */
struct told_listed {
    const char **path;
    size_t path_count;
    struct session_setting *session;
    size_t session_count;
    const struct tenant **replicas;
    size_t replica_count;
};

static bool read_session(struct hearing *hearing, const char *text, struct told_listed *listed)
{
    struct inventory_builder *builder = hearing->builder;
    size_t len = strcspn(text, "=");
    struct session_setting setting = {.name = arena_strndup(&builder->scratch, text, len),
                                      .value = text + len + (text[len] == '=')};
    const char *fault = load_setting_fault(builder, &setting);
    if (fault)
        return refuse(hearing, fault);
    setting.name = sharing_string(&builder->sharing, setting.name);
    setting.value = sharing_string(&builder->sharing, setting.value);
    listed->session[listed->session_count++] = setting;
    return true;
}

static bool read_schema(struct hearing *hearing, const char *name, struct told_listed *listed)
{
    if (!load_is_name(name) || strlen(name) > SCHEMA_MAX_BYTES)
        return refuse(hearing, "its 'search_path' lists no schema's name");
    listed->path[listed->path_count++] = sharing_string(&hearing->builder->sharing, name);
    return true;
}

/* One that this machine cannot ask holds up the batches that must not leave it late. */
static bool read_replica(struct hearing *hearing, const char *text, struct told_listed *listed)
{
    struct inventory_builder *builder = hearing->builder;
    size_t len = strcspn(text, " ");
    const char *password = text[len] ? text + len + 1 : NULL;
    struct url url;
    struct err err;
    if (!url_parse(&builder->scratch, arena_strndup(&builder->scratch, text, len), &url, &err) ||
        url.password)
        return refuse(hearing, "a replica of it has no URL that is told");
    const char *refusal = refusal_of_server(hearing, &url);
    const struct common common = {
        .settings = builder->defaults.settings,
        .password = refusal ? load_keep_shown(builder, PASSWORD_REFUSED, NULL, refusal)
                            : choose_password(hearing, password)};
    const struct tenant *replica = load_told_replica(builder, text, &url, &common);
    if (replica)
        listed->replicas[listed->replica_count++] = replica;
    return replica;
}

static bool read_setting(struct hearing *hearing, const char *item, struct settings *settings,
                         struct told_listed *listed)
{
    size_t len = strlen(TOLD_SESSION);
    const char *value = value_of(item, TOLD_PATH);
    if (value)
        return read_schema(hearing, value, listed);
    if ((value = value_of(item, TOLD_REPLICA)))
        return read_replica(hearing, value, listed);
    if (strncmp(item, TOLD_SESSION, len) == 0)
        return read_session(hearing, item + len, listed);
    for (size_t i = 0; i < told_setting_key_count; i++)
        if ((value = value_of(item, told_setting_keys[i].name)))
            return read_key(&told_setting_keys[i], value, settings) ||
                   refuse(hearing, "a setting of it has a value that it cannot have");
    return refuse(hearing, "it has a setting that is none");
}

/* Tenants that share settings are told of by one list. NULL: a fault. */
static const struct settings *read_settings(struct hearing *hearing, const struct rows *list)
{
    struct inventory_builder *builder = hearing->builder;
    if (hearing->known && hearing->known_ids == list->ids)
        return hearing->known;
    struct settings settings = *builder->defaults.settings;
    struct told_listed listed = {
        .path = arena_calloc(&builder->scratch, list->count + 1, sizeof *listed.path),
        .session = arena_calloc(&builder->scratch, list->count + 1, sizeof *listed.session),
        .replicas = arena_calloc(&builder->scratch, list->count + 1, sizeof *listed.replicas)};
    for (size_t i = 0; i < list->count; i++)
        if (!read_setting(hearing, list->ids[i], &settings, &listed))
            return NULL;
    settings.search_path =
        listed.path_count ? load_keep_path(builder, listed.path, listed.path_count) : NULL;
    settings.session = listed.session_count
                           ? load_keep_session(builder, listed.session, listed.session_count)
                           : NULL;
    settings.session_count = listed.session_count;
    hearing->known_ids = list->ids;
    hearing->known = load_keep_settings(builder, &settings);
    hearing->known_replicas = load_keep_replicas(builder, listed.replicas, listed.replica_count);
    return hearing->known;
}

/* ---- a tenant -------------------------------------------------------------------------------- */

static bool read_labels(struct hearing *hearing, const struct rows *list, struct common *common)
{
    struct inventory_builder *builder = hearing->builder;
    struct label *labels = arena_calloc(&builder->scratch, list->count + 1, sizeof *labels);
    for (size_t i = 0; i < list->count; i++) {
        size_t len = strcspn(list->ids[i], "=");
        labels[i] = (struct label){arena_strndup(&builder->scratch, list->ids[i], len),
                                   list->ids[i] + len + (list->ids[i][len] == '=')};
        if (load_is_implicit(labels[i].key))
            return refuse(hearing, "it has a label that exists by itself");
    }
    load_merge_labels(builder, labels, list->count, common);
    return true;
}

static bool read_place(struct hearing *hearing, const struct told_tenant *told,
                       struct common *common, struct url *ret_url)
{
    struct inventory_builder *builder = hearing->builder;
    struct err err;
    if (!load_is_name(told->name))
        return refuse(hearing, "its name is none");
    if (!url_parse(&builder->scratch, told->url, ret_url, &err)) {
        load_fault(builder, NULL, "its 'url': %s", err.text);
        return false;
    }
    if (ret_url->password)
        return refuse(hearing, "its 'url' holds a password");
    if (told->schema && (!load_is_name(told->schema) || strlen(told->schema) > SCHEMA_MAX_BYTES))
        return refuse(hearing, "its 'schema' is no schema's name");
    common->schema = sharing_string(&builder->sharing, told->schema);
    common->has_own_schema = told->schema != NULL;
    return true;
}

static bool add_tenant(struct hearing *hearing, const struct told_tenant *told)
{
    struct inventory_builder *builder = hearing->builder;
    struct common common = {0};
    struct tenant tenant;
    struct url url;
    load_turn_to(builder, SECTION_TENANTS, 0);
    builder->subject.told = told->name;
    if (!read_place(hearing, told, &common, &url))
        return false;
    builder->subject.has_dialect = true;
    builder->subject.dialect = url.dialect;
    if (!told->settings.is_known)
        return refuse(hearing, "nothing is told of its settings");
    common.settings = read_settings(hearing, &told->settings);
    common.replicas = hearing->known_replicas;
    if (!common.settings || !read_labels(hearing, &told->labels, &common))
        return false;
    bool is_file = dialect_info(url.dialect)->is_file;
    common.password =
        is_file ? no_password(hearing, NULL) : choose_password(hearing, told->password);
    const char *refusal = is_file ? refusal_of_file(hearing, &url, common.settings)
                                  : refusal_of_server(hearing, &url);
    if (!load_fill_tenant(builder, &url, &common, &tenant))
        return false;
    if (refusal)
        tenant.password = load_keep_shown(builder, PASSWORD_REFUSED, NULL, refusal);
    tenant.name = arena_strdup(builder->inventory->arena, told->name);
    load_add_tenant(builder->inventory, &tenant);
    return true;
}

/* ---- rules ------------------------------------------------------------------------------------ */

static bool read_flag(const char *value, bool *ret_hides)
{
    *ret_hides = strcmp(value, "false") == 0;
    return *ret_hides || strcmp(value, "true") == 0;
}

static bool read_aspects(const char *value, unsigned *ret_aspects)
{
    uint32_t number;
    if (!parse_u32(value, 0, (1u << ASPECT__COUNT) - 1, &number))
        return false;
    *ret_aspects = number;
    return true;
}

static bool read_ignored(struct inventory *inventory, const char *value)
{
    struct err ignored;
    return catalog_rules_ignore(inventory->drift, arena_strdup(inventory->arena, value), &ignored);
}

static bool read_table(struct inventory *inventory, const char *value)
{
    inventory->version_table = arena_strdup(inventory->arena, value);
    return !load_version_table_fault(value);
}

static bool read_rule(struct inventory *inventory, const char *item)
{
    struct forecast_rules *forecast = &inventory->rollout.forecast;
    const char *value;
    if ((value = value_of(item, TOLD_VERSION_TABLE)))
        return read_table(inventory, value);
    if ((value = value_of(item, TOLD_DETAIL)))
        return read_flag(value, &inventory->hides_values);
    if ((value = value_of(item, TOLD_SQL)))
        return read_flag(value, &inventory->hides_sql);
    if ((value = value_of(item, TOLD_WARN_ABOVE)))
        return parse_forecast_limit(value, &forecast->warn_above);
    if ((value = value_of(item, TOLD_HALT_ABOVE)))
        return parse_forecast_limit(value, &forecast->halt_above);
    if ((value = value_of(item, TOLD_AT_LEAST)))
        return parse_duration(value, &forecast->at_least_ms);
    if ((value = value_of(item, TOLD_ASPECTS)))
        return read_aspects(value, &inventory->drift->aspects);
    if ((value = value_of(item, TOLD_IGNORE)))
        return read_ignored(inventory, value);
    return false;
}

static bool read_rules(struct inventory_builder *builder, const struct rows *rules)
{
    struct inventory *inventory = builder->inventory;
    bool is_fine = true;
    inventory->version_table = NULL;
    inventory->rollout.forecast = (struct forecast_rules){0};
    inventory->drift = arena_alloc(inventory->arena, sizeof *inventory->drift);
    catalog_rules_init(inventory->drift, inventory->arena);
    for (size_t i = 0; is_fine && i < rules->count; i++)
        is_fine = read_rule(inventory, rules->ids[i]);
    if (!is_fine || !inventory->version_table)
        faults_add(
            builder->faults, ERR_CONFIG, NULL, 0,
            "a rule of the run is none that skein tells: something else wrote to the ledger");
    return is_fine && inventory->version_table;
}

/* ---- the whole --------------------------------------------------------------------------------- */

/* All of the own inventory but its tenants; notes of it were told when it was read. */
static struct inventory_builder *begin(const struct inventory *own, struct faults *faults)
{
    struct inventory_builder *builder = load_begin(own->path, faults);
    struct inventory *inventory = builder->inventory;
    struct arena *arena = inventory->arena;
    const char *path = inventory->path;
    *inventory = *own;
    inventory->arena = arena;
    inventory->path = path;
    inventory->tenants = NULL;
    inventory->tenant_count = inventory->tenant_capacity = 0;
    inventory->notes = NULL;
    inventory->note_count = inventory->note_capacity = 0;
    builder->defaults.settings = load_default_settings(builder, NULL);
    return builder;
}

struct inventory *inventory_told(const struct inventory *own, const struct told_fleet *told,
                                 const struct told_grants *grants, struct faults *faults)
{
    struct inventory_builder *builder = begin(own, faults);
    struct hearing hearing = {.builder = builder, .own = own, .grants = grants};
    bool is_fine = read_rules(builder, &told->rules);
    for (size_t i = 0; is_fine && i < told->count; i++)
        is_fine = add_tenant(&hearing, &told->tenants[i]);
    if (is_fine)
        return inventory_take(builder);
    inventory_abandon(builder);
    return NULL;
}
