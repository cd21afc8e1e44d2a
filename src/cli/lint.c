#include "base/buf.h"
#include "chain/range.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/judge.h"
#include "cli/outputs.h"
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

static bool write_findings(void *ctx, const char *format, FILE *out, struct err *err)
{
    static void (*const writers[])(const struct lint_report *report, FILE *out) = {
        [FORMAT_TEXT] = lint_write_text,
        [FORMAT_JSON] = lint_write_json,
        [FORMAT_SARIF] = lint_write_sarif,
    };
    size_t index = FORMAT_TEXT;
    if (!choice_find(format_at, format, &index))
        return err_set(err, ERR_INTERNAL, "lint has no format '%s'", format);
    writers[index](ctx, out);
    return report_flush(out, err);
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
    fleet->scripts = scripts_new(fleet->chain);
    cli_find_dialects(fleet, options, used);
    scripts_check(fleet->scripts, used, &faults);
    bool is_good = cli_tell_faults(&faults) && cli_judge_syntax(fleet, used, options->is_quiet);
    faults_done(&faults);
    return is_good;
}

static int tell(const struct options *options, const struct lint_report *report)
{
    struct writer writer = {.write = write_findings, .ctx = (void *)(uintptr_t)report};
    size_t errors = lint_count(report->lint, LINT_ERROR);
    bool is_written = outputs_write(options, &writer, !report->lint->count);
    if (!is_written)
        return EXIT_USAGE;
    return errors ? EXIT_TENANT_FAILED : EXIT_OK;
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
    fleet_lint(fleet, &(struct fleet_lint_request){used, linted}, &lint, &faults);
    struct lint_report report = {&lint, count_linted(fleet->chain, linted), options->is_verbose};
    int exit_code = cli_tell_faults(&faults) ? tell(options, &report) : EXIT_USAGE;
    lint_done(&lint);
    faults_done(&faults);
    return exit_code;
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
        "is about locks and scans. No tenant is connected to; 'plan' weighs the same by the tenants' tables.\n"
        "\n"
        "A comment before the statement allows it: -- skein:allow RULE: reason. It is told in the report.\n"
        "The inventory sets severities: lint: {rules: {RULE: off|note|warning|error}}.\n"
        "\n"
        "Exit 1: there are errors. 2: a fault of the chain, or a waiver without a reason or of nothing.\n"
        "With -v, why. -o sarif is for code scanning.\n"
        "\n"
        "Rules:\n"
        "{list}",
    .add_list = add_rules,
    .example = "skein lint head -o sarif=skein.sarif",
    .formats = lint_formats,
    .groups = OPTIONS_COMMON | OPTIONS_OUTPUT,
    .max_args = ARGS_MAX,
    .needs = FLEET_CHAIN,
    .run = run_lint,
};
