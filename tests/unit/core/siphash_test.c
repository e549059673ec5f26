#include "core/siphash.h"

#include <criterion/criterion.h>

/* The vectors of the reference implementation: key 00..0f, data of the bytes 00, 01, 02… */
Test(siphash, gives_the_reference_vectors)
{
    struct siphash_key key;
    uint8_t data[64];
    for (uint8_t i = 0; i < 64; i++)
        data[i] = i;
    memcpy(key.bytes, data, 16);
    const struct {
        size_t len;
        uint64_t hash;
    } vectors[] = {{0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd},  {7, 0xab0200f58b01d137},
                   {8, 0x93f5f5799a932462}, {15, 0xa129ca6149be45e5}, {63, 0x958a324ceb064572}};
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
        cr_expect_eq(siphash(&key, span_of(data, vectors[i].len)), vectors[i].hash, "length %zu",
                     vectors[i].len);
}

Test(siphash, differs_with_every_bit_of_the_key)
{
    struct siphash_key key = {{0}};
    uint64_t plain = siphash(&key, SPAN("nick"));
    for (int bit = 0; bit < 128; bit++) {
        key.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_expect_neq(siphash(&key, SPAN("nick")), plain);
        key.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
