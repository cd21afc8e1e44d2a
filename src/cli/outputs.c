#include "cli/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
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

static bool is_special(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static FILE *open_file(const char *path, int flags, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0600);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!out)
        fail(err);
    return out;
}

/* A pipe or a device is written to as it stands: renaming a file over it would be its end. */
static bool write_special(const struct writer *writer, const struct output *output, struct err *err)
{
    FILE *out = open_file(output->path, O_NOCTTY, err);
    if (!out)
        return false;
    bool is_good = write_as(writer, output->format, out, err) && (fflush(out) == 0 || fail(err));
    fclose(out);
    return is_good;
}

/* A new file beside the old one, then renamed over it. A link stays, and what it leads to is replaced. */
static bool write_file(const struct writer *writer, const struct output *output, struct err *err)
{
    struct buf path;
    char *resolved = realpath(output->path, NULL);
    const char *target = resolved ? resolved : output->path;
    buf_init(&path, 8192);
    buf_addf(&path, "%s.%d.tmp", target, (int)getpid());
    FILE *out = open_file(path.data, O_CREAT | O_EXCL, err);
    bool is_good = out && write_as(writer, output->format, out, err);
    if (is_good && (fflush(out) || fsync(fileno(out)) || rename(path.data, target)))
        is_good = fail(err);
    if (out)
        fclose(out);
    if (!is_good)
        unlink(path.data);
    buf_done(&path);
    free(resolved);
    return is_good;
}

static bool write_stdout(const struct writer *writer, const char *format, struct err *err)
{
    return write_as(writer, format, stdout, err) && (fflush(stdout) == 0 || fail(err));
}

static bool write_output(const struct writer *writer, const struct output *output)
{
    struct err err;
    bool is_good = !output->path              ? write_stdout(writer, output->format, &err)
                   : is_special(output->path) ? write_special(writer, output, &err)
                                              : write_file(writer, output, &err);
    if (!is_good)
        cli_note("%s: %s", output->path ? output->path : "stdout", err.text);
    return is_good;
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
