/* What an INSERT, an UPDATE or a DELETE writes, and tables that are built anew: what earlier statements of the plan do to all that the statement's text
 * names, and what of its table is told without a question. */
#include "preflight/preflight_private.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "dialect/dialect.h"
#include "dialect/script.h"
#include "dialect/written.h"

bool preflight_is_written(const struct deed *deed)
{
    return deed->kind == DEED_INSERT || deed->kind == DEED_UPDATE || deed->kind == DEED_DELETE ||
           deed->kind == DEED_COPY_ROWS;
}

/* Do the rows come from a table that is not what it was? A query may read several. */
const char *preflight_find_source_block(const struct walk *walk, const struct deed *asked,
                                        const struct question *question)
{
    const char *sql = walk->sql[walk->statement];
    struct arena *arena = walk->preflight->arena;
    for (size_t i = 0; i < walk->first[walk->statement]; i++) {
        const struct deed *deed = &walk->deeds.items[i];
        bool is_target = preflight_is_same(deed->table, asked->table);
        bool is_rename = deed->kind == DEED_RENAME && !deed->column;
        if (!deed->table || (is_target && !preflight_changes_rows(deed)) || is_rename ||
            deed->kind == DEED_COLUMN || deed->kind == DEED_DROP_INDEX ||
            deed->kind == DEED_CREATE_INDEX)
            continue;
        if (ascii_holds(sql, deed->table) || preflight_is_same(deed->table, question->other))
            return arena_printf(arena, "%s changes %s",
                                preflight_place_of(walk, preflight_statement_of(walk, i)),
                                deed->table);
    }
    for (size_t i = 0; i < walk->statement; i++)
        if (walk->untold[i])
            return arena_printf(arena, "%s %s", preflight_place_of(walk, i), walk->untold[i]);
    return NULL;
}

/* Is it a table that the plan makes, and its dialect asks about as a whole? */
bool preflight_is_rebuild(const struct walk *walk, const struct deed *deed)
{
    return deed->kind == DEED_COPY_ROWS && walk->dialect->asks_rebuilds &&
           preflight_maker_of(walk, deed->table, preflight_index_of(walk, deed));
}

/* What the statement reads may be anything that its text names. */
const char *preflight_find_written_block(const struct walk *walk, const struct deed *asked)
{
    const char *sql = walk->sql[walk->statement];
    for (size_t i = 0; i < walk->first[walk->statement]; i++) {
        const struct deed *deed = &walk->deeds.items[i];
        const char *other = deed->kind == DEED_RENAME && !deed->column ? deed->other : NULL;
        bool is_target = preflight_is_same(deed->table, asked->table);
        bool is_named =
            (deed->table && ascii_holds(sql, deed->table)) || (other && ascii_holds(sql, other));
        bool is_harmless = deed->kind == DEED_CREATE_INDEX || deed->kind == DEED_DROP_INDEX ||
                           (is_target && deed->kind != DEED_TRIGGER && !other);
        if (is_named && !is_harmless)
            return arena_printf(walk->preflight->arena, "%s changes %s",
                                preflight_place_of(walk, preflight_statement_of(walk, i)),
                                deed->table);
    }
    return NULL;
}

/* No catalog has the table yet. What a plan writes itself is the same in each tenant, but for its parents there. */
void preflight_tell_made(const struct question_request *request, struct questions *questions)
{
    bool is_same = request->deed->kind == DEED_INSERT && !ascii_holds(request->sql, "select");
    if (request->deed->kind == DEED_DELETE)
        return;
    if (request->deed->flags & DEED_CONSTANT ||
        (is_same && !ascii_holds(request->made_by, "references")))
        return;
    written_add_reason(questions, request, "the plan makes the table");
}

/* When the revision ends. */
bool preflight_looks_for_orphans(const struct walk *walk)
{
    const struct preflight *preflight = walk->preflight;
    bool does = false;
    for (size_t i = 0; i < preflight->statement_count; i++)
        does |= preflight_is_of_revision(walk, i) &&
                script_drops_or_renames(preflight->statements[i].sql, preflight->statements[i].len);
    return does;
}

struct deed_texts preflight_touched_before(const struct walk *walk)
{
    size_t end = walk->first[walk->statement], count = 0;
    const char **names = arena_calloc(walk->preflight->arena, 2 * end + 1, sizeof *names);
    for (size_t i = 0; i < end; i++) {
        const struct deed *deed = &walk->deeds.items[i];
        if (deed->table && deed->kind != DEED_CREATE_INDEX && deed->kind != DEED_DROP_INDEX)
            names[count++] = deed->table;
        if (deed->other && deed->kind == DEED_RENAME && !deed->column)
            names[count++] = deed->other;
    }
    return (struct deed_texts){names, count};
}

/* One reason is enough for all that a statement writes. */
bool preflight_is_told_already(const struct preflight *preflight, const struct preflight_item *item)
{
    const struct preflight_item *last =
        preflight->count ? &preflight->items[preflight->count - 1] : NULL;
    return last && last->blocked && item->blocked && last->statement == item->statement &&
           strcmp(last->blocked, item->blocked) == 0;
}

/* What was made on the table before it is filled holds its rows, too. */
void preflight_tell_made_on(const struct walk *walk, const struct question_request *request,
                            struct questions *questions)
{
    const struct deed *deed = request->deed;
    for (size_t i = preflight_index_of(walk, deed); i-- > 0;) {
        const struct deed *made = &walk->deeds.items[i];
        bool is_index = made->kind == DEED_CREATE_INDEX && made->flags & DEED_UNIQUE;
        if (preflight_is_same(made->table, deed->table) && (is_index || made->kind == DEED_TRIGGER))
            questions_add_reason(
                questions, is_index ? QUESTION_DUPLICATES : QUESTION_CHECK, request,
                arena_printf(walk->preflight->arena, "%s makes %s on the table before it is filled",
                             preflight_place_of(walk, preflight_statement_of(walk, i)),
                             is_index ? "a unique index" : "a trigger"));
    }
}
