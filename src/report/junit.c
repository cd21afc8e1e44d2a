/* JUnit's XML, which CI servers show: a suite a wave, a case a tenant. It is valid against Ant's schema and against Jenkins'.
 *
 * A tenant that stands as before its failure is a failure, one that a person has to look at is an error. One that the run did
 * not come to is skipped, unless it has an error of its own.
 */
#include "report/junit.h"

#include "base/utf8.h"
#include "inventory/inventory.h"
#include "report/view_preflight.h"
#include "report/view_schemas.h"

const char *const junit_elements[VERDICT__COUNT] = {
    [VERDICT_SKIPPED] = "skipped",
    [VERDICT_FAILURE] = "failure",
    [VERDICT_ERROR] = "error",
};

/* ---- XML ----------------------------------------------------------------------------------- */

/* Text of an element or, on one line, of an attribute. U+FFFE and U+FFFF are no characters of XML. */
void junit_text(FILE *out, const char *text, bool keep_layout)
{
    static const char *const from[] = {"&", "<", ">", "\"", "\ufffe", "\uffff"};
    static const char *const to[] = {"&amp;", "&lt;", "&gt;", "&quot;", "\\u{fffe}", "\\u{ffff}"};
    struct buf safe;
    buf_init(&safe, BUF_MAX_DEFAULT);
    utf8_add_safe(&safe, text, strlen(text), keep_layout);
    for (const char *at = safe.data; *at;) {
        size_t i = 0;
        while (i < ARRAY_LEN(from) && strncmp(at, from[i], strlen(from[i])) != 0)
            i++;
        if (i < ARRAY_LEN(from))
            fputs(to[i], out);
        else
            putc(*at, out);
        at += i < ARRAY_LEN(from) ? strlen(from[i]) : 1;
    }
    buf_done(&safe);
}

void junit_attribute(FILE *out, const char *name, const char *text)
{
    fprintf(out, " %s=\"", name);
    junit_text(out, text, false);
    putc('"', out);
}

/* The schema takes no name that is all blanks. */
static void print_name(FILE *out, const char *name, const char *text)
{
    junit_attribute(out, name, text[strspn(text, " ")] ? text : "(blank)");
}

void junit_seconds(FILE *out, double ms)
{
    fprintf(out, " time=\"%.3f\"", ms > 0 ? ms / 1000 : 0.0);
}

/* ---- a tenant ------------------------------------------------------------------------------ */

static enum verdict verdict_of(const struct report *report, const struct report_row *row)
{
    bool rolls_back = report->run.request->verb->rolls_back;
    if (tenant_state_needs_person(row->state))
        return VERDICT_ERROR;
    if (row->error != REPORT_NONE && !row->is_carried)
        return VERDICT_FAILURE;
    if (tenant_state_is_bad(row->state))
        return VERDICT_FAILURE;
    if (view_preflight_fails(row) || view_schema_at_fault(report, row))
        return VERDICT_FAILURE;
    if (row->state == TENANT_SUCCEEDED || row->state == TENANT_UNCHANGED)
        return VERDICT_PASSED;
    return row->state == TENANT_ROLLED_BACK && rolls_back ? VERDICT_PASSED : VERDICT_SKIPPED;
}

/* What the text report says of a cause, for one tenant. */
static void gather_error(struct junit *junit, const struct report_row *row)
{
    const struct report_error *error = &junit->report->errors[row->error];
    struct buf *text = &junit->text;
    buf_addf(text, "%s%s\n", row->text, row->detail ? row->detail : "");
    for (enum said_part part = 0; part < SAID__COUNT; part++)
        if (said_part(row->said, part))
            buf_addf(text, "%s: %s\n", said_name(part), said_part(row->said, part));
    view_add_location(text, &error->key);
    if (error->statement && *error->statement)
        buf_addf(text, "\n  %d | %s", (int)error->key.line, error->statement);
}

/* The statements that will fail on the rows of that tenant. */
static void gather_failures(struct junit *junit, const struct report_row *row)
{
    struct buf *text = &junit->text;
    for (size_t i = 0; i < row->preflight_count; i++) {
        const struct preflight_answer *answer = &row->preflight[i];
        if (answer->state != PREFLIGHT_FAILS)
            continue;
        buf_adds(text, text->len ? "\n" : "");
        view_add_failure(answer, text);
        buf_adds(text, ": ");
        view_add_answer(answer, text);
        buf_addf(text, "\n  %d | %s", answer->line, answer->source);
    }
}

