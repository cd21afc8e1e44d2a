#include "base/url.h"

#include <arpa/inet.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/choice.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/utf8.h"

/* RFC 3986: what may stand unencoded in every part of a URL. */
#define UNRESERVED "-._~"
#define SUB_DELIMS "!$&'()*+,;="

struct span {
    const char *at;
    size_t len;
};

struct parse {
    struct arena *arena;
    struct url url;
    struct url_param *params;
    size_t param_capacity;
    bool takes_hosts; /* several of them */
    struct err *err;
};

/* `what` is always a constant: no piece of the URL may reach an error. */
static bool fail_url(const struct parse *parse, const char *what)
{
    return err_set(parse->err, ERR_CONFIG, "bad URL: %s", what);
}

/* Cuts `rest` at the first of `stops`: returns what stands before it and leaves `rest` there. */
static struct span take_until(struct span *rest, const char *stops)
{
    size_t len = 0;
    while (len < rest->len && !strchr(stops, rest->at[len]))
        len++;
    struct span taken = {rest->at, len};
    rest->at += len;
    rest->len -= len;
    return taken;
}

/* Steps over `c` where it comes next. */
static bool skip_char(struct span *rest, char c)
{
    if (!rest->len || *rest->at != c)
        return false;
    rest->at++;
    rest->len--;
    return true;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool decode_percent(const struct parse *parse, struct span part, char *ret_byte)
{
    int high = part.len > 2 ? hex_value(part.at[1]) : -1;
    int low = part.len > 2 ? hex_value(part.at[2]) : -1;
    if (high < 0 || low < 0)
        return fail_url(parse,
                        "'%' must be followed by two hexadecimal digits, and itself be '%25'");
    if (high == 0 && low == 0)
        return fail_url(parse, "'%00' cannot be part of anything");
    *ret_byte = (char)(high * 16 + low);
    return true;
}

/* An empty part is an absent one, as client libraries take it: *ret_text is NULL then. */
static bool decode(const struct parse *parse, struct span part, const char *allowed,
                   const char **ret_text)
{
    char *text = arena_alloc(parse->arena, part.len + 1);
    size_t len = 0;
    while (part.len) {
        char c = *part.at;
        size_t used = 1;
        if (c == '%') {
            if (!decode_percent(parse, part, &c))
                return false;
            used = 3;
        } else if (!ascii_is_alnum(c) && !strchr(allowed, c)) {
            return fail_url(parse, "a character stands in it that must be percent-encoded");
        }
        text[len++] = c;
        part.at += used;
        part.len -= used;
    }
    *ret_text = len ? text : NULL;
    return true;
}

/* Names reach terminals, SQL and the network: text only. */
static bool is_text(const char *text)
{
    if (!text)
        return true;
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return utf8_check(text, len) == len;
}

/* ---- the parts ----------------------------------------------------------------------------- */

static bool fault_of_scheme(const struct parse *parse, const char *what)
{
    struct buf schemes;
    buf_init(&schemes, BUF_MAX_DEFAULT);
    choice_add(&schemes, dialect_scheme_at);
    err_set(parse->err, ERR_CONFIG, "bad URL: %s: expected %s, with or without a '+driver'", what,
            schemes.data);
    buf_done(&schemes);
    return false;
}

static bool parse_scheme(struct parse *parse, struct span *rest)
{
    struct span whole = take_until(rest, ":/?#");
    if (rest->len < 3 || memcmp(rest->at, "://", 3) != 0)
        return fault_of_scheme(parse, "it must begin with a scheme and '://'");
    rest->at += 3;
    rest->len -= 3;
    struct span scheme = take_until(&whole, "+");
    if (!dialect_of_scheme(scheme.at, scheme.len, &parse->url.dialect))
        return fault_of_scheme(parse, "unknown scheme");
    for (skip_char(&whole, '+'); whole.len; whole.at++, whole.len--)
        if (!ascii_is_alnum(*whole.at) && *whole.at != '_' && *whole.at != '-')
            return fail_url(parse, "the '+driver' of a scheme is made of letters and digits");
    parse->url.scheme = arena_strndup(parse->arena, scheme.at, scheme.len);
    return true;
}

/* SQLAlchemy takes the path as it stands, with nothing decoded, and so do we. */
static bool parse_file(struct parse *parse, struct span rest)
{
    const struct dialect_info *info = dialect_info(parse->url.dialect);
    const char *scheme = info->schemes[0];
    if (rest.len && *rest.at != '/')
        return err_set(parse->err, ERR_CONFIG,
                       "bad URL: %s has no host: write %s:///relative or %s:////absolute",
                       info->title, scheme, scheme);
    if (memchr(rest.at, '?', rest.len))
        return err_set(parse->err, ERR_CONFIG, "bad URL: a %s URL takes no parameters",
                       info->title);
    skip_char(&rest, '/');
    char *path = arena_strndup(parse->arena, rest.at, rest.len);
    if (!rest.len || strcmp(path, ":memory:") == 0)
        return fail_url(parse, "a database in memory has nothing to migrate: name a file");
    if (path[rest.len - 1] == '/' || !is_text(path))
        return fail_url(parse,
                        "the path must be that of a file, in text without control characters");
    parse->url.database = path;
    return true;
}

static bool parse_user(struct parse *parse, struct span info)
{
    struct url *url = &parse->url;
    struct span user = take_until(&info, ":");
    skip_char(&info, ':');
    if (!decode(parse, user, UNRESERVED SUB_DELIMS, &url->user) ||
        !decode(parse, info, UNRESERVED SUB_DELIMS ":", &url->password))
        return false;
    return is_text(url->user) ||
           fail_url(parse, "the user must be text without control characters");
}

/* A host from the authority (percent-decoded) or from a `host=` parameter. */
static bool set_host(struct parse *parse, const char *host)
{
    if (parse->url.host)
        return fail_url(parse, "the host is given twice");
    parse->url.host = host;
    if (!is_text(host))
        return fail_url(parse, "the host must be text without control characters");
    if (!host)
        return true;
    if (strchr(host, ',') && parse->takes_hosts)
        return ascii_is_made_of(host, "-._:,[]") ||
               fail_url(parse, "its hosts are no host names or addresses with commas between them");
    if (strchr(host, ','))
        return fail_url(parse, "it names several hosts: a tenant has one");
    if (*host == '/')
        return true;
    struct in6_addr address;
    if (strchr(host, ':') && inet_pton(AF_INET6, host, &address) == 1)
        return true;
    return ascii_is_made_of(host, "-._") ||
           fail_url(parse, "the host is no host name, address or socket directory");
}

static bool set_port(struct parse *parse, const char *text)
{
    uint32_t port = 0;
    if (parse->url.port)
        return fail_url(parse, "the port is given twice");
    if (text && !parse_u32(text, 1, UINT16_MAX, &port))
        return fail_url(parse, "the port must be a number from 1 to 65535");
    parse->url.port = (uint16_t)port;
    return true;
}

static bool parse_brackets(struct parse *parse, struct span *rest, const char **ret_host)
{
    struct in6_addr address;
    skip_char(rest, '[');
    struct span inside = take_until(rest, "]");
    const char *host = arena_strndup(parse->arena, inside.at, inside.len);
    if (!skip_char(rest, ']') || inet_pton(AF_INET6, host, &address) != 1)
        return fail_url(parse, "'[' and ']' must hold an IPv6 address");
    *ret_host = host;
    return true;
}

static bool parse_authority(struct parse *parse, struct span authority)
{
    const char *host;
    if (memchr(authority.at, '@', authority.len)) {
        struct span info = take_until(&authority, "@");
        skip_char(&authority, '@');
        if (!parse_user(parse, info))
            return false;
    }
    if (memchr(authority.at, '@', authority.len))
        return fail_url(parse, "an '@' in the user or the password must be written '%40'");
    if (parse->takes_hosts && memchr(authority.at, ',', authority.len))
        return decode(parse, authority, UNRESERVED ",:[]", &host) && set_host(parse, host);
    if (authority.len && *authority.at == '[') {
        if (!parse_brackets(parse, &authority, &host))
            return false;
    } else if (!decode(parse, take_until(&authority, ":"), UNRESERVED ",", &host)) {
        return false;
    }
    bool has_port = skip_char(&authority, ':');
    if (!has_port && authority.len)
        return fail_url(parse, "nothing but a port may follow the host");
    const char *port =
        authority.len ? arena_strndup(parse->arena, authority.at, authority.len) : NULL;
    return set_host(parse, host) && set_port(parse, port);
}

static bool parse_path(struct parse *parse, struct span path)
{
    skip_char(&path, '/');
    if (!decode(parse, path, UNRESERVED SUB_DELIMS ":", &parse->url.database))
        return false;
    return is_text(parse->url.database) ||
           fail_url(parse, "the database must be text without control characters");
}

/* ---- parameters ---------------------------------------------------------------------------- */

static bool set_once(struct parse *parse, const char **member, const char *value, const char *twice)
{
    if (*member)
        return fail_url(parse, twice);
    *member = value;
    return is_text(value) || fail_url(parse, "a parameter holds control characters");
}

static struct url_param current_param(const struct dialect_info *info, const char *key,
                                      const char *value)
{
    const struct url_param_rename *rename = info->renamed_params;
    for (; rename && rename->key; rename++)
        if (strcmp(key, rename->key) == 0 &&
            (rename->is_start ? strncmp(value, rename->value, strlen(rename->value))
                              : strcmp(value, rename->value)) == 0)
            return (struct url_param){rename->new_key, rename->new_value};
    return (struct url_param){key, value};
}

static bool push_param(struct parse *parse, struct url_param param)
{
    struct url *url = &parse->url;
    if (url_param(url, param.key))
        return fail_url(parse, "a parameter is given twice");
    *ARENA_PUSH(parse->arena, parse->params, url->param_count, parse->param_capacity) = param;
    url->params = parse->params;
    return is_text(param.key) || fail_url(parse, "a parameter's name holds control characters");
}

/* Client libraries may take a list of addresses beside a list of hosts. The address is dialled, whatever the host's name. */
static bool check_hostaddr(const struct parse *parse, const char *value)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, value, bytes) == 1 || inet_pton(AF_INET6, value, bytes) == 1 ||
           fail_url(parse, "'hostaddr' must be one IP address");
}

