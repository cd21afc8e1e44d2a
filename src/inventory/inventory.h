/* The inventory: skein.yaml, checked and resolved into tenants and the rules of the rollout.
 *
 * Reading touches files only (the YAML, globs, stat of SQLite files), never a database, and needs no secret: what the
 * environment or a file of a password does not tell is found when it is needed (lack.h). Sources with a `query` stay open until someone who can talk to
 * databases adds their rows with inventory_add_found; then inventory_finish checks the whole.
 * Everything lives until inventory_free: in the inventory's own arena, but for the array of
 * tenants. A tenant's `url.password` is always NULL: its `password` says all.
 *
 *     struct inventory_builder *builder = inventory_read("skein.yaml", &faults);   NULL: see faults
 *     … inventory_add_found for each row of inventory_draft(builder)->queries …
 *     struct inventory *inventory = inventory_finish(builder, &faults);            NULL: see faults
 */
#ifndef INVENTORY_INVENTORY_H
#define INVENTORY_INVENTORY_H

#include "base/parse.h"
#include "base/url.h"
#include "chain/repeat.h"
#include "lint/rule.h"

struct arena;
struct catalog_rules;
struct err;
struct faults;
struct lack;
struct selector;

enum transaction_mode { TRANSACTION_ALL, TRANSACTION_EACH };
enum rollback_by { ROLLBACK_BY_DOWN, ROLLBACK_BY_SNAPSHOT };
/* Is a tenant's schema compared with what its revision makes? Bits: before it is changed, and after. */
enum verify_schema { VERIFY_NONE, VERIFY_BEFORE = 1, VERIFY_AFTER = 2, VERIFY_BOTH = 3 };

enum on_failure { ON_FAILURE_STOP, ON_FAILURE_CONTINUE, ON_FAILURE_ROLLBACK };

/* The settings that `defaults` may have and a tenant may override. Tenants with the same settings share one object. */
struct settings {
    const char *const *search_path; /* after the tenant's schema; NULL-terminated; NULL: nothing */
    const struct session_setting *session; /* what else its sessions are set to */
    size_t session_count;
    enum transaction_mode transaction;
    bool create;
    uint64_t connect_timeout_ms;
    uint64_t lock_timeout_ms;
    uint64_t statement_timeout_ms; /* 0: none */
    uint32_t retries;
    /* no attempt begins later than that after the first failure; 0: no limit */
    uint64_t retry_timeout_ms;
    enum rollback_by rollback_by; /* _SNAPSHOT: where the database can (SQLite), else _DOWN */
    struct repeat batches;        /* of statements that repeat, where their sections do not say */
};

enum password_kind {
    PASSWORD_NONE,
    PASSWORD_VALUE,
    PASSWORD_ENV,
    PASSWORD_FILE,
    PASSWORD_COMMAND,
    PASSWORD_REFUSED, /* the tenant cannot be reached from here: `shown` says why (told.h) */
};

/* Where a tenant's password comes from. A value (from the URL) is at hand; a variable of the environment is read when
 * the tenant connects, and so are files and commands, on a thread. */
struct password {
    enum password_kind kind;
    const char *
        value; /* PASSWORD_VALUE: the secret. PASSWORD_ENV: the variable. PASSWORD_FILE: the path */
    /* PASSWORD_ENV, PASSWORD_FILE: the variable or path as the file names it, which may be shown. PASSWORD_NONE: why there is none, to be told
     * where the login fails; or NULL */
    const char *shown;
    const char *const *argv; /* PASSWORD_COMMAND: NULL-terminated, run without a shell */
    uint32_t
        number; /* of the inventory's different places; equal numbers are one. 0: PASSWORD_NONE */
};

struct label {
    const char *key;
    const char *value; /* NULL: the environment should have given it (lack.h) */
};

struct tenant;

/* The replicas that batches must not leave late (`batch_replicas`), each as a tenant that is only looked at: its name is its
 * server's, for people. One server and login is one object for all tenants that name it. */
struct replica_set {
    const struct tenant *const *replicas;
    size_t count;
};

