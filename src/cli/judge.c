#include "cli/judge.h"

#include "cli/faults.h"
#include "dialect/judge.h"

bool cli_judge(struct fleet *fleet, const bool *dialects, bool is_quiet)
{
    bool of_tenants[DIALECT__COUNT] = {false};
    struct faults faults, doubts;
    faults_init(&faults);
    faults_init(&doubts);
    for (size_t i = 0; i < fleet->tenant_count; i++)
        dialect_mark_possible(fleet->tenants[i]->url.dialect, fleet->tenants[i]->url.scheme,
                              of_tenants);
    struct judging_chain judging = {
        .scripts = fleet->scripts, .chain = fleet->chain, .used = dialects ? dialects : of_tenants};
    judge_chain(&judging, &faults, &doubts);
    faults_sort(&doubts);
    for (size_t i = 0; i < doubts.count && !is_quiet; i++)
        cli_note("%s:%d: %s", doubts.items[i].file, doubts.items[i].line, doubts.items[i].text);
    bool is_fine = cli_tell_faults(&faults);
    faults_done(&faults);
    faults_done(&doubts);
    return is_fine;
}
