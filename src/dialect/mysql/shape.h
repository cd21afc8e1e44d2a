/* Whether a semicolon ends a statement, or only one within a stored program: what the words so far tell. */
#ifndef DIALECT_MYSQL_SHAPE_H
#define DIALECT_MYSQL_SHAPE_H

#include "dialect/mysql/lex.h"

enum mysql_shape_kind {
    SHAPE_PLAIN,
    SHAPE_MAYBE_PROGRAM, /* CREATE and what stands before PROCEDURE and the like; BEGIN NOT ATOMIC */
    SHAPE_HEAD,          /* between PROCEDURE and the body's first word */
    SHAPE_BODY,
};

enum mysql_program {
    PROGRAM_NONE,
    PROGRAM_PROCEDURE,
    PROGRAM_FUNCTION,
    PROGRAM_TRIGGER,
    PROGRAM_EVENT,
    PROGRAM_PACKAGE,
    PROGRAM_BLOCK, /* of its own */
};

/* Of one statement; zeroed: none of it was seen. */
struct mysql_shape {
    enum mysql_shape_kind kind;
    enum mysql_program program;
    bool saw_word;
    bool at_start;     /* a statement of the program may begin here */
    bool is_after_end; /* the last word was END */
    bool
        names_routine; /* ORACLE: PROCEDURE or FUNCTION was seen, what follows AS or IS is its body */
    bool awaits_begin;   /* ORACLE: between AS and BEGIN stand declarations */
    bool saw_package_as; /* ORACLE: the package's own AS */
    int depth;           /* so many ENDs are to come */
    int parens;          /* of the head */
    uint64_t
        expressions; /* bit by bit, the innermost last: is what END closes a CASE within an expression? */
};

/* Takes the statement's next token: a word by `mysql_shape_word`, a label and its colon by none, anything else by
 * `mysql_shape_other`. */
void mysql_shape_word(struct mysql_shape *shape, const struct mysql_lexer *lexer,
                      const struct mysql_token *word);
void mysql_shape_other(struct mysql_shape *shape, const struct mysql_lexer *lexer,
                       const struct mysql_token *token);

/* Takes a semicolon. True: it ends the statement. */
bool mysql_shape_ends(struct mysql_shape *shape);

#endif
