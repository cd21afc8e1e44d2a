/* SHA-256, of a revision's bytes and of the chain, through libcrypto. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/compiler.h"

enum { HASH_HEX_SIZE = 65 }; /* 64 hex digits and a NUL */

void hash_hex(const void *bytes, size_t len, char ret_hex[HASH_HEX_SIZE]);

/* The first 8 bytes of the SHA-256, big-endian: for lock keys. */
uint64_t hash_u64(const void *bytes, size_t len);

#endif
