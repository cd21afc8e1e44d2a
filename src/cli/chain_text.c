#include "cli/chain_text.h"

#include "base/err.h"
#include "base/human.h"
#include "cli/outputs.h"
#include "cli/whereabouts.h"

struct chain_text chain_text_begin(const struct chain *chain, const struct options *options,
                                   unsigned shows)
{
    struct chain_text text = {
        .chain = chain, .shows = shows, .is_verbose = options->is_verbose, .options = options};
    buf_init(&text.text, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < options->output_count && !text.json; i++)
        text.json = strcmp(options->outputs[i].format, "json") == 0 ? json_array() : NULL;
    return text;
}

static void add_ids(struct buf *buf, const char *const *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_adds(buf, i ? ", " : "");
        human_add_text(buf, ids[i]);
    }
}

static const struct names *tenants_at(const struct chain_text *text,
                                      const struct revision *revision)
{
    static const struct names nobody;
    return text->whereabouts ? &text->whereabouts->tenants[revision->index] : &nobody;
}

static void add_mark(struct buf *buf, const char *mark, bool is_true)
{
    if (is_true)
        buf_addf(buf, " (%s)", mark);
}

/* ---- a line -------------------------------------------------------------------------------- */

/* `1975ea83b712 (27c6a30d7c24) -> ` */
static void add_parents(struct buf *buf, const struct revision *revision)
{
    add_ids(buf, revision->down_ids, revision->down_count);
    buf_adds(buf, revision->down_count ? "" : "<base>");
    if (revision->depend_count) {
        buf_adds(buf, " (");
        add_ids(buf, revision->depend_ids, revision->depend_count);
        buf_adds(buf, ")");
    }
    buf_adds(buf, " -> ");
}

static void add_labels(struct buf *buf, const struct revision *revision)
{
    if (!revision->branch_label_count)
        return;
    buf_adds(buf, " (");
    add_ids(buf, revision->branch_labels, revision->branch_label_count);
    buf_adds(buf, ")");
}

/* `1975ea83b712 -> 83241ca0f125 (billing) (head) (current) (mergepoint), Added table` */
static void add_line(struct chain_text *text, const struct revision *revision, unsigned shows)
{
    struct buf *buf = &text->text;
    if (shows & CHAIN_TEXT_PARENTS)
        add_parents(buf, revision);
    human_add_text(buf, revision->id);
    if (shows & CHAIN_TEXT_LABELS)
        add_labels(buf, revision);
    add_mark(buf, "head", !revision->all_next_count);
    add_mark(buf, "effective head", !revision->next_count && revision->all_next_count);
    add_mark(buf, "checkpoint", chain_checkpoint(text->chain, revision));
    add_mark(buf, "current", tenants_at(text, revision)->count);
    if (shows & CHAIN_TEXT_TREE) {
        add_mark(buf, "branchpoint", revision->next_count > 1);
        add_mark(buf, "mergepoint", revision->down_count > 1);
    }
    if (shows & CHAIN_TEXT_MESSAGE) {
        buf_adds(buf, ", ");
        human_add_text(buf, revision->message);
    }
    buf_addc(buf, '\n');
}

/* ---- a block ------------------------------------------------------------------------------- */

static void add_list(struct buf *buf, const char *title, const char *const *ids, size_t count)
{
    if (!count)
        return;
    buf_adds(buf, title);
    add_ids(buf, ids, count);
    buf_addc(buf, '\n');
}

static void add_next(struct chain_text *text, const struct revision *revision)
{
    if (revision->next_count < 2)
        return;
    buf_adds(&text->text, "Branches into: ");
    for (size_t i = 0; i < revision->next_count; i++) {
        buf_adds(&text->text, i ? ", " : "");
        human_add_text(&text->text, text->chain->revisions[revision->next[i]]->id);
    }
    buf_addc(&text->text, '\n');
}

/* A fleet may be large: JSON has all of them. */
static void add_tenants(struct buf *buf, const struct names *tenants)
{
    enum { SHOWN = 10 };
    size_t shown = tenants->count < SHOWN ? tenants->count : SHOWN;
    if (!shown)
        return;
    buf_adds(buf, "Tenants: ");
    add_ids(buf, tenants->items, shown);
    if (shown < tenants->count)
        buf_addf(buf, " and %zu more", tenants->count - shown);
    buf_addc(buf, '\n');
}

