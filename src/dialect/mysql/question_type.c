#include "dialect/mysql/question_type.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "dialect/mysql/templates.h"
#include "dialect/question.h"

/* What a column holds now, as information_schema.columns.data_type has it: lists for IN. */
#define VARCHAR "'varchar'"
#define TEXTS "'char', 'tinytext', 'text', 'mediumtext', 'longtext'"
#define INTEGERS "'tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'year'"
#define EXACT "'decimal'"
#define FLOATS "'float', 'double'"
#define BYTES "'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'"
#define TIMES "'date', 'datetime', 'timestamp', 'time'"
#define CHOICES "'enum', 'set'"

/* What a text must look like to become a number: as measured, a fraction is none of an integer. */
#define LIKE_INTEGER "'^[[:space:]]*[-+]?[0-9]+[[:space:]]*$'"
#define LIKE_NUMBER                                                                                \
    "'^[[:space:]]*[-+]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]+)?[[:space:]]*$'"

/* Of values of one family: which of them do not fit. */
struct fit {
    const char *from;     /* a list */
    const char *does_not; /* a condition; NULL: each value fits */
};

enum { FITS_MOST = 8 };

struct fits {
    struct fit items[FITS_MOST];
    size_t count;
    const char *keeps; /* a list of those whose values stay different; NULL: all */
};

static void add(struct fits *fits, const char *from, const char *does_not)
{
    fits->items[fits->count++] = (struct fit){from, does_not};
}

static bool is_of(const char *type, const char *name)
{
    size_t len = strlen(name);
    return strncmp(type, name, len) == 0 && (!type[len] || type[len] == '(' || type[len] == ' ');
}

static long argument(const char *type, int number)
{
    const char *at = strchr(type, '(');
    for (; at && number; number--)
        at = strchr(at + 1, ',');
    return at ? strtol(at + 1, NULL, 10) : -1;
}

/* ---- by type ------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *low, *high, *high_unsigned;
} integers[] = {
    {"tinyint", "-128", "127", "255"},
    {"smallint", "-32768", "32767", "65535"},
    {"mediumint", "-8388608", "8388607", "16777215"},
    {"int", "-2147483648", "2147483647", "4294967295"},
    {"bigint", "-9223372036854775808", "9223372036854775807", "18446744073709551615"},
};

static bool fit_integer(struct arena *arena, const char *type, const char *key, struct fits *fits)
{
    bool is_unsigned = strstr(type, " unsigned") != NULL;
    for (size_t i = 0; i < ARRAY_LEN(integers); i++) {
        if (!is_of(type, integers[i].name))
            continue;
        const char *low = is_unsigned ? "0" : integers[i].low;
        const char *high = is_unsigned ? integers[i].high_unsigned : integers[i].high;
        const char *out = arena_printf(arena, "NOT BETWEEN %s AND %s", low, high);
        add(fits, INTEGERS, arena_printf(arena, "%s %s", key, out));
        add(fits, EXACT ", " FLOATS, arena_printf(arena, "ROUND(%s) %s", key, out));
        add(fits, VARCHAR ", " TEXTS,
            arena_printf(arena, "(%s NOT REGEXP " LIKE_INTEGER " OR CAST(%s AS DECIMAL(65)) %s)",
                         key, key, out));
        fits->keeps = INTEGERS;
        return true;
    }
    return false;
}

/* 999.99 */
static const char *largest(struct arena *arena, long precision, long scale)
{
    struct buf digits;
    buf_init(&digits, BUF_MAX_DEFAULT);
    for (long i = 0; i < precision; i++)
        buf_adds(&digits, i == precision - scale ? i ? ".9" : "0.9" : "9");
    return buf_into(&digits, arena);
}

static bool fit_number(struct arena *arena, const char *type, const char *key, struct fits *fits)
{
    bool is_exact = is_of(type, "decimal");
    bool is_unsigned = strstr(type, " unsigned") != NULL;
    if (!is_exact && !is_of(type, "double") && !is_of(type, "float"))
        return false;
    if (!is_exact && (is_unsigned || strchr(type, '(')))
        return false;
    const char *unlike = arena_printf(arena, "%s NOT REGEXP " LIKE_NUMBER, key);
    fits->keeps = INTEGERS;
    if (!is_exact) {
        bool is_double = is_of(type, "double");
        const char *most = is_double ? "1.7976931348623157e308" : "3.4028234e38";
        add(fits, INTEGERS, NULL);
        add(fits, EXACT ", " FLOATS,
            is_double ? NULL : arena_printf(arena, "ABS(%s) > %s", key, most));
        add(fits, VARCHAR ", " TEXTS,
            arena_printf(arena, "(%s OR ABS(CAST(%s AS DOUBLE)) >= %s)", unlike, key, most));
        fits->keeps = "'tinyint', 'smallint', 'mediumint'";
        return true;
    }
    long precision = argument(type, 0), scale = argument(type, 1);
    precision = precision < 0 ? 10 : precision;
    scale = scale < 0 ? 0 : scale;
    const char *most = largest(arena, precision, scale);
    const char *out =
        arena_printf(arena, "NOT BETWEEN %s%s AND %s", is_unsigned ? "0 * " : "-", most, most);
    add(fits, INTEGERS, arena_printf(arena, "%s %s", key, out));
    add(fits, EXACT ", " FLOATS, arena_printf(arena, "ROUND(%s, %ld) %s", key, scale, out));
    add(fits, VARCHAR ", " TEXTS,
        arena_printf(arena, "(%s OR ROUND(CAST(%s AS DECIMAL(65, 30)), %ld) %s)", unlike, key,
                     scale, out));
    return true;
}

