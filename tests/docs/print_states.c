/* Prints docs/states.md from the session's table of states: `print_states >docs/states.md`. The ctest entry
 * docs.states fails where the page is not what this prints. */
#include "rollout/session.h"

static void print_table(void)
{
    struct session_state_doc doc;
    puts("| state | what it does | then | or elsewhere | on an error |\n"
         "| --- | --- | --- | --- | --- |");
    for (size_t i = 0; session_state_doc(i, &doc); i++)
        printf("| `%s` | %s | %s%s%s | %s | %s |\n", doc.name, doc.does, doc.is_last ? "" : "`",
               doc.is_last ? "the end" : doc.next, doc.is_last ? "" : "`",
               doc.decides ? "as the answer says" : "", doc.has_error_edge ? "its own way" : "");
}

static void print_graph(void)
{
    struct session_state_doc doc;
    puts("```mermaid\nstateDiagram-v2\n    [*] --> resolve_host");
    for (size_t i = 0; session_state_doc(i, &doc); i++)
        if (doc.is_last)
            printf("    %s --> [*]\n", doc.name);
        else
            printf("    %s --> %s%s\n", doc.name, doc.next,
                   doc.joins_next ? " : in one batch" : "");
    puts("```");
}

int main(void)
{
    puts(
        "# A tenant's session: its states\n\n"
        "Made from the table in `src/rollout/session.c` by `tests/docs/print_states.c`; a test holds the two\n"
        "together. Every state is a failpoint of the test builds by its name. Where no way of its own is\n"
        "given, an error leads through `rollback` (where a transaction is open) to `close`, and from there\n"
        "to `backoff` or `done`. What is durable in the ledger before a state is entered: `intent`, before\n"
        "anything that changes the tenant.\n");
    print_table();
    puts("\nThe common way, without the exits:\n");
    print_graph();
    return 0;
}
