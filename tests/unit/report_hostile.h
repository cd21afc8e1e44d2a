/* A fleet in which everything that comes from outside is hostile, for the tests of the formats: names, labels, revision ids, SQL,
 * errors, what a server said, what a gate printed, what lint found and a waiver allows. Of a seed, so that a failure can be met again.
 *
 *     struct fleet fleet;
 *     hostile_fleet(&fleet, seed);      every state of a tenant, two waves; the run has ended. hostile_plan: of a dry run
 *     fleet_done(&fleet);
 */
#ifndef REPORT_HOSTILE_H
#define REPORT_HOSTILE_H

#include "base/buf.h"
#include "base/utf8.h"
#include "lint/told.h"
#include "unit/report_fixture.h"

enum { HOSTILE_ROUNDS = 300, HOSTILE_TENANTS = 9, HOSTILE_FINDINGS = 6 };

static const char *const hostile_pieces[] = {
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r\n=1",
    "\n",
    "\r",
    "\"",
    "\"\"",
    ";",
    ";=1",
    ",",
    ",=1",
    "|",
    "\\|",
    "\\",
    "`",
    "``",
    "`````",
    "\n```\n",
    "~~~",
    "<script>alert(1)</script>",
    "]]>",
    "-->",
    "<!--",
    "<![CDATA[",
    "&amp;",
    "&#0;",
    "&",
    "<",
    ">",
    "'",
    "</details>",
    "</code>",
    "<img src=x onerror=alert(1)>",
    "**b**",
    "_",
    "[x](javascript:alert(1))",
    "![](http://evil.example/)",
    "@everyone",
    "#1",
    "http://evil.example",
    "www.evil.example",
    "$`x`$",
    "$$",
    "\n\n# H\n",
    "\n| a |\n",
    "\n---\n",
    "\xff",
    "\xc3",
    "\xed\xa0\x80",
    "\xef\xbf\xbe",
    "\xef\xbf\xbf",
    "\x1b[2J",
    "\x7f",
    "\xc2\x9b",
    "\u202e",
    "\u200b",
    "\u2028",
    "\ufeff",
    "\uff1d1",
    "\u3000=1",
    "\u00a0@x",
    " ",
    "  =1",
    "a",
    "acme",
    "\u00e9",
    "\U0001f62c",
    "x\u0301",
    ":smile:",
    "%s%n",
    "$(id)",
    "::error::x",
    "##[error]",
};

static inline uint32_t hostile_next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

static inline const char *hostile_text(struct arena *arena, uint64_t *seed)
{
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    for (uint32_t count = 1 + hostile_next(seed) % 4; count; count--)
        buf_adds(&text, hostile_pieces[hostile_next(seed) % ARRAY_LEN(hostile_pieces)]);
    return buf_into(&text, arena);
}

static inline const struct tenant *hostile_tenant(struct fleet *fleet, const struct tenant *like,
                                                  uint64_t *seed)
{
    struct arena *arena = &fleet->arena;
    struct tenant *tenant = arena_alloc(arena, sizeof *tenant);
    struct label *label = arena_alloc(arena, sizeof *label);
    *label = (struct label){hostile_text(arena, seed), hostile_text(arena, seed)};
    *tenant = *like;
    tenant->name = hostile_text(arena, seed);
    tenant->url_redacted = hostile_text(arena, seed);
    tenant->labels = label;
    return tenant;
}

