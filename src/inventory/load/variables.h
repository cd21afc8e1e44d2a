/* `${VAR}` in a value of the inventory: replaced by the environment's VAR, once (what was inserted is not looked at
 * again). `$$` is a `$`; a `$` before anything else stands for itself. */
#ifndef INVENTORY_LOAD_VARIABLES_H
#define INVENTORY_LOAD_VARIABLES_H

#include "base/compiler.h"

struct arena;
struct err;

/* A value whose variables have been replaced. */
struct expansion {
    const char *text; /* NULL: a variable is not set, or the syntax is wrong; see the error */
    const char *
        partial; /* the same with a placeholder for each variable that is not set; NULL: bad syntax */
    bool has_variable; /* the environment decides what the value is */
};

/* Texts that need no replacing are `text` itself, others live in `arena`. The error names the first variable that is
 * not set, never what others held. */
struct expansion variables_expand(struct arena *arena, const char *text, struct err *err);

/* The text with `${VAR}` for each placeholder that is left in it. */
const char *variables_show(struct arena *arena, const char *partial);

/* Does the text hold a placeholder? */
bool variables_are_in(const char *partial);

/* Is the text, as the file has it, made of variables alone? Then it may be shown. */
bool variables_are_all(const char *text);

#endif
