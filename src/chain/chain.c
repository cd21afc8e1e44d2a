/* The graph: from files to revisions that know their parents, children and branches. */
#include "chain/chain.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "chain/checkpoints.h"
#include "chain/cycle.h"
#include "chain/walk.h"

struct building {
    struct arena *arena;
    struct chain *chain;
    struct revision **revisions;
    struct revision **checkpoints;
    struct map names;     /* ids and labels -> index */
    const char ***labels; /* of each revision: its branch_labels, while they grow */
    struct faults *faults;
};

static PRINTF_LIKE(4, 5) void add_fault(struct building *building, const struct revision *revision,
                                        int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    faults_vadd(building->faults, ERR_CHAIN, revision->path, line, format, args);
    va_end(args);
}

/* ---- names --------------------------------------------------------------------------------- */

static void add_ids(struct building *building)
{
    for (uint32_t i = 0; i < building->chain->count; i++) {
        struct revision *revision = building->revisions[i];
        uint32_t first = map_put(&building->names, revision->id, i);
        revision->index = i;
        if (first != i)
            add_fault(building, revision, revision->id_line, "revision '%s' is in '%s' already",
                      revision->id, building->revisions[first]->path);
    }
}

static void add_labels(struct building *building)
{
    for (uint32_t i = 0; i < building->chain->count; i++) {
        const struct revision *revision = building->revisions[i];
        for (size_t l = 0; l < revision->label_count; l++) {
            uint32_t first = map_get(&building->names, revision->labels[l]);
            if (first != MAP_NONE)
                add_fault(building, revision, revision->labels_line,
                          "branch name '%s' is already used by revision '%s'", revision->labels[l],
                          building->revisions[first]->id);
            else
                map_put(&building->names, revision->labels[l], i);
        }
    }
}

/* ---- edges --------------------------------------------------------------------------------- */

/* Finds the revision that one name in `Revises:` or `Depends On:` means. A dependency may be a label or a partial id.
 * MAP_NONE: the name means no revision, or several. */
static uint32_t find_name(struct building *building, const char *name, bool may_be_partial,
                          bool *ret_is_several)
{
    uint32_t index = map_get(&building->names, name);
    size_t len = strlen(name);
    *ret_is_several = false;
    if (index != MAP_NONE || !may_be_partial || len < 4)
        return index;
    for (uint32_t i = 0; i < building->chain->count; i++) {
        if (strncmp(building->revisions[i]->id, name, len) != 0)
            continue;
        *ret_is_several = index != MAP_NONE;
        if (*ret_is_several)
            return MAP_NONE;
        index = i;
    }
    return index;
}

static const uint32_t *find_all(struct building *building, const struct revision *revision,
                                const char *const *names, size_t count, int line, const char *key)
{
    uint32_t *indices = arena_calloc(building->arena, count + 1, sizeof *indices);
    for (size_t i = 0; i < count; i++) {
        bool is_several;
        indices[i] = find_name(building, names[i], names == revision->depend_ids, &is_several);
        if (is_several)
            add_fault(building, revision, line, "%s: several revisions start with '%s'", key,
                      names[i]);
        else if (indices[i] == MAP_NONE)
            add_fault(building, revision, line, "%s: there is no revision '%s'", key, names[i]);
        else if (indices[i] == revision->index)
            add_fault(building, revision, line, "%s: revision '%s' names itself", key,
                      revision->id);
    }
    return indices;
}

static void find_edges(struct building *building)
{
    for (uint32_t i = 0; i < building->chain->count; i++) {
        struct revision *revision = building->revisions[i];
        revision->down = find_all(building, revision, revision->down_ids, revision->down_count,
                                  revision->revises_line, "Revises");
        revision->depends = find_all(building, revision, revision->depend_ids,
                                     revision->depend_count, revision->depends_line, "Depends On");
        revision->parents = revision->down;
        revision->parent_count = revision->down_count;
    }
}

