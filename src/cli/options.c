#include "cli/options.h"

#include <getopt.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/similar.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/uses.h"
#include "report/report.h"

/* Where what was said goes: a flag becomes true, a text is kept, and a setter looks at it first. */
struct option_row {
    const char *name;
    int letter;           /* 0: none */
    const char *argument; /* NULL: takes none, and is a flag */
    unsigned groups;
    const char *help;
    size_t at; /* the member's place in struct options, where there is no setter */
    bool (*set)(struct options *options, const char *value); /* false: that will not do */
};

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

/* FORMAT or FORMAT=FILE. */
static bool set_output(struct options *options, const char *value)
{
    const char *equals = strchr(value, '=');
    if (options->output_count == OUTPUTS_MAX || (equals && !equals[1]))
        return false;
    size_t len = equals ? (size_t)(equals - value) : strlen(value);
    const struct report_format *format;
    for (size_t i = 0; (format = report_format_at(i)); i++)
        if (strlen(format->name) == len && strncmp(format->name, value, len) == 0) {
            options->outputs[options->output_count++] =
                (struct output){format->name, equals ? equals + 1 : NULL};
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

#define TO(member) offsetof(struct options, member), NULL

static const struct option_row rows[] = {
    {"file", 'f', "FILE", OPTIONS_COMMON, "the inventory, or its folder (default: skein.yaml here)",
     TO(file)},
    {"select", 's', "SELECTOR", OPTIONS_SELECT | OPTIONS_NARROW,
     "only these: 'tier=canary,region in (eu,us),!legacy'; repeated: all must hold", 0, set_select},
    {"tenant", 't', "NAME", OPTIONS_SELECT | OPTIONS_NARROW | OPTIONS_NAMES,
     "only this tenant; repeated: any of them; with --select both must hold", 0, set_tenant},
    {"state", 0, "STATE,…[@RUN]", OPTIONS_STATE,
     "only tenants in these states in the report of RUN (default: the newest)", TO(state)},
    {"behind", 0, NULL, OPTIONS_STATE,
     "only tenants that are not at the target, or else the head(s)", TO(is_behind)},
    {"ledger", 0, "WHERE", OPTIONS_LEDGER,
     "the record of runs: a file or URL (default: the inventory's)", TO(ledger)},
    {"wait", 0, "DURATION", OPTIONS_WAIT,
     "for another run that holds the ledger: 30s, 10m (default: 0s, exit 5)", 0, set_wait},
    {"allow-empty", 0, NULL, OPTIONS_SELECT,
     "go on where no tenant is selected, or has a label that --select names", TO(allows_empty)},
    {"wave", 0, "NAME", OPTIONS_SELECT | OPTIONS_WAVE, "only waves up to and including this one",
     TO(wave)},
    {"parallel", 'p', "N", OPTIONS_PARALLEL, "tenants at once (default: the inventory's, else 32)",
     0, set_parallel},
    {"per-server", 0, "N", OPTIONS_PARALLEL,
     "tenants at once on one host and port (default: the inventory's, else 8)", 0, set_per_server},
    {"on-failure", 0, "stop|continue|rollback", OPTIONS_POLICY,
     "what to do after --max-failures (default: the inventory's, else stop)", 0, set_on_failure},
    {"max-failures", 0, "N|N%", OPTIONS_POLICY,
     "failures tolerated: a count or a share (default: the inventory's, else 0)", 0,
     set_max_failures},
    {"rev-range", 'r', "A:B", OPTIONS_RANGE, "only this part of the chain; either end may be open",
     TO(range)},
    {"check-heads", 0, NULL, OPTIONS_CHECK_HEADS, "exit 1 unless every tenant is at the head(s)",
     TO(checks_heads)},
    {"summary", 0, NULL, OPTIONS_CHECK_HEADS,
     "how many tenants stand where, without a line for each", TO(is_summary)},
    {"chain", 0, NULL, OPTIONS_CHECK, "the chain alone: no tenant is asked, no secret is needed",
     TO(checks_chain)},
    {"indicate-current", 'i', NULL, OPTIONS_INDICATE, "mark where the selected tenants stand",
     TO(indicates_current)},
    {"resolve-dependencies", 0, NULL, OPTIONS_DEPENDENCIES,
     "leave out heads that another revision depends on", TO(resolves_dependencies)},
    {"message", 'm', "MESSAGE", OPTIONS_NEW, "what the revision does, in a line", 0, set_message},
    {"rev-id", 0, "ID", OPTIONS_NEW, "its id (default: 12 random hex digits)", TO(rev_id)},
    {"head", 0, "REV", OPTIONS_PARENT,
     "what it revises (default: head); base for a new base, LABEL@head", TO(head)},
    {"splice", 0, NULL, OPTIONS_PARENT, "may revise what is not a head: a branch begins there",
     TO(splices)},
    {"branch-label", 0, "LABEL", OPTIONS_NEW, "names the branch that it begins (may be repeated)",
     0, set_branch_label},
    {"depends-on", 0, "REV", OPTIONS_PARENT,
     "must be there first without being revised (may be repeated)", 0, set_depends_on},
    {"sql-template", 0, "FILE", OPTIONS_NEW, "made from this, not from the chain's revision.sql.in",
     TO(sql_template)},
    {"dialect", 0, "DIALECT", OPTIONS_IMPORT | OPTIONS_SQL | OPTIONS_CHECK,
     "sqlite, postgresql or mysql: whose SQL it is", 0, set_dialect},
    {"placeholder", 0, "NAME=VALUE", OPTIONS_IMPORT,
     "what Flyway's ${NAME} stands for (may be repeated)", 0, set_placeholder},
    {"sql", 0, NULL, OPTIONS_SQL,
     "print a script for psql, mariadb or sqlite3 instead; TARGET may be A:B", TO(is_sql)},
    {"from", 0, "TOOL", OPTIONS_ADOPT,
     "alembic-sql, dbmate, diesel, flyway, golang-migrate or goose", TO(from)},
    {"table", 0, "NAME", OPTIONS_ADOPT, "its version table, where it is not the tool's own",
     TO(table)},
    {"dry-run", 0, NULL, OPTIONS_DRY_RUN, "say what would be done, change nothing", TO(is_dry_run)},
    {"yes", 'y', NULL, OPTIONS_YES, "go on without asking, also on a terminal", TO(says_yes)},
    {"purge", 0, NULL, OPTIONS_PURGE, "empty the version table first, whatever is in it",
     TO(purges)},
    {"force", 0, NULL, OPTIONS_FORCE, "also where none of the tables is there that the chain makes",
     TO(is_forced)},
    {"done", 0, NULL, OPTIONS_SETTLE, "the statement took effect: go on with the one after it",
     TO(says_done)},
    {"undone", 0, NULL, OPTIONS_SETTLE, "it did not: go on with it", TO(says_undone)},
    {"statements", 0, "N", OPTIONS_SETTLE,
     "so many of the file's statements took effect: go on after them", 0, set_statements},
    {"accept-chain-change", 0, NULL, OPTIONS_CONTINUATION,
     "go on though revision files have changed since the run", TO(accepts_chain_change)},
    {"keep", 0, "N", OPTIONS_FORGET, "but the newest N runs", 0, set_keep},
    {"older-than", 0, "DURATION", OPTIONS_FORGET, "only runs begun longer ago: 12h, 90d", 0,
     set_older_than},
    {"unfinished", 0, NULL, OPTIONS_FORGET, "runs that could still be resumed too",
     TO(takes_unfinished)},
    {"all", 0, NULL, OPTIONS_ALL, "runs of other inventories that share the ledger, too",
     TO(takes_all)},
    {"output", 'o', "FORMAT[=FILE]", OPTIONS_OUTPUT,
     ": the format, to stdout or a file (may be repeated)", 0, set_output},
    {"progress", 0, "MODE", OPTIONS_PROGRESS,
     "auto, tty, plain, json or none, on stderr (default: auto)", 0, set_progress},
    {"quiet", 'q', NULL, OPTIONS_COMMON, "say only what went wrong", TO(is_quiet)},
    {"verbose", 'v', NULL, OPTIONS_COMMON, "say more: every tenant, warnings and notices",
     TO(is_verbose)},
    {"color", 0, "WHEN", OPTIONS_COMMON, "auto, always or never (default: auto)", 0, set_color},
    {"help", 'h', NULL, OPTIONS_COMMON, "this text", TO(is_help)},
    {"version", 0, NULL, OPTIONS_COMMON, "the versions of skein and of its libraries",
     TO(is_version)},
};

#undef TO

enum { ROW_COUNT = ARRAY_LEN(rows), LONG_ONLY = 1000 };
_Static_assert(ARRAY_LEN(rows) <= OPTIONS_MAX, "room for each option");

/* `text or json: the format, …`, from the table of formats; any other row has its help alone. */
static void add_help(struct buf *buf, const struct option_row *row)
{
    const struct report_format *format;
    for (size_t i = 0; row->set == set_output && (format = report_format_at(i)); i++)
        buf_addf(buf, "%s%s", !i ? "" : report_format_at(i + 1) ? ", " : " or ", format->name);
    buf_adds(buf, row->help);
}

/* ---- parsing ------------------------------------------------------------------------------- */

static bool set_option(struct options *options, const struct option_row *row, const char *value)
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

/* `what` is how it was said: --color, or SKEIN_COLOR. */
static bool set_checked(struct options *options, const struct option_row *row, const char *what,
                        const char *value, struct err *err)
{
    struct buf help;
    if (set_option(options, row, value))
        return true;
    if (!value[strspn(value, " \t")])
        return err_set(err, ERR_CONFIG, "%s: the value is empty", what);
    buf_init(&help, BUF_MAX_DEFAULT);
    add_help(&help, row);
    err_set(err, ERR_CONFIG, "%s: '%s' is not %s: %s", what, value, row->argument, help.data);
    buf_done(&help);
    return false;
}

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
    return arg[0] == '-' && ascii_is_digit(arg[1]) &&
           strspn(arg + 1, "0123456789") == strlen(arg + 1);
}

static bool refuse_command(const char *word, struct err *err)
{
    struct similar similar = similar_to(word);
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)); i++)
        similar_try(&similar, command->name);
    err_set(err, ERR_CONFIG, "no command '%s' (skein --help lists them)", word);
    similar_add_hint(err, &similar);
    return false;
}

