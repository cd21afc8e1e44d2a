#include "dialect/scripts.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/map.h"

struct scripts {
    struct arena arena;
    const struct chain *chain;
    const struct script **made; /* by revision, direction, dialect */
};

struct scripts *scripts_new(const struct chain *chain)
{
    struct scripts *scripts = xcalloc(1, sizeof *scripts);
    arena_init(&scripts->arena);
    scripts->chain = chain;
    scripts->made =
        arena_calloc(&scripts->arena,
                     (chain->count + chain->checkpoint_count) * DIRECTION__COUNT * DIALECT__COUNT,
                     sizeof *scripts->made);
    return scripts;
}

void scripts_free(struct scripts *scripts)
{
    if (!scripts)
        return;
    arena_done(&scripts->arena);
    free(scripts);
}

const struct script *scripts_get(struct scripts *scripts, const struct dialect *dialect,
                                 const struct revision *revision, enum direction direction,
                                 struct err *err)
{
    enum dialect_id whose = revision_dialect(revision, direction, dialect->id);
    size_t number = revision->is_checkpoint ? scripts->chain->count + revision->checkpoint_index
                                            : revision->index;
    size_t at = (number * DIRECTION__COUNT + direction) * DIALECT__COUNT + whose;
    if (!scripts->made[at])
        scripts->made[at] = script_make(&scripts->arena, dialect, revision, direction, err);
    return scripts->made[at];
}

bool scripts_are_shared(const struct revision *revision, enum direction direction,
                        enum dialect_id dialect, const bool used[DIALECT__COUNT])
{
    enum dialect_id whose = revision_dialect(revision, direction, dialect);
    return whose != dialect && used[whose];
}

static void check_one(struct scripts *scripts, const struct dialect *dialect,
                      const bool used[DIALECT__COUNT], struct faults *faults)
{
    for (size_t i = 0; i < scripts->chain->count; i++)
        for (int d = 0; d < DIRECTION__COUNT; d++) {
            const struct revision *revision = scripts->chain->revisions[i];
            const struct section *any[1];
            struct err err;
            if (revision_sections(revision, (enum direction)d, dialect->id, any, 1) &&
                !scripts_are_shared(revision, (enum direction)d, dialect->id, used) &&
                !scripts_get(scripts, dialect, revision, (enum direction)d, &err))
                faults_add_err(faults, &err);
        }
}

/* It must serve all tenants at base, whatever their dialect. */
static void check_checkpoints(struct scripts *scripts, const struct dialect *dialect,
                              struct faults *faults)
{
    for (size_t i = 0; i < scripts->chain->checkpoint_count; i++) {
        const struct revision *checkpoint = scripts->chain->checkpoints[i];
        const struct section *any[1];
        struct err err;
        if (!revision_sections(checkpoint, DIRECTION_UP, dialect->id, any, 1))
            faults_add(faults, ERR_CHAIN, checkpoint->path, checkpoint->id_line,
                       "the checkpoint of '%s' has no section for %s: delete it, and make it anew "
                       "with 'skein checkpoint %s'",
                       checkpoint->id, dialect->name, checkpoint->id);
        else if (!scripts_get(scripts, dialect, checkpoint, DIRECTION_UP, &err))
            faults_add_err(faults, &err);
    }
}

/* Two rows of the version table could not hold them. */
static void check_case(const struct chain *chain, const struct dialect *dialect,
                       struct faults *faults)
{
    struct arena arena;
    struct map seen;
    arena_init(&arena);
    map_init(&seen);
    for (size_t i = 0; i < chain->count; i++) {
        const struct revision *revision = chain->revisions[i];
        char *folded = arena_strdup(&arena, revision->id);
        for (char *p = folded; *p; p++)
            *p = ascii_to_lower(*p);
        uint32_t first = map_put(&seen, folded, (uint32_t)i);
        if (first != i)
            faults_add(faults, ERR_CHAIN, revision->path, revision->id_line,
                       "revision '%s' differs from '%s' only in the case of letters, which %s does "
                       "not tell apart: rename one of them",
                       revision->id, chain->revisions[first]->id, dialect_info(dialect->id)->title);
    }
    map_done(&seen);
    arena_done(&arena);
}

void scripts_check(struct scripts *scripts, const bool used[DIALECT__COUNT], struct faults *faults)
{
    bool has_folded = false;
    for (int d = 0; d < DIALECT__COUNT; d++) {
        const struct dialect *dialect = dialect_of((enum dialect_id)d);
        if (!used[d] || !dialect)
            continue;
        check_one(scripts, dialect, used, faults);
        check_checkpoints(scripts, dialect, faults);
        if (dialect->traits & DIALECT_FOLDS_IDS && !has_folded)
            check_case(scripts->chain, dialect, faults);
        has_folded |= dialect->traits & DIALECT_FOLDS_IDS;
    }
}
