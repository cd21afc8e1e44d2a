/* A question to a server about a session of ours that takes long: what it is doing, how much of that is done, and who is in its
 * way. For who shows the run; the session does not notice. It is asked on a connection of its own, which is closed after each
 * question: one question at a time in the whole run.
 *
 *     struct inquiry *inquiry = inquiry_new(links);
 *     if (inquiry_is_free(inquiry)) inquiry_ask(inquiry, number, backend_pid, on_told, ctx);
 *     inquiry_close(inquiry);          at any time; its memory goes later, on the loop
 */
#ifndef LINK_INQUIRY_H
#define LINK_INQUIRY_H

#include "link/link.h"

enum { INQUIRY_TEXT = 240 };

struct inquiry;

/* What the server said; empty texts where it said nothing, or was not to be had. */
struct inquiry_answer {
    bool is_answered;
    char told[INQUIRY_TEXT];
    double share; /* 0 to 1; below 0: not known */
    char blockers[INQUIRY_TEXT];
};

typedef void (*inquiry_told_fn)(void *ctx, const struct inquiry_answer *answer);

struct inquiry *inquiry_new(struct links *links);
bool inquiry_is_free(const struct inquiry *inquiry);

/* Can the tenant's server be asked? */
bool inquiry_can_ask(const struct links *links, uint32_t number);

/* It must be free. `on_told` comes once, on the loop, unless the inquiry is closed before. */
void inquiry_ask(struct inquiry *inquiry, uint32_t number, uint32_t backend_pid,
                 inquiry_told_fn on_told, void *ctx);
void inquiry_close(struct inquiry *inquiry);

#endif