struct tenant {
    const char *name;
    struct url url;             /* SQLite paths already relative to the working directory */
    const char *url_redacted;   /* the only form that may be shown */
    const char *server;         /* url_server: tenants of one server share the pointer */
    const char *schema;         /* NULL: the database's own default */
    const struct label *labels; /* without the implicit name, dialect, server */
    size_t label_count;
    const struct settings *settings;
    const struct password *password;
    const struct replica_set *replicas; /* of its engine; NULL: none is named */
    const struct lack *lacks;           /* lack.h; what is not known is NULL, or the default */
    int line;                           /* in the inventory; of its source for a found tenant */
    int password_line; /* of the key that says where its password is; else its own */
    /* it is not in the inventory any more, and cannot be reached; only the run that is rolled back knows it */
    bool is_gone;
    bool lacks_url;     /* it cannot be dialled; `url` has what is known of it */
    bool lacks_dialect; /* not even that */
};

struct wave {
    const char *name;
    const char *select_text; /* "" takes what is left */
    const struct selector *select;
    uint32_t parallel;   /* 0: the rollout's */
    uint32_t per_server; /* 0: the rollout's */
    bool has_max_failures;
    struct share max_failures;
    uint64_t soak_ms;
    bool is_optional; /* it may have no tenant though the whole fleet is selected */
    int line;
};

/* Programs that a rollout starts at these moments, and asks whether it may go on. */
enum gate {
    GATE_BEFORE_RUN,
    GATE_AFTER_WAVE,
    GATE_AFTER_TENANT_FAILED,
    GATE_AFTER_RUN,
    GATE__COUNT
};

struct gate_rules {
    const char *const *argv[GATE__COUNT]; /* NULL-terminated, run without a shell; NULL: none */
    const char *names[GATE__COUNT];       /* of those that there are: their keys, */
    int lines[GATE__COUNT];               /* and where they stand */
    uint64_t timeout_ms;
};

/* What is done where a wave takes longer than was foretold. */
struct forecast_rules {
    struct forecast_limit warn_above, halt_above;
    uint64_t at_least_ms; /* a wave of less is never late by a forecast */
};

struct rollout_rules {
    struct gate_rules gates;
    uint32_t parallel;
    uint32_t per_server;
    enum on_failure on_failure;
    struct share max_failures;
    enum verify_schema verify_schema;
    struct forecast_rules forecast;
    const struct wave *waves;
    size_t wave_count;
};

/* A source whose tenants a database tells. The columns of its rows are name, url and schema; all others become
 * labels. */
struct query_source {
    const char *query;
    struct tenant control; /* the database to ask, as a tenant (its name is "sources[N]") */
    const struct label *labels;
    size_t label_count;
    int line;
};

/* A source of SQLite files. */
struct glob_source {
    const char *pattern; /* as the inventory has it */
    int line;
};

/* Where throw-away databases of an engine may be made. */
struct scratch_place {
    const char *server;   /* as a tenant's; NULL: nowhere */
    const char *database; /* they are made in this one; NULL: each is a database of its own */
    const struct url *url;
};

/* Something in the file that is no fault, and that a person should know all the same. */
struct inventory_note {
    const char *text;
    int line;
};

struct inventory {
    struct arena *arena;
    const char *path; /* as given, for messages */
    bool is_absent;   /* there is no such file: inventory_read_if_there */
    const char
        *chain_dir; /* relative to the working directory, like all paths here; NULL: lacking */
    const char
        *file_template; /* how new revisions are called (name_template.h); NULL: `<id>_<slug>` */
    const char *version_table; /* NULL: lacking */
    /* a path, or a postgresql:// URL that may hold a password: not to be shown; NULL: lacking */
    const char *ledger;
    const struct lack *lacks;        /* the inventory's own; a tenant's are with it */
    uint32_t password_count;         /* of the tenants' passwords: their numbers are lower */
    const struct password *password; /* of `defaults` */
    struct rollout_rules rollout;
    /* texts of servers that may hold values of rows are kept nowhere (`report: {detail: false}`) */
    bool hides_values;
    bool
        hides_sql; /* the SQL that runs is neither kept nor shown by reports (`report: {sql: false}`) */
    struct catalog_rules *drift; /* what of a catalog is compared (schema/rules.h) */
    enum lint_severity lint_severities[RULE__COUNT]; /* `lint: {rules: {…}}` */
    /* files and folders that say what the schema should be (`autogenerate: {schema: […]}`); none: nothing says it */
    const char *const *schema_paths;
    size_t schema_path_count;
    struct tenant *tenants;
    size_t tenant_count;
    size_t tenant_capacity;
    const struct query_source *queries;
    size_t query_count;
    const struct glob_source *globs;
    size_t glob_count;
    struct scratch_place scratch[DIALECT__COUNT]; /* by engine */
    struct inventory_note *notes;
    size_t note_count, note_capacity;
};

