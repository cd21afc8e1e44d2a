/* The tables, and how older ones become these.
 *
 * What is the same from run to run is kept once: tenants (who they are), fleets (which of them, in
 * which order and wave, a run selected), lists of revisions and of labels, revisions. A row of
 * run_tenants is some 40 bytes of integers. States and classes are the numbers of event.h and
 * err.h; table `names` has their words for people with sqlite3(1).
 */
#include "event/moment.h"
#include "ledger/stored.h"
#include "lint/rule.h"

/* Numbers of these enums are in ledgers: new ones are added at the end only. */
_Static_assert(RUN_INTERRUPTED == 6 && RUN__COUNT == 7, "run states are in ledgers");
_Static_assert(TENANT_SKIPPED == 9 && TENANT__COUNT == 10, "tenant states are in ledgers");
_Static_assert(NOTICE_WARNING == 4 && NOTICE__COUNT == 5, "levels of notices are in ledgers");
_Static_assert(LINT_NOTE == 1 && LINT_ERROR == 3 && LINT__COUNT == 4, "severities are in ledgers");
_Static_assert(HALT_FORECAST == 5 && FORECAST_FROM_PLAN == 2, "halts, forecasts are in ledgers");
_Static_assert(MOMENT_LATE == 4 && MOMENT__COUNT == 5, "kinds of moments are in ledgers");
_Static_assert(VERIFY_BEFORE == 1 && VERIFY_BOTH == 3, "when schemas are verified is in ledgers");
_Static_assert(ERR_INTERNAL == 11 && ERR__COUNT == 12, "error classes are in ledgers");

/* Levels are numbers of base/notice.h. */
#define NOTICE_TABLES(more)                                                                        \
    "CREATE TABLE notices("                                                                        \
    " run {int}, n {int}, level {int} NOT NULL, is_unreplicated {bool} NOT NULL,"                  \
    " code TEXT NOT NULL, text TEXT NOT NULL, detail TEXT, hint TEXT, revision {int}," more        \
    " PRIMARY KEY(run, n)){keyed};"                                                                \
    "CREATE TABLE tenant_notices("                                                                 \
    " run {int}, tenant {int}, notice {int}, place {int} NOT NULL,"                                \
    " count {int} NOT NULL,"                                                                       \
    " PRIMARY KEY(run, tenant, notice)){keyed};"

/* The files of the chains that runs were made with, by the chain's digest. */
#define CHAIN_TABLES                                                                               \
    "CREATE TABLE chain_files("                                                                    \
    " digest TEXT, revision TEXT, checksum TEXT NOT NULL, path TEXT NOT NULL,"                     \
    " PRIMARY KEY(digest, revision)){keyed};"

/* The sections of revisions that runs used, by the checksum of their files. Of a long one only the beginning is kept, and `len`
 * says how many bytes it has. */
#define SECTION_TABLES                                                                             \
    "CREATE TABLE revision_sections("                                                              \
    " checksum TEXT, n {int}, direction {int} NOT NULL, dialect {int}," /* NULL: of all */         \
    " is_transactional {bool} NOT NULL, line {int} NOT NULL, len {int} NOT NULL,"                  \
    " sql TEXT NOT NULL, PRIMARY KEY(checksum, n)){keyed};"

/* Runs that several machines work on (course.h, beat.h). `courses` has one row a run, whose lock puts the machines in order. Times
 * are the store's. A claim's state is of stored_claims.c; its place is its order in the wave. */
