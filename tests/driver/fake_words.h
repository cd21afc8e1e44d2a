/* The made-up database's language: statements of words, with semicolons between them.
 *
 * A word is bare (`commit`, `42`), a literal ('it''s'), or an identifier ("a""b"), which may be two
 * with a dot between them ("globex"."alembic_version"). Blanks and comments (two dashes) separate.
 */
#ifndef DRIVER_FAKE_WORDS_H
#define DRIVER_FAKE_WORDS_H

#include "base/compiler.h"

struct arena;

struct fake_word {
    const char *schema; /* the part before the dot, or NULL */
    const char *text;
    size_t offset; /* in the text, from 0 */
    bool is_bare;
};

enum { FAKE_WORDS_MAX = 256 };

/* The end of the statement that begins at `at`: its semicolon, or `len`. */
size_t fake_statement_end(const char *sql, size_t len, size_t at);

/* The words of sql[at..end). Further ones than FAKE_WORDS_MAX are left out. */
size_t fake_words(struct arena *arena, const char *sql, size_t at, size_t end,
                  struct fake_word ret_words[FAKE_WORDS_MAX]);

#endif
