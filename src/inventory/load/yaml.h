/* One pass over the inventory's YAML before libcyaml reads it: refuses what could exhaust memory or
 * be read in two ways, and notes where things stand.
 *
 * Refused: files above 64 MiB, nesting above 32, scalars above 1 MiB, aliases that expand to more
 * than 64 MiB, a key twice in a mapping, tags, NUL, several documents, bad YAML.
 */
#ifndef INVENTORY_LOAD_YAML_H
#define INVENTORY_LOAD_YAML_H

#include "base/compiler.h"

struct alike;
struct buf;
struct faults;
struct places;

#define YAML_MAX_BYTES ((size_t)64 << 20)

/* A file's bytes; `path` names it in faults. */
struct yaml_file {
    const char *path;
    const void *bytes;
    size_t len;
};

/* What is known of a file once it is checked. The caller makes it all, and ends it.
 *
 * libcyaml knows a key in one shape only. Where `labels` is a mapping, `text` is the file with lists of `key=value`
 * instead, each on the line where it stood; and where tenants are left out (alike.h), with empty mappings for them. Else
 * it stays empty. May hold secrets. */
struct yaml_checked {
    struct places *places;
    struct alike *alike; /* NULL: no tenant is left out of `text` */
    struct buf *text;
};

/* Fills `checked`, whose parts are new. False: the reasons are in `faults`. */
bool yaml_check(const struct yaml_file *file, struct yaml_checked *checked,
                struct faults *faults) MUST_CHECK;

#endif
