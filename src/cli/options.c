#include "cli/options.h"

#include <ctype.h>
#include <getopt.h>
#include <unistd.h>

#include "cli/command.h"

struct option_row {
    const char *name;
    int letter; /* 0: none */
    const char *argument; /* NULL: takes none */
    unsigned group;
    const char *help;
    bool (*set)(struct options *options, const char *value);
};

static bool set_file(struct options *options, const char *value)
{
    options->file = value;
    return *value;
}

static bool set_select(struct options *options, const char *value)
{
    options->select = value;
    return true;
}

static bool set_wave(struct options *options, const char *value)
{
    options->wave = value;
    return *value;
}

static bool set_tenant(struct options *options, const char *value)
{
    if (options->tenant_count == TENANTS_MAX)
        return false;
    options->tenants[options->tenant_count++] = value;
    return *value;
}

static bool set_parallel(struct options *options, const char *value)
{
    return parse_u32(value, 1, 100000, &options->parallel);
}

static bool set_per_server(struct options *options, const char *value)
{
    return parse_u32(value, 1, 100000, &options->per_server);
}

static bool find_word(const char *const *words, size_t count, const char *value, int *ret_index)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], value) == 0) {
            *ret_index = (int)i;
            return true;
        }
    return false;
}

static bool set_on_failure(struct options *options, const char *value)
{
    static const char *const words[] = {
        [ON_FAILURE_STOP] = "stop",
        [ON_FAILURE_CONTINUE] = "continue",
        [ON_FAILURE_ROLLBACK] = "rollback",
    };
    int index;
    if (!find_word(words, ARRAY_LEN(words), value, &index))
        return false;
    options->has_on_failure = true;
    options->on_failure = (enum on_failure)index;
    return true;
}

static bool set_max_failures(struct options *options, const char *value)
{
    options->has_max_failures = parse_share(value, &options->max_failures);
    return options->has_max_failures;
}

/* FORMAT or FORMAT=FILE; the format is checked where formats are known. */
static bool set_output(struct options *options, const char *value)
{
    const char *equals = strchr(value, '=');
    if (options->output_count == OUTPUTS_MAX || (equals && !equals[1]))
        return false;
    size_t len = equals ? (size_t)(equals - value) : strlen(value);
    static const char *const formats[] = {"text", "json"};
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (strlen(formats[i]) == len && strncmp(formats[i], value, len) == 0) {
            options->outputs[options->output_count++] =
                (struct output){formats[i], equals ? equals + 1 : NULL};
            return true;
        }
    return false;
}

static bool set_progress(struct options *options, const char *value)
{
    static const char *const words[] = {"auto", "tty", "plain", "json", "none"};
    int index;
    options->progress = value;
    return find_word(words, ARRAY_LEN(words), value, &index);
}

static bool set_color(struct options *options, const char *value)
{
    static const char *const words[] = {"auto", "always", "never"};
    int index = 0;
    bool is_known = find_word(words, ARRAY_LEN(words), value, &index);
    options->color = (enum when)index;
    return is_known;
}

static bool set_range(struct options *options, const char *value)
{
    options->range = value;
    return *value;
}

static bool set_check_heads(struct options *options, const char *value)
{
    (void)value;
    return options->checks_heads = true;
}

static bool set_indicate(struct options *options, const char *value)
{
    (void)value;
    return options->indicates_current = true;
}

static bool set_dependencies(struct options *options, const char *value)
{
    (void)value;
    return options->resolves_dependencies = true;
}

static bool set_message(struct options *options, const char *value)
{
    options->message = value;
    return true;
}

static bool set_rev_id(struct options *options, const char *value)
{
    options->rev_id = value;
    return *value;
}

static bool set_head(struct options *options, const char *value)
{
    options->head = value;
    return *value;
}

static bool set_splice(struct options *options, const char *value)
{
    (void)value;
    return options->splices = true;
}

static bool set_sql_template(struct options *options, const char *value)
{
    options->sql_template = value;
    return *value;
}

static bool add_word(struct words *words, const char *value)
{
    if (words->count == WORDS_MAX)
        return false;
    words->items[words->count++] = value;
    return *value;
}

static bool set_branch_label(struct options *options, const char *value)
{
    return add_word(&options->branch_labels, value);
}

static bool set_depends_on(struct options *options, const char *value)
{
    return add_word(&options->depends_on, value);
}

static bool set_dialect(struct options *options, const char *value)
{
    options->has_dialect = dialect_find(value, strlen(value), &options->dialect);
    return options->has_dialect;
}

static bool set_accept_chain_change(struct options *options, const char *value)
{
    (void)value;
    return options->accepts_chain_change = true;
}

