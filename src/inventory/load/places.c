#include "inventory/load/places.h"
#include "base/map.h"

void places_init(struct places *places)
{
    *places = (struct places){0};
    arena_init(&places->arena);
}

void places_done(struct places *places)
{
    arena_done(&places->arena);
    *places = (struct places){0};
}

void places_add_item(struct places *places, enum section section, size_t line)
{
    struct places_section *in = &places->sections[section];
    struct place *place = ARENA_PUSH(&places->arena, in->items, in->item_count, in->item_capacity);
    *place = (struct place){.line = (uint32_t)line, .first_key = (uint32_t)in->key_count};
}

void places_add_key(struct places *places, enum section section, const char *key, size_t line)
{
    struct places_section *in = &places->sections[section];
    *ARENA_PUSH(&places->arena, in->keys, in->key_count, in->key_capacity) =
        (struct key_place){map_hash(key), (uint32_t)line};
}

void places_set_name(struct places *places, enum section section, const char *name)
{
    struct places_section *in = &places->sections[section];
    in->items[in->item_count - 1].name = arena_strdup(&places->arena, name);
}

void places_add_setting(struct places *places, enum section section,
                        const struct setting_place *setting)
{
    struct places_section *in = &places->sections[section];
    struct place *newest = &in->items[in->item_count - 1];
    if (!newest->setting_count++)
        newest->first_setting = (uint32_t)places->setting_count;
    *ARENA_PUSH(&places->arena, places->settings, places->setting_count, places->setting_capacity) =
        (struct setting_place){arena_strdup(&places->arena, setting->name),
                               arena_strdup(&places->arena, setting->value), setting->line};
}

size_t places_settings(const struct places *places, struct item item,
                       const struct setting_place **ret_settings)
{
    const struct places_section *in = &places->sections[item.section];
    if (item.index >= in->item_count || !in->items[item.index].setting_count)
        return 0;
    *ret_settings = places->settings + in->items[item.index].first_setting;
    return in->items[item.index].setting_count;
}

static const struct key_place *find_key(const struct places_section *in, size_t index,
                                        const char *key)
{
    if (index >= in->item_count || !key)
        return NULL;
    bool is_last = index + 1 == in->item_count;
    size_t end = is_last ? in->key_count : in->items[index + 1].first_key;
    uint32_t hash = map_hash(key);
    for (size_t i = in->items[index].first_key; i < end; i++)
        if (in->keys[i].hash == hash)
            return &in->keys[i];
    return NULL;
}

bool places_has_key(const struct places *places, struct item item, const char *key)
{
    return find_key(&places->sections[item.section], item.index, key) != NULL;
}

int places_line(const struct places *places, struct item item, const char *key)
{
    const struct places_section *in = &places->sections[item.section];
    const struct key_place *found = find_key(in, item.index, key);
    if (item.index >= in->item_count)
        return 0;
    return (int)(found ? found->line : in->items[item.index].line);
}

/* NULL: no such item, or it has no name. */
static const char *places_name(const struct places *places, struct item item)
{
    const struct places_section *in = &places->sections[item.section];
    return item.index < in->item_count ? in->items[item.index].name : NULL;
}

static const struct {
    const char *name;
    bool is_list;
} infos[SECTION__COUNT + 1] = {
    [SECTION_TOP] = {"", false},
    [SECTION_DEFAULTS] = {"defaults", false},
    [SECTION_ROLLOUT] = {"rollout", false},
    [SECTION_GATES] = {"gates", false},
    [SECTION_FORECAST] = {"forecast", false},
    [SECTION_WAVES] = {"waves", true},
    [SECTION_TENANTS] = {"tenants", true},
    [SECTION_SOURCES] = {"sources", true},
    [SECTION_SETTINGS] = {"settings", false},
    [SECTION_REPORT] = {"report", false},
    [SECTION_DRIFT] = {"drift", false},
    [SECTION_AUTOGENERATE] = {"autogenerate", false},
    [SECTION_LINT] = {"lint", false},
    [SECTION_RULES] = {"rules", false},
    [SECTION_SCRATCH] = {"scratch", false},
    [SECTION_LABELS] = {"labels", false},
    [SECTION__COUNT] = {"", false},
};

const char *section_name(enum section section)
{
    return infos[section].name;
}

bool section_is_list(enum section section)
{
    return infos[section].is_list;
}

void places_describe(const struct places *places, struct item item, char *ret_text, size_t size)
{
    const char *list = section_name(item.section);
    const char *name = places_name(places, item);
    if (item.section == SECTION_TOP)
        snprintf(ret_text, size, "the inventory");
    else if (!section_is_list(item.section))
        snprintf(ret_text, size, "'%s'", list);
    else if (name)
        snprintf(ret_text, size, "%.*s '%.128s'", (int)strlen(list) - 1, list, name);
    else
        snprintf(ret_text, size, "%s[%zu]", list, item.index);
}

const char *places_shown_key(const char *key)
{
    return strstr(key, ":/") || strchr(key, '@') ? "***" : key;
}
