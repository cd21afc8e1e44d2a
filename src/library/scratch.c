#include "library/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dialect/template.h"
#include "rollout/rollout.h"

#define PREFIX "skein_scratch_"
#define DATABASE "scratch.db"

/* ---- the folder of a file ------------------------------------------------------------------- */

static const char *temporary_folder(void)
{
    const char *folder = getenv("TMPDIR");
    return folder && *folder ? folder : "/tmp";
}

/* The folder is ours alone, and holds files only. */
static void remove_folder(const char *folder)
{
    struct arena arena;
    const struct dirent *entry;
    DIR *dir = opendir(folder);
    arena_init(&arena);
    while (dir && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlink(arena_printf(&arena, "%s/%s", folder, entry->d_name));
    if (dir)
        closedir(dir);
    rmdir(folder);
    arena_done(&arena);
}

/* A descriptor of the folder whose lock says that it is in use; -1: another has it, or it is not ours. */
static int lock_folder(const char *folder)
{
    struct stat st;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
        flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* What runs that were killed have left. */
static void sweep(struct arena *arena, const char *parent)
{
    const struct dirent *entry;
    DIR *dir = opendir(parent);
    while (dir && (entry = readdir(dir))) {
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
            continue;
        const char *folder = arena_printf(arena, "%s/%s", parent, entry->d_name);
        int fd = lock_folder(folder);
        if (fd < 0)
            continue;
        remove_folder(folder);
        close(fd);
    }
    if (dir)
        closedir(dir);
}

static bool make_folder(struct scratch *scratch, struct err *err)
{
    const char *parent = temporary_folder();
    char *folder = arena_printf(&scratch->arena, "%s/" PREFIX "XXXXXX", parent);
    sweep(&scratch->arena, parent);
    if (!mkdtemp(folder))
        return err_set(err, ERR_CONFIG,
                       "cannot make a folder for a scratch database in '%s' (TMPDIR): %s", parent,
                       strerror(errno));
    scratch->folder = folder;
    scratch->lock = lock_folder(folder);
    return true;
}

/* ---- the tenant ------------------------------------------------------------------------------- */

/* As a tenant with all defaults has them, but that it is made. */
static const struct settings settings = {.create = true, .lock_timeout_ms = 5000};
static const struct password no_password = {.kind = PASSWORD_NONE};

static bool make_tenant(struct scratch *scratch, enum dialect_id dialect, struct err *err)
{
    struct tenant *tenant = arena_alloc(&scratch->arena, sizeof *tenant);
    if (!dialect_info(dialect)->is_file)
        return err_set(err, ERR_CONFIG, "there is no scratch database for %s yet",
                       dialect_info(dialect)->title);
    if (!make_folder(scratch, err))
        return false;
    *tenant = (struct tenant){
        .name = "scratch",
        .url = {.dialect = dialect,
                .scheme = dialect_info(dialect)->schemes[0],
                .database = arena_printf(&scratch->arena, "%s/" DATABASE, scratch->folder)},
        .settings = &settings,
        .password = &no_password};
    tenant->url_redacted = url_redacted(&scratch->arena, &tenant->url);
    tenant->server = url_server(&scratch->arena, &tenant->url);
    scratch->tenant = tenant;
    return true;
}

bool scratch_open(struct scratch *scratch, struct fleet *fleet, enum dialect_id dialect,
                  struct err *err)
{
    *scratch = (struct scratch){.lock = -1};
    arena_init(&scratch->arena);
    scratch->fleet = *fleet;
    scratch->fleet.tenants = &scratch->tenant;
    scratch->fleet.tenant_count = 1;
    return make_tenant(scratch, dialect, err);
}

void scratch_close(struct scratch *scratch)
{
    if (scratch->folder)
        remove_folder(scratch->folder);
    if (scratch->lock >= 0)
        close(scratch->lock);
    arena_done(&scratch->arena);
}

/* ---- replaying -------------------------------------------------------------------------------- */

struct replay {
    struct arena *arena;
    struct catalog *catalog; /* NULL: not read */
    struct rows rows;
    struct err err; /* ERR_NONE: it went well */
};

static void on_event(void *ctx, const struct event *event)
{
    struct replay *replay = ctx;
    const struct outcome *outcome = event->outcome;
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    if (outcome->error) {
        replay->err = *outcome->error;
        replay->err.said = NULL;
    } else if (outcome->catalog) {
        replay->catalog = catalog_copy(replay->arena, outcome->catalog);
        replay->rows = rows_copy(replay->arena, &outcome->to);
    }
}

static struct rollout_end run(struct scratch *scratch, const struct request *request,
                              const struct target *target, struct replay *replay)
{
    const struct rollout_wave wave = {.name = "all", .parallel = 1, .per_server = 1};
    struct rollout_options options = {
        .run = {.request = request,
                .target = "",
                .chain = scratch->fleet.chain,
                .tenants = scratch->fleet.tenants,
                .tenant_count = 1},
        .target = target,
        .on_failure = ON_FAILURE_CONTINUE,
        .waves = &wave,
        .wave_count = 1,
        .scripts = scratch->fleet.scripts,
        .version_table = scratch->fleet.inventory->version_table,
        .hides_values = scratch->fleet.inventory->hides_values,
    };
    struct observer observer = {on_event, replay};
    return rollout_run(&options, &observer, 1);
}

static bool judge(struct scratch *scratch, const struct rows *rows, const struct replay *replay,
                  struct err *err)
{
    if (replay->err.kind != ERR_NONE) {
        *err = replay->err;
        return err_prefix(err, "the chain cannot be replayed in a scratch database");
    }
    if (scratch->signal)
        return err_set(err, ERR_CANCELLED, "stopped while the chain was replayed");
    if (!replay->catalog || !rows_are_equal(&replay->rows, rows))
        return err_set(err, ERR_CHAIN, "no way through the chain leads to where the tenant stands");
    return true;
}

bool scratch_upgrade(struct scratch *scratch, const struct rows *rows, struct arena *arena,
                     struct catalog **ret_catalog, struct err *err)
{
    struct replay replay = {.arena = arena};
    struct request request = {
        .verb = rows->count ? &verbs[VERB_UPGRADE] : &verbs[VERB_CURRENT],
        .targets = rows->ids,
        .target_count = rows->count,
        .reads_catalog = true,
    };
    struct target target;
    if (rows->count && !target_parse(&scratch->arena, scratch->fleet.chain, PLAN_UPGRADE, rows->ids,
                                     rows->count, &target, err))
        return false;
    struct rollout_end end = run(scratch, &request, rows->count ? &target : NULL, &replay);
    scratch->signal = end.signal;
    if (end.err.kind != ERR_NONE) {
        *err = end.err;
        return false;
    }
    if (!judge(scratch, rows, &replay, err))
        return false;
    *ret_catalog = replay.catalog;
    return true;
}
