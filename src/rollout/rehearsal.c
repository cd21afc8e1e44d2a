#include "rollout/rehearsal.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "dialect/split.h"

/* A table or sequence that was there before the rehearsal. */
struct rehearsal_relation {
    unsigned long number;
    const char *name;
    const char *file; /* by which its rows' file is told; NULL: it has none */
    bool is_sequence;
    bool is_drawn;           /* numbers were drawn from it */
    enum lock_weight weight; /* of the strongest lock so far, */
    bool is_locked;          /* if there is one */
};

void rehearsal_begin(struct rehearsal *rehearsal, struct arena *arena)
{
    *rehearsal =
        (struct rehearsal){.arena = arena, .after_left_out = SIZE_MAX, .fails_elsewhere = SIZE_MAX};
}

void rehearsal_note(struct rehearsal *rehearsal, const struct action *action,
                    const struct seen *seen)
{
    struct seen *item =
        ARENA_PUSH(rehearsal->arena, rehearsal->items, rehearsal->count, rehearsal->capacity);
    *item = *seen;
    item->revision = action->step->revision;
    item->direction = action->step->direction;
    if (action->piece && !item->line)
        item->line = piece_line(action->piece, 0, 0);
}

/* ---- the work ----------------------------------------------------------------------------------- */

struct staging {
    struct rehearsal *rehearsal;
    const struct dialect *dialect;
    struct action *actions;
    size_t count, capacity;
};

static struct action *add(struct staging *staging, const struct action *action)
{
    struct action *copy =
        ARENA_PUSH(staging->rehearsal->arena, staging->actions, staging->count, staging->capacity);
    *copy = *action;
    copy->is_in_transaction = true;
    copy->ends_unit = false;
    return copy;
}

static void add_kind(struct staging *staging, enum action_kind kind, const struct action *like)
{
    struct action action = {
        .kind = kind, .step = like->step, .script = like->script, .piece = like->piece};
    add(staging, &action);
}

static const char *lasts(const struct dialect *dialect, const char *sql)
{
    char first[SPLIT_WORD_SIZE];
    split_word(sql, strlen(sql), 0, first);
    for (const struct lasting *lasting = dialect->lasting; lasting && lasting->what; lasting++)
        if ((!lasting->first || strcmp(first, lasting->first) == 0) &&
            ascii_holds(sql, lasting->text))
            return lasting->what;
    return NULL;
}

static void count_left_out(struct staging *staging, const struct action *action)
{
    struct rehearsal *rehearsal = staging->rehearsal;
    rehearsal->left_out += action->piece->statement_count;
    if (rehearsal->after_left_out == SIZE_MAX)
        rehearsal->after_left_out = staging->count;
}

static void leave_out(struct staging *staging, const struct action *action, const char *why)
{
    count_left_out(staging, action);
    rehearsal_note(staging->rehearsal, action, &(struct seen){.kind = SEEN_SKIPPED, .words = why});
}

/* ---- outside a transaction ------------------------------------------------------------------------ */

static const struct seen *find_elsewhere(const struct rehearsed *elsewhere,
                                         const struct action *action)
{
    int line = piece_line(action->piece, 0, 0);
    for (size_t i = 0; i < elsewhere->seen_count; i++) {
        const struct seen *seen = &elsewhere->seen[i];
        if (seen->revision == action->step->revision &&
            seen->direction == action->step->direction && seen->line == line)
            return seen;
    }
    return NULL;
}

static bool is_error_of(const struct rehearsed *elsewhere, const struct action *action)
{
    const struct piece *piece = action->piece;
    return elsewhere->error && elsewhere->error_revision == action->step->revision &&
           elsewhere->error->line >= piece_line(piece, 0, 0) &&
           elsewhere->error->line <= piece_line(piece, piece->sql_len, 0);
}

static void leave_outside(struct staging *staging, const struct action *action)
{
    static const char why[] = "it runs outside a transaction";
    struct rehearsal *rehearsal = staging->rehearsal;
    const struct rehearsed *elsewhere = rehearsal->elsewhere;
    const struct seen *seen =
        elsewhere && !elsewhere->reason ? find_elsewhere(elsewhere, action) : NULL;
    if (seen) {
        count_left_out(staging, action);
        rehearsal_note(rehearsal, action, seen);
    } else if (!elsewhere) {
        leave_out(staging, action, why);
    } else if (elsewhere->reason) {
        leave_out(staging, action,
                  arena_printf(rehearsal->arena, "%s, and on a scratch database: %s", why,
                               elsewhere->reason));
    } else if (is_error_of(elsewhere, action)) {
        count_left_out(staging, action);
        rehearsal->fails_elsewhere = staging->count;
    } else {
        leave_out(staging, action,
                  arena_printf(rehearsal->arena,
                               "%s, and on a scratch database what comes before it failed", why));
    }
}

