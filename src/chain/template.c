#include "chain/template.h"

#include "base/buf.h"

const char template_default[] = "-- ${message}\n"
                                "--\n"
                                "-- Revision ID: ${revision}\n"
                                "-- Revises: ${revises}\n"
                                "-- Branch Labels: ${branch_labels}\n"
                                "-- Depends On: ${depends_on}\n"
                                "-- Create Date: ${create_date}\n"
                                "\n"
                                "-- migrate:up\n"
                                "\n"
                                "-- migrate:down\n";

static void add_id(struct buf *out, const struct revision *revision)
{
    buf_adds(out, revision->id);
}

static void add_message(struct buf *out, const struct revision *revision)
{
    buf_adds(out, revision->message);
}

static void add_date(struct buf *out, const struct revision *revision)
{
    buf_adds(out, revision->create_date);
}

static void add_revises(struct buf *out, const struct revision *revision)
{
    buf_add_list(out, revision->down_ids, revision->down_count);
}

static void add_depends(struct buf *out, const struct revision *revision)
{
    buf_add_list(out, revision->depend_ids, revision->depend_count);
}

static void add_labels(struct buf *out, const struct revision *revision)
{
    buf_add_list(out, revision->labels, revision->label_count);
}

struct variable {
    const char *name;
    void (*add)(struct buf *out, const struct revision *revision);
    bool is_optional; /* its line goes where it is empty */
};

static const struct variable variables[] = {
    {"message", add_message, false},   {"revision", add_id, false},
    {"revises", add_revises, false},   {"branch_labels", add_labels, true},
    {"depends_on", add_depends, true}, {"create_date", add_date, false},
};

static const struct variable *find_variable(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(variables); i++)
        if (strlen(variables[i].name) == len && strncmp(variables[i].name, name, len) == 0)
            return &variables[i];
    return NULL;
}

struct line {
    const char *text;
    size_t len;
    bool is_filled;  /* some variable stood in it */
    bool is_dropped; /* an optional one of them was empty */
};

/* `${…}` at `at`: adds what it stands for. Returns the place after it, or NULL where it stands for nothing. */
static const char *fill_variable(struct buf *out, struct line *line, const char *at,
                                 const struct revision *revision)
{
    const char *end = memchr(at, '}', (size_t)(line->text + line->len - at));
    const struct variable *variable = end ? find_variable(at + 2, (size_t)(end - at - 2)) : NULL;
    if (!variable)
        return NULL;
    size_t before = out->len;
    variable->add(out, revision);
    line->is_filled = true;
    line->is_dropped |= variable->is_optional && out->len == before;
    return end + 1;
}

/* NULL, or the variable that is none. */
static const char *fill_line(struct buf *out, struct line *line, const struct revision *revision)
{
    const char *end = line->text + line->len;
    for (const char *at = line->text; at < end;) {
        if (end - at < 2 || at[0] != '$' || at[1] != '{') {
            buf_addc(out, *at++);
            continue;
        }
        const char *after = fill_variable(out, line, at, revision);
        if (!after)
            return at;
        at = after;
    }
    return NULL;
}

static void shorten_to(struct buf *out, size_t len)
{
    out->len = len;
    out->data[len] = '\0';
}

bool template_fill(struct buf *out, const char *path, const char *text,
                   const struct revision *revision, struct err *err)
{
    int number = 1;
    for (const char *at = text; *at; number++) {
        const char *end = strchr(at, '\n');
        struct line line = {.text = at, .len = end ? (size_t)(end - at) : strlen(at)};
        size_t begin = out->len;
        const char *wrong = fill_line(out, &line, revision);
        if (wrong)
            return err_at(err, ERR_CHAIN, path, number,
                          "'%.*s' is none of ${message} ${revision} ${revises} ${branch_labels} "
                          "${depends_on} ${create_date}",
                          (int)strcspn(wrong, "}\n") + 1, wrong);
        while (line.is_filled && out->len > begin && out->data[out->len - 1] == ' ')
            shorten_to(out, out->len - 1);
        if (line.is_dropped)
            shorten_to(out, begin);
        else
            buf_adds(out, end ? "\n" : "");
        at += line.len + (end != NULL);
    }
    return true;
}
