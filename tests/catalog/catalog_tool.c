/* Reads catalogs of real databases for the tests of readers: a line of JSON in, a line of JSON out, until the input ends.
 *
 *     {"catalogs": [{"url": …, "schemas": [NAME or null, …]}, …], "rules": "default" | "strict", "ignore": […],
 *      "objects": false}
 *     {"catalogs": [{"group": …, "fingerprint": …, "objects": […]}, …], "differences": […]} or {"error": …}
 *
 * "differences" are of the second catalog from the first, in words. Connections stay for the next line.
 *
 *     {"run": URL, "sql": …}                                  runs the statements of a script, one by one
 *     {} or {"error": …, "statement": …}
 *
 *     {"emit": true, "catalogs": [FROM, TO], "rules": …, "allowed": [NAME, …] or true, "cautious": false}
 *     {"before": …, "sql": …, "later": …, "withheld": [NAME, …], "refused": [WORDS, …]}
 *                                                             what makes TO of FROM; true: anything may be dropped
 */
#include <jansson.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/url.h"
#include "driver/runner.h"
#include "schema/compare.h"
#include "schema/emit.h"
#include "schema/reader.h"

enum { CONNECTIONS_MOST = 16, PARTS_MOST = 20000, QUERIES_MOST = 20000 };

struct connection {
    char *text;
    struct url url;
    struct runner runner;
    struct conn *conn;
    uint32_t server_version;
};

struct tool {
    struct arena arena; /* of the connections */
    struct connection connections[CONNECTIONS_MOST];
    size_t count;
};

/* ---- connections ------------------------------------------------------------------------------ */

static void close_all(struct tool *tool)
{
    for (size_t i = 0; i < tool->count; i++)
        tool->connections[i].runner.driver->close(tool->connections[i].conn);
    tool->count = 0;
}

static struct connection *connect_to(struct tool *tool, const char *text, struct err *err)
{
    for (size_t i = 0; i < tool->count; i++)
        if (strcmp(tool->connections[i].text, text) == 0)
            return &tool->connections[i];
    if (tool->count == CONNECTIONS_MOST)
        close_all(tool);
    struct connection *connection = &tool->connections[tool->count];
    *connection = (struct connection){.text = arena_strdup(&tool->arena, text)};
    if (!url_parse(&tool->arena, connection->text, &connection->url, err))
        return NULL;
    struct conn_params *params = arena_alloc(&tool->arena, sizeof *params);
    *params = (struct conn_params){.url = &connection->url,
                                   .password = connection->url.password,
                                   .addresses = connection->url.host};
    connection->runner.driver = driver_find(connection->url.dialect);
    connection->conn = connection->runner.driver->open(params);
    struct answer answer = {0};
    struct op op = {.kind = OP_CONNECT, .arena = &tool->arena, .answer = &answer};
    runner_run(&connection->runner, connection->conn, &op);
    if (op_err(&op)->kind) {
        *err = *op_err(&op);
        return NULL;
    }
    connection->server_version = answer.info->server_version;
    tool->count++;
    return connection;
}

/* All queries of a round in one chain, where the driver joins. */
static bool run_round(struct connection *connection, struct reading *reading, struct grid *ret_rows,
                      struct err *err)
{
    struct arena *arena = reading->arena;
    size_t count = reading->query_count;
    bool joins = connection->runner.driver->traits & DRIVER_JOINS;
    struct op *ops = arena_calloc(arena, count, sizeof *ops);
    struct answer *answers = arena_calloc(arena, count, sizeof *answers);
    for (size_t i = 0; i < count; i++)
        ops[i] = (struct op){.kind = OP_QUERY,
                             .sql = reading->queries[i],
                             .sql_len = strlen(reading->queries[i]),
                             .shape = reading->shapes[i],
                             .arena = arena,
                             .answer = &answers[i],
                             .joined = joins && i + 1 < count ? &ops[i + 1] : NULL};
    for (size_t i = 0; i < (joins && count ? 1 : count); i++)
        runner_run(&connection->runner, connection->conn, &ops[i]);
    for (size_t i = 0; i < count; i++) {
        ret_rows[i] = answers[i].rows;
        op_check_shape(&ops[i], ops[i].shape);
        if (answer_err(&answers[i])->kind) {
            *err = *answer_err(&answers[i]);
            err_prefix(err, "%.200s: ", reading->queries[i]);
            return false;
        }
    }
    return true;
}

