/* PostgreSQL's catalogs as records: one statement for any number of schemas of a database, and what its rows say.
 *
 * A serial column is an integer whose default is the next value of a sequence that it owns: its default then is
 * `nextval(own sequence)`, and the sequence's name, which follows no renaming, is compared where names are.
 */
#include "dialect/postgres/catalog.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/map.h"
#include "dialect/postgres/catalog_sql.h"
#include "dialect/postgres/catalog_text.h"
#include "dialect/postgres/emit_text.h"
#include "dialect/postgres/needs.h"
#include "dialect/template.h"
#include "schema/reader.h"

/* What a property's value is, and so what becomes of it. */
enum value_kind {
    VALUE_PLAIN,
    VALUE_EXPRESSION,
    VALUE_DEFINITION, /* of the object as a whole */
    VALUE_OWN_SEQUENCE,
    VALUE_SCHEMA, /* is no property */
};

struct property_row {
    const char *name;
    enum aspect aspect;
    enum value_kind value;
};

/* All others are of the shape, and plain. */
static const struct property_row property_rows[] = {
    {"schema", ASPECT_SHAPE, VALUE_SCHEMA},
    {"encoding", ASPECT_VERSIONS, VALUE_PLAIN},
    {"version", ASPECT_VERSIONS, VALUE_PLAIN},
    {"position", ASPECT_ORDER, VALUE_PLAIN},
    {"comment", ASPECT_COMMENTS, VALUE_PLAIN},
    {"privileges", ASPECT_PRIVILEGES, VALUE_PLAIN},
    {"default privileges", ASPECT_PRIVILEGES, VALUE_PLAIN},
    {"owner", ASPECT_OWNERS, VALUE_PLAIN},
    {"storage parameters", ASPECT_STORAGE, VALUE_PLAIN},
    {"tablespace", ASPECT_STORAGE, VALUE_PLAIN},
    {"storage", ASPECT_STORAGE, VALUE_PLAIN},
    {"compression", ASPECT_STORAGE, VALUE_PLAIN},
    {"statistics options", ASPECT_STORAGE, VALUE_PLAIN},
    {"clustered", ASPECT_STORAGE, VALUE_PLAIN},
    {"definition", ASPECT_SHAPE, VALUE_DEFINITION},
    {"default", ASPECT_SHAPE, VALUE_EXPRESSION},
    {"generated stored", ASPECT_SHAPE, VALUE_EXPRESSION},
    {"generated virtual", ASPECT_SHAPE, VALUE_EXPRESSION},
    {"using", ASPECT_SHAPE, VALUE_EXPRESSION},
    {"with check", ASPECT_SHAPE, VALUE_EXPRESSION},
    {"bound", ASPECT_SHAPE, VALUE_EXPRESSION},
    {"partition by", ASPECT_SHAPE, VALUE_EXPRESSION},
    {"own sequence", ASPECT_NAMES, VALUE_OWN_SEQUENCE},
};

enum column { COLUMN_PART, COLUMN_KIND, COLUMN_OWNER, COLUMN_NAME, COLUMN_PROPERTIES };

/* One schema's names, while its rows become objects. */
struct place {
    struct schema_names names;
    struct map objects;
    bool is_for_emitter;
};

/* ---- the question ----------------------------------------------------------------------------- */

static void ask(struct reading *reading)
{
    static const struct grid_shape shape = {"!!.!!", 0};
    struct buf sql;
    if (reading->round)
        return;
    buf_init(&sql, SIZE_MAX / 2);
    postgres_add_catalog_sql(&sql, reading);
    reading_ask(reading, buf_into(&sql, reading->arena), &shape);
    for (size_t i = 0; reading->is_for_emitter && i < reading->part_count; i++)
        postgres_ask_needs(reading, i);
}

/* ---- values ----------------------------------------------------------------------------------- */

