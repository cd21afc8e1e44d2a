#include "cli/uses.h"

#include "base/buf.h"
#include "cli/command.h"
#include "cli/environment.h"

/* ---- when ------------------------------------------------------------------------------------ */

static bool asks_tenants(const struct options *options)
{
    const struct command *command = options->command;
    unsigned needs = command->needs_for ? command->needs_for(options) : command->needs;
    return needs & FLEET_TENANTS;
}

static bool names_no_run(const struct options *options)
{
    return !options->arg_count;
}

/* By a variable of the environment too: the table of options has --state before --ledger. */
static bool asks_ledger(const struct options *options)
{
    return options->state;
}

static bool never(const struct options *options)
{
    (void)options;
    return false;
}

/* `completion reply`, which the scripts call, reads it. */
static bool is_reply(const struct options *options)
{
    return options->arg_count && strcmp(options->args[0], "reply") == 0;
}

static bool imports_flyway(const struct options *options)
{
    return options->arg_count && strcmp(options->args[0], "flyway") == 0;
}

/* ---- the table ------------------------------------------------------------------------------- */

/* What only permits something (--force, --splice, --accept-chain-change, --allow-empty, --unfinished) is of use
 * wherever that may come up. */
static const struct use uses[] = {
    {"dialect", "upgrade downgrade stamp", .needs = "sql",
     .why = "it says whose SQL the script is"},
    {"sql", NULL,
     .bars =
         "output parallel per-server progress on-failure max-failures force ledger wait dry-run yes state behind verify-schema plan metrics listen",
     .why = "a script is printed, and no tenant connected to"},
    {"listen-token-file", NULL, .needs = "listen", .why = "no one is listened to"},
    {"plan", "upgrade", .bars = "behind", .why = "the plan says which tenants are meant"},
    {"revision", "schema",
     .bars = "select tenant wave allow-empty state behind ledger parallel per-server progress",
     .why = "the chain is replayed, and no tenant asked"},
    {"examples", "plan", .needs = "preflight", .why = "it is about rows that do not fit"},
    {"preflight", "plan", .bars = "rehearse", .why = "a rehearsal meets the rows themselves"},
    {"dialect", "schema", .needs = "revision", .why = "each tenant has its own"},
    {"dialect", "check", .needs = "chain", .why = "each tenant has its own"},
    {"chain", NULL,
     .bars =
         "select tenant state behind ledger wave allow-empty parallel per-server progress schema",
     .why = "the chain alone is looked at, and no tenant asked"},
    {"ledger", "current plan check tenants schema drift lint", .holds = asks_ledger,
     .why = "no --state asks the ledger"},
    {"select tenant wave allow-empty state behind", "lint", .needs = "fleet",
     .why = "no tenant is asked"},
    {"ledger parallel per-server progress", "lint", .needs = "fleet", .why = "no tenant is asked"},
    {"fleet", NULL, .bars = "dialect", .why = "each tenant has its own"},
    {"to-tenant", NULL, .bars = "dialect", .why = "the tenant has one"},
    {"rename allow-drop dialect to-tenant", "revision", .needs = "autogenerate",
     .why = "nothing is compared"},
    {"sql-template", "revision", .bars = "autogenerate", .why = "the file is made of what differs"},
    {"done", NULL, .bars = "undone statements", .why = "a statement ended in one way"},
    {"undone", NULL, .bars = "statements", .why = "a statement ended in one way"},
    {"all", "forget", .holds = names_no_run, .why = "a run is named, of whatever inventory it is"},
    {"ledger", "completion", .holds = is_reply, .why = "a script is printed"},
    {"placeholder", "import", .holds = imports_flyway, .why = "the tool is not flyway"},
    {"per-server", "work", .holds = never, .why = "the run's limit is that of all its machines"},
    {"forever", NULL, .bars = "wait", .why = "it waits for as long as it takes"},
    {"select tenant wave allow-empty parallel per-server", "history show edit",
     .holds = asks_tenants, .why = "no tenant is asked ('current' and -i ask them)"},
};

