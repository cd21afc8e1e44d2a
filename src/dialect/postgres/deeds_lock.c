/* Locks that a statement takes though it changes neither columns nor rows, and when constraints look at rows. */
#include "dialect/postgres/deeds_private.h"

static bool is_true(const json_t *node, const char *key)
{
    return json_is_true(json_object_get(node, key));
}

enum deed_time postgres_deeds_time(const json_t *constraint)
{
    return is_true(constraint, "initdeferred") ? DEED_AT_COMMIT
           : is_true(constraint, "deferrable") ? DEED_AT_ONCE_UNLESS
                                               : DEED_AT_ONCE;
}

/* What changes neither columns nor rows, and whom it keeps from the table meanwhile: measured. */
static const struct {
    const char *subtype, *what;
} locks[] = {
    {"AT_ColumnDefault", deed_for_everyone},
    {"AT_EnableRowSecurity", deed_for_everyone},
    {"AT_DisableRowSecurity", deed_for_everyone},
    {"AT_ForceRowSecurity", deed_for_everyone},
    {"AT_NoForceRowSecurity", deed_for_everyone},
    {"AT_ChangeOwner", deed_for_everyone},
    {"AT_SetStorage", deed_for_everyone},
    {"AT_SetCompression", deed_for_everyone},
    {"AT_ReplicaIdentity", deed_for_everyone},
    {"AT_AddIdentity", deed_for_everyone},
    {"AT_SetIdentity", deed_for_everyone},
    {"AT_DropIdentity", deed_for_everyone},
    {"AT_DropExpression", deed_for_everyone},
    {"AT_DropInherit", deed_for_everyone},
    {"AT_AddInherit", deed_for_everyone},
    {"AT_AlterConstraint", deed_for_everyone},
    {"AT_EnableTrig", deed_for_writers},
    {"AT_DisableTrig", deed_for_writers},
    {"AT_EnableTrigAll", deed_for_writers},
    {"AT_DisableTrigAll", deed_for_writers},
    {"AT_EnableTrigUser", deed_for_writers},
    {"AT_DisableTrigUser", deed_for_writers},
    {"AT_EnableAlwaysTrig", deed_for_writers},
    {"AT_EnableReplicaTrig", deed_for_writers},
    {"AT_SetRelOptions", deed_for_no_one},
    {"AT_ResetRelOptions", deed_for_no_one},
    {"AT_SetStatistics", deed_for_no_one},
    {"AT_SetOptions", deed_for_no_one},
    {"AT_ClusterOn", deed_for_no_one},
    {"AT_DropCluster", deed_for_no_one},
};

void postgres_deeds_read_altering_lock(const struct postgres_deeds *reading, const json_t *range,
                                       const json_t *command)
{
    const char *subtype = tree_text(command, "subtype");
    for (size_t i = 0; i < ARRAY_LEN(locks); i++) {
        if (strcmp(locks[i].subtype, subtype) != 0)
            continue;
        struct deed *deed = postgres_deeds_add_on(reading, DEED_LOCK, range);
        deed->what = locks[i].what;
        deed->is_altering = true;
        if (strcmp(subtype, "AT_AlterConstraint") == 0) {
            const json_t *constraint =
                json_object_get(json_object_get(command, "def"), "Constraint");
            deed->name = postgres_deeds_text(reading, constraint, "conname");
            deed->time = postgres_deeds_time(constraint);
        }
    }
}

static void add_lock(const struct postgres_deeds *reading, const json_t *range, const char *what)
{
    postgres_deeds_add_on(reading, DEED_LOCK, range)->what = what;
}

static void read_lock(const struct postgres_deeds *reading, const json_t *node)
{
    enum { SHARE = 5, ACCESS_EXCLUSIVE = 8 }; /* as the parser numbers the modes */
    json_int_t mode = json_integer_value(json_object_get(node, "mode"));
    size_t at;
    const json_t *item;
    json_array_foreach(json_object_get(node, "relations"), at, item)
    {
        if (mode >= SHARE)
            add_lock(reading, json_object_get(item, "RangeVar"),
                     mode == ACCESS_EXCLUSIVE ? deed_for_everyone : deed_for_writers);
    }
}

/* `DROP TRIGGER t ON task`, and the like. */
static void read_dropped_parts(const struct postgres_deeds *reading, const json_t *node)
{
    static const char *const types[] = {"OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_POLICY"};
    const json_t *names = json_object_get(
        json_object_get(json_array_get(json_object_get(node, "objects"), 0), "List"), "items");
    size_t count = json_array_size(names);
    for (size_t i = 0; i < ARRAY_LEN(types) && count > 1; i++)
        if (tree_is(node, "removeType", types[i])) {
            struct deed *deed = deeds_add(reading->deeds, DEED_LOCK);
            deed->what = deed_for_everyone;
            deed->table = postgres_deeds_text(
                reading, json_object_get(json_array_get(names, count - 2), "String"), "sval");
        }
}

/* What takes a lock, and does nothing else that is told. */
void postgres_deeds_read_lock(const struct postgres_deeds *reading, const char *kind,
                              const json_t *node)
{
    const json_t *relation = json_object_get(node, "relation");
    bool is_schema = strcmp(kind, "AlterObjectSchemaStmt") == 0 && relation;
    bool is_constraint =
        strcmp(kind, "RenameStmt") == 0 && tree_is(node, "renameType", "OBJECT_TABCONSTRAINT");
    if (strcmp(kind, "LockStmt") == 0)
        read_lock(reading, node);
    if (strcmp(kind, "DropStmt") == 0)
        read_dropped_parts(reading, node);
    if (strcmp(kind, "CreatePolicyStmt") == 0 || strcmp(kind, "AlterPolicyStmt") == 0)
        add_lock(reading, json_object_get(node, "table"), deed_for_everyone);
    if (strcmp(kind, "RuleStmt") == 0 || is_schema || is_constraint)
        add_lock(reading, relation, deed_for_everyone);
}

void postgres_deeds_read_constraints(const struct postgres_deeds *reading, const json_t *node)
{
    struct deed *deed = deeds_add(reading->deeds, DEED_SET);
    deed->name = "constraints";
    deed->what = is_true(node, "deferred") ? "deferred" : "immediate";
}
