/* What holds code: routines, packages, views, triggers and events. The server keeps the sql_mode (of an event the time zone
 * too) of the session that makes one, so it is set before, and set back after all of them. */
#include "base/arena.h"
#include "base/ascii.h"
#include "dialect/mysql/emit_private.h"
#include "dialect/mysql/templates.h"

/* ---- texts ------------------------------------------------------------------------------------ */

static void set_variable(struct emitting *emitting, const char *name, const char **last,
                         const char *value)
{
    if (!value || (*last && strcmp(*last, value) == 0))
        return;
    if (!*last)
        buf_addf(emitting->sql, "SET @skein_%s = @@SESSION.%s;\n", name, name);
    buf_addf(emitting->sql, "SET SESSION %s = ", name);
    mysql_add_literal(emitting->sql, value);
    buf_adds(emitting->sql, ";\n");
    *last = value;
}

static void set_back(struct emitting *emitting)
{
    if (emitting->sql_mode)
        buf_adds(emitting->sql, "SET SESSION sql_mode = @skein_sql_mode;\n");
    if (emitting->time_zone)
        buf_adds(emitting->sql, "SET SESSION time_zone = @skein_time_zone;\n");
    emitting->sql_mode = emitting->time_zone = NULL;
}

/* A statement whose text may hold what would end it. */
static void add_statement(struct emitting *emitting, const char *text)
{
    static const char *const delimiters[] = {"//", "$$", "|||", "~~~~"};
    size_t i = 0;
    if (!strpbrk(text, ";#") && !strstr(text, "--") && !strstr(text, "/*")) {
        buf_addf(emitting->sql, "%s;\n", text);
        return;
    }
    while (i + 1 < ARRAY_LEN(delimiters) && strstr(text, delimiters[i]))
        i++;
    buf_addf(emitting->sql, "DELIMITER %s\n%s\n%s\nDELIMITER ;\n", delimiters[i], text,
             delimiters[i]);
}

/* Where owners are compared, it must be the one that is told. */
static void add_definer(struct emitting *emitting, struct buf *sql, const struct object *object)
{
    const char *definer = object_get(object, "definer");
    const char *at = definer ? strrchr(definer, '@') : NULL;
    if (!at || !catalog_rules_has(emitting->emission->rules, ASPECT_OWNERS))
        return;
    if (*definer == '`' || *definer == '"') {
        buf_addf(sql, "DEFINER=%s ", definer);
        return;
    }
    mysql_emit_add_name(
        sql, "DEFINER=", arena_strndup(emitting->arena, definer, (size_t)(at - definer)), "");
    mysql_emit_add_name(sql, "@", at + 1, " ");
}

static bool is_there(struct emitting *emitting, const struct object *object)
{
    return mysql_emit_find_part(emitting, emitting->emission->from, object->kind, object) != NULL;
}

/* Of MySQL what is there was dropped before. */
static void begin_create(struct emitting *emitting, struct buf *sql, const struct object *object)
{
    buf_init(sql, BUF_MAX_DEFAULT);
    buf_adds(sql,
             is_there(emitting, object) && emitting->is_mariadb ? "CREATE OR REPLACE " : "CREATE ");
    add_definer(emitting, sql, object);
}

static void finish(struct emitting *emitting, struct buf *sql)
{
    add_statement(emitting, buf_into(sql, emitting->arena));
}

/* ---- routines --------------------------------------------------------------------------------- */

static bool is_body(const struct object *object)
{
    size_t len = strlen(object->name);
    return object->kind == OBJECT_PACKAGE && len > 7 &&
           strcmp(object->name + len - 7, " (body)") == 0;
}

static const char *routine_words(const struct object *object)
{
    if (object->kind == OBJECT_PACKAGE)
        return is_body(object) ? "PACKAGE BODY " : "PACKAGE ";
    return object->kind == OBJECT_FUNCTION ? "FUNCTION " : "PROCEDURE ";
}

static const char *routine_name(struct emitting *emitting, const struct object *object)
{
    return is_body(object) ? arena_strndup(emitting->arena, object->name, strlen(object->name) - 7)
                           : object->name;
}

static bool is_routine(const struct object *object)
{
    return object->kind == OBJECT_FUNCTION || object->kind == OBJECT_PROCEDURE ||
           object->kind == OBJECT_PACKAGE;
}

