/* The block at the bottom of a terminal that shows how a run stands: the whole, the wave, those at work for longest with
 * their statements, the newest failures, the keys, and on wish one tenant in full. Pure: a function of the status and of what
 * is chosen; progress_tty.c puts it on the terminal, live_keys.c makes of keys what is chosen.
 *
 *     struct live_scene scene = {.status = status, .title = "upgrade head", .columns = 80, .rows = 24};
 *     size_t lines = live_draw(&scene, &out, widths);     no newline after the last
 */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

#include "event/status.h"

struct buf;

enum { LIVE_LINES = 24 };

/* What keys have chosen. */
struct live_choice {
    uint32_t tenant;   /* STATUS_NONE: no one */
    bool is_shown;     /* in full */
    bool asks_stop;    /* `stop?` is on the screen, */
    uint64_t asked_ms; /* since then, by status.now_ms */
};

struct live_scene {
    const struct status *status; /* of a run that has started */
    const char *title;           /* safe to show */
    size_t columns, rows;        /* of the terminal */
    bool has_color;
    bool has_keys;
    const struct live_choice *choice;
};

/* Appends the lines, none of which reaches the last column, and says how wide each is. At most LIVE_LINES, and few enough that
 * the terminal need not scroll; two at least. */
size_t live_draw(const struct live_scene *scene, struct buf *out, size_t ret_widths[LIVE_LINES]);

/* Tenants that can be chosen, in the order of the lines: those at work that are listed, then the newest failures. Their
 * number. */
size_t live_choices(const struct live_scene *scene,
                    uint32_t ret_tenants[STATUS_DOINGS + STATUS_FAILURES]);

/* What a key did. */
enum live_deed { LIVE_NOTHING, LIVE_STOP };

/* Takes keys as they came from the terminal: chooses, pauses and goes on (`steering`), asks before a stop. A yes counts only once
 * the question has been on the screen for half a second: what someone types ahead for the shell must not stop a run. */
enum live_deed live_take_keys(const struct live_scene *scene, struct live_choice *choice,
                              struct steering *steering, const char *keys, size_t len);

/* `waits for the soak after wave 'canary': 12.0 s left`; nothing where it waits for nothing. */
void live_add_wait(const struct status *status, struct buf *buf);

/* `12.3/s` and, where it can be told, `4.00 s left`. */
void live_add_pace(const struct status *status, struct buf *buf);

#endif
