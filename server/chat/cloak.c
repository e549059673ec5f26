#include "chat/cloak.h"

#include "net/addr.h"
#include "simul/check.h"

#include <openssl/sha.h>
#include <string.h>

enum { PART_CHARS = 6, CHAR_BITS = 5, MAPPED_BITS = 96 /* of an IPv4 address within IPv6 */ };

struct siphash_key cloak_key(const char *secret, const struct siphash_key *random)
{
    static const char purpose[] = "cloak";
    bool is_given = secret[0] != '\0';
    size_t len = is_given ? strlen(secret) : sizeof(random->bytes);
    uint8_t text[sizeof(purpose) + 512], digest[SHA256_DIGEST_LENGTH];
    CHECK(sizeof(purpose) + len <= sizeof(text));
    memcpy(text, purpose, sizeof(purpose));
    memcpy(text + sizeof(purpose), is_given ? (const void *)secret : random->bytes, len);
    SHA256(text, sizeof(purpose) + len, digest);
    struct siphash_key key;
    memcpy(key.bytes, digest, sizeof(key.bytes));
    return key;
}

/* The first `bits` of the address, a multiple of eight, and how many they are. */
static uint64_t hash_network(const struct siphash_key *key, const uint8_t ip[16], unsigned bits)
{
    uint8_t network[1 + 16] = {(uint8_t)bits};
    memcpy(network + 1, ip, bits / 8);
    return siphash(key, span_of(network, sizeof(network)));
}

const char *cloak(const struct siphash_key *key, const struct addr *addr, char out[CLOAK_CHARS])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const unsigned v4[] = {128, MAPPED_BITS + 24, MAPPED_BITS + 16}, v6[] = {128, 64, 48};
    static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* none that look alike */
    _Static_assert(sizeof(alphabet) - 1 == 1 << CHAR_BITS, "every value has its character");
    const unsigned *bits = memcmp(addr->ip, mapped, sizeof(mapped)) == 0 ? v4 : v6;
    char *to = out;
    for (int part = 0; part < 3; part++) {
        uint64_t hash = hash_network(key, addr->ip, bits[part]);
        for (int i = 0; i < PART_CHARS; i++, hash >>= CHAR_BITS)
            *to++ = alphabet[hash & ((1 << CHAR_BITS) - 1)];
        *to++ = '.';
    }
    memcpy(to, "ip", sizeof("ip"));
    return out;
}
