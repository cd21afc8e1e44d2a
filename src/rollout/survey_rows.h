/* The rows of two tables in one text, as SQL_SURVEY answers it for each tenant (dialect.h). Pure.
 *
 * A row stands between `<x>` and `</x>`; what is around these is no one's. It is a record as PostgreSQL shows it, escaped for
 * XML: (1,abc,,"a,b"). Its first column is a digit, 0: the version table, 1: the history.
 */
#ifndef ROLLOUT_SURVEY_ROWS_H
#define ROLLOUT_SURVEY_ROWS_H

#include "base/arena.h"
#include "base/grid.h"

enum { SURVEY_HISTORY_COLUMNS = 7 };

/* All that is told lives in the arena. Columns that are missing are NULL, what is too much is left out. */
void survey_take_rows(struct arena *arena, const char *text, struct grid *ret_versions,
                      struct grid *ret_history);

#endif