#define MACHINE_TABLES(of_courses, of_claims)                                                      \
    "CREATE TABLE courses("                                                                        \
    " run {int} PRIMARY KEY, phase {int} NOT NULL, wave {int} NOT NULL,"                           \
    " wave_count {int} NOT NULL, wave_limit {int} NOT NULL, gates {int} NOT NULL,"                 \
    " rolls_back {bool} NOT NULL, lease_ms {int} NOT NULL, failed {int} NOT NULL,"                 \
    " errors {int} NOT NULL, has_wave_changed {bool} NOT NULL, has_tripped {bool} NOT NULL,"       \
    " is_refused {bool} NOT NULL, stopped_by {int} NOT NULL, has_rolled_back {bool} NOT NULL,"     \
    " gate {int} NOT NULL, gate_machine {int} NOT NULL, until_ms {int} NOT NULL,"                  \
    " changed {int} NOT NULL, finish {int} NOT NULL,"                                              \
    " is_paused {bool} NOT NULL" of_courses "){rows};"                                             \
    "CREATE TABLE course_waves("                                                                   \
    " run {int}, n {int}, parallel {int} NOT NULL, per_server {int} NOT NULL,"                     \
    " max_failures {int} NOT NULL, soak_ms {int} NOT NULL, soak_until_ms {int} NOT NULL,"          \
    " PRIMARY KEY(run, n)){keyed};"                                                                \
    "CREATE TABLE machines("                                                                       \
    " run {int}, id {int}, name TEXT NOT NULL, host TEXT NOT NULL, pid {int} NOT NULL,"            \
    " joined_ms {int} NOT NULL, seen_ms {int} NOT NULL, lease_until_ms {int} NOT NULL,"            \
    " beat {int} NOT NULL, has_left {bool} NOT NULL, finished {int} NOT NULL,"                     \
    " failed {int} NOT NULL, taken_over {int} NOT NULL, lost {int} NOT NULL,"                      \
    " PRIMARY KEY(run, id)){keyed};"                                                               \
    "CREATE TABLE claim_queues("                                                                   \
    " run {int}, n {int}, server TEXT NOT NULL, reach TEXT, is_unlimited {bool} NOT NULL,"         \
    " PRIMARY KEY(run, n)){keyed};"                                                                \
    "CREATE TABLE claims("                                                                         \
    " run {int}, n {int}, wave {int} NOT NULL, queue {int} NOT NULL, place {int} NOT NULL,"        \
    " state {int} NOT NULL, machine {int} NOT NULL, epoch {int} NOT NULL," of_claims               \
    " PRIMARY KEY(run, n)){keyed};"                                                                \
    "CREATE INDEX claims_ready ON claims(run, wave, queue, place) WHERE state = 0;"                \
    "CREATE INDEX claims_held ON claims(run, machine) WHERE state = 1;"

/* What happened to a run as a whole, and when: kinds are numbers of event/moment.h. */
#define MOMENT_TABLES                                                                              \
    "CREATE TABLE moments("                                                                        \
    " run {int}, n {int}, kind {int} NOT NULL, at_ms {int} NOT NULL, made_by TEXT, reason TEXT,"   \
    " PRIMARY KEY(run, n)){keyed};"

/* What lint had found in the plans that runs followed (lint/told.h). Severities are numbers of rule.h, dialects bits. */
#define FINDING_TABLES                                                                             \
    "CREATE TABLE findings("                                                                       \
    " run {int}, n {int}, rule TEXT NOT NULL, severity {int} NOT NULL,"                            \
    " direction {int} NOT NULL, dialects {int} NOT NULL, revision TEXT NOT NULL,"                  \
    " file TEXT NOT NULL, line {int} NOT NULL, source TEXT NOT NULL, message TEXT NOT NULL,"       \
    " why TEXT NOT NULL, better TEXT NOT NULL, weight TEXT, allowed TEXT,"                         \
    " PRIMARY KEY(run, n)){keyed};"

/* How the tenants of a run are reached and worked on, for machines that have no list of them (inventory/told.h): lists of `key=value`. */
#define SETTING_TABLES                                                                             \
    "CREATE TABLE setting_lists("                                                                  \
    " list {int}, n {int}, item TEXT NOT NULL, PRIMARY KEY(list, n)){keyed};"

/* What the schemas of a run's tenants are held to (rollout/verification.h), until the run is over. */
#define EXPECTATION_TABLES                                                                         \
    "CREATE TABLE expectations("                                                                   \
    " run {int}, n {int}, item TEXT NOT NULL, PRIMARY KEY(run, n)){keyed};"

/* What a new ledger is made of. A column that comes later goes to the end of its table here and into an upgrade below:
 * a test holds that an old ledger has the same tables afterwards. A new one takes no upgrade, for SQLite reads the text of
 * all tables again after each ALTER TABLE. */
