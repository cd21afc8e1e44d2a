#include "cli/judge.h"

#include "cli/faults.h"
#include "dialect/judge.h"

static bool judge(struct fleet *fleet, const bool *dialects, bool is_quiet, bool ignores_place)
{
    bool of_tenants[DIALECT__COUNT] = {false};
    struct faults faults, doubts;
    faults_init(&faults);
    faults_init(&doubts);
    for (size_t i = 0; i < fleet->tenant_count; i++)
        dialect_mark_possible(fleet->tenants[i]->url.dialect, fleet->tenants[i]->url.scheme,
                              of_tenants);
    struct judging_chain judging = {.scripts = fleet->scripts,
                                    .chain = fleet->chain,
                                    .used = dialects ? dialects : of_tenants,
                                    .ignores_place = ignores_place};
    judge_chain(&judging, &faults, &doubts);
    faults_sort(&doubts);
    for (size_t i = 0; i < doubts.count && !is_quiet; i++)
        cli_note("%s:%d: %s", doubts.items[i].file, doubts.items[i].line, doubts.items[i].text);
    bool is_fine = cli_tell_faults(&faults);
    faults_done(&faults);
    faults_done(&doubts);
    return is_fine;
}

bool cli_judge(struct fleet *fleet, const bool *dialects, bool is_quiet)
{
    return judge(fleet, dialects, is_quiet, false);
}

bool cli_judge_syntax(struct fleet *fleet, const bool *dialects, bool is_quiet)
{
    return judge(fleet, dialects, is_quiet, true);
}

void cli_find_dialects(const struct fleet *fleet, const struct options *options, bool *ret_used)
{
    const struct inventory *inventory = fleet->inventory;
    if (options->has_dialect) {
        ret_used[options->dialect] = true;
        return;
    }
    for (size_t i = 0; i < inventory->tenant_count; i++)
        if (!inventory->tenants[i].lacks_dialect)
            dialect_mark_possible(inventory->tenants[i].url.dialect,
                                  inventory->tenants[i].url.scheme, ret_used);
    for (size_t i = 0; i < inventory->query_count; i++) {
        const struct tenant *control = &inventory->queries[i].control;
        if (!control->lacks_dialect)
            dialect_mark_possible(control->url.dialect, control->url.scheme, ret_used);
    }
    for (size_t r = 0; r < fleet->chain->count; r++) {
        const struct revision *revision = fleet->chain->revisions[r];
        for (size_t s = 0; s < revision->section_count; s++)
            if (!revision->sections[s].is_general)
                ret_used[revision->sections[s].dialect] = true;
    }
}