static bool refuse_option(const char *word, struct err *err)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    struct similar similar = similar_to(name + strspn(name, "-"));
    for (int i = 0; i < ROW_COUNT && strncmp(word, "--", 2) == 0; i++)
        similar_try(&similar, rows[i].name);
    err_set(err, ERR_CONFIG, "unknown option '%s'", word);
    if (similar.best)
        err_add(err, "; did you mean '--%s'?", similar.best);
    return false;
}

static bool add_argument(struct options *options, const char *arg, struct err *err)
{
    if (!options->command) {
        options->command = command_find(arg);
        if (!options->command)
            return refuse_command(arg, err);
        return true;
    }
    if (options->arg_count == ARGS_MAX)
        return err_set(err, ERR_CONFIG, "too many arguments");
    options->args[options->arg_count++] = arg;
    return true;
}

static bool use_option(struct options *options, const struct option_row *row, struct err *err)
{
    char what[64];
    snprintf(what, sizeof what, "--%s", row->name);
    return set_checked(options, row, what, optarg ? optarg : "", err);
}

/* Of any other, one value would be ignored in silence. How things look may be said again. */
static bool may_repeat(const struct option_row *row)
{
    static bool (*const setters[])(struct options *, const char *) = {
        set_select,      set_tenant, set_branch_label, set_depends_on,
        set_placeholder, set_output, set_color,        set_progress,
    };
    for (size_t i = 0; i < ARRAY_LEN(setters); i++)
        if (row->set == setters[i])
            return true;
    return false;
}

