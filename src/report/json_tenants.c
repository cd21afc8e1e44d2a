/* What the JSON report tells of each tenant. */
#include "chain/chain.h"
#include "inventory/inventory.h"
#include "report/json.h"
#include "report/model.h"

/* A member that is a text, a count, or yes or no. */
static void add_text(struct buf *buf, const char *key, const char *text)
{
    json_add_key(buf, key);
    json_add_text(buf, text);
}

static void add_count(struct buf *buf, const char *key, uint64_t count)
{
    json_add_key(buf, key);
    json_add_integer(buf, (json_int_t)count);
}

static void add_flag(struct buf *buf, const char *key, bool is_set)
{
    json_add_key(buf, key);
    buf_adds(buf, is_set ? "true" : "false");
}

/* A key is ASCII without anything that has to be escaped (common.c); a text as any other. */
void json_add_labels(struct buf *buf, const struct tenant *tenant)
{
    buf_addc(buf, '{');
    for (size_t i = 0; i < tenant->label_count; i++) {
        json_add_item(buf);
        json_add_text(buf, tenant->labels[i].key);
        buf_adds(buf, ": ");
        json_add_text(buf, tenant->labels[i].value);
    }
    buf_addc(buf, '}');
}

void json_add_ids(struct buf *buf, const struct report *report, uint32_t number)
{
    struct rows list = report_ids(report, number);
    buf_addc(buf, '[');
    for (size_t i = 0; i < list.count; i++) {
        json_add_item(buf);
        json_add_text(buf, list.ids[i]);
    }
    buf_addc(buf, ']');
}

static const char *direction_name(enum direction direction)
{
    return direction == DIRECTION_UP ? "up" : "down";
}

static void add_marks(struct buf *buf, const struct report *report, const struct told_step *told)
{
    struct step_marks marks = report_step_marks(report, told->step, told->dialect);
    add_flag(buf, "irreversible", marks.is_irreversible);
    add_flag(buf, "destroys_data", marks.destroys_data);
    add_flag(buf, "outside_transaction", marks.is_outside);
    add_flag(buf, "repeats", marks.is_repeated);
    add_flag(buf, "commits_by_itself", marks.commits_itself);
    add_flag(buf, "empty", marks.is_empty);
}

void json_add_step(struct buf *buf, const struct report *report, const struct told_step *told)
{
    const struct revision *revision = told->step->revision;
    add_text(buf, "revision", revision ? revision->id : NULL);
    add_text(buf, "direction", direction_name(told->step->direction));
    add_count(buf, "statements", told->step->statements);
    if (told->ms) {
        json_add_key(buf, "duration_ms");
        json_add_rounded(buf, (double)*told->ms, JSON_STEP_DECIMALS);
    }
    if (revision && revision->is_checkpoint)
        add_text(buf, "checkpoint", revision->path);
    if (!request_changes(report->run.request))
        add_marks(buf, report, told);
}

static void add_batches(struct buf *buf, const struct report_batches *done)
{
    if (!done->batches)
        return;
    add_count(buf, "batches", done->batches);
    add_count(buf, "rows", done->rows);
}

/* In a dry run nothing has succeeded or stayed: it would. */
static json_t *would_value(const struct report_row *row)
{
    if (row->state == TENANT_SUCCEEDED)
        return json_string("change");
    return row->state == TENANT_UNCHANGED ? json_string("stay") : json_null();
}

static void put_steps(struct json_stream *stream, const struct report *report,
                      const struct report_row *row)
{
    static const float none = 0;
    struct step_list list = report_steps(report, row->steps);
    const struct report_batches *batches = report_batches_of(report, row);
    json_open(stream, "steps", '[');
    for (size_t i = 0; i < list.count; i++) {
        struct buf *buf = json_begin(stream, NULL);
        const struct told_step told = {&list.steps[i], row->dialect,
                                       row->step_ms ? &row->step_ms[i] : &none};
        buf_addc(buf, '{');
        json_add_step(buf, report, &told);
        if (batches)
            add_batches(buf, &batches[1 + i]);
        buf_addc(buf, '}');
        json_end(stream);
    }
    json_close(stream, ']');
}

