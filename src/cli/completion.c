/* Completions for shells. A shell's script is a few lines: what may stand next is computed here, from
 * the tables of commands and options, the inventory, the chain and the ledger. */
#include "base/buf.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "import/import.h"
#include "ledger/ledger.h"

enum { RUNS_SHOWN = 50 };

/* The words so far, and the one to be completed. */
struct completing {
    const char *const *words; /* before the last */
    size_t count;
    const char *last;
    const char *file;              /* the inventory */
    const char *ledger;            /* NULL: the inventory's */
    const struct command *command; /* NULL: none yet */
    size_t argument; /* how many arguments of the command stand before the last word */
    const struct option_info *option; /* whose value the last word is; NULL: none */
    struct option_info option_found;
};

/* A word that fits, with a remark for shells that show one. Nothing that a shell's script would take for two
 * words gets out. */
static void offer(const struct completing *completing, const char *word, const char *remark)
{
    bool fits = strncmp(word, completing->last, strlen(completing->last)) == 0;
    if (!fits || strpbrk(word, "\t\n\r"))
        return;
    printf("%s\t%.*s\n", word, (int)strcspn(remark, "\t\n\r"), remark);
}

static void offer_words(const struct completing *completing, choice_fn *word_at)
{
    const char *word;
    for (size_t i = 0; (word = word_at(i)); i++)
        offer(completing, word, "");
}

/* ---- what is read ---------------------------------------------------------------------------- */

/* Faults of the inventory are not told: a completion has no place for them. */
static bool read_fleet(const struct completing *completing, unsigned needs, struct fleet *fleet)
{
    struct faults faults;
    struct fleet_request request = {
        .inventory = completing->file, .ledger = completing->ledger, .needs = needs};
    faults_init(&faults);
    bool is_good = fleet_open(fleet, &request, &faults);
    faults_done(&faults);
    return is_good;
}

static void offer_tenants(const struct completing *completing)
{
    struct fleet fleet;
    if (read_fleet(completing, FLEET_INVENTORY, &fleet))
        for (size_t i = 0; i < fleet.inventory->tenant_count; i++)
            offer(completing, fleet.inventory->tenants[i].name,
                  fleet.inventory->tenants[i].url_redacted);
    fleet_done(&fleet);
}

static void offer_waves(const struct completing *completing)
{
    struct fleet fleet;
    if (read_fleet(completing, FLEET_INVENTORY, &fleet))
        for (size_t i = 0; i < fleet.inventory->rollout.wave_count; i++)
            offer(completing, fleet.inventory->rollout.waves[i].name, "");
    fleet_done(&fleet);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* `key=value` of each label, once. */
static void offer_labels(const struct completing *completing)
{
    struct fleet fleet;
    const char **labels = NULL;
    size_t count = 0, capacity = 0;
    bool is_good = read_fleet(completing, FLEET_INVENTORY, &fleet);
    for (size_t i = 0; is_good && i < fleet.inventory->tenant_count; i++) {
        const struct tenant *tenant = &fleet.inventory->tenants[i];
        for (size_t l = 0; l < tenant->label_count; l++)
            *ARENA_PUSH(&fleet.arena, labels, count, capacity) =
                arena_printf(&fleet.arena, "%s=%s", tenant->labels[l].key,
                             tenant->labels[l].value ? tenant->labels[l].value : "");
    }
    if (count)
        qsort(labels, count, sizeof *labels, compare_texts);
    for (size_t i = 0; i < count; i++)
        if (!i || strcmp(labels[i], labels[i - 1]) != 0)
            offer(completing, labels[i], "");
    fleet_done(&fleet);
}

static void offer_revisions(const struct completing *completing)
{
    struct fleet fleet;
    offer(completing, "head", "the newest revision");
    offer(completing, "heads", "the newest of each branch");
    offer(completing, "base", "before the first");
    if (read_fleet(completing, FLEET_CHAIN, &fleet))
        for (size_t i = 0; i < fleet.chain->count; i++) {
            const struct revision *revision = fleet.chain->revisions[i];
            offer(completing, revision->id, revision->message);
            for (size_t l = 0; l < revision->label_count; l++)
                offer(completing, arena_printf(&fleet.arena, "%s@head", revision->labels[l]), "");
        }
    fleet_done(&fleet);
}

static void offer_runs(const struct completing *completing)
{
    struct fleet fleet;
    struct ledger_run *runs;
    struct err err;
    size_t count;
    struct ledger *ledger = NULL;
    if (read_fleet(completing, FLEET_INVENTORY, &fleet) && fleet_ledger(&fleet, &err))
        ledger = ledger_open(fleet.inventory->ledger, LEDGER_READ, &err);
    if (ledger && ledger_list(ledger, &fleet.arena, &runs, &count, &err))
        for (size_t i = 0; i < count && i < RUNS_SHOWN; i++)
            offer(completing, runs[i].id,
                  arena_printf(&fleet.arena, "%s %s: %s", runs[i].verb->name, runs[i].target,
                               run_state_name(runs[i].state)));
    ledger_close(ledger);
    fleet_done(&fleet);
}

static void offer_states(const struct completing *completing)
{
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++)
        offer(completing, tenant_state_name(state), "");
}

