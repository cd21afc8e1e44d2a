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
    /* id, message, create_date, down_ids, depend_ids and labels; and sections: where there are some, the file is made of them
     * and not of a template */
    struct revision revision;
};

/* The chain with the new revision in it, of which nothing is written yet; NULL: faults. */
struct chain *draft_try(const struct draft *draft, struct faults *faults) MUST_CHECK;

/* The same, and the file is in the folder; NULL: faults. */
struct chain *draft_put(const struct draft *draft, struct faults *faults) MUST_CHECK;

#endif
