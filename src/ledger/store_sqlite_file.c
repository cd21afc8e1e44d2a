#include "ledger/store_sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/path.h"

static bool fail_errno(const char *path, const char *words, struct err *err)
{
    return err_set(err, ERR_LEDGER, "ledger '%s': %s: %s", path, words, strerror(errno));
}

/* A new name is on the disk once its folder is. */
static bool sync_folder(struct arena *arena, const char *path)
{
    int fd = open(path_folder(arena, path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool is_fine = fsync(fd) == 0;
    close(fd);
    return is_fine;
}

static bool make_folder(struct arena *arena, const char *folder)
{
    struct stat st;
    if (stat(folder, &st) == 0)
        return S_ISDIR(st.st_mode) || (errno = ENOTDIR, false);
    if (strchr(folder, '/') && !make_folder(arena, path_folder(arena, folder)))
        return false;
    return (mkdir(folder, 0700) == 0 || errno == EEXIST) && sync_folder(arena, folder);
}

static bool make_file(struct arena *arena, const char *path, struct err *err)
{
    if (!make_folder(arena, path_folder(arena, path)))
        return fail_errno(path, "cannot make its folder", err);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0 && errno != EEXIST)
        return fail_errno(path, "cannot make it", err);
    if (fd >= 0)
        close(fd);
    return sync_folder(arena, path) || fail_errno(path, "cannot make it", err);
}

bool sqlite_file_check(struct arena *arena, const char *path, enum ledger_access mode,
                       struct err *err)
{
    struct stat st;
    bool is_there = stat(path, &st) == 0;
    if (is_there && !S_ISREG(st.st_mode))
        return err_set(err, ERR_LEDGER, "ledger '%s': it is not a regular file", path);
    if (is_there && st.st_size == 1) /* for SQLite this would be an empty one */
        return err_set(err, ERR_LEDGER, "ledger '%s': it is not a ledger", path);
    if (is_there && mode == LEDGER_WRITE && access(path_folder(arena, path), W_OK) != 0)
        return fail_errno(path, "its folder cannot be written to", err);
    if (is_there)
        return true;
    if (errno != ENOENT)
        return fail_errno(path, "cannot look at it", err);
    if (mode == LEDGER_WRITE)
        return make_file(arena, path, err);
    err_set(err, ERR_LEDGER, "there is no ledger '%s' yet", path);
    snprintf(err->code, sizeof err->code, "%s", LEDGER_MISSING);
    return false;
}

/* ---- its name ------------------------------------------------------------------------------ */

bool sqlite_file_is_at_rest(struct arena *arena, const char *path)
{
    return access(path_folder(arena, path), W_OK) != 0 &&
           access(arena_printf(arena, "%s-wal", path), F_OK) != 0;
}

const char *sqlite_file_uri(struct arena *arena, const char *path, bool is_immutable)
{
    struct buf uri;
    buf_init(&uri, BUF_MAX_DEFAULT);
    buf_adds(&uri, "file:");
    buf_adds(&uri, *path == '/' ? "//" : "./");
    for (const char *p = path; *p; p++)
        if (strchr("%?#", *p))
            buf_addf(&uri, "%%%02X", (unsigned char)*p);
        else
            buf_addc(&uri, *p);
    buf_adds(&uri, is_immutable ? "?immutable=1" : "");
    const char *text = arena_strdup(arena, uri.data);
    buf_done(&uri);
    return text;
}

/* ---- where it lies ------------------------------------------------------------------------- */

static struct file_id id_of(const char *path)
{
    struct stat st;
    if (stat(path, &st))
        return (struct file_id){0};
    return (struct file_id){st.st_dev, st.st_ino};
}

bool sqlite_file_is_in_place(struct sqlite_place *place, const char *path, const char **ret_missing)
{
    static const char *const endings[SQLITE_FILES] = {"", "-wal", ".lock"};
    struct buf name;
    bool is_there = true;
    buf_init(&name, BUF_MAX_DEFAULT);
    for (size_t i = 0; is_there && i < SQLITE_FILES; i++) {
        buf_clear(&name);
        buf_addf(&name, "%s%s", path, endings[i]);
        struct file_id *first = &place->files[i], now = id_of(name.data);
        if (!first->inode)
            *first = now;
        is_there = now.inode && now.inode == first->inode && now.device == first->device;
        *ret_missing = endings[i];
    }
    buf_done(&name);
    return is_there;
}
