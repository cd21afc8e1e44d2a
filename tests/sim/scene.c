#include "sim/scene.h"

#include "base/buf.h"
#include "driver/driver.h"
#include "driver/fake_store.h"
#include "inventory/selector.h"

/* ---- sets of revisions --------------------------------------------------------------------- */

uint32_t scene_heads(const struct scene *scene, uint32_t set)
{
    uint32_t heads = set;
    for (size_t i = 0; i < scene->revision_count; i++)
        if (set >> i & 1)
            heads &= ~scene->revisions[i].parents;
    return heads;
}

uint32_t scene_closure(const struct scene *scene, uint32_t set)
{
    uint32_t closure = 0;
    for (size_t i = 0; i < scene->revision_count; i++)
        if (set >> i & 1)
            closure |= scene->revisions[i].ancestors;
    return closure;
}

int scene_find(const struct scene *scene, const char *id)
{
    for (size_t i = 0; i < scene->revision_count; i++)
        if (strcmp(scene->revisions[i].id, id) == 0)
            return (int)i;
    return -1;
}

/* ---- the chain ----------------------------------------------------------------------------- */

/* One parent mostly; now and then a branch, a second base, or a merge of all heads there are. */
static uint32_t choose_parents(struct scene *scene, size_t index)
{
    struct rng *rng = &scene->rng;
    uint32_t heads = scene_heads(scene, (1u << index) - 1);
    if (index == 0 || rng_chance(rng, 4))
        return 0;
    if ((heads & (heads - 1)) && rng_chance(rng, 40))
        return heads;
    return 1u << (rng_chance(rng, 75) ? index - 1 : rng_below(rng, (uint32_t)index));
}

/* What changes the session, and must not reach the statements of others. */
static const char *const extras[] = {"role 'somebody';",       "discard;", "wander;",
                                     "touch client_encoding;", "touch 3;", "agree;"};

/* After the section's last effect. Returns whether the section has a query to verify. */
static bool add_checks(struct scene *scene, struct buf *buf)
{
    bool is_verified = rng_chance(&scene->rng, 10);
    if (scene->has_extras && rng_chance(&scene->rng, 25))
        buf_addf(buf, "%s\n", RNG_PICK(&scene->rng, extras));
    if (scene->has_extras && rng_chance(&scene->more, 30))
        buf_adds(buf, "warn 'take care';\n");
    if (is_verified)
        buf_adds(buf, "-- verify: agree\n");
    return is_verified;
}

/* Effects stay when they are undone: of each time up there is one time down, or none yet. */
static void add_probe(struct buf *buf, const char *id, enum direction direction, unsigned k)
{
    if (direction == DIRECTION_UP)
        buf_addf(buf, "-- probe: exceeds '%s+%u' '%s-1'\n", id, k, id);
    else
        buf_addf(buf, "-- probe: reaches '%s-%u' '%s+1'\n", id, k, id);
}

/* The next of its effects, if one is missing: the first statement of the other direction tells how often it went there. */
static void add_batch(struct buf *buf, const struct scene_revision *revision,
                      enum direction direction, unsigned k)
{
    bool is_up = direction == DIRECTION_UP;
    buf_addf(buf, "merge '%s%c%u' '%s%c1' %u %s;", revision->id, is_up ? '+' : '-', k, revision->id,
             is_up ? '-' : '+', revision->batches[direction][k], is_up ? "up" : "down");
}

void scene_add_statement(const struct scene *scene, struct buf *buf, size_t revision,
                         enum direction direction, unsigned k)
{
    const char *id = scene->revisions[revision].id;
    bool is_up = direction == DIRECTION_UP;
    unsigned batches = scene->revisions[revision].batches[direction][k];
    for (unsigned i = 0; i < batches; i++)
        add_batch(buf, &scene->revisions[revision], direction, k);
    if (batches)
        return;
    if (scene->revisions[revision].makes_table && k == 1)
        buf_addf(buf, "%s \"table_%s\" ",
                 is_up ? "create table if not exists" : "drop table if exists", id);
    else
        buf_adds(buf, "effect ");
    buf_addf(buf, "'%s%c%u';", id, is_up ? '+' : '-', k);
}