static const char newest_runs[] =
    "CREATE TABLE runs("
    " seq {key}, id TEXT NOT NULL UNIQUE, command TEXT NOT NULL,"
    " target TEXT NOT NULL, resolved TEXT, resumed_from TEXT, is_dry_run {bool} NOT NULL,"
    " chain_digest TEXT NOT NULL, chain_count {int} NOT NULL, chain_heads {int} NOT NULL,"
    " fleet {int} NOT NULL, tenant_count {int} NOT NULL, state {int} NOT NULL,"
    " drains TEXT, rolls_back TEXT," /* the reasons; NULL: it did not */
    " started_at_ms {int} NOT NULL, duration_ms {real} NOT NULL,"
    " host TEXT NOT NULL, pid {int} NOT NULL, since_ms {int} NOT NULL,"
    /* Runs belong to an inventory (NULL: not known), and neither a purge nor --force is forgotten. */
    " inventory TEXT, purges {bool} NOT NULL DEFAULT {no}, forces {bool} NOT NULL DEFAULT {no},"
    /* Why it began nothing more (enum halt_kind); NULL: it was not halted, or an older skein's run. */
    " halt {int}, halt_wave TEXT, halt_gate TEXT, halt_status {int}, halt_output TEXT,"
    " halt_signal {int}, halt_failed {int}, halt_tolerated {int},"
    /* Who made it, of whom. Lists are lines of text. */
    " made_by TEXT, fleet_size {int} NOT NULL DEFAULT 0, selects TEXT, tenants TEXT,"
    " settings TEXT,"
    /* Options beside `selects` and `tenants` that narrowed the selection. */
    " narrowed TEXT,"
    /* Of a wave that went beyond its forecast. */
    " halt_took_ms {real}, halt_forecast_ms {real}, halt_limit_ms {real},"
    /* What holds for all tenants (a list of settings); NULL: no other machine is told. */
    " rules {int}){rows};"

    "CREATE TABLE waves("
    " run {int}, n {int}, name TEXT NOT NULL, tenant_count {int} NOT NULL,"
    " state {int}," /* NULL: never begun */
    " finished_ms {int} NOT NULL,"
    /* How many failures are tolerated (-1: any number; NULL: an older skein's run), and how long the run waits after it. */
    " max_failures {int}, soak_ms {int} NOT NULL DEFAULT 0,"
    /* What was foretold of it last (NULL: nothing), and from what. */
    " forecast_ms {real}, forecast_tenants {int}, forecast_from {int}, forecast_run TEXT,"
    " is_late {bool} NOT NULL DEFAULT {no}," /* it took longer than that, and it was told */
    " PRIMARY KEY(run, n)){keyed};"

    "CREATE TABLE fleets(id {key}, digest TEXT NOT NULL UNIQUE){rows};"
    "CREATE TABLE fleet_tenants("
    " fleet {int}, n {int}, tenant {int} NOT NULL, wave {int} NOT NULL,"
    /* A list, and where the password comes from (NULL: nowhere); NULL, both: no other machine is told. */
    " settings {int}, password TEXT,"
    " PRIMARY KEY(fleet, n)){keyed};"
    "CREATE TABLE tenants("
    " id {int} PRIMARY KEY, name TEXT NOT NULL, dialect {int} NOT NULL, url TEXT NOT NULL,"
    " server TEXT NOT NULL, schema TEXT, labels {int} NOT NULL){rows};"
    "CREATE INDEX tenants_by_name ON tenants(name);"

    /* Where a tenant stands with the rollout (state to snapshot), and what this run says of it. */
    "CREATE TABLE run_tenants("
    " run {int}, n {int}, state {int} NOT NULL, is_begun {bool} NOT NULL DEFAULT {no},"
    " has_changed {bool} NOT NULL DEFAULT {no},"
    " before {int}, goal {int}, left_at {int}," /* lists of revisions; NULL: not known */
    " snapshot TEXT,"
    " is_running {bool} NOT NULL DEFAULT {no}," /* this run made an intent and did not tell the end */
    " outcome {int},"                           /* the state that this run told; NULL: none */
    " found {int}, error {int}, attempts {int} NOT NULL DEFAULT 0,"
    " started_ms {real} NOT NULL DEFAULT 0, duration_ms {real} NOT NULL DEFAULT 0,"
    /* Where it stood when a run of the rollout left it done (a list; NULL: none) outlasts the runs that look later. */
    " reached {int},"
    /* Both counts take in those that are too many to be kept. */
    " notices {int} NOT NULL DEFAULT 0, warnings {int} NOT NULL DEFAULT 0,"
    /* Whose sections it ran; NULL: an older skein's run. */
    " dialect {int},"
    /* By now the inventory names another database for it, which may be the one of another tenant of the rollout, or it has it no more. */
    " is_elsewhere {bool} NOT NULL DEFAULT {no}, twin TEXT, is_gone {bool} NOT NULL DEFAULT {no},"
    " PRIMARY KEY(run, n)){keyed};";

