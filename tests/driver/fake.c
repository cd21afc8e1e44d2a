/* The made-up server: its databases, its clock, its faults, and what has come of it. */
#include "driver/fake_private.h"

/* ---- the world ----------------------------------------------------------------------------- */

struct fake_world *fake_world_new(void)
{
    struct fake_world *world = xcalloc(1, sizeof *world);
    snprintf(world->shown, sizeof world->shown, "fake");
    arena_init(&world->arena);
    world->latency_ms = 1;
    return world;
}

void fake_world_free(struct fake_world *world)
{
    if (!world)
        return;
    arena_done(&world->arena);
    free(world);
}

struct fake_db *fake_db_new(struct fake_world *world, const char *name)
{
    struct fake_db *db = arena_alloc(&world->arena, sizeof *db);
    db->world = world;
    db->name = arena_strdup(&world->arena, name);
    db->search_path = FAKE_SCHEMA;
    db->store = arena_alloc(&world->arena, sizeof *db->store);
    fake_store_add_schema(&world->arena, db->store, FAKE_SCHEMA);
    *ARENA_PUSH(&world->arena, world->dbs, world->db_count, world->db_capacity) = db;
    return db;
}

struct fake_db *fake_db_find(const struct fake_world *world, const char *name)
{
    for (size_t i = 0; i < world->db_count; i++)
        if (strcmp(world->dbs[i]->name, name) == 0 && !world->dbs[i]->is_missing)
            return world->dbs[i];
    return NULL;
}

/* A parameter carries the world itself: a driver has no other way to be told of it. */
struct url fake_url_of(struct fake_world *world, const struct driver *driver, const char *name)
{
    struct url_param *param = arena_alloc(&world->arena, sizeof *param);
    *param = (struct url_param){"world", world->shown};
    bool is_server = driver->traits & DRIVER_IS_SERVER;
    return (struct url){.dialect = driver->dialect->id,
                        .scheme = dialect_info(driver->dialect->id)->schemes[0],
                        .host = is_server ? "fake" : NULL,
                        .database = arena_strdup(&world->arena, name),
                        .params = param,
                        .param_count = 1};
}

struct url fake_url(struct fake_world *world, const char *name)
{
    return fake_url_of(world, &fake_driver, name);
}

uint64_t fake_time(const struct fake_world *world)
{
    return world->now_ms;
}

void fake_set_time(struct fake_world *world, uint64_t now_ms)
{
    if (now_ms > world->now_ms)
        world->now_ms = now_ms;
    for (size_t i = 0; i < world->db_count; i++)
        for (struct fake_session *session = world->dbs[i]->sessions; session;) {
            struct fake_session *next = session->next;
            if (session->is_lost)
                fake_session_run(session);
            session = next;
        }
}

void fake_set_latency(struct fake_world *world, uint64_t latency_ms)
{
    world->latency_ms = latency_ms;
}

void fake_set_read_only(struct fake_db *db, bool is_read_only)
{
    db->is_read_only = is_read_only;
}

void fake_set_pooled(struct fake_db *db, bool is_pooled)
{
    db->is_pooled = is_pooled;
}

void fake_set_server(struct fake_db *db, uint32_t server)
{
    db->server = server;
}

void fake_set_search_path(struct fake_db *db, const char *path)
{
    db->search_path = arena_strdup(&db->world->arena, path);
}

void fake_set_missing(struct fake_db *db, bool is_missing)
{
    db->is_missing = is_missing;
}

bool fake_is_missing(const struct fake_db *db)
{
    return db->is_missing;
}

void fake_set_disagreeing(struct fake_db *db, bool is_disagreeing)
{
    db->is_disagreeing = is_disagreeing;
}

bool fake_is_disagreeing(const struct fake_db *db)
{
    return db->is_disagreeing;
}

