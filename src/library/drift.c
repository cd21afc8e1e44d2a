#include "library/drift.h"

#include "base/buf.h"
#include "base/map.h"
#include "library/expected.h"
#include "schema/emit.h"

struct finding {
    struct fleet *fleet;
    const struct drift_request *request;
    struct drift *drift;
    struct expectations expectations;
};

static struct arena *arena_of(struct finding *finding)
{
    return &finding->drift->catalogs.arena;
}

/* ---- clusters ---------------------------------------------------------------------------------- */

static struct scratch_kind kind_of(const struct tenant *tenant)
{
    return (struct scratch_kind){tenant->url.dialect, tenant->schema != NULL};
}

static const char *cluster_key(struct finding *finding, size_t tenant)
{
    const struct tenant_catalog *item = &finding->drift->catalogs.items[tenant];
    struct buf key;
    buf_init(&key, BUF_MAX_DEFAULT);
    struct scratch_kind kind = kind_of(finding->fleet->tenants[tenant]);
    buf_addf(&key, "%d %d %s %s ", (int)kind.dialect, kind.has_schema, item->fingerprint.hex,
             item->group);
    rows_add_key(&key, &item->rows);
    return buf_into(&key, arena_of(finding));
}

static void add_cluster(struct finding *finding, size_t tenant, size_t *capacity)
{
    struct drift *drift = finding->drift;
    const struct tenant_catalog *item = &drift->catalogs.items[tenant];
    *ARENA_PUSH(arena_of(finding), drift->clusters, drift->cluster_count, *capacity) =
        (struct cluster){.kind = kind_of(finding->fleet->tenants[tenant]),
                         .rows = item->rows,
                         .fingerprint = item->fingerprint,
                         .group = item->group};
}

static bool is_clustered(const struct finding *finding, size_t tenant)
{
    const struct tenant_catalog *item = &finding->drift->catalogs.items[tenant];
    bool has_claim = !item->is_unchanged && item->rows.count;
    return item->is_read && (has_claim || !finding->request->is_of_claims);
}

/* Tenants of one place and one fingerprint. */
static void make_clusters(struct finding *finding)
{
    struct drift *drift = finding->drift;
    size_t count = drift->catalogs.count, capacity = 0;
    uint32_t *cluster_of = arena_calloc(arena_of(finding), count + 1, sizeof *cluster_of);
    struct map map;
    map_init(&map);
    for (size_t i = 0; i < count; i++) {
        if (!is_clustered(finding, i))
            continue;
        cluster_of[i] = map_put(&map, cluster_key(finding, i), (uint32_t)drift->cluster_count);
        if (cluster_of[i] == drift->cluster_count)
            add_cluster(finding, i, &capacity);
        drift->clusters[cluster_of[i]].tenant_count++;
    }
    map_done(&map);
    for (size_t c = 0; c < drift->cluster_count; c++) {
        struct cluster *cluster = &drift->clusters[c];
        cluster->tenants =
            arena_calloc(arena_of(finding), cluster->tenant_count, sizeof *cluster->tenants);
        cluster->tenant_count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_clustered(finding, i))
            continue;
        struct cluster *cluster = &drift->clusters[cluster_of[i]];
        uint32_t *tenants = (uint32_t *)(uintptr_t)cluster->tenants;
        tenants[cluster->tenant_count++] = (uint32_t)i;
    }
}

/* ---- what they should hold --------------------------------------------------------------------- */

static const char *say_reason(struct arena *arena, const struct err *err)
{
    return *err->file ? arena_printf(arena, "%s:%d: %s", err->file, err->line, err->text)
                      : arena_strdup(arena, err->text);
}

static struct expected_place place_of(const struct cluster *cluster)
{
    return (struct expected_place){cluster->kind, cluster->rows, cluster->group};
}

