/* What to do next, where not all went well: per kind of trouble, what is true and which command. */
#include "base/human.h"
#include "inventory/inventory.h"
#include "report/text.h"

struct advice {
    enum tenant_state state; /* TENANT__COUNT: skipped, and done by an earlier run */
    const char *truth;       /* follows the tenants' names */
    const char *deed;        /* before the command; NULL: it says all in `truth` */
};

static const struct advice advices[] = {
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

static size_t rows_of(const struct report *report, enum tenant_state state,
                      uint32_t ret_rows[TEXT_NAMES])
{
    size_t count = 0;
    for (uint32_t i = 0; i < report->run.tenant_count; i++)
        if (is_of(&report->rows[i], state)) {
            if (count < TEXT_NAMES)
                ret_rows[count] = i;
            count++;
        }
    return count;
}

static void add_command(const struct text *text, struct buf *buf)
{
    buf_adds(buf, "skein ");
    human_add_text(buf, text->report->run.request->verb->name);
    if (*text->report->run.target)
        buf_addc(buf, ' ');
    human_add_text(buf, text->report->run.target);
}

/* ` --tenant acme --tenant 'a b'`. False where there are too many, or one can't be shown as it is.
 */
static bool add_tenant_flags(const struct text *text, struct buf *buf, const uint32_t *rows,
                             size_t count)
{
    struct buf flags;
    buf_init(&flags, BUF_MAX_DEFAULT);
    bool is_ok = count <= TEXT_NAMES;
    for (size_t i = 0; is_ok && i < count; i++) {
        buf_adds(&flags, " --tenant ");
        is_ok = human_add_shell_word(&flags, text->report->run.tenants[rows[i]]->name);
    }
    if (is_ok)
        buf_adds(buf, flags.data);
    buf_done(&flags);
    return is_ok;
}

/* The command for just these tenants. Given for the whole fleet it would do the same, since tenants at the
 * target stay there, unless the target is relative: then every tenant would move once more. */
static void add_retry(const struct text *text, struct buf *buf, const uint32_t *rows, size_t count)
{
    add_command(text, buf);
    if (add_tenant_flags(text, buf, rows, count))
        return;
    if (is_relative(text->report->run.target))
        buf_adds(buf, " --tenant NAME   (for these only: the target is relative)");
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

static void print_advice(const struct text *text, const struct advice *advice)
{
    uint32_t rows[TEXT_NAMES];
    size_t count = rows_of(text->report, advice->state, rows);
    struct buf line;
    if (!count)
        return;
    buf_init(&line, BUF_MAX_DEFAULT);
    buf_adds(&line, "  ");
    text_add_names(text, &line, rows, count);
    buf_addf(&line, ": %s\n", advice->truth);
    if (advice->deed && can_be_said_again(text->report)) {
        buf_addf(&line, "    %s:\n      ", advice->deed);
        add_retry(text, &line, rows, count);
        buf_addc(&line, '\n');
    }
    fputs(line.data, text->out);
    buf_done(&line);
}

/* ---- of a run in the ledger ---------------------------------------------------------------- */

static void print_command(const struct text *text, const char *deed, const char *command,
                          const char *run)
{
    struct buf line;
    buf_init(&line, BUF_MAX_DEFAULT);
    buf_addf(&line, "  %s:\n    skein %s ", deed, command);
    human_add_text(&line, run);
    fprintf(text->out, "%s\n", line.data);
    buf_done(&line);
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

static void print_how_to_go_on(const struct text *text)
{
    const struct report *report = text->report;
    const char *deed = report_bad_count(report) ? "Once the cause is gone, go on with this run"
                                                : "To go on with this run";
    print_command(text, deed, "resume", kept_run(report));
    if (report->totals[TENANT_PARTIAL])
        fputs(
            "  Only then can 'skein rollback' roll it back: a tenant that is partly applied has to be "
            "finished first.\n",
            text->out);
    else if (has_moved(report))
        print_command(text, "Or roll back what it changed", verbs[VERB_ROLLBACK].name,
                      kept_run(report));
}

static void print_commands(const struct text *text)
{
    const struct report *report = text->report;
    const char *run = unfinished_rollback(report);
    if (run)
        print_command(text, "Once the cause is gone, roll back the rest", verbs[VERB_ROLLBACK].name,
                      run);
    else if (report->state != RUN_ROLLED_BACK)
        print_how_to_go_on(text);
    if (!report->run.is_unrecorded)
        print_command(text, "To read this once more", "report", report->run.id);
}

static bool has_advice(const struct report *report)
{
    return report_bad_count(report) || report->totals[TENANT_SKIPPED];
}

/* A dry run changed nothing: its failures say all there is to say. */
void text_advice(const struct text *text)
{
    if (!request_changes(text->report->run.request) || !has_advice(text->report))
        return;
    text_heading(text, "What to do");
    if (text->report->run.is_unrecorded)
        fputs("  The ledger could not be written, and does not know of this run.\n", text->out);
    for (size_t i = 0; i < ARRAY_LEN(advices); i++)
        print_advice(text, &advices[i]);
    if (kept_run(text->report) && text->report->state != RUN_RUNNING)
        print_commands(text);
}
