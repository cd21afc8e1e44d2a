#include "inventory/load/alike.h"

#include "base/arena.h"

void alike_init(struct alike *alike, struct arena *arena)
{
    *alike = (struct alike){.arena = arena};
    intern_init(&alike->shapes, arena);
    buf_init(&alike->kinds, BUF_MAX_DEFAULT);
    buf_init(&alike->shape, BUF_MAX_DEFAULT);
}

void alike_done(struct alike *alike)
{
    buf_done(&alike->kinds);
    buf_done(&alike->shape);
    free(alike->values);
    alike->values = NULL;
}

void alike_begin(struct alike *alike, size_t index)
{
    alike->is_open = alike->is_alike = true;
    alike->index = (uint32_t)index;
    alike->value_count = 0;
    buf_clear(&alike->kinds);
}

static void push(struct alike *alike, char *value)
{
    if (alike->value_count == alike->value_capacity) {
        alike->value_capacity = alike->value_capacity * 2 + 16;
        alike->values = xrealloc(alike->values, alike->value_capacity * sizeof *alike->values);
    }
    alike->values[alike->value_count++] = value;
}

void alike_add_item(struct alike *alike, const char *text, size_t len)
{
    if (alike->is_alike)
        push(alike, arena_strndup(alike->arena, text, len));
}

void alike_add_text(struct alike *alike, const char *text, size_t len)
{
    alike_add_item(alike, text, len);
    buf_addc(&alike->kinds, ALIKE_TEXT);
}

void alike_begin_list(struct alike *alike)
{
    alike->list_begin = alike->value_count;
    buf_addc(&alike->kinds, ALIKE_LIST);
}

/* Where a letter has to be escaped for libcyaml, it reads the label itself. */
static bool is_plain(const char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

void alike_add_label(struct alike *alike, const char *key, const char *value)
{
    size_t key_len = strlen(key), len = strlen(value);
    if (!is_plain(key) || !is_plain(value))
        alike_give_up(alike);
    if (!alike->is_alike)
        return;
    char *label = arena_alloc(alike->arena, key_len + 1 + len + 1);
    memcpy(label, key, key_len);
    label[key_len] = '=';
    memcpy(label + key_len + 1, value, len);
    push(alike, label);
}

void alike_end_list(struct alike *alike)
{
    if (alike->value_count == alike->list_begin)
        alike_give_up(alike);
    push(alike, NULL);
}

void alike_give_up(struct alike *alike)
{
    alike->is_alike = false;
}

bool alike_end(struct alike *alike, const struct buf *keys)
{
    alike->is_open = false;
    if (!alike->is_alike)
        return false;
    buf_clear(&alike->shape);
    buf_add(&alike->shape, alike->kinds.data, alike->kinds.len + 1);
    buf_add(&alike->shape, keys->data, keys->len);
    size_t known = alike->shapes.count;
    uint32_t shape = intern_put(&alike->shapes, alike->shape.data, alike->shape.len);
    if (shape == known)
        return false;
    size_t size = alike->value_count * sizeof *alike->values;
    char **values = arena_alloc(alike->arena, size ? size : 1);
    if (size)
        memcpy(values, alike->values, size);
    *ARENA_PUSH(alike->arena, alike->items, alike->count, alike->capacity) =
        (struct alike_item){alike->index, shape, values};
    return true;
}
