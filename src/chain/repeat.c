#include "chain/repeat.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/parse.h"

#define UNTIL "until-no-rows"

/* pt-archiver and gh-ost wait from one to two seconds of lag on, and give way to some twenty-five threads at work; a session
 * that waits for a lock is a customer who waits. */
static const struct repeat defaults = {
    .pause_ms = 50,
    .max_lag_ms = 2000,
    .max_wait_ms = 10 * 60 * 1000,
    .max_waiting = 5,
};

static const struct option {
    const char *name;
    size_t offset; /* of the member */
    bool is_duration;
} options[] = {
    {"pause", offsetof(struct repeat, pause_ms), true},
    {"max_lag", offsetof(struct repeat, max_lag_ms), true},
    {"max_wait", offsetof(struct repeat, max_wait_ms), true},
    {"timeout", offsetof(struct repeat, timeout_ms), true},
    {"max_waiting", offsetof(struct repeat, max_waiting), false},
    {"max_active", offsetof(struct repeat, max_active), false},
    {"max_batches", offsetof(struct repeat, max_batches), false},
};

struct repeat repeat_defaults(void)
{
    return defaults;
}

int repeat_option(const char *name)
{
    if (strcmp(name, "repeat") == 0)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if (strcmp(options[i].name, name) == 0)
            return (int)i + 1;
    return -1;
}

bool repeat_set(struct repeat *repeat, int option, const char *value, const char **ret_form)
{
    *ret_form = UNTIL;
    if (option == 0)
        return strcmp(value, UNTIL) == 0;
    const struct option *row = &options[option - 1];
    repeat->given |= 1u << option;
    char *member = (char *)repeat + row->offset;
    *ret_form = row->is_duration ? "a duration, such as 50ms" : "a number";
    if (row->is_duration)
        return parse_duration(value, (uint64_t *)(void *)member);
    return parse_u32(value, 0, UINT32_MAX, (uint32_t *)(void *)member);
}

static bool is_given(const struct repeat *repeat, size_t row)
{
    return repeat->given >> (row + 1) & 1;
}

struct repeat repeat_join(const struct repeat *section, const struct repeat *usual)
{
    struct repeat joined = *section;
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if (!is_given(section, i))
            memcpy((char *)&joined + options[i].offset, (const char *)usual + options[i].offset,
                   options[i].is_duration ? sizeof(uint64_t) : sizeof(uint32_t));
    return joined;
}

void repeat_write(struct buf *out, const struct repeat *repeat)
{
    buf_adds(out, " repeat:" UNTIL);
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        const char *now = (const char *)repeat + options[i].offset;
        if (!is_given(repeat, i))
            continue;
        if (options[i].is_duration)
            buf_addf(out, " %s:%" PRIu64 "ms", options[i].name,
                     *(const uint64_t *)(const void *)now);
        else
            buf_addf(out, " %s:%" PRIu32, options[i].name, *(const uint32_t *)(const void *)now);
    }
}
