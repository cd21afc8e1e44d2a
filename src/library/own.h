/* Which runs of a ledger are this inventory's: several inventories may share one ledger, and two in one folder do
 * by default. Commands that take "the newest run" mean the newest of their own; one of another
 * inventory is taken where it is named.
 *
 * An inventory is known by where its file lies, as seen from the ledger's folder: the same through
 * symbolic links and other ways to write the path, and where both were moved together. In a checkout
 * at another path beside a ledger that stays, it is the same where the file has the same name and a
 * tenant of the run is the same database here. A run of which no inventory is on record (an older
 * skein's) is this one's where a tenant of it is here. Where there is no inventory's file (fleet_request), all runs are meant.
 */
#ifndef LIBRARY_OWN_H
#define LIBRARY_OWN_H

#include "base/map.h"
#include "ledger/ledger.h"
#include "library/fleet.h"

/* How the ledger names the inventory; from the arena. NULL: it is no file that could be found again. The
 * ledger's folder must be there. */
const char *own_inventory(const struct inventory *inventory, struct arena *arena);

/* Is the run this inventory's? */
bool own_is(struct fleet *fleet, struct ledger *ledger, const struct ledger_run *run, bool *ret_is,
            struct err *err) MUST_CHECK;

/* A run by its id or the beginning of it, of any inventory; NULL: the newest of this one. */
bool own_find(struct fleet *fleet, struct ledger *ledger, const char *id,
              struct ledger_run *ret_run, struct err *err) MUST_CHECK;

/* A tenant's home is the database, or the schema in it, where it lives. Is the tenant's that which a URL named, as the ledger
 * keeps it (redacted)? Unknown: it was a relative path, and what it was relative to is not known. */
enum own_home { OWN_HOME_SAME, OWN_HOME_OTHER, OWN_HOME_UNKNOWN };
enum own_home own_home(const struct tenant *tenant, const char *url, const char *schema);

/* Where the tenants of a rollout lived when a run of it changed them. */
struct own_was {
    const char *name, *url, *schema;
};
struct own_homes {
    struct arena *arena;
    const char *folder; /* of the inventory: what relative paths are seen from */
    struct own_was *items;
    size_t count, capacity;
    struct map names, keys; /* of items, the second by home */
    bool has_keys;          /* they are filled when they are first needed */
};

/* Both are borrowed; what is added lives in the arena. own_homes_done frees the rest. */
void own_homes_init(struct own_homes *homes, const struct inventory *inventory,
                    struct arena *arena);
void own_homes_done(struct own_homes *homes);

/* The runs of a rollout, the oldest first: the home of a tenant when it was first changed counts. A run that
 * failed to roll it back may have looked for it elsewhere. */
void own_homes_add(struct own_homes *homes, const struct ledger_fleet *past);

/* Fills `is_elsewhere` and `twin` of the standing: does the tenant live elsewhere by now, and did another one of the rollout
 * live there? `last`: where it lived in the newest run. */
void own_homes_judge(struct own_homes *homes, const struct tenant *tenant,
                     const struct own_was *last, struct standing *standing);

#endif
