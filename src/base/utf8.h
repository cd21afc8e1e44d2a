/* UTF-8: is it valid, and how to show text from outside without letting it do anything. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/compiler.h"

struct buf;

/* Decodes one code point of `len` bytes at `text`; its size in bytes (1 to 4), or 0 where the
 * bytes are no UTF-8 (overlong, surrogate, beyond U+10FFFF, cut off). */
size_t utf8_decode(const char *text, size_t len, uint32_t *ret_code_point);

/* The offset of the first byte that is not UTF-8; `len` where all is well. */
size_t utf8_check(const char *text, size_t len);

/* The offset in bytes at which character `position` (from 0) begins; `len` where there are fewer characters. Each
 * byte that is no UTF-8 counts as one character. */
size_t utf8_byte_of(const char *text, size_t len, size_t position);

/* Appends `text` so that a terminal shows it and does nothing else: C0 (but newline and tab where
 * `keep_layout`), DEL, C1, bidi and zero-width controls and bad bytes become \xNN or \u{NNNN}. */
void utf8_add_safe(struct buf *buf, const char *text, size_t len, bool keep_layout);

/* Appends valid UTF-8: bad bytes become U+FFFD. For JSON. */
void utf8_add_valid(struct buf *buf, const char *text, size_t len);

#endif
