/* Whether a program can be run, before it has to be. */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

#include "base/compiler.h"

struct err;

/* Finds the program as exec does: a name with a '/' is a path, relative to the working directory; another is looked up in
 * PATH. False: there is none, it may not be executed, or it is a folder; or the program that its first line (`#!`)
 * names is not there. ERR_CONFIG. */
bool program_check(const char *name, struct err *err) MUST_CHECK;

#endif