static void make_routine(struct emitting *emitting, const struct object *object)
{
    const char *words = routine_words(object), *name = routine_name(emitting, object);
    struct buf sql;
    set_variable(emitting, "sql_mode", &emitting->sql_mode, object_get(object, "sql mode"));
    if (!emitting->is_mariadb && is_there(emitting, object)) {
        buf_adds(emitting->sql, "DROP ");
        mysql_emit_add_name(emitting->sql, words, name, ";\n");
    }
    begin_create(emitting, &sql, object);
    buf_adds(&sql, object_get(object, "aggregate") ? "AGGREGATE " : "");
    mysql_emit_add_name(&sql, words, name, " ");
    buf_adds(&sql, mysql_emit_text(emitting, object_get(object, "definition")));
    finish(emitting, &sql);
}

/* A package comes before its body. */
static void make_routines(struct emitting *emitting)
{
    const struct catalog *to = emitting->emission->to;
    for (int bodies = 0; bodies < 2; bodies++)
        for (size_t i = 0; i < to->object_count; i++)
            if (emitting->is_made[i] && is_routine(to->objects[i]) &&
                is_body(to->objects[i]) == bodies)
                make_routine(emitting, to->objects[i]);
}

/* With a package goes its body. */
void mysql_emit_drop_routines(struct emitting *emitting)
{
    const struct catalog *from = emitting->emission->from;
    for (size_t i = 0; i < from->object_count; i++) {
        const struct object *object = from->objects[i];
        if (!emitting->goes[i] || !is_routine(object))
            continue;
        const char *name = routine_name(emitting, object);
        const struct object *whole =
            is_body(object) ? mysql_emit_find(emitting, from, OBJECT_PACKAGE, name) : NULL;
        if (whole && mysql_emit_goes(emitting, whole))
            continue;
        if (object->kind == OBJECT_PACKAGE) /* the word is known in a mode of its own */
            set_variable(emitting, "sql_mode", &emitting->sql_mode, object_get(object, "sql mode"));
        buf_adds(emitting->sql, "DROP ");
        mysql_emit_add_name(emitting->sql, routine_words(object), name, ";\n");
    }
    set_back(emitting);
}

/* ---- views ------------------------------------------------------------------------------------ */

static bool ends_with(const char *text, const char *end, const char *tail)
{
    size_t len = strlen(tail);
    return (size_t)(end - text) >= len && memcmp(end - len, tail, len) == 0;
}

/* Is the quoted name that stands from `at` to `end` a table's or view's? SHOW CREATE VIEW puts a table before each column,
 * AS before a column's alias, and a table's alias after the table. */
static bool is_of_table(const char *text, const char *at, const char *end)
{
    bool is_column = ends_with(text, at, ".") && !ends_with(text, at, "{database}.");
    bool is_alias =
        ends_with(text, at, "` ") || ends_with(text, at, " AS ") || ends_with(text, at, " as ");
    return *end != '.' && !is_column && !is_alias;
}

/* Columns are often called as a view is, so it does not count that its name stands there. */
static bool reads_view(const struct object *view, const struct object *other)
{
    const char *text = object_get(view, "definition");
    struct buf name;
    buf_init(&name, BUF_MAX_DEFAULT);
    mysql_emit_add_name(&name, "", other->name, "");
    bool reads = false;
    for (const char *at = text; !reads && at && (at = strstr(at, name.data)); at += name.len)
        reads = is_of_table(text, at, at + name.len);
    buf_done(&name);
    return reads;
}

static size_t next_view(const struct catalog *to, const bool *left)
{
    size_t any = SIZE_MAX;
    for (size_t i = 0; i < to->object_count; i++) {
        bool is_blocked = false;
        if (!left[i] || to->objects[i]->kind != OBJECT_VIEW)
            continue;
        any = any == SIZE_MAX ? i : any;
        for (size_t k = 0; k < to->object_count && !is_blocked; k++)
            is_blocked = k != i && left[k] && to->objects[k]->kind == OBJECT_VIEW &&
                         reads_view(to->objects[i], to->objects[k]);
        if (!is_blocked)
            return i;
    }
    return any;
}

