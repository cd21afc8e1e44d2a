#include "cli/whereabouts.h"

#include "base/buf.h"
#include "base/human.h"
#include "chain/identifier.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/run.h"

bool whereabouts_are_meant(const char *text)
{
    static const char word[] = "current";
    size_t len = strlen(text), word_len = sizeof word - 1;
    bool begins = strncmp(text, word, word_len) == 0;
    bool ends = len >= word_len && strcmp(text + len - word_len, word) == 0;
    return (begins && (len == word_len || text[word_len] == ':')) ||
           (ends && len > word_len && text[len - word_len - 1] == ':');
}

unsigned whereabouts_needs(const char *text)
{
    return whereabouts_are_meant(text) ? FLEET_VISIT : FLEET_CHAIN;
}

struct reading {
    struct fleet *fleet;
    struct whereabouts *found;
    int exit_code;
};

static void tell(struct reading *reading, const char *tenant, const char *what, const char *thing)
{
    struct buf line;
    buf_init(&line, 8192);
    human_add_text(&line, tenant);
    buf_adds(&line, what);
    human_add_text(&line, thing);
    fprintf(stderr, "skein: %s\n", line.data);
    buf_done(&line);
    reading->exit_code = EXIT_TENANT_FAILED;
}

static void on_event(void *ctx, const struct event *event)
{
    struct reading *reading = ctx;
    const struct outcome *outcome = event->outcome;
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    const char *tenant = event->run->tenants[event->tenant]->name;
    if (!outcome->is_from_known)
        tell(reading, tenant, ": ", outcome->error ? outcome->error->text : "nobody could look");
    for (size_t i = 0; i < outcome->from_count; i++) {
        const struct revision *revision = chain_get(reading->fleet->chain, outcome->from[i]);
        if (!revision) {
            tell(reading, tenant,
                 " stands at a revision that the chain does not have: ", outcome->from[i]);
            continue;
        }
        struct names *names = &reading->found->tenants[revision->index];
        *ARENA_PUSH(&reading->fleet->arena, names->items, names->count, names->capacity) = tenant;
    }
}

/* Tenants finish in any order. */
static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void finish(struct arena *arena, const struct chain *chain, struct whereabouts *found)
{
    uint32_t *items = arena_calloc(arena, chain->count + 1, sizeof *items);
    size_t count = 0;
    for (uint32_t i = 0; i < chain->count; i++) {
        struct names *names = &found->tenants[i];
        if (!names->count)
            continue;
        qsort(names->items, names->count, sizeof *names->items, compare_names);
        items[count++] = i;
    }
    found->rows = (struct revisions){items, count};
}

int whereabouts_read(struct fleet *fleet, const struct options *options, struct whereabouts *ret)
{
    struct reading reading = {.fleet = fleet, .found = ret};
    struct observer observer = {on_event, &reading};
    struct visit visit = cli_visit(options, &(struct run_request){.goal = GOAL_CURRENT});
    struct visit_plan plan;
    struct err err;
    if (!visit_prepare(fleet, &visit, &plan, &err))
        return cli_fail(&err);
    ret->tenants = arena_calloc(&fleet->arena, fleet->chain->count + 1, sizeof *ret->tenants);
    int signal_number = rollout_run(&plan.rollout, &observer, 1).signal;
    finish(&fleet->arena, fleet->chain, ret);
    return signal_number ? EXIT_SIGNAL + signal_number : reading.exit_code;
}

bool whereabouts_find(struct fleet *fleet, const struct options *options, const char *text,
                      struct revisions *ret, int *exit_code)
{
    struct whereabouts whereabouts = {0};
    struct err err;
    if (whereabouts_are_meant(text))
        *exit_code = whereabouts_read(fleet, options, &whereabouts);
    if (identifier_find(&fleet->arena, fleet->chain, text, &whereabouts.rows, ret, &err))
        return true;
    cli_fail(&err);
    return false;
}