static bool set_placeholder(struct options *options, const char *value)
{
    return strchr(value, '=') && add_word(&options->placeholders, value);
}

static bool set_keep(struct options *options, const char *value)
{
    options->has_keep = parse_u32(value, 0, UINT32_MAX, &options->keep);
    return options->has_keep;
}

static bool set_older_than(struct options *options, const char *value)
{
    return parse_duration(value, &options->older_than_ms) && options->older_than_ms;
}

static bool set_unfinished(struct options *options, const char *value)
{
    (void)value;
    return options->takes_unfinished = true;
}

static bool set_from(struct options *options, const char *value)
{
    options->from = value;
    return *value;
}

static bool set_table(struct options *options, const char *value)
{
    options->table = value;
    return *value;
}

static bool set_dry_run(struct options *options, const char *value)
{
    (void)value;
    return options->is_dry_run = true;
}

static bool set_purge(struct options *options, const char *value)
{
    (void)value;
    return options->purges = true;
}

static bool set_sql(struct options *options, const char *value)
{
    (void)value;
    return options->is_sql = true;
}

static bool set_done(struct options *options, const char *value)
{
    (void)value;
    return options->says_done = true;
}

static bool set_undone(struct options *options, const char *value)
{
    (void)value;
    return options->says_undone = true;
}

static bool set_quiet(struct options *options, const char *value)
{
    (void)value;
    return options->is_quiet = true;
}

static bool set_verbose(struct options *options, const char *value)
{
    (void)value;
    return options->is_verbose = true;
}

static bool set_help(struct options *options, const char *value)
{
    (void)value;
    return options->is_help = true;
}

static bool set_version(struct options *options, const char *value)
{
    (void)value;
    return options->is_version = true;
}

static const struct option_row rows[] = {
    {"file", 'f', "FILE", OPTIONS_COMMON, "the inventory (default: skein.yaml)", set_file},
    {"select", 's', "SELECTOR", OPTIONS_SELECT,
     "only tenants with these labels: 'tier=canary,region in (eu,us),!legacy'", set_select},
    {"tenant", 't', "NAME", OPTIONS_SELECT, "only this tenant (may be repeated)", set_tenant},
    {"wave", 0, "NAME", OPTIONS_SELECT | OPTIONS_WAVE, "only waves up to and including this one",
     set_wave},
    {"parallel", 'p', "N", OPTIONS_RUN, "tenants at once", set_parallel},
    {"per-server", 0, "N", OPTIONS_RUN, "tenants at once on one host and port", set_per_server},
    {"on-failure", 0, "stop|continue|rollback", OPTIONS_POLICY,
     "what to do once more than --max-failures tenants have failed", set_on_failure},
    {"max-failures", 0, "N|N%", OPTIONS_POLICY, "failures tolerated before that: a count or a share",
     set_max_failures},
    {"rev-range", 'r', "A:B", OPTIONS_RANGE, "only this part of the chain; either end may be open",
     set_range},
    {"check-heads", 0, NULL, OPTIONS_CHECK_HEADS, "exit 1 unless every tenant is at the head(s)",
     set_check_heads},
    {"indicate-current", 'i', NULL, OPTIONS_INDICATE, "mark where the selected tenants stand",
     set_indicate},
    {"resolve-dependencies", 0, NULL, OPTIONS_DEPENDENCIES,
     "leave out heads that another revision depends on", set_dependencies},
    {"message", 'm', "MESSAGE", OPTIONS_NEW, "what the revision does, in a line", set_message},
    {"rev-id", 0, "ID", OPTIONS_NEW, "its id (default: 12 random hex digits)", set_rev_id},
    {"head", 0, "REV", OPTIONS_PARENT,
     "what it revises (default: head); base for a new base, LABEL@head", set_head},
    {"splice", 0, NULL, OPTIONS_PARENT, "may revise what is not a head: a branch begins there",
     set_splice},
    {"branch-label", 0, "LABEL", OPTIONS_NEW, "names the branch that it begins (may be repeated)",
     set_branch_label},
    {"depends-on", 0, "REV", OPTIONS_PARENT,
     "must be there first without being revised (may be repeated)", set_depends_on},
    {"sql-template", 0, "FILE", OPTIONS_NEW, "made from this, not from the chain's revision.sql.in",
     set_sql_template},
    {"dialect", 0, "DIALECT", OPTIONS_IMPORT | OPTIONS_SQL,
     "sqlite, postgresql or mysql: whose SQL it is", set_dialect},
    {"placeholder", 0, "NAME=VALUE", OPTIONS_IMPORT,
     "what Flyway's ${NAME} stands for (may be repeated)", set_placeholder},
    {"sql", 0, NULL, OPTIONS_SQL, "print a script for psql or sqlite3 instead; TARGET may be A:B",
     set_sql},
    {"from", 0, "TOOL", OPTIONS_ADOPT, "dbmate, diesel, flyway, golang-migrate or goose", set_from},
    {"table", 0, "NAME", OPTIONS_ADOPT, "its version table, where it is not the tool's own",
     set_table},
    {"dry-run", 0, NULL, OPTIONS_DRY_RUN, "say what would be done, change nothing", set_dry_run},
    {"purge", 0, NULL, OPTIONS_PURGE, "empty the version table first, whatever is in it", set_purge},
    {"done", 0, NULL, OPTIONS_SETTLE, "the statement took effect: go on with the one behind it",
     set_done},
    {"undone", 0, NULL, OPTIONS_SETTLE, "it did not: go on with it", set_undone},
    {"accept-chain-change", 0, NULL, OPTIONS_AGAIN,
     "go on though revision files have changed since the run", set_accept_chain_change},
    {"keep", 0, "N", OPTIONS_FORGET, "but the newest N runs", set_keep},
    {"older-than", 0, "DURATION", OPTIONS_FORGET, "only runs begun longer ago: 12h, 90d",
     set_older_than},
    {"unfinished", 0, NULL, OPTIONS_FORGET, "runs that could still be resumed too", set_unfinished},
    {"output", 'o', "FORMAT[=FILE]", OPTIONS_OUTPUT,
     "text or json, to stdout or a file (may be repeated)", set_output},
    {"progress", 0, "MODE", OPTIONS_RUN, "auto, tty, plain, json or none, on stderr", set_progress},
    {"quiet", 'q', NULL, OPTIONS_COMMON, "say only what went wrong", set_quiet},
    {"verbose", 'v', NULL, OPTIONS_COMMON, "say more: every tenant", set_verbose},
    {"color", 0, "WHEN", OPTIONS_COMMON, "auto, always or never", set_color},
    {"help", 'h', NULL, OPTIONS_COMMON, "this text", set_help},
    {"version", 0, NULL, OPTIONS_COMMON, "the versions of skein and of its libraries", set_version},
};

