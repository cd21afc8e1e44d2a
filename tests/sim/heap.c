#include "sim/heap.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef SIM_HEAP

bool heap_can_be_dropped(void)
{
    return false;
}

void heap_begin(void)
{
}

void heap_drop(void)
{
}

#else

enum { CLASSES = 48, ALIGN = 16 };
static const size_t heap_size = (size_t)1 << 32; /* of addresses, not of memory */

struct block { /* before what is handed out */
    size_t class;
    struct block *next; /* while it is free */
};

/* The C library's heap is a global; so is this. */
static struct {
    char *base;
    size_t used;
    bool is_on;
    struct block *free[CLASSES]; /* by size: a power of two each */
} heap;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);
void __real_free(void *ptr);

bool heap_can_be_dropped(void)
{
    return true;
}

static void die(void)
{
    fputs("sim: the case's heap is full\n", stderr);
    abort();
}

void heap_begin(void)
{
    if (!heap.base) {
        heap.base = mmap(NULL, heap_size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (heap.base == MAP_FAILED)
            die();
    }
    heap.is_on = true;
}

void heap_drop(void)
{
    heap.is_on = false;
    heap.used = 0;
    memset(heap.free, 0, sizeof heap.free);
}

static bool is_ours(const void *ptr)
{
    return heap.base && (const char *)ptr >= heap.base && (const char *)ptr < heap.base + heap_size;
}

static size_t class_of(size_t size)
{
    size_t class = 5;
    while (((size_t)1 << class) < size)
        class ++;
    return class;
}

void *__wrap_malloc(size_t size)
{
    if (!heap.is_on)
        return __real_malloc(size);
    size_t class = class_of(size + ALIGN);
    struct block *block = heap.free[class];
    if (block) {
        heap.free[class] = block->next;
    } else {
        if (heap.used + ((size_t)1 << class) > heap_size)
            die();
        block = (struct block *)(void *)(heap.base + heap.used);
        heap.used += (size_t)1 << class;
        block->class = class;
    }
    return (char *)block + ALIGN;
}

void __wrap_free(void *ptr)
{
    if (!is_ours(ptr)) {
        __real_free(ptr);
        return;
    }
    struct block *block = (struct block *)(void *)((char *)ptr - ALIGN);
    block->next = heap.free[block->class];
    heap.free[block->class] = block;
}

void *__wrap_calloc(size_t count, size_t size)
{
    if (!heap.is_on)
        return __real_calloc(count, size);
    return memset(__wrap_malloc(count * size), 0, count * size);
}

void *__wrap_realloc(void *ptr, size_t size)
{
    if (!ptr)
        return __wrap_malloc(size);
    if (!is_ours(ptr))
        return __real_realloc(ptr, size);
    const struct block *block = (const struct block *)(void *)((char *)ptr - ALIGN);
    size_t room = ((size_t)1 << block->class) - ALIGN;
    if (size <= room)
        return ptr;
    void *moved = memcpy(__wrap_malloc(size), ptr, room);
    __wrap_free(ptr);
    return moved;
}

#endif
