/* A dialect as data: statement templates, the way to split a script, what its words may do to a session,
 * what its catalog can tell. All of it is pure; how a database is spoken to is src/driver's.
 *
 * To add a dialect: docs/architecture.md. Its functions, codes and keywords stay in src/dialect/NAME/ and in its
 * driver; that page lists the few places elsewhere that know a dialect by its id.
 */
#ifndef DIALECT_DIALECT_H
#define DIALECT_DIALECT_H

#include "base/dialect.h"
#include "base/err.h"
#include "dialect/words.h"

struct arena;
struct buf;
struct catalog_emitter;
struct catalog_reader;
struct deeds;
struct grid;
struct grid_shape;
struct measure_request;
struct probe;
struct question_request;
struct questions;
struct replica_standing;
struct session_setting;
struct statement_checks;
struct weigh_request;
struct url;
struct url_param;

/* What the session asks of every dialect; NULL where there is nothing to ask. The texts are
 * templates for sql_expand (template.h). */
enum sql_id {
    SQL_LOCK,        /* OP_LOCK: one row, one boolean; NULL, and no lock, where another than session
                          {backend_pid} answers */
    SQL_LOCK_POOLED, /* the same where only a transaction can hold a lock: begins one */
    /* after one of these: a row where another session has the lock: is it ours (a boolean), and who
     * it is, in words */
    SQL_LOCK_HOLDER,
    SQL_BLOCKERS, /* on another connection: who keeps session {backend_pid} waiting for a lock, in
                          words and as the server numbers them, a row each */
    SQL_BLOCKERS_SECOND, /* the same, asked where the server lacks what the one before asks, does not allow it, or
                          knows no one. NULL: there is no other way */
    SQL_BLOCKERS_THIRD,
    SQL_PROGRESS, /* on another connection: what session {backend_pid} is doing at length, in words, and how much of that
                          is done (0 to 1) or NULL; a row at most counts. NULL: the server does not know */
    /* between batches of a statement that repeats -> how much was written, and how much of it the slowest replica has
     * replayed (NULL: there is none, or it is not known), its lag in ms as the server says it (or NULL), are there replicas of
     * which the login may see nothing (0 or 1), sessions that wait for locks, others that are at work. NULL: no one can tell */
    SQL_PRESSURE,
    /* in the transaction of a batch that counted no row -> has it changed or locked rows all the same (0 or 1)? NULL: no one can
     * tell */
    SQL_BATCH_END,
    SQL_REPLICA, /* to a replica: how far it is (read_replica). NULL: its engine has none that can be asked */
    SQL_REPLICA_SECOND, /* where the first is an error: as an older server wants to be asked. NULL: there is no other way */
    SQL_RESET,    /* makes a used connection like new. NULL: no statement does (DRIVER_RESETS) */
    SQL_INSPECT,  /* -> schema or NULL, the version table that is found first or NULL, the one of
                          this schema or NULL, its history table or NULL, search path or NULL, the
                          {backend_pid} of who answers or NULL, whether its system can watch the client
                          (neither NULL nor 0), and where there are so many columns: why these tables
                          cannot be relied on, and what to do, or NULL; may begin a transaction to read in */
    SQL_LOCATE,   /* where that first one is none of this schema's -> its schema, the history
                          table there or NULL */
    SQL_IDENTITY, /* (both or none) -> which database it is, whatever it is called */
    SQL_SCHEMA_CREATE, /* creates the tenant's schema */
    SQL_VERSIONS, /* -> version_num, of each the first 256 characters; of the first 10,001 rows */
    SQL_TABLES, /* -> a row where one of {rows} is there: tables' names, or "schema.name". NULL: not asked */
    SQL_HISTORY, /* -> revision, direction, checksum, statements, state, run_id, id; oldest first */
    SQL_HISTORY_NEWEST, /* -> the same, of the last of these alone */
    /* Of many schemas, {rows} of their names, within a transaction that it begins -> the number of the name, from 1; the
     * {backend_pid} of who answers; is there a history table ('t'); of a schema that has a version table and nothing
     * unusual, the rows of both tables as rollout/survey_rows.h says, else NULL. Of databases
     * (DIALECT_SURVEYS_DATABASES), {places} -> a row for each row of both tables: number, and {backend_pid}; is it of the
     * history ('t'); what SQL_VERSIONS says; what SQL_HISTORY says. NULL: it cannot be asked so */
    SQL_SURVEY,
    SQL_SURVEY_NEWEST, /* the same, with the newest row of the history alone */
    SQL_SURVEY_END,    /* ends the transaction of one of these; NULL: they begin none */
    /* Before it, of a server: does it tell names apart that differ in the case of letters (1); and the beginning of what
     * SQL_IDENTITY says in each database, to which `/` and the database's name belong; */
    SQL_SURVEY_SERVER,
    /* and of many databases, {rows} of their names -> a row for each of the two tables that is there: the number of the
     * name, from 1; the {backend_pid} of who answers; is it the history ('t'); has a look nothing to say of it (1); what
     * SQL_INSPECT says of the database's name; and the table's own name */
    SQL_SURVEY_PLACES,
    SQL_SURVEY_USE, /* what follows is asked of {database} */
    SQL_READ_END,   /* after the last read: ends the transaction that SQL_INSPECT began */
    SQL_BEGIN,
    SQL_BEGIN_READING, /* a transaction that cannot write, for {statement_timeout}; NULL: op.only_reads does it */
    SQL_BEGIN_ASKING, /* a transaction that cannot write, in which the rows are asked (question.h); settings follow */
    SQL_SETUP_ASKING, /* after SQL_SETUP_LOCAL: what else it is asked with. NULL: nothing */
    SQL_SETUP_LOCAL,  /* settings of the transaction, just begun */
    SQL_SETUP_MARK, /* by which SQL_GUARD knows our transaction, alone: after what may have reset all settings */
    SQL_SETUP_AGAIN, /* the session's role, and the same settings, after what may have changed them: before
                          SQL_SETUP_LOCAL, and before SQL_GUARD after a script. NULL: nothing can */
    SQL_SETUP,          /* settings of the session, for statements outside a transaction */
    SQL_VERSION_CREATE, /* where the table is missing: inside the transaction, or before it where
                           DDL would end it (no DIALECT_DDL_IN_TRANSACTION) */
    SQL_HISTORY_CREATE,
    SQL_VERSION_INSERT,
    SQL_VERSION_UPDATE,
    SQL_VERSION_DELETE,
    SQL_HISTORY_INSERT, /* of one step */
    SQL_HISTORY_ROW,    /* of several finished steps in one statement: one of {steps}, */
    SQL_HISTORY_ROWS,   /* and the statement; NULL: one by one */
    SQL_HISTORY_RENEW,  /* sets the checksum of row {history_id}, which was {from}, to {checksum} */
    SQL_HISTORY_MARK,   /* sets its statements, duration and state */
    /* after a statement that must change one row: an error (code_guard) where it did not, so that nothing which travels
     * after it is run. NULL: nothing travels there */
    SQL_ROW_GUARD,
    /* after a step: fails where the transaction is no longer the one that we began, and undoes what
     * the step did to the session's settings */
    SQL_GUARD,
    SQL_GUARD_PREPARE,  /* once a session, where it can keep the guard at hand, */
    SQL_GUARD_PREPARED, /* and then instead of it. NULL: it cannot */
    SQL_COMMIT,
    SQL_ROLLBACK,
    /* Within a transaction that is a rehearsal: -> the tables and sequences that there are (number, schema, name, whether it is a
     * sequence, and by what its rows' file is told), before it does anything. NULL, all three: it is rehearsed elsewhere */
    SQL_REHEARSE_BEFORE,
    /* after a statement -> a row for each lock that the transaction holds (number, mode in words, enum lock_weight, what tells
     * its rows' file, its bytes where it may be a new one, or NULL, and how many sessions wait for the transaction); */
    SQL_REHEARSE_SEEN,
    SQL_REHEARSE_WAITING, /* on another connection -> how many sessions wait for what session {backend_pid} has locked, or is about
                             to. NULL: the server cannot tell */
    SQL_REHEARSE_SETTLE,  /* where a commit would come: what it would check */
    SQL_ASIDE, /* {query}, which reads, within a transaction that is not to see what it sets. NULL: it sets nothing */
    SQL_CREATE_DATABASE,
    SQL_SCRATCH_CREATE, /* creates a throw-away database, with nothing in it but what every new one has, */
    SQL_SCRATCH_DROP, /* drops it, whoever is connected to it; */
    SQL_SCRATCHES,    /* -> names of databases that may be such. NULL, all three: it is a file */
    SQL_SCRIPT_BEGIN, /* of an offline script, before its first transaction */
    SQL_SCRIPT_SETUP, /* the settings that decide what a statement means: first, and after a revision
                           that may have changed them */
    SQL_SCRIPT_SCHEMA,  /* instead, and instead of SQL_SCRIPT_RESTORE, where the schema is known */
    SQL_SCRIPT_WATCH,   /* what OP_WATCH and OP_CHECK do: counts what is broken, */
    SQL_SCRIPT_CHECK,   /* and an error if it is more by now */
    SQL_SCRIPT_RESTORE, /* after a revision's SQL: undoes what it did to the session's settings */
    SQL_SCRIPT_EXPECT,  /* an error unless the version table holds exactly {rows} */
    SQL_SCRIPT_FINISHED, /* an error if the history's last row is of a revision that was left half way */
    SQL_SCRIPT_PURGE, /* empties the version table */
    SQL_SCRIPT_VERIFY, /* an error (code_guard) unless {query}, which may end in a comment, returns a row */
    /* Parts of the above, put in where the variable of that name stands: */
    SQL_PART_CURRENT_SCHEMA, /* {asked_schema}, {found_schema} where no schema was asked for */
    SQL_PART_FOUND_SCHEMA,   /* {found_schema}: the {schema_lookup} that was asked for, or NULL */
    SQL_PART_CLIENT_CHECK_LOCAL,   /* {client_check_local}: where the server can watch its client */
    SQL_PART_CLIENT_CHECK_SESSION, /* {client_check_session} */
    /* {peer_check}: where it can watch whether the client's machine is there. Else one that is gone without a word would have its lock,
     * which outlasts transactions, for two hours; so the server gives it up after 30 s, as it is given up. */
    SQL_PART_PEER_CHECK,
    SQL_PART_PARSER_LOCAL,   /* {parser_local}: where SQL is read oddly by default */
    SQL_PART_PARSER_SESSION, /* {parser_session} */
    /* {surveyed}: one for each of {rows}, with UNION ALL between them; {row} and {row_number}, from 1, are its own */
    SQL_PART_SURVEYED,
    /* {places}: for each of them the rows of its tables, with UNION ALL between them; {places_newest}: of the history the
     * newest alone. {row_number}, {version}, and {history} are the place's */
    SQL_PART_PLACE_VERSIONS,
    SQL_PART_PLACE_HISTORY,
    SQL_PART_PLACE_NEWEST,
    SQL__COUNT
};

