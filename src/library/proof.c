#include "library/proof.h"

#include "base/buf.h"
#include "base/human.h"
#include "library/drift.h"
#include "rollout/evidence.h"

enum { NAMES_SHOWN = 5, DIFFERENCES_SHOWN = 3 };

struct proving {
    struct fleet *fleet;
    bool
        tolerates_extra; /* another tool leaves objects that the chain does not make, such as its own table */
    struct drift drift;
    struct faults *faults;
};

/* ---- what is compared -------------------------------------------------------------------------- */

static bool is_stamp(const struct request *request)
{
    return request->verb->work == WORK_PLAN && !request->verb->rolls_back &&
           request_plan(request) == PLAN_STAMP && !request->forces && !request->purges;
}

/* Is there a tenant for whose engine a scratch database can be had? */
static bool can_compare(const struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->tenant_count; i++) {
        const struct tenant *tenant = fleet->tenants[i];
        if (tenant->lacks_dialect || tenant->is_gone)
            continue;
        if (dialect_info(tenant->url.dialect)->is_file ||
            fleet->inventory->scratch[tenant->url.dialect].url)
            return true;
    }
    return false;
}

/* ---- what is said ------------------------------------------------------------------------------ */

static void add_names(struct buf *buf, const struct proving *proving, const uint32_t *tenants,
                      size_t count)
{
    size_t shown = count <= NAMES_SHOWN + 1 ? count : NAMES_SHOWN;
    human_add_count(buf, count, "tenant");
    buf_adds(buf, " (");
    for (size_t i = 0; i < shown; i++)
        buf_addf(buf, "%s%s", i ? ", " : "", proving->fleet->tenants[tenants[i]]->name);
    if (shown < count)
        buf_addf(buf, " and %zu more", count - shown);
    buf_addc(buf, ')');
}

static void add_rows(struct buf *buf, const struct rows *rows)
{
    buf_adds(buf, rows->count ? "" : "base");
    for (size_t i = 0; i < rows->count; i++)
        buf_addf(buf, "%s'%s'", i ? " + " : "", rows->ids[i]);
}

static void add_differences(struct buf *buf, const struct cluster *cluster)
{
    size_t count = cluster->comparison.count;
    size_t shown = count <= DIFFERENCES_SHOWN + 1 ? count : DIFFERENCES_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        buf_adds(buf, i ? "; " : ": ");
        difference_add_words(buf, &cluster->comparison.items[i]);
    }
    if (shown < count)
        buf_addf(buf, "; and %zu more differences", count - shown);
}

static bool is_refused(const struct proving *proving, const struct cluster *cluster)
{
    if (cluster->verdict != DRIFT_FOUND)
        return false;
    for (size_t i = 0; i < cluster->comparison.count; i++)
        if (cluster->comparison.items[i].what != DIFFERENCE_EXTRA)
            return true;
    return !proving->tolerates_extra || !cluster->is_compared;
}

/* Tenants that would be refused. */
static size_t count_refused(const struct proving *proving)
{
    size_t count = 0;
    for (size_t i = 0; i < proving->drift.cluster_count; i++)
        if (is_refused(proving, &proving->drift.clusters[i]))
            count += proving->drift.clusters[i].tenant_count;
    return count;
}

static void refuse_cluster(struct proving *proving, const struct cluster *cluster)
{
    bool is_one = cluster->tenant_count == 1;
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    add_names(&buf, proving, cluster->tenants, cluster->tenant_count);
    buf_addf(&buf, " %s not hold what the chain makes up to ", is_one ? "does" : "do");
    add_rows(&buf, &cluster->rows);
    if (cluster->resembles) {
        buf_addf(&buf, ", and look%s like ", is_one ? "s" : "");
        add_rows(&buf, cluster->resembles);
    }
    add_differences(&buf, cluster);
    faults_add(proving->faults, ERR_DRIFT, NULL, 0,
               "%s; say --force if the stamp is right all the same", buf.data);
    buf_done(&buf);
}