static void gather_schema(struct junit *junit, const struct report_row *row)
{
    const struct report_schema *schema = view_schema_at_fault(junit->report, row);
    buf_addf(&junit->text, "fingerprint: %s", schema->fingerprint);
    if (schema->expected)
        buf_addf(&junit->text, "\nexpected: %s", schema->expected);
    if (schema->reason)
        buf_addf(&junit->text, "\n%s", schema->reason);
}

/* What fails a tenant that has no error; NULL: nothing but its state. */
static const struct fault {
    const char *type;
    const char *words;
    void (*gather)(struct junit *junit, const struct report_row *row);
} * fault_of(const struct report *report, const struct report_row *row)
{
    static const struct fault rows = {"preflight", "would fail on its rows", gather_failures};
    static const struct fault differs = {"schema", "differs from what its revision says",
                                         gather_schema};
    static const struct fault unknown = {"schema", "its schema cannot be judged", gather_schema};
    const struct report_schema *schema = view_schema_at_fault(report, row);
    if (view_preflight_fails(row))
        return &rows;
    if (!schema)
        return NULL;
    return schema->verdict == SCHEMA_DIFFERS ? &differs : &unknown;
}

static const char *type_of(struct junit *junit, const struct report_row *row)
{
    const struct cause *key;
    buf_clear(&junit->text);
    if (row->error == REPORT_NONE) {
        const struct fault *fault = fault_of(junit->report, row);
        buf_adds(&junit->text, fault ? fault->type : tenant_state_name(row->state));
    } else {
        key = &junit->report->errors[row->error].key;
        buf_adds(&junit->text, err_class_name((enum err_class)key->kind));
        buf_addf(&junit->text, "%s%s", *key->code ? " " : "", key->code);
    }
    return junit->text.data;
}

static void print_verdict(struct junit *junit, const struct report_row *row, enum verdict verdict)
{
    const char *state = tenant_state_words(row->state, junit->report->run.request);
    bool has_error = row->error != REPORT_NONE;
    fprintf(junit->out, ">\n      <%s", junit_elements[verdict]);
    if (verdict != VERDICT_SKIPPED)
        junit_attribute(junit->out, "type", type_of(junit, row));
    const struct fault *fault = has_error ? NULL : fault_of(junit->report, row);
    buf_clear(&junit->text);
    buf_addf(&junit->text, "%s%s%s", fault ? fault->words : state, has_error ? ": " : "",
             has_error ? row->text : "");
    junit_attribute(junit->out, "message", junit->text.data);
    if (!has_error && !fault) {
        fputs("/>\n    </testcase>\n", junit->out);
        return;
    }
    buf_clear(&junit->text);
    (fault ? fault->gather : gather_error)(junit, row);
    putc('>', junit->out);
    junit_text(junit->out, junit->text.data, true);
    fprintf(junit->out, "</%s>\n    </testcase>\n", junit_elements[verdict]);
}

static void print_case(struct junit *junit, uint32_t index)
{
    const struct report *report = junit->report;
    const struct report_row *row = &report->rows[index];
    enum verdict verdict = verdict_of(report, row);
    fputs("    <testcase", junit->out);
    junit_attribute(junit->out, "name", report->run.tenants[index]->name);
    buf_clear(&junit->text);
    buf_addf(&junit->text, "skein.%s.%s", report->run.request->verb->name,
             report_wave_of(report, index)->name);
    junit_attribute(junit->out, "classname", junit->text.data);
    junit_seconds(junit->out, row->duration_ms);
    if (verdict == VERDICT_PASSED)
        fputs("/>\n", junit->out);
    else
        print_verdict(junit, row, verdict);
}

/* ---- a wave -------------------------------------------------------------------------------- */

static void print_property(struct junit *junit, const char *name, const char *value)
{
    if (!value)
        return;
    fputs("      <property", junit->out);
    junit_attribute(junit->out, "name", name);
    junit_attribute(junit->out, "value", value);
    fputs("/>\n", junit->out);
}