enum dialect_traits {
    DIALECT_DDL_IN_TRANSACTION = 1, /* DDL, version row and history row commit together */
    DIALECT_NESTS_COMMENTS = 2,     /* a block comment may hold others */
    DIALECT_LOCKS_SERVER = 4,       /* SQL_LOCK's keys are the whole server's, not the database's */
    DIALECT_WATCHES = 8, /* a dropped table may leave rows without parents: OP_WATCH, OP_CHECK */
    DIALECT_FOLDS_IDS =
        64, /* its version table takes ids for the same that differ in the case of letters alone */
    DIALECT_SHOWS_COST = 32, /* it shows on an empty twin how it would change a table */
    /* SQL_SURVEY_PLACES and SQL_SURVEY ask of databases of a server, on a connection to maintenance_database; one that they
     * cannot read fails them */
    DIALECT_SURVEYS_DATABASES = 128,
    DIALECT_HAS_DELIMITER =
        16, /* its client ends a statement at any semicolon, unless told otherwise by DELIMITER */
};

/* What of a session a script may change. */
enum session_part {
    PART_SETUP = 1,    /* its role, and settings of ours */
    PART_PARSER = 2,   /* how SQL is read */
    PART_PREPARED = 4, /* the statements that it has prepared */
    PART_ALL = 8,      /* all of its settings, by one word */
};

