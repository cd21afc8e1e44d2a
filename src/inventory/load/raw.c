#include "inventory/load/raw.h"

#include <assert.h>
#include <cyaml/cyaml.h>
#include <stdalign.h>
#include <stdarg.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/similar.h"
#include "inventory/load/alike.h"
#include "inventory/load/yaml.h"

/* clang-format off */
#define STRING(key, type, member)                                                                  \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_OPTIONAL, type, member, 0, CYAML_UNLIMITED)
#define LIST(key, type, member, entry, min)                                                        \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, type, member, entry, min,  \
                         CYAML_UNLIMITED)
#define MAPPING(key, type, member, fields)                                                         \
    CYAML_FIELD_MAPPING_PTR(key, CYAML_FLAG_OPTIONAL, type, member, fields)

/* The common part stands first in each struct, so that these offsets are right in all of them. */
#define COMMON_FIELDS                                                                              \
    STRING("transaction", struct raw_common, transaction),                                         \
    STRING("create", struct raw_common, create),                                                   \
    STRING("connect_timeout", struct raw_common, connect_timeout),                                 \
    STRING("lock_timeout", struct raw_common, lock_timeout),                                       \
    STRING("statement_timeout", struct raw_common, statement_timeout),                             \
    STRING("retries", struct raw_common, retries),                                                 \
    STRING("retry_timeout", struct raw_common, retry_timeout),                                     \
    STRING("rollback_by", struct raw_common, rollback_by),                                         \
    STRING("batch_pause", struct raw_common, batch_pause),                                         \
    STRING("batch_max_lag", struct raw_common, batch_max_lag),                                     \
    STRING("batch_max_wait", struct raw_common, batch_max_wait),                                   \
    STRING("batch_timeout", struct raw_common, batch_timeout),                                     \
    STRING("batch_max_waiting", struct raw_common, batch_max_waiting),                             \
    STRING("batch_max_active", struct raw_common, batch_max_active),                               \
    LIST("batch_replicas", struct raw_common, batch_replicas, &text_schema, 0),                    \
    STRING("schema", struct raw_common, schema),                                                   \
    LIST("search_path", struct raw_common, search_path, &text_schema, 0),                          \
    CYAML_FIELD_IGNORE("settings", CYAML_FLAG_OPTIONAL), /* places.h has them */                   \
    STRING("password_env", struct raw_common, password_env),                                       \
    STRING("password_file", struct raw_common, password_file),                                     \
    LIST("password_command", struct raw_common, password_command, &text_schema, 1),                \
    LIST("labels", struct raw_common, labels, &text_schema, 0)

_Static_assert(offsetof(struct raw_tenant, common) == 0, "see COMMON_FIELDS");
_Static_assert(offsetof(struct raw_source, common) == 0, "see COMMON_FIELDS");

static const cyaml_schema_value_t text_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t defaults_fields[] = {COMMON_FIELDS, CYAML_FIELD_END};

static const cyaml_schema_field_t tenant_fields[] = {
    COMMON_FIELDS,
    STRING("name", struct raw_tenant, name),
    STRING("url", struct raw_tenant, url),
    CYAML_FIELD_END};

static const cyaml_schema_field_t source_fields[] = {
    COMMON_FIELDS,
    STRING("glob", struct raw_source, glob),
    STRING("query", struct raw_source, query),
    STRING("url", struct raw_source, url),
    STRING("under", struct raw_source, under),
    CYAML_FIELD_END};

static const cyaml_schema_field_t wave_fields[] = {
    STRING("name", struct raw_wave, name),
    STRING("select", struct raw_wave, select),
    STRING("parallel", struct raw_wave, parallel),
    STRING("per_server", struct raw_wave, per_server),
    STRING("max_failures", struct raw_wave, max_failures),
    STRING("soak", struct raw_wave, soak),
    STRING("optional", struct raw_wave, optional),
    CYAML_FIELD_END};