/* Those of several hosts, in the same order. */
static bool set_ports(struct parse *parse, const char *ports)
{
    return ports[strspn(ports, "0123456789,")] == '\0'
               ? push_param(parse, (struct url_param){"port", ports})
               : fail_url(parse, "the ports must be numbers with commas between them");
}

static bool names_socket(const struct dialect_info *info, const char *key)
{
    for (const char *const *name = info->socket_keys; *name; name++)
        if (strcmp(key, *name) == 0)
            return true;
    return false;
}

/* Libraries that have a parameter for it want a host beside it too: `mysql://localhost/db?unix_socket=…`. */
static bool set_socket(struct parse *parse, const char *path)
{
    if (*path != '/')
        return fail_url(parse, "a socket is named by its path, which begins with '/'");
    if (parse->url.host && strcmp(parse->url.host, "localhost") != 0)
        return fail_url(parse,
                        "a socket is this machine's: leave the host out, or say 'localhost'");
    parse->url.host = NULL;
    return set_host(parse, path);
}

/* A URL can say the host, the port, the user and others in two places (`?host=/var/run/server`). Both set the same
 * member. */
static bool add_param(struct parse *parse, const char *key, const char *value)
{
    struct url *url = &parse->url;
    const struct dialect_info *info = dialect_info(url->dialect);
    if (strcmp(key, "host") == 0)
        return set_host(parse, value);
    if (names_socket(info, key))
        return set_socket(parse, value);
    if (strcmp(key, "port") == 0)
        return parse->takes_hosts && strchr(value, ',') ? set_ports(parse, value)
                                                        : set_port(parse, value);
    if (strcmp(key, "user") == 0)
        return set_once(parse, &url->user, value, "the user is given twice");
    if (strcmp(key, "password") == 0)
        return set_once(parse, &url->password, value, "the password is given twice");
    if (strcmp(key, "dbname") == 0)
        return set_once(parse, &url->database, value, "the database is given twice");
    if (strcmp(key, "hostaddr") == 0 && !check_hostaddr(parse, value))
        return false;
    return push_param(parse, current_param(info, key, value));
}