static bool read_parts(struct tool *tool, struct reading *reading, const char *url, struct err *err)
{
    struct connection *connection = connect_to(tool, url, err);
    if (!connection)
        return false;
    const struct catalog_reader *reader = connection->runner.driver->dialect->catalog;
    struct grid *answers = arena_calloc(reading->arena, QUERIES_MOST, sizeof *answers);
    reading->server_version = connection->server_version;
    for (size_t i = 0; i < reading->part_count; i++)
        catalog_init(reading->parts[i].catalog, reading->arena, connection->url.dialect);
    for (reading->round = 0;; reading->round++) {
        reading->query_count = 0;
        reader->ask(reading);
        if (!reading->query_count)
            return true;
        if (!run_round(connection, reading, answers, err) ||
            !reader->take(reading, answers, reading->query_count, err))
            return false;
    }
}

/* ---- what is printed -------------------------------------------------------------------------- */

static json_t *print_object(const struct object *object)
{
    json_t *properties = json_object();
    for (size_t i = 0; i < object->property_count; i++)
        json_object_set_new(properties, object->properties[i].name,
                            json_pack("[s, s]", aspect_name(object->properties[i].aspect),
                                      object->properties[i].value));
    return json_pack("{s:s, s:s?, s:s, s:b, s:s?, s:o}", "kind", object_kind_name(object->kind),
                     "owner", object->owner, "name", object->name, "automatic",
                     object->has_automatic_name, "sql", object->sql, "properties", properties);
}

static json_t *print_catalog(const struct catalog *catalog, const struct catalog_rules *rules,
                             bool has_objects)
{
    struct canonical canonical;
    json_t *objects = json_array();
    canonical_make(&canonical, catalog, rules);
    for (size_t i = 0; has_objects && i < catalog->object_count; i++)
        json_array_append_new(objects, print_object(catalog->objects[i]));
    return json_pack("{s:s, s:s, s:i, s:o}", "group", catalog->group, "fingerprint",
                     canonical_fingerprint(&canonical).hex, "count", (int)catalog->object_count,
                     "objects", objects);
}

static json_t *print_differences(const struct catalog *expected, const struct catalog *found,
                                 const struct catalog_rules *rules)
{
    struct comparison comparison;
    struct buf words;
    json_t *list = json_array();
    comparison_make(&comparison, expected, found, rules);
    buf_init(&words, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < comparison.count; i++) {
        buf_clear(&words);
        difference_add_words(&words, &comparison.items[i]);
        json_array_append_new(list, json_string(words.data));
    }
    buf_done(&words);
    return list;
}

/* ---- requests --------------------------------------------------------------------------------- */

struct request {
    struct arena *arena;
    struct catalog *catalogs;
    size_t count;
    struct catalog_rules rules;
};

static bool read_all(struct tool *tool, struct request *request, const json_t *asked,
                     struct err *err)
{
    size_t i, j;
    json_t *entry, *schema;
    json_array_foreach(json_object_get(asked, "catalogs"), i, entry)
    {
        json_t *schemas = json_object_get(entry, "schemas");
        struct reading reading = {.arena = request->arena,
                                  .parts = arena_calloc(request->arena, json_array_size(schemas),
                                                        sizeof(struct reading_part)),
                                  .is_for_emitter = json_is_true(json_object_get(asked, "emit")),
                                  .version_table = "alembic_version",
                                  .history_table = "skein_history"};
        json_array_foreach(schemas, j, schema) reading.parts[reading.part_count++] =
            (struct reading_part){json_string_value(schema), &request->catalogs[request->count++]};
        if (!read_parts(tool, &reading, json_string_value(json_object_get(entry, "url")), err))
            return false;
    }
    return true;
}

static bool read_rules(struct request *request, const json_t *asked, struct err *err)
{
    const char *name = json_string_value(json_object_get(asked, "rules"));
    size_t i;
    json_t *entry;
    (name && strcmp(name, "strict") == 0 ? catalog_rules_init_strict
                                         : catalog_rules_init)(&request->rules, request->arena);
    json_array_foreach(json_object_get(asked, "ignore"), i,
                       entry) if (!catalog_rules_ignore(&request->rules, json_string_value(entry),
                                                        err)) return false;
    return true;
}

/* ---- statements ------------------------------------------------------------------------------- */