static const cyaml_schema_value_t tenant_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_tenant, tenant_fields)};
static const cyaml_schema_value_t source_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_source, source_fields)};
static const cyaml_schema_value_t wave_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_wave, wave_fields)};

#define ARGV(key, member)                                                                          \
    CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, struct raw_gates,    \
                               member.words, member.count, &text_schema, 1, CYAML_UNLIMITED)

static const cyaml_schema_field_t gates_fields[] = {
    ARGV("before_run", before_run),
    ARGV("after_wave", after_wave),
    ARGV("after_tenant_failed", after_tenant_failed),
    ARGV("after_run", after_run),
    STRING("timeout", struct raw_gates, timeout),
    CYAML_FIELD_END};

static const cyaml_schema_field_t forecast_fields[] = {
    STRING("warn_above", struct raw_forecast, warn_above),
    STRING("halt_above", struct raw_forecast, halt_above),
    STRING("at_least", struct raw_forecast, at_least),
    CYAML_FIELD_END};

static const cyaml_schema_field_t rollout_fields[] = {
    STRING("parallel", struct raw_rollout, parallel),
    STRING("per_server", struct raw_rollout, per_server),
    STRING("on_failure", struct raw_rollout, on_failure),
    STRING("max_failures", struct raw_rollout, max_failures),
    STRING("rollback_by", struct raw_rollout, rollback_by),
    STRING("verify_schema", struct raw_rollout, verify_schema),
    MAPPING("gates", struct raw_rollout, gates, gates_fields),
    MAPPING("forecast", struct raw_rollout, forecast, forecast_fields),
    LIST("waves", struct raw_rollout, waves, &wave_schema, 0),
    CYAML_FIELD_END};

static const cyaml_schema_field_t report_fields[] = {
    STRING("detail", struct raw_report, detail),
    STRING("sql", struct raw_report, sql),
    CYAML_FIELD_END};

#define ENTRIES(key, member)                                                                       \
    CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, struct raw_drift,    \
                               member.words, member.count, &text_schema, 0, CYAML_UNLIMITED)

static const cyaml_schema_field_t drift_fields[] = {
    ENTRIES("ignore", ignore),
    ENTRIES("compare", compare),
    CYAML_FIELD_END};

static const cyaml_schema_field_t autogenerate_fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT("schema", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                               struct raw_autogenerate, schema.words, schema.count, &text_schema, 1,
                               CYAML_UNLIMITED),
    CYAML_FIELD_END};

#define RULE(name, key) STRING(key, struct raw_lint_rules, severities[RULE_##name]),
static const cyaml_schema_field_t rules_fields[] = {LINT_RULES(RULE) CYAML_FIELD_END};
#undef RULE

static const cyaml_schema_field_t lint_fields[] = {
    MAPPING("rules", struct raw_lint, rules, rules_fields),
    CYAML_FIELD_END};

static const cyaml_schema_field_t inventory_fields[] = {
    STRING("chain", struct raw_inventory, chain),
    STRING("file_template", struct raw_inventory, file_template),
    STRING("version_table", struct raw_inventory, version_table),
    STRING("ledger", struct raw_inventory, ledger),
    MAPPING("defaults", struct raw_inventory, defaults, defaults_fields),
    MAPPING("rollout", struct raw_inventory, rollout, rollout_fields),
    MAPPING("report", struct raw_inventory, report, report_fields),
    MAPPING("drift", struct raw_inventory, drift, drift_fields),
    MAPPING("autogenerate", struct raw_inventory, autogenerate, autogenerate_fields),
    MAPPING("lint", struct raw_inventory, lint, lint_fields),
    CYAML_FIELD_IGNORE("scratch", CYAML_FLAG_OPTIONAL), /* as `settings` */
    LIST("tenants", struct raw_inventory, tenants, &tenant_schema, 0),
    LIST("sources", struct raw_inventory, sources, &source_schema, 0),
    CYAML_FIELD_END};
/* clang-format on */

static const cyaml_schema_value_t inventory_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_inventory, inventory_fields)};

