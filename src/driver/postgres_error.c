#include "driver/postgres_error.h"

#include <ctype.h>

#include "base/arena.h"
#include "base/utf8.h"

struct meaning {
    const char *code; /* SQLSTATE, or its class (the first two characters) */
    enum err_class kind;
    bool is_transient;
    /* the session is gone: what was under way may or may not have happened. Where it is not,
     * that was a statement's own trouble: another server that it asked, a worker that it lost */
    bool is_lost;
};

/* The first row that fits wins. */
static const struct meaning meanings[] = {
    {"08", ERR_CONNECT, true, true},     /* connection exceptions */
    {"57P01", ERR_CONNECT, true, true},  /* admin shutdown, pg_terminate_backend */
    {"57P02", ERR_CONNECT, true, true},  /* crash shutdown */
    {"57P03", ERR_CONNECT, true, true},  /* cannot connect now: starting up, shutting down */
    {"57P05", ERR_CONNECT, true, true},  /* idle session timeout */
    {"25P03", ERR_CONNECT, true, true},  /* idle in transaction timeout */
    {"53300", ERR_CONNECT, true, false}, /* too many connections */
    {"25006", ERR_CONNECT, true, false}, /* read-only: a standby */
    {"3D000", ERR_CONNECT, false, false}, {"28", ERR_AUTH, false, false},
    {"55P03", ERR_LOCK, true, false}, /* lock_timeout */
    {"40P01", ERR_LOCK, true, false}, /* deadlock */
    {"40001", ERR_LOCK, true, false}, /* serialization failure */
    {"40003", ERR_SQL, false, true},  /* statement completion unknown */
    {"57014", ERR_TIMEOUT, false, false},
};

static void classify(struct err *err, bool is_alive)
{
    err->kind = ERR_SQL;
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
        if (strncmp(err->code, meanings[i].code, strlen(meanings[i].code)) == 0) {
            bool is_own = is_alive && meanings[i].is_lost;
            err->kind = is_own ? ERR_SQL : meanings[i].kind;
            err->is_transient = meanings[i].is_transient;
            err->is_connection_lost = meanings[i].is_lost && !is_own;
            return;
        }
}

/* The server itself says that its session goes on; a proxy may use no such words. */
static bool is_alive(const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity && strcmp(severity, "ERROR") == 0;
}

