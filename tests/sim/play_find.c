/* Tenants that are found: the inventory has queries, and made-up databases that answer them. */
#include "sim/play_private.h"

#include "base/buf.h"
#include "driver/fake_store.h"
#include "rollout/discover.h"
#include "sim/fake_uv.h"
#include "sim/troubles.h"

enum { SOURCES_MAX = 3, FOUND_MAX = 12 };

/* What a source asks. */
enum asks {
    ASKS_WELL,
    ASKS_TO_WRITE, /* a statement that begins as a query does */
    ASKS_TWICE,    /* two statements, of which the second writes */
    ASKS_NOTHING,  /* no query at all */
    ASKS__COUNT
};

static const char *const queries[ASKS__COUNT] = {
    [ASKS_WELL] = "SELECT name, url, tier FROM tenants",
    [ASKS_TO_WRITE] = "with effect 'sneaked'",
    [ASKS_TWICE] = "SELECT name, url, tier FROM tenants; effect 'sneaked'",
    [ASKS_NOTHING] = "effect 'sneaked'",
};

struct source {
    struct fake_db *db;
    const char *name; /* of the database */
    enum dialect_id dialect;
    enum asks asks;
    size_t count; /* tenants that it knows */
};

/* Outlives longjmp. */
static struct {
    struct source sources[SOURCES_MAX];
    size_t count;
} finding;

/* Tenant `n` of source `s`. */
static const char *name_of(struct scene *scene, size_t s, size_t n)
{
    return arena_printf(&scene->arena, "found%zu_%zu", s, n);
}

static const char *url_of(struct scene *scene, size_t s, size_t n)
{
    return arena_printf(&scene->arena, "postgresql://app@s%zu/%s", s, name_of(scene, s, n));
}

static const char *tier_of(size_t n)
{
    return n % 2 ? "a" : "b";
}

static void make_source(struct scene *scene, size_t s)
{
    static const enum dialect_id dialects[] = {DIALECT_POSTGRESQL, DIALECT_POSTGRESQL,
                                               DIALECT_MYSQL, DIALECT_SQLITE};
    struct rng *rng = &scene->more;
    struct source *source = &finding.sources[s];
    enum dialect_id dialect = RNG_PICK(rng, dialects);
    const char *name = arena_printf(&scene->arena, "control%zu", s);
    bool is_well = rng_chance(rng, 85);
    *source = (struct source){
        .name = dialect == DIALECT_SQLITE ? arena_printf(&scene->arena, "/%s", name) : name,
        .dialect = dialect,
        .asks = is_well ? ASKS_WELL : (enum asks)rng_below(rng, ASKS__COUNT),
        .count = rng_below(rng, FOUND_MAX + 1),
    };
    source->db = fake_db_new(scene->world, source->name);
    fake_do(source->db, "make \"tenants\"");
    for (size_t n = 0; n < source->count; n++)
        fake_do(source->db, arena_printf(&scene->arena, "put \"tenants\" '%s' '%s' '%s'",
                                         name_of(scene, s, n), url_of(scene, s, n), tier_of(n)));
}

/* What goes wrong at a source. */
static void trouble(struct scene *scene, const struct source *source)
{
    static const struct fake_fault faults[] = {
        {.at = FAKE_CONNECT, .act = FAKE_REFUSE, .code = "28P01"},
        {.at = FAKE_CONNECT, .act = FAKE_LOSE_BEFORE},
        {.at = FAKE_CONNECT, .act = FAKE_DELAY, .delay_ms = 30000},
        {.at = FAKE_QUERY, .act = FAKE_REFUSE, .code = "42501"},
        {.at = FAKE_QUERY, .act = FAKE_LOSE_BEFORE, .nth = 2},
        {.at = FAKE_QUERY, .act = FAKE_LOSE_AFTER, .nth = 2},
        {.at = FAKE_QUERY, .act = FAKE_DELAY, .nth = 2, .delay_ms = 90000},
    };
    if (rng_chance(&scene->more, 40))
        fake_add_fault(source->db, &RNG_PICK(&scene->more, faults));
}

