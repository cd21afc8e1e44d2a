#include "inventory/load/builder.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "base/utf8.h"

/* ---- what is kept once ---------------------------------------------------------------------- */

static void sharing_init(struct sharing *sharing, struct arena *kept)
{
    *sharing = (struct sharing){.kept = kept};
    arena_init(&sharing->keys);
    map_init(&sharing->strings.map);
    map_init(&sharing->objects.map);
}

static void sharing_done(struct sharing *sharing)
{
    map_done(&sharing->strings.map);
    map_done(&sharing->objects.map);
    free(sharing->strings.items);
    free(sharing->objects.items);
    arena_done(&sharing->keys);
}

static const void *find_shared(const struct sharing_table *table, const char *key)
{
    uint32_t index = map_get(&table->map, key);
    return index == MAP_NONE ? NULL : table->items[index];
}

/* `key` is borrowed. */
static void add_shared(struct sharing_table *table, const char *key, const void *item)
{
    if (table->count == table->capacity) {
        table->capacity = table->capacity ? table->capacity * 2 : 64;
        table->items = xrealloc(table->items, table->capacity * sizeof *table->items);
    }
    map_put(&table->map, key, (uint32_t)table->count);
    table->items[table->count++] = item;
}

const char *sharing_string(struct sharing *sharing, const char *text)
{
    if (!text)
        return NULL;
    const char *known = find_shared(&sharing->strings, text);
    if (known)
        return known;
    const char *copy = arena_strdup(sharing->kept, text);
    add_shared(&sharing->strings, copy, copy);
    return copy;
}

const void *sharing_find(const struct sharing *sharing, const char *key)
{
    return find_shared(&sharing->objects, key);
}

void sharing_add(struct sharing *sharing, const char *key, const void *object)
{
    add_shared(&sharing->objects, arena_strdup(&sharing->keys, key), object);
}

/* ---- the builder ---------------------------------------------------------------------------- */

struct inventory_builder *load_begin(const char *path, struct faults *faults)
{
    struct inventory_builder *builder = xcalloc(1, sizeof *builder);
    struct inventory *inventory = xcalloc(1, sizeof *inventory);
    inventory->arena = xcalloc(1, sizeof *inventory->arena);
    arena_init(inventory->arena);
    inventory->path = arena_strdup(inventory->arena, path);
    builder->inventory = inventory;
    builder->faults = faults;
    builder->dir = arena_strndup(inventory->arena, path, path_folder_len(path));
    arena_init(&builder->scratch);
    places_init(&builder->places);
    sharing_init(&builder->sharing, inventory->arena);
    return builder;
}

const struct inventory *inventory_draft(const struct inventory_builder *builder)
{
    return builder->inventory;
}

struct inventory *inventory_take(struct inventory_builder *builder)
{
    struct inventory *inventory = builder->inventory;
    sharing_done(&builder->sharing);
    places_done(&builder->places);
    arena_done(&builder->scratch);
    free(builder);
    return inventory;
}

void inventory_abandon(struct inventory_builder *builder)
{
    if (builder)
        inventory_free(inventory_take(builder));
}

void load_turn_to(struct inventory_builder *builder, enum section section, size_t index)
{
    builder->subject = (struct subject){.item = {section, index}};
    arena_done(&builder->scratch);
    arena_init(&builder->scratch);
}

int load_line(const struct inventory_builder *builder, const char *key)
{
    const struct subject *subject = &builder->subject;
    if (subject->line || subject->told)
        return subject->line;
    int line = places_line(&builder->places, subject->item, key);
    /* A mapping that stands elsewhere, reached by an alias: at least the line that refers to it. */
    return line ? line
                : places_line(&builder->places, (struct item){SECTION_TOP, 0},
                              section_name(subject->item.section));
}

