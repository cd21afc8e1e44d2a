#include "library/checkpoint.h"

#include "base/buf.h"
#include "chain/write.h"
#include "dialect/scripts.h"
#include "library/autogenerate.h"
#include "library/fleet_catalogs.h"
#include "schema/emit.h"

struct checking {
    struct fleet *fleet;
    struct checkpoint *checkpoint;
    struct arena *arena;
    struct catalog_rules rules; /* nothing is ignored: a new tenant is to be whole */
    struct scratch_kind kind;
    struct catalog *base, *wanted; /* before all revisions, and after them */
    struct err *err;
};

/* ---- what the revisions make --------------------------------------------------------------------- */

static bool go(struct checking *checking, struct scratch *scratch, const char *target,
               struct catalog **ret)
{
    const struct scratch_move move = {VERB_UPGRADE, &target, target != NULL};
    return scratch_go(scratch, &move, checking->arena, ret, checking->err);
}

static bool replay(struct checking *checking, const char *id)
{
    struct scratch scratch;
    bool is_done = scratch_open(&scratch, checking->fleet, &checking->kind, checking->err) &&
                   go(checking, &scratch, NULL, &checking->base) &&
                   go(checking, &scratch, id, &checking->wanted);
    checking->checkpoint->signal = scratch.signal;
    scratch_close(&scratch);
    return is_done ||
           err_prefix(checking->err, "the chain cannot be replayed in a scratch database");
}

/* ---- rows ------------------------------------------------------------------------------------------ */

static bool holds_rows(const struct object *object)
{
    return object->kind == OBJECT_TABLE || object->kind == OBJECT_VIRTUAL_TABLE;
}

/* Revisions on top of the chain, each of which fails where a table has rows. */
static struct chain *chain_of_questions(struct checking *checking, const char *id,
                                        const struct object **tables, size_t count)
{
    const char *dir = checking->fleet->chain->dir;
    const struct dialect *dialect = dialect_of(checking->kind.dialect);
    struct chain_file *files;
    struct faults faults;
    struct chain *chain = NULL;
    size_t known;
    faults_init(&faults);
    if (chain_read(checking->arena, dir, &files, &known, &faults)) {
        struct chain_file *all = arena_calloc(checking->arena, known + count, sizeof *all);
        memcpy(all, files, known * sizeof *all);
        for (size_t i = 0; i < count; i++) {
            struct buf text;
            buf_init(&text, SIZE_MAX / 2);
            buf_addf(&text, "-- Revision ID: skein_rows_%zu\n-- Revises: ", i);
            i ? buf_addf(&text, "skein_rows_%zu", i - 1) : buf_adds(&text, id);
            buf_adds(
                &text,
                "\n\n-- migrate:up\nSELECT 1;\n-- verify: SELECT 1 FROM (SELECT COUNT(*) AS n FROM ");
            dialect->add_identifier(&text, tables[i]->name);
            buf_adds(&text, ") counted WHERE n = 0\n");
            size_t len = text.len;
            all[known + i] = (struct chain_file){arena_printf(checking->arena, "zzzz_%zu.sql", i),
                                                 buf_into(&text, checking->arena), len};
        }
        chain = chain_build(dir, all, known + count, &faults);
    }
    if (!chain)
        *checking->err = faults.items[0];
    faults_done(&faults);
    return chain;
}

static bool refuse_rows(struct checking *checking, const char *id, const struct object *table)
{
    if (checking->err->kind != ERR_SQL)
        return false;
    return err_set(
        checking->err, ERR_CONFIG,
        "up to '%s' the revisions put rows into table '%s', which a checkpoint would not: "
        "a tenant at base has to go the long way",
        id, table->name);
}

static bool ask_rows(struct checking *checking, const char *id, struct chain *chain,
                     const struct object **tables, size_t count)
{
    struct fleet fleet = *checking->fleet;
    struct scratch scratch;
    struct catalog *made;
    fleet.chain = chain;
    fleet.scripts = scripts_new(chain);
    bool is_good = scratch_open(&scratch, &fleet, &checking->kind, checking->err) &&
                   go(checking, &scratch, id, &made);
    for (size_t i = 0; is_good && i < count; i++) {
        const char *target = arena_printf(checking->arena, "skein_rows_%zu", i);
        is_good = go(checking, &scratch, target, &made) || refuse_rows(checking, id, tables[i]);
    }
    checking->checkpoint->signal = scratch.signal;
    scratch_close(&scratch);
    scripts_free(fleet.scripts);
    return is_good;
}

static bool has_no_rows(struct checking *checking, const char *id)
{
    const struct catalog *wanted = checking->wanted;
    const struct object **tables =
        arena_calloc(checking->arena, wanted->object_count + 1, sizeof(struct object *));
    size_t count = 0;
    for (size_t i = 0; i < wanted->object_count; i++)
        if (holds_rows(wanted->objects[i]))
            tables[count++] = wanted->objects[i];
    if (!count)
        return true;
    struct chain *chain = chain_of_questions(checking, id, tables, count);
    bool is_good = chain && ask_rows(checking, id, chain, tables, count);
    chain_free(chain);
    return is_good;
}

/* ---- the file -------------------------------------------------------------------------------------- */

static void add_section(struct checking *checking, struct section *sections, struct buf *sql,
                        bool is_transactional)
{
    size_t len = sql->len;
    if (len || is_transactional)
        sections[checking->checkpoint->revision.section_count++] =
            (struct section){.direction = DIRECTION_UP,
                             .dialect = checking->kind.dialect,
                             .is_transactional = is_transactional,
                             .sql = arena_strndup(checking->arena, len ? sql->data : "", len),
                             .sql_len = len};
    buf_done(sql);
}

