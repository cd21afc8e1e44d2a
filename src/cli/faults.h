/* Faults told on stderr, escaped, a line each: `skein.yaml:14: tenant 'acme' has no 'url'`. */
#ifndef CLI_FAULTS_H
#define CLI_FAULTS_H

#include "base/err.h"

struct inventory;

/* The exit code that goes with it: EXIT_USAGE, or what the ledger's trouble has of its own. */
int cli_fail(const struct err *err);

/* All of them, sorted, and how many. True: there were none. */
bool cli_tell_faults(struct faults *faults);

/* What the inventory's reading had to tell, a note each; NULL: nothing. */
void cli_tell_notes(const struct inventory *inventory);

/* `skein: …` on stderr, a line that no text in it can break or make the terminal do anything. A reader who takes nothing
 * for a second does not get it: notes are made while the ledger is open. */
void cli_note(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