/* What getopt found: an argument, an option, or neither. */
static bool take(struct options *options, int code, const char *word, struct err *err)
{
    if (code == 1)
        return add_argument(options, optarg, err);
    if (code == ':')
        return err_set(err, ERR_CONFIG, "option '%s' needs a value", word);
    const struct option_row *row = code == '?' ? NULL : row_of(code);
    if (!row && optopt >= LONG_ONLY)
        return err_set(err, ERR_CONFIG, "option '--%s' takes no value", row_of(optopt)->name);
    if (!row)
        return refuse_option(word, err);
    bool is_first = !options->given[row - rows];
    if (!is_first && row->argument && !may_repeat(row))
        return err_set(err, ERR_CONFIG, "--%s is given twice: which one is meant?", row->name);
    options->given[row - rows] = true;
    return use_option(options, row, err);
}

/* The command may stand after options, so whether it takes them is checked at the end. */
static bool parse_flags(int argc, char **argv, struct options *options, struct err *err)
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
        if (!take(options, code, argv[next], err))
            return false;
    }
    for (int i = optind; i < argc; i++)
        if (!add_argument(options, argv[i], err))
            return false;
    return true;
}

/* For the record. The value is not kept: it may be a URL with a password. */
static void note_setting(struct options *options, const struct option_row *row,
                         const char *variable)
{
    static char texts[ROW_COUNT][2 * VARIABLE_SIZE]; /* a row's text is always the same */
    char *text = texts[row - rows];
    snprintf(text, sizeof texts[0], "--%s from %s", row->name, variable);
    if (options->settings.count < WORDS_MAX)
        options->settings.items[options->settings.count++] = text;
}

