#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/human.h"
#include "base/path.h"
#include "chain/template.h"
#include "chain/write.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/status.h"

/* The inventory is made of these and of examples from the table of dialects. */
static const char inventory_begin[] =
    "# The inventory: which tenants there are, how to reach them, how to roll out.\n"
    "# All keys: docs/inventory.md. Paths are relative to this file; ${VAR} is the environment's.\n"
    "\n"
    "chain: versions                    # the folder of revisions\n"
    "# file_template: \"%(year)d%(month).2d%(day).2d_%(rev)s_%(slug)s\"   # names of new revisions' files\n"
    "# version_table: alembic_version   # in every tenant: where it stands\n"
    "# ledger: .skein/ledger.db         # the record of runs\n"
    "\n"
    "defaults:                          # every key of a tenant but name and url may stand here\n"
    "  transaction: all                 # all: one transaction a tenant; each: one a revision\n"
    "  connect_timeout: 10s\n"
    "  lock_timeout: 5s                 # how long DDL may wait before it gives way to traffic\n"
    "  statement_timeout: 0s            # 0s: none\n"
    "  retries: 3                       # of transient faults only\n"
    "\n"
    "rollout:\n"
    "  parallel: 32                     # tenants at once\n"
    "  per_server: 8                    # tenants at once on one host and port\n"
    "  on_failure: stop                 # once more have failed: stop | continue | rollback\n"
    "  max_failures: 0                  # a count or a share: 5, \"2%\"\n"
    "  # waves:                         # each must finish well before the next begins\n"
    "  #   - {name: canary, select: \"tier=canary\"}\n"
    "  #   - {name: everyone}\n"
    "\n"
    "# report: {detail: false}          # what databases say about values of rows is left out\n"
    "\n"
    "tenants:\n"
    "  - name: example                  # to try things on; yours take its place:\n";

static const char example_end[] =
    "    create: true                   # make the database if it does not exist\n";

static const char inventory_end[] =
    "\n"
    "# sources:                         # tenants that are found, not listed\n"
    "#   - glob: data/*.db              # name: the file's, without its ending\n"
    "#     labels: [tier=free]\n"
    "#   - query: \"SELECT name, url, region FROM tenants WHERE active\"\n"
    "#     url: ${CONTROL_URL}          # the database that has the table\n";

static const char readme_text[] =
    "# The chain\n"
    "\n"
    "This folder holds the revisions that skein applies to every tenant of the inventory beside it:\n"
    "\n"
    "    skein.yaml                  the inventory: tenants, how to reach them, how to roll out\n"
    "    versions/*.sql              the chain: one file a revision, <id>_<words of its message>.sql\n"
    "    versions/revision.sql.in    what 'skein revision' makes new ones from\n"
    "    .skein/                     the ledger: what runs did; keep it, but not in version control\n"
    "\n"
    "    skein revision -m \"Added table\"    a new revision, to be filled in\n"
    "    skein history                      the chain\n"
    "    skein plan                         what would be applied where\n"
    "    skein upgrade                      bring every tenant to head\n"
    "\n"
    "A file that a tenant has applied must not change any more: that would be drift.\n";

static const char ignore_text[] =
    "# skein's ledger, what is kept beside it, and copies of tenants that are about to change: to be kept,\n"
    "# but on the machine\n";
static const char ignored_folder[] = "/.skein/";

/* Each line of the examples is a comment. */
static void add_examples(struct buf *buf)
{
    for (int d = 0; d < DIALECT__COUNT; d++) {
        const char *line = dialect_info((enum dialect_id)d)->example;
        while (line && *line) {
            size_t len = strcspn(line, "\n") + 1;
            buf_addf(buf, "#%.*s", (int)len, line);
            line += len;
        }
    }
}

static const char *make_inventory(struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, inventory_begin);
    buf_addf(&buf, "    url: %s:///example.db\n", dialect_info(dialect_of_files())->schemes[0]);
    buf_adds(&buf, example_end);
    add_examples(&buf);
    buf_adds(&buf, inventory_end);
    const char *text = arena_strndup(arena, buf.data, buf.len);
    buf_done(&buf);
    return text;
}

struct making {
    struct fleet *fleet;
    const char *dir, *chain_dir, *inventory;
    bool is_quiet;
};

static const char *in(struct making *making, const char *dir, const char *name)
{
    bool is_here = strcmp(dir, ".") == 0;
    return arena_printf(&making->fleet->arena, "%s%s%s", is_here ? "" : dir, is_here ? "" : "/",
                        name);
}

/* `fleet/`, as shells complete it, is `fleet`; nothing is here, not the root. */
static const char *without_slashes(struct arena *arena, const char *dir)
{
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    return len ? arena_strndup(arena, dir, len) : ".";
}

static void tell_made(const struct making *making, const char *verb, const char *path)
{
    if (!making->is_quiet)
        status_tell(verb, path);
}

/* `dir` and what it lies in. */
static bool make_dir(struct making *making, const char *dir, struct err *err)
{
    char *path = arena_strdup(&making->fleet->arena, dir);
    if (path_is_there(dir))
        return true;
    for (char *at = path; *at; *at = dir[at - path]) {
        at += 1 + strcspn(at + 1, "/");
        *at = '\0';
        if (mkdir(path, 0777) && errno != EEXIST)
            return err_at(err, ERR_CONFIG, path, 0, "cannot make it: %s", strerror(errno));
    }
    tell_made(making, "Creating directory", dir);
    return true;
}

