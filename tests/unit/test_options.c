/* Every option beside every other, on every command: what the tables say is what the command line takes. */
#include "unit/unit.h"

#include "base/err.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/outputs.h"
#include "cli/uses.h"

/* A value that will do; for any other option "1". */
static const char *value_of(const char *option)
{
    static const char *const values[][2] = {
        {"on-failure", "rollback"}, {"output", "json"},      {"progress", "plain"},
        {"color", "always"},        {"dialect", "sqlite"},   {"placeholder", "name=value"},
        {"older-than", "90d"},      {"wait", "1s"},          {"select", "tier=canary"},
        {"rev-range", "base:head"}, {"rename", "todo=task"}, {"verify-schema", "before"},
    };
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        if (strcmp(values[i][0], option) == 0)
            return values[i][1];
    return "1";
}

/* What may stand after each command: it decides which options have an effect. */
static const char *const arguments[][3] = {
    {NULL}, {"base"}, {"current"}, {"flyway", "dir"}, {"dbmate", "dir"}, {"a:b"}, {"reply", "x"}};

enum { WORDS = 8 };

struct line {
    char *words[WORDS];
    char texts[2][96];
    int count;
};

static void add_option(struct line *line, int slot, const struct option_info *info)
{
    snprintf(line->texts[slot], sizeof line->texts[slot], "--%s%s%s", info->name,
             info->argument ? "=" : "", info->argument ? value_of(info->name) : "");
    line->words[line->count++] = line->texts[slot];
}

static struct line *line_of(const struct command *command, size_t variant)
{
    static struct line line;
    line = (struct line){.words = {(char[]){"skein"}}, .count = 1};
    line.words[line.count++] = (char *)(uintptr_t)command->name;
    for (size_t i = 0; arguments[variant][i]; i++)
        line.words[line.count++] = (char *)(uintptr_t)arguments[variant][i];
    return &line;
}

static size_t variant_count(size_t variant)
{
    size_t count = 0;
    while (arguments[variant][count])
        count++;
    return count;
}

static bool fits(const struct command *command, size_t variant)
{
    size_t count = variant_count(variant);
    return count >= command->min_args && count <= command->max_args;
}

/* The table, read another way than the program does: is the pair refused? Either may be NULL. */
static bool is_refused(const struct options *options, const char *name, const char *other)
{
    const struct use *use;
    for (size_t i = 0; (use = use_at(i)); i++) {
        if (!use_concerns(use, options->command) || !use_lists(use->options, name))
            continue;
        bool has_needed = other && use_lists(use->needs, other);
        if ((use->needs && !has_needed) || (other && use_lists(use->bars, other)) ||
            (use->holds && !use->holds(options)))
            return true;
    }
    return false;
}

static bool is_of_line(const struct option_info *info)
{
    return strcmp(info->name, "help") != 0 && strcmp(info->name, "version") != 0;
}

static void check_pair(const struct command *command, size_t variant, const struct option_info *one,
                       const struct option_info *other)
{
    static struct options options;
    struct err err = {0};
    struct line *line = line_of(command, variant);
    add_option(line, 0, one);
    if (other)
        add_option(line, 1, other);
    bool is_taken = options_parse(line->count, line->words, &options, &err);
    bool is_known = one->groups & command->groups && (!other || other->groups & command->groups);
    bool is_right = is_known && !is_refused(&options, one->name, other ? other->name : NULL) &&
                    (!other || !is_refused(&options, other->name, one->name));
    if (is_taken != is_right)
        fail_msg("skein %s --%s --%s (arguments %zu): %s, %s", command->name, one->name,
                 other ? other->name : "", variant, is_taken ? "taken" : "refused", err.text);
    if (!is_taken && !strstr(err.text, one->name) && !(other && strstr(err.text, other->name)))
        fail_msg("skein %s: it does not say which option: %s", command->name, err.text);
}

typedef void (*pair_fn)(const struct command *command, size_t variant,
                        const struct option_info *one, const struct option_info *other);

static void each_pair(pair_fn check)
{
    const struct command *command;
    struct option_info one, other;
    for (size_t c = 0; (command = command_at(c)); c++)
        for (size_t v = 0; v < ARRAY_LEN(arguments); v++)
            for (size_t i = 0; fits(command, v) && option_at(i, &one); i++) {
                if (is_of_line(&one))
                    check(command, v, &one, NULL);
                for (size_t k = 0; k < i && option_at(k, &other); k++)
                    if (is_of_line(&one) && is_of_line(&other))
                        check(command, v, &one, &other);
            }
}

static void takes_what_has_an_effect_and_nothing_else(void **state)
{
    (void)state;
    each_pair(check_pair);
}

static void parse_with(const struct command *command, size_t variant,
                       const struct option_info *flag, struct options *ret_options)
{
    struct err err = {0};
    struct line *line = line_of(command, variant);
    if (flag)
        add_option(line, 0, flag);
    memset(ret_options, 0, sizeof *ret_options);
    if (!options_parse(line->count, line->words, ret_options, &err))
        fail_msg("skein %s --%s: %s", command->name, flag ? flag->name : "", err.text);
}

