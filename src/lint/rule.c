#include "lint/rule.h"

/* clang-format off */
const struct lint_rule lint_rules[RULE__COUNT] = {
    [RULE_INDEX_BLOCKS_WRITES] = {LINT_ERROR, LINT_POSTGRESQL, SCALE_SIZE,
        "CREATE INDEX without CONCURRENTLY",
        "CREATE INDEX on {table} keeps all writes to it waiting until the index is built",
        "It holds a SHARE lock for as long as it reads the table: reads go on, and every write waits.",
        "create it with CONCURRENTLY, in a section of its own: -- migrate:up transaction:false"},
    [RULE_CONCURRENTLY_IN_TRANSACTION] = {LINT_ERROR, LINT_POSTGRESQL, SCALE_NONE,
        "CONCURRENTLY in a section that is a transaction",
        "CONCURRENTLY cannot run inside a transaction, and this section is one",
        "The server refuses it, on every tenant.",
        "put the statement into a section of its own: -- migrate:up transaction:false"},
    [RULE_SET_NOT_NULL_SCANS] = {LINT_ERROR, LINT_POSTGRESQL, SCALE_SIZE,
        "SET NOT NULL reads the whole table",
        "SET NOT NULL reads all of {table} while no one else can read or write it",
        "It holds an ACCESS EXCLUSIVE lock until it has looked at every row, and fails where one has a NULL there.",
        "ADD CONSTRAINT … CHECK ({column} IS NOT NULL) NOT VALID, then in a section of its own VALIDATE CONSTRAINT, then SET NOT NULL, which does not read the rows again, and drop the constraint"},
    [RULE_CHECK_NOT_VALID] = {LINT_ERROR, LINT_POSTGRESQL, SCALE_SIZE,
        "ADD CHECK without NOT VALID",
        "ADD CHECK reads all of {table} while no one else can read or write it",
        "It holds an ACCESS EXCLUSIVE lock until it has looked at every row.",
        "add it NOT VALID, and VALIDATE CONSTRAINT in a section or revision of its own"},
    [RULE_FK_NOT_VALID] = {LINT_ERROR, LINT_POSTGRESQL, SCALE_SIZE,
        "ADD FOREIGN KEY without NOT VALID",
        "ADD FOREIGN KEY reads all of {table}, and writes to it and to {other} wait meanwhile",
        "It holds a SHARE ROW EXCLUSIVE lock on both tables until it has looked at every row.",
        "add it NOT VALID, and VALIDATE CONSTRAINT in a section or revision of its own"},
    [RULE_UNIQUE_BY_INDEX] = {LINT_ERROR, LINT_POSTGRESQL, SCALE_SIZE,
        "ADD UNIQUE or ADD PRIMARY KEY builds its index under a lock",
        "ADD {what} builds an index while no one else can read or write {table}",
        "It holds an ACCESS EXCLUSIVE lock until the index is built.",
        "CREATE UNIQUE INDEX CONCURRENTLY in a section outside a transaction, then ADD CONSTRAINT … {what} USING INDEX"},
    [RULE_TYPE_CHANGE_REWRITES] = {LINT_ERROR, LINT_POSTGRESQL, SCALE_SIZE,
        "A change of type that writes the table anew",
        "changing {column} to {type} writes all of {table} anew while no one else can read or write it",
        "It holds an ACCESS EXCLUSIVE lock until every row and every index is written again. Only some changes do not: to a longer varchar or to text, to more digits of a numeric.",
        "add a new column, keep both in step, fill it in batches, and switch"},
    [RULE_ADD_COLUMN_REWRITES] = {LINT_ERROR, LINT_POSTGRESQL, SCALE_SIZE,
        "ADD COLUMN with a value that is another in each row",
        "ADD COLUMN {column} writes all of {table} anew while no one else can read or write it",
        "A default that is computed for each row (a random value, a sequence, a stored expression) is written into every row under an ACCESS EXCLUSIVE lock. A constant or now() is not.",
        "add the column without it, then SET DEFAULT for new rows, and fill the old ones in batches"},
    [RULE_REQUIRED_COLUMN] = {LINT_ERROR, LINT_ALL, SCALE_ROWS,
        "ADD COLUMN that rows which are there cannot take",
        "ADD COLUMN {column} fails where {table} has rows: they have no value for it",
        "NOT NULL without a default fails on every tenant with a row, and works on empty ones, so that the fleet splits. MySQL and MariaDB fill in zeros and empty texts instead, which no one asked for. SQLite refuses a default that is not constant.",
        "give it a constant default, or add it as NULL, fill it, and make it NOT NULL in a later revision"},
    [RULE_DROP_COLUMN] = {LINT_WARNING, LINT_ALL, SCALE_NONE,
        "DROP COLUMN",
        "DROP COLUMN {column} of {table} takes its data away for good",
        "While the fleet is at two versions, an application that still reads the column breaks; and no rollback brings the values back.",
        "release an application that does not use it first, and drop it in a later revision"},
    [RULE_DROP_TABLE] = {LINT_WARNING, LINT_ALL, SCALE_ROWS,
        "DROP TABLE",
        "DROP of the {what} {table} takes its data away for good",
        "While the fleet is at two versions, an application that still uses it breaks; and no rollback brings the rows back. CASCADE reaches further than the name.",
        "rename it away first, or prove that it is empty: -- verify: SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM {table})"},
    [RULE_COPY_LEAVES_OUT] = {LINT_WARNING, LINT_ALL, SCALE_ROWS,
        "A copy that leaves rows or values out of a table which goes",
        "{table} is dropped, and the copy of its rows leaves out {what}",
        "What the copy does not take goes with the old table, and no rollback brings it back.",
        "copy all rows and columns, and delete in a revision of its own what has to go; or allow the rule with the reason why it may go"},
    [RULE_TRUNCATE] = {LINT_WARNING, LINT_ALL, SCALE_ROWS,
        "TRUNCATE",
        "TRUNCATE takes all rows of {table} away for good",
        "No rollback brings them back after the commit. CASCADE reaches every table that refers to it.",
        "delete what has to go by a condition that says why, and look at it with -- verify: before"},
    [RULE_RENAME] = {LINT_WARNING, LINT_ALL, SCALE_NONE,
        "RENAME of what an application knows by name",
        "RENAME of the {what} {name} breaks every application that still knows the old name",
        "A rollout keeps the fleet at two versions for minutes or hours: whichever application is released first, it meets tenants of the other kind.",
        "add the new name, keep both in step (a view, a generated column, a trigger), switch, and drop the old one later"},
    [RULE_DATA_DEPENDENT] = {LINT_NOTE, LINT_ALL, SCALE_ROWS,
        "Whether it works depends on the rows",
        "{what} fails on tenants whose rows of {table} do not fit",
        "It fails on some tenants only, and the fleet splits.",
        "ask every tenant's rows before the run (skein plan --preflight); where they do not fit, mend them in an earlier revision"},
    [RULE_LOCK_THEN_WORK] = {LINT_WARNING, LINT_POSTGRESQL, SCALE_SIZE,
        "Long work after a lock, in one transaction",
        "this works on {table} while {other}, which line {name} has locked {what}, stays locked",
        "A lock is kept until the commit: what runs after it in the same transaction prolongs the outage.",
        "do the work first, or put it into a revision of its own and set 'transaction: each'"},
    [RULE_TIMEOUTS] = {LINT_WARNING, LINT_ALL, SCALE_NONE,
        "A timeout that is switched off",
        "{name} is set to {what}: a statement that waits for a lock keeps everyone after it waiting",
        "DDL that waits for one long reader stops all later statements on that table. skein sets lock_timeout from the inventory, gives way and tries again.",
        "leave it out, and set 'lock_timeout' or 'statement_timeout' of the tenant in the inventory"},
    [RULE_ENUM_ADD_USED] = {LINT_ERROR, LINT_POSTGRESQL, SCALE_NONE,
        "A new value of an enum that is used before the commit",
        "the value '{name}', which line {what} adds to the enum {table}, is used in the same transaction",
        "The server refuses it: unsafe use of a new value of an enum type.",
        "add the value in a section of its own outside a transaction, or in an earlier revision with 'transaction: each'"},
    [RULE_PENDING_EVENTS] = {LINT_ERROR, LINT_POSTGRESQL, SCALE_NONE,
        "A change of a table whose changed rows are looked at no sooner than at the commit",
        "the server refuses it where line {name} has changed a row of {table}: a deferred foreign key has yet to look at that row",
        "A DEFERRABLE INITIALLY DEFERRED foreign key, such as Django makes, leaves an event for each row to the commit. Until then PostgreSQL refuses ALTER TABLE, CREATE INDEX, TRUNCATE and DROP TABLE: it has pending trigger events. Where no row was changed it works, and the fleet splits.",
        "write SET CONSTRAINTS ALL IMMEDIATE before it, or put the change of rows into a revision of its own and set 'transaction: each'"},
    [RULE_MYSQL_DDL_COMMITS] = {LINT_WARNING, LINT_MYSQL, SCALE_NONE,
        "DDL and changes of rows in one section",
        "the section changes rows and the schema: each change of the schema commits, and nothing before it can be rolled back",
        "MySQL and MariaDB commit before and after each DDL statement. A tenant that fails in between is partly applied.",
        "give the changes of rows a section or revision of their own, with a -- probe:"},
    [RULE_ALGORITHM] = {LINT_WARNING, LINT_MYSQL, SCALE_SIZE,
        "ALTER TABLE that may copy the table in silence",
        "ALTER TABLE {table} may copy all rows while writes wait: {what}",
        "Where the server cannot change a table in place it copies it, and says nothing. With the assertion it fails at once instead.",
        "write what is expected, so that the server refuses anything slower: , ALGORITHM=INPLACE, LOCK=NONE"},
    [RULE_SQLITE_REBUILD] = {LINT_WARNING, LINT_SQLITE, SCALE_NONE,
        "A table that is built anew and loses something",
        "{table} is built anew: {what}",
        "Dropping a table drops its indexes and triggers; renaming the old one away first makes other tables' foreign keys point to it.",
        "create the new table under another name, copy, drop the old one, rename the new one, then create its indexes and triggers again"},
    [RULE_SESSION_DEPENDENT] = {LINT_WARNING, LINT_POSTGRESQL | LINT_MYSQL, SCALE_NONE,
        "A result that depends on a setting of the session",
        "changing {column} of {table} to {type} reads its values in the time zone of the session",
        "The same file gives other values where another tool runs it, or where a role or database has a time zone of its own.",
        "say it: USING {column} AT TIME ZONE 'UTC'; or set time_zone in the revision"},
    [RULE_FOREIGN_SCHEMA] = {LINT_WARNING, LINT_POSTGRESQL | LINT_MYSQL, SCALE_NONE,
        "A schema or database that is named",
        "the {what} {name} is named: for every tenant it is the same one",
        "Right for one tenant, and wrong for all others, which change it once each.",
        "leave the name out: the tenant's own schema comes first on its path; what all share belongs to a chain of its own"},
    [RULE_SERVER_WIDE] = {LINT_ERROR, LINT_POSTGRESQL | LINT_MYSQL, SCALE_NONE,
        "A change of what tenants share",
        "{what} changes what all tenants of a server or database share, once for each of them",
        "It runs as often as there are tenants, at the same time; it needs more rights; and no tenant's rollback undoes it.",
        "move it to an inventory of the servers, with a chain of its own"},
    [RULE_DIFFERS_BY_TENANT] = {LINT_WARNING, LINT_ALL, SCALE_NONE,
        "Rows that are not the same in each tenant",
        "{what} makes rows of {table} that differ from tenant to tenant",
        "What the fleet should share is another in each database for ever; and a fixed number beside a sequence collides with rows of some tenants.",
        "write the value itself, or look the row up by a key that means something"},
    [RULE_HIDES_DRIFT] = {LINT_WARNING, LINT_ALL, SCALE_NONE,
        "IF EXISTS or IF NOT EXISTS",
        "{what} passes in silence where {name} is not what the chain says",
        "An object of that name and another shape counts as done, and the tenant has drifted.",
        "leave it out: skein runs a revision exactly once; outside a transaction, add a -- probe:"},
    [RULE_NO_WAY_BACK] = {LINT_NOTE, LINT_ALL, SCALE_NONE,
        "No down section",
        "the revision has no -- migrate:down: it cannot be rolled back",
        "A downgrade across it, and 'on_failure: rollback', are refused before anything starts.",
        "write a down section; an empty one where there is nothing to undo"},
    [RULE_NO_PROBE] = {LINT_WARNING, LINT_ALL, SCALE_NONE,
        "A change outside a transaction that cannot be looked up",
        "no one can tell whether this took effect where its connection is lost: it has no -- probe:",
        "Such a tenant is in doubt, and a person must look at each one.",
        "write a query before it that returns a row once it has taken effect: -- probe: SELECT 1 FROM …"},
    [RULE_DROP_INDEX] = {LINT_WARNING, LINT_POSTGRESQL, SCALE_NONE,
        "DROP INDEX without CONCURRENTLY",
        "DROP INDEX {name} waits for, and then locks, its whole table",
        "It takes an ACCESS EXCLUSIVE lock on the table of the index: it waits for all who use it, and everyone else waits after it.",
        "drop it with CONCURRENTLY, in a section of its own: -- migrate:up transaction:false"},
    [RULE_REWRITES_TABLE] = {LINT_ERROR, LINT_POSTGRESQL | LINT_MYSQL, SCALE_SIZE,
        "A statement that writes a whole table or its indexes anew",
        "{what} writes {table} or its indexes anew while it is locked",
        "It holds its lock until all is written.",
        "use its CONCURRENTLY form, or a tool that works beside the application, such as pg_repack or gh-ost"},
    [RULE_DETACH_PARTITION] = {LINT_WARNING, LINT_POSTGRESQL, SCALE_NONE,
        "DETACH PARTITION without CONCURRENTLY",
        "DETACH PARTITION locks all of {table}",
        "It takes an ACCESS EXCLUSIVE lock on the table and the partition.",
        "detach it with CONCURRENTLY, in a section of its own: -- migrate:up transaction:false"},
    [RULE_TRIGGER] = {LINT_NOTE, LINT_POSTGRESQL, SCALE_NONE,
        "CREATE TRIGGER",
        "CREATE TRIGGER on {table} waits for all writers of it, and new ones wait meanwhile",
        "It takes a SHARE ROW EXCLUSIVE lock, if only for a moment.",
        "keep 'lock_timeout' short, and let it be the first statement of its transaction"},
    [RULE_UPDATE_WITHOUT_WHERE] = {LINT_WARNING, LINT_ALL, SCALE_SIZE,
        "UPDATE or DELETE of all rows",
        "all rows of {table} are changed at once",
        "Every row stays locked until the commit, and the table grows by as much as it holds.",
        "change them in batches, in a section of their own: -- migrate:up repeat:until-no-rows"},
    [RULE_REPEAT_UNBOUNDED] = {LINT_WARNING, LINT_ALL, SCALE_SIZE,
        "A statement that repeats without a bound",
        "nothing bounds a batch of {table}: the first one changes all rows at once",
        "A statement that repeats until it changes no row is for small transactions, each of which locks few rows for a short time. Without LIMIT the first batch does all of the work.",
        "take so many rows at a time: … WHERE id IN (SELECT id FROM {table} WHERE … LIMIT 1000); MariaDB takes UPDATE … LIMIT 1000"},
    [RULE_REPEAT_SAME_ROWS] = {LINT_WARNING, LINT_ALL, SCALE_NONE,
        "A statement that repeats and finds the same rows",
        "the statement does not look at what it changes in {table}: the next batch finds the same rows",
        "A statement that repeats goes on until it changes no row. An UPDATE whose condition says nothing of the columns that it sets, and an INSERT that does not leave out what is there, find the same rows again: it never ends, or ends after the first batch.",
        "ask for the rows that are still to be changed: UPDATE {table} SET a = … WHERE a IS NULL …; INSERT INTO {table} SELECT … WHERE NOT EXISTS (SELECT 1 FROM {table} …) LIMIT 1000. A trigger or a column's own ON UPDATE may do it: then waive the rule"},
};
/* clang-format on */

