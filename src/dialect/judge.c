#include "dialect/judge.h"

struct judging {
    const struct dialect *dialect;
    void *parser;
    const struct revision *revision;
    struct faults *faults, *doubts;
};

static void judge_statement(const struct judging *judging, const struct piece *piece, size_t at)
{
    const struct statement *statement = &piece->statements[at];
    struct judged judged = {piece->sql + statement->offset, statement->len,
                            piece->is_transactional};
    struct judgement judgement = {0};
    if (!judging->dialect->judge(judging->parser, &judged, &judgement))
        return;
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

void judge_chain(struct scripts *scripts, const struct chain *chain, const struct dialect *dialect,
                 struct faults *faults, struct faults *doubts)
{
    struct judging judging = {.dialect = dialect, .faults = faults, .doubts = doubts};
    if (!dialect->judge)
        return;
    if (dialect->open_parser)
        judging.parser = dialect->open_parser();
    for (size_t i = 0; i < chain->count; i++)
        for (int d = 0; d < DIRECTION__COUNT; d++) {
            const struct section *any[1];
            struct err err;
            judging.revision = chain->revisions[i];
            if (!revision_sections(judging.revision, (enum direction)d, dialect->id, any, 1))
                continue;
            const struct script *script =
                scripts_get(scripts, dialect, judging.revision, (enum direction)d, &err);
            if (script)
                judge_script(&judging, script);
        }
    if (dialect->close_parser)
        dialect->close_parser(judging.parser);
}
