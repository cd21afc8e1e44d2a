/* The keys that `defaults` shares with tenants and sources: settings, passwords, schema. */
#include "inventory/load/builder.h"

#include <inttypes.h>

#include "base/ascii.h"
#include "base/err.h"
#include "base/hash.h"

/* ---- settings ------------------------------------------------------------------------------ */

static const struct settings *intern_settings(struct inventory_builder *builder,
                                              const struct settings *settings)
{
    const char *key = arena_printf(
        &builder->scratch,
        "settings %d %d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu64 " %d %p %p",
        settings->transaction, settings->create, settings->connect_timeout_ms,
        settings->lock_timeout_ms, settings->statement_timeout_ms, settings->retries,
        settings->retry_timeout_ms, settings->rollback_by, (const void *)settings->search_path,
        (const void *)settings->session);
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
    };
    return intern_settings(builder, &settings);
}

static bool has_settings(const struct raw_common *raw)
{
    return raw->transaction || raw->create || raw->connect_timeout || raw->lock_timeout ||
           raw->statement_timeout || raw->retries || raw->retry_timeout || raw->rollback_by;
}

static const struct settings *read_settings(struct inventory_builder *builder,
                                            const struct raw_common *raw,
                                            const struct settings *base, struct common *common)
{
    static const char *const transactions[] = {"all", "each", NULL};
    static const char *const booleans[] = {"false", "true", NULL};
    struct settings settings = *base;
    load_session(builder, raw, &settings, common);
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
    return intern_settings(builder, &settings);
}

/* ---- passwords ----------------------------------------------------------------------------- */

/* `key` says all of what the password is; secrets go into it as their hash. */
static const struct password *add_password(struct inventory_builder *builder, const char *key,
                                           const struct password *password)
{
    struct password *copy = arena_alloc(builder->inventory->arena, sizeof *copy);
    *copy = *password;
    copy->number = builder->inventory->password_count++;
    sharing_add(&builder->sharing, key, copy);
    return copy;
}

const struct password *load_keep_password(struct inventory_builder *builder,
                                          enum password_kind kind, const char *value)
{
    char hash[HASH_HEX_SIZE] = "";
    if (value)
        hash_hex(value, strlen(value), hash);
    const char *key = arena_printf(&builder->scratch, "password %d %s", kind, hash);
    const struct password *known = sharing_find(&builder->sharing, key);
    if (known)
        return known;
    struct password password = {.kind = kind,
                                .value = arena_strdup(builder->inventory->arena, value)};
    return add_password(builder, key, &password);
}

/* What is no variable's name may be the password itself, put there by mistake: not to be shown, nor what a variable
 * put there. */
static const struct password *read_password_env(struct inventory_builder *builder, const char *raw)
{
    const char *name;
    char hash[HASH_HEX_SIZE];
    if (!load_text(builder, (struct field){"password_env", raw}, &name))
        return NULL;
    if (!getenv(name) && (!ascii_is_made_of(name, "_") || ascii_is_digit(*name))) {
        load_fault(builder, "password_env", "'password_env' must be the name of a variable");
        return NULL;
    }
    hash_hex(name, strlen(name), hash);
    const char *key = arena_printf(&builder->scratch, "password env %s", hash);
    const struct password *known = sharing_find(&builder->sharing, key);
    if (known)
        return known;
    struct password password = {.kind = PASSWORD_ENV,
                                .value = arena_strdup(builder->inventory->arena, name),
                                .shown = sharing_string(&builder->sharing, raw)};
    return add_password(builder, key, &password);
}

static const struct password *read_password_file(struct inventory_builder *builder, const char *raw)
{
    const char *text;
    if (!load_text(builder, (struct field){"password_file", raw}, &text))
        return NULL;
    return load_keep_password(builder, PASSWORD_FILE, load_path(builder, text));
}

const char *const *load_argv(struct inventory_builder *builder, const char *key, char *const *raw,
                             size_t count)
{
    const char **argv = arena_calloc(builder->inventory->arena, count + 1, sizeof *argv);
    for (size_t i = 0; i < count; i++) {
        if (!load_text(builder, (struct field){key, raw[i]}, &argv[i]))
            return NULL;
        if (i == 0 && strchr(argv[0], '/'))
            argv[0] = load_path(builder, argv[0]);
        argv[i] = sharing_string(&builder->sharing, argv[i]);
    }
    return argv;
}

static const struct password *read_password_command(struct inventory_builder *builder,
                                                    const struct raw_common *raw)
{
    const char *const *argv =
        load_argv(builder, "password_command", raw->password_command, raw->password_command_count);
    char *key = arena_strdup(&builder->scratch, "command");
    if (!argv)
        return NULL;
    for (size_t i = 0; argv[i]; i++)
        key = arena_printf(&builder->scratch, "%s %p", key, (const void *)argv[i]);
    const struct password *known = sharing_find(&builder->sharing, key);
    if (known)
        return known;
    struct password password = {.kind = PASSWORD_COMMAND, .argv = argv};
    return add_password(builder, key, &password);
}

static void read_password(struct inventory_builder *builder, const struct raw_common *raw,
                          struct common *common)
{
    const struct password *password = NULL;
    int count = (raw->password_env != NULL) + (raw->password_file != NULL) +
                (raw->password_command != NULL);
    if (!count)
        return;
    common->has_own_password = true;
    if (count > 1)
        load_fault(builder, raw->password_env ? "password_env" : "password_file",
                   "more than one of 'password_env', 'password_file' and 'password_command'");
    common->password_line = load_line(builder, raw->password_env    ? "password_env"
                                               : raw->password_file ? "password_file"
                                                                    : "password_command");
    if (raw->password_env)
        password = read_password_env(builder, raw->password_env);
    if (raw->password_file)
        password = read_password_file(builder, raw->password_file);
    if (raw->password_command)
        password = read_password_command(builder, raw);
    if (password)
        common->password = password;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static void read_schema(struct inventory_builder *builder, const char *raw, struct common *common)
{
    const char *text;
    if (!load_text(builder, (struct field){"schema", raw}, &text))
        return;
    if (!load_is_name(text) || strlen(text) > SCHEMA_MAX_BYTES)
        load_fault(builder, "schema",
                   "'schema' must be a name of at most %d bytes without control characters",
                   SCHEMA_MAX_BYTES);
    common->schema = sharing_string(&builder->sharing, text);
    common->has_own_schema = true;
}

/* The base's lacks are the item's where it does not say better. */
static void inherit_lacks(struct inventory_builder *builder, const struct common *base,
                          const struct common *common)
{
    const struct item item = builder->subject.item;
    for (const struct lack *lack = base->lacks; lack; lack = lack->next) {
        bool is_label = strcmp(lack->key, "labels") == 0;
        bool is_password = strncmp(lack->key, "password_", strlen("password_")) == 0;
        bool is_open = is_label ? !lack->name || load_lacks_label(common, lack->name)
                       : is_password
                           ? !common->has_own_password
                           : lack->name || !places_has_key(&builder->places, item, lack->key);
        if (is_open)
            load_keep_lack(builder, lack);
    }
}

struct common load_common(struct inventory_builder *builder, const struct raw_common *raw,
                          const struct common *base)
{
    struct common common = *base;
    common.has_own_password = false;
    common.has_own_schema = false;
    common.settings = read_settings(builder, raw, base->settings, &common);
    read_password(builder, raw, &common);
    read_schema(builder, raw->schema, &common);
    load_labels(builder, raw->labels, raw->labels_count, &common);
    inherit_lacks(builder, base, &common);
    common.lacks = builder->subject.lacks;
    return common;
}
