#include "schema/rules.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/similar.h"

void catalog_rules_init(struct catalog_rules *rules, struct arena *arena)
{
    *rules = (struct catalog_rules){.arena = arena,
                                    .aspects = 1u << ASPECT_SHAPE | 1u << ASPECT_COMMENTS};
}

void catalog_rules_init_strict(struct catalog_rules *rules, struct arena *arena)
{
    *rules = (struct catalog_rules){.arena = arena, .aspects = (1u << ASPECT__COUNT) - 1};
}

/* The aspects that can be chosen; ASPECT_SHAPE is not one of them. */
static enum aspect find_aspect(const char *word)
{
    enum aspect aspect;
    return aspect_find(word, &aspect) && aspect != ASPECT_SHAPE ? aspect : ASPECT__COUNT;
}

static bool refuse_entry(const char *entry, const char *what, struct err *err)
{
    struct similar similar = similar_to(entry);
    for (int aspect = ASPECT_SHAPE + 1; aspect < ASPECT__COUNT; aspect++)
        similar_try(&similar, aspect_name((enum aspect)aspect));
    err_set(err, ERR_CONFIG, "'%s' is %s", entry, what);
    similar_add_hint(err, &similar);
    return false;
}

bool catalog_rules_compare(struct catalog_rules *rules, const char *entry, struct err *err)
{
    enum aspect aspect = find_aspect(entry);
    if (aspect == ASPECT__COUNT)
        return refuse_entry(entry,
                            "nothing that can be compared: it is names, order, comments, "
                            "privileges, owners, versions or storage",
                            err);
    rules->aspects |= 1u << aspect;
    return true;
}

bool catalog_rules_ignore(struct catalog_rules *rules, const char *entry, struct err *err)
{
    struct ignored ignored = {.pattern = entry};
    enum aspect aspect = find_aspect(entry);
    size_t len;
    if (aspect != ASPECT__COUNT) {
        rules->aspects &= ~(1u << aspect);
        return true;
    }
    if (object_kind_find(entry, &ignored.kind, &len)) {
        ignored.has_kind = true;
        ignored.pattern = entry + len;
        while (*ignored.pattern == ' ')
            ignored.pattern++;
        if (!*ignored.pattern)
            return refuse_entry(
                entry, "a kind of objects without a name: 'KIND *' ignores all of it", err);
    }
    if (!*entry)
        return refuse_entry(entry, "empty: it is an aspect, a name, or a kind and a name", err);
    *ARENA_PUSH(rules->arena, rules->ignored, rules->ignored_count, rules->ignored_capacity) =
        ignored;
    return true;
}

static bool is_same_letter(char a, char b, bool folds)
{
    return a == b || (folds && ascii_to_lower(a) == ascii_to_lower(b));
}

/* Linear in the text for each `*`: only the last one is ever tried again. */
static bool matches(const char *pattern, const char *text, bool folds)
{
    const char *star = NULL, *retry = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            retry = text;
        } else if (*pattern == '?' || is_same_letter(*pattern, *text, folds)) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

static bool is_ignored_by(const struct ignored *ignored, const struct object *object)
{
    if (ignored->has_kind && ignored->kind != object->kind)
        return false;
    bool folds = object->catalog->folds_names;
    return matches(ignored->pattern, object->name, folds) ||
           (object->owner && matches(ignored->pattern, object_full_name(object), folds));
}

bool catalog_rules_ignores(const struct catalog_rules *rules, const struct object *object)
{
    for (size_t i = 0; i < rules->ignored_count; i++)
        if (is_ignored_by(&rules->ignored[i], object))
            return true;
    return false;
}
