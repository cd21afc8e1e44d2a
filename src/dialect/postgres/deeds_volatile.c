/* Functions whose value is no constant: another for each row, or another in each tenant. */
#include "dialect/postgres/deeds_private.h"

#include "base/ascii.h"

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

const char *postgres_deeds_find_moment(const json_t *expression, const json_t *type)
{
    static const char *const types[] = {"timestamp", "timestamptz", "date", "time", "timetz"};
    static const char *const moments[][2] = {{"now", "'now'"},
                                             {"today", "'today'"},
                                             {"tomorrow", "'tomorrow'"},
                                             {"yesterday", "'yesterday'"}};
    const json_t *names = json_object_get(type, "names");
    const json_t *last = json_array_get(names, json_array_size(names) - 1);
    const json_t *constant = json_object_get(expression, "A_Const");
    const char *text = tree_text(json_object_get(constant, "sval"), "sval");
    bool is_of_time = false;
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        is_of_time |= tree_is(json_object_get(last, "String"), "sval", types[i]);
    for (size_t i = 0; i < ARRAY_LEN(moments) && is_of_time; i++)
        if (ascii_is_same(text, moments[i][0]))
            return moments[i][1];
    return NULL;
}

static const char *changing_cast(const json_t *cast)
{
    return postgres_deeds_find_moment(json_object_get(cast, "arg"),
                                      json_object_get(cast, "typeName"));
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
    if (counts_now && json_object_get(expression, "TypeCast"))
        found = changing_cast(json_object_get(expression, "TypeCast"));
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
