/* What to do next, where not all went well: per kind of trouble, what is true and which command. */
#include "base/human.h"
#include "inventory/inventory.h"
#include "report/view.h"

struct kind {
    enum tenant_state state; /* TENANT__COUNT: skipped, and done by an earlier run */
    const char *truth;
    const char *deed; /* NULL: it says all in `truth` */
};

static const struct kind kinds[] = {
    {TENANT_PARTIAL,
     "partly applied: the statements that are done are permanent. Its table "
     "skein_history says which finished.",
     "Mend the revision or the database, then go on after the last finished statement"},
    {TENANT_IN_DOUBT, "how the last commit ended could not be asked: it may be there or not.",
     "Once the database answers, this looks first and does only what is missing"},
    {TENANT_ROLLBACK_FAILED,
     "its rollback failed: it does not stand where it stood. `skein current -v` and its table "
     "skein_history say where.",
     NULL},
    {TENANT_FAILED, "left as before the step that failed.", "Once the cause is gone"},
    {TENANT_SKIPPED, "never begun.", "To go on"},
    {TENANT__COUNT, "not begun by this run: an earlier one of the rollout was done with it.", NULL},
};

static bool is_relative(const char *target)
{
    for (const char *word = target; *word; word += strspn(word, " ")) {
        if (*word == '+' || *word == '-')
            return true;
        word += strcspn(word, " ");
    }
    return false;
}

/* A skipped tenant that an earlier run had done does not count as never begun. */
static bool is_of(const struct report_row *row, enum tenant_state state)
{
    if (row->state != TENANT_SKIPPED)
        return row->state == state;
    return state == (row->is_carried ? TENANT__COUNT : TENANT_SKIPPED);
}

/* NULL where it is not so of any tenant. */
static struct view_advice *add_rows(struct view *view, enum tenant_state state)
{
    const struct report *report = view->report;
    struct view_advice advice = {0};
    for (uint32_t i = 0; i < report->run.tenant_count; i++) {
        if (!is_of(&report->rows[i], state))
            continue;
        if (advice.row_count < VIEW_NAMES)
            advice.rows[advice.row_count] = i;
        advice.row_count++;
    }
    if (!advice.row_count)
        return NULL;
    view->advice[view->advice_count] = advice;
    return &view->advice[view->advice_count++];
}

/* ` --tenant acme --tenant 'a b'`. False where there are too many, or one can't be shown as it is. */
static bool add_tenant_flags(const struct report *report, struct buf *buf,
                             const struct view_advice *advice)
{
    struct buf flags;
    buf_init(&flags, BUF_MAX_DEFAULT);
    bool is_ok = advice->row_count <= VIEW_NAMES;
    for (size_t i = 0; is_ok && i < advice->row_count; i++) {
        buf_adds(&flags, " --tenant ");
        is_ok = human_add_shell_word(&flags, report->run.tenants[advice->rows[i]]->name);
    }
    if (is_ok)
        buf_adds(buf, flags.data);
    buf_done(&flags);
    return is_ok;
}

/* The command for just these tenants. Given for the whole fleet it would do the same, since tenants at the
 * target stay there, unless the target is relative: then every tenant would move once more. */
static void set_retry(struct view *view, struct view_advice *advice)
{
    const struct report *report = view->report;
    struct buf command;
    buf_init(&command, BUF_MAX_DEFAULT);
    buf_addf(&command, "skein %s", view->headline.command);
    if (!add_tenant_flags(report, &command, advice) && is_relative(report->run.target)) {
        buf_adds(&command, " --tenant NAME");
        advice->remark = "for these only: the target is relative";
    }
    advice->command = buf_into(&command, &view->arena);
}

/* The run in the ledger that goes on, or back, as a whole: one command for all of its tenants. Where the
 * ledger could not take this one, the one that it went on with. NULL: there is none. */
static const char *kept_run(const struct report *report)
{
    const struct run_info *run = &report->run;
    if (!run->fixed_target)
        return NULL;
    return run->is_unrecorded ? run->resumed_from : run->id;
}

/* What `skein resolve` was told is not in the report: its error says what to do. */
static bool can_be_said_again(const struct report *report)
{
    return !kept_run(report) && report->run.request->verb->work != WORK_SETTLE;
}

static const char *truth_of(const struct report *report, const struct kind *kind)
{
    bool may_be_done = report->is_own_part && kind->state == TENANT_SKIPPED;
    return may_be_done ? "not begun by this machine." : kind->truth;
}

static void add_kind(struct view *view, const struct kind *kind)
{
    struct view_advice *advice = add_rows(view, kind->state);
    if (!advice)
        return;
    advice->truth = truth_of(view->report, kind);
    if (!kind->deed || !can_be_said_again(view->report))
        return;
    advice->deed = kind->deed;
    set_retry(view, advice);
}

