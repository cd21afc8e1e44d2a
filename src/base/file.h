/* Files of a folder, from people: read once, and only what is a plain file of bounded size.
 *
 * A link may stay inside the folder; one that leads out could change under us and is refused. A FIFO
 * cannot hang us. What is appended while we read is not ours.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/compiler.h"

struct arena;

#define FILE_MAX_BYTES ((size_t)16 * 1024 * 1024)

/* The whole of `path`, which lies in `dir` or below it (NULL: anywhere); NUL-terminated, from the
 * arena. False: *ret_why says why, as words to follow "cannot read it: ". */
bool file_read(struct arena *arena, const char *dir, const char *path, const char **ret_bytes,
               size_t *ret_len, const char **ret_why) MUST_CHECK;

/* Does `path` lead to what is neither `dir` nor below it, once links are followed? So does what is not there. */
bool file_leads_out(const char *dir, const char *path);

#endif
