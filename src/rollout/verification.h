/* What the tenants of a run are held to where it verifies schemas (`--verify-schema`): what the chain makes at each place that they
 * stand at or go to. The library learns that before the run (library/verify.h); the sessions ask, each under its tenant's lock.
 *
 *     struct verification *verification = verification_new(rules);
 *     verification_add(verification, &kind, &rows, catalog);
 *     if (!verification_check(verification, &question, &err)) … err says in what it differs …
 *     verification_free(verification);
 *
 * Of one thread: that of the run's loop. No I/O.
 */
#ifndef ROLLOUT_VERIFICATION_H
#define ROLLOUT_VERIFICATION_H

#include "base/err.h"
#include "chain/rows.h"
#include "dialect/probe.h"
#include "event/event.h"
#include "schema/catalog.h"
#include "schema/rules.h"

struct catalog_answers;
struct verification;

/* The code of the error that says that a tenant differs. */
#define VERIFICATION_DIFFERS "schema_differs"

/* What a tenant is: the chain makes something else of a schema than of a database. */
struct verified_kind {
    enum dialect_id dialect;
    bool has_schema;
};

struct verification_question {
    struct verified_kind kind;
    const struct rows *rows; /* where it stands, or will once its transaction is committed */
    struct catalog_answers *answers; /* of its catalog, complete */
};

/* The rules are borrowed. */
struct verification *verification_new(const struct catalog_rules *rules);
void verification_free(struct verification *verification);

/* What the chain makes at this place; copied. */
void verification_add(struct verification *verification, const struct verified_kind *kind,
                      const struct rows *rows, const struct catalog *catalog);

/* All of it as texts, in the arena, for machines that work on the same run; and back. NULL: they are none of this skein, as err says. What
 * is read has rules of its own. */
struct texts verification_told(const struct verification *verification, struct arena *arena);
struct verification *verification_of_told(const struct texts *told, struct err *err) MUST_CHECK;

/* Does it hold what the chain makes there? ERR_DRIFT: it does not, as err says in words (VERIFICATION_DIFFERS), or it cannot be
 * known, since the place was not added or another version of the engine made it. */
bool verification_check(struct verification *verification,
                        const struct verification_question *question, struct err *err) MUST_CHECK;

/* A statement outside a transaction of which no one knows whether it took effect: the next one of this step, where the tenant
 * stands at `rows`. */
struct doubted {
    struct verified_kind kind;
    const struct rows *rows;
    const char *revision;
    enum direction direction;
    size_t statements; /* that are done */
};

/* What there is without it and with it; both are copied. */
void verification_add_doubt(struct verification *verification, const struct doubted *doubted,
                            const struct catalog *without, const struct catalog *with);

bool verification_knows_doubt(const struct verification *verification,
                              const struct doubted *doubted);

/* Did it take effect? PROBE_DONE, PROBE_UNDONE; PROBE_UNKNOWN: the catalog is neither, or the two are equal, since the statement
 * changes rows, say. */
enum probe_answer verification_decide(const struct verification *verification,
                                      const struct doubted *doubted,
                                      struct catalog_answers *answers);

#endif
