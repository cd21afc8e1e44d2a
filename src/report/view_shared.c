#include "report/view_shared.h"

#include <math.h>

#include "inventory/inventory.h"
#include "report/view.h"

enum {
    MOST = 80,       /* percent of the cause's tenants have what is told, */
    LESS = 2,        /* and the others' share is less by this factor */
    FAR = 3,         /* durations: so many times as long is far longer */
    ERRORS_MAX = 50, /* causes that are looked at: fleets in which all fail differently have none */
    FACTS_MAX = 64,  /* of one tenant */
};

static const double RARE = 0.05;

struct counting {
    const struct report *report;
    struct intern facts; /* texts `name`, NUL, `value` */
    uint32_t **facts_of; /* by tenant: numbers of facts, the first says how many follow */
    size_t *everywhere;  /* by fact: tenants that were come to and have it */
    size_t *here;        /* the same of one cause */
    uint32_t *seen;      /* facts of the cause, in the order in which they are met */
    size_t seen_count;
    size_t reached; /* tenants that were come to */
    struct buf key;
};

/* ---- facts of a tenant --------------------------------------------------------------------- */

static void add_fact(struct counting *counting, uint32_t *facts, const char *name,
                     const char *value)
{
    if (facts[0] == FACTS_MAX || !value)
        return;
    buf_clear(&counting->key);
    buf_add(&counting->key, name, strlen(name) + 1);
    buf_add(&counting->key, value, strlen(value) + 1);
    facts[++facts[0]] = intern_put(&counting->facts, counting->key.data, counting->key.len);
}

static void add_labels(struct counting *counting, uint32_t *facts, const struct tenant *tenant)
{
    struct buf name;
    buf_init(&name, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < tenant->label_count; i++) {
        buf_clear(&name);
        buf_addf(&name, "label %s", tenant->labels[i].key);
        add_fact(counting, facts, name.data, tenant->labels[i].value);
    }
    buf_done(&name);
}

static void add_from(struct counting *counting, uint32_t *facts, const struct report_row *row)
{
    struct buf from;
    if (!row->is_from_known)
        return;
    buf_init(&from, BUF_MAX_DEFAULT);
    view_add_ids(counting->report, &from, row->from, false);
    add_fact(counting, facts, "from revision", from.data);
    buf_done(&from);
}

static void gather_facts(struct counting *counting, size_t index, uint32_t *facts)
{
    const struct report *report = counting->report;
    const struct tenant *tenant = report->run.tenants[index];
    const struct dialect_info *dialect = dialect_info(tenant->url.dialect);
    facts[0] = 0;
    add_labels(counting, facts, tenant);
    if (!dialect->is_file)
        add_fact(counting, facts, "server", tenant->server);
    add_from(counting, facts, &report->rows[index]);
    add_fact(counting, facts, "dialect", dialect->name);
    add_fact(counting, facts, "wave", report_wave_of(report, index)->name);
}

static bool was_reached(const struct report_row *row)
{
    return row->attempts && !row->is_carried;
}

static void count_everywhere(struct counting *counting, struct arena *arena)
{
    const struct report *report = counting->report;
    uint32_t facts[FACTS_MAX + 1];
    counting->facts_of =
        arena_calloc(arena, report->run.tenant_count + 1, sizeof *counting->facts_of);
    for (size_t i = 0; i < report->run.tenant_count; i++) {
        if (!was_reached(&report->rows[i]))
            continue;
        gather_facts(counting, i, facts);
        counting->reached++;
        counting->facts_of[i] = arena_alloc(arena, (facts[0] + 1) * sizeof *facts);
        memcpy(counting->facts_of[i], facts, (facts[0] + 1) * sizeof *facts);
    }
    counting->everywhere =
        arena_calloc(arena, counting->facts.count + 1, sizeof *counting->everywhere);
    counting->here = arena_calloc(arena, counting->facts.count + 1, sizeof *counting->here);
    counting->seen = arena_calloc(arena, counting->facts.count + 1, sizeof *counting->seen);
    for (size_t i = 0; i < report->run.tenant_count; i++)
        for (uint32_t k = 1; counting->facts_of[i] && k <= counting->facts_of[i][0]; k++)
            counting->everywhere[counting->facts_of[i][k]]++;
}

/* ---- of a cause ---------------------------------------------------------------------------- */

static void count_here(struct counting *counting, const struct view_rows *set,
                       struct view_shared_item *item)
{
    counting->seen_count = 0;
    for (size_t i = 0; i < set->count; i++) {
        const uint32_t *facts = counting->facts_of[set->rows[i]];
        item->here += facts != NULL;
        for (uint32_t k = 1; facts && k <= facts[0]; k++)
            if (!counting->here[facts[k]]++)
                counting->seen[counting->seen_count++] = facts[k];
    }
    item->elsewhere = counting->reached - item->here;
}

/* By how much larger the share of the cause's tenants is. */
static double weight(const struct view_shared_item *item, const struct view_fact *fact)
{
    return (double)fact->here / (double)item->here -
           (double)fact->elsewhere / (double)item->elsewhere;
}

