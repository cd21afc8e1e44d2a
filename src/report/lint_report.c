#include "report/lint_report.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "base/human.h"

/* ---- what all share ------------------------------------------------------------------------------- */

void lint_add_totals(struct buf *buf, const struct told_findings *findings)
{
    static const enum lint_severity order[] = {LINT_ERROR, LINT_WARNING, LINT_NOTE};
    const char *before = "";
    size_t allowed = told_allowed(findings);
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        size_t count = told_count(findings, order[i]);
        if (!count)
            continue;
        buf_adds(buf, before);
        human_add_count(buf, count, lint_severity_name(order[i]));
        before = ", ";
    }
    if (allowed)
        buf_addf(buf, "%s%zu allowed", before, allowed);
    if (!findings->count)
        buf_adds(buf, "nothing found");
}

/* ---- text ----------------------------------------------------------------------------------------- */

static void add_line(struct buf *buf, int indent, const char *head, const char *text)
{
    buf_addf(buf, "\n%*s%s", indent, "", head);
    human_add_text(buf, text);
}

void lint_add_finding(struct buf *buf, const struct told_finding *finding, bool is_verbose,
                      int indent)
{
    buf_addf(buf, "%*s", indent, "");
    human_add_text(buf, finding->file);
    buf_addf(buf, ":%d: %s%s: ", finding->line,
             finding->direction == DIRECTION_DOWN ? "down: " : "",
             finding->allowed ? "allowed" : lint_severity_name(finding->severity));
    human_add_text(buf, finding->message);
    buf_adds(buf, " [");
    human_add_text(buf, finding->rule);
    buf_addc(buf, ']');
    if (*finding->source)
        add_line(buf, indent + 4, "", finding->source);
    if (finding->weight)
        add_line(buf, indent + 2, "in this fleet: ", finding->weight);
    if (finding->allowed) {
        add_line(buf, indent + 2, "reason: ", finding->allowed);
    } else {
        if (is_verbose)
            add_line(buf, indent + 2, "why: ", finding->why);
        add_line(buf, indent + 2, "better: ", finding->better);
    }
    buf_addc(buf, '\n');
}

void lint_write_text(const struct lint_report *report, FILE *out)
{
    const struct told_findings *findings = report->findings;
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < findings->count; i++) {
        lint_add_finding(&buf, &findings->items[i], report->is_verbose, 0);
        buf_addc(&buf, '\n');
    }
    human_add_count(&buf, report->revisions, "revision");
    buf_adds(&buf, ": ");
    lint_add_totals(&buf, findings);
    fprintf(out, "%s\n", buf.data);
    buf_done(&buf);
}

/* ---- JSON ----------------------------------------------------------------------------------------- */

static json_t *json_dialects(unsigned dialects)
{
    json_t *array = json_array();
    for (int d = 0; d < DIALECT__COUNT; d++)
        if (dialects & 1u << d)
            json_array_append_new(array, json_text(dialect_info((enum dialect_id)d)->name));
    return array;
}

json_t *lint_json_finding(const struct told_finding *finding)
{
    json_t *json = json_object();
    json_object_set_new(json, "rule", json_text(finding->rule));
    json_object_set_new(json, "severity", json_text(lint_severity_name(finding->severity)));
    json_object_set_new(json, "revision", json_text(finding->revision));
    json_object_set_new(json, "direction",
                        json_text(finding->direction == DIRECTION_UP ? "up" : "down"));
    json_object_set_new(json, "file", json_text(finding->file));
    json_object_set_new(json, "line", json_integer(finding->line));
    json_object_set_new(json, "dialects", json_dialects(finding->dialects));
    json_object_set_new(json, "source", json_text_or_null(finding->source));
    json_object_set_new(json, "message", json_text(finding->message));
    json_object_set_new(json, "why", json_text(finding->why));
    json_object_set_new(json, "better", json_text(finding->better));
    json_object_set_new(json, "weight", json_text(finding->weight));
    json_object_set_new(json, "allowed", json_text(finding->allowed));
    return json;
}

/* `{"errors": 1, …}` */
static json_t *totals_of(const struct told_findings *findings)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "errors", (json_int_t)told_count(findings, LINT_ERROR),
                     "warnings", (json_int_t)told_count(findings, LINT_WARNING), "notes",
                     (json_int_t)told_count(findings, LINT_NOTE), "allowed",
                     (json_int_t)told_allowed(findings));
}

void lint_write_json(const struct lint_report *report, FILE *out)
{
    struct json_stream stream = {.out = out};
    json_open(&stream, NULL, '{');
    json_put_integer(&stream, "revisions", (json_int_t)report->revisions);
    json_put(&stream, "totals", totals_of(report->findings));
    json_open(&stream, "findings", '[');
    for (size_t i = 0; i < report->findings->count; i++)
        json_put(&stream, NULL, lint_json_finding(&report->findings->items[i]));
    json_close(&stream, ']');
    json_close(&stream, '}');
}

void lint_json_put(struct json_stream *stream, const struct told_findings *findings)
{
    json_open(stream, "lint", '{');
    json_put(stream, "totals", totals_of(findings));
    json_open(stream, "findings", '[');
    for (size_t i = 0; i < findings->count; i++)
        json_put(stream, NULL, lint_json_finding(&findings->items[i]));
    json_close(stream, ']');
    json_close(stream, '}');
}