bool rehearsal_may_lack(const struct rehearsal *rehearsal, size_t action)
{
    return action >= rehearsal->after_left_out;
}

/* One statement of a piece as a piece. */
static const struct piece *cut(struct arena *arena, const struct piece *piece, size_t at)
{
    const struct statement *statement = &piece->statements[at];
    struct piece *part = arena_calloc(arena, 1, sizeof *part);
    struct statement *only = arena_alloc(arena, sizeof *only);
    *only = (struct statement){.len = statement->len, .line = 1, .is_ended = statement->is_ended};
    part->sql = arena_strndup(arena, piece->sql + statement->offset, statement->len);
    part->sql_len = statement->len;
    part->line = piece->line + statement->line - 1;
    part->statements = only;
    part->statement_count = 1;
    part->first_statement = piece->first_statement + at;
    part->is_transactional = true;
    return part;
}

static void add_statements(struct staging *staging, const struct action *action)
{
    struct arena *arena = staging->rehearsal->arena;
    for (size_t i = 0; i < action->piece->statement_count; i++) {
        struct action one = *action;
        one.piece = cut(arena, action->piece, i);
        const char *what = lasts(staging->dialect, one.piece->sql);
        if (what) {
            leave_out(staging, &one,
                      arena_printf(arena, "it %s, which no rollback takes back", what));
            continue;
        }
        add(staging, &one);
        add_kind(staging, ACTION_SEEN, &one);
    }
}

/* Of what repeats, one batch tells what it locks and how long that takes. */
static void add_batch(struct staging *staging, const struct action *action)
{
    struct action batch = *action;
    batch.kind = ACTION_SCRIPT;
    add_statements(staging, &batch);
}

/* Marks count statements for a run that dies, and a rehearsal leaves nothing. */
static void add_action(struct staging *staging, const struct action *action)
{
    if (action->kind == ACTION_SCRIPT && !action->is_in_transaction)
        leave_outside(staging, action);
    else if (action->kind == ACTION_SCRIPT)
        add_statements(staging, action);
    else if (action->kind == ACTION_REPEAT)
        add_batch(staging, action);
    else if (action->is_in_transaction && action->kind != ACTION_MARK)
        add(staging, action);
}

static bool ends_transaction(const struct work *whole, size_t at)
{
    const struct action *action = &whole->actions[at], *next = action + 1;
    return action->is_in_transaction &&
           (action->ends_unit || at + 1 == whole->count || !next->is_in_transaction);
}

void rehearsal_work(struct rehearsal *rehearsal, const struct dialect *dialect,
                    const struct work *whole, struct work *ret_work)
{
    struct staging staging = {.rehearsal = rehearsal, .dialect = dialect};
    bool runs = false; /* a statement does, in the transaction that is under way */
    if (whole->count)
        add_kind(&staging, ACTION_BEFORE, &whole->actions[0]);
    for (size_t i = 0; i < whole->count; i++) {
        add_action(&staging, &whole->actions[i]);
        runs = runs || staging.actions[staging.count - 1].kind == ACTION_SEEN;
        if (!ends_transaction(whole, i) || !runs)
            continue;
        add_kind(&staging, ACTION_SETTLE, &whole->actions[i]);
        runs = false;
    }
    *ret_work = (struct work){staging.actions, staging.count};
}

/* ---- what is seen --------------------------------------------------------------------------------- */

static void take_before(struct rehearsal *rehearsal, const struct grid *rows)
{
    struct arena *arena = rehearsal->arena;
    struct rehearsal_relation *relations =
        arena_calloc(arena, rows->row_count + 1, sizeof *relations);
    for (size_t i = 0; i < rows->row_count; i++)
        relations[i] = (struct rehearsal_relation){
            .number = strtoul(grid_value(rows, i, 0), NULL, 10),
            .name = arena_strdup(arena, grid_value(rows, i, 2)),
            .is_sequence = strcmp(grid_value(rows, i, 3), "t") == 0,
            .file = arena_strdup(arena, grid_value(rows, i, 4)),
        };
    rehearsal->relations = relations;
    rehearsal->relation_count = rows->row_count;
}

static int compare(const void *left, const void *right)
{
    const struct rehearsal_relation *a = left, *b = right;
    return (a->number > b->number) - (a->number < b->number);
}

/* NULL: the rehearsal itself has made it. */
static struct rehearsal_relation *find(const struct rehearsal *rehearsal, const char *number)
{
    const struct rehearsal_relation key = {.number = strtoul(number, NULL, 10)};
    return rehearsal->relation_count
               ? bsearch(&key, rehearsal->relations, rehearsal->relation_count, sizeof key, compare)
               : NULL;
}

static enum seen_blocks blocked_by(enum lock_weight weight)
{
    return weight == LOCK_OF_ALL      ? BLOCKS_ALL
           : weight == LOCK_OF_WRITES ? BLOCKS_WRITES
                                      : BLOCKS_NOTHING;
}

