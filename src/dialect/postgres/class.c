#include "dialect/postgres/class.h"

#include "base/ascii.h"

/* Of PL/pgSQL's RAISE. */
#define RAISE_ROUTINE "exec_stmt_raise"

struct meaning {
    const char *code; /* SQLSTATE, or its class (the first two characters) */
    enum err_class kind;
    bool is_transient;
    bool is_lost; /* the session is gone: what was under way may or may not have happened */
    enum err_trouble trouble;
};

/* The first row that fits wins. A session that an administrator or a timeout ends is that session's trouble
 * alone: a server that stops refuses the next connections, and that error speaks of the server. */
static const struct meaning meanings[] = {
    {"08", ERR_CONNECT, true, true, TROUBLE_NONE},    /* connection exceptions */
    {"57P01", ERR_CONNECT, true, true, TROUBLE_NONE}, /* admin shutdown, pg_terminate_backend */
    {"57P02", ERR_CONNECT, true, true, TROUBLE_NONE}, /* crash shutdown */
    {"57P03", ERR_CONNECT, true, true, TROUBLE_NOT_READY}, /* starting up, shutting down */
    {"57P05", ERR_CONNECT, true, true, TROUBLE_NONE},      /* idle session timeout */
    {"25P03", ERR_CONNECT, true, true, TROUBLE_NONE},      /* idle in transaction timeout */
    {"53300", ERR_CONNECT, true, false, TROUBLE_CROWDED_SERVER},
    {"53100", ERR_SQL, false, false, TROUBLE_FULL},         /* no space left on a device */
    {"53200", ERR_SQL, true, false, TROUBLE_CONFLICT},      /* out of (shared) memory */
    {"25006", ERR_CONNECT, true, false, TROUBLE_NOT_READY}, /* read-only */
    {"3D000", ERR_CONNECT, false, false, TROUBLE_NONE},
    {"28", ERR_AUTH, false, false, TROUBLE_NONE},
    {"55P03", ERR_LOCK, true, false, TROUBLE_NONE},     /* lock_timeout */
    {"40P01", ERR_LOCK, true, false, TROUBLE_CONFLICT}, /* deadlock */
    {"40001", ERR_LOCK, true, false, TROUBLE_CONFLICT}, /* serialization failure */
    {"40003", ERR_SQL, false, true, TROUBLE_NONE},      /* statement completion unknown */
    {"57014", ERR_TIMEOUT, false, false, TROUBLE_NONE},
};

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_same(const char *text, const char *other)
{
    return text && strcmp(text, other) == 0;
}

static void take_meaning(struct err *err, const struct postgres_facts *facts)
{
    err->kind = ERR_SQL;
    err->trouble = TROUBLE_NONE;
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        const struct meaning *meaning = &meanings[i];
        if (!starts_with(err->code, meaning->code))
            continue;
        err->kind = meaning->kind;
        err->is_transient = meaning->is_transient;
        err->is_connection_lost = meaning->is_lost && !facts->is_alive;
        err->trouble = meaning->trouble;
        return;
    }
}

/* An error that a statement meets elsewhere (on a server that it asked, in a worker that it lost), or raises
 * with a code of its choice, says nothing of our session and of our server. */
static void keep_to_itself(struct err *err, const struct postgres_facts *facts)
{
    bool is_raised = is_same(facts->routine, RAISE_ROUTINE);
    bool is_standby = strcmp(err->code, "25006") == 0 && facts->is_standby && !is_raised;
    if (!facts->is_alive || is_standby)
        return;
    bool is_of_elsewhere = err->kind == ERR_CONNECT || err->kind == ERR_AUTH;
    if (is_of_elsewhere)
        err->kind = ERR_SQL;
    if (is_of_elsewhere || is_raised)
        err->trouble = TROUBLE_NONE;
}

/* ---- conflicts ----------------------------------------------------------------------------- */

/* The server does not translate these. */
static const char *const races[] = {
    "tuple concurrently updated", "tuple concurrently deleted", "concurrently dropped",
    "cache lookup failed for",    "could not find tuple for",   "could not open relation with OID",
};

/* Two sessions that make an object if it does not exist, or drop it first if it does, may both look before
 * either has done it: then it is there already, or no more. The server's own IF EXISTS looks again, once it has
 * the lock; what a function or a DO block has looked at may be gone. */
static const struct {
    const char *code;
    bool is_of_function;
} twins[] = {
    {"42710", false}, /* duplicate object, */
    {"42P04", false}, /* database, */
    {"42P06", false}, /* schema, */
    {"42P07", false}, /* table, */
    {"42723", false}, /* function, */
    {"42701", true},  /* column, */
    {"42P16", true},  /* primary key */
    {"42704", true},  /* undefined object, */
    {"3F000", true},  /* schema, */
    {"42P01", true},  /* table, */
    {"42883", true},  /* function, */
    {"42703", true},  /* column */
};

/* After the word and the blanks that must follow it; NULL: it is not there. */
static const char *skip_word(const char *text, const char *word)
{
    if (!text || !ascii_begins(text, word))
        return NULL;
    text += strlen(word);
    size_t blanks = strspn(text, " \t\r\n\f\v");
    return blanks ? text + blanks : NULL;
}

/* IF EXISTS, IF NOT EXISTS, OR REPLACE; in functions also IF NOT FOUND. */
static bool asks_whether_it_exists(const char *sql)
{
    for (const char *p = sql; p && *p; p++) {
        const char *after_if = skip_word(p, "if"), *after_not = skip_word(after_if, "not");
        const char *after = after_not ? after_not : after_if, *after_or = skip_word(p, "or");
        if ((after && ascii_begins(after, "exists")) ||
            (after_not && ascii_begins(after_not, "found")) ||
            (after_or && ascii_begins(after_or, "replace")))
            return true;
    }
    return false;
}

