/* The page's data. Its first members are the JSON report's own. Tenants are arrays that name by numbers what is in the tables at
 * the end (places, labels, scripts, texts, …), so that a hundred thousand of them are a few megabytes.
 */
#include <math.h>

#include "inventory/inventory.h"
#include "report/html.h"
#include "report/json.h"
#include "report/view_revisions.h"
#include "report/view_shared.h"

struct data {
    const struct view *view;
    const struct report *report;
    struct json_stream stream;
    struct arena arena;
    /* tables, each entry a JSON text */
    struct intern places;
    struct intern labels;
    struct intern scripts; /* lists of steps, without their times */
    struct intern texts;
    struct intern saids;
    struct intern halves;
    struct intern ids;
    const struct report_row *last; /* whose script was entered last; NULL: none */
    uint32_t last_script;
    struct buf json; /* of an entry, */
    struct buf line; /* of a tenant, */
    struct buf more; /* and of its last element: members, each after a comma */
};

static void put_size(struct data *data, const char *key, size_t count)
{
    json_put(&data->stream, key, json_integer((json_int_t)count));
}

static void put_text(struct data *data, const char *key, const char *text)
{
    json_put(&data->stream, key, json_text(text));
}

static void put_rows(struct data *data, const char *key, const uint32_t *rows, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count && i < VIEW_NAMES; i++)
        json_array_append_new(list, json_integer(rows[i]));
    json_put(&data->stream, key, list);
}

static void put_or_null(struct data *data, const char *key, json_t *value)
{
    json_put(&data->stream, key, value ? value : json_null());
}

/* The number of the entry. */
static uint32_t enter(struct data *data, struct intern *table, json_t *value)
{
    buf_clear(&data->json);
    json_add(&data->json, value);
    return intern_put(table, data->json.data, data->json.len);
}

/* The model's numbers are in the order of arrival, which differs from the ledger's. -1: not known. */
static int enter_ids(struct data *data, uint32_t ids)
{
    return ids == REPORT_NONE ? -1 : (int)enter(data, &data->ids, json_ids(data->report, ids));
}

/* A text in which the tenant's name stands is told as what stands between the names, so that tenants share it. */
static uint32_t enter_text(struct data *data, const struct tenant *tenant, const char *text)
{
    size_t len = strlen(tenant->name);
    const char *name = len ? strstr(text, tenant->name) : NULL;
    struct buf piece;
    if (!name)
        return enter(data, &data->texts, json_text(text));
    json_t *pieces = json_array();
    buf_init(&piece, BUF_MAX_DEFAULT);
    for (; name; text = name + len, name = strstr(text, tenant->name)) {
        buf_clear(&piece);
        buf_add(&piece, text, (size_t)(name - text));
        json_array_append_new(pieces, json_text(piece.data));
    }
    json_array_append_new(pieces, json_text(text));
    buf_done(&piece);
    return enter(data, &data->texts, pieces);
}

/* ---- the verdict and what to do ------------------------------------------------------------ */

static int exit_code(const struct report *report)
{
    enum { LEDGER_UNWRITABLE = 6 };
    const struct halt *halt = report->halt;
    if (halt && halt->kind == HALT_LEDGER)
        return LEDGER_UNWRITABLE;
    return report_exit_code(report, halt && halt->kind == HALT_SIGNAL ? halt->signal : 0);
}

/* How the verdict is coloured. */
static const char *tone_of(const struct report *report)
{
    bool changes = request_changes(report->run.request);
    if (report->state == RUN_RUNNING)
        return "busy";
    if (report_bad_count(report) || report->error_count)
        return "bad";
    if (!changes)
        return "calm";
    return exit_code(report) ? "odd" : "good";
}

static void put_verdict(struct data *data)
{
    const struct view_headline *headline = &data->view->headline;
    const struct report *report = data->report;
    struct buf sentence;
    buf_init(&sentence, BUF_MAX_DEFAULT);
    view_add_verdict(data->view, &sentence);
    json_open(&data->stream, "verdict", '{');
    put_text(data, "tone", tone_of(report));
    put_text(data, "state", headline->state);
    put_text(data, "sentence", sentence.data);
    put_text(data, "command", headline->command);
    json_put(&data->stream, "is_dry", json_boolean(headline->is_dry));
    put_text(data, "run", headline->run);
    put_text(data, "origin", headline->origin);
    put_text(data, "halt", headline->halt);
    put_text(data, "halt_output", headline->halt_output);
    json_put(&data->stream, "exit",
             request_changes(report->run.request) && report->state != RUN_RUNNING
                 ? json_integer(exit_code(report))
                 : json_null());
    json_put(&data->stream, "shows_standings",
             json_boolean(report->run.request->verb->shows_standings));
    json_close(&data->stream, '}');
    buf_done(&sentence);
}

