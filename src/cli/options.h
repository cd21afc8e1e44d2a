/* The command line: one table of options, parsed with getopt_long, over SKEIN_* in the environment.
 *
 * A flag beats the environment, which beats the inventory. `-1` and `+2` are arguments (relative
 * targets), not options. Strings are borrowed from argv and the environment.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/choice.h"
#include "base/err.h"
#include "base/parse.h"
#include "inventory/inventory.h"

struct buf;
struct command;

/* Which options a command takes: sets of groups. The compiler gives each its bit. */
#define OPTION_GROUPS(group)                                                                       \
    group(COMMON)           /* -f, -v, -q, --color, --help */                                      \
        group(SELECT)       /* --select, --tenant, --wave, --allow-empty */                        \
        group(STATE)        /* --state, --behind */                                                \
        group(WAVE)         /* --wave alone */                                                     \
        group(NARROW)       /* --select and --tenant alone */                                      \
        group(OUTPUT)       /* -o */                                                               \
        group(PARALLEL)     /* --parallel, --per-server */                                         \
        group(PROGRESS)     /* --progress */                                                       \
        group(LEDGER)       /* --ledger */                                                         \
        group(WAIT)         /* --wait */                                                           \
        group(POLICY)       /* --on-failure, --max-failures */                                     \
        group(VERIFY)       /* --verify-schema */                                                  \
        group(DRY_RUN)      /* --dry-run */                                                        \
        group(YES)          /* --yes */                                                            \
        group(CONTINUATION) /* --accept-chain-change */                                            \
        group(SETTLE)       /* --done, --undone, --statements */                                   \
        group(FORGET)       /* --keep, --older-than, --unfinished */                               \
        group(ALL)          /* --all */                                                            \
        group(SQL)          /* --sql, --dialect */                                                 \
        group(PURGE)        /* --purge */                                                          \
        group(FORCE)        /* --force */                                                          \
        group(CHECK_HEADS)  /* --check-heads, --summary, --schema */                               \
        group(CHECK)        /* --chain, --dialect, --schema */                                     \
        group(RANGE)        /* -r */                                                               \
        group(INDICATE)     /* -i */                                                               \
        group(DEPENDENCIES) /* --resolve-dependencies */                                           \
        group(NEW)          /* -m, --rev-id, --branch-label, --sql-template */                     \
        group(PARENT)       /* --head, --splice, --depends-on */                                   \
        group(IMPORT)       /* --dialect, --placeholder */                                         \
        group(ADOPT)        /* --from, --table */                                                  \
        group(METRICS)      /* --metrics, --listen, --listen-token-file */                         \
        group(SAVE)         /* --save, --exit-code, --rehearse */                                  \
        group(FOLLOW)       /* --plan */                                                           \
        group(LINT)         /* --down, --fleet, --dialect */                                       \
        group(SCHEMA)       /* --revision, --dialect, -o sql */                                    \
        group(MACHINE)      /* --as */                                                             \
        group(WORK)         /* --forever, --grant-env, --grant-files */                            \
        group(AUTOGENERATE) /* --autogenerate, --to-tenant, --rename, --allow-drop */

#define GROUP_NUMBER(name) OPTION_NUMBER_##name,
#define GROUP_BIT(name) OPTIONS_##name = UINT64_C(1) << OPTION_NUMBER_##name,
enum { OPTION_GROUPS(GROUP_NUMBER) };
__extension__ enum { OPTION_GROUPS(GROUP_BIT) }; /* more of them than an int has bits */
#undef GROUP_NUMBER
#undef GROUP_BIT

/* What a command over tenants takes that shows how it gets on. */
#define OPTIONS_RUN (OPTIONS_PARALLEL | OPTIONS_PROGRESS)

enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

struct output {
    const char *format;
    const char *path; /* NULL: stdout */
};

enum { OUTPUTS_MAX = 16, ARGS_MAX = 256, TENANTS_MAX = 4096, WORDS_MAX = 64, OPTIONS_MAX = 96 };

/* Of an option that may be repeated. */
struct words {
    const char *items[WORDS_MAX];
    size_t count;
};

