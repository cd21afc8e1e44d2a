/* What the conformance suite is run over: a driver, where its databases are, and how its database
 * says what the cases need said. A new driver is a row in subjects.c. */
#ifndef DRIVER_SUBJECT_H
#define DRIVER_SUBJECT_H

#include "base/arena.h"
#include "driver/runner.h"
#include "base/url.h"

/* The same thing in each database's words. */
enum saying {
    SAY_PREPARE,    /* makes a table */
    SAY_CHANGE,     /* adds one row to it */
    SAY_COUNT,      /* -> how many rows it has */
    SAY_TOUCH_NONE, /* changes no row of it */
    SAY_TOUCH_ALL,  /* changes all of them */
    SAY_VIOLATE,    /* breaks a constraint once the table has a row */
    SAY_ROWS,       /* -> (a, NULL), (b, '') with the columns `first` and `second` */
    SAY_ONE,        /* -> one */
    SAY_LITERAL,    /* before a literal: -> it */
    SAY_IDENTIFIER, /* before an identifier: -> a row whose column has that name */
    SAY_UNKNOWN,    /* `nosuch` after multi-byte characters: names no thing that exists */
    SAY_SYNTAX,     /* `SELEC`: no statement */
    SAY_SLOW,       /* takes half a minute and changes nothing */
    SAY_SCRIPT,     /* SCRIPT_STATEMENTS statements after a SAY_PREPARE, hard to split */
    SAY_QUIRK,      /* a setting that makes quoting harder; NULL: none */
    SAY_COPY_IN,    /* wants data from the client, which has none; NULL: there is no such thing */
    SAY_COPY_OUT,   /* sends data behind the back of rows */
    SAY_WHERE,      /* -> the schema that unqualified names mean; NULL: there is no choice of it */
    SAY_WANDER,     /* changes that for the session */
    SAY_WHO,        /* -> what SAY_KILL wants; NULL: a connection cannot be killed */
    SAY_KILL,       /* a format of it: ends that connection from another one */
    SAY__COUNT
};

enum { SCRIPT_STATEMENTS = 6 };

/* Where a case connects to. */
enum target {
    TARGET_GOOD,      /* a database of the case's own, empty */
    TARGET_NOWHERE,   /* no server answers there */
    TARGET_MISSING,   /* a database that there is not; its name is hostile */
    TARGET_READ_ONLY, /* the good one, where it must not be written to */
    TARGET__COUNT
};

struct stage;

/* What not every database has. A subject says what is its own, and the cases hold it to that both ways: what
 * is said must be there, what is not said must be missing. */
enum ability {
    HAS_PASSWORDS = 1,
    HAS_CREATION_ON_CONNECT = 2,
    HAS_POOLING_PROXIES = 4,
    HAS_HISTORY_ROWS = 8,    /* several steps in one statement */
    HAS_SEVERAL_PLACES = 16, /* schemas of one database */
    HAS_GUARD = 32,
    HAS_RESET = 64,
    HAS_COPY = 128,
    HAS_MORTAL_CONNECTIONS = 256,
    HAS_DDL_IN_TRANSACTION = 512,
    HAS_JOINED_OPS = 1024,
    HAS_TABLES = 4096,         /* SQL_TABLES tells which tables are there */
    HAS_PIDS = 2048,           /* SQL_INSPECT tells which process answers, and SQL_LOCK heeds it */
    HAS_PLACES = 8192,         /* of all errors, and not only of those of the syntax */
    HAS_EXACT_TEXT = 16384,    /* blanks at the end of a key are not ignored */
    HAS_JOINED_CHAINS = 32768, /* of ops of any kind */
    HAS_MOVES = 65536,         /* a connection can go to another database */
};

struct subject {
    const char *name;
    const struct driver *driver;
    unsigned abilities;
    bool is_doomed_by_error;  /* an error in a transaction leaves nothing but rollback */
    const char *missing_code; /* of a missing database */
    const char *password;     /* that all targets want; NULL: none */
    const char *maintenance;  /* the database to create others from; NULL: made on connecting */
    const char *const
        *refused_names; /* that no table may have, however they are quoted; NULL: none */
    const char *say[SAY__COUNT];

    /* Fill stage->targets, and stage->runner's clock where the database has its own. */
    void (*set_up)(struct stage *stage);
    void (*tear_down)(struct stage *stage);
};

enum { CONNS_MAX = 4 };

/* What one case works on; made anew for each. */
struct stage {
    const struct subject *subject;
    struct arena arena;
    struct runner runner;
    struct url targets[TARGET__COUNT];
    struct conn *conns[CONNS_MAX]; /* closed with the stage */
    size_t conn_count;
    void *own; /* the subject's */
};

/* NULL: no such subject. */
const struct subject *subject_find(const char *name);

#endif