static const char *hint_for(const char *code)
{
    static const char *const hints[][2] = {
        {"25001", " (give the section 'transaction:false')"},
        {"53300", " (lower 'per_server' or raise max_connections)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(hints); i++)
        if (strcmp(code, hints[i][0]) == 0)
            return hints[i][1];
    return "";
}

static bool has_encoding(PGconn *pg, const char *setting, const char *encoding)
{
    const char *value = PQparameterStatus(pg, setting);
    return value && strcmp(value, encoding) == 0;
}

/* The server counts characters, where it knows them; everything else here counts bytes. */
static size_t byte_offset(PGconn *pg, const char *sql, const char *position)
{
    size_t wanted = position ? (size_t)strtoul(position, NULL, 10) : 0;
    bool counts_bytes = has_encoding(pg, "server_encoding", "SQL_ASCII") ||
                        !has_encoding(pg, "client_encoding", "UTF8");
    if (!wanted || counts_bytes)
        return wanted;
    return utf8_byte_of(sql, strlen(sql), wanted - 1) + 1;
}

/* The first line of a message, without blanks at its end. */
static void set_first_line(struct err *err, enum err_class kind, const char *text)
{
    size_t len = strcspn(text, "\n");
    while (len && isspace((unsigned char)text[len - 1]))
        len--;
    if (len)
        err_set(err, kind, "%.*s", (int)len, text);
    else
        err_set(err, kind, "the connection was lost");
}

static void set_lost(PGconn *pg, struct err *err)
{
    set_first_line(err, ERR_CONNECT, PQerrorMessage(pg));
    err->is_transient = true;
    err->is_connection_lost = true;
}

/* ---- what it says beside the message ------------------------------------------------------- */

static const struct {
    enum said_part part;
    int field;
    const char *label; /* in libpq's text of an error, at the beginning of a line */
} fields[] = {
    {SAID_DETAIL, PG_DIAG_MESSAGE_DETAIL, "DETAIL:  "},
    {SAID_HINT, PG_DIAG_MESSAGE_HINT, "HINT:  "},
    {SAID_CONTEXT, PG_DIAG_CONTEXT, "CONTEXT:  "},
    {SAID_SCHEMA, PG_DIAG_SCHEMA_NAME, "SCHEMA NAME:  "},
    {SAID_TABLE, PG_DIAG_TABLE_NAME, "TABLE NAME:  "},
    {SAID_COLUMN, PG_DIAG_COLUMN_NAME, "COLUMN NAME:  "},
    {SAID_DATATYPE, PG_DIAG_DATATYPE_NAME, "DATATYPE NAME:  "},
    {SAID_CONSTRAINT, PG_DIAG_CONSTRAINT_NAME, "CONSTRAINT NAME:  "},
};

/* A statement that a function put together and ran is part of the way to the error. */
const struct said *postgres_said(const PGresult *result, struct arena *arena)
{
    struct said said = {0};
    const char *query = PQresultErrorField(result, PG_DIAG_INTERNAL_QUERY);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        said.part[fields[i].part] = PQresultErrorField(result, fields[i].field);
    const char *context = said.part[SAID_CONTEXT];
    if (query)
        said.part[SAID_CONTEXT] = arena_printf(arena, "in the statement \"%.*s\"%s%s", SAID_MAX / 2,
                                               query, context ? "\n" : "", context ? context : "");
    return said_copy(arena, &said);
}

/* A commit that was cancelled, or whose session was ended, while it waited for a standby: it stands. The text is
 * in the server's language, and the code that of any warning; what says it is the place in the server's source. */
static bool is_unreplicated(const PGresult *result)
{
    const char *function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
    return function && strcmp(function, "SyncRepWaitForLSN") == 0;
}

static enum notice_level level_of(const char *severity)
{
    static const char *const severities[NOTICE__COUNT] = {
        [NOTICE_DEBUG] = "DEBUG",   [NOTICE_LOG] = "LOG",         [NOTICE_INFO] = "INFO",
        [NOTICE_NOTICE] = "NOTICE", [NOTICE_WARNING] = "WARNING",
    };
    for (enum notice_level level = 0; severity && level < NOTICE__COUNT; level++)
        if (strcmp(severity, severities[level]) == 0)
            return level;
    return NOTICE_WARNING;
}

struct notice postgres_notice(const PGresult *result, struct arena *arena)
{
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    struct notice notice = {
        .level = level_of(PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED)),
        .is_unreplicated = is_unreplicated(result),
        .text = text ? text : "",
        .said = postgres_said(result, arena),
    };
    snprintf(notice.code, sizeof notice.code, "%s", code ? code : "");
    return notice;
}

/* The label at the beginning of the line; its index, or that past the last. */
static size_t label_at(const char *line)
{
    size_t i = 0;
    while (i < ARRAY_LEN(fields) && strncmp(line, fields[i].label, strlen(fields[i].label)) != 0)
        i++;
    return i;
}

/* Is it the beginning of another part, be it one that is not kept? `LOCATION:  auth_failed, auth.c:326` */
static bool is_labelled(const char *line)
{
    size_t len = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ ");
    return len && strncmp(line + len, ":  ", 3) == 0;
}

/* Of an error that came without a result there is the text alone. */
static const struct said *said_of_text(const char *text, struct arena *arena)
{
    struct said said = {0};
    for (const char *line = text + strcspn(text, "\n"); *line; line += strcspn(line, "\n")) {
        size_t i = label_at(++line);
        if (i == ARRAY_LEN(fields) || said.part[fields[i].part])
            continue;
        const char *begin = line + strlen(fields[i].label);
        const char *end = begin + strcspn(begin, "\n");
        while (*end && end[1] && !is_labelled(end + 1))
            end += 1 + strcspn(end + 1, "\n");
        said.part[fields[i].part] = arena_strndup(arena, begin, (size_t)(end - begin));
    }
    return said_copy(arena, &said);
}

/* ---- errors -------------------------------------------------------------------------------- */

/* In class 22, data exceptions, the server quotes the value that it could not take. */
static bool quotes_values(const char *code)
{
    return strncmp(code, "22", 2) == 0;
}

void postgres_error(PGconn *pg, const PGresult *result, const char *sql, struct arena *arena,
                    struct err *err)
{
    const char *code = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *primary = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (!code) {
        set_lost(pg, err);
        return;
    }
    err_set(err, ERR_SQL, "%s%s", primary ? primary : "", hint_for(code));
    snprintf(err->code, sizeof err->code, "%s", code);
    classify(err, is_alive(result));
    if (PQstatus(pg) == CONNECTION_BAD)
        err->is_connection_lost = true;
    err->said = postgres_said(result, arena);
    err->quotes_values = quotes_values(code);
    err->offset = byte_offset(pg, sql, PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION));
}

