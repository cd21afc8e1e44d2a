#include "schema/reader.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"

void reading_ask(struct reading *reading, const char *sql, const struct grid_shape *shape)
{
    reading->shapes = arena_grow(reading->arena, reading->shapes, reading->query_count,
                                 &reading->shape_capacity, sizeof *reading->shapes);
    reading->shapes[reading->query_count] = shape;
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

void catalog_answers_init(struct catalog_answers *answers, const struct catalog_reader *reader,
                          struct reading *reading)
{
    char text[64];
    int len = snprintf(text, sizeof text, "%d %u", (int)reading->parts[0].catalog->dialect,
                       (unsigned)reading->server_version);
    *answers = (struct catalog_answers){.reader = reader, .reading = reading};
    hash_hex(text, (size_t)len, answers->digest);
}

/* Each value ends with a NUL byte, and NULL differs from the empty one. */
static void add_digest(struct catalog_answers *answers, const struct grid *round, size_t count)
{
    struct buf buf;
    buf_init(&buf, SIZE_MAX / 2);
    buf_adds(&buf, answers->digest);
    for (size_t i = 0; i < count; i++) {
        buf_addf(&buf, "%zu %zu", round[i].row_count, round[i].column_count);
        for (size_t v = 0; v < round[i].row_count * round[i].column_count; v++) {
            const char *value = round[i].values[v];
            buf_addc(&buf, value ? '\2' : '\1');
            buf_add(&buf, value ? value : "", value ? strlen(value) + 1 : 1);
        }
    }
    hash_hex(buf.data, buf.len, answers->digest);
    buf_done(&buf);
}

bool catalog_answers_add(struct catalog_answers *answers, const struct grid *round, size_t count,
                         struct err *err)
{
    err->kind = ERR_NONE;
    add_digest(answers, round, count);
    answers->last = round;
    answers->last_count = count;
    if (answers->reading->round + 1 == answers->reader->rounds)
        return true;
    if (answers->reader->take(answers->reading, round, count, err))
        answers->reading->round++;
    return false;
}

const struct catalog *catalog_answers_make(struct catalog_answers *answers, struct err *err)
{
    if (!answers->is_made &&
        !answers->reader->take(answers->reading, answers->last, answers->last_count, err))
        return NULL;
    answers->is_made = true;
    return answers->reading->parts[0].catalog;
}
