/* The table of options: what each is called, who takes it, what --help says of it, and where its value goes. Shared by
 * option_row.c, which has the table, and options.c, which reads command lines by it.
 */
#ifndef CLI_OPTION_ROW_H
#define CLI_OPTION_ROW_H

#include "cli/options.h"

/* Where what was said goes: a flag becomes true, a text is kept, and a setter looks at it first. */
struct option_row {
    const char *name;
    int letter;           /* 0: none */
    const char *argument; /* NULL: takes none, and is a flag; [=…]: may be left out */
    uint64_t groups;
    const char *help; /* `{words}` stands for the words of `word_at` */
    size_t at;        /* the member's place in struct options, where there is no setter */
    bool (*set)(struct options *options, const char *value); /* false: that will not do */
    choice_fn *word_at; /* the words that a value is one of, or that the help lists; NULL: none */
};

/* May the option stand alone, though it takes a value? Then the value follows its `=`, and "" stands for none. */
static inline bool option_row_may_stand_alone(const struct option_row *row)
{
    return row->argument && *row->argument == '[';
}

extern const struct option_row option_rows[];
extern const size_t option_row_count; /* at most OPTIONS_MAX */

/* Keeps a value, which is borrowed, or "" of a flag. False: the option takes no such value. */
bool option_row_set(const struct option_row *row, struct options *options, const char *value);

/* May the option be given more than once? Of any other, one value would be ignored in silence. How things look may be
 * said again. */
bool option_row_may_repeat(const struct option_row *row);

/* The words that a value is one of, for that command, with these options; NULL: any value. Both may be NULL: what
 * any command takes, or the command without options. */
choice_fn *option_row_words(const struct option_row *row, const struct command *command,
                            const struct options *options);

/* Appends what the command's --help says of the option; NULL: of all commands. */
void option_row_add_help(const struct option_row *row, const struct command *command,
                         struct buf *buf);

#endif
