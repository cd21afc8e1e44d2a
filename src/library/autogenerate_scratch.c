/* What chains and schema files make, in scratch databases. */
#include "dialect/scripts.h"
#include "library/autogenerate_private.h"

/* Where a chain leads. */
struct trip {
    const struct chain *chain;
    const char *const *targets;
    size_t target_count;
    bool returns; /* a step back after it */
};

static bool travel(struct generating *generating, const struct scratch_kind *kind,
                   const struct trip *trip, struct catalog *ret[2])
{
    static const char *const back[] = {"-1"};
    const struct scratch_move up = {VERB_UPGRADE, trip->targets, trip->target_count};
    const struct scratch_move down = {VERB_DOWNGRADE, back, 1};
    struct fleet fleet = *generating->fleet;
    struct scratch scratch;
    fleet.chain = (struct chain *)(uintptr_t)trip->chain;
    fleet.scripts = scripts_new(trip->chain);
    bool is_done = scratch_open(&scratch, &fleet, kind, generating->err) &&
                   scratch_go(&scratch, &up, generating->arena, &ret[0], generating->err) &&
                   (!trip->returns ||
                    scratch_go(&scratch, &down, generating->arena, &ret[1], generating->err));
    generating->result->signal = scratch.signal;
    scratch_close(&scratch);
    scripts_free(fleet.scripts);
    return is_done;
}

static bool apply_files(struct generating *generating, const struct scratch_kind *kind,
                        const struct schema_files *files, struct catalog **ret)
{
    const char *head = schema_files_head(files);
    struct catalog *made[2];
    struct chain *chain = schema_files_chain(files, kind->dialect, generating->err);
    if (!chain)
        return false;
    bool is_made = travel(generating, kind, &(struct trip){chain, &head, 1, false}, made);
    chain_free(chain);
    if (!is_made)
        return err_prefix(generating->err,
                          "the schema files cannot be applied in a scratch database");
    *ret = made[0];
    return true;
}

const char *autogenerate_wanted_words(const struct generating *generating)
{
    const char *words = generating->request->wanted_words;
    return words ? words : "the schema files make";
}

bool autogenerate_make_wanted(struct generating *generating, const struct scratch_kind *kind,
                              struct catalog **ret)
{
    const struct catalog *given = generating->request->wanted;
    if (given)
        *ret = catalog_copy(generating->arena, given);
    if (given || apply_files(generating, kind, &generating->files, ret))
        return true;
    schema_files_place(&generating->files, generating->err);
    return false;
}

/* What the new revision finds: its parents, and what it depends on; none: base. */
bool autogenerate_make_before(struct generating *generating, const struct scratch_kind *kind,
                              struct catalog **ret)
{
    const struct revision *revision = &generating->request->draft->revision;
    size_t count = revision->down_count + revision->depend_count;
    const char **targets = arena_calloc(generating->arena, count + 1, sizeof *targets);
    struct catalog *made[2];
    for (size_t i = 0; i < count; i++)
        targets[i] = i < revision->down_count ? revision->down_ids[i]
                                              : revision->depend_ids[i - revision->down_count];
    const struct trip trip = {generating->fleet->chain, targets, count, false};
    if (!travel(generating, kind, &trip, made))
        return err_prefix(generating->err, "the chain cannot be replayed in a scratch database");
    *ret = made[0];
    return true;
}

static void add_section(struct section *sections, size_t *count, const struct section *section)
{
    sections[*count] = *section;
    sections[*count].sql_len = strlen(section->sql);
    ++*count;
}

/* Room for three. */
void autogenerate_add_sections(const struct way *way, enum direction direction,
                               const struct statements *statements, struct section *sections,
                               size_t *count)
{
    struct section section = {
        .direction = direction, .dialect = way->kind->dialect, .sql = statements->before};
    if (*statements->before)
        add_section(sections, count, &section);
    section.is_transactional = true;
    section.sql = statements->sql;
    add_section(sections, count, &section);
    section.is_transactional = false;
    section.sql = statements->later;
    if (*statements->later)
        add_section(sections, count, &section);
}

/* What the chain makes with the new revision in it, of which this is the SQL; `down` NULL: there is no way back yet. */
bool autogenerate_try_revision(struct way *way, const struct statements *up,
                               const struct statements *down, struct catalog *ret[2])
{
    static const struct statements nothing = {"", "", ""};
    struct generating *generating = way->generating;
    struct draft draft = *generating->request->draft;
    struct section sections[6];
    struct faults faults;
    size_t count = 0;
    autogenerate_add_sections(way, DIRECTION_UP, up, sections, &count);
    autogenerate_add_sections(way, DIRECTION_DOWN, down ? down : &nothing, sections, &count);
    draft.revision.sections = sections;
    draft.revision.section_count = count;
    faults_init(&faults);
    struct chain *chain = draft_try(&draft, &faults);
    if (!chain)
        *generating->err = faults.items[0];
    faults_done(&faults);
    bool is_done = chain && travel(generating, way->kind,
                                   &(struct trip){chain, &draft.revision.id, 1, down != NULL}, ret);
    chain_free(chain);
    return is_done || err_prefix(generating->err, "the statements that were made do not work");
}
