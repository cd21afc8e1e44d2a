/* `batch_replicas`: the servers that batches of statements which repeat must not leave late (docs/batches.md). */
#include "inventory/load/builder.h"

#include "base/buf.h"
#include "base/choice.h"
#include "base/err.h"
#include "base/hash.h"
#include "dialect/dialect.h"

#define KEY "batch_replicas"

/* A choice: whose replicas can be asked. */
static const char *title_with_replicas_at(size_t index)
{
    for (int d = 0; d < DIALECT__COUNT; d++) {
        const struct dialect *dialect = dialect_of((enum dialect_id)d);
        bool is_engine = dialect_info((enum dialect_id)d)->engine == (enum dialect_id)d;
        if (dialect && dialect->sql[SQL_REPLICA] && is_engine && !index--)
            return dialect_info((enum dialect_id)d)->title;
    }
    return NULL;
}

static bool have_replicas(enum dialect_id id)
{
    return dialect_of(id) && dialect_of(id)->sql[SQL_REPLICA];
}

static void fault_of_engine(struct inventory_builder *builder)
{
    struct buf titles;
    buf_init(&titles, BUF_MAX_DEFAULT);
    choice_add(&titles, title_with_replicas_at);
    load_fault(builder, KEY, "'" KEY "' is for %s only", titles.data);
    buf_done(&titles);
}

/* ---- one of them ----------------------------------------------------------------------------- */

static bool check_replica(struct inventory_builder *builder, const struct url *url)
{
    const struct dialect *dialect = dialect_of(url->dialect);
    const struct dialect_use use = {url, false, true};
    struct err err;
    if (!have_replicas(url->dialect))
        fault_of_engine(builder);
    else if (dialect->option_file && dialect->option_file(url))
        load_fault(builder, KEY,
                   "'" KEY "': a file of options is for tenants only: say all of it in the URL");
    else if (dialect->check_url && !dialect->check_url(&use, &err))
        load_fault(builder, KEY, "'" KEY "': %s", err.text);
    else
        return true;
    return false;
}

/* `text` is the URL as it stands, its password included. */
static const struct tenant *find_replica(struct inventory_builder *builder, const char *text,
                                         const struct url *url, const struct common *common)
{
    char hash[HASH_HEX_SIZE];
    const struct password *password =
        url->password ? load_keep_password(builder, PASSWORD_VALUE, url->password)
                      : common->password;
    hash_hex(text, strlen(text), hash);
    const char *key =
        arena_printf(&builder->scratch, "replica %s %p", hash, (const void *)password);
    const struct tenant *known = sharing_find(&builder->sharing, key);
    if (known)
        return known;
    const char *server = sharing_string(&builder->sharing, url_server(&builder->scratch, url));
    struct tenant *replica = arena_alloc(builder->inventory->arena, sizeof *replica);
    *replica = (struct tenant){
        .name = server,
        .url = load_keep_url(builder, url),
        .url_redacted = url_redacted(builder->inventory->arena, url),
        .server = server,
        .settings = common->settings,
        .password = password,
        .line = load_line(builder, KEY),
        .password_line = common->password_line ? common->password_line : load_line(builder, KEY),
    };
    sharing_add(&builder->sharing, key, replica);
    return replica;
}

/* NULL: a fault, or the environment does not say all of it. */
static const struct tenant *read_replica(struct inventory_builder *builder, const char *raw,
                                         const struct common *common)
{
    const char *text;
    struct url url;
    struct err err;
    if (!load_text(builder, (struct field){KEY, raw}, &text))
        return NULL;
    if (!url_parse(&builder->scratch, text, &url, &err)) {
        load_fault(builder, KEY, "'" KEY "': %s", err.text);
        return NULL;
    }
    return check_replica(builder, &url) ? find_replica(builder, text, &url, common) : NULL;
}

const struct tenant *load_told_replica(struct inventory_builder *builder, const char *text,
                                       const struct url *url, const struct common *common)
{
    return check_replica(builder, url) ? find_replica(builder, text, url, common) : NULL;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static bool is_among(const struct tenant *const *list, size_t count, const struct tenant *replica)
{
    for (size_t i = 0; i < count; i++)
        if (list[i]->server == replica->server && dialect_info(list[i]->url.dialect)->engine ==
                                                      dialect_info(replica->url.dialect)->engine)
            return true;
    return false;
}

const struct replica_set *load_keep_replicas(struct inventory_builder *builder,
                                             const struct tenant *const *list, size_t count)
{
    struct buf key;
    if (!count)
        return NULL;
    buf_init(&key, BUF_MAX_DEFAULT);
    buf_adds(&key, "replicas");
    for (size_t i = 0; i < count; i++)
        buf_addf(&key, " %p", (const void *)list[i]);
    const struct replica_set *known = sharing_find(&builder->sharing, key.data);
    if (!known) {
        struct arena *arena = builder->inventory->arena;
        const struct tenant **copy = arena_calloc(arena, count, sizeof(struct tenant *));
        struct replica_set *set = arena_alloc(arena, sizeof *set);
        memcpy(copy, list, count * sizeof(struct tenant *));
        *set = (struct replica_set){copy, count};
        sharing_add(&builder->sharing, key.data, set);
        known = set;
    }
    buf_done(&key);
    return known;
}

void load_replicas(struct inventory_builder *builder, const struct raw_common *raw,
                   struct common *common)
{
    size_t count = 0;
    if (!places_has_key(&builder->places, builder->subject.item, KEY))
        return;
    const struct tenant **list =
        arena_calloc(&builder->scratch, raw->batch_replicas_count + 1, sizeof(struct tenant *));
    for (size_t i = 0; i < raw->batch_replicas_count; i++) {
        const struct tenant *replica = read_replica(builder, raw->batch_replicas[i], common);
        if (!replica)
            continue;
        if (is_among(list, count, replica))
            load_fault(builder, KEY, "'" KEY "' names '%.128s' twice", replica->name);
        else
            list[count++] = replica;
    }
    common->replicas = load_keep_replicas(builder, list, count);
    common->has_own_replicas = raw->batch_replicas_count != 0;
}

/* Those of `defaults` and of a source are for the tenants whose engine is theirs. */
const struct replica_set *load_replicas_of(struct inventory_builder *builder, const struct url *url,
                                           const char *server, const struct common *common)
{
    const struct replica_set *set = common->replicas;
    enum dialect_id engine = dialect_info(url->dialect)->engine;
    size_t count = 0;
    if (common->is_control || builder->subject.lacks_dialect)
        return NULL;
    if (common->has_own_replicas && !have_replicas(url->dialect)) {
        fault_of_engine(builder);
        return NULL;
    }
    if (!set)
        return NULL;
    const struct tenant **list =
        arena_calloc(&builder->scratch, set->count, sizeof(struct tenant *));
    for (size_t i = 0; i < set->count; i++) {
        const struct tenant *replica = set->replicas[i];
        bool is_of_engine = dialect_info(replica->url.dialect)->engine == engine;
        if (is_of_engine && replica->server == server)
            load_fault(builder, KEY, "'" KEY "' names '%.128s', which is the tenant's own server",
                       replica->name);
        else if (!is_of_engine && common->has_own_replicas)
            load_fault(builder, KEY, "'" KEY "' names '%.128s', which is no %s server",
                       replica->name, dialect_info(engine)->title);
        else if (is_of_engine)
            list[count++] = replica;
    }
    return count == set->count ? set : load_keep_replicas(builder, list, count);
}