static void put_states(struct data *data)
{
    json_open(&data->stream, "states", '[');
    for (size_t i = 0; i < data->view->total_count; i++) {
        const struct view_total *total = &data->view->totals[i];
        json_put(&data->stream, NULL,
                 json_pack("{s:o, s:s, s:b, s:b, s:I}", "words", json_text(total->words), "state",
                           tenant_state_name(total->state), "above", (int)total->is_above, "bad",
                           (int)tenant_state_is_bad(total->state), "count",
                           (json_int_t)total->count));
    }
    json_close(&data->stream, ']');
}

static void put_advice(struct data *data)
{
    json_open(&data->stream, "advice", '[');
    for (size_t i = 0; i < data->view->advice_count; i++) {
        const struct view_advice *advice = &data->view->advice[i];
        json_open(&data->stream, NULL, '{');
        put_rows(data, "rows", advice->rows, advice->row_count);
        put_size(data, "count", advice->row_count);
        put_text(data, "truth", advice->truth);
        put_text(data, "deed", advice->deed);
        put_text(data, "command", advice->command);
        put_text(data, "remark", advice->remark);
        json_close(&data->stream, '}');
    }
    json_close(&data->stream, ']');
}

/* ---- waves, moves, revisions --------------------------------------------------------------- */

/* Beside the JSON report's waves. */
static void put_wave_words(struct data *data)
{
    const struct report *report = data->report;
    json_open(&data->stream, "wave_words", '[');
    for (size_t i = 0; i < data->view->wave_count; i++) {
        int64_t ended = report->waves[i].ended_at_ms - report->run.started_at_ms;
        bool is_known = report->waves[i].ended_at_ms && ended >= 0;
        const struct run_wave *rules = report->waves[i].rules;
        json_open(&data->stream, NULL, '{');
        put_text(data, "words", data->view->waves[i].words);
        json_put(&data->stream, "ended_ms",
                 is_known ? json_integer((json_int_t)ended) : json_null());
        json_put(&data->stream, "max_failures",
                 rules ? json_integer((json_int_t)rules->max_failures) : json_null());
        json_put(&data->stream, "soak_ms",
                 rules ? json_integer((json_int_t)rules->soak_ms) : json_null());
        json_close(&data->stream, '}');
    }
    json_close(&data->stream, ']');
}

static json_t *number_or_null(uint32_t number)
{
    return number == REPORT_NONE ? json_null() : json_integer(number);
}

static void put_groups(struct data *data, const char *key, const struct view_groups *groups,
                       bool has_moves)
{
    struct buf words, effort;
    buf_init(&words, BUF_MAX_DEFAULT);
    buf_init(&effort, BUF_MAX_DEFAULT);
    json_open(&data->stream, key, '[');
    for (size_t i = 0; i < groups->count; i++) {
        const struct view_group *group = &groups->items[i];
        buf_clear(&effort);
        buf_clear(&words);
        view_add_half(data->report, &words, group->move.half);
        if (has_moves)
            view_add_effort(data->report, &effort, &group->move);
        json_open(&data->stream, NULL, '{');
        put_size(data, "count", group->count);
        json_put(&data->stream, "from", json_integer(enter_ids(data, group->move.from)));
        json_put(&data->stream, "to", json_integer(enter_ids(data, group->move.to)));
        put_text(data, "half", words.data);
        put_text(data, "effort", effort.data);
        put_rows(data, "rows", group->rows, group->count);
        json_close(&data->stream, '}');
    }
    json_close(&data->stream, ']');
    buf_done(&words);
    buf_done(&effort);
}

static void put_revision(struct data *data, const struct view_revision *item)
{
    const struct revision *revision = item->step.revision;
    json_t *slowest = json_array();
    for (size_t i = 0; i < item->slowest_count; i++)
        json_array_append_new(slowest, json_pack("[i, o]", (int)item->slowest[i].row,
                                                 json_rounded((double)item->slowest[i].ms, 3)));
    json_open(&data->stream, NULL, '{');
    json_put(&data->stream, "step", json_step(data->report, &item->step, 0, item->dialect));
    put_text(data, "message", revision && revision->message ? revision->message : "");
    put_text(data, "path", revision && revision->path ? revision->path : "");
    put_text(data, "dialect", dialect_info(item->dialect)->name);
    put_or_null(data, "sql", html_sql(data->report, &item->step, item->dialect));
    put_size(data, "count", item->count);
    json_put(&data->stream, "p50_ms", json_rounded((double)item->p50_ms, 3));
    json_put(&data->stream, "p95_ms", json_rounded((double)item->p95_ms, 3));
    json_put(&data->stream, "max_ms", json_rounded((double)item->max_ms, 3));
    json_put(&data->stream, "slowest", slowest);
    json_close(&data->stream, '}');
}

