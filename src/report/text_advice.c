/* What to do next, where not all went well: per kind of trouble, what is true and which command. */
#include "base/human.h"
#include "inventory/inventory.h"
#include "report/text.h"

struct advice {
    enum tenant_state state;
    const char *truth; /* follows the tenants' names */
    const char *deed;  /* before the command; NULL: it says all in `truth` */
};

static const struct advice advices[] = {
    {TENANT_PARTIAL,
     "partly applied: the statements before the one that failed are permanent. Its table "
     "skein_history says which finished.",
     "Mend the revision or the database, then go on behind the last finished statement"},
    {TENANT_IN_DOUBT, "nobody could ask how the last commit ended: it may be there or not.",
     "Once the database answers, this looks first and does only what is missing"},
    {TENANT_ROLLBACK_FAILED,
     "the way back failed: it does not stand where it stood. `skein current -v` and its table "
     "skein_history say where.",
     NULL},
    {TENANT_FAILED, "left as before the step that failed.", "Once the cause is gone"},
    {TENANT_SKIPPED, "never begun.", "To go on"},
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

static size_t rows_of(const struct report *report, enum tenant_state state,
                      uint32_t ret_rows[TEXT_NAMES])
{
    size_t count = 0;
    for (uint32_t i = 0; i < report->run.tenant_count; i++)
        if (report->rows[i].state == state) {
            if (count < TEXT_NAMES)
                ret_rows[count] = i;
            count++;
        }
    return count;
}

static void add_command(const struct text *text, struct buf *buf)
{
    buf_adds(buf, "skein ");
    human_add_text(buf, text->report->run.command);
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
        is_ok = text_add_shell_word(&flags, text->report->run.tenants[rows[i]]->name);
    }
    if (is_ok)
        buf_adds(buf, flags.data);
    buf_done(&flags);
    return is_ok;
}

/* The command for just these tenants. For all of them again it would be the same, since whoever is
 * at the target stays there, unless the target is relative: then everybody would move once more. */
static void add_retry(const struct text *text, struct buf *buf, const uint32_t *rows, size_t count)
{
    add_command(text, buf);
    if (add_tenant_flags(text, buf, rows, count))
        return;
    if (is_relative(text->report->run.target))
        buf_adds(buf, " --tenant NAME   (for these only: the target is relative)");
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
    if (advice->deed) {
        buf_addf(&line, "    %s:\n      ", advice->deed);
        add_retry(text, &line, rows, count);
        buf_addc(&line, '\n');
    }
    fputs(line.data, text->out);
    buf_done(&line);
}

static bool has_advice(const struct report *report)
{
    return report_bad_count(report) || report->totals[TENANT_SKIPPED];
}

/* A dry run changed nothing: its failures say all there is to say. */
void text_advice(const struct text *text)
{
    if (text->report->run.is_dry_run || !has_advice(text->report))
        return;
    text_heading(text, "What to do");
    for (size_t i = 0; i < ARRAY_LEN(advices); i++)
        print_advice(text, &advices[i]);
}
