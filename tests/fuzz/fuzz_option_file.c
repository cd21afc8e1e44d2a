/* Any bytes as an option file of MySQL's clients, for URLs that say nothing and that say all: what the URL says stands, what
 * is taken is text, and an error quotes nothing of a file that may hold a password. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/url.h"
#include "dialect/mysql/option_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void take(const char *from, const char *text)
{
    struct arena arena;
    struct url url;
    struct err err = {0};
    struct option_notes notes = {0};
    arena_init(&arena);
    require(url_parse(&arena, from, &url, &err));
    const struct url said = url;
    if (!mysql_take_options(&arena, text, &url, &notes, &err)) {
        require(err.kind == ERR_CONFIG && *err.text);
        require(!strstr(text, "secret-of-the-fuzz") || !strstr(err.text, "secret-of-the-fuzz"));
    } else {
        require(notes.count <= OPTION_NOTES_MAX);
        require(!said.user || strcmp(said.user, url.user) == 0);
        require(!said.host || strcmp(said.host, url.host) == 0);
        require(!said.password || strcmp(said.password, url.password) == 0);
        require(url_redacted(&arena, &url) != NULL);
    }
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    if (memchr(data, '\0', size))
        return 0;
    arena_init(&arena);
    const char *text = arena_strndup(&arena, (const char *)data, size);
    take("mysql:///d?read_default_file=my.cnf", text);
    take("mysql://u:p@h:3307/d?read_default_file=my.cnf&read_default_group=app", text);
    arena_done(&arena);
    return 0;
}