static void judge(struct finding *finding, struct cluster *cluster)
{
    struct drift *drift = finding->drift;
    const struct expected_place place = place_of(cluster);
    const struct expected *expected = expectations_get(&finding->expectations, &place);
    cluster->expected = expected->fingerprint;
    if (!expected->is_known) {
        cluster->verdict = DRIFT_UNKNOWN;
        cluster->reason = say_reason(arena_of(finding), &expected->err);
    } else if (strcmp(expected->group, cluster->group) != 0) {
        cluster->verdict = DRIFT_UNKNOWN;
        cluster->reason =
            arena_printf(arena_of(finding), "the scratch database is %s, and these tenants are %s",
                         expected->group, cluster->group);
    } else {
        bool is_same = strcmp(cluster->expected.hex, cluster->fingerprint.hex) == 0;
        cluster->verdict = is_same ? DRIFT_NONE : DRIFT_FOUND;
    }
    size_t *counts[] = {&drift->expected, &drift->differing, &drift->unknown};
    *counts[cluster->verdict] += cluster->tenant_count;
}

static int compare_clusters(const void *left, const void *right)
{
    const struct cluster *a = left, *b = right;
    if (a->verdict != b->verdict)
        return (int)a->verdict - (int)b->verdict;
    if (a->tenant_count != b->tenant_count)
        return a->tenant_count > b->tenant_count ? -1 : 1;
    return (a->tenants[0] > b->tenants[0]) - (a->tenants[0] < b->tenants[0]);
}

/* ---- in what they differ ------------------------------------------------------------------------ */

/* From what is there to what should be: by what writes revisions. What would lose rows is a comment. */
static const char *mending_sql(struct finding *finding, const struct cluster *cluster,
                               const struct catalog *from, const struct catalog *to)
{
    const struct catalog_emitter *emitter = dialect_of(cluster->kind.dialect)->emitter;
    struct emission emission = {
        .arena = arena_of(finding), .from = from, .to = to, .rules = finding->request->rules};
    return emitter ? emission_text(emitter, &emission) : NULL;
}

static void compare_cluster(struct finding *finding, struct cluster *cluster,
                            const struct catalog *found)
{
    const struct expected_place place = place_of(cluster);
    struct err err;
    const struct expected *expected = expectations_get(&finding->expectations, &place);
    const struct catalog *catalog = expectations_catalog(&finding->expectations, expected, &err);
    /* what was kept of it may be old: the server makes another schema of the chain by now */
    if (!catalog || strcmp(expected->fingerprint.hex, cluster->expected.hex) != 0)
        return;
    const struct catalog *wanted = catalog_copy(arena_of(finding), catalog);
    const struct catalog *there = catalog_copy(arena_of(finding), found);
    cluster->is_compared = true;
    comparison_make(&cluster->comparison, wanted, there, finding->request->rules);
    cluster->sql = mending_sql(finding, cluster, there, wanted);
}

/* One tenant of each cluster that differs, in full. */
static bool compare_found(struct finding *finding, size_t begin, size_t count, struct err *err)
{
    struct drift *drift = finding->drift;
    struct fleet few = *finding->fleet;
    struct fleet_catalogs catalogs;
    struct request look = *finding->request->request;
    struct fleet_catalogs_request request = {
        .request = &look, .rules = finding->request->rules, .keeps_catalogs = true};
    look.verb = &verbs[VERB_CURRENT]; /* where they stand does not matter any more */
    look.target_count = 0;
    look.continues = NULL;
    arena_init(&few.arena); /* two copies of one arena would not know of each other's memory */
    few.tenants = arena_calloc(arena_of(finding), count + 1, sizeof *few.tenants);
    few.tenant_count = count;
    for (size_t i = 0; i < count; i++)
        few.tenants[i] = finding->fleet->tenants[drift->clusters[begin + i].tenants[0]];
    bool is_read = fleet_catalogs_read(&few, &request, &catalogs, err);
    for (size_t i = 0; is_read && i < count; i++) {
        struct cluster *cluster = &drift->clusters[begin + i];
        const struct tenant_catalog *item = &catalogs.items[i];
        if (!item->is_read || strcmp(item->fingerprint.hex, cluster->fingerprint.hex) != 0)
            continue;
        compare_cluster(finding, cluster, item->catalog);
    }
    drift->signal = catalogs.signal ? catalogs.signal : drift->signal;
    fleet_catalogs_done(&catalogs);
    arena_done(&few.arena);
    return is_read;
}

static bool is_of_kind(const struct cluster *cluster, const struct scratch_kind *kind)
{
    return cluster->verdict == DRIFT_FOUND && cluster->kind.dialect == kind->dialect &&
           cluster->kind.has_schema == kind->has_schema;
}

