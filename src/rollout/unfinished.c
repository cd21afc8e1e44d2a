#include "rollout/unfinished.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/err.h"
#include "rollout/checkpoint.h"

static enum unfinished_fault check_is_next(const struct unfinished *unfinished,
                                           const struct step *step, struct err *err)
{
    bool fits = step && step->revision && step->direction == unfinished->direction &&
                strcmp(step->revision->id, unfinished->revision) == 0;
    bool is_up = unfinished->direction == DIRECTION_UP;
    char batches[80] = "";
    if (fits)
        return UNFINISHED_FITS;
    if (unfinished->count.batches)
        snprintf(batches, sizeof batches, ", and %" PRIu64 " rows in batches,",
                 unfinished->count.rows);
    err_set(err, ERR_CHAIN,
            "revision '%s' was left after %zu statement%s%s of its %s section by run %s, and "
            "is not the next step here",
            unfinished->revision, unfinished->statements, unfinished->statements == 1 ? "" : "s",
            batches, is_up ? "up" : "down", unfinished->run_id);
    return UNFINISHED_ELSEWHERE;
}

/* An older skein wrote down the file's checksum, and not which statements are done. No checksum claims nothing. */
static enum unfinished_fault check_file(const struct unfinished *unfinished,
                                        const struct revision *revision, struct err *err)
{
    if (!*unfinished->checksum || strcmp(unfinished->checksum, revision->checksum) == 0 ||
        strcmp(unfinished->checksum, revision->checksum_lf) == 0)
        return UNFINISHED_FITS;
    err_at(err, ERR_CHAIN, revision->path, revision->id_line,
           "an older skein left it after %zu statement%s in run %s without writing down which "
           "these were, and "
           "the file was changed since: put the file back as it was",
           unfinished->statements, unfinished->statements == 1 ? "" : "s", unfinished->run_id);
    return UNFINISHED_EDITED;
}

/* The piece that has statement `at` and another before it; NULL: none, a piece begins there or the script is over. */
static const struct piece *piece_around(const struct script *script, size_t at)
{
    for (size_t i = 0; i < script->piece_count; i++) {
        const struct piece *piece = &script->pieces[i];
        if (piece->first_statement < at && at < piece->first_statement + piece->statement_count)
            return piece;
    }
    return NULL;
}

static enum unfinished_fault check_place(const struct unfinished *unfinished,
                                         const struct revision *revision,
                                         const struct script *script,
                                         const struct place_digest *now, struct err *err)
{
    struct checkpoint then = checkpoint_read(unfinished->checksum);
    size_t done = unfinished->statements;
    const struct piece *around = piece_around(script, done), *next = script_piece_at(script, done);
    if (!now || !digest_is_same(&then.place.done, &now->done)) {
        err_at(err, ERR_CHAIN, revision->path, revision->id_line,
               "run %s left it after %zu statement%s, and these are no longer the first of the "
               "file's %s "
               "section: put them back as they were (what comes after them may be changed)",
               unfinished->run_id, done, done == 1 ? "" : "s",
               unfinished->direction == DIRECTION_UP ? "up" : "down");
        return UNFINISHED_EDITED;
    }
    if (around) {
        err_at(err, ERR_CHAIN, revision->path,
               piece_line(around, 0, done - around->first_statement),
               "run %s left it after %zu statement%s, and the file has the next one in one "
               "transaction with "
               "them: put the sections back as they were, or begin a section here",
               unfinished->run_id, done, done == 1 ? "" : "s");
        return UNFINISHED_EDITED;
    }
    if (then.place.next.hex[0] && (unfinished->is_running || unfinished->is_begun) &&
        !digest_is_same(&then.place.next, &now->next)) {
        err_at(err, ERR_CHAIN, revision->path, next ? next->line : revision->id_line,
               "statement %zu %s run %s, may have done something, and was changed in the file "
               "since: put "
               "it back as it was",
               done + 1, unfinished->is_running ? "was under way at the end of" : "failed in",
               unfinished->run_id);
        return UNFINISHED_EDITED;
    }
    return UNFINISHED_FITS;
}

enum unfinished_fault unfinished_check_done(struct arena *arena,
                                            const struct unfinished *unfinished,
                                            const struct step *step, const struct script *script,
                                            struct err *err)
{
    enum unfinished_fault fault = check_is_next(unfinished, step, err);
    if (fault != UNFINISHED_FITS)
        return fault;
    if (checkpoint_read(unfinished->checksum).is_of_file)
        return check_file(unfinished, step->revision, err);
    bool has_place = unfinished->statements <= script->statement_count;
    const struct place_digest *digests = script_digests(arena, script);
    return check_place(unfinished, step->revision, script,
                       has_place ? &digests[unfinished->statements] : NULL, err);
}

/* Nothing is in doubt of what runs in a transaction. */
static bool is_in_doubt(const struct unfinished *unfinished, const struct piece *next)
{
    struct checkpoint then = checkpoint_read(unfinished->checksum);
    bool was_outside = then.is_of_file || then.place.next.hex[0];
    return next && !next->is_transactional && was_outside &&
           (unfinished->is_running || unfinished->is_begun);
}

struct half_step unfinished_tell(const struct unfinished *unfinished, const struct script *script)
{
    bool may_be = unfinished->is_running || unfinished->is_begun;
    return (struct half_step){
        .revision = unfinished->revision,
        .run = unfinished->run_id,
        .direction = unfinished->direction,
        .statements = (uint32_t)unfinished->statements,
        .batches = unfinished->count.batches,
        .rows = unfinished->count.rows,
        .of = script ? (uint32_t)script->statement_count : 0,
        .is_in_doubt =
            script ? is_in_doubt(unfinished, script_piece_at(script, unfinished->statements))
                   : may_be,
    };
}

enum unfinished_fault unfinished_check(struct arena *arena, const struct unfinished *unfinished,
                                       const struct step *step, const struct script *script,
                                       struct err *err)
{
    enum unfinished_fault fault = unfinished_check_done(arena, unfinished, step, script, err);
    if (fault != UNFINISHED_FITS)
        return fault;
    const struct piece *next = script_piece_at(script, unfinished->statements);
    if (!is_in_doubt(unfinished, next))
        return UNFINISHED_FITS;
    err_at(err, ERR_CHAIN, step->revision->path, next->line,
           unfinished->is_running
               ? "statement %zu of %zu was under way when run %s ended, and may or may not have run"
               : "statement %zu of %zu failed in run %s, and may have done a part of its work",
           next->first_statement + 1, script->statement_count, unfinished->run_id);
    return UNFINISHED_DOUBT;
}

void unfinished_set_done(struct arena *arena, struct unfinished *unfinished,
                         const struct script *script, size_t done)
{
    char text[CHECKPOINT_MAX + 1];
    unfinished->statements = done;
    unfinished->is_running = unfinished->is_begun = false;
    checkpoint_count(checkpoint_text(arena, &script_digests(arena, script)[done], true),
                     &unfinished->count, text);
    unfinished->checksum = arena_strdup(arena, text);
}
