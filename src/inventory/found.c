/* Rows of query sources: tenants whose names, URLs and labels come from a database. */
#include "inventory/loader.h"

#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"

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

static bool sort_columns(struct loader *loader, const char *const *columns,
                         const char *const *values, size_t count, struct row *row)
{
    row->labels = arena_calloc(&loader->scratch, count + 1, sizeof *row->labels);
    for (size_t i = 0; i < count; i++) {
        if (stands_twice(columns, i)) {
            load_fault(loader, NULL, "the column '%.64s' stands twice: rename one in the query",
                       columns[i]);
            return false;
        }
        if (!values[i])
            continue;
        if (strcmp(columns[i], "name") == 0)
            row->name = values[i];
        else if (strcmp(columns[i], "url") == 0)
            row->url = values[i];
        else if (strcmp(columns[i], "schema") == 0)
            row->schema = values[i];
        else
            row->labels[row->label_count++] = (struct label){columns[i], values[i]};
        if (strcmp(columns[i], "name") != 0 && load_is_implicit(columns[i])) {
            load_fault(loader, NULL,
                       "the column '%.64s' would be a label that exists by itself: "
                       "rename it in the query",
                       columns[i]);
            return false;
        }
    }
    return true;
}

static bool check_row(struct loader *loader, const struct row *row, struct url *ret_url)
{
    struct err err;
    if (!row->name || !load_is_name(row->name))
        load_fault(loader, NULL,
                   "its 'name' must be text of 1 to 128 bytes without control characters");
    else if (!row->url)
        load_fault(loader, NULL, "its 'url' is missing");
    else if (row->schema && (!load_is_name(row->schema) || strlen(row->schema) > SCHEMA_MAX_BYTES))
        load_fault(loader, NULL,
                   "its 'schema' must be a name of at most %d bytes without control characters",
                   SCHEMA_MAX_BYTES);
    else if (!url_parse(&loader->scratch, row->url, ret_url, &err))
        load_fault(loader, NULL, "its 'url': %s", err.text);
    else
        return true;
    return false;
}

/* The folder's real name, or the file's own where it is there already: links decide nothing. */
static bool lies_under(struct loader *loader, const char *path, const char *under)
{
    const char *slash = strrchr(path, '/');
    const char *folder = !slash ? "."
                         : slash == path
                             ? "/"
                             : arena_strndup(&loader->scratch, path, (size_t)(slash - path));
    struct stat st;
    return !file_leads_out(under, lstat(path, &st) == 0 ? path : folder);
}

/* Everyone who may write that table decides what the files are called: no name of theirs may make or change a
 * file anywhere else. */
static bool check_place(struct loader *loader, const struct row_base *base, const struct url *url)
{
    if (url->dialect != DIALECT_SQLITE)
        return true;
    if (!base->under && !base->common.settings->create)
        return true;
    if (!base->under)
        load_fault(loader, NULL,
                   "'create: true' would make its file: name the folder for such files with "
                   "'under' in the source");
    else if (!lies_under(loader, load_path(loader, url->database), base->under))
        load_fault(loader, NULL, "its file is not in the folder that 'under' names");
    else
        return true;
    return false;
}

static bool add_row(struct loader *loader, const struct row_base *base, const struct row *row)
{
    struct common common = base->common;
    struct url url;
    struct tenant tenant;
    if (!check_row(loader, row, &url) || !check_place(loader, base, &url))
        return false;
    if (row->schema) {
        common.schema = sharing_string(&loader->sharing, row->schema);
        common.has_own_schema = true;
    }
    load_merge_labels(loader, row->labels, row->label_count, &common);
    if (!load_fill_tenant(loader, &url, &common, &tenant))
        return false;
    tenant.name = arena_strdup(loader->inventory->arena, row->name);
    load_add_tenant(loader->inventory, &tenant);
    return true;
}

static const char *value_of(const char *wanted, const char *const *columns,
                            const char *const *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (values[i] && strcmp(columns[i], wanted) == 0)
            return values[i];
    return "";
}

bool inventory_add_found(struct inventory *inventory, const struct query_source *source,
                         const char *const *columns, const char *const *values, size_t count,
                         struct faults *faults)
{
    struct loader *loader = inventory->private_;
    const struct row_base *base = &loader->rows[source - inventory->queries];
    struct row row = {0};
    loader->faults = faults;
    load_turn_to(loader, SECTION_SOURCES, base->index);
    loader->subject.row = value_of("name", columns, values, count);
    loader->subject.line = source->line;
    return sort_columns(loader, columns, values, count, &row) && add_row(loader, base, &row);
}
