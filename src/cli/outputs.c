#include "cli/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio_ext.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/parse.h"
#include "base/path.h"
#include "cli/command.h"
#include "cli/faults.h"
#include "cli/taken.h"
#include "report/report.h"

static bool fail(struct err *err)
{
    return err_set(err, ERR_CONFIG, "cannot write it: %s", strerror(errno));
}

enum list_format { LIST_TEXT, LIST_JSON };

static const char *list_format_at(size_t index)
{
    static const char *const names[] = {[LIST_TEXT] = "text", [LIST_JSON] = "json"};
    return index < ARRAY_LEN(names) ? names[index] : NULL;
}

/* Does a command before that one have the format too? */
static bool is_known(size_t command, const char *format)
{
    size_t index;
    for (size_t c = 0; c < command; c++)
        if (command_at(c)->formats && choice_find(command_at(c)->formats(NULL), format, &index))
            return true;
    return false;
}

const char *outputs_format_at(size_t index)
{
    const struct command *command;
    const char *format;
    for (size_t c = 0; (command = command_at(c)); c++) {
        choice_fn *format_at = command->formats ? command->formats(NULL) : NULL;
        for (size_t i = 0; format_at && (format = format_at(i)); i++)
            if (!is_known(c, format) && !index--)
                return format;
    }
    return NULL;
}

choice_fn *outputs_list_formats(const struct options *options)
{
    (void)options;
    return list_format_at;
}

choice_fn *outputs_report_formats(const struct options *options)
{
    (void)options;
    return report_format_name_at;
}

static bool write_as(const struct writer *writer, const char *format, FILE *out, struct err *err)
{
    size_t list_format = LIST_TEXT;
    if (writer->write)
        return writer->write(writer->ctx, format, out, err);
    if (!choice_find(list_format_at, format, &list_format))
        return err_set(err, ERR_INTERNAL, "a list has no format '%s'", format);
    if (list_format == LIST_JSON)
        writer->json(writer->ctx, out);
    else
        writer->text(writer->ctx, out);
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

/* The new file gets the owner and mode of the old one, so that the same people may read it. Another's file
 * becomes ours, unless we may give files away. */
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
    if (taken_by_database(output->path)) /* the run may have made it */
        return err_set(err, ERR_CONFIG, "it is a database: name another file");
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

/* The caller tells what failed, once: main asks stdout again at the end. */
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

/* Is it a file that is made, or replaced? */
static bool is_made(const char *path)
{
    int fd;
    return path && !find_descriptor(path, &fd) && !is_special(path);
}

/* The file of metrics is replaced again and again: that would be the end of a pipe or a device, and a folder cannot be. */
static bool check_metrics(const struct options *options, struct err *err)
{
    int fd;
    const char *path = options->metrics;
    if (!path || (!find_descriptor(path, &fd) && !is_special(path)))
        return true;
    return err_set(err, ERR_CONFIG,
                   "--metrics: '%s' is no file that could be replaced: name another one", path);
}

/* `what` is the option that names it; `before` outputs were looked at already. */
static bool check_path(const struct options *options, const char *what, const char *path,
                       size_t before, struct err *err)
{
    if (!is_made(path))
        return true;
    const char *reason = taken_reason(options, path);
    if (reason)
        return err_set(err, ERR_CONFIG, "--%s: '%s' %s", what, path, reason);
    for (size_t i = 0; i < before; i++)
        if (is_made(options->outputs[i].path) && taken_are_one(options->outputs[i].path, path))
            return err_set(err, ERR_CONFIG,
                           "--%s: '%s' is named twice, and the second would replace the first: "
                           "name another file",
                           what, path);
    return true;
}

bool outputs_check(const struct options *options, struct err *err)
{
    for (size_t i = 0; i < options->output_count; i++)
        if (!check_path(options, "output", options->outputs[i].path, i, err))
            return false;
    return check_path(options, "save", options->save, options->output_count, err) &&
           check_metrics(options, err) &&
           check_path(options, "metrics", options->metrics, options->output_count, err);
}

bool outputs_write_file(const struct writer *writer, const char *format, const char *path)
{
    return write_output(writer, &(struct output){format, path});
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
