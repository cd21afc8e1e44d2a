/* A scratch database that is like the tenants of a group. */
#include "base/buf.h"
#include "chain/write.h"
#include "dialect/scripts.h"
#include "library/prepare.h"
#include "library/rehearse_private.h"
#include "library/fleet_catalogs.h"
#include "schema/compare.h"
#include "schema/emit.h"

struct staging {
    struct fleet *fleet;
    const struct rehearse_group *group;
    struct scratch *scratch;
    struct arena *arena;
    struct err *err;
};

static bool is_like(const struct staging *staging, const struct catalog *catalog)
{
    struct fingerprint fingerprint = catalog_fingerprint(catalog, staging->fleet->inventory->drift);
    return strcmp(fingerprint.hex, staging->group->fingerprint.hex) == 0;
}

/* Another version would say another thing of the same statements. */
static bool check_engine(const struct staging *staging, const struct catalog *catalog)
{
    return strcmp(catalog->group, staging->group->engine) == 0 ||
           err_set(staging->err, ERR_CONFIG, "the scratch database is %s, and these tenants are %s",
                   catalog->group, staging->group->engine);
}

static bool open_scratch(struct staging *staging)
{
    if (!scratch_open(staging->scratch, staging->fleet, &staging->group->kind, staging->err))
        return false;
    scratch_set_like(staging->scratch, staging->group->example->settings);
    return true;
}

/* ---- by the chain -------------------------------------------------------------------------------- */

/* False with no error: the chain makes something else, or nothing. */
static bool replay(struct staging *staging, bool *ret_is_like)
{
    struct catalog *made;
    struct err why;
    *ret_is_like = false;
    if (!open_scratch(staging))
        return false;
    if (!scratch_upgrade(staging->scratch, &staging->group->from, staging->arena, &made, &why))
        return true;
    *ret_is_like = is_like(staging, made);
    return check_engine(staging, made);
}

/* ---- by a tenant's own schema -------------------------------------------------------------------- */

static bool read_tenant(struct staging *staging, const struct catalog **ret)
{
    const struct tenant *one[] = {staging->group->example};
    const struct request look = {
        .verb = &verbs[VERB_CURRENT], .reads_catalog = true, .reads_for_emitter = true};
    const struct fleet_catalogs_request what = {
        .request = &look, .rules = staging->fleet->inventory->drift, .keeps_catalogs = true};
    struct fleet part = *staging->fleet;
    struct fleet_catalogs catalogs;
    part.tenants = one;
    part.tenant_count = 1;
    bool is_good = fleet_catalogs_read(&part, &what, &catalogs, staging->err);
    if (catalogs.signal)
        staging->scratch->signal = catalogs.signal;
    if (is_good && catalogs.items[0].err)
        *staging->err = *catalogs.items[0].err;
    is_good = is_good && !catalogs.items[0].err && catalogs.items[0].catalog;
    if (is_good)
        *ret = catalog_copy(staging->arena, catalogs.items[0].catalog);
    fleet_catalogs_done(&catalogs);
    return is_good;
}

static void add_section(struct revision *revision, struct section *sections, struct buf *sql,
                        struct arena *arena, bool is_transactional)
{
    size_t len = sql->len;
    sections[revision->section_count++] = (struct section){.direction = DIRECTION_UP,
                                                           .is_general = true,
                                                           .is_transactional = is_transactional,
                                                           .sql = buf_into(sql, arena),
                                                           .sql_len = len};
}

static bool refuse(const struct staging *staging, const struct emission *emission)
{
    const struct emission_refusal *refusal = &emission->refusals[0];
    return err_set(staging->err, ERR_CONFIG, "%s '%s' cannot be copied: %s",
                   object_kind_name(refusal->object->kind), object_full_name(refusal->object),
                   refusal->reason);
}

