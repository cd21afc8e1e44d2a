/* The builder turns the file's raw values into an inventory. It is shared by the files of this folder and by
 * inventory.c. A function that reads a value and finds a fault adds the fault, leaves its result as it was, and goes on:
 * all faults are listed together, and then the whole load fails. */
#ifndef INVENTORY_LOAD_BUILDER_H
#define INVENTORY_LOAD_BUILDER_H

#include "base/arena.h"
#include "base/map.h"
#include "inventory/inventory.h"
#include "inventory/load/places.h"
#include "inventory/lack.h"
#include "inventory/load/raw.h"
#include "inventory/load/variables.h"

enum { SCHEMA_MAX_BYTES = 63 };

/* Equal things kept once: 100,000 tenants share a few hosts, users, label sets and settings.
 *
 * What is interned lives in the arena `kept`; the tables that find it again die with sharing_done,
 * the things stay. Objects are found by a text that says all of what they are. */
struct sharing_table {
    struct map map;
    const void **items;
    size_t count, capacity;
};

struct sharing {
    struct arena *kept;
    struct arena keys; /* of the objects */
    struct sharing_table strings;
    struct sharing_table objects;
};

/* The item that is being read, for the faults. */
struct subject {
    struct item item;
    const char *row;  /* the name in a row that a query source gave; NULL: read from the file */
    const char *told; /* the name of a tenant that a run tells of (told.h); NULL: it is none */
    int line;         /* of that source */
    const struct lack *lacks;        /* found so far, newest first */
    const struct expanded *expanded; /* its keys that hold a variable */
    bool has_dialect;                /* the item's URL was read before its other keys: it speaks */
    enum dialect_id dialect;
    bool lacks_url;        /* the URL read last is not wholly known, */
    bool lacks_dialect;    /* and not even its dialect */
    const char *shown_url; /* it is made of variables alone: they may be shown; else NULL */
};

/* A key in whose value a variable stands: what is wrong with it may be right on another machine. */
struct expanded {
    const struct expanded *next;
    const char *key;
};

/* The values of the keys that `defaults` shares with tenants and sources, with variables replaced. Strings are
 * interned. */
struct common {
    const struct settings *settings;
    const struct password *password;
    const char *schema;
    const struct replica_set *replicas; /* as they are named, of whichever engine; NULL: none is */
    const struct label *labels;
    const struct lack *lacks;
    size_t label_count;
    int password_line;     /* 0: no key says where the password is */
    bool has_own_password; /* rather than the defaults' */
    bool has_own_schema;
    bool has_own_path;
    bool has_own_session;
    bool has_own_replicas;
    bool is_control; /* of a query source: no revision runs there */
};

struct inventory_builder {
    struct inventory *inventory;
    struct faults *faults;
    const char *dir;      /* of the inventory, "" or with a '/' at its end */
    struct arena scratch; /* until the next item */
    struct places places; /* until the file is read */
    struct sharing sharing;
    struct subject subject;
    bool has_judged_environment[DIALECT__COUNT]; /* it is told of once */
    struct common defaults;
    const struct password *no_password; /* that of all files; NULL: not asked for yet */
    struct row_base *rows;              /* one for each of the inventory's query sources */
};

/* The values with which each row of a query source begins. */
struct row_base {
    struct common common;
    size_t index; /* of the source in the file */
    /* the folder that its SQLite files must lie in, relative to the working directory; NULL: any */
    const char *under;
};

/* A key of the item at hand, and its value as it stands in the file; NULL: the key is absent. */
struct field {
    const char *key;
    const char *raw;
};

/* The field of one of the structs of raw.h, whose members bear the keys' names. */
#define FIELD(item, key) ((struct field){#key, (item)->key})

/* ---- builder.c ------------------------------------------------------------------------------ */

/* A builder of an empty inventory; `path` is the file, for faults and for relative paths. To be ended with
 * inventory_take. */
struct inventory_builder *load_begin(const char *path, struct faults *faults);

