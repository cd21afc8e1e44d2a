#include "cli/options.h"

#include <getopt.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/choice.h"
#include "base/similar.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/option_row.h"
#include "cli/uses.h"

enum { LONG_ONLY = 1000 };

/* `what` is how it was said: --color, or SKEIN_COLOR. */
static bool set_checked(struct options *options, const struct option_row *row, const char *what,
                        const char *value, struct err *err)
{
    const struct option_info info = {.argument = row->argument};
    char wanted[OPTION_TEXT_SIZE];
    struct buf help;
    if (option_row_set(row, options, value))
        return true;
    if (!value[strspn(value, " \t")])
        return err_set(err, ERR_CONFIG, "%s: the value is empty", what);
    buf_init(&help, BUF_MAX_DEFAULT);
    option_row_add_help(row, options->command, &help);
    option_write_value(&info, wanted);
    err_set(err, ERR_CONFIG, "%s: '%s' is not %s: %s", what, value, wanted, help.data);
    buf_done(&help);
    char word[64]; /* FORMAT of FORMAT=FILE */
    snprintf(word, sizeof word, "%.*s", (int)strcspn(value, "="), value);
    if (row->word_at)
        choice_add_hint(err, row->word_at, word);
    return false;
}

static void make_tables(struct option ret_long[OPTIONS_MAX + 1],
                        char ret_short[OPTIONS_MAX * 2 + 3])
{
    char *at = ret_short;
    *at++ = '-'; /* arguments in their order, as option 1 */
    *at++ = ':'; /* tell a missing value from an unknown option */
    for (size_t i = 0; i < option_row_count; i++) {
        int has_argument = !option_rows[i].argument                      ? no_argument
                           : option_row_may_stand_alone(&option_rows[i]) ? optional_argument
                                                                         : required_argument;
        ret_long[i] = (struct option){option_rows[i].name, has_argument, NULL, LONG_ONLY + (int)i};
        if (!option_rows[i].letter)
            continue;
        *at++ = (char)option_rows[i].letter;
        if (option_rows[i].argument)
            *at++ = ':';
    }
    *at = '\0';
    ret_long[option_row_count] = (struct option){0};
}

