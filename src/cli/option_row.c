#include "cli/option_row.h"

#include "base/buf.h"
#include "base/choice.h"
#include "cli/command.h"
#include "cli/outputs.h"
#include "import/import.h"

static bool add_word(const char **words, size_t *count, size_t max, const char *value)
{
    if (*count == max)
        return false;
    words[(*count)++] = value;
    return *value;
}

static bool set_tenant(struct options *options, const char *value)
{
    return add_word(options->tenants, &options->tenant_count, TENANTS_MAX, value);
}

/* It is the one tenant that is selected. */
static bool set_to_tenant(struct options *options, const char *value)
{
    options->to_tenant = value;
    return set_tenant(options, value);
}

static bool set_branch_label(struct options *options, const char *value)
{
    struct words *labels = &options->branch_labels;
    return add_word(labels->items, &labels->count, WORDS_MAX, value);
}

static bool set_depends_on(struct options *options, const char *value)
{
    struct words *depends_on = &options->depends_on;
    return add_word(depends_on->items, &depends_on->count, WORDS_MAX, value);
}

static bool set_rename(struct options *options, const char *value)
{
    struct words *renames = &options->renames;
    return strchr(value, '=') && add_word(renames->items, &renames->count, WORDS_MAX, value);
}

static bool set_allow_drop(struct options *options, const char *value)
{
    struct words *allowed = &options->allowed_drops;
    return add_word(allowed->items, &allowed->count, WORDS_MAX, value);
}

static bool set_placeholder(struct options *options, const char *value)
{
    struct words *placeholders = &options->placeholders;
    return strchr(value, '=') &&
           add_word(placeholders->items, &placeholders->count, WORDS_MAX, value);
}

/* One of blanks alone would take everyone, and is a variable of a shell that was not set. */
static bool set_select(struct options *options, const char *value)
{
    struct words *selects = &options->selects;
    return add_word(selects->items, &selects->count, WORDS_MAX, value) &&
           value[strspn(value, " \t")];
}

/* It may be empty: no message is given. */
static bool set_message(struct options *options, const char *value)
{
    options->message = value;
    return true;
}

static bool set_grant_env(struct options *options, const char *value)
{
    struct words *granted = &options->granted_variables;
    return add_word(granted->items, &granted->count, WORDS_MAX, value);
}

static bool set_grant_files(struct options *options, const char *value)
{
    struct words *granted = &options->granted_folders;
    return add_word(granted->items, &granted->count, WORDS_MAX, value);
}

static bool set_parallel(struct options *options, const char *value)
{
    return parse_u32(value, 1, 100000, &options->parallel);
}

static bool set_per_server(struct options *options, const char *value)
{
    return parse_u32(value, 1, 100000, &options->per_server);
}

static const char *on_failure_at(size_t index)
{
    static const char *const words[] = {
        [ON_FAILURE_STOP] = "stop",
        [ON_FAILURE_CONTINUE] = "continue",
        [ON_FAILURE_ROLLBACK] = "rollback",
    };
    return index < ARRAY_LEN(words) ? words[index] : NULL;
}

static bool set_on_failure(struct options *options, const char *value)
{
    size_t index = 0;
    options->has_on_failure = choice_find(on_failure_at, value, &index);
    options->on_failure = (enum on_failure)index;
    return options->has_on_failure;
}

static bool set_max_failures(struct options *options, const char *value)
{
    options->has_max_failures = parse_share(value, &options->max_failures);
    return options->has_max_failures;
}

static const char *verify_schema_at(size_t index)
{
    static const char *const words[] = {
        [VERIFY_NONE] = "none",
        [VERIFY_BEFORE] = "before",
        [VERIFY_AFTER] = "after",
        [VERIFY_BOTH] = "both",
    };
    return index < ARRAY_LEN(words) ? words[index] : NULL;
}