/* NULL: the tenant is within no step. */
static void add_half(struct buf *buf, const struct report_half *half,
                     const struct report_batches *batches)
{
    if (!half) {
        buf_adds(buf, "null");
        return;
    }
    buf_addc(buf, '{');
    add_text(buf, "revision", half->revision);
    add_text(buf, "direction", direction_name(half->direction));
    add_count(buf, "statements", half->statements);
    json_add_key(buf, "of");
    json_add(buf, half->of ? json_count(half->of) : json_null());
    add_flag(buf, "in_doubt", half->is_in_doubt);
    add_text(buf, "run", half->run);
    if (batches)
        add_batches(buf, batches);
    buf_addc(buf, '}');
}

void json_add_half(struct buf *buf, const struct report *report, uint32_t number)
{
    add_half(buf, report_half(report, number), NULL);
}

static void put_tenant_error(struct json_stream *stream, const struct report *report,
                             const struct report_row *row)
{
    if (row->error == REPORT_NONE) {
        json_put(stream, "error", json_null());
        return;
    }
    const struct report_error *error = &report->errors[row->error];
    json_open(stream, "error", '{');
    json_put_error(stream, error, row, true);
    json_put_text(stream, "statement", error->statement);
    json_close(stream, '}');
}

static void put_heard(struct json_stream *stream, const struct report_row *row)
{
    struct buf *buf = json_begin(stream, "notices");
    buf_addc(buf, '{');
    add_count(buf, "count", row->heard ? row->heard->count : 0);
    add_count(buf, "warnings", row->heard ? row->heard->warning_count : 0);
    buf_addc(buf, '}');
}

/* What writes, or reads and writes, of others would have to wait; NULL: it is not known. */
static const char *blocked_by(const char *lock)
{
    static const char *const blocks[][2] = {
        {"NONE", "nothing"}, {"SHARED", "writes"}, {"EXCLUSIVE", "reads and writes"}};
    for (size_t i = 0; lock && i < ARRAY_LEN(blocks); i++)
        if (strcmp(lock, blocks[i][0]) == 0)
            return blocks[i][1];
    return NULL;
}

void json_add_table_change(struct buf *buf, const struct weighed *weighed)
{
    buf_addc(buf, '{');
    add_text(buf, "revision", weighed->revision->id);
    add_text(buf, "direction", direction_name(weighed->direction));
    json_add_key(buf, "line");
    json_add_integer(buf, weighed->line);
    add_text(buf, "table", weighed->table);
    add_count(buf, "bytes", weighed->bytes);
    add_text(buf, "algorithm", weighed->algorithm);
    add_text(buf, "lock", weighed->lock);
    add_text(buf, "blocks", blocked_by(weighed->lock));
    add_text(buf, "reason", weighed->reason);
    buf_addc(buf, '}');
}

static void put_weighed(struct json_stream *stream, const struct report_row *row)
{
    json_open(stream, "table_changes", '[');
    for (size_t i = 0; i < row->weighed_count; i++) {
        json_add_table_change(json_begin(stream, NULL), &row->weighed[i]);
        json_end(stream);
    }
    json_close(stream, ']');
}

static void add_ms(struct buf *buf, const char *key, double ms)
{
    json_add_key(buf, key);
    json_add_rounded(buf, ms, JSON_STEP_DECIMALS);
}

static void add_what(struct buf *buf, const struct seen *seen)
{
    switch (seen->kind) {
    case SEEN_LOCK:
        add_text(buf, "table", seen->object);
        add_text(buf, "mode", seen->words);
        add_text(buf, "blocks", seen_blocks_name(seen->blocks));
        add_ms(buf, "held_ms", seen->ms);
        break;
    case SEEN_REWRITE:
    case SEEN_GROWTH:
        if (seen->object)
            add_text(buf, "table", seen->object);
        add_count(buf, "bytes", seen->count);
        break;
    case SEEN_ROWS: add_count(buf, "rows", seen->count); break;
    case SEEN_SEQUENCE: add_text(buf, "sequence", seen->object); break;
    case SEEN_SKIPPED: add_text(buf, "reason", seen->words); break;
    case SEEN_SCRATCH:
        if (seen->words)
            add_text(buf, "schema", seen->words);
        else
            add_ms(buf, "took_ms", seen->ms);
        break;
    case SEEN__COUNT: break;
    }
}

