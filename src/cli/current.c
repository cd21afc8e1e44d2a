#include "cli/chain_text.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/outputs.h"
#include "cli/run.h"
#include "cli/whereabouts.h"

static bool is_at_heads(const struct chain *chain, const struct outcome *outcome)
{
    if (outcome->half_step || !outcome->from.is_known ||
        outcome->from.count != chain->real_head_count)
        return false;
    for (size_t i = 0; i < outcome->from.count; i++) {
        const struct revision *revision = chain_get(chain, outcome->from.ids[i]);
        if (!revision || revision->all_next_count)
            return false;
    }
    return true;
}

struct looking {
    struct observer whereabouts;
    size_t behind;
};

static void on_looked(void *ctx, const struct event *event)
{
    struct looking *looking = ctx;
    looking->whereabouts.on_event(looking->whereabouts.ctx, event);
    if (event->kind == EVENT_TENANT_FINISHED)
        looking->behind += !is_at_heads(event->run->chain, event->outcome);
}

/* What Alembic's `current -v` prints, with the tenants that stand there. */
static void print_revisions(const struct whereabouts *whereabouts, const struct options *options)
{
    const struct chain *chain = whereabouts->fleet->chain;
    struct chain_text text = chain_text_begin(chain, options, 0);
    text.whereabouts = whereabouts;
    fputs(whereabouts->rows.count ? "\nCurrent revision(s):\n" : "", stdout);
    for (size_t i = 0; i < whereabouts->rows.count; i++)
        chain_text_add(&text, chain->revisions[whereabouts->rows.items[i]]);
    chain_text_end(&text);
}

static int run_current(struct fleet *fleet, const struct options *options)
{
    struct whereabouts whereabouts;
    struct err err;
    if (options->checks_heads && !fleet_has_revisions(fleet, &err))
        return cli_fail(&err);
    whereabouts_init(&whereabouts, fleet);
    struct looking looking = {.whereabouts = whereabouts_observer(&whereabouts)};
    struct observer observer = {on_looked, &looking};
    struct request request = cli_request(options, VERB_CURRENT);
    int exit_code = options->shows_schemas
                        ? cli_run_with_schemas(fleet, options, &request, &observer)
                        : cli_run(fleet, options, &request, &observer);
    whereabouts_finish(&whereabouts);
    if (options->is_verbose && !options->output_count)
        print_revisions(&whereabouts, options);
    if (exit_code != EXIT_OK || !options->checks_heads)
        return exit_code;
    return whereabouts_tell_behind(looking.behind);
}

const struct command command_current = {
    .name = "current",
    .arguments = "",
    .summary = "where every tenant stands",
    .help =
        "Reads the version table of every selected tenant, and whether a revision is partly applied there\n"
        "('r2 + r3 (partial: 2 of 4 statements)'). With -v, all of the header of every\n"
        "revision that any of them stands at.\n"
        "\n"
        "With --schema also whether each tenant's database holds what the chain makes up to where it\n"
        "stands, and its fingerprint: exit 1 where one does not. 'skein drift' tells in what they differ.",
    .example = "skein current --check-heads",
    .formats = outputs_report_formats,
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_STATE | OPTIONS_LEDGER | OPTIONS_OUTPUT |
              OPTIONS_RUN | OPTIONS_CHECK_HEADS,
    .needs = FLEET_VISIT,
    .run = run_current,
};
