#include "cli/checkpoint.h"

#include "base/buf.h"
#include "chain/identifier.h"
#include "chain/write.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "library/checkpoint.h"

enum { DIFFERENCES_SHOWN = 20 };

static int tell_failure(const struct checkpoint *checkpoint, const struct err *err)
{
    int exit_code = cli_fail(err);
    for (size_t i = 0; i < checkpoint->remaining.count && i < DIFFERENCES_SHOWN; i++) {
        struct buf words;
        buf_init(&words, BUF_MAX_DEFAULT);
        difference_add_words(&words, &checkpoint->remaining.items[i]);
        cli_note("  %s", words.data);
        buf_done(&words);
    }
    return checkpoint->signal ? EXIT_SIGNAL + checkpoint->signal : exit_code;
}

int cli_check_checkpoints(struct fleet *fleet)
{
    int exit_code = EXIT_OK;
    for (size_t i = 0; i < fleet->chain->checkpoint_count && exit_code == EXIT_OK; i++) {
        struct checkpoint checkpoint;
        struct err err;
        if (!checkpoint_check(fleet, fleet->chain->checkpoints[i], &checkpoint, &err)) {
            (void)tell_failure(&checkpoint, &err);
            exit_code = checkpoint.signal ? EXIT_SIGNAL + checkpoint.signal : EXIT_TENANT_FAILED;
        }
        checkpoint_done(&checkpoint);
    }
    return exit_code;
}

static bool write_file(const struct fleet *fleet, const struct checkpoint *checkpoint,
                       struct err *err)
{
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    revision_write(&text, &checkpoint->revision);
    const struct chain_file file = {
        arena_printf(fleet->chain->arena, "%s_checkpoint.sql", checkpoint->revision.id), text.data,
        text.len};
    bool is_put = chain_put(fleet->chain->dir, &file, 1, err);
    buf_done(&text);
    if (is_put)
        printf("%s/%s\n", fleet->chain->dir, file.name);
    return is_put;
}

static int run_checkpoint(struct fleet *fleet, const struct options *options)
{
    struct checkpoint checkpoint;
    struct err err;
    uint32_t index;
    struct lookup in = fleet_lookup(fleet, &err);
    if (!identifier_locate_one(&in, NULL, options->args[0], &index))
        return cli_fail(&err);
    const struct revision *revision = fleet->chain->revisions[index];
    const struct revision *there = chain_checkpoint(fleet->chain, revision);
    if (there) {
        err_set(&err, ERR_CONFIG, "'%s' has a checkpoint in '%s': delete that file first",
                revision->id, there->path);
        return cli_fail(&err);
    }
    int exit_code = EXIT_OK;
    if (!checkpoint_make(fleet, revision, &checkpoint, &err))
        exit_code = tell_failure(&checkpoint, &err);
    else if (!write_file(fleet, &checkpoint, &err))
        exit_code = cli_fail(&err);
    checkpoint_done(&checkpoint);
    return exit_code;
}

const struct command command_checkpoint = {
    .name = "checkpoint",
    .arguments = "REV",
    .summary = "a short way to a revision, for tenants at base",
    .help =
        "Writes a file that makes at once what REV and all revisions under it make. A tenant that is at base\n"
        "takes it instead of them, and stands at REV afterwards; all others go on as before, and a\n"
        "downgrade goes by the revisions' own sections. The chain is replayed in a scratch database, the\n"
        "file is run in another, and written only where both are equal and no table has rows. 'skein\n"
        "check' proves the same of it ever after.",
    .example = "skein checkpoint head",
    .groups = OPTIONS_COMMON,
    .min_args = 1,
    .max_args = 1,
    .needs = FLEET_CHAIN | FLEET_SCRIPTS | FLEET_VERSION_TABLE | FLEET_SCRATCH,
    .run = run_checkpoint,
};