static bool is_race(const struct err *err)
{
    if (strcmp(err->code, "XX000") != 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(races); i++)
        if (strstr(err->text, races[i]))
            return true;
    return false;
}

static bool is_twin(const struct err *err, const struct postgres_facts *facts)
{
    for (size_t i = 0; i < ARRAY_LEN(twins); i++)
        if (strcmp(err->code, twins[i].code) == 0)
            return (!twins[i].is_of_function || facts->is_in_function) &&
                   asks_whether_it_exists(facts->sql);
    return false;
}

/* NOWAIT: it fails at once, so no one can be asked who holds the lock. */
static bool is_nowait(const struct err *err, const struct postgres_facts *facts)
{
    return strcmp(err->code, "55P03") == 0 && facts->routine &&
           !is_same(facts->routine, "ProcessInterrupts") && !is_same(facts->routine, RAISE_ROUTINE);
}

static void find_conflict(struct err *err, const struct postgres_facts *facts)
{
    bool is_in_catalog = is_same(facts->schema, "pg_catalog") && strcmp(err->code, "23505") == 0;
    bool breaks_constraint =
        starts_with(err->code, "23") && facts->schema && !is_same(facts->routine, RAISE_ROUTINE);
    bool is_in_use = strcmp(err->code, "55006") == 0 && is_same(facts->routine, "createdb");
    bool is_gone = is_same(facts->routine, "shdepLockAndCheckObject");
    if (is_in_catalog || is_race(err) || is_gone) {
        err->trouble = TROUBLE_CONFLICT;
        err->is_transient = true;
    } else if (is_twin(err, facts) || is_nowait(err, facts)) {
        err->trouble = TROUBLE_CONFLICT;
    } else if (breaks_constraint) {
        err->trouble = TROUBLE_SHARED;
    } else if (is_in_use) { /* the template, by others */
        err->is_transient = true;
    }
}

/* Each line of a deadlock's detail tells of one session, and begins with its number, whatever the language. */
static void find_sessions(struct err *err, const char *detail)
{
    size_t count = 0;
    if (strcmp(err->code, "40P01") != 0)
        return;
    for (const char *line = detail; line && *line && count < ERR_SESSIONS_MOST;) {
        const char *number = line + strcspn(line, "0123456789\n");
        if (*number && *number != '\n')
            err->sessions[count++] = (uint32_t)strtoul(number, NULL, 10);
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
}

/* ---- connections --------------------------------------------------------------------------- */

/* The words of pooling proxies, and of servers that they connect to, whose codes tell little. The first row
 * that fits wins. */
static const struct {
    const char *words;
    enum err_trouble trouble;
} proxies[] = {
    {"no more connections allowed", TROUBLE_CROWDED_SERVER}, /* pgbouncer: max_client_conn */
    {"client connections exceeded", TROUBLE_CROWDED_SERVER},
    {"query_wait_timeout", TROUBLE_CROWDED_SERVER},
    {"too many clients", TROUBLE_CROWDED_SERVER},
    {"too many connections for database", TROUBLE_CROWDED_DATABASE},
    {"too many connections for role", TROUBLE_CROWDED_LOGIN},
    {"too many connections", TROUBLE_CROWDED_SERVER},
    {"too many tcp connections", TROUBLE_CROWDED_SERVER}, /* Odyssey */
    {"remaining connection slots", TROUBLE_CROWDED_SERVER},
    {"max clients reached", TROUBLE_CROWDED_SERVER}, /* Supavisor */
    {"max client connections reached", TROUBLE_CROWDED_SERVER},
    {"server login has been failing", TROUBLE_NOT_READY}, /* pgbouncer: its server is down */
    {"cannot connect to server", TROUBLE_NOT_READY},
    {"server_login_retry", TROUBLE_NOT_READY},
    {"server_connect_timeout", TROUBLE_NOT_READY},
    {"client_login_timeout", TROUBLE_NOT_READY},
    {"is shutting down", TROUBLE_NOT_READY},
    {"is starting up", TROUBLE_NOT_READY},
};

/* Limits of a database and of a role have the code of the server's: the routine tells them apart, whatever the
 * language. */
static enum err_trouble limit_of(const struct postgres_facts *facts)
{
    return is_same(facts->routine, "CheckMyDatabase")           ? TROUBLE_CROWDED_DATABASE
           : is_same(facts->routine, "InitializeSessionUserId") ? TROUBLE_CROWDED_LOGIN
                                                                : TROUBLE_CROWDED_SERVER;
}

static void find_proxys_words(struct err *err, const struct postgres_facts *facts)
{
    bool is_told_apart = starts_with(err->code, "28") || starts_with(err->code, "3D");
    if (facts->is_alive || is_told_apart)
        return;
    if (strcmp(err->code, "53300") == 0)
        err->trouble = limit_of(facts);
    for (size_t i = 0; i < ARRAY_LEN(proxies); i++)
        if (ascii_holds(err->text, proxies[i].words)) {
            if (err->trouble != TROUBLE_CROWDED_DATABASE && err->trouble != TROUBLE_CROWDED_LOGIN)
                err->trouble = proxies[i].trouble;
            err->kind = ERR_CONNECT;
            err->is_transient = true;
            return;
        }
}

void postgres_classify(struct err *err, const struct postgres_facts *facts)
{
    take_meaning(err, facts);
    keep_to_itself(err, facts);
    find_conflict(err, facts);
    find_sessions(err, facts->detail);
    find_proxys_words(err, facts);
    if (facts->is_connecting && err->kind == ERR_SQL)
        err->kind = ERR_CONNECT;
}
