/* Where results go: to stdout as text, unless -o says more. A file is whole or not there at all.
 *
 *     struct writer writer = {write_it, &it};
 *     if (!outputs_write(options, &writer, true)) …      told on stderr already
 */
#ifndef CLI_OUTPUTS_H
#define CLI_OUTPUTS_H

#include "cli/options.h"

/* Writes the result in one format, also one that it does not know: then *err says so. */
struct writer {
    bool (*write)(void *ctx, const char *format, FILE *out, struct err *err);
    void *ctx;
};

/* All that -o asks for, and text on stdout where nothing else goes there; with -q not even that
 * where all `has_gone_well`. False: something could not be written, which was told on stderr. */
bool outputs_write(const struct options *options, const struct writer *writer, bool has_gone_well);

/* What a writer answers that has no such format. */
bool outputs_refuse(const char *format, struct err *err);

#endif
