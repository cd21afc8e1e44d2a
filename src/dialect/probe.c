#include "dialect/probe.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/grid.h"
#include "dialect/dialect.h"
#include "dialect/split.h"

/* What stands after the word, or NULL where the value begins with another. */
static const char *after(const char *value, const char *word)
{
    size_t len = strlen(word);
    return strncmp(value, word, len) == 0 ? value + len : NULL;
}

static enum probe_answer judge_word(const struct probe *probe, struct arena *arena,
                                    const char *statement, const char *value)
{
    static const struct {
        const char *word;
        enum probe_answer answer;
    } words[] = {{"done", PROBE_DONE},
                 {"undone", PROBE_UNDONE},
                 {"half", PROBE_HALF},
                 {"other", PROBE_OTHER}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(value, words[i].word) == 0)
            return words[i].answer;
    const char *definition = after(value, "is ");
    bool is_same = definition && probe->is_same(arena, statement, definition);
    return is_same ? PROBE_DONE : definition ? PROBE_OTHER : PROBE_UNKNOWN;
}

struct probe_findings probe_judge(const struct probe *probe, struct arena *arena,
                                  const char *statement, const struct grid *rows)
{
    size_t count = rows->row_count;
    struct probe_findings findings = {.answer = count ? PROBE_UNDONE : PROBE_UNKNOWN};
    const char **repairs = arena_calloc(arena, count, sizeof *repairs);
    for (size_t row = 0; row < count; row++) {
        const char *value = grid_value(rows, row, 0) ? grid_value(rows, row, 0) : "";
        const char *repair = after(value, "repair "), *finish = after(value, "finish ");
        if (repair)
            repairs[findings.repair_count++] = repair;
        else if (finish)
            findings.finish = finish;
        else
            findings.answer = judge_word(probe, arena, statement, value);
    }
    if (findings.finish)
        findings.answer = PROBE_HALF;
    findings.repairs = repairs;
    return findings;
}

static bool has_word(const char *text, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = text; *at; at++) {
        bool begins = at == text || !(ascii_is_alnum(at[-1]) || at[-1] == '_');
        if (begins && ascii_begins(at, word) && !(ascii_is_alnum(at[len]) || at[len] == '_'))
            return true;
    }
    return false;
}

bool probe_is_of_schema(const struct probe *probe, const char *statement)
{
    static const char *const first[] = {"alter", "create", "drop", "rename", "comment"};
    size_t at = split_skip(statement, strlen(statement), 0, true);
    bool is_known = false;
    for (size_t i = 0; i < ARRAY_LEN(first); i++)
        is_known = is_known || (ascii_begins(statement + at, first[i]) &&
                                !ascii_is_alnum(statement[at + strlen(first[i])]));
    bool copies_rows = has_word(statement, "table") && has_word(statement, "select");
    return is_known && !copies_rows && probe->remains != REMAINS_UNKNOWN;
}

bool probe_has_remains(const struct probe_findings *findings)
{
    return findings->repair_count || findings->answer == PROBE_HALF ||
           findings->answer == PROBE_UNKNOWN;
}