static bool parse_query(struct parse *parse, struct span query)
{
    static const char allowed[] = UNRESERVED "!$'()*+,;:/?";
    while (query.len) {
        const char *key;
        const char *value;
        struct span pair = take_until(&query, "&");
        struct span name = take_until(&pair, "=");
        if (!skip_char(&query, '&') && query.len)
            return fail_url(parse, "its parameters are not well formed");
        if (!name.len || !skip_char(&pair, '='))
            return fail_url(parse, "a parameter must be 'name=value'");
        if (!decode(parse, name, UNRESERVED, &key) || !decode(parse, pair, allowed, &value))
            return false;
        if (!value)
            return fail_url(parse,
                            "a parameter has no value: leave it out"); /* or a default is taken */
        if (!add_param(parse, key, value))
            return false;
    }
    return true;
}

/* A password that holds a '/', '?' or '#' which is not encoded ends the authority early, and its rest shows as a
 * second '/' or an '@' after it. Both are refused there; a person who means them can write them encoded. */
static bool check_tail(const struct parse *parse, struct span tail)
{
    const char *at = memchr(tail.at, '@', tail.len);
    struct span path = take_until(&tail, "?");
    if (memchr(tail.at, '#', tail.len) || memchr(path.at, '#', path.len))
        return fail_url(parse, "a '#' must be written '%23'");
    skip_char(&path, '/');
    if (at || memchr(path.at, '/', path.len))
        return fail_url(parse,
                        "an '@', '/' or '?' in the user, the password or the database must be "
                        "percent-encoded");
    return true;
}

static bool parse_server(struct parse *parse, struct span rest)
{
    struct span authority = take_until(&rest, "/?#");
    if (!check_tail(parse, rest))
        return false;
    struct span path = take_until(&rest, "?");
    skip_char(&rest, '?');
    return parse_authority(parse, authority) && parse_path(parse, path) && parse_query(parse, rest);
}

static bool parse_url(struct parse *parse, const char *text, struct url *ret_url)
{
    struct span rest = {text, strlen(text)};
    if (!parse_scheme(parse, &rest))
        return false;
    bool is_server = dialect_info(parse->url.dialect)->default_port != 0;
    if (!(is_server ? parse_server(parse, rest) : parse_file(parse, rest)))
        return false;
    *ret_url = parse->url;
    return true;
}

bool url_parse(struct arena *arena, const char *text, struct url *ret_url, struct err *err)
{
    struct parse parse = {.arena = arena, .err = err};
    return parse_url(&parse, text, ret_url);
}

bool url_parse_ledger(struct arena *arena, const char *text, struct url *ret_url, struct err *err)
{
    struct parse parse = {.arena = arena, .err = err, .takes_hosts = true};
    return parse_url(&parse, text, ret_url);
}