static void describe(const struct inventory_builder *builder, char *ret_text, size_t size)
{
    const struct subject *subject = &builder->subject;
    if (subject->told)
        snprintf(ret_text, size, "tenant '%.128s', as the run tells of it", subject->told);
    else if (subject->row)
        snprintf(ret_text, size, "%s[%zu], row '%.128s'", section_name(subject->item.section),
                 subject->item.index, subject->row);
    else
        places_describe(&builder->places, subject->item, ret_text, size);
}

PRINTF_LIKE(3, 0)
static void fault_at(struct inventory_builder *builder, int line, const char *format, va_list args)
{
    char who[256];
    char text[768];
    vsnprintf(text, sizeof text, format, args);
    describe(builder, who, sizeof who);
    faults_add(builder->faults, ERR_CONFIG, builder->subject.told ? NULL : builder->inventory->path,
               line, "%s: %s", who, text);
}

static bool has_variable(const struct inventory_builder *builder, const char *key)
{
    for (const struct expanded *known = builder->subject.expanded; key && known;
         known = known->next)
        if (strcmp(known->key, key) == 0)
            return true;
    return false;
}

void load_fault(struct inventory_builder *builder, const char *key, const char *format, ...)
{
    va_list args;
    char text[768];
    va_start(args, format);
    if (has_variable(builder, key)) {
        vsnprintf(text, sizeof text, format, args);
        load_lack(builder, key, NULL, text);
    } else {
        fault_at(builder, load_line(builder, key), format, args);
    }
    va_end(args);
}

void load_fault_at(struct inventory_builder *builder, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fault_at(builder, line, format, args);
    va_end(args);
}

void load_note(struct inventory_builder *builder, const char *key, const char *format, ...)
{
    struct inventory *inventory = builder->inventory;
    va_list args;
    char text[256];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (size_t i = 0; i < inventory->note_count; i++)
        if (strcmp(inventory->notes[i].text, text) == 0)
            return;
    *ARENA_PUSH(inventory->arena, inventory->notes, inventory->note_count,
                inventory->note_capacity) =
        (struct inventory_note){arena_strdup(inventory->arena, text), load_line(builder, key)};
}

void load_lack(struct inventory_builder *builder, const char *key, const char *name,
               const char *text)
{
    struct arena *arena = builder->inventory->arena;
    struct lack *lack = arena_alloc(arena, sizeof *lack);
    char owner[256];
    describe(builder, owner, sizeof owner);
    *lack = (struct lack){
        .next = builder->subject.lacks,
        .owner = arena_strdup(arena, owner),
        .key = key,
        .name = name ? sharing_string(&builder->sharing, name) : NULL,
        .text = sharing_string(&builder->sharing, text),
        .line = load_line(builder, key),
    };
    builder->subject.lacks = lack;
}

void load_keep_lack(struct inventory_builder *builder, const struct lack *lack)
{
    struct lack *own = arena_alloc(builder->inventory->arena, sizeof *own);
    *own = *lack;
    own->next = builder->subject.lacks;
    builder->subject.lacks = own;
}

void load_lack_part(struct inventory_builder *builder, unsigned parts)
{
    const struct lack *next;
    for (const struct lack *lack = builder->subject.lacks; lack; lack = next) {
        struct lack *own = arena_alloc(builder->inventory->arena, sizeof *own);
        next = lack->next;
        *own = *lack;
        own->next = builder->inventory->lacks;
        own->needed_for = parts;
        builder->inventory->lacks = own;
    }
    builder->subject.lacks = NULL;
}

const char *load_path(struct inventory_builder *builder, const char *path)
{
    if (*path == '/' || !*builder->dir)
        return path;
    size_t dir_len = strlen(builder->dir), len = strlen(path);
    char *joined = arena_alloc(&builder->scratch, dir_len + len + 1);
    memcpy(joined, builder->dir, dir_len);
    memcpy(joined + dir_len, path, len);
    return joined;
}

/* ---- values --------------------------------------------------------------------------------- */

