#include "inventory/loader.h"

#include "base/err.h"

/* Up to and with the last '/'. */
static const char *dir_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_strndup(arena, path, (size_t)(slash - path) + 1) : "";
}

struct loader *load_begin(struct inventory *inventory, struct faults *faults)
{
    struct loader *loader = xcalloc(1, sizeof *loader);
    loader->inventory = inventory;
    loader->faults = faults;
    loader->dir = dir_of(inventory->arena, inventory->path);
    arena_init(&loader->scratch);
    places_init(&loader->places);
    sharing_init(&loader->sharing, inventory->arena);
    return loader;
}

void load_end(struct loader *loader)
{
    if (!loader)
        return;
    sharing_done(&loader->sharing);
    places_done(&loader->places);
    arena_done(&loader->scratch);
    free(loader);
}

void load_turn_to(struct loader *loader, enum section section, size_t index)
{
    loader->subject = (struct subject){.section = section, .index = index};
    arena_done(&loader->scratch);
    arena_init(&loader->scratch);
}

int load_line(const struct loader *loader, const char *key)
{
    const struct subject *subject = &loader->subject;
    if (subject->line)
        return subject->line;
    int line = places_line(&loader->places, subject->section, subject->index, key);
    /* A mapping that stands elsewhere, reached by an alias: at least the line that refers to it. */
    return line ? line
                : places_line(&loader->places, SECTION_TOP, 0, section_name(subject->section));
}

static void describe(const struct loader *loader, char *ret_text, size_t size)
{
    const struct subject *subject = &loader->subject;
    if (subject->row)
        snprintf(ret_text, size, "%s[%zu], row '%.128s'", section_name(subject->section),
                 subject->index, subject->row);
    else
        places_describe(&loader->places, subject->section, subject->index, ret_text, size);
}

PRINTF_LIKE(3, 0)
static void fault_at(struct loader *loader, int line, const char *format, va_list args)
{
    char who[256];
    char text[768];
    vsnprintf(text, sizeof text, format, args);
    describe(loader, who, sizeof who);
    faults_add(loader->faults, ERR_CONFIG, loader->inventory->path, line, "%s: %s", who, text);
}

void load_fault(struct loader *loader, const char *key, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fault_at(loader, load_line(loader, key), format, args);
    va_end(args);
}

void load_fault_at(struct loader *loader, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fault_at(loader, line, format, args);
    va_end(args);
}

const char *load_path(struct loader *loader, const char *path)
{
    if (*path == '/' || !*loader->dir)
        return path;
    return arena_printf(&loader->scratch, "%s%s", loader->dir, path);
}
