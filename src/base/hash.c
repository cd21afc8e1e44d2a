#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

static void digest(const void *bytes, size_t len, unsigned char ret_digest[SHA256_DIGEST_LENGTH])
{
    if (!EVP_Digest(bytes, len, ret_digest, NULL, EVP_sha256(), NULL))
        abort(); /* only out of memory or a libcrypto without SHA-256 */
}

void hash_hex(const void *bytes, size_t len, char ret_hex[HASH_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char raw[SHA256_DIGEST_LENGTH];
    digest(bytes, len, raw);
    for (size_t i = 0; i < sizeof raw; i++) {
        ret_hex[2 * i] = digits[raw[i] >> 4];
        ret_hex[2 * i + 1] = digits[raw[i] & 15];
    }
    ret_hex[2 * sizeof raw] = '\0';
}

uint64_t hash_u64(const void *bytes, size_t len)
{
    unsigned char raw[SHA256_DIGEST_LENGTH];
    digest(bytes, len, raw);
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | raw[i];
    return value;
}
