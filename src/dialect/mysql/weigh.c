#include "dialect/mysql/weigh.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/mysql/definition.h"
#include "dialect/mysql/reader.h"
#include "dialect/mysql/templates.h"

enum { PLACES_MOST = 16 };

/* Where a statement names a table, as bytes of its text. */
struct named {
    size_t begin, end;
    struct mysql_name table;
};

struct change {
    struct arena *arena;
    const char *sql;
    size_t len;
    struct mysql_reader reader;
    struct named places[PLACES_MOST]; /* the first is the table that is changed */
    size_t place_count;
    const char *separator;        /* before ALGORITHM */
    const char *algorithm, *lock; /* as its author says; NULL: nothing is said */
    bool is_odd;                  /* it would reach beyond a twin, or is not understood */
};

/* ---- reading ------------------------------------------------------------------------------- */

static void take_table(struct change *change)
{
    struct mysql_reader *reader = &change->reader;
    struct named named = {.begin = reader->token.begin};
    bool is_one = change->place_count < PLACES_MOST && mysql_take_qualified(reader, &named.table);
    named.end = reader->is_over ? change->len : reader->token.begin;
    change->is_odd |= !is_one;
    if (is_one)
        change->places[change->place_count++] = named;
}

static void skip_if_exists(struct mysql_reader *reader)
{
    if (!mysql_accept(reader, "IF"))
        return;
    mysql_accept(reader, "NOT");
    mysql_accept(reader, "EXISTS");
}

/* `ALGORITHM = COPY`: the word. */
static const char *take_word(struct change *change)
{
    const char *word = NULL;
    mysql_accept_sign(&change->reader, '=');
    change->is_odd |= !mysql_take_name(&change->reader, &word);
    return word;
}

static bool take_clause(struct change *change)
{
    if (mysql_accept(&change->reader, "ALGORITHM"))
        change->algorithm = take_word(change);
    else if (mysql_accept(&change->reader, "LOCK"))
        change->lock = take_word(change);
    else
        return false;
    return true;
}

/* What changes this one table, and leaves it its name. */
static bool is_plain_specification(struct mysql_reader *reader)
{
    static const char *const words[] = {
        "ADD",        "DROP",      "MODIFY",         "CHANGE",  "ALTER",
        "ENGINE",     "CHARACTER", "CHARSET",        "COLLATE", "DEFAULT",
        "ROW_FORMAT", "FORCE",     "AUTO_INCREMENT", "COMMENT", NULL};
    for (const char *const *word = words; *word; word++)
        if (mysql_accept(reader, *word))
            return true;
    if (mysql_accept(reader, "CONVERT"))
        return mysql_is(reader, "TO");
    if (!mysql_accept(reader, "RENAME"))
        return false;
    return mysql_is(reader, "COLUMN") || mysql_is(reader, "INDEX") || mysql_is(reader, "KEY");
}

static void read_specification(struct change *change)
{
    struct mysql_reader *reader = &change->reader;
    if (take_clause(change))
        return;
    change->is_odd |= !is_plain_specification(reader);
    for (int depth = 0; !reader->is_over && !change->is_odd;) {
        if (!depth && mysql_is_sign(reader, ','))
            return;
        if (mysql_accept(reader, "REFERENCES")) {
            take_table(change);
            continue;
        }
        change->is_odd |= mysql_is_sign(reader, ';');
        depth += mysql_is_sign(reader, '(') - mysql_is_sign(reader, ')');
        mysql_skip(reader);
    }
}

static void read_alter(struct change *change)
{
    struct mysql_reader *reader = &change->reader;
    const char *seconds;
    change->separator = ", ";
    while (mysql_accept(reader, "ONLINE") || mysql_accept(reader, "IGNORE"))
        continue;
    change->is_odd = !mysql_accept(reader, "TABLE");
    skip_if_exists(reader);
    if (!change->is_odd)
        take_table(change);
    if (mysql_accept(reader, "WAIT"))
        (void)mysql_take_name(reader, &seconds);
    mysql_accept(reader, "NOWAIT");
    do {
        read_specification(change);
    } while (!change->is_odd && mysql_accept_sign(reader, ','));
    change->is_odd |= !reader->is_over;
}

/* `CREATE UNIQUE INDEX i ON t (a)`, `DROP INDEX i ON t` */
static void read_index(struct change *change)
{
    struct mysql_reader *reader = &change->reader;
    change->separator = " ";
    while (!reader->is_over && !mysql_is(reader, "ON") && !mysql_is_sign(reader, '('))
        mysql_skip(reader);
    change->is_odd = !mysql_accept(reader, "ON");
    if (!change->is_odd)
        take_table(change);
    while (!reader->is_over)
        if (!take_clause(change))
            mysql_skip(reader);
}

