/* Numbers as characters that may stand anywhere in a text: six bits each, the lowest first. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

extern const uint8_t DIGITS[65];

/* Writes so many digits. */
void digits_put(uint8_t *to, unsigned count, uint64_t value);

/* Reads so many digits, at most 10. False: one of the characters is none. */
bool digits_get(const uint8_t *from, unsigned count, uint64_t *value);