static const struct property_row *find_property(const char *name)
{
    static const struct property_row plain = {NULL, ASPECT_SHAPE, VALUE_PLAIN};
    for (size_t i = 0; i < ARRAY_LEN(property_rows); i++)
        if (strcmp(property_rows[i].name, name) == 0)
            return &property_rows[i];
    return &plain;
}

static bool is_routine(enum object_kind kind)
{
    return kind == OBJECT_FUNCTION || kind == OBJECT_PROCEDURE;
}

static bool is_view(enum object_kind kind)
{
    return kind == OBJECT_VIEW || kind == OBJECT_MATERIALIZED_VIEW;
}

static const char *trim_query(struct arena *arena, const char *text)
{
    while (*text == ' ' || *text == '\n')
        text++;
    size_t len = strlen(text);
    return arena_strndup(arena, text, len && text[len - 1] == ';' ? len - 1 : len);
}

/* The statement that makes the object: the server tells it of some, and of a view its query. */
static const char *statement_of(struct arena *arena, const struct object *object, const char *text)
{
    struct buf buf;
    if (!is_view(object->kind))
        return strncmp(text, "CREATE ", 7) == 0 ? text : NULL;
    buf_init(&buf, SIZE_MAX / 2);
    buf_addf(&buf, "CREATE %sVIEW ", object->kind == OBJECT_VIEW ? "" : "MATERIALIZED ");
    sql_add_identifier(&buf, object->name);
    buf_addf(&buf, " AS\n%s", text);
    return buf_into(&buf, arena);
}

/* The value that was set last, as a statement can say it. */
static void set_written(struct object *object, const char *name, const char *text,
                        const struct place *place)
{
    if (!place->is_for_emitter)
        return;
    const char *written = postgres_written_expression(object->catalog->arena, text, &place->names);
    for (size_t i = 0; i < object->property_count; i++)
        if (strcmp(object->properties[i].name, name) == 0 &&
            strcmp(object->properties[i].value, written) != 0)
            object->properties[i].written = written;
}

static int compare_items(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;
    return strcmp(*a, *b);
}

/* `(ndistinct) ON b, a FROM t`: the server tells columns in the order that they have in the table. */
static const char *sort_statistics(struct arena *arena, const char *text)
{
    const char *begin = strstr(text, "ON "), **items;
    const char *at = begin ? begin + 3 : text, *from = postgres_find_outside(at, " FROM ");
    if (!begin || !from)
        return text;
    size_t count =
        postgres_split_items(arena, arena_strndup(arena, at, (size_t)(from - at)), &items);
    qsort(items, count, sizeof *items, compare_items);
    struct buf buf;
    buf_init(&buf, SIZE_MAX / 2);
    buf_add(&buf, text, (size_t)(at - text));
    for (size_t i = 0; i < count; i++)
        buf_addf(&buf, "%s%s", i ? ", " : "", items[i]);
    buf_adds(&buf, from);
    return buf_into(&buf, arena);
}

static void set_definition(struct object *object, const char *text, const struct place *place)
{
    struct arena *arena = object->catalog->arena;
    if (object->kind == OBJECT_STATISTICS)
        text = sort_statistics(arena, postgres_after_names(text));
    if (is_view(object->kind))
        text = trim_query(arena, text);
    object->sql = statement_of(arena, object, text);
    object_set(object, ASPECT_SHAPE, "definition",
               (is_routine(object->kind) ? postgres_plain_routine : postgres_plain_expression)(
                   arena, postgres_after_names(text), &place->names));
    if (!is_routine(object->kind))
        set_written(object, "definition", postgres_after_names(text), place);
}

/* ---- rows ------------------------------------------------------------------------------------- */

static bool is_sequence_name(const char *name)
{
    size_t len = strlen(name);
    while (len && ascii_is_digit(name[len - 1]))
        len--;
    return len > 4 && strncmp(name + len - 4, "_seq", 4) == 0;
}

