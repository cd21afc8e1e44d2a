/* What the keys of the live view do. */
#include "cli/live.h"

enum { QUESTION_MS = 500 };

static void move_choice(const struct live_scene *scene, struct live_choice *choice, int by)
{
    uint32_t tenants[STATUS_DOINGS + STATUS_FAILURES];
    size_t count = live_choices(scene, tenants), at = count;
    if (!count) {
        choice->tenant = STATUS_NONE;
        return;
    }
    for (size_t i = 0; i < count && at == count; i++)
        if (tenants[i] == choice->tenant)
            at = i;
    if (at == count)
        at = by > 0 ? 0 : count - 1;
    else
        at = (at + count + (by > 0 ? 1 : count - 1)) % count;
    choice->tenant = tenants[at];
}

static void toggle_shown(const struct live_scene *scene, struct live_choice *choice)
{
    if (choice->tenant == STATUS_NONE)
        move_choice(scene, choice, 1);
    choice->is_shown = choice->tenant != STATUS_NONE && !choice->is_shown;
}

/* An arrow is ESC [ A or ESC O A. An escape of another kind is passed over whole, or its last letter would be a key of ours. */
static size_t take_escape(const struct live_scene *scene, struct live_choice *choice,
                          const char *keys, size_t len)
{
    size_t at = 1;
    if (at < len && (keys[at] == '[' || keys[at] == 'O'))
        at++;
    else
        return at;
    while (at < len && (unsigned char)keys[at] < '@')
        at++;
    if (at < len && (keys[at] == 'A' || keys[at] == 'B'))
        move_choice(scene, choice, keys[at] == 'B' ? 1 : -1);
    return at < len ? at + 1 : len;
}

static bool is_yes(const struct live_scene *scene, const struct live_choice *choice, char key)
{
    return (key == 'y' || key == 'Y') && scene->status->now_ms - choice->asked_ms >= QUESTION_MS;
}

static void take_key(const struct live_scene *scene, struct live_choice *choice,
                     struct steering *steering, char key)
{
    bool may_pause = !scene->status->is_draining;
    switch (key) {
    case 'p': steering->is_paused = may_pause && !steering->is_paused; break;
    case 's':
        choice->asks_stop = true;
        choice->asked_ms = scene->status->now_ms;
        break;
    case 'j':
    case '\t': move_choice(scene, choice, 1); break;
    case 'k': move_choice(scene, choice, -1); break;
    case '\r':
    case '\n': toggle_shown(scene, choice); break;
    default: break;
    }
}

enum live_deed live_take_keys(const struct live_scene *scene, struct live_choice *choice,
                              struct steering *steering, const char *keys, size_t len)
{
    enum live_deed deed = LIVE_NOTHING;
    for (size_t i = 0; i < len;) {
        if (choice->asks_stop) {
            deed = is_yes(scene, choice, keys[i]) ? LIVE_STOP : deed;
            choice->asks_stop = false;
            i++;
        } else if (keys[i] == '\033') {
            i += take_escape(scene, choice, keys + i, len - i);
        } else {
            take_key(scene, choice, steering, keys[i++]);
        }
    }
    if (scene->status->is_draining)
        steering->is_paused = false;
    steering->chosen = choice->tenant;
    return deed;
}
