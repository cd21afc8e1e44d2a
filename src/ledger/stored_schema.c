/* The tables, and how older ones become these.
 *
 * What is the same from run to run is kept once: tenants (who they are), fleets (which of them, in
 * which order and wave, a run selected), lists of revisions and of labels, revisions. A row of
 * run_tenants is some 40 bytes of integers. States and classes are the numbers of event.h and
 * err.h; table `names` has their words for people with sqlite3(1).
 */
#include "ledger/stored.h"

/* Numbers of these enums are in ledgers: new ones are added at the end only. */
_Static_assert(RUN_INTERRUPTED == 6 && RUN__COUNT == 7, "run states are in ledgers");
_Static_assert(TENANT_SKIPPED == 9 && TENANT__COUNT == 10, "tenant states are in ledgers");
_Static_assert(NOTICE_WARNING == 4 && NOTICE__COUNT == 5, "levels of notices are in ledgers");
_Static_assert(ERR_INTERNAL == 11 && ERR__COUNT == 12, "error classes are in ledgers");

/* Levels are numbers of base/notice.h. */
#define NOTICE_TABLES(more)                                                                        \
    "CREATE TABLE notices("                                                                        \
    " run INTEGER, n INTEGER, level INTEGER NOT NULL, is_unreplicated INTEGER NOT NULL,"           \
    " code TEXT NOT NULL, text TEXT NOT NULL, detail TEXT, hint TEXT, revision INTEGER," more      \
    " PRIMARY KEY(run, n)) STRICT, WITHOUT ROWID;"                                                 \
    "CREATE TABLE tenant_notices("                                                                 \
    " run INTEGER, tenant INTEGER, notice INTEGER, place INTEGER NOT NULL,"                        \
    " count INTEGER NOT NULL,"                                                                     \
    " PRIMARY KEY(run, tenant, notice)) STRICT, WITHOUT ROWID;"

/* The files of the chains that runs were made with, by the chain's digest. */
#define CHAIN_TABLES                                                                               \
    "CREATE TABLE chain_files("                                                                    \
    " digest TEXT, revision TEXT, checksum TEXT NOT NULL, path TEXT NOT NULL,"                     \
    " PRIMARY KEY(digest, revision)) STRICT, WITHOUT ROWID;"

/* What a new ledger is made of. A column that comes later goes to the end of its table here and into an upgrade below:
 * a test holds that an old ledger has the same tables afterwards. A new one takes no upgrade, for SQLite reads the text of
 * all tables again after each ALTER TABLE. */
static const char newest_runs[] =
    "CREATE TABLE runs("
    " seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, command TEXT NOT NULL,"
    " target TEXT NOT NULL, resolved TEXT, resumed_from TEXT, is_dry_run INTEGER NOT NULL,"
    " chain_digest TEXT NOT NULL, chain_count INTEGER NOT NULL, chain_heads INTEGER NOT NULL,"
    " fleet INTEGER NOT NULL, tenant_count INTEGER NOT NULL, state INTEGER NOT NULL,"
    " drains TEXT, rolls_back TEXT," /* the reasons; NULL: it did not */
    " started_at_ms INTEGER NOT NULL, duration_ms REAL NOT NULL,"
    " host TEXT NOT NULL, pid INTEGER NOT NULL, since_ms INTEGER NOT NULL,"
    /* Runs belong to an inventory (NULL: not known), and neither a purge nor --force is forgotten. */
    " inventory TEXT, purges INTEGER NOT NULL DEFAULT 0, forces INTEGER NOT NULL DEFAULT 0,"
    /* Why it began nothing more (enum halt_kind); NULL: it was not halted, or an older skein's run. */
    " halt INTEGER, halt_wave TEXT, halt_gate TEXT, halt_status INTEGER, halt_output TEXT,"
    " halt_signal INTEGER, halt_failed INTEGER, halt_tolerated INTEGER,"
    /* Who made it, of whom. Lists are lines of text. */
    " made_by TEXT, fleet_size INTEGER NOT NULL DEFAULT 0, selects TEXT, tenants TEXT,"
    " settings TEXT,"
    /* Options beside `selects` and `tenants` that narrowed the selection. */
    " narrowed TEXT) STRICT;"

    "CREATE TABLE waves("
    " run INTEGER, n INTEGER, name TEXT NOT NULL, tenant_count INTEGER NOT NULL,"
    " state INTEGER," /* NULL: never begun */
    " finished_ms INTEGER NOT NULL, PRIMARY KEY(run, n)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE fleets(id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE fleet_tenants("
    " fleet INTEGER, n INTEGER, tenant INTEGER NOT NULL, wave INTEGER NOT NULL,"
    " PRIMARY KEY(fleet, n)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE tenants("
    " id INTEGER PRIMARY KEY, name TEXT NOT NULL, dialect INTEGER NOT NULL, url TEXT NOT NULL,"
    " server TEXT NOT NULL, schema TEXT, labels INTEGER NOT NULL) STRICT;"
    "CREATE INDEX tenants_by_name ON tenants(name);"

    /* Where a tenant stands with the rollout (state to snapshot), and what this run says of it. */
    "CREATE TABLE run_tenants("
    " run INTEGER, n INTEGER, state INTEGER NOT NULL, is_begun INTEGER NOT NULL DEFAULT 0,"
    " has_changed INTEGER NOT NULL DEFAULT 0,"
    " before INTEGER, goal INTEGER, left_at INTEGER," /* lists of revisions; NULL: not known */
    " snapshot TEXT,"
    " is_running INTEGER NOT NULL DEFAULT 0," /* this run made an intent and did not tell the end */
    " outcome INTEGER,"                       /* the state that this run told; NULL: none */
    " found INTEGER, error INTEGER, attempts INTEGER NOT NULL DEFAULT 0,"
    " started_ms REAL NOT NULL DEFAULT 0, duration_ms REAL NOT NULL DEFAULT 0,"
    /* Where it stood when a run of the rollout left it done (a list; NULL: none) outlasts the runs that look later. */
    " reached INTEGER,"
    /* Both counts take in those that are too many to be kept. */
    " notices INTEGER NOT NULL DEFAULT 0, warnings INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY(run, n)) STRICT, WITHOUT ROWID;";

