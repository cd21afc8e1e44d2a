/* Where the selected tenants stand: what `current` means to the chain's commands, and the marks of
 * `history -i`. Memory comes from the fleet's arena. */
#ifndef CLI_WHEREABOUTS_H
#define CLI_WHEREABOUTS_H

#include "chain/walk.h"
#include "cli/options.h"
#include "event/event.h"
#include "library/fleet.h"

struct names {
    const char **items;
    size_t count, capacity;
};

struct whereabouts {
    struct fleet *fleet;
    struct revisions rows; /* those that any tenant stands at, newest first */
    struct names *tenants; /* by revision: who stands there */
    size_t unknown_count;  /* tenants that could not be asked, or stand outside the chain */
    bool tells;            /* them on stderr */
};

/* To be filled by a run that the caller makes: observe it, then finish. Needs FLEET_VISIT. */
void whereabouts_init(struct whereabouts *whereabouts, struct fleet *fleet);
struct observer whereabouts_observer(struct whereabouts *whereabouts);
void whereabouts_finish(struct whereabouts *whereabouts);

/* Tells how many are not at the heads; the exit code. */
int whereabouts_tell_behind(size_t count);

/* Does the text, an identifier or a range, ask for `current`? */
bool whereabouts_are_meant(const char *text);

/* What a command must read for that. */
unsigned whereabouts_needs(const char *text);

/* Asks every tenant of the selection. The exit code so far: a tenant that cannot
 * be asked, or that stands at what the chain does not have, is told on stderr (EXIT_TENANT_FAILED).
 */
int whereabouts_read(struct fleet *fleet, const struct options *options, struct whereabouts *ret);

/* identifier_find, with the tenants asked where they stand if that is what `text` means. False:
 * told on stderr already. *exit_code: as above, where something is worse than it was. */
bool whereabouts_find(struct fleet *fleet, const struct options *options, const char *text,
                      struct revisions *ret, int *exit_code) MUST_CHECK;

#endif
