#include "driver/mysql_connect.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/url.h"
#include "dialect/mysql/class.h"
#include "dialect/mysql/params.h"
#include "driver/local.h"

static char *copy(const char *text)
{
    if (!text)
        return NULL;
    char *made = strdup(text);
    if (!made)
        die_out_of_memory();
    return made;
}

static void set_flag(MYSQL *mysql, enum mysql_option option, bool value)
{
    my_bool flag = value;
    mysql_optionsv(mysql, option, &flag);
}

static void set_text(MYSQL *mysql, enum mysql_option option, const char *value)
{
    if (value)
        mysql_optionsv(mysql, option, value);
}

/* Traffic that leaves the machine is verified unless the URL says otherwise. */
static enum mysql_tls choose_tls(const struct mysql_params *params, const struct mysql_login *login,
                                 const char *addresses)
{
    if (params->tls != MYSQL_TLS_DEFAULT)
        return params->tls;
    bool is_local = !login->host || (addresses && local_are_all(addresses, local_is_address)) ||
                    local_are_all(login->host, local_is_address);
    return is_local ? MYSQL_TLS_DISABLED : MYSQL_TLS_VERIFY_IDENTITY;
}

/* The library goes on in plain text where the server says that it has no TLS, unless it is told to verify: then it
 * is for us to see. */
static void set_tls(struct mysql_login *login, const struct mysql_params *params,
                    enum mysql_tls tls)
{
    MYSQL *mysql = login->mysql;
    set_flag(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, tls == MYSQL_TLS_VERIFY_IDENTITY);
    if (tls == MYSQL_TLS_DISABLED)
        return;
    set_flag(mysql, MYSQL_OPT_SSL_ENFORCE, true);
    set_text(mysql, MYSQL_OPT_SSL_CA, params->ca);
    set_text(mysql, MYSQL_OPT_SSL_CAPATH, params->ca_folder);
    set_text(mysql, MYSQL_OPT_SSL_CERT, params->cert);
    set_text(mysql, MYSQL_OPT_SSL_KEY, params->key);
    set_text(mysql, MYSQL_OPT_SSL_CIPHER, params->cipher);
    set_text(mysql, MYSQL_OPT_SSL_CRL, params->crl);
    set_text(mysql, MYSQL_OPT_SSL_CRLPATH, params->crl_folder);
    login->needs_tls = tls != MYSQL_TLS_PREFERRED;
}

/* A password is told only to a server that has proved who it is, through a socket of this machine, or where the URL
 * names the way to log in. */
static void set_logins(struct mysql_login *login, const struct mysql_params *params,
                       enum mysql_tls tls)
{
    bool may_tell = tls == MYSQL_TLS_VERIFY_IDENTITY || login->socket;
    const char *logins = may_tell ? mysql_safe_logins : mysql_proving_logins;
    mysql_optionsv(login->mysql, MARIADB_OPT_RESTRICTED_AUTH,
                   params->login ? params->login : logins);
}

/* `localhost` would be the socket, were the protocol not said. */
static void set_place(struct mysql_login *login, const struct url *url)
{
    bool is_socket = url->host && *url->host == '/';
    unsigned protocol = MYSQL_PROTOCOL_TCP;
    if (is_socket)
        login->socket = copy(url->host);
    else
        login->host = copy(url->host);
    if (is_socket || !url->host)
        protocol = MYSQL_PROTOCOL_SOCKET;
    mysql_optionsv(login->mysql, MYSQL_OPT_PROTOCOL, &protocol);
    login->port = url->port ? url->port : 3306;
}

