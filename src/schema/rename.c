#include "schema/rename.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "schema/compare.h"

void renames_init(struct renames *renames, struct arena *arena)
{
    *renames = (struct renames){.arena = arena};
}

static void add(struct renames *renames, struct rename rename)
{
    *ARENA_PUSH(renames->arena, renames->items, renames->count, renames->capacity) = rename;
}

bool renames_add_option(struct renames *renames, const char *text, struct err *err)
{
    const char *equals = strchr(text, '=');
    const char *point = equals ? memchr(text, '.', (size_t)(equals - text)) : NULL;
    const char *from = point ? point + 1 : text;
    if (!equals || equals == from || !equals[1] || point == text)
        return err_set(err, ERR_CONFIG,
                       "--rename: '%s' is not 'table=new_table' or 'table.column=new_column'",
                       text);
    add(renames,
        (struct rename){.table = point ? arena_strndup(renames->arena, text, (size_t)(point - text))
                                       : NULL,
                        .from = arena_strndup(renames->arena, from, (size_t)(equals - from)),
                        .to = arena_strdup(renames->arena, equals + 1)});
    return true;
}

/* ---- annotations ------------------------------------------------------------------------------ */

/* What of a CREATE TABLE has been read. */
enum reading_state { BEFORE_CREATE, AFTER_CREATE, AFTER_TABLE, IN_TABLE };

struct scan {
    struct renames *renames;
    const char *path, *at;
    int line;
    enum reading_state state;
    unsigned words;        /* since CREATE */
    const char *table;     /* whose definition it is in; NULL: none */
    const char *line_name; /* the first name of this line; NULL: none yet */
    bool has_text;         /* that line has begun, with whatever */
    bool is_table_line;    /* that line begins with CREATE TABLE */
    struct rename pending; /* `from` NULL: none; waits for a name */
    bool waits_for_table;
    struct err *err;
};

