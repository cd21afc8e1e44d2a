/* What tenants are held to, as texts for other machines: how it is compared, the places, and the statements in doubt. */
#include "rollout/verification_private.h"

#include "base/buf.h"
#include "base/fields.h"
#include "schema/catalog_text.h"

/* The words that a text begins with. */
#define TOLD_RULES "rules"
#define TOLD_PLACE "place"
#define TOLD_DOUBT "doubt"

/* ---- telling ----------------------------------------------------------------------------------- */

static void add_kind(struct buf *buf, const struct verified_kind *kind)
{
    fields_add(buf, dialect_info(kind->dialect)->name);
    fields_add_number(buf, kind->has_schema);
}

/* The last of their line. */
static void add_rows(struct buf *buf, const struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        fields_add(buf, rows->ids[i]);
    fields_end(buf);
}

static void tell_rules(struct buf *buf, const struct catalog_rules *rules)
{
    fields_add(buf, TOLD_RULES);
    fields_add_number(buf, CANONICAL_FORM);
    fields_add_number(buf, rules->aspects);
    for (size_t i = 0; i < rules->ignored_count; i++) {
        const struct ignored *ignored = &rules->ignored[i];
        fields_add(buf, ignored->has_kind ? object_kind_name(ignored->kind) : NULL);
        fields_add(buf, ignored->pattern);
    }
    fields_end(buf);
}

static void tell_place(struct buf *buf, const struct verified_place *place)
{
    fields_add(buf, TOLD_PLACE);
    add_kind(buf, &place->kind);
    add_rows(buf, &place->rows);
    catalog_add_text(buf, place->catalog);
}

static void tell_doubt(struct buf *buf, const struct verified_doubt *doubt)
{
    fields_add(buf, TOLD_DOUBT);
    add_kind(buf, &doubt->of.kind);
    fields_add(buf, doubt->of.revision);
    fields_add_number(buf, doubt->of.direction);
    fields_add_number(buf, doubt->of.statements);
    fields_add(buf, doubt->group);
    fields_add(buf, doubt->without.hex);
    fields_add(buf, doubt->with.hex);
    add_rows(buf, &doubt->rows);
}

struct texts verification_told(const struct verification *verification, struct arena *arena)
{
    size_t most = 1 + verification->count + verification->doubt_count, count = 0;
    const char **items = arena_calloc(arena, most, sizeof *items);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    tell_rules(&buf, verification->rules);
    items[count++] = buf_into(&buf, arena);
    for (size_t i = 0; i < verification->count; i++) {
        buf_init(&buf, BUF_MAX_DEFAULT);
        tell_place(&buf, verification->places[i]);
        items[count++] = buf_into(&buf, arena);
    }
    for (size_t i = 0; i < verification->doubt_count; i++) {
        buf_init(&buf, BUF_MAX_DEFAULT);
        tell_doubt(&buf, verification->doubts[i]);
        items[count++] = buf_into(&buf, arena);
    }
    return (struct texts){items, count};
}

/* ---- reading ----------------------------------------------------------------------------------- */

static bool read_kind(struct fields *fields, struct verified_kind *ret_kind)
{
    const char *name;
    uint32_t has_schema;
    if (!fields_take_text(fields, &name) || !dialect_find(name, strlen(name), &ret_kind->dialect) ||
        !fields_take_number(fields, 1, &has_schema))
        return false;
    ret_kind->has_schema = has_schema;
    return true;
}

static bool read_rows(struct fields *fields, struct rows *ret_rows)
{
    const char **ids = NULL, *id;
    size_t count = 0, capacity = 0;
    while (fields_take(fields, &id)) {
        if (!id)
            return false;
        *ARENA_PUSH(fields->arena, ids, count, capacity) = id;
    }
    *ret_rows = (struct rows){ids, count, true};
    return !fields->is_damaged;
}

static bool read_fingerprint(struct fields *fields, struct fingerprint *ret_fingerprint)
{
    const char *hex;
    return fields_take_text(fields, &hex) &&
           snprintf(ret_fingerprint->hex, sizeof ret_fingerprint->hex, "%s", hex) ==
               (int)sizeof ret_fingerprint->hex - 1;
}