/* The key of that section that a mistyped one is close to; NULL: none. */
static const char *similar_key(enum section section, const char *key)
{
    static const cyaml_schema_field_t *const fields_of[SECTION__COUNT] = {
        [SECTION_TOP] = inventory_fields,
        [SECTION_DEFAULTS] = defaults_fields,
        [SECTION_ROLLOUT] = rollout_fields,
        [SECTION_GATES] = gates_fields,
        [SECTION_FORECAST] = forecast_fields,
        [SECTION_WAVES] = wave_fields,
        [SECTION_TENANTS] = tenant_fields,
        [SECTION_SOURCES] = source_fields,
        [SECTION_REPORT] = report_fields,
        [SECTION_DRIFT] = drift_fields,
        [SECTION_AUTOGENERATE] = autogenerate_fields,
        [SECTION_LINT] = lint_fields,
        [SECTION_RULES] = rules_fields,
    };
    struct similar similar = similar_to(key);
    const cyaml_schema_field_t *field = section < SECTION__COUNT ? fields_of[section] : NULL;
    for (; field && field->key; field++)
        similar_try(&similar, field->key);
    return similar.best;
}

/* ---- faults: libcyaml's log lines become one in our words: file, line, key and whose key it is -- */

/* What libcyaml said: its complaint, then where, from the innermost outwards. */
struct raw_log {
    const char *reason; /* libcyaml's word for the whole */
    char complaint[256];
    char key[128];    /* the innermost mapping field on the way, if any */
    struct item item; /* that is at fault; SECTION_TOP to begin with */
    size_t line;      /* of the innermost place; 0: none was named */
    size_t entry;     /* the sequence entry last passed, from 1 */
    bool has_section;
};

/* Cuts `line` down to what stands between the quotes of libcyaml's `… 'text' (line: 3, …`. */
static bool quoted(const char *line, const char *before, char *ret_text, size_t size)
{
    const char *from = strstr(line, before);
    const char *to = from ? strstr(from, "' (line: ") : NULL;
    if (!to)
        return false;
    from += strlen(before);
    snprintf(ret_text, size, "%.*s", (int)(to - from), from);
    return true;
}

static void note_line(struct raw_log *log, const char *line)
{
    const char *found = strstr(line, "(line: ");
    if (found && !log->line)
        log->line = strtoul(found + strlen("(line: "), NULL, 10);
}

/* The first field that names a section, seen from within, tells whose item it was. */
static void note_field(struct raw_log *log, const char *key)
{
    size_t entry = log->entry;
    log->entry = 0;
    if (log->has_section)
        return;
    for (int s = SECTION_DEFAULTS; s < SECTION__COUNT; s++)
        if (s != SECTION_LABELS && strcmp(section_name((enum section)s), key) == 0 &&
            (entry || !section_is_list((enum section)s))) {
            log->has_section = true;
            log->item.section = (enum section)s;
            log->item.index = entry ? entry - 1 : 0;
            return;
        }
    if (!*log->key)
        snprintf(log->key, sizeof log->key, "%s", key);
}

/* Keeps what the fault needs of one line that libcyaml logs. A cyaml_log_fn_t, whose ctx is a struct raw_log. */
PRINTF_LIKE(3, 0)
static void note_log_line(cyaml_log_t level, void *ctx, const char *format, va_list args)
{
    struct raw_log *log = ctx;
    char line[512];
    char key[128];
    (void)level;
    vsnprintf(line, sizeof line, format, args);
    line[strcspn(line, "\n")] = '\0';
    if (!*log->complaint) {
        const char *text = strstr(line, "Load: ") == line ? line + strlen("Load: ") : line;
        snprintf(log->complaint, sizeof log->complaint, "%.200s", text);
        return;
    }
    note_line(log, line);
    if (quoted(line, "in sequence entry '", key, sizeof key))
        log->entry = strtoul(key, NULL, 10);
    else if (quoted(line, "in mapping field '", key, sizeof key))
        note_field(log, key);
}

