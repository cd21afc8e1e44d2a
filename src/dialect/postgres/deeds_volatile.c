/* Functions whose value is no constant: another for each row, or another in each tenant. */
#include "dialect/postgres/deeds_private.h"

/* `is_per_row`: volatile, as the server calls it; else it is the same for all rows of a statement. */
static const struct {
    const char *name;
    bool is_per_row;
} changing[] = {
    {"random", true},
    {"gen_random_uuid", true},
    {"uuid_generate_v1", true},
    {"uuid_generate_v1mc", true},
    {"uuid_generate_v4", true},
    {"uuidv4", true},
    {"uuidv7", true},
    {"gen_random_bytes", true},
    {"gen_salt", true},
    {"clock_timestamp", true},
    {"timeofday", true},
    {"nextval", true},
    {"now", false},
    {"statement_timestamp", false},
    {"transaction_timestamp", false},
    {"current_database", false},
    {"current_schema", false},
    {"version", false},
    {"pg_backend_pid", false},
    {"inet_server_addr", false},
    {"inet_server_port", false},
    {"txid_current", false},
    {"pg_current_xact_id", false},
};

static const char *changing_function(const json_t *call, bool counts_now)
{
    const json_t *names = json_object_get(call, "funcname");
    size_t count = json_array_size(names);
    const char *name =
        count ? tree_text(json_object_get(json_array_get(names, count - 1), "String"), "sval") : "";
    for (size_t i = 0; i < ARRAY_LEN(changing); i++)
        if (strcmp(changing[i].name, name) == 0) {
            /* a sequence's numbers are what a tenant's own rows need */
            bool counts = counts_now ? strcmp(name, "nextval") != 0 : changing[i].is_per_row;
            return counts ? changing[i].name : NULL;
        }
    return NULL;
}

static const char *changing_value(const json_t *value)
{
    static const struct {
        const char *op, *words;
    } values[] = {
        {"SVFOP_CURRENT_DATE", "current_date"},
        {"SVFOP_CURRENT_TIME", "current_time"},
        {"SVFOP_CURRENT_TIME_N", "current_time"},
        {"SVFOP_CURRENT_TIMESTAMP", "current_timestamp"},
        {"SVFOP_CURRENT_TIMESTAMP_N", "current_timestamp"},
        {"SVFOP_LOCALTIME", "localtime"},
        {"SVFOP_LOCALTIMESTAMP", "localtimestamp"},
        {"SVFOP_CURRENT_USER", "current_user"},
        {"SVFOP_CURRENT_ROLE", "current_role"},
        {"SVFOP_USER", "user"},
        {"SVFOP_SESSION_USER", "session_user"},
        {"SVFOP_CURRENT_CATALOG", "current_catalog"},
        {"SVFOP_CURRENT_SCHEMA", "current_schema"},
    };
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        if (tree_is(value, "op", values[i].op))
            return values[i].words;
    return NULL;
}

const char *postgres_deeds_find_volatile(const json_t *expression, bool counts_now)
{
    const char *key, *found = NULL;
    size_t at;
    json_t *item;
    const json_t *call = json_object_get(expression, "FuncCall");
    const json_t *value = json_object_get(expression, "SQLValueFunction");
    if (call)
        found = changing_function(call, counts_now);
    if (value && counts_now)
        found = changing_value(value);
    if (found)
        return found;
    json_object_foreach((json_t *)(uintptr_t)expression, key, item)
    {
        found = found ? found : postgres_deeds_find_volatile(item, counts_now);
    }
    json_array_foreach(expression, at, item)
    {
        found = found ? found : postgres_deeds_find_volatile(item, counts_now);
    }
    return found;
}
