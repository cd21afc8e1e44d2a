/* What a PostgreSQL session is set to: `search_path` and `settings`, and what a URL's options may not say since skein
 * sets it itself. */
#include "inventory/load/builder.h"

#include <inttypes.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"

/* ---- search_path --------------------------------------------------------------------------- */

static const char *const *intern_path(struct inventory_builder *builder, const char *const *path,
                                      size_t count)
{
    struct buf key;
    buf_init(&key, BUF_MAX_DEFAULT);
    buf_adds(&key, "search_path");
    for (size_t i = 0; i < count; i++)
        buf_addf(&key, " %p", (const void *)path[i]);
    const char *const *known = sharing_find(&builder->sharing, key.data);
    if (!known) {
        const char **copy = arena_calloc(builder->inventory->arena, count + 1, sizeof *copy);
        for (size_t i = 0; i < count; i++)
            copy[i] = path[i];
        known = copy;
        sharing_add(&builder->sharing, key.data, known);
    }
    buf_done(&key);
    return known;
}

static void read_path(struct inventory_builder *builder, const struct raw_common *raw,
                      struct settings *settings)
{
    size_t count = 0;
    const char **path = arena_calloc(&builder->scratch, raw->search_path_count, sizeof *path);
    for (size_t i = 0; i < raw->search_path_count; i++) {
        const char *text;
        if (!load_text(builder, (struct field){"search_path", raw->search_path[i]}, &text))
            continue;
        if (!load_is_name(text) || strlen(text) > SCHEMA_MAX_BYTES)
            load_fault(
                builder, "search_path",
                "'search_path' lists schemas, names of at most %d bytes without control characters",
                SCHEMA_MAX_BYTES);
        else
            path[count++] = sharing_string(&builder->sharing, text);
    }
    settings->search_path = intern_path(builder, path, count);
}

/* ---- settings ------------------------------------------------------------------------------ */

/* What skein sets by itself, and what to say instead. */
static const struct {
    const char *name;
    const char *instead;       /* NULL: nothing may */
    bool is_taken_in_settings; /* `settings` may say it, and then has the last word */
} ours[] = {
    {"search_path", "use 'schema' and 'search_path'", false},
    {"lock_timeout", "use 'lock_timeout'", false},
    {"statement_timeout", "use 'statement_timeout'", false},
    {"idle_in_transaction_session_timeout", NULL, false},
    {"client_connection_check_interval", NULL, false},
    {"client_encoding", NULL, false},
    {"standard_conforming_strings", NULL, false},
    {"timezone", "use 'settings'", true},
    {"timezone_abbreviations", "use 'settings'", true},
    {"datestyle", "use 'settings'", true},
    {"intervalstyle", "use 'settings'", true},
    {"extra_float_digits", "use 'settings'", true},
    {"bytea_output", "use 'settings'", true},
    {"xmlbinary", "use 'settings'", true},
    {"xmloption", "use 'settings'", true},
    {"array_nulls", "use 'settings'", true},
    {"transform_null_equals", "use 'settings'", true},
    {"row_security", "use 'settings'", true},
    {"check_function_bodies", "use 'settings'", true},
    {"quote_all_identifiers", "use 'settings'", true},
    {"lc_numeric", "use 'settings'", true},
    {"lc_time", "use 'settings'", true},
    {"session_replication_role", "use 'settings'", true},
    {"default_transaction_isolation", NULL, false},
    {"default_transaction_deferrable", NULL, false},
};

/* Names that are no setting of a session, or that would take the transaction out of skein's hands. */
static const char *const forbidden[] = {"role", "session_authorization", "transaction_isolation",
                                        "transaction_read_only", "transaction_deferrable"};

enum { OURS_NONE = -1 };

static int find_ours(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        if (ascii_is_same(name, ours[i].name))
            return (int)i;
    return OURS_NONE;
}

static bool is_setting_name(const char *name)
{
    if (!ascii_is_made_of(name, "_.") || ascii_is_digit(*name) || strlen(name) > 127)
        return false;
    for (const char *p = name; *p; p++)
        if (*p == '.' && (p == name || !p[1] || p[1] == '.' || ascii_is_digit(p[1])))
            return false;
    return true;
}