/* As measured: spaces at the end are cut, but where a varchar becomes a shorter one. */
static bool fit_text(struct arena *arena, const char *type, const char *key, struct fits *fits)
{
    static const struct {
        const char *name;
        long bytes;
    } texts[] = {
        {"tinytext", 255}, {"text", 65535}, {"mediumtext", 16777215}, {"longtext", 4294967295}};
    bool is_varchar = is_of(type, "varchar");
    long length = argument(type, 0);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (is_of(type, texts[i].name)) {
            add(fits, VARCHAR ", " TEXTS,
                arena_printf(arena, "LENGTH(TRIM(TRAILING ' ' FROM %s)) > %ld", key,
                             texts[i].bytes));
            add(fits, INTEGERS ", " EXACT ", " FLOATS ", " TIMES ", " CHOICES, NULL);
            return true;
        }
    if (!is_varchar && !is_of(type, "char"))
        return false;
    length = length < 0 ? 1 : length;
    const char *trimmed =
        arena_printf(arena, "CHAR_LENGTH(TRIM(TRAILING ' ' FROM %s)) > %ld", key, length);
    const char *whole = arena_printf(arena, "CHAR_LENGTH(%s) > %ld", key, length);
    add(fits, VARCHAR, is_varchar ? whole : trimmed);
    add(fits, TEXTS, trimmed);
    add(fits, INTEGERS ", " EXACT ", " TIMES ", " CHOICES, whole);
    fits->keeps = is_varchar ? NULL : "''";
    return true;
}

static bool fit_bytes(struct arena *arena, const char *type, const char *key, struct fits *fits)
{
    if (!is_of(type, "varbinary"))
        return false;
    add(fits, BYTES, arena_printf(arena, "LENGTH(%s) > %ld", key, argument(type, 0)));
    return true;
}

static size_t count_choices(const char *list)
{
    size_t count = 1;
    bool is_quoted = false;
    for (; *list; list++) {
        is_quoted ^= *list == '\'';
        count += *list == ',' && !is_quoted;
    }
    return count;
}

/* A text that is none of the values and no number of one. */
static bool fit_choice(struct arena *arena, const char *type, const char *key, struct fits *fits)
{
    if (!is_of(type, "enum"))
        return false;
    const char *unknown = arena_printf(
        arena,
        "%s NOT IN %s AND NOT (%s REGEXP '^[0-9]+$' AND CAST(%s AS DECIMAL(65)) BETWEEN 1 AND %zu)",
        key, strchr(type, '('), key, key, count_choices(strchr(type, '(')));
    add(fits, VARCHAR ", " TEXTS, arena_printf(arena, "(%s)", unknown));
    /* what was refused long ago stays: the empty text, whose number is 0 */
    add(fits, "'enum'", arena_printf(arena, "(%s + 0 <> 0 AND %s)", key, unknown));
    fits->keeps = "''";
    return true;
}

static bool fit_time(struct arena *arena, const char *type, const char *key, struct fits *fits)
{
    (void)arena;
    (void)key;
    if (is_of(type, "date") || is_of(type, "datetime")) {
        add(fits, "'date', 'datetime', 'timestamp'", NULL);
        fits->keeps = "''";
        return true;
    }
    return false;
}

/* ---- the question -------------------------------------------------------------------------------- */

static const struct {
    bool (*fit)(struct arena *arena, const char *type, const char *key, struct fits *fits);
    enum question_kind kind;
} families[] = {
    {fit_integer, QUESTION_CAST}, {fit_number, QUESTION_LENGTH}, {fit_text, QUESTION_LENGTH},
    {fit_bytes, QUESTION_LENGTH}, {fit_choice, QUESTION_CAST},   {fit_time, QUESTION_CAST},
};

static void add_place(struct buf *buf, const struct deed *deed)
{
    buf_adds(buf, "table_schema = ");
    if (deed->schema)
        mysql_add_literal(buf, deed->schema);
    else
        buf_adds(buf, "DATABASE()");
    buf_adds(buf, " AND table_name = ");
    mysql_add_literal(buf, deed->table);
    buf_adds(buf, " AND column_name = ");
    mysql_add_literal(buf, deed->column);
}

