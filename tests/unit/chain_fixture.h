/* Chains in one line, for the tests of what walks on them.
 *
 *     "aaaa; bbbb <aaaa :left; cccc <aaaa +bbbb !"
 *
 * Each revision is its id, then `<` what it revises, `+` what it depends on, `:` its labels (lists
 * with commas), and `!` where it has no way back. */
#ifndef CHAIN_FIXTURE_H
#define CHAIN_FIXTURE_H

#include "unit/unit.h"

#include "base/arena.h"
#include "base/err.h"
#include "chain/chain.h"

enum { CHAIN_MAX = 16, WORD_MAX = 64 };

struct chain_words {
    char id[WORD_MAX], revises[WORD_MAX], depends[WORD_MAX], labels[WORD_MAX];
    bool is_irreversible;
};

/* Takes one word of the line; returns what stands after it. */
static inline const char *chain_word(const char *text, struct chain_words *words)
{
    size_t len = strcspn(text, " ;");
    char kind = *text;
    char *target = kind == '<'   ? words->revises
                   : kind == '+' ? words->depends
                   : kind == ':' ? words->labels
                                 : words->id;
    size_t skipped = target != words->id;
    assert_true(len < WORD_MAX);
    if (kind == '!')
        words->is_irreversible = true;
    else
        snprintf(target, WORD_MAX, "%.*s", (int)(len - skipped), text + skipped);
    return text + len;
}

static inline struct chain_file chain_file_of(struct arena *arena, const struct chain_words *words)
{
    const char *bytes =
        arena_printf(arena,
                     "-- Revision ID: %s\n-- Revises: %s\n-- Depends On: %s\n"
                     "-- Branch Labels: %s\n\n-- migrate:up\nSELECT 'up';\n%s",
                     words->id, words->revises, words->depends, words->labels,
                     words->is_irreversible ? "" : "-- migrate:down\nSELECT 'down';\n");
    return (struct chain_file){arena_printf(arena, "%s.sql", words->id), bytes, strlen(bytes)};
}

/* To be freed with chain_free. */
static inline struct chain *chain_of(struct arena *arena, const char *text)
{
    struct chain_file files[CHAIN_MAX];
    struct faults faults;
    size_t count = 0;
    faults_init(&faults);
    while (*text) {
        struct chain_words words = {0};
        while (*text && *text != ';') {
            text = chain_word(text, &words);
            text += strspn(text, " ");
        }
        text += strspn(text, "; ");
        assert_true(count < CHAIN_MAX);
        files[count++] = chain_file_of(arena, &words);
    }
    struct chain *chain = chain_build("versions", files, count, &faults);
    if (!chain)
        fail_msg("%s", faults.items[0].text);
    faults_done(&faults);
    return chain;
}

#endif
