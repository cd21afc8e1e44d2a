/* A file whose whole content is replaced now and then, by a thread of its own: who puts a text never waits. A text that comes before the
 * last one was written takes its place. */
#ifndef CLI_METRICS_FILE_H
#define CLI_METRICS_FILE_H

#include <stddef.h>

struct metrics_file;

/* Borrows `path`. Where the system gives no thread, texts are written by metrics_file_close. */
struct metrics_file *metrics_file_open(const char *path);

/* Takes a copy. */
void metrics_file_put(struct metrics_file *file, const char *text, size_t len);

/* Waits until the last text is written, and frees it. What could not be written was told on stderr, once. */
void metrics_file_close(struct metrics_file *file);

#endif