/* Is the default the next value of the sequence that the column owns, of a name that the server has chosen? */
static void set_own_sequence(struct object *column, const char *sequence)
{
    struct arena *arena = column->catalog->arena;
    struct buf bare;
    buf_init(&bare, SIZE_MAX / 2);
    sql_add_identifier(&bare, sequence);
    const char *quoted = buf_into(&bare, arena);
    for (size_t i = 0; i < column->property_count; i++) {
        struct property *property = &column->properties[i];
        if (strcmp(property->name, "default") != 0 || !is_sequence_name(sequence))
            continue;
        if (strcmp(property->value, arena_printf(arena, "nextval('%s'::regclass)", sequence)) &&
            strcmp(property->value, arena_printf(arena, "nextval('%s'::regclass)", quoted)))
            continue;
        property->value = "nextval(own sequence)";
        property->written = NULL;
        object_set(column, ASPECT_NAMES, "sequence", sequence);
        return;
    }
}

/* `own sequence` comes after the default in the row. */
static void set_property(struct object *object, const char *name, const char *value,
                         const struct place *place)
{
    const struct property_row *row = find_property(name);
    if (!value)
        return;
    switch (row->value) {
    case VALUE_SCHEMA: break;
    case VALUE_PLAIN: object_set(object, row->aspect, name, value); break;
    case VALUE_EXPRESSION:
        object_set(object, row->aspect, name,
                   postgres_plain_expression(object->catalog->arena, value, &place->names));
        set_written(object, name, value, place);
        break;
    case VALUE_DEFINITION: set_definition(object, value, place); break;
    case VALUE_OWN_SEQUENCE: set_own_sequence(object, value); break;
    }
}

static bool has_automatic_name(const struct object *object)
{
    switch (object->kind) {
    case OBJECT_PRIMARY_KEY:
    case OBJECT_UNIQUE:
    case OBJECT_FOREIGN_KEY:
    case OBJECT_CHECK:
    case OBJECT_EXCLUSION:
    case OBJECT_INDEX: return postgres_is_automatic_name(object->name);
    case OBJECT_SEQUENCE: return object_get(object, "owned by") && is_sequence_name(object->name);
    default: return false;
    }
}

static bool refuse(struct err *err, const char *what)
{
    err_set(err, ERR_INTERNAL, "the catalog was told in another way than it was asked for: %s",
            what);
    return false;
}

static bool add_object(struct catalog *catalog, const struct grid *rows, size_t row,
                       const struct place *place, struct err *err)
{
    const char *const *properties;
    size_t count, len;
    enum object_kind kind;
    const char *kind_name = grid_value(rows, row, COLUMN_KIND);
    if (!object_kind_find(kind_name, &kind, &len) || kind_name[len])
        return refuse(err, kind_name);
    if (!postgres_split_array(catalog->arena, grid_value(rows, row, COLUMN_PROPERTIES), &properties,
                              &count) ||
        count % 2)
        return refuse(err, "an array");
    struct object *object = catalog_add(catalog, kind, grid_value(rows, row, COLUMN_OWNER),
                                        grid_value(rows, row, COLUMN_NAME));
    for (size_t i = 0; i < count; i += 2) {
        if (!properties[i])
            return refuse(err, "a property without a name");
        set_property(object, properties[i], properties[i + 1], place);
    }
    object->has_automatic_name = has_automatic_name(object);
    return true;
}

/* ---- places ----------------------------------------------------------------------------------- */

/* Which part the row is of; part_count: of none. */
static size_t part_of(const struct reading *reading, const struct grid *rows, size_t row)
{
    const char *text = grid_value(rows, row, COLUMN_PART);
    size_t part = text ? (size_t)strtoull(text, NULL, 10) : reading->part_count;
    return part < reading->part_count ? part : reading->part_count;
}

/* `f` of `f(integer)`, `a(b` of `"a(b"(integer)`. */
static const char *bare_routine(struct arena *arena, const char *signature)
{
    const char *arguments, *told = postgres_routine_name(arena, signature, &arguments);
    size_t len = strlen(told), kept = 0;
    if (*told != '"' || len < 2)
        return told;
    char *name = arena_alloc(arena, len);
    for (size_t i = 1; i < len - 1; i++) {
        i += told[i] == '"'; /* it stands twice */
        name[kept++] = told[i];
    }
    name[kept] = '\0';
    return name;
}