/* Tenants that the run itself would refuse. */
static size_t count_lacking(const struct proving *proving, bool tells)
{
    const struct fleet_catalogs *catalogs = &proving->drift.catalogs;
    size_t count = 0;
    for (size_t i = 0; i < catalogs->count; i++) {
        const struct err *err = catalogs->items[i].err;
        if (!err || strcmp(err->code, EVIDENCE_NO_TABLES) != 0)
            continue;
        count++;
        if (!tells)
            continue;
        struct err fault = *err;
        err_prefix(&fault, "tenant '%s'", proving->fleet->tenants[i]->name);
        faults_add_err(proving->faults, &fault);
    }
    return count;
}

static void note_unknown(const struct proving *proving, struct proof *ret)
{
    const struct drift *drift = &proving->drift;
    for (size_t i = 0; i < drift->cluster_count; i++) {
        const struct cluster *cluster = &drift->clusters[i];
        const struct dialect_info *info = dialect_info(cluster->kind.dialect);
        bool is_without_server =
            !info->is_file && !proving->fleet->inventory->scratch[cluster->kind.dialect].url;
        if (cluster->verdict != DRIFT_UNKNOWN || is_without_server)
            continue;
        struct buf buf;
        buf_init(&buf, BUF_MAX_DEFAULT);
        buf_adds(&buf, "what ");
        add_names(&buf, proving, cluster->tenants, cluster->tenant_count);
        buf_addf(&buf, " hold%s could not be compared with the chain: %s",
                 cluster->tenant_count == 1 ? "s" : "", cluster->reason);
        ret->note = buf_into(&buf, &proving->fleet->arena);
        return;
    }
}

/* Who could not be read now may be there when the run comes to it. */
static const bool *find_unproved(const struct proving *proving)
{
    const struct fleet_catalogs *catalogs = &proving->drift.catalogs;
    bool *is_unproved =
        arena_calloc(&proving->fleet->arena, catalogs->count + 1, sizeof *is_unproved);
    for (size_t i = 0; i < catalogs->count; i++)
        is_unproved[i] = catalogs->items[i].err != NULL;
    return is_unproved;
}

/* Where no tenant would be stamped, the run says by itself why. */
static bool judge(struct proving *proving, struct proof *ret)
{
    const struct drift *drift = &proving->drift;
    size_t refused = count_refused(proving);
    bool has_stamped = drift->expected + drift->unknown + drift->differing > refused;
    if (!refused && !(has_stamped && count_lacking(proving, false))) {
        note_unknown(proving, ret);
        return true;
    }
    for (size_t i = 0; i < drift->cluster_count; i++)
        if (is_refused(proving, &drift->clusters[i]))
            refuse_cluster(proving, &drift->clusters[i]);
    (void)count_lacking(proving, true);
    return false;
}

bool proof_of_stamp(struct fleet *fleet, const struct request *request, struct proof *ret,
                    struct faults *faults)
{
    struct proving proving = {
        .fleet = fleet, .faults = faults, .tolerates_extra = request->verb->takes_tool};
    struct request look = *request;
    struct err err;
    *ret = (struct proof){.note = NULL};
    if (!is_stamp(request) || !can_compare(fleet))
        return true;
    look.is_dry_run = true;
    look.reads_catalog = true;
    look.weighs_changes = false;
    const struct drift_request what = {.request = &look,
                                       .rules = fleet->inventory->drift,
                                       .is_of_claims = true,
                                       .writes_nothing = request->is_dry_run};
    bool is_good = drift_find(fleet, &what, &proving.drift, &err);
    if (!is_good)
        faults_add_err(faults, &err);
    ret->signal = proving.drift.signal;
    if (is_good && !ret->signal)
        is_good = judge(&proving, ret);
    /* A resume finishes what was begun: what a killed run has left in a file may not be read by one that only looks. */
    if (is_good && !request->continues)
        ret->is_unproved = find_unproved(&proving);
    drift_done(&proving.drift);
    return is_good;
}
