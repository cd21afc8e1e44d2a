#include "driver/probe.h"

enum probe_answer probe_judge(const struct probe *probe, struct arena *arena, const char *statement,
                              const char *value)
{
    static const struct {
        const char *word;
        enum probe_answer answer;
    } words[] = {{"done", PROBE_DONE}, {"undone", PROBE_UNDONE}, {"broken", PROBE_BROKEN}};
    for (size_t i = 0; value && i < ARRAY_LEN(words); i++)
        if (strcmp(value, words[i].word) == 0)
            return words[i].answer;
    bool is_there = value && strncmp(value, "is ", 3) == 0;
    return is_there && probe->is_same(arena, statement, value + 3) ? PROBE_DONE : PROBE_UNKNOWN;
}
