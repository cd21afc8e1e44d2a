#include "chain/write.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wctype.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/utf8.h"
#include "chain/repeat.h"

/* ---- text ---------------------------------------------------------------------------------- */

static void add_list(struct buf *out, const char *key, const char *const *items, size_t count)
{
    buf_addf(out, "-- %s:", key);
    for (size_t i = 0; i < count; i++)
        buf_addf(out, "%s%s", i ? ", " : " ", items[i]);
    buf_addc(out, '\n');
}

static void add_header(struct buf *out, const struct revision *revision)
{
    if (*revision->message)
        buf_addf(out, "-- %s\n--\n", revision->message);
    buf_addf(out, "-- %s: %s\n", revision->is_checkpoint ? "Checkpoint" : "Revision ID",
             revision->id);
    if (!revision->is_checkpoint)
        add_list(out, "Revises", revision->down_ids, revision->down_count);
    if (revision->label_count)
        add_list(out, "Branch Labels", revision->labels, revision->label_count);
    if (revision->depend_count)
        add_list(out, "Depends On", revision->depend_ids, revision->depend_count);
    if (*revision->create_date)
        buf_addf(out, "-- Create Date: %s\n", revision->create_date);
}

static void add_section(struct buf *out, const struct section *section)
{
    const char *sql = section->sql;
    size_t len = section->sql_len;
    while (len && strchr(" \t\r\n", sql[len - 1]))
        len--;
    buf_addf(out, "\n-- migrate:%s", section->direction == DIRECTION_UP ? "up" : "down");
    if (!section->is_general)
        buf_addf(out, " dialect:%s", dialect_info(section->dialect)->name);
    if (!section->is_transactional)
        buf_adds(out, " transaction:false");
    if (section->repeat)
        repeat_write(out, section->repeat);
    buf_addc(out, '\n');
    buf_add(out, sql, len);
    if (len)
        buf_addc(out, '\n');
}

void revision_write(struct buf *out, const struct revision *revision)
{
    add_header(out, revision);
    for (size_t i = 0; i < revision->section_count; i++)
        add_section(out, &revision->sections[i]);
}

/* ---- name ---------------------------------------------------------------------------------- */

enum { SLUG_MAX = 40 };

/* The words so far, joined by `_`. */
struct slug {
    struct buf text;
    size_t len;       /* the bytes of `text` that count */
    size_t last_word; /* where the last word may be cut off; 0: nowhere */
    size_t count;     /* characters */
};

/* False: there is no room any more. */
static bool add_character(struct slug *slug, wint_t character, bool is_of_word)
{
    if (!is_of_word && (!slug->len || slug->text.data[slug->len - 1] == '_'))
        return true;
    if (slug->count == SLUG_MAX) {
        slug->len = is_of_word && slug->last_word ? slug->last_word : slug->len;
        return false;
    }
    if (!is_of_word)
        slug->last_word = slug->len;
    buf_addf(&slug->text, "%lc", is_of_word ? (wint_t)towlower(character) : L'_');
    slug->len = slug->text.len;
    slug->count++;
    return true;
}

static void add_words(struct slug *slug, const char *message)
{
    size_t left = strlen(message), size;
    uint32_t code = 0;
    for (const char *at = message; left; at += size, left -= size) {
        size = utf8_decode(at, left, &code);
        if (!add_character(slug, code, size && iswalnum(code)))
            return;
        size = size ? size : 1;
    }
}

const char *revision_slug(struct arena *arena, const char *message)
{
    struct slug slug = {0};
    /* Letters are letters, whatever the locale that we run in. */
    locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
    locale_t before = uselocale(unicode);
    buf_init(&slug.text, BUF_MAX_DEFAULT);
    add_words(&slug, message);
    uselocale(before);
    if (unicode)
        freelocale(unicode);
    while (slug.len && slug.text.data[slug.len - 1] == '_')
        slug.len--;
    const char *words = arena_strndup(arena, slug.text.data, slug.len);
    buf_done(&slug.text);
    return words;
}

const char *revision_file_name(struct arena *arena, const char *id, const char *message)
{
    const char *slug = revision_slug(arena, message);
    return arena_printf(arena, "%s%s%s.sql", id, *slug ? "_" : "", slug);
}

/* ---- the folder ---------------------------------------------------------------------------- */

struct putting {
    struct arena arena;
    const char *dir;
    const struct chain_file *files;
    size_t count;
    size_t written; /* under their hidden names */
    size_t placed;  /* under their own names */
    struct err *err;
};

static const char *path_of(struct putting *putting, size_t index)
{
    return arena_printf(&putting->arena, "%s/%s", putting->dir, putting->files[index].name);
}

static const char *hidden_path_of(struct putting *putting, size_t index)
{
    return arena_printf(&putting->arena, "%s/.%s.%d.new", putting->dir, putting->files[index].name,
                        (int)getpid());
}

static bool fail_at(struct putting *putting, const char *path, const char *why)
{
    return err_at(putting->err, ERR_CHAIN, path, 0, "cannot write it: %s", why);
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t put = write(fd, bytes, len);
        if (put < 0 && errno != EINTR)
            return false;
        bytes += put > 0 ? put : 0;
        len -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

static bool write_hidden(struct putting *putting, size_t index)
{
    const struct chain_file *file = &putting->files[index];
    const char *path = hidden_path_of(putting, index);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return fail_at(putting, path, strerror(errno));
    putting->written = index + 1;
    bool is_good = write_all(fd, file->bytes, file->len) && fsync(fd) == 0;
    int code = errno;
    if (close(fd) && is_good) {
        is_good = false;
        code = errno;
    }
    return is_good || fail_at(putting, path, strerror(code));
}

/* link() refuses a name that is taken: rename() would replace the file. */
static bool place(struct putting *putting, size_t index)
{
    const char *path = path_of(putting, index);
    if (link(hidden_path_of(putting, index), path))
        return fail_at(putting, path, strerror(errno));
    putting->placed = index + 1;
    return true;
}

static bool sync_dir(struct putting *putting)
{
    int fd = open(putting->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_good = fd >= 0 && fsync(fd) == 0;
    if (!is_good)
        fail_at(putting, putting->dir, strerror(errno));
    if (fd >= 0)
        close(fd);
    return is_good;
}

static bool put_all(struct putting *putting)
{
    if (mkdir(putting->dir, 0777) && errno != EEXIST)
        return fail_at(putting, putting->dir, strerror(errno));
    for (size_t i = 0; i < putting->count; i++)
        if (!write_hidden(putting, i))
            return false;
    for (size_t i = 0; i < putting->count; i++)
        if (!place(putting, i))
            return false;
    return sync_dir(putting);
}

bool chain_put(const char *dir, const struct chain_file *files, size_t count, struct err *err)
{
    struct putting putting = {.dir = dir, .files = files, .count = count, .err = err};
    arena_init(&putting.arena);
    bool is_good = put_all(&putting);
    for (size_t i = 0; !is_good && i < putting.placed; i++)
        unlink(path_of(&putting, i));
    for (size_t i = 0; i < putting.written; i++)
        unlink(hidden_path_of(&putting, i));
    arena_done(&putting.arena);
    return is_good;
}
