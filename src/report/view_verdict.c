/* What a report comes to, in a sentence. */
#include "chain/chain.h"
#include "report/view.h"
#include "report/view_preflight.h"

/* What became of tenants that a person wants to know of first, and how it is said of one and of many. */
static const struct {
    enum tenant_state state;
    const char *one, *many;
} phrases[] = {
    {TENANT_FAILED, "failed", "failed"},
    {TENANT_PARTIAL, "is partly applied", "are partly applied"},
    {TENANT_IN_DOUBT, "is in doubt", "are in doubt"},
    {TENANT_ROLLBACK_FAILED, "could not be rolled back", "could not be rolled back"},
    {TENANT_ROLLED_BACK, "was rolled back", "were rolled back"},
    {TENANT_RUNNING, "is at work", "are at work"},
    {TENANT_PENDING, "is still to come", "are still to come"},
    {TENANT_SKIPPED, "was not begun", "were not begun"},
};

/* `40,000` */
static void add_number(struct buf *buf, size_t number)
{
    if (number >= 1000)
        add_number(buf, number / 1000);
    buf_addf(buf, number >= 1000 ? ",%03zu" : "%zu", number % 1000);
}

/* `2 of 40 tenants` */
static void add_share(struct buf *buf, size_t count, size_t total)
{
    if (count == total && total > 1) {
        buf_adds(buf, "All ");
    } else if (count < total) {
        add_number(buf, count);
        buf_adds(buf, " of ");
    }
    add_number(buf, total);
    buf_adds(buf, total == 1 ? " tenant" : " tenants");
}

/* `; 3 could not be told` */
static void add_also(struct buf *buf, const char *before, size_t count, const char *words)
{
    buf_adds(buf, before);
    add_number(buf, count);
    buf_adds(buf, words);
}

/* ` stands` of one, ` stand` of many: the tenants that were counted, or the one of all. */
static void add_verb(struct buf *buf, size_t count, const char *stem, const char *ending)
{
    buf_addf(buf, " %s%s", stem, count == 1 ? ending : "");
}

/* `2 of 40 tenants failed, 3 were not begun`. False where there is none of it. */
static bool add_phrases(const struct report *report, struct buf *buf)
{
    size_t total = report->run.tenant_count;
    bool has_any = false;
    for (size_t i = 0; i < ARRAY_LEN(phrases); i++) {
        size_t count = report->totals[phrases[i].state];
        if (!count)
            continue;
        if (has_any)
            add_also(buf, ", ", count, "");
        else
            add_share(buf, count, total);
        buf_addf(buf, " %s", count == 1 ? phrases[i].one : phrases[i].many);
        if (report->is_own_part && phrases[i].state == TENANT_SKIPPED)
            buf_adds(buf, " here");
        has_any = true;
    }
    return has_any;
}

/* After a change: does anything stand half-way? */
static void add_remains(const struct report *report, struct buf *buf)
{
    size_t count = 0;
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++)
        if (tenant_state_needs_person(state))
            count += report->totals[state];
    if (!count)
        buf_adds(buf, "; no tenant is half-way");
    else
        buf_adds(buf,
                 count == 1 ? "; a person has to look at it" : "; a person has to look at them");
}

static void add_change(const struct report *report, struct buf *buf)
{
    size_t total = report->run.tenant_count;
    size_t done = report->totals[TENANT_SUCCEEDED];
    if (add_phrases(report, buf)) {
        if (report_bad_count(report))
            add_remains(report, buf);
        return;
    }
    if (!done) {
        add_share(buf, total, total);
        buf_adds(buf, " stood there already");
        return;
    }
    add_share(buf, done, total);
    buf_adds(buf, " succeeded");
    if (done < total)
        add_also(buf, ", ", total - done, " stood there already");
}