void json_add_seen(struct buf *buf, const struct seen *seen)
{
    buf_addc(buf, '{');
    add_text(buf, "seen", seen_kind_name(seen->kind));
    add_text(buf, "revision", seen->revision ? seen->revision->id : NULL);
    add_text(buf, "direction", direction_name(seen->direction));
    json_add_key(buf, "line");
    json_add(buf, seen->line ? json_integer(seen->line) : json_null());
    add_what(buf, seen);
    buf_addc(buf, '}');
}

/* What its rehearsal saw. */
static void put_rehearsal(struct json_stream *stream, const struct report_row *row)
{
    struct buf *buf = json_begin(stream, "rehearsal");
    buf_addc(buf, '{');
    add_text(buf, "at", rehearsed_at_name(row->rehearsed));
    json_add_key(buf, "seen");
    buf_addc(buf, '[');
    for (size_t i = 0; i < row->seen_count; i++) {
        json_add_item(buf);
        json_add_seen(buf, &row->seen[i]);
    }
    buf_adds(buf, "]}");
    json_end(stream);
}

static json_t *digest_value(const char *digits)
{
    return digits ? json_sprintf("sha256:%s", digits) : json_null();
}

json_t *json_schema(const struct report_schema *schema)
{
    json_t *value = json_object();
    json_object_set_new(value, "fingerprint", digest_value(schema->fingerprint));
    json_object_set_new(value, "expected", digest_value(schema->expected));
    json_object_set_new(value, "is_expected",
                        schema->verdict == SCHEMA_EXPECTED  ? json_true()
                        : schema->verdict == SCHEMA_DIFFERS ? json_false()
                                                            : json_null());
    json_object_set_new(value, "reason", json_text(schema->reason));
    return value;
}

static void put_ids(struct json_stream *stream, const char *key, const struct report *report,
                    uint32_t number)
{
    struct buf *buf = json_begin(stream, key);
    if (number == REPORT_NONE)
        buf_adds(buf, "null");
    else
        json_add_ids(buf, report, number);
    json_end(stream);
}

/* Of a dry run. */
static void put_would(struct json_stream *stream, const struct report *report,
                      const struct report_row *row)
{
    json_put(stream, "would", would_value(row));
    add_half(json_begin(stream, "half_done"), report_half(report, row->half),
             report_batches_of(report, row));
    json_end(stream);
}

static void put_place(struct json_stream *stream, const struct report *report, size_t index)
{
    const struct tenant *tenant = report->run.tenants[index];
    const struct report_row *row = &report->rows[index];
    json_put_text(stream, "name", tenant->name);
    json_put_text(stream, "dialect", dialect_info(tenant->url.dialect)->name);
    json_put_text(stream, "url", tenant->url_redacted);
    json_add_labels(json_begin(stream, "labels"), tenant);
    json_end(stream);
    json_put_text(stream, "wave", report_wave_of(report, index)->name);
    json_put_text(stream, "state", tenant_state_name(row->state));
    put_ids(stream, "from", report, row->is_from_known ? row->from : REPORT_NONE);
    put_ids(stream, "to", report, row->to);
}

static void put_tenant(struct json_stream *stream, const struct report *report, size_t index)
{
    const struct request *request = report->run.request;
    const struct report_row *row = &report->rows[index];
    bool is_dry = !request_changes(request);
    json_open(stream, NULL, '{');
    put_place(stream, report, index);
    if (is_dry)
        put_would(stream, report, row);
    if (report->schemas)
        json_put(stream, "schema", json_schema(&report->schemas[index]));
    put_steps(stream, report, row);
    if (row->weighed_count)
        put_weighed(stream, row);
    if (request->rehearses)
        put_rehearsal(stream, row);
    if (request->asks_rows)
        json_put_answers(stream, row);
    if (row->stands_above && is_dry)
        json_put(stream, "stands_above", json_true());
    json_put_count(stream, "attempts", row->attempts);
    json_put_rounded(stream, "duration_ms", row->duration_ms, JSON_DECIMALS);
    put_tenant_error(stream, report, row);
    put_heard(stream, row);
    json_close(stream, '}');
}

void json_put_tenants(struct json_stream *stream, const struct report *report)
{
    json_open(stream, "tenants", '[');
    for (size_t i = 0; i < report->run.tenant_count; i++)
        put_tenant(stream, report, i);
    json_close(stream, ']');
}
