/* Revisions as texts, and what lint finds in them. */
#ifndef UNIT_LINT_FIXTURE_H
#define UNIT_LINT_FIXTURE_H

#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "dialect/dialect.h"
#include "lint/lint.h"

/* A revision before it, and the one that is looked at, whose sections begin with their markers. */
struct lint_case {
    enum dialect_id dialect;
    const char *before, *up; /* a `-- migrate:down` of its own is read too */
    const char *found;       /* `rule:line rule:line`, lines counted from the first section */
};

enum { HEADER_LINES = 3 };

static inline const char *revision_text(struct arena *arena, const char *id, const char *revises,
                                        const char *sections)
{
    const char *marker = strstr(sections, "-- migrate:up") ? "" : "-- migrate:up\n";
    bool has_down = strstr(sections, "-- migrate:down") || strstr(sections, "-- no down");
    return arena_printf(arena, "-- Revision ID: %s\n-- Revises: %s\n\n%s%s\n%s", id, revises,
                        marker, sections, has_down ? "" : "-- migrate:down\n");
}

static inline struct chain *chain_of(struct arena *arena, const struct lint_case *lint_case)
{
    struct chain_file files[2];
    struct faults faults;
    const char *texts[] = {
        revision_text(arena, "aaaa", "", lint_case->before ? lint_case->before : "SELECT 1;"),
        revision_text(arena, "bbbb", "aaaa", lint_case->up),
    };
    const char *names[] = {"aaaa.sql", "bbbb.sql"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        files[i] = (struct chain_file){names[i], texts[i], strlen(texts[i])};
    faults_init(&faults);
    struct chain *chain = chain_build("versions", files, ARRAY_LEN(files), &faults);
    if (!chain)
        fail_msg("%s: %s", lint_case->up, faults.items[0].text);
    faults_done(&faults);
    return chain;
}

static inline void lint_of(struct arena *arena, const struct lint_case *lint_case,
                           struct buf *found, struct faults *faults)
{
    struct chain *chain = chain_of(arena, lint_case);
    bool used[DIALECT__COUNT] = {false};
    bool *linted = arena_calloc(arena, chain->count, sizeof *linted);
    struct lint lint;
    used[lint_case->dialect] = true;
    linted[chain_get(chain, "bbbb")->index] = true;
    struct lint_request request = {.chain = chain,
                                   .used = used,
                                   .linted = linted,
                                   .reads_down = strstr(lint_case->up, "-- migrate:down") != NULL,
                                   .has_schemas = true};
    lint_chain(&request, &lint, faults);
    for (size_t i = 0; i < lint.count; i++)
        buf_addf(found, "%s%s%s:%d", found->len ? " " : "", lint.findings[i].waiver ? "-" : "",
                 lint_rule_at(lint.findings[i].rule),
                 lint.findings[i].line > 1 ? lint.findings[i].line - HEADER_LINES - 1 : 0);
    lint_done(&lint);
    chain_free(chain);
}

static inline void check_cases(const struct lint_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena arena;
        struct buf found;
        struct faults faults;
        arena_init(&arena);
        buf_init(&found, 65536);
        faults_init(&faults);
        lint_of(&arena, &cases[i], &found, &faults);
        if (faults.count)
            fail_msg("%s: %s", cases[i].up, faults.items[0].text);
        if (strcmp(found.data, cases[i].found) != 0)
            fail_msg("%s\n  found: %s\n  not:   %s", cases[i].up, found.data, cases[i].found);
        faults_done(&faults);
        buf_done(&found);
        arena_done(&arena);
    }
}

#define PG DIALECT_POSTGRESQL
#define LITE DIALECT_SQLITE
#define MARIA DIALECT_MARIADB
#define OUTSIDE "-- migrate:up transaction:false\n"
#define DOWN "\n-- migrate:down\n"

#endif