/* A course of a rollback: of which run, runs.resumed_from says. */
static const char newest_machines[] = MACHINE_TABLES(
    ", is_rollback {bool} NOT NULL DEFAULT {no}, ends_failure {bool} NOT NULL DEFAULT {no},"
    " accepts_changes {bool} NOT NULL DEFAULT {no}, is_shown {bool} NOT NULL DEFAULT {no},"
    " shown_by TEXT, is_compared {bool} NOT NULL DEFAULT {no}, verifies {int} NOT NULL DEFAULT 0",
    /* Where the tenant stood when it was shown: a list of revisions; NULL: it was not. */
    " shown {int}, is_unproved {bool} NOT NULL DEFAULT {no},");

static const char newest_rest[] =
    CHAIN_TABLES SECTION_TABLES MOMENT_TABLES SETTING_TABLES EXPECTATION_TABLES

    "CREATE TABLE steps("
    " run {int}, tenant {int}, n {int}, revision {int}, direction {int} NOT NULL,"
    " statements {int} NOT NULL, duration_ms {real} NOT NULL, is_rollback {bool} NOT NULL,"
    /* What its statements that repeat did. */
    " batches {int} NOT NULL DEFAULT 0, rows_changed {int} NOT NULL DEFAULT 0,"
    " PRIMARY KEY(run, tenant, n)){keyed};"
    "CREATE TABLE retries("
    " run {int}, n {int}, tenant {int} NOT NULL, attempt {int} NOT NULL, error {int},"
    " delay_ms {int} NOT NULL, PRIMARY KEY(run, n)){keyed};"
    "CREATE TABLE errors("
    " run {int}, n {int}, class {int} NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL,"
    " file TEXT NOT NULL, line {int} NOT NULL, revision {int}, statement TEXT,"
    /* what the database says beside the text */
    " detail TEXT, hint TEXT, context TEXT, schema_name TEXT, table_name TEXT, column_name TEXT,"
    " datatype_name TEXT, constraint_name TEXT, quotes_values {bool} NOT NULL DEFAULT {no},"
    " PRIMARY KEY(run, n)){keyed};"

    NOTICE_TABLES(" quotes_values {bool} NOT NULL DEFAULT {no},")

        "CREATE TABLE revisions("
        " id {int} PRIMARY KEY, revision TEXT NOT NULL, message TEXT NOT NULL,"
        " path TEXT NOT NULL,"
        /* Of a checkpoint: its file's, and the list of revisions that it stands for; NULL: it is a revision. */
        " checksum TEXT, stands_for {int}){rows};"
        "CREATE TABLE revision_lists("
        " list {int}, n {int}, item TEXT NOT NULL, PRIMARY KEY(list, n)){keyed};"
        "CREATE TABLE label_lists("
        " list {int}, n {int}, item TEXT NOT NULL, PRIMARY KEY(list, n)){keyed};"

        "CREATE TABLE names("
        " what TEXT, number {int}, name TEXT NOT NULL, PRIMARY KEY(what, number)){keyed};"
        "INSERT INTO names VALUES"
        " ('run', 0, 'running'), ('run', 1, 'succeeded'), ('run', 2, 'failed'), ('run', 3, 'halted'),"
        " ('run', 4, 'rolled_back'), ('run', 5, 'rollback_failed'), ('run', 6, 'interrupted'),"
        " ('tenant', 0, 'pending'), ('tenant', 1, 'running'), ('tenant', 2, 'succeeded'),"
        " ('tenant', 3, 'unchanged'), ('tenant', 4, 'failed'), ('tenant', 5, 'partial'),"
        " ('tenant', 6, 'in_doubt'), ('tenant', 7, 'rolled_back'), ('tenant', 8, 'rollback_failed'),"
        " ('tenant', 9, 'skipped');"

        "CREATE VIEW outcomes AS SELECT runs.id AS run, tenants.name AS tenant, tenants.url AS url,"
        " CASE WHEN mine.is_running THEN 'running' ELSE coalesce(names.name, 'pending') END AS state,"
        " (SELECT {joined} FROM revision_lists WHERE list = mine.found) AS was_at,"
        " (SELECT {joined} FROM revision_lists WHERE list = mine.left_at) AS stands_at,"
        " mine.attempts AS attempts, mine.duration_ms AS duration_ms, errors.text AS error"
        " FROM runs JOIN fleet_tenants AS member USING (fleet)"
        " JOIN tenants ON tenants.id = member.tenant"
        " LEFT JOIN run_tenants AS mine ON mine.run = runs.seq AND mine.n = member.n"
        " LEFT JOIN names ON names.what = 'tenant' AND names.number = mine.outcome"
        " LEFT JOIN errors ON errors.run = runs.seq AND errors.n = mine.error;";

