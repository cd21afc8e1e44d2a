/* Passwords from files and commands. What they say never reaches an error text. */
#ifndef INVENTORY_PASSWORD_H
#define INVENTORY_PASSWORD_H

#include "base/compiler.h"

struct err;

enum { PASSWORD_MAX_BYTES = 64 * 1024, PASSWORD_COMMAND_TIMEOUT_MS = 10 * 1000 };

/* Whether the file may hold a password: regular, owned by us or root, closed to group and others.
 */
bool password_file_check(const char *path, struct err *err) MUST_CHECK;

/* The text of such a file, malloc'd, for password_free; `noun` is what errors call it. Blocks. */
bool private_file_read(const char *noun, const char *path, char **ret_text,
                       struct err *err) MUST_CHECK;

/* Both block and return malloc'd text without its last newline, for password_free. The command runs
 * in a process group of its own, which is killed at the timeout. */
bool password_file_read(const char *path, char **ret_password, struct err *err) MUST_CHECK;
bool password_command_read(const char *const *argv, int timeout_ms, char **ret_password,
                           struct err *err) MUST_CHECK;

#endif
