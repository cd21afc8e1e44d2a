/* Prints docs/states.md from the session's table of states: `print_states >docs/states.md`. The ctest entry
 * docs.states fails where the page is not what this prints. `print_states --edges` prints the edges alone, a
 * line each: `from to`. */
#include <string.h>

#include "rollout/session.h"

static bool has(uint64_t set, size_t state)
{
    return set >> state & 1;
}

static const char *name_of(size_t state)
{
    struct session_state_doc doc = {0};
    (void)session_state_doc(state, &doc);
    return doc.name;
}

static void print_set(uint64_t set)
{
    const char *comma = "";
    for (size_t i = 0; set >> i; i++)
        if (has(set, i)) {
            printf("%s`%s`", comma, name_of(i));
            comma = ", ";
        }
}

static void print_table(void)
{
    struct session_state_doc doc;
    puts("| state | what it does | then | or elsewhere | on an error |\n"
         "| --- | --- | --- | --- | --- |");
    for (size_t i = 0; session_state_doc(i, &doc); i++) {
        printf("| `%s` | %s | ", doc.name, doc.does);
        if (doc.exits)
            printf("`%s`", name_of(doc.next));
        else
            printf("the end");
        printf(" | ");
        print_set(doc.exits & ~(UINT64_C(1) << doc.next));
        printf(" | ");
        print_set(doc.error_exits);
        puts(" |");
    }
}

static void print_graph(void)
{
    struct session_state_doc doc;
    printf("```mermaid\nstateDiagram-v2\n    [*] --> %s\n", name_of(0));
    for (size_t i = 0; session_state_doc(i, &doc); i++) {
        for (size_t to = 0; doc.exits >> to; to++)
            if (has(doc.exits, to))
                printf("    %s --> %s%s\n", doc.name, name_of(to),
                       doc.joins_next && to == doc.next ? " : in one batch" : "");
        for (size_t to = 0; doc.error_exits >> to; to++)
            if (has(doc.error_exits & ~doc.exits, to))
                printf("    %s --> %s : on an error\n", doc.name, name_of(to));
        if (!doc.exits)
            printf("    %s --> [*]\n", doc.name);
    }
    puts("```");
}

static void print_edges(void)
{
    struct session_state_doc doc;
    for (size_t i = 0; session_state_doc(i, &doc); i++)
        for (size_t to = 0; (doc.exits | doc.error_exits) >> to; to++)
            if (has(doc.exits | doc.error_exits, to))
                printf("%s %s\n", doc.name, name_of(to));
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--edges") == 0) {
        print_edges();
        return 0;
    }
    puts(
        "# A tenant's session: its states\n\n"
        "Made from the rows in `src/rollout/session_*.c` by `tests/docs/print_states.c`; a test holds the two\n"
        "together. Every state is a failpoint of the test builds by its name. What is durable in the ledger\n"
        "before a state is entered: `intent`, before anything that changes the tenant.\n\n"
        "The table has every edge that can happen. A session that is about to take another one ends the program\n"
        "in test builds; elsewhere its tenant fails with an internal error, and no other tenant does.\n"
        "`tests/sim/edges.py` says which edges the simulation takes, and which ones only real databases do.\n\n"
        "'On an error' is also where a cancelled session goes instead of entering the state. `rollback` follows\n"
        "only where a transaction is open.\n");
    print_table();
    puts("\nAll of it:\n");
    print_graph();
    return 0;
}
