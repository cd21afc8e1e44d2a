/* What the texts of some rules say of a deed. */
#include "lint/pass.h"

/* What the deed does, in words: for rules that many kinds of deeds break. */
static const char *words_of(const struct deed *deed)
{
    switch (deed->kind) {
    case DEED_CREATE_INDEX:
        return deed->flags & DEED_UNIQUE ? "CREATE UNIQUE INDEX" : "CREATE INDEX";
    case DEED_SET_NOT_NULL: return "SET NOT NULL";
    case DEED_ADD_CHECK: return "ADD CHECK";
    case DEED_ADD_FOREIGN_KEY: return "ADD FOREIGN KEY";
    case DEED_ADD_UNIQUE: return deed->flags & DEED_PRIMARY_KEY ? "ADD PRIMARY KEY" : "ADD UNIQUE";
    case DEED_VALIDATE: return "VALIDATE CONSTRAINT";
    case DEED_SET_TYPE: return "the change of type";
    case DEED_ATTACH: return "ATTACH PARTITION";
    case DEED_DOMAIN_RULE: return "ALTER DOMAIN";
    case DEED_ADD_COLUMN: return deed->flags & DEED_STORED ? "a STORED column" : "ADD COLUMN";
    default: return deed->what ? deed->what : "it";
    }
}

/* By IF EXISTS; what is made, by IF NOT EXISTS. */
static bool needs_it(enum deed_kind kind)
{
    return kind == DEED_DROP_TABLE || kind == DEED_DROP_COLUMN || kind == DEED_DROP_INDEX ||
           kind == DEED_DROP_CONSTRAINT || kind == DEED_RENAME;
}

struct deed pass_told_deed(enum rule_id rule, const struct deed *deed)
{
    struct deed told = *deed;
    if (rule == RULE_DATA_DEPENDENT || rule == RULE_ALGORITHM)
        told.what = words_of(deed);
    if (rule == RULE_ADD_COLUMN_REFUSED)
        told.what = deed->flags & DEED_PRIMARY_KEY ? "PRIMARY KEY" : "UNIQUE";
    if (rule == RULE_DROP_TABLE && deed->kind == DEED_CREATE_TABLE)
        told.what = "table";
    if (rule == RULE_HIDES_DRIFT) {
        told.what = needs_it(deed->kind) ? "IF EXISTS" : "IF NOT EXISTS";
        told.name = deed->kind == DEED_ADD_COLUMN ? deed->column
                    : deed->kind == DEED_CREATE_TABLE || deed->kind == DEED_DROP_TABLE ||
                            deed->kind == DEED_RENAME
                        ? deed->table
                        : deed->name;
    }
    return told;
}
