/* A catalog as people, programs and databases read it.
 *
 * Text has a line for each object, what a table owns below it; JSON has the records; SQL has the statements that make all of
 * it in an empty database.
 */
#ifndef CLI_SCHEMA_VIEW_H
#define CLI_SCHEMA_VIEW_H

#include "report/json_stream.h"
#include "schema/catalog.h"

/* Indented by two; in the order of kinds and names, columns in their own. */
void schema_view_text(const struct catalog *catalog, FILE *out);

/* The members "group" and "objects" of the object that is open. */
void schema_view_json(const struct catalog *catalog, struct json_stream *stream);

/* Of a catalog that was read for an emitter. */
void schema_view_sql(const struct catalog *catalog, FILE *out);

#endif