/* Until its end, `ms` is when the lock was taken: as its statement began, or after that. */
static void note_lock(struct rehearsal *rehearsal, const struct action *action,
                      const struct rehearsal_relation *relation, const char *mode)
{
    double since_ms = rehearsal->elapsed_ms - rehearsal->last_ms;
    struct seen seen = {.kind = SEEN_LOCK,
                        .object = relation->name,
                        .words = arena_strdup(rehearsal->arena, mode),
                        .ms = since_ms,
                        .blocks = blocked_by(relation->weight)};
    if (seen.blocks != BLOCKS_NOTHING && !rehearsal->is_blocking) {
        rehearsal->is_blocking = true;
        rehearsal->blocking_since_ms = since_ms;
    }
    rehearsal_note(rehearsal, action, &seen);
}

static void take_lock(struct rehearsal *rehearsal, const struct action *action,
                      const struct grid *rows, size_t row)
{
    struct rehearsal_relation *relation = find(rehearsal, grid_value(rows, row, 0));
    const char *mode = grid_value(rows, row, 1), *file = grid_value(rows, row, 3);
    const char *bytes = grid_value(rows, row, 4);
    enum lock_weight weight = (enum lock_weight)strtoul(grid_value(rows, row, 2), NULL, 10);
    if (!relation)
        return;
    if (relation->is_sequence && weight == LOCK_OF_ROWS && !relation->is_drawn) {
        relation->is_drawn = true;
        rehearsal_note(rehearsal, action,
                       &(struct seen){.kind = SEEN_SEQUENCE, .object = relation->name});
    }
    if (weight > LOCK_OF_ROWS && (!relation->is_locked || weight > relation->weight)) {
        relation->is_locked = true;
        relation->weight = weight;
        note_lock(rehearsal, action, relation, mode);
    }
    if (!bytes || !file || !relation->file || strcmp(file, relation->file) == 0)
        return;
    relation->file = arena_strdup(rehearsal->arena, file);
    if (!relation->is_sequence)
        rehearsal_note(rehearsal, action,
                       &(struct seen){.kind = SEEN_REWRITE,
                                      .object = relation->name,
                                      .count = strtoull(bytes, NULL, 10)});
}

static void take_seen(struct rehearsal *rehearsal, const struct action *action,
                      const struct grid *rows)
{
    rehearsal->waiting = 0;
    for (size_t i = 0; i < rows->row_count; i++) {
        rehearsal->waiting = strtoul(grid_value(rows, i, 5), NULL, 10);
        take_lock(rehearsal, action, rows, i);
    }
}

bool rehearsal_gives_way(const struct rehearsal *rehearsal, uint64_t patience_ms)
{
    return rehearsal->waiting && rehearsal->is_blocking &&
           rehearsal->elapsed_ms - rehearsal->blocking_since_ms > (double)patience_ms;
}

void rehearsal_take(struct rehearsal *rehearsal, const struct action *action,
                    const struct rehearsal_result *result)
{
    if (action->kind == ACTION_BEFORE)
        take_before(rehearsal, &result->rows);
    else if (action->kind == ACTION_SEEN)
        take_seen(rehearsal, action, &result->rows);
    else if (action->kind == ACTION_SETTLE)
        rehearsal_end(rehearsal);
    if (action->kind != ACTION_SCRIPT)
        return;
    rehearsal->elapsed_ms += result->duration_ms;
    rehearsal->last_ms = result->duration_ms;
    if (rehearsal->is_on_scratch && !action->is_in_transaction)
        rehearsal_note(rehearsal, action,
                       &(struct seen){.kind = SEEN_SCRATCH, .ms = result->duration_ms});
    if (result->rows_changed && !rehearsal->is_blocking) { /* it has locked these rows */
        rehearsal->is_blocking = true;
        rehearsal->blocking_since_ms = rehearsal->elapsed_ms - result->duration_ms;
    }
    if (result->rows_changed)
        rehearsal_note(rehearsal, action,
                       &(struct seen){.kind = SEEN_ROWS, .count = result->rows_changed});
}

void rehearsal_end(struct rehearsal *rehearsal)
{
    for (; rehearsal->open < rehearsal->count; rehearsal->open++) {
        struct seen *seen = &rehearsal->items[rehearsal->open];
        if (seen->kind == SEEN_LOCK)
            seen->ms = rehearsal->elapsed_ms - seen->ms;
    }
    rehearsal->ended_ms = rehearsal->elapsed_ms;
    rehearsal->has_ended = true;
}

void rehearsal_take_commit(struct rehearsal *rehearsal, const struct action *last)
{
    rehearsal_note(rehearsal, last,
                   &(struct seen){.kind = SEEN_LOCK,
                                  .words = "write",
                                  .ms = rehearsal->ended_ms,
                                  .blocks = BLOCKS_WRITES});
    rehearsal_end(rehearsal);
}