/* A variable of the environment has the effect of its option, or none at all. `one` is the variable's. */
static void check_variable(const struct command *command, size_t variant,
                           const struct option_info *one, const struct option_info *other)
{
    static struct options without, with;
    char name[VARIABLE_SIZE];
    struct err err;
    struct line *line = line_of(command, variant);
    if (other)
        add_option(line, 0, other);
    if (!one->argument || !options_parse(line->count, line->words, &without, &err))
        return;
    option_name_variable(one->name, name);
    parse_with(command, variant, other, &without);
    setenv(name, value_of(one->name), 1);
    parse_with(command, variant, other, &with);
    unsetenv(name);
    bool has_effect = one->groups & command->groups && uses_has_effect(&without, one->name);
    if ((memcmp(&with, &without, sizeof with) != 0) != has_effect)
        fail_msg("%s and skein %s --%s (arguments %zu): %s", name, command->name,
                 other ? other->name : "", variant, has_effect ? "ignored" : "not ignored");
}

static void a_variable_has_its_options_effect_or_none(void **state)
{
    (void)state;
    each_pair(check_variable);
}

static bool is_option(const char *name, size_t len)
{
    struct option_info info;
    for (size_t i = 0; option_at(i, &info); i++)
        if (strlen(info.name) == len && strncmp(info.name, name, len) == 0)
            return true;
    return false;
}

static void check_names(const char *list)
{
    for (size_t len; list && *list; list += len + (list[len] == ' ')) {
        len = strcspn(list, " ");
        if (!is_option(list, len))
            fail_msg("there is no option '%s'", list);
    }
}

static void names_options_and_commands_that_exist(void **state)
{
    const struct use *use;
    (void)state;
    for (size_t i = 0; (use = use_at(i)); i++) {
        check_names(use->options);
        check_names(use->needs);
        check_names(use->bars);
        const char *list = use->commands;
        for (size_t len; list && *list; list += len + (list[len] == ' ')) {
            char name[32];
            len = strcspn(list, " ");
            snprintf(name, sizeof name, "%.*s", (int)len, list);
            assert_non_null(command_find(name));
        }
    }
}

static void one_value_is_not_ignored_for_another(void **state)
{
    static struct options options;
    static const struct {
        const char *words[8];
        bool is_taken;
    } cases[] = {
        {{"skein", "upgrade", "--wave", "a", "--wave", "b"}, false},
        {{"skein", "upgrade", "-p", "2", "--parallel=2"}, false},
        {{"skein", "-f", "a", "upgrade", "-f", "b"}, false},
        {{"skein", "upgrade", "-s", "a", "-s", "b"}, true},
        {{"skein", "upgrade", "-t", "a", "-t", "b"}, true},
        {{"skein", "upgrade", "-o", "json=a", "-o", "text"}, true},
        {{"skein", "upgrade", "--color", "never", "--color", "always"}, true},
        {{"skein", "upgrade", "-v", "-v"}, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err;
        int count = 0;
        while (cases[i].words[count])
            count++;
        bool is_taken = options_parse(count, (char **)(uintptr_t)cases[i].words, &options, &err);
        assert_int_equal(is_taken, cases[i].is_taken);
        assert_true(is_taken || strstr(err.text, "is given twice: which one is meant?"));
    }
}

/* Each format of any command is taken by those that have it, and ends the others before they begin. */
static void each_command_takes_its_own_formats(void **state)
{
    const struct command *command;
    static struct options options;
    size_t refused = 0, index;
    (void)state;
    for (size_t c = 0; (command = command_at(c)); c++)
        assert_int_equal((command->groups & OPTIONS_OUTPUT) != 0, command->formats != NULL);
    for (size_t i = 0; outputs_format_at(i); i++)
        for (size_t c = 0; (command = command_at(c)); c++) {
            struct err err;
            struct line *line = line_of(command, command->min_args ? 4 : 0);
            char option[64];
            if (!command->formats || !fits(command, command->min_args ? 4 : 0))
                continue;
            snprintf(option, sizeof option, "--output=%s", outputs_format_at(i));
            line->words[line->count++] = option;
            bool has_it = choice_find(command->formats(NULL), outputs_format_at(i), &index);
            assert_int_equal(options_parse(line->count, line->words, &options, &err), has_it);
            assert_true(has_it || strstr(err.text, "is no format of"));
            refused += !has_it;
        }
    assert_true(refused > 0);
}

static void check_has_the_formats_of_what_it_prints(void **state)
{
    static struct options options;
    (void)state;
    const struct command *command = command_find("check");
    assert_ptr_equal(command->formats(&options), outputs_report_formats(NULL));
    options.checks_chain = true;
    assert_ptr_equal(command->formats(&options), outputs_list_formats(NULL));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(takes_what_has_an_effect_and_nothing_else),
    cmocka_unit_test(a_variable_has_its_options_effect_or_none),
    cmocka_unit_test(names_options_and_commands_that_exist),
    cmocka_unit_test(one_value_is_not_ignored_for_another),
    cmocka_unit_test(each_command_takes_its_own_formats),
    cmocka_unit_test(check_has_the_formats_of_what_it_prints),
};

UNIT_MAIN(tests)