static void print_properties(struct junit *junit, const struct view_wave *wave)
{
    const struct run_info *run = &junit->report->run;
    fputs("    <properties>\n", junit->out);
    print_property(junit, "skein", SKEIN_VERSION);
    print_property(junit, "run", run->id);
    print_property(junit, "command", junit->view->headline.command);
    print_property(junit, "state", run_state_name(junit->report->state));
    print_property(junit, "wave_state", wave->words);
    print_property(junit, "resumed_from", run->resumed_from);
    print_property(junit, "by", run->origin.by);
    print_property(junit, "halted", junit->view->headline.halt);
    fputs("    </properties>\n", junit->out);
}

/* The schema's times have neither a fraction nor a zone: they are UTC. */
void junit_suite_attributes(struct junit *junit, const char *name, size_t index,
                            const struct suite *suite)
{
    enum { SECONDS_LEN = sizeof "2026-11-23T10:15:00" - 1 };
    const struct run_info *run = &junit->report->run;
    const char *at = run->origin.by ? strrchr(run->origin.by, '@') : NULL;
    char started[REPORT_TIME_SIZE];
    report_format_time(run->started_at_ms, started);
    started[SECONDS_LEN] = '\0';
    print_name(junit->out, "name", name);
    print_name(junit->out, "package", run->request->verb->name);
    fprintf(junit->out, " id=\"%zu\"", index);
    junit_attribute(junit->out, "timestamp", started);
    print_name(junit->out, "hostname", at && at[1] ? at + 1 : "localhost");
    fprintf(junit->out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"",
            suite->tests, suite->verdicts[VERDICT_FAILURE], suite->verdicts[VERDICT_ERROR],
            suite->verdicts[VERDICT_SKIPPED]);
    junit_seconds(junit->out, suite->time_ms);
}

static void print_suite(struct junit *junit, size_t index, const struct suite *suite,
                        const uint32_t *rows)
{
    const char *output = junit->view->headline.halt_output;
    fputs("  <testsuite", junit->out);
    junit_suite_attributes(junit, junit->view->waves[index].name, index, suite);
    fputs(">\n", junit->out);
    print_properties(junit, &junit->view->waves[index]);
    for (size_t i = 0; i < suite->tests; i++)
        print_case(junit, rows[suite->first + i]);
    fputs("    <system-out></system-out>\n    <system-err>", junit->out);
    junit_text(junit->out, output ? output : "", true);
    fputs("</system-err>\n  </testsuite>\n", junit->out);
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* The tenants of a wave stand together, in the order of the selection. */
static void sort_by_wave(const struct report *report, struct suite *suites, uint32_t *rows)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < report->run.tenant_count; i++) {
        struct suite *suite = &suites[report->run.wave_of[i]];
        suite->tests++;
        suite->verdicts[verdict_of(report, &report->rows[i])]++;
        suite->time_ms += report->rows[i].duration_ms;
    }
    for (size_t i = 0; i < report->wave_count; i++) {
        suites[i].first = first;
        first += (uint32_t)suites[i].tests;
        suites[i].tests = 0;
    }
    for (uint32_t i = 0; i < report->run.tenant_count; i++) {
        struct suite *suite = &suites[report->run.wave_of[i]];
        rows[suite->first + suite->tests++] = i;
    }
}

static bool write_junit(const struct report *report, const struct report_options *options,
                        FILE *out, struct err *err)
{
    struct view view;
    struct junit junit = {.view = &view, .report = report, .out = out};
    (void)options;
    view_init(&view, report);
    buf_init(&junit.text, BUF_MAX_DEFAULT);
    struct suite *suites = arena_calloc(&view.arena, report->wave_count, sizeof *suites);
    uint32_t *rows = arena_calloc(&view.arena, report->run.tenant_count + 1, sizeof *rows);
    sort_by_wave(report, suites, rows);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", out);
    for (size_t i = 0; i < report->wave_count; i++)
        print_suite(&junit, i, &suites[i], rows);
    junit.suite_count = report->wave_count;
    junit_plan(&junit);
    fputs("</testsuites>\n", out);
    buf_done(&junit.text);
    view_done(&view);
    return report_flush(out, err);
}

const struct report_format report_format_junit = {"junit", write_junit};
