#include "report/view_schemas.h"

enum { DIGITS_SHOWN = 12 };

/* Equal keys: the same group. */
static void add_key(struct buf *key, const struct report_schema *schema)
{
    buf_addf(key, "%d %s %s", (int)schema->verdict, schema->fingerprint ? schema->fingerprint : "",
             schema->reason ? schema->reason : "");
}

static int compare(const void *left, const void *right)
{
    const struct view_schema_group *a = left;
    const struct view_schema_group *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return (a->rows[0] > b->rows[0]) - (a->rows[0] < b->rows[0]);
}

void view_schemas_init(struct view_schemas *schemas, const struct report *report)
{
    struct intern keys;
    struct buf key;
    *schemas = (struct view_schemas){0};
    arena_init(&schemas->arena);
    intern_init(&keys, &schemas->arena);
    buf_init(&key, BUF_MAX_DEFAULT);
    for (uint32_t i = 0; report->schemas && i < report->run.tenant_count; i++) {
        buf_clear(&key);
        add_key(&key, &report->schemas[i]);
        uint32_t number = intern_put(&keys, key.data, key.len);
        if (number == schemas->count)
            *ARENA_PUSH(&schemas->arena, schemas->items, schemas->count, schemas->capacity) =
                (struct view_schema_group){.schema = &report->schemas[i]};
        struct view_schema_group *group = &schemas->items[number];
        if (group->count < VIEW_NAMES)
            group->rows[group->count] = i;
        group->count++;
    }
    buf_done(&key);
    if (schemas->count)
        qsort(schemas->items, schemas->count, sizeof *schemas->items, compare);
}

void view_schemas_done(struct view_schemas *schemas)
{
    arena_done(&schemas->arena);
}

const char *view_schema_words(enum schema_verdict verdict)
{
    static const char *const words[SCHEMA__COUNT] = {
        [SCHEMA_UNREAD] = "could not be read",
        [SCHEMA_EXPECTED] = "as expected",
        [SCHEMA_DIFFERS] = "differs",
        [SCHEMA_UNKNOWN] = "cannot be judged",
    };
    return words[verdict];
}

void view_add_fingerprint(struct buf *buf, const struct report_schema *schema)
{
    if (schema->fingerprint)
        buf_addf(buf, "%.*s", DIGITS_SHOWN, schema->fingerprint);
}

const struct report_schema *view_schema_at_fault(const struct report *report,
                                                 const struct report_row *row)
{
    const struct report_schema *schema =
        report->schemas ? &report->schemas[row - report->rows] : NULL;
    bool is_at_fault =
        schema && (schema->verdict == SCHEMA_DIFFERS || schema->verdict == SCHEMA_UNKNOWN);
    return is_at_fault ? schema : NULL;
}

size_t view_schemas_at_fault(const struct report *report)
{
    size_t count = 0;
    for (size_t i = 0; i < report->run.tenant_count; i++)
        count += view_schema_at_fault(report, &report->rows[i]) != NULL;
    return count;
}
