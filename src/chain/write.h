/* Writes revision files: the text of one, its name, and new ones into a chain's folder.
 *
 * revision_write is the inverse of revision_parse: what it writes is read back as it was given, blanks around a
 * section's SQL aside. It trusts its input: a caller that got a message or SQL from elsewhere reads the text
 * back with revision_parse, or the whole chain with chain_build, before it is put anywhere.
 *
 *     struct revision revision = {.id = "83241ca0f125", .message = "Added table", …};
 *     revision_write(&text, &revision);
 *     struct chain_file file = {revision_file_name(arena, revision.id, revision.message), text.data, text.len};
 *     if (!chain_put("versions", &file, 1, &err)) …
 */
#ifndef CHAIN_WRITE_H
#define CHAIN_WRITE_H

#include "chain/chain.h"

struct buf;

/* Uses id, message, create_date, down_ids, depend_ids, labels and sections. */
void revision_write(struct buf *out, const struct revision *revision);

/* `<id>_<slug>.sql`, as Alembic: the message's words in lower case, at most 40 characters of
 * them, letters of any script. */
const char *revision_file_name(struct arena *arena, const char *id, const char *message);

/* The words of that name alone; may be empty. */
const char *revision_slug(struct arena *arena, const char *message);

/* Puts new files into the folder, in their order: all or none, and never over a file that is there.
 * The folder is made where it is missing (one level). A crash may leave the first ones, and files
 * `.*.new` that no chain reads. ERR_CHAIN where it cannot be done; nothing is put then. */
bool chain_put(const char *dir, const struct chain_file *files, size_t count,
               struct err *err) MUST_CHECK;

#endif
