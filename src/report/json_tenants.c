/* What the JSON report tells of each tenant. */
#include "chain/chain.h"
#include "inventory/inventory.h"
#include "report/json.h"
#include "report/model.h"

json_t *json_labels(const struct tenant *tenant)
{
    json_t *labels = json_object();
    for (size_t i = 0; i < tenant->label_count; i++)
        json_set_text(labels, tenant->labels[i].key, tenant->labels[i].value);
    return labels;
}

json_t *json_ids(const struct report *report, uint32_t number)
{
    struct rows list = report_ids(report, number);
    json_t *ids = json_array();
    for (size_t i = 0; i < list.count; i++)
        json_array_append_new(ids, json_text(list.ids[i]));
    return ids;
}

static void set_marks(json_t *value, const struct report *report, const struct report_step *step,
                      enum dialect_id dialect)
{
    struct step_marks marks = report_step_marks(report, step, dialect);
    json_object_set_new(value, "irreversible", json_boolean(marks.is_irreversible));
    json_object_set_new(value, "destroys_data", json_boolean(marks.destroys_data));
    json_object_set_new(value, "outside_transaction", json_boolean(marks.is_outside));
    json_object_set_new(value, "repeats", json_boolean(marks.is_repeated));
    json_object_set_new(value, "commits_by_itself", json_boolean(marks.commits_itself));
    json_object_set_new(value, "empty", json_boolean(marks.is_empty));
}

json_t *json_step(const struct report *report, const struct report_step *step, double ms,
                  enum dialect_id dialect)
{
    json_t *value = json_object();
    json_object_set_new(value, "revision", json_text(step->revision ? step->revision->id : NULL));
    json_object_set_new(value, "direction",
                        json_text(step->direction == DIRECTION_UP ? "up" : "down"));
    json_object_set_new(value, "statements", json_count(step->statements));
    json_object_set_new(value, "duration_ms", json_rounded(ms, JSON_STEP_DECIMALS));
    if (step->revision && step->revision->is_checkpoint)
        json_object_set_new(value, "checkpoint", json_text(step->revision->path));
    if (!request_changes(report->run.request))
        set_marks(value, report, step, dialect);
    return value;
}

static void set_batches(json_t *value, const struct report_batches *done)
{
    if (!done->batches)
        return;
    json_object_set_new(value, "batches", json_count(done->batches));
    json_object_set_new(value, "rows", json_count(done->rows));
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
    struct step_list list = report_steps(report, row->steps);
    const struct report_batches *batches = report_batches_of(report, row);
    json_open(stream, "steps", '[');
    for (size_t i = 0; i < list.count; i++) {
        double ms = row->step_ms ? (double)row->step_ms[i] : 0;
        json_t *value = json_step(report, &list.steps[i], ms, row->dialect);
        if (batches)
            set_batches(value, &batches[1 + i]);
        json_put(stream, NULL, value);
    }
    json_close(stream, ']');
}

json_t *json_half(const struct report *report, uint32_t number)
{
    const struct report_half *half = report_half(report, number);
    if (!half)
        return json_null();
    json_t *value = json_object();
    json_object_set_new(value, "revision", json_text(half->revision));
    json_object_set_new(value, "direction",
                        json_text(half->direction == DIRECTION_UP ? "up" : "down"));
    json_object_set_new(value, "statements", json_count(half->statements));
    json_object_set_new(value, "of", half->of ? json_count(half->of) : json_null());
    json_object_set_new(value, "in_doubt", json_boolean(half->is_in_doubt));
    json_object_set_new(value, "run", json_text(half->run));
    return value;
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
    json_put(stream, "statement", json_text(error->statement));
    json_close(stream, '}');
}

