/* Where the parts of the inventory stand in its file, so that a fault found after loading can name
 * its line: libcyaml keeps no positions.
 *
 * Filled by yaml.h, gone once the inventory is loaded. A section is one of the format's
 * mappings, or a list of them; its items are counted from 0.
 */
#ifndef INVENTORY_LOAD_PLACES_H
#define INVENTORY_LOAD_PLACES_H

#include "base/arena.h"

enum section {
    SECTION_TOP,
    SECTION_DEFAULTS,
    SECTION_ROLLOUT,
    SECTION_GATES,
    SECTION_FORECAST,
    SECTION_WAVES,
    SECTION_TENANTS,
    SECTION_SOURCES,
    SECTION_SETTINGS, /* of one of these; its names are free */
    SECTION_REPORT,
    SECTION_DRIFT,
    SECTION_AUTOGENERATE,
    SECTION_LINT,
    SECTION_RULES,   /* its names are those of lint's rules */
    SECTION_SCRATCH, /* its names are the engines' */
    SECTION_LABELS,  /* of one of these, where it is a mapping; its names are free */
    SECTION__COUNT   /* none of these */
};

/* One of the section's items; 0 where the section is no list. */
struct item {
    enum section section;
    size_t index;
};

struct place {
    const char *name; /* the value of its key `name`; NULL: it has none */
    uint32_t line;
    uint32_t first_key;                    /* in its section's keys */
    uint32_t first_setting, setting_count; /* that its own key `settings` holds */
};

struct key_place {
    uint32_t hash; /* of the key: two keys that collide cost a line number, no more */
    uint32_t line;
};

struct places_section {
    struct place *items;
    size_t item_count, item_capacity;
    struct key_place *keys;
    size_t key_count, key_capacity;
};

struct setting_place {
    const char *name;
    const char *value;
    uint32_t line;
};

struct places {
    struct arena arena;
    struct setting_place *settings;
    size_t setting_count, setting_capacity;
    struct places_section sections[SECTION__COUNT];
};

void places_init(struct places *places);
void places_done(struct places *places);

void places_add_item(struct places *places, enum section section, size_t line);

/* Adds a key, or the name, to the newest item of the section. */
void places_add_key(struct places *places, enum section section, const char *key, size_t line);
void places_set_name(struct places *places, enum section section, const char *name);

/* Adds a setting, whose texts are copied, to the newest item of the section. */
void places_add_setting(struct places *places, enum section section,
                        const struct setting_place *setting);

/* How many the item has, and which: borrowed. */
size_t places_settings(const struct places *places, struct item item,
                       const struct setting_place **ret_settings);

/* An empty list is there, though libcyaml gives none. */
bool places_has_key(const struct places *places, struct item item, const char *key);

/* The line of a key; of the item where it has no such key or `key` is NULL; 0 without the item. */
int places_line(const struct places *places, struct item item, const char *key);

/* Whose key it is, for messages: `tenant 'acme'`, `tenants[2]` where it has no name, `'defaults'`,
 * `the inventory`. */
void places_describe(const struct places *places, struct item item, char *ret_text, size_t size);

/* A key as a message may show it: a URL that stands where a key belongs may hold a password. */
const char *places_shown_key(const char *key);

/* `tenants`, `sources`, …; "" for SECTION_TOP. */
const char *section_name(enum section section);
bool section_is_list(enum section section);

#endif
