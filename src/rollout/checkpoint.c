#include "rollout/checkpoint.h"

#include "base/arena.h"

static const char begun[] = "begun:", clean[] = "clean:";
enum { MARK_LEN = sizeof begun - 1 };

const char *checkpoint_text(struct arena *arena, const struct place_digest *place, bool is_clean)
{
    return arena_printf(arena, "%s%s:%s", is_clean ? clean : begun, place->done.hex,
                        place->next.hex);
}

/* Takes the digest at *text, up to a colon or the end. */
static struct digest take(const char **text)
{
    struct digest digest = {0};
    size_t len = strcspn(*text, ":");
    snprintf(digest.hex, sizeof digest.hex, "%.*s", (int)len, *text);
    *text += len + ((*text)[len] == ':');
    return digest;
}

struct checkpoint checkpoint_read(const char *text)
{
    struct checkpoint checkpoint = {.is_clean = strncmp(text, clean, MARK_LEN) == 0};
    checkpoint.is_of_file = !checkpoint.is_clean && strncmp(text, begun, MARK_LEN) != 0;
    if (checkpoint.is_of_file)
        return checkpoint;
    text += MARK_LEN;
    checkpoint.place.done = take(&text);
    checkpoint.place.next = take(&text);
    return checkpoint;
}
