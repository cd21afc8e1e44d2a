#include "schema/compare.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/texts.h"

struct comparing {
    struct arena *arena;
    const struct catalog_rules *rules;
    struct difference *items;
    size_t count, capacity;
};

static void add_property(struct comparing *comparing, struct difference *difference,
                         const struct property *expected, const struct property *found)
{
    size_t capacity = difference->property_count;
    if (expected && found && strcmp(expected->value, found->value) == 0)
        return;
    const struct property *either = expected ? expected : found;
    if (!catalog_rules_has(comparing->rules, either->aspect))
        return;
    *ARENA_PUSH(comparing->arena, difference->properties, difference->property_count, capacity) =
        (struct property_difference){either->aspect, either->name,
                                     expected ? expected->value : NULL,
                                     found ? found->value : NULL};
}

/* Both lists are in the order of their names. */
static void compare_properties(struct comparing *comparing, struct difference *difference)
{
    const struct object *a = difference->expected, *b = difference->found;
    size_t i = 0, j = 0;
    while (i < a->property_count || j < b->property_count) {
        int order = i == a->property_count   ? 1
                    : j == b->property_count ? -1
                                             : strcmp(a->properties[i].name, b->properties[j].name);
        const struct property *expected = order <= 0 ? &a->properties[i++] : NULL;
        const struct property *found = order >= 0 ? &b->properties[j++] : NULL;
        add_property(comparing, difference, expected, found);
    }
}

static void add(struct comparing *comparing, const struct object *expected,
                const struct object *found)
{
    struct difference *difference =
        ARENA_PUSH(comparing->arena, comparing->items, comparing->count, comparing->capacity);
    *difference = (struct difference){.what = !found      ? DIFFERENCE_MISSING
                                              : !expected ? DIFFERENCE_EXTRA
                                                          : DIFFERENCE_CHANGED,
                                      .expected = expected,
                                      .found = found};
    if (expected && found)
        compare_properties(comparing, difference);
}

/* ---- lines ------------------------------------------------------------------------------------ */

static int order_identities(const struct canonical_line *a, const struct canonical_line *b)
{
    return texts_compare(a->identity, a->identity_len, b->identity, b->identity_len);
}

static int order_bodies(const struct canonical_line *a, const struct canonical_line *b)
{
    return texts_compare(a->body, a->body_len, b->body, b->body_len);
}

static size_t run_length(const struct canonical *canonical, size_t begin)
{
    size_t end = begin + 1;
    while (end < canonical->line_count &&
           order_identities(&canonical->lines[begin], &canonical->lines[end]) == 0)
        end++;
    return end - begin;
}

struct run {
    const struct canonical_line *lines;
    size_t count;
};

/* Lines of one identity (several only where names are not compared, or empty): equal ones are a pair; of the others as many
 * as there are on both sides are changed. */
static void compare_runs(struct comparing *comparing, struct run a, struct run b)
{
    const struct object **left = arena_calloc(comparing->arena, a.count + b.count, sizeof *left);
    const struct object **right = left + a.count;
    size_t left_count = 0, right_count = 0, i = 0, j = 0;
    while (i < a.count || j < b.count) {
        int order = i == a.count ? 1 : j == b.count ? -1 : order_bodies(&a.lines[i], &b.lines[j]);
        if (order < 0)
            left[left_count++] = a.lines[i].object;
        if (order > 0)
            right[right_count++] = b.lines[j].object;
        i += order <= 0;
        j += order >= 0;
    }
    for (size_t k = 0; k < left_count || k < right_count; k++)
        add(comparing, k < left_count ? left[k] : NULL, k < right_count ? right[k] : NULL);
}

/* The most frequent case costs no memory: one line on each side, and both are equal. */
static void compare_lines(struct comparing *comparing, const struct canonical *expected,
                          const struct canonical *found)
{
    size_t i = 0, j = 0;
    while (i < expected->line_count || j < found->line_count) {
        int order = i == expected->line_count ? 1
                    : j == found->line_count
                        ? -1
                        : order_identities(&expected->lines[i], &found->lines[j]);
        size_t left = order <= 0 ? run_length(expected, i) : 0;
        size_t right = order >= 0 ? run_length(found, j) : 0;
        bool is_same =
            left == 1 && right == 1 && order_bodies(&expected->lines[i], &found->lines[j]) == 0;
        if (!is_same)
            compare_runs(comparing, (struct run){expected->lines + i, left},
                         (struct run){found->lines + j, right});
        i += left;
        j += right;
    }
}

/* ---- afterwards ------------------------------------------------------------------------------- */

static const char *pair_key(const struct difference *difference)
{
    const struct object *object = difference_object(difference);
    char *key = arena_printf(object->catalog->arena, "%d %s\n%s", (int)object->kind,
                             object->owner ? object->owner : "", object->name);
    for (char *p = key; object->catalog->folds_names && *p; p++)
        *p = ascii_to_lower(*p);
    return key;
}

