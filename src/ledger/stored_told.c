/* What machines without a list of tenants have to know of a run: how its tenants are reached and worked on. */
#include "ledger/stored.h"

#include "inventory/inventory.h"
#include "inventory/told.h"

/* ---- writing ------------------------------------------------------------------------------- */

void stored_told_begin(struct told_writer *writer, struct stored_ledger *ledger,
                       const struct run_info *run)
{
    *writer =
        (struct told_writer){.ledger = ledger,
                             .is_needed = run->rules.is_known && store_can_share(ledger->store),
                             .number = value_null(),
                             .password = value_null()};
}

static bool has_same(const struct tenant *one, const struct tenant *other)
{
    return one->settings == other->settings && one->replicas == other->replicas;
}

/* Tenants that stand together mostly share theirs. */
static bool put_settings(struct told_writer *writer, const struct tenant *tenant,
                         struct arena *arena, struct err *err)
{
    if (writer->known && has_same(writer->known, tenant))
        return true;
    const struct rows list = told_settings(tenant, arena);
    writer->known = tenant;
    return stored_list_put(writer->ledger, SERIES_SETTING_LISTS, &list, &writer->number, err);
}

bool stored_told_settings(struct told_writer *writer, const struct tenant *tenant,
                          struct value *ret_settings, struct value *ret_password, struct err *err)
{
    struct arena arena;
    *ret_settings = *ret_password = value_null();
    if (!writer->is_needed)
        return true;
    arena_init(&arena);
    bool is_fine = put_settings(writer, tenant, &arena, err);
    arena_done(&arena);
    if (writer->known_password != tenant->password)
        writer->password = value_text(told_password(tenant->password, &writer->ledger->arena));
    writer->known_password = tenant->password;
    *ret_settings = writer->number;
    *ret_password = writer->password;
    return is_fine;
}

bool stored_told_rules(struct stored_ledger *ledger, const struct run_info *run, struct err *err)
{
    struct told_writer writer;
    struct value rules;
    stored_told_begin(&writer, ledger, run);
    return !writer.is_needed ||
           (stored_list_put(ledger, SERIES_SETTING_LISTS, &run->rules, &rules, err) &&
            store_run(ledger->store, err, "UPDATE runs SET rules = ? WHERE seq = ?", rules,
                      value_int(ledger->writing.run)));
}

static void add_settings(struct buf *buf, const struct tenant *tenant, struct arena *arena)
{
    const struct rows list = told_settings(tenant, arena);
    rows_add_key(buf, &list);
}

void stored_told_digest(struct buf *buf, const struct run_info *run)
{
    const struct tenant *known = NULL;
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < run->tenant_count; i++) {
        const struct tenant *tenant = run->tenants[i];
        const char *password = told_password(tenant->password, &arena);
        if (!known || !has_same(known, tenant))
            add_settings(buf, tenant, &arena);
        known = tenant;
        buf_addf(buf, "\n%zu %s", i, password ? password : "");
    }
    arena_done(&arena);
}

/* ---- reading ------------------------------------------------------------------------------- */

struct told_lists {
    struct stored_lists settings, labels;
};

static bool read_tenant(const struct cursor *row, const struct told_lists *lists,
                        struct arena *arena, struct told_tenant *tenant)
{
    tenant->name = cursor_copy(row, 0, arena);
    tenant->url = cursor_copy(row, 1, arena);
    tenant->schema = cursor_copy(row, 2, arena);
    tenant->password = cursor_copy(row, 5, arena);
    return tenant->name && tenant->url && stored_rows_at(row, 3, &lists->labels, &tenant->labels) &&
           stored_rows_at(row, 4, &lists->settings, &tenant->settings);
}

static bool read_tenants(struct stored_ledger *ledger, const struct stored_run *run,
                         const struct told_lists *lists, struct arena *arena,
                         struct told_fleet *told, struct err *err)
{
    struct cursor cursor;
    bool makes_sense = true;
    told->tenants = arena_calloc(arena, run->run.tenant_count + 1, sizeof *told->tenants);
    store_query(ledger->store, &cursor,
                "SELECT name, url, schema, labels, settings, password FROM fleet_tenants AS member"
                " JOIN tenants ON tenants.id = member.tenant WHERE member.fleet = ?"
                " ORDER BY member.n",
                value_int(run->fleet));
    while (makes_sense && cursor_next(&cursor))
        makes_sense = told->count < run->run.tenant_count &&
                      read_tenant(&cursor, lists, arena, &told->tenants[told->count++]);
    if (!cursor_end(&cursor, err))
        return false;
    return (makes_sense && told->count == run->run.tenant_count) ||
           store_fail_damaged(ledger->store, err);
}

static bool read_rules(struct stored_ledger *ledger, const struct stored_run *run,
                       const struct told_lists *lists, struct rows *ret_rules, struct err *err)
{
    struct cursor row;
    bool makes_sense = true;
    store_query(ledger->store, &row, "SELECT rules FROM runs WHERE seq = ?", value_int(run->seq));
    if (cursor_next(&row))
        makes_sense = stored_rows_at(&row, 0, &lists->settings, ret_rules);
    return cursor_end(&row, err) && (makes_sense || store_fail_damaged(ledger->store, err));
}

static bool read_told(struct stored_ledger *ledger, const char *id, struct arena *arena,
                      struct told_fleet *told, struct err *err)
{
    struct stored_run run;
    struct told_lists lists;
    return stored_run_find(ledger, id, arena, &run, err) &&
           stored_lists_read(ledger, SERIES_SETTING_LISTS, arena, &lists.settings, err) &&
           stored_lists_read(ledger, SERIES_LABEL_LISTS, arena, &lists.labels, err) &&
           read_rules(ledger, &run, &lists, &told->rules, err) &&
           (!told->rules.is_known || read_tenants(ledger, &run, &lists, arena, told, err));
}

bool stored_read_told(struct ledger *base, const char *id, struct arena *arena,
                      struct told_fleet *ret_told, struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    if (!store_look(ledger->store, err))
        return false;
    bool is_fine = read_told(ledger, id, arena, ret_told, err);
    store_look_away(ledger->store);
    return is_fine;
}