static bool set_verify_schema(struct options *options, const char *value)
{
    size_t index = VERIFY_BOTH;
    options->says_verify = true;
    bool is_known = !*value || choice_find(verify_schema_at, value, &index);
    options->verify_schema = (enum verify_schema)index;
    return is_known;
}

/* FORMAT or FORMAT=FILE. */
static bool set_output(struct options *options, const char *value)
{
    const char *equals = strchr(value, '=');
    if (options->output_count == OUTPUTS_MAX || (equals && !equals[1]))
        return false;
    size_t len = equals ? (size_t)(equals - value) : strlen(value);
    const char *format;
    for (size_t i = 0; (format = outputs_format_at(i)); i++)
        if (strlen(format) == len && strncmp(format, value, len) == 0) {
            options->outputs[options->output_count++] =
                (struct output){format, equals ? equals + 1 : NULL};
            return true;
        }
    return false;
}

static const char *progress_at(size_t index)
{
    static const char *const words[] = {"auto", "tty", "plain", "json", "none"};
    return index < ARRAY_LEN(words) ? words[index] : NULL;
}

static bool set_progress(struct options *options, const char *value)
{
    size_t index;
    options->progress = value;
    return choice_find(progress_at, value, &index);
}

static const char *color_at(size_t index)
{
    static const char *const words[] = {
        [WHEN_AUTO] = "auto",
        [WHEN_ALWAYS] = "always",
        [WHEN_NEVER] = "never",
    };
    return index < ARRAY_LEN(words) ? words[index] : NULL;
}

static bool set_color(struct options *options, const char *value)
{
    size_t index = 0;
    bool is_known = choice_find(color_at, value, &index);
    options->color = (enum when)index;
    return is_known;
}

static bool set_dialect(struct options *options, const char *value)
{
    options->has_dialect = dialect_find(value, strlen(value), &options->dialect);
    return options->has_dialect;
}

static bool set_keep(struct options *options, const char *value)
{
    options->has_keep = parse_u32(value, 0, UINT32_MAX, &options->keep);
    return options->has_keep;
}

static bool set_statements(struct options *options, const char *value)
{
    options->says_statements = parse_u32(value, 0, UINT32_MAX, &options->statements);
    return options->says_statements;
}

static bool set_older_than(struct options *options, const char *value)
{
    return parse_duration(value, &options->older_than_ms) && options->older_than_ms;
}

static bool set_wait(struct options *options, const char *value)
{
    return parse_duration(value, &options->wait_ms);
}

/* Where the value goes, in words of which the row is made: to a member, or by a setter; any value, or one of some words. */
#define TO(member) offsetof(struct options, member), NULL, NULL
#define TO_ONE_OF(member, word_at) offsetof(struct options, member), NULL, word_at
#define BY(setter) 0, setter, NULL
#define BY_ONE_OF(setter, word_at) 0, setter, word_at

