#include "library/chain_changes.h"

#include "base/buf.h"
#include "base/map.h"

struct changes {
    const struct chain_words *words;
    struct buf text;
    size_t count;
};

static void add_change(struct changes *changes, const char *path, const char *what)
{
    enum { NAMED = 5 };
    if (changes->count++ < NAMED)
        buf_addf(&changes->text, "%s'%s' %s", changes->text.len ? ", " : "", path, what);
    else if (changes->count == NAMED + 1)
        buf_adds(&changes->text, ", …");
}

static void compare_files(const struct chain *chain, const struct ledger_chain_file *files,
                          size_t count, struct changes *changes)
{
    struct map past;
    map_init(&past);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t now = map_get(chain->by_name, files[i].revision);
        map_put(&past, files[i].revision, i);
        if (now == MAP_NONE || strcmp(chain->revisions[now]->id, files[i].revision) != 0)
            add_change(changes, files[i].path, changes->words->gone);
        else if (strcmp(chain->revisions[now]->checksum, files[i].checksum) != 0)
            add_change(changes, chain->revisions[now]->path, changes->words->changed);
    }
    for (uint32_t i = 0; count && i < chain->count; i++)
        if (map_get(&past, chain->revisions[i]->id) == MAP_NONE)
            add_change(changes, chain->revisions[i]->path, changes->words->fresh);
    map_done(&past);
}

bool chain_changes(struct fleet *fleet, struct ledger *ledger, const char *digest,
                   const struct chain_words *words, const char **ret_text, struct err *err)
{
    struct ledger_chain_file *files;
    struct changes changes = {.words = words};
    size_t count;
    if (!ledger_read_chain(ledger, digest, &fleet->arena, &files, &count, err))
        return false;
    buf_init(&changes.text, BUF_MAX_DEFAULT);
    compare_files(fleet->chain, files, count, &changes);
    *ret_text = buf_into(&changes.text, &fleet->arena);
    return true;
}
