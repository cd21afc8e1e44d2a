#include "rollout/verification_private.h"

#include "base/buf.h"
#include "schema/compare.h"
#include "schema/reader.h"

enum { DIFFERENCES_SHOWN = 5 };

struct verification *verification_new(const struct catalog_rules *rules)
{
    struct verification *verification = xcalloc(1, sizeof *verification);
    arena_init(&verification->arena);
    map_init(&verification->answered);
    verification->rules = rules;
    return verification;
}

void verification_free(struct verification *verification)
{
    if (!verification)
        return;
    map_done(&verification->answered);
    arena_done(&verification->arena);
    free(verification);
}

void verification_add(struct verification *verification, const struct verified_kind *kind,
                      const struct rows *rows, const struct catalog *catalog)
{
    struct verified_place *place = arena_alloc(&verification->arena, sizeof *place);
    *place = (struct verified_place){.kind = *kind,
                                     .rows = rows_copy(&verification->arena, rows),
                                     .catalog = catalog_copy(&verification->arena, catalog)};
    place->fingerprint = catalog_fingerprint(place->catalog, verification->rules);
    *ARENA_PUSH(&verification->arena, verification->places, verification->count,
                verification->capacity) = place;
}

static size_t find_place(const struct verification *verification,
                         const struct verification_question *question)
{
    for (size_t i = 0; i < verification->count; i++) {
        const struct verified_place *place = verification->places[i];
        if (place->kind.dialect == question->kind.dialect &&
            place->kind.has_schema == question->kind.has_schema &&
            rows_are_equal(&place->rows, question->rows))
            return i;
    }
    return verification->count;
}

/* ---- what is said ------------------------------------------------------------------------------ */

static void add_rows(struct buf *buf, const struct rows *rows)
{
    buf_adds(buf, rows->count ? "up to " : "at base");
    for (size_t i = 0; i < rows->count; i++)
        buf_addf(buf, "%s'%s'", i ? " + " : "", rows->ids[i]);
}

static void say_differences(const struct verification *verification,
                            const struct verified_place *place, const struct catalog *found,
                            struct err *err)
{
    struct comparison comparison;
    struct buf buf;
    comparison_make(&comparison, place->catalog, found, verification->rules);
    size_t shown = comparison.count <= DIFFERENCES_SHOWN + 1 ? comparison.count : DIFFERENCES_SHOWN;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "it does not hold what the chain makes ");
    add_rows(&buf, &place->rows);
    for (size_t i = 0; i < shown; i++) {
        buf_adds(&buf, i ? "; " : ": ");
        difference_add_words(&buf, &comparison.items[i]);
    }
    if (shown < comparison.count)
        buf_addf(&buf, "; and %zu more differences", comparison.count - shown);
    err_set(err, ERR_DRIFT, "%s", buf.data);
    snprintf(err->code, sizeof err->code, VERIFICATION_DIFFERS);
    buf_done(&buf);
}

/* ---- the question ------------------------------------------------------------------------------ */

static bool judge(const struct verification *verification, const struct verified_place *place,
                  struct catalog_answers *answers, struct err *err)
{
    const struct catalog *found = catalog_answers_make(answers, err);
    if (!found)
        return false;
    if (strcmp(found->group, place->catalog->group) != 0)
        return err_set(err, ERR_DRIFT,
                       "its schema cannot be verified: the scratch database is %s, and it is %s",
                       place->catalog->group, found->group);
    struct fingerprint fingerprint = catalog_fingerprint(found, verification->rules);
    if (strcmp(fingerprint.hex, place->fingerprint.hex) == 0)
        return true;
    say_differences(verification, place, found, err);
    return false;
}

static void keep(struct verification *verification, const char *key,
                 const struct verified_verdict *verdict)
{
    struct verified_verdict *copy = arena_alloc(&verification->arena, sizeof *copy);
    *copy = *verdict;
    map_put(&verification->answered, arena_strdup(&verification->arena, key),
            (uint32_t)verification->verdict_count);
    *ARENA_PUSH(&verification->arena, verification->verdicts, verification->verdict_count,
                verification->verdict_capacity) = copy;
}

bool verification_check(struct verification *verification,
                        const struct verification_question *question, struct err *err)
{
    size_t at = find_place(verification, question);
    if (at == verification->count)
        return err_set(err, ERR_DRIFT,
                       "its schema cannot be verified: before the run it could not be read, or "
                       "stood elsewhere; go on with the run once more");
    struct buf key;
    buf_init(&key, BUF_MAX_DEFAULT);
    buf_addf(&key, "%zu %s", at, question->answers->digest);
    uint32_t known = map_get(&verification->answered, key.data);
    if (known != MAP_NONE) {
        buf_done(&key);
        *err = verification->verdicts[known]->err;
        return verification->verdicts[known]->is_good;
    }
    *err = err_none;
    bool is_good = judge(verification, verification->places[at], question->answers, err);
    if (is_good || strcmp(err->code, VERIFICATION_DIFFERS) == 0)
        keep(verification, key.data, &(struct verified_verdict){is_good, *err});
    buf_done(&key);
    return is_good;
}

/* ---- a statement in doubt ---------------------------------------------------------------------- */

void verification_add_doubt(struct verification *verification, const struct doubted *doubted,
                            const struct catalog *without, const struct catalog *with)
{
    struct arena *arena = &verification->arena;
    struct verified_doubt *doubt = arena_alloc(arena, sizeof *doubt);
    *doubt = (struct verified_doubt){
        .of = *doubted,
        .rows = rows_copy(arena, doubted->rows),
        .group = arena_strdup(arena, with->group),
        .without = catalog_fingerprint(catalog_copy(arena, without), verification->rules),
        .with = catalog_fingerprint(catalog_copy(arena, with), verification->rules)};
    doubt->of.rows = &doubt->rows;
    doubt->of.revision = arena_strdup(arena, doubted->revision);
    *ARENA_PUSH(arena, verification->doubts, verification->doubt_count,
                verification->doubt_capacity) = doubt;
}

static const struct verified_doubt *find_doubt(const struct verification *verification,
                                               const struct doubted *doubted)
{
    for (size_t i = 0; i < verification->doubt_count; i++) {
        const struct doubted *of = &verification->doubts[i]->of;
        if (of->kind.dialect == doubted->kind.dialect &&
            of->kind.has_schema == doubted->kind.has_schema &&
            of->direction == doubted->direction && of->statements == doubted->statements &&
            strcmp(of->revision, doubted->revision) == 0 && rows_are_equal(of->rows, doubted->rows))
            return verification->doubts[i];
    }
    return NULL;
}

bool verification_knows_doubt(const struct verification *verification,
                              const struct doubted *doubted)
{
    return find_doubt(verification, doubted) != NULL;
}

enum probe_answer verification_decide(const struct verification *verification,
                                      const struct doubted *doubted,
                                      struct catalog_answers *answers)
{
    struct err err;
    const struct verified_doubt *doubt = find_doubt(verification, doubted);
    const struct catalog *found = doubt ? catalog_answers_make(answers, &err) : NULL;
    if (!found || strcmp(found->group, doubt->group) != 0 ||
        strcmp(doubt->with.hex, doubt->without.hex) == 0)
        return PROBE_UNKNOWN;
    struct fingerprint fingerprint = catalog_fingerprint(found, verification->rules);
    bool is_done = strcmp(fingerprint.hex, doubt->with.hex) == 0;
    bool is_undone = strcmp(fingerprint.hex, doubt->without.hex) == 0;
    return is_done ? PROBE_DONE : is_undone ? PROBE_UNDONE : PROBE_UNKNOWN;
}
