/* The SQLite ledger: opening, locking, transactions.
 *
 * WAL, so that readers and the writer do not meet; synchronous FULL, so that what was committed is
 * on the disk. The file and its folder are for their owner alone.
 */
#include "ledger/stored.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Long enough for `skein forget` beside a run. */
enum { BUSY_MS = 30000 };

/* ---- the file ------------------------------------------------------------------------------ */

static bool fail_errno(const char *path, const char *words, struct err *err)
{
    return err_set(err, ERR_LEDGER, "ledger '%s': %s: %s", path, words, strerror(errno));
}

/* The folder of a path, "." where it names none. */
static char *folder_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return arena_strdup(arena, ".");
    return slash == path ? arena_strdup(arena, "/")
                         : arena_strndup(arena, path, (size_t)(slash - path));
}

/* A new name is on the disk once its folder is. */
static bool sync_folder(struct arena *arena, const char *path)
{
    int fd = open(folder_of(arena, path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
    if (strchr(folder, '/') && !make_folder(arena, folder_of(arena, folder)))
        return false;
    return (mkdir(folder, 0700) == 0 || errno == EEXIST) && sync_folder(arena, folder);
}

static bool make_file(struct arena *arena, const char *path, struct err *err)
{
    if (!make_folder(arena, folder_of(arena, path)))
        return fail_errno(path, "cannot make its folder", err);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0 && errno != EEXIST)
        return fail_errno(path, "cannot make it", err);
    if (fd >= 0)
        close(fd);
    return sync_folder(arena, path) || fail_errno(path, "cannot make it", err);
}

/* Looked at without opening it: closing a descriptor would drop SQLite's locks on the file, should
 * this process have it open already. */
static bool check_file(struct arena *arena, const char *path, enum ledger_access mode,
                       struct err *err)
{
    struct stat st;
    bool is_there = stat(path, &st) == 0;
    if (is_there && !S_ISREG(st.st_mode))
        return err_set(err, ERR_LEDGER, "ledger '%s': it is not a regular file", path);
    if (is_there && st.st_size == 1) /* for SQLite this would be an empty one */
        return err_set(err, ERR_LEDGER, "ledger '%s': it is not a ledger", path);
    if (is_there && mode == LEDGER_WRITE && access(folder_of(arena, path), W_OK) != 0)
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

/* ---- the connection ------------------------------------------------------------------------ */

/* A WAL needs files beside the ledger even to read it. Where they cannot be made, and no writer left any, no
 * process is writing: what is there can be read as it is. */
static bool is_at_rest(struct arena *arena, const char *path)
{
    return access(folder_of(arena, path), W_OK) != 0 &&
           access(arena_printf(arena, "%s-wal", path), F_OK) != 0;
}

/* `file:` with what is special in a URI escaped; as such a relative path is never ":memory:". */
static const char *uri_of(struct arena *arena, const char *path, bool is_immutable)
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

/* With memory statistics on, a global mutex would slow the tenants' workers; where SQLite is at
 * work already this has no effect, and does no harm. */
static bool connect(struct stored_ledger *ledger, enum ledger_access access, struct err *err)
{
    struct db *db = &ledger->db;
    bool is_immutable = access == LEDGER_READ && is_at_rest(&ledger->arena, db->path);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    int rc = sqlite3_open_v2(uri_of(&ledger->arena, db->path, is_immutable), &db->handle,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
                                 SQLITE_OPEN_EXRESCODE,
                             NULL);
    return rc == SQLITE_OK || db_fail(db, rc, err);
}

/* The file may have been made by anyone: nothing in it is run. */
static void distrust(sqlite3 *handle)
{
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
}

static bool use_wal(struct db *db, struct err *err)
{
    struct db_cursor cursor;
    db_query_plain(db, &cursor, "PRAGMA journal_mode = WAL");
    bool is_wal = db_next(&cursor) && strcmp(db_text_at(&cursor, 0), "wal") == 0;
    if (!db_end(&cursor, err))
        return false;
    return is_wal ||
           err_set(err, ERR_LEDGER,
                   "ledger '%s': its file system has no shared memory for SQLite's WAL", db->path);
}

/* SQLite fills what is missing of the last page with zeros, which in an empty table is no fault. */
static bool check_size(struct db *db, struct err *err)
{
    struct stat st;
    int64_t page_size;
    if (!db_get_plain(db, err, &page_size, "PRAGMA page_size"))
        return false;
    bool is_cut = stat(db->path, &st) == 0 && page_size > 0 && st.st_size % page_size;
    return !is_cut ||
           err_set(err, ERR_LEDGER, "ledger '%s': it is damaged (its end is missing)", db->path);
}

/* In memory an older ledger can be brought up to date that must not be written to. */
static bool move_to_memory(struct db *db, struct err *err)
{
    sqlite3 *memory = NULL;
    int rc = sqlite3_open_v2(":memory:", &memory,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX |
                                 SQLITE_OPEN_EXRESCODE,
                             NULL);
    sqlite3_backup *copy =
        rc == SQLITE_OK ? sqlite3_backup_init(memory, "main", db->handle, "main") : NULL;
    if (copy)
        sqlite3_backup_step(copy, -1);
    rc = copy ? sqlite3_backup_finish(copy) : sqlite3_errcode(memory);
    db_close(db);
    db->handle = memory;
    distrust(memory);
    return rc == SQLITE_OK || db_fail(db, rc, err);
}

static bool set_up_reading(struct db *db, struct err *err)
{
    bool is_old = false;
    if (sqlite3_db_readonly(db->handle, "main") == 1 && !stored_schema_look(db, &is_old, err))
        return false;
    if (is_old && !move_to_memory(db, err))
        return false;
    return stored_schema_prepare(db, err) && db_exec(db, err, "PRAGMA query_only = ON");
}

/* Who the file is comes first: a file of something else is not changed. */
static bool set_up(struct stored_ledger *ledger, enum ledger_access access, struct err *err)
{
    struct db *db = &ledger->db;
    distrust(db->handle);
    sqlite3_busy_timeout(db->handle, BUSY_MS);
    if (!db_exec(db, err, "PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON"))
        return false;
    if (!check_size(db, err))
        return false;
    if (access == LEDGER_READ)
        return set_up_reading(db, err);
    if (sqlite3_db_readonly(db->handle, "main") == 1)
        return err_set(err, ERR_LEDGER, "ledger '%s': it is read-only", db->path);
    return stored_schema_prepare(db, err) && use_wal(db, err);
}

static void stored_close(struct ledger *base)
{
    struct stored_ledger *ledger = stored_of(base);
    db_close(&ledger->db);
    lock_release(&ledger->lock);
    buf_done(&ledger->key);
    arena_done(&ledger->arena);
    free(ledger);
}

static struct stored_ledger *stored_new(const char *where)
{
    struct stored_ledger *ledger = xcalloc(1, sizeof *ledger);
    ledger->base.kind = &ledger_stored;
    ledger->lock.fd = -1;
    arena_init(&ledger->arena);
    buf_init(&ledger->key, BUF_MAX_DEFAULT);
    ledger->db.path = arena_strdup(&ledger->arena, where);
    for (size_t i = 0; i < LIST_KIND__COUNT; i++)
        intern_init(&ledger->lists[i].known, &ledger->arena);
    intern_init(&ledger->writing.errors, &ledger->arena);
    intern_init(&ledger->writing.notices, &ledger->arena);
    intern_init(&ledger->writing.revisions, &ledger->arena);
    return ledger;
}

static struct ledger *stored_open(const char *where, enum ledger_access access, struct err *err)
{
    struct stored_ledger *ledger = stored_new(where);
    if (check_file(&ledger->arena, where, access, err) && connect(ledger, access, err) &&
        set_up(ledger, access, err))
        return &ledger->base;
    stored_close(&ledger->base);
    return NULL;
}

/* ---- transactions -------------------------------------------------------------------------- */

/* After an fsync of the WAL that failed it is not known what reached the disk: closing must not copy the WAL
 * into the ledger. The next to open it reads it frame by frame, by their checksums. */
static bool die(struct stored_ledger *ledger, const struct err *err)
{
    sqlite3_db_config(ledger->db.handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    ledger->is_dead = true;
    ledger->death = *err;
    return false;
}

bool stored_begin(struct stored_ledger *ledger, struct err *err)
{
    if (ledger->is_dead) {
        *err = ledger->death;
        return false;
    }
    return db_run_plain(&ledger->db, err, "BEGIN IMMEDIATE") || die(ledger, err);
}

bool stored_end(struct stored_ledger *ledger, bool is_fine, struct err *err)
{
    if (is_fine && db_run_plain(&ledger->db, err, "COMMIT"))
        return true;
    db_rollback(&ledger->db);
    return die(ledger, err);
}

/* ---- where it lies ------------------------------------------------------------------------- */

static struct file_id id_of(const char *path)
{
    struct stat st;
    if (stat(path, &st))
        return (struct file_id){0};
    return (struct file_id){st.st_dev, st.st_ino};
}

bool stored_check_place(struct stored_ledger *ledger, struct err *err)
{
    static const char *const endings[LEDGER_FILES] = {"", "-wal", ".lock"};
    for (size_t i = 0; i < LEDGER_FILES; i++) {
        buf_clear(&ledger->key);
        buf_addf(&ledger->key, "%s%s", ledger->db.path, endings[i]);
        struct file_id *first = &ledger->files[i], now = id_of(ledger->key.data);
        if (!first->inode)
            *first = now;
        if (now.inode && now.inode == first->inode && now.device == first->device)
            continue;
        err_set(err, ERR_LEDGER,
                "ledger '%s': '%s' was removed or replaced while this run wrote to it: what it was "
                "told is lost",
                ledger->db.path, ledger->key.data);
        return die(ledger, err);
    }
    return true;
}

/* ---- the lock ------------------------------------------------------------------------------ */

/* Where a run died, perhaps with its machine, the whole file is looked at: is it what SQLite would
 * have left? (Not each time: it costs a second for some hundred MB.) */
static bool check_pages(struct stored_ledger *ledger, struct err *err)
{
    struct db *db = &ledger->db;
    struct db_cursor cursor;
    db_query_plain(db, &cursor, "PRAGMA quick_check(1)");
    bool is_fine = db_next(&cursor) && strcmp(db_text_at(&cursor, 0), "ok") == 0;
    if (!db_end(&cursor, err))
        return false;
    return is_fine || err_set(err, ERR_LEDGER, "ledger '%s': it is damaged", db->path);
}

/* The process that left a run `running` is dead, or the lock would not be ours. */
static bool bury(struct stored_ledger *ledger, struct err *err)
{
    return db_run(&ledger->db, err, "UPDATE runs SET state = ? WHERE state = ?",
                  db_int(RUN_INTERRUPTED), db_int(RUN_RUNNING)) &&
           (!sqlite3_changes(ledger->db.handle) || check_pages(ledger, err));
}

static bool bury_the_dead(struct stored_ledger *ledger, struct err *err)
{
    return stored_begin(ledger, err) && stored_end(ledger, bury(ledger, err), err);
}

static bool stored_lock(struct ledger *base, const struct ledger_holder *holder,
                        struct ledger_holder *ret_other, struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    assert(ledger->lock.fd < 0);
    if (!lock_take(&ledger->lock, ledger->db.path, holder, ret_other, err))
        return false;
    ledger->holder = *holder;
    if (bury_the_dead(ledger, err))
        return true;
    lock_release(&ledger->lock);
    return false;
}

const struct ledger_kind ledger_stored = {
    .open = stored_open,
    .close = stored_close,
    .lock = stored_lock,
    .write = stored_write,
    .find = stored_find,
    .find_older = stored_find_older,
    .read_family = stored_read_family,
    .list = stored_list,
    .read_fleet = stored_read_fleet,
    .read_chain = stored_read_chain,
    .names_snapshot = stored_names_snapshot,
    .read_visits = stored_read_visits,
    .replay = stored_replay,
    .forget = stored_forget,
};