static inline void hostile_prepare(struct fleet *fleet, uint64_t *seed)
{
    fleet_prepare(fleet, NULL, HOSTILE_TENANTS);
    struct arena *arena = &fleet->arena;
    const struct tenant **tenants = arena_calloc(arena, HOSTILE_TENANTS, sizeof *tenants);
    struct run_wave *waves = arena_calloc(arena, 2, sizeof *waves);
    for (size_t i = 0; i < HOSTILE_TENANTS; i++)
        tenants[i] = hostile_tenant(fleet, fleet->run.tenants[i], seed);
    fleet->run.tenants = tenants;
    for (size_t i = 0; i < FLEET_REVISIONS; i++)
        fleet->revisions[i].id = hostile_text(arena, seed);
    fleet_splits(fleet);
    for (size_t i = 0; i < 2; i++)
        waves[i] = (struct run_wave){.name = hostile_text(arena, seed),
                                     .tenant_count = fleet->run.waves[i].tenant_count};
    fleet->run.waves = waves;
    fleet->run.target = hostile_text(arena, seed);
    fleet->run.resumed_from = hostile_text(arena, seed);
    fleet->run.origin = (struct origin){.by = hostile_text(arena, seed), .fleet_size = 12};
}

static inline void hostile_fails(struct fleet *fleet, size_t tenant, enum tenant_state state,
                                 uint64_t *seed)
{
    struct arena *arena = &fleet->arena;
    struct said said = {{0}};
    struct err err;
    const char *row = fleet->revisions[0].id;
    err_at(&err, ERR_SQL, hostile_text(arena, seed), 12, "%s", hostile_text(arena, seed));
    snprintf(err.code, sizeof err.code, "%s", hostile_text(arena, seed));
    for (enum said_part part = 0; part < SAID__COUNT; part++)
        said.part[part] = hostile_text(arena, seed);
    err.said = &said;
    struct outcome outcome = {.state = state,
                              .from = {&row, 1, true},
                              .to = {&row, 1, true},
                              .attempts = 2,
                              .duration_ms = 3,
                              .error = &err,
                              .error_revision = &fleet->revisions[2],
                              .error_statement = hostile_text(arena, seed)};
    fleet_finishes(fleet, tenant, &outcome);
}

/* Of each severity, with and without a waiver, about the revisions that tenants have run. */
static inline void hostile_finds(struct fleet *fleet, uint64_t *seed)
{
    struct arena *arena = &fleet->arena;
    struct told_finding *items = arena_calloc(arena, HOSTILE_FINDINGS, sizeof *items);
    struct told_findings *findings = arena_alloc(arena, sizeof *findings);
    for (size_t i = 0; i < HOSTILE_FINDINGS; i++)
        items[i] = (struct told_finding){
            .rule = hostile_text(arena, seed),
            .severity = (enum lint_severity)(LINT_NOTE + i % 3),
            .direction = i == 5 ? DIRECTION_DOWN : DIRECTION_UP,
            .dialects = ~0u,
            .revision = fleet->revisions[i % FLEET_REVISIONS].id,
            .file = hostile_text(arena, seed),
            .line = (int)i + 1,
            .source = hostile_text(arena, seed),
            .message = hostile_text(arena, seed),
            .why = hostile_text(arena, seed),
            .better = hostile_text(arena, seed),
            .weight = i % 2 ? hostile_text(arena, seed) : NULL,
            .allowed = i > 2 ? hostile_text(arena, seed) : NULL,
        };
    *findings = (struct told_findings){items, HOSTILE_FINDINGS};
    report_set_findings(fleet->report, findings);
}