/* Now and then one that may be said again: a setting, as a new session has to be told of. */
static void add_effect(struct scene *scene, struct buf *buf, size_t revision,
                       enum direction direction, unsigned k)
{
    const char *id = scene->revisions[revision].id;
    bool is_up = direction == DIRECTION_UP;
    bool is_build = is_up && rng_chance(&scene->rng, 15);
    bool is_setting = !is_build && rng_chance(&scene->rng, 15);
    if (scene->revisions[revision].batches[direction][k]) {
        add_batch(buf, &scene->revisions[revision], direction, k);
        buf_addc(buf, '\n');
    } else if ((!is_build && !is_setting) || (scene->revisions[revision].makes_table && k == 1)) {
        scene_add_statement(scene, buf, revision, direction, k);
        buf_addc(buf, '\n');
    } else if (is_build)
        buf_addf(buf, "build '%s+%u' '%s-1';\n", id, k, id);
    else if (is_up)
        buf_addf(buf, "set '%s+%u' '%s-1';\n", id, k, id);
    else
        buf_addf(buf, "reset '%s-%u' '%s+1';\n", id, k, id);
}

/* Not the first, by which its effects are counted. */
static bool choose_batches(struct scene *scene, struct scene_revision *revision,
                           enum direction direction, unsigned k)
{
    bool repeats = k > 1 && scene->has_checkpoints && rng_chance(&scene->more, 25);
    revision->batches[direction][k] = repeats ? rng_between(&scene->more, 1, 3) : 0;
    revision->is_checkpointed[direction] = revision->is_checkpointed[direction] || repeats;
    return repeats;
}

static void add_section(struct scene *scene, struct buf *buf, size_t index,
                        enum direction direction)
{
    static const char *const options[] = {"", " transaction:false", " repeat:until-no-rows pause:0",
                                          " repeat:until-no-rows pause:300ms"};
    struct scene_revision *revision = &scene->revisions[index];
    const char *word = direction == DIRECTION_UP ? "up" : "down";
    bool is_alone = false; /* the section holds a statement that repeats, and no other */
    bool may_split = scene->has_checkpoints && rng_chance(&scene->rng, 40);
    bool has_probes = rng_chance(&scene->rng, 30);
    unsigned count = rng_between(&scene->rng, 1, STATEMENTS_MAX);
    for (unsigned k = 1; k <= count; k++) {
        bool is_outside = may_split && rng_chance(&scene->rng, 60);
        bool repeats = choose_batches(scene, revision, direction, k);
        const char *option =
            options[repeats ? rng_between(&scene->more, 2, 3) : (unsigned)is_outside];
        if (k == 1 || may_split || repeats || is_alone)
            buf_addf(buf, "\n-- migrate:%s%s\n", word, option);
        if (has_probes && !repeats)
            add_probe(buf, revision->id, direction, k);
        add_effect(scene, buf, index, direction, k);
        revision->is_checkpointed[direction] = revision->is_checkpointed[direction] || is_outside;
        is_alone = repeats;
    }
    if (is_alone)
        buf_addf(buf, "\n-- migrate:%s\n", word);
    revision->is_verified[direction] = add_checks(scene, buf);
    revision->statements[direction] = count;
}

static void add_revision(struct scene *scene, struct chain_file *ret_file)
{
    size_t index = scene->revision_count;
    struct scene_revision *revision = &scene->revisions[index];
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    snprintf(revision->id, sizeof revision->id, "r%u", (unsigned)index);
    revision->parents = choose_parents(scene, index);
    revision->makes_table = rng_chance(&scene->more, 25);
    revision->ancestors = 1u << index | scene_closure(scene, revision->parents);
    buf_addf(&buf, "-- Revision ID: %s\n-- Revises: ", revision->id);
    for (size_t i = 0, n = 0; i < index; i++)
        if (revision->parents >> i & 1)
            buf_addf(&buf, "%s%s", n++ ? ", " : "", scene->revisions[i].id);
    add_section(scene, &buf, index, DIRECTION_UP);
    if (rng_chance(&scene->rng, 98))
        add_section(scene, &buf, index, DIRECTION_DOWN);
    else
        scene->lacks_down = true;
    scene->revision_count++;
    scene->all |= 1u << index;
    *ret_file = (struct chain_file){arena_printf(&scene->arena, "%s.sql", revision->id),
                                    arena_strndup(&scene->arena, buf.data, buf.len), buf.len};
    buf_done(&buf);
}

