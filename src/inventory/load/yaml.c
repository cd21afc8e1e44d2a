#include "inventory/load/yaml.h"

#include <yaml.h>

#include "base/err.h"
#include "base/map.h"
#include "inventory/load/alike.h"
#include "inventory/load/places.h"
#include "inventory/load/rewriting.h"

enum { DEPTH_MAX = 32, KEYS_MAX = 64, SCALAR_MAX = 1 << 20 };
enum { TENANT_DEPTH = 3 }; /* within the inventory, within `tenants` */
enum { EVENT_COST = 64 };  /* what an event costs beside its text, for aliases */
#define ALIAS_COST_MAX ((uint64_t)64 << 20)

struct anchor {
    uint64_t cost; /* while it is open: what had been spent before it */
    bool is_open;
    /* of its beginning, then whether settings stand within: what holds them must be written out */
    size_t settings_before;
    bool has_settings;
};

/* A mapping or a sequence that is open. */
struct frame {
    bool is_mapping;
    bool expects_key;
    enum section section; /* of a mapping: whose item it is; of a sequence: whose items it lists */
    uint32_t anchor;      /* MAP_NONE: not anchored */
    size_t key_count;
    struct buf keys; /* each with its NUL; kept from one mapping to the next of this depth */
    size_t last_key; /* offset in `keys` */
};

struct walk {
    const char *path;
    struct rewriting rewriting;
    struct rewriting before; /* as it stood where the tenant at hand begins, */
    size_t before_len;       /* and the length of its text */
    yaml_mark_t begin;       /* of that tenant, */
    bool is_block;           /* which has no braces */
    struct alike *alike;     /* NULL: none is left out */
    struct places *places;
    struct faults *faults;
    struct arena *arena; /* the places' */
    struct map anchor_by_name;
    struct anchor *anchors;
    size_t anchor_count, anchor_capacity;
    uint64_t cost; /* of everything so far, aliases expanded */
    uint64_t alias_cost;
    struct frame frames[DEPTH_MAX];
    size_t depth;
    size_t document_count;
    size_t line; /* of the event at hand, from 1 */
    bool is_bad; /* something was found that does not keep us from going on */
};

static PRINTF_LIKE(2, 3) bool fault_here(struct walk *walk, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    faults_vadd(walk->faults, ERR_CONFIG, walk->path, (int)walk->line, format, args);
    va_end(args);
    return false;
}

static struct frame *top(struct walk *walk)
{
    return walk->depth ? &walk->frames[walk->depth - 1] : NULL;
}

/* ---- anchors ------------------------------------------------------------------------------- */

static bool open_anchor(struct walk *walk, const yaml_char_t *name, uint32_t *ret_anchor)
{
    *ret_anchor = MAP_NONE;
    if (!name)
        return true;
    uint32_t index = (uint32_t)walk->anchor_count;
    const char *copy = arena_strdup(walk->arena, (const char *)name);
    if (map_put(&walk->anchor_by_name, copy, index) != index)
        return fault_here(walk, "anchor '&%.64s' is defined twice", copy);
    *ARENA_PUSH(walk->arena, walk->anchors, walk->anchor_count, walk->anchor_capacity) =
        (struct anchor){
            .cost = walk->cost, .is_open = true, .settings_before = walk->places->setting_count};
    *ret_anchor = index;
    return true;
}

static void close_anchor(struct walk *walk, uint32_t index)
{
    if (index == MAP_NONE)
        return;
    struct anchor *anchor = &walk->anchors[index];
    anchor->cost = walk->cost - anchor->cost;
    anchor->is_open = false;
    anchor->has_settings = walk->places->setting_count != anchor->settings_before;
}

