/* Statements that make one catalog of PostgreSQL's another. Pure.
 *
 * What it knows: enums, sequences, functions and procedures, tables with their columns and constraints, indexes, views, triggers and
 * comments. Of other kinds it writes nothing, so that what differs in them is told and no file written.
 */
#ifndef DIALECT_POSTGRES_EMIT_H
#define DIALECT_POSTGRES_EMIT_H

#include "schema/emit.h"

extern const struct catalog_emitter postgres_emitter;

#endif