const struct use *use_at(size_t index)
{
    return index < ARRAY_LEN(uses) ? &uses[index] : NULL;
}

/* ---- lists of names -------------------------------------------------------------------------- */

bool use_lists(const char *list, const char *word)
{
    size_t word_len = strlen(word);
    for (size_t len; list && *list; list += len + (list[len] == ' ')) {
        len = strcspn(list, " ");
        if (len == word_len && strncmp(list, word, len) == 0)
            return true;
    }
    return false;
}

/* The first name of the list that was given; false: none. */
static bool find_given(const struct options *options, const char *list,
                       char ret_name[VARIABLE_SIZE])
{
    for (size_t len; list && *list; list += len + (list[len] == ' ')) {
        len = strcspn(list, " ");
        snprintf(ret_name, VARIABLE_SIZE, "%.*s", (int)len, list);
        if (options_is_given(options, ret_name))
            return true;
    }
    return false;
}

bool use_concerns(const struct use *use, const struct command *command)
{
    return !use->commands || use_lists(use->commands, command->name);
}

/* ---- checking -------------------------------------------------------------------------------- */

static bool check_use(const struct use *use, const struct options *options, struct err *err)
{
    char name[VARIABLE_SIZE], other[VARIABLE_SIZE];
    if (!use_concerns(use, options->command) || !find_given(options, use->options, name))
        return true;
    if (use->needs && !find_given(options, use->needs, other))
        return err_set(err, ERR_CONFIG, "--%s has no effect without --%s: %s", name, use->needs,
                       use->why);
    if (find_given(options, use->bars, other))
        return err_set(err, ERR_CONFIG, "--%s has no effect with --%s: %s", other, name, use->why);
    if (use->holds && !use->holds(options))
        return err_set(err, ERR_CONFIG, "--%s has no effect where %s", name, use->why);
    return true;
}

bool uses_check(const struct options *options, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(uses); i++)
        if (!check_use(&uses[i], options, err))
            return false;
    return true;
}

bool uses_has_effect(const struct options *options, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
        const struct use *use = &uses[i];
        char other[VARIABLE_SIZE];
        if (!use_concerns(use, options->command))
            continue;
        if (use_lists(use->bars, name) && find_given(options, use->options, other))
            return false;
        if (!use_lists(use->options, name))
            continue;
        if ((use->needs && !find_given(options, use->needs, other)) ||
            find_given(options, use->bars, other) || (use->holds && !use->holds(options)))
            return false;
    }
    return true;
}

/* ---- telling --------------------------------------------------------------------------------- */

static bool takes(const struct command *command, const char *name)
{
    struct option_info info;
    for (size_t i = 0; option_at(i, &info); i++)
        if (strcmp(info.name, name) == 0)
            return info.groups & command->groups;
    return false;
}

/* `--output, --parallel`: what of the list the command takes. */
static size_t add_names(struct buf *buf, const char *list, const struct command *command)
{
    size_t count = 0;
    for (size_t len; list && *list; list += len + (list[len] == ' ')) {
        char name[VARIABLE_SIZE];
        len = strcspn(list, " ");
        snprintf(name, sizeof name, "%.*s", (int)len, list);
        if (takes(command, name))
            buf_addf(buf, "%s--%s", count++ ? ", " : "", name);
    }
    return count;
}

void use_add_sentence(struct buf *buf, const struct use *use, const struct command *command)
{
    struct buf names, others;
    buf_init(&names, BUF_MAX_DEFAULT);
    buf_init(&others, BUF_MAX_DEFAULT);
    bool has_names = use_concerns(use, command) && add_names(&names, use->options, command);
    bool has_others = add_names(&others, use->needs ? use->needs : use->bars, command);
    if (has_names && use->holds)
        buf_addf(buf, "%s: not where %s", names.data, use->why);
    else if (has_names && has_others)
        buf_addf(buf, "%s: %s %s, since %s", names.data, use->needs ? "only with" : "not with",
                 others.data, use->why);
    buf_done(&names);
    buf_done(&others);
}
