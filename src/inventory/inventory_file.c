/* The inventory's file: where it lies, and what it holds. */
#include "inventory/inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "inventory/load/builder.h"
#include "inventory/load/yaml.h"

/* One byte more than is allowed shows that there is too much. */
static bool read_file(const char *path, char **ret_bytes, size_t *ret_len)
{
    size_t len = 0;
    size_t capacity = 64 * 1024;
    ssize_t count;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    char *bytes = xmalloc(capacity);
    while ((count = read(fd, bytes + len, capacity - len)) != 0 && len <= YAML_MAX_BYTES) {
        if (count < 0 && errno != EINTR)
            break;
        len += count > 0 ? (size_t)count : 0;
        if (len == capacity)
            bytes = xrealloc(bytes, capacity *= 2);
    }
    int error = errno;
    close(fd);
    if (count < 0) {
        free(bytes);
        errno = error;
        return false;
    }
    *ret_bytes = bytes;
    *ret_len = len;
    return true;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static const char *const names[] = {"skein.yaml", "skein.yml"};

/* The file's path in the folder; malloc'd. */
static char *path_in(const char *folder, const char *name)
{
    struct buf buf;
    bool is_here = strcmp(folder, ".") == 0;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_addf(&buf, "%s%s%s", is_here ? "" : folder,
             is_here || folder[strlen(folder) - 1] == '/' ? "" : "/", name);
    char *path = xstrdup(buf.data);
    buf_done(&buf);
    return path;
}

static size_t find_in(const char *folder, char *ret_found[ARRAY_LEN(names)])
{
    size_t count = 0;
    struct stat st;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char *path = path_in(folder, names[i]);
        if (stat(path, &st) == 0)
            ret_found[count++] = path;
        else
            free(path);
    }
    return count;
}

char *inventory_locate(const char *path, struct err *err)
{
    char *found[ARRAY_LEN(names)] = {NULL};
    if (!is_folder(path))
        return xstrdup(path);
    size_t count = find_in(path, found);
    if (count == 1)
        return found[0];
    if (count)
        err_at(err, ERR_CONFIG, path, 0,
               "there are two inventories, '%s' and '%s': say which with -f", names[0], names[1]);
    else
        err_at(err, ERR_CONFIG, path, 0,
               "there is no inventory, '%s' or '%s', in this folder: name it with -f, or begin one "
               "with 'skein init'",
               names[0], names[1]);
    if (!count)
        snprintf(err->code, sizeof err->code, INVENTORY_MISSING);
    for (size_t i = 0; i < count; i++)
        free(found[i]);
    return NULL;
}

/* `path` is the file itself. */
static struct inventory_builder *read_located(const char *path, struct faults *faults)
{
    char *bytes;
    size_t len;
    if (!read_file(path, &bytes, &len)) {
        faults_add(faults, ERR_CONFIG, path, 0, "the inventory cannot be read: %s",
                   strerror(errno));
        return NULL;
    }
    struct inventory_builder *builder = inventory_parse(path, bytes, len, faults);
    explicit_bzero(bytes, len); /* passwords may stand in it */
    free(bytes);
    return builder;
}

struct inventory_builder *inventory_read(const char *path, struct faults *faults)
{
    struct err err;
    char *located = inventory_locate(path, &err);
    if (!located) {
        faults_add_err(faults, &err);
        return NULL;
    }
    struct inventory_builder *builder = read_located(located, faults);
    free(located);
    return builder;
}

struct inventory_builder *inventory_read_if_there(const char *path, struct faults *faults)
{
    static const char nothing[] = "{}\n";
    char *found[ARRAY_LEN(names)] = {NULL};
    size_t count = is_folder(path) ? find_in(path, found) : 1;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        free(found[i]);
    if (count)
        return inventory_read(path, faults);
    char *none = path_in(path, names[0]);
    struct inventory_builder *builder = inventory_parse(none, nothing, sizeof nothing - 1, faults);
    free(none);
    if (builder)
        builder->inventory->is_absent = true;
    return builder;
}