/* A script that holds the word may change that part. */
struct session_word {
    const char *word;
    enum session_part part;
};

/* A statement that is told by its words, lower case: the first, the second, and one anywhere. NULL: any. */
struct word_pattern {
    const char *first, *second, *with;
};

/* How much of others a lock of a table keeps waiting. */
enum lock_weight {
    LOCK_OF_ROWS =
        0, /* what changes a table's structure alone; of a sequence: numbers are drawn from it */
    LOCK_OF_WORKERS = 1, /* and others of its kind */
    LOCK_OF_WRITES = 2,
    LOCK_OF_ALL = 3
};

/* A statement that does something which no rollback takes back: its first word (NULL: any), and a text anywhere in it. Lower
 * case. */
struct lasting {
    const char *first, *text;
    const char *what; /* it does, for people */
};

/* A text by which a script that Alembic wrote shows its dialect: a whole line, or anywhere. */
struct script_mark {
    const char *text;
    bool is_line;
};

/* A statement of a script: where it begins (after comments and blanks) and ends. */
struct statement {
    size_t offset;
    size_t len;
    int line; /* from 1, within the text that was split */
    /* `len` takes in the semicolon that ends it (in a script they must not be two) */
    bool is_ended;
};

/* A statement for the dialect's own parser, and what that has against it. */
struct judged {
    const char *sql;
    size_t len;
    bool is_transactional; /* it runs in a transaction */
};

