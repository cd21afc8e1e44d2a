#include <limits.h>
#include <unistd.h>

#include "base/buf.h"
#include "chain/range.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/judge.h"
#include "cli/outputs.h"
#include "cli/run.h"
#include "cli/showing.h"
#include "dialect/scripts.h"
#include "library/fleet_lint.h"
#include "report/lint_report.h"
#include "report/model.h"

enum lint_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF };

static const char *format_at(size_t index)
{
    static const char *const names[] = {
        [FORMAT_TEXT] = "text", [FORMAT_JSON] = "json", [FORMAT_SARIF] = "sarif"};
    return index < ARRAY_LEN(names) ? names[index] : NULL;
}

static choice_fn *lint_formats(const struct options *options)
{
    (void)options;
    return format_at;
}

/* What is told, in text and JSON with paths as they are written, and for code scanning with those of the repository. */
struct tidings {
    struct lint_report report, of_repository;
};

static bool write_findings(void *ctx, const char *format, FILE *out, struct err *err)
{
    const struct tidings *tidings = ctx;
    static void (*const writers[])(const struct lint_report *report, FILE *out) = {
        [FORMAT_TEXT] = lint_write_text,
        [FORMAT_JSON] = lint_write_json,
        [FORMAT_SARIF] = lint_write_sarif,
    };
    size_t index = FORMAT_TEXT;
    if (!choice_find(format_at, format, &index))
        return err_set(err, ERR_INTERNAL, "lint has no format '%s'", format);
    writers[index](index == FORMAT_SARIF ? &tidings->of_repository : &tidings->report, out);
    return report_flush(out, err);
}

/* ---- paths ---------------------------------------------------------------------------------------- */

/* How much of a real path leads to the root of its repository, with the slash at its end; 0: it is in none. */
static size_t root_of(const char *path)
{
    for (size_t len = strlen(path); len > 0; len--) {
        char git[PATH_MAX + sizeof ".git"];
        if (path[len - 1] != '/' || len > PATH_MAX)
            continue;
        snprintf(git, sizeof git, "%.*s.git", (int)len, path);
        if (access(git, F_OK) == 0)
            return len;
    }
    return 0;
}

/* Code scanning knows files by their paths in the repository, whichever folder skein runs in. */
static const char *path_in_repository(struct arena *arena, const char *path)
{
    char *real = realpath(path, NULL);
    size_t root = real ? root_of(real) : 0;
    bool leads_away = *path == '/' || strncmp(path, "../", 3) == 0;
    const char *seen = root || (real && leads_away) ? arena_strdup(arena, real + root) : path;
    free(real);
    return seen;
}

static struct told_findings seen_from_repository(struct arena *arena,
                                                 const struct told_findings *told)
{
    struct told_finding *items = arena_calloc(arena, told->count + 1, sizeof *items);
    for (size_t i = 0; i < told->count; i++) {
        bool is_same = i && strcmp(told->items[i].file, told->items[i - 1].file) == 0;
        items[i] = told->items[i];
        items[i].file =
            is_same ? items[i - 1].file : path_in_repository(arena, told->items[i].file);
    }
    return (struct told_findings){.items = items, .count = told->count};
}

/* ---- which revisions ------------------------------------------------------------------------------ */

static bool find_revisions(struct fleet *fleet, const char *text, struct revisions *ret,
                           struct err *err)
{
    struct lookup in = fleet_lookup(fleet, err);
    struct range range;
    if (!strchr(text, ':'))
        return identifier_find(&in, text, NULL, ret);
    return range_parse(&fleet->arena, text, &range, err) && range_list(&in, &range, NULL, ret);
}

/* NULL in *ret_linted: all. */
static bool find_all(struct fleet *fleet, const struct options *options, bool **ret_linted,
                     struct err *err)
{
    bool *linted = arena_calloc(&fleet->arena, fleet->chain->count + 1, sizeof *linted);
    for (size_t i = 0; i < options->arg_count; i++) {
        struct revisions found;
        if (!find_revisions(fleet, options->args[i], &found, err))
            return false;
        for (size_t at = 0; at < found.count; at++)
            linted[found.items[at]] = true;
    }
    *ret_linted = options->arg_count ? linted : NULL;
    return true;
}

static size_t count_linted(const struct chain *chain, const bool *linted)
{
    size_t count = 0;
    for (size_t i = 0; i < chain->count; i++)
        count += !linted || linted[i];
    return count;
}

/* ---- the command ---------------------------------------------------------------------------------- */

/* What no parser takes is a fault of the chain here as for `check`; what only the place of a statement is at fault for, a rule
 * tells with the better way. */
static bool is_sound(struct fleet *fleet, const struct options *options, bool *used)
{
    struct faults faults;
    faults_init(&faults);
    if (!fleet->scripts)
        fleet->scripts = scripts_new(fleet->chain);
    cli_find_dialects(fleet, options, used);
    scripts_check(fleet->scripts, used, &faults);
    bool is_good = cli_tell_faults(&faults) && cli_judge_syntax(fleet, used, options->is_quiet);
    faults_done(&faults);
    return is_good;
}

/* ---- the fleet ------------------------------------------------------------------------------------ */

static void tell_unasked(void *ctx, const char *tenant, const struct err *error)
{
    (void)ctx;
    cli_note("tenant '%s': %s", tenant, error->text);
}

