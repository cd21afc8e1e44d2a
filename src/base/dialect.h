/* The SQL dialects that a tenant can speak: the one word that inventory, chain and drivers share. The SQL of
 * each is in src/dialect. */
#ifndef BASE_DIALECT_H
#define BASE_DIALECT_H

#include "base/compiler.h"

enum dialect_id {
    DIALECT_SQLITE,
    DIALECT_POSTGRESQL,
    DIALECT_MYSQL,
    DIALECT_MARIADB, /* a variant of MySQL's: only sections of revisions and scripts are its own */
    DIALECT__COUNT
};

/* A parameter of a URL with that value means another one. */
struct url_param_rename {
    const char *key, *value;
    const char *new_key, *new_value;
    bool is_start; /* every value that begins with `value` means it */
};

struct dialect_info {
    const char *name;       /* as in `dialect:` of a revision, the report and the label */
    const char *schemes[4]; /* of URLs, without any `+driver`; NULL-terminated */
    /* Whose variant it is, else itself. Tenants, drivers and labels know that one alone: which variant a server speaks is
     * known once it is connected to. */
    enum dialect_id engine;
    uint16_t default_port;      /* 0: not a server */
    const char *title;          /* as its makers write it */
    const char *client;         /* its command line client, for which `--sql` writes scripts */
    const char *socket_keys[3]; /* beside `host`: parameters of a URL that name a socket */
    const char *const
        *shown_params; /* those of a URL whose values are never secret; NULL-terminated */
    const struct url_param_rename
        *renamed_params;           /* ends with an empty one; NULL: there are none */
    const char *variables;         /* of the environment that its client library reads: names, */
    const char *variables_meaning; /* and what for; NULL: none is worth a word */
    const char *example; /* tenants of its kind as lines of YAML: `skein init` shows them */
    bool is_file;        /* a database is a file: no login, no schema, no server */
    const char *magic;   /* what such a file begins with */
    const char *const
        *companions;  /* endings of the files that are kept beside one; NULL-terminated */
    bool has_schemas; /* a tenant may be a schema of a database, and its sessions have settings */
    bool may_hold_ledger; /* a ledger that machines share may be such a database */
};

/* A setting of a database session. */
struct session_setting {
    const char *name; /* letters, digits, '_' and '.' */
    const char *value;
    bool is_default; /* `defaults` has it, which cannot know whose engine's setting it is */
};

/* Never NULL; whether this build speaks the dialect is dialect_of's and driver_find's to say. */
const struct dialect_info *dialect_info(enum dialect_id dialect);

/* Choices (choice.h): the names of all dialects, their clients, and the schemes of all of them. */
const char *dialect_name_at(size_t index);
const char *dialect_client_at(size_t index);
const char *dialect_scheme_at(size_t index);

/* By name (`postgresql`, `mariadb`), aliases of the schemes included (`postgres`). False: unknown. */
bool dialect_find(const char *name, size_t len, enum dialect_id *ret_dialect) MUST_CHECK;

/* The engine that a URL's scheme means. False: unknown. */
bool dialect_of_scheme(const char *scheme, size_t len, enum dialect_id *ret_dialect) MUST_CHECK;

/* The dialect that a URL of this engine promises by its scheme: `mariadb` a MariaDB. */
enum dialect_id dialect_promised(enum dialect_id engine, const char *scheme);

/* Sets used[d] of each dialect that the server of such a URL may turn out to speak. */
void dialect_mark_possible(enum dialect_id engine, const char *scheme, bool used[DIALECT__COUNT]);

/* The engine of a URL that may be no whole one: with parts that are hidden, or that are not known. False: unknown. */
bool dialect_find_by_scheme(const char *url, enum dialect_id *ret_dialect) MUST_CHECK;

/* The dialect whose databases are files: the first, if there are several. */
enum dialect_id dialect_of_files(void);

#endif
