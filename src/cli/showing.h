/* The progress of a run that reads catalogs (library/fleet_catalogs.h), for commands that report no run: on a terminal, or where --progress asks for it.
 *
 *     struct showing_run showing;
 *     showing_begin(&showing, options, "drift");
 *     … fleet_catalogs_read with showing.show …
 *     showing_end(&showing);
 */
#ifndef CLI_SHOWING_H
#define CLI_SHOWING_H

#include "library/fleet_catalogs.h"

struct options;

struct showing_run {
    struct fleet_show show;
    struct outlet *outlet;
    struct status *status;
    struct progress *progress;
};

/* It must not move until it ends. */
void showing_begin(struct showing_run *showing, const struct options *options, const char *command);
void showing_end(struct showing_run *showing);

#endif
