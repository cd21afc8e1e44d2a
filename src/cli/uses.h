/* Which options are of use together: one that would have no effect is refused, since the person who gave it meant
 * something by it. Which command takes which option at all, the table of options says (options.c).
 */
#ifndef CLI_USES_H
#define CLI_USES_H

#include "base/err.h"

struct buf;
struct command;
struct options;

/* False, with ERR_CONFIG: an option was given that has no effect beside the others. */
bool uses_check(const struct options *options, struct err *err) MUST_CHECK;

/* Would the option have an effect beside those that were given? A variable of the environment that has none is
 * ignored: it is meant for other commands. */
bool uses_has_effect(const struct options *options, const char *name);

/* A row of the table. */
struct use {
    const char *options;  /* names, with blanks between them: what is said of each */
    const char *commands; /* names; NULL: every command that takes the option */
    const char *needs;    /* names, of which one must be given too; NULL: none */
    const char *bars;     /* names, of which none may be given too; NULL: none */
    bool (*holds)(const struct options *options); /* NULL, or: it has an effect */
    const char *why; /* the reason; beside `holds`: where it has none */
};

/* NULL past the last. */
const struct use *use_at(size_t index);

/* Is the row about this command? */
bool use_concerns(const struct use *use, const struct command *command);

/* Is the word one of the list's? Lists have blanks between their words. */
bool use_lists(const char *list, const char *word);

/* Adds the row as a sentence, "--dialect: only with --sql, since it says whose SQL the script is", as far as it is
 * about options that the command takes: nothing where it is about none. */
void use_add_sentence(struct buf *buf, const struct use *use, const struct command *command);

#endif
