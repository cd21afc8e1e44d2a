/* Suites after those of the waves: what lint finds in a plan, what the tenants' rows say of it, and what its rehearsal saw. */
#include "inventory/inventory.h"
#include "report/junit.h"
#include "report/lint_report.h"
#include "report/view_forecast.h"
#include "report/view_preflight.h"
#include "report/view_rehearsal.h"

enum { GROUPS_SHOWN = 50 };

struct told_case {
    const char *name, *classname;
    enum verdict verdict;
    double ms;
    const char *type;    /* of a failure */
    const char *message; /* of what did not pass, and its text */
    const char *text;
};

struct told_suite {
    const char *name;
    struct told_case *cases;
    size_t count, capacity;
    struct buf out; /* what it prints */
    struct arena arena;
};

static void suite_init(struct told_suite *suite, const char *name)
{
    *suite = (struct told_suite){.name = name};
    arena_init(&suite->arena);
    buf_init(&suite->out, BUF_MAX_DEFAULT);
}

static struct told_case *add_case(struct told_suite *suite)
{
    struct told_case *added =
        ARENA_PUSH(&suite->arena, suite->cases, suite->count, suite->capacity);
    *added = (struct told_case){.type = "", .message = "", .text = ""};
    return added;
}

static void print_case(struct junit *junit, const struct told_case *told)
{
    fputs("    <testcase", junit->out);
    junit_attribute(junit->out, "name", told->name);
    junit_attribute(junit->out, "classname", told->classname);
    junit_seconds(junit->out, told->ms);
    if (told->verdict == VERDICT_PASSED) {
        fputs("/>\n", junit->out);
        return;
    }
    fprintf(junit->out, ">\n      <%s", junit_elements[told->verdict]);
    if (told->verdict != VERDICT_SKIPPED)
        junit_attribute(junit->out, "type", told->type);
    junit_attribute(junit->out, "message", told->message);
    putc('>', junit->out);
    junit_text(junit->out, told->text, true);
    fprintf(junit->out, "</%s>\n    </testcase>\n", junit_elements[told->verdict]);
}

/* Nothing where it has no case. */
static void print_suite(struct junit *junit, struct told_suite *told)
{
    struct suite suite = {.tests = told->count};
    for (size_t i = 0; i < told->count; i++) {
        suite.verdicts[told->cases[i].verdict]++;
        suite.time_ms += told->cases[i].ms;
    }
    if (told->count) {
        fputs("  <testsuite", junit->out);
        junit_suite_attributes(junit, told->name, junit->suite_count++, &suite);
        fputs(">\n    <properties></properties>\n", junit->out);
        for (size_t i = 0; i < told->count; i++)
            print_case(junit, &told->cases[i]);
        fputs("    <system-out>", junit->out);
        junit_text(junit->out, told->out.data, true);
        fputs("</system-out>\n    <system-err></system-err>\n  </testsuite>\n", junit->out);
    }
    buf_done(&told->out);
    arena_done(&told->arena);
}

/* ---- lint: a case a finding; warnings and notes pass, and are printed ------------------------ */

/* What stops a release is said before it; of a run that was made all the same a finding is no failure. */
static enum verdict verdict_of_finding(const struct report *report,
                                       const struct told_finding *finding)
{
    if (finding->allowed)
        return VERDICT_SKIPPED;
    bool is_failure = finding->severity == LINT_ERROR && !request_changes(report->run.request);
    return is_failure ? VERDICT_FAILURE : VERDICT_PASSED;
}

static void add_finding(struct junit *junit, struct told_suite *suite,
                        const struct told_finding *finding)
{
    struct arena *arena = &suite->arena;
    struct told_case *told = add_case(suite);
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    lint_add_finding(&text, finding, true, 0);
    told->verdict = verdict_of_finding(junit->report, finding);
    told->name = arena_printf(arena, "%s:%d %s", finding->file, finding->line, finding->rule);
    told->classname = arena_printf(arena, "skein.lint.%s", finding->revision);
    told->type = finding->rule;
    told->message =
        finding->allowed ? arena_printf(arena, "allowed: %s", finding->allowed) : finding->message;
    told->text = arena_strdup(arena, text.data);
    if (told->verdict == VERDICT_PASSED)
        buf_adds(&suite->out, text.data);
    buf_done(&text);
}

