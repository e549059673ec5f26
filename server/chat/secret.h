/* Comparing what a peer says with a secret. */
#pragma once

#include "simul/span.h"

#include <openssl/crypto.h>
#include <stdbool.h>

/* Takes as long wherever they differ; only the lengths may be guessed from it. */
static inline bool secret_eq(struct span got, struct span want)
{
    return got.len == want.len && CRYPTO_memcmp(got.ptr, want.ptr, want.len) == 0;
}