const struct option_row option_rows[] = {
    {"file", 'f', "FILE", OPTIONS_COMMON, "the inventory, or its folder (default: skein.yaml here)",
     TO(file)},
    {"select", 's', "SELECTOR", OPTIONS_SELECT | OPTIONS_NARROW,
     "only these: 'tier=canary,region in (eu,us),!legacy'; repeated: all must hold",
     BY(set_select)},
    {"tenant", 't', "NAME", OPTIONS_SELECT | OPTIONS_NARROW,
     "only this tenant; repeated: any of them; with --select both must hold", BY(set_tenant)},
    {"state", 0, "STATE,…[@RUN]", OPTIONS_STATE,
     "only tenants in these states in the report of RUN (default: the newest)", TO(state)},
    {"behind", 0, NULL, OPTIONS_STATE,
     "only tenants that are not at the target, or else the head(s)", TO(is_behind)},
    {"ledger", 0, "WHERE", OPTIONS_LEDGER,
     "the record of runs: a file or URL (default: the inventory's)", TO(ledger)},
    {"wait", 0, "DURATION", OPTIONS_WAIT,
     "for another run that holds the ledger: 30s, 10m (default: 0s, exit 5)", BY(set_wait)},
    {"allow-empty", 0, NULL, OPTIONS_SELECT,
     "go on where no tenant is selected, or has a label that --select names", TO(allows_empty)},
    {"wave", 0, "NAME", OPTIONS_SELECT | OPTIONS_WAVE, "only waves up to and including this one",
     TO(wave)},
    {"parallel", 'p', "N", OPTIONS_PARALLEL, "tenants at once (default: the inventory's, else 32)",
     BY(set_parallel)},
    {"per-server", 0, "N", OPTIONS_PARALLEL,
     "tenants at once on one host and port (default: the inventory's, else 8)", BY(set_per_server)},
    {"on-failure", 0, "stop|continue|rollback", OPTIONS_POLICY,
     "what to do after --max-failures (default: the inventory's, else stop)",
     BY_ONE_OF(set_on_failure, on_failure_at)},
    {"max-failures", 0, "N|N%", OPTIONS_POLICY,
     "failures tolerated: a count or a share (default: the inventory's, else 0)",
     BY(set_max_failures)},
    {"verify-schema", 0, "[=before|after|both|none]", OPTIONS_VERIFY,
     "tenants must hold what revisions make (default: the inventory's; alone: both)",
     BY_ONE_OF(set_verify_schema, verify_schema_at)},
    {"rev-range", 'r', "A:B", OPTIONS_RANGE, "only this part of the chain; either end may be open",
     TO(range)},
    {"check-heads", 0, NULL, OPTIONS_CHECK_HEADS, "exit 1 unless every tenant is at the head(s)",
     TO(checks_heads)},
    {"summary", 0, NULL, OPTIONS_CHECK_HEADS,
     "how many tenants stand where, without a line for each", TO(is_summary)},
    {"schema", 0, NULL, OPTIONS_CHECK_HEADS | OPTIONS_CHECK,
     "and whether each tenant holds what its revision says", TO(shows_schemas)},
    {"chain", 0, NULL, OPTIONS_CHECK, "the chain alone: no tenant is asked, no secret is needed",
     TO(checks_chain)},
    {"indicate-current", 'i', NULL, OPTIONS_INDICATE, "mark where the selected tenants stand",
     TO(indicates_current)},
    {"resolve-dependencies", 0, NULL, OPTIONS_DEPENDENCIES,
     "leave out heads that another revision depends on", TO(resolves_dependencies)},
    {"message", 'm', "MESSAGE", OPTIONS_NEW, "what the revision does, in a line", BY(set_message)},
    {"rev-id", 0, "ID", OPTIONS_NEW, "its id (default: 12 random hex digits)", TO(rev_id)},
    {"head", 0, "REV", OPTIONS_PARENT,
     "what it revises (default: head); base for a new base, LABEL@head", TO(head)},
    {"splice", 0, NULL, OPTIONS_PARENT, "may revise what is not a head: a branch begins there",
     TO(splices)},
    {"branch-label", 0, "LABEL", OPTIONS_NEW, "names the branch that it begins (may be repeated)",
     BY(set_branch_label)},
    {"depends-on", 0, "REV", OPTIONS_PARENT,
     "must be there first without being revised (may be repeated)", BY(set_depends_on)},
    {"sql-template", 0, "FILE", OPTIONS_NEW, "made from this, not from the chain's revision.sql.in",
     TO(sql_template)},
    {"autogenerate", 0, NULL, OPTIONS_AUTOGENERATE,
     "write what leads from what the chain makes to the schema files", TO(autogenerates)},
    {"to-tenant", 0, "NAME", OPTIONS_AUTOGENERATE,
     "what leads to what this tenant holds, and not to the schema files", BY(set_to_tenant)},
    {"rename", 0, "OLD=NEW", OPTIONS_AUTOGENERATE,
     "todo=task, task.prio=priority: the same under another name (may be repeated)",
     BY(set_rename)},
    {"allow-drop", 0, "NAME", OPTIONS_AUTOGENERATE,
     "task, task.prio: it may be dropped with its rows (may be repeated)", BY(set_allow_drop)},
    {"down", 0, NULL, OPTIONS_LINT, "down sections, too", TO(reads_down)},
    {"fleet", 0, NULL, OPTIONS_LINT,
     "ask the tenants how much their tables hold, and weigh findings by it", TO(asks_fleet)},
    {"dialect", 0, "DIALECT",
     OPTIONS_LINT | OPTIONS_IMPORT | OPTIONS_SQL | OPTIONS_CHECK | OPTIONS_SCHEMA |
         OPTIONS_AUTOGENERATE,
     "{words}: whose SQL it is", BY_ONE_OF(set_dialect, dialect_name_at)},
    {"revision", 0, "REV", OPTIONS_SCHEMA,
     "what the chain makes up to there, in a scratch database", TO(revision)},
    {"placeholder", 0, "NAME=VALUE", OPTIONS_IMPORT,
     "what Flyway's ${NAME} stands for (may be repeated)", BY(set_placeholder)},
    {"sql", 0, NULL, OPTIONS_SQL, "print a script for {words} instead; TARGET may be A:B",
     TO_ONE_OF(is_sql, dialect_client_at)},
    {"from", 0, "TOOL", OPTIONS_ADOPT, "{words}", TO_ONE_OF(from, import_tool_name_at)},
    {"table", 0, "NAME", OPTIONS_ADOPT, "its version table, where it is not the tool's own",
     TO(table)},
    {"save", 0, "FILE", OPTIONS_SAVE, "write the plan there, for 'skein upgrade --plan FILE'",
     TO(save)},
    {"rehearse", 0, NULL, OPTIONS_SAVE,
     "carry the plan out where nothing of it remains, and tell what it takes", TO(rehearses)},
    {"exit-code", 0, NULL, OPTIONS_SAVE,
     "exit 1 where a tenant would change, 2 where one could not be asked", TO(exits_by_work)},
    {"preflight", 0, NULL, OPTIONS_SAVE,
     "ask the rows whether the statements will succeed; exit 1 where one will not",
     TO(is_preflight)},
    {"examples", 0, NULL, OPTIONS_SAVE, "with --preflight: tell keys of rows that do not fit",
     TO(tells_examples)},
    {"plan", 0, "FILE", OPTIONS_FOLLOW,
     "do what 'skein plan --save FILE' wrote, where tenants still stand so", TO(plan)},
    {"dry-run", 0, NULL, OPTIONS_DRY_RUN, "say what would be done, change nothing", TO(is_dry_run)},
    {"yes", 'y', NULL, OPTIONS_YES, "go on without asking, also on a terminal", TO(says_yes)},
    {"purge", 0, NULL, OPTIONS_PURGE, "empty the version table first, whatever is in it",
     TO(purges)},
    {"force", 0, NULL, OPTIONS_FORCE,
     "also tenants that do not hold what the chain makes up to there", TO(is_forced)},
    {"done", 0, NULL, OPTIONS_SETTLE, "the statement took effect: go on with the one after it",
     TO(says_done)},
    {"undone", 0, NULL, OPTIONS_SETTLE, "it did not: go on with it", TO(says_undone)},
    {"statements", 0, "N", OPTIONS_SETTLE,
     "so many of the file's statements took effect: go on after them", BY(set_statements)},
    {"accept-chain-change", 0, NULL, OPTIONS_CONTINUATION,
     "go on though revision files have changed since the run", TO(accepts_chain_change)},
    {"as", 0, "NAME", OPTIONS_MACHINE,
     "this machine's name among those that work on the run (default: its host's)", TO(machine)},
    {"forever", 0, NULL, OPTIONS_WORK, "join one run after the other, and wait where there is none",
     TO(works_forever)},
    {"grant-env", 0, "NAME", OPTIONS_WORK,
     "a variable the run may name for a password ('*': any text); repeated: all",
     BY(set_grant_env)},
    {"grant-files", 0, "DIR", OPTIONS_WORK,
     "the run may name files in it (keys, passwords, new databases); repeated: all",
     BY(set_grant_files)},
    {"keep", 0, "N", OPTIONS_FORGET, "but the newest N runs", BY(set_keep)},
    {"older-than", 0, "DURATION", OPTIONS_FORGET, "only runs begun longer ago: 12h, 90d",
     BY(set_older_than)},
    {"unfinished", 0, NULL, OPTIONS_FORGET, "runs that could still be resumed too",
     TO(takes_unfinished)},
    {"all", 0, NULL, OPTIONS_ALL, "runs of other inventories that share the ledger, too",
     TO(takes_all)},
    {"output", 'o', "FORMAT[=FILE]", OPTIONS_OUTPUT, "{words}: to stdout or a file; repeated: all",
     BY_ONE_OF(set_output, outputs_format_at)},
    {"progress", 0, "MODE", OPTIONS_PROGRESS, "{words}, on stderr (default: auto)",
     BY_ONE_OF(set_progress, progress_at)},
    {"metrics", 0, "FILE", OPTIONS_METRICS, "how the run stands, in Prometheus's text format",
     TO(metrics)},
    {"listen", 0, "ADDR", OPTIONS_METRICS,
     "serve a page, JSON and metrics of the run there: 9090, [::1]:0", TO(listen)},
    {"listen-token-file", 0, "FILE", OPTIONS_METRICS,
     "who asks must know the token in there (else SKEIN_LISTEN_TOKEN)", TO(listen_token_file)},
    {"quiet", 'q', NULL, OPTIONS_COMMON, "say only what went wrong", TO(is_quiet)},
    {"verbose", 'v', NULL, OPTIONS_COMMON, "say more: every tenant, warnings and notices",
     TO(is_verbose)},
    {"color", 0, "WHEN", OPTIONS_COMMON, "{words} (default: auto)", BY_ONE_OF(set_color, color_at)},
    {"help", 'h', NULL, OPTIONS_COMMON, "this text", TO(is_help)},
    {"version", 0, NULL, OPTIONS_COMMON, "the versions of skein and of its libraries",
     TO(is_version)},
};

