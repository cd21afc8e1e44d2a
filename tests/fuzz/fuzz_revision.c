/* Any bytes as a revision file, and split into two as a chain of two: no crash, and what is accepted
 * keeps its promises. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/err.h"
#include "chain/chain.h"
#include "dialect/dialects.h"
#include "dialect/scripts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_revision(const struct revision *revision)
{
    if (!revision->id || !*revision->id || strlen(revision->id) > 32 ||
        !revision_has_direction(revision, DIRECTION_UP))
        abort();
    for (size_t i = 0; i < revision->section_count; i++)
        if (revision->sections[i].sql[revision->sections[i].sql_len] != '\0')
            abort();
}

static void split_all(const struct chain *chain)
{
    bool used[DIALECT__COUNT];
    memset(used, true, sizeof used);
    struct scripts *scripts = scripts_new(chain);
    struct faults faults;
    faults_init(&faults);
    scripts_check(scripts, used, &faults);
    faults_done(&faults);
    scripts_free(scripts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    size_t half = size / 2;
    struct chain_file files[] = {{"a.sql", bytes, half}, {"b.sql", bytes + half, size - half}};
    struct arena arena;
    struct faults faults;
    arena_init(&arena);
    faults_init(&faults);
    const struct revision *revision = revision_parse(&arena, "f.sql", bytes, size, &faults);
    if (!revision != (faults.total > 0))
        abort();
    if (revision)
        check_revision(revision);
    faults_done(&faults);
    faults_init(&faults);
    struct chain *chain = chain_build("versions", files, 2, &faults);
    if (!chain != (faults.total > 0))
        abort();
    if (chain)
        split_all(chain);
    chain_free(chain);
    struct chain_file whole = {"f.sql", bytes, size};
    faults_done(&faults);
    faults_init(&faults);
    chain = chain_build("versions", &whole, 1, &faults);
    if (chain)
        split_all(chain);
    chain_free(chain);
    faults_done(&faults);
    arena_done(&arena);
    return 0;
}
