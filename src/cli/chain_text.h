/* Revisions as the chain's commands show them: lines and blocks like Alembic's, or JSON.
 *
 *     struct chain_text text = chain_text_begin(options, CHAIN_TEXT_LABELS);
 *     chain_text_add(&text, revision);
 *     chain_text_end(&text);         to where results go (outputs.h)
 */
#ifndef CLI_CHAIN_TEXT_H
#define CLI_CHAIN_TEXT_H

#include <jansson.h>

#include "base/buf.h"
#include "chain/chain.h"
#include "cli/options.h"

struct whereabouts;

/* What a line shows beside the id, and whether it is a head. */
enum {
    CHAIN_TEXT_PARENTS = 1, /* what it revises and depends on, before an arrow */
    CHAIN_TEXT_LABELS = 2,
    CHAIN_TEXT_TREE = 4, /* (branchpoint), (mergepoint) */
    CHAIN_TEXT_MESSAGE = 8,
};

struct chain_text {
    const struct chain *chain;             /* of what is added */
    const struct whereabouts *whereabouts; /* NULL, or: who stands where, to be marked */
    unsigned shows;                        /* CHAIN_TEXT_…, of lines */
    bool is_verbose;                       /* a block a revision instead of a line */
    struct buf text;
    json_t *json; /* NULL: not asked for */
    const struct options *options;
};

/* `shows`: CHAIN_TEXT_… . The chain and the options are borrowed until chain_text_end, which must be called. */
struct chain_text chain_text_begin(const struct chain *chain, const struct options *options,
                                   unsigned shows);

/* Adds a line, with -v a block, or an object of JSON. */
void chain_text_add(struct chain_text *text, const struct revision *revision);

/* The same, and after it those that revise it: `         -> ae10…`. */
void chain_text_add_branches(struct chain_text *text, const struct revision *revision);

/* False: something could not be written, which was told on stderr. */
bool chain_text_end(struct chain_text *text);

#endif