static bool read_ignored(struct fields *fields, struct catalog_rules *rules)
{
    const char *kind, *pattern;
    while (fields_take(fields, &kind)) {
        struct ignored ignored = {.has_kind = kind != NULL};
        size_t len;
        if (!fields_take_text(fields, &pattern) ||
            (kind && (!object_kind_find(kind, &ignored.kind, &len) || kind[len])))
            return false;
        ignored.pattern = pattern;
        *ARENA_PUSH(rules->arena, rules->ignored, rules->ignored_count, rules->ignored_capacity) =
            ignored;
    }
    return !fields->is_damaged;
}

/* Sets *ret_is_other where another skein compares in another way. */
static bool read_rules(struct verification *verification, struct fields *fields, bool *ret_is_other)
{
    struct catalog_rules *rules = arena_alloc(&verification->arena, sizeof *rules);
    uint32_t form, aspects;
    catalog_rules_init(rules, &verification->arena);
    if (!fields_take_number(fields, UINT32_MAX, &form))
        return false;
    *ret_is_other = form != CANONICAL_FORM;
    if (*ret_is_other || !fields_take_number(fields, (1u << ASPECT__COUNT) - 1, &aspects))
        return false;
    rules->aspects = aspects;
    verification->rules = rules;
    return read_ignored(fields, rules);
}

static bool read_place(struct verification *verification, struct fields *fields)
{
    struct verified_kind kind;
    struct rows rows;
    if (!read_kind(fields, &kind) || !read_rows(fields, &rows))
        return false;
    const struct catalog *catalog = catalog_of_text(fields->arena, fields);
    if (catalog)
        verification_add(verification, &kind, &rows, catalog);
    return catalog;
}

static bool read_doubt(struct verification *verification, struct fields *fields)
{
    struct verified_doubt *doubt = arena_calloc(&verification->arena, 1, sizeof *doubt);
    uint32_t direction, statements;
    if (!read_kind(fields, &doubt->of.kind) || !fields_take_text(fields, &doubt->of.revision) ||
        !fields_take_number(fields, DIRECTION__COUNT - 1, &direction) ||
        !fields_take_number(fields, UINT32_MAX, &statements) ||
        !fields_take_text(fields, &doubt->group) || !read_fingerprint(fields, &doubt->without) ||
        !read_fingerprint(fields, &doubt->with) || !read_rows(fields, &doubt->rows))
        return false;
    doubt->of.direction = (enum direction)direction;
    doubt->of.statements = statements;
    doubt->of.rows = &doubt->rows;
    *ARENA_PUSH(&verification->arena, verification->doubts, verification->doubt_count,
                verification->doubt_capacity) = doubt;
    return true;
}

/* The rules come first: fingerprints are made by them. */
static bool read_text(struct verification *verification, const char *text, bool *ret_is_other)
{
    struct fields fields = {&verification->arena, text, false};
    const char *word;
    if (!fields_begin(&fields) || !fields_take_text(&fields, &word))
        return false;
    if (strcmp(word, TOLD_RULES) == 0)
        return !verification->rules && read_rules(verification, &fields, ret_is_other);
    if (!verification->rules)
        return false;
    return strcmp(word, TOLD_PLACE) == 0   ? read_place(verification, &fields)
           : strcmp(word, TOLD_DOUBT) == 0 ? read_doubt(verification, &fields)
                                           : false;
}

struct verification *verification_of_told(const struct texts *told, struct err *err)
{
    struct verification *verification = verification_new(NULL);
    bool is_other = false, is_fine = told->count > 0;
    for (size_t i = 0; is_fine && i < told->count; i++)
        is_fine = read_text(verification, told->items[i], &is_other);
    if (is_fine)
        return verification;
    verification_free(verification);
    err_set(
        err, ERR_CONFIG,
        is_other
            ? "the run compares schemas as another release of skein does: have the same release here"
            : "what the run compares schemas with is nothing that skein tells: something else wrote "
              "to the ledger");
    return NULL;
}
