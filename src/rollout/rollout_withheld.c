/* SQL that is neither kept nor shown: all of it, where the inventory says so, or what holds a password of a tenant. At the end of a run its revisions are looked through, since by then the passwords of all who
 * were connected to are known. */
#include "base/arena.h"
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
    for (size_t i = 0; i < revision->section_count; i++) {
        const struct section *section = &revision->sections[i];
        if (links_have_password_in(rollout->links, section->sql, section_shown_len(section)))
            return true;
    }
    return false;
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
