#include "rollout/history.h"

#include "base/arena.h"
#include "base/texts.h"
#include "chain/chain.h"
#include "chain/walk.h"
#include "rollout/checkpoint.h"

enum column {
    COLUMN_REVISION,
    COLUMN_DIRECTION,
    COLUMN_CHECKSUM,
    COLUMN_STATEMENTS,
    COLUMN_STATE,
    COLUMN_RUN,
    COLUMN_ID,
};

static const char *value(const struct grid *rows, size_t row, enum column column)
{
    const char *text = grid_value(rows, row, column);
    return text ? text : "";
}

static bool is(const struct grid *rows, size_t row, enum column column, const char *text)
{
    return strcmp(value(rows, row, column), text) == 0;
}

struct unfinished history_unfinished(const struct grid *rows)
{
    if (!rows->row_count)
        return (struct unfinished){0};
    size_t row = rows->row_count - 1;
    struct checkpoint checkpoint = checkpoint_read(value(rows, row, COLUMN_CHECKSUM));
    bool is_running = is(rows, row, COLUMN_STATE, "running");
    if (!is_running && !is(rows, row, COLUMN_STATE, "partial"))
        return (struct unfinished){0};
    return (struct unfinished){
        .revision = value(rows, row, COLUMN_REVISION),
        .direction = is(rows, row, COLUMN_DIRECTION, "up") ? DIRECTION_UP : DIRECTION_DOWN,
        .statements = strtoul(value(rows, row, COLUMN_STATEMENTS), NULL, 10),
        .is_running = is_running,
        .is_begun = !is_running && !checkpoint.is_clean,
        .count = checkpoint.count,
        .checksum = value(rows, row, COLUMN_CHECKSUM),
        .run_id = value(rows, row, COLUMN_RUN),
    };
}

uint64_t history_last_id(const struct grid *rows)
{
    return rows->row_count ? strtoull(value(rows, rows->row_count - 1, COLUMN_ID), NULL, 10) : 0;
}

static bool is_of(const struct grid *rows, size_t row, const struct run_ids *runs)
{
    return history_is_of(runs, value(rows, row, COLUMN_RUN));
}

/* The number of rows: none is. */
static size_t first_of(const struct grid *rows, const struct run_ids *runs)
{
    size_t row = 0;
    while (row < rows->row_count && !is_of(rows, row, runs))
        row++;
    return row;
}

bool history_holds(const struct grid *rows, const struct run_ids *runs)
{
    return first_of(rows, runs) < rows->row_count;
}

const char *history_stranger(const struct grid *rows, const struct run_ids *runs)
{
    for (size_t row = first_of(rows, runs); row < rows->row_count; row++)
        if (!is_of(rows, row, runs))
            return value(rows, row, COLUMN_RUN);
    return NULL;
}

bool history_is_of(const struct run_ids *runs, const char *run)
{
    return texts_have(runs->ids, runs->count, run);
}

/* Is this row the last word on its revision, and does it say that the revision stands? */
static bool is_applied(const struct grid *rows, size_t row)
{
    const char *revision = value(rows, row, COLUMN_REVISION);
    for (size_t later = row + 1; later < rows->row_count; later++)
        if (is(rows, later, COLUMN_REVISION, revision))
            return false;
    return is(rows, row, COLUMN_DIRECTION, "up") && is(rows, row, COLUMN_STATE, "applied");
}

static size_t first_after_stamps(const struct grid *rows)
{
    size_t row = rows->row_count;
    while (row && !is(rows, row - 1, COLUMN_DIRECTION, "stamp"))
        row--;
    return row;
}

/* A tenant that came there by a checkpoint has not run the revision's file. */
static bool is_of_checkpoint(const char *checksum)
{
    return strncmp(checksum, CHECKPOINT_MARK, strlen(CHECKPOINT_MARK)) == 0;
}

/* A row of the runs, the newest first, taken back in the set of what is applied. What was not finished has not moved the tenant. */
static bool take_back(const struct grid *history, size_t row, const struct chain *chain,
                      bool *applied)
{
    const struct revision *revision = chain_get(chain, value(history, row, COLUMN_REVISION));
    if (!is(history, row, COLUMN_STATE, "applied"))
        return true;
    bool is_up = is(history, row, COLUMN_DIRECTION, "up");
    if (!revision || (!is_up && !is(history, row, COLUMN_DIRECTION, "down")) ||
        is_of_checkpoint(value(history, row, COLUMN_CHECKSUM)))
        return false;
    applied[revision->index] = !is_up;
    return true;
}

static bool mark_applied(const struct chain *chain, const struct rows *rows, bool *applied)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct revision *revision = chain_get(chain, rows->ids[i]);
        if (!revision)
            return false;
        walk_mark(chain, applied, revision->index, WALK_PARENTS);
    }
    return true;
}

