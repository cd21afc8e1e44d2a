/* What tenants share, kept once and known by a number. */
#include "lint/destroys.h"
#include "report/model.h"

const char *report_keep_text(struct report *report, const char *text)
{
    uint32_t number = intern_put(&report->strings, text, strlen(text) + 1);
    return intern_at(&report->strings, number, NULL);
}

uint32_t report_keep_ids(struct report *report, const struct rows *rows)
{
    size_t count = rows->count;
    if (!rows->is_known)
        return REPORT_NONE;
    if (count > report->scratch_id_count) {
        report->scratch_ids = xrealloc(report->scratch_ids, count * sizeof *report->scratch_ids);
        report->scratch_id_count = count;
    }
    for (size_t i = 0; i < count; i++)
        report->scratch_ids[i] = report_keep_text(report, rows->ids[i]);
    return intern_put(&report->id_lists, report->scratch_ids, count * sizeof *report->scratch_ids);
}

uint32_t report_keep_half(struct report *report, const struct half_step *half)
{
    if (!half)
        return REPORT_NONE;
    struct report_half kept = {
        .revision = report_keep_text(report, half->revision),
        .run = report_keep_text(report, half->run),
        .direction = half->direction,
        .statements = half->statements,
        .of = half->of,
        .is_in_doubt = half->is_in_doubt,
    };
    return intern_put(&report->halves, &kept, sizeof kept);
}

/* Of a run that only looks. */
static bool is_loss(struct report *report, const struct step_done *step, enum dialect_id dialect)
{
    if (!step->revision || !report->run.chain || request_changes(report->run.request) ||
        !verb_runs_scripts(report->run.request->verb))
        return false;
    if (!report->destroys)
        report->destroys = destroys_new(report->run.chain);
    return destroys_data(report->destroys, step->revision, step->direction, dialect);
}

/* Puts them after those of the list `before`. */
uint32_t report_keep_steps(struct report *report, uint32_t before, const struct outcome *outcome)
{
    struct step_list list = report_steps(report, before);
    size_t total = list.count + outcome->step_count;
    if (total > report->scratch_step_count) {
        report->scratch_steps =
            xrealloc(report->scratch_steps, total * sizeof *report->scratch_steps);
        report->scratch_step_count = total;
    }
    if (list.count)
        memcpy(report->scratch_steps, list.steps, list.count * sizeof *list.steps);
    for (size_t i = 0; i < outcome->step_count; i++) {
        const struct step_done *step = &outcome->steps[i];
        report->scratch_steps[list.count + i] =
            (struct report_step){step->revision, step->direction, step->statements,
                                 step->commits_itself, is_loss(report, step, outcome->dialect)};
    }
    return intern_put(&report->step_lists, report->scratch_steps,
                      total * sizeof *report->scratch_steps);
}

/* Durations are all that differs between tenants that took the same steps. A float's seven digits
 * are finer than any clock's noise. A plan has none at all. */
const float *report_keep_durations(struct report *report, const float *before, size_t before_count,
                                   const struct step_done *steps, size_t count)
{
    bool has_any = before != NULL;
    for (size_t i = 0; i < count; i++)
        has_any = has_any || steps[i].duration_ms > 0;
    if (!has_any)
        return NULL;
    float *durations = arena_calloc(&report->arena, before_count + count, sizeof *durations);
    for (size_t i = 0; before && i < before_count; i++)
        durations[i] = before[i];
    for (size_t i = 0; i < count; i++)
        durations[before_count + i] = (float)steps[i].duration_ms;
    return durations;
}

const struct report_batches *report_batches_of(const struct report *report,
                                               const struct report_row *row)
{
    return report->batches ? report->batches[row - report->rows] : NULL;
}

void report_keep_batches(struct report *report, const struct report_row *row,
                         const struct outcome *outcome, size_t before_count)
{
    const struct report_batches *before = before_count ? report_batches_of(report, row) : NULL;
    const struct half_step *half = outcome->half_step;
    size_t count = 1 + before_count + outcome->step_count;
    bool has_any = before || (half && half->batches);
    for (size_t i = 0; i < outcome->step_count; i++)
        has_any = has_any || outcome->steps[i].batches;
    if (!has_any)
        return;
    if (!report->batches)
        report->batches =
            arena_calloc(&report->arena, report->run.tenant_count, sizeof *report->batches);
    struct report_batches *batches = arena_calloc(&report->arena, count, sizeof *batches);
    if (half)
        batches[0] = (struct report_batches){half->batches, half->rows};
    for (size_t i = 1; before && i <= before_count; i++)
        batches[i] = before[i];
    for (size_t i = 0; i < outcome->step_count; i++)
        batches[1 + before_count + i] =
            (struct report_batches){outcome->steps[i].batches, outcome->steps[i].rows};
    report->batches[row - report->rows] = batches;
}

/* A hundred thousand tenants mostly hear the same hint. */
const struct said *report_keep_said(struct report *report, const struct said *said)
{
    struct said kept = {0};
    if (!said)
        return NULL;
    for (enum said_part part = 0; part < SAID__COUNT; part++)
        if (said_part(said, part))
            kept.part[part] = report_keep_text(report, said_part(said, part));
    return intern_at(&report->saids, intern_put(&report->saids, &kept, sizeof kept), NULL);
}

struct rows report_ids(const struct report *report, uint32_t number)
{
    size_t size;
    if (number == REPORT_NONE)
        return (struct rows){0};
    const void *ids = intern_at(&report->id_lists, number, &size);
    return (struct rows){ids, size / sizeof(const char *), true};
}

const struct report_half *report_half(const struct report *report, uint32_t number)
{
    return number == REPORT_NONE ? NULL : intern_at(&report->halves, number, NULL);
}

struct step_list report_steps(const struct report *report, uint32_t number)
{
    size_t size;
    if (number == REPORT_NONE)
        return (struct step_list){NULL, 0};
    const void *steps = intern_at(&report->step_lists, number, &size);
    return (struct step_list){steps, size / sizeof(struct report_step)};
}
