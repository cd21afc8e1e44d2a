/* Reads what the sessions of a tenant are set to: `search_path`, `settings`, and the keys for transactions, timeouts
 * and retries. */
#include "inventory/load/builder.h"

#include <inttypes.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "dialect/dialect.h"

/* ---- search_path --------------------------------------------------------------------------- */

const char *const *load_keep_path(struct inventory_builder *builder, const char *const *path,
                                  size_t count)
{
    struct buf key;
    buf_init(&key, BUF_MAX_DEFAULT);
    buf_adds(&key, "search_path");
    for (size_t i = 0; i < count; i++)
        buf_addf(&key, " %p", (const void *)path[i]);
    const char *const *known = sharing_find(&builder->sharing, key.data);
    if (!known) {
        const char **copy = arena_calloc(builder->inventory->arena, count + 1, sizeof *copy);
        for (size_t i = 0; i < count; i++)
            copy[i] = path[i];
        known = copy;
        sharing_add(&builder->sharing, key.data, known);
    }
    buf_done(&key);
    return known;
}

static void read_path(struct inventory_builder *builder, const struct raw_common *raw,
                      struct settings *settings)
{
    size_t count = 0;
    const char **path = arena_calloc(&builder->scratch, raw->search_path_count, sizeof *path);
    for (size_t i = 0; i < raw->search_path_count; i++) {
        const char *text;
        if (!load_text(builder, (struct field){"search_path", raw->search_path[i]}, &text))
            continue;
        if (!load_is_name(text) || strlen(text) > SCHEMA_MAX_BYTES)
            load_fault(
                builder, "search_path",
                "'search_path' lists schemas, names of at most %d bytes without control characters",
                SCHEMA_MAX_BYTES);
        else
            path[count++] = sharing_string(&builder->sharing, text);
    }
    settings->search_path = load_keep_path(builder, path, count);
}

/* ---- settings ------------------------------------------------------------------------------ */

static bool is_setting_name(const char *name)
{
    if (!ascii_is_made_of(name, "_.") || ascii_is_digit(*name) || strlen(name) > 127)
        return false;
    for (const char *p = name; *p; p++)
        if (*p == '.' && (p == name || !p[1] || p[1] == '.' || ascii_is_digit(p[1])))
            return false;
    return true;
}

/* NULL: no dialect refuses it; in a tenant that is the tenant's own. Which one a tenant speaks is not known where
 * `defaults` says it. */
static const char *refusal_of(struct inventory_builder *builder,
                              const struct session_setting *setting)
{
    const struct subject *subject = &builder->subject;
    const char *refusal = NULL;
    for (int d = 0; d < DIALECT__COUNT && !refusal; d++) {
        const struct dialect *dialect = dialect_of((enum dialect_id)d);
        bool is_meant = !subject->has_dialect || subject->dialect == (enum dialect_id)d;
        if (dialect && dialect->refuse_setting && is_meant)
            refusal = dialect->refuse_setting(&builder->scratch, setting);
    }
    return refusal;
}

const char *load_setting_fault(struct inventory_builder *builder,
                               const struct session_setting *setting)
{
    if (!is_setting_name(setting->name))
        return "a setting's name is made of letters, digits, '_' and '.'";
    const char *refusal = refusal_of(builder, setting);
    if (refusal)
        return refusal;
    if (!load_is_plain(setting->value) || strlen(setting->value) > 1000)
        return "its value must be text of at most 1000 bytes without control characters";
    return NULL;
}

/* The nearest wins, whatever its case. */
static void put_setting(struct session_setting *list, size_t *count,
                        const struct session_setting *setting)
{
    for (size_t i = 0; i < *count; i++)
        if (ascii_is_same(list[i].name, setting->name)) {
            list[i] = *setting;
            return;
        }
    list[(*count)++] = *setting;
}

const struct session_setting *load_keep_session(struct inventory_builder *builder,
                                                const struct session_setting *list, size_t count)
{
    struct buf key;
    buf_init(&key, BUF_MAX_DEFAULT);
    buf_adds(&key, "session");
    for (size_t i = 0; i < count; i++)
        buf_addf(&key, " %p=%p%s", (const void *)list[i].name, (const void *)list[i].value,
                 list[i].is_default ? " default" : "");
    const struct session_setting *known = sharing_find(&builder->sharing, key.data);
    if (!known) {
        struct session_setting *copy = arena_calloc(builder->inventory->arena, count, sizeof *copy);
        memcpy(copy, list, count * sizeof *copy);
        sharing_add(&builder->sharing, key.data, copy);
        known = copy;
    }
    buf_done(&key);
    return known;
}