static void put_revisions(struct data *data)
{
    struct view_revisions revisions;
    view_revisions_init(&revisions, data->report);
    json_put(&data->stream, "is_timed", json_boolean(revisions.is_timed));
    json_open(&data->stream, "revisions", '[');
    for (size_t i = 0; i < revisions.count; i++)
        put_revision(data, &revisions.items[i]);
    json_close(&data->stream, ']');
    view_revisions_done(&revisions);
}

static void put_slowest(struct data *data)
{
    json_open(&data->stream, "slowest", '[');
    for (size_t i = 0; i < data->view->slowest_count; i++) {
        const struct view_slow *slow = &data->view->slowest[i];
        json_put(&data->stream, NULL,
                 json_pack("{s:i, s:o, s:o, s:o}", "row", (int)slow->row, "share",
                           json_rounded(slow->share, 3), "revision", json_text(slow->revision),
                           "step_ms", json_rounded(slow->step_ms, 3)));
    }
    json_close(&data->stream, ']');
}

static void put_retries(struct data *data)
{
    const struct report *report = data->report;
    json_open(&data->stream, "retries", '[');
    for (size_t i = 0; i < report->retry_count; i++) {
        const struct report_retry *retry = &report->retries[i];
        const struct tenant *tenant = report->run.tenants[retry->row];
        uint32_t text = enter_text(data, tenant, retry->text);
        uint32_t detail = retry->detail ? enter_text(data, tenant, retry->detail) : REPORT_NONE;
        json_put(&data->stream, NULL,
                 json_pack("[i, i, I, i, o]", (int)retry->row, (int)retry->attempt,
                           (json_int_t)retry->delay_ms, (int)text, number_or_null(detail)));
    }
    json_close(&data->stream, ']');
}

/* ---- causes and notices -------------------------------------------------------------------- */

static void put_shared(struct data *data, const struct view_shared_item *item)
{
    json_open(&data->stream, "shared", '{');
    put_size(data, "here", item->here);
    put_size(data, "elsewhere", item->elsewhere);
    json_put(&data->stream, "here_ms", json_rounded(item->here_ms, 1));
    json_put(&data->stream, "elsewhere_ms", json_rounded(item->elsewhere_ms, 1));
    json_open(&data->stream, "facts", '[');
    for (size_t i = 0; i < item->fact_count; i++) {
        const struct view_fact *fact = &item->facts[i];
        json_put(&data->stream, NULL,
                 json_pack("{s:o, s:o, s:I, s:I}", "name", json_text(fact->name), "value",
                           json_text(fact->value), "here", (json_int_t)fact->here, "elsewhere",
                           (json_int_t)fact->elsewhere));
    }
    json_close(&data->stream, ']');
    json_close(&data->stream, '}');
}

static void put_cause(struct data *data, const struct report_error *error,
                      const struct view_shared_item *shared)
{
    const char *first = data->report->run.tenants[error->first_row]->name;
    struct buf location;
    buf_init(&location, BUF_MAX_DEFAULT);
    view_add_location(&location, &error->key);
    json_open(&data->stream, NULL, '{');
    json_put_error(&data->stream, error, &data->report->rows[error->first_row], false);
    put_text(data, "pattern", error->key.text);
    put_text(data, "example", error->has_other_texts ? first : NULL);
    put_text(data, "statement", error->statement);
    put_or_null(data, "source", html_source_around(data->report, &error->key));
    json_put(&data->stream, "has_other_words", json_boolean(error->has_other_words));
    put_text(data, "location", location.data);
    put_size(data, "count", error->row_count);
    put_shared(data, shared);
    json_close(&data->stream, '}');
    buf_done(&location);
}

static void put_causes(struct data *data)
{
    struct view_shared shared;
    view_shared_init(&shared, data->report);
    json_open(&data->stream, "causes", '[');
    for (size_t i = 0; i < data->report->error_count; i++)
        put_cause(data, &data->report->errors[i], &shared.items[i]);
    json_close(&data->stream, ']');
    view_shared_done(&shared);
}