/* Begins an item: the faults that follow are about it. Empties the scratch arena. */
void load_turn_to(struct inventory_builder *builder, enum section section, size_t index);

/* "tenant 'acme': ", then the message, at the line of `key` (NULL: of the item). Where a variable stands in the
 * key's value it is no fault of the file: the item lacks it. */
void load_fault(struct inventory_builder *builder, const char *key, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The same at a line. */
void load_fault_at(struct inventory_builder *builder, int line, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Adds a note: something is no fault, but may not be what the author of the file expects. Each text is added once, at
 * its first line. */
void load_note(struct inventory_builder *builder, const char *key, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Where a fleet has tenants of several engines that have settings, those of `defaults` are the first engine's in the
 * order of enum dialect_id: no server knows another's. */
void load_divide_settings(struct inventory *inventory);

/* The item lacks that label or setting (NULL: the key itself). */
void load_lack(struct inventory_builder *builder, const char *key, const char *name,
               const char *text);

/* Adds a copy of another item's lack to this one's. */
void load_keep_lack(struct inventory_builder *builder, const struct lack *lack);

/* Makes all that the item lacks a lack of these parts of the inventory (lack.h). */
void load_lack_part(struct inventory_builder *builder, unsigned parts);

/* The line of `key`, of the item where it is NULL or absent. */
int load_line(const struct inventory_builder *builder, const char *key);

/* A path of the file's, made relative to the working directory; in the scratch arena. */
const char *load_path(struct inventory_builder *builder, const char *path);

/* ---- what is kept once ---------------------------------------------------------------------- */

/* NULL stays NULL. */
const char *sharing_string(struct sharing *sharing, const char *text);

/* The object known by `key`, or NULL. */
const void *sharing_find(const struct sharing *sharing, const char *key);

/* Makes `object` (which lives in `kept`) known by `key`, which is copied. */
void sharing_add(struct sharing *sharing, const char *key, const void *object);

/* ---- values: NULL is an absent key, for which nothing is done ----------------------------- */

/* Reads a text, with each ${VAR} replaced, into the scratch arena. False: the key is absent, its value is lacking, or
 * a fault. */
bool load_text(struct inventory_builder *builder, struct field field, const char **ret_text);

/* rollout.c: `rollout`; NULL: the inventory has none. */
void load_rollout(struct inventory_builder *builder, const struct raw_rollout *raw);

/* drift.c: `drift`; NULL: the inventory has none. */
void load_drift(struct inventory_builder *builder, const struct raw_drift *raw);

/* The same for `autogenerate`. */
void load_autogenerate(struct inventory_builder *builder, const struct raw_autogenerate *raw);

/* lint.c: `lint`; NULL: the inventory has none. */
void load_lint(struct inventory_builder *builder, const struct raw_lint *raw);

/* Each sets the value if the key is there and its text is one of the kind. Otherwise the value stays as it was; a
 * wrong text is added to the faults. */
void load_u32(struct inventory_builder *builder, struct field field, uint32_t min,
              uint32_t *ret_value);
void load_duration(struct inventory_builder *builder, struct field field, uint64_t *ret_ms);
bool load_share(struct inventory_builder *builder, struct field field, struct share *ret_share);
bool load_forecast_limit(struct inventory_builder *builder, struct field field,
                         struct forecast_limit *ret_limit);

/* The index of the word among `words` (NULL-terminated), or `fallback`. */
int load_word(struct inventory_builder *builder, struct field field, const char *const *words,
              int fallback);

/* Whether it is UTF-8 without control characters; and 1 to 128 bytes of it. */
bool load_is_plain(const char *text);
bool load_is_name(const char *text);

/* NULL: the name can be a version table's; else what is wrong with it. */
const char *load_version_table_fault(const char *name);

/* settings.c: the one object for all settings like these, and why a tenant may not have that one of its sessions (NULL: it may). */
const struct settings *load_keep_settings(struct inventory_builder *builder,
                                          const struct settings *settings);
const char *load_setting_fault(struct inventory_builder *builder,
                               const struct session_setting *setting);
const char *const *load_keep_path(struct inventory_builder *builder, const char *const *path,
                                  size_t count);
const struct session_setting *load_keep_session(struct inventory_builder *builder,
                                                const struct session_setting *list, size_t count);

/* ---- common.c -------------------------------------------------------------------- */

/* Reads the keys on top of `base`, whose lacks the item has too but where it says better. */
struct common load_common(struct inventory_builder *builder, const struct raw_common *raw,
                          const struct common *base);

/* The words of a program to run, NULL-terminated, in the inventory's arena; NULL: a fault. One named with a
 * '/' is a path of the inventory's; without one it is looked up in PATH. */
const char *const *load_argv(struct inventory_builder *builder, const char *key, char *const *raw,
                             size_t count);

/* The one object for all passwords of this kind and value (copied). */
const struct password *load_keep_password(struct inventory_builder *builder,
                                          enum password_kind kind, const char *value);

/* The same with what may be shown of it. */
const struct password *load_keep_shown(struct inventory_builder *builder, enum password_kind kind,
                                       const char *value, const char *shown);

/* Appends the labels to the common's own, which they override; equal sets become one array. */
void load_merge_labels(struct inventory_builder *builder, const struct label *own, size_t count,
                       struct common *common);

/* `name`, `dialect` and `server`, which every tenant has. */
bool load_is_implicit(const char *key);

/* Whether no label of the common's own has the key, or its value is lacking. */
bool load_lacks_label(const struct common *common, const char *key);

/* ---- settings.c ----------------------------------------------------------------------------- */

/* The settings of a tenant for which the inventory says nothing, with the rollout's `rollback_by`; `raw` NULL: there
 * is no `rollout`. */
const struct settings *load_default_settings(struct inventory_builder *builder,
                                             const struct raw_rollout *raw);

/* What the item at hand sets on top of `base`; equal settings are one object. Notes in `common` whether it has a
 * `search_path` and `settings` of its own. */
const struct settings *load_settings(struct inventory_builder *builder,
                                     const struct raw_common *raw, const struct settings *base,
                                     struct common *common);

/* ---- replicas.c ------------------------------------------------------------------------------ */

/* Reads `batch_replicas` of the item at hand, if it is there. `common` has the item's settings and password already. */
void load_replicas(struct inventory_builder *builder, const struct raw_common *raw,
                   struct common *common);

/* A replica that a run tells of by that text; NULL: a fault. And the one object for a set of these. */
const struct tenant *load_told_replica(struct inventory_builder *builder, const char *text,
                                       const struct url *url, const struct common *common);
const struct replica_set *load_keep_replicas(struct inventory_builder *builder,
                                             const struct tenant *const *list, size_t count);

/* Those of them that a tenant at that URL, of that server (NULL: not known), may have. NULL: none, or a fault. */
const struct replica_set *load_replicas_of(struct inventory_builder *builder, const struct url *url,
                                           const char *server, const struct common *common);

/* ---- tenants.c, sources.c -------------------------------------------------- */

/* Fills in everything but the name from the URL (borrowed; SQLite paths as written, relative to
 * the inventory) and the common part. False: a fault. */
bool load_fill_tenant(struct inventory_builder *builder, const struct url *url,
                      const struct common *common, struct tenant *ret_tenant);

/* A copy in the inventory's arena, without the password. */
struct url load_keep_url(struct inventory_builder *builder, const struct url *url);

/* Appends a copy; the array of tenants may move. */
void load_add_tenant(struct inventory *inventory, const struct tenant *tenant);

/* False: absent or a fault. Where the environment does not say all of it, the subject `lacks_url`, and *ret_url is
 * what is known: placeholders (variables.h) stand in it, or it holds no more than its dialect. */
bool load_url(struct inventory_builder *builder, const char *raw, struct url *ret_url);

/* Read what the keys `tenants` and `sources` hold into the inventory. */
void load_tenants(struct inventory_builder *builder, const struct raw_inventory *raw);
void load_sources(struct inventory_builder *builder, const struct raw_inventory *raw);

#endif
