/* Random numbers that a seed alone decides (splitmix64). */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include "base/compiler.h"

struct rng {
    uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
    uint64_t x = rng->state += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* From 0 to bound - 1. */
static inline uint32_t rng_below(struct rng *rng, uint32_t bound)
{
    return (uint32_t)(rng_next(rng) % bound);
}

/* From low to high, both included. */
static inline uint32_t rng_between(struct rng *rng, uint32_t low, uint32_t high)
{
    return low + rng_below(rng, high - low + 1);
}

static inline bool rng_chance(struct rng *rng, uint32_t percent)
{
    return rng_below(rng, 100) < percent;
}

#define RNG_PICK(rng, array) ((array)[rng_below((rng), ARRAY_LEN(array))])

/* One of its own, so that what draws from it disturbs no other. */
static inline struct rng rng_split(struct rng *rng)
{
    return (struct rng){rng_next(rng)};
}

#endif