static const char to_version_2[] =
    "ALTER TABLE runs ADD COLUMN inventory TEXT;"
    "ALTER TABLE runs ADD COLUMN purges {bool} NOT NULL DEFAULT {no};"
    "ALTER TABLE runs ADD COLUMN forces {bool} NOT NULL DEFAULT {no};"
    "ALTER TABLE run_tenants ADD COLUMN reached {int};"
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
    "ALTER TABLE run_tenants ADD COLUMN notices {int} NOT NULL DEFAULT 0;"
    "ALTER TABLE run_tenants ADD COLUMN warnings {int} NOT NULL DEFAULT 0;" NOTICE_TABLES("");

static const char to_version_4[] =
    "ALTER TABLE runs ADD COLUMN halt {int};"
    "ALTER TABLE runs ADD COLUMN halt_wave TEXT;"
    "ALTER TABLE runs ADD COLUMN halt_gate TEXT;"
    "ALTER TABLE runs ADD COLUMN halt_status {int};"
    "ALTER TABLE runs ADD COLUMN halt_output TEXT;"
    "ALTER TABLE runs ADD COLUMN halt_signal {int};"
    "ALTER TABLE runs ADD COLUMN halt_failed {int};"
    "ALTER TABLE runs ADD COLUMN halt_tolerated {int};"
    "ALTER TABLE runs ADD COLUMN made_by TEXT;"
    "ALTER TABLE runs ADD COLUMN fleet_size {int} NOT NULL DEFAULT 0;"
    "ALTER TABLE runs ADD COLUMN selects TEXT;"
    "ALTER TABLE runs ADD COLUMN tenants TEXT;"
    "ALTER TABLE runs ADD COLUMN settings TEXT;";

static const char to_version_5[] = "ALTER TABLE runs ADD COLUMN narrowed TEXT;";

static const char to_version_6[] =
    "ALTER TABLE errors ADD COLUMN quotes_values {bool} NOT NULL DEFAULT {no};"
    "ALTER TABLE notices ADD COLUMN quotes_values {bool} NOT NULL DEFAULT {no};" CHAIN_TABLES;

static const char to_version_7[] =
    "ALTER TABLE run_tenants ADD COLUMN dialect {int};"
    "ALTER TABLE waves ADD COLUMN max_failures {int};"
    "ALTER TABLE waves ADD COLUMN soak_ms {int} NOT NULL DEFAULT 0;" SECTION_TABLES;

