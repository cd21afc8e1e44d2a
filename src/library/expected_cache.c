#include "library/expected_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"

#define FILE_NAME "fingerprints"

enum { DIGITS = HASH_HEX_SIZE - 1, LINE_LEN = 3 * DIGITS + 2 };

/* ---- keys -------------------------------------------------------------------------------------- */

/* Ends with a NUL byte, which no text holds, so that no two lists of parts are one. */
static void add_part(struct buf *buf, const char *text)
{
    buf_adds(buf, text ? text : "");
    buf_addc(buf, '\0');
}

static void add_rules(struct buf *buf, const struct catalog_rules *rules)
{
    buf_addf(buf, "%u %zu ", rules->aspects, rules->ignored_count);
    for (size_t i = 0; i < rules->ignored_count; i++) {
        const struct ignored *ignored = &rules->ignored[i];
        buf_addf(buf, "%d ", ignored->has_kind ? (int)ignored->kind : -1);
        add_part(buf, ignored->pattern);
    }
}

/* Where the scratch database is made, and to what its sessions are set. */
static void add_circumstances(struct buf *buf, const struct fleet *fleet, enum dialect_id dialect)
{
    const struct scratch_place *place = &fleet->inventory->scratch[dialect];
    const struct settings *settings = scratch_settings(fleet->inventory, dialect);
    add_part(buf, place->server);
    add_part(buf, place->database);
    add_part(buf, fleet->inventory->version_table);
    for (size_t i = 0; settings && settings->search_path && settings->search_path[i]; i++)
        add_part(buf, settings->search_path[i]);
    buf_addc(buf, '\n');
    for (size_t i = 0; settings && i < settings->session_count; i++) {
        add_part(buf, settings->session[i].name);
        add_part(buf, settings->session[i].value);
    }
}

static void make_key(const struct expected_cache *cache, const struct expected_place *place,
                     char ret_key[HASH_HEX_SIZE])
{
    struct buf buf;
    buf_init(&buf, SIZE_MAX / 2);
    buf_addf(&buf, "skein %s %d %s ", SKEIN_VERSION, CANONICAL_FORM, cache->fleet->chain->digest);
    buf_addf(&buf, "%s %d ", dialect_info(place->kind.dialect)->name, place->kind.has_schema);
    add_part(&buf, place->group);
    add_rules(&buf, cache->rules);
    add_circumstances(&buf, cache->fleet, place->kind.dialect);
    struct rows sorted =
        rows_sorted((struct arena *)(uintptr_t)&cache->arena, place->rows.ids, place->rows.count);
    rows_add_key(&buf, &sorted);
    hash_hex(buf.data, buf.len, ret_key);
    buf_done(&buf);
}

/* ---- the file ---------------------------------------------------------------------------------- */

static void add_line(struct expected_cache *cache, const char *key,
                     const struct fingerprint *fingerprint)
{
    uint32_t at = map_get(&cache->by_key, key);
    if (at != MAP_NONE) {
        cache->lines[at].fingerprint = *fingerprint;
        return;
    }
    const char *copy = arena_strdup(&cache->arena, key);
    map_put(&cache->by_key, copy, (uint32_t)cache->count);
    *ARENA_PUSH(&cache->arena, cache->lines, cache->count, cache->capacity) =
        (struct expected_cache_line){copy, *fingerprint};
}

/* A line that was not written as it stands is left out. */
static void take_line(struct expected_cache *cache, const char *line, size_t len)
{
    char key[HASH_HEX_SIZE], hash[HASH_HEX_SIZE];
    struct fingerprint fingerprint;
    if (len != LINE_LEN)
        return;
    hash_hex(line, 2 * DIGITS + 1, hash);
    if (memcmp(hash, line + 2 * DIGITS + 2, DIGITS) != 0)
        return;
    snprintf(key, sizeof key, "%.*s", DIGITS, line);
    snprintf(fingerprint.hex, sizeof fingerprint.hex, "%.*s", DIGITS, line + DIGITS + 1);
    add_line(cache, key, &fingerprint);
}

static void read_file(struct expected_cache *cache)
{
    struct arena arena;
    const char *bytes, *why;
    size_t len;
    arena_init(&arena);
    if (file_read(&arena, NULL, cache->path, &bytes, &len, &why)) {
        for (const char *line = bytes, *end = bytes + len; line < end;) {
            const char *stop = memchr(line, '\n', (size_t)(end - line));
            size_t line_len = (size_t)((stop ? stop : end) - line);
            take_line(cache, line, line_len);
            line += line_len + 1;
        }
    }
    arena_done(&arena);
}

static void add_text(struct buf *buf, const struct expected_cache_line *line)
{
    char hash[HASH_HEX_SIZE];
    size_t begin = buf->len;
    buf_addf(buf, "%s %s", line->key, line->fingerprint.hex);
    hash_hex(buf->data + begin, buf->len - begin, hash);
    buf_addf(buf, " %s\n", hash);
}

/* Which a ledger makes too, with all above it. */
static void make_folder(struct expected_cache *cache)
{
    if (path_folder_len(cache->path))
        (void)!mkdir(path_folder(&cache->arena, cache->path), 0700);
}

/* A new file beside the old one, then renamed over it. Where that cannot be, the next command replays the chain again. */
static void write_file(struct expected_cache *cache)
{
    struct buf text;
    char *path = arena_printf(&cache->arena, "%s.XXXXXX", cache->path);
    make_folder(cache);
    size_t first = cache->count > EXPECTED_CACHE_MAX ? cache->count - EXPECTED_CACHE_MAX : 0;
    int fd = mkstemp(path); /* its mode is 0600 */
    if (fd < 0)
        return;
    buf_init(&text, SIZE_MAX / 2);
    for (size_t i = first; i < cache->count; i++)
        add_text(&text, &cache->lines[i]);
    bool is_good = write(fd, text.data, text.len) == (ssize_t)text.len;
    buf_done(&text);
    if (close(fd) || !is_good || rename(path, cache->path))
        unlink(path);
}

/* ---- all of it --------------------------------------------------------------------------------- */

void expected_cache_open(struct expected_cache *cache, const struct fleet *fleet,
                         const struct catalog_rules *rules)
{
    const char *ledger = fleet->inventory->ledger;
    *cache = (struct expected_cache){.fleet = fleet, .rules = rules};
    arena_init(&cache->arena);
    map_init(&cache->by_key);
    if (!ledger || strstr(ledger, "://"))
        return;
    cache->path =
        arena_printf(&cache->arena, "%.*s" FILE_NAME, (int)path_folder_len(ledger), ledger);
    read_file(cache);
}

void expected_cache_close(struct expected_cache *cache)
{
    if (cache->has_changed && cache->path && !cache->is_read_only)
        write_file(cache);
    map_done(&cache->by_key);
    arena_done(&cache->arena);
}

bool expected_cache_get(const struct expected_cache *cache, const struct expected_place *place,
                        struct fingerprint *ret)
{
    char key[HASH_HEX_SIZE];
    make_key(cache, place, key);
    uint32_t at = map_get(&cache->by_key, key);
    if (at == MAP_NONE)
        return false;
    *ret = cache->lines[at].fingerprint;
    return true;
}

void expected_cache_put(struct expected_cache *cache, const struct expected_place *place,
                        const struct fingerprint *fingerprint)
{
    char key[HASH_HEX_SIZE];
    make_key(cache, place, key);
    add_line(cache, key, fingerprint);
    cache->has_changed = true;
}
