#include "dialect/mysql/option_file.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/url.h"

/* What an option says of the URL. */
enum meaning {
    IS_USER,
    IS_PASSWORD,
    IS_HOST,
    IS_PORT,
    IS_SOCKET,
    IS_DATABASE,
    IS_PARAM, /* a parameter of the URL, of that name */
    IS_NOTED, /* it would have an effect in a client, and has none here */
};

static const struct option {
    const char *name; /* with '-', for which '_' may stand */
    enum meaning meaning;
    const char *param;
} options[] = {
    {"user", IS_USER, NULL},
    {"password", IS_PASSWORD, NULL},
    {"host", IS_HOST, NULL},
    {"port", IS_PORT, NULL},
    {"socket", IS_SOCKET, NULL},
    {"database", IS_DATABASE, NULL},
    {"ssl-ca", IS_PARAM, "ssl_ca"},
    {"ssl-capath", IS_PARAM, "ssl_capath"},
    {"ssl-cert", IS_PARAM, "ssl_cert"},
    {"ssl-key", IS_PARAM, "ssl_key"},
    {"ssl-cipher", IS_PARAM, "ssl_cipher"},
    {"ssl-crl", IS_PARAM, "ssl_crl"},
    {"ssl-crlpath", IS_PARAM, "ssl_crlpath"},
    {"ssl-mode", IS_PARAM, "ssl_mode"},
    {"init-command", IS_NOTED, NULL},
    {"local-infile", IS_NOTED, NULL},
    {"ssl", IS_NOTED, NULL},
    {"skip-ssl", IS_NOTED, NULL},
    {"ssl-verify-server-cert", IS_NOTED, NULL},
    {"skip-ssl-verify-server-cert", IS_NOTED, NULL},
    {"default-auth", IS_NOTED, NULL},
    {"plugin-dir", IS_NOTED, NULL},
    {"protocol", IS_NOTED, NULL},
};

/* The last of them that says something has the last word; the URL has it before all of them. */
static const char *const groups[] = {"client", "client-server", "client-mariadb", "skein"};

struct reading {
    struct arena *arena;
    struct option_notes *notes;
    struct err *err;
    const char *own_group; /* that the URL names; NULL: none */
    bool is_wanted;        /* the group at hand */
    int line;
    struct url found;
    struct url_param *params;
    size_t param_capacity;
};

static const char *const file_keys[] = {"read_default_file", "default_file"};
static const char *const group_keys[] = {"read_default_group", "default_group"};

static const char *param_of(const struct url *url, const char *const keys[2])
{
    const char *value = url_param(url, keys[0]);
    return value ? value : url_param(url, keys[1]);
}

const char *mysql_option_file(const struct url *url)
{
    const char *path = param_of(url, file_keys);
    return path || !param_of(url, group_keys) ? path : "~/.my.cnf";
}

static bool fault(struct reading *reading, const char *what)
{
    return err_set(reading->err, ERR_CONFIG, "line %d: %s", reading->line, what);
}

static bool is_wanted_group(const struct reading *reading, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        if (strcmp(name, groups[i]) == 0)
            return true;
    return reading->own_group && strcmp(name, reading->own_group) == 0;
}

/* ---- a line -------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c && strchr(" \t\r\f\v", c);
}

static char *trim(char *text)
{
    while (is_blank(*text))
        text++;
    size_t len = strlen(text);
    while (len && is_blank(text[len - 1]))
        text[--len] = '\0';
    return text;
}

/* A '#' begins a comment unless it stands in quotes. */
static void cut_comment(char *text)
{
    char quote = '\0';
    for (char *p = text; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (quote)
            quote = *p == quote ? '\0' : quote;
        else if (*p == '\'' || *p == '"')
            quote = *p;
        else if (*p == '#') {
            *p = '\0';
            return;
        }
    }
}

static char unescaped(char c)
{
    static const char from[] = "btnrs\\", to[] = "\b\t\n\r \\";
    const char *at = c ? strchr(from, c) : NULL;
    return at ? to[at - from] : c;
}

