/* The parts of a path, as text: nothing here looks at the disk, but for path_is_there. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include "base/compiler.h"

struct arena;

/* What comes after the last '/'; the whole path where it has none. */
const char *path_name(const char *path);

/* How many bytes come before that: up to and with the last '/'; 0 where it has none. */
size_t path_folder_len(const char *path);

/* The folder that it lies in, without the '/' at its end: "." where the path names none, "/" where that is the root. */
const char *path_folder(struct arena *arena, const char *path);

/* Is anything of this name there, a link that leads nowhere included? */
bool path_is_there(const char *path);

#endif
