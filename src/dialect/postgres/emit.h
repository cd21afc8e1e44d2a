/* Statements that make one catalog of PostgreSQL's another: of all kinds of objects that the reader reads, in an order that their
 * needs ask for (needs.h). What it has no statements for it refuses, with the reason. Pure.
 */
#ifndef DIALECT_POSTGRES_EMIT_H
#define DIALECT_POSTGRES_EMIT_H

#include "schema/emit.h"

extern const struct catalog_emitter postgres_emitter;

#endif