/* Of a rehearsal, those whose statements failed: the upgrade would fail in them. */
static size_t failed_in_rehearsal(const struct report *report)
{
    size_t count = 0;
    for (size_t i = 0; report->run.request->rehearses && i < report->error_count; i++)
        count += report->errors[i].key.revision ? report->errors[i].row_count : 0;
    return count;
}

static void add_bad(const struct report *report, struct buf *buf)
{
    size_t failing = failed_in_rehearsal(report), bad = report_bad_count(report);
    if (failing)
        add_also(buf, "; ", failing, " would fail");
    if (bad > failing)
        add_also(buf, "; ", bad - failing, " could not be told");
}

static void add_dry(const struct report *report, struct buf *buf)
{
    size_t total = report->run.tenant_count;
    if (report->totals[TENANT_SUCCEEDED]) {
        add_share(buf, report->totals[TENANT_SUCCEEDED], total);
        buf_adds(buf, " would change");
    } else {
        buf_adds(buf, "No tenant would change");
    }
    size_t failing = view_preflight_failing(report);
    if (failing)
        add_also(buf, "; ", failing,
                 failing == 1 ? " will fail on its rows" : " will fail on their rows");
    add_bad(report, buf);
}

/* Are they where the command asks them to be? */
static void add_answer(const struct report *report, struct buf *buf)
{
    size_t total = report->run.tenant_count, there = report->totals[TENANT_UNCHANGED];
    size_t elsewhere = report->totals[TENANT_SUCCEEDED];
    if (elsewhere) {
        add_share(buf, elsewhere, total);
        buf_addf(buf, " %s not stand at %s", elsewhere == 1 || total == 1 ? "does" : "do",
                 report->run.target);
    } else if (there) {
        add_share(buf, there, total);
        add_verb(buf, total == 1 ? 1 : there, "stand", "s");
        buf_addf(buf, " at %s", report->run.target);
    } else {
        buf_adds(buf, "No tenant could be asked");
        return;
    }
    add_bad(report, buf);
}

static void add_standing(const struct view *view, struct buf *buf)
{
    const struct report *report = view->report;
    const struct view_groups *groups = &view->standings;
    size_t total = report->run.tenant_count, known = 0;
    for (size_t i = 0; i < groups->count; i++)
        known += groups->items[i].count;
    if (groups->count) {
        add_share(buf, groups->items[0].count, total);
        add_verb(buf, total == 1 ? 1 : groups->items[0].count, "stand", "s");
        buf_adds(buf, " at ");
        view_add_ids(report, buf, groups->items[0].move.to, true);
    }
    if (groups->count > 1)
        add_also(buf, ", ", known - groups->items[0].count, " elsewhere");
    if (!groups->count)
        buf_adds(buf, "No tenant could be asked");
    else
        add_bad(report, buf);
}

/* Where someone asked whether tenants hold what their revisions say. */
static void add_schemas(const struct report *report, struct buf *buf)
{
    size_t counts[SCHEMA__COUNT] = {0};
    for (size_t i = 0; report->schemas && i < report->run.tenant_count; i++)
        counts[report->schemas[i].verdict]++;
    size_t differing = counts[SCHEMA_DIFFERS], unknown = counts[SCHEMA_UNKNOWN];
    if (differing)
        add_also(buf, "; ", differing,
                 differing == 1 ? " differs from what its revision says"
                                : " differ from what their revisions say");
    if (unknown)
        add_also(buf, "; ", unknown, " cannot be judged");
}

void view_add_verdict(const struct view *view, struct buf *buf)
{
    const struct report *report = view->report;
    if (!report->run.tenant_count)
        buf_adds(buf, "No tenant was selected");
    else if (report->run.request->verb->shows_standings)
        add_standing(view, buf);
    else if (report->run.request->verb->only_asks)
        add_answer(report, buf);
    else if (!request_changes(report->run.request))
        add_dry(report, buf);
    else
        add_change(report, buf);
    add_schemas(report, buf);
}