static void make_view(struct emitting *emitting, const struct object *view)
{
    const char *algorithm = object_get(view, "algorithm"), *security = object_get(view, "security");
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_adds(&sql, is_there(emitting, view) ? "CREATE OR REPLACE " : "CREATE ");
    if (algorithm && strcmp(algorithm, "UNDEFINED") != 0)
        buf_addf(&sql, "ALGORITHM=%s ", algorithm);
    add_definer(emitting, &sql, view);
    if (security)
        buf_addf(&sql, "SQL SECURITY %s ", security);
    mysql_emit_add_name(&sql, "VIEW ", view->name, " ");
    buf_adds(&sql, mysql_emit_text(emitting, object_get(view, "definition")));
    finish(emitting, &sql);
}

static void make_views(struct emitting *emitting)
{
    const struct catalog *to = emitting->emission->to;
    bool *left = mysql_emit_copy_flags(emitting, emitting->is_made, to->object_count);
    for (size_t at; (at = next_view(to, left)) != SIZE_MAX; left[at] = false)
        make_view(emitting, to->objects[at]);
}

/* ---- triggers --------------------------------------------------------------------------------- */

static bool is_sibling(const struct object *a, const struct object *b)
{
    return b->kind == OBJECT_TRIGGER && a != b && strcmp(a->owner, b->owner) == 0 &&
           strcmp(object_get(a, "timing"), object_get(b, "timing")) == 0;
}

/* After the one before it; else before the first that is there already. */
static void add_trigger_order(struct emitting *emitting, struct buf *sql,
                              const struct object *trigger)
{
    const struct catalog *to = emitting->emission->to;
    const struct object *before = NULL, *after = NULL;
    unsigned long position = object_position(trigger);
    const struct members members = mysql_emit_members(emitting, to, trigger->owner);
    for (size_t m = 0; m < members.count; m++) {
        size_t i = members.places[m];
        const struct object *other = to->objects[i];
        if (!is_sibling(trigger, other))
            continue;
        if (object_position(other) + 1 == position)
            before = other;
        if (object_position(other) > position && !emitting->is_made[i] &&
            (!after || object_position(other) < object_position(after)))
            after = other;
    }
    if (before)
        mysql_emit_add_name(sql, "FOLLOWS ", before->name, " ");
    else if (after)
        mysql_emit_add_name(sql, "PRECEDES ", after->name, " ");
}

static void make_trigger(struct emitting *emitting, const struct object *trigger)
{
    struct buf sql;
    set_variable(emitting, "sql_mode", &emitting->sql_mode, object_get(trigger, "sql mode"));
    begin_create(emitting, &sql, trigger);
    mysql_emit_add_name(&sql, "TRIGGER ", trigger->name, " ");
    buf_adds(&sql, object_get(trigger, "timing"));
    mysql_emit_add_name(&sql, " ON ", trigger->owner, " FOR EACH ROW ");
    add_trigger_order(emitting, &sql, trigger);
    buf_adds(&sql, mysql_emit_text(emitting, object_get(trigger, "definition")));
    finish(emitting, &sql);
}

/* Both stand in the catalog's array. */
static int compare_places(const void *left, const void *right)
{
    const struct object *const *a = *(const struct object *const *const *)left;
    const struct object *const *b = *(const struct object *const *const *)right;
    unsigned long x = object_position(*a), y = object_position(*b);
    return x != y ? (x > y) - (x < y) : (a > b) - (a < b);
}

static void make_triggers(struct emitting *emitting)
{
    const struct catalog *to = emitting->emission->to;
    struct object ***places = arena_calloc(emitting->arena, to->object_count + 1, sizeof *places);
    size_t count = 0;
    for (size_t i = 0; i < to->object_count; i++)
        if (emitting->is_made[i] && to->objects[i]->kind == OBJECT_TRIGGER)
            places[count++] = &to->objects[i];
    qsort(places, count, sizeof(*places), compare_places);
    for (size_t i = 0; i < count; i++)
        make_trigger(emitting, *places[i]);
}

/* ---- events ----------------------------------------------------------------------------------- */

