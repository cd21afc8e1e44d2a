/* Who the tenants of a run are. A selection that was seen before, in the same order and waves, is
 * one number; of another, what is known of its tenants is taken over. */
#include "ledger/stored.h"

#include "base/hash.h"
#include "inventory/inventory.h"

/* Texts with their lengths before them: nothing can pass for something else. */
static void digest_text(struct buf *buf, const char *text)
{
    buf_addf(buf, "%zu:", text ? strlen(text) : 0);
    buf_adds(buf, text ? text : "-");
}

static void digest_tenant(struct buf *buf, const struct tenant *tenant, uint32_t wave)
{
    buf_addf(buf, "%u %d %zu ", wave, (int)tenant->url.dialect, tenant->label_count);
    digest_text(buf, tenant->name);
    digest_text(buf, tenant->url_redacted);
    digest_text(buf, tenant->server);
    digest_text(buf, tenant->schema);
    for (size_t i = 0; i < tenant->label_count; i++) {
        digest_text(buf, tenant->labels[i].key);
        digest_text(buf, tenant->labels[i].value);
    }
}

static uint32_t wave_of(const struct run_info *run, size_t tenant)
{
    return run->wave_of ? run->wave_of[tenant] : 0;
}

static void digest_fleet(const struct run_info *run, bool is_told, char ret_digest[HASH_HEX_SIZE])
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < run->tenant_count; i++)
        digest_tenant(&buf, run->tenants[i], wave_of(run, i));
    if (is_told)
        stored_told_digest(&buf, run);
    hash_hex(buf.data, buf.len, ret_digest);
    buf_done(&buf);
}

/* ---- a tenant ------------------------------------------------------------------------------ */

/* `key=value` each: a key has no '='. */
static bool put_labels(struct stored_ledger *ledger, const struct tenant *tenant,
                       struct value *ret_labels, struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    const char **items = arena_calloc(&arena, tenant->label_count + 1, sizeof *items);
    for (size_t i = 0; i < tenant->label_count; i++)
        items[i] = arena_printf(&arena, "%s=%s", tenant->labels[i].key, tenant->labels[i].value);
    const struct rows list = {items, tenant->label_count, true};
    bool is_fine = stored_list_put(ledger, SERIES_LABEL_LISTS, &list, ret_labels, err);
    arena_done(&arena);
    return is_fine;
}

#define TENANT_VALUES(tenant, labels)                                                              \
    value_text((tenant)->name), value_int((tenant)->url.dialect),                                  \
        value_text((tenant)->url_redacted), value_text((tenant)->server ? (tenant)->server : ""),  \
        value_text((tenant)->schema), (labels)

/* Tenants of a new selection. */
struct adding {
    struct stored_ledger *ledger;
    int64_t newest;  /* the number of the tenant that was added last; -1: there is none yet */
    bool knows_none; /* there was none before */
};

static bool insert_tenant(struct adding *adding, const struct tenant *tenant, struct value labels,
                          struct err *err)
{
    adding->newest = adding->newest < 0 ? 1 : adding->newest + 1;
    return store_run(adding->ledger->store, err,
                     "INSERT INTO tenants(name, dialect, url, server, schema, labels, id)"
                     " VALUES(?, ?, ?, ?, ?, ?, ?)",
                     TENANT_VALUES(tenant, labels), value_int(adding->newest));
}

static bool put_tenant(struct adding *adding, const struct tenant *tenant, int64_t *ret_id,
                       struct err *err)
{
    struct value labels;
    int64_t id = -1;
    if (!put_labels(adding->ledger, tenant, &labels, err))
        return false;
    if (!adding->knows_none &&
        !store_get(
            adding->ledger->store, err, &id,
            "SELECT id FROM tenants WHERE name = ? AND dialect = ? AND url = ? AND server = ?"
            " AND schema IS NOT DISTINCT FROM ? AND labels = ?",
            TENANT_VALUES(tenant, labels)))
        return false;
    if (id < 0 && !insert_tenant(adding, tenant, labels, err))
        return false;
    *ret_id = id < 0 ? adding->newest : id;
    return true;
}

/* ---- all of them --------------------------------------------------------------------------- */

/* Numbers of tenants are given out as those of a series are: stored_series_hold. */
static bool insert_members(struct stored_ledger *ledger, const struct run_info *run, int64_t fleet,
                           struct err *err)
{
    struct adding adding = {.ledger = ledger};
    struct told_writer told;
    struct value settings, password;
    int64_t tenant;
    stored_told_begin(&told, ledger, run);
    if (!stored_series_hold(ledger, err) ||
        !store_get_plain(ledger->store, err, &adding.newest, "SELECT max(id) FROM tenants"))
        return false;
    adding.knows_none = adding.newest < 0;
    for (size_t i = 0; i < run->tenant_count; i++)
        if (!put_tenant(&adding, run->tenants[i], &tenant, err) ||
            !stored_told_settings(&told, run->tenants[i], &settings, &password, err) ||
            !store_run(ledger->store, err,
                       "INSERT INTO fleet_tenants(fleet, n, tenant, wave, settings, password)"
                       " VALUES(?, ?, ?, ?, ?, ?)",
                       value_int(fleet), value_int((int64_t)i), value_int(tenant),
                       value_int(wave_of(run, i)), settings, password))
            return false;
    return true;
}

bool stored_fleet_put(struct stored_ledger *ledger, const struct run_info *run, int64_t *ret_fleet,
                      struct err *err)
{
    char digest[HASH_HEX_SIZE];
    struct told_writer told;
    stored_told_begin(&told, ledger, run);
    digest_fleet(run, told.is_needed, digest);
    if (!store_get(ledger->store, err, ret_fleet, "SELECT id FROM fleets WHERE digest = ?",
                   value_text(digest)))
        return false;
    if (*ret_fleet >= 0)
        return true;
    if (!store_get(ledger->store, err, ret_fleet,
                   "INSERT INTO fleets(digest) VALUES(?) RETURNING id", value_text(digest)))
        return false;
    return insert_members(ledger, run, *ret_fleet, err);
}
