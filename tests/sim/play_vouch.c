/* What a person vouches for: that a tenant stands at a revision (stamp), that a file which was edited after it was applied is
 * right as it is (accept). */
#include "sim/play_private.h"

#include "base/buf.h"
#include "driver/fake_store.h"
#include "rollout/evidence.h"
#include "sim/troubles.h"

/* ---- stamp --------------------------------------------------------------------------------- */

/* What all tenants hold, by their effects; false: not all the same. */
static bool find_common(struct play *play, uint32_t *ret_set)
{
    for (size_t i = 0; i < play->scene->inventory.tenant_count; i++) {
        uint32_t stands = watch_truth(&play->watch, i).stands;
        if (i && stands != *ret_set)
            return false;
        *ret_set = stands;
    }
    return true;
}

static void aim_at(struct play *play, uint32_t set)
{
    struct scene *scene = play->scene;
    uint32_t heads = scene_heads(scene, set);
    play->command = PLAN_STAMP;
    play->target_set = set;
    play->target_count = 0;
    for (size_t i = 0; i < scene->revision_count; i++)
        if (heads >> i & 1)
            play->targets[play->target_count++] = scene->revisions[i].id;
    if (!heads)
        play->targets[play->target_count++] = "base";
    else if (set == scene->all && rng_chance(&scene->more, 50)) {
        play->targets[0] = "heads";
        play->target_count = 1;
    }
}

/* Someone has garbled the tenant's version table: its rows are none, those of another place, or no revisions. A stamp leaves
 * rows of branches that it does not speak of, unless it purges. */
static void garble(struct play *play, size_t tenant)
{
    struct scene *scene = play->scene;
    struct rng *rng = &scene->more;
    size_t other = rng_below(rng, (uint32_t)scene->revision_count);
    bool is_kept = !play->purges && !(play->target_set >> other & 1);
    bool has_none = rng_chance(rng, 30) || is_kept;
    uint32_t rows = has_none ? 0 : scene_heads(scene, scene->revisions[other].ancestors);
    struct buf buf;
    if (!scene_table(scene, tenant, scene_store(scene, tenant), "alembic_version") ||
        rng_chance(rng, 40))
        return;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_addf(&buf, "delete \"alembic_version\" '%s';", TRUTH_STRAY_ID);
    for (size_t i = 0; i < scene->revision_count; i++)
        buf_addf(&buf, "delete \"alembic_version\" '%s';", scene->revisions[i].id);
    for (size_t i = 0; i < scene->revision_count; i++)
        if (rows >> i & 1)
            buf_addf(&buf, "insert \"alembic_version\" '%s';", scene->revisions[i].id);
    if (play->purges && rng_chance(rng, 50))
        buf_addf(&buf, "insert \"alembic_version\" '%s';", TRUTH_STRAY_ID);
    scene_do(scene, tenant, buf.data);
    scene->places[tenant].was_garbled = true;
    buf_done(&buf);
}

static void begin_stamping(struct play *play)
{
    play_wait_for_quiet(play);
    troubles_heal(play->scene);
    for (size_t i = 0; i < play->scene->inventory.tenant_count; i++)
        garble(play, i);
    play->is_rollback = false;
    watch_begin_lineage(&play->watch, play->target_set, false);
}

static void check_rows_are_back(struct play *play)
{
    for (size_t i = 0; i < play->scene->inventory.tenant_count; i++)
        if (watch_truth(&play->watch, i).rows != play->watch.lineage.back_rows[i])
            play_wrong(play, "a stamp was rolled back, and a version table is not what it was");
}

/* Stamped with all that goes wrong, gone on with and rolled back. */
static void stamp_badly(struct play *play)
{
    struct rng *rng = &play->scene->more;
    enum deed deed = DEED_STAMP;
    for (uint32_t left = rng_below(rng, 4); left; left--) {
        if (deed == DEED_STAMP)
            begin_stamping(play);
        play_plan_fate(play);
        int exit_code = play_run_deed(play, deed);
        bool is_there = exit_code != EXIT_NOTHING && exit_code != 2;
        play_wait_for_quiet(play);
        deed = !is_there || rng_chance(rng, 40) ? DEED_STAMP
               : rng_chance(rng, 60)            ? DEED_RESUME
                                                : DEED_ROLLBACK;
    }
}

static void stamp_well(struct play *play)
{
    begin_stamping(play);
    play_plan_calm(play);
    if (play_run_deed(play, DEED_STAMP) != 0)
        play_wrong(play, "a fleet cannot be stamped");
    play_check_end(play, false);
}

/* Tenants that hold no table of the chain are not stamped as if they did. */
static void check_wrong_stamp(struct play *play)
{
    const struct fake_store *before[TENANTS_MAX];
    bool makes_table = false;
    for (size_t i = 0; i < play->scene->revision_count; i++)
        makes_table = makes_table || play->scene->revisions[i].makes_table;
    if (!makes_table)
        return;
    aim_at(play, play->scene->all);
    play->purges = false;
    watch_begin_lineage(&play->watch, play->target_set, false);
    play_note_stores(play, before);
    play_plan_calm(play);
    int exit_code = play_run_deed(play, DEED_STAMP);
    if (exit_code != 1 && exit_code != 3)
        play_wrong(play, "a stamp does not say that no table of the chain is there");
    play_check_stores(play, before, "a stamp that is refused changes something");
    play->forces = true;
    play_plan_calm(play);
    if (play_run_deed(play, DEED_STAMP) != 0)
        play_wrong(play, "a stamp that is forced is refused");
    play->forces = false;
}

