/* What an inventory lacks because the environment does not say it: a variable that is not set, or whose value is none
 * that its key can take; passwords that are not there, and programs of gates that this machine cannot run.
 *
 * The file is read without them, since what needs no tenant needs no secret. Who uses a part of the inventory checks
 * that part first; all of it is found before any database is touched.
 */
#ifndef INVENTORY_LACK_H
#define INVENTORY_LACK_H

#include "base/compiler.h"

struct faults;
struct inventory;
struct tenant;

/* One key whose value the environment should have given. */
struct lack {
    const struct lack *next;
    const char *owner; /* whose key it is: `tenant 'acme'` */
    const char *key;
    const char *name; /* of the label or setting; NULL: the key is none of these */
    const char *text; /* what is wrong: `'url': the environment variable 'PW' is not set` */
    int line;
    unsigned needed_for; /* PART_…, where it is the inventory's own */
};

/* Parts of the inventory without which some commands can do their work. */
enum inventory_part {
    PART_CHAIN_DIR = 1,
    PART_LEDGER = 2,
    PART_VERSION_TABLE = 4,
    PART_FILE_TEMPLATE = 16,
    PART_TENANTS = 8, /* which tenants there are, and how a rollout moves through them */
};

/* Adds a fault for each key of these parts that is lacking. False: there is one. */
bool inventory_check_parts(const struct inventory *inventory, unsigned parts,
                           struct faults *faults) MUST_CHECK;

/* Adds a fault, at its line, for each gate whose program cannot be run on this machine. False: there is one. */
bool inventory_check_gates(const struct inventory *inventory, struct faults *faults) MUST_CHECK;

/* What a command is about to do with tenants. */
enum tenants_use {
    TENANTS_ARE_SELECTED, /* their labels decide: all of them must be known */
    TENANTS_ARE_SCRIPTED, /* a script for their dialect is written: no URL, no password */
    TENANTS_ARE_VISITED, /* they are connected to: everything, passwords and their files included */
};

struct tenants_check {
    const struct inventory *inventory;
    const struct tenant *const *tenants;
    size_t count;
    enum tenants_use use;
    const char *label; /* TENANTS_ARE_SELECTED: by this one */
    bool are_sources;  /* the databases of query sources, under the sources' names */
};

/* Adds one fault for each thing that tenants lack, with how many of them lack it. False: there is one. A file
 * of a password is opened, a command is not run. */
bool inventory_check_tenants(const struct tenants_check *check, struct faults *faults) MUST_CHECK;

/* Does a variable that is not set keep this label of the tenant from being known? The implicit labels are included. */
bool tenant_lacks_label(const struct tenant *tenant, const char *key);

#endif