void fake_tell_write(struct fake_db *db, const char *schema, bool is_orphan)
{
    if (db->world->on_write)
        db->world->on_write(db->world->on_write_ctx, db, schema ? schema : "", is_orphan);
}

/* ---- faults -------------------------------------------------------------------------------- */

void fake_add_fault(struct fake_db *db, const struct fake_fault *fault)
{
    struct arena *arena = &db->world->arena;
    struct pending_fault *pending =
        ARENA_PUSH(arena, db->faults, db->fault_count, db->fault_capacity);
    *pending = (struct pending_fault){.fault = *fault,
                                      .events_to_come = fault->nth ? fault->nth - 1 : 0,
                                      .strikes_left = fault->times ? fault->times : 1};
    pending->fault.code = arena_strdup(arena, fault->code);
}

void fake_clear_faults(struct fake_db *db)
{
    db->fault_count = 0;
}

static bool is_at_work(const struct fake_session *session)
{
    bool runs_script = session->is_running && session->op->kind == OP_SCRIPT;
    return !session->is_lost && (session->in_transaction || runs_script);
}

/* Is another client at work on the server of this one? Files have no server. */
static bool has_company(const struct fake_world *world, const struct fake_session *session)
{
    bool has_server = session && session->shape != FAKE_ON_WORKER;
    for (size_t i = 0; has_server && i < world->db_count; i++)
        for (const struct fake_session *at = world->dbs[i]->sessions; at; at = at->next)
            if (world->dbs[i]->server == session->db->server && at != session && is_at_work(at))
                return true;
    return false;
}

static bool can_strike(const struct fake_db *db, const struct pending_fault *pending,
                       enum fake_event event, const struct fake_session *session)
{
    const struct fake_fault *fault = &pending->fault;
    uint64_t now_ms = db->world->now_ms;
    bool is_time = !fault->until_ms || (now_ms >= fault->from_ms && now_ms < fault->until_ms);
    bool is_hit = is_time && fault->at & event && pending->strikes_left;
    return is_hit && (!fault->is_conflict || has_company(db->world, session));
}

const struct fake_fault *fake_strike(struct fake_db *db, enum fake_event event,
                                     const struct fake_session *session)
{
    const struct fake_fault *struck = NULL;
    for (size_t bit = 0; bit < ARRAY_LEN(db->events); bit++)
        db->events[bit] += event == 1u << bit;
    for (size_t i = 0; i < db->fault_count; i++) {
        struct pending_fault *pending = &db->faults[i];
        if (!can_strike(db, pending, event, session))
            continue;
        if (pending->events_to_come) {
            pending->events_to_come--;
        } else if (!struck) {
            pending->strikes_left--;
            struck = &pending->fault;
        }
    }
    return struck;
}

size_t fake_event_count(const struct fake_db *db, unsigned at)
{
    size_t count = 0;
    for (size_t bit = 0; bit < ARRAY_LEN(db->events); bit++)
        if (at & 1u << bit)
            count += db->events[bit];
    return count;
}

static const struct {
    const char *code; /* an SQLSTATE, or its class */
    enum err_class kind;
    bool is_transient;
    enum err_trouble trouble;
} meanings[] = {
    {"08", ERR_CONNECT, true, TROUBLE_NONE},
    {"53300", ERR_CONNECT, true, TROUBLE_CROWDED_SERVER},
    {"53100", ERR_SQL, false, TROUBLE_FULL},
    {"57P03", ERR_CONNECT, true, TROUBLE_NOT_READY},
    {"3D", ERR_CONNECT, false, TROUBLE_NONE},
    {"28", ERR_AUTH, false, TROUBLE_NONE},
    {"55P03", ERR_LOCK, true, TROUBLE_NONE},
    {"40", ERR_LOCK, true, TROUBLE_CONFLICT},
    {"42710", ERR_SQL, false, TROUBLE_CONFLICT},
    {"57014", ERR_TIMEOUT, false, TROUBLE_NONE},
    {"14", ERR_CONNECT, false, TROUBLE_NONE},
};

