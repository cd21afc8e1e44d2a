#include "base/buf.h"
#include "base/clock.h"
#include "base/human.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "ledger/ledger.h"
#include "library/own.h"
#include "library/snapshots.h"

/* Whose runs are swept. */
struct concern {
    struct fleet *fleet;
    struct ledger *ledger;
    struct err err; /* ERR_NONE, or why that could not be found out */
};

static bool is_own(void *ctx, const struct ledger_run *run)
{
    struct concern *concern = ctx;
    bool is_it = false;
    return concern->err.kind == ERR_NONE &&
           own_is(concern->fleet, concern->ledger, run, &is_it, &concern->err) && is_it;
}

/* A run by name goes whatever its age, unless the other conditions are given too. */
static struct ledger_forget which_of(const struct options *options, const char *id)
{
    return (struct ledger_forget){
        .id = id,
        .before_ms = options->older_than_ms ? clock_wall_ms() - (int64_t)options->older_than_ms : 0,
        .keep_newest = options->has_keep ? options->keep : SIZE_MAX,
        .takes_unfinished = options->takes_unfinished,
    };
}

static void tell_kept(const char *id)
{
    cli_note(
        "run '%s' is kept: it is under way, can still be resumed (--unfinished drops it all the "
        "same), or does not fit --keep and --older-than",
        id);
}

static bool forget_named(struct ledger *ledger, const struct options *options, size_t *ret_count,
                         struct err *err)
{
    for (size_t i = 0; i < options->arg_count; i++) {
        struct ledger_forget which = which_of(options, options->args[i]);
        size_t count;
        if (!ledger_forget(ledger, &which, &count, err))
            return false;
        if (!count)
            tell_kept(options->args[i]);
        *ret_count += count;
    }
    return true;
}

static bool forget(struct fleet *fleet, struct ledger *ledger, const struct options *options,
                   size_t *ret_count, struct err *err)
{
    struct ledger_forget which = which_of(options, NULL);
    struct concern concern = {.fleet = fleet, .ledger = ledger};
    *ret_count = 0;
    if (options->arg_count)
        return forget_named(ledger, options, ret_count, err);
    if (!options->takes_all) {
        which.concerns = is_own;
        which.ctx = &concern;
    }
    if (!ledger_forget(ledger, &which, ret_count, err))
        return false;
    if (concern.err.kind != ERR_NONE)
        *err = concern.err;
    return concern.err.kind == ERR_NONE;
}

static void tell_forgotten(const struct options *options, size_t count, size_t removed)
{
    struct buf line;
    if (options->is_quiet)
        return;
    buf_init(&line, BUF_MAX_DEFAULT);
    human_add_count(&line, count, "run");
    buf_adds(&line, " forgotten");
    if (removed) {
        buf_adds(&line, ", the copies of ");
        human_add_count(&line, removed, "run");
        buf_adds(&line, " removed");
    }
    puts(line.data);
    buf_done(&line);
}

/* Opened for reading first: forgetting makes no ledger. */
static struct ledger *open_ledger(const char *where, struct err *err)
{
    struct ledger *ledger = ledger_open(where, LEDGER_READ, err);
    if (!ledger)
        return NULL;
    ledger_close(ledger);
    return ledger_open(where, LEDGER_WRITE, err);
}

static bool check_options(const struct fleet *fleet, const struct options *options, struct err *err)
{
    if (!options->arg_count && !options->has_keep && !options->older_than_ms)
        return err_set(err, ERR_CONFIG, "which runs? (RUN, --keep N or --older-than 90d)");
    return options->arg_count || options->takes_all || fleet_has_file(fleet) ||
           err_set(err, ERR_CONFIG,
                   "whose runs? there is no inventory here: --all means those of all inventories");
}

/* Copies lie beside a ledger's file, or on each machine beside the inventory: without one, whose they are is not known. */
static bool sweep_snapshots(struct fleet *fleet, struct ledger *ledger, const char *where,
                            size_t *ret_removed, struct err *err)
{
    *ret_removed = 0;
    return (!fleet_has_file(fleet) && strstr(where, "://")) ||
           snapshots_sweep(ledger, snapshots_beside(&fleet->arena, fleet->inventory), ret_removed,
                           err);
}

static int run_forget(struct fleet *fleet, const struct options *options)
{
    size_t count, removed;
    struct err err;
    if (!check_options(fleet, options, &err))
        return cli_fail(&err);
    const char *where = fleet_ledger(fleet, &err);
    struct ledger *ledger = where ? open_ledger(where, &err) : NULL;
    if (!ledger)
        return cli_fail(&err);
    bool is_fine = forget(fleet, ledger, options, &count, &err) &&
                   sweep_snapshots(fleet, ledger, where, &removed, &err);
    ledger_close(ledger);
    if (!is_fine)
        return cli_fail(&err);
    tell_forgotten(options, count, removed);
    return EXIT_OK;
}

const struct command command_forget = {
    .name = "forget",
    .arguments = "[RUN…]",
    .summary = "drop runs from the ledger",
    .help =
        "Drops RUN (its id or the beginning of it), or all runs of this inventory (--all: of any) that fit\n"
        "--keep and --older-than, and the copies of tenants that they made. A run under way stays, and one that\n"
        "can still be resumed unless --unfinished is given. What is dropped can be reported and\n"
        "rolled back no more; what the tenants know of it (skein_history) stays. With --ledger it needs no\n"
        "inventory: then RUN or --all says which runs are meant.",
    .example = "skein forget --keep 10 --older-than 90d",
    .groups = OPTIONS_COMMON | OPTIONS_LEDGER | OPTIONS_FORGET | OPTIONS_ALL,
    .max_args = ARGS_MAX,
    .may_lack_file = true,
    .without_file =
        "'skein forget' needs no inventory where --ledger (or SKEIN_LEDGER) names the record of runs",
    .needs = FLEET_INVENTORY,
    .run = run_forget,
};
