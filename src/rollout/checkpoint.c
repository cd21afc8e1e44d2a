#include "rollout/checkpoint.h"

#include <inttypes.h>

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

static uint64_t take_number(const char **text)
{
    char *end;
    uint64_t number = strtoull(*text, &end, 10);
    *text = end + (*end == ':');
    return number;
}

void checkpoint_count(const char *text, const struct repeat_count *count,
                      char ret_text[CHECKPOINT_MAX + 1])
{
    char numbers[CHECKPOINT_MAX] = "";
    if (count->batches)
        snprintf(numbers, sizeof numbers, ":%" PRIu64 ":%" PRIu64, count->batches, count->rows);
    bool has_room = strlen(text) + strlen(numbers) <= CHECKPOINT_MAX;
    snprintf(ret_text, CHECKPOINT_MAX + 1, "%s%s", text, has_room ? numbers : "");
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
    checkpoint.count.batches = take_number(&text);
    checkpoint.count.rows = take_number(&text);
    return checkpoint;
}
