/* Answers questions about plans, one JSON object a line, for plan_diff.py, which asks Alembic the same.
 *
 *     {"chain": [{"id": "ae10", "revises": [], "depends": [], "labels": []}, …]}   the chain from here on
 *     {"command": "upgrade", "targets": ["+1"], "rows": ["ae10"], "purge": false}  steps, rows after each
 *     {"range": ["ae10", null], "rows": ["ae10"]}                                  revisions, newest first
 */
#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "chain/range.h"
#include "plan/plan.h"

enum { NAMES_MAX = 64 };

static const char *const commands[] = {
    [PLAN_UPGRADE] = "upgrade",
    [PLAN_DOWNGRADE] = "downgrade",
    [PLAN_STAMP] = "stamp",
};

/* ---- the chain ----------------------------------------------------------------------------- */

static void add_list(struct buf *buf, const char *key, const json_t *items)
{
    buf_addf(buf, "-- %s: ", key);
    for (size_t i = 0; i < json_array_size(items); i++)
        buf_addf(buf, "%s%s", i ? ", " : "", json_string_value(json_array_get(items, i)));
    buf_addc(buf, '\n');
}

static struct chain_file to_file(struct arena *arena, const json_t *revision)
{
    struct buf buf;
    const char *id = json_string_value(json_object_get(revision, "id"));
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_addf(&buf, "-- message\n--\n-- Revision ID: %s\n", id);
    add_list(&buf, "Revises", json_object_get(revision, "revises"));
    add_list(&buf, "Depends On", json_object_get(revision, "depends"));
    add_list(&buf, "Branch Labels", json_object_get(revision, "labels"));
    buf_adds(&buf, "\n-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n");
    struct chain_file file = {id, arena_strndup(arena, buf.data, buf.len), buf.len};
    buf_done(&buf);
    return file;
}

static json_t *set_chain(struct arena *arena, const json_t *revisions, struct chain **chain)
{
    size_t count = json_array_size(revisions);
    struct chain_file *files = arena_calloc(arena, count + 1, sizeof *files);
    struct faults faults;
    json_t *texts = json_array();
    faults_init(&faults);
    for (size_t i = 0; i < count; i++)
        files[i] = to_file(arena, json_array_get(revisions, i));
    chain_free(*chain);
    *chain = chain_build("versions", files, count, &faults);
    for (size_t i = 0; i < faults.count; i++)
        json_array_append_new(texts, json_string(faults.items[i].text));
    faults_done(&faults);
    return json_pack("{s:o}", "faults", texts);
}

/* ---- questions ----------------------------------------------------------------------------- */

static size_t read_names(const json_t *items, const char *ret[NAMES_MAX])
{
    size_t count = 0;
    for (; count < json_array_size(items) && count < NAMES_MAX; count++)
        ret[count] = json_string_value(json_array_get(items, count));
    return count;
}

static void drop_row(json_t *rows, const char *id)
{
    for (size_t i = json_array_size(rows); i-- > 0;)
        if (strcmp(json_string_value(json_array_get(rows, i)), id) == 0)
            json_array_remove(rows, i);
}

/* The rows as the step's changes, and nothing else, leave them. */
static void apply_changes(json_t *rows, const struct step *step)
{
    for (size_t i = 0; i < step->change_count; i++) {
        const struct version_change *change = &step->changes[i];
        if (change->kind != VERSION_INSERT)
            drop_row(rows, change->from);
        if (change->kind != VERSION_DELETE)
            json_array_append_new(rows, json_string(change->to));
    }
}

static json_t *show_plan(const struct plan *plan)
{
    json_t *steps = json_array(), *to = json_array();
    json_t *rows = json_array();
    for (size_t i = 0; i < plan->from.count; i++)
        json_array_append_new(rows, json_string(plan->from.ids[i]));
    for (size_t i = 0; i < plan->to.count; i++)
        json_array_append_new(to, json_string(plan->to.ids[i]));
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        apply_changes(rows, step);
        json_array_append_new(steps, json_pack("{s:s?, s:b, s:o}", "revision",
                                               step->revision ? step->revision->id : NULL, "up",
                                               step->direction == DIRECTION_UP, "rows",
                                               json_deep_copy(rows)));
    }
    json_decref(rows);
    return json_pack("{s:o, s:o}", "steps", steps, "to", to);
}

static json_t *ask_plan(struct arena *arena, const struct chain *chain, const json_t *question,
                        enum plan_command command)
{
    const char *texts[NAMES_MAX], *rows[NAMES_MAX];
    size_t text_count = read_names(json_object_get(question, "targets"), texts);
    size_t row_count = read_names(json_object_get(question, "rows"), rows);
    struct target target = {.command = command, .texts = texts, .count = text_count};
    struct plan plan;
    struct err err;
    struct lookup in = {arena, chain, &err};
    target.purges = json_is_true(json_object_get(question, "purge"));
    if (!target_check(&in, &target) ||
        !plan_build(&in, &target, &(struct rows){rows, row_count, true}, &plan))
        return json_pack("{s:s}", "error", err.text);
    return show_plan(&plan);
}

static json_t *ask_range(struct arena *arena, const struct chain *chain, const json_t *question)
{
    const json_t *ends = json_object_get(question, "range");
    const char *names[NAMES_MAX];
    struct range range = {json_string_value(json_array_get(ends, 0)),
                          json_string_value(json_array_get(ends, 1))};
    struct revisions rows = {arena_calloc(arena, NAMES_MAX, sizeof(uint32_t)),
                             read_names(json_object_get(question, "rows"), names)};
    struct revisions listed;
    struct err err;
    uint32_t *items = arena_calloc(arena, NAMES_MAX, sizeof *items);
    for (size_t i = 0; i < rows.count; i++)
        items[i] = chain_get(chain, names[i])->index;
    rows.items = items;
    struct lookup in = {arena, chain, &err};
    if (!range_list(&in, &range, &rows, &listed))
        return json_pack("{s:s}", "error", err.text);
    json_t *ids = json_array();
    for (size_t i = 0; i < listed.count; i++)
        json_array_append_new(ids, json_string(chain->revisions[listed.items[i]]->id));
    return json_pack("{s:o}", "revisions", ids);
}

static json_t *answer(struct arena *arena, const json_t *question, struct chain **chain)
{
    const char *command = json_string_value(json_object_get(question, "command"));
    if (!command && json_object_get(question, "chain"))
        return set_chain(arena, json_object_get(question, "chain"), chain);
    if (!command)
        return ask_range(arena, *chain, question);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i], command) == 0)
            return ask_plan(arena, *chain, question, (enum plan_command)i);
    return json_pack("{s:s}", "error", "no such command");
}

int main(void)
{
    struct chain *chain = NULL;
    for (;;) {
        json_error_t error;
        struct arena arena;
        json_t *question = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, &error);
        if (!question) {
            chain_free(chain);
            return feof(stdin) ? 0 : 1;
        }
        arena_init(&arena);
        json_t *said = answer(&arena, question, &chain);
        json_dumpf(said, stdout, JSON_COMPACT);
        putchar('\n');
        fflush(stdout);
        json_decref(said);
        json_decref(question);
        arena_done(&arena);
    }
}
