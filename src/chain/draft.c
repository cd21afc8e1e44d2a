#include "chain/draft.h"

#include <libgen.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/name_template.h"
#include "chain/template.h"
#include "chain/write.h"

struct drafting {
    struct arena arena;
    const struct draft *draft;
    const char *template_path;
    const char *path; /* the path of the new file, as it is shown */
    struct chain_file file;
    struct faults *faults;
};

static bool add_fault(struct drafting *drafting, const char *path, int line, const char *what,
                      const char *thing)
{
    faults_add(drafting->faults, ERR_CHAIN, path, line, "%s%s", what, thing);
    return false;
}

/* ---- the text ------------------------------------------------------------------------------ */

static bool read_template(struct drafting *drafting, const char **ret_text)
{
    const char *asked = drafting->draft->template_path;
    const char *why;
    size_t len;
    drafting->template_path =
        asked ? asked : arena_printf(&drafting->arena, "%s/" TEMPLATE_NAME, drafting->draft->dir);
    *ret_text = template_default;
    if (!asked && access(drafting->template_path, F_OK) != 0)
        return true;
    const char *dir = asked ? dirname(arena_strdup(&drafting->arena, asked)) : drafting->draft->dir;
    if (!file_read(&drafting->arena, dir, drafting->template_path, ret_text, &len, &why))
        return add_fault(drafting, drafting->template_path, 0, "cannot read it: ", why);
    return true;
}

static const char *make_name(struct drafting *drafting)
{
    const struct draft *draft = drafting->draft;
    const struct revision *revision = &draft->revision;
    struct arena *arena = &drafting->arena;
    struct buf name;
    if (!draft->name_template)
        return revision_file_name(arena, revision->id, revision->message);
    const struct name_parts parts = {revision->id, revision_slug(arena, revision->message),
                                     draft->made_at};
    buf_init(&name, BUF_MAX_DEFAULT);
    name_template_fill(&name, draft->name_template, &parts);
    const char *text = arena_printf(arena, "%s.sql", name.data);
    buf_done(&name);
    return text;
}

static bool fill_template(struct drafting *drafting, struct buf *text)
{
    const char *template;
    struct err err;
    if (!read_template(drafting, &template))
        return false;
    if (template_fill(text, drafting->template_path, template, &drafting->draft->revision, &err))
        return true;
    faults_add_err(drafting->faults, &err);
    return false;
}

static bool make_text(struct drafting *drafting)
{
    const struct revision *revision = &drafting->draft->revision;
    struct buf text;
    bool is_good = true;
    buf_init(&text, FILE_MAX_BYTES);
    if (revision->section_count)
        revision_write(&text, revision);
    else
        is_good = fill_template(drafting, &text);
    drafting->file = (struct chain_file){
        .name = make_name(drafting),
        .bytes = arena_strndup(&drafting->arena, text.data, text.len),
        .len = text.len,
    };
    drafting->path =
        arena_printf(&drafting->arena, "%s/%s", drafting->draft->dir, drafting->file.name);
    buf_done(&text);
    return is_good;
}

/* ---- read back ----------------------------------------------------------------------------- */

static bool are_same(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

/* Checks that the new file, read back, says what was asked for. A message such as `Revises: x` would be read as a key
 * of the header, and a template may have no place for the labels. */
static bool check_meaning(struct drafting *drafting)
{
    const struct revision *asked = &drafting->draft->revision;
    const struct revision *read =
        revision_parse(&drafting->arena, drafting->path, drafting->file.bytes, drafting->file.len,
                       drafting->faults);
    const char *differing = NULL;
    if (!read)
        return false;
    if (strcmp(read->id, asked->id) != 0)
        differing = "id (${revision})";
    else if (strcmp(read->message, asked->message) != 0)
        differing = "message (${message})";
    else if (!are_same(read->down_ids, read->down_count, asked->down_ids, asked->down_count))
        differing = "parents (${revises})";
    else if (!are_same(read->labels, read->label_count, asked->labels, asked->label_count))
        differing = "branch labels (${branch_labels})";
    else if (!are_same(read->depend_ids, read->depend_count, asked->depend_ids,
                       asked->depend_count))
        differing = "dependencies (${depends_on})";
    return !differing ||
           add_fault(drafting, drafting->template_path ? drafting->template_path : drafting->path,
                     0, "a file made from it does not have the asked for ", differing);
}

/* ---- the chain ----------------------------------------------------------------------------- */

static struct chain *build_with(struct drafting *drafting)
{
    const char *dir = drafting->draft->dir;
    struct chain_file *files;
    size_t count;
    if (!chain_read(&drafting->arena, dir, &files, &count, drafting->faults))
        return NULL;
    struct chain_file *all = arena_calloc(&drafting->arena, count + 1, sizeof *all);
    size_t at = 0; /* files stand by name */
    while (at < count && strcmp(files[at].name, drafting->file.name) < 0)
        at++;
    for (size_t i = 0; i < count; i++)
        all[i + (i >= at)] = files[i];
    all[at] = drafting->file;
    return chain_build(dir, all, count + 1, drafting->faults);
}

static struct chain *build_draft(struct drafting *drafting)
{
    return make_text(drafting) && check_meaning(drafting) ? build_with(drafting) : NULL;
}

struct chain *draft_try(const struct draft *draft, struct faults *faults)
{
    struct drafting drafting = {.draft = draft, .faults = faults};
    arena_init(&drafting.arena);
    struct chain *chain = build_draft(&drafting);
    arena_done(&drafting.arena);
    return chain;
}

struct chain *draft_put(const struct draft *draft, struct faults *faults)
{
    struct drafting drafting = {.draft = draft, .faults = faults};
    struct err err;
    arena_init(&drafting.arena);
    struct chain *chain = build_draft(&drafting);
    if (chain && !chain_put(draft->dir, &drafting.file, 1, &err)) {
        faults_add_err(faults, &err);
        chain_free(chain);
        chain = NULL;
    }
    arena_done(&drafting.arena);
    return chain;
}
