/* What lint looks for: one row for each rule, of which the program, its documentation and code scanning make the same words. */
#ifndef LINT_RULE_H
#define LINT_RULE_H

#include "base/dialect.h"

enum lint_severity { LINT_OFF, LINT_NOTE, LINT_WARNING, LINT_ERROR, LINT__COUNT };

const char *lint_severity_name(enum lint_severity severity);

/* The rules and their ids, under which waivers and the inventory know them. */
/* clang-format off */
#define LINT_RULES(rule) \
    rule(INDEX_BLOCKS_WRITES, "index-blocks-writes") \
    rule(CONCURRENTLY_IN_TRANSACTION, "concurrently-in-transaction") \
    rule(SET_NOT_NULL_SCANS, "set-not-null-scans") \
    rule(CHECK_NOT_VALID, "check-not-valid") \
    rule(FK_NOT_VALID, "fk-not-valid") \
    rule(UNIQUE_BY_INDEX, "unique-by-index") \
    rule(TYPE_CHANGE_REWRITES, "type-change-rewrites") \
    rule(ADD_COLUMN_REWRITES, "add-column-rewrites") \
    rule(REQUIRED_COLUMN, "required-column") \
    rule(DROP_COLUMN, "drop-column") \
    rule(DROP_TABLE, "drop-table") \
    rule(COPY_LEAVES_OUT, "copy-leaves-out") \
    rule(TRUNCATE, "truncate") \
    rule(RENAME, "rename") \
    rule(DATA_DEPENDENT, "data-dependent") \
    rule(LOCK_THEN_WORK, "lock-then-work") \
    rule(TIMEOUTS, "timeouts") \
    rule(ENUM_ADD_USED, "enum-add-used") \
    rule(PENDING_EVENTS, "pending-events") \
    rule(MYSQL_DDL_COMMITS, "mysql-ddl-commits") \
    rule(ALGORITHM, "algorithm") \
    rule(SQLITE_REBUILD, "sqlite-rebuild") \
    rule(ADD_COLUMN_REFUSED, "sqlite-add-column") \
    rule(SESSION_DEPENDENT, "session-dependent") \
    rule(FOREIGN_SCHEMA, "foreign-schema") \
    rule(SERVER_WIDE, "server-wide") \
    rule(DIFFERS_BY_TENANT, "differs-by-tenant") \
    rule(HIDES_DRIFT, "hides-drift") \
    rule(NO_WAY_BACK, "no-way-back") \
    rule(NO_PROBE, "no-probe") \
    rule(DROP_INDEX, "drop-index") \
    rule(REWRITES_TABLE, "rewrites-table") \
    rule(DETACH_PARTITION, "detach-partition") \
    rule(TRIGGER, "trigger") \
    rule(UPDATE_WITHOUT_WHERE, "update-without-where") \
    rule(REPEAT_UNBOUNDED, "repeat-unbounded") \
    rule(REPEAT_SAME_ROWS, "repeat-same-rows")
/* clang-format on */

#define LINT_RULE_ENUM(name, id) RULE_##name,
enum rule_id { LINT_RULES(LINT_RULE_ENUM) RULE__COUNT };
#undef LINT_RULE_ENUM

/* What the tenants' own tables make of a severity (weigh.h). */
enum lint_scale {
    SCALE_NONE, /* nothing */
    SCALE_SIZE, /* how much the table holds decides how long it is locked or worked on */
    SCALE_ROWS, /* it matters as soon as the table holds a row */
};

/* Texts have {table}, {column}, {what}, {name}, {type} and {other} for what a deed says (dialect/deed.h). */
struct lint_rule {
    enum lint_severity severity; /* unless the inventory says another */
    unsigned dialects;           /* LINT_… below: in which it is looked for */
    enum lint_scale scale;
    const char *title;   /* what it is about, without names */
    const char *message; /* of one finding */
    const char *why;
    const char *instead; /* the better way */
};

enum {
    LINT_SQLITE = 1,
    LINT_POSTGRESQL = 2,
    LINT_MYSQL = 4, /* and MariaDB */
    LINT_ALL = 7,
};

/* The bit of a dialect. */
unsigned lint_dialect_bit(enum dialect_id dialect);

extern const struct lint_rule lint_rules[RULE__COUNT];

/* False: no rule is called so. */
bool lint_rule_find(const char *id, size_t len, enum rule_id *ret_rule);

/* A choice: the id of each rule. */
const char *lint_rule_at(size_t index);

#endif