static struct chain *build_chain(const struct chain_file *files, size_t count)
{
    struct faults faults;
    faults_init(&faults);
    struct chain *chain = chain_build("versions", files, count, &faults);
    faults_done(&faults);
    if (!chain)
        abort();
    return chain;
}

struct chain *scene_edit(struct scene *scene, size_t revision, enum direction direction)
{
    struct chain_file files[REVISIONS_MAX];
    struct buf buf;
    const char *begin = scene->files[revision].bytes;
    const char *header = direction == DIRECTION_UP ? "-- migrate:up" : "-- migrate:down";
    const char *after = strchr(strstr(begin, header), '\n') + 1;
    memcpy(files, scene->files, sizeof files);
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_add(&buf, begin, (size_t)(after - begin));
    buf_addf(&buf, "touch 7;\n%s", after);
    files[revision].bytes = arena_strndup(&scene->arena, buf.data, buf.len);
    files[revision].len = buf.len;
    buf_done(&buf);
    return build_chain(files, scene->revision_count);
}

static void make_chain(struct scene *scene)
{
    size_t count = rng_between(&scene->rng, 1, REVISIONS_MAX);
    scene->has_extras =
        !scene->has_checkpoints && !scene->has_no_ddl && rng_chance(&scene->rng, 30);
    for (size_t i = 0; i < count; i++)
        add_revision(scene, &scene->files[i]);
    scene->chain = build_chain(scene->files, count);
}

/* ---- the fleet ----------------------------------------------------------------------------- */

/* As many kinds of them as tenants may have. */
enum { SETTINGS_CREATE = 1, SETTINGS_SNAPSHOT = 2, SETTINGS__COUNT = 4 };

static const struct settings *make_settings(struct scene *scene)
{
    static const uint64_t lock_ms[] = {200, 1000, 5000};
    static const uint64_t statement_ms[] = {0, 500, 5000};
    static const uint64_t connect_ms[] = {1000, 10000};
    static const uint64_t retry_ms[] = {0, 0, 60000};
    static const uint32_t retries[] = {0, 1, 3, 3, 6};
    struct rng *rng = &scene->rng;
    struct settings *settings = arena_calloc(&scene->arena, SETTINGS__COUNT, sizeof *settings);
    *settings = (struct settings){
        .transaction = rng_chance(rng, 50) ? TRANSACTION_ALL : TRANSACTION_EACH,
        .connect_timeout_ms = RNG_PICK(rng, connect_ms),
        .lock_timeout_ms = RNG_PICK(rng, lock_ms),
        .statement_timeout_ms = RNG_PICK(rng, statement_ms),
        .retries = RNG_PICK(rng, retries),
        .retry_timeout_ms = RNG_PICK(rng, retry_ms),
        .batches = repeat_defaults(),
    };
    for (int i = 1; i < SETTINGS__COUNT; i++) {
        settings[i] = *settings;
        settings[i].create = i & SETTINGS_CREATE;
        settings[i].rollback_by = i & SETTINGS_SNAPSHOT ? ROLLBACK_BY_SNAPSHOT : ROLLBACK_BY_DOWN;
    }
    return settings;
}

static const char *const tiers[] = {"a", "b", "c"};

static const struct label *make_labels(struct scene *scene)
{
    struct label *label = arena_alloc(&scene->arena, sizeof *label);
    *label = (struct label){"tier", RNG_PICK(&scene->rng, tiers)};
    return label;
}

/* A fleet speaks mostly one dialect, and now and then several. */
static void choose_drivers(struct scene *scene)
{
    scene->drivers[DIALECT_POSTGRESQL] = rng_chance(&scene->rng, 75) ? &fake_joins : &fake_driver;
    scene->drivers[DIALECT_SQLITE] = &fake_on_worker;
    scene->drivers[DIALECT_MYSQL] = &fake_no_ddl;
    scene->has_files = rng_chance(&scene->rng, 35);
    scene->has_no_ddl = rng_chance(&scene->rng, 25);
    scene->is_foreign = rng_chance(&scene->rng, 8);
    if (scene->is_crowded) {
        scene->drivers[DIALECT_POSTGRESQL] = &fake_joins;
        scene->has_files = false;
        scene->has_no_ddl = scene->is_crowd_of_databases = rng_chance(&scene->more, 50);
    }
}