static bool spend_alias(struct walk *walk, const yaml_char_t *name)
{
    uint32_t index = map_get(&walk->anchor_by_name, (const char *)name);
    if (index == MAP_NONE)
        return fault_here(walk, "alias '*%.64s' has no anchor before it", (const char *)name);
    if (walk->anchors[index].is_open)
        return fault_here(walk, "alias '*%.64s' stands within its own anchor", (const char *)name);
    if (walk->anchors[index].has_settings)
        return fault_here(walk, "alias '*%.64s' stands for 'settings', which must be written out",
                          (const char *)name);
    walk->cost += walk->anchors[index].cost;
    walk->alias_cost += walk->anchors[index].cost;
    return walk->alias_cost <= ALIAS_COST_MAX ||
           fault_here(walk, "the aliases up to here expand to more than 64 MiB");
}

/* ---- keys and places ----------------------------------------------------------------------- */

static bool has_key(const struct frame *frame, const char *key)
{
    const char *end = frame->keys.data + frame->keys.len;
    for (const char *known = frame->keys.data; known < end; known += strlen(known) + 1)
        if (strcmp(known, key) == 0)
            return true;
    return false;
}

static bool add_key(struct walk *walk, struct frame *frame, const char *key)
{
    if (++frame->key_count > KEYS_MAX)
        return fault_here(walk, "a mapping of more than %d keys is none of an inventory", KEYS_MAX);
    if (has_key(frame, key)) {
        fault_here(walk, "key '%.64s' stands twice in one mapping", places_shown_key(key));
        walk->is_bad = true;
    }
    frame->last_key = frame->keys.len;
    buf_add(&frame->keys, key, strlen(key) + 1);
    if (frame->section != SECTION__COUNT)
        places_add_key(walk->places, frame->section, key, walk->line);
    return true;
}

/* The section that a mapping or sequence belongs to which now begins. */
static enum section section_below(const struct frame *parent, bool is_mapping)
{
    static const struct {
        enum section parent;
        enum section section;
    } children[] = {
        {SECTION_TOP, SECTION_DEFAULTS},      {SECTION_TOP, SECTION_ROLLOUT},
        {SECTION_TOP, SECTION_TENANTS},       {SECTION_TOP, SECTION_SOURCES},
        {SECTION_DEFAULTS, SECTION_SETTINGS}, {SECTION_TENANTS, SECTION_SETTINGS},
        {SECTION_SOURCES, SECTION_SETTINGS},  {SECTION_ROLLOUT, SECTION_GATES},
        {SECTION_ROLLOUT, SECTION_FORECAST},  {SECTION_ROLLOUT, SECTION_WAVES},
        {SECTION_TOP, SECTION_REPORT},        {SECTION_TOP, SECTION_DRIFT},
        {SECTION_DEFAULTS, SECTION_LABELS},   {SECTION_TENANTS, SECTION_LABELS},
        {SECTION_SOURCES, SECTION_LABELS},    {SECTION_TOP, SECTION_SCRATCH},
        {SECTION_TOP, SECTION_AUTOGENERATE},  {SECTION_TOP, SECTION_LINT},
        {SECTION_LINT, SECTION_RULES},
    };
    if (!parent)
        return is_mapping ? SECTION_TOP : SECTION__COUNT;
    if (!parent->is_mapping)
        return is_mapping ? parent->section : SECTION__COUNT;
    for (size_t i = 0; i < ARRAY_LEN(children); i++)
        if (children[i].parent == parent->section &&
            section_is_list(children[i].section) == !is_mapping &&
            strcmp(section_name(children[i].section), parent->keys.data + parent->last_key) == 0)
            return children[i].section;
    return SECTION__COUNT;
}

/* ---- labels as a list ----------------------------------------------------------------------- */

static void begin_labels(struct walk *walk, const yaml_event_t *event)
{
    struct rewriting *rewriting = &walk->rewriting;
    const char *anchor = (const char *)event->data.mapping_start.anchor;
    rewriting_begin(rewriting, &event->start_mark,
                    event->data.mapping_start.style == YAML_BLOCK_MAPPING_STYLE);
    buf_addf(rewriting->text, "%s%s%s[", anchor ? "&" : "", anchor ? anchor : "",
             anchor ? " " : "");
}

