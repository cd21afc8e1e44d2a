#include "inventory/load/rewriting.h"

#include "base/buf.h"

/* Moves on in the file to a mark, which counts characters. */
static size_t find_mark(struct rewriting *rewriting, const yaml_mark_t *mark)
{
    size_t at = rewriting->at;
    for (; at < rewriting->len && rewriting->at_char < mark->index; rewriting->at_char++)
        do
            at++;
        while (at < rewriting->len && ((unsigned char)rewriting->bytes[at] & 0xc0) == 0x80);
    return at;
}

void rewriting_begin(struct rewriting *rewriting, const yaml_mark_t *start, bool is_block)
{
    size_t from = rewriting->at, to = find_mark(rewriting, start);
    buf_add(rewriting->text, rewriting->bytes + from, to - from);
    rewriting->at = to;
    rewriting->line = start->line + 1;
    rewriting->is_block = is_block;
}

static void add_lines(struct rewriting *rewriting, size_t line)
{
    for (; rewriting->line < line; rewriting->line++)
        buf_addc(rewriting->text, '\n');
}

static void add_quoted(struct buf *text, const char *word)
{
    for (; *word; word++)
        if ((unsigned char)*word < 0x20 || *word == '"' || *word == '\\')
            buf_addf(text, "\\x%02x", (unsigned)(unsigned char)*word);
        else
            buf_addc(text, *word);
}

void rewriting_add_label(struct rewriting *rewriting, size_t line, const char *key,
                         const char *value)
{
    add_lines(rewriting, line);
    buf_addc(rewriting->text, '"');
    add_quoted(rewriting->text, key);
    buf_addc(rewriting->text, '=');
    add_quoted(rewriting->text, value);
    buf_adds(rewriting->text, "\",");
}

/* The text after a mapping without braces begins a line, and keeps its indentation. */
void rewriting_end(struct rewriting *rewriting, const yaml_mark_t *end)
{
    add_lines(rewriting, end->line + 1);
    for (size_t i = 0; rewriting->is_block && i < end->column; i++)
        buf_addc(rewriting->text, ' ');
    rewriting->at = find_mark(rewriting, end);
}

void rewriting_finish(struct rewriting *rewriting)
{
    if (rewriting->text->len)
        buf_add(rewriting->text, rewriting->bytes + rewriting->at, rewriting->len - rewriting->at);
}
