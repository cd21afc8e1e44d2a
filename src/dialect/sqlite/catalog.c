#include "dialect/sqlite/catalog.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/map.h"
#include "dialect/sqlite/table.h"

enum { ROW_TYPE, ROW_NAME, ROW_TABLE, ROW_SQL, ROW__COUNT };

struct row {
    const char *type, *name, *table, *sql;
    struct sqlite_cursor cursor; /* after the name */
    const char *key;             /* the name, written in one way */
};

struct reader {
    struct reading *reading;
    struct catalog *catalog;
    const struct grid *rows;
    struct map shadows; /* tables of virtual tables, by their names in lower case */
    struct map keys;    /* tables with a primary key, by their names written in one way -> object */
};

static const char *lower(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);
    for (char *p = copy; *p; p++)
        *p = ascii_to_lower(*p);
    return copy;
}

/* ---- statements ---------------------------------------------------------------------------------- */

/* To the token after the name, in CREATE … NAME; its place says where the name stands. */
static void find_name(struct reader *reader, struct row *row)
{
    struct sqlite_cursor *cursor = &row->cursor;
    *cursor = sqlite_cursor(row->sql);
    (void)sqlite_take_word(cursor, "create");
    (void)(sqlite_take_word(cursor, "virtual") || sqlite_take_word(cursor, "unique"));
    sqlite_advance(cursor); /* TABLE, INDEX, VIEW, TRIGGER */
    struct sqlite_cursor begin = *cursor;
    sqlite_advance(cursor);
    row->key = sqlite_text(reader->catalog, begin, cursor);
}

static void read_table(struct reader *reader, struct row *row)
{
    struct catalog *catalog = reader->catalog;
    size_t before = catalog->object_count;
    struct object *table = catalog_add(catalog, OBJECT_TABLE, NULL, row->name);
    table->sql = row->sql;
    sqlite_read_table(table, row->cursor);
    for (size_t i = before; i < catalog->object_count; i++)
        if (catalog->objects[i]->kind == OBJECT_PRIMARY_KEY)
            map_put(&reader->keys, row->key, (uint32_t)i);
}

static void read_virtual_table(struct reader *reader, struct row *row)
{
    struct object *table = catalog_add(reader->catalog, OBJECT_VIRTUAL_TABLE, NULL, row->name);
    struct sqlite_cursor *cursor = &row->cursor;
    table->sql = row->sql;
    (void)sqlite_take_word(cursor, "using");
    struct sqlite_cursor begin = *cursor;
    sqlite_advance(cursor);
    object_set(table, ASPECT_SHAPE, "module", sqlite_text(reader->catalog, begin, cursor));
    begin = *cursor;
    while (cursor->token.kind != TOKEN_END)
        sqlite_advance(cursor);
    if (begin.token.kind != TOKEN_END)
        object_set(table, ASPECT_SHAPE, "arguments", sqlite_text(reader->catalog, begin, cursor));
}

static void take_to_end(struct object *object, const char *property, struct sqlite_cursor *cursor)
{
    struct sqlite_cursor begin = *cursor;
    while (cursor->token.kind != TOKEN_END)
        sqlite_advance(cursor);
    object_set(object, ASPECT_SHAPE, property, sqlite_text(object->catalog, begin, cursor));
}

static void read_index(struct reader *reader, struct row *row)
{
    struct object *index = catalog_add(reader->catalog, OBJECT_INDEX, row->table, row->name);
    struct sqlite_cursor *cursor = &row->cursor, head = sqlite_cursor(row->sql);
    index->sql = row->sql;
    object_set_flag(index, ASPECT_SHAPE, "unique",
                    sqlite_take_word(&head, "create") && sqlite_is_word(&head.token, "unique"));
    (void)sqlite_take_word(cursor, "on");
    sqlite_advance(cursor);
    object_set(index, ASPECT_SHAPE, "columns", sqlite_take_columns(reader->catalog, cursor));
    if (sqlite_take_word(cursor, "where"))
        take_to_end(index, "where", cursor);
    else if (cursor->token.kind != TOKEN_END)
        take_to_end(index, "rest", cursor);
}

