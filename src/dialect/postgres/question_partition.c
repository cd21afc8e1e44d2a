/* Whether the rows of a table are within the bounds of the partition that it becomes, as a question. */
#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "dialect/postgres/question_private.h"
#include "dialect/postgres/templates.h"

static bool has_word(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (ascii_holds(text, *words))
            return true;
    return false;
}

/* The condition that the bounds are, of the key `%s`; NULL: it is not known. */
static const char *bounds_of(struct arena *arena, const struct deed *deed)
{
    static const char *const open[] = {"minvalue", "maxvalue", NULL};
    static const char *const nothing[] = {"null", NULL};
    const char *from = deed->expression, *to = deed->predicate;
    if (!deed->what || !from)
        return NULL;
    if (strcmp(deed->what, "list") == 0)
        return has_word(from, nothing) ? NULL : arena_printf(arena, "(\x01) IN (%s)", from);
    if (strcmp(deed->what, "range") != 0 || !to)
        return NULL;
    bool has_from = !has_word(from, open), has_to = !has_word(to, open);
    bool is_one = !strchr(from, ',') && !strchr(to, ',');
    if (!has_from && !has_to)
        return is_one ? "(\x01) IS NOT NULL" : NULL;
    if ((!has_from || !has_to) && !is_one)
        return NULL;
    const char *low = has_from ? arena_printf(arena, "(\x01) >= (%s)", from) : NULL;
    const char *high = has_to ? arena_printf(arena, "(\x01) < (%s)", to) : NULL;
    return low && high ? arena_printf(arena, "%s AND %s", low, high) : low ? low : high;
}

/* The key of the partitioned table is in the catalog. */
void postgres_ask_attach(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    struct arena *arena = questions->arena;
    struct deed part = *deed;
    struct question_request of_part = *request;
    struct buf buf;
    const char *bounds = bounds_of(arena, deed);
    if (deed->what && strcmp(deed->what, "inherit") == 0)
        return;
    part.table = deed->other;
    part.schema = deed->other_schema;
    of_part.deed = &part;
    struct question *question = questions_add(questions, QUESTION_BOUNDS, &of_part);
    question->other = deed->table;
    question->about = deed->other;
    if (!bounds) {
        question->reason = "its bounds are of a kind that no question is known for";
        return;
    }
    const char *rows = arena_printf(arena, "%s WHERE (%s) IS NOT TRUE",
                                    question_relation(arena, &of_part), bounds);
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "SELECT pg_catalog.replace(");
    postgres_add_literal(&buf, rows);
    buf_adds(&buf, ", ");
    postgres_add_literal(&buf, "\x01");
    buf_adds(&buf, ", pg_catalog.substring(pg_catalog.pg_get_partkeydef(p.partrelid), "
                   "'^[A-Z]+ [(](.*)[)]$')), NULL, NULL FROM pg_catalog.pg_partitioned_table p "
                   "WHERE p.partrelid = ");
    postgres_add_regclass(&buf, deed->schema, deed->table);
    question->lookup = buf_into(&buf, arena);
}