struct judgement {
    char text[400];
    size_t offset;   /* of the fault within the statement, from 1; 0: not known */
    bool is_certain; /* else a newer server may take it */
};

/* A URL of the inventory, and what its database is for. */
struct dialect_use {
    const struct url *url;
    bool has_schema; /* the tenant is a schema of the database */
    bool is_control; /* the database answers a query source: no revision runs there */
};

enum { OPTION_NOTES_MAX = 8 };

/* Names of options of a file that have an effect elsewhere, and none here. */
struct option_notes {
    const char *names[OPTION_NOTES_MAX];
    size_t count;
};

struct dialect {
    const char *name; /* as in the report */
    enum dialect_id id;
    unsigned traits;
    const char *const *sql; /* SQL__COUNT of them */

    /* A database that each server has: skein connects to it where the tenant's is still to be made. */
    const char *maintenance_database;
    const char *code_database_exists; /* of the error where it is there already; NULL: none */
    const char *code_duplicate;       /* of a row whose key is there already; NULL: none */
    const char
        *code_guard; /* of the error by which a guard of ours fails; NULL: nothing of its own */

    /* Lists that end with NULL, lower case. The first words of a statement that begins or ends a transaction, */
    const char *const *transaction_words;
    const char *const *block_words; /* or whose body may set anything of the session; */
    /* and words anywhere in a script. A false alarm costs a little time, and nothing else. */
    const struct session_word *session_words;

    /* Statements that no transaction can hold, and those whose effect nothing may use before the commit: for importing
     * migrations whose tool says neither. Lists that end with an empty one; NULL: there are none. */
    const struct word_pattern *stand_alone;
    const struct word_pattern *used_later;

    const char *
        code_uncommitted; /* of the error that something can be used once it is committed alone; NULL: none */

    /* Of errors that something named is not there; ends with NULL. NULL: with no SQL_REHEARSE_BEFORE. */
    const char *const *codes_absent;

    /* What a rehearsal must leave out (a false alarm leaves out more); ends with an empty one. NULL: with no SQL_REHEARSE_BEFORE. */
    const struct lasting *lasting;

    /* What only this dialect's scripts hold; ends with an empty one. NULL: nothing, and a script without the marks of
     * another dialect is taken for this one's. */
    const struct script_mark *script_marks;

    /* Schemas of tables that go with their session; ends with NULL. NULL: it has none. */
    const char *const *temporary_schemas;

    /* Appends a literal or an identifier, quoted so that nothing can break out. */
    void (*add_literal)(struct buf *buf, const char *text);
    void (*add_identifier)(struct buf *buf, const char *name);

    /* Judges the parameters of a tenant's URL when the inventory is read; false: err (ERR_CONFIG) says which of them may
     * not be given. NULL: the client library judges them when it connects. */
    bool (*check_url)(const struct dialect_use *use, struct err *err);

    /* Judges what the client library takes from the environment where the URL does not say it, when the inventory is
     * read; false: err (ERR_CONFIG) says which variable is at fault. NULL: it takes nothing that could be. */
    bool (*check_environment)(const struct dialect_use *use, struct err *err);

