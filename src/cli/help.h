/* What people read of the command line, all from the tables of commands, options and exit codes: the
 * help, the manual (docs/skein.1) and the table of variables (docs/environment.md). */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

struct command;

/* `skein --help` and `skein COMMAND --help`. */
void help_print(FILE *out, const struct command *command);

/* The manual page, as roff. */
void help_print_manual(FILE *out);

/* The variables of the environment, as a Markdown page. */
void help_print_environment(FILE *out);

#endif