void play_stamp(struct play *play)
{
    uint32_t set = 0;
    if (!find_common(play, &set))
        return;
    play->purges = rng_chance(&play->scene->more, 40);
    aim_at(play, set);
    stamp_badly(play);
    stamp_well(play);
    begin_stamping(play);
    play_plan_calm(play);
    if (play_run_deed(play, DEED_STAMP) != 0)
        play_wrong(play, "a fleet cannot be stamped once more");
    int exit_code = play_run_deed(play, DEED_ROLLBACK);
    if (exit_code != 0 && exit_code != 3 && exit_code != EXIT_NOTHING)
        play_wrong(play, "a stamp cannot be rolled back");
    check_rows_are_back(play);
    stamp_well(play);
    watch_check_quiet(&play->watch);
    if (!set)
        check_wrong_stamp(play);
    play->purges = false;
}

/* ---- accept -------------------------------------------------------------------------------- */

/* A revision that some tenant has applied, so that its file's checksum is in a history; -1: none. Takes the edit. */
static int edit_applied(struct play *play)
{
    struct scene *scene = play->scene;
    size_t first = rng_below(&scene->more, (uint32_t)scene->revision_count);
    for (size_t n = 0; n < scene->revision_count; n++) {
        size_t revision = (first + n) % scene->revision_count;
        struct chain *chain = scene->chain;
        scene->chain = scene_edit(scene, revision, DIRECTION_UP);
        for (size_t i = 0; i < scene->inventory.tenant_count; i++)
            if (truth_stale_row(scene, i, scene_store(scene, i), scene->revisions[revision].id) >=
                0) {
                chain_free(chain);
                return (int)revision;
            }
        chain_free(scene->chain);
        scene->chain = chain;
    }
    return -1;
}

/* Nothing changes but the checksum of what was applied with another one; in the end in all tenants. */
static void check_renewals(struct play *play, const struct fake_store *const *before, bool is_last)
{
    struct scene *scene = play->scene;
    const char *revision = play->watch.accepted;
    for (size_t i = 0; i < scene->inventory.tenant_count; i++) {
        const struct fake_store *store = scene_store(scene, i);
        const char *why;
        struct truth was, is;
        bool is_same = scene_is_same(scene, i, before[i], store);
        bool is_read =
            truth_read(scene, i, before[i], &was, &why) && truth_read(scene, i, store, &is, &why);
        bool holds_same = is_read && was.stands == is.stands && was.rows == is.rows &&
                          was.recorded == is.recorded;
        if (!is_same && (!holds_same || !truth_is_renewed(scene, i, before[i], store, revision)))
            play_wrong(play, "accepting a file changes more than its checksum");
        if (is_last && truth_stale_row(scene, i, store, revision) >= 0)
            play_wrong(play, "a file that was accepted counts as changed");
    }
}

/* Says so of every tenant that has applied it, and leaves them alone. */
static void check_drift(struct play *play)
{
    const struct fake_store *before[TENANTS_MAX];
    play_note_stores(play, before);
    play_plan_calm(play);
    watch_begin_lineage(&play->watch, play->target_set, play->command == PLAN_DOWNGRADE);
    int exit_code = play_run_deed(play, DEED_FORWARD);
    if (exit_code != 1 && exit_code != 3)
        play_wrong(play, "no run says that a file was changed after it was applied");
    for (size_t i = 0; i < play->scene->inventory.tenant_count; i++)
        if (play->watch.tenants[i].was_stale &&
            (play->watch.tenants[i].outcome.state == TENANT_SUCCEEDED ||
             play->watch.tenants[i].outcome.state == TENANT_UNCHANGED))
            play_wrong(play, "a tenant's file was changed, and it is told as well");
    play_check_stores(play, before, "a run changes something though a file was changed");
}

/* A tenant whose database is gone is not made anew only to have nothing to accept. */
static void check_missing(struct play *play)
{
    struct scene *scene = play->scene;
    size_t tenant = rng_below(&scene->more, (uint32_t)scene->inventory.tenant_count);
    struct fake_db *db = scene->places[tenant].db;
    if (scene->places[tenant].is_shared || fake_is_missing(db) || rng_chance(&scene->more, 70))
        return;
    play_plan_calm(play);
    fake_set_missing(db, true);
    if (play_run_deed(play, DEED_ACCEPT) != 1)
        play_wrong(play, "a file is accepted for a database that is not there");
    if (!fake_is_missing(db))
        play_wrong(play, "a database is made to accept a file for it");
    fake_set_missing(db, false);
}

void play_accept(struct play *play)
{
    const struct fake_store *before[TENANTS_MAX];
    int revision = edit_applied(play);
    if (revision < 0)
        return;
    play_note_stores(play, before);
    play->watch.accepted = play->scene->revisions[revision].id;
    check_drift(play);
    play->targets[0] = play->watch.accepted;
    play->target_count = 1;
    for (uint32_t left = rng_below(&play->scene->more, 4); left; left--) {
        play_plan_fate(play);
        (void)play_run_deed(play, DEED_ACCEPT);
        play_wait_for_quiet(play);
        check_renewals(play, before, false);
    }
    check_missing(play);
    play_plan_calm(play);
    if (play_run_deed(play, DEED_ACCEPT) != 0)
        play_wrong(play, "a file cannot be accepted");
    check_renewals(play, before, true);
    watch_check_quiet(&play->watch);
}