enum { NAME_MAX_BYTES = 128 };

/* Notes that the value of that key holds a variable: a fault of it is then a lack, since another environment may give
 * a value that is right. */
static void note_variable(struct inventory_builder *builder, const char *key)
{
    struct expanded *expanded = arena_alloc(&builder->scratch, sizeof *expanded);
    *expanded = (struct expanded){builder->subject.expanded, key};
    builder->subject.expanded = expanded;
}

bool load_text(struct inventory_builder *builder, struct field field, const char **ret_text)
{
    struct err err;
    if (!field.raw)
        return false;
    struct expansion expansion = variables_expand(&builder->scratch, field.raw, &err);
    if (expansion.has_variable && expansion.partial && !has_variable(builder, field.key))
        note_variable(builder, field.key);
    if (!expansion.text)
        load_fault(builder, field.key, "'%s': %s", field.key, err.text);
    else if (!*expansion.text)
        load_fault(builder, field.key, "'%s' is empty", field.key);
    else
        *ret_text = expansion.text;
    return expansion.text && *expansion.text;
}

/* Quotes what stands in the file, not what a variable put there: that may be a secret. */
static void fault_of_value(struct inventory_builder *builder, struct field field,
                           const char *expected)
{
    load_fault(builder, field.key, "'%s' must be %s, not '%.100s'", field.key, expected, field.raw);
}

void load_u32(struct inventory_builder *builder, struct field field, uint32_t min,
              uint32_t *ret_value)
{
    enum { COUNT_MAX = 100000 };
    const char *text;
    char expected[64];
    if (!load_text(builder, field, &text) || parse_u32(text, min, COUNT_MAX, ret_value))
        return;
    snprintf(expected, sizeof expected, "a number from %u to %u", (unsigned)min,
             (unsigned)COUNT_MAX);
    fault_of_value(builder, field, expected);
}

void load_duration(struct inventory_builder *builder, struct field field, uint64_t *ret_ms)
{
    const char *text;
    if (load_text(builder, field, &text) && !parse_duration(text, ret_ms))
        fault_of_value(builder, field, "a duration such as 250ms, 10s or 5m");
}

bool load_share(struct inventory_builder *builder, struct field field, struct share *ret_share)
{
    const char *text;
    if (!load_text(builder, field, &text))
        return false;
    if (!parse_share(text, ret_share)) {
        fault_of_value(builder, field, "a count such as 5 or a share such as 2%");
        return false;
    }
    return true;
}

bool load_forecast_limit(struct inventory_builder *builder, struct field field,
                         struct forecast_limit *ret_limit)
{
    const char *text;
    if (!load_text(builder, field, &text))
        return false;
    if (!parse_forecast_limit(text, ret_limit)) {
        fault_of_value(builder, field,
                       "so many times the forecast (3x), or a duration such as 20m");
        return false;
    }
    return true;
}

int load_word(struct inventory_builder *builder, struct field field, const char *const *words,
              int fallback)
{
    const char *text;
    struct buf expected;
    if (!load_text(builder, field, &text))
        return fallback;
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    buf_init(&expected, BUF_MAX_DEFAULT);
    for (int i = 0; words[i]; i++)
        buf_addf(&expected, "%s'%s'", !i ? "" : words[i + 1] ? ", " : " or ", words[i]);
    fault_of_value(builder, field, expected.data);
    buf_done(&expected);
    return fallback;
}

bool load_is_plain(const char *text)
{
    size_t len = strlen(text);
    if (utf8_check(text, len) != len)
        return false;
    for (size_t at = 0; at < len;) {
        uint32_t code = 0;
        at += utf8_decode(text + at, len - at, &code);
        if (code < 0x20 || (code >= 0x7f && code < 0xa0))
            return false;
    }
    return true;
}

bool load_is_name(const char *text)
{
    return *text && strlen(text) <= NAME_MAX_BYTES && load_is_plain(text);
}
