/* A command of the program: one file each, exporting one const entry that main's table lists. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/options.h"
#include "library/fleet.h"

/* What a chain without a revision is to a command that reads it: `skein heads` has nothing to say, and says why;
 * `skein show head` asks for what is not there. Runs over tenants look at it themselves. */
enum empty_chain { EMPTY_CHAIN_IS_FINE, EMPTY_CHAIN_IS_TOLD, EMPTY_CHAIN_IS_A_FAULT };

struct command {
    const char *name;
    const char *arguments; /* for usage: "TARGET…"; "" for none */
    const char *summary;   /* one line, for the list of commands */
    const char *help;      /* the paragraphs of `skein COMMAND --help`; `{list}` stands for: */
    void (*add_list)(struct buf *buf); /* appends lines that a table gives; NULL: there are none */
    const char *example;               /* one line of a shell */
    /* The formats that -o takes: those of a report (outputs_report_formats) or of a list (outputs_list_formats); `options`
     * NULL: for help. NULL: it takes no -o. */
    choice_fn *(*formats)(const struct options *options);
    uint64_t groups; /* OPTIONS_…: the options it takes */
    size_t min_args, max_args;
    bool may_lack_file;       /* where the ledger is named, it may do without an inventory's file */
    const char *without_file; /* NULL, or: what to do in a folder without an inventory's file */
    unsigned needs; /* FLEET_…: what is read before it runs; 0: not even the inventory */
    unsigned (*needs_for)(const struct options *options); /* NULL, or: what is read instead */
    enum empty_chain empty_chain;
    int (*run)(struct fleet *fleet, const struct options *options); /* the exit code */
    /* NULL, or: is all of it to be done once more, from reading the inventory on? It may wait before it answers. */
    bool (*goes_on)(const struct options *options, int exit_code);
};

extern const struct command command_adopt;
extern const struct command command_branches;
extern const struct command command_check;
extern const struct command command_checkpoint;
extern const struct command command_completion;
extern const struct command command_current;
extern const struct command command_downgrade;
extern const struct command command_drift;
extern const struct command command_edit;
extern const struct command command_heads;
extern const struct command command_history;
extern const struct command command_import;
extern const struct command command_init;
extern const struct command command_lint;
extern const struct command command_merge;
extern const struct command command_plan;
extern const struct command command_revision;
extern const struct command command_schema;
extern const struct command command_show;
extern const struct command command_forget;
extern const struct command command_report;
extern const struct command command_accept;
extern const struct command command_resolve;
extern const struct command command_resume;
extern const struct command command_rollback;
extern const struct command command_runs;
extern const struct command command_stamp;
extern const struct command command_tenants;
extern const struct command command_upgrade;
extern const struct command command_work;

/* Appends the paragraphs of the command's help, with its list. */
void command_add_help(const struct command *command, struct buf *buf);

/* Past the last: NULL. */
const struct command *command_at(size_t index);
const struct command *command_find(const char *name);

#endif
