/* What a run was about: its chain, tenants, waves, and what its rows name by numbers. */
#include "ledger/stored.h"

#include "chain/chain.h"
#include "inventory/inventory.h"

static bool fail_damaged(const struct stored_frame *frame, struct err *err)
{
    return store_fail_damaged(frame->ledger->store, err);
}

/* ---- revisions and errors ------------------------------------------------------------------ */

static bool read_revision(struct stored_frame *frame, const struct cursor *row,
                          struct revision *ret_revision)
{
    struct rows stands_for;
    if (!stored_rows_at(row, 5, &frame->lists, &stands_for))
        return false;
    *ret_revision = (struct revision){.id = cursor_copy(row, 1, frame->arena),
                                      .message = cursor_copy(row, 2, frame->arena),
                                      .path = cursor_copy(row, 3, frame->arena),
                                      .create_date = "",
                                      .is_checkpoint = stands_for.is_known,
                                      .stands_for = stands_for.ids,
                                      .stands_for_count = stands_for.count};
    snprintf(ret_revision->checksum, sizeof ret_revision->checksum, "%s", cursor_text(row, 4));
    return true;
}

static bool read_revisions(struct stored_frame *frame, struct err *err)
{
    struct cursor cursor;
    size_t capacity = 0;
    bool makes_sense = true;
    store_query_plain(
        frame->ledger->store, &cursor,
        "SELECT id, revision, message, path, checksum, stands_for FROM revisions ORDER BY id");
    while (makes_sense && cursor_next(&cursor))
        makes_sense = cursor_int(&cursor, 0) == (int64_t)frame->revision_count &&
                      read_revision(frame, &cursor,
                                    ARENA_PUSH(frame->arena, frame->revisions,
                                               frame->revision_count, capacity));
    return cursor_end(&cursor, err) && (makes_sense || fail_damaged(frame, err));
}

/* False: no revision of that number. */
bool stored_revision_at(const struct stored_frame *frame, const struct cursor *row, int column,
                        const struct revision **ret_revision)
{
    *ret_revision = NULL;
    if (cursor_is_null(row, column))
        return true;
    int64_t number = cursor_int(row, column);
    if (number < 0 || (uint64_t)number >= frame->revision_count)
        return false;
    *ret_revision = &frame->revisions[number];
    return true;
}

static bool read_error(struct stored_frame *frame, const struct cursor *row,
                       struct stored_error *ret_error)
{
    int64_t kind = cursor_int(row, 1);
    if (kind < 0 || kind >= ERR__COUNT || !stored_revision_at(frame, row, 6, &ret_error->revision))
        return false;
    struct said said = {0};
    for (enum said_part part = 0; part < SAID__COUNT; part++)
        said.part[part] = cursor_text(row, 8 + (int)part);
    ret_error->kind = (enum err_class)kind;
    ret_error->code = cursor_copy(row, 2, frame->arena);
    ret_error->text = cursor_copy(row, 3, frame->arena);
    ret_error->file = cursor_copy(row, 4, frame->arena);
    ret_error->line = (int)cursor_int(row, 5);
    ret_error->statement = cursor_copy(row, 7, frame->arena);
    ret_error->quotes_values = cursor_int(row, 8 + (int)SAID__COUNT) != 0;
    ret_error->said = said_copy(frame->arena, &said); /* what is empty was not said */
    return true;
}

static bool read_errors(struct stored_frame *frame, struct err *err)
{
    struct cursor cursor;
    size_t capacity = 0;
    bool makes_sense = true;
    store_query(
        frame->ledger->store, &cursor,
        "SELECT n, class, code, text, file, line, revision, statement, detail, hint, context,"
        " schema_name, table_name, column_name, datatype_name, constraint_name, quotes_values FROM errors"
        " WHERE run = ? ORDER BY n",
        value_int(frame->run.seq));
    while (makes_sense && cursor_next(&cursor)) {
        makes_sense =
            cursor_int(&cursor, 0) == (int64_t)frame->error_count &&
            read_error(frame, &cursor,
                       ARENA_PUSH(frame->arena, frame->errors, frame->error_count, capacity));
    }
    return cursor_end(&cursor, err) && (makes_sense || fail_damaged(frame, err));
}

/* ---- the run's frame ----------------------------------------------------------------------- */

/* As far as a report asks: counts, heads, digest. Revisions that are no head have no name. */
static bool make_chain(struct stored_frame *frame, struct err *err)
{
    static const struct revision unnamed = {.id = "", .message = "", .create_date = "", .path = ""};
    struct arena *arena = frame->arena;
    size_t count = (size_t)frame->run.chain_count;
    int64_t number = frame->run.chain_heads;
    if (number < 0 || (uint64_t)number >= frame->lists.count)
        return fail_damaged(frame, err);
    struct rows ids = frame->lists.items[number];
    if (ids.count > count)
        return fail_damaged(frame, err);
    struct chain *chain = arena_alloc(arena, sizeof *chain);
    const struct revision **revisions = arena_calloc(arena, count + 1, sizeof *revisions);
    uint32_t *heads = arena_calloc(arena, ids.count + 1, sizeof *heads);
    for (uint32_t i = 0; i < count; i++)
        revisions[i] = &unnamed;
    for (uint32_t i = 0; i < ids.count; i++) {
        struct revision *head = arena_alloc(arena, sizeof *head);
        *head = unnamed;
        head->id = ids.ids[i];
        head->index = i;
        revisions[i] = head;
        heads[i] = i;
    }
    *chain = (struct chain){.dir = "",
                            .revisions = revisions,
                            .count = count,
                            .heads = heads,
                            .head_count = ids.count,
                            .real_heads = heads,
                            .real_head_count = ids.count};
    snprintf(chain->digest, sizeof chain->digest, "%s", frame->run.run.chain_digest);
    frame->info.chain = chain;
    return true;
}

