#include "base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

enum { FIRST_LINE_BYTES = 256 };

/* 0, or an errno. */
static int judge_file(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return errno;
    if (S_ISDIR(st.st_mode))
        return EISDIR;
    if (!S_ISREG(st.st_mode))
        return EACCES;
    return access(path, X_OK) == 0 ? 0 : errno;
}

/* The program that a script's first line names; false: it names none, or cannot be read. */
static bool read_interpreter(const char *path, char ret_name[FIRST_LINE_BYTES])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, ret_name, FIRST_LINE_BYTES - 1);
    if (fd >= 0)
        close(fd);
    ret_name[len > 0 ? len : 0] = '\0';
    if (strncmp(ret_name, "#!", 2) != 0 || !strchr(ret_name, '\n'))
        return false;
    size_t skip = 2 + strspn(ret_name + 2, " \t");
    size_t name_len = strcspn(ret_name + skip, " \t\n");
    memmove(ret_name, ret_name + skip, name_len);
    ret_name[name_len] = '\0';
    return name_len > 0;
}

static bool check_path(const char *path, struct err *err)
{
    char interpreter[FIRST_LINE_BYTES];
    int error = judge_file(path);
    if (error == EACCES)
        return err_set(err, ERR_CONFIG, "'%.256s' may not be executed: chmod +x it", path);
    if (error)
        return err_set(err, ERR_CONFIG, "'%.256s' cannot be run: %s", path, strerror(error));
    if (read_interpreter(path, interpreter) && (error = judge_file(interpreter)))
        return err_set(err, ERR_CONFIG,
                       "'%.256s' cannot be run: its first line names '%.100s': %s%s", path,
                       interpreter, strerror(error),
                       strchr(interpreter, '\r') ? " (the line ends with CR LF)" : "");
    return true;
}

/* The first that can be executed, in the order of PATH. */
static bool check_name(const char *name, struct err *err)
{
    const char *at = getenv("PATH");
    for (at = at ? at : "/usr/bin:/bin"; *at;) {
        char path[PATH_MAX];
        int len = (int)strcspn(at, ":");
        snprintf(path, sizeof path, "%.*s%s%s", len, at, len ? "/" : "", name);
        if (judge_file(path) == 0)
            return check_path(path, err);
        at += len + (at[len] == ':');
    }
    return err_set(err, ERR_CONFIG,
                   "there is no program '%.100s' in PATH; one beside the inventory is './%.100s'",
                   name, name);
}

bool program_check(const char *name, struct err *err)
{
    return strchr(name, '/') ? check_path(name, err) : check_name(name, err);
}
