#include "unit/unit.h"

#include "base/hash.h"

/* Checksums stand in databases, and lock keys must be the same in every version of skein that may work
 * beside another. */
static void stays_what_it_is(void **state)
{
    char hex[HASH_HEX_SIZE];
    (void)state;
    hash_hex("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_hex("a\0b", 3, hex);
    assert_string_equal(hex, "59b271ae1bbcb1d31d41929817f4b16fb439eb4f31520b5ad1d5ce98920a7138");
    assert_int_equal(hash_u64("abc", 3), 0xba7816bf8f01cfea);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(stays_what_it_is),
};

UNIT_MAIN(tests)
