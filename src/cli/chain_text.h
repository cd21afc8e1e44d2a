/* Revisions as the chain's commands show them: lines like Alembic's, or JSON. */
#ifndef CLI_CHAIN_TEXT_H
#define CLI_CHAIN_TEXT_H

#include <jansson.h>

#include "base/buf.h"
#include "chain/chain.h"
#include "cli/options.h"

struct chain_text {
    const struct chain *chain;
    bool is_verbose;
    bool has_down; /* `history` shows what each revises */
    struct buf text;
    json_t *json; /* NULL: text is asked for */
};

struct chain_text chain_text_begin(const struct chain *chain, const struct options *options);
void chain_text_add(struct chain_text *text, const struct revision *revision);
void chain_text_end(struct chain_text *text, FILE *out);

#endif