/* In a verbose text a server's error reads `FATAL:  53300: sorry, …` whatever the language. */
static const char *find_code(const char *text, char ret_code[6])
{
    for (const char *p = strstr(text, ":  "); p; p = strstr(p + 1, ":  ")) {
        size_t len = strspn(p + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (len == 5 && p[8] == ':') {
            memcpy(ret_code, p + 3, 5);
            ret_code[5] = '\0';
            return p + 10;
        }
    }
    return NULL;
}

/* Faults of the client's side: trying again changes nothing. */
static bool is_permanent(const char *text)
{
    static const char *const marks[] = {"SSL",    "certificate", "invalid",
                                        "GSSAPI", "root.crt",    "channel binding"};
    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        if (strstr(text, marks[i]))
            return true;
    return false;
}

static bool is_authentication(PGconn *pg, const char *text)
{
    return PQconnectionNeedsPassword(pg) || strstr(text, "no password supplied") ||
           strstr(text, "SCRAM");
}

/* No line of the server's pg_hba.conf lets anybody into this database from here, or one keeps them out: no
 * password was looked at. The file's name stands in the text whatever the language. */
static bool is_kept_out(const struct err *err)
{
    return strcmp(err->code, "28000") == 0 && strstr(err->text, "pg_hba.conf");
}

void postgres_connect_error(PGconn *pg, const char *refusal, struct arena *arena, struct err *err)
{
    char code[6];
    const char *text = PQerrorMessage(pg);
    const char *message = find_code(text, code);
    if (message) {
        set_first_line(err, ERR_CONNECT, message);
        size_t len = strlen(err->text);
        snprintf(err->text + len, sizeof err->text - len, "%s", hint_for(code));
        snprintf(err->code, sizeof err->code, "%s", code);
        classify(err, false);
        err->said = said_of_text(message, arena);
        if (err->kind == ERR_SQL || is_kept_out(err))
            err->kind = ERR_CONNECT;
        return;
    }
    set_first_line(err, is_authentication(pg, text) ? ERR_AUTH : ERR_CONNECT, text);
    err->is_transient = err->kind == ERR_CONNECT && !is_permanent(text);
    size_t used = strlen(err->text);
    if (refusal && strstr(text, "certificate verify failed"))
        snprintf(err->text + used, sizeof err->text - used, ": %s", refusal);
    if (strstr(text, "root certificate file"))
        err_prefix(err, "TLS is verified unless the URL says otherwise ('?sslmode=…', "
                        "'?sslrootcert=…')");
}
