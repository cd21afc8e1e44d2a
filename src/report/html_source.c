/* SQL on the page: what ran, and where it failed. */
#include "chain/chain.h"
#include "report/html.h"
#include "report/json.h"

enum {
    AROUND = 3, /* lines before the one that failed, and after it */
    SECTIONS_MAX = 256,
    LINE_MAX_BYTES = 2000,
};

struct line {
    const char *text;
    size_t len;
    int number;
};

/* The next line before `end`; false: there is none. */
static bool next_line(const char **at, const char *end, struct line *line)
{
    if (*at == end)
        return false;
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    size_t len = (size_t)((stop ? stop : end) - *at);
    line->number++;
    line->text = *at;
    line->len = len && (*at)[len - 1] == '\r' ? len - 1 : len;
    *at = stop ? stop + 1 : end;
    return true;
}

static json_t *line_value(const struct line *line)
{
    bool is_cut = line->len > LINE_MAX_BYTES;
    size_t len = is_cut ? LINE_MAX_BYTES : line->len;
    struct buf text;
    while (is_cut && len && ((unsigned char)line->text[len] & 0xc0) == 0x80)
        len--;
    buf_init(&text, BUF_MAX_DEFAULT);
    buf_add(&text, line->text, len);
    buf_adds(&text, is_cut ? "\u2026" : "");
    json_t *value = json_text(text.data);
    buf_done(&text);
    return value;
}

static bool is_blank(const struct line *line)
{
    return strspn(line->text, " \t\r\n") >= line->len;
}

/* The lines of a section from `first` to `last`, without blank ones at their ends. NULL: there are none. */
static json_t *lines_of(const struct section *section, int first, int last)
{
    const char *at = section->sql, *end = at + section_shown_len(section);
    struct line line = {.number = section->line - 1};
    json_t *lines = json_array();
    int begin = 0;
    size_t full = 0; /* lines up to the last that is not blank */
    while (next_line(&at, end, &line) && line.number <= last) {
        bool is_lead = !json_array_size(lines) && is_blank(&line);
        if (line.number < first || is_lead)
            continue;
        begin = begin ? begin : line.number;
        json_array_append_new(lines, line_value(&line));
        full = is_blank(&line) ? full : json_array_size(lines);
    }
    while (json_array_size(lines) > full)
        json_array_remove(lines, json_array_size(lines) - 1);
    if (!full) {
        json_decref(lines);
        return NULL;
    }
    return json_pack("{s:i, s:o}", "first", begin, "lines", lines);
}

bool html_withholds(const struct report *report, const struct revision *revision)
{
    const struct run_info *run = &report->run;
    return report->hides_sql ||
           (run->withheld && run->withheld[chain_file_number(run->chain, revision)]);
}

json_t *html_sql(const struct report *report, const struct report_step *step,
                 enum dialect_id dialect)
{
    const struct section *sections[SECTIONS_MAX];
    const struct verb *verb = report->run.request->verb;
    if (!step->revision || !step->statements || !verb_runs_scripts(verb) ||
        html_withholds(report, step->revision))
        return NULL;
    size_t count = revision_sections(step->revision, (enum direction)step->direction, dialect,
                                     sections, SECTIONS_MAX);
    json_t *list = json_array();
    for (size_t i = 0; i < count && i < SECTIONS_MAX; i++) {
        json_t *lines = lines_of(sections[i], 0, INT32_MAX);
        if (!lines)
            continue;
        json_object_set_new(lines, "transactional", json_boolean(sections[i]->is_transactional));
        json_object_set_new(lines, "is_cut",
                            json_boolean(section_shown_len(sections[i]) < sections[i]->sql_len));
        json_array_append_new(list, lines);
    }
    if (json_array_size(list))
        return list;
    json_decref(list);
    return NULL;
}

json_t *html_source_around(const struct report *report, const struct cause *cause)
{
    const struct revision *revision = cause->revision;
    const struct section *found = NULL;
    if (!revision || !cause->line || html_withholds(report, revision) ||
        strcmp(revision->path ? revision->path : "", cause->file) != 0)
        return NULL;
    for (size_t i = 0; i < revision->section_count; i++)
        if (revision->sections[i].line <= cause->line &&
            (!found || revision->sections[i].line > found->line))
            found = &revision->sections[i];
    return found ? lines_of(found, cause->line - AROUND, cause->line + AROUND) : NULL;
}