static void put_notices(struct data *data)
{
    json_open(&data->stream, "notices", '[');
    for (size_t i = 0; i < data->report->notice_count; i++) {
        const struct report_notice *notice = &data->report->notices[i];
        json_t *rows = json_array();
        for (const struct report_heard_item *item = notice->first_item; item; item = item->next)
            json_array_append_new(rows, json_integer(item->row));
        json_open(&data->stream, NULL, '{');
        json_put_notice(&data->stream, notice);
        json_put(&data->stream, "rows", rows);
        json_close(&data->stream, '}');
    }
    json_close(&data->stream, ']');
}

/* ---- tenants ------------------------------------------------------------------------------- */

/* A URL that has the tenant's name in it is told as what stands before and after the name. */
static uint32_t enter_place(struct data *data, const struct tenant *tenant)
{
    const char *url = tenant->url_redacted ? tenant->url_redacted : "";
    const char *name = *tenant->name ? strstr(url, tenant->name) : NULL;
    json_t *place = json_array();
    struct buf before;
    buf_init(&before, BUF_MAX_DEFAULT);
    buf_add(&before, url, name ? (size_t)(name - url) : strlen(url));
    json_array_append_new(place, json_text(dialect_info(tenant->url.dialect)->name));
    json_array_append_new(
        place, json_text(dialect_info(tenant->url.dialect)->is_file ? NULL : tenant->server));
    json_array_append_new(place, json_text(before.data));
    json_array_append_new(place, json_text(name ? name + strlen(tenant->name) : NULL));
    buf_done(&before);
    return enter(data, &data->places, place);
}

static uint32_t enter_script(struct data *data, size_t index)
{
    const struct report *report = data->report;
    const struct report_row *row = &report->rows[index];
    struct step_list list = report_steps(report, row->steps);
    if (data->last && data->last->steps == row->steps && data->last->dialect == row->dialect)
        return data->last_script; /* the next tenant has often taken the same steps */
    json_t *steps = json_array();
    for (size_t i = 0; i < list.count; i++) {
        json_t *step = json_step(report, &list.steps[i], 0, report->rows[index].dialect);
        json_object_del(step, "duration_ms");
        json_array_append_new(steps, step);
    }
    data->last = row;
    data->last_script = enter(data, &data->scripts, steps);
    return data->last_script;
}

static json_t *said_value(const struct said *said)
{
    json_t *value = json_object();
    for (enum said_part part = 0; part < SAID__COUNT; part++)
        if (said_part(said, part))
            json_object_set_new(value, said_name(part), json_text(said_part(said, part)));
    return value;
}

/* `,"error":3`: what few tenants have. */
static void add_more(struct data *data, const char *key, uint32_t number)
{
    if (number != REPORT_NONE)
        buf_addf(&data->more, ",\"%s\":%u", key, (unsigned)number);
}

static void add_error(struct data *data, size_t index)
{
    const struct report_row *row = &data->report->rows[index];
    const struct tenant *tenant = data->report->run.tenants[index];
    if (row->error == REPORT_NONE)
        return;
    add_more(data, "error", row->error);
    add_more(data, "text", enter_text(data, tenant, row->text));
    add_more(data, "detail", row->detail ? enter_text(data, tenant, row->detail) : REPORT_NONE);
    add_more(data, "said",
             row->said ? enter(data, &data->saids, said_value(row->said)) : REPORT_NONE);
}

static void add_json(struct data *data, const char *key, json_t *value)
{
    buf_addf(&data->more, ",\"%s\":", key);
    json_add(&data->more, value);
}

static json_t *table_changes(const struct report_row *row)
{
    json_t *list = json_array();
    for (size_t i = 0; i < row->weighed_count; i++)
        json_array_append_new(list, json_table_change(&row->weighed[i]));
    return list;
}

static void add_rest(struct data *data, size_t index)
{
    const struct report_row *row = &data->report->rows[index];
    buf_clear(&data->more);
    add_error(data, index);
    if (row->half != REPORT_NONE)
        add_more(data, "half", enter(data, &data->halves, json_half(data->report, row->half)));
    if (row->heard)
        add_json(data, "notices",
                 json_pack("[I, I]", (json_int_t)row->heard->count,
                           (json_int_t)row->heard->warning_count));
    if (row->stands_above)
        add_more(data, "above", 1);
    if (row->is_carried)
        add_more(data, "carried", 1);
    if (row->weighed_count)
        add_json(data, "table_changes", table_changes(row));
    if (data->report->schemas)
        add_json(data, "schema", json_schema(&data->report->schemas[index]));
    if (data->more.len)
        buf_addf(&data->line, ",{%s}", data->more.data + 1);
}

