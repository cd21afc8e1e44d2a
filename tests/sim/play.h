/* One case from its seed: a rollout with all that goes wrong, runs that go on with it and are killed in
 * their turn, and at last, with nothing going wrong any more, the proof that all is well. */
#ifndef SIM_PLAY_H
#define SIM_PLAY_H

#include "base/compiler.h"

struct play_options {
    bool is_traced;
    bool may_kill;
};

/* How many rollouts it took. Says what is wrong, and ends the process with 1. */
unsigned play_case(uint64_t seed, const struct play_options *options);

#endif