/* The statements that make it, as a revision. */
static bool emit(struct staging *staging, struct catalog *base, const struct catalog *wanted,
                 struct revision *ret)
{
    struct buf bufs[3];
    struct section *sections = arena_calloc(staging->arena, ARRAY_LEN(bufs), sizeof *sections);
    struct emission emission = {.arena = staging->arena,
                                .from = base,
                                .to = wanted,
                                .rules = staging->fleet->inventory->drift,
                                .allows_all = true,
                                .before = &bufs[0],
                                .sql = &bufs[1],
                                .later = &bufs[2]};
    for (size_t i = 0; i < ARRAY_LEN(bufs); i++)
        buf_init(&bufs[i], SIZE_MAX / 2);
    dialect_of(staging->group->kind.dialect)->emitter->change(&emission);
    *ret = (struct revision){.id = "skein_copy",
                             .message = "What a tenant holds",
                             .create_date = "",
                             .sections = sections};
    for (size_t i = 0; i < ARRAY_LEN(bufs); i++)
        add_section(ret, sections, &bufs[i], staging->arena, i == 1);
    return !emission.refusal_count || refuse(staging, &emission);
}

static void on_event(void *ctx, const struct event *event)
{
    struct err *err = ctx;
    if (event->kind != EVENT_TENANT_FINISHED || !event->outcome->error)
        return;
    *err = *event->outcome->error;
    err->said = NULL;
}

/* As a chain of that one revision. */
static bool apply(struct staging *staging, const struct revision *revision)
{
    static const struct request upgrade = {.verb = &verbs[VERB_UPGRADE]};
    struct fleet fleet = *staging->fleet;
    struct err failure = {0};
    const struct observer observer = {on_event, &failure};
    struct faults faults;
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    revision_write(&text, revision);
    const struct chain_file file = {"copy.sql", text.data, text.len};
    faults_init(&faults);
    fleet.chain = chain_build(staging->fleet->chain->dir, &file, 1, &faults);
    if (!fleet.chain)
        *staging->err = faults.items[0];
    faults_done(&faults);
    buf_done(&text);
    if (!fleet.chain)
        return false;
    fleet.scripts = scripts_new(fleet.chain);
    bool is_done = scratch_visit(staging->scratch, &fleet, &upgrade, &observer, staging->err);
    scripts_free(fleet.scripts);
    chain_free(fleet.chain);
    if (is_done && failure.kind != ERR_NONE)
        *staging->err = failure;
    return is_done && failure.kind == ERR_NONE;
}

static bool refuse_difference(struct staging *staging, const struct catalog *wanted,
                              const struct catalog *made)
{
    struct comparison comparison;
    struct buf words;
    comparison_make(&comparison, wanted, made, staging->fleet->inventory->drift);
    buf_init(&words, BUF_MAX_DEFAULT);
    if (comparison.count)
        difference_add_words(&words, &comparison.items[0]);
    err_set(staging->err, ERR_CONFIG, "%s", comparison.count ? words.data : "something differs");
    buf_done(&words);
    return false;
}

static bool copy_schema(struct staging *staging)
{
    static const struct scratch_move stay = {.target_count = 0};
    const struct catalog *wanted;
    struct catalog *base, *made;
    struct revision revision;
    return read_tenant(staging, &wanted) && open_scratch(staging) &&
           scratch_go(staging->scratch, &stay, staging->arena, &base, staging->err) &&
           emit(staging, base, wanted, &revision) && apply(staging, &revision) &&
           scratch_stamp(staging->scratch, staging->fleet, &staging->group->from, staging->err) &&
           scratch_go(staging->scratch, &stay, staging->arena, &made, staging->err) &&
           (is_like(staging, made) || refuse_difference(staging, wanted, made));
}

bool rehearse_stage(struct fleet *fleet, const struct rehearse_group *group,
                    struct scratch *scratch, struct rehearsed *result, struct err *err)
{
    struct staging staging = {fleet, group, scratch, &fleet->arena, err};
    bool is_like_tenants = false;
    if (group->is_missing)
        return open_scratch(&staging);
    if (!replay(&staging, &is_like_tenants))
        return false;
    if (is_like_tenants)
        return true;
    int signal = scratch->signal;
    scratch_close(scratch);
    *scratch = (struct scratch){.lock = -1, .signal = signal};
    if (signal)
        return err_set(err, ERR_CANCELLED, "stopped");
    result->schema = SCRATCH_BY_TENANT;
    return copy_schema(&staging) ||
           err_prefix(err, "the chain does not make what it holds, and that cannot be copied");
}
