/* SQL that is neither kept nor shown: all of it, where the inventory says so, or what holds a password: of a tenant, or one that it sets. At the end of a run its revisions are looked through, since by then the passwords of all who
 * were connected to are known. */
#include "base/arena.h"
#include "base/secret.h"
#include "chain/chain.h"
#include "link/link.h"
#include "rollout/rollout_private.h"

static void note_revision(struct rollout *rollout, const struct revision *revision)
{
    if (revision)
        rollout->is_used[chain_file_number(rollout->info.chain, revision)] = true;
}

void rollout_note_used(struct rollout *rollout, const struct outcome *outcome)
{
    const struct chain *chain = rollout->info.chain;
    if (!chain)
        return;
    if (!rollout->is_used)
        rollout->is_used = arena_calloc(&rollout->arena, chain_file_count(chain) + 1, sizeof(bool));
    for (size_t i = 0; i < outcome->step_count; i++)
        note_revision(rollout, outcome->steps[i].revision);
    note_revision(rollout, outcome->error_revision);
}

static bool holds_password(const struct rollout *rollout, const struct revision *revision)
{
    struct secret_span span;
    for (size_t i = 0; i < revision->section_count; i++) {
        const struct section *section = &revision->sections[i];
        size_t len = section_shown_len(section);
        if (links_have_password_in(rollout->links, section->sql, len) ||
            secret_find_in_sql(section->sql, len, section->sql, &span))
            return true;
    }
    return false;
}

/* A revision may be long, and may fail in many tenants: it is looked through once. */
static bool sets_password(struct rollout *rollout, const struct revision *revision)
{
    const struct chain *chain = rollout->info.chain;
    struct secret_span span;
    if (!rollout->setting)
        rollout->setting =
            arena_calloc(&rollout->arena, chain_file_count(chain) + 1, sizeof *rollout->setting);
    enum sets *sets = &rollout->setting[chain_file_number(chain, revision)];
    if (*sets == SETS_UNKNOWN) {
        *sets = SETS_NOTHING;
        for (size_t i = 0; i < revision->section_count && *sets == SETS_NOTHING; i++)
            if (secret_find_in_sql(revision->sections[i].sql, revision->sections[i].sql_len,
                                   revision->sections[i].sql, &span))
                *sets = SETS_PASSWORD;
    }
    return *sets == SETS_PASSWORD;
}

void rollout_hide_literals(struct rollout *rollout, const struct revision *revision, char *text,
                           size_t size)
{
    if (!revision || !rollout->info.chain || !sets_password(rollout, revision))
        return;
    for (size_t i = 0; i < revision->section_count; i++)
        secret_redact_of_sql(text, size, revision->sections[i].sql, revision->sections[i].sql_len);
}

const char *rollout_gate_output(struct rollout *rollout, const struct gate_no *no)
{
    if (!no->output)
        return NULL;
    size_t size = 2 * strlen(no->output) + 1; /* marks may be longer than what they stand for */
    char *shown = arena_alloc(&rollout->arena, size);
    memcpy(shown, no->output, strlen(no->output) + 1);
    links_redact_all(rollout->links, shown, size);
    return shown;
}

void rollout_withhold(struct rollout *rollout)
{
    const struct chain *chain = rollout->info.chain;
    bool *withheld = NULL;
    for (size_t i = 0; rollout->is_used && i < chain_file_count(chain); i++) {
        if (!rollout->is_used[i] ||
            !(rollout->options->hides_sql || holds_password(rollout, chain_file_at(chain, i))))
            continue;
        if (!withheld)
            withheld = arena_calloc(&rollout->arena, chain_file_count(chain), sizeof(bool));
        withheld[i] = true;
    }
    rollout->info.withheld = withheld;
}