bool mysql_login_init(struct mysql_login *login, const struct conn_params *params,
                      unsigned timeout_s, struct err *err)
{
    const struct url *url = params->url;
    struct mysql_params said;
    *login = (struct mysql_login){0};
    if (!mysql_params_read(url, &said, err))
        return false;
    login->mysql = mysql_init(NULL);
    if (!login->mysql)
        die_out_of_memory();
    set_place(login, url);
    login->user = copy(url->user);
    login->password = copy(params->password);
    login->database = copy(params->database ? params->database : url->database);
    login->needs_mariadb = ascii_is_same(url->scheme ? url->scheme : "", "mariadb");
    mysql_optionsv(login->mysql, MYSQL_OPT_NONBLOCK, 0);
    mysql_optionsv(login->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    set_text(login->mysql, MYSQL_DEFAULT_AUTH, said.login);
    mysql_optionsv(login->mysql, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "skein");
    unsigned off = 0;
    mysql_optionsv(login->mysql, MYSQL_OPT_LOCAL_INFILE, &off);
    if (said.connect_timeout_s && said.connect_timeout_s < timeout_s)
        timeout_s = said.connect_timeout_s;
    mysql_optionsv(login->mysql, MYSQL_OPT_CONNECT_TIMEOUT, &timeout_s);
    enum mysql_tls tls = choose_tls(&said, login, params->addresses);
    set_tls(login, &said, tls);
    set_logins(login, &said, tls);
    return true;
}

void mysql_login_done(struct mysql_login *login)
{
    if (login->mysql)
        mysql_close(login->mysql);
    if (login->password)
        explicit_bzero(login->password, strlen(login->password));
    free(login->host);
    free(login->socket);
    free(login->user);
    free(login->password);
    free(login->database);
    *login = (struct mysql_login){0};
}

/* A packet that reports progress makes the library look into the server's version, which it does not have before the greeting
 * (libmariadb 3.3: strstr of NULL). So it is given an empty one, which it frees unless the greeting's takes its place. */
static bool connect_with_version(struct mysql_login *login)
{
    MYSQL *mysql = login->mysql;
    char *empty = mysql->server_version ? NULL : copy("");
    if (empty)
        mysql->server_version = empty;
    bool is_connected =
        mysql_real_connect(mysql, login->host, login->user, login->password ? login->password : "",
                           login->database, login->port, login->socket,
                           CLIENT_MULTI_STATEMENTS | CLIENT_FOUND_ROWS) != NULL;
    bool was_greeted = mysql_thread_id(mysql) != 0;
    if (was_greeted)
        free(empty);
    return is_connected;
}

bool mysql_login_connect(struct mysql_login *login)
{
    return connect_with_version(login) &&
           (!login->needs_tls || mysql_get_ssl_cipher(login->mysql)) &&
           (!login->needs_mariadb || mariadb_connection(login->mysql));
}

void mysql_find_vanished(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1},          {IPPROTO_TCP, TCP_KEEPIDLE, 10},
        {IPPROTO_TCP, TCP_KEEPINTVL, 5},        {IPPROTO_TCP, TCP_KEEPCNT, 3},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, 30000},
    };
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                         sizeof options[i].value);
}

void mysql_login_error(const struct mysql_login *login, struct err *err)
{
    enum { LOGIN_REFUSED = 5010 }; /* by the library: its text has a broken name */
    unsigned number = mysql_errno(login->mysql);
    if (number) {
        err_set(
            err, ERR_CONNECT, "%s",
            number == LOGIN_REFUSED
                ? "the server asks for a login by which it could read the password: mysql_clear_password, dialog, or "
                  "caching_sha2_password and sha256_password without '?ssl_mode=VERIFY_IDENTITY' or a socket; where "
                  "the way to the server is safe, say '?auth_plugin=caching_sha2_password'"
                : mysql_error(login->mysql));
        mysql_classify(err, number, true);
        return;
    }
    if (login->needs_tls && !mysql_get_ssl_cipher(login->mysql))
        err_set(err, ERR_CONNECT,
                "the server has no TLS, and the traffic leaves this machine: give the server a "
                "certificate, or the URL '?ssl_mode=DISABLED'");
    else
        err_set(err, ERR_CONFIG, "the server is no MariaDB: begin the URL with 'mysql://'");
}

struct cancel {
    struct mysql_login login;
    unsigned long thread_id;
};

enum { CANCEL_TIMEOUT_S = 10 };

void *mysql_make_cancel(const struct conn_params *params, unsigned long thread_id)
{
    struct err err;
    struct cancel *cancel = xcalloc(1, sizeof *cancel);
    cancel->thread_id = thread_id;
    if (mysql_login_init(&cancel->login, params, CANCEL_TIMEOUT_S, &err))
        return cancel;
    free(cancel);
    return NULL;
}

void mysql_cancel(void *ctx)
{
    struct cancel *cancel = ctx;
    char sql[64];
    int len = snprintf(sql, sizeof sql, "KILL QUERY %lu", cancel->thread_id);
    if (mysql_login_connect(&cancel->login))
        mysql_real_query(cancel->login.mysql, sql, (unsigned long)len);
    mysql_login_done(&cancel->login);
    free(cancel);
}

void mysql_add_library(struct buf *buf)
{
    buf_addf(buf, "libmariadb %s (built with %s)", mysql_get_client_info(),
             MARIADB_PACKAGE_VERSION);
}
