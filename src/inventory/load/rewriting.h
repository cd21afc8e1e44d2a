/* The inventory's file as it is written again for libcyaml: pieces of it have another text, the rest is copied.
 *
 * Lines stay what they were, so that what libcyaml says of a line is true of the file. Pieces come in the order of the file.
 *
 *     rewriting_begin(&rewriting, &start, is_block);      the file up to there is copied
 *     buf_adds(rewriting.text, "{}");
 *     rewriting_end(&rewriting, &end);                    the file goes on from there
 *     rewriting_finish(&rewriting);
 */
#ifndef INVENTORY_LOAD_REWRITING_H
#define INVENTORY_LOAD_REWRITING_H

#include <yaml.h>

#include "base/compiler.h"

struct buf;

struct rewriting {
    const char *bytes; /* the file's */
    size_t len;
    size_t at, at_char; /* up to where it is copied, in bytes and in characters */
    size_t line;        /* of the copy's end, from 1 */
    bool is_block;      /* the piece at hand is a mapping without braces */
    struct buf *text;   /* empty until the first piece */
};

/* The file is copied up to the mark. */
void rewriting_begin(struct rewriting *rewriting, const yaml_mark_t *start, bool is_block);

/* An item of a list of labels, `"key=value",`, on that line (from 1). */
void rewriting_add_label(struct rewriting *rewriting, size_t line, const char *key,
                         const char *value);

void rewriting_end(struct rewriting *rewriting, const yaml_mark_t *end);

/* Copies the rest of the file, if any part of the file was written anew. */
void rewriting_finish(struct rewriting *rewriting);

#endif