static const struct label *split_labels(const struct rows *items, struct arena *arena)
{
    struct label *labels = arena_calloc(arena, items->count + 1, sizeof *labels);
    for (size_t i = 0; i < items->count; i++) {
        size_t len = strcspn(items->ids[i], "=");
        labels[i].key = arena_strndup(arena, items->ids[i], len);
        labels[i].value = items->ids[i][len] ? items->ids[i] + len + 1 : "";
    }
    return labels;
}

static bool read_tenant(struct stored_frame *frame, const struct cursor *row,
                        const struct stored_lists *labels, struct tenant *ret_tenant)
{
    int64_t dialect = cursor_int(row, 3);
    int64_t list = cursor_int(row, 7);
    if (dialect < 0 || dialect >= DIALECT__COUNT || list < 0 || (uint64_t)list >= labels->count)
        return false;
    *ret_tenant = (struct tenant){
        .name = cursor_copy(row, 2, frame->arena),
        .url = {.dialect = (enum dialect_id)dialect},
        .url_redacted = cursor_copy(row, 4, frame->arena),
        .server = cursor_copy(row, 5, frame->arena),
        .schema = cursor_copy(row, 6, frame->arena),
        .labels = split_labels(&labels->items[list], frame->arena),
        .label_count = labels->items[list].count,
    };
    return true;
}

static bool read_members(struct stored_frame *frame, const struct stored_lists *labels,
                         struct tenant *tenants, const struct tenant **list, uint32_t *wave_of,
                         struct err *err)
{
    struct cursor cursor;
    bool makes_sense = true;
    size_t count = 0;
    store_query(frame->ledger->store, &cursor,
                "SELECT n, wave, name, dialect, url, server, schema, labels FROM fleet_tenants"
                " JOIN tenants ON tenants.id = fleet_tenants.tenant WHERE fleet = ? ORDER BY n",
                value_int(frame->run.fleet));
    while (makes_sense && cursor_next(&cursor)) {
        makes_sense = count < frame->info.tenant_count &&
                      cursor_int(&cursor, 0) == (int64_t)count && cursor_int(&cursor, 1) >= 0 &&
                      (uint64_t)cursor_int(&cursor, 1) < frame->waves.wave_count &&
                      read_tenant(frame, &cursor, labels, &tenants[count]);
        if (!makes_sense)
            break;
        list[count] = &tenants[count];
        wave_of[count++] = (uint32_t)cursor_int(&cursor, 1);
    }
    return cursor_end(&cursor, err) &&
           ((makes_sense && count == frame->info.tenant_count) || fail_damaged(frame, err));
}

static bool make_tenants(struct stored_frame *frame, struct err *err)
{
    struct stored_lists labels;
    size_t count = frame->info.tenant_count;
    struct tenant *tenants = arena_calloc(frame->arena, count + 1, sizeof *tenants);
    const struct tenant **list = arena_calloc(frame->arena, count + 1, sizeof *list);
    uint32_t *wave_of = arena_calloc(frame->arena, count + 1, sizeof *wave_of);
    frame->info.tenants = list;
    frame->info.wave_of = wave_of;
    return stored_lists_read(frame->ledger, SERIES_LABEL_LISTS, frame->arena, &labels, err) &&
           read_members(frame, &labels, tenants, list, wave_of, err);
}

static bool make_info(struct stored_frame *frame, struct err *err)
{
    const struct ledger_run *run = &frame->run.run;
    struct request *request = arena_alloc(frame->arena, sizeof *request);
    *request = (struct request){.verb = run->verb,
                                .is_dry_run = frame->run.is_dry_run,
                                .purges = run->purges,
                                .forces = run->forces};
    frame->info = (struct run_info){
        .id = run->id,
        .request = request,
        .target = run->target,
        .fixed_target = run->fixed_target,
        .resumed_from = run->resumed_from,
        .inventory = run->inventory,
        .origin = run->origin,
        .tenant_count = run->tenant_count,
        .waves = frame->waves.waves,
        .wave_count = frame->waves.wave_count,
        .started_at_ms = run->started_at_ms,
    };
    return make_chain(frame, err) && make_tenants(frame, err);
}

/* ---- the whole ----------------------------------------------------------------------------- */

bool stored_frame_read(struct stored_ledger *ledger, const char *id, struct arena *arena,
                       struct stored_frame *ret_frame, struct err *err)
{
    struct stored_frame *frame = ret_frame;
    *frame = (struct stored_frame){.ledger = ledger, .arena = arena};
    return stored_run_find(ledger, id, arena, &frame->run, err) &&
           stored_lists_read(ledger, SERIES_REVISION_LISTS, arena, &frame->lists, err) &&
           stored_waves_read(ledger, &frame->run, arena, &frame->waves, err) &&
           read_revisions(frame, err) && stored_sections_read(frame, err) &&
           read_errors(frame, err) && stored_notices_read(frame, err) && make_info(frame, err) &&
           stored_findings_read(frame, err);
}