/* A flag has no variable. A person who set SKEIN_DRY_RUN would see the command do what they meant to look at. */
static bool refuse_flag_variable(const struct options *options, const struct option_row *row,
                                 struct err *err)
{
    char name[VARIABLE_SIZE];
    option_name_variable(row->name, name);
    const char *value = row->argument ? NULL : getenv(name);
    bool is_common = row->groups & OPTIONS_COMMON;
    if (!value || !*value || is_common || !(row->groups & options->command->groups))
        return true;
    return err_set(err, ERR_CONFIG,
                   "'%s' in the environment has no effect: --%s is for the command line alone",
                   name, row->name);
}

/* A variable that is empty counts as not set; one that has no effect on this command is meant for others. */
static bool apply_environment(struct options *options, struct err *err)
{
    for (int i = 0; i < ROW_COUNT; i++) {
        char name[VARIABLE_SIZE];
        if (!refuse_flag_variable(options, &rows[i], err))
            return false;
        if (options->given[i] || !rows[i].argument ||
            !(rows[i].groups & options->command->groups) || !uses_has_effect(options, rows[i].name))
            continue;
        option_name_variable(rows[i].name, name);
        const char *value = getenv(name);
        if (!value || !*value)
            continue;
        if (!set_checked(options, &rows[i], name, value, err))
            return false;
        note_setting(options, &rows[i], name);
    }
    return true;
}

bool options_is_given(const struct options *options, const char *name)
{
    for (int i = 0; i < ROW_COUNT; i++)
        if (options->given[i] && strcmp(rows[i].name, name) == 0)
            return true;
    return false;
}

static bool check_use(const struct options *options, struct err *err)
{
    const struct command *command = options->command;
    for (int i = 0; i < ROW_COUNT; i++)
        if (options->given[i] && !(rows[i].groups & command->groups))
            return err_set(err, ERR_CONFIG, "'skein %s' takes no --%s", command->name,
                           rows[i].name);
    if (options->arg_count < command->min_args)
        return err_set(err, ERR_CONFIG, "usage: skein %s %s", command->name, command->arguments);
    if (options->arg_count > command->max_args)
        return err_set(err, ERR_CONFIG, "'skein %s' has no use for '%s'", command->name,
                       options->args[command->max_args]);
    return uses_check(options, err);
}

bool options_parse(int argc, char **argv, struct options *ret_options, struct err *err)
{
    struct options *options = ret_options;
    *options = (struct options){.file = ".", .progress = "auto"};
    if (!parse_flags(argc, argv, options, err))
        return false;
    if (options->is_help || options->is_version)
        return true;
    if (!options->command)
        return err_set(err, ERR_CONFIG, "which command? (skein --help lists them)");
    return check_use(options, err) && apply_environment(options, err);
}

bool option_at(size_t index, struct option_info *ret_info)
{
    if (index >= ROW_COUNT)
        return false;
    const struct option_row *row = &rows[index];
    *ret_info = (struct option_info){row->name, row->letter, row->argument, row->groups};
    return true;
}

void option_add_help(struct buf *buf, size_t index)
{
    add_help(buf, &rows[index]);
}

bool options_has_color(const struct options *options, FILE *out)
{
    if (options->color != WHEN_AUTO)
        return options->color == WHEN_ALWAYS;
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(fileno(out)) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}
