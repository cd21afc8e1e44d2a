/* What the tenants' rows say of the statements of a plan, as JSON. */
#include "report/json.h"
#include "report/view_preflight.h"

static json_t *count_of(uint64_t count)
{
    return json_integer((json_int_t)count);
}

static void put_statement(struct json_stream *stream, const struct preflight_answer *answer)
{
    json_put_text(stream, "revision", answer->revision->id);
    json_put_text(stream, "file", answer->revision->path);
    json_put_integer(stream, "line", answer->line);
    json_put_text(stream, "kind", answer->kind);
    json_put_text(stream, "table", answer->table);
    json_put_text(stream, "what", answer->what);
}

static void put_shared(struct json_stream *stream, const struct view_shared_item *shared)
{
    json_open(stream, "shared", '[');
    for (size_t i = 0; i < shared->fact_count; i++) {
        json_open(stream, NULL, '{');
        json_put_text(stream, "name", shared->facts[i].name);
        json_put_text(stream, "value", shared->facts[i].value);
        json_put(stream, "failing", count_of(shared->facts[i].here));
        json_put(stream, "others", count_of(shared->facts[i].elsewhere));
        json_close(stream, '}');
    }
    json_close(stream, ']');
}

static void put_item(struct json_stream *stream, const struct view_preflight_item *item)
{
    json_open(stream, NULL, '{');
    put_statement(stream, item->like);
    json_put_text(stream, "statement", item->like->source);
    for (size_t i = 0; i < PREFLIGHT__COUNT; i++)
        json_put(stream, preflight_state_name((enum preflight_state)i), count_of(item->counts[i]));
    put_shared(stream, item->shared);
    json_close(stream, '}');
}

void json_put_preflight(struct json_stream *stream, const struct view_preflight *preflight)
{
    json_open(stream, "preflight", '{');
    json_put(stream, "tenants_failing", count_of(preflight->failing));
    json_put(stream, "tenants_unsure", count_of(preflight->unsure));
    json_open(stream, "questions", '[');
    for (size_t i = 0; i < preflight->count; i++)
        put_item(stream, &preflight->items[i]);
    json_close(stream, ']');
    json_close(stream, '}');
}

static void put_answer(struct json_stream *stream, const struct preflight_answer *answer)
{
    json_open(stream, NULL, '{');
    put_statement(stream, answer);
    json_put_text(stream, "state", preflight_state_name(answer->state));
    if (answer->state == PREFLIGHT_FAILS) {
        json_put(stream, "count", answer->count ? count_of(answer->count) : json_null());
        json_put(stream, "is_more", json_boolean(answer->is_more));
    }
    json_put_text(stream, "reason", answer->reason);
    if (answer->example_count) {
        json_open(stream, "examples", '[');
        for (size_t i = 0; i < answer->example_count; i++)
            json_put_text(stream, NULL, answer->examples[i]);
        json_close(stream, ']');
    }
    json_close(stream, '}');
}

void json_put_answers(struct json_stream *stream, const struct report_row *row)
{
    json_open(stream, "preflight", '[');
    for (size_t i = 0; i < row->preflight_count; i++)
        if (row->preflight[i].state != PREFLIGHT_FITS)
            put_answer(stream, &row->preflight[i]);
    json_close(stream, ']');
}
