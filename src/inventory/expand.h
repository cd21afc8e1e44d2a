/* `${VAR}` in a value of the inventory: replaced by the environment's VAR, once (what was inserted
 * is not looked at again). `$$` is a `$`; a `$` before anything else stands for itself. */
#ifndef INVENTORY_EXPAND_H
#define INVENTORY_EXPAND_H

#include "base/compiler.h"

struct arena;
struct err;

/* `text` itself where there is nothing to do, else in `arena`. NULL: a variable is not set, or the
 * syntax is wrong; the error names the variable, never what others held. */
const char *expand_text(struct arena *arena, const char *text, struct err *err) MUST_CHECK;

#endif