/* Those above which nothing is applied. */
static struct rows heads_of(const struct chain *chain, const bool *applied, struct arena *arena)
{
    const char **ids = arena_calloc(arena, chain->count + 1, sizeof *ids);
    bool *is_under = walk_new_set(arena, chain);
    size_t count = 0;
    for (size_t i = 0; i < chain->count; i++)
        for (size_t at = 0; applied[i] && at < chain->revisions[i]->parent_count; at++)
            is_under[chain->revisions[i]->parents[at]] = true;
    for (size_t i = 0; i < chain->count; i++)
        if (applied[i] && !is_under[i])
            ids[count++] = chain->revisions[i]->id;
    return rows_sorted(arena, ids, count);
}

bool history_before(const struct grid *history, const struct chain *chain,
                    const struct run_ids *runs, const struct rows *rows, struct arena *arena,
                    struct rows *ret_before)
{
    bool *applied = walk_new_set(arena, chain);
    size_t first = first_of(history, runs);
    if (first == history->row_count || history_stranger(history, runs) ||
        !mark_applied(chain, rows, applied))
        return false;
    for (size_t row = history->row_count; row-- > first;)
        if (!take_back(history, row, chain, applied))
            return false;
    *ret_before = heads_of(chain, applied, arena);
    return true;
}

/* Does the row say that the revision was brought by a checkpoint above it? */
static bool brings(const struct grid *rows, size_t row, const struct chain *chain,
                   const char *revision)
{
    if (!is(rows, row, COLUMN_DIRECTION, "up") ||
        !is_of_checkpoint(value(rows, row, COLUMN_CHECKSUM)))
        return false;
    const struct revision *at = chain_get(chain, value(rows, row, COLUMN_REVISION));
    const struct revision *asked = chain_get(chain, revision);
    if (!at || !asked)
        return false;
    bool *under = xcalloc(chain->count + 1, sizeof *under);
    walk_mark(chain, under, at->index, WALK_PARENTS);
    bool is_under = under[asked->index];
    free(under);
    return is_under;
}

const char *history_last_run(const struct grid *rows, const struct chain *chain,
                             const char *revision)
{
    for (size_t row = rows->row_count; row--;)
        if (is(rows, row, COLUMN_REVISION, revision) || brings(rows, row, chain, revision))
            return value(rows, row, COLUMN_RUN);
    return NULL;
}

bool history_next_change(const struct grid *rows, const struct chain *chain, size_t *row,
                         struct changed_file *ret_file)
{
    size_t first = first_after_stamps(rows);
    for (size_t at = *row > first ? *row : first; at < rows->row_count; at++) {
        const char *applied = value(rows, at, COLUMN_CHECKSUM);
        const struct revision *revision = chain_get(chain, value(rows, at, COLUMN_REVISION));
        if (!revision || !*applied || strcmp(applied, revision->checksum) == 0 ||
            is_of_checkpoint(applied) || !is_applied(rows, at))
            continue;
        *ret_file = (struct changed_file){revision, strtoull(value(rows, at, COLUMN_ID), NULL, 10),
                                          applied};
        *row = at + 1;
        return true;
    }
    return false;
}

/* The same words in each tenant that has applied the same files: one cause. */
static void say_changed(const struct revision *const *named, size_t named_count, size_t count,
                        struct err *err)
{
    for (size_t i = 1; i < named_count; i++)
        err_add(err, "%s '%s'", i == 1 ? ", and so was" : ",", named[i]->path);
    if (count > named_count)
        err_add(err, " and %zu more", count - named_count);
    err_add(err,
            ": put it back, or, where the database needs nothing of the change, say 'skein accept");
    for (size_t i = 0; i < named_count; i++)
        err_add(err, " %s", named[i]->id);
    err_add(err, "%s'", count > named_count ? " …" : "");
}

bool history_check_files(const struct grid *rows, const struct chain *chain, struct err *err)
{
    enum { NAMED = 3 };
    const struct revision *named[NAMED];
    struct changed_file file;
    size_t row = 0, count = 0;
    bool is_line_endings = true;
    while (history_next_change(rows, chain, &row, &file)) {
        if (count < NAMED)
            named[count] = file.revision;
        is_line_endings = is_line_endings && strcmp(file.checksum, file.revision->checksum_lf) == 0;
        count++;
    }
    if (!count)
        return true;
    err_at(err, ERR_DRIFT, named[0]->path, named[0]->id_line,
           "the file was changed after it was applied%s",
           is_line_endings ? " (only the line endings differ)" : "");
    say_changed(named, count < NAMED ? count : NAMED, count, err);
    return false;
}