    /* Says why the inventory may not set that setting of a session; NULL: it may. What has to be made lives in the arena.
     * NULL as a member: its sessions have no settings that an inventory could name. */
    const char *(*refuse_setting)(struct arena *arena, const struct session_setting *setting);

    /* The file that the URL names for options that it does not say itself (`~/` begins the user's home folder); NULL: none.
     * NULL as a member: no URL names one. */
    const char *(*option_file)(const struct url *url);

    /* Adds to the URL what the file's text says and the URL does not. False: err says which line is wrong; nothing of
     * the text is quoted, for it may be a secret. */
    bool (*take_options)(struct arena *arena, const char *text, struct url *url,
                         struct option_notes *notes, struct err *err);

    /* What a parameter means in a URL that a run tells of (inventory/told.h): it is taken as it stands; its value names a file or folder of
     * whichever machine connects; or it named one that was read where the run began, and the URL says already what stood there. NULL: the
     * first, for all. */
    enum param_reach {
        PARAM_IS_PLAIN,
        PARAM_NAMES_FILE,
        PARAM_IS_SPENT
    } (*param_reach)(const struct url_param *param);

    /* False: such a URL would send what this machine keeps for one server to another; err (ERR_CONFIG) says how. NULL: none can. */
    bool (*check_told)(const struct url *url, struct err *err);

    /* Does the URL say that any server that answers is taken for the right one? NULL: none can. */
    bool (*is_unverified)(const struct url *url);

    /* Has the parameter no effect here, though it has one in an application? NULL: none is known to. */
    bool (*ignores_param)(const char *key);

    /* Splits a script with the database's own lexer. Statements come from `arena`. False: err says
     * why, err->offset where. */
    bool (*split)(struct arena *arena, const char *sql, size_t len,
                  struct statement **ret_statements, size_t *ret_count, struct err *err);

    /* Says why a statement may not stand in a revision at all; NULL: it may. NULL as a member: all may. */
    const char *(*refuses)(const char *sql, size_t len);

    /* Says that a statement cannot do its work inside a transaction; NULL: it can, or the server says so
     * itself. NULL as a member: nothing is known. */
    const char *(*needs_no_transaction)(const char *sql, size_t len);

    /* Does the statement set something of the session? Then it is said again where a run goes on after it, since those
     * after it may rely on it; so it must be one that may run twice. */
    bool (*sets_session)(const char *sql, size_t len);

    /* What the answer to SQL_REPLICA says, of which replication has the slowest part in it. With SQL_REPLICA. */
    struct replica_standing (*read_replica)(const struct grid *rows, const char *const *columns);

    /* Tells each word of a statement in its order (words.h). */
    void (*read_words)(const char *sql, size_t len, sql_word_fn *take, void *ctx);

    /* Without DIALECT_DDL_IN_TRANSACTION: does the statement leave a transaction as it is, so that it can be recorded
     * by the transaction that it runs in? */
    bool (*keeps_transaction)(const char *sql, size_t len);

    /* Does the parser refuse the statement, or the server where it runs in a transaction? NULL as a member: no one can
     * tell without a database. `parser` is what open_parser gave, for as many statements as there are; close_parser
     * frees it. NULL as members: the parser keeps nothing from one statement to the next. */
    void *(*open_parser)(void);
    void (*close_parser)(void *parser);
    bool (*judge)(void *parser, const struct judged *statement, struct judgement *ret);

    /* What a statement does (deed.h): appends its deeds, and keeps what later statements need to be understood. `reader` is what
     * open_deeds gave, for a chain's statements in their order; close_deeds frees it. NULL as members: the reader keeps nothing.
     * read_deeds NULL: no one can tell. What is read between mark_deeds and undo_deeds is forgotten by later statements; NULL where
     * the reader keeps nothing. */
    void *(*open_deeds)(void);
    void (*close_deeds)(void *reader);
    void (*read_deeds)(void *reader, const char *sql, size_t len, struct deeds *deeds);
    void (*mark_deeds)(void *reader);
    void (*undo_deeds)(void *reader);

    /* Does a change of a column's type leave the rows as they are stored? `from` and `to` are types of deeds. NULL: it may
     * always write them anew. */
    bool (*keeps_rows)(const char *from, const char *to);