static void print_lint(struct junit *junit)
{
    const struct told_findings *findings = junit->report->findings;
    struct told_suite suite;
    suite_init(&suite, "lint");
    for (size_t i = 0; findings && i < findings->count; i++)
        add_finding(junit, &suite, &findings->items[i]);
    print_suite(junit, &suite);
}

/* ---- the rows: a case a question -------------------------------------------------------------- */

/* Where no tenant could be asked, nothing is known: it did not pass. */
static enum verdict verdict_of_question(const struct view_preflight_item *item)
{
    if (item->counts[PREFLIGHT_FAILS])
        return VERDICT_FAILURE;
    return item->counts[PREFLIGHT_FITS] ? VERDICT_PASSED : VERDICT_SKIPPED;
}

/* The statement, who fails and what they share, and what is not known: a line each. */
static void gather_question(const struct report *report, const struct view_preflight_item *item,
                            struct buf *text)
{
    size_t count = item->counts[PREFLIGHT_FAILS];
    buf_addf(text, "%s\n", item->like->source);
    for (size_t i = 0; i < count && i < VIEW_NAMES; i++) {
        uint32_t row = item->failing[i];
        buf_addf(text, "in %s: ", report->run.tenants[row]->name);
        view_add_answer(view_preflight_answer(&report->rows[row], item), text);
        buf_addc(text, '\n');
    }
    if (count > VIEW_NAMES)
        buf_addf(text, "and %zu more tenants\n", count - VIEW_NAMES);
    for (size_t i = 0; i < item->shared->fact_count; i++) {
        view_add_fact(item->shared, &item->shared->facts[i], text);
        buf_addc(text, '\n');
    }
    for (size_t i = 0; i < item->reason_count && i < VIEW_NAMES; i++) {
        view_add_reason(&item->reasons[i], text);
        buf_addc(text, '\n');
    }
    if (item->reason_count > VIEW_NAMES)
        buf_addf(text, "and %zu more reasons\n", item->reason_count - VIEW_NAMES);
}

static void add_question(struct junit *junit, struct told_suite *suite,
                         const struct view_preflight_item *item)
{
    struct arena *arena = &suite->arena;
    struct told_case *told = add_case(suite);
    bool fails = item->counts[PREFLIGHT_FAILS];
    struct buf words;
    buf_init(&words, BUF_MAX_DEFAULT);
    told->verdict = verdict_of_question(item);
    told->name = arena_printf(arena, "%s:%d %s %s", item->like->revision->path, item->like->line,
                              item->like->kind, item->like->table);
    told->classname = arena_printf(arena, "skein.preflight.%s", item->like->revision->id);
    told->type = item->like->kind;
    view_add_question_verdict(item, &words);
    buf_adds(&words, fails ? ": " : " where ");
    view_add_question(item, &words);
    told->message = arena_strdup(arena, words.data);
    buf_clear(&words);
    gather_question(junit->report, item, &words);
    told->text = arena_strdup(arena, words.data);
    if (told->verdict == VERDICT_PASSED && item->reason_count)
        buf_addf(&suite->out, "%s: %s\n%s", told->name, told->message, told->text);
    buf_done(&words);
}

static void print_preflight(struct junit *junit)
{
    struct view_preflight preflight;
    struct told_suite suite;
    if (!junit->report->run.request->asks_rows)
        return;
    suite_init(&suite, "preflight");
    view_preflight_init(&preflight, junit->report);
    view_add_preflight(&preflight, junit->report, &suite.out);
    buf_addc(&suite.out, '\n');
    for (size_t i = 0; i < preflight.count; i++)
        add_question(junit, &suite, &preflight.items[i]);
    view_preflight_done(&preflight);
    print_suite(junit, &suite);
}

/* ---- the rehearsal: a case for each step of tenants that would run the same -------------------- */

static bool has_steps(const struct report_row *row)
{
    return row->state == TENANT_SUCCEEDED;
}