static bool run_statements(struct tool *tool, struct arena *arena, const json_t *asked,
                           const char **ret_statement, struct err *err)
{
    const char *sql = json_string_value(json_object_get(asked, "sql"));
    struct connection *connection =
        connect_to(tool, json_string_value(json_object_get(asked, "run")), err);
    struct statement *statements;
    size_t count;
    if (!connection || !connection->runner.driver->dialect->split(arena, sql, strlen(sql),
                                                                  &statements, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct answer answer = {0};
        struct op op = {.kind = OP_QUERY,
                        .sql = arena_strndup(arena, sql + statements[i].offset, statements[i].len),
                        .sql_len = statements[i].len,
                        .arena = arena,
                        .answer = &answer};
        runner_run(&connection->runner, connection->conn, &op);
        if (answer_err(&answer)->kind) {
            *err = *answer_err(&answer);
            *ret_statement = op.sql;
            return false;
        }
    }
    return true;
}

static json_t *run(struct tool *tool, const json_t *asked)
{
    struct arena arena;
    struct err err;
    const char *statement = NULL;
    arena_init(&arena);
    json_t *result = json_object();
    if (!run_statements(tool, &arena, asked, &statement, &err))
        json_object_update_new(result,
                               json_pack("{s:s, s:s?}", "error", err.text, "statement", statement));
    arena_done(&arena);
    return result;
}

/* Names of what may be dropped, or true. */
static void set_allowed(struct emission *emission, const json_t *allowed)
{
    const char **names = arena_calloc(emission->arena, json_array_size(allowed) + 1, sizeof *names);
    size_t i;
    json_t *entry;
    emission->allows_all = json_is_true(allowed);
    json_array_foreach(allowed, i, entry) names[emission->allowed_count++] =
        json_string_value(entry);
    emission->allowed = names;
}

static json_t *emit(const struct request *request, const json_t *asked)
{
    struct buf before, sql, later;
    struct emission emission = {.arena = request->arena,
                                .before = &before,
                                .from = &request->catalogs[0],
                                .to = &request->catalogs[1],
                                .rules = &request->rules,
                                .is_cautious = json_is_true(json_object_get(asked, "cautious")),
                                .sql = &sql,
                                .later = &later};
    buf_init(&before, BUF_MAX_DEFAULT);
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_init(&later, BUF_MAX_DEFAULT);
    set_allowed(&emission, json_object_get(asked, "allowed"));
    emission_change(dialect_of(emission.to->dialect)->emitter, &emission);
    json_t *withheld = json_array(), *refused = json_array();
    for (size_t i = 0; i < emission.withheld_count; i++)
        json_array_append_new(withheld, json_string(object_full_name(emission.withheld[i])));
    for (size_t i = 0; i < emission.refusal_count; i++)
        json_array_append_new(refused,
                              json_sprintf("%s: %s", object_full_name(emission.refusals[i].object),
                                           emission.refusals[i].reason));
    json_t *result = json_pack("{s:s, s:s, s:s, s:o, s:o}", "before", before.data, "sql", sql.data,
                               "later", later.data, "withheld", withheld, "refused", refused);
    buf_done(&before);
    buf_done(&sql);
    buf_done(&later);
    return result;
}

/* ---- a line ----------------------------------------------------------------------------------- */

static json_t *answer(struct tool *tool, const json_t *asked)
{
    if (json_object_get(asked, "run"))
        return run(tool, asked);
    struct arena arena;
    struct err err;
    arena_init(&arena);
    struct request request = {.arena = &arena,
                              .catalogs = arena_calloc(&arena, PARTS_MOST, sizeof(struct catalog))};
    json_t *result = json_object();
    if (!read_rules(&request, asked, &err) || !read_all(tool, &request, asked, &err)) {
        json_object_set_new(result, "error", json_string(err.text));
    } else if (json_is_true(json_object_get(asked, "emit"))) {
        json_object_update_new(result, emit(&request, asked));
    } else {
        json_t *catalogs = json_array();
        bool has_objects = json_is_true(json_object_get(asked, "objects"));
        for (size_t i = 0; i < request.count; i++)
            json_array_append_new(catalogs,
                                  print_catalog(&request.catalogs[i], &request.rules, has_objects));
        json_object_set_new(result, "catalogs", catalogs);
        if (request.count > 1)
            json_object_set_new(
                result, "differences",
                print_differences(&request.catalogs[0], &request.catalogs[1], &request.rules));
    }
    arena_done(&arena);
    return result;
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    struct tool tool = {.count = 0};
    arena_init(&tool.arena);
    drivers_init();
    while (getline(&line, &size, stdin) > 0) {
        json_error_t error;
        json_t *asked = json_loads(line, 0, &error);
        json_t *result = asked ? answer(&tool, asked) : json_pack("{s:s}", "error", error.text);
        json_dumpf(result, stdout, 0);
        putchar('\n');
        fflush(stdout);
        json_decref(result);
        json_decref(asked);
    }
    close_all(&tool);
    arena_done(&tool.arena);
    free(line);
    return 0;
}
