/* The keys that `defaults` shares with tenants and sources, but for the settings (settings.c): passwords, schema, labels. */
#include "inventory/load/builder.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

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

const struct password *load_keep_shown(struct inventory_builder *builder, enum password_kind kind,
                                       const char *value, const char *shown)
{
    char hash[HASH_HEX_SIZE] = "";
    if (value)
        hash_hex(value, strlen(value), hash);
    const char *key = arena_printf(&builder->scratch, "password %d %s %s", kind, hash,
                                   value || !shown ? "" : shown);
    const struct password *known = sharing_find(&builder->sharing, key);
    if (known)
        return known;
    struct password password = {.kind = kind,
                                .value = arena_strdup(builder->inventory->arena, value),
                                .shown = sharing_string(&builder->sharing, shown)};
    return add_password(builder, key, &password);
}

const struct password *load_keep_password(struct inventory_builder *builder,
                                          enum password_kind kind, const char *value)
{
    bool is_none = kind == PASSWORD_NONE;
    if (!is_none || !builder->no_password) {
        const struct password *password = load_keep_shown(builder, kind, value, NULL);
        if (!is_none)
            return password;
        builder->no_password = password;
    }
    return builder->no_password;
}

/* Reads `password_env`. A text that is no variable's name may be the password itself, put there by mistake: it must
 * not be shown, and neither must a text that came from a variable. */
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
    return load_keep_shown(builder, PASSWORD_FILE, load_path(builder, text), text);
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

/* ---- labels --------------------------------------------------------------------------------- */

enum { VALUE_MAX_BYTES = 63, KEY_MAX_BYTES = 253 };

bool load_is_implicit(const char *key)
{
    return strcmp(key, "name") == 0 || strcmp(key, "dialect") == 0 || strcmp(key, "server") == 0;
}

static struct label *find_label(struct label *labels, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(labels[i].key, key) == 0)
            return &labels[i];
    return NULL;
}

/* NULL: all is well. The label is not quoted: a variable may have put a secret there. */
static const char *fault_of_label(const struct label *label)
{
    if (!ascii_is_made_of(label->key, "._/-") || strlen(label->key) > KEY_MAX_BYTES)
        return "a label's key is made of letters, digits and '.', '_', '/', '-'";
    if (*label->value && !ascii_is_made_of(label->value, "._-"))
        return "a label's value is made of letters, digits and '.', '_', '-'";
    if (strlen(label->value) > VALUE_MAX_BYTES)
        return "a label's value has at most 63 characters";
    if (load_is_implicit(label->key))
        return "the labels 'name', 'dialect' and 'server' exist by themselves";
    return NULL;
}

/* A label whose value the environment should give: its key is known, if no variable stands there too. */
static bool read_lacking(struct inventory_builder *builder, const char *partial, const char *what,
                         struct label *ret_label)
{
    char text[512];
    size_t len = strcspn(partial, "=");
    const char *key = arena_strndup(&builder->scratch, partial, len);
    const struct label label = {key, ""};
    bool has_key = partial[len] && !variables_are_in(key) && !fault_of_label(&label);
    snprintf(text, sizeof text, "'labels': %s", what);
    load_lack(builder, "labels", has_key ? key : NULL, text);
    *ret_label = (struct label){key, NULL};
    return has_key;
}

/* `key=value` from the file. */
static bool read_label(struct inventory_builder *builder, const char *raw, struct label *ret_label)
{
    struct err err;
    struct expansion expansion = variables_expand(&builder->scratch, raw, &err);
    const char *text = expansion.text;
    if (!text && expansion.partial)
        return read_lacking(builder, expansion.partial, err.text, ret_label);
    if (!text || !*text) {
        load_fault(builder, "labels", "'labels'%s%s", text ? " is empty" : ": ",
                   text ? "" : err.text);
        return false;
    }
    const char *equals = strchr(text, '=');
    if (!equals) {
        load_fault(builder, "labels", "'labels': a label is written 'key=value', not '%.100s'",
                   raw);
        return false;
    }
    struct label label = {
        .key = arena_strndup(&builder->scratch, text, (size_t)(equals - text)),
        .value = equals + 1,
    };
    const char *what = fault_of_label(&label);
    if (what && expansion.has_variable) {
        char said[256];
        snprintf(said, sizeof said, "%s, unlike '%.100s'", what, raw);
        return read_lacking(builder, text, said, ret_label);
    }
    if (what)
        load_fault(builder, "labels", "'labels': %s, unlike '%.100s'", what, raw);
    *ret_label = label;
    return !what;
}

/* Reads the key `labels`, a list of `key=value`, on top of the common's labels. */
static void read_labels(struct inventory_builder *builder, char *const *raw, size_t count,
                        struct common *common)
{
    if (!count)
        return;
    struct label *own = arena_calloc(&builder->scratch, count, sizeof *own);
    size_t own_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct label label;
        if (!read_label(builder, raw[i], &label))
            continue;
        if (find_label(own, own_count, label.key))
            load_fault(builder, "labels", "'labels': '%.100s' is given twice", label.key);
        else
            own[own_count++] = label;
    }
    load_merge_labels(builder, own, own_count, common);
}

/* Interned strings are the same where their addresses are. */
static const struct label *intern_labels(struct inventory_builder *builder,
                                         const struct label *labels, size_t count)
{
    struct buf key;
    buf_init(&key, BUF_MAX_DEFAULT);
    buf_adds(&key, "labels");
    for (size_t i = 0; i < count; i++)
        buf_addf(&key, " %p=%p", (const void *)labels[i].key, (const void *)labels[i].value);
    const struct label *known = sharing_find(&builder->sharing, key.data);
    if (!known) {
        struct label *copy = arena_calloc(builder->inventory->arena, count, sizeof *copy);
        memcpy(copy, labels, count * sizeof *copy);
        sharing_add(&builder->sharing, key.data, copy);
        known = copy;
    }
    buf_done(&key);
    return known;
}

bool load_lacks_label(const struct common *common, const char *key)
{
    for (size_t i = 0; i < common->label_count; i++)
        if (strcmp(common->labels[i].key, key) == 0)
            return !common->labels[i].value;
    return true;
}

void load_merge_labels(struct inventory_builder *builder, const struct label *own, size_t count,
                       struct common *common)
{
    size_t merged_count = common->label_count;
    if (!count)
        return;
    struct label *merged =
        arena_calloc(&builder->scratch, common->label_count + count, sizeof *merged);
    if (common->label_count)
        memcpy(merged, common->labels, common->label_count * sizeof *merged);
    for (size_t i = 0; i < count; i++) {
        struct label *label = find_label(merged, merged_count, own[i].key);
        if (!label)
            label = &merged[merged_count++];
        label->key = sharing_string(&builder->sharing, own[i].key);
        label->value = sharing_string(&builder->sharing, own[i].value);
    }
    common->labels = intern_labels(builder, merged, merged_count);
    common->label_count = merged_count;
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
    common.has_own_replicas = false;
    common.settings = load_settings(builder, raw, base->settings, &common);
    read_password(builder, raw, &common);
    read_schema(builder, raw->schema, &common);
    load_replicas(builder, raw, &common);
    read_labels(builder, raw->labels, raw->labels_count, &common);
    inherit_lacks(builder, base, &common);
    common.lacks = builder->subject.lacks;
    return common;
}
