#include "cli/help.h"

#include "base/buf.h"
#include "base/human.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/exit.h"
#include "cli/uses.h"

enum { OPTION_WIDTH = 30, WIDTH = 100 };

/* False past the last. */
static bool exit_code_at(size_t index, struct exit_code *ret_code)
{
    static const struct exit_code codes[] = {
        {"0", "all that was asked for is done"},
        {"1", "a tenant failed, or the run was halted; each failed tenant stands where it stood"},
        {"2",
         "a fault of usage, inventory or chain, or of writing the result, or 'no' to the question "
         "whether to go on; no tenant was touched"},
        {"3", "a tenant failed and the run was rolled back: every tenant stands where it stood"},
        {"4", "a person must look: a tenant is partly applied or in doubt, or a rollback could not "
              "finish"},
        {"5", "another run holds this ledger"},
        {"6", "the ledger cannot be written; what was in flight was finished, nothing more begun"},
        {"71",
         "aborted, as if killed: no memory or threads were left, or it is a bug; 'resume' goes on"},
        {"130, 143", "stopped by SIGINT, SIGTERM: what was in flight was finished or rolled back"},
    };
    if (index < ARRAY_LEN(codes))
        *ret_code = codes[index];
    return index < ARRAY_LEN(codes);
}

/* Variables that are no option's, */
struct variable {
    const char *name, *meaning;
};

static const struct variable own_variables[] = {
    {"NO_COLOR", "set to anything: no colour, as --color never"},
    {"VISUAL, EDITOR", "what 'skein edit' starts, without a shell"},
    {"UV_THREADPOOL_SIZE",
     "worker threads for databases that are files; by itself as many as --parallel needs"},
};

/* and those of the engines' client libraries. False past the last. */
static bool other_variable_at(size_t index, struct variable *ret_variable)
{
    if (index < ARRAY_LEN(own_variables)) {
        *ret_variable = own_variables[index];
        return true;
    }
    index -= ARRAY_LEN(own_variables);
    for (int d = 0; d < DIALECT__COUNT; d++) {
        const struct dialect_info *info = dialect_info((enum dialect_id)d);
        if (!info->variables || index--)
            continue;
        *ret_variable = (struct variable){info->variables, info->variables_meaning};
        return true;
    }
    return false;
}

/* ---- help ------------------------------------------------------------------------------------ */

static void print_option(FILE *out, const struct option_info *info, const struct command *command)
{
    char left[64], letter[] = "  ", written[OPTION_TEXT_SIZE];
    struct buf help;
    buf_init(&help, BUF_MAX_DEFAULT);
    option_add_help(&help, info->index, command);
    if (info->letter)
        snprintf(letter, sizeof letter, "-%c", info->letter);
    option_write(info, written);
    snprintf(left, sizeof left, "%s --%.56s", letter, written);
    int width = (int)human_width(left);
    bool is_wide = width > OPTION_WIDTH;
    fprintf(out, is_wide ? "  %s\n  %*s %s\n" : "  %s%*s %s\n", left,
            is_wide ? OPTION_WIDTH : OPTION_WIDTH - width, "", help.data);
    buf_done(&help);
}