static void add_times(struct data *data, size_t index)
{
    const struct report_row *row = &data->report->rows[index];
    struct buf *line = &data->line;
    if (row->attempts && !row->is_carried)
        buf_addf(line, ",%.1f",
                 floor(row->started_ms * 10) / 10); /* no rounding up: it is a time */
    else
        buf_adds(line, ",null");
    buf_addf(line, ",%.1f,[", row->duration_ms > 0 ? row->duration_ms : 0.0);
    for (size_t i = 0; row->step_ms && i < report_steps(data->report, row->steps).count; i++)
        buf_addf(line, "%s%.3f", i ? "," : "", (double)row->step_ms[i]);
    buf_addc(line, ']');
}

static void put_tenant(struct data *data, size_t index)
{
    const struct report *report = data->report;
    const struct tenant *tenant = report->run.tenants[index];
    const struct report_row *row = &report->rows[index];
    uint32_t place = enter_place(data, tenant);
    uint32_t labels = enter(data, &data->labels, json_labels(tenant));
    uint32_t script = enter_script(data, index);
    struct buf *line = &data->line;
    buf_clear(line);
    buf_addc(line, '[');
    json_add(line, json_text(tenant->name));
    buf_addf(line, ",%u,%u,%u,%d,%d,%d,%u,%u", (unsigned)place, (unsigned)labels,
             (unsigned)(report_wave_of(report, index) - report->waves), (int)row->state,
             enter_ids(data, row->is_from_known ? row->from : REPORT_NONE),
             enter_ids(data, row->to), (unsigned)script, (unsigned)row->attempts);
    add_times(data, index);
    add_rest(data, index);
    buf_addc(line, ']');
    json_put_raw(&data->stream, NULL, line);
}

static void put_tenants(struct data *data)
{
    json_open(&data->stream, "tenants", '[');
    for (size_t i = 0; i < data->report->run.tenant_count; i++)
        put_tenant(data, i);
    json_close(&data->stream, ']');
}

/* ---- tables -------------------------------------------------------------------------------- */

static void put_table(struct data *data, const char *key, const struct intern *table)
{
    json_open(&data->stream, key, '[');
    for (uint32_t i = 0; i < table->count; i++) {
        size_t len;
        const char *entry = intern_at(table, i, &len);
        buf_clear(&data->json);
        buf_add(&data->json, entry, len);
        json_put_raw(&data->stream, NULL, &data->json);
    }
    json_close(&data->stream, ']');
}

static void put_state_names(struct data *data)
{
    json_open(&data->stream, "state_names", '[');
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++)
        json_put(&data->stream, NULL,
                 json_pack("[s, o, b]", tenant_state_name(state),
                           json_text(tenant_state_words(state, data->report->run.request)),
                           (int)tenant_state_is_bad(state)));
    json_close(&data->stream, ']');
}

static void put_tables(struct data *data)
{
    put_state_names(data);
    put_table(data, "ids", &data->ids);
    put_table(data, "places", &data->places);
    put_table(data, "labels", &data->labels);
    put_table(data, "scripts", &data->scripts);
    put_table(data, "texts", &data->texts);
    put_table(data, "saids", &data->saids);
    put_table(data, "halves", &data->halves);
}

static void data_init(struct data *data)
{
    struct intern *const tables[] = {&data->places, &data->labels, &data->scripts, &data->texts,
                                     &data->saids,  &data->halves, &data->ids};
    arena_init(&data->arena);
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        intern_init(tables[i], &data->arena);
    buf_init(&data->json, BUF_MAX_DEFAULT);
    buf_init(&data->line, BUF_MAX_DEFAULT);
    buf_init(&data->more, BUF_MAX_DEFAULT);
}

void html_write_data(const struct view *view, FILE *out)
{
    struct data data = {
        .view = view, .report = view->report, .stream = {.out = out, .is_in_html = true}};
    data_init(&data);
    json_open(&data.stream, NULL, '{');
    json_put_head(&data.stream, view->report);
    put_verdict(&data);
    put_states(&data);
    put_advice(&data);
    put_wave_words(&data);
    put_groups(&data, "moves", &view->moves, true);
    put_groups(&data, "standings", &view->standings, false);
    put_causes(&data);
    put_revisions(&data);
    put_slowest(&data);
    put_retries(&data);
    put_notices(&data);
    put_tenants(&data);
    if (view->report->visits)
        json_put_history(&data.stream, view->report);
    put_tables(&data);
    json_close(&data.stream, '}');
    buf_done(&data.json);
    buf_done(&data.line);
    buf_done(&data.more);
    arena_done(&data.arena);
}
