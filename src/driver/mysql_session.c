#include "driver/mysql_session.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/dialects.h"
#include "dialect/mysql/templates.h"

void mysql_session_add_begin(const struct mysql_session *session, const char *database,
                             struct buf *sql)
{
    if (database) {
        buf_adds(sql, "USE ");
        mysql_add_identifier(sql, database);
        buf_adds(sql, "; ");
    }
    buf_adds(sql, session->knows_no_cluster ? mysql_session_begin_alone : mysql_session_begin);
}

bool mysql_session_lacks_cluster(struct mysql_session *session, const struct op *op)
{
    if (session->knows_no_cluster || strcmp(op_err(op)->code, "1193") != 0)
        return false;
    session->knows_no_cluster = true;
    return true;
}

static bool is_on(const struct grid *rows, enum mysql_begun column)
{
    return strcmp(grid_value(rows, 0, column), "0") != 0;
}

static void tell(const struct op *op, const char *text)
{
    const struct notice notice = {.level = NOTICE_WARNING, .text = text};
    if (op->notices && op->flags & OP_HEARS_ALL)
        notices_add(op->notices, op->arena, &notice);
}

/* What a person should know of a server before it is written to. */
static void tell_kind(const struct op *op)
{
    const struct grid *rows = &op->answer->rows;
    if (is_on(rows, MYSQL_BEGUN_NODE))
        tell(
            op,
            "the server is a node of a Galera cluster: the tenant's lock holds on this node alone, and DDL ends "
            "the open transactions of others on its table, whatever lock_timeout says: let one node take all of "
            "skein's writes");
    if (is_on(rows, MYSQL_BEGUN_REPLICA) && !is_on(rows, MYSQL_BEGUN_READ_ONLY))
        tell(
            op,
            "the server replicates from another one and takes writes all the same: what is changed here does not "
            "reach its source");
}

static in_port_t port_of(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)address)->sin_port);
    return address->ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)address)->sin6_port)
                                          : 0;
}

/* Does the server see this very socket at the other end? Else something in between has made the connection, and may have
 * chosen the server by the database's name. `client`: as the server says it. */
static bool is_direct(MYSQL *mysql, const char *client)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    const char *port = strrchr(client, ':');
    if (getsockname(mysql_get_socket(mysql), (struct sockaddr *)&address, &len))
        return false;
    if (address.ss_family == AF_UNIX)
        return strcmp(client, "localhost") == 0;
    return port && port_of(&address) && strtoul(port + 1, NULL, 10) == port_of(&address);
}

/* Notes what the session is like at first. False: after a reset it is like something else. */
static bool keeps_likeness(struct mysql_session *session, const char *likeness)
{
    if (!*session->likeness)
        snprintf(session->likeness, sizeof session->likeness, "%s", likeness);
    return strcmp(session->likeness, likeness) == 0;
}

enum { PACKET_OWN = 2 }; /* bytes of max_allowed_packet that a statement cannot have, as measured */

/* The handshake's number is a proxy's own where one is in between: what is locked through it, and killed, may be
 * another session. */
void mysql_session_take(struct mysql_session *session, MYSQL *mysql, const struct op *op)
{
    const struct grid *rows = &op->answer->rows;
    op_check_shape(op, &mysql_session_shape);
    if (op_err(op)->kind != ERR_NONE)
        return;
    unsigned long id = strtoul(grid_value(rows, 0, MYSQL_BEGUN_ID), NULL, 10);
    if (id != mysql_thread_id(mysql)) {
        err_set(op_make_err(op), ERR_CONNECT,
                "a proxy answers for the server, which could give the tenant's lock to another "
                "session: give the URL of the server itself");
        return;
    }
    if (!keeps_likeness(session, grid_value(rows, 0, MYSQL_BEGUN_LIKENESS))) {
        err_set(op_make_err(op), ERR_CONNECT, "the session that was reset is not like a new one");
        return;
    }
    bool is_plain = is_on(rows, MYSQL_BEGUN_PLAIN) && !is_on(rows, MYSQL_BEGUN_NODE);
    session->info = (struct conn_info){
        .is_single_use = !is_plain || !is_direct(mysql, grid_value(rows, 0, MYSQL_BEGUN_CLIENT)),
        .is_read_only = is_on(rows, MYSQL_BEGUN_READ_ONLY),
        .is_node = is_on(rows, MYSQL_BEGUN_NODE),
        .backend_pid = (uint32_t)id,
        .server_version = (uint32_t)mysql_get_server_version(mysql),
        .variant = is_on(rows, MYSQL_BEGUN_MARIADB) ? &dialect_mariadb : NULL,
    };
    size_t packet_max = strtoull(grid_value(rows, 0, MYSQL_BEGUN_PACKET), NULL, 10);
    session->message_max = packet_max > PACKET_OWN ? packet_max - PACKET_OWN : 0;
    op->answer->info = &session->info;
    tell_kind(op);
}