static bool is_of_name(char c)
{
    return ascii_is_alnum(c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* A name with or without quotes; the place after it. NULL: none stands there. */
static const char *read_name(struct arena *arena, const char *at, const char **ret_name)
{
    const char *end = at;
    char close = *at == '[' ? ']' : *at;
    if (*at == '"' || *at == '`' || *at == '[') {
        end = strchr(at + 1, close);
        *ret_name = end ? arena_strndup(arena, at + 1, (size_t)(end - at - 1)) : NULL;
        return end ? end + 1 : NULL;
    }
    while (is_of_name(*end))
        end++;
    *ret_name = arena_strndup(arena, at, (size_t)(end - at));
    return end > at ? end : NULL;
}

static void settle_pending(struct scan *scan, const char *table, const char *name)
{
    scan->pending.table = table;
    scan->pending.to = name;
    add(scan->renames, scan->pending);
    scan->pending.from = NULL;
    scan->waits_for_table = false;
}

static void take_table_name(struct scan *scan, const char *name)
{
    scan->state = IN_TABLE;
    scan->table = name;
    scan->is_table_line = true;
    if (scan->pending.from)
        settle_pending(scan, NULL, name);
}

static void take_word(struct scan *scan, const char *name, bool is_quoted)
{
    static const char *const skipped[] = {"if", "not", "exists"};
    bool is_first = !scan->line_name;
    scan->line_name = scan->line_name ? scan->line_name : name;
    if (!is_quoted && ascii_is_same(name, "create")) {
        scan->state = AFTER_CREATE;
        scan->words = 0;
        scan->table = NULL;
        scan->waits_for_table = scan->pending.from != NULL;
    } else if (scan->state == AFTER_CREATE) {
        scan->state = !is_quoted && ascii_is_same(name, "table") ? AFTER_TABLE
                      : ++scan->words > 3                        ? BEFORE_CREATE
                                                                 : AFTER_CREATE;
    } else if (scan->state == AFTER_TABLE) {
        for (size_t i = 0; i < ARRAY_LEN(skipped); i++)
            if (!is_quoted && ascii_is_same(name, skipped[i]))
                return;
        if (*scan->at != '.') /* of `schema.table` the second */
            take_table_name(scan, name);
    } else if (is_first && scan->pending.from && scan->table) {
        settle_pending(scan, scan->table, name);
    }
}

static bool refuse_annotation(struct scan *scan, int line)
{
    return err_at(scan->err, ERR_CONFIG, scan->path, line,
                  "'" RENAME_MARK "' stands beside no table or column, which it must be about");
}

/* At `--`: the comment's text may be an annotation. */
static bool take_comment(struct scan *scan)
{
    const char *end = scan->at + strcspn(scan->at, "\n"), *name;
    const char *text = scan->at + strspn(scan->at, "-");
    text += strspn(text, " \t");
    scan->at = end;
    if (strncmp(text, RENAME_MARK, strlen(RENAME_MARK)) != 0)
        return true;
    text += strlen(RENAME_MARK);
    text += strspn(text, " \t");
    if (!read_name(scan->renames->arena, text, &name))
        return err_at(scan->err, ERR_CONFIG, scan->path, scan->line,
                      "'" RENAME_MARK "' must name what the table or column was called");
    if (scan->pending.from)
        return refuse_annotation(scan, scan->pending.line);
    scan->pending = (struct rename){.from = name, .file = scan->path, .line = scan->line};
    if (!scan->has_text)
        return true; /* about what follows */
    if (!scan->table || !scan->line_name)
        return refuse_annotation(scan, scan->line);
    settle_pending(scan, scan->is_table_line ? NULL : scan->table,
                   scan->is_table_line ? scan->table : scan->line_name);
    return true;
}

static void skip_to(struct scan *scan, const char *end)
{
    for (; scan->at < end; scan->at++)
        if (*scan->at == '\n') {
            scan->line++;
            scan->line_name = NULL;
            scan->has_text = false;
            scan->is_table_line = false;
        }
}

static const char *after(const char *at, const char *mark)
{
    const char *found = strstr(at, mark);
    return found ? found + strlen(mark) : at + strlen(at);
}

static bool scan_one(struct scan *scan)
{
    const char *name, *end;
    if (strncmp(scan->at, "--", 2) == 0)
        return take_comment(scan);
    if (strncmp(scan->at, "/*", 2) == 0) {
        skip_to(scan, after(scan->at + 2, "*/"));
        return true;
    }
    if (*scan->at == '\'') {
        skip_to(scan, after(scan->at + 1, "'"));
        scan->has_text = true;
        return true;
    }
    if (*scan->at == ';') {
        scan->state = BEFORE_CREATE;
        scan->table = NULL;
    }
    bool is_quoted = !is_of_name(*scan->at);
    end = read_name(scan->renames->arena, scan->at, &name);
    scan->has_text = scan->has_text || !strchr(" \t\r\n", *scan->at);
    if (!end) {
        skip_to(scan, scan->at + 1);
        return true;
    }
    scan->at = end;
    take_word(scan, name, is_quoted);
    return true;
}

bool renames_add_file(struct renames *renames, const char *path, const char *text, struct err *err)
{
    struct scan scan = {.renames = renames, .path = path, .at = text, .line = 1, .err = err};
    if (!strstr(text, RENAME_MARK))
        return true;
    while (*scan.at)
        if (!scan_one(&scan))
            return false;
    return !scan.pending.from || refuse_annotation(&scan, scan.pending.line);
}

/* ---- what they mean ---------------------------------------------------------------------------- */

static bool is_same_name(const struct catalog *catalog, const char *a, const char *b)
{
    return catalog->folds_names ? ascii_is_same(a, b) : strcmp(a, b) == 0;
}

static bool has_table(const struct catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->object_count; i++)
        if (catalog->objects[i]->kind == OBJECT_TABLE &&
            is_same_name(catalog, catalog->objects[i]->name, name))
            return true;
    return false;
}

static bool has_column(const struct catalog *catalog, const char *table, const char *name)
{
    for (size_t i = 0; i < catalog->object_count; i++)
        if (catalog->objects[i]->kind == OBJECT_COLUMN &&
            is_same_name(catalog, catalog->objects[i]->owner, table) &&
            is_same_name(catalog, catalog->objects[i]->name, name))
            return true;
    return false;
}

/* What the table is called in `from`. */
static const char *old_table(const struct renames *renames, const struct catalog *from,
                             const char *table)
{
    for (size_t i = 0; i < renames->count; i++)
        if (!renames->items[i].table && is_same_name(from, renames->items[i].to, table))
            return renames->items[i].from;
    return table;
}

/* Does the catalog have what the rename is about, under that name? */
static bool has_named(const struct renames *renames, const struct catalog *catalog,
                      const struct rename *rename, const char *name)
{
    if (!rename->table)
        return has_table(catalog, name);
    return has_column(catalog, rename->table, name) ||
           has_column(catalog, old_table(renames, catalog, rename->table), name);
}

static bool refuse_rename(const struct rename *rename, const char *why, struct err *err)
{
    const char *point = rename->table ? "." : "", *table = rename->table ? rename->table : "";
    if (rename->file)
        return err_at(err, ERR_CONFIG, rename->file, rename->line,
                      "'" RENAME_MARK " %s' of '%s%s%s' matches nothing: %s", rename->from, table,
                      point, rename->to, why);
    return err_set(err, ERR_CONFIG, "'--rename %s%s%s=%s' matches nothing: %s", table, point,
                   rename->from, rename->to, why);
}

static bool check(const struct renames *renames, const struct rename *rename,
                  const struct catalog *from, const struct catalog *to, struct err *err)
{
    if (!has_named(renames, from, rename, rename->from))
        return refuse_rename(rename, "the chain makes nothing of the old name", err);
    if (!has_named(renames, to, rename, rename->to))
        return refuse_rename(rename, "the schema files make nothing of the new name", err);
    if (has_named(renames, from, rename, rename->to))
        return refuse_rename(rename, "the chain makes something of the new name already", err);
    if (has_named(renames, to, rename, rename->from))
        return refuse_rename(rename, "the schema files still have the old name", err);
    return true;
}

static void order(struct renames *renames)
{
    struct rename *sorted = arena_calloc(renames->arena, renames->count + 1, sizeof *sorted);
    size_t at = 0;
    for (int columns = 0; columns < 2; columns++)
        for (size_t i = 0; i < renames->count; i++)
            if ((renames->items[i].table != NULL) == columns)
                sorted[at++] = renames->items[i];
    renames->items = sorted;
    renames->capacity = renames->count + 1;
}

bool renames_settle(struct renames *renames, const struct catalog *from, const struct catalog *to,
                    struct err *err)
{
    size_t kept = 0;
    order(renames);
    for (size_t i = 0; i < renames->count; i++) {
        const struct rename rename = renames->items[i];
        bool is_done = rename.file && !has_named(renames, from, &rename, rename.from) &&
                       has_named(renames, from, &rename, rename.to) &&
                       has_named(renames, to, &rename, rename.to);
        if (!is_done && !check(renames, &rename, from, to, err))
            return false;
        renames->items[i] = rename;
        if (!is_done)
            renames->items[kept++] = rename;
    }
    renames->count = kept;
    return true;
}

bool name_is_among(const struct catalog *catalog, const char *name, const char *const *names,
                   size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_same_name(catalog, name, names[i]))
            return true;
    return false;
}