/* As MySQL's own clients read a value: quotes around it go, and some escapes are known. */
static const char *value_of(const struct reading *reading, char *text)
{
    struct buf buf;
    text = trim(text);
    size_t len = strlen(text);
    if (len >= 2 && (*text == '\'' || *text == '"') && text[len - 1] == *text) {
        text[len - 1] = '\0';
        text++;
    }
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (const char *p = text; *p; p++) {
        bool is_escape = *p == '\\' && p[1] && strchr("btnrs\\", p[1]);
        buf_addc(&buf, is_escape ? unescaped(p[1]) : *p);
        p += is_escape;
    }
    const char *value = arena_strndup(reading->arena, buf.data, buf.len);
    buf_done(&buf);
    return value;
}

/* `loose-`: a client that does not know the option takes no offence. */
static const struct option *find_option(char *name)
{
    for (char *p = name; *p; p++)
        if (*p == '_')
            *p = '-';
    if (strncmp(name, "loose-", 6) == 0)
        name += 6;
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if (strcmp(name, options[i].name) == 0)
            return &options[i];
    return NULL;
}

static void add_param(struct reading *reading, const char *key, const char *value)
{
    struct url *url = &reading->found;
    for (size_t i = 0; i < url->param_count; i++)
        if (strcmp(reading->params[i].key, key) == 0) {
            reading->params[i].value = value;
            return;
        }
    *ARENA_PUSH(reading->arena, reading->params, url->param_count, reading->param_capacity) =
        (struct url_param){key, value};
}

static bool set_port(struct reading *reading, const char *value)
{
    uint32_t port;
    if (!parse_u32(value, 1, 65535, &port))
        return fault(reading, "'port' must be a number from 1 to 65535");
    reading->found.port = (uint16_t)port;
    return true;
}

static bool take_option(struct reading *reading, const struct option *option, const char *value)
{
    struct url *found = &reading->found;
    if (!*value && option->meaning != IS_NOTED && option->meaning != IS_PASSWORD)
        return fault(reading, "an option has no value");
    switch (option->meaning) {
    case IS_USER: found->user = value; return true;
    case IS_PASSWORD: found->password = value; return true;
    case IS_HOST: found->host = value; return true;
    case IS_SOCKET: found->host = value; return true;
    case IS_DATABASE: found->database = value; return true;
    case IS_PORT: return set_port(reading, value);
    case IS_PARAM: add_param(reading, option->param, value); return true;
    case IS_NOTED:
        if (reading->notes->count < OPTION_NOTES_MAX)
            reading->notes->names[reading->notes->count++] = option->name;
        return true;
    }
    return true;
}

static bool read_line(struct reading *reading, char *line)
{
    line = trim(line);
    if (!*line || *line == '#' || *line == ';')
        return true;
    if (*line == '!')
        return fault(reading, "other files are not followed: name the file itself");
    if (*line == '[') {
        char *end = strchr(line, ']');
        if (!end)
            return fault(reading, "a group's name has no ']'");
        *end = '\0';
        reading->is_wanted = is_wanted_group(reading, trim(line + 1));
        return true;
    }
    if (!reading->is_wanted)
        return true;
    cut_comment(line);
    char *equals = strchr(line, '=');
    if (equals)
        *equals = '\0';
    const struct option *option = find_option(trim(line));
    return !option || take_option(reading, option, equals ? value_of(reading, equals + 1) : "");
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* What the URL says itself stays. Its parameters come last, for they have the last word. */
static void merge(struct reading *reading, struct url *url)
{
    const struct url *found = &reading->found;
    for (size_t i = 0; i < url->param_count; i++)
        add_param(reading, url->params[i].key, url->params[i].value);
    url->params = reading->params;
    url->param_count = found->param_count;
    url->user = url->user ? url->user : found->user;
    url->password = url->password ? url->password : found->password;
    bool has_place = url->host || url->port;
    url->host = has_place ? url->host : found->host;
    url->port = has_place ? url->port : found->port;
    url->database = url->database ? url->database : found->database;
}

bool mysql_take_options(struct arena *arena, const char *text, struct url *url,
                        struct option_notes *notes, struct err *err)
{
    struct reading reading = {.arena = arena, .notes = notes, .err = err};
    char *rest = arena_strdup(arena, text);
    reading.own_group = param_of(url, group_keys);
    while (rest) {
        char *end = strchr(rest, '\n');
        if (end)
            *end = '\0';
        reading.line++;
        if (!read_line(&reading, rest))
            return false;
        rest = end ? end + 1 : NULL;
    }
    merge(&reading, url);
    return true;
}
