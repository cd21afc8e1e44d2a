#include "inventory/lack.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "base/program.h"
#include "inventory/inventory.h"
#include "inventory/password.h"

bool inventory_check_parts(const struct inventory *inventory, unsigned parts, struct faults *faults)
{
    size_t before = faults->total;
    for (const struct lack *lack = inventory->lacks; lack; lack = lack->next)
        if (lack->needed_for & parts)
            faults_add(faults, ERR_CONFIG, inventory->path, lack->line, "%s: %s", lack->owner,
                       lack->text);
    return faults->total == before;
}

/* ---- gates ----------------------------------------------------------------------------------- */

bool inventory_check_gates(const struct inventory *inventory, struct faults *faults)
{
    const struct gate_rules *gates = &inventory->rollout.gates;
    size_t before = faults->total;
    for (size_t i = 0; i < GATE__COUNT; i++) {
        struct err err;
        if (gates->argv[i] && !program_check(gates->argv[i][0], &err))
            faults_add(faults, ERR_CONFIG, inventory->path, gates->lines[i], "'gates': '%s': %s",
                       gates->names[i], err.text);
    }
    return faults->total == before;
}

/* ---- tenants ------------------------------------------------------------------------------- */

/* Tenants that lack the same. */
struct group {
    const char *owner; /* the first of them, or where it stands for all */
    const char *text;
    int line;
    size_t count;
};

struct gathering {
    const struct tenants_check *check;
    struct arena arena;
    struct map by_text;
    struct group *groups;
    size_t group_count, group_capacity;
    const char **fault_of; /* by the password's number: NULL, not looked at yet; "": it is there */
};

static void gather(struct gathering *gathering, const char *owner, const char *text, int line)
{
    uint32_t index = map_put(&gathering->by_text, text, (uint32_t)gathering->group_count);
    if (index == gathering->group_count)
        *ARENA_PUSH(&gathering->arena, gathering->groups, gathering->group_count,
                    gathering->group_capacity) = (struct group){owner, text, line, 0};
    gathering->groups[index].count++;
}

static bool is_implicit(const char *label)
{
    return strcmp(label, "dialect") == 0 || strcmp(label, "server") == 0;
}

/* Does the key say how the source's database is asked? All other keys are for the tenants that its rows are. */
static bool is_of_connection(const char *key)
{
    static const char *const rows[] = {"labels",   "schema", "search_path",
                                       "settings", "create", "batch_replicas"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(key, rows[i]) == 0)
            return false;
    return true;
}

static bool is_needed(const struct tenants_check *check, const struct tenant *tenant,
                      const struct lack *lack)
{
    bool is_url = strcmp(lack->key, "url") == 0, is_label = strcmp(lack->key, "labels") == 0;
    bool is_password = strncmp(lack->key, "password_", strlen("password_")) == 0;
    switch (check->use) {
    case TENANTS_ARE_SELECTED:
        if (is_implicit(check->label))
            return is_url;
        return is_label && (!lack->name || strcmp(lack->name, check->label) == 0);
    case TENANTS_ARE_SCRIPTED:
        return !is_password && !is_label && !(is_url && !tenant->lacks_dialect) &&
               strcmp(lack->key, "batch_replicas") != 0;
    case TENANTS_ARE_VISITED: return !check->are_sources || is_of_connection(lack->key);
    }
    return true;
}

/* "": nothing is wrong. */
static const char *judge_password(struct gathering *gathering, const struct password *password)
{
    struct err err;
    if (password->kind == PASSWORD_ENV) {
        const char *value = getenv(password->value);
        return value && *value
                   ? ""
                   : arena_printf(&gathering->arena,
                                  "'password_env': the environment variable '%.100s' is %s",
                                  password->shown, value ? "empty" : "not set");
    }
    if (password->kind == PASSWORD_FILE && !password_file_check(password->value, &err))
        return arena_printf(&gathering->arena, "'password_file': %s", err.text);
    return "";
}

/* `what` is said of whose password it is, before the name: `tenant`; NULL: the name says all. */
static void gather_password(struct gathering *gathering, const char *what,
                            const struct tenant *tenant)
{
    const struct password *password = tenant->password;
    const char **fault = &gathering->fault_of[password->number];
    if (!*fault)
        *fault = judge_password(gathering, password);
    if (**fault)
        gather(gathering,
               what ? arena_printf(&gathering->arena, "%s '%s'", what, tenant->name) : tenant->name,
               *fault, tenant->password_line);
}

static void gather_all(struct gathering *gathering)
{
    const struct tenants_check *check = gathering->check;
    bool visits = check->use == TENANTS_ARE_VISITED;
    for (size_t i = 0; i < check->count; i++) {
        const struct tenant *tenant = check->tenants[i];
        for (const struct lack *lack = tenant->lacks; lack; lack = lack->next)
            if (is_needed(check, tenant, lack))
                gather(gathering, lack->owner, lack->text, lack->line);
        if (visits)
            gather_password(gathering, check->are_sources ? NULL : "tenant", tenant);
        for (size_t r = 0; visits && tenant->replicas && r < tenant->replicas->count; r++)
            gather_password(gathering, "replica", tenant->replicas->replicas[r]);
    }
}

bool inventory_check_tenants(const struct tenants_check *check, struct faults *faults)
{
    struct gathering gathering = {.check = check};
    arena_init(&gathering.arena);
    map_init(&gathering.by_text);
    gathering.fault_of = arena_calloc(&gathering.arena, check->inventory->password_count + 1,
                                      sizeof *gathering.fault_of);
    gather_all(&gathering);
    for (size_t i = 0; i < gathering.group_count; i++) {
        const struct group *group = &gathering.groups[i];
        char more[64] = "";
        if (group->count > 1)
            snprintf(more, sizeof more, "; %zu of the %s need it", group->count,
                     check->are_sources ? "sources" : "selected tenants");
        faults_add(faults, ERR_CONFIG, check->inventory->path, group->line, "%s: %s%s",
                   group->owner, group->text, more);
    }
    bool is_well = !gathering.group_count;
    map_done(&gathering.by_text);
    arena_done(&gathering.arena);
    return is_well;
}

bool tenant_lacks_label(const struct tenant *tenant, const char *key)
{
    if (strcmp(key, "dialect") == 0)
        return tenant->lacks_dialect;
    if (strcmp(key, "server") == 0)
        return tenant->lacks_url && !tenant->server;
    for (size_t i = 0; i < tenant->label_count; i++)
        if (strcmp(tenant->labels[i].key, key) == 0)
            return !tenant->labels[i].value;
    for (const struct lack *lack = tenant->lacks; lack; lack = lack->next)
        if (strcmp(lack->key, "labels") == 0 && !lack->name)
            return strcmp(key, "name") != 0; /* it may be any label */
    return false;
}
