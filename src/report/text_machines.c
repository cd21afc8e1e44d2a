/* Who worked on a run together. */
#include "report/model.h"
#include "report/text.h"
#include "report/text_table.h"
#include "report/view.h"

static void add_machine(const struct text *text, struct table *table,
                        const struct run_machine *machine)
{
    enum machine_state state = run_machine_state(machine);
    struct buf process;
    buf_init(&process, BUF_MAX_DEFAULT);
    table_row(table);
    table_text(table, machine->name);
    table_cell(table, machine_state_name(state),
               state == MACHINE_GONE ? text_color(text, COLOR_BAD) : NULL);
    table_count(table, machine->holds, NULL);
    table_count(table, machine->finished, NULL);
    table_count(table, machine->failed, machine->failed ? text_color(text, COLOR_BAD) : NULL);
    table_count(table, (size_t)(machine->per_minute + 0.5), NULL);
    table_count(table, machine->taken_over, NULL);
    table_count(table, machine->lost, NULL);
    view_add_process(&process, machine);
    table_text(table, process.data);
    buf_done(&process);
}

/* One alone did all, and there is nothing to tell. */
void text_machines(const struct text *text)
{
    const struct run_info *run = &text->report->run;
    if (run->machine_count < 2)
        return;
    static const char *const counts[] = {"IN FLIGHT", "DONE",       "FAILED",
                                         "A MINUTE",  "TAKEN OVER", "LOST"};
    struct table *table = table_new(text->out, text->options);
    table_column(table, "MACHINE", TABLE_CUT);
    table_column(table, "STATE", 0);
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        table_column(table, counts[i], TABLE_RIGHT);
    table_column(table, "PROCESS", TABLE_CUT);
    for (size_t i = 0; i < run->machine_count; i++)
        add_machine(text, table, &run->machines[i]);
    text_heading(text, "Machines");
    table_print(table);
}
