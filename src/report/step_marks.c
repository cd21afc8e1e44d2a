/* What of a step a person should know before it is taken. */
#include "report/model.h"

struct step_marks report_step_marks(const struct report *report, const struct report_step *step,
                                    enum dialect_id dialect)
{
    enum { SECTIONS_MAX = 256 };
    const struct section *sections[SECTIONS_MAX];
    const struct verb *verb = report->run.request->verb;
    struct step_marks marks = {0};
    if (!step->revision || !verb_runs_scripts(verb))
        return marks;
    size_t count = revision_sections(step->revision, (enum direction)step->direction, dialect,
                                     sections, SECTIONS_MAX);
    marks.is_irreversible = step->direction == DIRECTION_UP && !step->revision->is_checkpoint &&
                            !revision_has_direction(step->revision, DIRECTION_DOWN);
    marks.destroys_data = step->destroys_data;
    marks.is_checkpoint = step->revision->is_checkpoint;
    marks.commits_itself = step->commits_itself;
    marks.is_empty = !step->statements && !verb->rolls_back;
    for (size_t i = 0; i < count && step->statements; i++) {
        marks.is_outside |= !sections[i]->is_transactional;
        marks.is_repeated |= sections[i]->repeat != NULL;
    }
    return marks;
}
