/* Character classes that no locale changes: for formats, which are ASCII everywhere. (A Turkish one has
 * another small I, so that COMMIT is not commit for tolower() and strcasecmp().) */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include "base/compiler.h"

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ascii_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ascii_is_alnum(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c);
}

static inline char ascii_to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline char ascii_to_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* These three in any case of letters. */
static inline bool ascii_begins(const char *text, const char *word)
{
    while (*word && ascii_to_lower(*text) == ascii_to_lower(*word))
        text++, word++;
    return !*word;
}

static inline bool ascii_is_same(const char *text, const char *other)
{
    return strlen(text) == strlen(other) && ascii_begins(text, other);
}

static inline bool ascii_holds(const char *text, const char *word)
{
    while (*text && !ascii_begins(text, word))
        text++;
    return *text != '\0';
}

/* Whether all of a non-empty `text` is letters, digits and characters of `others`. */
static inline bool ascii_is_made_of(const char *text, const char *others)
{
    for (const char *p = text; *p; p++)
        if (!ascii_is_alnum(*p) && !strchr(others, *p))
            return false;
    return *text != '\0';
}

#endif
