#include "inventory/load/builder.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"

enum { VALUE_MAX_BYTES = 63, KEY_MAX_BYTES = 253 };

bool load_is_implicit(const char *key)
{
    return strcmp(key, "name") == 0 || strcmp(key, "dialect") == 0 || strcmp(key, "server") == 0;
}

static struct label *find(struct label *labels, size_t count, const char *key)
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

void load_labels(struct inventory_builder *builder, char *const *raw, size_t count,
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
        if (find(own, own_count, label.key))
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
        struct label *label = find(merged, merged_count, own[i].key);
        if (!label)
            label = &merged[merged_count++];
        label->key = sharing_string(&builder->sharing, own[i].key);
        label->value = sharing_string(&builder->sharing, own[i].value);
    }
    common->labels = intern_labels(builder, merged, merged_count);
    common->label_count = merged_count;
}
