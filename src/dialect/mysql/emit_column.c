/* Columns: their definitions, and what becomes of the values when a definition changes. */
#include "base/ascii.h"
#include "dialect/mysql/catalog_text.h"
#include "dialect/mysql/emit_private.h"

/* ---- definitions ------------------------------------------------------------------------------ */

bool mysql_emit_is_generated(const struct object *column)
{
    const char *generated = object_get(column, "generated");
    return generated && *generated == '('; /* and not a period's ROW START */
}

static void add_value(struct emitting *emitting, struct buf *sql, const char *before,
                      const char *value)
{
    if (value)
        buf_addf(sql, " %s%s", before, mysql_emit_text(emitting, value));
}

static void add_flag(struct buf *sql, const struct object *column, const char *property,
                     const char *words)
{
    if (object_get(column, property))
        buf_addf(sql, " %s", words);
}

static bool is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void add_character_set(struct emitting *emitting, struct buf *sql,
                              const struct object *column, const struct object *table)
{
    const char *collation = object_get(column, "collation");
    if (table && is_same(object_get(table, "character set"), object_get(column, "character set")) &&
        is_same(object_get(table, "collation"), collation))
        return;
    add_value(emitting, sql, "CHARACTER SET ", object_get(column, "character set"));
    add_value(emitting, sql, "COLLATE ", collation);
}

/* What `json` stands for. The server takes the words for another type than the column has, and copies the table. */
static bool is_json(const struct object *column)
{
    const char *check = object_get(column, "check"), *collation = object_get(column, "collation");
    struct buf text;
    if (!check || !collation || strcmp(object_get(column, "type"), "longtext") != 0 ||
        strcmp(collation, "utf8mb4_bin") != 0)
        return false;
    buf_init(&text, BUF_MAX_DEFAULT);
    mysql_emit_add_name(&text, "(json_valid(", column->name, "))");
    bool is_it = strcmp(text.data, check) == 0;
    buf_done(&text);
    return is_it;
}

void mysql_emit_add_column(struct emitting *emitting, struct buf *sql, const struct object *column,
                           const struct object *table)
{
    const char *type = object_get(column, "type"), *comment = object_get(column, "comment");
    bool writes_json = is_json(column);
    mysql_emit_add_name(sql, "", column->name, " ");
    buf_adds(sql, writes_json ? "json" : type);
    add_flag(sql, column, "compressed", "COMPRESSED");
    if (!writes_json)
        add_character_set(emitting, sql, column, table);
    add_value(emitting, sql, "GENERATED ALWAYS AS ", object_get(column, "generated"));
    add_flag(sql, column, "virtual", "VIRTUAL");
    add_flag(sql, column, "stored", "STORED");
    add_flag(sql, column, "invisible", "INVISIBLE");
    add_flag(sql, column, "not null", "NOT NULL");
    if (!object_get(column, "not null") && ascii_begins(type, "timestamp") &&
        !object_get(column, "generated"))
        buf_adds(sql, " NULL"); /* some servers take it for NOT NULL otherwise */
    add_value(emitting, sql, "DEFAULT ", object_get(column, "default"));
    add_value(emitting, sql, "ON UPDATE ", object_get(column, "on update"));
    add_flag(sql, column, "auto increment", "AUTO_INCREMENT");
    add_flag(sql, column, "without system versioning", "WITHOUT SYSTEM VERSIONING");
    add_value(emitting, sql, "", object_get(column, "more"));
    if (comment)
        buf_addf(sql, " COMMENT '%s'", comment);
    if (!writes_json)
        add_value(emitting, sql, "CHECK ", object_get(column, "check"));
}

/* ---- types ------------------------------------------------------------------------------------ */

struct type {
    char word[24];
    unsigned first, second; /* of `decimal(10,2)`; 0 where there is none */
    bool is_unsigned;
    const char *values; /* of an enum or a set: from the parenthesis on */
};

static struct type read_type(const char *text)
{
    struct type type = {.values = strchr(text, '(')};
    size_t len = strcspn(text, "( ");
    snprintf(type.word, sizeof type.word, "%.*s", (int)len, text);
    if (type.values)
        sscanf(type.values, "(%u,%u", &type.first, &type.second);
    type.is_unsigned = strstr(text, " unsigned") != NULL;
    return type;
}

