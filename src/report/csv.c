/* A table for spreadsheets: a row a tenant, RFC 4180, columns as docs/reports.md names them (contract).
 *
 * A record is one line: what breaks lines is escaped as for a terminal. A spreadsheet takes a field for a formula that begins
 * with one of `=+-@`, and one that splits at semicolons (as in Germany) what follows a semicolon: an apostrophe before it
 * makes it a text. Numbers of ours are never negative. The last column is one of them: where fields are
 * split at semicolons, a quotation mark that ends a text must not begin a field that goes on with the next line.
 */
#include <math.h>

#include "base/utf8.h"
#include "inventory/inventory.h"
#include "report/view.h"
#include "report/view_lint.h"
#include "report/view_preflight.h"
#include "report/view_rehearsal.h"
#include "report/view_schemas.h"

struct csv {
    const struct report *report;
    struct view_lint lint;
    struct buf line;
    struct buf field; /* that is gathered, */
    struct buf safe;  /* and the same, harmless on a terminal */
};

static const char columns[] =
    "run,tenant,dialect,url,labels,wave,state,would,from,to,half_done,steps,attempts,started_at,duration_ms,"
    "error_class,error_code,error_message,error_revision,error_file,error_line,"
    "lint_errors,lint_warnings,lint_notes,lint_allowed,"
    "preflight_failure,preflight_fails,preflight_unsure,"
    "rehearsed,longest_lock_ms,written_bytes,not_rehearsed,schema,fingerprint\r\n";

/* The wide forms are formulas too where the spreadsheet is a Japanese or Chinese one. */
static bool begins_formula(const char *text)
{
    static const char *const signs[] = {"=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"};
    for (size_t i = 0; i < ARRAY_LEN(signs); i++)
        if (strncmp(text, signs[i], strlen(signs[i])) == 0)
            return true;
    return false;
}

/* Neither blanks nor quotation marks before a formula stop every spreadsheet from taking it for one. */
static size_t lead_len(const char *text)
{
    static const char *const leads[] = {" ", "\"", "\u3000", "\u00a0"};
    size_t len = 0;
    for (size_t i = 0; i < ARRAY_LEN(leads);) {
        bool is_lead = strncmp(text + len, leads[i], strlen(leads[i])) == 0;
        len += is_lead ? strlen(leads[i]) : 0;
        i = is_lead ? 0 : i + 1;
    }
    return len;
}

/* `text` is harmless on a terminal. */
static void add_quoted(struct buf *line, const char *text)
{
    bool is_quoted = strpbrk(text, ",;\"") || *text == ' ';
    bool is_start = true;
    if (is_quoted)
        buf_addc(line, '"');
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, ";\"");
        len += at[len] != '\0';
        if (is_start && begins_formula(at + lead_len(at)))
            buf_addc(line, '\'');
        buf_add(line, at, len);
        at += len;
        is_start = at[-1] == ';';
        if (at[-1] == '"')
            buf_addc(line, '"');
    }
    if (is_quoted)
        buf_addc(line, '"');
}

static void end_field(struct csv *csv)
{
    buf_addc(&csv->line, ',');
}

/* What was gathered in `field`. */
static void add_field(struct csv *csv)
{
    buf_clear(&csv->safe);
    utf8_add_safe(&csv->safe, csv->field.data, csv->field.len, false);
    add_quoted(&csv->line, csv->safe.data);
    end_field(csv);
    buf_clear(&csv->field);
}

/* Empty for NULL. */
static void add_text(struct csv *csv, const char *text)
{
    buf_adds(&csv->field, text ? text : "");
    add_field(csv);
}

static void add_count(struct csv *csv, size_t count)
{
    buf_addf(&csv->line, "%zu", count);
    end_field(csv);
}

static void add_labels(struct csv *csv, const struct tenant *tenant)
{
    for (size_t i = 0; i < tenant->label_count; i++)
        buf_addf(&csv->field, "%s%s=%s", i ? "," : "", tenant->labels[i].key,
                 tenant->labels[i].value);
    add_field(csv);
}

static void add_ids(struct csv *csv, bool is_known, uint32_t ids)
{
    if (is_known)
        view_add_ids(csv->report, &csv->field, ids, false);
    add_field(csv);
}

/* `up r3 (partial: 2 of 4 statements)` */
static void add_half(struct csv *csv, uint32_t half)
{
    static const size_t sign_len = sizeof " + " - 1;
    struct buf words;
    buf_init(&words, BUF_MAX_DEFAULT);
    view_add_half(csv->report, &words, half);
    if (words.len)
        buf_addf(&csv->field, "%s %s",
                 report_half(csv->report, half)->direction == DIRECTION_UP ? "up" : "down",
                 words.data + sign_len);
    add_field(csv);
    buf_done(&words);
}

/* In a dry run nothing has succeeded or stayed: it would. */
static const char *would_word(const struct report *report, enum tenant_state state)
{
    if (request_changes(report->run.request))
        return NULL;
    if (state == TENANT_SUCCEEDED)
        return "change";
    return state == TENANT_UNCHANGED ? "stay" : NULL;
}

static void add_times(struct csv *csv, const struct report_row *row)
{
    char started[REPORT_TIME_SIZE] = "";
    if (row->attempts && !row->is_carried)
        report_format_time(csv->report->run.started_at_ms + (int64_t)row->started_ms, started);
    add_text(csv, started);
    buf_addf(&csv->line, "%.1f", row->duration_ms > 0 ? row->duration_ms : 0.0);
    end_field(csv);
}

