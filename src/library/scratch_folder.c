#include "library/scratch_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "library/scratch_private.h"

static const char *temporary_folder(void)
{
    const char *folder = getenv("TMPDIR");
    return folder && *folder ? folder : "/tmp";
}

/* The folder is ours alone, and holds files only. */
static void remove_folder(const char *folder)
{
    struct arena arena;
    const struct dirent *entry;
    DIR *dir = opendir(folder);
    arena_init(&arena);
    while (dir && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlink(arena_printf(&arena, "%s/%s", folder, entry->d_name));
    if (dir)
        closedir(dir);
    rmdir(folder);
    arena_done(&arena);
}

/* A descriptor of the folder whose lock says that it is in use; -1: another has it, or it is not ours. */
static int lock_folder(const char *folder)
{
    struct stat st;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
        flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* What runs that were killed have left. */
static void sweep(struct arena *arena, const char *parent)
{
    const struct dirent *entry;
    DIR *dir = opendir(parent);
    while (dir && (entry = readdir(dir))) {
        if (strncmp(entry->d_name, SCRATCH_PREFIX, strlen(SCRATCH_PREFIX)) != 0)
            continue;
        const char *folder = arena_printf(arena, "%s/%s", parent, entry->d_name);
        int fd = lock_folder(folder);
        if (fd < 0)
            continue;
        remove_folder(folder);
        close(fd);
    }
    if (dir)
        closedir(dir);
}

const char *scratch_folder_make(struct arena *arena, int *ret_lock, struct err *err)
{
    const char *parent = temporary_folder();
    char *folder = arena_printf(arena, "%s/" SCRATCH_PREFIX "XXXXXX", parent);
    sweep(arena, parent);
    if (!mkdtemp(folder)) {
        err_set(err, ERR_CONFIG, "cannot make a folder for a scratch database in '%s' (TMPDIR): %s",
                parent, strerror(errno));
        return NULL;
    }
    *ret_lock = lock_folder(folder);
    return folder;
}

void scratch_folder_remove(const char *folder, int lock)
{
    if (folder)
        remove_folder(folder);
    if (lock >= 0)
        close(lock);
}
