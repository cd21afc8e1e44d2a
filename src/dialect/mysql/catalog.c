/* The catalog of MariaDB and MySQL in two rounds: names first, then SHOW CREATE of each, all in one message. What
 * information_schema tells in one query as well (triggers, events) is read there.
 *
 * SHOW CREATE is complete, the same however the object was made, and fast; information_schema alone takes ten times as long.
 * A view, a routine, a trigger and an event have a definer, which is their owner here. Where a sequence stands, the next
 * value of AUTO_INCREMENT and the day on which an event began are no part of the schema.
 */
#include "dialect/mysql/catalog.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/mysql/catalog_table.h"
#include "dialect/mysql/catalog_text.h"
#include "dialect/mysql/templates.h"
#include "schema/reader.h"

/* What the two servers are asked in different ways. */
struct rules {
    const char *product;
    const char *show;      /* before SHOW CREATE, so that names are quoted in backticks */
    const char *if_events; /* after the question for events */
};

/* Where its scheduler was disabled at the start, MariaDB refuses all that has to do with events, even to list them. */
static const struct rules mariadb = {
    "mariadb", "SET STATEMENT sql_mode = '', sql_quote_show_create = 1 FOR SHOW CREATE ",
    " AND @@GLOBAL.event_scheduler <> 'DISABLED'"};
/* The session has such an sql_mode. */
static const struct rules mysql = {"mysql", "SHOW CREATE ", ""};

/* What is shown: the words after SHOW CREATE, by the word of information_schema, and in which columns its answer is. */
static const struct shown_row {
    const char *type;
    const char *words;
    enum object_kind kind;
    size_t text_column, mode_column; /* 0: there is none */
} shown_rows[] = {
    {"BASE TABLE", "TABLE", OBJECT_TABLE, 1, 0},
    {"SYSTEM VERSIONED", "TABLE", OBJECT_TABLE, 1, 0},
    {"VIEW", "VIEW", OBJECT_VIEW, 1, 0},
    {"SEQUENCE", "SEQUENCE", OBJECT_SEQUENCE, 1, 0},
    {"FUNCTION", "FUNCTION", OBJECT_FUNCTION, 2, 1},
    {"PROCEDURE", "PROCEDURE", OBJECT_PROCEDURE, 2, 1},
    {"PACKAGE", "PACKAGE", OBJECT_PACKAGE, 2, 1},
    {"PACKAGE BODY", "PACKAGE BODY", OBJECT_PACKAGE, 2, 1},
};

struct shown {
    const struct shown_row *row;
    const char *name;
};

enum round { ROUND_NAMES, ROUND_TEXTS };
enum names_query {
    QUERY_DATABASE,
    QUERY_TABLES,
    QUERY_ROUTINES,
    QUERY_TRIGGERS,
    QUERY_EVENTS,
    QUERY__COUNT
};

static const struct grid_shape names_shapes[QUERY__COUNT] = {
    [QUERY_DATABASE] = {"!!", 0},        [QUERY_TABLES] = {"!!", 0},
    [QUERY_ROUTINES] = {"!!", 0},        [QUERY_TRIGGERS] = {"!!!!..!", 0},
    [QUERY_EVENTS] = {"!..........", 0},
};

static const char *const names_queries[QUERY__COUNT] = {
    [QUERY_DATABASE] =
        "SELECT schema_name, default_collation_name FROM information_schema.schemata WHERE "
        "schema_name = DATABASE()",
    [QUERY_TABLES] =
        "SELECT table_type, table_name FROM information_schema.tables WHERE table_schema = "
        "DATABASE()",
    [QUERY_ROUTINES] =
        "SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema "
        "= DATABASE()",
    [QUERY_TRIGGERS] =
        "SELECT event_object_table, trigger_name, CONCAT(action_timing, ' ', event_manipulation), "
        "action_order, action_statement, sql_mode, definer FROM information_schema.triggers WHERE "
        "trigger_schema = DATABASE()",
    [QUERY_EVENTS] =
        "SELECT event_name, CONCAT_WS(' ', 'EVERY', interval_value, interval_field), execute_at, "
        "ends, on_completion, status, event_definition, sql_mode, time_zone, event_comment, "
        "definer FROM information_schema.events WHERE event_schema = DATABASE()",
};

/* Kept from the first round for the second. */
struct state {
    const struct rules *rules;
    struct database_names names;
    const char **objects;
    size_t object_capacity;
    struct shown *shown;
    size_t shown_count, shown_capacity;
};

/* ---- what is asked ---------------------------------------------------------------------------- */

static struct state *make_state(struct reading *reading)
{
    struct state *state = arena_alloc(reading->arena, sizeof *state);
    bool is_mariadb = reading->server_version >= 100000;
    *state = (struct state){.rules = is_mariadb ? &mariadb : &mysql, .names.database = ""};
    reading->parts[0].catalog->group =
        arena_printf(reading->arena, "%s %u.%u", state->rules->product,
                     reading->server_version / 10000, reading->server_version / 100 % 100);
    return state;
}

