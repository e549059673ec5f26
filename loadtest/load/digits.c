#include "load/digits.h"

const uint8_t DIGITS[65] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

void digits_put(uint8_t *to, unsigned count, uint64_t value)
{
    for (unsigned i = 0; i < count; i++)
        to[i] = DIGITS[value >> 6 * i & 63];
}

/* The value of a character and one more; 0: it is no digit. Every delivery of chat is read with
 * it. */
static const uint8_t VALUES[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
    ['G'] = 17, ['H'] = 18, ['I'] = 19, ['J'] = 20, ['K'] = 21, ['L'] = 22, ['M'] = 23, ['N'] = 24,
    ['O'] = 25, ['P'] = 26, ['Q'] = 27, ['R'] = 28, ['S'] = 29, ['T'] = 30, ['U'] = 31, ['V'] = 32,
    ['W'] = 33, ['X'] = 34, ['Y'] = 35, ['Z'] = 36, ['a'] = 37, ['b'] = 38, ['c'] = 39, ['d'] = 40,
    ['e'] = 41, ['f'] = 42, ['g'] = 43, ['h'] = 44, ['i'] = 45, ['j'] = 46, ['k'] = 47, ['l'] = 48,
    ['m'] = 49, ['n'] = 50, ['o'] = 51, ['p'] = 52, ['q'] = 53, ['r'] = 54, ['s'] = 55, ['t'] = 56,
    ['u'] = 57, ['v'] = 58, ['w'] = 59, ['x'] = 60, ['y'] = 61, ['z'] = 62, ['-'] = 63, ['_'] = 64,
};

bool digits_get(const uint8_t *from, unsigned count, uint64_t *value)
{
    uint64_t read = 0, all = 0;
    for (unsigned i = count; i-- > 0;) {
        uint64_t next = (uint64_t)VALUES[from[i]] - 1;
        all |= next;
        read = read << 6 | (next & 63);
    }
    *value = read;
    return all < 64; /* what is no digit is 2^64 - 1 */
}
