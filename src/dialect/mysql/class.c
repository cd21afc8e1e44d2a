#include "dialect/mysql/class.h"

#include <stdlib.h>

struct meaning {
    unsigned number;
    enum err_class kind;
    bool is_transient;
    bool is_lost; /* the session is gone: what was under way may or may not have happened */
    enum err_trouble trouble;
};

/* Numbers from 2000 to 2999 are the client library's own. */
static const struct meaning meanings[] = {
    {1040, ERR_CONNECT, true, false, TROUBLE_CROWDED_SERVER}, /* too many connections */
    {1203, ERR_CONNECT, true, false, TROUBLE_CROWDED_LOGIN},  /* of this account, */
    {1226, ERR_CONNECT, true, false, TROUBLE_CROWDED_LOGIN},  /* as its own limits say */
    {1129, ERR_CONNECT, false, false, TROUBLE_NONE},          /* the host is blocked */
    {1130, ERR_CONNECT, false, false, TROUBLE_NONE},          /* or not allowed */
    {1045, ERR_AUTH, false, false, TROUBLE_NONE},             /* the login is refused */
    {1698, ERR_AUTH, false, false, TROUBLE_NONE},             /* the same, by a plugin */
    {1862, ERR_AUTH, false, false, TROUBLE_NONE},             /* the password has expired */
    {4151, ERR_AUTH, false, false, TROUBLE_NONE},             /* the account is locked */
    {1524, ERR_AUTH, false, false, TROUBLE_NONE},             /* a plugin is not loaded */
    {2059, ERR_AUTH, false, false, TROUBLE_NONE},             /* not by us */
    {5010, ERR_AUTH, false, false, TROUBLE_NONE},             /* not one that we would use */
    {1049, ERR_CONNECT, false, false, TROUBLE_NONE},          /* no such database, */
    {1044, ERR_CONNECT, false, false, TROUBLE_NONE}, /* or no right on it, whose login is good */
    {2002, ERR_CONNECT, true, false, TROUBLE_DOWN},  /* no socket, or no one listens */
    {2003, ERR_CONNECT, true, false, TROUBLE_DOWN},
    {2005, ERR_CONNECT, true, false, TROUBLE_DOWN},  /* the host is not known */
    {2026, ERR_CONNECT, false, false, TROUBLE_NONE}, /* TLS */
    {2068, ERR_SQL, false, false, TROUBLE_NONE},     /* LOAD DATA LOCAL */
    {2006, ERR_CONNECT, true, true, TROUBLE_NONE},   /* closed while it was idle */
    {2013, ERR_CONNECT, true, true, TROUBLE_NONE},   /* closed while an answer was awaited */
    {2055, ERR_CONNECT, true, true, TROUBLE_NONE},
    {4031, ERR_CONNECT, true, true, TROUBLE_NONE}, /* MySQL: closed while it was idle */
    {1053, ERR_CONNECT, true, true, TROUBLE_NONE}, /* the server shuts down */
    {1927, ERR_CONNECT, true, true, TROUBLE_NONE}, /* the connection was killed */
    {1152, ERR_CONNECT, true, true, TROUBLE_NONE},
    {1158, ERR_CONNECT, true, true, TROUBLE_NONE}, /* errors of the network */
    {1159, ERR_CONNECT, true, true, TROUBLE_NONE},
    {1160, ERR_CONNECT, true, true, TROUBLE_NONE},
    {1161, ERR_CONNECT, true, true, TROUBLE_NONE},
    {1153, ERR_SQL, false, false, TROUBLE_NONE},         /* longer than max_allowed_packet */
    {1047, ERR_CONNECT, true, false, TROUBLE_NOT_READY}, /* a Galera node */
    {1290, ERR_CONNECT, true, false, TROUBLE_NOT_READY}, /* read_only, and other options */
    {1836, ERR_CONNECT, true, false, TROUBLE_NOT_READY}, /* read only */
    {1205, ERR_LOCK, true, false, TROUBLE_NONE},         /* of rows or of a table's definition */
    {3572, ERR_LOCK, true, false, TROUBLE_NONE},         /* NOWAIT */
    {1213, ERR_LOCK, true, false, TROUBLE_CONFLICT},     /* a deadlock, or Galera's certification */
    {1020, ERR_LOCK, true, false, TROUBLE_CONFLICT},     /* the row has changed since */
    {1021, ERR_SQL, false, false, TROUBLE_FULL},
    {1114, ERR_SQL, false, false, TROUBLE_NONE}, /* the table is full: it may be one in memory */
    {1317, ERR_TIMEOUT, false, false, TROUBLE_NONE}, /* KILL QUERY */
    {1969, ERR_TIMEOUT, false, false, TROUBLE_NONE}, /* max_statement_time */
    {3024, ERR_TIMEOUT, false, false, TROUBLE_NONE},
};

/* With TLS the client library has words of its own for what the server says before the handshake: `Can't connect to
 * server (…). Server sent: 1040 - Too many connections`. */
static unsigned number_within(const char *text)
{
    for (const char *p = strstr(text, " - "); p; p = strstr(p + 1, " - ")) {
        const char *begin = p;
        while (begin > text && begin[-1] >= '0' && begin[-1] <= '9')
            begin--;
        if (p - begin == 4)
            return (unsigned)strtoul(begin, NULL, 10);
    }
    return 0;
}

static const struct meaning *find(unsigned number)
{
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
        if (meanings[i].number == number)
            return &meanings[i];
    return NULL;
}

/* A file of the server that could not be written, for its disk is full (ENOSPC): many errors say so, each with its own number, as
 * `(Errcode: 28 "No space left on device")`, `(errno: 28 "…")`, or `Got error 28`. Errors of files have the first numbers; those
 * after them may quote what stands in a row. */
static bool says_full(unsigned number, const char *text)
{
    enum { LAST_OF_FILES = 1030 };
    static const char *const ways[] = {"Errcode: 28 ", "errno: 28 ", "Got error 28 "};
    for (size_t i = 0; number <= LAST_OF_FILES && i < ARRAY_LEN(ways); i++)
        if (strstr(text, ways[i]))
            return true;
    return false;
}

void mysql_classify(struct err *err, unsigned number, bool is_connecting)
{
    unsigned within = number == 2002 || number == 2003 ? number_within(err->text) : 0;
    const struct meaning *meaning = find(within);
    if (meaning)
        number = within;
    else
        meaning = find(number);
    snprintf(err->code, sizeof err->code, "%u", number);
    err->kind = is_connecting ? ERR_CONNECT : ERR_SQL;
    if (!meaning && !is_connecting && says_full(number, err->text))
        err->trouble = TROUBLE_FULL;
    if (!meaning)
        return;
    err->kind = meaning->kind;
    err->is_transient = meaning->is_transient;
    err->is_connection_lost = meaning->is_lost;
    err->trouble = meaning->trouble;
    if (!meaning->is_lost)
        return;
    if (is_connecting) {
        err->trouble = TROUBLE_DOWN;
        return;
    }
    /* A code would say that the server has answered, and taken the statement back. */
    err_add(err, " (%u)", number);
    err->code[0] = '\0';
}
