/* The statements of one dialect's way up and down, renames first. */
#include "library/autogenerate_private.h"

#include "base/buf.h"
#include "library/fleet_catalogs.h"

/* ---- renames ---------------------------------------------------------------------------------- */

/* All engines have the same words for it. */
static void add_rename(struct buf *sql, const struct dialect *dialect, const struct rename *rename,
                       bool is_back)
{
    buf_adds(sql, "ALTER TABLE ");
    if (rename->table) {
        dialect->add_identifier(sql, rename->table);
        buf_adds(sql, " RENAME COLUMN ");
    }
    dialect->add_identifier(sql, is_back ? rename->to : rename->from);
    buf_adds(sql, rename->table ? " TO " : " RENAME TO ");
    dialect->add_identifier(sql, is_back ? rename->from : rename->to);
    buf_adds(sql, ";\n");
}

static const char *rename_sql(struct way *way, bool is_back)
{
    const struct renames *renames = &way->renames;
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < renames->count; i++)
        add_rename(&sql, way->dialect, &renames->items[is_back ? renames->count - 1 - i : i],
                   is_back);
    return buf_into(&sql, way->generating->arena);
}

bool autogenerate_read_renames(struct way *way)
{
    struct generating *generating = way->generating;
    const struct autogenerate_request *request = generating->request;
    renames_init(&way->renames, generating->arena);
    for (size_t i = 0; i < request->rename_count; i++)
        if (!renames_add_option(&way->renames, request->renames[i], generating->err))
            return false;
    for (size_t i = 0; i < generating->files.count; i++) {
        const struct schema_file *file = &generating->files.items[i];
        const char *text =
            schema_file_for(&generating->files, file, way->kind->dialect, generating->err);
        if (!text || !renames_add_file(&way->renames, file->path, text, generating->err))
            return false;
    }
    return renames_settle(&way->renames, way->before, way->wanted, generating->err);
}

bool autogenerate_do_renames(struct way *way)
{
    struct catalog *made[2];
    way->renamed = way->before;
    if (!way->renames.count)
        return true;
    const struct statements renames = {"", rename_sql(way, false), ""};
    if (!autogenerate_try_revision(way, &renames, NULL, made))
        return false;
    way->renamed = made[0];
    return true;
}

/* ---- the way up and down ---------------------------------------------------------------------- */

static void note_allowed(struct generating *generating, const struct catalog *from,
                         const struct catalog *to)
{
    const struct autogenerate_request *request = generating->request;
    struct comparison comparison;
    comparison_make(&comparison, to, from, generating->rules);
    for (size_t i = 0; i < comparison.count; i++)
        for (size_t a = 0; comparison.items[i].found && a < request->allowed_count; a++)
            if (name_is_among(from, object_full_name(comparison.items[i].found),
                              &request->allowed[a], 1))
                generating->is_used[a] = true;
}

static void keep_refusals(struct way *way, const struct emission *emission)
{
    for (size_t i = 0; i < emission->refusal_count && !way->refusal; i++) {
        const struct emission_refusal *refusal = &emission->refusals[i];
        way->refusal = arena_printf(way->generating->arena, "%s '%s': %s",
                                    object_kind_name(refusal->object->kind),
                                    object_full_name(refusal->object), refusal->reason);
    }
}

static void begin_emission(struct emission *emission, struct buf bufs[3])
{
    struct buf **const stages[] = {&emission->before, &emission->sql, &emission->later};
    for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
        buf_init(&bufs[i], BUF_MAX_DEFAULT);
        *stages[i] = &bufs[i];
    }
}

static struct statements end_emission(struct way *way, struct emission *emission)
{
    struct arena *arena = way->generating->arena;
    keep_refusals(way, emission);
    return (struct statements){buf_into(emission->before, arena), buf_into(emission->sql, arena),
                               buf_into(emission->later, arena)};
}

struct statements autogenerate_make_up(struct way *way)
{
    struct generating *generating = way->generating;
    struct buf bufs[3];
    struct emission emission = {
        .arena = generating->arena,
        .from = way->renamed,
        .to = way->wanted,
        .rules = generating->rules,
        .allowed = generating->request->allowed,
        .allowed_count = generating->request->allowed_count,
        .is_cautious = way->is_cautious,
        .is_allowance_used = generating->is_used,
    };
    begin_emission(&emission, bufs);
    buf_adds(emission.sql, rename_sql(way, false));
    emission_change(way->dialect->emitter, &emission);
    for (size_t i = 0; i < emission.withheld_count; i++)
        *ARENA_PUSH(generating->arena, generating->result->withheld,
                    generating->result->withheld_count, generating->result->withheld_capacity) =
            object_full_name(emission.withheld[i]);
    note_allowed(generating, way->renamed, way->wanted);
    return end_emission(way, &emission);
}

static bool is_made_last(const struct object *object)
{
    return object->kind == OBJECT_VIEW || object->kind == OBJECT_TRIGGER;
}

/* Where the way down leads before the renames are undone. */
static struct catalog *before_renames_back(struct way *way)
{
    struct arena *arena = way->generating->arena;
    size_t kept = 0;
    if (!way->renames.count || !way->dialect->emitter->forgets_renames)
        return way->renamed;
    struct catalog *catalog = catalog_copy(arena, way->renamed);
    struct catalog *before = catalog_copy(arena, way->before);
    for (size_t i = 0; i < catalog->object_count; i++)
        if (!is_made_last(catalog->objects[i]))
            catalog->objects[kept++] = catalog->objects[i];
    catalog->object_count = kept;
    for (size_t i = 0; i < before->object_count; i++) {
        if (!is_made_last(before->objects[i]))
            continue;
        before->objects[i]->catalog = catalog;
        *ARENA_PUSH(arena, catalog->objects, catalog->object_count, catalog->object_capacity) =
            before->objects[i];
    }
    return catalog;
}

/* What the way up has made may go again. Names of old come back at the very end. */
struct statements autogenerate_make_down(struct way *way)
{
    struct buf bufs[3], last;
    struct emission emission = {
        .arena = way->generating->arena,
        .from = way->after,
        .to = before_renames_back(way),
        .rules = way->generating->rules,
        .allows_all = true,
        .is_cautious = way->is_cautious,
        .last = &last,
    };
    begin_emission(&emission, bufs);
    buf_init(&last, BUF_MAX_DEFAULT);
    emission_change(way->dialect->emitter, &emission);
    struct buf *end = emission.later->len ? emission.later : emission.sql;
    buf_adds(end, rename_sql(way, true));
    buf_add(end, last.data, last.len);
    buf_done(&last);
    return end_emission(way, &emission);
}