static const char newest_rest[] = CHAIN_TABLES

    "CREATE TABLE steps("
    " run INTEGER, tenant INTEGER, n INTEGER, revision INTEGER, direction INTEGER NOT NULL,"
    " statements INTEGER NOT NULL, duration_ms REAL NOT NULL, is_rollback INTEGER NOT NULL,"
    " PRIMARY KEY(run, tenant, n)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE retries("
    " run INTEGER, n INTEGER, tenant INTEGER NOT NULL, attempt INTEGER NOT NULL, error INTEGER,"
    " delay_ms INTEGER NOT NULL, PRIMARY KEY(run, n)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE errors("
    " run INTEGER, n INTEGER, class INTEGER NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL,"
    " file TEXT NOT NULL, line INTEGER NOT NULL, revision INTEGER, statement TEXT,"
    /* what the database says beside the text */
    " detail TEXT, hint TEXT, context TEXT, schema_name TEXT, table_name TEXT, column_name TEXT,"
    " datatype_name TEXT, constraint_name TEXT, quotes_values INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY(run, n)) STRICT, WITHOUT ROWID;"

    NOTICE_TABLES(" quotes_values INTEGER NOT NULL DEFAULT 0,")

        "CREATE TABLE revisions("
        " id INTEGER PRIMARY KEY, revision TEXT NOT NULL, message TEXT NOT NULL,"
        " path TEXT NOT NULL) STRICT;"
        "CREATE TABLE revision_lists("
        " list INTEGER, n INTEGER, item TEXT NOT NULL, PRIMARY KEY(list, n)) STRICT, WITHOUT ROWID;"
        "CREATE TABLE label_lists("
        " list INTEGER, n INTEGER, item TEXT NOT NULL, PRIMARY KEY(list, n)) STRICT, WITHOUT ROWID;"

        "CREATE TABLE names("
        " what TEXT, number INTEGER, name TEXT NOT NULL, PRIMARY KEY(what, number)) STRICT,"
        " WITHOUT ROWID;"
        "INSERT INTO names VALUES"
        " ('run', 0, 'running'), ('run', 1, 'succeeded'), ('run', 2, 'failed'), ('run', 3, 'halted'),"
        " ('run', 4, 'rolled_back'), ('run', 5, 'rollback_failed'), ('run', 6, 'interrupted'),"
        " ('tenant', 0, 'pending'), ('tenant', 1, 'running'), ('tenant', 2, 'succeeded'),"
        " ('tenant', 3, 'unchanged'), ('tenant', 4, 'failed'), ('tenant', 5, 'partial'),"
        " ('tenant', 6, 'in_doubt'), ('tenant', 7, 'rolled_back'), ('tenant', 8, 'rollback_failed'),"
        " ('tenant', 9, 'skipped');"

        "CREATE VIEW outcomes AS SELECT runs.id AS run, tenants.name AS tenant, tenants.url AS url,"
        " CASE WHEN row.is_running THEN 'running' ELSE coalesce(names.name, 'pending') END AS state,"
        " (SELECT group_concat(item) FROM revision_lists WHERE list = row.found) AS was_at,"
        " (SELECT group_concat(item) FROM revision_lists WHERE list = row.left_at) AS stands_at,"
        " row.attempts AS attempts, row.duration_ms AS duration_ms, errors.text AS error"
        " FROM runs JOIN fleet_tenants AS member USING (fleet)"
        " JOIN tenants ON tenants.id = member.tenant"
        " LEFT JOIN run_tenants AS row ON row.run = runs.seq AND row.n = member.n"
        " LEFT JOIN names ON names.what = 'tenant' AND names.number = row.outcome"
        " LEFT JOIN errors ON errors.run = runs.seq AND errors.n = row.error;";