static void ask_text(struct reading *reading, const struct state *state, const struct shown *shown)
{
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_addf(&sql, "%s%s ", state->rules->show, shown->row->words);
    mysql_add_identifier(&sql, shown->name);
    static const struct grid_shape shape = {"!", 0}; /* its other columns are told by shown_rows */
    reading_ask(reading, buf_into(&sql, reading->arena), &shape);
}

static void ask(struct reading *reading)
{
    if (reading->round == ROUND_NAMES) {
        struct state *state = make_state(reading);
        reading->state = state;
        for (size_t i = 0; i < QUERY__COUNT; i++)
            reading_ask(reading,
                        arena_printf(reading->arena, "%s%s", names_queries[i],
                                     i == QUERY_EVENTS ? state->rules->if_events : ""),
                        &names_shapes[i]);
    } else if (reading->round == ROUND_TEXTS) {
        const struct state *state = reading->state;
        for (size_t i = 0; i < state->shown_count; i++)
            ask_text(reading, state, &state->shown[i]);
    }
}

/* ---- names ------------------------------------------------------------------------------------ */

static void learn_name(struct reading *reading, struct state *state, const char *name)
{
    *ARENA_PUSH(reading->arena, state->objects, state->names.count, state->object_capacity) = name;
}

static void take_name(struct reading *reading, struct state *state, const char *type,
                      const char *name)
{
    learn_name(reading, state, name);
    for (size_t i = 0; i < ARRAY_LEN(shown_rows); i++)
        if (strcmp(shown_rows[i].type, type) == 0) {
            *ARENA_PUSH(reading->arena, state->shown, state->shown_count, state->shown_capacity) =
                (struct shown){&shown_rows[i], name};
            return;
        }
    /* a session's own are told by newer servers */
    if (strncmp(type, "TEMPORARY", 9) != 0)
        catalog_add_unread(reading->parts[0].catalog,
                           arena_printf(reading->arena, "%s %s", type, name), 1);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static const char *plain(const struct reading *reading, const char *text, enum mysql_text kind)
{
    const struct state *state = reading->state;
    return mysql_plain(reading->arena, text, &state->names, kind);
}

static void add_trigger(const struct reading *reading, const struct grid *rows, size_t row)
{
    struct object *trigger = catalog_add(reading->parts[0].catalog, OBJECT_TRIGGER,
                                         grid_value(rows, row, 0), grid_value(rows, row, 1));
    object_set(trigger, ASPECT_SHAPE, "timing", grid_value(rows, row, 2));
    object_set(trigger, ASPECT_ORDER, "position", grid_value(rows, row, 3));
    object_set(trigger, ASPECT_SHAPE, "definition",
               plain(reading, grid_value(rows, row, 4), MYSQL_TEXT_BODY));
    object_set(trigger, ASPECT_SHAPE, "sql mode", grid_value(rows, row, 5));
    object_set(trigger, ASPECT_OWNERS, "definer", grid_value(rows, row, 6));
}

static void add_event(const struct reading *reading, const struct grid *rows, size_t row)
{
    static const struct {
        const char *property;
        enum aspect aspect;
    } columns[] = {
        {NULL, ASPECT_SHAPE},         {"every", ASPECT_SHAPE},         {"at", ASPECT_SHAPE},
        {"ends", ASPECT_SHAPE},       {"on completion", ASPECT_SHAPE}, {"status", ASPECT_SHAPE},
        {"definition", ASPECT_SHAPE}, {"sql mode", ASPECT_SHAPE},      {"time zone", ASPECT_SHAPE},
        {"comment", ASPECT_COMMENTS}, {"definer", ASPECT_OWNERS},
    };
    struct object *event =
        catalog_add(reading->parts[0].catalog, OBJECT_EVENT, NULL, grid_value(rows, row, 0));
    for (size_t i = 1; i < ARRAY_LEN(columns) && i < rows->column_count; i++) {
        const char *value = grid_value(rows, row, i);
        if (value && *value && strcmp(value, "EVERY") != 0)
            object_set(event, columns[i].aspect, columns[i].property,
                       plain(reading, value, MYSQL_TEXT_BODY));
    }
}

static void take_names(struct reading *reading, const struct grid *answers)
{
    struct state *state = reading->state;
    const struct grid *database = &answers[QUERY_DATABASE];
    struct object *whole = catalog_add(reading->parts[0].catalog, OBJECT_DATABASE, NULL, "");
    if (database->row_count) {
        state->names.database = grid_value(database, 0, 0);
        object_set(whole, ASPECT_VERSIONS, "collation", grid_value(database, 0, 1));
    }
    for (int query = QUERY_TABLES; query <= QUERY_ROUTINES; query++)
        for (size_t row = 0; row < answers[query].row_count; row++) {
            const char *name = grid_value(&answers[query], row, 1);
            if (query == QUERY_ROUTINES || !reading_leaves_out(reading, name))
                take_name(reading, state, grid_value(&answers[query], row, 0), name);
        }
    if (state->names.count)
        qsort(state->objects, state->names.count, sizeof *state->objects, compare_names);
    state->names.objects = state->objects;
    for (size_t row = 0; row < answers[QUERY_TRIGGERS].row_count; row++)
        if (!reading_leaves_out(reading, grid_value(&answers[QUERY_TRIGGERS], row, 0)))
            add_trigger(reading, &answers[QUERY_TRIGGERS], row);
    for (size_t row = 0; row < answers[QUERY_EVENTS].row_count; row++)
        add_event(reading, &answers[QUERY_EVENTS], row);
}

/* ---- texts ------------------------------------------------------------------------------------ */

/* A value of `CREATE ALGORITHM=UNDEFINED DEFINER=`a`@`b` SQL SECURITY DEFINER VIEW `v` AS …`; *at moves on after it. */
static const char *take_value(struct arena *arena, const char **at, const char *key)
{
    size_t len = strlen(key);
    if (strncmp(*at, key, len) != 0)
        return NULL;
    const char *from = *at + len, *end = mysql_skip_word(from);
    *at = mysql_skip_spaces(end);
    return arena_strndup(arena, from, (size_t)(end - from));
}

/* Sets what stands before the object's name, and returns what comes after that. */
static const char *read_head(struct object *object, const char *text, const char *words)
{
    struct arena *arena = object->catalog->arena;
    const char *at = text, *after;
    take_value(arena, &at, "CREATE");
    at = mysql_skip_spaces(at);
    object_set(object, ASPECT_SHAPE, "algorithm", take_value(arena, &at, "ALGORITHM="));
    object_set(object, ASPECT_OWNERS, "definer", take_value(arena, &at, "DEFINER="));
    object_set(object, ASPECT_SHAPE, "security", take_value(arena, &at, "SQL SECURITY "));
    object_set_flag(object, ASPECT_SHAPE, "aggregate", take_value(arena, &at, "AGGREGATE") != NULL);
    if (strncmp(at, words, strlen(words)) == 0)
        at = mysql_skip_spaces(at + strlen(words));
    mysql_read_name(arena, at, &after);
    return mysql_skip_spaces(after);
}

static void add_text(const struct reading *reading, const struct shown *shown, const char *text,
                     const char *mode)
{
    struct catalog *catalog = reading->parts[0].catalog;
    const struct shown_row *row = shown->row;
    const struct state *state = reading->state;
    enum mysql_text kind = row->kind == OBJECT_VIEW ? MYSQL_TEXT_VIEW
                           : row->mode_column != 0  ? MYSQL_TEXT_BODY
                                                    : MYSQL_TEXT_EXPRESSION;
    if (row->kind == OBJECT_TABLE) {
        mysql_read_table(catalog, shown->name, text, &state->names);
        return;
    }
    const char *name = shown->name;
    if (strcmp(row->words, "PACKAGE BODY") == 0)
        name = arena_printf(reading->arena, "%s (body)", name);
    struct object *object = catalog_add(catalog, row->kind, NULL, name);
    object->sql = text;
    const char *definition = read_head(object, text, row->words);
    object_set(object, ASPECT_SHAPE, "definition", plain(reading, definition, kind));
    object_set(object, ASPECT_SHAPE, "sql mode", mode);
}

static void take_text(const struct reading *reading, const struct shown *shown,
                      const struct grid *rows)
{
    const struct shown_row *row = shown->row;
    bool is_told = rows->row_count && rows->column_count > row->text_column;
    const char *text = is_told ? grid_value(rows, 0, row->text_column) : NULL;
    if (text)
        add_text(reading, shown, text,
                 row->mode_column ? grid_value(rows, 0, row->mode_column) : NULL);
    else
        catalog_add_unread(reading->parts[0].catalog,
                           arena_printf(reading->arena,
                                        "%s %s, for whose text the login has no privilege",
                                        object_kind_name(row->kind), shown->name),
                           1);
}

static bool take(struct reading *reading, const struct grid *answers, size_t count, struct err *err)
{
    const struct state *state = reading->state;
    size_t expected = reading->round == ROUND_NAMES ? (size_t)QUERY__COUNT : state->shown_count;
    if (count != expected) {
        err_set(err, ERR_INTERNAL, "%zu answers came to %zu queries of the catalog", count,
                expected);
        return false;
    }
    if (reading->round == ROUND_NAMES)
        take_names(reading, answers);
    for (size_t i = 0; reading->round == ROUND_TEXTS && i < count; i++)
        take_text(reading, &state->shown[i], &answers[i]);
    return true;
}

const struct catalog_reader mysql_catalog_reader = {.rounds = 2, .ask = ask, .take = take};