static void write_inventory(struct buf *buf)
{
    static const char *const urls[DIALECT__COUNT] = {
        [DIALECT_POSTGRESQL] = "postgresql://app@control/",
        [DIALECT_MYSQL] = "mysql://app@control/",
        [DIALECT_SQLITE] = "sqlite:///",
    };
    buf_adds(buf, "chain: versions\nsources:\n");
    for (size_t s = 0; s < finding.count; s++)
        buf_addf(buf, "- query: \"%s\"\n  url: %s%s\n", queries[finding.sources[s].asks],
                 urls[finding.sources[s].dialect], finding.sources[s].name);
}

static const struct tenant *find_tenant(const struct inventory *inventory, const char *name)
{
    for (size_t i = 0; i < inventory->tenant_count; i++)
        if (strcmp(inventory->tenants[i].name, name) == 0)
            return &inventory->tenants[i];
    return NULL;
}

/* Every row is a tenant, and nothing else is. */
static void check_found(struct play *play, const struct inventory *inventory)
{
    struct scene *scene = play->scene;
    size_t wanted = 0;
    for (size_t s = 0; s < finding.count; s++) {
        wanted += finding.sources[s].count;
        if (finding.sources[s].asks != ASKS_WELL)
            play_wrong(play, "a source is asked something else than one query");
        for (size_t n = 0; n < finding.sources[s].count; n++) {
            const struct tenant *tenant = find_tenant(inventory, name_of(scene, s, n));
            const char *tier = tenant ? tenant_label(tenant, "tier") : NULL;
            if (!tier || strcmp(tier, tier_of(n)) != 0 ||
                strcmp(tenant->url_redacted, url_of(scene, s, n)) != 0)
                play_wrong(play, "a row of a source is not among the tenants, or is another one");
        }
    }
    if (inventory->tenant_count != wanted)
        play_wrong(play, "there are more tenants than the sources have rows");
}

int play_find_deed(struct play *play)
{
    struct faults faults;
    struct buf buf;
    faults_init(&faults);
    buf_init(&buf, BUF_MAX_DEFAULT);
    write_inventory(&buf);
    struct inventory_builder *builder =
        inventory_parse("/nonexistent/skein.yaml", buf.data, buf.len, &faults);
    buf_done(&buf);
    if (!builder)
        play_wrong(play, faults.items[0].text);
    bool is_good = discover_tenants(builder, &faults);
    if (is_good == (faults.total > 0))
        play_wrong(play, "sources fail without a fault, or the other way round");
    if (!is_good)
        inventory_abandon(builder);
    struct inventory *inventory = is_good ? inventory_finish(builder, &faults) : NULL;
    if (is_good && !inventory)
        play_wrong(play, faults.items[0].text);
    if (is_good)
        check_found(play, inventory);
    inventory_free(inventory);
    faults_done(&faults);
    return is_good ? 0 : 2;
}

static void check_untouched(struct play *play, const struct fake_store *const *before)
{
    for (size_t s = 0; s < finding.count; s++)
        if (fake_committed(finding.sources[s].db) != before[s])
            play_wrong(play, "a source was written to");
}

void play_find(struct play *play)
{
    const struct fake_store *before[SOURCES_MAX];
    bool asks_well = true;
    finding.count = rng_between(&play->scene->more, 1, SOURCES_MAX);
    for (size_t s = 0; s < finding.count; s++) {
        make_source(play->scene, s);
        before[s] = fake_committed(finding.sources[s].db);
        asks_well = asks_well && finding.sources[s].asks == ASKS_WELL;
    }
    play->is_finding = true;
    for (uint32_t left = rng_below(&play->scene->more, 3); left; left--) {
        play_plan_fate(play);
        for (size_t s = 0; s < finding.count; s++)
            trouble(play->scene, &finding.sources[s]);
        (void)play_run_deed(play, DEED_FIND);
        play_wait_for_quiet(play);
        check_untouched(play, before);
    }
    play_plan_calm(play);
    for (size_t s = 0; s < finding.count; s++)
        fake_clear_faults(finding.sources[s].db);
    if (play_run_deed(play, DEED_FIND) != (asks_well ? 0 : 2))
        play_wrong(play, "sources are not asked where they can be, or where they must not");
    check_untouched(play, before);
    play->is_finding = false;
}