    /* Can every value of that type become one of the other? NULL: only where keeps_rows says so. */
    bool (*takes_all)(const char *from, const char *to);

    /* Does a change of a column's type read its values in the time zone of the session? NULL: no type knows of one. */
    bool (*reads_zone)(const char *from, const char *to);

    /* The schema of a database where tables are that are made without a schema's name. NULL: there are no schemas. */
    const char *own_schema;

    /* Settings that say how long a session waits or works; ends with NULL. NULL: there are none. */
    const char *const *timeouts;

    /* What the catalog can tell of a statement that may or may not have run outside a transaction
     * (probe.h). NULL: nothing, ever. */
    void (*probe)(struct arena *arena, const char *statement, struct probe *ret_probe);

    /* An expression for how the catalog defines what the statement changes, which the mark before it records
     * ({definition}) and `probe` compares: where names alone could not tell whether it took effect. NULL: not needed;
     * as a member: never. */
    const char *(*define)(struct arena *arena, const char *statement);

    /* Does what the statement costs depend on how much a table holds, and how the server goes about it? */
    bool (*has_weight)(struct arena *arena, const char *statement);

    /* A query (weigh.h) with a row for each of such statements: its number, the table, its bytes (NULL: there is no such
     * table), the algorithm and the lock that the server would take, and why no lesser ones, or why they could not be
     * asked. Without DIALECT_SHOWS_COST there is no way to ask, and the request has no place for twins. NULL as members:
     * nothing is known. */
    const char *(*weigh)(struct arena *arena, const struct weigh_request *request);

    /* A query (weigh.h) with a row for each of the tables that there are: its name, its rows as the statistics say (NULL: not
     * known), its bytes. It takes no lock and reads no row. NULL: no one can tell. */
    const char *(*measure)(struct arena *arena, const struct measure_request *request);

    /* What of the rows that are there decides whether a deed succeeds (question.h): appends questions. NULL: no one knows how to
     * ask; `null_test` is how a value is told to be NULL. */
    void (*ask_rows)(const struct question_request *request, struct questions *questions);
    const char *null_test, *not_null_test;

    /* A query within an expression sees the columns around it: what earlier statements make of a column can be said in a question
     * (question_view). Else only their names can. */
    bool sees_values_through;
    /* Where they cannot: can a question about a column of the type be made with what the catalog says of it now? NULL: of none can. */
    bool (*sees_type)(const char *type);
    /* It asks of a table that the plan makes, and fills from another, as a whole. */
    bool asks_rebuilds;

    /* Is it the fault of a value that a question's trial failed? NULL: no trial is made. */
    bool (*is_of_values)(const struct err *err);

    /* A query with a row for each of the tables whose changes of rows may reach others: by a trigger, a foreign key, a rule, a
     * table that inherits; its name and why. NULL: no one can tell. */
    const char *(*reach)(struct arena *arena, const struct measure_request *request);

    /* A query with a row for each of the tables after the first whose columns the first table's may be: it inherits. NULL: no table
     * does. */
    const char *(*inherits)(struct arena *arena, const struct measure_request *request);

    /* The primary key's columns of a table, as one row of an SQL text for a list; NULL or no row: it has none. */
    const char *(*find_key)(struct arena *arena, const struct measure_request *request);

    /* First words, lower case, of statements that leave rows as they are though no deed is known of them; ends with NULL. */
    const char *const *harmless_words;

    /* What is asked beside a statement (probe.h). NULL: nothing, ever. */
    void (*check)(struct arena *arena, const char *statement, size_t len,
                  struct statement_checks *ret_checks);

    /* How its catalog is read (schema/reader.h). NULL: it cannot be read. */
    const struct catalog_reader *catalog;

    /* How one catalog is made of another (schema/emit.h). NULL: no one has written that down. */
    const struct catalog_emitter *emitter;

    /* Adds to a SELECT of SQL_SETUP a column that sets one of the inventory's settings, for the transaction
     * (is_local) or the session. NULL: there is nothing of the kind. */
    void (*add_setting)(struct buf *buf, const struct session_setting *setting, bool is_local);
};

/* NULL: this build does not speak it. */
const struct dialect *dialect_of(enum dialect_id id);

#endif
