/* What a report comes to: totals, the exit code, the state of a wave. */
#include <signal.h>
#include <time.h>

#include "base/human.h"
#include "report/model.h"

enum run_state report_state(const struct report *report)
{
    return report->state;
}

size_t report_total(const struct report *report, enum tenant_state state)
{
    return report->totals[state];
}

size_t report_bad_count(const struct report *report)
{
    size_t count = 0;
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++)
        if (tenant_state_is_bad(state))
            count += report->totals[state];
    return count;
}

static bool needs_person(const struct report *report)
{
    bool needs = report->state == RUN_ROLLBACK_FAILED;
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++)
        needs = needs || (tenant_state_needs_person(state) && report->totals[state]);
    return needs;
}

/* Within a wave that was begun: the tenants of one that was not were not asked for (--wave). */
static bool has_skipped(const struct report *report)
{
    for (size_t i = 0; report->totals[TENANT_SKIPPED] && i < report->run.tenant_count; i++)
        if (report->rows[i].state == TENANT_SKIPPED &&
            report_wave_of(report, i)->state != RUN__COUNT)
            return true;
    return false;
}

int report_exit_code(const struct report *report, int signal)
{
    if (needs_person(report))
        return 4;
    if (signal || report->state == RUN_INTERRUPTED)
        return 128 + (signal ? signal : SIGINT);
    if (report->state == RUN_ROLLED_BACK)
        return 3;
    /* An error of a tenant that was skipped counts like one of a tenant that failed. */
    bool is_fine = report->state == RUN_SUCCEEDED && !report_bad_count(report) &&
                   !report->error_count && !has_skipped(report);
    return is_fine ? 0 : 1;
}

struct report_wave *report_wave_of(const struct report *report, size_t tenant)
{
    return &report->waves[report->run.wave_of[tenant]];
}

const char *report_wave_state(const struct report *report, const struct report_wave *wave)
{
    if (wave->state == RUN__COUNT)
        return tenant_state_name(TENANT_SKIPPED);
    return run_state_name(wave->state == RUN_RUNNING ? report->state : wave->state);
}

void report_format_time(int64_t at_ms, char ret_text[REPORT_TIME_SIZE])
{
    int64_t ms = (at_ms % 1000 + 1000) % 1000;
    time_t seconds = (time_t)((at_ms - ms) / 1000);
    struct tm utc = {0};
    char date[REPORT_TIME_SIZE - sizeof ".000Z" + 1];
    gmtime_r(&seconds, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(ret_text, REPORT_TIME_SIZE, "%s.%03dZ", date, (int)ms);
}

size_t report_above(const struct report *report)
{
    return report->above_count;
}

void report_add_above(struct buf *buf, const struct report *report)
{
    bool is_one = report->above_count == 1;
    human_add_count(buf, report->above_count, "tenant");
    buf_adds(buf, is_one ? " stands above " : " stand above ");
    human_add_text(buf, report->run.target);
    buf_adds(buf, ": 'skein downgrade ");
    human_add_text(buf, report->run.target);
    buf_addf(buf, "' would take %s there; an upgrade leaves %s", is_one ? "it" : "them",
             is_one ? "it" : "them");
}
