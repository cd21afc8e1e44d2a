/* Runs the actions in their order: each writes its statements where they belong. */
#include "dialect/postgres/emit_private.h"

enum { RANK_MOST = 128 };

/* What is ready, by rank and then in the order in which it became so. */
struct ready {
    uint32_t *next; /* of each action: the next in its queue */
    uint32_t first[RANK_MOST], last[RANK_MOST];
};

static void push(struct ready *ready, unsigned rank, uint32_t at)
{
    ready->next[at] = NOWHERE;
    if (ready->first[rank] == NOWHERE)
        ready->first[rank] = at;
    else
        ready->next[ready->last[rank]] = at;
    ready->last[rank] = at;
}

static uint32_t pop(struct ready *ready)
{
    for (unsigned rank = 0; rank < RANK_MOST; rank++) {
        uint32_t at = ready->first[rank];
        if (at == NOWHERE)
            continue;
        ready->first[rank] = ready->next[at];
        return at;
    }
    return NOWHERE;
}

/* All wait for each other: the first one, by rank, waits no longer. The trial of the statements tells whether that was right. */
static uint32_t force(const struct emitting *emitting)
{
    uint32_t best = NOWHERE;
    for (uint32_t i = 0; i < emitting->action_count; i++)
        if (!emitting->actions[i].is_done &&
            (best == NOWHERE || emitting->actions[i].rank < emitting->actions[best].rank))
            best = i;
    return best;
}

static void write_action(struct emitting *emitting)
{
    switch (emitting->action->deed) {
    case DEED_ADD_VALUES: postgres_emit_add_values(emitting); break;
    case DEED_DEFAULT_OFF: postgres_emit_default_off(emitting); break;
    case DEED_DROP: postgres_emit_drop(emitting); break;
    case DEED_RENAME_AWAY: postgres_emit_rename_away(emitting); break;
    case DEED_RETYPE: postgres_emit_retype(emitting); break;
    case DEED_ALTER: postgres_emit_alter(emitting); break;
    case DEED_MAKE: postgres_emit_make(emitting); break;
    case DEED_DEFAULT_ON: postgres_emit_default_on(emitting); break;
    case DEED_NOT_NULL: postgres_emit_not_null(emitting); break;
    case DEED_FINISH: postgres_emit_finish(emitting); break;
    case DEED_COMMENT: {
        const struct object *to = postgres_emit_to(emitting);
        postgres_emit_comment(emitting, to, object_get(to, "comment"));
        break;
    }
    default: break;
    }
}

static void run_action(struct emitting *emitting, struct ready *ready, uint32_t at)
{
    struct action *action = &emitting->actions[at];
    struct buf *const stages[] = {emitting->emission->before, emitting->emission->sql,
                                  emitting->emission->later};
    size_t later = emitting->emission->later->len;
    action->is_done = true;
    emitting->action = action;
    emitting->sql = stages[action->stage];
    write_action(emitting);
    if (action->deed != DEED_NOT_NULL && action->deed != DEED_MAKE)
        later = emitting->emission->later->len;
    unsigned stage = emitting->emission->later->len > later ? (unsigned)STAGE_LATER : action->stage;
    for (uint32_t e = action->first_edge; e != NOWHERE; e = emitting->edges[e].next) {
        struct action *next = &emitting->actions[emitting->edges[e].to];
        if (next->stage < stage)
            next->stage = stage;
        if (--next->waits_for == 0 && !next->is_done)
            push(ready, next->rank, emitting->edges[e].to);
    }
}

void postgres_emit_run(struct emitting *emitting)
{
    struct ready ready = {
        .next = arena_calloc(emitting->arena, emitting->action_count + 1, sizeof *ready.next)};
    for (unsigned i = 0; i < RANK_MOST; i++)
        ready.first[i] = NOWHERE;
    for (uint32_t i = 0; i < emitting->action_count; i++)
        if (!emitting->actions[i].waits_for)
            push(&ready, emitting->actions[i].rank, i);
    for (size_t done = 0; done < emitting->action_count; done++) {
        uint32_t at = pop(&ready);
        run_action(emitting, &ready, at == NOWHERE ? force(emitting) : at);
    }
}
