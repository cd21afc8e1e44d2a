/* What is told of rehearsals on scratch databases, which are at work before the run begins. */
#ifndef CLI_REHEARSING_H
#define CLI_REHEARSING_H

#include "cli/options.h"
#include "library/rehearse_scratch.h"

/* Borrows the options: lines for people, or events for `--progress json`. */
struct scratch_show rehearsing_show(const struct options *options);

#endif