enum { ROW_COUNT = ARRAY_LEN(rows), LONG_ONLY = 1000 };

/* ---- parsing ------------------------------------------------------------------------------- */

static void make_tables(struct option ret_long[ROW_COUNT + 1], char ret_short[ROW_COUNT * 2 + 3])
{
    char *at = ret_short;
    *at++ = '-'; /* arguments in their order, as option 1 */
    *at++ = ':'; /* tell a missing value from an unknown option */
    for (int i = 0; i < ROW_COUNT; i++) {
        int has_argument = rows[i].argument ? required_argument : no_argument;
        ret_long[i] = (struct option){rows[i].name, has_argument, NULL, LONG_ONLY + i};
        if (!rows[i].letter)
            continue;
        *at++ = (char)rows[i].letter;
        if (rows[i].argument)
            *at++ = ':';
    }
    *at = '\0';
    ret_long[ROW_COUNT] = (struct option){0};
}

static const struct option_row *row_of(int code)
{
    if (code >= LONG_ONLY)
        return &rows[code - LONG_ONLY];
    for (int i = 0; i < ROW_COUNT; i++)
        if (rows[i].letter == code)
            return &rows[i];
    return NULL;
}

static bool is_relative(const char *arg)
{
    return arg[0] == '-' && isdigit((unsigned char)arg[1]) &&
           strspn(arg + 1, "0123456789") == strlen(arg + 1);
}

static bool add_argument(struct options *options, const char *arg, struct err *err)
{
    if (!options->command) {
        options->command = command_find(arg);
        if (!options->command)
            return err_set(err, ERR_CONFIG, "no command '%s' (skein --help lists them)", arg);
        return true;
    }
    if (options->arg_count == ARGS_MAX)
        return err_set(err, ERR_CONFIG, "too many arguments");
    options->args[options->arg_count++] = arg;
    return true;
}

/* The flags of the command line; arguments go to the command's. The command may stand behind
 * options, so what it takes is checked at the end: `ret_groups` collects what was used. */