/* How likely tenants that are drawn at random from all would have it as the cause's do, about. */
static double chance(const struct view_shared_item *item, const struct view_fact *fact)
{
    double share = (double)(fact->here + fact->elsewhere) / (double)(item->here + item->elsewhere);
    return pow(share, (double)fact->here);
}

/* What no other tenant has is always told: two that failed, and no other, may well be no chance. */
static bool is_telling(const struct view_shared_item *item, const struct view_fact *fact)
{
    return fact->here * 100 >= item->here * MOST &&
           fact->elsewhere * LESS * item->here <= fact->here * item->elsewhere &&
           (!fact->elsewhere || chance(item, fact) <= RARE);
}

/* Keeps the facts sorted; equal ones stand as they were met. */
static void keep_fact(struct view_shared_item *item, const struct view_fact *fact)
{
    size_t at = item->fact_count;
    while (at && weight(item, &item->facts[at - 1]) < weight(item, fact))
        at--;
    if (at == SHARED_FACTS)
        return;
    item->fact_count += item->fact_count < SHARED_FACTS;
    memmove(&item->facts[at + 1], &item->facts[at],
            (item->fact_count - at - 1) * sizeof item->facts[0]);
    item->facts[at] = *fact;
}

static void choose_facts(struct counting *counting, struct view_shared_item *item)
{
    for (size_t i = 0; i < counting->seen_count; i++) {
        uint32_t number = counting->seen[i];
        const char *name = intern_at(&counting->facts, number, NULL);
        struct view_fact fact = {name, name + strlen(name) + 1, counting->here[number],
                                 counting->everywhere[number] - counting->here[number]};
        counting->here[number] = 0; /* for the next cause */
        if (item->here > 1 && item->elsewhere && is_telling(item, &fact))
            keep_fact(item, &fact);
    }
}

/* ---- durations ----------------------------------------------------------------------------- */

static int compare_ms(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_ms);
    return values[count / 2];
}

static void compare_durations(struct counting *counting, const struct view_rows *set,
                              struct view_shared_item *item, double *scratch)
{
    const struct report *report = counting->report;
    size_t here = 0, elsewhere = item->here, next = 0; /* its rows ascend */
    if (item->here < 2 || item->elsewhere < 2)
        return;
    for (size_t i = 0; i < report->run.tenant_count; i++) {
        bool is_here = next < set->count && set->rows[next] == i;
        next += is_here;
        if (counting->facts_of[i])
            scratch[is_here ? here++ : elsewhere++] = report->rows[i].duration_ms;
    }
    double here_ms = median(scratch, item->here);
    double elsewhere_ms = median(scratch + item->here, item->elsewhere);
    if (here_ms <= FAR * elsewhere_ms && elsewhere_ms <= FAR * here_ms)
        return;
    item->here_ms = here_ms;
    item->elsewhere_ms = elsewhere_ms;
}

void view_shared_of(struct view_shared *shared, const struct report *report,
                    const struct view_rows *sets, size_t count)
{
    struct counting counting = {.report = report};
    *shared = (struct view_shared){0};
    arena_init(&shared->arena);
    shared->items = arena_calloc(&shared->arena, count + 1, sizeof *shared->items);
    if (!count)
        return;
    intern_init(&counting.facts, &shared->arena);
    buf_init(&counting.key, BUF_MAX_DEFAULT);
    count_everywhere(&counting, &shared->arena);
    double *scratch = arena_calloc(&shared->arena, report->run.tenant_count, sizeof *scratch);
    for (size_t i = 0; i < count && i < ERRORS_MAX; i++) {
        count_here(&counting, &sets[i], &shared->items[i]);
        choose_facts(&counting, &shared->items[i]);
        compare_durations(&counting, &sets[i], &shared->items[i], scratch);
    }
    buf_done(&counting.key);
}

static struct view_rows rows_of(struct arena *arena, const struct report *report,
                                const struct report_error *error)
{
    uint32_t *rows = arena_calloc(arena, error->row_count + 1, sizeof *rows);
    size_t count = 0;
    for (uint32_t row = error->first_row; row != REPORT_NONE;
         row = report->rows[row].next_same_error)
        rows[count++] = row;
    return (struct view_rows){rows, count};
}

void view_shared_init(struct view_shared *shared, const struct report *report)
{
    struct arena arena;
    arena_init(&arena);
    struct view_rows *sets = arena_calloc(&arena, report->error_count + 1, sizeof *sets);
    for (size_t i = 0; i < report->error_count && i < ERRORS_MAX; i++)
        sets[i] = rows_of(&arena, report, &report->errors[i]);
    view_shared_of(shared, report, sets, report->error_count);
    arena_done(&arena);
}

void view_shared_done(struct view_shared *shared)
{
    arena_done(&shared->arena);
}

void view_add_fact(const struct view_shared_item *item, const struct view_fact *fact,
                   struct buf *buf)
{
    bool is_way = strncmp(fact->name, "from ", strlen("from ")) == 0;
    buf_addf(buf, "%zu of %zu %s %s %s, and %zu of %zu others", fact->here, item->here,
             is_way ? "come" : "have", fact->name, fact->value, fact->elsewhere, item->elsewhere);
}
