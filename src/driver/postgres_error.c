#include "driver/postgres_error.h"

#include <ctype.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/utf8.h"
#include "dialect/postgres/class.h"

/* The server itself says that its session goes on; a proxy may use no such words. */
static bool is_alive(const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity && strcmp(severity, "ERROR") == 0;
}

/* The first that fits; `routine`: what the name of the server's that found the error holds. */
static const char *hint_for(const char *code, const char *routine)
{
    static const char *const hints[][3] = {
        {"25001", "PreventInTransactionBlock", " (give the section 'transaction:false')"},
        {"25001", "check_", " (skein's own statements come first: a revision cannot set this)"},
        {"53300", "", " (lower 'per_server' or raise max_connections)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(hints); i++)
        if (strcmp(code, hints[i][0]) == 0 && strstr(routine ? routine : "", hints[i][1]))
            return hints[i][2];
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

struct notice postgres_notice(const PGresult *result)
{
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    struct notice notice = {
        .level = level_of(PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED)),
        .is_unreplicated = is_unreplicated(result),
        .text = text ? text : "",
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

void postgres_error(PGconn *pg, const PGresult *result, const struct postgres_context *context,
                    struct arena *arena, struct err *err)
{
    const char *code = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *primary = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (!code) {
        set_lost(pg, err);
        return;
    }
    err_set(err, ERR_SQL, "%s%s", primary ? primary : "",
            hint_for(code, PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION)));
    snprintf(err->code, sizeof err->code, "%s", code);
    postgres_classify(err, &(struct postgres_facts){
                               .routine = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION),
                               .schema = PQresultErrorField(result, PG_DIAG_SCHEMA_NAME),
                               .detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL),
                               .sql = context->operation,
                               .is_alive = is_alive(result),
                               .is_standby = context->is_standby,
                               .is_in_function = PQresultErrorField(result, PG_DIAG_CONTEXT),
                           });
    if (PQstatus(pg) == CONNECTION_BAD)
        err->is_connection_lost = true;
    err->said = postgres_said(result, arena);
    err->quotes_values = quotes_values(code);
    err->offset =
        byte_offset(pg, context->message, PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION));
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

/* And its last line names the routine, the file and the line of the server's source, in that order. */
static const char *find_routine(const char *text, char *ret_routine, size_t size)
{
    const char *file = strstr(text, ".c:");
    while (file && file > text && file[-1] != ' ')
        file--;
    if (!file || file - text < 2 || file[-2] != ',')
        return NULL;
    const char *end = file - 2, *begin = end;
    while (begin > text && (ascii_is_alnum(begin[-1]) || begin[-1] == '_'))
        begin--;
    snprintf(ret_routine, size, "%.*s", (int)(end - begin), begin);
    return ret_routine;
}

static bool has_one_of(const char *text, const char *const *marks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strstr(text, marks[i]))
            return true;
    return false;
}

/* Faults of the client's side: trying again changes nothing. A handshake that was cut is none, whatever its name. */
static bool is_permanent(const char *text)
{
    static const char *const cuts[] = {"SSL SYSCALL error", "unexpected eof", "closed unexpectedly",
                                       "closed the connection"};
    static const char *const faults[] = {"SSL",    "certificate", "invalid",
                                         "GSSAPI", "root.crt",    "channel binding"};
    return has_one_of(text, faults, ARRAY_LEN(faults)) && !has_one_of(text, cuts, ARRAY_LEN(cuts));
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
    char code[6], routine[64];
    const char *text = PQerrorMessage(pg);
    const char *message = find_code(text, code);
    if (message) {
        set_first_line(err, ERR_CONNECT, message);
        size_t len = strlen(err->text);
        snprintf(err->text + len, sizeof err->text - len, "%s", hint_for(code, NULL));
        snprintf(err->code, sizeof err->code, "%s", code);
        postgres_classify(err, &(struct postgres_facts){
                                   .routine = find_routine(text, routine, sizeof routine),
                                   .is_connecting = true,
                               });
        err->said = said_of_text(message, arena);
        if (is_kept_out(err))
            err->kind = ERR_CONNECT;
        return;
    }
    set_first_line(err, is_authentication(pg, text) ? ERR_AUTH : ERR_CONNECT, text);
    err->is_transient = err->kind == ERR_CONNECT && !is_permanent(text);
    err->trouble = err->is_transient ? TROUBLE_DOWN : TROUBLE_NONE;
    size_t used = strlen(err->text);
    if (refusal && strstr(text, "certificate verify failed"))
        snprintf(err->text + used, sizeof err->text - used, ": %s", refusal);
    if (strstr(text, "root certificate file"))
        err_prefix(err, "TLS is verified unless the URL says otherwise ('?sslmode=…', "
                        "'?sslrootcert=…')");
}
