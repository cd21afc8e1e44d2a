/* Tenants whose databases hold the same, in groups: what `current --schema` and `check --schema` have read of them.
 *
 *     struct view_schemas schemas;
 *     view_schemas_init(&schemas, report);
 *     for (size_t i = 0; i < schemas.count; i++) …
 *     view_schemas_done(&schemas);
 */
#ifndef REPORT_VIEW_SCHEMAS_H
#define REPORT_VIEW_SCHEMAS_H

#include "report/view.h"

struct view_schema_group {
    const struct report_schema *schema; /* of its first tenant */
    uint32_t rows[VIEW_NAMES];          /* as many as there are, VIEW_NAMES at most */
    size_t count;
};

struct view_schemas {
    struct arena arena;
    struct view_schema_group *items; /* the largest first */
    size_t count, capacity;
};

/* None where no one asked for schemas. */
void view_schemas_init(struct view_schemas *schemas, const struct report *report);
void view_schemas_done(struct view_schemas *schemas);

/* `as expected`, `differs`, `cannot be judged`, `could not be read`. */
const char *view_schema_words(enum schema_verdict verdict);

/* The first digits, as people read them. Empty where it could not be read. */
void view_add_fingerprint(struct buf *buf, const struct report_schema *schema);

/* Of a tenant that differs or cannot be judged; NULL: of no one else. */
const struct report_schema *view_schema_at_fault(const struct report *report,
                                                 const struct report_row *row);

/* How many tenants that is. */
size_t view_schemas_at_fault(const struct report *report);

#endif
