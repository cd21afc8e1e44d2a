#include "cli/faults.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/human.h"
#include "cli/outlet.h"
#include "inventory/inventory.h"
#include "library/prepare.h"

static void tell_fault(const struct err *err)
{
    struct buf line;
    buf_init(&line, 8192);
    human_add_text(&line, err->file);
    if (err->file[0])
        buf_addf(&line, err->line ? ":%d: " : ": ", err->line);
    else
        buf_adds(&line, "skein: ");
    human_add_text(&line, err->text);
    fprintf(stderr, "%s\n", line.data);
    buf_done(&line);
}

void cli_note(const char *format, ...)
{
    struct buf text, line;
    va_list args;
    buf_init(&text, BUF_MAX_DEFAULT);
    buf_init(&line, BUF_MAX_DEFAULT);
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    buf_adds(&line, "skein: ");
    human_add_text(&line, text.data);
    buf_adds(&line, "\n");
    outlet_tell(STDERR_FILENO, line.data, line.len);
    buf_done(&line);
    buf_done(&text);
}

int cli_fail(const struct err *err)
{
    tell_fault(err);
    return prepare_exit_code(err);
}

bool cli_tell_faults(struct faults *faults)
{
    if (!faults->total)
        return true;
    faults_sort(faults);
    for (size_t i = 0; i < faults->count; i++)
        tell_fault(&faults->items[i]);
    if (faults->total > faults->count)
        fprintf(stderr, "… and %zu more\n", faults->total - faults->count);
    fprintf(stderr, "skein: %zu fault%s; no tenant was touched\n", faults->total,
            faults->total == 1 ? "" : "s");
    return false;
}

void cli_tell_notes(const struct inventory *inventory)
{
    for (size_t i = 0; inventory && i < inventory->note_count; i++)
        cli_note("note: %s:%d: %s", inventory->path, inventory->notes[i].line,
                 inventory->notes[i].text);
}