static struct chain_file file_of(const char *name, const char *text)
{
    return (struct chain_file){.name = name, .bytes = text, .len = strlen(text)};
}

static bool put_folder(struct making *making, const char *dir, const struct chain_file *files,
                       size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (path_is_there(in(making, dir, files[i].name)))
            return err_at(err, ERR_CONFIG, in(making, dir, files[i].name), 0,
                          "it exists already, and is left as it is");
    if (!make_dir(making, dir, err) || !chain_put(dir, files, count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        tell_made(making, "Generating", in(making, dir, files[i].name));
    return true;
}

/* Does a line of the file leave the folder out already? */
static bool is_ignored(FILE *file)
{
    char line[256];
    bool is_there = false;
    while (!is_there && fgets(line, sizeof line, file)) {
        char *word = line + (*line == '/');
        word[strcspn(word, "/ \r\n")] = '\0';
        is_there = strcmp(word, ".skein") == 0;
    }
    return is_there;
}

/* A file that is there gets a line more: the repository may be older than the fleet. */
static bool ignore_ledger(struct making *making, struct err *err)
{
    const char *path = in(making, making->dir, ".gitignore");
    bool was_there = path_is_there(path);
    FILE *file = fopen(path, "a+e");
    if (file && is_ignored(file)) {
        fclose(file);
        return true;
    }
    bool is_whole = file && (fseek(file, -1, SEEK_END) || fgetc(file) == '\n');
    bool is_good = file && fseek(file, 0, SEEK_END) == 0 &&
                   fprintf(file, "%s%s%s\n", is_whole ? "" : "\n", ignore_text, ignored_folder) > 0;
    int error = errno;
    if (file && fclose(file))
        is_good = false;
    if (!is_good)
        return err_at(err, ERR_CONFIG, path, 0, "cannot write it: %s", strerror(error));
    tell_made(making, was_there ? "Adding the ledger to" : "Generating", path);
    return true;
}

/* The inventory goes last: where it is there, all is. */
static bool make_all(struct making *making, struct err *err)
{
    const struct chain_file chain_files[] = {file_of(TEMPLATE_NAME, template_default),
                                             file_of("README.md", readme_text)};
    const struct chain_file inventory =
        file_of(making->inventory, make_inventory(&making->fleet->arena));
    const char *inventory_path = in(making, making->dir, making->inventory);
    if (path_is_there(inventory_path))
        return err_at(err, ERR_CONFIG, inventory_path, 0,
                      "it exists already, and is left as it is");
    return put_folder(making, making->chain_dir, chain_files, ARRAY_LEN(chain_files), err) &&
           ignore_ledger(making, err) && put_folder(making, making->dir, &inventory, 1, err);
}

/* As they can be typed where one stands. */
static void tell_next(struct making *making)
{
    static const char *const commands[] = {"revision -m 'First table'", "plan", "upgrade"};
    const char *path = in(making, making->dir, making->inventory);
    struct buf name, option;
    buf_init(&name, 8192);
    buf_init(&option, 8192);
    human_add_text(&name, path);
    if (strcmp(path, "skein.yaml") != 0) {
        buf_adds(&option, "-f ");
        if (!human_add_shell_word(&option, path))
            buf_adds(&option, "FILE");
        buf_adds(&option, " ");
    }
    printf(
        "Please name the tenants in '%s' before proceeding. Until then there is an example to try things on:\n",
        name.data);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        printf("  skein %s%s\n", option.data, commands[i]);
    buf_done(&name);
    buf_done(&option);
}

static int run_init(struct fleet *fleet, const struct options *options)
{
    const char *file = strcmp(options->file, ".") == 0 ? "skein.yaml" : options->file;
    struct making making = {
        .fleet = fleet,
        .inventory = path_name(file),
        .is_quiet = options->is_quiet,
    };
    struct err err;
    making.dir = options->arg_count ? without_slashes(&fleet->arena, options->args[0]) : ".";
    if (!*making.inventory) {
        err_set(&err, ERR_CONFIG, "--file: '%s' is a folder, and no inventory's name", file);
        return cli_fail(&err);
    }
    if (path_folder_len(file) && !options->arg_count)
        making.dir = path_folder(&fleet->arena, file);
    making.chain_dir = in(&making, making.dir, "versions");
    if (!make_all(&making, &err))
        return cli_fail(&err);
    if (!making.is_quiet)
        tell_next(&making);
    return EXIT_OK;
}

const struct command command_init = {
    .name = "init",
    .arguments = "[DIR]",
    .summary = "an inventory and an empty chain to start from",
    .help =
        "Writes into DIR (default: here) an inventory with comments, skein.yaml, and the folder of\n"
        "an empty chain, versions, with the template of its revisions and a README. The ledger is left\n"
        "out of version control: .gitignore is written, or gets a line more. What exists already is\n"
        "never overwritten: then nothing is written (exit 2). With -f FILE the inventory bears that\n"
        "name, and without DIR lies there.",
    .example = "skein init fleet && cd fleet",
    .groups = OPTIONS_COMMON,
    .max_args = 1,
    .run = run_init,
};