static bool is_index_statement(struct mysql_reader *reader)
{
    static const char *const kinds[] = {"OR", "REPLACE", "UNIQUE", "FULLTEXT", "SPATIAL", NULL};
    bool is_create = mysql_accept(reader, "CREATE");
    if (!is_create && !mysql_accept(reader, "DROP"))
        return false;
    for (const char *const *kind = kinds; *kind && is_create; kind++)
        mysql_accept(reader, *kind);
    return mysql_accept(reader, "INDEX");
}

/* False: its cost is none that depends on how much a table holds, or it cannot be told. */
static bool read_change(struct arena *arena, const char *sql, struct change *ret_change)
{
    *ret_change = (struct change){.arena = arena, .sql = sql, .len = strlen(sql)};
    if (strstr(sql, "/*!") || strstr(sql, "/*M!"))
        return false;
    ret_change->reader = mysql_read(arena, sql, ret_change->len);
    if (mysql_accept(&ret_change->reader, "ALTER"))
        read_alter(ret_change);
    else if (is_index_statement(&ret_change->reader))
        read_index(ret_change);
    else
        return false;
    return !ret_change->is_odd && ret_change->place_count;
}

bool mysql_has_weight(struct arena *arena, const char *statement)
{
    struct change change;
    return read_change(arena, statement, &change);
}

/* ---- asking -------------------------------------------------------------------------------- */

/* From the least to the most that a change may cost. The server takes the first that it can do. */
static const struct {
    const char *algorithm, *lock;
} tries[] = {
    {"INSTANT", "NONE"},  {"NOCOPY", "NONE"},       {"INPLACE", "NONE"},
    {"NOCOPY", "SHARED"}, {"INPLACE", "SHARED"},    {"COPY", "NONE"},
    {"COPY", "SHARED"},   {"INSTANT", "EXCLUSIVE"}, {"COPY", "EXCLUSIVE"},
};

struct weighing {
    const struct weigh_request *request;
    struct arena *arena;
    struct buf sql;
    struct mysql_name *twins; /* whose they are */
    size_t twin_count, twin_capacity;
};

static bool is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static size_t twin_of(struct weighing *weighing, const struct mysql_name *table)
{
    for (size_t i = 0; i < weighing->twin_count; i++)
        if (is_same_text(weighing->twins[i].schema, table->schema) &&
            is_same_text(weighing->twins[i].name, table->name))
            return i;
    *ARENA_PUSH(weighing->arena, weighing->twins, weighing->twin_count, weighing->twin_capacity) =
        *table;
    return weighing->twin_count - 1;
}

static void add_twin(const struct weighing *weighing, struct buf *buf, size_t twin)
{
    const struct weigh_request *request = weighing->request;
    mysql_add_identifier(buf, request->database ? request->database : request->own);
    buf_addf(buf, ".`%s%zu`", request->prefix, twin);
}

/* The statement, of the twins instead of the tables. */
static void add_rewritten(struct weighing *weighing, struct buf *buf, const struct change *change)
{
    size_t at = 0;
    for (size_t i = 0; i < change->place_count; i++) {
        const struct named *named = &change->places[i];
        buf_add(buf, change->sql + at, named->begin - at);
        add_twin(weighing, buf, twin_of(weighing, &named->table));
        buf_addc(buf, ' ');
        at = named->end;
    }
    buf_add(buf, change->sql + at, change->len - at);
    buf_addc(buf, '\n'); /* it may end in a comment */
}

static void add_try(struct weighing *weighing, const struct change *change, size_t number,
                    size_t try)
{
    struct buf *sql = &weighing->sql;
    struct buf text;
    bool is_said = change->algorithm || change->lock;
    const char *algorithm = is_said ? change->algorithm : tries[try].algorithm;
    const char *lock = is_said ? change->lock : tries[try].lock;
    buf_init(&text, BUF_MAX_DEFAULT);
    add_rewritten(weighing, &text, change);
    if (!is_said)
        buf_addf(&text, "%sALGORITHM=%s%sLOCK=%s", change->separator, algorithm, change->separator,
                 lock);
    buf_addf(sql, "IF NOT d%zu THEN SET f = 0; EXECUTE IMMEDIATE ", number);
    mysql_add_literal(sql, text.data);
    buf_addf(sql, "; IF f THEN SET e%zu = COALESCE(e%zu, m); ELSE SET d%zu = 1, a%zu = ", number,
             number, number, number);
    mysql_add_literal(sql, algorithm ? algorithm : "DEFAULT");
    buf_addf(sql, ", l%zu = ", number);
    mysql_add_literal(sql, lock ? lock : "DEFAULT");
    buf_adds(sql, "; END IF; END IF; ");
    buf_done(&text);
}

static void add_tries(struct weighing *weighing, const struct change *changes)
{
    for (size_t i = 0; i < weighing->request->count; i++) {
        bool is_said = changes[i].algorithm || changes[i].lock;
        for (size_t try = 0; try < (is_said ? 1 : ARRAY_LEN(tries)); try++)
            add_try(weighing, &changes[i], i, try);
    }
}

