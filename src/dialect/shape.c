#include "dialect/template.h"

#include "base/grid.h"

/* Numbers and booleans that are read as such are never NULL. */
static const struct grid_shape shapes[SQL__COUNT] = {
    [SQL_BLOCKERS] = {"..", 0},
    [SQL_BLOCKERS_SECOND] = {"..", 0},
    [SQL_BLOCKERS_THIRD] = {"..", 0},
    [SQL_INSPECT] = {".......", 1},
    [SQL_PROGRESS] = {"..", 0},
    [SQL_LOCATE] = {"!.", 0},
    [SQL_IDENTITY] = {"!", 1},
    [SQL_VERSIONS] = {".", 0},
    [SQL_TABLES] = {".", 0},
    [SQL_HISTORY] = {".......", 0},
    [SQL_HISTORY_NEWEST] = {".......", 0},
    [SQL_SURVEY] = {"!!!.", 0},
    [SQL_SURVEY_NEWEST] = {"!!!.", 0},
    [SQL_SCRATCHES] = {".", 0},
    [SQL_SURVEY_SERVER] = {"!!", 1},
    [SQL_SURVEY_PLACES] = {"!!!!!!", 0},
    [SQL_REHEARSE_BEFORE] = {"!!!!.", 0},
    [SQL_REHEARSE_SEEN] = {"!!!..!", 0},
    [SQL_REHEARSE_WAITING] = {"!", 1},
    [SQL_BATCH_END] = {"!", 1},
    [SQL_PRESSURE] = {"...!!!", 1},
};

const struct grid_shape *sql_shape(enum sql_id id)
{
    return shapes[id].columns ? &shapes[id] : NULL;
}
