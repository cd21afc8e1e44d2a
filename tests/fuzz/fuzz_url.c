/* URLs: what is accepted says the same when shown and read again, and the same to libpq.
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined … && ./fuzz_url -dict=url.dict corpus/url
 */
#include <libpq-fe.h>
#include <strings.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_round_trip(struct arena *arena, const struct url *url)
{
    struct url again;
    struct err err;
    require(url_parse(arena, url_redacted(arena, url), &again, &err));
    require(again.dialect == url->dialect && again.port == url->port);
    require(is_same(again.user, url->user) && is_same(again.host, url->host));
    require(is_same(again.database, url->database) && !again.password);
    require(again.param_count == url->param_count);
    require(is_same(url_server(arena, &again), url_server(arena, url)));
}

static const char *option(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val && *options->val ? options->val : NULL;
    return NULL;
}

/* libpq accepts more than we do, and other parameters; where both accept, both mean the same. */
static void check_libpq(struct arena *arena, const char *text, const struct url *url)
{
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(text, &message);
    PQfreemem(message);
    if (!options)
        return;
    const char *port = url->port ? arena_printf(arena, "%u", (unsigned)url->port) : NULL;
    const char *their_port = option(options, "port");
    while (their_port && *their_port == '0')
        their_port++;
    require(is_same(option(options, "user"), url->user));
    require(is_same(option(options, "password"), url->password));
    require(is_same(option(options, "host"), url->host));
    require(is_same(option(options, "dbname"), url->database));
    require(is_same(their_port, port));
    for (size_t i = 0; i < url->param_count; i++)
        require(!*url->params[i].value ||
                is_same(option(options, url->params[i].key), url->params[i].value));
    PQconninfoFree(options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct url url = {0};
    struct err err = {0};
    arena_init(&arena);
    const char *text = arena_strndup(&arena, (const char *)data, size);
    if (url_parse(&arena, text, &url, &err)) {
        check_round_trip(&arena, &url);
        if (url.dialect == DIALECT_POSTGRESQL)
            check_libpq(&arena, text, &url);
    } else {
        require(err.kind == ERR_CONFIG && *err.text);
    }
    arena_done(&arena);
    return 0;
}
