#include "report/json_sql.h"

#include <string.h>

#include "base/buf.h"
#include "chain/revision.h"
#include "report/html.h"
#include "report/view_revisions.h"

enum { SECTIONS_MAX = 256 };

/* Without blank lines before and after it. NULL: there is nothing in it. */
static json_t *section_value(const struct section *section)
{
    size_t shown = section_shown_len(section);
    size_t lead = strspn(section->sql, "\r\n");
    struct buf sql;
    int line = section->line;
    if (lead >= shown)
        return NULL;
    for (size_t i = 0; i < lead; i++)
        line += section->sql[i] == '\n';
    size_t len = shown - lead;
    while (len && strchr(" \t\r\n", section->sql[lead + len - 1]))
        len--;
    if (!len)
        return NULL;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_add(&sql, section->sql + lead, len);
    json_t *value =
        json_pack("{s:i, s:b, s:b, s:o}", "line", line, "transactional", section->is_transactional,
                  "is_cut", shown < section->sql_len, "sql", json_text(sql.data));
    buf_done(&sql);
    return value;
}

static json_t *sections_value(const struct report *report, const struct view_revision *item)
{
    const struct section *sections[SECTIONS_MAX];
    const struct report_step *step = &item->step;
    if (html_withholds(report, step->revision))
        return json_null();
    size_t count = revision_sections(step->revision, (enum direction)step->direction, item->dialect,
                                     sections, SECTIONS_MAX);
    json_t *list = json_array();
    for (size_t i = 0; i < count && i < SECTIONS_MAX; i++) {
        json_t *value = section_value(sections[i]);
        if (value)
            json_array_append_new(list, value);
    }
    return list;
}

void json_put_sql(struct json_stream *stream, const struct report *report)
{
    struct view_revisions revisions;
    if (!verb_runs_scripts(report->run.request->verb))
        return;
    view_revisions_init(&revisions, report);
    json_open(stream, "sql", '[');
    for (size_t i = 0; i < revisions.count; i++) {
        const struct view_revision *item = &revisions.items[i];
        const struct revision *revision = item->step.revision;
        if (!revision)
            continue;
        json_open(stream, NULL, '{');
        json_put_text(stream, "revision", revision->id);
        json_put_text(stream, "direction", item->step.direction == DIRECTION_UP ? "up" : "down");
        json_put_text(stream, "section_dialect", dialect_info(item->dialect)->name);
        json_put_text_or_null(stream, "file", revision->path);
        json_put(stream, "sections", sections_value(report, item));
        json_close(stream, '}');
    }
    json_close(stream, ']');
    view_revisions_done(&revisions);
}
