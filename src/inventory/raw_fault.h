/* libcyaml's log lines, turned into one fault in our words: file, line, key and whose key it is.
 */
#ifndef INVENTORY_RAW_FAULT_H
#define INVENTORY_RAW_FAULT_H

#include <cyaml/cyaml.h>
#include <stdarg.h>

#include "inventory/places.h"

struct faults;

/* What libcyaml said: its complaint, then where, from the innermost outwards. */
struct raw_log {
    char complaint[256];
    char key[128];        /* the innermost mapping field on the way, if any */
    enum section section; /* whose item `index` is at fault; SECTION_TOP to begin with */
    size_t index;
    size_t line;  /* of the innermost place; 0: none was named */
    size_t entry; /* the sequence entry last passed, from 1 */
    bool has_section;
};

/* A cyaml_log_fn_t; its ctx is a struct raw_log. */
void raw_log_line(cyaml_log_t level, void *ctx, const char *format, va_list args) PRINTF_LIKE(3, 0);

void raw_fault_add(const struct raw_log *log, const char *reason, const char *path,
                   const struct places *places, struct faults *faults);

#endif
