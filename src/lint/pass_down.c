/* What a down section is for: to take back what the up section of its revision did. */
#include "base/ascii.h"
#include "lint/pass.h"

static bool is_same(const char *a, const char *b)
{
    return a && b && ascii_is_same(a, b);
}

static bool made_table(const struct deeds *up, const char *table)
{
    for (size_t i = 0; i < up->count; i++) {
        const struct deed *deed = &up->items[i];
        if ((deed->kind == DEED_CREATE_TABLE && is_same(deed->table, table)) ||
            (deed->kind == DEED_RENAME && !deed->column && is_same(deed->other, table) &&
             made_table(&(struct deeds){.items = up->items, .count = i}, deed->table)))
            return true;
    }
    return false;
}

static bool made_column(const struct deeds *up, const struct deed *dropped)
{
    for (size_t i = 0; i < up->count; i++) {
        const struct deed *deed = &up->items[i];
        if (deed->kind == DEED_ADD_COLUMN && is_same(deed->table, dropped->table) &&
            is_same(deed->column, dropped->column))
            return true;
    }
    return made_table(up, dropped->table);
}

/* An index of a table that goes too, as its own up section made both. */
static bool made_index_of_own(const struct deeds *up, const char *name)
{
    for (size_t i = 0; i < up->count; i++) {
        const struct deed *deed = &up->items[i];
        if (deed->kind == DEED_CREATE_INDEX && is_same(deed->name, name) &&
            made_table(up, deed->table))
            return true;
    }
    return false;
}

static bool renamed_so(const struct deeds *up, const struct deed *renamed)
{
    const char *from = renamed->column ? renamed->column : renamed->table;
    for (size_t i = 0; i < up->count; i++) {
        const struct deed *deed = &up->items[i];
        const char *before = deed->column ? deed->column : deed->table;
        if (deed->kind == DEED_RENAME && !deed->column == !renamed->column &&
            is_same(deed->other, from) && is_same(before, renamed->other))
            return true;
    }
    return made_table(up, renamed->table);
}

bool pass_only_takes_back(const struct pass *pass, enum rule_id rule, const struct deed *deed)
{
    switch (rule) {
    case RULE_DROP_TABLE: return made_table(pass->up, deed->table);
    case RULE_DROP_COLUMN: return made_column(pass->up, deed);
    case RULE_DROP_INDEX: return made_index_of_own(pass->up, deed->name);
    case RULE_RENAME: return renamed_so(pass->up, deed);
    default: return false;
    }
}
