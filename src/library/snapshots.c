#include "library/snapshots.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>

#include "base/arena.h"
#include "base/path.h"
#include "inventory/inventory.h"
#include "ledger/ledger.h"

/* Entries of the folder: the runs that have one. */
struct entries {
    const char **names;
    size_t count;
    size_t capacity;
};

static const char *folder_of(struct arena *arena, const char *beside)
{
    return arena_printf(arena, "%.*ssnapshots", (int)path_folder_len(beside), beside);
}

const char *snapshots_beside(struct arena *arena, const struct inventory *inventory)
{
    const char *path = inventory->path ? inventory->path : "";
    if (!strstr(inventory->ledger, "://"))
        return inventory->ledger;
    return arena_printf(arena, "%.*s.skein/ledger.db", (int)path_folder_len(path), path);
}

/* The real path of a folder, or where it will be. */
static const char *real_folder(struct arena *arena, const char *folder)
{
    char *real = realpath(folder, NULL);
    char *outer_real = real ? NULL : realpath(path_folder(arena, folder), NULL);
    const char *result = real         ? arena_strdup(arena, real)
                         : outer_real ? arena_printf(arena, "%s/%s", outer_real, path_name(folder))
                                      : NULL;
    free(real);
    free(outer_real);
    return result;
}

const char *snapshots_folder(struct arena *arena, const char *beside, const char *run_id)
{
    const char *absolute = real_folder(arena, path_folder(arena, beside));
    return absolute ? arena_printf(arena, "%s/snapshots/%s", absolute, run_id) : NULL;
}

/* A folder that is not there has none. */
static bool read_entries(struct arena *arena, const char *folder, struct entries *entries,
                         struct err *err)
{
    const struct dirent *entry;
    DIR *dir = opendir(folder);
    if (!dir)
        return errno == ENOENT ||
               err_set(err, ERR_LEDGER, "cannot read '%s': %s", folder, strerror(errno));
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            *ARENA_PUSH(arena, entries->names, entries->count, entries->capacity) =
                arena_strdup(arena, entry->d_name);
    closedir(dir);
    return true;
}

static bool is_known(const struct ledger_run *runs, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(runs[i].id, id) == 0)
            return true;
    return false;
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static bool remove_folder(const char *path, struct err *err)
{
    enum { OPEN_FOLDERS = 16 };
    return nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) == 0 ||
           err_set(err, ERR_LEDGER, "cannot remove '%s': %s", path, strerror(errno));
}

static bool sweep_one(struct ledger *ledger, struct arena *arena, const char *folder,
                      const char *id, size_t *removed, struct err *err)
{
    bool is_needed;
    if (!ledger_names_snapshot(ledger, arena_printf(arena, "snapshots/%s/", id), &is_needed, err))
        return false;
    if (is_needed)
        return true;
    ++*removed;
    return remove_folder(arena_printf(arena, "%s/%s", folder, id), err);
}

/* The folder is read before the ledger: a run that has an entry there by then is in the ledger by then. */
static bool sweep(struct ledger *ledger, struct arena *arena, const char *folder, size_t *removed,
                  struct err *err)
{
    struct entries entries = {0};
    struct ledger_run *runs;
    size_t count;
    if (!read_entries(arena, folder, &entries, err) ||
        !ledger_list(ledger, arena, &runs, &count, err))
        return false;
    for (size_t i = 0; i < entries.count; i++)
        if (!is_known(runs, count, entries.names[i]) &&
            !sweep_one(ledger, arena, folder, entries.names[i], removed, err))
            return false;
    return true;
}

bool snapshots_sweep(struct ledger *ledger, const char *beside, size_t *ret_removed,
                     struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    *ret_removed = 0;
    bool is_fine = sweep(ledger, &arena, folder_of(&arena, beside), ret_removed, err);
    arena_done(&arena);
    return is_fine;
}