static enum dialect_id choose_dialect(struct scene *scene)
{
    if (scene->is_crowd_of_databases)
        return DIALECT_MYSQL;
    if (scene->has_files && rng_chance(&scene->rng, 50))
        return DIALECT_SQLITE;
    return scene->has_no_ddl && rng_chance(&scene->rng, 50) ? DIALECT_MYSQL : DIALECT_POSTGRESQL;
}

/* The database of the tenant before, where that one shares it. */
static const struct tenant *find_shared(struct scene *scene, size_t index)
{
    if (scene->is_crowded && !scene->is_crowd_of_databases)
        return index ? &scene->inventory.tenants[index - 1] : NULL;
    bool can = index && scene->places[index - 1].is_shared && rng_chance(&scene->rng, 70);
    return can ? &scene->inventory.tenants[index - 1] : NULL;
}

/* Unqualified names may lead to a schema that is none of the version table's. */
static void lead_astray(struct scene *scene, struct scene_place *place)
{
    static const char *const paths[] = {"\"own\", public", "nosuch, \"own\",public"};
    fake_do(place->db, "schema \"own\"");
    fake_set_search_path(place->db, RNG_PICK(&scene->rng, paths));
    place->schema = "own";
    place->other = FAKE_SCHEMA;
}

/* As MariaDB has it: the database is the schema, and bears its name. */
static void name_schema(struct scene *scene, struct scene_place *place, const struct tenant *tenant)
{
    const char *name = arena_printf(&scene->arena, "\"%s\"", tenant->name);
    fake_do(place->db, arena_printf(&scene->arena, "schema %s", name));
    fake_set_search_path(place->db, name);
    place->schema = tenant->name;
}

const struct password scene_by_command = {.kind = PASSWORD_COMMAND, .number = 1};

static void place_tenant(struct scene *scene, size_t index, enum dialect_id dialect)
{
    struct rng *rng = &scene->rng;
    struct scene_place *place = &scene->places[index];
    struct tenant *tenant = &scene->inventory.tenants[index];
    bool is_server = scene->drivers[dialect]->traits & DRIVER_IS_SERVER;
    bool has_schemas = dialect == DIALECT_POSTGRESQL;
    size_t server = is_server ? rng_below(rng, (uint32_t)scene->server_count) : SERVER_OF_FILES;
    if (scene->is_crowd_of_databases)
        server = 0;
    *place = (struct scene_place){.schema = FAKE_SCHEMA, .server = server};
    place->db = fake_db_new(scene->world, tenant->name);
    place->is_shared = has_schemas && (rng_chance(rng, 20) || scene->is_crowded);
    fake_set_server(place->db, (uint32_t)server);
    tenant->url = fake_url_of(scene->world, scene->drivers[dialect], tenant->name);
    if (place->is_shared)
        place->schema = tenant->schema = tenant->name;
    else if (scene->drivers[dialect] == &fake_joins && rng_chance(rng, 15))
        lead_astray(scene, place);
    if (place->is_shared && (scene->is_foreign || rng_chance(rng, 80)))
        fake_do(place->db, arena_printf(&scene->arena, "schema \"%s\"", tenant->schema));
    if (!is_server)
        return;
    tenant->url.host = arena_printf(&scene->arena, "s%u", (unsigned)server);
    tenant->url.user = rng_chance(rng, 70) ? "app" : "other";
    if (rng_chance(rng, 15))
        tenant->password = &scene_by_command;
    if (!scene->is_crowd_of_databases)
        return;
    name_schema(scene, place, tenant);
    tenant->url.user = "app";
    tenant->password = scene->inventory.tenants[0].password;
}

static void share_place(struct scene *scene, size_t index, const struct tenant *other)
{
    struct scene_place *place = &scene->places[index];
    struct tenant *tenant = &scene->inventory.tenants[index];
    *place = scene->places[index - 1];
    place->schema = tenant->schema = tenant->name;
    tenant->url = other->url;
    tenant->password = other->password;
    if (scene->is_foreign || rng_chance(&scene->rng, 80))
        fake_do(place->db, arena_printf(&scene->arena, "schema \"%s\"", tenant->schema));
}