/* Objects with automatic names are known by their shape. Where one is missing and another of that name is extra, it has
 * changed. */
static void join_pairs(struct comparing *comparing)
{
    struct map missing;
    map_init(&missing);
    for (size_t i = 0; i < comparing->count; i++)
        if (comparing->items[i].what == DIFFERENCE_MISSING && comparing->items[i].expected->name[0])
            map_put(&missing, pair_key(&comparing->items[i]), (uint32_t)i);
    for (size_t i = 0; missing.count && i < comparing->count; i++) {
        struct difference *extra = &comparing->items[i];
        uint32_t at =
            extra->what == DIFFERENCE_EXTRA ? map_get(&missing, pair_key(extra)) : MAP_NONE;
        if (at == MAP_NONE || comparing->items[at].what != DIFFERENCE_MISSING)
            continue;
        comparing->items[at].what = DIFFERENCE_CHANGED;
        comparing->items[at].found = extra->found;
        compare_properties(comparing, &comparing->items[at]);
        extra->expected = extra->found = NULL; /* leave_out drops it */
    }
    map_done(&missing);
}

static const char *owner_key(const struct object *object, const char *name, char side)
{
    char *key = arena_printf(object->catalog->arena, "%c%s", side, name);
    for (char *p = key; object->catalog->folds_names && *p; p++)
        *p = ascii_to_lower(*p);
    return key;
}

/* What a missing or extra object owns goes with it. */
static void leave_out(struct comparing *comparing)
{
    struct map whole;
    size_t kept = 0;
    map_init(&whole);
    for (size_t i = 0; i < comparing->count; i++) {
        const struct difference *difference = &comparing->items[i];
        const struct object *object = difference_object(difference);
        if (object && difference->what != DIFFERENCE_CHANGED && !object->owner)
            map_put(&whole, owner_key(object, object->name, difference->found ? '+' : '-'), 0);
    }
    for (size_t i = 0; i < comparing->count; i++) {
        const struct difference *difference = &comparing->items[i];
        const struct object *object = difference_object(difference);
        bool goes =
            !object || (object->owner && difference->what != DIFFERENCE_CHANGED &&
                        map_get(&whole, owner_key(object, object->owner,
                                                  difference->found ? '+' : '-')) != MAP_NONE);
        if (!goes)
            comparing->items[kept++] = *difference;
    }
    comparing->count = kept;
    map_done(&whole);
}

void comparison_make(struct comparison *comparison, const struct catalog *expected,
                     const struct catalog *found, const struct catalog_rules *rules)
{
    struct comparing comparing = {.arena = expected->arena, .rules = rules};
    struct canonical a, b;
    canonical_make(&a, expected, rules);
    canonical_make(&b, found, rules);
    compare_lines(&comparing, &a, &b);
    join_pairs(&comparing);
    leave_out(&comparing);
    *comparison = (struct comparison){comparing.items, comparing.count};
}

const struct object *difference_object(const struct difference *difference)
{
    return difference->expected ? difference->expected : difference->found;
}

const char *difference_what_name(enum difference_what what)
{
    static const char *const names[] = {[DIFFERENCE_MISSING] = "missing",
                                        [DIFFERENCE_EXTRA] = "extra",
                                        [DIFFERENCE_CHANGED] = "changed"};
    return names[what];
}

static void add_property_words(struct buf *buf, const struct property_difference *property)
{
    if (property->expected && property->found)
        buf_addf(buf, "%s is '%s' instead of '%s'", property->name, property->found,
                 property->expected);
    else if (property->expected)
        buf_addf(buf, "%s '%s' is missing", property->name, property->expected);
    else
        buf_addf(buf, "%s '%s' is extra", property->name, property->found);
}

/* What has no name is known by its shape. */
static void add_shape(struct buf *buf, const struct object *object)
{
    const char *before = " (";
    for (size_t i = 0; i < object->property_count; i++) {
        if (object->properties[i].aspect != ASPECT_SHAPE)
            continue;
        buf_addf(buf, "%s%s '%s'", before, object->properties[i].name, object->properties[i].value);
        before = ", ";
    }
    buf_adds(buf, *before == ',' ? ")" : "");
}

void difference_add_words(struct buf *buf, const struct difference *difference)
{
    const struct object *object = difference_object(difference);
    const char *kind = object_kind_name(object->kind);
    bool is_unnamed = object->owner && !object->name[0];
    if (is_unnamed)
        buf_addf(buf, "%s of %s", kind, object->owner);
    else
        buf_addf(buf, "%s%s%s", kind, object->name[0] ? " " : "", object_full_name(object));
    if (is_unnamed && difference->what != DIFFERENCE_CHANGED)
        add_shape(buf, object);
    if (difference->what != DIFFERENCE_CHANGED)
        buf_addf(buf, " is %s", difference_what_name(difference->what));
    for (size_t i = 0; i < difference->property_count; i++) {
        buf_adds(buf, i ? ", " : ": ");
        add_property_words(buf, &difference->properties[i]);
    }
}
