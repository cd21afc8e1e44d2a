/* What a password file or command says, read up to a limit and cleared from memory afterwards.
 * Not for anybody else. */
#ifndef INVENTORY_PASSWORD_READING_H
#define INVENTORY_PASSWORD_READING_H

#include "base/compiler.h"

struct err;

struct reading {
    char *bytes; /* room for PASSWORD_MAX_BYTES and one more, which shows that there is too much */
    size_t len;
};

void reading_init(struct reading *reading);
void reading_done(struct reading *reading);
bool reading_is_full(const struct reading *reading);

/* Reads once from `fd`. False at the end, on an error, or where nothing more fits. */
bool reading_add(struct reading *reading, int fd);

/* The text without its one last newline, malloc'd. `what` is the file or command, for the error. */
bool reading_take(const struct reading *reading, const char *what, char **ret_password,
                  struct err *err) MUST_CHECK;

#endif
