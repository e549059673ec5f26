/* The names of functions by their addresses: in our own executable by its symbol table, which knows
 * static functions too, and in libraries by what they export. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Zeroed has no names. */
struct symbols {
    const uint8_t *image; /* an ELF file of this machine's class; borrowed */
    size_t image_bytes;
    size_t table; /* offsets into it: of the symbols, and of their names */
    size_t count;
    size_t names;
    size_t names_bytes;
};

/* Finds the symbol table in an image that must outlive `out`. Without one (the file is stripped),
 * or when the image is not what it should be, `out` has no names. */
void symbols_read(struct symbols *out, const uint8_t *image, size_t image_bytes);

/* The name of the function that has this address, as the file counts (for code that was moved,
 * without its base), and how far into it that is; NULL: none has. Lives as long as the image. */
const char *symbols_find(const struct symbols *s, uint64_t address, uint64_t *offset);

/* Maps our own executable until symbols_close. What cannot be had leaves `out` without names. */
void symbols_open(struct symbols *out);
void symbols_close(struct symbols *s);

/* Describes an address in memory, cut to `bytes`: "tick+0x4f"; without a name "libev.so.4+0x1d2f",
 * as addr2line takes it; or "0x7f6e01c4". May lock and allocate. */
void symbols_describe(const struct symbols *s, uintptr_t address, char *out, size_t bytes);
