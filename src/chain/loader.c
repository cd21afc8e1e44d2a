/* Reads the folder of a chain: every file once, so that the bytes hashed are the bytes executed. */
#include <dirent.h>
#include <errno.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "chain/chain.h"

static bool is_revision_name(const char *name)
{
    size_t len = strlen(name);
    return name[0] != '.' && len > 4 && strcmp(name + len - 4, ".sql") == 0;
}

static void read_one(struct arena *arena, const char *dir, const char *name,
                     struct chain_file *ret_file, struct faults *faults)
{
    const char *path = arena_printf(arena, "%s/%s", dir, name);
    const char *why;
    ret_file->name = arena_strdup(arena, name);
    if (!file_read(arena, dir, path, &ret_file->bytes, &ret_file->len, &why))
        faults_add(faults, ERR_CHAIN, path, 0, "cannot read it: %s", why);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct chain_file *)a)->name, ((const struct chain_file *)b)->name);
}

bool chain_read(struct arena *arena, const char *dir, struct chain_file **ret_files,
                size_t *ret_count, struct faults *faults)
{
    struct chain_file *files = NULL;
    size_t count = 0, capacity = 0;
    size_t before = faults->total;
    DIR *listing = opendir(dir);
    if (!listing) {
        faults_add(faults, ERR_CHAIN, dir, 0, "cannot open the chain's folder: %s",
                   strerror(errno));
        return false;
    }
    for (struct dirent *entry; (entry = readdir(listing));)
        if (is_revision_name(entry->d_name))
            read_one(arena, dir, entry->d_name, ARENA_PUSH(arena, files, count, capacity), faults);
    closedir(listing);
    if (count)
        qsort(files, count, sizeof *files, compare_names);
    *ret_files = files;
    *ret_count = count;
    return faults->total == before;
}

struct chain *chain_load(const char *dir, struct faults *faults)
{
    struct arena arena; /* of the bytes: the chain copies what it keeps */
    struct chain_file *files;
    struct chain *chain = NULL;
    size_t count;
    arena_init(&arena);
    /* If a file could not be read, every revision that names it would be a fault too: so the chain is not built. */
    if (chain_read(&arena, dir, &files, &count, faults))
        chain = chain_build(dir, files, count, faults);
    arena_done(&arena);
    return chain;
}