/* A table that is not there is one that the plan makes before: it holds nothing. */
static void add_twins(struct weighing *weighing, struct buf *buf)
{
    for (size_t i = 0; i < weighing->twin_count; i++) {
        buf_adds(buf, "SET f = 0; CREATE TABLE ");
        add_twin(weighing, buf, i);
        buf_adds(buf, " LIKE ");
        if (weighing->twins[i].schema) {
            mysql_add_identifier(buf, weighing->twins[i].schema);
            buf_addc(buf, '.');
        }
        mysql_add_identifier(buf, weighing->twins[i].name);
        buf_adds(buf, "; IF f AND n <> 1146 THEN SET made = COALESCE(made, m); END IF; ");
    }
}

static void add_drops(const struct weighing *weighing, struct buf *buf)
{
    if (!weighing->request->database) {
        buf_adds(buf, "DROP DATABASE IF EXISTS ");
        mysql_add_identifier(buf, weighing->request->own);
        buf_adds(buf, "; ");
        return;
    }
    buf_adds(buf, "SET SESSION foreign_key_checks = 0; "); /* they may refer to one another */
    for (size_t i = 0; i < weighing->twin_count; i++) {
        buf_adds(buf, "DROP TABLE IF EXISTS ");
        add_twin(weighing, buf, i);
        buf_adds(buf, "; ");
    }
    buf_adds(buf, "SET SESSION foreign_key_checks = 1; ");
}

/* A row for each statement. */
static void add_rows(struct weighing *weighing, const struct change *changes, bool has_asked)
{
    struct buf *sql = &weighing->sql;
    for (size_t i = 0; i < weighing->request->count; i++) {
        const struct mysql_name *table = &changes[i].places[0].table;
        buf_addf(sql, "%sSELECT %zu, ", i ? " UNION ALL " : "", i);
        mysql_add_literal(sql, table->name);
        buf_adds(sql, ", (SELECT data_length + index_length FROM information_schema.tables WHERE "
                      "table_schema = ");
        mysql_add_schema(sql, table);
        buf_adds(sql, " AND table_name = ");
        mysql_add_literal(sql, table->name);
        if (has_asked)
            buf_addf(sql, "), a%zu, l%zu, IF(d%zu, e%zu, COALESCE(made, e%zu))", i, i, i, i, i);
        else
            buf_adds(sql, "), NULL, NULL, NULL");
    }
}

static void add_declarations(struct weighing *weighing)
{
    struct buf *sql = &weighing->sql;
    const struct weigh_request *request = weighing->request;
    buf_adds(sql, "BEGIN NOT ATOMIC DECLARE f, n INT DEFAULT 0; DECLARE m, made TEXT; ");
    for (size_t i = 0; i < request->count; i++)
        buf_addf(sql,
                 "DECLARE d%zu INT DEFAULT 0; DECLARE a%zu, l%zu VARCHAR(16); DECLARE e%zu TEXT; ",
                 i, i, i, i);
    buf_adds(sql, "DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN GET DIAGNOSTICS CONDITION 1 m = "
                  "MESSAGE_TEXT, n = MYSQL_ERRNO; SET f = 1; END; ");
    buf_addf(sql, "SET SESSION foreign_key_checks = 1, lock_wait_timeout = %" PRIu64 "; ",
             request->lock_timeout_ms ? (request->lock_timeout_ms + 999) / 1000 : 31536000);
    if (request->database)
        return;
    buf_adds(sql, "CREATE DATABASE ");
    mysql_add_identifier(sql, request->own);
    buf_adds(sql, "; IF f THEN SET made = m; END IF; ");
}

const char *mysql_weigh(struct arena *arena, const struct weigh_request *request)
{
    struct weighing weighing = {.request = request, .arena = arena};
    struct change *changes = arena_calloc(arena, request->count, sizeof *changes);
    bool has_place = request->database || request->own;
    for (size_t i = 0; i < request->count; i++) {
        bool is_one = read_change(arena, request->statements[i], &changes[i]);
        for (size_t p = 0; is_one && p < changes[i].place_count; p++)
            twin_of(&weighing, &changes[i].places[p].table);
    }
    buf_init(&weighing.sql, BUF_MAX_DEFAULT);
    if (has_place) {
        add_declarations(&weighing);
        add_twins(&weighing, &weighing.sql);
        add_tries(&weighing, changes);
        add_drops(&weighing, &weighing.sql);
    }
    add_rows(&weighing, changes, has_place);
    buf_adds(&weighing.sql, has_place ? "; END" : "");
    const char *sql = arena_strndup(arena, weighing.sql.data, weighing.sql.len);
    buf_done(&weighing.sql);
    return sql;
}
