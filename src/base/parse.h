/* Numbers, durations and shares from text: strict, whole-string, no locale. */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include "base/compiler.h"

/* A decimal number from `min` to `max`, nothing before or after it. */
bool parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *ret_value) MUST_CHECK;

/* `250ms`, `10s`, `5m`, `2h`, `90d`; a bare `0` too. At most a year. */
bool parse_duration(const char *text, uint64_t *ret_ms) MUST_CHECK;

/* A count (`5`) or a share of a whole (`2%`, `0.5%`). */
struct share {
    uint32_t count;
    uint32_t permyriad; /* hundredths of a percent, up to 10000; used where is_share */
    bool is_share;
};
bool parse_share(const char *text, struct share *ret_share) MUST_CHECK;

/* How many of `whole` the share is, rounded down. */
uint32_t share_of(const struct share *share, uint32_t whole);

/* `3x`, `2.5x` or `3` (so many times of what is foretold, at least once), or a duration (`20m`). Zeros: there is no limit. */
struct forecast_limit {
    double factor;
    uint64_t ms; /* beats `factor` */
};
bool parse_forecast_limit(const char *text, struct forecast_limit *ret_limit) MUST_CHECK;

#endif