static void end_labels(struct walk *walk, const yaml_event_t *event)
{
    buf_addc(walk->rewriting.text, ']');
    rewriting_end(&walk->rewriting, &event->end_mark);
}

static bool add_label(struct walk *walk, const struct frame *frame, const char *value)
{
    const char *key = frame->keys.data + frame->last_key;
    if (!value)
        return fault_here(walk,
                          "'labels': the value of '%.64s' must be written out, without an alias",
                          places_shown_key(key));
    rewriting_add_label(&walk->rewriting, walk->line, key, value);
    return true;
}

/* ---- tenants that are written like an earlier one -------------------------------------------- */

/* Is the collection that was begun last a tenant of the list, or a value of the tenant that is open? */
static bool is_tenant(const struct walk *walk)
{
    const struct frame *frame = &walk->frames[walk->depth - 1];
    return walk->depth == TENANT_DEPTH && frame->is_mapping && frame->section == SECTION_TENANTS;
}

static bool is_value(const struct walk *walk)
{
    return walk->alike && walk->alike->is_open && walk->depth == TENANT_DEPTH + 1;
}

static void begin_tenant(struct walk *walk, const yaml_event_t *event)
{
    const struct places_section *tenants = &walk->places->sections[SECTION_TENANTS];
    alike_begin(walk->alike, tenants->item_count - 1);
    walk->before = walk->rewriting;
    walk->before_len = walk->rewriting.text->len;
    walk->begin = event->start_mark;
    walk->is_block = event->data.mapping_start.style == YAML_BLOCK_MAPPING_STYLE;
    for (size_t i = 0; i < walk->depth; i++)
        if (walk->frames[i].anchor != MAP_NONE)
            alike_give_up(walk->alike);
}

/* In its place stands a mapping that is empty. */
static void end_tenant(struct walk *walk, const yaml_event_t *event)
{
    struct rewriting *rewriting = &walk->rewriting;
    if (!alike_end(walk->alike, &top(walk)->keys))
        return;
    *rewriting = walk->before;
    buf_cut(rewriting->text, walk->before_len);
    rewriting_begin(rewriting, &walk->begin, walk->is_block);
    buf_adds(rewriting->text, "{}");
    rewriting_end(rewriting, &event->end_mark);
}

/* A collection has begun. */
static void note_begin(struct walk *walk, const yaml_event_t *event)
{
    const struct frame *frame = top(walk);
    if (!walk->alike)
        return;
    if (is_tenant(walk))
        begin_tenant(walk, event);
    else if (is_value(walk) && frame->anchor == MAP_NONE &&
             (!frame->is_mapping || frame->section == SECTION_LABELS))
        alike_begin_list(walk->alike);
    else
        alike_give_up(walk->alike);
}

/* The collection at hand ends. */
static void note_end(struct walk *walk, const yaml_event_t *event)
{
    if (is_value(walk))
        alike_end_list(walk->alike);
    else if (walk->alike && walk->alike->is_open && is_tenant(walk))
        end_tenant(walk, event);
}

/* A scalar, before its place is known to the frame that it stands in. */
static void note_scalar(struct walk *walk, const yaml_event_t *event)
{
    const struct frame *frame = top(walk);
    const char *text = (const char *)event->data.scalar.value;
    if (!walk->alike || !walk->alike->is_open)
        return;
    if (event->data.scalar.anchor)
        alike_give_up(walk->alike);
    else if (frame->is_mapping && frame->expects_key)
        return;
    else if (walk->depth == TENANT_DEPTH)
        alike_add_text(walk->alike, text, event->data.scalar.length);
    else if (frame->section == SECTION_LABELS)
        alike_add_label(walk->alike, frame->keys.data + frame->last_key, text);
    else
        alike_add_item(walk->alike, text, event->data.scalar.length);
}

/* ---- leaves -------------------------------------------------------------------------------- */

/* Mappings whose keys are free: libcyaml knows none. */
static bool is_free(enum section section)
{
    return section == SECTION_SETTINGS || section == SECTION_SCRATCH;
}

