#include "rollout/work.h"

#include "base/arena.h"
#include "base/err.h"
#include "dialect/scripts.h"
#include "rollout/checkpoint.h"

struct building {
    struct arena *arena;
    struct arena scratch; /* the actions, while their array grows */
    struct action *actions;
    size_t count, capacity;
    enum transaction_mode mode;
    bool watches; /* DIALECT_WATCHES */
    /* What was asked before a piece of the transaction under way, which holds what it is about; NULL: nothing yet */
    const struct author_query *asked;
};

static struct action *add(struct building *building, enum action_kind kind, const struct step *step,
                          const struct script *script)
{
    struct action *action =
        ARENA_PUSH(&building->scratch, building->actions, building->count, building->capacity);
    *action =
        (struct action){.kind = kind, .step = step, .script = script, .is_in_transaction = true};
    return action;
}

/* A row that goes on holding which statements are done. */
static struct action *add_place(struct building *building, enum action_kind kind,
                                const struct step *step, const struct script *script, size_t done)
{
    const struct place_digest *digests = script_digests(building->arena, script);
    struct action *action = add(building, kind, step, script);
    action->statements = done;
    action->checkpoint = checkpoint_text(building->arena, &digests[done], false);
    return action;
}

static void add_record(struct building *building, const struct step *step,
                       const struct script *script, bool was_begun)
{
    struct action *record = add(building, ACTION_RECORD, step, script);
    record->statements = script ? script->statement_count : 0;
    record->is_checkpointed = script && (script->is_checkpointed || was_begun);
    /* A checkpointed step cannot be rolled back with what follows: recorded with it, a failure there
     * would leave it half done. */
    record->ends_unit = building->mode == TRANSACTION_EACH || record->is_checkpointed;
    building->asked = NULL;
}

/* Adds queries about the piece: those that are asked before it runs, and those of the author, which are asked after it. */
static void add_queries(struct building *building, const struct action *common,
                        const struct author_query *queries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct action *action = add(building, ACTION_VERIFY, common->step, common->script);
        action->piece = common->piece;
        action->verify = &queries[i];
        action->is_in_transaction = common->piece->is_transactional;
        action->statements = common->statements;
    }
}

/* Not again what the piece before asked: hundreds of INSERTs into one table are of one transaction, and once it has written
 * there, no one else can change the table. */
static bool asks_before(const struct building *building, const struct piece *piece)
{
    const struct author_query *asked = building->asked;
    bool is_asked = piece->is_transactional && piece->before && asked &&
                    strcmp(asked->sql, piece->before->sql) == 0;
    return piece->before && !is_asked;
}

/* What came before is committed first. */
static void add_repeat(struct building *building, const struct step *step,
                       const struct script *script, const struct piece *piece)
{
    if (building->count)
        building->actions[building->count - 1].ends_unit = true;
    struct action *repeat =
        add_place(building, ACTION_REPEAT, step, script, piece->first_statement);
    repeat->until_done = repeat->checkpoint;
    repeat->statements++;
    repeat->checkpoint = checkpoint_text(
        building->arena, &script_digests(building->arena, script)[repeat->statements], false);
    repeat->piece = piece;
    repeat->ends_unit = true;
}

static void add_piece(struct building *building, const struct step *step,
                      const struct script *script, const struct piece *piece)
{
    struct action common = {
        .step = step, .script = script, .piece = piece, .statements = piece->first_statement};
    bool asks = piece->repeating ? piece->before != NULL : asks_before(building, piece);
    add_queries(building, &common, piece->before, asks);
    building->asked = piece->is_transactional && !piece->repeating ? piece->before : NULL;
    if (piece->repeating) {
        add_repeat(building, step, script, piece);
        return;
    }
    struct action *action = add(building, ACTION_SCRIPT, step, script);
    action->piece = piece;
    action->is_in_transaction = piece->is_transactional;
    add_queries(building, &common, piece->after, piece->after_count);
    if (!script->is_checkpointed)
        return;
    struct action *mark = add_place(building, ACTION_MARK, step, script,
                                    piece->first_statement + piece->statement_count);
    mark->is_in_transaction = piece->is_transactional;
}

static void add_verifies(struct building *building, const struct step *step,
                         const struct script *script, const struct piece *piece)
{
    size_t done = piece->first_statement + piece->statement_count;
    struct action common = {.step = step, .script = script, .piece = piece, .statements = done};
    add_queries(building, &common, piece->verifies, piece->verify_count);
}

