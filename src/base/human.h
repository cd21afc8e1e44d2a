/* Texts for people at a terminal: made harmless, and fit for the locale they will be read in.
 *
 * LC_CTYPE is the program's business (setlocale in main). Where it is not UTF-8, what is not ASCII
 * is shown as \u{NNNN}: other bytes would be shown as something else, and libsmartcols 2.38 never
 * returns from measuring them.
 */
#ifndef BASE_HUMAN_H
#define BASE_HUMAN_H

#include "base/compiler.h"

struct buf;

/* Text from outside, on one line: utf8_add_safe, human_add_tame, and what the locale asks for. NULL adds nothing.
 */
void human_add_text(struct buf *buf, const char *text);

/* CI servers obey what stands in a program's output: `::error::` where a line begins, also after blanks; `##[…`, `##vso[…` and
 * `##teamcity[…` anywhere. Adds `text`, of one line or more, with the first character of such a command as \x3a or \x23. */
void human_add_tame(struct buf *buf, const char *text);

/* One word of a POSIX shell, quoted where need be. False, and nothing added, where the text can't
 * be shown as it is. */
bool human_add_shell_word(struct buf *buf, const char *word);

/* `0.04 ms`, `0.3 ms`, `12.5 ms`, `1.23 s`, `2 min 03 s`, `1 h 02 min`. */
void human_add_duration(struct buf *buf, double ms);

/* `12 B`, `4.1 GB`. */
void human_add_size(struct buf *buf, uint64_t bytes);

/* `1 tenant`, `47 tenants`. */
void human_add_count(struct buf *buf, size_t count, const char *noun);

/* `width` columns, `share` (0 to 1) of them filled; the rest dots, or left out with `is_open`. */
void human_add_bar(struct buf *buf, double share, size_t width, bool is_open);

/* How many columns a text takes that human_add_text made. */
size_t human_width(const char *text);

/* The bytes of it that fit into `width` columns. */
size_t human_fit(const char *text, size_t width);

#endif