/* A name and its value in such a mapping. */
static bool add_setting(struct walk *walk, const struct frame *frame, const char *value)
{
    const char *name = frame->keys.data + frame->last_key;
    if (!value)
        return fault_here(walk, "'%s' must be written out, without aliases",
                          section_name(frame->section));
    const struct setting_place setting = {name, value, (uint32_t)walk->line};
    places_add_setting(walk->places, frame[-1].section, &setting);
    return true;
}

/* Takes a scalar or an alias as its parent needs it: as a key, an item, or a value, which may be the item's name. */
static bool place_leaf(struct walk *walk, const char *text)
{
    struct frame *parent = top(walk);
    if (!parent)
        return true;
    if (!parent->is_mapping) {
        if (parent->section != SECTION__COUNT)
            places_add_item(walk->places, parent->section, walk->line);
        return true;
    }
    if (parent->expects_key && !text)
        return fault_here(walk, "a key must be plain text");
    if (parent->expects_key && !add_key(walk, parent, text))
        return false;
    if (!parent->expects_key && is_free(parent->section) && !add_setting(walk, parent, text))
        return false;
    if (!parent->expects_key && parent->section == SECTION_LABELS && !add_label(walk, parent, text))
        return false;
    if (!parent->expects_key && is_free(section_below(parent, true)))
        return fault_here(walk, "'%s' must be a mapping of names and values, written out",
                          section_name(section_below(parent, true)));
    bool is_name = !parent->expects_key && text && section_is_list(parent->section) &&
                   strcmp(parent->keys.data + parent->last_key, "name") == 0;
    if (is_name)
        places_set_name(walk->places, parent->section, text);
    parent->expects_key = !parent->expects_key;
    return true;
}

/* ---- events -------------------------------------------------------------------------------- */

static bool begin_collection(struct walk *walk, bool is_mapping, const yaml_char_t *anchor)
{
    struct frame *parent = top(walk);
    if (parent && parent->is_mapping && parent->expects_key)
        return fault_here(walk, "a key must be plain text");
    if (walk->depth == DEPTH_MAX)
        return fault_here(walk, "nested deeper than %d", DEPTH_MAX);
    enum section section = section_below(parent, is_mapping);
    bool is_within = parent && (is_free(parent->section) || (!is_mapping && parent->is_mapping &&
                                                             is_free(section_below(parent, true))));
    if (is_within)
        return fault_here(
            walk, "'%s' must be a mapping of names and values, written out",
            section_name(is_free(parent->section) ? parent->section : section_below(parent, true)));
    if (parent && parent->section == SECTION_LABELS)
        return fault_here(walk, "'labels': the value of '%.64s' must be plain text",
                          places_shown_key(parent->keys.data + parent->last_key));
    if (parent && parent->is_mapping)
        parent->expects_key = true; /* after this value */
    if (is_mapping && section != SECTION__COUNT)
        places_add_item(walk->places, section, walk->line);
    struct frame *frame = &walk->frames[walk->depth++];
    frame->is_mapping = is_mapping;
    frame->expects_key = is_mapping;
    frame->section = section;
    frame->key_count = 0;
    buf_clear(&frame->keys);
    return open_anchor(walk, anchor, &frame->anchor);
}

static bool on_scalar(struct walk *walk, const yaml_event_t *event)
{
    uint32_t anchor;
    const char *text = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    if (len > SCALAR_MAX)
        return fault_here(walk, "a value is longer than 1 MiB");
    if (memchr(text, '\0', len))
        return fault_here(walk, "a value holds a NUL character");
    bool is_label = walk->depth && top(walk)->section == SECTION_LABELS;
    if (is_label && event->data.scalar.anchor)
        return fault_here(walk, "'labels' must be written out, without anchors in them");
    if (!open_anchor(walk, event->data.scalar.anchor, &anchor))
        return false;
    walk->cost += len;
    close_anchor(walk, anchor);
    note_scalar(walk, event);
    return place_leaf(walk, text);
}

