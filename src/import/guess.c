#include "import/guess.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/human.h"
#include "import/tool.h"

enum { FILES_MAX = 500, BEGINNING = 8192 };

struct looking {
    struct import_guess *guess;
    size_t files; /* so many were looked at */
    bool has_revision;
};

static bool read_beginning(int dir_fd, const char *name, char ret_text[BEGINNING + 1])
{
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    ssize_t len =
        fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read(fd, ret_text, BEGINNING) : -1;
    if (fd >= 0)
        close(fd);
    if (len >= 0)
        ret_text[len] = '\0';
    return len >= 0;
}

/* `name`: below the folder that was asked about. */
static void look_at(struct looking *looking, const char *name, const char *text)
{
    struct import_guess *guess = looking->guess;
    const struct import_tool *tool;
    looking->has_revision |=
        !strchr(name, '/') && import_is_sql(name) && strstr(text, "-- Revision ID:");
    for (size_t i = 0; !guess->tool && (tool = import_tool_at(i)); i++)
        if (tool->recognises(name, text)) {
            guess->tool = tool;
            snprintf(guess->example, sizeof guess->example, "%s", name);
        }
}

static void look_in(struct looking *looking, int dir_fd, const char *below)
{
    char text[BEGINNING + 1], name[512];
    DIR *listing = fdopendir(dir_fd);
    if (!listing) {
        close(dir_fd);
        return;
    }
    for (struct dirent *entry; looking->files < FILES_MAX && (entry = readdir(listing));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s%s%s", below, *below ? "/" : "", entry->d_name);
        looking->files++;
        if (read_beginning(dirfd(listing), entry->d_name, text))
            look_at(looking, name, text);
        else if (!*below) {
            int fd = openat(dirfd(listing), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (fd >= 0)
                look_in(looking, fd, entry->d_name);
        }
    }
    closedir(listing);
}

bool import_guess(const char *dir, struct import_guess *ret_guess)
{
    struct looking looking = {.guess = ret_guess};
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *ret_guess = (struct import_guess){0};
    if (fd < 0)
        return false;
    look_in(&looking, fd, "");
    if (looking.has_revision)
        *ret_guess = (struct import_guess){0};
    return !looking.has_revision;
}

/* ---- in words ------------------------------------------------------------------------------ */

/* Files that the tool has to write are named by what writes them; folders are the chain's for now. */
static void add_command(struct buf *text, const struct import_tool *tool, const char *dir,
                        const char *dialect)
{
    if (tool->takes_files)
        buf_addf(text,
                 "'alembic upgrade base:heads --sql > up.sql', then 'skein import %s up.sql%s%s'",
                 tool->name, dialect ? " --dialect " : "", dialect ? dialect : "");
    else {
        buf_addf(text, "name another folder as 'chain' in the inventory, then 'skein import %s ",
                 tool->name);
        if (!human_add_shell_word(text, dir))
            buf_adds(text, "DIR");
        buf_adds(text, "'");
    }
}

void import_advise(const struct import_guess *guess, const char *dir, const char *dialect,
                   struct err *err)
{
    const struct import_tool *tool = guess->tool;
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    if (tool) {
        buf_adds(&text, "'");
        human_add_text(&text, guess->example);
        buf_addf(&text, "' is a migration of %s's: ", tool->takes_files ? "Alembic" : tool->name);
        add_command(&text, tool, dir, dialect);
    } else {
        buf_adds(
            &text,
            "make one with 'skein revision -m MESSAGE', or take another tool's over with 'skein import'");
    }
    err_add(err, "%s", text.data);
    buf_done(&text);
}
