#include "schema/reader.h"

#include "base/arena.h"
#include "base/ascii.h"

void reading_ask(struct reading *reading, const char *sql)
{
    *ARENA_PUSH(reading->arena, reading->queries, reading->query_count, reading->query_capacity) =
        sql;
}

bool reading_leaves_out(const struct reading *reading, const char *table)
{
    bool folds = reading->parts[0].catalog->folds_names;
    const char *const own[] = {reading->version_table, reading->history_table};
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        if (own[i] && (folds ? ascii_is_same(own[i], table) : strcmp(own[i], table) == 0))
            return true;
    return false;
}