static void read_list(struct inventory_builder *builder, const struct setting_place *own,
                      size_t own_count, struct settings *settings)
{
    size_t count = settings->session_count;
    struct session_setting *list = arena_calloc(&builder->scratch, count + own_count, sizeof *list);
    if (count)
        memcpy(list, settings->session, count * sizeof *list);
    for (size_t i = 0; i < own_count; i++) {
        struct err err;
        struct expansion expansion = variables_expand(&builder->scratch, own[i].value, &err);
        const char *value = expansion.text;
        const struct session_setting setting = {.name = own[i].name, .value = value};
        const char *what = value ? load_setting_fault(builder, &setting) : err.text;
        if (what && expansion.has_variable && expansion.partial) {
            load_lack(builder, "settings", own[i].name,
                      arena_printf(&builder->scratch, "'settings': '%.100s': %s",
                                   places_shown_key(own[i].name), what));
            continue;
        }
        if (what) {
            load_fault_at(builder, (int)own[i].line, "'settings': '%.100s': %s",
                          places_shown_key(own[i].name), what);
            continue;
        }
        put_setting(list, &count,
                    &(struct session_setting){
                        .name = sharing_string(&builder->sharing, own[i].name),
                        .value = sharing_string(&builder->sharing, value),
                        .is_default = builder->subject.item.section == SECTION_DEFAULTS,
                    });
    }
    if (!count)
        return;
    settings->session = load_keep_session(builder, list, count);
    settings->session_count = count;
}

static void read_session(struct inventory_builder *builder, const struct raw_common *raw,
                         struct settings *settings, struct common *common)
{
    const struct setting_place *own;
    size_t count = places_settings(&builder->places, builder->subject.item, &own);
    common->has_own_path = places_has_key(&builder->places, builder->subject.item, "search_path");
    common->has_own_session = count != 0;
    if (common->has_own_path)
        read_path(builder, raw, settings);
    if (count)
        read_list(builder, own, count, settings);
}

/* ---- all of it ----------------------------------------------------------------------------- */

const struct settings *load_keep_settings(struct inventory_builder *builder,
                                          const struct settings *settings)
{
    const struct repeat *batches = &settings->batches;
    const char *key = arena_printf(
        &builder->scratch,
        "settings %d %d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu64 " %d %p %p",
        settings->transaction, settings->create, settings->connect_timeout_ms,
        settings->lock_timeout_ms, settings->statement_timeout_ms, settings->retries,
        settings->retry_timeout_ms, settings->rollback_by, (const void *)settings->search_path,
        (const void *)settings->session);
    key = arena_printf(&builder->scratch,
                       "%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu32,
                       key, batches->pause_ms, batches->max_lag_ms, batches->max_wait_ms,
                       batches->timeout_ms, batches->max_waiting, batches->max_active);
    const struct settings *known = sharing_find(&builder->sharing, key);
    if (known)
        return known;
    struct settings *copy = arena_alloc(builder->inventory->arena, sizeof *copy);
    *copy = *settings;
    sharing_add(&builder->sharing, key, copy);
    return copy;
}

static const char *const rollback_words[] = {"down", "snapshot", NULL};

const struct settings *load_default_settings(struct inventory_builder *builder,
                                             const struct raw_rollout *raw)
{
    load_turn_to(builder, SECTION_ROLLOUT, 0);
    const struct settings settings = {
        .transaction = TRANSACTION_ALL,
        .connect_timeout_ms = 10 * 1000,
        .lock_timeout_ms = 5 * 1000,
        .retries = 3,
        .retry_timeout_ms = 2 * 60 * 1000,
        .rollback_by = (enum rollback_by)load_word(
            builder, (struct field){"rollback_by", raw ? raw->rollback_by : NULL}, rollback_words,
            ROLLBACK_BY_DOWN),
        .batches = repeat_defaults(),
    };
    return load_keep_settings(builder, &settings);
}