static bool are_alike(const struct difference *gone, const struct difference *come)
{
    const struct object *a = gone->found, *b = come->expected;
    if (gone->what != DIFFERENCE_EXTRA || come->what != DIFFERENCE_MISSING ||
        a->kind != OBJECT_COLUMN || b->kind != OBJECT_COLUMN ||
        !is_same_name(a->catalog, a->owner, b->owner))
        return false;
    const char *type_a = object_get(a, "type"), *type_b = object_get(b, "type");
    return strcmp(type_a ? type_a : "", type_b ? type_b : "") == 0;
}

bool renames_are_said(const struct catalog *from, const struct catalog *to,
                      const struct catalog_rules *rules, const char *const *allowed,
                      size_t allowed_count, struct err *err)
{
    struct comparison comparison;
    comparison_make(&comparison, to, from, rules);
    for (size_t i = 0; i < comparison.count; i++)
        for (size_t k = 0; k < comparison.count; k++) {
            const struct difference *gone = &comparison.items[i], *come = &comparison.items[k];
            if (!are_alike(gone, come) ||
                name_is_among(from, object_full_name(gone->found), allowed, allowed_count))
                continue;
            const char *table = gone->found->owner, *name = gone->found->name;
            return err_set(err, ERR_CONFIG,
                           "table '%s' loses column '%s' and gains '%s' of the same type. Where it "
                           "is the same column under another name, say '--rename %s.%s=%s', or "
                           "write '-- " RENAME_MARK " %s' beside it in the schema file; where it "
                           "is another one, say '--allow-drop %s.%s'",
                           table, name, come->expected->name, table, name, come->expected->name,
                           name, table, name);
        }
    return true;
}