enum family {
    FAMILY_OTHER,
    FAMILY_INTEGER,
    FAMILY_DECIMAL,
    FAMILY_FLOAT,
    FAMILY_CHARACTERS, /* with a length */
    FAMILY_TEXT,
    FAMILY_BYTES, /* with a length */
    FAMILY_BLOB,
    FAMILY_TIME,
};

/* In a family the rank says which holds more; `digits` is how many an integer has, `bytes` how long a text may be. */
static const struct type_row {
    const char *word;
    enum family family;
    unsigned rank;
    unsigned long size;
} type_rows[] = {
    {"tinyint", FAMILY_INTEGER, 1, 3},
    {"smallint", FAMILY_INTEGER, 2, 5},
    {"mediumint", FAMILY_INTEGER, 3, 8},
    {"int", FAMILY_INTEGER, 4, 10},
    {"bigint", FAMILY_INTEGER, 5, 20},
    {"decimal", FAMILY_DECIMAL, 0, 0},
    {"float", FAMILY_FLOAT, 1, 0},
    {"double", FAMILY_FLOAT, 2, 0},
    {"char", FAMILY_CHARACTERS, 0, 0},
    {"varchar", FAMILY_CHARACTERS, 0, 0},
    {"tinytext", FAMILY_TEXT, 1, 255},
    {"text", FAMILY_TEXT, 2, 65535},
    {"mediumtext", FAMILY_TEXT, 3, 16777215},
    {"longtext", FAMILY_TEXT, 4, 4294967295},
    {"binary", FAMILY_BYTES, 0, 0},
    {"varbinary", FAMILY_BYTES, 0, 0},
    {"tinyblob", FAMILY_BLOB, 1, 255},
    {"blob", FAMILY_BLOB, 2, 65535},
    {"mediumblob", FAMILY_BLOB, 3, 16777215},
    {"longblob", FAMILY_BLOB, 4, 4294967295},
    {"time", FAMILY_TIME, 1, 0},
    {"datetime", FAMILY_TIME, 2, 0},
    {"timestamp", FAMILY_TIME, 3, 0},
};

static const struct type_row *row_of(const struct type *type)
{
    static const struct type_row other = {"", FAMILY_OTHER, 0, 0};
    for (size_t i = 0; i < ARRAY_LEN(type_rows); i++)
        if (strcmp(type_rows[i].word, type->word) == 0)
            return &type_rows[i];
    return &other;
}

static bool holds_integer(const struct type_row *from, const struct type *a,
                          const struct type_row *to, const struct type *b)
{
    unsigned long digits = from->size + !a->is_unsigned; /* with its sign */
    switch (to->family) {
    case FAMILY_INTEGER:
        return a->is_unsigned == b->is_unsigned ? to->rank >= from->rank
                                                : a->is_unsigned && to->rank > from->rank;
    case FAMILY_DECIMAL:
        return b->first - b->second >= from->size && (a->is_unsigned || !b->is_unsigned);
    case FAMILY_FLOAT:
        return to->rank == 2 && from->rank < 5 && (a->is_unsigned || !b->is_unsigned);
    case FAMILY_CHARACTERS: return b->first >= digits;
    case FAMILY_TEXT: return true;
    default: return false;
    }
}

static bool holds_decimal(const struct type *a, const struct type_row *to, const struct type *b)
{
    if (to->family == FAMILY_CHARACTERS)
        return b->first >= a->first + 2;
    return to->family == FAMILY_TEXT ||
           (to->family == FAMILY_DECIMAL && b->second >= a->second &&
            b->first - b->second >= a->first - a->second && (a->is_unsigned || !b->is_unsigned));
}

/* Lengths are in characters of up to four bytes. */
static bool holds_text(const struct type_row *from, const struct type *a, const struct type_row *to,
                       const struct type *b)
{
    if (from->family == to->family)
        return from->rank ? to->rank >= from->rank : b->first >= a->first;
    bool is_longer = (from->family == FAMILY_CHARACTERS && to->family == FAMILY_TEXT) ||
                     (from->family == FAMILY_BYTES && to->family == FAMILY_BLOB);
    return is_longer && a->first * 4ul <= to->size;
}

