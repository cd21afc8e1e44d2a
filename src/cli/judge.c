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
        of_tenants[fleet->tenants[i]->url.dialect] = true;
    for (int d = 0; d < DIALECT__COUNT; d++) {
        const struct dialect *dialect = dialect_of((enum dialect_id)d);
        if (dialect && (dialects ? dialects : of_tenants)[d])
            judge_chain(fleet->scripts, fleet->chain, dialect, &faults, &doubts);
    }
    faults_sort(&doubts);
    for (size_t i = 0; i < doubts.count && !is_quiet; i++)
        cli_note("%s:%d: %s", doubts.items[i].file, doubts.items[i].line, doubts.items[i].text);
    bool is_fine = cli_tell_faults(&faults);
    faults_done(&faults);
    faults_done(&doubts);
    return is_fine;
}
