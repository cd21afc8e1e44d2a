/* The least that PostgreSQL allows: connect without blocking, send the whole script as one message,
 * close, so many at once. No version check, no lock, no history, no report.
 *
 *     floor_postgres PARALLEL SCRIPT|- PORT < names of the databases, one a line
 */
#include <libpq-fe.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 256 };

static struct slot {
    PGconn *conn;
    PostgresPollingStatusType status;
    bool is_connected;
} slots[MOST];

static const char *script = "SELECT version_num FROM alembic_version";
static const char *port;

static bool begin(struct slot *slot)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length = getline(&line, &room, stdin);
    if (length <= 0)
        return false;
    line[length - 1] = 0;
    const char *keys[] = {"hostaddr", "port", "user", "dbname", "sslmode", "gssencmode", NULL};
    const char *values[] = {"127.0.0.1", port, "skein", line, "disable", "disable", NULL};
    *slot = (struct slot){.conn = PQconnectStartParams(keys, values, 0),
                          .status = PGRES_POLLING_WRITING};
    free(line);
    return true;
}

static void die(struct slot *slot)
{
    fprintf(stderr, "floor_postgres: %s", PQerrorMessage(slot->conn));
    exit(1);
}

/* True while there is more to come on this connection. */
static bool advance(struct slot *slot)
{
    if (!slot->is_connected) {
        slot->status = PQconnectPoll(slot->conn);
        if (slot->status == PGRES_POLLING_FAILED)
            die(slot);
        if (slot->status != PGRES_POLLING_OK)
            return true;
        slot->is_connected = true;
        if (!PQsendQuery(slot->conn, script))
            die(slot);
        slot->status = PGRES_POLLING_READING;
        return true;
    }
    if (!PQconsumeInput(slot->conn))
        die(slot);
    while (!PQisBusy(slot->conn)) {
        PGresult *result = PQgetResult(slot->conn);
        if (!result)
            return false;
        if (PQresultStatus(result) == PGRES_FATAL_ERROR)
            die(slot);
        PQclear(result);
    }
    return true;
}

static void read_script(const char *path)
{
    static char text[1 << 20];
    FILE *file = fopen(path, "rb");
    if (!file || fread(text, 1, sizeof text - 1, file) == 0)
        exit(2);
    fclose(file);
    script = text;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    long parallel = strtol(argv[1], NULL, 10), open = 0;
    if (strcmp(argv[2], "-") != 0)
        read_script(argv[2]);
    port = argv[3];
    for (long i = 0; i < parallel && i < MOST; i++)
        open += begin(&slots[i]);
    while (open) {
        struct pollfd polls[MOST];
        struct slot *polled[MOST];
        nfds_t count = 0;
        for (long i = 0; i < parallel && i < MOST; i++)
            if (slots[i].conn) {
                short events = slots[i].status == PGRES_POLLING_WRITING ? POLLOUT : POLLIN;
                polled[count] = &slots[i];
                polls[count++] = (struct pollfd){PQsocket(slots[i].conn), events, 0};
            }
        poll(polls, count, -1);
        for (nfds_t i = 0; i < count; i++) {
            if (!polls[i].revents || advance(polled[i]))
                continue;
            PQfinish(polled[i]->conn);
            polled[i]->conn = NULL;
            open += begin(polled[i]) - 1;
        }
    }
    return 0;
}