static void emit(struct checking *checking, struct section *sections)
{
    struct buf before, sql, later;
    struct emission emission = {.arena = checking->arena,
                                .from = checking->base,
                                .to = checking->wanted,
                                .rules = &checking->rules,
                                .allows_all = true,
                                .before = &before,
                                .sql = &sql,
                                .later = &later};
    buf_init(&before, SIZE_MAX / 2);
    buf_init(&sql, SIZE_MAX / 2);
    buf_init(&later, SIZE_MAX / 2);
    emission_change(dialect_of(checking->kind.dialect)->emitter, &emission);
    add_section(checking, sections, &before, false);
    add_section(checking, sections, &sql, true);
    add_section(checking, sections, &later, false);
}

static struct revision as_revision(const struct revision *checkpoint)
{
    struct revision revision = *checkpoint;
    revision.is_checkpoint = false;
    return revision;
}

/* As a chain of one revision. */
static struct chain *chain_of_checkpoint(struct checking *checking,
                                         const struct revision *checkpoint)
{
    struct revision revision = as_revision(checkpoint);
    struct faults faults;
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    revision_write(&text, &revision);
    const struct chain_file file = {"checkpoint.sql", text.data, text.len};
    faults_init(&faults);
    struct chain *chain = chain_build(checking->fleet->chain->dir, &file, 1, &faults);
    if (!chain)
        *checking->err = faults.items[0];
    faults_done(&faults);
    buf_done(&text);
    return chain;
}

static bool make_by_checkpoint(struct checking *checking, const struct revision *checkpoint,
                               struct catalog **ret)
{
    struct fleet fleet = *checking->fleet;
    struct scratch scratch;
    fleet.chain = chain_of_checkpoint(checking, checkpoint);
    if (!fleet.chain)
        return false;
    fleet.scripts = scripts_new(fleet.chain);
    bool is_made = scratch_open(&scratch, &fleet, &checking->kind, checking->err) &&
                   go(checking, &scratch, checkpoint->id, ret);
    checking->checkpoint->signal = scratch.signal;
    scratch_close(&scratch);
    scripts_free(fleet.scripts);
    chain_free(fleet.chain);
    return is_made || err_prefix(checking->err, "the checkpoint does not work");
}

static bool prove(struct checking *checking, const struct revision *checkpoint)
{
    struct catalog *made;
    if (!make_by_checkpoint(checking, checkpoint, &made))
        return false;
    if (strcmp(catalog_fingerprint(made, &checking->rules).hex,
               catalog_fingerprint(checking->wanted, &checking->rules).hex) == 0)
        return true;
    comparison_make(&checking->checkpoint->remaining, checking->wanted, made, &checking->rules);
    return err_set(checking->err, ERR_CHAIN,
                   "%s: the checkpoint of '%s' does not make what the revisions make",
                   dialect_info(checking->kind.dialect)->name, checkpoint->id);
}

/* ---- the whole ------------------------------------------------------------------------------------- */

static void begin(struct checking *checking, struct fleet *fleet, struct checkpoint *ret,
                  struct err *err)
{
    *ret = (struct checkpoint){.signal = 0};
    arena_init(&ret->arena);
    *checking =
        (struct checking){.fleet = fleet, .checkpoint = ret, .arena = &ret->arena, .err = err};
    catalog_rules_init(&checking->rules, &ret->arena);
}

static bool make_for(struct checking *checking, struct section *sections)
{
    struct revision *revision = &checking->checkpoint->revision;
    if (!dialect_of(checking->kind.dialect)->emitter)
        return err_set(checking->err, ERR_CONFIG, "skein writes no statements for %s yet",
                       dialect_info(checking->kind.dialect)->title);
    if (!replay(checking, revision->id) || !has_no_rows(checking, revision->id))
        return false;
    emit(checking, sections);
    return prove(checking, revision);
}

bool checkpoint_make(struct fleet *fleet, const struct revision *revision, struct checkpoint *ret,
                     struct err *err)
{
    struct checking checking;
    struct scratch_kind kinds[DIALECT__COUNT];
    size_t count = autogenerate_kinds(fleet->inventory, kinds);
    begin(&checking, fleet, ret, err);
    enum { SECTIONS_OF_ONE = 3 }; /* of a dialect */
    struct section *sections =
        arena_calloc(&ret->arena, SECTIONS_OF_ONE * count + 1, sizeof *sections);
    ret->revision = (struct revision){
        .id = revision->id,
        .message = arena_printf(&ret->arena, "All that leads to %s", revision->id),
        .create_date = "",
        .is_checkpoint = true,
        .sections = sections};
    if (!revision->parent_count)
        return err_set(err, ERR_CONFIG,
                       "nothing lies under revision '%s': a checkpoint of it would spare nothing",
                       revision->id);
    if (!count)
        return err_set(err, ERR_CONFIG, "the inventory lists no tenant whose dialect is known");
    for (size_t i = 0; i < count; i++) {
        checking.kind = kinds[i];
        if (!make_for(&checking, sections))
            return false;
    }
    return true;
}

bool checkpoint_check(struct fleet *fleet, const struct revision *revision, struct checkpoint *ret,
                      struct err *err)
{
    struct checking checking;
    struct scratch_kind kinds[DIALECT__COUNT];
    size_t count = autogenerate_kinds(fleet->inventory, kinds);
    begin(&checking, fleet, ret, err);
    for (size_t i = 0; i < count; i++) {
        checking.kind = kinds[i];
        if (!replay(&checking, revision->id) || !has_no_rows(&checking, revision->id) ||
            !prove(&checking, revision))
            return false;
    }
    return true;
}

void checkpoint_done(struct checkpoint *checkpoint)
{
    arena_done(&checkpoint->arena);
}
