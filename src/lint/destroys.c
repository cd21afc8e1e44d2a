#include "lint/destroys.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "dialect/deed.h"
#include "dialect/dialect.h"

static bool is_same(const char *a, const char *b)
{
    return a && b && ascii_is_same(a, b);
}

/* The deeds before it make the table, or copy its rows elsewhere. */
static bool is_spared(const struct deeds *deeds, size_t before, const char *table)
{
    for (size_t i = 0; i < before; i++) {
        const struct deed *deed = &deeds->items[i];
        bool makes = deed->kind == DEED_CREATE_TABLE && is_same(deed->table, table);
        bool copies = deed->kind == DEED_COPY_ROWS && is_same(deed->other, table);
        bool renames = deed->kind == DEED_RENAME && !deed->column && is_same(deed->other, table) &&
                       is_spared(deeds, i, deed->table);
        if (makes || copies || renames)
            return true;
    }
    return false;
}

static bool destroys(const struct deeds *deeds, size_t at)
{
    const struct deed *deed = &deeds->items[at];
    switch (deed->kind) {
    case DEED_CREATE_TABLE: return deed->flags & DEED_REPLACES && !(deed->flags & DEED_TEMPORARY);
    case DEED_DROP_TABLE:
        return !(deed->flags & DEED_TEMPORARY) && !is_spared(deeds, at, deed->table);
    case DEED_DROP_COLUMN:
    case DEED_TRUNCATE:
    case DEED_DELETE: return !is_spared(deeds, at, deed->table);
    default: return false;
    }
}

static void read_section(const struct dialect *dialect, void *reader, const struct section *section,
                         struct deeds *deeds)
{
    struct statement *statements;
    size_t count;
    struct err err;
    if (!dialect->split(deeds->arena, section->sql, section->sql_len, &statements, &count, &err))
        return;
    for (size_t i = 0; i < count; i++)
        dialect->read_deeds(reader, section->sql + statements[i].offset, statements[i].len, deeds);
}

bool revision_destroys_data(const struct revision *revision, enum direction direction,
                            enum dialect_id dialect_id)
{
    enum { SECTIONS_MOST = 256 };
    const struct section *sections[SECTIONS_MOST];
    const struct dialect *dialect = dialect_of(dialect_id);
    struct arena arena;
    bool is_loss = false;
    if (!dialect || !dialect->read_deeds)
        return false;
    arena_init(&arena);
    struct deeds deeds = {.arena = &arena};
    void *reader = dialect->open_deeds ? dialect->open_deeds() : NULL;
    size_t count = revision_sections(revision, direction, dialect_id, sections, SECTIONS_MOST);
    for (size_t i = 0; i < count && i < SECTIONS_MOST; i++)
        read_section(dialect, reader, sections[i], &deeds);
    for (size_t i = 0; i < deeds.count && !is_loss; i++)
        is_loss = destroys(&deeds, i);
    if (dialect->close_deeds)
        dialect->close_deeds(reader);
    arena_done(&arena);
    return is_loss;
}
