#include "library/verify_doubts.h"

#include "base/buf.h"
#include "chain/chain.h"
#include "dialect/scripts.h"
#include "library/scratch.h"

/* Of the revisions that stand in for the step: one for what is done, and one for the statement in doubt. */
#define WITHOUT_ID "skein_before"
#define WITH_ID "skein_after"

struct doubt_item {
    struct doubted of; /* rows: those below */
    struct rows rows;
    const struct dialect *dialect; /* whose sections it runs */
};

void doubt_list_add(struct doubt_list *list, const struct tenant *tenant,
                    const struct outcome *outcome)
{
    const struct half_step *half = outcome->half_step;
    const struct doubt_item item = {.of = {.kind = {tenant->url.dialect, tenant->schema != NULL},
                                           .revision = half->revision,
                                           .direction = half->direction,
                                           .statements = half->statements},
                                    .dialect = dialect_of(outcome->dialect)};
    for (size_t i = 0; i < list->count; i++) {
        const struct doubt_item *other = &list->items[i];
        if (other->dialect == item.dialect &&
            other->of.kind.has_schema == item.of.kind.has_schema &&
            other->of.statements == item.of.statements &&
            other->of.direction == item.of.direction &&
            strcmp(other->of.revision, item.of.revision) == 0 &&
            rows_are_equal(&other->rows, &outcome->from))
            return;
    }
    struct doubt_item *added = ARENA_PUSH(list->arena, list->items, list->count, list->capacity);
    *added = item;
    added->rows = rows_copy(list->arena, &outcome->from);
    added->of.revision = arena_strdup(list->arena, half->revision);
}

/* ---- a chain with the step in two parts --------------------------------------------------------- */

/* The pieces of the script up to the one that begins with the statement `end`, from that with `begin` on. */
static const char *sql_of(struct doubt_list *list, const struct script *script, size_t begin,
                          size_t end)
{
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < script->piece_count; i++) {
        const struct piece *piece = &script->pieces[i];
        if (piece->first_statement >= begin && piece->first_statement < end)
            buf_addf(&sql, "%s\n;\n", piece->sql);
    }
    return buf_into(&sql, list->arena);
}

static struct chain_file file_of(struct doubt_list *list, const char *id, const char *revises,
                                 const char *sql)
{
    const char *text = arena_printf(
        list->arena, "-- Revision ID: %s\n-- Revises: %s\n\n-- migrate:up transaction:false\n%s",
        id, revises, sql);
    return (struct chain_file){arena_printf(list->arena, "zzzz_%s.sql", id), text, strlen(text)};
}

static const char *heads_of(struct doubt_list *list, const struct rows *rows)
{
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < rows->count; i++)
        buf_addf(&text, "%s%s", i ? ", " : "", rows->ids[i]);
    return buf_into(&text, list->arena);
}

static struct chain *make_chain(struct doubt_list *list, const struct doubt_item *item,
                                const struct script *script, struct err *err)
{
    const struct piece *next = script_piece_at(script, item->of.statements);
    size_t end = next ? next->first_statement + next->statement_count : 0;
    struct chain_file *files, *all;
    struct faults faults;
    struct chain *chain = NULL;
    size_t count;
    faults_init(&faults);
    if (chain_read(list->arena, list->fleet->inventory->chain_dir, &files, &count, &faults)) {
        all = arena_calloc(list->arena, count + 2, sizeof *all);
        memcpy(all, files, count * sizeof *all);
        all[count] = file_of(list, WITHOUT_ID, heads_of(list, &item->rows),
                             sql_of(list, script, 0, item->of.statements));
        all[count + 1] =
            file_of(list, WITH_ID, WITHOUT_ID, sql_of(list, script, item->of.statements, end));
        chain = chain_build(list->fleet->inventory->chain_dir, all, count + 2, &faults);
    }
    if (!chain)
        *err = faults.items[0];
    faults_done(&faults);
    return chain;
}

/* ---- what it makes ------------------------------------------------------------------------------ */

static bool replay(struct doubt_list *list, const struct doubt_item *item, struct chain *chain,
                   struct scratch *scratch, struct catalog *ret[2], struct err *err)
{
    static const char *const targets[] = {WITHOUT_ID, WITH_ID};
    const struct scratch_kind kind = {item->of.kind.dialect, item->of.kind.has_schema};
    struct fleet fleet = *list->fleet;
    fleet.chain = chain;
    fleet.scripts = scripts_new(chain);
    bool is_done = scratch_open(scratch, &fleet, &kind, err);
    for (size_t i = 0; is_done && i < ARRAY_LEN(targets); i++)
        is_done = scratch_go(scratch, &(struct scratch_move){VERB_UPGRADE, &targets[i], 1},
                             list->arena, &ret[i], err);
    scratch_close(scratch);
    scripts_free(fleet.scripts);
    return is_done;
}

static bool learn(struct doubt_list *list, struct doubt_item *item,
                  struct verification *verification, int *ret_signal, struct err *err)
{
    const struct revision *revision =
        chain_get_way(list->fleet->chain, item->of.revision, !item->rows.count);
    const struct script *script = revision ? scripts_get(list->fleet->scripts, item->dialect,
                                                         revision, item->of.direction, err)
                                           : NULL;
    struct scratch scratch;
    struct catalog *made[2];
    item->of.rows = &item->rows;
    struct chain *chain = script ? make_chain(list, item, script, err) : NULL;
    if (!chain)
        return revision ? false : err_set(err, ERR_CHAIN, "the chain has no such revision");
    bool is_learnt = replay(list, item, chain, &scratch, made, err);
    *ret_signal = scratch.signal;
    chain_free(chain);
    if (is_learnt)
        verification_add_doubt(verification, &item->of, made[0], made[1]);
    return is_learnt;
}

int doubt_list_learn(struct doubt_list *list, struct verification *verification,
                     const char **ret_note)
{
    int signal = 0;
    struct err err;
    *ret_note = NULL;
    for (size_t i = 0; i < list->count && !signal; i++) {
        struct doubt_item *item = &list->items[i];
        if (!learn(list, item, verification, &signal, &err) && !signal && !*ret_note)
            *ret_note = arena_printf(
                &list->fleet->arena,
                "what statement %zu of revision '%s' makes is not known, so what tenants hold "
                "cannot tell whether it took effect there: %s",
                item->of.statements + 1, item->of.revision, err.text);
    }
    return signal;
}