/* The header as its file has it, indented. */
static void add_doc(struct buf *buf, const struct revision *revision)
{
    if (*revision->message) {
        buf_adds(buf, "    ");
        human_add_text(buf, revision->message);
        buf_adds(buf, "\n    \n");
    }
    buf_adds(buf, "    Revision ID: ");
    human_add_text(buf, revision->id);
    buf_adds(buf, "\n    Revises: ");
    add_ids(buf, revision->down_ids, revision->down_count);
    buf_adds(buf, "\n    Create Date: ");
    human_add_text(buf, revision->create_date);
    buf_adds(buf, "\n\n");
}

static void add_block(struct chain_text *text, const struct revision *revision)
{
    const struct names *tenants = tenants_at(text, revision);
    const struct revision *checkpoint = chain_checkpoint(text->chain, revision);
    struct buf *buf = &text->text;
    buf_adds(buf, "Rev: ");
    human_add_text(buf, revision->id);
    add_mark(buf, "head", !revision->next_count);
    add_mark(buf, "branchpoint", revision->next_count > 1);
    add_mark(buf, "mergepoint", revision->down_count > 1);
    add_mark(buf, "checkpoint", checkpoint);
    add_mark(buf, "current", tenants->count);
    buf_addc(buf, '\n');
    add_list(buf, revision->down_count > 1 ? "Merges: " : "Parent: ", revision->down_ids,
             revision->down_count);
    if (!revision->down_count)
        buf_adds(buf, "Parent: <base>\n");
    add_list(buf, "Also depends on: ", revision->depend_ids, revision->depend_count);
    add_next(text, revision);
    add_list(buf, "Branch names: ", revision->branch_labels, revision->branch_label_count);
    add_tenants(buf, tenants);
    buf_adds(buf, "Path: ");
    human_add_text(buf, revision->path);
    if (checkpoint) {
        buf_adds(buf, "\nCheckpoint: ");
        human_add_text(buf, checkpoint->path);
    }
    buf_adds(buf, "\n\n");
    add_doc(buf, revision);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static json_t *json_strings(const char *const *items, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_string(items[i]));
    return array;
}

static json_t *json_next(const struct chain *chain, const struct revision *revision)
{
    json_t *array = json_array();
    for (size_t i = 0; i < revision->next_count; i++)
        json_array_append_new(array, json_string(chain->revisions[revision->next[i]]->id));
    return array;
}

static json_t *json_revision(const struct chain_text *text, const struct revision *revision)
{
    json_t *json = json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:s, s:s, s:s, s:s, s:b, s:b, s:b}", "revision", revision->id,
        "revises", json_strings(revision->down_ids, revision->down_count), "depends_on",
        json_strings(revision->depend_ids, revision->depend_count), "revised_by",
        json_next(text->chain, revision), "branch_labels",
        json_strings(revision->branch_labels, revision->branch_label_count), "message",
        revision->message, "create_date", revision->create_date, "file", revision->path, "checksum",
        revision->checksum, "is_head", revision->next_count == 0, "is_branchpoint",
        revision->next_count > 1, "is_mergepoint", revision->down_count > 1);
    const struct revision *checkpoint = chain_checkpoint(text->chain, revision);
    json_object_set_new(json, "checkpoint",
                        checkpoint ? json_string(checkpoint->path) : json_null());
    const struct names *tenants = tenants_at(text, revision);
    if (text->whereabouts)
        json_object_set_new(json, "tenants", json_strings(tenants->items, tenants->count));
    return json;
}

/* ---- all of it ----------------------------------------------------------------------------- */

void chain_text_add(struct chain_text *text, const struct revision *revision)
{
    if (text->json)
        json_array_append_new(text->json, json_revision(text, revision));
    if (text->is_verbose)
        add_block(text, revision);
    else
        add_line(text, revision, text->shows);
}

void chain_text_add_branches(struct chain_text *text, const struct revision *revision)
{
    unsigned shows = text->shows | (text->is_verbose ? CHAIN_TEXT_MESSAGE : 0);
    chain_text_add(text, revision);
    for (size_t i = 0; i < revision->next_count; i++) {
        buf_addf(&text->text, "%*s -> ", (int)strlen(revision->id), "");
        add_line(text, text->chain->revisions[revision->next[i]], shows);
    }
    buf_addc(&text->text, '\n');
}

static void write_text(const void *ctx, FILE *out)
{
    const struct chain_text *text = ctx;
    fwrite(text->text.data, 1, text->text.len, out);
}

static void write_json(const void *ctx, FILE *out)
{
    const struct chain_text *text = ctx;
    json_dumpf(text->json, out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    fputc('\n', out);
}

bool chain_text_end(struct chain_text *text)
{
    struct writer writer = {.text = write_text, .json = write_json, .ctx = text};
    bool is_good = outputs_write(text->options, &writer, false);
    json_decref(text->json);
    buf_done(&text->text);
    return is_good;
}
