/* An error, by value: what went wrong, of which class, where, and whether trying again can help.
 *
 * A fallible function returns bool (or a pointer) and takes `struct err *err` last; it fills *err
 * exactly when it fails. The first error wins, callers add context with err_prefix. Report or
 * return, never both. Texts are lower case, without a full stop, with the thing in quotes.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

#include "base/compiler.h"
#include "base/said.h"

struct arena;

/* The classes of the JSON report (contract), in the order of err_class_name's table. */
enum err_class {
    ERR_NONE,
    ERR_CONFIG,
    ERR_CONNECT,
    ERR_AUTH,
    ERR_LOCK,
    ERR_TIMEOUT,
    ERR_SQL,
    ERR_CHAIN,
    ERR_DRIFT,
    ERR_LEDGER,
    ERR_CANCELLED,
    ERR_INTERNAL,
    ERR__COUNT
};

/* What an error says about more than the tenant that met it: its server, its database, other sessions. The driver
 * decides this from the code and the text. */
enum err_trouble {
    TROUBLE_NONE, /* nothing */
    /* another session may have done the same at that moment: the tenant may succeed when it is
     * alone. If it is transient, it comes from nothing else */
    TROUBLE_CONFLICT,
    TROUBLE_SHARED, /* the same, where the table that it is about is shared with other tenants */
    TROUBLE_CROWDED_DATABASE, /* no more connections to this database, */
    TROUBLE_CROWDED_LOGIN,    /* with this login, */
    TROUBLE_CROWDED_SERVER,   /* or at all */
    TROUBLE_NOT_READY, /* the server answers, and will be of use later: it starts, or is a standby */
    TROUBLE_DOWN,      /* the server does not answer */
    TROUBLE_FULL,      /* a disk of the server is full */
    TROUBLE__COUNT
};

enum { ERR_SESSIONS_MOST = 4 };

struct err {
    enum err_class kind;
    enum err_trouble trouble;
    bool is_transient;       /* the same thing may work a moment later */
    bool is_connection_lost; /* no answer came: what was asked may or may not have happened */
    char code[16];           /* SQLSTATE, or SQLite's extended code by number; may be empty */
    char file[256];          /* path as shown to people; empty where there is none */
    int line;                /* from 1; 0 where there is none */
    bool quotes_values;      /* what the text quotes are values of rows */
    /* the sessions that were in the way, as the server numbers them; 0: no more is known */
    uint32_t sessions[ERR_SESSIONS_MOST];
    size_t offset; /* of the error within the SQL that was sent, from 1; 0: unknown */
    char text[1024];
    const struct said *said; /* what else the server said; NULL: nothing. Borrowed (said.h) */
};

/* Nothing went wrong. */
extern const struct err err_none;

const char *err_class_name(enum err_class kind);

/* Fill *err; always return false, so that `return err_set(…)` reads as it should. */
bool err_set(struct err *err, enum err_class kind, const char *format, ...) PRINTF_LIKE(3, 4);
bool err_at(struct err *err, enum err_class kind, const char *file, int line, const char *format,
            ...) PRINTF_LIKE(5, 6);

/* Says where. */
void err_set_place(struct err *err, const char *file, int line);

/* Puts "context: " before the text. Returns false. */
bool err_prefix(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Finds the part of a text that may quote values of rows: from its first quotation mark to its last, marks included.
 * Where the text was cut and has lost the last mark, the part goes to the end. False: the text has no marks. */
bool err_find_quoted(const char *text, size_t *ret_begin, size_t *ret_end);

/* Leaves out what may be values of rows. Of `said`, the parts that may hold values go (`said` becomes a copy in the
 * arena). In a text that quotes values, everything from its first quotation mark to its last goes. */
void err_hide_values(struct err *err, struct arena *arena);

/* Adds the sentences of `said` to the text (`; detail: …; hint: …`), for a caller that shows only the text. */
void err_fold_said(struct err *err);

/* Adds to the text, as far as there is room. */
void err_add(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* A list of faults, so that a file's faults can be reported together. Grows in malloc'd memory;
 * kept in the order they were added, at most FAULTS_MAX of them (then only counted). */
enum { FAULTS_MAX = 200 };

struct faults {
    struct err *items;
    size_t count; /* kept in items */
    size_t capacity;
    size_t total; /* found, kept or not */
};

void faults_init(struct faults *faults);
void faults_done(struct faults *faults);
void faults_add(struct faults *faults, enum err_class kind, const char *file, int line,
                const char *format, ...) PRINTF_LIKE(5, 6);
void faults_vadd(struct faults *faults, enum err_class kind, const char *file, int line,
                 const char *format, va_list args) PRINTF_LIKE(5, 0);
void faults_add_err(struct faults *faults, const struct err *err);

/* Sorts by file, then by line. Faults of one line keep their order. */
void faults_sort(struct faults *faults);

#endif