static const char to_version_8[] = MACHINE_TABLES("", "");

static const char to_version_9[] =
    "ALTER TABLE steps ADD COLUMN batches {int} NOT NULL DEFAULT 0;"
    "ALTER TABLE steps ADD COLUMN rows_changed {int} NOT NULL DEFAULT 0;";

static const char to_version_10[] = "ALTER TABLE revisions ADD COLUMN checksum TEXT;"
                                    "ALTER TABLE revisions ADD COLUMN stands_for {int};";

static const char to_version_11[] = MOMENT_TABLES;

static const char to_version_12[] = FINDING_TABLES;

static const char to_version_13[] = "ALTER TABLE runs ADD COLUMN halt_took_ms {real};"
                                    "ALTER TABLE runs ADD COLUMN halt_forecast_ms {real};"
                                    "ALTER TABLE runs ADD COLUMN halt_limit_ms {real};"
                                    "ALTER TABLE waves ADD COLUMN forecast_ms {real};"
                                    "ALTER TABLE waves ADD COLUMN forecast_tenants {int};"
                                    "ALTER TABLE waves ADD COLUMN forecast_from {int};"
                                    "ALTER TABLE waves ADD COLUMN forecast_run TEXT;";

static const char to_version_14[] =
    "ALTER TABLE courses ADD COLUMN is_rollback {bool} NOT NULL DEFAULT {no};"
    "ALTER TABLE courses ADD COLUMN ends_failure {bool} NOT NULL DEFAULT {no};"
    "ALTER TABLE run_tenants ADD COLUMN is_elsewhere {bool} NOT NULL DEFAULT {no};"
    "ALTER TABLE run_tenants ADD COLUMN twin TEXT;"
    "ALTER TABLE run_tenants ADD COLUMN is_gone {bool} NOT NULL DEFAULT {no};";

static const char to_version_15[] =
    "ALTER TABLE runs ADD COLUMN rules {int};"
    "ALTER TABLE fleet_tenants ADD COLUMN settings {int};"
    "ALTER TABLE fleet_tenants ADD COLUMN password TEXT;" SETTING_TABLES;

static const char to_version_16[] =
    "ALTER TABLE waves ADD COLUMN is_late {bool} NOT NULL DEFAULT {no};";

static const char to_version_17[] =
    "ALTER TABLE courses ADD COLUMN accepts_changes {bool} NOT NULL DEFAULT {no};"
    "ALTER TABLE courses ADD COLUMN is_shown {bool} NOT NULL DEFAULT {no};"
    "ALTER TABLE courses ADD COLUMN shown_by TEXT;"
    "ALTER TABLE courses ADD COLUMN is_compared {bool} NOT NULL DEFAULT {no};"
    "ALTER TABLE claims ADD COLUMN shown {int};"
    "ALTER TABLE claims ADD COLUMN is_unproved {bool} NOT NULL DEFAULT {no};";

static const char to_version_18[] =
    "ALTER TABLE courses ADD COLUMN verifies {int} NOT NULL DEFAULT 0;" EXPECTATION_TABLES;

/* [i] makes version i + 1 of version i. */
static const char *const upgrades[] = {
    NULL,          to_version_2,  to_version_3,  to_version_4,  to_version_5,  to_version_6,
    to_version_7,  to_version_8,  to_version_9,  to_version_10, to_version_11, to_version_12,
    to_version_13, to_version_14, to_version_15, to_version_16, to_version_17, to_version_18};
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
        version > 0 ||
        (store_exec(store, err, newest_runs) && store_exec(store, err, newest_rest) &&
         store_exec(store, err, newest_machines) && store_exec(store, err, to_version_12));
    for (; is_fine && version > 0 && version < NEWEST_VERSION; version++)
        is_fine = store_exec(store, err, upgrades[version]);
    return is_fine && store_set_version(store, NEWEST_VERSION, err);
}

/* Asked once more inside the transaction: another skein may have been quicker. */
static bool upgrade_now(struct store *store, struct err *err)
{
    int64_t version;
    return store_hold_numbers(store, err) && store_identify(store, &version, err) &&
           check_version(store, version, err) &&
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