static const struct option_row *row_of(int code)
{
    if (code >= LONG_ONLY)
        return &option_rows[code - LONG_ONLY];
    for (size_t i = 0; i < option_row_count; i++)
        if (option_rows[i].letter == code)
            return &option_rows[i];
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
    for (size_t i = 0; i < option_row_count && strncmp(word, "--", 2) == 0; i++)
        similar_try(&similar, option_rows[i].name);
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

/* getopt takes the beginning of an option's name for all of it, so that '--y', a slip for something else, would answer
 * every question with yes. */
static bool refuse_abbreviation(const char *word, const struct option_row *row, struct err *err)
{
    size_t len = strcspn(word, "=");
    if (strncmp(word, "--", 2) != 0 ||
        (len == strlen(row->name) + 2 && strncmp(word + 2, row->name, len - 2) == 0))
        return true;
    return err_set(err, ERR_CONFIG, "unknown option '%.*s'; did you mean '--%s'?", (int)len, word,
                   row->name);
}

/* What getopt found: an argument, an option, or neither. */
static bool take(struct options *options, int code, const char *word, struct err *err)
{
    if (code == 1)
        return add_argument(options, optarg, err);
    bool is_wrong = code == ':' || code == '?';
    const struct option_row *row = is_wrong ? row_of(optopt) : row_of(code);
    if (!row || (code == '?' && optopt < LONG_ONLY))
        return refuse_option(word, err);
    if (!refuse_abbreviation(word, row, err))
        return false;
    if (is_wrong)
        return err_set(err, ERR_CONFIG, "option '%.*s' %s", (int)strcspn(word, "="), word,
                       code == ':' ? "needs a value" : "takes no value");
    bool is_first = !options->given[row - option_rows];
    if (!is_first && row->argument && !option_row_may_repeat(row))
        return err_set(err, ERR_CONFIG, "--%s is given twice: which one is meant?", row->name);
    options->given[row - option_rows] = true;
    return use_option(options, row, err);
}

/* The command may stand after options, so whether it takes them is checked at the end. */
static bool parse_flags(int argc, char **argv, struct options *options, struct err *err)
{
    struct option longs[OPTIONS_MAX + 1];
    char shorts[OPTIONS_MAX * 2 + 3];
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
    static char texts[OPTIONS_MAX][2 * VARIABLE_SIZE]; /* a row's text is always the same */
    char *text = texts[row - option_rows];
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

/* Does the value name a format that other commands have, and this one has not? */
static bool is_for_others(const struct options *options, const struct option_row *row,
                          const char *value)
{
    choice_fn *words = option_row_words(row, options->command, options);
    char word[64];
    size_t index;
    snprintf(word, sizeof word, "%.*s", (int)strcspn(value, "="), value);
    return words != row->word_at && choice_find(row->word_at, word, &index) &&
           !choice_find(words, word, &index);
}

/* A variable that is empty counts as not set; one that has no effect on this command is meant for others. */
static bool apply_environment(struct options *options, struct err *err)
{
    for (size_t i = 0; i < option_row_count; i++) {
        char name[VARIABLE_SIZE];
        if (!refuse_flag_variable(options, &option_rows[i], err))
            return false;
        if (options->given[i] || !option_rows[i].argument ||
            !(option_rows[i].groups & options->command->groups) ||
            !uses_has_effect(options, option_rows[i].name))
            continue;
        option_name_variable(option_rows[i].name, name);
        const char *value = getenv(name);
        if (!value || !*value || is_for_others(options, &option_rows[i], value))
            continue;
        if (!set_checked(options, &option_rows[i], name, value, err))
            return false;
        note_setting(options, &option_rows[i], name);
    }
    return true;
}

bool options_is_given(const struct options *options, const char *name)
{
    for (size_t i = 0; i < option_row_count; i++)
        if (options->given[i] && strcmp(option_rows[i].name, name) == 0)
            return true;
    return false;
}

/* A command that reports no run has fewer formats than those that do. */
static bool has_format(const struct options *options, const char *format)
{
    size_t index;
    return choice_find(options->command->formats(options), format, &index);
}

static bool check_formats(const struct options *options, struct err *err)
{
    struct buf formats;
    size_t i = 0;
    while (i < options->output_count && has_format(options, options->outputs[i].format))
        i++;
    if (i == options->output_count)
        return true;
    buf_init(&formats, BUF_MAX_DEFAULT);
    choice_add(&formats, options->command->formats(options));
    err_set(err, ERR_CONFIG, "--output: '%s' is no format of 'skein %s': name %s",
            options->outputs[i].format, options->command->name, formats.data);
    buf_done(&formats);
    return false;
}

static bool check_use(const struct options *options, struct err *err)
{
    const struct command *command = options->command;
    for (size_t i = 0; i < option_row_count; i++)
        if (options->given[i] && !(option_rows[i].groups & command->groups))
            return err_set(err, ERR_CONFIG, "'skein %s' takes no --%s", command->name,
                           option_rows[i].name);
    if (options->arg_count < command->min_args)
        return err_set(err, ERR_CONFIG, "usage: skein %s %s", command->name, command->arguments);
    if (options->arg_count > command->max_args)
        return err_set(err, ERR_CONFIG, "'skein %s' has no use for '%s'", command->name,
                       options->args[command->max_args]);
    return check_formats(options, err) && uses_check(options, err);
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
    if (index >= option_row_count)
        return false;
    const struct option_row *row = &option_rows[index];
    *ret_info = (struct option_info){row->name, row->letter, row->argument, row->groups, index};
    return true;
}

void option_write(const struct option_info *info, char ret_text[OPTION_TEXT_SIZE])
{
    bool has_blank = info->argument && *info->argument != '[';
    snprintf(ret_text, OPTION_TEXT_SIZE, "%s%s%s", info->name, has_blank ? " " : "",
             info->argument ? info->argument : "");
}

void option_write_value(const struct option_info *info, char ret_text[OPTION_TEXT_SIZE])
{
    const char *argument = info->argument ? info->argument : "";
    size_t skip = strspn(argument, "[=");
    snprintf(ret_text, OPTION_TEXT_SIZE, "%.*s", (int)(strlen(argument) - skip - (skip > 0)),
             argument + skip);
}

choice_fn *option_words(size_t index, const struct command *command)
{
    return option_row_words(&option_rows[index], command, NULL);
}

void option_add_help(struct buf *buf, size_t index, const struct command *command)
{
    option_row_add_help(&option_rows[index], command, buf);
}

bool options_has_color(const struct options *options, FILE *out)
{
    if (options->color != WHEN_AUTO)
        return options->color == WHEN_ALWAYS;
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(fileno(out)) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}