#undef TO
#undef TO_ONE_OF
#undef BY
#undef BY_ONE_OF

const size_t option_row_count = ARRAY_LEN(option_rows);
_Static_assert(ARRAY_LEN(option_rows) <= OPTIONS_MAX, "room for each option");

choice_fn *option_row_words(const struct option_row *row, const struct command *command,
                            const struct options *options)
{
    bool is_format = row->set == set_output && command && command->formats;
    return is_format ? command->formats(options) : row->word_at;
}

void option_row_add_help(const struct option_row *row, const struct command *command,
                         struct buf *buf)
{
    static const char mark[] = "{words}";
    const char *at = row->word_at ? strstr(row->help, mark) : NULL;
    if (!at) {
        buf_adds(buf, row->help);
        return;
    }
    buf_add(buf, row->help, (size_t)(at - row->help));
    choice_add(buf, option_row_words(row, command, NULL));
    buf_adds(buf, at + strlen(mark));
}

bool option_row_set(const struct option_row *row, struct options *options, const char *value)
{
    void *member = (char *)options + row->at;
    if (row->set)
        return row->set(options, value);
    if (row->argument)
        *(const char **)member = value;
    else
        *(bool *)member = true;
    return !row->argument || *value;
}

bool option_row_may_repeat(const struct option_row *row)
{
    static bool (*const setters[])(struct options *, const char *) = {
        set_select,      set_tenant,     set_branch_label, set_depends_on,
        set_placeholder, set_output,     set_color,        set_progress,
        set_rename,      set_allow_drop, set_grant_env,    set_grant_files,
    };
    for (size_t i = 0; i < ARRAY_LEN(setters); i++)
        if (row->set == setters[i])
            return true;
    return false;
}
