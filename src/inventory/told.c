/* What is told of an inventory, and read again. */
#include "inventory/told.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/buf.h"
#include "inventory/inventory.h"
#include "inventory/told_keys.h"
#include "schema/rules.h"

/* ---- the keys ------------------------------------------------------------------------------ */

static const char *const transactions[] = {"all", "each", NULL};
static const char *const booleans[] = {"false", "true", NULL};
static const char *const ways_back[] = {"down", "snapshot", NULL};

#define DURATION(member) sizeof(uint64_t), TOLD_DURATION, offsetof(struct settings, member), NULL
#define COUNT(member) sizeof(uint32_t), TOLD_COUNT, offsetof(struct settings, member), NULL
#define WORD(member, words)                                                                        \
    sizeof(((struct settings *)0)->member), TOLD_WORD, offsetof(struct settings, member), words

const struct told_key told_setting_keys[] = {
    {"transaction", WORD(transaction, transactions)},
    {"create", WORD(create, booleans)},
    {"connect_timeout", DURATION(connect_timeout_ms)},
    {"lock_timeout", DURATION(lock_timeout_ms)},
    {"statement_timeout", DURATION(statement_timeout_ms)},
    {"retries", COUNT(retries)},
    {"retry_timeout", DURATION(retry_timeout_ms)},
    {"rollback_by", WORD(rollback_by, ways_back)},
    {"batch_pause", DURATION(batches.pause_ms)},
    {"batch_max_lag", DURATION(batches.max_lag_ms)},
    {"batch_max_wait", DURATION(batches.max_wait_ms)},
    {"batch_timeout", DURATION(batches.timeout_ms)},
    {"batch_max_waiting", COUNT(batches.max_waiting)},
    {"batch_max_active", COUNT(batches.max_active)},
};
const size_t told_setting_key_count = ARRAY_LEN(told_setting_keys);

#undef DURATION
#undef COUNT
#undef WORD

/* ---- telling ------------------------------------------------------------------------------- */

struct telling {
    struct arena *arena;
    const char **items;
    size_t count, capacity;
};

PRINTF_LIKE(2, 3)
static void tell(struct telling *telling, const char *format, ...)
{
    va_list args;
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    *ARENA_PUSH(telling->arena, telling->items, telling->count, telling->capacity) =
        arena_strndup(telling->arena, text.data, text.len);
    buf_done(&text);
}

static struct rows told(const struct telling *telling)
{
    return (struct rows){telling->items, telling->count, true};
}

static void tell_key(struct telling *telling, const struct told_key *key, const void *owner)
{
    const char *at = (const char *)owner + key->at;
    uint64_t value = key->size == sizeof(uint64_t)   ? *(const uint64_t *)(const void *)at
                     : key->size == sizeof(uint32_t) ? *(const uint32_t *)(const void *)at
                                                     : *(const uint8_t *)at;
    if (key->kind == TOLD_WORD)
        tell(telling, "%s=%s", key->name, key->words[value]);
    else
        tell(telling, "%s=%" PRIu64 "%s", key->name, value, key->kind == TOLD_DURATION ? "ms" : "");
}

static void tell_replica(struct telling *telling, const struct tenant *replica)
{
    const char *password = told_password(replica->password, telling->arena);
    tell(telling, TOLD_REPLICA "=%s%s%s", replica->url_redacted, password ? " " : "",
         password ? password : "");
}

struct rows told_settings(const struct tenant *tenant, struct arena *arena)
{
    const struct settings *settings = tenant->settings;
    struct telling telling = {.arena = arena};
    for (size_t i = 0; i < told_setting_key_count; i++)
        tell_key(&telling, &told_setting_keys[i], settings);
    for (const char *const *schema = settings->search_path; schema && *schema; schema++)
        tell(&telling, TOLD_PATH "=%s", *schema);
    for (size_t i = 0; i < settings->session_count; i++)
        tell(&telling, TOLD_SESSION "%s=%s", settings->session[i].name, settings->session[i].value);
    for (size_t i = 0; tenant->replicas && i < tenant->replicas->count; i++)
        tell_replica(&telling, tenant->replicas->replicas[i]);
    return told(&telling);
}

static void tell_limit(struct telling *telling, const char *key, const struct forecast_limit *limit)
{
    if (limit->ms)
        tell(telling, "%s=%" PRIu64 "ms", key, limit->ms);
    else if (limit->factor > 0)
        tell(telling, "%s=%.6gx", key, limit->factor);
}

static void tell_drift(struct telling *telling, const struct catalog_rules *rules)
{
    if (!rules)
        return;
    tell(telling, TOLD_ASPECTS "=%u", rules->aspects);
    for (size_t i = 0; i < rules->ignored_count; i++) {
        const struct ignored *ignored = &rules->ignored[i];
        tell(telling, TOLD_IGNORE "=%s%s%s",
             ignored->has_kind ? object_kind_name(ignored->kind) : "", ignored->has_kind ? " " : "",
             ignored->pattern);
    }
}

struct rows told_rules(const struct inventory *inventory, struct arena *arena)
{
    struct telling telling = {.arena = arena};
    const struct forecast_rules *forecast = &inventory->rollout.forecast;
    tell(&telling, TOLD_VERSION_TABLE "=%s", inventory->version_table);
    tell(&telling, TOLD_DETAIL "=%s", booleans[!inventory->hides_values]);
    tell(&telling, TOLD_SQL "=%s", booleans[!inventory->hides_sql]);
    tell_limit(&telling, TOLD_WARN_ABOVE, &forecast->warn_above);
    tell_limit(&telling, TOLD_HALT_ABOVE, &forecast->halt_above);
    tell(&telling, TOLD_AT_LEAST "=%" PRIu64 "ms", forecast->at_least_ms);
    tell_drift(&telling, inventory->drift);
    return told(&telling);
}

/* The name of a variable that another one gave may be a secret. */
const char *told_password(const struct password *password, struct arena *arena)
{
    switch (password->kind) {
    case PASSWORD_NONE:
    case PASSWORD_REFUSED: return NULL;
    case PASSWORD_ENV:
        return strcmp(password->value, password->shown) == 0
                   ? arena_printf(arena, TOLD_BY_VARIABLE "%s", password->value)
                   : TOLD_ELSEWHERE;
    case PASSWORD_FILE: return arena_printf(arena, TOLD_BY_FILE "%s", password->shown);
    case PASSWORD_COMMAND: return TOLD_BY_COMMAND;
    case PASSWORD_VALUE: return TOLD_ELSEWHERE;
    }
    return NULL;
}