static bool is_wanted(const struct drift *drift, const struct scratch_kind *kind)
{
    for (size_t i = 0; i < drift->cluster_count; i++)
        if (is_of_kind(&drift->clusters[i], kind) && !drift->clusters[i].resembles)
            return true;
    return false;
}

/* Does any place of the chain, one revision at a time, make what a cluster holds? */
static void find_resemblance(struct finding *finding, const struct cluster *like)
{
    const struct scratch_kind *kind = &like->kind;
    const struct chain *chain = finding->fleet->chain;
    struct drift *drift = finding->drift;
    for (size_t i = 0; i <= chain->count && is_wanted(drift, kind); i++) {
        const char *id = i ? chain->revisions[chain->topological[i - 1]]->id : NULL;
        const struct expected_place place = {*kind, rows_sorted(arena_of(finding), &id, i ? 1 : 0),
                                             like->group};
        const struct expected *expected = expectations_get(&finding->expectations, &place);
        if (finding->expectations.signal)
            return;
        for (size_t c = 0; expected->is_known && c < drift->cluster_count; c++) {
            struct cluster *cluster = &drift->clusters[c];
            if (!is_of_kind(cluster, kind) ||
                strcmp(cluster->fingerprint.hex, expected->fingerprint.hex) != 0)
                continue;
            struct rows *copy = arena_alloc(arena_of(finding), sizeof *copy);
            *copy = rows_copy(arena_of(finding), &expected->rows);
            cluster->resembles = copy;
        }
    }
}

/* ---- all of it ----------------------------------------------------------------------------------- */

static int signal_of(const struct finding *finding)
{
    int signal = finding->drift->catalogs.signal;
    return signal ? signal : finding->expectations.signal;
}

/* Sorted, the clusters that differ stand together. */
static bool look_closer(struct finding *finding, struct err *err)
{
    struct drift *drift = finding->drift;
    size_t begin = 0, end;
    while (begin < drift->cluster_count && drift->clusters[begin].verdict == DRIFT_NONE)
        begin++;
    for (end = begin; end < drift->cluster_count && drift->clusters[end].verdict == DRIFT_FOUND;)
        end++;
    if (begin == end)
        return true;
    if (!compare_found(finding, begin, end - begin, err))
        return false;
    for (size_t i = begin; i < end; i++)
        if (!drift->clusters[i].resembles)
            find_resemblance(finding, &drift->clusters[i]);
    return true;
}

/* What is to be ended with end_judging. */
static void judge_all(struct finding *finding)
{
    struct drift *drift = finding->drift;
    expectations_init(&finding->expectations, finding->fleet, finding->request->rules);
    finding->expectations.cache.is_read_only = finding->request->writes_nothing;
    make_clusters(finding);
    for (size_t i = 0; i < drift->catalogs.count;
         i++) /* an upgrade would make it: nothing is there */
        drift->expected += !drift->catalogs.items[i].is_read && !drift->catalogs.items[i].err;
    for (size_t i = 0; i < drift->cluster_count && !signal_of(finding); i++)
        judge(finding, &drift->clusters[i]);
}

static void end_judging(struct finding *finding)
{
    struct drift *drift = finding->drift;
    drift->signal = drift->signal ? drift->signal : signal_of(finding);
    expectations_done(&finding->expectations);
}

void drift_judge(struct fleet *fleet, const struct drift_request *request, struct drift *drift)
{
    struct finding finding = {fleet, request, drift, {.fleet = NULL}};
    judge_all(&finding);
    end_judging(&finding);
}

bool drift_find(struct fleet *fleet, const struct drift_request *request, struct drift *ret,
                struct err *err)
{
    struct finding finding = {fleet, request, ret, {.fleet = NULL}};
    struct fleet_catalogs_request what = {
        .request = request->request, .rules = request->rules, .show = request->show};
    *ret = (struct drift){.clusters = NULL};
    if (!fleet_catalogs_read(fleet, &what, &ret->catalogs, err))
        return false;
    judge_all(&finding);
    bool is_good = true;
    if (ret->cluster_count && !signal_of(&finding)) {
        qsort(ret->clusters, ret->cluster_count, sizeof *ret->clusters, compare_clusters);
        is_good = look_closer(&finding, err);
    }
    end_judging(&finding);
    return is_good;
}

void drift_done(struct drift *drift)
{
    fleet_catalogs_done(&drift->catalogs);
}
