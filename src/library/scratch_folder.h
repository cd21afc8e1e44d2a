/* A folder for throw-away databases that are files, among the system's temporary files (TMPDIR). What runs that were killed have
 * left goes when one is made. */
#ifndef LIBRARY_SCRATCH_FOLDER_H
#define LIBRARY_SCRATCH_FOLDER_H

struct arena;
struct err;

/* NULL: it cannot be made. `ret_lock`: a descriptor; as long as it is open the folder is in use. */
const char *scratch_folder_make(struct arena *arena, int *ret_lock, struct err *err);

/* With all files in it. NULL and -1: nothing happens. */
void scratch_folder_remove(const char *folder, int lock);

#endif
