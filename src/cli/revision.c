#include "chain/identifier.h"
#include "cli/command.h"
#include "cli/draft.h"
#include "cli/faults.h"
#include "cli/outputs.h"

static int run_revision(struct fleet *fleet, const struct options *options)
{
    const char *head = options->head ? options->head : "head";
    struct revisions parents;
    struct err err;
    struct lookup in = fleet_lookup(fleet, &err);
    if (!identifier_find(&in, head, NULL, &parents))
        return cli_fail(&err);
    return cli_draft(fleet, options, parents);
}

static unsigned revision_needs(const struct options *options)
{
    if (options->to_tenant)
        return FLEET_VISIT | FLEET_SCRATCH;
    return options->autogenerates ? FLEET_CHAIN | FLEET_VERSION_TABLE | FLEET_SCRATCH : FLEET_CHAIN;
}

const struct command command_revision = {
    .name = "revision",
    .arguments = "-m MESSAGE",
    .summary = "a new revision file",
    .help =
        "Writes a new revision of the head, made from the chain's template revision.sql.in, and\n"
        "says where. Its name is its id and the first words of the message. Several heads: say\n"
        "which with --head, or merge them. The file is written whole, and only if the chain can\n"
        "be read with it; otherwise exit 2 and nothing is written.\n"
        "\n"
        "The template's ${message}, ${revision}, ${revises}, ${branch_labels}, ${depends_on} and\n"
        "${create_date} stand for what the new revision has.\n"
        "\n"
        "With --autogenerate the file does what leads from what the chain makes to what the schema files\n"
        "make ('autogenerate' in the inventory), and back. Both are made in scratch databases, and the\n"
        "file is run there before it is written. No tenant is asked. No difference: no file, exit 0.\n"
        "A table or column that would go stays, unless --allow-drop names it; one that has another\n"
        "name must be told by --rename or '-- skein:renamed-from OLD' in the schema file. With\n"
        "--to-tenant NAME the file leads to what that tenant holds; the tenant is only read.",
    .example = "skein revision -m \"Tasks have a priority\"",
    .formats = outputs_list_formats,
    .groups = OPTIONS_COMMON | OPTIONS_OUTPUT | OPTIONS_NEW | OPTIONS_PARENT | OPTIONS_AUTOGENERATE,
    .needs_for = revision_needs,
    .run = run_revision,
};