/* The shell knows best. */
static void offer_files(const struct completing *completing)
{
    (void)completing;
    puts("@files");
}

/* ---- what may stand where -------------------------------------------------------------------- */

/* Values of options that are no choice of fixed words: those the table of options has. */
static const struct {
    const char *option;
    void (*offer)(const struct completing *completing);
} values[] = {
    {"file", offer_files},          {"ledger", offer_files},       {"select", offer_labels},
    {"tenant", offer_tenants},      {"wave", offer_waves},         {"state", offer_states},
    {"rev-range", offer_revisions}, {"head", offer_revisions},     {"depends-on", offer_revisions},
    {"sql-template", offer_files},  {"revision", offer_revisions},
};

static const char *shell_at(size_t index)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    return index < ARRAY_LEN(shells) ? shells[index] : NULL;
}

static const struct {
    const char *argument; /* a word of the command's usage */
    choice_fn *word_at;   /* NULL: */
    void (*offer)(const struct completing *completing);
} arguments[] = {
    {"TARGET", NULL, offer_revisions}, {"REV", NULL, offer_revisions},
    {"RUN", NULL, offer_runs},         {"TENANT", NULL, offer_tenants},
    {"SHELL", shell_at, NULL},         {"TOOL", import_tool_name_at, NULL},
    {"DIR", NULL, offer_files},
};

static void offer_value(const struct completing *completing)
{
    choice_fn *word_at = option_words(completing->option->index, completing->command);
    if (word_at) {
        offer_words(completing, word_at);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        if (strcmp(values[i].option, completing->option->name) == 0)
            values[i].offer(completing);
}

static void offer_options(const struct completing *completing)
{
    struct option_info info;
    uint64_t groups = completing->command ? completing->command->groups : OPTIONS_COMMON;
    for (size_t i = 0; option_at(i, &info); i++) {
        char word[64];
        struct buf help;
        if (!(info.groups & groups))
            continue;
        snprintf(word, sizeof word, "--%s", info.name);
        buf_init(&help, BUF_MAX_DEFAULT);
        option_add_help(&help, i, completing->command);
        offer(completing, word, help.data);
        buf_done(&help);
    }
}

/* The words of the usage stand in the order of the arguments; the last one may repeat. */
static void offer_argument(const struct completing *completing)
{
    const char *usage = completing->command->arguments;
    size_t at = 0, last = SIZE_MAX;
    for (const char *word = usage; *word; word += strcspn(word, " "), word += strspn(word, " ")) {
        size_t skip = strspn(word, "[");
        for (size_t i = 0; i < ARRAY_LEN(arguments); i++)
            if (strncmp(word + skip, arguments[i].argument, strlen(arguments[i].argument)) == 0 &&
                at <= completing->argument) {
                last = i;
                at++;
            }
    }
    if (last == SIZE_MAX || completing->argument >= completing->command->max_args)
        return;
    if (arguments[last].word_at)
        offer_words(completing, arguments[last].word_at);
    else
        arguments[last].offer(completing);
}

static void offer_commands(const struct completing *completing)
{
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)); i++)
        offer(completing, command->name, command->summary);
}

/* ---- reading the words ----------------------------------------------------------------------- */

static bool find_option(const char *word, struct option_info *ret_info)
{
    bool is_long = strncmp(word, "--", 2) == 0;
    for (size_t i = 0; option_at(i, ret_info); i++)
        if (is_long ? strcmp(word + 2, ret_info->name) == 0
                    : ret_info->letter && word[1] == ret_info->letter && !word[2])
            return true;
    return false;
}

/* Takes the words before the last one. */
static void read_words(struct completing *completing)
{
    for (size_t i = 0; i < completing->count; i++) {
        const char *word = completing->words[i];
        bool is_option = word[0] == '-' && word[1];
        if (is_option && find_option(word, &completing->option_found) &&
            completing->option_found.argument && completing->option_found.argument[0] != '[') {
            if (i + 1 == completing->count)
                completing->option = &completing->option_found;
            else if (strcmp(completing->option_found.name, "file") == 0)
                completing->file = completing->words[i + 1];
            else if (strcmp(completing->option_found.name, "ledger") == 0)
                completing->ledger = completing->words[i + 1];
            i++;
        } else if (!is_option && !completing->command) {
            completing->command = command_find(word);
        } else if (!is_option) {
            completing->argument++;
        }
    }
}