/* With synchronous_commit off, a crash of the server undoes commits that it has confirmed. */
static bool is_off(const char *value)
{
    static const char *const words[] = {"off", "false", "no", "0",   "f",
                                        "n",   "of",    "fa", "fal", "fals"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (ascii_is_same(value, words[i]))
            return true;
    return false;
}

/* NULL: all is well. */
static const char *fault_of_setting(struct inventory_builder *builder, const char *name,
                                    const char *value)
{
    int own = is_setting_name(name) ? find_ours(name) : OURS_NONE;
    if (!is_setting_name(name))
        return "a setting's name is made of letters, digits, '_' and '.'";
    for (size_t i = 0; i < ARRAY_LEN(forbidden); i++)
        if (ascii_is_same(name, forbidden[i]))
            return "it cannot be set here: give the role in the 'url', or set it in the revision";
    if (ascii_begins(name, "skein."))
        return "the names that begin with 'skein.' are skein's own";
    if (own != OURS_NONE && !ours[own].is_taken_in_settings)
        return ours[own].instead
                   ? arena_printf(&builder->scratch, "skein sets it itself: %s", ours[own].instead)
                   : "skein sets it itself, and needs it as it is";
    if (ascii_is_same(name, "synchronous_commit") && is_off(value))
        return "without it a crash of the server takes back what is committed and recorded";
    if (!load_is_plain(value) || strlen(value) > 1000 || strstr(value, "$skein$"))
        return "its value must be text of at most 1000 bytes without control characters and '$skein$'";
    return NULL;
}

/* The nearest wins, whatever its case. */
static void put(struct session_setting *list, size_t *count, const struct session_setting *setting)
{
    for (size_t i = 0; i < *count; i++)
        if (ascii_is_same(list[i].name, setting->name)) {
            list[i] = *setting;
            return;
        }
    list[(*count)++] = *setting;
}

static const struct session_setting *intern_list(struct inventory_builder *builder,
                                                 const struct session_setting *list, size_t count)
{
    struct buf key;
    buf_init(&key, BUF_MAX_DEFAULT);
    buf_adds(&key, "session");
    for (size_t i = 0; i < count; i++)
        buf_addf(&key, " %p=%p", (const void *)list[i].name, (const void *)list[i].value);
    const struct session_setting *known = sharing_find(&builder->sharing, key.data);
    if (!known) {
        struct session_setting *copy = arena_calloc(builder->inventory->arena, count, sizeof *copy);
        memcpy(copy, list, count * sizeof *copy);
        sharing_add(&builder->sharing, key.data, copy);
        known = copy;
    }
    buf_done(&key);
    return known;
}

static void read_list(struct inventory_builder *builder, const struct setting_place *own,
                      size_t own_count, struct settings *settings)
{
    size_t count = settings->session_count;
    struct session_setting *list = arena_calloc(&builder->scratch, count + own_count, sizeof *list);
    if (count)
        memcpy(list, settings->session, count * sizeof *list);
    for (size_t i = 0; i < own_count; i++) {
        struct err err;
        struct expansion expansion = variables_expand(&builder->scratch, own[i].value, &err);
        const char *value = expansion.text;
        const char *what = value ? fault_of_setting(builder, own[i].name, value) : err.text;
        if (what && expansion.has_variable && expansion.partial) {
            load_lack(builder, "settings", own[i].name,
                      arena_printf(&builder->scratch, "'settings': '%.100s': %s",
                                   places_shown_key(own[i].name), what));
            continue;
        }
        if (what) {
            load_fault_at(builder, (int)own[i].line, "'settings': '%.100s': %s",
                          places_shown_key(own[i].name), what);
            continue;
        }
        put(list, &count,
            &(struct session_setting){sharing_string(&builder->sharing, own[i].name),
                                      sharing_string(&builder->sharing, value)});
    }
    if (!count)
        return;
    settings->session = intern_list(builder, list, count);
    settings->session_count = count;
}

static void read_session(struct inventory_builder *builder, const struct raw_common *raw,
                         struct settings *settings, struct common *common)
{
    const struct setting_place *own;
    size_t count = places_settings(&builder->places, builder->subject.item, &own);
    common->has_own_path = places_has_key(&builder->places, builder->subject.item, "search_path");
    common->has_own_session = count != 0;
    if (common->has_own_path)
        read_path(builder, raw, settings);
    if (count)
        read_list(builder, own, count, settings);
}

/* ---- all of it ----------------------------------------------------------------------------- */

static const struct settings *intern_settings(struct inventory_builder *builder,
                                              const struct settings *settings)
{
    const char *key = arena_printf(
        &builder->scratch,
        "settings %d %d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu64 " %d %p %p",
        settings->transaction, settings->create, settings->connect_timeout_ms,
        settings->lock_timeout_ms, settings->statement_timeout_ms, settings->retries,
        settings->retry_timeout_ms, settings->rollback_by, (const void *)settings->search_path,
        (const void *)settings->session);
    const struct settings *known = sharing_find(&builder->sharing, key);
    if (known)
        return known;
    struct settings *copy = arena_alloc(builder->inventory->arena, sizeof *copy);
    *copy = *settings;
    sharing_add(&builder->sharing, key, copy);
    return copy;
}

static const char *const rollback_words[] = {"down", "snapshot", NULL};

const struct settings *load_default_settings(struct inventory_builder *builder,
                                             const struct raw_rollout *raw)
{
    load_turn_to(builder, SECTION_ROLLOUT, 0);
    const struct settings settings = {
        .transaction = TRANSACTION_ALL,
        .connect_timeout_ms = 10 * 1000,
        .lock_timeout_ms = 5 * 1000,
        .retries = 3,
        .retry_timeout_ms = 2 * 60 * 1000,
        .rollback_by = (enum rollback_by)load_word(
            builder, (struct field){"rollback_by", raw ? raw->rollback_by : NULL}, rollback_words,
            ROLLBACK_BY_DOWN),
    };
    return intern_settings(builder, &settings);
}

static bool has_settings(const struct raw_common *raw)
{
    return raw->transaction || raw->create || raw->connect_timeout || raw->lock_timeout ||
           raw->statement_timeout || raw->retries || raw->retry_timeout || raw->rollback_by;
}

const struct settings *load_settings(struct inventory_builder *builder,
                                     const struct raw_common *raw, const struct settings *base,
                                     struct common *common)
{
    static const char *const transactions[] = {"all", "each", NULL};
    static const char *const booleans[] = {"false", "true", NULL};
    struct settings settings = *base;
    read_session(builder, raw, &settings, common);
    if (!has_settings(raw) && !common->has_own_path && !common->has_own_session)
        return base;
    settings.transaction = (enum transaction_mode)load_word(builder, FIELD(raw, transaction),
                                                            transactions, (int)base->transaction);
    settings.create = load_word(builder, FIELD(raw, create), booleans, base->create) == 1;
    load_duration(builder, FIELD(raw, connect_timeout), &settings.connect_timeout_ms);
    load_duration(builder, FIELD(raw, lock_timeout), &settings.lock_timeout_ms);
    load_duration(builder, FIELD(raw, statement_timeout), &settings.statement_timeout_ms);
    load_u32(builder, FIELD(raw, retries), 0, &settings.retries);
    load_duration(builder, FIELD(raw, retry_timeout), &settings.retry_timeout_ms);
    settings.rollback_by = (enum rollback_by)load_word(builder, FIELD(raw, rollback_by),
                                                       rollback_words, (int)base->rollback_by);
    return intern_settings(builder, &settings);
}

/* ---- options ------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c && strchr(" \t\n\v\f\r", c);
}

/* The next word as the server cuts them: at blanks, unless a backslash stands before. NULL: none is left. */
static char *next_word(struct arena *arena, const char **at)
{
    struct buf buf;
    const char *p = *at;
    while (is_blank(*p))
        p++;
    if (!*p)
        return NULL;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (; *p && !is_blank(*p); p++) {
        p += *p == '\\' && p[1];
        buf_addc(&buf, *p);
    }
    *at = p;
    char *word = arena_strndup(arena, buf.data, buf.len);
    buf_done(&buf);
    return word;
}

/* `-c name=value`, `-cname=value`, `--name=value`: the name, with '_' for '-'. NULL: another option. */
static const char *name_of_option(struct arena *arena, char *word, const char **at)
{
    char *name = NULL;
    if (strcmp(word, "-c") == 0)
        name = next_word(arena, at);
    else if (strncmp(word, "-c", 2) == 0 || strncmp(word, "--", 2) == 0)
        name = word + 2;
    if (!name)
        return NULL;
    name[strcspn(name, "=")] = '\0';
    for (char *p = name; *p; p++)
        if (*p == '-')
            *p = '_';
    return name;
}

static bool check_options(struct inventory_builder *builder, const char *whose, const char *options,
                          bool has_path)
{
    for (char *word; (word = next_word(&builder->scratch, &options));) {
        const char *name = name_of_option(&builder->scratch, word, &options);
        int own = name ? find_ours(name) : OURS_NONE;
        bool is_path = name && ascii_is_same(name, "search_path");
        if (own == OURS_NONE || (is_path && !has_path))
            continue;
        load_fault(builder, "url", "%s '%s', which skein sets itself%s%s", whose, ours[own].name,
                   ours[own].instead ? ": " : "",
                   ours[own].instead ? ours[own].instead : " and needs as it is");
        return false;
    }
    return true;
}

static bool is_utf8(const char *encoding)
{
    static const char *const names[] = {"utf8", "utf-8", "utf_8", "unicode"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (ascii_is_same(encoding, names[i]))
            return true;
    return false;
}

bool load_check_options(struct inventory_builder *builder, const struct url *url,
                        const struct common *common)
{
    const char *options = url_param(url, "options"), *encoding = url_param(url, "client_encoding");
    const char *outer = getenv("PGOPTIONS");
    bool has_path = common->schema != NULL;
    if (encoding && !is_utf8(encoding)) {
        load_fault(builder, "url",
                   "'client_encoding' in the 'url' can only be UTF8: revisions are written in it");
        return false;
    }
    if (options)
        return check_options(builder, "the 'options' of the 'url' set", options, has_path);
    if (!outer || builder->has_judged_environment)
        return true;
    builder->has_judged_environment = true;
    return check_options(builder, "PGOPTIONS in the environment sets", outer, has_path);
}
