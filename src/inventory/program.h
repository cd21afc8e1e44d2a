/* Programs that the inventory names: whether one can be run, before it has to be. */
#ifndef INVENTORY_PROGRAM_H
#define INVENTORY_PROGRAM_H

#include "base/compiler.h"

struct err;
struct faults;
struct inventory;

/* Finds the program as exec does: a name with a '/' is a path, relative to the working directory; another is looked up in
 * PATH. False: there is none, it may not be executed, or it is a folder; or the program that its first line (`#!`)
 * names is not there. ERR_CONFIG. */
bool program_check(const char *name, struct err *err) MUST_CHECK;

/* Adds a fault, at its line, for each gate that cannot be run. False: there is one. */
bool program_check_gates(const struct inventory *inventory, struct faults *faults) MUST_CHECK;

#endif