/* An inventory whose file has been read, and whose query sources still have to be asked. */
struct inventory_builder;

/* The inventory's file: `path` itself, or the `skein.yaml` or `skein.yml` in it where it is a folder; malloc'd. NULL:
 * the folder has none of them (INVENTORY_MISSING), or both; err says so. */
#define INVENTORY_MISSING "no_inventory"
char *inventory_locate(const char *path, struct err *err) MUST_CHECK;

/* Reads the file, or the one in the folder (inventory_locate). NULL where anything is wrong; `faults` then holds all
 * faults that were found, sorted. */
struct inventory_builder *inventory_read(const char *path, struct faults *faults) MUST_CHECK;

/* The same; but where the path is a folder without such a file, an inventory that says nothing: its chain is `versions` in there. */
struct inventory_builder *inventory_read_if_there(const char *path,
                                                  struct faults *faults) MUST_CHECK;

/* Reads an inventory from bytes. `path` is the name of their file, in faults; paths in the inventory are relative to
 * its folder. */
struct inventory_builder *inventory_parse(const char *path, const void *bytes, size_t len,
                                          struct faults *faults) MUST_CHECK;

/* Uses another ledger than the file's `ledger` says. `where` is a path, relative to the working directory, or a
 * URL. */
bool inventory_use_ledger(struct inventory_builder *builder, const char *where,
                          struct err *err) MUST_CHECK;

/* The inventory as far as it is known; borrowed from the builder. Its array of tenants may move until
 * inventory_finish. */
const struct inventory *inventory_draft(const struct inventory_builder *builder);

/* A row that the query of a source returned; a NULL value is an absent column. */
struct found_row {
    const char *const *columns;
    const char *const *values;
    size_t count;
};

/* Adds the tenant that a row describes. False: `faults` say what is wrong with it. `source` is one of the draft's
 * queries. */
bool inventory_add_found(struct inventory_builder *builder, const struct query_source *source,
                         const struct found_row *found, struct faults *faults);

/* Checks all tenants together and ends the building: no name may stand twice, and no database (the same file by
 * device and inode; the same server, database and schema). NULL: `faults` say what is wrong. The builder is freed either
 * way; the caller frees the inventory with inventory_free. */
struct inventory *inventory_finish(struct inventory_builder *builder,
                                   struct faults *faults) MUST_CHECK;

/* Ends the building for a caller that needs no tenant: sources are not asked, and tenants are not checked together. */
struct inventory *inventory_take(struct inventory_builder *builder) MUST_CHECK;

/* Ends the building without an inventory; NULL does nothing. */
void inventory_abandon(struct inventory_builder *builder);

void inventory_free(struct inventory *inventory);

/* The value of a tenant's label, the implicit `name`, `dialect` and `server` included; NULL: it has no such label. It
 * is a selector_label_fn whose ctx is a `const struct tenant *`. */
const char *tenant_label(const void *tenant, const char *key);

/* The password for connecting. Blocks (file, command: 10 s at most): worker threads only.
 * *ret_password is malloc'd, NULL where there is none; the caller clears and frees it with
 * password_free. Errors are ERR_CONFIG and never quote what the file or command said. */
bool password_fetch_on_thread(const struct password *password, char **ret_password,
                              struct err *err) MUST_CHECK;
void password_free(char *password);

#endif
