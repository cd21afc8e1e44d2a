/* Lists of texts: is one among them, and in which order do two come? */
#ifndef BASE_TEXTS_H
#define BASE_TEXTS_H

#include "base/compiler.h"

/* Byte by byte. */
static inline bool texts_have(const char *const *texts, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(texts[i], text) == 0)
            return true;
    return false;
}

/* The same of a list that NULL ends. */
static inline bool texts_until_null_have(const char *const *texts, const char *text)
{
    while (*texts && strcmp(*texts, text) != 0)
        texts++;
    return *texts != NULL;
}

/* As memcmp; the shorter one comes first where it is the beginning of the other. */
static inline int texts_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

#endif