/* What is not there yet has to be made: a schema, or the database. */
static const struct settings *choose_settings(struct scene *scene, size_t index,
                                              const struct settings *settings)
{
    struct rng *rng = &scene->rng;
    const struct scene_place *place = &scene->places[index];
    bool has_schema = fake_store_has_schema(fake_committed(place->db), place->schema);
    bool is_missing = !place->is_shared && !scene->is_foreign && rng_chance(rng, 5);
    fake_set_missing(place->db, is_missing);
    bool creates = !has_schema || is_missing || rng_chance(rng, 10);
    return settings + (creates ? SETTINGS_CREATE : 0) +
           (rng_chance(rng, 40) ? SETTINGS_SNAPSHOT : 0);
}

static void add_tenant(struct scene *scene, const struct settings *settings)
{
    static const struct password none = {.kind = PASSWORD_NONE};
    struct inventory *inventory = &scene->inventory;
    size_t index = inventory->tenant_count++;
    struct tenant *tenant = &inventory->tenants[index];
    const struct scene_place *place = &scene->places[index];
    const struct tenant *other = find_shared(scene, index);
    *tenant = (struct tenant){
        .name = arena_printf(&scene->arena, "t%u", (unsigned)index),
        .labels = make_labels(scene),
        .label_count = 1,
        .password = &none,
    };
    if (other)
        share_place(scene, index, other);
    else
        place_tenant(scene, index, choose_dialect(scene));
    bool is_file = place->server == SERVER_OF_FILES;
    const char *host = is_file ? "" : tenant->url.host;
    tenant->settings = choose_settings(scene, index, settings);
    tenant->url_redacted =
        arena_printf(&scene->arena, "%s://%s/%s", tenant->url.scheme, host, tenant->url.database);
    tenant->server = is_file ? "local" : arena_printf(&scene->arena, "%s:5432", host);
}

/* Mostly a few: what goes wrong between many goes wrong between some. */
static size_t choose_count(struct scene *scene)
{
    enum { CROWD_LEAST = 16, CROWD_MOST = 24 };
    static const uint32_t sizes[] = {2, 4, 4, 8, 8, 12, TENANTS_MAX};
    size_t count = rng_between(&scene->rng, 1, RNG_PICK(&scene->rng, sizes));
    return scene->is_crowded ? rng_between(&scene->rng, CROWD_LEAST, CROWD_MOST) : count;
}

static void make_fleet(struct scene *scene)
{
    struct rng *rng = &scene->rng;
    size_t count = choose_count(scene);
    const struct settings *settings = make_settings(scene);
    bool are_pooled = !scene->has_checkpoints && rng_chance(rng, 15);
    scene->server_count = rng_between(rng, 1, SERVERS_MAX);
    scene->inventory.tenants = arena_calloc(&scene->arena, count, sizeof *scene->inventory.tenants);
    fake_set_server(fake_db_new(scene->world, "postgres"), SERVERS__COUNT); /* of them all */
    for (size_t i = 0; i < count; i++) {
        add_tenant(scene, settings);
        bool can_pool = scene->inventory.tenants[i].url.dialect == DIALECT_POSTGRESQL;
        fake_set_pooled(scene->places[i].db, can_pool && are_pooled && rng_chance(rng, 50));
    }
}

/* ---- what they hold ------------------------------------------------------------------------ */

const struct fake_store *scene_store(const struct scene *scene, size_t tenant)
{
    return fake_committed(scene->places[tenant].db);
}

bool scene_is_same(const struct scene *scene, size_t tenant, const struct fake_store *a,
                   const struct fake_store *b)
{
    const struct scene_place *place = &scene->places[tenant];
    return a == b || (fake_store_is_same(a, b, place->schema) &&
                      (!place->other || fake_store_is_same(a, b, place->other)));
}

const struct fake_table *scene_table(const struct scene *scene, size_t tenant,
                                     const struct fake_store *store, const char *name)
{
    const struct scene_place *place = &scene->places[tenant];
    const struct fake_table *table = fake_store_table(store, place->schema, name);
    return table || !place->other ? table : fake_store_table(store, place->other, name);
}

void scene_do(struct scene *scene, size_t tenant, const char *sql)
{
    const struct scene_place *place = &scene->places[tenant];
    fake_do(place->db, arena_printf(&scene->arena, "setup '\"%s\"%s'; %s", place->schema,
                                    place->other ? ", public" : "", sql));
}

/* ---- where they stand at first ------------------------------------------------------------- */

