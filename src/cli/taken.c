#include "cli/taken.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/dialect.h"
#include "dialect/dialect.h"
#include "inventory/inventory.h"

static const char *path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

enum { HEAD_SIZE = 4096, PATH_BYTES = 8192 };

/* How the file begins; "" where it cannot be read. */
static size_t read_head(const char *path, char ret_head[HEAD_SIZE])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t len = fd >= 0 ? read(fd, ret_head, HEAD_SIZE - 1) : 0;
    if (fd >= 0)
        close(fd);
    ret_head[len > 0 ? len : 0] = '\0';
    return len > 0 ? (size_t)len : 0;
}

bool taken_by_database(const char *path)
{
    const char *magic = dialect_info(dialect_of_files())->magic;
    char head[HEAD_SIZE];
    return read_head(path, head) >= strlen(magic) && memcmp(head, magic, strlen(magic)) == 0;
}

static bool ends_with(const char *text, const char *ending)
{
    size_t len = strlen(text), ending_len = strlen(ending);
    return len > ending_len && strcmp(text + len - ending_len, ending) == 0;
}

static bool is_beside_database(const char *path, const char *ending)
{
    struct buf database;
    if (!ends_with(path, ending))
        return false;
    buf_init(&database, PATH_BYTES);
    buf_add(&database, path, strlen(path) - strlen(ending));
    bool is_one = taken_by_database(database.data);
    buf_done(&database);
    return is_one;
}

/* What is kept beside a database, and the ledger's lock: rows that were committed may stand in there alone. */
static bool is_part_of_database(const char *path)
{
    const char *const *endings = dialect_info(dialect_of_files())->companions;
    bool is_one = is_beside_database(path, ".lock");
    for (size_t i = 0; endings[i]; i++)
        is_one |= is_beside_database(path, endings[i]);
    return is_one;
}

/* Of this chain, or of another. */
static bool is_revision(const char *path)
{
    static const char *const lines[] = {"\n-- Revision ID:", "\n-- Checkpoint:", "\n-- migrate:"};
    char head[HEAD_SIZE + 1] = "\n";
    bool is_one = false;
    read_head(path, head + 1);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        is_one |= strstr(head, lines[i]) != NULL;
    return is_one;
}

/* A chain is what ends in `.sql` in its folder: another file there would stop every command after this one. */
static bool would_be_revision(const char *path)
{
    static const char ending[] = ".sql";
    enum { LOOKED_AT = 64 };
    int folder_len = (int)(path_name(path) - path);
    size_t count = 0;
    bool is_one = false;
    struct buf name;
    if (!ends_with(path, ending))
        return false;
    buf_init(&name, PATH_BYTES);
    buf_addf(&name, "%.*s.", folder_len, path);
    DIR *folder = opendir(name.data);
    for (struct dirent *entry;
         folder && !is_one && count < LOOKED_AT && (entry = readdir(folder));) {
        if (!ends_with(entry->d_name, ending))
            continue;
        buf_clear(&name);
        buf_addf(&name, "%.*s%s", folder_len, path, entry->d_name);
        is_one = is_revision(name.data);
        count++;
    }
    if (folder)
        closedir(folder);
    buf_done(&name);
    return is_one;
}

static bool stat_folder(const char *path, struct stat *ret_st)
{
    const char *name = path_name(path);
    struct buf folder;
    buf_init(&folder, PATH_BYTES);
    buf_addf(&folder, "%.*s.", (int)(name - path), path);
    bool is_there = stat(folder.data, ret_st) == 0;
    buf_done(&folder);
    return is_there;
}

bool taken_are_one(const char *path, const char *other)
{
    struct stat a, b;
    return strcmp(path_name(path), path_name(other)) == 0 && stat_folder(path, &a) &&
           stat_folder(other, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static bool is_inventory(const struct options *options, const char *path)
{
    struct err err;
    char *inventory = inventory_locate(options->file, &err);
    bool is_it = inventory && taken_are_one(path, inventory);
    free(inventory);
    return is_it;
}

const char *taken_reason(const struct options *options, const char *path)
{
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
        return "is a link: name the file that it leads to";
    if (taken_by_database(path))
        return "is a database: name another file";
    if (is_part_of_database(path))
        return "belongs to a database: name another file";
    if (is_inventory(options, path))
        return "is the inventory: name another file";
    if (is_revision(path))
        return "is a revision: name another file";
    if (would_be_revision(path))
        return "would be read as a revision: name another file";
    if (options->plan && taken_are_one(path, options->plan))
        return "is the plan that is followed: name another file";
    if (options->listen_token_file && taken_are_one(path, options->listen_token_file))
        return "is the file of the token: name another file";
    if (strcmp(path, "-") == 0)
        return "is no file: without it, the format goes to stdout ('./-' is a file)";
    return NULL;
}
