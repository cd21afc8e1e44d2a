#include "base/path.h"

#include <sys/stat.h>

#include "base/arena.h"

const char *path_name(const char *path)
{
    return path + path_folder_len(path);
}

size_t path_folder_len(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

const char *path_folder(struct arena *arena, const char *path)
{
    size_t len = path_folder_len(path);
    return !len ? "." : len == 1 ? "/" : arena_strndup(arena, path, len - 1);
}

bool path_is_there(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}