static void apply(struct scene *scene, size_t tenant, size_t index)
{
    const struct scene_revision *revision = &scene->revisions[index];
    const struct revision *file = chain_get(scene->chain, revision->id);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (unsigned k = 1; k <= revision->statements[DIRECTION_UP]; k++)
        scene_add_statement(scene, &buf, index, DIRECTION_UP, k);
    buf_addf(&buf, "record \"skein_history\" '%s' 'up' '%s' %u 'applied' 'before'", revision->id,
             file->checksum, revision->statements[DIRECTION_UP]);
    scene_do(scene, tenant, buf.data);
    buf_done(&buf);
}

static void bring_to(struct scene *scene, size_t tenant, uint32_t set)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    const struct scene_place *place = &scene->places[tenant];
    const char *schema = place->other ? place->other : place->schema;
    fake_do(place->db, arena_printf(&scene->arena,
                                    "make \"%s\".\"alembic_version\"; "
                                    "make \"%s\".\"skein_history\"",
                                    schema, schema));
    for (size_t i = 0; i < scene->revision_count; i++)
        if (set >> i & 1)
            apply(scene, tenant, i);
    for (size_t i = 0; i < scene->revision_count; i++)
        if (scene_heads(scene, set) >> i & 1)
            buf_addf(&buf, "insert \"alembic_version\" '%s';", scene->revisions[i].id);
    scene_do(scene, tenant, buf.data);
    buf_done(&buf);
}

/* The same, as dbmate would have it: its table has a row for each migration, and ours are missing. */
static void bring_by_other_tool(struct scene *scene, size_t tenant, uint32_t set)
{
    struct buf buf;
    const struct scene_place *place = &scene->places[tenant];
    const char *table = arena_printf(&scene->arena, "\"%s\".\"schema_migrations\"", place->schema);
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_addf(&buf, "make %s;", table);
    for (size_t i = 0; i < scene->revision_count; i++) {
        const struct scene_revision *revision = &scene->revisions[i];
        for (unsigned k = 1; set >> i & 1 && k <= revision->statements[DIRECTION_UP]; k++)
            scene_add_statement(scene, &buf, i, DIRECTION_UP, k);
        if (set >> i & 1)
            buf_addf(&buf, "insert %s '%s';", table, revision->id);
    }
    scene_do(scene, tenant, buf.data);
    buf_done(&buf);
}

static void bring_all_by_other_tool(struct scene *scene)
{
    for (size_t i = 0; i < scene->inventory.tenant_count; i++) {
        size_t revision = rng_below(&scene->rng, (uint32_t)scene->revision_count);
        bring_by_other_tool(scene, i, scene->revisions[revision].ancestors);
    }
}

/* Most at one place, some elsewhere, some without our tables. */
static void place_tenants(struct scene *scene)
{
    struct rng *rng = &scene->rng;
    uint32_t count = (uint32_t)scene->revision_count;
    uint32_t common = scene->revisions[rng_below(rng, count)].ancestors;
    if (scene->is_foreign)
        bring_all_by_other_tool(scene);
    if (scene->is_foreign || rng_chance(rng, 40))
        return;
    for (size_t i = 0; i < scene->inventory.tenant_count; i++) {
        uint32_t other =
            rng_chance(rng, 20) ? scene->all : scene->revisions[rng_below(rng, count)].ancestors;
        const struct scene_place *place = &scene->places[i];
        bool is_there = fake_store_has_schema(scene_store(scene, i), place->schema) &&
                        !fake_is_missing(place->db);
        if (is_there && !rng_chance(rng, 15))
            bring_to(scene, i, rng_chance(rng, 70) ? common : other);
    }
}

/* ---- the rules ----------------------------------------------------------------------------- */

static struct share make_share(struct rng *rng)
{
    static const uint32_t counts[] = {0, 0, 1, 2, 100};
    if (rng_chance(rng, 25))
        return (struct share){.permyriad = rng_below(rng, 6000), .is_share = true};
    return (struct share){.count = RNG_PICK(rng, counts)};
}