static const char to_version_2[] =
    "ALTER TABLE runs ADD COLUMN inventory TEXT;"
    "ALTER TABLE runs ADD COLUMN purges INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE runs ADD COLUMN forces INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE run_tenants ADD COLUMN reached INTEGER;"
    "UPDATE run_tenants SET reached = left_at WHERE state IN (2, 3);" /* succeeded, unchanged */;

static const char to_version_3[] =
    "ALTER TABLE errors ADD COLUMN detail TEXT;"
    "ALTER TABLE errors ADD COLUMN hint TEXT;"
    "ALTER TABLE errors ADD COLUMN context TEXT;"
    "ALTER TABLE errors ADD COLUMN schema_name TEXT;"
    "ALTER TABLE errors ADD COLUMN table_name TEXT;"
    "ALTER TABLE errors ADD COLUMN column_name TEXT;"
    "ALTER TABLE errors ADD COLUMN datatype_name TEXT;"
    "ALTER TABLE errors ADD COLUMN constraint_name TEXT;"
    "ALTER TABLE run_tenants ADD COLUMN notices INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE run_tenants ADD COLUMN warnings INTEGER NOT NULL DEFAULT 0;" NOTICE_TABLES("");

static const char to_version_4[] =
    "ALTER TABLE runs ADD COLUMN halt INTEGER;"
    "ALTER TABLE runs ADD COLUMN halt_wave TEXT;"
    "ALTER TABLE runs ADD COLUMN halt_gate TEXT;"
    "ALTER TABLE runs ADD COLUMN halt_status INTEGER;"
    "ALTER TABLE runs ADD COLUMN halt_output TEXT;"
    "ALTER TABLE runs ADD COLUMN halt_signal INTEGER;"
    "ALTER TABLE runs ADD COLUMN halt_failed INTEGER;"
    "ALTER TABLE runs ADD COLUMN halt_tolerated INTEGER;"
    "ALTER TABLE runs ADD COLUMN made_by TEXT;"
    "ALTER TABLE runs ADD COLUMN fleet_size INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE runs ADD COLUMN selects TEXT;"
    "ALTER TABLE runs ADD COLUMN tenants TEXT;"
    "ALTER TABLE runs ADD COLUMN settings TEXT;";

static const char to_version_5[] = "ALTER TABLE runs ADD COLUMN narrowed TEXT;";

static const char to_version_6[] =
    "ALTER TABLE errors ADD COLUMN quotes_values INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE notices ADD COLUMN quotes_values INTEGER NOT NULL DEFAULT 0;" CHAIN_TABLES;

/* [i] makes version i + 1 of version i. */
static const char *const upgrades[] = {NULL,         to_version_2, to_version_3,
                                       to_version_4, to_version_5, to_version_6};
enum { NEWEST_VERSION = ARRAY_LEN(upgrades) };

static bool check_version(const struct store *store, int64_t version, struct err *err)
{
    return version <= NEWEST_VERSION ||
           err_set(err, ERR_LEDGER,
                   "ledger '%s': it was made by a newer skein (version %lld of its tables; this "
                   "one knows %d)",
                   store_name(store), (long long)version, NEWEST_VERSION);
}

/* From a version to the newest. */
static bool upgrade(struct store *store, int64_t version, struct err *err)
{
    bool is_fine =
        version > 0 || (store_exec(store, err, newest_runs) && store_exec(store, err, newest_rest));
    for (; is_fine && version > 0 && version < NEWEST_VERSION; version++)
        is_fine = store_exec(store, err, upgrades[version]);
    return is_fine && store_set_version(store, NEWEST_VERSION, err);
}

/* Asked once more inside the transaction: another skein may have been quicker. */
static bool upgrade_now(struct store *store, struct err *err)
{
    int64_t version;
    return store_identify(store, &version, err) && check_version(store, version, err) &&
           (version == NEWEST_VERSION || upgrade(store, version, err));
}

bool stored_schema_prepare(struct store *store, struct err *err)
{
    int64_t version = 0;
    if (!store_look(store, err))
        return false;
    bool is_fine = store_identify(store, &version, err) && check_version(store, version, err);
    store_look_away(store);
    if (!is_fine || version == NEWEST_VERSION)
        return is_fine;
    return store_set_apart(store, err) && store_begin(store, err) &&
           store_end(store, upgrade_now(store, err), err);
}