/* A definition that says no character set takes the table's. */
static void add_charset(struct buf *sql, const char *type)
{
    static const char *const texts[] = {"varchar",    "char",     "tinytext", "text",
                                        "mediumtext", "longtext", "enum",     "set"};
    bool is_text = false;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        is_text |= is_of(type, texts[i]);
    buf_addf(sql,
             "%s AND collation_name <> (SELECT t.table_collation FROM information_schema.tables t "
             "WHERE t.table_schema = columns.table_schema AND t.table_name = columns.table_name) "
             "THEN 'its character set or collation becomes that of the table'",
             is_text ? "TRUE" : "FALSE");
}

/* The rows for what the column holds now; where that is none of the families, why nothing is asked. */
static const char *look_up(const struct question_request *request, struct arena *arena,
                           const struct fits *fits)
{
    const struct deed *deed = request->deed;
    const char *relation = question_relation(arena, request);
    struct buf rows, known, sql;
    buf_init(&rows, BUF_MAX_DEFAULT);
    buf_init(&known, BUF_MAX_DEFAULT);
    buf_init(&sql, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < fits->count; i++) {
        const struct fit *fit = &fits->items[i];
        buf_addf(&known, ", %s", fit->from);
        if (!fit->does_not)
            continue;
        buf_addf(&rows, " WHEN data_type IN (%s) THEN ", fit->from);
        mysql_add_literal(&rows, arena_printf(arena, "%s WHERE %s", relation, fit->does_not));
    }
    const char *is_same = "LOWER(column_type) = ";
    buf_addf(&sql, "SELECT CASE WHEN %s", is_same);
    mysql_add_literal(&sql, deed->type);
    buf_addf(&sql, " THEN NULL%s END, NULL, CASE WHEN ", rows.data);
    add_charset(&sql, deed->type);
    buf_addf(&sql, " WHEN %s", is_same);
    mysql_add_literal(&sql, deed->type);
    buf_addf(&sql,
             " OR data_type IN (''%s) THEN NULL ELSE CONCAT('no question is known for what a ', "
             "data_type, ' becomes as ', ",
             known.data);
    mysql_add_literal(&sql, deed->type);
    buf_adds(&sql, ") END FROM information_schema.columns WHERE ");
    add_place(&sql, deed);
    buf_done(&rows);
    buf_done(&known);
    return buf_into(&sql, arena);
}

/* Two values that become one, where a key has the column, or others that break a rule. */
static const char *look_up_keys(const struct deed *deed, struct arena *arena, const char *keeps)
{
    struct buf column, sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_addf(&sql,
             "SELECT NULL, NULL, CASE WHEN data_type IN (%s) THEN NULL WHEN EXISTS (SELECT 1 FROM "
             "information_schema.statistics WHERE non_unique = 0 AND ",
             keeps);
    add_place(&sql, deed);
    buf_adds(&sql, ") AND LOWER(column_type) <> ");
    mysql_add_literal(&sql, deed->type);
    buf_adds(&sql,
             " THEN 'a unique key has the column, and its values may become the same' WHEN EXISTS "
             "(SELECT 1 FROM information_schema.check_constraints c WHERE c.constraint_schema = "
             "columns.table_schema AND c.table_name = columns.table_name AND "
             "INSTR(c.check_clause, ");
    buf_init(&column, BUF_MAX_DEFAULT);
    mysql_add_identifier(&column, deed->column);
    mysql_add_literal(&sql, column.data);
    buf_done(&column);
    buf_adds(&sql, ")) AND LOWER(column_type) <> ");
    mysql_add_literal(&sql, deed->type);
    buf_adds(&sql, " THEN 'a CHECK reads the column, and its values may change' END FROM "
                   "information_schema.columns WHERE ");
    add_place(&sql, deed);
    return buf_into(&sql, arena);
}

void mysql_ask_type(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    struct arena *arena = questions->arena;
    struct fits fits = {.count = 0};
    size_t family = 0;
    if (deed->flags & DEED_CHARSET) {
        questions_add_reason(questions, QUESTION_CAST, request,
                             "its character set or collation may change");
        return;
    }
    while (family < ARRAY_LEN(families) &&
           !families[family].fit(arena, deed->type, deed->keys.items[0], &fits))
        family++;
    struct question *question = questions_add(
        questions, family < ARRAY_LEN(families) ? families[family].kind : QUESTION_CAST, request);
    question->about = arena_printf(arena, "%s of %s", deed->type, question->about);
    question->lookup = look_up(request, arena, &fits);
    if (!fits.keeps)
        return;
    question = questions_add(questions, QUESTION_DUPLICATES, request);
    question->lookup = look_up_keys(deed, arena, fits.keeps);
    question->reads_keys = true;
}
