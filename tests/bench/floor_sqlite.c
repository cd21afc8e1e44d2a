/* The least that SQLite allows: open, send the script (or read the version rows), close, on so many
 * threads. No version check, no lock, no history, no report. What skein needs beyond this is skein's.
 *
 *     floor_sqlite THREADS SCRIPT|- < paths of the databases, one a line
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    char **paths;
    size_t count;
    const char *script; /* NULL: read the version rows */
    atomic_size_t next;
} work;

static void die(sqlite3 *db, const char *path)
{
    fprintf(stderr, "floor_sqlite: %s: %s\n", path, sqlite3_errmsg(db));
    exit(1);
}

static void read_rows(sqlite3 *db, const char *path)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, "SELECT version_num FROM alembic_version", -1, &stmt, NULL))
        die(db, path);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        ;
    sqlite3_finalize(stmt);
}

static void *run_on_thread(void *unused)
{
    (void)unused;
    for (size_t i; (i = atomic_fetch_add(&work.next, 1)) < work.count;) {
        sqlite3 *db = NULL;
        if (sqlite3_open_v2(work.paths[i], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL))
            die(db, work.paths[i]);
        if (!work.script)
            read_rows(db, work.paths[i]);
        else if (sqlite3_exec(db, work.script, NULL, NULL, NULL))
            die(db, work.paths[i]);
        sqlite3_close(db);
    }
    return NULL;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    static char text[1 << 20];
    if (!file || fread(text, 1, sizeof text - 1, file) == 0)
        exit(2);
    fclose(file);
    return text;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    work.script = strcmp(argv[2], "-") == 0 ? NULL : read_file(argv[2]);
    char *line = NULL;
    size_t room = 0, capacity = 0;
    for (ssize_t length; (length = getline(&line, &room, stdin)) > 0;) {
        line[length - 1] = 0;
        if (work.count == capacity)
            work.paths = realloc(work.paths, (capacity = capacity * 2 + 64) * sizeof *work.paths);
        work.paths[work.count++] = strdup(line);
    }
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    pthread_t threads[256];
    long count = strtol(argv[1], NULL, 10);
    for (long i = 0; i < count && i < 256; i++)
        pthread_create(&threads[i], NULL, run_on_thread, NULL);
    for (long i = 0; i < count && i < 256; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
