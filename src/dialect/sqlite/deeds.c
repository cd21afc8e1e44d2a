#include "dialect/sqlite/deeds.h"

#include <sqlite3.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/sqlite/deed_head.h"

enum { EVENTS_MOST = 64, STEPS_MOST = 10 };

/* One thing that the authorizer was asked about. */
struct deed_event {
    int action;
    const char *first, *second; /* what SQLite calls the third and fourth parameter; or NULL */
};

struct deed_reader {
    sqlite3 *db;
    int steps; /* of a thousand instructions: how long a change of the schema may take here */
    struct arena *arena;
    struct deed_event events[EVENTS_MOST];
    size_t count;
    bool has_now; /* the statement has the literal 'now' */
    const char *changing;
};

/* ---- the authorizer ------------------------------------------------------------------------------ */

static const char *changing_function(const struct deed_reader *reader, const char *name)
{
    static const char *const always[] = {"random",       "randomblob",   "current_timestamp",
                                         "current_date", "current_time", "sqlite_version"};
    static const char *const with_now[] = {"datetime",  "date",     "time",
                                           "julianday", "strftime", "unixepoch"};
    for (size_t i = 0; i < ARRAY_LEN(always); i++)
        if (ascii_is_same(name, always[i]))
            return always[i];
    for (size_t i = 0; i < ARRAY_LEN(with_now) && reader->has_now; i++)
        if (ascii_is_same(name, with_now[i]))
            return with_now[i];
    return NULL;
}