/* Lines that fit, as the paragraphs of the help do. */
static void print_wrapped(FILE *out, const char *text)
{
    size_t column = 2;
    fputs("  ", out);
    while (*text) {
        size_t len = strcspn(text, " ");
        if (column > 2 && column + 1 + len > WIDTH)
            column = (size_t)fprintf(out, "\n    %.*s", (int)len, text) - 1;
        else
            column += (size_t)fprintf(out, "%s%.*s", column > 2 ? " " : "", (int)len, text);
        text += len;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

/* Calls `put` with each sentence about options that go together. */
static void each_use(FILE *out, const struct command *command,
                     void (*put)(FILE *out, const char *sentence))
{
    const struct use *use;
    for (size_t i = 0; (use = use_at(i)); i++) {
        struct buf sentence;
        buf_init(&sentence, BUF_MAX_DEFAULT);
        use_add_sentence(&sentence, use, command);
        if (sentence.len)
            put(out, sentence.data);
        buf_done(&sentence);
    }
}

static void print_command(FILE *out, const struct command *command)
{
    struct option_info info;
    struct buf help;
    buf_init(&help, BUF_MAX_DEFAULT);
    command_add_help(command, &help);
    fprintf(out, "Usage: skein [-f FILE] %s%s%s\n\n%s\n\nExample:\n  %s\n\nOptions:\n",
            command->name, *command->arguments ? " " : "", command->arguments, help.data,
            command->example);
    buf_done(&help);
    for (size_t i = 0; option_at(i, &info); i++)
        if (info.groups & command->groups)
            print_option(out, &info, command);
    each_use(out, command, print_wrapped);
}

void help_print(FILE *out, const struct command *command)
{
    const struct command *at;
    struct exit_code code;
    if (command) {
        print_command(out, command);
        return;
    }
    fputs("skein: upgrade a fleet of databases in one command.\n\n"
          "Usage: skein [-f FILE] COMMAND [ARGS]\n\nCommands:\n",
          out);
    for (size_t i = 0; (at = command_at(i)); i++)
        fprintf(out, "  %-12s %s\n", at->name, at->summary);
    fputs("\n'skein COMMAND --help' tells more. A flag beats SKEIN_* in the environment\n"
          "(SKEIN_PARALLEL for --parallel), which beats the inventory.\n\nExit codes:\n",
          out);
    for (size_t i = 0; exit_code_at(i, &code); i++)
        fprintf(out, "  %-9s %s\n", code.code, code.meaning);
}

/* ---- the manual ------------------------------------------------------------------------------ */

/* Text as roff has it: a backslash, a hyphen that stays one, and no line that begins a request. */
static void put_roff(FILE *out, const char *text)
{
    bool is_first = true;
    for (; *text; text++) {
        if (is_first && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        is_first = *text == '\n';
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else
            fputc(*text, out);
    }
}

static void put_tagged(FILE *out, const char *tag, const char *text)
{
    fputs(".TP\n.B ", out);
    put_roff(out, tag);
    fputc('\n', out);
    put_roff(out, text);
    fputc('\n', out);
}

static bool is_special(const struct option_info *info, const struct command *command)
{
    return info->groups & command->groups && !(info->groups & OPTIONS_COMMON);
}

static void put_paragraph(FILE *out, const char *text)
{
    fputs(".PP\n", out);
    put_roff(out, text);
    fputc('\n', out);
}

/* The paragraphs stand as in the help; lines that are set out there stay so. */
static void put_command(FILE *out, const struct command *command)
{
    struct option_info info;
    struct buf help;
    bool is_first = true;
    fputs(".SS ", out);
    put_roff(out, command->name);
    fputc(' ', out);
    put_roff(out, command->arguments);
    fputs("\n.nf\n", out);
    buf_init(&help, BUF_MAX_DEFAULT);
    command_add_help(command, &help);
    put_roff(out, help.data);
    buf_done(&help);
    fputs("\n.fi\n", out);
    for (size_t i = 0; option_at(i, &info); i++) {
        if (!is_special(&info, command))
            continue;
        fputs(is_first ? ".PP\nOptions: " : ", ", out);
        fprintf(out, "\\-\\-");
        put_roff(out, info.name);
        is_first = false;
    }
    fputs(is_first ? "" : "\n", out);
    each_use(out, command, put_paragraph);
}

static void put_options(FILE *out)
{
    struct option_info info;
    for (size_t i = 0; option_at(i, &info); i++) {
        char tag[OPTION_TEXT_SIZE + 16], letter[8] = "", written[OPTION_TEXT_SIZE];
        struct buf help;
        buf_init(&help, BUF_MAX_DEFAULT);
        option_add_help(&help, i, NULL);
        if (info.letter)
            snprintf(letter, sizeof letter, "-%c, ", info.letter);
        option_write(&info, written);
        snprintf(tag, sizeof tag, "%s--%s", letter, written);
        put_tagged(out, tag, help.data);
        buf_done(&help);
    }
}

static void put_variables(FILE *out)
{
    struct option_info info;
    for (size_t i = 0; option_at(i, &info); i++) {
        char name[VARIABLE_SIZE], text[240], value[OPTION_TEXT_SIZE];
        if (!info.argument)
            continue;
        option_write_value(&info, value);
        option_name_variable(info.name, name);
        snprintf(text, sizeof text, "%s, as --%s", value, info.name);
        put_tagged(out, name, text);
    }
    struct variable other;
    for (size_t i = 0; other_variable_at(i, &other); i++)
        put_tagged(out, other.name, other.meaning);
}

static void put_exit_status(FILE *out)
{
    struct exit_code code;
    fputs(".SH EXIT STATUS\n", out);
    for (size_t i = 0; exit_code_at(i, &code); i++)
        put_tagged(out, code.code, code.meaning);
}

static void put_see_also(FILE *out)
{
    const char *client;
    fputs(".SH SEE ALSO\n.BR alembic (1)", out);
    for (size_t i = 0; (client = dialect_client_at(i)); i++)
        fprintf(out, ",\n.BR %s (1)", client);
    fputc('\n', out);
}

void help_print_manual(FILE *out)
{
    const struct command *command;
    fputs(".\\\" Made from the tables of src/cli by tests/docs/print_manual.c: do not edit.\n"
          ".TH SKEIN 1 \"\" \"skein " SKEIN_VERSION "\" \"User commands\"\n"
          ".SH NAME\nskein \\- upgrade a fleet of databases in one command\n"
          ".SH SYNOPSIS\n.B skein\n.RB [ \\-f\n.IR FILE ]\n.I COMMAND\n.RI [ ARGS ]\n"
          ".SH DESCRIPTION\n.B skein\n"
          "reads an inventory of tenants (skein.yaml), applies one chain of revisions to every\n"
          "tenant's database at once, keeps Alembic's version table in each, and ends with one\n"
          "report: what changed, what failed and why, and where everyone stands.\n"
          ".SH COMMANDS\n",
          out);
    for (size_t i = 0; (command = command_at(i)); i++)
        put_command(out, command);
    fputs(".SH OPTIONS\nEach command takes the options that it names above, and those of every "
          "command:\n\\-\\-file, \\-\\-quiet, \\-\\-verbose, \\-\\-color, \\-\\-help, "
          "\\-\\-version.\n",
          out);
    put_options(out);
    fputs(".SH ENVIRONMENT\nA flag beats the environment, which beats the inventory. An empty "
          "variable counts as not set.\n",
          out);
    put_variables(out);
    put_exit_status(out);
    fputs(".SH FILES\n", out);
    put_tagged(out, "skein.yaml", "the inventory");
    put_tagged(out, "versions/*.sql", "the chain, one file a revision");
    put_tagged(out, "versions/revision.sql.in", "what new revisions are made from");
    put_tagged(out, ".skein/ledger.db", "the record of runs");
    fputs(".SH EXAMPLES\n.nf\n", out);
    for (size_t i = 0; (command = command_at(i)); i++) {
        put_roff(out, command->example);
        fputc('\n', out);
    }
    fputs(".fi\n", out);
    put_see_also(out);
}

/* ---- the environment ------------------------------------------------------------------------- */

/* A bar would end the cell. */
static void put_cell(FILE *out, const char *text)
{
    for (; *text; text++)
        fprintf(out, *text == '|' ? "\\|" : "%c", *text);
}

void help_print_environment(FILE *out)
{
    struct option_info info;
    fputs(
        "# The environment\n\n"
        "A flag beats the environment, which beats the inventory. An empty variable counts as not "
        "set; a `SKEIN_*`\nvariable that is not in this table is warned of, and one whose option the command does not take, or that would have no "
        "effect\nbeside the other options, is ignored: it is meant for other commands. What `${VAR}` in an "
        "inventory names is read besides.\nAn option without a value has no variable: `SKEIN_DRY_RUN` and its like "
        "end a command that takes the option with exit 2.\nThis page is made from the table of options "
        "(`tests/docs/print_environment.c`).\n\n"
        "| variable | value | as | what it says |\n| --- | --- | --- | --- |\n",
        out);
    for (size_t i = 0; option_at(i, &info); i++) {
        char name[VARIABLE_SIZE], value[OPTION_TEXT_SIZE];
        struct buf help;
        if (!info.argument)
            continue;
        option_write_value(&info, value);
        buf_init(&help, BUF_MAX_DEFAULT);
        option_add_help(&help, i, NULL);
        option_name_variable(info.name, name);
        fprintf(out, "| `%s` | `", name);
        put_cell(out, value);
        fprintf(out, "` | `--%s` | ", info.name);
        put_cell(out, help.data);
        fputs(" |\n", out);
        buf_done(&help);
    }
    struct variable other;
    for (size_t i = 0; other_variable_at(i, &other); i++)
        fprintf(out, "| `%s` | | | %s |\n", other.name, other.meaning);
    fputs("\nWhat gates see is told in [rollouts.md](rollouts.md#gates).\n", out);
}