static bool contains(const uint32_t *items, size_t count, uint32_t item)
{
    for (size_t i = 0; i < count; i++)
        if (items[i] == item)
            return true;
    return false;
}

/* One revision's children while they are collected. */
struct children {
    uint32_t *next, *all_next;
    size_t next_count, next_capacity, all_next_count, all_next_capacity;
};

static void add_child(struct arena *arena, struct children *parent, uint32_t child, bool is_down)
{
    if (is_down)
        *ARENA_PUSH(arena, parent->next, parent->next_count, parent->next_capacity) = child;
    *ARENA_PUSH(arena, parent->all_next, parent->all_next_count, parent->all_next_capacity) = child;
}

static void add_children(struct building *building)
{
    size_t count = building->chain->count;
    struct children *children = xcalloc(count + 1, sizeof *children);
    for (uint32_t i = 0; i < count; i++) {
        const struct revision *child = building->revisions[i];
        for (size_t edge = 0; edge < revision_edge_count(child); edge++) {
            uint32_t parent = revision_edge_at(child, edge);
            bool is_down = edge < child->down_count;
            if (is_down || !contains(child->down, child->down_count, parent))
                add_child(building->arena, &children[parent], i, is_down);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        building->revisions[i]->next = children[i].next;
        building->revisions[i]->next_count = children[i].next_count;
        building->revisions[i]->all_next = children[i].all_next;
        building->revisions[i]->all_next_count = children[i].all_next_count;
    }
    free(children);
}

/* ---- what follows from the edges ----------------------------------------------------------- */

/* The memory of the search for implied dependencies. It marks what it has seen with a number that is new for each
 * revision, so that nothing has to be cleared in between. */
struct implying {
    uint32_t *stack, *seen, *wanted;
    uint32_t number;
};

/* Marks those of the revision's dependencies that others have too; returns how many. */
static size_t want_shared(struct building *building, struct implying *implying,
                          const struct revision *revision)
{
    size_t count = 0;
    for (size_t d = 0; d < revision->depend_count; d++) {
        const struct revision *depended = building->revisions[revision->depends[d]];
        if (depended->all_next_count < 2 || implying->wanted[depended->index] == implying->number)
            continue;
        implying->wanted[depended->index] = implying->number;
        count++;
    }
    return count;
}

/* Takes the mark from those on which an ancestor depends too. Ancestors are found by `Revises:` alone. */
static void find_implied(struct building *building, struct implying *implying,
                         const struct revision *revision)
{
    size_t left = want_shared(building, implying, revision), depth = 0;
    implying->stack[depth++] = revision->index;
    while (depth && left) {
        const struct revision *at = building->revisions[implying->stack[--depth]];
        for (size_t d = 0; at != revision && d < at->depend_count; d++) {
            left -= implying->wanted[at->depends[d]] == implying->number;
            implying->wanted[at->depends[d]] = 0;
        }
        for (size_t i = 0; i < at->down_count; i++)
            if (implying->seen[at->down[i]] != implying->number) {
                implying->seen[at->down[i]] = implying->number;
                implying->stack[depth++] = at->down[i];
            }
    }
}

static void add_parents_of(struct building *building, struct implying *implying,
                           struct revision *revision)
{
    uint32_t *parents =
        arena_calloc(building->arena, revision_edge_count(revision), sizeof *parents);
    size_t count = revision->down_count;
    if (count)
        memcpy(parents, revision->down, count * sizeof *parents);
    find_implied(building, implying, revision);
    for (size_t d = 0; d < revision->depend_count; d++) {
        uint32_t depend = revision->depends[d];
        bool is_own = building->revisions[depend]->all_next_count < 2;
        if ((is_own || implying->wanted[depend] == implying->number) &&
            !contains(parents, count, depend))
            parents[count++] = depend;
    }
    revision->parents = parents;
    revision->parent_count = count;
}

/* If an ancestor has the same dependency, then it says nothing new about where a tenant stands. */
static void add_parents(struct building *building)
{
    size_t count = building->chain->count;
    struct implying implying = {
        .stack = xcalloc(count + 1, sizeof(uint32_t)),
        .seen = xcalloc(count + 1, sizeof(uint32_t)),
        .wanted = xcalloc(count + 1, sizeof(uint32_t)),
    };
    for (size_t i = 0; i < count; i++) {
        implying.number++;
        if (building->revisions[i]->depend_count)
            add_parents_of(building, &implying, building->revisions[i]);
    }
    free(implying.stack);
    free(implying.seen);
    free(implying.wanted);
}

/* Labels are spread one after the other. So if a revision has this label already, then it is the last in its list. */
static void add_label(struct building *building, uint32_t index, const char *label)
{
    struct revision *revision = building->revisions[index];
    size_t count = revision->branch_label_count;
    if (count && revision->branch_labels[count - 1] == label)
        return;
    if ((count & (count - 1)) == 0) { /* the room doubles at every power of two */
        const char **labels = arena_calloc(building->arena, count ? 2 * count : 1, sizeof *labels);
        if (count)
            memcpy(labels, revision->branch_labels, count * sizeof *labels);
        building->labels[index] = labels;
        revision->branch_labels = labels;
    }
    building->labels[index][count] = label;
    revision->branch_label_count++;
}

/* A label reaches all descendants, and from the last of them down to where the branch begins. */
static void spread_label(struct building *building, uint32_t from, const char *label)
{
    const struct chain *chain = building->chain;
    bool *below = xcalloc(chain->count, sizeof *below);
    uint32_t at = walk_mark(chain, below, from, WALK_NEXT);
    for (uint32_t i = 0; i < chain->count; i++)
        if (below[i])
            add_label(building, i, label);
    free(below);
    const struct revision *revision = building->revisions[at];
    while (revision->all_next_count <= 1 && revision->down_count <= 1) {
        add_label(building, revision->index, label);
        if (!revision->down_count)
            break;
        revision = building->revisions[revision->down[0]];
    }
}

static void spread_labels(struct building *building)
{
    building->labels = xcalloc(building->chain->count + 1, sizeof *building->labels);
    for (uint32_t i = 0; i < building->chain->count; i++)
        for (size_t l = 0; l < building->revisions[i]->label_count; l++)
            spread_label(building, i, building->revisions[i]->labels[l]);
    free(building->labels);
}

static bool is_head(const struct revision *revision)
{
    return revision->next_count == 0;
}

static bool is_real_head(const struct revision *revision)
{
    return revision->all_next_count == 0;
}

static bool is_base(const struct revision *revision)
{
    return revision->down_count == 0;
}

static const uint32_t *collect(struct building *building, bool (*fits)(const struct revision *),
                               size_t *ret_count)
{
    size_t count = 0;
    uint32_t *items = arena_calloc(building->arena, building->chain->count + 1, sizeof *items);
    for (uint32_t i = 0; i < building->chain->count; i++)
        if (fits(building->revisions[i]))
            items[count++] = i;
    *ret_count = count;
    return items;
}

static void sort_and_digest(struct building *building)
{
    struct chain *chain = building->chain;
    uint32_t *order = arena_calloc(building->arena, chain->count + 1, sizeof *order);
    bool *all = xcalloc(chain->count + 1, sizeof *all);
    struct buf text;
    for (size_t i = 0; i < chain->count; i++)
        all[i] = true;
    walk_sort(chain, all, order);
    free(all);
    chain->topological = order;
    buf_init(&text, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < chain->count; i++)
        buf_addf(&text, "%s %s\n", chain->revisions[order[i]]->id,
                 chain->revisions[order[i]]->checksum);
    hash_hex(text.data, text.len, chain->digest);
    buf_done(&text);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void parse_files(struct building *building, const struct chain_file *files, size_t count)
{
    struct chain *chain = building->chain;
    building->revisions = arena_calloc(building->arena, count + 1, sizeof(struct revision *));
    building->checkpoints = arena_calloc(building->arena, count + 1, sizeof(struct revision *));
    for (size_t i = 0; i < count; i++) {
        char *path = arena_printf(building->arena, "%s/%s", chain->dir, files[i].name);
        struct revision *revision =
            revision_parse(building->arena, path, files[i].bytes, files[i].len, building->faults);
        if (revision && revision->is_checkpoint)
            building->checkpoints[chain->checkpoint_count++] = revision;
        else if (revision)
            building->revisions[chain->count++] = revision;
    }
    chain->checkpoints = (const struct revision *const *)building->checkpoints;
    chain->revisions = (const struct revision *const *)building->revisions;
}

static bool has_cycle(struct building *building)
{
    struct buf text;
    buf_init(&text, 400);
    const struct revision *revision =
        cycle_find(building->chain->revisions, building->chain->count, &text);
    if (revision)
        add_fault(building, revision, revision->revises_line, "a cycle of revisions: %s",
                  text.data);
    buf_done(&text);
    return revision != NULL;
}

static void link_all(struct building *building)
{
    size_t before = building->faults->total;
    add_ids(building);
    add_labels(building);
    find_edges(building);
    if (building->faults->total != before)
        return;
    add_children(building);
    if (has_cycle(building))
        return;
    add_parents(building);
    spread_labels(building);
    struct chain *chain = building->chain;
    chain->heads = collect(building, is_head, &chain->head_count);
    chain->real_heads = collect(building, is_real_head, &chain->real_head_count);
    chain->bases = collect(building, is_base, &chain->base_count);
    sort_and_digest(building);
    checkpoints_place(building->arena, chain, building->checkpoints, building->faults);
}

struct chain *chain_build(const char *dir, const struct chain_file *files, size_t count,
                          struct faults *faults)
{
    struct arena *arena = xmalloc(sizeof *arena);
    arena_init(arena);
    struct chain *chain = arena_alloc(arena, sizeof *chain);
    struct building building = {.arena = arena, .chain = chain, .faults = faults};
    size_t before = faults->total;
    chain->arena = arena;
    chain->dir = arena_strdup(arena, dir);
    map_init(&building.names);
    parse_files(&building, files, count);
    chain->by_name = &building.names;
    if (faults->total == before)
        link_all(&building);
    chain->by_name = arena_alloc(arena, sizeof *chain->by_name);
    *chain->by_name = building.names;
    if (faults->total == before)
        return chain;
    chain_free(chain);
    return NULL;
}

void chain_free(struct chain *chain)
{
    if (!chain)
        return;
    struct arena *arena = chain->arena;
    map_done(chain->by_name);
    arena_done(arena);
    free(arena);
}

size_t chain_file_count(const struct chain *chain)
{
    return chain->count + chain->checkpoint_count;
}

size_t chain_file_number(const struct chain *chain, const struct revision *file)
{
    return file->is_checkpoint ? chain->count + file->checkpoint_index : file->index;
}

const struct revision *chain_file_at(const struct chain *chain, size_t number)
{
    return number < chain->count ? chain->revisions[number]
                                 : chain->checkpoints[number - chain->count];
}

const struct revision *chain_checkpoint(const struct chain *chain, const struct revision *revision)
{
    for (size_t i = 0; i < chain->checkpoint_count; i++)
        if (chain->checkpoints[i]->index == revision->index)
            return chain->checkpoints[i];
    return NULL;
}

const struct revision *chain_get(const struct chain *chain, const char *id)
{
    uint32_t index = map_get(chain->by_name, id);
    bool is_id = index != MAP_NONE && strcmp(chain->revisions[index]->id, id) == 0;
    return is_id ? chain->revisions[index] : NULL;
}

const struct revision *chain_get_way(const struct chain *chain, const char *id, bool is_at_base)
{
    const struct revision *revision = chain_get(chain, id);
    const struct revision *checkpoint =
        revision && is_at_base ? chain_checkpoint(chain, revision) : NULL;
    return checkpoint ? checkpoint : revision;
}