enum fake_outcome fake_fail(struct err *err, const char *code, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    err_set(err, ERR_SQL, "%s", text);
    snprintf(err->code, sizeof err->code, "%s", code);
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
        if (strncmp(code, meanings[i].code, strlen(meanings[i].code)) == 0) {
            err->kind = meanings[i].kind;
            err->is_transient = meanings[i].is_transient;
            err->trouble = meanings[i].trouble;
        }
    return FAKE_FAILED;
}

void fake_lose(struct err *err)
{
    err_set(err, ERR_CONNECT, "the connection was lost");
    err->is_transient = true;
    err->is_connection_lost = true;
}

/* ---- what a simulation needs besides ------------------------------------------------------- */

void fake_leave_all(struct fake_world *world)
{
    for (size_t i = 0; i < world->db_count; i++)
        for (struct fake_session *session = world->dbs[i]->sessions; session;) {
            struct fake_session *next = session->next;
            if (!session->is_lost)
                fake_session_leave(session);
            session = next;
        }
}

size_t fake_orphan_count(const struct fake_world *world)
{
    size_t count = 0;
    for (size_t i = 0; i < world->db_count; i++)
        for (const struct fake_session *at = world->dbs[i]->sessions; at; at = at->next)
            count += at->is_lost;
    return count;
}

void fake_watch_writes(struct fake_world *world, fake_write_fn on_write, void *ctx)
{
    world->on_write = on_write;
    world->on_write_ctx = ctx;
}

/* Faults are for those that are under test. */
void fake_do(struct fake_db *db, const char *sql)
{
    struct fake_world *world = db->world;
    struct fake_world before = *world;
    size_t fault_count = db->fault_count;
    bool is_read_only = db->is_read_only;
    struct answer answer = {0};
    struct op op = {.kind = OP_QUERY,
                    .sql = sql,
                    .sql_len = strlen(sql),
                    .arena = &world->arena,
                    .answer = &answer};
    struct fake_session *session = fake_session_new(db, FAKE_PLAIN);
    world->latency_ms = 0;
    world->on_write = NULL;
    db->fault_count = 0;
    db->is_read_only = false;
    size_t unlocked = db->unlocked_writes;
    fake_session_start(session, &op);
    if (session->is_running || op_err(&op)->kind != ERR_NONE) {
        fprintf(stderr, "fake_do: %s: %s\n", sql, op_err(&op)->text);
        abort();
    }
    fake_session_end(session);
    world->latency_ms = before.latency_ms;
    world->on_write = before.on_write;
    db->fault_count = fault_count;
    db->is_read_only = is_read_only;
    db->unlocked_writes = unlocked;
}

/* ---- what has come of it ------------------------------------------------------------------- */

const struct fake_table *fake_table(const struct fake_db *db, const char *schema, const char *name)
{
    return fake_store_table(db->store, schema, name);
}

size_t fake_effect_count(const struct fake_db *db, const char *name)
{
    return fake_store_count_effect(db->store, NULL, name);
}

size_t fake_foreign_copies(const struct fake_world *world)
{
    return world->foreign_copies;
}

size_t fake_foreign_locks(const struct fake_world *world)
{
    return world->foreign_locks;
}

size_t fake_session_count(const struct fake_db *db)
{
    size_t count = 0;
    for (const struct fake_session *at = db->sessions; at; at = at->next)
        count++;
    return count;
}

size_t fake_unlocked_writes(const struct fake_db *db)
{
    return db->unlocked_writes;
}

void fake_restore(struct fake_db *db, const struct fake_store *store, const char *schema)
{
    struct arena *arena = &db->world->arena;
    db->store =
        schema ? fake_store_mix(arena, db->store, store, schema) : fake_store_copy(arena, store);
}

const struct fake_store *fake_committed(const struct fake_db *db)
{
    return db->store;
}
