/* Sources: tenants that are found, not listed. Files are found here. Queries are only read here: the caller of
 * inventory_read asks the databases. */
#include "base/path.h"
#include "inventory/load/builder.h"

#include <errno.h>
#include <glob.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"

/* ---- glob ---------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *ending)
{
    size_t len = strlen(text);
    size_t ending_len = strlen(ending);
    return len >= ending_len && strcmp(text + len - ending_len, ending) == 0;
}

/* What is kept next to a database, such as its journal, is no tenant. */
static bool is_database(const char *path)
{
    struct stat st;
    for (const char *const *companion = dialect_info(dialect_of_files())->companions; *companion;
         companion++)
        if (ends_with(path, *companion))
            return false;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The file's name without its last ending; a dot in front begins no ending. */
static char *name_of(struct arena *arena, const char *path)
{
    const char *base = path_name(path);
    const char *dot = strrchr(base, '.');
    return arena_strndup(arena, base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
}

/* `path` is relative to the inventory, or absolute. */
static void add_file(struct inventory_builder *builder, const char *path,
                     const struct common *common)
{
    enum dialect_id dialect = dialect_of_files();
    const struct url url = {
        .dialect = dialect, .scheme = dialect_info(dialect)->schemes[0], .database = path};
    struct tenant tenant;
    char *name = name_of(builder->inventory->arena, path);
    if (!load_is_name(name)) {
        load_fault(builder, "glob",
                   "'glob': a file's name is no tenant's name, which is text of 1 "
                   "to 128 bytes without control characters");
        return;
    }
    if (!load_is_plain(path)) {
        load_fault(builder, "glob",
                   "'glob': the path of file '%s' must be text without control characters", name);
        return;
    }
    if (!load_fill_tenant(builder, &url, common, &tenant))
        return;
    tenant.name = name;
    load_add_tenant(builder->inventory, &tenant);
}

/* Only a folder that is there but cannot be read is a fault: its tenants would be missed. */
static int on_unreadable(const char *path, int error)
{
    (void)path;
    return error != ENOENT && error != ENOTDIR;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The pattern after the inventory's folder, whose own name is no pattern. */
static const char *pattern_below(struct inventory_builder *builder, const char *pattern)
{
    struct buf buf;
    if (*pattern == '/')
        return pattern;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (const char *p = builder->dir; *p; p++)
        buf_addf(&buf, strchr("*?[]\\", *p) ? "\\%c" : "%c", *p);
    buf_adds(&buf, pattern);
    const char *text = arena_strdup(&builder->scratch, buf.data);
    buf_done(&buf);
    return text;
}

/* Files in the order of their names, to be freed with globfree. False: none, a fault, or the environment has to say
 * where they are. */
static bool find_files(struct inventory_builder *builder, const char *pattern, glob_t *ret)
{
    int result = glob(pattern_below(builder, pattern), GLOB_NOSORT, on_unreadable, ret);
    if (result != 0 && result != GLOB_NOMATCH) {
        load_fault(builder, "glob", "'glob': a folder of it cannot be read: %s", strerror(errno));
        load_lack_part(builder, PART_TENANTS);
    }
    if (result == 0)
        qsort(ret->gl_pathv, ret->gl_pathc, sizeof *ret->gl_pathv, compare_paths);
    return result == 0;
}

static void refuse_keys(struct inventory_builder *builder, const struct raw_source *raw,
                        const struct common *common)
{
    if (raw->under)
        load_fault(builder, "under", "'under' is for the rows of a 'query'");
    if (raw->url || common->has_own_password || common->has_own_schema || common->has_own_path ||
        common->has_own_session || common->has_own_replicas)
        load_fault(builder, "glob",
                   "a 'glob' finds %s files, which have no 'url', 'schema', replicas or password",
                   dialect_info(dialect_of_files())->title);
}

static void read_glob(struct inventory_builder *builder, const struct raw_source *raw,
                      struct common *common, struct glob_source *globs)
{
    const char *pattern;
    glob_t found;
    size_t index = builder->subject.item.index;
    refuse_keys(builder, raw, common);
    builder->subject.lacks = NULL;
    if (!load_text(builder, FIELD(raw, glob), &pattern)) {
        load_lack_part(builder, PART_TENANTS);
        return;
    }
    size_t skipped = *pattern == '/' ? 0 : strlen(builder->dir);
    common->has_own_password = common->has_own_schema = false;
    common->has_own_path = common->has_own_session = common->has_own_replicas = false;
    bool has_files = find_files(builder, pattern, &found);
    for (size_t i = 0; has_files && i < found.gl_pathc; i++) {
        load_turn_to(builder, SECTION_SOURCES, index);
        builder->subject.lacks = common->lacks;
        if (is_database(found.gl_pathv[i]))
            add_file(builder, found.gl_pathv[i] + skipped, common);
    }
    if (has_files)
        globfree(&found);
    load_turn_to(builder, SECTION_SOURCES, index);
    globs[builder->inventory->glob_count++] = (struct glob_source){
        .pattern = arena_strdup(builder->inventory->arena, raw->glob),
        .line = load_line(builder, NULL),
    };
}

/* ---- query --------------------------------------------------------------------------------- */

/* The source's schema is the rows'. Its password is the control database's and that of the rows
 * whose URL has none. */
static bool fill_control(struct inventory_builder *builder, const struct raw_source *raw,
                         const struct common *common, struct tenant *ret_control)
{
    struct url url;
    struct common own = *common;
    if (!load_url(builder, raw->url, &url))
        return false;
    own.schema = NULL;
    own.has_own_schema = own.has_own_path = own.has_own_session = own.has_own_replicas = false;
    own.is_control = true;
    own.has_own_password &= !dialect_info(url.dialect)->is_file;
    return load_fill_tenant(builder, &url, &own, ret_control);
}

static void read_query(struct inventory_builder *builder, const struct raw_source *raw,
                       const struct common *common, struct query_source *queries)
{
    struct inventory *inventory = builder->inventory;
    size_t index = builder->subject.item.index;
    struct query_source *source = &queries[inventory->query_count];
    const char *query = NULL, *under = NULL;
    builder->subject.lacks = NULL;
    bool has_query = load_text(builder, FIELD(raw, query), &query);
    load_text(builder, FIELD(raw, under), &under);
    bool lacks_own = builder->subject.lacks != NULL;
    load_lack_part(builder, PART_TENANTS);
    builder->subject.lacks = common->lacks;
    if (!fill_control(builder, raw, common, &source->control) || lacks_own || !has_query)
        return;
    source->control.name = arena_printf(inventory->arena, "sources[%zu]", index);
    source->query = arena_strdup(inventory->arena, query);
    source->labels = common->labels;
    source->label_count = common->label_count;
    source->line = load_line(builder, NULL);
    struct row_base *base = &builder->rows[inventory->query_count++];
    *base = (struct row_base){.common = *common, .index = index};
    if (under)
        base->under = arena_strdup(inventory->arena, *under ? load_path(builder, under) : ".");
    base->common.has_own_password = base->common.has_own_schema = false;
    base->common.has_own_path = base->common.has_own_session = false;
    base->common.has_own_replicas = false;
}

void load_sources(struct inventory_builder *builder, const struct raw_inventory *raw)
{
    struct arena *arena = builder->inventory->arena;
    struct query_source *queries = arena_calloc(arena, raw->sources_count, sizeof *queries);
    builder->rows = arena_calloc(arena, raw->sources_count, sizeof *builder->rows);
    struct glob_source *globs = arena_calloc(arena, raw->sources_count, sizeof *globs);
    builder->inventory->queries = queries;
    builder->inventory->globs = globs;
    for (size_t i = 0; i < raw->sources_count; i++) {
        const struct raw_source *source = &raw->sources[i];
        load_turn_to(builder, SECTION_SOURCES, i);
        struct common common = load_common(builder, &source->common, &builder->defaults);
        if (!source->glob == !source->query)
            load_fault(builder, NULL, "a source has either a 'glob' or a 'query'");
        else if (source->glob)
            read_glob(builder, source, &common, globs);
        else
            read_query(builder, source, &common, queries);
    }
}

/* ---- rows of a query ------------------------------------------------------------------------ */

struct row {
    const char *name;
    const char *url;
    const char *schema;
    struct label *labels;
    size_t label_count;
};

/* A join may name two columns alike, and one of them would be lost. */
static bool stands_twice(const char *const *columns, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(columns[i], columns[at]) == 0)
            return true;
    return false;
}

static bool sort_columns(struct inventory_builder *builder, const struct found_row *found,
                         struct row *row)
{
    row->labels = arena_calloc(&builder->scratch, found->count + 1, sizeof *row->labels);
    for (size_t i = 0; i < found->count; i++) {
        const char *column = found->columns[i], *value = found->values[i];
        if (stands_twice(found->columns, i)) {
            load_fault(builder, NULL, "the column '%.64s' stands twice: rename one in the query",
                       column);
            return false;
        }
        if (!value)
            continue;
        if (strcmp(column, "name") == 0)
            row->name = value;
        else if (strcmp(column, "url") == 0)
            row->url = value;
        else if (strcmp(column, "schema") == 0)
            row->schema = value;
        else
            row->labels[row->label_count++] = (struct label){column, value};
        if (strcmp(column, "name") != 0 && load_is_implicit(column)) {
            load_fault(builder, NULL,
                       "the column '%.64s' would be a label that exists by itself: "
                       "rename it in the query",
                       column);
            return false;
        }
    }
    return true;
}

static bool check_row(struct inventory_builder *builder, const struct row *row, struct url *ret_url)
{
    struct err err;
    if (!row->name || !load_is_name(row->name))
        load_fault(builder, NULL,
                   "its 'name' must be text of 1 to 128 bytes without control characters");
    else if (!row->url)
        load_fault(builder, NULL, "its 'url' is missing");
    else if (row->schema && (!load_is_name(row->schema) || strlen(row->schema) > SCHEMA_MAX_BYTES))
        load_fault(builder, NULL,
                   "its 'schema' must be a name of at most %d bytes without control characters",
                   SCHEMA_MAX_BYTES);
    else if (!url_parse(&builder->scratch, row->url, ret_url, &err))
        load_fault(builder, NULL, "its 'url': %s", err.text);
    else
        return true;
    return false;
}

/* The folder's real name, or the file's own where it is there already: links decide nothing. */
static bool lies_under(struct inventory_builder *builder, const char *path, const char *under)
{
    return !file_leads_out(under,
                           path_is_there(path) ? path : path_folder(&builder->scratch, path));
}

/* Checks where the file of a row lies. A person who may write that table decides what the files are called, and must
 * not be able to make or change a file anywhere else. */
static bool check_place(struct inventory_builder *builder, const struct row_base *base,
                        const struct url *url)
{
    if (!dialect_info(url->dialect)->is_file)
        return true;
    if (!base->under && !base->common.settings->create)
        return true;
    if (!base->under)
        load_fault(builder, NULL,
                   "'create: true' would make its file: name the folder for such files with "
                   "'under' in the source");
    else if (!lies_under(builder, load_path(builder, url->database), base->under))
        load_fault(builder, NULL, "its file is not in the folder that 'under' names");
    else
        return true;
    return false;
}

static bool add_row(struct inventory_builder *builder, const struct row_base *base,
                    const struct row *row)
{
    struct common common = base->common;
    struct url url;
    struct tenant tenant;
    if (!check_row(builder, row, &url) || !check_place(builder, base, &url))
        return false;
    if (row->schema) {
        common.schema = sharing_string(&builder->sharing, row->schema);
        common.has_own_schema = true;
    }
    load_merge_labels(builder, row->labels, row->label_count, &common);
    for (const struct lack *lack = base->common.lacks; lack; lack = lack->next)
        if (strcmp(lack->key, "labels") != 0 || !lack->name ||
            load_lacks_label(&common, lack->name))
            load_keep_lack(builder, lack);
    if (!load_fill_tenant(builder, &url, &common, &tenant))
        return false;
    tenant.name = arena_strdup(builder->inventory->arena, row->name);
    load_add_tenant(builder->inventory, &tenant);
    return true;
}

static const char *name_of_row(const struct found_row *found)
{
    for (size_t i = 0; i < found->count; i++)
        if (found->values[i] && strcmp(found->columns[i], "name") == 0)
            return found->values[i];
    return "";
}

bool inventory_add_found(struct inventory_builder *builder, const struct query_source *source,
                         const struct found_row *found, struct faults *faults)
{
    const struct row_base *base = &builder->rows[source - builder->inventory->queries];
    struct row row = {0};
    builder->faults = faults;
    load_turn_to(builder, SECTION_SOURCES, base->index);
    builder->subject.row = name_of_row(found);
    builder->subject.line = source->line;
    return sort_columns(builder, found, &row) && add_row(builder, base, &row);
}