/* The value after the parenthesis or comma at `at`, with its quotes; NULL: there is none. */
static const char *next_value(const char *at, size_t *ret_len)
{
    if (!at || (*at != '(' && *at != ','))
        return NULL;
    *ret_len = (size_t)(mysql_skip_quoted(at + 1) - (at + 1));
    return at + 1;
}

static bool has_value(const struct type *type, const char *value, size_t value_len)
{
    size_t len;
    const char *at = next_value(type->values, &len);
    for (; at; at = next_value(at + len, &len))
        if (len == value_len && strncmp(at, value, len) == 0)
            return true;
    return false;
}

/* Has every value of an enum or a set a place in the other type? */
static bool holds_values(const struct type *a, const struct type_row *to, const struct type *b)
{
    bool is_list = strcmp(a->word, b->word) == 0;
    size_t len, longest = 0;
    const char *at = next_value(a->values, &len);
    for (; at; at = next_value(at + len, &len)) {
        if (is_list && !has_value(b, at, len))
            return false;
        longest = len > longest ? len : longest;
    }
    if (is_list)
        return true;
    return strcmp(a->word, "enum") == 0 &&
           (to->family == FAMILY_TEXT ? to->rank > 1
                                      : to->family == FAMILY_CHARACTERS && b->first >= longest);
}

static bool holds_type(const char *from, const char *to)
{
    struct type a = read_type(from), b = read_type(to);
    const struct type_row *source = row_of(&a), *target = row_of(&b);
    if (strcmp(from, to) == 0)
        return true;
    switch (source->family) {
    case FAMILY_INTEGER: return holds_integer(source, &a, target, &b);
    case FAMILY_DECIMAL: return holds_decimal(&a, target, &b);
    case FAMILY_FLOAT:
        return target->family == FAMILY_FLOAT && target->rank >= source->rank && !b.first &&
               (a.is_unsigned || !b.is_unsigned);
    case FAMILY_CHARACTERS:
    case FAMILY_TEXT:
    case FAMILY_BYTES:
    case FAMILY_BLOB: return holds_text(source, &a, target, &b);
    case FAMILY_TIME:
        return b.first >= a.first && (strcmp(a.word, b.word) == 0 ||
                                      (source->rank == 3 && strcmp(b.word, "datetime") == 0));
    default:
        if (strcmp(a.word, "enum") == 0 || strcmp(a.word, "set") == 0)
            return holds_values(&a, target, &b);
        if (strcmp(a.word, "bit") == 0)
            return strcmp(b.word, "bit") == 0 && b.first >= a.first;
        return strcmp(a.word, "date") == 0 && strcmp(b.word, "datetime") == 0;
    }
}

static bool holds_characters(const char *from, const char *to)
{
    if (!from || !to || strcmp(from, to) == 0 || strcmp(from, "ascii") == 0)
        return true;
    if (strcmp(to, "utf8mb4") == 0)
        return true;
    return (strcmp(to, "utf8mb3") == 0 || strcmp(to, "utf8") == 0) && !ascii_begins(from, "utf");
}

bool mysql_emit_narrows(const struct object *from, const struct object *to)
{
    bool was_generated = mysql_emit_is_generated(from), is_generated = mysql_emit_is_generated(to);
    if (was_generated || is_generated)
        return was_generated != is_generated;
    return !holds_type(object_get(from, "type"), object_get(to, "type")) ||
           !holds_characters(object_get(from, "character set"), object_get(to, "character set"));
}

/* Types of which the server takes only a few others for. */
static bool is_shape(const char *type)
{
    static const char *const shapes[] = {"point",      "linestring",        "polygon",
                                         "multipoint", "multilinestring",   "multipolygon",
                                         "geometry",   "geometrycollection"};
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
        if (strcmp(type, shapes[i]) == 0)
            return true;
    return false;
}

static bool is_address(const char *type)
{
    return strcmp(type, "uuid") == 0 || ascii_begins(type, "inet");
}

static bool is_castable(const char *from, const char *to)
{
    struct type a = read_type(from), b = read_type(to);
    enum family source = row_of(&a)->family, target = row_of(&b)->family;
    if (is_shape(a.word) || is_shape(b.word))
        return is_shape(a.word) && is_shape(b.word);
    if (is_address(a.word) && is_address(b.word))
        return strcmp(a.word, b.word) == 0;
    if (is_address(a.word))
        return target >= FAMILY_CHARACTERS && target <= FAMILY_BLOB;
    return !is_address(b.word) || (source >= FAMILY_CHARACTERS && source <= FAMILY_BLOB);
}

