#include "link/credentials.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/secret.h"
#include "link/job.h"

struct waiter {
    struct waiter *next;
    credential_done_fn on_done;
    void *ctx;
};

struct credential {
    const struct password *source;
    char *password; /* malloc'd; of files and commands, or learned */
    bool is_fetched;
    const char *refused_by;
    struct waiter *waiters;
    struct job job;
    struct err err; /* of the fetch under way */
    bool went_well;
};

struct credentials {
    uv_loop_t *loop;
    struct arena arena;
    struct map by_key;
    struct credential **items;
    size_t count, capacity;
};

struct credentials *credentials_new(uv_loop_t *loop)
{
    struct credentials *credentials = xcalloc(1, sizeof *credentials);
    credentials->loop = loop;
    arena_init(&credentials->arena);
    map_init(&credentials->by_key);
    return credentials;
}

void credentials_free(struct credentials *credentials)
{
    if (!credentials)
        return;
    for (size_t i = 0; i < credentials->count; i++)
        password_free(credentials->items[i]->password);
    map_done(&credentials->by_key);
    arena_done(&credentials->arena);
    free(credentials);
}

static void fetch_on_thread(void *ctx)
{
    struct credential *credential = ctx;
    credential->went_well =
        password_fetch_on_thread(credential->source, &credential->password, &credential->err);
}

static void on_fetched(void *ctx)
{
    struct credential *credential = ctx;
    struct waiter *waiter = credential->waiters;
    credential->waiters = NULL;
    credential->is_fetched = credential->went_well;
    while (waiter) {
        struct waiter *next = waiter->next;
        waiter->on_done(waiter->ctx, credential->password,
                        credential->went_well ? NULL : &credential->err);
        free(waiter);
        waiter = next;
    }
}

static uint32_t add_login(struct credentials *credentials, const struct password *source,
                          const char *key)
{
    uint32_t index = (uint32_t)credentials->count;
    struct credential *credential = arena_alloc(&credentials->arena, sizeof *credential);
    credential->source = source;
    credential->job.work = fetch_on_thread;
    credential->job.on_done = on_fetched;
    credential->job.ctx = credential;
    map_put(&credentials->by_key, arena_strdup(&credentials->arena, key), index);
    *ARENA_PUSH(&credentials->arena, credentials->items, credentials->count,
                credentials->capacity) = credential;
    return index;
}

/* The parameters that name where the client library finds a user and a password by itself. */
static void add_finding_places(struct buf *key, const struct url *url)
{
    static const char *const places[] = {"service", "passfile"};
    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        if (url_param(url, places[i]))
            buf_addf(key, "\n%s=%s", places[i], url_param(url, places[i]));
}

uint32_t credentials_add(struct credentials *credentials, const struct tenant *tenant,
                         bool *ret_is_new)
{
    struct buf key;
    const char *user = tenant->url.user ? tenant->url.user : "";
    buf_init(&key, BUF_MAX_DEFAULT);
    buf_addf(&key, "%s\n%s\n%" PRIu32, tenant->server, user, tenant->password->number);
    add_finding_places(&key, &tenant->url);
    uint32_t index = map_get(&credentials->by_key, key.data);
    *ret_is_new = index == MAP_NONE;
    if (*ret_is_new)
        index = add_login(credentials, tenant->password, key.data);
    buf_done(&key);
    return index;
}

bool credentials_password(struct credentials *credentials, uint32_t index,
                          credential_done_fn on_done, void *ctx, const char **ret_password)
{
    struct credential *credential = credentials->items[index];
    if (credential->source->kind == PASSWORD_ENV && !credential->is_fetched)
        credential->is_fetched =
            password_fetch_on_thread(credential->source, &credential->password, &credential->err);
    bool is_at_hand = credential->source->kind == PASSWORD_NONE ||
                      credential->source->kind == PASSWORD_VALUE || credential->is_fetched;
    if (is_at_hand) {
        *ret_password = credential->is_fetched ? credential->password : credential->source->value;
        return true;
    }
    bool is_asking = credential->waiters != NULL;
    struct waiter *waiter = xmalloc(sizeof *waiter);
    *waiter = (struct waiter){credential->waiters, on_done, ctx};
    credential->waiters = waiter;
    if (!is_asking)
        job_start(credentials->loop, &credential->job);
    return false;
}

void credentials_refuse(struct credentials *credentials, uint32_t index, const char *tenant)
{
    if (!credentials->items[index]->refused_by)
        credentials->items[index]->refused_by = tenant;
}

const char *credentials_refused(const struct credentials *credentials, uint32_t index)
{
    return credentials->items[index]->refused_by;
}

void credentials_learn(struct credentials *credentials, uint32_t index, const char *password)
{
    struct credential *credential = credentials->items[index];
    if (password && *password && credential->source->kind == PASSWORD_NONE && !credential->password)
        credential->password = xstrdup(password);
}

static const char *known_password(const struct credential *credential)
{
    bool is_value = credential->source->kind == PASSWORD_VALUE;
    return is_value ? credential->source->value : credential->password;
}

void credentials_redact(const struct credentials *credentials, uint32_t index, char *text,
                        size_t size)
{
    secret_redact(text, size, known_password(credentials->items[index]));
    secret_redact_urls(text, size);
    secret_redact_sql(text, size);
}

void credentials_explain(const struct password *password, struct err *err)
{
    if (err->kind == ERR_AUTH && password->kind == PASSWORD_NONE && password->shown)
        err_add(err, "; %s", password->shown);
}

void credentials_redact_all(const struct credentials *credentials, char *text, size_t size)
{
    const char *last = NULL;
    for (size_t i = 0; i < credentials->count; i++) {
        const char *password = known_password(credentials->items[i]);
        if (password && (!last || strcmp(password, last) != 0))
            secret_redact(text, size, password);
        last = password;
    }
    secret_redact_urls(text, size);
    secret_redact_sql(text, size);
}

bool credentials_are_in(const struct credentials *credentials, const char *text, size_t len)
{
    const char *last = NULL;
    for (size_t i = 0; i < credentials->count; i++) {
        const char *password = known_password(credentials->items[i]);
        bool is_new = password && (!last || strcmp(password, last) != 0);
        if (is_new && secret_is_in(text, len, password))
            return true;
        last = password;
    }
    return false;
}
