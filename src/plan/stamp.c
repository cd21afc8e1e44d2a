/* Stamps: rows are written as if the revisions had been applied, or gone back. */
#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "plan/building.h"

/* What all targets of a stamp mean together. */
struct stamping {
    struct building *building;
    uint32_t *dests;
    size_t dest_count;
    bool *is_dest;
    bool *concerned;    /* on the line of a target: rows that it replaces */
    uint32_t *replaced; /* those of the rows that no target keeps */
    size_t replaced_count;
    bool has_base; /* one of the targets is base, or a branch's */
    bool concerns_all;
};

static void add_dest(struct stamping *stamping, uint32_t dest)
{
    if (!stamping->is_dest[dest])
        stamping->dests[stamping->dest_count++] = dest;
    stamping->is_dest[dest] = true;
}

/* Everything that the revision stands on, or that stands on it. */
static const bool *line_of(const struct building *building, uint32_t revision)
{
    struct revisions from = {&revision, 1};
    bool *below = walk_from(building->in.arena, building->in.chain, from, WALK_PARENTS);
    const bool *above = walk_from(building->in.arena, building->in.chain, from, WALK_ALL_NEXT);
    for (size_t i = 0; i < building->in.chain->count; i++)
        below[i] |= above[i];
    return below;
}

static void concern_line(struct stamping *stamping, uint32_t revision)
{
    const bool *line = line_of(stamping->building, revision);
    for (size_t i = 0; i < stamping->building->in.chain->count; i++)
        stamping->concerned[i] |= line[i];
}

/* `base` concerns every row, `LABEL@base` those of the branch; other targets their own lines, and
 * that of the label with it. */
static bool add_target(struct stamping *stamping, const char *text)
{
    struct building *building = stamping->building;
    struct identifier identifier = identifier_parse(building->in.arena, text);
    struct revisions found;
    uint32_t branch;
    if (identifier.is_relative && (identifier.symbol || building->heads.count))
        return err_set(building->in.err, ERR_CHAIN, "can't locate revision identified by '%s'",
                       text);
    if (!identifier_find(&building->in, text, NULL, &found))
        return false;
    for (size_t i = 0; i < found.count; i++) {
        add_dest(stamping, found.items[i]);
        concern_line(stamping, found.items[i]);
    }
    stamping->has_base |= !found.count;
    if (!identifier.label) {
        stamping->concerns_all |= !found.count;
        return true;
    }
    if (!identifier_branch(&building->in, identifier.label, &branch))
        return false;
    concern_line(stamping, branch);
    return true;
}

static void find_replaced(struct stamping *stamping)
{
    struct revisions rows = heads_rows(&stamping->building->heads);
    for (size_t i = 0; i < rows.count; i++)
        if ((stamping->concerns_all || stamping->concerned[rows.items[i]]) &&
            !stamping->is_dest[rows.items[i]])
            stamping->replaced[stamping->replaced_count++] = rows.items[i];
}

static void add_step(struct building *building, uint32_t revision,
                     const struct version_change *changes, size_t count)
{
    *ARENA_PUSH(building->in.arena, building->steps, building->count, building->capacity) =
        (struct step){
            .revision = revision == MAP_NONE ? NULL : building->in.chain->revisions[revision],
            .changes = changes,
            .change_count = count,
        };
}

/* One step: rows go, and the revision (MAP_NONE: none) takes the place of the last. */
static void stamp(struct building *building, uint32_t dest, struct revisions gone)
{
    struct heads *heads = &building->heads;
    struct version_change *changes =
        arena_calloc(building->in.arena, gone.count + 1, sizeof *changes);
    size_t count = 0;
    if (!gone.count && dest != MAP_NONE)
        changes[count++] = heads_change(heads, VERSION_INSERT, MAP_NONE, dest);
    for (size_t i = 0; i < gone.count; i++) {
        bool is_replaced = dest != MAP_NONE && i + 1 == gone.count;
        changes[count++] = is_replaced
                               ? heads_change(heads, VERSION_UPDATE, gone.items[i], dest)
                               : heads_change(heads, VERSION_DELETE, gone.items[i], MAP_NONE);
    }
    if (count)
        add_step(building, dest, changes, count);
}

/* Is a row that goes on the line of this target? */
static bool is_related(struct stamping *stamping, uint32_t dest)
{
    const bool *line = line_of(stamping->building, dest);
    for (size_t i = 0; i < stamping->replaced_count; i++)
        if (line[stamping->replaced[i]])
            return true;
    return false;
}

/* The first target that is related to a row that goes takes the place of all of these; the others get
 * rows of their own. Where every target has its row already, nothing goes. */
static void add_steps(struct stamping *stamping)
{
    struct building *building = stamping->building;
    struct revisions gone = {stamping->replaced, stamping->replaced_count};
    for (size_t i = 0; i < stamping->dest_count; i++) {
        uint32_t dest = stamping->dests[i];
        if (heads_has(&building->heads, dest))
            continue;
        bool takes_place = gone.count && is_related(stamping, dest);
        stamp(building, dest, takes_place ? gone : (struct revisions){0});
        if (takes_place)
            gone.count = 0;
    }
    if (stamping->has_base)
        stamp(building, MAP_NONE, gone);
}

bool building_stamp(struct building *building)
{
    const struct chain *chain = building->in.chain;
    struct stamping stamping = {
        .building = building,
        .dests = arena_calloc(building->in.arena, chain->count + 1, sizeof(uint32_t)),
        .is_dest = walk_new_set(building->in.arena, chain),
        .concerned = walk_new_set(building->in.arena, chain),
        .replaced = arena_calloc(building->in.arena, building->heads.count + 1, sizeof(uint32_t)),
    };
    for (size_t i = 0; i < building->target->count; i++)
        if (!add_target(&stamping, building->target->texts[i]))
            return false;
    find_replaced(&stamping);
    add_steps(&stamping);
    return identifier_check_overlap(&building->in, heads_rows(&building->heads));
}
