/* The inventory as it is written: libcyaml's structs, every value a string as it stands.
 *
 * libcyaml judges the shape only (unknown keys, lists, mappings). Values are read as strings and
 * checked afterwards, since libcyaml stops at its first fault and we want to list them all. NULL is
 * an absent key. Keys that `defaults` shares with tenants and sources are in struct raw_common.
 */
#ifndef INVENTORY_LOAD_RAW_H
#define INVENTORY_LOAD_RAW_H

#include "base/compiler.h"
#include "inventory/load/places.h"
#include "lint/rule.h"

struct alike;
struct faults;
struct yaml_checked;
struct yaml_file;

struct raw_common {
    char *transaction;
    char *create;
    char *connect_timeout;
    char *lock_timeout;
    char *statement_timeout;
    char *retries;
    char *retry_timeout;
    char *rollback_by;
    char *batch_pause;
    char *batch_max_lag;
    char *batch_max_wait;
    char *batch_timeout;
    char *batch_max_waiting;
    char *batch_max_active;
    char **batch_replicas;
    uint32_t batch_replicas_count;
    char *schema;
    char **search_path;
    uint32_t search_path_count;
    char *password_env;
    char *password_file;
    char **password_command;
    uint32_t password_command_count;
    char **labels;
    uint32_t labels_count;
};

struct raw_tenant {
    struct raw_common common;
    char *name;
    char *url;
};

struct raw_source {
    struct raw_common common;
    char *glob;
    char *query;
    char *url;
    char *under;
};

struct raw_wave {
    char *name;
    char *select;
    char *parallel;
    char *per_server;
    char *max_failures;
    char *soak;
    char *optional;
};

struct raw_argv {
    char **words;
    uint32_t count;
};

struct raw_gates {
    struct raw_argv before_run;
    struct raw_argv after_wave;
    struct raw_argv after_tenant_failed;
    struct raw_argv after_run;
    char *timeout;
};

struct raw_forecast {
    char *warn_above;
    char *halt_above;
    char *at_least;
};

struct raw_rollout {
    char *parallel;
    char *per_server;
    char *on_failure;
    char *max_failures;
    char *rollback_by;
    char *verify_schema;
    struct raw_gates *gates;
    struct raw_forecast *forecast;
    struct raw_wave *waves;
    uint32_t waves_count;
};

struct raw_entries {
    char **words;
    uint32_t count;
};

struct raw_drift {
    struct raw_entries ignore;
    struct raw_entries compare;
};

struct raw_autogenerate {
    struct raw_entries schema;
};

struct raw_lint_rules {
    char *severities[RULE__COUNT]; /* by rule */
};

struct raw_lint {
    struct raw_lint_rules *rules;
};

struct raw_report {
    char *detail, *sql;
};

struct raw_inventory {
    char *chain;
    char *file_template;
    char *version_table;
    char *ledger;
    struct raw_common *defaults;
    struct raw_rollout *rollout;
    struct raw_report *report;
    struct raw_drift *drift;
    struct raw_autogenerate *autogenerate;
    struct raw_lint *lint;
    struct raw_tenant *tenants;
    uint32_t tenants_count;
    struct raw_source *sources;
    uint32_t sources_count;
    const struct alike *alike; /* whose values some of the tenants borrow; no key of the file */
};

/* `file` is checked already: it may be what the check has written anew. NULL: the reason is in `faults`, or, where the
 * check has left tenants out, in none: then the file has to be loaded as a whole. The caller frees with raw_free, before
 * what was checked is gone. */
struct raw_inventory *raw_load(const struct yaml_file *file, const struct yaml_checked *checked,
                               struct faults *faults) MUST_CHECK;
void raw_free(struct raw_inventory *raw);

#endif