/* The time is the longest of the tenants. A step of which a part was left out is skipped. */
static struct told_case *add_step(struct told_suite *suite, const struct view_group *group,
                                  const struct view_rehearsed *step)
{
    struct told_case *told = add_case(suite);
    bool is_up = step->step.direction == DIRECTION_UP;
    const char *id = step->step.revision ? step->step.revision->id : "base";
    told->name = arena_printf(&suite->arena, "%s %s", is_up ? "up" : "down", id);
    told->classname = arena_printf(&suite->arena, "skein.rehearsal.%s",
                                   dialect_info((enum dialect_id)group->move.dialect)->name);
    told->ms = (double)step->max_ms;
    return told;
}

static void mark_skipped(struct told_suite *suite, struct told_case *cases,
                         const struct view_rehearsal *rehearsal, const struct seen *seen,
                         const char *words)
{
    for (size_t i = 0; i < rehearsal->step_count; i++) {
        const struct report_step *step = &rehearsal->steps[i].step;
        if (seen->kind != SEEN_SKIPPED || step->revision != seen->revision ||
            step->direction != (uint32_t)seen->direction || cases[i].verdict != VERDICT_PASSED)
            continue;
        cases[i].verdict = VERDICT_SKIPPED;
        cases[i].message = arena_strdup(&suite->arena, words);
    }
}

/* `  versions/aaaa.sql:7: locks task …` */
static void tell_seen(struct junit *junit, struct told_suite *suite, const struct view_group *group,
                      const struct view_seen *item)
{
    buf_adds(&suite->out, "  ");
    size_t start = suite->out.len;
    view_add_seen_place(&item->most, &suite->out);
    buf_adds(&suite->out, suite->out.len > start ? ": " : "");
    view_add_seen(junit->report, group, item, &suite->out);
    buf_addc(&suite->out, '\n');
}

static void add_group(struct junit *junit, struct told_suite *suite, const struct view_group *group)
{
    struct view_rehearsal rehearsal;
    struct buf *out = &suite->out;
    size_t first = suite->count;
    view_rehearsal_init(&rehearsal, junit->report, group);
    buf_addf(out, "%zu of %zu tenants, ", group->count, junit->report->run.tenant_count);
    view_add_move(junit->report, out, &group->move);
    buf_adds(out, ", in ");
    view_add_names(junit->report, out, group->rows, group->count);
    buf_addc(out, '\n');
    for (size_t i = 0; i < rehearsal.step_count; i++) {
        add_step(suite, group, &rehearsal.steps[i]);
        buf_adds(out, "  ");
        view_add_rehearsed(junit->report, group, &rehearsal.steps[i], out);
        buf_addc(out, '\n');
    }
    for (size_t i = 0; i < rehearsal.count; i++) {
        const struct seen *seen = &rehearsal.items[i].most;
        buf_clear(&junit->text);
        view_add_seen(junit->report, group, &rehearsal.items[i], &junit->text);
        mark_skipped(suite, suite->cases + first, &rehearsal, seen, junit->text.data);
        if (!view_seen_is_quiet(seen))
            tell_seen(junit, suite, group, &rehearsal.items[i]);
    }
    view_rehearsal_done(&rehearsal);
}

static void print_rehearsal(struct junit *junit)
{
    struct view_groups groups;
    struct view_forecast forecast;
    struct told_suite suite;
    if (!junit->report->run.request->rehearses)
        return;
    suite_init(&suite, "rehearsal");
    if (view_forecast_init(&forecast, junit->report)) {
        view_add_forecast(&forecast, junit->report, &suite.out);
        buf_addc(&suite.out, '\n');
        view_forecast_done(&forecast);
    }
    view_groups_init(&groups, junit->report, has_steps, GROUP_BY_SCRIPT);
    for (size_t i = 0; i < groups.count && i < GROUPS_SHOWN; i++)
        add_group(junit, &suite, &groups.items[i]);
    if (groups.count > GROUPS_SHOWN)
        buf_addf(&suite.out, "and %zu more groups of tenants\n", groups.count - GROUPS_SHOWN);
    view_groups_done(&groups);
    print_suite(junit, &suite);
}

void junit_plan(struct junit *junit)
{
    print_lint(junit);
    print_preflight(junit);
    print_rehearsal(junit);
}