static void add_schedule(struct buf *sql, const struct object *event)
{
    const char *at = object_get(event, "at"), *ends = object_get(event, "ends");
    buf_adds(sql, " ON SCHEDULE ");
    if (at)
        buf_addf(sql, "AT '%s'", at);
    else
        buf_adds(sql, object_get(event, "every"));
    if (ends)
        buf_addf(sql, " ENDS '%s'", ends);
}

static const char *status_words(const struct object *event)
{
    const char *status = object_get(event, "status");
    return strcmp(status, "ENABLED") == 0    ? "ENABLE"
           : strcmp(status, "DISABLED") == 0 ? "DISABLE"
                                             : "DISABLE ON SLAVE";
}

static bool has_other_schedule(const struct difference *difference)
{
    return mysql_emit_differs(difference, "every") || mysql_emit_differs(difference, "at") ||
           mysql_emit_differs(difference, "ends") || mysql_emit_differs(difference, "time zone");
}

/* A schedule that is told again begins anew, so only one that changes is. ALTER EVENT would keep the end of the old one. */
static void make_event(struct emitting *emitting, const struct difference *difference)
{
    const struct object *event = difference->expected;
    const char *comment = object_get(event, "comment");
    bool is_altered = difference->found && !has_other_schedule(difference);
    struct buf sql;
    set_variable(emitting, "sql_mode", &emitting->sql_mode, object_get(event, "sql mode"));
    set_variable(emitting, "time_zone", &emitting->time_zone, object_get(event, "time zone"));
    if (difference->found && !is_altered && !emitting->is_mariadb)
        mysql_emit_add_name(emitting->sql, "DROP EVENT ", event->name, ";\n");
    begin_create(emitting, &sql, event);
    if (is_altered) {
        buf_clear(&sql);
        buf_adds(&sql, "ALTER ");
        add_definer(emitting, &sql, event);
    }
    mysql_emit_add_name(&sql, "EVENT ", event->name, "");
    if (!is_altered)
        add_schedule(&sql, event);
    buf_addf(&sql, " ON COMPLETION %s %s", object_get(event, "on completion"), status_words(event));
    if (comment || is_altered) {
        buf_adds(&sql, " COMMENT ");
        mysql_add_literal(&sql, comment ? comment : "");
    }
    buf_addf(&sql, " DO %s", mysql_emit_text(emitting, object_get(event, "definition")));
    finish(emitting, &sql);
}

static void make_events(struct emitting *emitting)
{
    for (size_t i = 0; i < emitting->comparison.count; i++) {
        const struct difference *difference = &emitting->comparison.items[i];
        if (difference->expected && difference->expected->kind == OBJECT_EVENT)
            make_event(emitting, difference);
    }
}

/* ---- all of it -------------------------------------------------------------------------------- */

static bool is_to_be_made(const struct emitting *emitting, const struct object *trigger)
{
    const struct catalog *to = emitting->emission->to;
    for (size_t i = 0; i < to->object_count; i++)
        if (to->objects[i]->kind == OBJECT_TRIGGER && emitting->is_made[i] &&
            strcmp(to->objects[i]->name, trigger->name) == 0)
            return true;
    return false;
}

/* A trigger goes with its table, unless its name is wanted before that. */
void mysql_emit_drop_code(struct emitting *emitting)
{
    static const struct {
        enum object_kind kind;
        const char *words;
    } kinds[] = {{OBJECT_TRIGGER, "DROP TRIGGER "},
                 {OBJECT_EVENT, "DROP EVENT "},
                 {OBJECT_VIEW, "DROP VIEW "}};
    const struct catalog *from = emitting->emission->from;
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
        for (size_t i = 0; i < from->object_count; i++) {
            const struct object *object = from->objects[i];
            const struct object *table =
                object->kind == OBJECT_TRIGGER
                    ? mysql_emit_find(emitting, from, OBJECT_TABLE, object->owner)
                    : NULL;
            bool is_wanted =
                table && mysql_emit_goes(emitting, table) && is_to_be_made(emitting, object);
            if (object->kind == kinds[k].kind && (emitting->goes[i] || is_wanted))
                mysql_emit_add_name(emitting->sql, kinds[k].words, object->name, ";\n");
        }
}

void mysql_emit_make_code(struct emitting *emitting)
{
    make_routines(emitting);
    make_views(emitting);
    make_triggers(emitting);
    make_events(emitting);
    set_back(emitting);
}
