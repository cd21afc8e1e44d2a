#include "driver/sqlite_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"

static int copy_database(sqlite3 *to, sqlite3 *from)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (!backup)
        return sqlite3_errcode(to);
    int rc = sqlite3_backup_step(backup, -1);
    int end = sqlite3_backup_finish(backup);
    return rc == SQLITE_DONE && end != SQLITE_OK ? end : rc;
}

static bool fail_file(struct err *err, const char *path)
{
    return err_set(err, ERR_CONFIG, "the snapshot '%s': %s", path, strerror(errno));
}

/* The name is durable once its folder is. */
static bool sync_folder(const char *path, struct err *err)
{
    char *copy_of_path = strdup(path);
    int fd = copy_of_path ? open(dirname(copy_of_path), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool is_good = fd >= 0 && fsync(fd) == 0;
    if (!is_good)
        fail_file(err, path);
    if (fd >= 0)
        close(fd);
    free(copy_of_path);
    return is_good;
}

/* The folders above it may be missing too. Where one cannot be made, making the file tells why. */
static void make_folders(const char *path)
{
    char *folder = strdup(path);
    for (char *slash = folder && *folder ? strchr(folder + 1, '/') : NULL; slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(folder, 0700);
        *slash = '/';
    }
    free(folder);
}

/* The owner's alone: it holds what the tenant holds. */
static bool make_file(const char *path, struct err *err)
{
    make_folders(path);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_file(err, path);
    close(fd);
    return true;
}

static bool publish(const char *from, const char *to, struct err *err)
{
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    bool is_good = fd >= 0 && fsync(fd) == 0 && rename(from, to) == 0;
    if (!is_good)
        fail_file(err, to);
    if (fd >= 0)
        close(fd);
    return is_good && sync_folder(to, err);
}

int sqlite_copy_out(sqlite3 *db, const char *path, struct err *err)
{
    struct buf part;
    sqlite3 *copy_db = NULL;
    buf_init(&part, 8192);
    buf_addf(&part, "%s.part", path);
    int rc = SQLITE_CANTOPEN;
    if (make_file(part.data, err)) {
        rc =
            sqlite3_open_v2(part.data, &copy_db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
        rc = rc == SQLITE_OK ? copy_database(copy_db, db) : rc;
        sqlite3_close(copy_db);
    }
    if (rc == SQLITE_DONE && !publish(part.data, path, err))
        rc = SQLITE_IOERR;
    if (rc != SQLITE_DONE)
        unlink(part.data);
    buf_done(&part);
    return rc;
}

static int find_damage(void *ctx, int count, char **values, char **names)
{
    static const char damage[] =
        "*** in database"; /* rows that break a constraint are another matter */
    bool *is_damaged = ctx;
    (void)names;
    *is_damaged |= count && values[0] && strncmp(values[0], damage, sizeof damage - 1) == 0;
    return 0;
}

/* A disk, or a person, may have spoilt the file since: it must not be put over a sound database. */
static int check_pages(sqlite3 *copy_db)
{
    bool is_damaged = false;
    int rc = sqlite3_exec(copy_db, "PRAGMA ignore_check_constraints = 1; PRAGMA quick_check(1)",
                          find_damage, &is_damaged, NULL);
    return is_damaged ? SQLITE_CORRUPT : rc;
}

int sqlite_copy_in(sqlite3 *db, const char *path, struct err *err)
{
    sqlite3 *copy_db = NULL;
    struct stat st;
    if (access(path, R_OK) != 0 || stat(path, &st) != 0) {
        fail_file(err, path);
        return SQLITE_CANTOPEN;
    }
    if (st.st_size == 0) { /* that of an empty database has a page */
        err_set(err, ERR_CONFIG, "the snapshot '%s': the file is empty", path);
        return SQLITE_CORRUPT;
    }
    int rc = sqlite3_open_v2(path, &copy_db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    rc = rc == SQLITE_OK ? check_pages(copy_db) : rc;
    rc = rc == SQLITE_OK ? copy_database(db, copy_db) : rc;
    sqlite3_close(copy_db);
    return rc;
}