static int reply(const struct options *options)
{
    struct completing completing = {
        .words = options->args + 1,
        .count = options->arg_count > 1 ? options->arg_count - 2 : 0,
        .last = options->arg_count > 1 ? options->args[options->arg_count - 1] : "",
        .file = options->file,
        .ledger = options->ledger,
    };
    read_words(&completing);
    if (completing.option)
        offer_value(&completing);
    else if (*completing.last == '-')
        offer_options(&completing);
    else if (completing.command)
        offer_argument(&completing);
    else
        offer_commands(&completing);
    return EXIT_OK;
}

/* ---- the shells' scripts --------------------------------------------------------------------- */

/* Bash takes a word apart at = and :, so the words are read from the line, and what bash has put in front
 * already is cut off. */
static const char bash[] =
    "# skein's completions for bash: eval \"$(skein completion bash)\"\n"
    "_skein() {\n"
    "    local line text=\"${COMP_LINE:0:COMP_POINT}\" words last cut=\n"
    "    read -ra words <<<\"$text\"\n"
    "    [[ $text == *[[:space:]] ]] && words+=('')\n"
    "    last=${words[-1]}\n"
    "    [[ $last == *[=:]* ]] && cut=${last%\"${last##*[=:]}\"}\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        if [[ $line == @files ]]; then\n"
    "            compopt -o default\n"
    "        elif [[ -n $line ]]; then\n"
    "            line=${line%%$'\\t'*}\n"
    "            COMPREPLY+=(\"$(printf %q \"${line#\"$cut\"}\")\")\n"
    "        fi\n"
    "    done < <(\"${words[0]}\" completion reply -- \"${words[@]:1}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _skein skein\n";

static const char zsh[] =
    "#compdef skein\n"
    "# skein's completions for zsh: eval \"$(skein completion zsh)\", or this text as _skein in $fpath\n"
    "_skein() {\n"
    "    local line word files=0\n"
    "    local -a described\n"
    "    for line in \"${(@f)$(${words[1]} completion reply -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\"; do\n"
    "        if [[ $line == @files ]]; then\n"
    "            files=1\n"
    "        elif [[ -n $line ]]; then\n"
    "            word=${line%%$'\\t'*}\n"
    "            described+=(\"${word//:/\\\\:}:${line#*$'\\t'}\")\n"
    "        fi\n"
    "    done\n"
    "    (( $#described )) && _describe -V skein described\n"
    "    (( files )) && _files\n"
    "    return 0\n"
    "}\n"
    "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _skein \"$@\"; else compdef _skein skein; fi\n";

static const char fish[] =
    "# skein's completions for fish: skein completion fish | source\n"
    "function __skein_reply\n"
    "    set -l words (commandline -opc) (commandline -ct)\n"
    "    for line in ($words[1] completion reply -- $words[2..-1] 2>/dev/null)\n"
    "        if test \"$line\" = @files\n"
    "            __fish_complete_path (commandline -ct)\n"
    "        else\n"
    "            echo $line\n"
    "        end\n"
    "    end\n"
    "end\n"
    "complete -c skein -f -a '(__skein_reply)'\n";

static int run_completion(struct fleet *fleet, const struct options *options)
{
    static const struct {
        const char *shell, *script;
    } scripts[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    struct err err;
    (void)fleet;
    if (strcmp(options->args[0], "reply") == 0)
        return reply(options);
    for (size_t i = 0; options->arg_count == 1 && i < ARRAY_LEN(scripts); i++)
        if (strcmp(options->args[0], scripts[i].shell) == 0) {
            fputs(scripts[i].script, stdout);
            return EXIT_OK;
        }
    err_set(&err, ERR_CONFIG, "'%s' is no shell that completions are for: bash, zsh or fish",
            options->args[0]);
    return cli_fail(&err);
}

const struct command command_completion = {
    .name = "completion",
    .arguments = "SHELL",
    .summary = "completions for bash, zsh or fish",
    .help =
        "Prints the script that has SHELL (bash, zsh, fish) complete skein's commands, options,\n"
        "tenants, labels, waves, revisions and runs:\n\n"
        "  eval \"$(skein completion bash)\"        in ~/.bashrc\n"
        "  eval \"$(skein completion zsh)\"         in ~/.zshrc, after compinit\n"
        "  skein completion fish | source         in ~/.config/fish/config.fish\n\n"
        "The scripts ask 'skein completion reply -- WORD…', which prints what may stand next. It\n"
        "reads the inventory, the chain and the ledger, and connects to no tenant.",
    .example = "skein completion bash >~/.local/share/bash-completion/completions/skein",
    .groups = OPTIONS_COMMON | OPTIONS_LEDGER,
    .min_args = 1,
    .max_args = ARGS_MAX,
    .run = run_completion,
};
