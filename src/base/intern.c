#include "base/intern.h"

#include <assert.h>

#include "base/arena.h"

struct intern_entry {
    const void *bytes;
    uint32_t len;
    uint32_t hash;
};

void intern_init(struct intern *intern, struct arena *arena)
{
    *intern = (struct intern){.arena = arena};
}

/* Murmur's mixing, eight bytes at a time: what is interned here is mostly arrays of pointers. */
static uint32_t hash_of(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint64_t hash = len * 0x9e3779b97f4a7c15u;
    while (len) {
        uint64_t word = 0;
        size_t size = len < sizeof word ? len : sizeof word;
        memcpy(&word, p, size);
        hash = (hash ^ word) * 0xff51afd7ed558ccdu;
        hash ^= hash >> 32;
        p += size;
        len -= size;
    }
    return (uint32_t)hash;
}

/* The slot that holds the bytes, or the free one where they belong. */
static uint32_t *find_slot(const struct intern *intern, const void *bytes, size_t len,
                           uint32_t hash)
{
    size_t mask = intern->slot_count - 1;
    size_t at = hash & mask;
    for (; intern->slots[at]; at = (at + 1) & mask) {
        const struct intern_entry *entry = &intern->entries[intern->slots[at] - 1];
        if (entry->hash == hash && entry->len == len && memcmp(entry->bytes, bytes, len) == 0)
            break;
    }
    return &intern->slots[at];
}

static void grow_slots(struct intern *intern)
{
    intern->slot_count = intern->slot_count ? intern->slot_count * 2 : 16;
    intern->slots = arena_calloc(intern->arena, intern->slot_count, sizeof *intern->slots);
    size_t mask = intern->slot_count - 1;
    for (size_t i = 0; i < intern->count; i++) {
        size_t at = intern->entries[i].hash & mask;
        while (intern->slots[at])
            at = (at + 1) & mask;
        intern->slots[at] = (uint32_t)(i + 1);
    }
}

static const void *copy_bytes(struct intern *intern, const void *bytes, size_t len)
{
    void *kept = arena_alloc(intern->arena, len ? len : 1);
    if (len)
        memcpy(kept, bytes, len);
    return kept;
}

uint32_t intern_put(struct intern *intern, const void *bytes, size_t len)
{
    assert(len < UINT32_MAX);
    if (intern->count * 4 >= intern->slot_count * 3)
        grow_slots(intern);
    uint32_t hash = hash_of(bytes, len);
    uint32_t *slot = find_slot(intern, bytes ? bytes : "", len, hash);
    if (*slot)
        return *slot - 1;
    struct intern_entry *entry =
        ARENA_PUSH(intern->arena, intern->entries, intern->count, intern->capacity);
    *entry = (struct intern_entry){copy_bytes(intern, bytes, len), (uint32_t)len, hash};
    *slot = (uint32_t)intern->count;
    return *slot - 1;
}

uint32_t intern_find(const struct intern *intern, const void *bytes, size_t len)
{
    uint32_t slot =
        intern->count ? *find_slot(intern, bytes ? bytes : "", len, hash_of(bytes, len)) : 0;
    return slot ? slot - 1 : INTERN_NONE;
}

const void *intern_at(const struct intern *intern, uint32_t number, size_t *ret_len)
{
    assert(number < intern->count);
    if (ret_len)
        *ret_len = intern->entries[number].len;
    return intern->entries[number].bytes;
}
