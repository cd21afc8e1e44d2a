/* Compiler attributes, and the functions that must not be used here.
 *
 * The banned ones either cannot bound what they write, or keep hidden state, or start a shell, or are
 * another's in another locale. Each has a replacement in base/: buf.h for strings, parse.h for numbers,
 * ascii.h for cases of letters.
 */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

/* The headers that declare the banned names come first, so that only our own uses are poisoned. */
#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_arg)                                                       \
    __attribute__((format(printf, format_index, first_arg)))
#define NO_RETURN __attribute__((noreturn))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#ifdef __GNUC__
#undef sprintf /* macros where clang fortifies them */
#undef vsprintf
#undef tolower /* macros where the C library optimizes them */
#undef toupper
#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol gets system popen
#pragma GCC poison strcasecmp strncasecmp strcasestr tolower toupper
#endif

#endif
