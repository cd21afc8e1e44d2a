/* Causes: errors of many tenants, grouped by their words without what is one tenant's own.
 *
 * A hundred tenants whose files are missing have one cause, though each message names another file. The words that
 * are a tenant's own are its name, file, schema, database, host and user, addresses, and the numbers that servers
 * give to processes, sessions, transactions and rows; and where the message quotes values of rows, these. Each is replaced by what it is: `cannot open '{file}'`.
 *
 * The facts come from the tenant's name, schema and redacted URL, which the ledger keeps too: a report from the
 * ledger has the same causes as one that was made live.
 *
 *     struct causes causes;
 *     causes_init(&causes, &arena);
 *     uint32_t cause = causes_put(&causes, err, NULL, tenant);    0, 1, …: equal numbers, one cause
 */
#ifndef REPORT_CAUSE_H
#define REPORT_CAUSE_H

#include "base/intern.h"

struct buf;
struct err;
struct revision;
struct tenant;

/* Interned as a whole: equal texts are equal pointers. */
struct cause {
    const char *code;
    const char *text; /* with `{name}` and so on for what is a tenant's own */
    const char *file;
    const struct revision *revision; /* NULL: none */
    int32_t kind;                    /* enum err_class */
    int32_t line;                    /* 0: none */
};

/* Everything lives in the arena given, and dies with it. */
struct causes {
    struct arena *arena;
    struct intern strings;
    struct intern exact;  /* errors as they were told, also struct cause */
    struct intern causes; /* the same by their causes */
    uint32_t *cause_of;   /* by the number in `exact` */
    size_t capacity;      /* of cause_of */
};

/* All of it lives in the arena. */
void causes_init(struct causes *causes, struct arena *arena);

/* The number of the error's cause. An error whose words another tenant has had as they are is of that one's cause,
 * whatever the tenant is called. `revision` may be NULL. */
uint32_t causes_put(struct causes *causes, const struct err *err, const struct revision *revision,
                    const struct tenant *tenant);

/* By a number that causes_put gave. */
const struct cause *causes_at(const struct causes *causes, uint32_t number);

/* Appends the text without what is the tenant's own. */
void cause_add(struct buf *buf, const char *text, const struct tenant *tenant);

/* Who was in the way differs from tenant to tenant, and is no cause of its own: where it begins in a text (`; held
 * by …`). NULL: no one is named. */
const char *cause_detail(const char *text);

#endif