/* What may stand after the schema's name: all but what a table owns, and routines without their arguments. */
static void learn_name(struct place *place, struct arena *arena, const struct grid *rows,
                       size_t row)
{
    const char *name = grid_value(rows, row, COLUMN_NAME);
    const char *kind = grid_value(rows, row, COLUMN_KIND);
    const char *const *properties;
    size_t count;
    bool has_arguments = strcmp(kind, "function") == 0 || strcmp(kind, "procedure") == 0 ||
                         strcmp(kind, "aggregate") == 0;
    if (strcmp(kind, "database") == 0 &&
        postgres_split_array(arena, grid_value(rows, row, COLUMN_PROPERTIES), &properties,
                             &count) &&
        count > 1)
        place->names.schema = properties[1];
    else if (!grid_value(rows, row, COLUMN_OWNER))
        map_put(&place->objects, has_arguments ? bare_routine(arena, name) : name, 0);
}

/* Rows of a part stand together. */
static size_t end_of_part(const struct grid *rows, size_t row)
{
    const char *part = grid_value(rows, row, COLUMN_PART);
    while (++row < rows->row_count && strcmp(grid_value(rows, row, COLUMN_PART), part) == 0)
        ;
    return row;
}

static bool take_part(struct catalog *catalog, const struct grid *rows, size_t from, size_t end,
                      bool is_for_emitter, struct err *err)
{
    struct place place = {.names.schema = "", .is_for_emitter = is_for_emitter};
    bool is_well = true;
    map_init(&place.objects);
    place.names.objects = &place.objects;
    for (size_t row = from; row < end; row++)
        learn_name(&place, catalog->arena, rows, row);
    for (size_t row = from; is_well && row < end; row++)
        is_well = add_object(catalog, rows, row, &place, err);
    map_done(&place.objects);
    return is_well;
}

/* 13 to 15 print the same, and so do 16 to 18. */
static const char *group_of(struct arena *arena, uint32_t server_version)
{
    unsigned major = server_version / 10000;
    if (major >= 13 && major <= 15)
        return "postgresql 13 to 15";
    if (major >= 16 && major <= 18)
        return "postgresql 16 to 18";
    return arena_printf(arena, "postgresql %u", major);
}

static bool take(struct reading *reading, const struct grid *answers, size_t count, struct err *err)
{
    const struct grid *rows = answers;
    size_t asked = 1 + (reading->is_for_emitter ? reading->part_count : 0);
    if (count != asked || (rows->row_count && rows->column_count != COLUMN_PROPERTIES + 1))
        return refuse(err, "its columns");
    for (size_t i = 0; i < reading->part_count; i++)
        reading->parts[i].catalog->group = group_of(reading->arena, reading->server_version);
    for (size_t row = 0, end; row < rows->row_count; row = end) {
        size_t part = part_of(reading, rows, row);
        if (part == reading->part_count)
            return refuse(err, "a schema that was not asked for");
        end = end_of_part(rows, row);
        if (!take_part(reading->parts[part].catalog, rows, row, end, reading->is_for_emitter, err))
            return false;
    }
    for (size_t i = 0; reading->is_for_emitter && i < reading->part_count; i++)
        postgres_take_needs(reading->parts[i].catalog, &answers[1 + i]);
    if (reading->part_count == 1 && !reading->parts[0].catalog->object_count) {
        const char *schema = reading->parts[0].schema;
        err_set(err, ERR_CONFIG, schema ? "schema '%s' does not exist" : "no schema exists%s",
                schema ? schema : "");
        return false;
    }
    return true;
}

const struct catalog_reader postgres_catalog_reader = {.rounds = 1, .ask = ask, .take = take};