static bool parse_flags(int argc, char **argv, struct options *options, bool ret_used[ROW_COUNT],
                        struct err *err)
{
    struct option longs[ROW_COUNT + 1];
    char shorts[ROW_COUNT * 2 + 3];
    int code;
    make_tables(longs, shorts);
    opterr = 0;
    optind = 0;
    while (true) {
        int next = optind ? optind : 1;
        if (next < argc && is_relative(argv[next])) {
            optind = next + 1;
            if (!add_argument(options, argv[next], err))
                return false;
            continue;
        }
        if ((code = getopt_long(argc, argv, shorts, longs, NULL)) == -1)
            break;
        if (code == 1) {
            if (!add_argument(options, optarg, err))
                return false;
            continue;
        }
        const struct option_row *row = code == '?' || code == ':' ? NULL : row_of(code);
        if (!row)
            return err_set(err, ERR_CONFIG, code == ':' ? "option '%s' needs a value"
                                                        : "unknown option '%s'",
                           argv[optind - 1]);
        ret_used[row - rows] = true;
        if (!row->set(options, optarg ? optarg : ""))
            return err_set(err, ERR_CONFIG, "--%s: '%s' is not %s", row->name,
                           optarg ? optarg : "", row->argument);
    }
    for (int i = optind; i < argc; i++)
        if (!add_argument(options, argv[i], err))
            return false;
    return true;
}

/* SKEIN_PER_SERVER for --per-server, and so on, for what has a value. */
static bool apply_environment(struct options *options, const bool used[ROW_COUNT], struct err *err)
{
    for (int i = 0; i < ROW_COUNT; i++) {
        char name[64] = "SKEIN_";
        size_t len = strlen(name);
        if (used[i] || !rows[i].argument || !(rows[i].group & options->command->groups))
            continue;
        for (const char *p = rows[i].name; *p; p++)
            name[len++] = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
        name[len] = '\0';
        const char *value = getenv(name);
        if (value && !rows[i].set(options, value))
            return err_set(err, ERR_CONFIG, "%s: '%s' is not %s", name, value, rows[i].argument);
    }
    return true;
}

static bool check_use(const struct options *options, const bool used[ROW_COUNT], struct err *err)
{
    const struct command *command = options->command;
    for (int i = 0; i < ROW_COUNT; i++)
        if (used[i] && !(rows[i].group & command->groups))
            return err_set(err, ERR_CONFIG, "'skein %s' takes no --%s", command->name, rows[i].name);
    if (options->arg_count < command->min_args)
        return err_set(err, ERR_CONFIG, "usage: skein %s %s", command->name, command->arguments);
    if (options->arg_count > command->max_args)
        return err_set(err, ERR_CONFIG, "'skein %s' has no use for '%s'", command->name,
                       options->args[command->max_args]);
    return true;
}

bool options_parse(int argc, char **argv, struct options *ret_options, struct err *err)
{
    struct options *options = ret_options;
    bool used[ROW_COUNT] = {false};
    *options = (struct options){.file = "skein.yaml", .progress = "auto"};
    if (!parse_flags(argc, argv, options, used, err))
        return false;
    if (options->is_help || options->is_version)
        return true;
    if (!options->command)
        return err_set(err, ERR_CONFIG, "which command? (skein --help lists them)");
    return check_use(options, used, err) && apply_environment(options, used, err);
}

/* ---- help ---------------------------------------------------------------------------------- */

static void print_options(FILE *out, unsigned groups)
{
    fputs("\nOptions:\n", out);
    for (int i = 0; i < ROW_COUNT; i++) {
        char left[64];
        if (!(rows[i].group & groups))
            continue;
        const char *argument = rows[i].argument ? rows[i].argument : "";
        snprintf(left, sizeof left, "%c%c %s--%s%s%s", rows[i].letter ? '-' : ' ',
                 rows[i].letter ? rows[i].letter : ' ', rows[i].letter ? "" : "", rows[i].name,
                 *argument ? " " : "", argument);
        fprintf(out, "  %-30s %s\n", left, rows[i].help);
    }
}

void options_print_help(FILE *out, const struct command *command)
{
    if (command) {
        fprintf(out, "Usage: skein [-f FILE] %s %s\n\n%s\n", command->name, command->arguments,
                command->help);
        print_options(out, command->groups);
        return;
    }
    fputs("skein: upgrade a fleet of databases in one command.\n\n"
          "Usage: skein [-f FILE] COMMAND [ARGS]\n\nCommands:\n",
          out);
    const struct command *at;
    for (size_t i = 0; (at = command_at(i)); i++)
        fprintf(out, "  %-12s %s\n", at->name, at->summary);
    fputs("\n'skein COMMAND --help' tells more. A flag beats SKEIN_* in the environment\n"
          "(SKEIN_PARALLEL for --parallel), which beats the inventory.\n\n"
          "Exit codes: 0 done; 1 a tenant failed, or the run was halted; 2 usage, inventory or\n"
          "chain fault, nothing touched; 3 rolled back; 4 a person must look; 5 another run holds the\n"
          "ledger; 6 the ledger cannot be written; 130, 143 stopped by a signal.\n",
          out);
}

bool options_has_color(const struct options *options, FILE *out)
{
    if (options->color != WHEN_AUTO)
        return options->color == WHEN_ALWAYS;
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(fileno(out)) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}
