/* Targets and ranges, over a chain that has everything: any text is refused, or makes a plan whose
 * changes fit the rows that they find and lead to the rows that it promises. The first byte is the
 * command, the second says where the tenant stands; several targets are words. */
#include "base/arena.h"
#include "base/err.h"
#include "chain/range.h"
#include "plan/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TARGETS_MAX = 8, REVISIONS = 10 };

#define REVISION(id, revises, more)                                                                \
    {                                                                                              \
        id,                                                                                        \
            "-- Revision ID: " id "\n-- Revises: " revises "\n" more                               \
            "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n",                              \
            0                                                                                      \
    }
static struct chain_file files[REVISIONS] = {
    REVISION("core1", "", "-- Branch Labels: core\n"),
    REVISION("core2", "core1", ""),
    REVISION("core3", "core2", ""),
    REVISION("side1", "core2", "-- Branch Labels: side\n"),
    REVISION("join1", "core3, side1", ""),
    REVISION("join2", "join1, core2", "-- Depends On: core1\n"),
    REVISION("bill1", "", "-- Branch Labels: billing, b-x\n"),
    REVISION("bill2", "bill1", "-- Depends On: core2\n"),
    REVISION("bill3", "bill2", "-- Depends On: join1, core3\n"),
    REVISION("c", "", ""),
};
static const char *const places[][3] = {
    {NULL},
    {"core1"},
    {"join2"},
    {"core3", "side1"},
    {"bill2"},
    {"bill2", "join1", "c"},
    {"bill3", "join2"},
    {"nothing"},
    {"core1", "core2"},
};

static struct chain *make_chain(void)
{
    struct faults faults;
    faults_init(&faults);
    for (size_t i = 0; i < REVISIONS; i++)
        files[i].len = strlen(files[i].bytes);
    struct chain *chain = chain_build("versions", files, REVISIONS, &faults);
    if (!chain)
        abort();
    faults_done(&faults);
    return chain;
}

/* ---- plans --------------------------------------------------------------------------------- */

/* Rows by name while changes are made; a row that is not there cannot go, nor one that is come. */
struct table {
    const char *rows[2 * REVISIONS];
    size_t count;
};

static size_t find(const struct table *table, const char *row)
{
    size_t at = 0;
    while (at < table->count && strcmp(table->rows[at], row) != 0)
        at++;
    return at;
}

static void change(struct table *table, const struct version_change *change)
{
    if (change->kind != VERSION_INSERT) {
        size_t at = find(table, change->from);
        if (at == table->count)
            abort();
        table->rows[at] = table->rows[--table->count];
    }
    if (change->kind == VERSION_DELETE)
        return;
    if (find(table, change->to) < table->count || table->count == ARRAY_LEN(table->rows))
        abort();
    table->rows[table->count++] = change->to;
}

static void check_plan(const struct plan *plan)
{
    struct table table = {.count = plan->from.count};
    for (size_t i = 0; i < plan->from.count; i++)
        table.rows[i] = plan->from.ids[i];
    for (size_t s = 0; s < plan->count; s++)
        for (size_t c = 0; c < plan->steps[s].change_count; c++)
            change(&table, &plan->steps[s].changes[c]);
    if (table.count != plan->to.count)
        abort();
    for (size_t i = 0; i < plan->to.count; i++)
        if (find(&table, plan->to.ids[i]) == table.count)
            abort();
}

static size_t split(char *text, const char *ret[TARGETS_MAX])
{
    size_t count = 0;
    for (char *rest = text; count < TARGETS_MAX && (ret[count] = strsep(&rest, " "));)
        count++;
    return count;
}

static bool try_plan(struct arena *arena, const struct chain *chain, uint8_t command, uint8_t place,
                     char *text, struct err *err)
{
    const char *texts[TARGETS_MAX];
    const char *const *rows = places[place % ARRAY_LEN(places)];
    struct lookup in = {arena, chain, err};
    struct plan plan;
    size_t count = split(text, texts), row_count = 0;
    while (row_count < 3 && rows[row_count])
        row_count++;
    struct target target = {
        .command = (enum plan_command)(command % 3), .texts = texts, .count = count};
    target.purges = command & 64 && target.command == PLAN_STAMP;
    if (!target_check(&in, &target) ||
        !plan_build(&in, &target, &(struct rows){rows, row_count, true}, &plan))
        return false;
    check_plan(&plan);
    return true;
}

/* ---- ranges -------------------------------------------------------------------------------- */

/* Newest first: nothing comes after what it stands on. */
static bool try_range(struct arena *arena, const struct chain *chain, uint8_t place,
                      const char *text, struct err *err)
{
    const uint32_t row = place % REVISIONS;
    const struct revisions rows = {&row, 1};
    struct range range;
    struct revisions found;
    struct lookup in = {arena, chain, err};
    if (!range_parse(arena, text, &range, err) || !range_list(&in, &range, &rows, &found))
        return false;
    for (size_t i = 0; i < found.count; i++) {
        const bool *under =
            walk_from(arena, chain, (struct revisions){&found.items[i], 1}, WALK_PARENTS);
        for (size_t before = 0; before < i; before++)
            if (under[found.items[before]])
                abort();
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct chain *chain;
    struct arena arena;
    struct err err = {0};
    if (size < 2)
        return 0;
    if (!chain)
        chain = make_chain();
    arena_init(&arena);
    char *text = arena_strndup(&arena, (const char *)data + 2, size - 2);
    bool is_good = data[0] & 128 ? try_range(&arena, chain, data[1], text, &err)
                                 : try_plan(&arena, chain, data[0], data[1], text, &err);
    if (!is_good && (err.kind != ERR_CHAIN || !*err.text))
        abort();
    arena_done(&arena);
    return 0;
}
