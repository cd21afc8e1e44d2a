/* A revision to be: its file is made from the template, read back, tried in the chain with all the others, and
 * only then put into the folder. What is refused leaves no file.
 *
 *     struct chain *chain = draft_put(&(struct draft){.dir = "versions", …}, &faults);
 *     if (!chain) …                      faults say why, with file and line
 *     …chain_get(chain, draft.revision.id)…
 *     chain_free(chain);
 */
#ifndef CHAIN_DRAFT_H
#define CHAIN_DRAFT_H

#include <time.h>

#include "chain/chain.h"

struct draft {
    const char *dir;           /* the chain's folder */
    const char *template_path; /* NULL: the folder's own, or where it has none the default */
    const char *name_template; /* of the file (name_template.h), checked; NULL: `<id>_<slug>` */
    time_t made_at;
    struct revision revision; /* id, message, create_date, down_ids, depend_ids and labels */
};

/* The chain with the new revision in it; NULL: faults. */
struct chain *draft_put(const struct draft *draft, struct faults *faults) MUST_CHECK;

#endif