static void read_view(struct reader *reader, struct row *row)
{
    struct object *view = catalog_add(reader->catalog, OBJECT_VIEW, NULL, row->name);
    view->sql = row->sql;
    object_set(view, ASPECT_SHAPE, "columns", sqlite_take_columns(reader->catalog, &row->cursor));
    (void)sqlite_take_word(&row->cursor, "as");
    take_to_end(view, "query", &row->cursor);
}

/* BEFORE and FOR EACH ROW are the defaults. */
static void read_trigger(struct reader *reader, struct row *row)
{
    struct object *trigger = catalog_add(reader->catalog, OBJECT_TRIGGER, row->table, row->name);
    struct sqlite_cursor *cursor = &row->cursor, begin = *cursor;
    bool has_timing = sqlite_is_word(&begin.token, "before") ||
                      sqlite_is_word(&begin.token, "after") ||
                      sqlite_is_word(&begin.token, "instead");
    trigger->sql = row->sql;
    while (cursor->token.kind != TOKEN_END && !sqlite_is_word(&cursor->token, "on"))
        sqlite_advance(cursor);
    const char *event = sqlite_text(reader->catalog, begin, cursor);
    object_set(trigger, ASPECT_SHAPE, "event",
               has_timing ? event : arena_printf(reader->catalog->arena, "before %s", event));
    (void)sqlite_take_word(cursor, "on");
    sqlite_advance(cursor);
    if (sqlite_take_word(cursor, "for")) {
        (void)sqlite_take_word(cursor, "each");
        (void)sqlite_take_word(cursor, "row");
    }
    if (sqlite_take_word(cursor, "when")) {
        begin = *cursor;
        while (cursor->token.kind != TOKEN_END && !sqlite_is_word(&cursor->token, "begin"))
            sqlite_skip(cursor);
        object_set(trigger, ASPECT_SHAPE, "when", sqlite_text(reader->catalog, begin, cursor));
    }
    (void)sqlite_take_word(cursor, "begin");
    take_to_end(trigger, "body", cursor);
}

static void read_database(struct reader *reader, struct row *row)
{
    struct object *database = catalog_add(reader->catalog, OBJECT_DATABASE, NULL, "");
    object_set(database, ASPECT_SHAPE, "user version",
               strcmp(row->name, "0") == 0 ? NULL : row->name);
    object_set(database, ASPECT_SHAPE, "application id",
               strcmp(row->table, "0") == 0 ? NULL : row->table);
}

/* ---- rows ---------------------------------------------------------------------------------------- */

static bool is_virtual(const struct row *row)
{
    struct sqlite_cursor cursor = sqlite_cursor(row->sql);
    return strcmp(row->type, "table") == 0 && sqlite_take_word(&cursor, "create") &&
           sqlite_is_word(&cursor.token, "virtual");
}

static struct row row_at(const struct reader *reader, size_t at)
{
    const struct grid *rows = reader->rows;
    const char *values[ROW__COUNT];
    for (size_t i = 0; i < ROW__COUNT; i++)
        values[i] = grid_value(rows, at, i) ? grid_value(rows, at, i) : "";
    return (struct row){.type = values[ROW_TYPE],
                        .name = values[ROW_NAME],
                        .table = values[ROW_TABLE],
                        .sql = values[ROW_SQL]};
}

