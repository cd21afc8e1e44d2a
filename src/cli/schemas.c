#include "cli/schemas.h"

#include "cli/exit.h"
#include "cli/faults.h"

void schemas_begin(struct schemas *schemas, struct fleet *fleet)
{
    *schemas = (struct schemas){.fleet = fleet,
                                .request = {.rules = fleet->inventory->drift, .takes_found = true}};
    fleet_catalogs_start(&schemas->reading, fleet, &schemas->request, &schemas->drift.catalogs);
}

struct observer schemas_observer(struct schemas *schemas)
{
    return fleet_catalogs_observer(&schemas->reading);
}

struct catalog_listener schemas_listener(struct schemas *schemas)
{
    return fleet_catalogs_listener(&schemas->reading);
}

static const struct report_schema *make_items(struct schemas *schemas)
{
    static const enum schema_verdict verdicts[] = {[DRIFT_NONE] = SCHEMA_EXPECTED,
                                                   [DRIFT_FOUND] = SCHEMA_DIFFERS,
                                                   [DRIFT_UNKNOWN] = SCHEMA_UNKNOWN};
    const struct drift *drift = &schemas->drift;
    struct report_schema *items =
        arena_calloc(&schemas->fleet->arena, drift->catalogs.count + 1, sizeof *items);
    for (size_t c = 0; c < drift->cluster_count; c++) {
        const struct cluster *cluster = &drift->clusters[c];
        const struct report_schema schema = {
            .verdict = verdicts[cluster->verdict],
            .fingerprint = cluster->fingerprint.hex,
            .expected = *cluster->expected.hex ? cluster->expected.hex : NULL,
            .reason = cluster->reason};
        for (size_t i = 0; i < cluster->tenant_count; i++)
            items[cluster->tenants[i]] = schema;
    }
    return items;
}

int schemas_report(struct schemas *schemas, struct report *report, int exit_code)
{
    const struct drift_request request = {.rules = schemas->request.rules};
    drift_judge(schemas->fleet, &request, &schemas->drift);
    if (schemas->drift.signal)
        return EXIT_SIGNAL + schemas->drift.signal;
    report_set_schemas(report, make_items(schemas));
    size_t amiss = schemas->drift.differing + schemas->drift.unknown;
    if (!amiss)
        return exit_code;
    cli_note("%zu tenant%s not hold what %s revision%s, or cannot be judged", amiss,
             amiss == 1 ? " does" : "s do", amiss == 1 ? "its" : "their",
             amiss == 1 ? " says" : "s say");
    return exit_code == EXIT_OK ? EXIT_TENANT_FAILED : exit_code;
}

void schemas_done(struct schemas *schemas)
{
    fleet_catalogs_end(&schemas->reading);
    drift_done(&schemas->drift);
}