static void add_error(struct csv *csv, const struct report_row *row)
{
    static const struct cause none = {.code = "", .file = ""};
    bool has_error = row->error != REPORT_NONE;
    const struct cause *key = has_error ? &csv->report->errors[row->error].key : &none;
    add_text(csv, has_error ? err_class_name((enum err_class)key->kind) : NULL);
    add_text(csv, key->code);
    buf_adds(&csv->field, has_error ? row->text : "");
    buf_adds(&csv->field, has_error && row->detail ? row->detail : "");
    add_field(csv);
    add_text(csv, key->revision ? key->revision->id : NULL);
    add_text(csv, key->file);
    if (key->line)
        buf_addf(&csv->line, "%d", (int)key->line);
    end_field(csv);
}

/* Empty where nothing was looked at. */
static void add_findings(struct csv *csv, const struct report_row *row)
{
    static const enum lint_severity order[] = {LINT_ERROR, LINT_WARNING, LINT_NOTE};
    const struct view_lint_counts *counts = view_lint_of(&csv->lint, row);
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        counts ? add_count(csv, counts->by_severity[order[i]]) : end_field(csv);
    counts ? add_count(csv, counts->allowed) : end_field(csv);
}

/* The first statement that will fail; how many will, and of how many that is not known. Empty where the rows were not asked. */
static void add_preflight(struct csv *csv, const struct report_row *row)
{
    const struct preflight_answer *first = NULL;
    size_t counts[PREFLIGHT__COUNT] = {0};
    bool is_asked = csv->report->run.request->asks_rows;
    for (size_t i = 0; i < row->preflight_count; i++)
        if (!counts[row->preflight[i].state]++ && row->preflight[i].state == PREFLIGHT_FAILS)
            first = &row->preflight[i];
    if (first)
        view_add_failure(first, &csv->field);
    add_field(csv);
    is_asked ? add_count(csv, counts[PREFLIGHT_FAILS]) : end_field(csv);
    is_asked ? add_count(csv, counts[PREFLIGHT_UNKNOWN] + counts[PREFLIGHT_UNASKED])
             : end_field(csv);
}

/* Empty where it was not rehearsed. */
static void add_rehearsal(struct csv *csv, const struct report_row *row)
{
    const char *at = rehearsed_at_name(row->rehearsed);
    uint64_t bytes = 0;
    size_t skipped = 0;
    double lock_ms = 0;
    for (size_t i = 0; i < row->seen_count; i++) {
        const struct seen *seen = &row->seen[i];
        if (seen->kind == SEEN_LOCK && !view_seen_is_quiet(seen) && seen->ms > lock_ms)
            lock_ms = seen->ms;
        bytes += seen->kind == SEEN_REWRITE || seen->kind == SEEN_GROWTH ? seen->count : 0;
        skipped += seen->kind == SEEN_SKIPPED;
    }
    add_text(csv, at);
    if (at)
        buf_addf(&csv->line, "%.3f", round(lock_ms * 1000) / 1000); /* as JSON has it */
    end_field(csv);
    at ? add_count(csv, (size_t)bytes) : end_field(csv);
    at ? add_count(csv, skipped) : end_field(csv);
}

/* Empty where no one asked. */
static void add_schema(struct csv *csv, size_t index)
{
    const struct report_schema *schema = csv->report->schemas ? &csv->report->schemas[index] : NULL;
    add_text(csv, schema ? view_schema_words(schema->verdict) : NULL);
    if (schema && schema->fingerprint)
        buf_addf(&csv->field, "sha256:%s", schema->fingerprint);
    add_field(csv);
}

static void add_tenant(struct csv *csv, size_t index)
{
    const struct report *report = csv->report;
    const struct tenant *tenant = report->run.tenants[index];
    const struct report_row *row = &report->rows[index];
    add_text(csv, report->run.id);
    add_text(csv, tenant->name);
    add_text(csv, dialect_info(tenant->url.dialect)->name);
    add_text(csv, tenant->url_redacted);
    add_labels(csv, tenant);
    add_text(csv, report_wave_of(report, index)->name);
    add_text(csv, tenant_state_name(row->state));
    add_text(csv, would_word(report, row->state));
    add_ids(csv, row->is_from_known, row->from);
    add_ids(csv, row->to != REPORT_NONE, row->to);
    add_half(csv, row->half);
    add_count(csv, report_steps(report, row->steps).count);
    add_count(csv, row->attempts);
    add_times(csv, row);
    add_error(csv, row);
    add_findings(csv, row);
    add_preflight(csv, row);
    add_rehearsal(csv, row);
    add_schema(csv, index);
}

static bool write_csv(const struct report *report, const struct report_options *options, FILE *out,
                      struct err *err)
{
    struct csv csv = {.report = report};
    (void)options;
    buf_init(&csv.line, BUF_MAX_DEFAULT);
    buf_init(&csv.field, BUF_MAX_DEFAULT);
    buf_init(&csv.safe, BUF_MAX_DEFAULT);
    view_lint_init(&csv.lint, report);
    fputs(columns, out);
    for (size_t i = 0; i < report->run.tenant_count; i++) {
        buf_clear(&csv.line);
        add_tenant(&csv, i);
        csv.line.data[csv.line.len - 1] = '\0'; /* the comma after the last field */
        fprintf(out, "%s\r\n", csv.line.data);
    }
    view_lint_done(&csv.lint);
    buf_done(&csv.line);
    buf_done(&csv.field);
    buf_done(&csv.safe);
    return report_flush(out, err);
}

const struct report_format report_format_csv = {"csv", write_csv};