static struct wave make_wave(struct scene *scene, size_t index)
{
    struct rng *rng = &scene->rng;
    struct err err;
    const char *select =
        rng_chance(rng, 25) ? "" : arena_printf(&scene->arena, "tier=%s", RNG_PICK(rng, tiers));
    struct wave wave = {
        .is_optional = true, /* its selector is drawn too: it may take no one */
        .name = arena_printf(&scene->arena, "w%u", (unsigned)index),
        .select_text = select,
        .select = selector_parse(&scene->arena, select, &err),
        .parallel = rng_chance(rng, 50) ? rng_between(rng, 1, 8) : 0,
        .per_server = rng_chance(rng, 50) ? rng_between(rng, 1, 4) : 0,
        .has_max_failures = rng_chance(rng, 50),
        .soak_ms = rng_chance(rng, 50) ? rng_below(rng, 5000) : 0,
    };
    wave.max_failures = make_share(rng);
    return wave;
}

static struct gate_rules make_gates(struct rng *rng)
{
    static const char *const argv[] = {"true", NULL}; /* it must be there; fake_uv.c plays it */
    static const uint64_t timeouts_ms[] = {0, 1000, 60000};
    struct gate_rules rules = {.timeout_ms = RNG_PICK(rng, timeouts_ms)};
    for (int gate = 0; gate < GATE__COUNT; gate++)
        if (rng_chance(rng, 50))
            rules.argv[gate] = argv;
    return rules;
}

/* Waves take from some milliseconds to minutes. */
static struct forecast_rules make_forecast(struct rng *rng)
{
    static const uint64_t times_ms[] = {1, 50, 1000, 60000};
    bool is_time = rng_chance(rng, 40);
    return (struct forecast_rules){
        .warn_above = {.factor = rng_chance(rng, 50) ? 1 : 0},
        .halt_above = {.factor = is_time ? 0 : rng_between(rng, 1, 3),
                       .ms = is_time ? RNG_PICK(rng, times_ms) : 0},
        .at_least_ms = rng_chance(rng, 50) ? 0 : RNG_PICK(rng, times_ms),
    };
}

static void make_rules(struct scene *scene)
{
    static const enum on_failure policies[] = {ON_FAILURE_STOP, ON_FAILURE_CONTINUE,
                                               ON_FAILURE_ROLLBACK, ON_FAILURE_ROLLBACK};
    struct rng *rng = &scene->rng;
    struct wave *waves = arena_calloc(&scene->arena, WAVES_MAX, sizeof *waves);
    size_t count = rng_chance(rng, 50) ? rng_between(rng, 1, WAVES_MAX) : 0;
    if (scene->is_crowded)
        count = 0; /* all in one */
    for (size_t i = 0; i < count; i++)
        waves[i] = make_wave(scene, i);
    scene->inventory.rollout = (struct rollout_rules){
        .parallel = rng_chance(rng, 80) ? rng_between(rng, 1, 8) : 32,
        .per_server = rng_chance(rng, 80) ? rng_between(rng, 1, 4) : 8,
        .on_failure = RNG_PICK(rng, policies),
        .max_failures = make_share(rng),
        .waves = waves,
        .wave_count = count,
    };
    if (rng_chance(rng, 15))
        scene->inventory.rollout.gates = make_gates(rng);
    if (rng_chance(&scene->more, 15))
        scene->forecast = make_forecast(&scene->more);
}

struct scene *scene_new(uint64_t seed)
{
    struct scene *scene = xcalloc(1, sizeof *scene);
    scene->rng.state = seed * 0x9e3779b97f4a7c15u;
    scene->more.state = scene->rng.state ^ 0xd1b54a32d192ed03u;
    scene->is_crowded = rng_chance(&(struct rng){scene->rng.state ^ 0x8bb84b93962eacc9u}, 6);
    arena_init(&scene->arena);
    scene->world = fake_world_new();
    scene->inventory.path = "/nonexistent/skein.yaml"; /* own_inventory looks */
    scene->inventory.version_table = "alembic_version";
    scene->inventory.password_count = 2; /* none, and that by a command */
    scene->inventory.ledger = "memory";
    scene->has_checkpoints = rng_chance(&scene->rng, 25);
    choose_drivers(scene);
    make_chain(scene);
    make_fleet(scene);
    make_rules(scene);
    place_tenants(scene);
    scene->inventory.hides_values = rng_chance(&scene->more, 30);
    fake_set_latency(scene->world, rng_below(&scene->rng, 3));
    return scene;
}

void scene_free(struct scene *scene)
{
    chain_free(scene->chain);
    fake_world_free(scene->world);
    arena_done(&scene->arena);
    free(scene);
}
