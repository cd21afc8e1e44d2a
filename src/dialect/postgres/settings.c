#include "dialect/postgres/settings.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/url.h"

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
    {"tcp_keepalives_idle", "use 'settings'", true},
    {"tcp_keepalives_interval", "use 'settings'", true},
    {"tcp_user_timeout", "use 'settings'", true},
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

const char *postgres_refuse_setting(struct arena *arena, const struct session_setting *setting)
{
    int own = find_ours(setting->name);
    for (size_t i = 0; i < ARRAY_LEN(forbidden); i++)
        if (ascii_is_same(setting->name, forbidden[i]))
            return "it cannot be set here: give the role in the 'url', or set it in the revision";
    if (ascii_begins(setting->name, "skein."))
        return "the names that begin with 'skein.' are skein's own";
    if (own != OURS_NONE && !ours[own].is_taken_in_settings)
        return ours[own].instead
                   ? arena_printf(arena, "skein sets it itself: %s", ours[own].instead)
                   : "skein sets it itself, and needs it as it is";
    if (ascii_is_same(setting->name, "synchronous_commit") && is_off(setting->value))
        return "without it a crash of the server takes back what is committed and recorded";
    if (strstr(setting->value, "$skein$"))
        return "its value must not hold '$skein$'";
    return NULL;
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

/* `whose` says where the options stand. */
static bool check_options(const char *whose, const char *options, bool has_schema, struct err *err)
{
    struct arena arena;
    bool is_well = true;
    arena_init(&arena);
    for (char *word; is_well && (word = next_word(&arena, &options));) {
        const char *name = name_of_option(&arena, word, &options);
        int own = name ? find_ours(name) : OURS_NONE;
        bool is_path = name && ascii_is_same(name, "search_path");
        if (own == OURS_NONE || (is_path && !has_schema))
            continue;
        is_well = err_set(err, ERR_CONFIG, "%s '%s', which skein sets itself%s%s", whose,
                          ours[own].name, ours[own].instead ? ": " : "",
                          ours[own].instead ? ours[own].instead : " and needs as it is");
    }
    arena_done(&arena);
    return is_well;
}

static bool is_utf8(const char *encoding)
{
    static const char *const names[] = {"utf8", "utf-8", "utf_8", "unicode"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (ascii_is_same(encoding, names[i]))
            return true;
    return false;
}

bool postgres_check_url(const struct dialect_use *use, struct err *err)
{
    const char *options = url_param(use->url, "options");
    const char *encoding = url_param(use->url, "client_encoding");
    if (use->is_control)
        return true;
    if (encoding && !is_utf8(encoding))
        return err_set(err, ERR_CONFIG,
                       "'client_encoding' can only be UTF8: revisions are written in it");
    return !options || check_options("its 'options' set", options, use->has_schema, err);
}

bool postgres_check_environment(const struct dialect_use *use, struct err *err)
{
    const char *options = getenv("PGOPTIONS");
    return use->is_control || !options || url_param(use->url, "options") ||
           check_options("PGOPTIONS in the environment sets", options, use->has_schema, err);
}

/* ---- what a run tells of ---------------------------------------------------------------------- */

enum param_reach postgres_param_reach(const struct url_param *param)
{
    static const char *const files[] = {"passfile", "servicefile", "sslcert",    "sslkey",
                                        "sslcrl",   "sslcrldir",   "sslrootcert"};
    if (strcmp(param->key, "sslrootcert") == 0 && strcmp(param->value, "system") == 0)
        return PARAM_IS_PLAIN;
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        if (strcmp(param->key, files[i]) == 0)
            return PARAM_NAMES_FILE;
    return PARAM_IS_PLAIN;
}

/* libpq looks a password up by the host's name, and dials `hostaddr`; and it takes from a service of this machine what the URL does not
 * say, which may be the password. */
bool postgres_check_told(const struct url *url, struct err *err)
{
    const char *mode = url_param(url, "sslmode");
    if (url->host && url_param(url, "hostaddr") && !(mode && strcmp(mode, "verify-full") == 0))
        return err_set(
            err, ERR_CONFIG,
            "its URL has a 'hostaddr' without 'sslmode=verify-full': whichever server is there would "
            "be sent the password of the host");
    if (url_param(url, "service") && (url->host || url->port || url->param_count > 1))
        return err_set(
            err, ERR_CONFIG,
            "its URL has a 'service' of this machine, and says more: another server would "
            "be sent what stands there");
    return true;
}

bool postgres_is_unverified(const struct url *url)
{
    const char *mode = url_param(url, "sslmode");
    return mode && strncmp(mode, "verify-", strlen("verify-")) != 0;
}