#define RULE_ID(name, id) [RULE_##name] = (id),
static const char *const ids[RULE__COUNT] = {LINT_RULES(RULE_ID)};
#undef RULE_ID

static const char *const severity_names[LINT__COUNT] = {
    [LINT_OFF] = "off",
    [LINT_NOTE] = "note",
    [LINT_WARNING] = "warning",
    [LINT_ERROR] = "error",
};

const char *lint_severity_name(enum lint_severity severity)
{
    return severity_names[severity];
}

const char *lint_severity_at(size_t index)
{
    return index < LINT__COUNT ? severity_names[index] : NULL;
}

unsigned lint_dialect_bit(enum dialect_id dialect)
{
    switch (dialect_info(dialect)->engine) {
    case DIALECT_SQLITE: return LINT_SQLITE;
    case DIALECT_POSTGRESQL: return LINT_POSTGRESQL;
    default: return LINT_MYSQL;
    }
}

bool lint_rule_find(const char *id, size_t len, enum rule_id *ret_rule)
{
    for (int rule = 0; rule < RULE__COUNT; rule++)
        if (strlen(ids[rule]) == len && memcmp(ids[rule], id, len) == 0) {
            *ret_rule = (enum rule_id)rule;
            return true;
        }
    return false;
}

const char *lint_rule_at(size_t index)
{
    return index < RULE__COUNT ? ids[index] : NULL;
}
