#include "cli/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio_ext.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/parse.h"
#include "cli/faults.h"

static bool fail(struct err *err)
{
    return err_set(err, ERR_CONFIG, "cannot write it: %s", strerror(errno));
}

static bool write_as(const struct writer *writer, const char *format, FILE *out, struct err *err)
{
    if (writer->write)
        return writer->write(writer->ctx, format, out, err);
    if (strcmp(format, "text") == 0)
        writer->text(writer->ctx, out);
    else if (strcmp(format, "json") == 0)
        writer->json(writer->ctx, out);
    else
        return err_set(err, ERR_CONFIG, "this command has no %s: text or json", format);
    return !ferror(out) || fail(err);
}

/* `/dev/stdout` and the like are what the process was given, whatever that is: a file must not be replaced under
 * the shell that opened it. */
static bool find_descriptor(const char *path, int *ret_fd)
{
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    uint32_t number = 0;
    bool is_one = strcmp(path, "/dev/stdout") == 0 || strcmp(path, "/dev/stderr") == 0;
    if (is_one)
        number = path[8] == 'o' ? STDOUT_FILENO : STDERR_FILENO;
    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        is_one |= strncmp(path, folders[i], strlen(folders[i])) == 0 &&
                  parse_u32(path + strlen(folders[i]), 0, INT32_MAX, &number);
    *ret_fd = (int)number;
    return is_one;
}

static bool is_special(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static FILE *to_stream(int fd, struct err *err)
{
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!out)
        fail(err);
    return out;
}

static FILE *open_file(const char *path, int flags, struct err *err)
{
    return to_stream(open(path, O_WRONLY | O_CLOEXEC | flags, 0600), err);
}

/* A pipe, a device or a descriptor is written to as it stands: renaming a file over it would be its end. */
static bool write_stream(const struct writer *writer, const struct output *output, FILE *out,
                         struct err *err)
{
    if (!out)
        return false;
    bool is_good = write_as(writer, output->format, out, err) && (fflush(out) == 0 || fail(err));
    fclose(out);
    return is_good;
}

/* The new file takes the place of an old one with all who may read it. Another's file becomes ours, unless we may
 * give files away. */
static bool keep_mode(int fd, const char *path)
{
    struct stat st;
    if (lstat(path, &st) || !S_ISREG(st.st_mode))
        return true;
    if (fchown(fd, st.st_uid, st.st_gid) && fchown(fd, (uid_t)-1, st.st_gid))
        return fchmod(fd, st.st_mode & (S_IRWXU | S_IRWXO)) == 0; /* the group is another now */
    return fchmod(fd, st.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO)) == 0;
}

/* A new file beside the old one, then renamed over it: whole or not at all, and never through a link. */
static bool write_file(const struct writer *writer, const struct output *output, struct err *err)
{
    struct buf path;
    buf_init(&path, 8192);
    buf_addf(&path, "%s.%d.tmp", output->path, (int)getpid());
    FILE *out = open_file(path.data, O_CREAT | O_EXCL, err);
    bool is_good = out && write_as(writer, output->format, out, err);
    if (is_good && (fflush(out) || !keep_mode(fileno(out), output->path) || fsync(fileno(out)) ||
                    rename(path.data, output->path)))
        is_good = fail(err);
    if (out)
        fclose(out);
    if (out && !is_good)
        unlink(path.data);
    buf_done(&path);
    return is_good;
}

/* What failed is told by the caller, once: main asks stdout again at the end. */
static bool write_stdout(const struct writer *writer, const char *format, struct err *err)
{
    if (write_as(writer, format, stdout, err) && (fflush(stdout) == 0 || fail(err)))
        return true;
    __fpurge(stdout);
    clearerr(stdout);
    return false;
}

static bool write_to(const struct writer *writer, const struct output *output, struct err *err)
{
    int fd;
    if (!output->path)
        return write_stdout(writer, output->format, err);
    if (find_descriptor(output->path, &fd)) {
        fflush(stdout);
        return write_stream(writer, output, to_stream(dup(fd), err), err);
    }
    if (is_special(output->path))
        return write_stream(writer, output, open_file(output->path, O_NOCTTY, err), err);
    return write_file(writer, output, err);
}

static bool write_output(const struct writer *writer, const struct output *output)
{
    struct err err;
    bool is_good = write_to(writer, output, &err);
    if (!is_good)
        cli_note("%s: %s", output->path ? output->path : "stdout", err.text);
    return is_good;
}

static bool is_link(const char *path)
{
    struct stat st;
    int fd;
    return !find_descriptor(path, &fd) && lstat(path, &st) == 0 && S_ISLNK(st.st_mode) &&
           !is_special(path);
}

bool outputs_check(const struct options *options, struct err *err)
{
    for (size_t i = 0; i < options->output_count; i++)
        if (options->outputs[i].path && is_link(options->outputs[i].path))
            return err_set(err, ERR_CONFIG,
                           "--output: '%s' is a link: name the file that it leads to",
                           options->outputs[i].path);
    return true;
}

bool outputs_write(const struct options *options, const struct writer *writer, bool has_gone_well)
{
    bool has_stdout = false, is_good = true;
    for (size_t i = 0; i < options->output_count; i++) {
        const struct output *output = &options->outputs[i];
        has_stdout |= !output->path;
        is_good &= write_output(writer, output);
    }
    bool is_silent = options->is_quiet && has_gone_well;
    if (has_stdout || is_silent)
        return is_good;
    return write_output(writer, &(struct output){"text", NULL}) && is_good;
}
