/* Texts from outside as code, and where a section has no room left. */
#include "report/markdown.h"

#include "base/human.h"
#include "base/utf8.h"
#include "inventory/inventory.h"

/* False, and nothing is added: it would not end before `end`. The item is empty afterwards. */
bool markdown_item(struct markdown *markdown, size_t end)
{
    bool has_room = markdown->out.len + markdown->item.len <= end;
    if (has_room)
        buf_add(&markdown->out, markdown->item.data, markdown->item.len);
    buf_clear(&markdown->item);
    return has_room;
}

static size_t longest_run(const char *text)
{
    size_t longest = 0;
    for (const char *at = text; *at; at += *at != '\0') {
        size_t len = strspn(at, "`");
        longest = len > longest ? len : longest;
        at += len;
    }
    return longest;
}

/* Cut at a character's end. */
static void cut(struct buf *text, size_t most)
{
    if (text->len <= most)
        return;
    for (; most && ((unsigned char)text->data[most] & 0xc0) == 0x80; most--)
        ;
    text->len = most;
    text->data[most] = '\0';
    buf_adds(text, "\u2026");
}

/* On one line: a code span shows the end of a line as a blank anyway. */
static void add_flat(struct buf *flat, const char *text)
{
    struct buf line, safe;
    buf_init(&line, BUF_MAX_DEFAULT);
    buf_adds(&line, text);
    for (size_t i = 0; i < line.len; i++)
        if (line.data[i] == '\n' || line.data[i] == '\t')
            line.data[i] = ' ';
    buf_init(&safe, BUF_MAX_DEFAULT);
    utf8_add_safe(&safe, line.data, line.len, false);
    human_add_tame(flat, safe.data);
    buf_done(&safe);
    buf_done(&line);
}

static void escape_bars(struct buf *cell, const char *text)
{
    for (const char *at = text; *at; at++) {
        bool is_after_backslash = at > text && at[-1] == '\\';
        if (*at == '|' && is_after_backslash)
            buf_adds(cell, "\\u{7c}");
        else if (*at == '|')
            buf_adds(cell, "\\|");
        else
            buf_addc(cell, *at);
    }
}

static void add_ticks(struct buf *buf, size_t count)
{
    while (count--)
        buf_addc(buf, '`');
}

/* A span of code that is one line already. */
static void add_span(struct buf *buf, const char *code)
{
    size_t len = strlen(code), fence = longest_run(code) + 1;
    const char *pad = len && (strchr("` ", code[0]) || strchr("` ", code[len - 1])) ? " " : "";
    if (!len) {
        buf_adds(buf, "(empty)");
        return;
    }
    add_ticks(buf, fence);
    buf_addf(buf, "%s%s%s", pad, code, pad);
    add_ticks(buf, fence);
}

/* `text` as code. Not for a table. */
void markdown_code(struct buf *buf, const char *text, size_t most)
{
    struct buf flat;
    buf_init(&flat, BUF_MAX_DEFAULT);
    add_flat(&flat, text);
    cut(&flat, most);
    add_span(buf, flat.data);
    buf_done(&flat);
}

/* The same for a cell of a table. */
void markdown_cell(struct buf *buf, const char *text, size_t most)
{
    struct buf flat, cell;
    buf_init(&flat, BUF_MAX_DEFAULT);
    buf_init(&cell, BUF_MAX_DEFAULT);
    add_flat(&flat, text);
    cut(&flat, most);
    escape_bars(&cell, flat.data);
    add_span(buf, cell.data);
    buf_done(&flat);
    buf_done(&cell);
}

/* Lines as they are, between fences. */
void markdown_block(struct buf *buf, const char *text, size_t most)
{
    struct buf safe, tame;
    buf_init(&tame, BUF_MAX_DEFAULT);
    buf_init(&safe, BUF_MAX_DEFAULT);
    utf8_add_safe(&tame, text, strlen(text), true);
    human_add_tame(&safe, tame.data);
    buf_done(&tame);
    cut(&safe, most);
    size_t run = longest_run(safe.data), fence = run < 3 ? 3 : run + 1;
    add_ticks(buf, fence);
    buf_addf(buf, "\n%s\n", safe.data);
    add_ticks(buf, fence);
    buf_addc(buf, '\n');
    buf_done(&safe);
}

void markdown_line(struct markdown *markdown, const char *words, const char *text)
{
    buf_addf(&markdown->item, "  - %s", words);
    markdown_code(&markdown->item, text, TEXT_MAX);
    buf_addc(&markdown->item, '\n');
}

void markdown_names(struct markdown *markdown, const uint32_t *rows, size_t total)
{
    size_t shown = total < VIEW_NAMES ? total : VIEW_NAMES;
    for (size_t i = 0; i < shown; i++) {
        buf_adds(&markdown->item, i ? ", " : "");
        markdown_code(&markdown->item, markdown->report->run.tenants[rows[i]]->name,
                      NAME_MAX_BYTES);
    }
    if (shown < total)
        buf_addf(&markdown->item, " and %zu more", total - shown);
}

void markdown_begin_details(struct markdown *markdown, const char *title, const char *header)
{
    buf_addf(&markdown->item, "\n<details><summary>%s</summary>\n\n%s", title, header);
    markdown_item(markdown, MARKDOWN_MAX);
}

void markdown_end_details(struct markdown *markdown, size_t left, const char *noun)
{
    if (left)
        buf_addf(&markdown->item, "\nand %zu more %s\n", left, noun);
    buf_adds(&markdown->item, "\n</details>\n");
    markdown_item(markdown, MARKDOWN_MAX);
}
