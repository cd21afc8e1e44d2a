/* An inventory as a run tells of it, by its ledger, to machines that have no list of tenants: what the ledger keeps of a tenant and of
 * the rules that hold for all, and tenants made of that again.
 *
 * No password is in it, and no program: of a password there is a reference (told_password). Who may write to the ledger decides which
 * databases are worked on, and must decide nothing else on this machine. So what is told is checked as a row of a query source is; no
 * variable stands in it; and a file that is not the tenant's database, a file that would be made, and a variable of the environment
 * are used where this machine has granted them, and there alone.
 *
 *     struct inventory *told = inventory_told(own, &fleet, &grants, &faults);     NULL: see faults
 */
#ifndef INVENTORY_TOLD_H
#define INVENTORY_TOLD_H

#include "base/compiler.h"
#include "chain/rows.h"

struct arena;
struct faults;
struct inventory;
struct password;
struct tenant;

/* Of both lists each item is `key=value`. */
struct told_tenant {
    const char *name;
    const char *url;    /* as it may be shown: without a password */
    const char *schema; /* NULL: the database's own default */
    struct rows labels, settings;
    const char *password; /* told_password */
};

struct told_fleet {
    struct rows rules; /* `key=value` each; not known: no one told anything */
    struct told_tenant *tenants;
    size_t count;
};

/* What this machine lets those use who write to the ledger. */
struct told_grants {
    const char *const *variables; /* names, in which `*` stands for any text */
    size_t variable_count;
    const char *const *folders;
    size_t folder_count;
};

/* What is told of a tenant's settings and replicas, and of the rules; lists and texts are in the arena. */
struct rows told_settings(const struct tenant *tenant, struct arena *arena);
struct rows told_rules(const struct inventory *inventory, struct arena *arena);

/* `env NAME`, `file PATH`, `command`, or `elsewhere`: it stands in the inventory. NULL: the tenant has none. */
const char *told_password(const struct password *password, struct arena *arena);

/* An inventory of the tenants and rules that are told, in their order, which has all else of `own`: paths, gates, `parallel`. Tenants
 * take the password of `own`'s defaults, if it has one; else the one that the reference names. What this machine cannot have, and what
 * it has not granted, is an error of the tenant alone, when it is connected to (PASSWORD_REFUSED, or `shown` of the password). NULL: what is told is
 * nothing that skein tells. To be freed before `own`. */
struct inventory *inventory_told(const struct inventory *own, const struct told_fleet *told,
                                 const struct told_grants *grants,
                                 struct faults *faults) MUST_CHECK;

#endif