/* Who could not be asked is told, and counts as an error: what its tables hold is not known. False: *ret_exit_code says why. */
static bool weigh(struct fleet *fleet, const struct options *options, struct lint *lint,
                  int *ret_exit_code)
{
    struct request request = cli_request(options, VERB_PLAN);
    struct fleet_weighing weighing = {.request = &request, .on_error = tell_unasked};
    struct showing_run showing;
    struct err err;
    *ret_exit_code = EXIT_OK;
    if (!options->asks_fleet)
        return true;
    request.targets = NULL; /* the arguments are what is looked at */
    request.target_count = 0;
    if (!fleet->tenant_count)
        cli_note("no tenant is selected");
    showing_begin(&showing, options, "lint");
    weighing.show = &showing.show;
    bool is_asked = fleet_lint_weigh(fleet, &weighing, lint, &err);
    showing_end(&showing);
    if (!is_asked)
        *ret_exit_code = cli_fail(&err);
    else if (weighing.signal)
        *ret_exit_code = EXIT_SIGNAL + weighing.signal;
    else if (weighing.failed)
        *ret_exit_code = EXIT_TENANT_FAILED;
    return is_asked && !weighing.signal;
}

/* ---- the command ---------------------------------------------------------------------------------- */

static int tell(const struct options *options, const struct tidings *tidings)
{
    struct writer writer = {.write = write_findings, .ctx = (void *)(uintptr_t)tidings};
    const struct told_findings *findings = tidings->report.findings;
    size_t errors = told_count(findings, LINT_ERROR);
    bool is_written = outputs_write(options, &writer, !findings->count);
    if (!is_written)
        return EXIT_USAGE;
    return errors ? EXIT_TENANT_FAILED : EXIT_OK;
}

static int weigh_and_tell(struct fleet *fleet, const struct options *options, const bool *linted,
                          struct lint *lint)
{
    int unasked;
    if (!weigh(fleet, options, lint, &unasked))
        return unasked;
    struct told_findings told = lint_tell(&fleet->arena, lint);
    struct told_findings moved = seen_from_repository(&fleet->arena, &told);
    struct tidings tidings = {
        .report = {&told, count_linted(fleet->chain, linted), options->is_verbose}};
    tidings.of_repository = tidings.report;
    tidings.of_repository.findings = &moved;
    int exit_code = tell(options, &tidings);
    return exit_code == EXIT_OK ? unasked : exit_code;
}

static int run_lint(struct fleet *fleet, const struct options *options)
{
    bool used[DIALECT__COUNT] = {false}, *linted;
    struct faults faults;
    struct lint lint;
    struct err err;
    if (!fleet_has_revisions(fleet, &err) || !find_all(fleet, options, &linted, &err))
        return cli_fail(&err);
    if (!is_sound(fleet, options, used))
        return EXIT_USAGE;
    faults_init(&faults);
    fleet_lint(fleet, &(struct fleet_lint_request){used, linted, options->reads_down}, &lint,
               &faults);
    int exit_code =
        cli_tell_faults(&faults) ? weigh_and_tell(fleet, options, linted, &lint) : EXIT_USAGE;
    lint_done(&lint);
    faults_done(&faults);
    return exit_code;
}

static unsigned lint_needs(const struct options *options)
{
    return options->asks_fleet ? FLEET_VISIT : FLEET_CHAIN;
}

/* The rules, for --help. */
static void add_rules(struct buf *buf)
{
    for (size_t i = 0; i < RULE__COUNT; i++)
        buf_addf(buf, "%s  %-27s %-8s %s", i ? "\n" : "", lint_rule_at(i),
                 lint_severity_name(lint_rules[i].severity), lint_rules[i].title);
}

const struct command command_lint = {
    .name = "lint",
    .arguments = "[REV…]",
    .summary = "statements that hurt a fleet, and the better way",
    .help =
        "Reads the up sections of the revisions (default: all; a REV may be a range A:B) with the dialects'\n"
        "own parsers, and tells what locks or rewrites tables, fails on some tenants only, takes data away,\n"
        "breaks applications or cannot be undone. Tables that the same revision makes are exempt where it\n"
        "is about locks and scans. With --down the down sections, too: what they only take back is no finding.\n"
        "\n"
        "No tenant is connected to, unless --fleet asks all of the selection how much their tables hold: then\n"
        "findings are weighed by it, as 'plan' does. --dialect: of its SQL alone; else of the dialects of all\n"
        "listed tenants, sources and sections.\n"
        "\n"
        "A comment before the statement allows it: -- skein:allow RULE: reason. It is told in the report.\n"
        "The inventory sets severities: lint: {rules: {RULE: off|note|warning|error}}.\n"
        "\n"
        "Exit 1: there are errors, or with --fleet a tenant could not be asked. 2: a fault of the chain, or a\n"
        "waiver without a reason or of nothing.\n"
        "With -v, why. -o sarif is for code scanning.\n"
        "\n"
        "Rules:\n"
        "{list}",
    .add_list = add_rules,
    .example = "skein lint head -o sarif=skein.sarif",
    .formats = lint_formats,
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_STATE | OPTIONS_LEDGER | OPTIONS_OUTPUT |
              OPTIONS_RUN | OPTIONS_LINT,
    .max_args = ARGS_MAX,
    .needs_for = lint_needs,
    .run = run_lint,
};
