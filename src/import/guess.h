/* What a folder holds that is no chain: which tool's migrations, if any.
 *
 *     struct err err;
 *     if (import_guess(dir, &guess)) import_advise(&guess, dir, "sqlite", &err);   "…: 'skein import dbmate db'"
 */
#ifndef IMPORT_GUESS_H
#define IMPORT_GUESS_H

#include "base/err.h"

struct import_tool;

struct import_guess {
    const struct import_tool *tool; /* NULL: no tool that is known */
    char example[512]; /* the name of one of its files, with its folder's where it is in one */
};

/* Looks at names, and at how files begin, in the folder and those in it. False: there is a revision of skein's, or the
 * folder cannot be read; then *ret_guess is empty. */
bool import_guess(const char *dir, struct import_guess *ret_guess);

/* Adds to the error what the person can do: import the tool's migrations, or make a first revision. `dialect` is the
 * one of all tenants; NULL: they differ. */
void import_advise(const struct import_guess *guess, const char *dir, const char *dialect,
                   struct err *err);

#endif
