/* Where results go: to stdout as text, unless -o says more. A file is whole or not there at all.
 *
 *     struct writer writer = {.text = print_table, .json = print_json, .ctx = &it};
 *     if (!outputs_write(options, &writer, true)) …      told on stderr already
 */
#ifndef CLI_OUTPUTS_H
#define CLI_OUTPUTS_H

#include "cli/options.h"

/* Writes the result in one format: of a list, text or json; else `write` in the format of that name, which is one of those
 * that the command says. */
struct writer {
    void (*text)(const void *ctx, FILE *out);
    void (*json)(const void *ctx, FILE *out);
    bool (*write)(void *ctx, const char *format, FILE *out, struct err *err); /* NULL: a list */
    void *ctx;
};

/* A choice: every format that some command has. */
const char *outputs_format_at(size_t index);

/* Members of struct command: the formats of what reports a run, all of report_format_at; and of what does not. */
choice_fn *outputs_report_formats(const struct options *options);
choice_fn *outputs_list_formats(const struct options *options);

/* To be called before anything is begun. False, with an error, where -o, --save or --metrics names a file that is never written
 * to. */
bool outputs_check(const struct options *options, struct err *err) MUST_CHECK;

/* All that -o asks for, and text on stdout where nothing else goes there; with -q not even that
 * where all `has_gone_well`. False: something could not be written, which was told on stderr. */
bool outputs_write(const struct options *options, const struct writer *writer, bool has_gone_well);

/* Writes it to that file alone. False: it could not be written, which was told on stderr. */
bool outputs_write_file(const struct writer *writer, const char *format, const char *path);

#endif