static bool has_batches(const struct raw_common *raw)
{
    return raw->batch_pause || raw->batch_max_lag || raw->batch_max_wait || raw->batch_timeout ||
           raw->batch_max_waiting || raw->batch_max_active;
}

static void read_batches(struct inventory_builder *builder, const struct raw_common *raw,
                         struct repeat *batches)
{
    load_duration(builder, FIELD(raw, batch_pause), &batches->pause_ms);
    load_duration(builder, FIELD(raw, batch_max_lag), &batches->max_lag_ms);
    load_duration(builder, FIELD(raw, batch_max_wait), &batches->max_wait_ms);
    load_duration(builder, FIELD(raw, batch_timeout), &batches->timeout_ms);
    load_u32(builder, FIELD(raw, batch_max_waiting), 0, &batches->max_waiting);
    load_u32(builder, FIELD(raw, batch_max_active), 0, &batches->max_active);
}

static bool has_settings(const struct raw_common *raw)
{
    return raw->transaction || raw->create || raw->connect_timeout || raw->lock_timeout ||
           raw->statement_timeout || raw->retries || raw->retry_timeout || raw->rollback_by ||
           has_batches(raw);
}

const struct settings *load_settings(struct inventory_builder *builder,
                                     const struct raw_common *raw, const struct settings *base,
                                     struct common *common)
{
    static const char *const transactions[] = {"all", "each", NULL};
    static const char *const booleans[] = {"false", "true", NULL};
    struct settings settings = *base;
    read_session(builder, raw, &settings, common);
    if (!has_settings(raw) && !common->has_own_path && !common->has_own_session)
        return base;
    settings.transaction = (enum transaction_mode)load_word(builder, FIELD(raw, transaction),
                                                            transactions, (int)base->transaction);
    settings.create = load_word(builder, FIELD(raw, create), booleans, base->create) == 1;
    load_duration(builder, FIELD(raw, connect_timeout), &settings.connect_timeout_ms);
    load_duration(builder, FIELD(raw, lock_timeout), &settings.lock_timeout_ms);
    load_duration(builder, FIELD(raw, statement_timeout), &settings.statement_timeout_ms);
    load_u32(builder, FIELD(raw, retries), 0, &settings.retries);
    load_duration(builder, FIELD(raw, retry_timeout), &settings.retry_timeout_ms);
    settings.rollback_by = (enum rollback_by)load_word(builder, FIELD(raw, rollback_by),
                                                       rollback_words, (int)base->rollback_by);
    read_batches(builder, raw, &settings.batches);
    return load_keep_settings(builder, &settings);
}

/* ---- a fleet of several engines ---------------------------------------------------------------- */

static bool has_settings_of_its_own(const struct tenant *tenant)
{
    const struct dialect *dialect = tenant->lacks_dialect ? NULL : dialect_of(tenant->url.dialect);
    return dialect && dialect->refuse_setting;
}

static const struct settings *without_defaults(struct arena *arena, const struct settings *settings)
{
    struct settings *copy = arena_alloc(arena, sizeof *copy);
    struct session_setting *list = arena_calloc(arena, settings->session_count, sizeof *list);
    *copy = *settings;
    copy->session = list;
    copy->session_count = 0;
    for (size_t i = 0; i < settings->session_count; i++)
        if (!settings->session[i].is_default)
            list[copy->session_count++] = settings->session[i];
    return copy;
}

void load_divide_settings(struct inventory *inventory)
{
    enum dialect_id first = DIALECT__COUNT;
    const struct settings *from = NULL, *to = NULL;
    for (size_t i = 0; i < inventory->tenant_count; i++)
        if (has_settings_of_its_own(&inventory->tenants[i]) &&
            inventory->tenants[i].url.dialect < first)
            first = inventory->tenants[i].url.dialect;
    for (size_t i = 0; i < inventory->tenant_count; i++) {
        struct tenant *tenant = &inventory->tenants[i];
        if (!has_settings_of_its_own(tenant) || tenant->url.dialect == first ||
            !tenant->settings->session_count)
            continue;
        if (tenant->settings != from) { /* tenants that stand together mostly share theirs */
            from = tenant->settings;
            to = without_defaults(inventory->arena, from);
        }
        tenant->settings = to;
    }
}