static void add_look(struct building *building, enum action_kind kind, const struct step *step,
                     const struct script *script, const struct piece *piece)
{
    struct action *action = add(building, kind, step, script);
    action->piece = piece;
    action->statements =
        piece->first_statement + (kind == ACTION_CHECK ? piece->statement_count : 0);
    action->is_in_transaction = piece->is_transactional;
}

/* The row says first where the step goes on: that may be one statement later (a person has found out that this
 * one took effect), or the row may have to say that none is under way (one failed). A run that dies in the next
 * statement leaves a row that tells which it was. */
static void add_going_on(struct building *building, const struct step *step,
                         const struct script *script, size_t done)
{
    const struct piece *next = script_piece_at(script, done);
    if (!next || next->is_transactional)
        return;
    add_place(building, ACTION_MARK, step, script, done)->is_in_transaction = false;
}

static void add_step(struct building *building, const struct step *step,
                     const struct script *script, const struct unfinished *unfinished)
{
    size_t done = unfinished ? unfinished->statements : 0;
    if (script && unfinished)
        add_going_on(building, step, script, done);
    else if (script && script->is_checkpointed)
        add_place(building, ACTION_START, step, script, 0);
    /* Where all is done but the check, what an earlier run found broken must not pass for old. */
    bool watches = building->watches && script && script->may_break;
    const struct piece *next = watches ? script_piece_at(script, done) : NULL;
    if (next)
        add_look(building, ACTION_WATCH, step, script, next);
    for (size_t i = 0; script && i < script->piece_count; i++) {
        const struct piece *piece = &script->pieces[i];
        if (piece->first_statement >= done)
            add_piece(building, step, script, piece);
        /* After the last statement that was done, it is not known whether the query was asked. */
        if (piece->first_statement + piece->statement_count >= done)
            add_verifies(building, step, script, piece);
    }
    if (watches)
        add_look(building, ACTION_CHECK, step, script, &script->pieces[script->piece_count - 1]);
    add_record(building, step, script, unfinished);
}

/* START and MARK write rows of their own, which must come after those of the steps before. */
static void defer_records(struct building *building)
{
    for (size_t i = 0; i + 1 < building->count; i++) {
        struct action *action = &building->actions[i];
        const struct action *next = action + 1;
        bool writes = next->kind == ACTION_START || next->kind == ACTION_MARK;
        action->is_deferred = action->kind == ACTION_RECORD && !action->ends_unit &&
                              next->is_in_transaction && !writes;
    }
}

/* A revision whose file has a down section for other dialects alone is irreversible here. */
static const struct script *script_of(const struct work_request *request, const struct step *step,
                                      struct err *err)
{
    const struct script *script =
        scripts_get(request->scripts, request->dialect, step->revision, step->direction, err);
    if (!script && step->direction == DIRECTION_DOWN &&
        !revision_sections(step->revision, DIRECTION_DOWN, request->dialect->id, NULL, 0))
        snprintf(err->code, sizeof err->code, PLAN_IRREVERSIBLE);
    return script;
}

static bool add_steps(struct building *building, const struct work_request *request,
                      enum unfinished_fault *ret_fault, struct err *err)
{
    const struct plan *plan = request->plan;
    const struct unfinished *unfinished =
        request->unfinished.revision ? &request->unfinished : NULL;
    *ret_fault = UNFINISHED_FITS;
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        const struct script *script = NULL;
        if (request->scripts && !(script = script_of(request, step, err)))
            return false;
        if (unfinished && script)
            *ret_fault = unfinished_check(building->arena, unfinished, step, script, err);
        if (*ret_fault != UNFINISHED_FITS)
            return false;
        add_step(building, step, script, unfinished);
        unfinished = NULL; /* it can only be the first */
    }
    if (!unfinished || !request->scripts)
        return true;
    *ret_fault = unfinished_check(building->arena, unfinished, NULL, NULL, err);
    return false;
}

bool work_build(struct arena *arena, const struct work_request *request, struct work *ret_work,
                enum unfinished_fault *ret_fault, struct err *err)
{
    struct building building = {.arena = arena,
                                .mode = request->mode,
                                .watches = request->dialect->traits & DIALECT_WATCHES};
    arena_init(&building.scratch);
    bool is_good = add_steps(&building, request, ret_fault, err);
    if (is_good) {
        defer_records(&building);
        struct action *actions = arena_calloc(arena, building.count, sizeof *actions);
        if (building.count)
            memcpy(actions, building.actions, building.count * sizeof *actions);
        *ret_work = (struct work){actions, building.count};
    }
    arena_done(&building.scratch);
    return is_good;
}
