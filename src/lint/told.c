#include "lint/told.h"

#include <string.h>

#include "base/arena.h"
#include "lint/lint.h"

struct told_findings lint_tell(struct arena *arena, const struct lint *lint)
{
    struct told_finding *items = arena_calloc(arena, lint->count + 1, sizeof *items);
    for (size_t i = 0; i < lint->count; i++) {
        const struct finding *finding = &lint->findings[i];
        items[i] = (struct told_finding){
            .rule = lint_rule_at(finding->rule),
            .severity = finding->severity,
            .direction = finding->direction,
            .dialects = finding->dialects,
            .revision = finding->revision->id,
            .file = finding->revision->path,
            .line = finding->line,
            .source = finding->source,
            .message = finding->message,
            .why = lint_rules[finding->rule].why,
            .better = finding->instead,
            .weight = finding->weight,
            .allowed = finding->waiver ? finding->waiver->reason : NULL,
        };
    }
    return (struct told_findings){items, lint->count};
}

struct told_findings told_copy(struct arena *arena, const struct told_findings *findings)
{
    struct told_finding *items = arena_calloc(arena, findings->count + 1, sizeof *items);
    for (size_t i = 0; i < findings->count; i++) {
        const char **const texts[] = {&items[i].rule,   &items[i].revision, &items[i].file,
                                      &items[i].source, &items[i].message,  &items[i].why,
                                      &items[i].better, &items[i].weight,   &items[i].allowed};
        items[i] = findings->items[i];
        for (size_t t = 0; t < ARRAY_LEN(texts); t++)
            *texts[t] = arena_strdup(arena, *texts[t]);
    }
    return (struct told_findings){items, findings->count};
}

size_t told_count(const struct told_findings *findings, enum lint_severity severity)
{
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++)
        count += !findings->items[i].allowed && findings->items[i].severity == severity;
    return count;
}

size_t told_allowed(const struct told_findings *findings)
{
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++)
        count += findings->items[i].allowed != NULL;
    return count;
}

bool told_is_of(const struct told_finding *finding, const char *revision, enum direction direction,
                enum dialect_id dialect)
{
    return finding->direction == direction && finding->dialects & 1u << dialect &&
           strcmp(finding->revision, revision) == 0;
}
