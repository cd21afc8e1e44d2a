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

/* Does it hold what the chain makes there? ERR_DRIFT: it does not, as err says in words (VERIFICATION_DIFFERS), or it cannot be
 * known, since the place was not added or another version of the engine made it. */
bool verification_check(struct verification *verification,
                        const struct verification_question *question, struct err *err) MUST_CHECK;

#endif
