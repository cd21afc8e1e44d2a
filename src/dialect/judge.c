#include "dialect/judge.h"
#include "dialect/scripts.h"

#include "base/secret.h"

struct judging {
    const struct dialect *dialect;
    void *parser;
    const struct revision *revision;
    struct faults *faults, *doubts;
    bool ignores_place;
};

static void judge_statement(const struct judging *judging, const struct piece *piece, size_t at)
{
    const struct statement *statement = &piece->statements[at];
    struct judged judged = {piece->sql + statement->offset, statement->len,
                            piece->is_transactional && !judging->ignores_place};
    struct judgement judgement = {0};
    if (!judging->dialect->judge(judging->parser, &judged, &judgement))
        return;
    secret_redact_of_sql(judgement.text, sizeof judgement.text, judged.sql, judged.len);
    int line = piece_line(piece, judgement.offset ? statement->offset + judgement.offset : 0, at);
    faults_add(judgement.is_certain ? judging->faults : judging->doubts, ERR_CHAIN,
               judging->revision->path, line, "%s", judgement.text);
}

static void judge_script(const struct judging *judging, const struct script *script)
{
    for (size_t i = 0; i < script->piece_count; i++)
        for (size_t at = 0; at < script->pieces[i].statement_count; at++)
            judge_statement(judging, &script->pieces[i], at);
}

static void judge_revision(struct judging *judging, const struct judging_chain *asked,
                           enum direction direction)
{
    enum dialect_id id = judging->dialect->id;
    const struct section *any[1];
    struct err err;
    if (!revision_sections(judging->revision, direction, id, any, 1) ||
        scripts_are_shared(judging->revision, direction, id, asked->used))
        return;
    const struct script *script =
        scripts_get(asked->scripts, judging->dialect, judging->revision, direction, &err);
    if (script)
        judge_script(judging, script);
}

static void judge_as(const struct dialect *dialect, const struct judging_chain *asked,
                     struct judging judging)
{
    judging.dialect = dialect;
    judging.parser = dialect->open_parser ? dialect->open_parser() : NULL;
    for (size_t i = 0; i < asked->chain->count; i++)
        for (int d = 0; d < DIRECTION__COUNT; d++) {
            judging.revision = asked->chain->revisions[i];
            judge_revision(&judging, asked, (enum direction)d);
        }
    if (dialect->close_parser)
        dialect->close_parser(judging.parser);
}

void judge_chain(const struct judging_chain *asked, struct faults *faults, struct faults *doubts)
{
    for (int d = 0; d < DIALECT__COUNT; d++) {
        const struct dialect *dialect = dialect_of((enum dialect_id)d);
        if (asked->used[d] && dialect && dialect->judge)
            judge_as(dialect, asked,
                     (struct judging){.faults = faults,
                                      .doubts = doubts,
                                      .ignores_place = asked->ignores_place});
    }
}
