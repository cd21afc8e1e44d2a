/* `skein --version`: of skein, and of the libraries it was built with and runs with. */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

#include <stdio.h>

/* Several lines. Whether all was written is the caller's to see. */
void version_print(FILE *out);

#endif