/* Nothing may leave the database in memory. */
static bool is_harmless_pragma(const char *name)
{
    static const char *const names[] = {"foreign_keys", "legacy_alter_table", "defer_foreign_keys",
                                        "foreign_key_check"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (ascii_is_same(name, names[i]))
            return true;
    return false;
}

static bool is_systems(const char *name)
{
    return name && ascii_begins(name, "sqlite_");
}

static void add_event(struct deed_reader *reader, int action, const char *first, const char *second)
{
    for (size_t i = 0; i < reader->count; i++)
        if (reader->events[i].action == action && first && reader->events[i].first &&
            strcmp(reader->events[i].first, first) == 0)
            return;
    if (reader->count < EVENTS_MOST)
        reader->events[reader->count++] = (struct deed_event){
            action, arena_strdup(reader->arena, first), arena_strdup(reader->arena, second)};
}

/* An sqlite3_set_authorizer callback. */
static int on_action(void *ctx, int action, const char *first, const char *second, const char *db,
                     const char *trigger)
{
    struct deed_reader *reader = ctx;
    (void)db;
    (void)trigger;
    if (!reader->arena) /* the replay of what was read already */
        return action == SQLITE_ATTACH || action == SQLITE_DETACH ? SQLITE_DENY : SQLITE_OK;
    if (action == SQLITE_ATTACH || action == SQLITE_DETACH)
        return SQLITE_DENY;
    if (action == SQLITE_PRAGMA)
        return first && is_harmless_pragma(first) ? SQLITE_OK : SQLITE_DENY;
    if (action == SQLITE_FUNCTION) {
        if (second && ascii_is_same(second, "load_extension"))
            return SQLITE_DENY;
        if (second && !reader->changing)
            reader->changing = changing_function(reader, second);
        return SQLITE_OK;
    }
    if (!is_systems(first) && !(action == SQLITE_ALTER_TABLE && is_systems(second)))
        add_event(reader, action, first, second);
    return SQLITE_OK;
}

static int on_progress(void *ctx)
{
    struct deed_reader *reader = ctx;
    return ++reader->steps > STEPS_MOST;
}

void *sqlite_open_deeds(void)
{
    struct deed_reader *reader = xcalloc(1, sizeof *reader);
    if (sqlite3_open_v2(":memory:", &reader->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        sqlite3_close(reader->db);
        reader->db = NULL;
        return reader;
    }
    sqlite3_set_authorizer(reader->db, on_action, reader);
    sqlite3_progress_handler(reader->db, 1000, on_progress, reader);
    return reader;
}

void sqlite_close_deeds(void *reader)
{
    struct deed_reader *closing = reader;
    if (closing)
        sqlite3_close(closing->db);
    free(closing);
}

/* The schema that was made since the mark goes again. What cannot be marked is only less well known. */
void sqlite_mark_deeds(void *reader)
{
    struct deed_reader *state = reader;
    state->steps = 0;
    if (state->db)
        (void)sqlite3_exec(state->db, "SAVEPOINT way_back", NULL, NULL, NULL);
}

void sqlite_undo_deeds(void *reader)
{
    struct deed_reader *state = reader;
    state->steps = 0;
    if (state->db)
        (void)sqlite3_exec(state->db, "ROLLBACK TO way_back; RELEASE way_back", NULL, NULL, NULL);
}

/* ---- deeds ---------------------------------------------------------------------------------------- */

struct telling {
    struct deed_reader *reader;
    struct deeds *deeds;
    const char *sql;
    struct deed_head head;
};

/* `, index ix_a, trigger t_b`: what goes with the table, and what a statement made; NULL: nothing. */
static const char *what_goes(const struct telling *telling, const char *table)
{
    static const char sql[] =
        "SELECT type || ' ' || name FROM main.sqlite_schema WHERE sql NOTNULL "
        "AND type IN ('index', 'trigger') AND tbl_name = ?1 COLLATE NOCASE UNION ALL "
        "SELECT 'AUTOINCREMENT mark' FROM main.sqlite_schema WHERE type = 'table' "
        "AND name = ?1 COLLATE NOCASE AND sql LIKE '%AUTOINCREMENT%' ORDER BY 1";
    sqlite3_stmt *prepared = NULL;
    struct buf text;
    buf_init(&text, 4096);
    telling->reader->arena = NULL;
    if (sqlite3_prepare_v2(telling->reader->db, sql, -1, &prepared, NULL) == SQLITE_OK &&
        sqlite3_bind_text(prepared, 1, table, -1, SQLITE_STATIC) == SQLITE_OK)
        while (sqlite3_step(prepared) == SQLITE_ROW)
            buf_addf(&text, "%s%s", text.len ? ", " : "", sqlite3_column_text(prepared, 0));
    sqlite3_finalize(prepared);
    const char *names = text.len ? arena_strdup(telling->deeds->arena, text.data) : NULL;
    buf_done(&text);
    return names;
}

/* The library knows the table, and no foreign key of another leads to it. */
static bool is_unreferred(const struct telling *telling, const char *table)
{
    static const char sql[] =
        "SELECT count(*) = 1 AND NOT EXISTS (SELECT 1 FROM main.sqlite_schema AS child,"
        " pragma_foreign_key_list(child.name) AS key WHERE child.type = 'table'"
        " AND child.name <> ?1 COLLATE NOCASE AND key.\"table\" = ?1 COLLATE NOCASE)"
        " FROM main.sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
    sqlite3_stmt *prepared = NULL;
    bool is_known = false;
    telling->reader->arena = NULL;
    if (sqlite3_prepare_v2(telling->reader->db, sql, -1, &prepared, NULL) == SQLITE_OK &&
        sqlite3_bind_text(prepared, 1, table, -1, SQLITE_STATIC) == SQLITE_OK &&
        sqlite3_step(prepared) == SQLITE_ROW)
        is_known = sqlite3_column_int(prepared, 0) != 0;
    sqlite3_finalize(prepared);
    return is_known;
}

static void tell_alter(const struct telling *telling, const char *table)
{
    struct arena *arena = telling->deeds->arena;
    struct sqlite_cursor cursor = telling->head.rest;
    struct deed deed = {.table = table};
    if (sqlite_take_word(&cursor, "add")) {
        sqlite_take_word(&cursor, "column");
        deed.kind = DEED_ADD_COLUMN;
        deed.column = sqlite_take_name(arena, &cursor);
        sqlite_read_column(arena, &cursor, &deed);
    } else if (sqlite_take_word(&cursor, "drop")) {
        sqlite_take_word(&cursor, "column");
        deed.kind = DEED_DROP_COLUMN;
        deed.column = sqlite_take_name(arena, &cursor);
    } else if (sqlite_take_word(&cursor, "rename")) {
        bool is_table = sqlite_take_word(&cursor, "to");
        deed.kind = DEED_RENAME;
        deed.what = is_table ? "table" : "column";
        deed.flags |= is_table && is_unreferred(telling, table) ? DEED_UNREFERRED : 0;
        if (!is_table) {
            sqlite_take_word(&cursor, "column");
            deed.column = sqlite_take_name(arena, &cursor);
            sqlite_take_word(&cursor, "to");
        }
        deed.other = sqlite_take_name(arena, &cursor);
    } else {
        return;
    }
    *deeds_add(telling->deeds, deed.kind) = deed;
}

/* The first other table that is read. */
static const char *find_source(const struct telling *telling, const char *table)
{
    const struct deed_reader *reader = telling->reader;
    for (size_t i = 0; i < reader->count; i++)
        if (reader->events[i].action == SQLITE_READ && reader->events[i].first &&
            !ascii_is_same(reader->events[i].first, table))
            return reader->events[i].first;
    struct sqlite_cursor cursor = telling->head.rest;
    while (cursor.token.kind != TOKEN_END && !sqlite_take_word(&cursor, "from"))
        sqlite_skip(&cursor);
    return cursor.token.kind == TOKEN_END ? NULL : sqlite_take_name(telling->deeds->arena, &cursor);
}

static void tell_rows(const struct telling *telling, int action, const char *table)
{
    bool copies = action == SQLITE_INSERT && sqlite_has_word(telling->head.rest, "select");
    struct deed *deed = deeds_add(telling->deeds, action == SQLITE_UPDATE   ? DEED_UPDATE
                                                  : action == SQLITE_DELETE ? DEED_DELETE
                                                  : copies                  ? DEED_COPY_ROWS
                                                                            : DEED_INSERT);
    deed->table = table;
    deed->what = action == SQLITE_DELETE ? NULL : telling->reader->changing;
    deed->flags |= deed->what ? DEED_UNSTABLE : 0;
    /* what an upsert or a trigger changes are the rows that it meets */
    bool is_own = telling->head.action == action && ascii_is_same(telling->head.table, table);
    if (action != SQLITE_INSERT)
        deed->flags |= !is_own || sqlite_leaves_rows_out(telling->head.rest) ? 0 : DEED_ALL_ROWS;
    if (copies)
        deed->other = find_source(telling, table);
    if (action == SQLITE_INSERT && is_own)
        sqlite_add_number_deeds(telling->deeds, telling->head.rest, table);
}

static bool has_event(const struct deed_reader *reader, int action)
{
    for (size_t i = 0; i < reader->count; i++)
        if (reader->events[i].action == action)
            return true;
    return false;
}

static bool changes_schema(const struct deed_reader *reader)
{
    static const int actions[] = {
        SQLITE_CREATE_TABLE, SQLITE_CREATE_INDEX,  SQLITE_CREATE_VIEW, SQLITE_CREATE_TRIGGER,
        SQLITE_DROP_TABLE,   SQLITE_DROP_INDEX,    SQLITE_DROP_VIEW,   SQLITE_DROP_TRIGGER,
        SQLITE_ALTER_TABLE,  SQLITE_CREATE_VTABLE, SQLITE_DROP_VTABLE,
    };
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (has_event(reader, actions[i]))
            return true;
    return false;
}

/* Of what has a name of its own. */
static enum deed_kind kind_of_named(int action)
{
    switch (action) {
    case SQLITE_CREATE_INDEX: return DEED_CREATE_INDEX;
    case SQLITE_DROP_INDEX: return DEED_DROP_INDEX;
    case SQLITE_CREATE_TRIGGER: return DEED_TRIGGER;
    default: return DEED_CREATE_THING;
    }
}

static void tell_event(const struct telling *telling, const struct deed_event *event)
{
    const struct deed_head *head = &telling->head;
    struct deed deed = {.flags = head->flags, .table = event->first};
    bool is_schema = changes_schema(telling->reader);
    switch (event->action) {
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_TEMP_TABLE:
        deed.kind = DEED_CREATE_TABLE;
        deed.flags |= sqlite_is_word(&head->rest.token, "as") ? DEED_FILLS : 0;
        break;
    case SQLITE_DROP_TABLE:
        deed.kind = DEED_DROP_TABLE;
        deed.what = "table";
        deed.name = what_goes(telling, event->first);
        break;
    case SQLITE_CREATE_INDEX:
    case SQLITE_DROP_INDEX:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_VIEW:
        deed.kind = kind_of_named(event->action);
        deed.name = event->first;
        deed.table = event->action == SQLITE_CREATE_VIEW ? NULL : event->second;
        break;
    case SQLITE_ALTER_TABLE: tell_alter(telling, event->second); return;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        if (!is_schema)
            tell_rows(telling, event->action, event->first);
        return;
    default: return;
    }
    *deeds_add(telling->deeds, deed.kind) = deed;
    if (deed.kind == DEED_CREATE_TABLE)
        sqlite_add_column_deeds(telling->deeds, telling->sql, deed.table);
}

/* An index on one column, and on all rows. */
static void name_column(const struct telling *telling, size_t first)
{
    struct sqlite_cursor cursor = telling->head.rest;
    if (telling->head.action != SQLITE_CREATE_INDEX || !sqlite_take_sign(&cursor, "("))
        return;
    const char *column = sqlite_take_name(telling->deeds->arena, &cursor);
    bool is_one = column && sqlite_take_sign(&cursor, ")") && cursor.token.kind == TOKEN_END;
    for (size_t i = first; i < telling->deeds->count && is_one; i++)
        if (telling->deeds->items[i].kind == DEED_CREATE_INDEX)
            telling->deeds->items[i].column = column;
}

/* What the library does not know (a table that no revision made) is told by the words. */
static void guess_event(struct telling *telling)
{
    const struct deed_head *head = &telling->head;
    bool is_alter = head->action == SQLITE_ALTER_TABLE;
    bool is_named = head->action == SQLITE_CREATE_INDEX || head->action == SQLITE_CREATE_TRIGGER;
    telling->reader->count = 0;
    if (!head->action || !head->table)
        return;
    add_event(telling->reader, head->action,
              is_alter   ? "main"
              : is_named ? head->name
                         : head->table,
              head->table);
}

/* A view or trigger that leads nowhere stops a rename: `error in view v: no such table: main.t`. */
static void tell_refusal(const struct telling *telling, size_t first)
{
    const char *said = sqlite3_errmsg(telling->reader->db);
    struct deeds *deeds = telling->deeds;
    for (size_t i = first; i < deeds->count && ascii_begins(said, "error in "); i++)
        if (deeds->items[i].kind == DEED_RENAME)
            deeds->items[i].name = arena_strdup(deeds->arena, said);
}

void sqlite_read_deeds(void *reader, const char *sql, size_t len, struct deeds *deeds)
{
    struct deed_reader *state = reader;
    sqlite3_stmt *prepared = NULL;
    struct telling telling = {state, deeds, arena_strndup(deeds->arena, sql, len), {0}};
    size_t first = deeds->count;
    if (!state->db)
        return;
    state->arena = deeds->arena;
    state->count = 0;
    state->steps = 0;
    state->changing = NULL;
    state->has_now = sqlite_has_now(telling.sql);
    telling.head = sqlite_read_head(deeds->arena, telling.sql);
    bool is_known = sqlite3_prepare_v2(state->db, telling.sql, -1, &prepared, NULL) == SQLITE_OK;
    /* IF EXISTS of what no revision made: the library tells of nothing */
    bool is_silent = !state->count && telling.head.flags & DEED_CONDITIONAL;
    if (!is_known || is_silent)
        guess_event(&telling);
    bool is_replayed = is_known && !is_silent && changes_schema(state);
    for (size_t i = 0; i < state->count; i++) {
        tell_event(&telling, &state->events[i]);
        state->arena = deeds->arena;
    }
    name_column(&telling, first);
    state->arena = NULL;
    if (is_replayed && sqlite3_step(prepared) != SQLITE_DONE)
        tell_refusal(&telling, first);
    sqlite3_finalize(prepared);
}