/* What its rows say of a statement in each way, and what a rehearsal saw of each kind. */
static inline void hostile_foretells(struct fleet *fleet, size_t tenant, uint64_t *seed)
{
    struct arena *arena = &fleet->arena;
    struct step_done steps[FLEET_REVISIONS];
    struct seen seen[SEEN__COUNT];
    struct preflight_answer answers[PREFLIGHT__COUNT];
    const char *examples[] = {hostile_text(arena, seed), hostile_text(arena, seed)};
    const char *rows[2];
    struct outcome outcome = fleet_outcome(fleet, 0, 3, steps, rows);
    for (size_t i = 0; i < SEEN__COUNT; i++)
        seen[i] = (struct seen){.revision = i % 3 ? &fleet->revisions[i % 3] : NULL,
                                .kind = (enum seen_kind)i,
                                .line = (int)i % 2,
                                .object = hostile_text(arena, seed),
                                .words = hostile_text(arena, seed),
                                .ms = 12.5,
                                .count = 7,
                                .blocks = (enum seen_blocks)(hostile_next(seed) % BLOCKS__COUNT)};
    for (size_t i = 0; i < PREFLIGHT__COUNT; i++)
        answers[i] = (struct preflight_answer){
            .revision = &fleet->revisions[i % 3],
            .line = (int)i + 1,
            .source = hostile_text(arena, seed),
            .kind = hostile_text(arena, seed),
            .table = hostile_text(arena, seed),
            .what = hostile_text(arena, seed),
            .state = (enum preflight_state)i,
            .count = hostile_next(seed) % 3,
            .is_more = i % 2,
            .reason = i == PREFLIGHT_FITS ? NULL : hostile_text(arena, seed),
            .examples = examples,
            .example_count = i == PREFLIGHT_FAILS ? ARRAY_LEN(examples) : 0};
    outcome.seen = seen;
    outcome.seen_count = SEEN__COUNT;
    outcome.rehearsed = REHEARSED_ON_COPY;
    outcome.preflight = answers;
    outcome.preflight_count = PREFLIGHT__COUNT;
    fleet_begins(fleet, tenant);
    fleet_finishes(fleet, tenant, &outcome);
}

/* The last tenant is skipped. */
static inline void hostile_run(struct fleet *fleet, uint64_t seed, bool is_dry_run)
{
    static const enum tenant_state bad[] = {TENANT_FAILED, TENANT_PARTIAL, TENANT_IN_DOUBT,
                                            TENANT_ROLLBACK_FAILED, TENANT_FAILED};
    hostile_prepare(fleet, &seed);
    for (size_t i = 0; i < FLEET_REVISIONS; i++)
        fleet->revisions[i].path = hostile_text(&fleet->arena, &seed);
    fleet->request.is_dry_run = fleet->request.rehearses = fleet->request.asks_rows = is_dry_run;
    struct halt halt = {.kind = HALT_GATE,
                        .wave = fleet->run.waves[0].name,
                        .gate = hostile_text(&fleet->arena, &seed),
                        .output = hostile_text(&fleet->arena, &seed)};
    const char *reason = hostile_text(&fleet->arena, &seed);
    fleet_starts(fleet);
    fleet_begins_wave(fleet, 0);
    fleet_moves(fleet, 0, 1, 3);
    fleet_begins_wave(fleet, 1);
    fleet_moves(fleet, 1, 3, 3);
    if (is_dry_run)
        hostile_foretells(fleet, 2, &seed);
    else
        fleet_moves(fleet, 2, 0, 3);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        hostile_fails(fleet, 3 + i, bad[i], &seed);
    fleet_tell(fleet, (struct event){.kind = EVENT_RUN_DRAINS, .reason = reason, .halt = &halt});
    fleet_ends(fleet, RUN_HALTED);
    hostile_finds(fleet, &seed);
}

static inline void hostile_fleet(struct fleet *fleet, uint64_t seed)
{
    hostile_run(fleet, seed, false);
}

/* The same of a dry run: its steps are told, what its rows say of them, and what a rehearsal saw. */
static inline void hostile_plan(struct fleet *fleet, uint64_t seed)
{
    hostile_run(fleet, seed, true);
}

/* Of all that a format writes: valid UTF-8, and nothing that steers a terminal but the ends of lines. */
static inline void hostile_expect_harmless(const char *text, bool has_carriage_returns)
{
    struct buf safe, plain;
    assert_int_equal(utf8_check(text, strlen(text)), strlen(text));
    buf_init(&safe, BUF_MAX_DEFAULT);
    buf_init(&plain, BUF_MAX_DEFAULT);
    for (const char *at = text; *at; at++)
        if (*at != '\r' || !has_carriage_returns || at[1] != '\n')
            buf_addc(&plain, *at);
    utf8_add_safe(&safe, plain.data, plain.len, true);
    assert_string_equal(safe.data, plain.data);
    buf_done(&safe);
    buf_done(&plain);
}

#endif