static bool on_document(struct walk *walk, const yaml_event_t *event)
{
    if (event->data.document_start.tag_directives.start !=
        event->data.document_start.tag_directives.end)
        return fault_here(walk, "tags are not supported");
    return ++walk->document_count == 1 ||
           fault_here(walk, "a second document begins: an inventory is one");
}

static const yaml_char_t *tag_of(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT: return event->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT: return event->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT: return event->data.mapping_start.tag;
    default: return NULL;
    }
}

static bool on_event(struct walk *walk, const yaml_event_t *event)
{
    walk->line = event->start_mark.line + 1;
    walk->cost += EVENT_COST;
    if (tag_of(event))
        return fault_here(walk, "tags are not supported");
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT: return on_document(walk, event);
    case YAML_SCALAR_EVENT: return on_scalar(walk, event);
    case YAML_ALIAS_EVENT:
        if (walk->alike)
            alike_give_up(walk->alike);
        return spend_alias(walk, event->data.alias.anchor) && place_leaf(walk, NULL);
    case YAML_MAPPING_START_EVENT:
        if (!begin_collection(walk, true, event->data.mapping_start.anchor))
            return false;
        note_begin(walk, event);
        if (top(walk)->section == SECTION_LABELS)
            begin_labels(walk, event);
        return true;
    case YAML_SEQUENCE_START_EVENT:
        if (!begin_collection(walk, false, event->data.sequence_start.anchor))
            return false;
        note_begin(walk, event);
        return true;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        if (top(walk)->section == SECTION_LABELS)
            end_labels(walk, event);
        note_end(walk, event);
        close_anchor(walk, walk->frames[--walk->depth].anchor);
        return true;
    default: return true;
    }
}

/* A reader's fault has an offset in bytes instead of a mark. */
static bool fault_of_parser(struct walk *walk, const yaml_parser_t *parser, const char *bytes)
{
    walk->line = parser->problem_mark.line + 1;
    if (parser->error == YAML_READER_ERROR) {
        walk->line = 1;
        for (size_t i = 0; i < parser->problem_offset; i++)
            walk->line += bytes[i] == '\n';
    }
    return fault_here(walk, "bad YAML: %s", parser->problem ? parser->problem : "out of memory");
}

static bool walk_events(struct walk *walk, const char *bytes, size_t len)
{
    yaml_parser_t parser;
    bool is_well = true;
    bool is_over = false;
    if (!yaml_parser_initialize(&parser))
        return fault_here(walk, "out of memory");
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, len);
    while (is_well && !is_over) {
        yaml_event_t event;
        if (yaml_parser_parse(&parser, &event)) {
            is_over = event.type == YAML_STREAM_END_EVENT;
            is_well = on_event(walk, &event);
            yaml_event_delete(&event);
        } else {
            is_well = fault_of_parser(walk, &parser, bytes);
        }
    }
    yaml_parser_delete(&parser);
    return is_well;
}

bool yaml_check(const struct yaml_file *file, struct yaml_checked *checked, struct faults *faults)
{
    struct walk walk = {
        .path = file->path,
        .places = checked->places,
        .faults = faults,
        .arena = &checked->places->arena,
        .alike = checked->alike,
        .rewriting = {.bytes = file->bytes, .len = file->len, .text = checked->text},
    };
    if (file->len > YAML_MAX_BYTES)
        return fault_here(&walk, "the file is larger than 64 MiB");
    map_init(&walk.anchor_by_name);
    for (size_t i = 0; i < DEPTH_MAX; i++)
        buf_init(&walk.frames[i].keys, BUF_MAX_DEFAULT);
    bool is_well = walk_events(&walk, file->bytes, file->len) && !walk.is_bad;
    if (is_well && !walk.document_count)
        is_well = fault_here(&walk, "the file is empty");
    rewriting_finish(&walk.rewriting);
    for (size_t i = 0; i < DEPTH_MAX; i++)
        buf_done(&walk.frames[i].keys);
    map_done(&walk.anchor_by_name);
    return is_well;
}
