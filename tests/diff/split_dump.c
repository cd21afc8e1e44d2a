/* Prints the statements of a MySQL script that stands on stdin, each followed by a NUL byte. */
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "dialect/mysql/split.h"

int main(void)
{
    struct arena arena;
    struct statement *statements;
    struct buf buf;
    struct err err;
    size_t count, len;
    char part[4096];
    arena_init(&arena);
    buf_init(&buf, BUF_MAX_DEFAULT);
    while ((len = fread(part, 1, sizeof part, stdin)) > 0)
        buf_add(&buf, part, len);
    bool is_split = mysql_split(&arena, buf.data, buf.len, &statements, &count, &err);
    for (size_t i = 0; is_split && i < count; i++) {
        fwrite(buf.data + statements[i].offset, 1, statements[i].len, stdout);
        putchar('\0');
    }
    if (!is_split)
        fprintf(stderr, "%s\n", err.text);
    buf_done(&buf);
    arena_done(&arena);
    return is_split ? 0 : 1;
}