/* ---- SARIF 2.1.0 ---------------------------------------------------------------------------------- */

static const char *level_of(enum lint_severity severity)
{
    static const char *const levels[LINT__COUNT] = {"none", "note", "warning", "error"};
    return levels[severity];
}

static json_t *sarif_text(const char *text)
{
    json_t *message = json_object();
    json_object_set_new(message, "text", json_text(text));
    return message;
}

/* A rule's text about no statement: `{table}` is TABLE, as in the manual. */
static json_t *sarif_general_text(const char *text)
{
    struct buf buf;
    bool is_mark = false;
    buf_init(&buf, 65536);
    for (; *text; text++) {
        if (*text == '{' || *text == '}')
            is_mark = *text == '{';
        else
            buf_addc(&buf, is_mark ? ascii_to_upper(*text) : *text);
    }
    json_t *json = sarif_text(buf.data);
    buf_done(&buf);
    return json;
}

static json_t *sarif_rule(size_t index)
{
    const struct lint_rule *rule = &lint_rules[index];
    json_t *json = json_object(), *configuration = json_object();
    json_object_set_new(json, "id", json_text(lint_rule_at(index)));
    json_object_set_new(json, "shortDescription", sarif_text(rule->title));
    json_object_set_new(json, "fullDescription", sarif_general_text(rule->why));
    json_object_set_new(json, "help", sarif_general_text(rule->instead));
    json_object_set_new(configuration, "level", json_text(level_of(rule->severity)));
    json_object_set_new(json, "defaultConfiguration", configuration);
    return json;
}

/* A path as a reference of a URI: everything that means something there is escaped. From the root on it is a URI of its own. */
static json_t *sarif_uri(const char *path)
{
    static const char plain[] = "-._~/";
    struct buf uri;
    buf_init(&uri, 65536);
    buf_adds(&uri, *path == '/' ? "file://" : "");
    for (const char *at = path; *at; at++) {
        unsigned char c = (unsigned char)*at;
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || strchr(plain, c);
        if (is_plain)
            buf_addc(&uri, *at);
        else
            buf_addf(&uri, "%%%02X", c);
    }
    json_t *json = json_text(uri.data);
    buf_done(&uri);
    return json;
}

static json_t *sarif_location(const struct told_finding *finding)
{
    json_t *location = json_object(), *physical = json_object(), *artifact = json_object(),
           *region = json_object();
    json_object_set_new(artifact, "uri", sarif_uri(finding->file));
    json_object_set_new(region, "startLine", json_integer(finding->line));
    if (*finding->source)
        json_object_set_new(region, "snippet", sarif_text(finding->source));
    json_object_set_new(physical, "artifactLocation", artifact);
    json_object_set_new(physical, "region", region);
    json_object_set_new(location, "physicalLocation", physical);
    return location;
}

static json_t *sarif_message(const struct told_finding *finding)
{
    struct buf text;
    buf_init(&text, 65536);
    buf_addf(&text, "%s.", finding->message);
    if (finding->weight)
        buf_addf(&text, " In this fleet: %s.", finding->weight);
    buf_addf(&text, " Better: %s.", finding->better);
    json_t *json = sarif_text(text.data);
    buf_done(&text);
    return json;
}

static json_t *sarif_result(const struct told_finding *finding)
{
    json_t *json = json_object(), *locations = json_array();
    enum rule_id rule;
    json_object_set_new(json, "ruleId", json_text(finding->rule));
    if (lint_rule_find(finding->rule, strlen(finding->rule), &rule))
        json_object_set_new(json, "ruleIndex", json_integer((json_int_t)rule));
    json_object_set_new(json, "level", json_text(level_of(finding->severity)));
    json_object_set_new(json, "message", sarif_message(finding));
    json_array_append_new(locations, sarif_location(finding));
    json_object_set_new(json, "locations", locations);
    if (finding->allowed) {
        json_t *suppressions = json_array(), *suppression = json_object();
        json_object_set_new(suppression, "kind", json_text("inSource"));
        json_object_set_new(suppression, "justification", json_text(finding->allowed));
        json_array_append_new(suppressions, suppression);
        json_object_set_new(json, "suppressions", suppressions);
    }
    return json;
}

void lint_write_sarif(const struct lint_report *report, FILE *out)
{
    struct json_stream stream = {.out = out};
    json_open(&stream, NULL, '{');
    json_put_text(&stream, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    json_put_text(&stream, "version", "2.1.0");
    json_open(&stream, "runs", '[');
    json_open(&stream, NULL, '{');
    json_open(&stream, "tool", '{');
    json_open(&stream, "driver", '{');
    json_put_text(&stream, "name", "skein");
    json_put_text(&stream, "semanticVersion", SKEIN_VERSION);
    json_open(&stream, "rules", '[');
    for (size_t i = 0; i < RULE__COUNT; i++)
        json_put(&stream, NULL, sarif_rule(i));
    json_close(&stream, ']');
    json_close(&stream, '}');
    json_close(&stream, '}');
    json_open(&stream, "results", '[');
    for (size_t i = 0; i < report->findings->count; i++)
        json_put(&stream, NULL, sarif_result(&report->findings->items[i]));
    json_close(&stream, ']');
    json_close(&stream, '}');
    json_close(&stream, ']');
    json_close(&stream, '}');
}