/* ---- of a run in the ledger ---------------------------------------------------------------- */

static void add_truth(struct view *view, const char *truth)
{
    view->advice[view->advice_count++] = (struct view_advice){.truth = truth};
}

static void add_command(struct view *view, const char *deed, const char *command, const char *run)
{
    view->advice[view->advice_count++] = (struct view_advice){
        .deed = deed, .command = arena_printf(&view->arena, "skein %s %s", command, run)};
}

/* Is anything of the run left in a tenant, as far as its revisions tell? */
static bool has_moved(const struct report *report)
{
    for (size_t i = 0; i < report->run.tenant_count; i++) {
        const struct report_row *row = &report->rows[i];
        if (row->state == TENANT_PARTIAL || row->state == TENANT_IN_DOUBT ||
            row->state == TENANT_ROLLBACK_FAILED || (row->is_from_known && row->from != row->to))
            return true;
    }
    return false;
}

/* The run whose rollback is not finished; NULL: there is none. */
static const char *unfinished_rollback(const struct report *report)
{
    const struct run_info *run = &report->run;
    if (run->request->verb->rolls_back)
        return run->resumed_from;
    bool is_stopped = report->rolls_back && report->state == RUN_INTERRUPTED;
    return is_stopped || report->state == RUN_ROLLBACK_FAILED ? kept_run(report) : NULL;
}

static void add_how_to_go_on(struct view *view)
{
    const struct report *report = view->report;
    const char *deed = report_bad_count(report) ? "Once the cause is gone, go on with this run"
                                                : "To go on with this run";
    add_command(view, deed, "resume", kept_run(report));
    if (report->totals[TENANT_PARTIAL])
        add_truth(
            view,
            "Only then can 'skein rollback' roll it back: a tenant that is partly applied has "
            "to be finished first.");
    else if (has_moved(report))
        add_command(view, "Or roll back what it changed", verbs[VERB_ROLLBACK].name,
                    kept_run(report));
}

static void add_commands(struct view *view)
{
    const struct report *report = view->report;
    const char *run = unfinished_rollback(report);
    if (run)
        add_command(view, "Once the cause is gone, roll back the rest", verbs[VERB_ROLLBACK].name,
                    run);
    else if (report->state != RUN_ROLLED_BACK)
        add_how_to_go_on(view);
    if (!report->run.is_unrecorded)
        add_command(view, "To read this once more", "report", report->run.id);
}

/* What to do about the whole run is told by the ledger alone. */
static void add_own_part(struct view *view)
{
    const char *run = view->report->run.id;
    add_truth(
        view,
        "This tells only of what this machine saw until it gave its ledger up. Other machines may have gone on.");
    add_command(view, "Once the ledger is back, read of the whole run", "report", run);
    add_command(view, "If the run is still under way, take part again", "work", run);
}

static bool has_advice(const struct report *report)
{
    return report_bad_count(report) || report->totals[TENANT_SKIPPED] || report->is_own_part;
}

const char *view_cause_advice(const struct report_error *error)
{
    static const char *const deeds[ERR__COUNT] = {
        [ERR_CONNECT] = "see whether the server answers, and whether the tenant's URL is right",
        [ERR_AUTH] = "see whether the user, its password and its rights are right",
        [ERR_LOCK] = "end who was in the way, or wait until it is done; 'lock_timeout' and "
                     "'retries' say how long a tenant waits by itself",
        [ERR_TIMEOUT] = "give the tenant a longer 'statement_timeout', or change the rows in "
                        "batches (repeat:until-no-rows)",
        [ERR_SQL] = "mend the database or the revision; where rows are in the way, 'skein plan "
                    "--preflight --examples' names them",
    };
    return error->key.kind == ERR_SQL && !error->key.revision ? NULL : deeds[error->key.kind];
}

/* A dry run changed nothing: its failures say all there is to say. */
void view_add_advice(struct view *view)
{
    enum { OF_THE_RUN = 4 };
    const struct report *report = view->report;
    if (!request_changes(report->run.request) || !has_advice(report))
        return;
    view->advice = arena_calloc(&view->arena, ARRAY_LEN(kinds) + OF_THE_RUN, sizeof *view->advice);
    if (report->run.is_unrecorded)
        add_truth(view, "The ledger could not be written, and does not know of this run.");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        add_kind(view, &kinds[i]);
    if (report->is_own_part)
        add_own_part(view);
    else if (kept_run(report) && report->state != RUN_RUNNING)
        add_commands(view);
}