static const char *shape_name(const char *event)
{
    static const char *const names[][2] = {
        {"SCALAR", "plain text"}, {"STRING", "plain text"},       {"SEQUENCE_START", "a list"},
        {"SEQUENCE", "a list"},   {"MAPPING_START", "a mapping"}, {"MAPPING", "a mapping"},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strncmp(event, names[i][0], strlen(names[i][0])) == 0)
            return names[i][1];
    return "something else";
}

/* libcyaml says nothing of where the whole begins. */
static int line_said(const struct raw_log *log)
{
    return log->line ? (int)log->line : 1;
}

/* libcyaml points an unknown key at its mapping: we know better. */
static int line_of(const struct raw_log *log, const struct places *places, const char *key)
{
    int line = places_line(places, log->item, key);
    return line ? line : line_said(log);
}

struct phrase {
    char text[512];
};

/* `'url' in tenant 'acme'`; `'chain'` alone at the top. */
static struct phrase describe(const struct raw_log *log, const struct places *places,
                              const char *key)
{
    struct phrase phrase;
    char owner[256];
    places_describe(places, log->item, owner, sizeof owner);
    if (!*key)
        snprintf(phrase.text, sizeof phrase.text, "%s", owner);
    else if (log->item.section == SECTION_TOP)
        snprintf(phrase.text, sizeof phrase.text, "'%.128s'", places_shown_key(key));
    else
        snprintf(phrase.text, sizeof phrase.text, "'%.128s' in %s", places_shown_key(key), owner);
    return phrase;
}

static void add_fault(const struct raw_log *log, const struct yaml_file *file,
                      const struct places *places, struct faults *faults)
{
    static const char unknown[] = "Unexpected key: ";
    static const char too_few[] = "Insufficient entries";
    static const char expecting[] = "Expecting ";
    const char *text = log->complaint;
    const char *got = strstr(text, ", got event: ");
    if (strncmp(text, unknown, strlen(unknown)) == 0) {
        const char *key = text + strlen(unknown);
        struct phrase what = describe(log, places, key);
        const char *similar = similar_key(log->item.section, key);
        faults_add(faults, ERR_CONFIG, file->path, line_of(log, places, key),
                   "unknown key %s%s%s%s", what.text, similar ? "; did you mean '" : "",
                   similar ? similar : "", similar ? "'?" : "");
    } else if (strncmp(text, expecting, strlen(expecting)) == 0 && got) {
        struct phrase what = describe(log, places, log->key);
        faults_add(faults, ERR_CONFIG, file->path, line_said(log), "%s must be %s, not %s",
                   what.text, shape_name(text + strlen(expecting)),
                   shape_name(got + strlen(", got event: ")));
    } else if (strncmp(text, too_few, strlen(too_few)) == 0) {
        struct phrase what = describe(log, places, log->key);
        faults_add(faults, ERR_CONFIG, file->path, line_said(log), "%s is empty", what.text);
    } else {
        faults_add(faults, ERR_CONFIG, file->path, line_said(log), "cannot be read: %s",
                   log->reason);
    }
}

/* ---- memory -------------------------------------------------------------------------------- */

struct block {
    size_t capacity;
    alignas(max_align_t) char bytes[];
};

enum { SLACK_FROM_BYTES = 4096 };

/* libcyaml grows a list by one entry at a time, which is quadratic wherever realloc has to copy:
 * large blocks get room to spare. A cyaml_mem_fn_t. */
static void *resize(void *ctx, void *ptr, size_t size)
{
    struct block *block =
        ptr ? (struct block *)(void *)((char *)ptr - offsetof(struct block, bytes)) : NULL;
    (void)ctx;
    if (!size) {
        free(block);
        return NULL;
    }
    if (block && size <= block->capacity)
        return ptr;
    size_t capacity = size < SLACK_FROM_BYTES ? size : size + size / 2;
    block = xrealloc(block, sizeof *block + capacity);
    block->capacity = capacity;
    return block->bytes;
}

