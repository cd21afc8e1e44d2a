#include "cli/whereabouts.h"

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

/* ---- filling it ---------------------------------------------------------------------------- */

static void note_unknown(struct whereabouts *whereabouts, const char *tenant, const char *what,
                         const char *thing)
{
    whereabouts->unknown_count++;
    if (whereabouts->tells)
        cli_note("%s%s%s", tenant, what, thing);
}

static void on_asked(void *ctx, const struct event *event)
{
    struct whereabouts *whereabouts = ctx;
    struct fleet *fleet = whereabouts->fleet;
    const struct outcome *outcome = event->outcome;
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    const char *tenant = event->run->tenants[event->tenant]->name;
    if (!outcome->from.is_known)
        note_unknown(whereabouts, tenant, ": ",
                     outcome->error ? outcome->error->text : "it could not be asked");
    for (size_t i = 0; i < outcome->from.count; i++) {
        const struct revision *revision = chain_get(fleet->chain, outcome->from.ids[i]);
        if (!revision) {
            note_unknown(
                whereabouts, tenant,
                " stands at a revision that the chain does not have: ", outcome->from.ids[i]);
            continue;
        }
        struct names *names = &whereabouts->tenants[revision->index];
        *ARENA_PUSH(&fleet->arena, names->items, names->count, names->capacity) = tenant;
    }
}

void whereabouts_init(struct whereabouts *whereabouts, struct fleet *fleet)
{
    *whereabouts = (struct whereabouts){.fleet = fleet};
    whereabouts->tenants =
        arena_calloc(&fleet->arena, fleet->chain->count + 1, sizeof *whereabouts->tenants);
}

struct observer whereabouts_observer(struct whereabouts *whereabouts)
{
    return (struct observer){on_asked, whereabouts};
}

/* Tenants finish in any order. */
static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void whereabouts_finish(struct whereabouts *whereabouts)
{
    const struct chain *chain = whereabouts->fleet->chain;
    uint32_t *items = arena_calloc(&whereabouts->fleet->arena, chain->count + 1, sizeof *items);
    size_t count = 0;
    for (size_t i = chain->count; i-- > 0;) {
        struct names *names = &whereabouts->tenants[chain->topological[i]];
        if (!names->count)
            continue;
        qsort(names->items, names->count, sizeof *names->items, compare_names);
        items[count++] = chain->topological[i];
    }
    whereabouts->rows = (struct revisions){items, count};
}

int whereabouts_tell_behind(size_t count)
{
    if (!count)
        return EXIT_OK;
    cli_note("%zu tenant%s not at the head(s)", count, count == 1 ? " is" : "s are");
    return EXIT_TENANT_FAILED;
}

/* ---- asking -------------------------------------------------------------------------------- */

int whereabouts_read(struct fleet *fleet, const struct options *options, struct whereabouts *ret)
{
    struct request request = cli_request(options, VERB_CURRENT);
    struct prepared_run prepared;
    struct err err;
    whereabouts_init(ret, fleet);
    ret->tells = true;
    if (!prepare_run(fleet, &request, &prepared, &err))
        return cli_fail(&err);
    struct observer observer = whereabouts_observer(ret);
    struct rollout_end end = rollout_run(&prepared.rollout, &observer, 1);
    prepare_done(&prepared);
    whereabouts_finish(ret);
    if (end.err.kind != ERR_NONE)
        return cli_fail(&end.err);
    if (end.signal)
        return EXIT_SIGNAL + end.signal;
    return ret->unknown_count ? EXIT_TENANT_FAILED : EXIT_OK;
}

bool whereabouts_find(struct fleet *fleet, const struct options *options, const char *text,
                      struct revisions *ret, int *exit_code)
{
    struct whereabouts whereabouts = {0};
    struct err err;
    struct lookup in = fleet_lookup(fleet, &err);
    if (whereabouts_are_meant(text))
        *exit_code = whereabouts_read(fleet, options, &whereabouts);
    if (identifier_find(&in, text, &whereabouts.rows, ret))
        return true;
    cli_fail(&err);
    return false;
}
