#include "cli/exposed.h"

#include <sys/stat.h>

#include "base/arena.h"
#include "base/map.h"
#include "cli/faults.h"

/* In a chain that is open to all, thousands of files are: a few names are enough. */
enum { NAMED_MAX = 3 };

struct looking {
    struct map seen; /* many tenants share a password command */
    char *folder;    /* the inventory's */
    size_t count;
};

static bool is_open_to_all(const char *path, mode_t unless)
{
    struct stat st;
    return stat(path, &st) == 0 && st.st_mode & S_IWOTH && !(st.st_mode & unless);
}

static void look_at(struct looking *looking, const char *what, const char *path, mode_t unless)
{
    if (!is_open_to_all(path, unless) || map_get(&looking->seen, path) != MAP_NONE)
        return;
    map_put(&looking->seen, path, (uint32_t)looking->count);
    if (looking->count++ < NAMED_MAX)
        cli_note("warning: everyone on this machine can write to the %s '%s': chmod o-w it", what,
                 path);
}

static void look_at_program(struct looking *looking, const char *what, const char *const *argv)
{
    if (argv && strchr(argv[0], '/'))
        look_at(looking, what, argv[0], 0);
}

static void look_at_inventory(struct looking *looking, const struct inventory *inventory)
{
    looking->folder = xstrdup(inventory->path);
    char *slash = strrchr(looking->folder, '/');
    if (slash)
        slash[slash == looking->folder] = '\0';
    look_at(looking, "inventory", inventory->path, 0);
    look_at(looking, "inventory's folder", slash ? looking->folder : ".", S_ISVTX);
    for (size_t i = 0; i < GATE__COUNT; i++)
        look_at_program(looking, "gate", inventory->rollout.gates.argv[i]);
    if (inventory->ledger && !strstr(inventory->ledger, "://"))
        look_at(looking, "ledger", inventory->ledger, 0);
}

void exposed_warn(const struct fleet *fleet)
{
    struct looking looking = {0};
    map_init(&looking.seen);
    if (fleet->inventory)
        look_at_inventory(&looking, fleet->inventory);
    if (fleet->chain)
        look_at(&looking, "chain's folder", fleet->inventory->chain_dir, 0);
    for (size_t i = 0; fleet->chain && i < fleet->chain->count; i++)
        look_at(&looking, "revision", fleet->chain->revisions[i]->path, 0);
    for (size_t i = 0; i < fleet->tenant_count; i++)
        if (fleet->tenants[i]->password->kind == PASSWORD_COMMAND)
            look_at_program(&looking, "password command", fleet->tenants[i]->password->argv);
    if (looking.count > NAMED_MAX)
        cli_note("warning: and to %zu more", looking.count - NAMED_MAX);
    map_done(&looking.seen);
    free(looking.folder);
}