static json_t *heard_value(const struct report_row *row)
{
    json_t *value = json_object();
    json_object_set_new(value, "count", json_count(row->heard ? row->heard->count : 0));
    json_object_set_new(value, "warnings", json_count(row->heard ? row->heard->warning_count : 0));
    return value;
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

json_t *json_table_change(const struct weighed *weighed)
{
    json_t *value = json_object();
    json_object_set_new(value, "revision", json_text(weighed->revision->id));
    json_object_set_new(value, "direction",
                        json_text(weighed->direction == DIRECTION_UP ? "up" : "down"));
    json_object_set_new(value, "line", json_integer(weighed->line));
    json_object_set_new(value, "table", json_text(weighed->table));
    json_object_set_new(value, "bytes", json_integer((json_int_t)weighed->bytes));
    json_object_set_new(value, "algorithm", json_text(weighed->algorithm));
    json_object_set_new(value, "lock", json_text(weighed->lock));
    json_object_set_new(value, "blocks", json_text(blocked_by(weighed->lock)));
    json_object_set_new(value, "reason", json_text(weighed->reason));
    return value;
}

static void put_weighed(struct json_stream *stream, const struct report_row *row)
{
    json_open(stream, "table_changes", '[');
    for (size_t i = 0; i < row->weighed_count; i++)
        json_put(stream, NULL, json_table_change(&row->weighed[i]));
    json_close(stream, ']');
}

static void set_seen(json_t *value, const struct seen *seen)
{
    switch (seen->kind) {
    case SEEN_LOCK:
        json_object_set_new(value, "table", json_text(seen->object));
        json_object_set_new(value, "mode", json_text(seen->words));
        json_object_set_new(value, "blocks", json_text(seen_blocks_name(seen->blocks)));
        json_object_set_new(value, "held_ms", json_rounded(seen->ms, JSON_STEP_DECIMALS));
        break;
    case SEEN_REWRITE:
    case SEEN_GROWTH:
        if (seen->object)
            json_object_set_new(value, "table", json_text(seen->object));
        json_object_set_new(value, "bytes", json_integer((json_int_t)seen->count));
        break;
    case SEEN_ROWS:
        json_object_set_new(value, "rows", json_integer((json_int_t)seen->count));
        break;
    case SEEN_SEQUENCE: json_object_set_new(value, "sequence", json_text(seen->object)); break;
    case SEEN_SKIPPED: json_object_set_new(value, "reason", json_text(seen->words)); break;
    case SEEN_SCRATCH:
        if (seen->words)
            json_object_set_new(value, "schema", json_text(seen->words));
        else
            json_object_set_new(value, "took_ms", json_rounded(seen->ms, JSON_STEP_DECIMALS));
        break;
    case SEEN__COUNT: break;
    }
}

json_t *json_seen(const struct seen *seen)
{
    json_t *value = json_object();
    json_object_set_new(value, "seen", json_text(seen_kind_name(seen->kind)));
    json_object_set_new(value, "revision", json_text(seen->revision ? seen->revision->id : NULL));
    json_object_set_new(value, "direction",
                        json_text(seen->direction == DIRECTION_UP ? "up" : "down"));
    json_object_set_new(value, "line", seen->line ? json_integer(seen->line) : json_null());
    set_seen(value, seen);
    return value;
}

static json_t *rehearsal_of(const struct report_row *row)
{
    json_t *value = json_object();
    json_object_set_new(value, "at", json_text(rehearsed_at_name(row->rehearsed)));
    json_t *list = json_array();
    for (size_t i = 0; i < row->seen_count; i++)
        json_array_append_new(list, json_seen(&row->seen[i]));
    json_object_set_new(value, "seen", list);
    return value;
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

static void put_tenant(struct json_stream *stream, const struct report *report, size_t index)
{
    const struct tenant *tenant = report->run.tenants[index];
    const struct report_row *row = &report->rows[index];
    json_open(stream, NULL, '{');
    json_put(stream, "name", json_text(tenant->name));
    json_put(stream, "dialect", json_text(dialect_info(tenant->url.dialect)->name));
    json_put(stream, "url", json_text(tenant->url_redacted));
    json_put(stream, "labels", json_labels(tenant));
    json_put(stream, "wave", json_text(report_wave_of(report, index)->name));
    json_put(stream, "state", json_text(tenant_state_name(row->state)));
    json_put(stream, "from", row->is_from_known ? json_ids(report, row->from) : json_null());
    json_put(stream, "to", row->to != REPORT_NONE ? json_ids(report, row->to) : json_null());
    if (!request_changes(report->run.request)) {
        json_put(stream, "would", would_value(row));
        json_t *half = json_half(report, row->half);
        const struct report_batches *batches = report_batches_of(report, row);
        if (batches)
            set_batches(half, batches);
        json_put(stream, "half_done", half);
    }
    if (report->schemas)
        json_put(stream, "schema", json_schema(&report->schemas[index]));
    put_steps(stream, report, row);
    if (row->weighed_count)
        put_weighed(stream, row);
    if (report->run.request->rehearses)
        json_put(stream, "rehearsal", rehearsal_of(row));
    if (report->run.request->asks_rows)
        json_put_answers(stream, row);
    if (row->stands_above && !request_changes(report->run.request))
        json_put(stream, "stands_above", json_true());
    json_put(stream, "attempts", json_count(row->attempts));
    json_put(stream, "duration_ms", json_rounded(row->duration_ms, JSON_DECIMALS));
    put_tenant_error(stream, report, row);
    json_put(stream, "notices", heard_value(row));
    json_close(stream, '}');
}

void json_put_tenants(struct json_stream *stream, const struct report *report)
{
    json_open(stream, "tenants", '[');
    for (size_t i = 0; i < report->run.tenant_count; i++)
        put_tenant(stream, report, i);
    json_close(stream, ']');
}
