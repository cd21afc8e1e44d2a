/* How the parts of a revision's file are read: the header's lines, and the markers of the sections. Private to revision*.c. */
#ifndef CHAIN_REVISION_PARSER_H
#define CHAIN_REVISION_PARSER_H

#include "chain/repeat.h"
#include "chain/revision.h"

enum { HEADER_KEY_MAX = 20 };

struct revision_parser {
    struct arena *arena;
    struct faults *faults;
    const char *path;
    const char *at, *end;
    int line;
    struct revision *revision;
    bool seen[8];         /* header keys, by row; the first is the revision's id */
    bool has_transaction; /* the option, in the section's marker so far, */
    struct repeat repeat; /* what its options say of repeating, */
    unsigned repeats;     /* and which of them stand there: bits by repeat_option */
    struct section *sections;
    size_t section_capacity;
};

/* Text of the file, not ended by a NUL byte. */
struct span {
    const char *text;
    size_t len;
};

/* Adds a fault at the parser's line. */
PRINTF_LIKE(2, 3) void revision_fault(struct revision_parser *parser, const char *format, ...);

/* Without the white space around it. */
struct span span_trim(struct span span);

/* The part before `separator`, trimmed; `rest` is moved past it. */
struct span span_cut(struct span *rest, char separator);

/* One comment line of the header: a key that we know, or the message, or just a comment. */
void revision_parse_header_line(struct revision_parser *parser, struct span line);

/* The section that a marker begins; NULL, and a fault: there are too many. */
struct section *revision_begin_section(struct revision_parser *parser, struct span line);

#endif