/* ---- tenants that were left out, since an earlier one is written alike ------------------------ */

/* A key of a shape, as the schema has it. */
struct slot {
    bool is_list;
    uint32_t at, count_at; /* of the value and its count, in the tenant */
};

enum { SLOTS_MOST = ARRAY_LEN(tenant_fields) };

/* At most one for each field: libcyaml has taken a tenant of this shape. */
static size_t read_shape(const struct alike *alike, uint32_t shape,
                         struct slot ret_slots[SLOTS_MOST])
{
    const char *kinds = intern_at(&alike->shapes, shape, NULL);
    const char *key = kinds + strlen(kinds) + 1;
    size_t count = 0;
    for (; kinds[count]; count++, key += strlen(key) + 1) {
        const cyaml_schema_field_t *field = tenant_fields;
        while (strcmp(field->key, key) != 0)
            field++;
        ret_slots[count] =
            (struct slot){kinds[count] == ALIKE_LIST, field->data_offset, field->count_offset};
    }
    return count;
}

static uint32_t count_of(char *const *list)
{
    uint32_t count = 0;
    while (list[count])
        count++;
    return count;
}

static void fill_tenant(struct raw_tenant *tenant, char **values, const struct slot *slots,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *at = (char *)tenant + slots[i].at;
        if (!slots[i].is_list) {
            memcpy(at, values++, sizeof *values);
            continue;
        }
        uint32_t items = count_of(values);
        memcpy(at, &values, sizeof values);
        memcpy((char *)tenant + slots[i].count_at, &items, sizeof items);
        values += items + 1;
    }
}

static void fill_tenants(struct raw_inventory *raw, const struct alike *alike)
{
    struct slot slots[SLOTS_MOST];
    size_t count = 0;
    for (size_t i = 0; i < alike->count; i++) {
        const struct alike_item *item = &alike->items[i];
        if (!i || item->shape != item[-1].shape)
            count = read_shape(alike, item->shape, slots);
        assert(item->index < raw->tenants_count);
        fill_tenant(&raw->tenants[item->index], item->values, slots, count);
    }
    raw->alike = alike;
}

/* Those that libcyaml has made move together: it frees them, and no value that is borrowed. */
static void drop_borrowed(struct raw_inventory *raw)
{
    const struct alike *alike = raw->alike;
    uint32_t kept = 0;
    size_t next = 0;
    for (uint32_t i = 0; i < raw->tenants_count; i++) {
        bool is_borrowed = next < alike->count && alike->items[next].index == i;
        next += is_borrowed;
        if (!is_borrowed)
            raw->tenants[kept++] = raw->tenants[i];
    }
    raw->tenants_count = kept;
}

/* ---- loading ------------------------------------------------------------------------------- */

static cyaml_config_t make_config(struct raw_log *log)
{
    return (cyaml_config_t){
        .log_fn = note_log_line,
        .log_ctx = log,
        .mem_fn = resize,
        .log_level = CYAML_LOG_ERROR,
    };
}

struct raw_inventory *raw_load(const struct yaml_file *file, const struct yaml_checked *checked,
                               struct faults *faults)
{
    const struct alike *alike = checked->alike;
    struct raw_log log = {0};
    cyaml_config_t config = make_config(&log);
    cyaml_data_t *loaded = NULL;
    cyaml_err_t result =
        cyaml_load_data(file->bytes, file->len, &config, &inventory_schema, &loaded, NULL);
    struct raw_inventory *raw = loaded;
    if (result == CYAML_OK && raw) {
        if (alike)
            fill_tenants(raw, alike);
        return raw;
    }
    log.reason = cyaml_strerror(result);
    if (!alike || !alike->count)
        add_fault(&log, file, checked->places, faults);
    return NULL;
}

void raw_free(struct raw_inventory *raw)
{
    struct raw_log log = {0};
    cyaml_config_t config = make_config(&log);
    if (raw && raw->alike)
        drop_borrowed(raw);
    cyaml_free(&config, &inventory_schema, raw, 0);
}