bool mysql_emit_is_regenerated(const struct object *from, const struct object *to)
{
    if (!is_castable(object_get(from, "type"), object_get(to, "type")))
        return true;
    bool was_generated = mysql_emit_is_generated(from), is_generated = mysql_emit_is_generated(to);
    if (!was_generated && !is_generated)
        return false;
    return was_generated != is_generated ||
           !object_get(from, "virtual") != !object_get(to, "virtual") ||
           !is_same(object_get(from, "generated"), object_get(to, "generated")) ||
           !is_same(object_get(from, "type"), object_get(to, "type"));
}

/* ---- costs ------------------------------------------------------------------------------------ */

static bool is_computed(const char *fallback)
{
    return fallback && strchr(fallback, '(') && !ascii_begins(fallback, "current_timestamp");
}

enum cost mysql_emit_cost_of_new(const struct object *column)
{
    if (object_get(column, "auto increment") || is_computed(object_get(column, "default")) ||
        object_get(column, "more"))
        return COST_UNKNOWN;
    if (object_get(column, "generated"))
        return object_get(column, "virtual") ? COST_INSTANT : COST_COPY;
    return COST_INSTANT;
}

/* How many bytes a character may take; 0: not known. NULL: it is a byte. */
static unsigned width_of(const char *character_set)
{
    static const struct {
        const char *name;
        unsigned width;
    } widths[] = {{"latin1", 1}, {"ascii", 1},   {"binary", 1},
                  {"utf8", 3},   {"utf8mb3", 3}, {"utf8mb4", 4}};
    for (size_t i = 0; character_set && i < ARRAY_LEN(widths); i++)
        if (strcmp(character_set, widths[i].name) == 0)
            return widths[i].width;
    return character_set ? 0 : 1;
}

/* A longer text is nothing but another number, unless its length takes a second byte: of one that had up to 127 bytes the
 * server makes room for that in time. */
static enum cost cost_of_length(unsigned from, unsigned to)
{
    if (to < from)
        return COST_COPY;
    return to <= 255 || from > 255 || from <= 127 ? COST_INSTANT : COST_COPY;
}

/* `varchar(20)` to `varchar(40)`, and values after those of an enum. */
static enum cost cost_of_type(const char *from, const char *to, const char *character_set)
{
    struct type a = read_type(from), b = read_type(to);
    unsigned width = width_of(character_set);
    size_t len = strlen(from);
    if (strcmp(a.word, b.word) != 0)
        return COST_COPY;
    if ((strcmp(a.word, "varchar") == 0 || strcmp(a.word, "varbinary") == 0) && !width)
        return COST_UNKNOWN;
    if (strcmp(a.word, "varchar") == 0 || strcmp(a.word, "varbinary") == 0)
        return cost_of_length(a.first * width, b.first * width);
    bool is_appended = strncmp(from, to, len - 1) == 0 && to[len - 1] == ',';
    if (strcmp(a.word, "enum") == 0 && is_appended)
        return strlen(to) < 700 ? COST_INSTANT : COST_UNKNOWN; /* 256 values need more room */
    return COST_COPY;
}

enum cost mysql_emit_cost_of_change(const struct difference *difference)
{
    static const char *const instant[] = {"default", "comment", "invisible", "on update",
                                          "position"};
    enum cost cost = COST_INSTANT;
    if (object_get(difference->expected, "generated"))
        return COST_UNKNOWN;
    for (size_t i = 0; i < difference->property_count; i++) {
        const struct property_difference *property = &difference->properties[i];
        enum cost of_it = COST_UNKNOWN;
        for (size_t k = 0; k < ARRAY_LEN(instant); k++)
            if (strcmp(property->name, instant[k]) == 0)
                of_it = COST_INSTANT;
        if (strcmp(property->name, "type") == 0)
            of_it = cost_of_type(property->found, property->expected,
                                 object_get(difference->expected, "character set"));
        if (strcmp(property->name, "check") == 0 || strcmp(property->name, "character set") == 0)
            of_it = COST_COPY;
        if (strcmp(property->name, "not null") == 0)
            of_it = property->expected ? COST_COPY : COST_INPLACE;
        cost = of_it > cost ? of_it : cost;
    }
    return cost;
}