/* What a virtual table keeps is its module's affair, and is made with it. */
static void note_shadows(struct reader *reader, struct row *row)
{
    static const struct {
        const char *module, *tables[6];
    } modules[] = {
        {"fts3", {"content", "segments", "segdir", "docsize", "stat"}},
        {"fts4", {"content", "segments", "segdir", "docsize", "stat"}},
        {"fts5", {"data", "idx", "content", "docsize", "config"}},
        {"rtree", {"node", "rowid", "parent"}},
        {"rtree_i32", {"node", "rowid", "parent"}},
        {"geopoly", {"node", "rowid", "parent"}},
        {"spellfix1", {"vocab"}},
    };
    struct arena *arena = reader->catalog->arena;
    find_name(reader, row);
    (void)sqlite_take_word(&row->cursor, "using");
    const char *module = sqlite_token_name(arena, &row->cursor.token);
    for (size_t i = 0; i < ARRAY_LEN(modules); i++)
        for (size_t t = 0; ascii_is_same(module, modules[i].module) && modules[i].tables[t]; t++)
            map_put(&reader->shadows,
                    arena_printf(arena, "%s_%s", lower(arena, row->name), modules[i].tables[t]), 0);
}

static bool is_left_out(struct reader *reader, const struct row *row)
{
    if (reading_leaves_out(reader->reading, row->table))
        return true;
    if (ascii_begins(row->name, "sqlite_") || ascii_begins(row->table, "sqlite_"))
        return true;
    return reader->shadows.count &&
           map_get(&reader->shadows, lower(reader->catalog->arena, row->table)) != MAP_NONE;
}

static void read_row(struct reader *reader, struct row *row)
{
    static const struct {
        const char *type;
        void (*read)(struct reader *reader, struct row *row);
    } types[] = {{"table", read_table},
                 {"index", read_index},
                 {"view", read_view},
                 {"trigger", read_trigger}};
    if (strcmp(row->type, "database") == 0) {
        read_database(reader, row);
        return;
    }
    if (is_left_out(reader, row))
        return;
    find_name(reader, row);
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strcmp(row->type, types[i].type) == 0) {
            (is_virtual(row) ? read_virtual_table : types[i].read)(reader, row);
            return;
        }
    catalog_add_unread(reader->catalog, row->type, 1);
}

/* REFERENCES without columns means the primary key. */
static void find_targets(struct reader *reader)
{
    struct catalog *catalog = reader->catalog;
    for (size_t i = 0; i < catalog->object_count; i++) {
        struct object *key = catalog->objects[i];
        const char *table = object_get(key, "table");
        if (key->kind != OBJECT_FOREIGN_KEY || !table || object_get(key, "target columns"))
            continue;
        uint32_t at = map_get(&reader->keys, table);
        const char *columns = at == MAP_NONE ? NULL : object_get(catalog->objects[at], "columns");
        if (columns && !strstr(columns, " desc") && !strstr(columns, " collate"))
            object_set(key, ASPECT_SHAPE, "target columns", columns);
    }
}

/* ---- the interface ------------------------------------------------------------------------------- */

static void ask(struct reading *reading)
{
    static const struct grid_shape shape = {"....", 0};
    if (reading->round == 0)
        reading_ask(reading,
                    "SELECT type, name, tbl_name, sql FROM main.sqlite_schema UNION ALL "
                    "SELECT 'database', user_version, (SELECT application_id FROM "
                    "pragma_application_id), NULL FROM pragma_user_version",
                    &shape);
}

static bool take(struct reading *reading, const struct grid *answers, size_t count, struct err *err)
{
    struct reader reader = {
        .reading = reading, .catalog = reading->parts[0].catalog, .rows = answers};
    if (count != 1 || (answers->row_count && answers->column_count != ROW__COUNT))
        return err_set(err, ERR_INTERNAL, "sqlite_schema did not answer as it should");
    reader.catalog->group = "sqlite 3";
    reader.catalog->folds_names = true;
    map_init(&reader.shadows);
    map_init(&reader.keys);
    for (size_t i = 0; i < answers->row_count; i++) {
        struct row row = row_at(&reader, i);
        if (is_virtual(&row))
            note_shadows(&reader, &row);
    }
    for (size_t i = 0; i < answers->row_count; i++) {
        struct row row = row_at(&reader, i);
        read_row(&reader, &row);
    }
    find_targets(&reader);
    map_done(&reader.shadows);
    map_done(&reader.keys);
    return true;
}

const struct catalog_reader sqlite_catalog = {.rounds = 1, .ask = ask, .take = take};