struct options {
    const struct command *command; /* NULL with is_help or is_version */
    bool given[OPTIONS_MAX];       /* on the command line, by the option's index */
    const char *args[ARGS_MAX];
    size_t arg_count;
    const char *file;
    struct words selects; /* all must hold */
    bool allows_empty;
    struct words settings; /* `--parallel from SKEIN_PARALLEL`: those that the environment set */
    const char *ledger;    /* NULL: as the inventory says */
    uint64_t wait_ms;      /* 0: not at all */
    const char *wave;
    const char *state; /* NULL: any */
    bool is_behind;
    const char *tenants[TENANTS_MAX];
    size_t tenant_count;
    uint32_t parallel;   /* 0: as the inventory says */
    uint32_t per_server; /* 0: as the inventory says */
    bool has_on_failure;
    enum on_failure on_failure;
    bool has_max_failures;
    struct share max_failures;
    struct output outputs[OUTPUTS_MAX];
    size_t output_count;
    const char *metrics; /* NULL: none are written */
    const char *listen;  /* NULL: no one can ask */
    const char *listen_token_file;
    const char *progress; /* auto, tty, plain, json, none */
    enum when color;
    bool says_verify;
    enum verify_schema verify_schema;
    const char *range;
    bool checks_heads;
    bool is_summary;
    bool checks_chain;
    bool shows_schemas;
    bool indicates_current;
    bool resolves_dependencies;
    const char *message;      /* NULL: none */
    const char *rev_id;       /* NULL: a random one */
    const char *head;         /* what the new revision revises */
    const char *sql_template; /* NULL: the chain's */
    struct words branch_labels, depends_on;
    bool autogenerates;
    const char *to_tenant; /* NULL: to the schema files */
    struct words renames, allowed_drops;
    bool splices;
    bool has_dialect;
    enum dialect_id dialect;
    struct words placeholders;
    const char *revision; /* NULL: the tenants' */
    const char *from;
    const char *table;
    bool rehearses;
    const char *save; /* NULL: the plan is not saved */
    const char *plan; /* NULL: none is followed */
    bool exits_by_work;
    bool reads_down;
    bool asks_fleet;
    const char *machine; /* NULL: this machine is called as its host */
    bool works_forever;
    struct words granted_variables, granted_folders; /* inventory/told.h */
    bool is_preflight;
    bool tells_examples;
    bool is_dry_run;
    bool says_yes;
    bool purges;
    bool is_forced;
    bool accepts_chain_change;
    bool says_done;
    bool says_undone;
    bool says_statements;
    uint32_t statements; /* that stand, as the user says */
    bool is_sql;
    bool has_keep;
    uint32_t keep;
    uint64_t older_than_ms; /* 0: any age */
    bool takes_unfinished;
    bool takes_all;
    bool is_quiet;
    bool is_verbose;
    bool is_help;
    bool is_version;
};

/* ERR_CONFIG on a fault of usage. */
bool options_parse(int argc, char **argv, struct options *ret_options, struct err *err) MUST_CHECK;

/* An option, for who lists them: completions, the manual. */
struct option_info {
    const char *name;
    int letter;           /* 0: none */
    const char *argument; /* NULL: takes none; what may be left out begins with '[' */
    uint64_t groups;
    size_t index;
};

/* Was it given on the command line? Not in the environment. */
bool options_is_given(const struct options *options, const char *name);

/* False past the last. */
bool option_at(size_t index, struct option_info *ret_info);

/* The option as it is written, without dashes: `tenant NAME`, `verify-schema[=before|after]`; and its value alone. */
enum { OPTION_TEXT_SIZE = 128 };
void option_write(const struct option_info *info, char ret_text[OPTION_TEXT_SIZE]);
void option_write_value(const struct option_info *info, char ret_text[OPTION_TEXT_SIZE]);

/* The words that a value of the option at the index is one of, for that command (NULL: for any); NULL: any value. */
choice_fn *option_words(size_t index, const struct command *command);

/* Appends what the command's --help says of the option at the index, which must be one; NULL: of all commands. */
void option_add_help(struct buf *buf, size_t index, const struct command *command);

/* Is what is written to `out` to be colored? --color says so, or by default whether it is a terminal that can. */
bool options_has_color(const struct options *options, FILE *out);

#endif
