#include "import/adopt.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/choice.h"
#include "base/err.h"
#include "chain/walk.h"
#include "import/tool.h"

/* The names of the tools whose version table can be read. */
static const char *adoptable_at(size_t index)
{
    const struct import_tool *tool;
    for (size_t i = 0; (tool = import_tool_at(i)); i++)
        if (tool->table && !index--)
            return tool->name;
    return NULL;
}

static bool fail_of_tool(const char *name, struct err *err)
{
    struct buf names;
    buf_init(&names, BUF_MAX_DEFAULT);
    choice_add(&names, adoptable_at);
    err_set(err, ERR_CONFIG, "nothing is adopted from '%s': name %s", name, names.data);
    choice_add_hint(err, adoptable_at, name);
    buf_done(&names);
    return false;
}

bool adoption_find(const char *name, const char *table, struct adoption *ret_adoption,
                   struct err *err)
{
    const struct import_tool *tool = import_tool_find(name);
    if (!tool || !tool->table)
        return fail_of_tool(name, err);
    if (table && !ascii_is_made_of(table, "_-$."))
        return err_set(err, ERR_CONFIG, "'%s' is no name of a version table", table);
    *ret_adoption = (struct adoption){tool, name, table ? table : tool->table, tool->query};
    return true;
}

/* ---- what the tools' files use ------------------------------------------------------------- */

const char *adopting_value(const struct adopting *adopting, size_t row, size_t column)
{
    const struct grid *rows = adopting->rows;
    return column < rows->column_count ? grid_value(rows, row, column) : NULL;
}

/* A boolean as the databases spell it. */
bool adopting_is_true(const struct adopting *adopting, size_t row, size_t column)
{
    const char *value = adopting_value(adopting, row, column);
    return value &&
           (strcmp(value, "t") == 0 || strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
}

const struct revision *adopting_find(struct adopting *adopting, const char *id)
{
    const struct revision *revision = chain_get(adopting->chain, import_id(adopting->arena, id));
    if (!revision)
        err_set(adopting->err, ERR_CHAIN, "%s has applied '%s', and the chain has no such revision",
                adopting->adoption->name, id);
    return revision;
}

bool adopting_rows(struct adopting *adopting)
{
    for (size_t i = 0; i < adopting->rows->row_count; i++) {
        const char *id = adopting_value(adopting, i, 0);
        const struct revision *revision = adopting_find(adopting, id ? id : "");
        if (!revision)
            return false;
        adopting->applied[revision->index] = true;
    }
    return true;
}

/* ---- standing ------------------------------------------------------------------------------ */

/* A hole: applied, but not all that it stands on. */
static bool check_holes(const struct adopting *adopting)
{
    const struct chain *chain = adopting->chain;
    for (size_t i = 0; i < chain->count; i++) {
        const struct revision *revision = chain->revisions[i];
        for (size_t p = 0; adopting->applied[i] && p < revision->parent_count; p++)
            if (!adopting->applied[revision->parents[p]])
                return err_set(adopting->err, ERR_CHAIN,
                               "%s has applied '%s' but not '%s', which it revises: apply that one "
                               "with %s first",
                               adopting->adoption->name, revision->id,
                               chain->revisions[revision->parents[p]]->id,
                               adopting->adoption->name);
    }
    return true;
}

/* Those that no other applied one stands on. */
static struct rows tips_of(const struct adopting *adopting)
{
    const struct chain *chain = adopting->chain;
    bool *is_covered = walk_new_set(adopting->arena, chain);
    const char **ids = arena_calloc(adopting->arena, chain->count + 1, sizeof *ids);
    size_t count = 0;
    for (size_t i = 0; i < chain->count; i++)
        for (size_t p = 0; adopting->applied[i] && p < chain->revisions[i]->parent_count; p++)
            is_covered[chain->revisions[i]->parents[p]] = true;
    for (size_t i = 0; i < chain->count; i++)
        if (adopting->applied[i] && !is_covered[i])
            ids[count++] = chain->revisions[i]->id;
    return (struct rows){ids, count, true};
}

bool adoption_stand(const struct adoption *adoption, struct arena *arena, const struct chain *chain,
                    const struct grid *rows, struct rows *ret_stands, struct err *err)
{
    struct adopting adopting = {
        .adoption = adoption,
        .arena = arena,
        .chain = chain,
        .rows = rows,
        .applied = walk_new_set(arena, chain),
        .err = err,
    };
    if (!adoption->tool->stand(&adopting) || !check_holes(&adopting))
        return false;
    *ret_stands = tips_of(&adopting);
    return true;
}
