#include "cli/chain_text.h"

#include "base/human.h"

struct chain_text chain_text_begin(const struct chain *chain, const struct options *options)
{
    struct chain_text text = {.chain = chain, .is_verbose = options->is_verbose};
    buf_init(&text.text, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < options->output_count; i++)
        if (strcmp(options->outputs[i].format, "json") == 0 && !text.json)
            text.json = json_array();
    return text;
}

static void add_ids(struct buf *buf, const char *const *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_adds(buf, i ? ", " : "");
        human_add_text(buf, ids[i]);
    }
}

/* ` (billing) (head) (mergepoint)` */
static void add_marks(struct buf *buf, const struct revision *revision)
{
    if (revision->branch_label_count) {
        buf_adds(buf, " (");
        add_ids(buf, revision->branch_labels, revision->branch_label_count);
        buf_adds(buf, ")");
    }
    if (!revision->next_count)
        buf_adds(buf, revision->all_next_count ? " (effective head)" : " (head)");
    if (revision->next_count > 1)
        buf_adds(buf, " (branchpoint)");
    if (revision->down_count > 1)
        buf_adds(buf, " (mergepoint)");
}

static void add_line(struct chain_text *text, const struct revision *revision)
{
    struct buf *buf = &text->text;
    if (text->has_down) {
        add_ids(buf, revision->down_ids, revision->down_count);
        buf_adds(buf, revision->down_count ? "" : "<base>");
        if (revision->depend_count) {
            buf_adds(buf, " (");
            add_ids(buf, revision->depend_ids, revision->depend_count);
            buf_adds(buf, ")");
        }
        buf_adds(buf, " -> ");
    }
    human_add_text(buf, revision->id);
    add_marks(buf, revision);
    if (text->has_down) {
        buf_adds(buf, ", ");
        human_add_text(buf, revision->message);
    }
    buf_addc(buf, '\n');
}

static void add_list(struct buf *buf, const char *title, const char *const *ids, size_t count)
{
    if (!count)
        return;
    buf_adds(buf, title);
    add_ids(buf, ids, count);
    buf_addc(buf, '\n');
}

static void add_verbose(struct chain_text *text, const struct revision *revision)
{
    struct buf *buf = &text->text;
    buf_adds(buf, "Rev: ");
    human_add_text(buf, revision->id);
    add_marks(buf, revision);
    buf_addc(buf, '\n');
    add_list(buf, revision->down_count > 1 ? "Merges: " : "Parent: ", revision->down_ids,
             revision->down_count);
    if (!revision->down_count)
        buf_adds(buf, "Parent: <base>\n");
    add_list(buf, "Also depends on: ", revision->depend_ids, revision->depend_count);
    add_list(buf, "Branch names: ", revision->branch_labels, revision->branch_label_count);
    buf_adds(buf, "Path: ");
    human_add_text(buf, revision->path);
    buf_adds(buf, "\n\n    ");
    human_add_text(buf, revision->message);
    buf_adds(buf, "\n    \n    Revision ID: ");
    human_add_text(buf, revision->id);
    buf_adds(buf, "\n    Revises: ");
    add_ids(buf, revision->down_ids, revision->down_count);
    buf_adds(buf, "\n    Create Date: ");
    human_add_text(buf, revision->create_date);
    buf_adds(buf, "\n\n");
}

static json_t *json_strings(const char *const *items, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_string(items[i]));
    return array;
}

static json_t *json_revision(const struct revision *revision)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:s, s:b, s:b, s:b}", "revision",
                     revision->id, "revises", json_strings(revision->down_ids, revision->down_count),
                     "depends_on", json_strings(revision->depend_ids, revision->depend_count),
                     "branch_labels",
                     json_strings(revision->branch_labels, revision->branch_label_count), "message",
                     revision->message, "create_date", revision->create_date, "file",
                     revision->path, "checksum", revision->checksum, "is_head",
                     revision->next_count == 0, "is_branchpoint", revision->next_count > 1,
                     "is_mergepoint", revision->down_count > 1);
}

void chain_text_add(struct chain_text *text, const struct revision *revision)
{
    if (text->json)
        json_array_append_new(text->json, json_revision(revision));
    else
        (text->is_verbose ? add_verbose : add_line)(text, revision);
}

void chain_text_end(struct chain_text *text, FILE *out)
{
    if (text->json) {
        json_dumpf(text->json, out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
        fputc('\n', out);
        json_decref(text->json);
    }
    fwrite(text->text.data, 1, text->text.len, out);
    buf_done(&text->text);
}
