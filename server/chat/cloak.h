/* What others see in place of a user's address: three hashes under a secret key, of the address
 * and of two networks around it, from the narrow to the wide:
 *
 *     IPv4   k3m9xa.a8q4zt.m2p7wd.ip   the address, its /24, its /16
 *     IPv6   the same form             the address, its /64, its /48
 *
 * So the mask "*.a8q4zt.m2p7wd.ip" means a network without telling which, and without the key
 * nobody can try all addresses until one fits. */
#pragma once

#include "core/siphash.h"

struct addr;

enum { CLOAK_CHARS = 3 * 7 + sizeof("ip") }; /* with its zero */

/* The key that `secret` (chat.cloak_key) stands for; where it is empty, one that is as random and
 * as secret as `random`, and has nothing to do with it otherwise. */
struct siphash_key cloak_key(const char *secret, const struct siphash_key *random);

/* Writes the text, which begins with a letter or a digit; returns `out`. */
const char *cloak(const struct siphash_key *key, const struct addr *addr, char out[CLOAK_CHARS]);
