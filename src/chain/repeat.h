/* How a section repeats its statement: the options of `-- migrate:up repeat:until-no-rows pause:50ms`. Pure.
 *
 * The statement is run again and again, each time in a transaction of its own (a batch), until it changes no row.
 */
#ifndef CHAIN_REPEAT_H
#define CHAIN_REPEAT_H

#include "base/compiler.h"

struct buf;

struct repeat {
    unsigned given;      /* which of them the section's marker says: bits by repeat_option */
    uint64_t pause_ms;   /* after each batch */
    uint64_t max_lag_ms; /* replicas may be so much later than the primary; 0: they are not asked */
    uint64_t max_wait_ms; /* for replicas and for others at work, at a time */
    uint64_t timeout_ms;  /* of the statement in one batch; 0: the tenant's own */
    uint32_t max_waiting; /* so many sessions may wait for locks; 0: they are not counted */
    uint32_t max_active;  /* and so many be at work; 0: the same */
    uint32_t max_batches; /* of one statement, in one run; 0: as many as it takes */
};

/* What counts where neither a section nor the inventory says anything. */
struct repeat repeat_defaults(void);

/* Those that the section's marker gives, and the `usual` ones for all others. */
struct repeat repeat_join(const struct repeat *section, const struct repeat *usual);

/* The number of the option of that name; 0: `repeat` itself, without which the others mean nothing; -1: there is none. */
int repeat_option(const char *name);

/* False: the value is none for this option; *ret_form is what it should be. */
bool repeat_set(struct repeat *repeat, int option, const char *value,
                const char **ret_form) MUST_CHECK;

/* Appends ` repeat:until-no-rows`, and the options that are given. */
void repeat_write(struct buf *out, const struct repeat *repeat);

#endif
