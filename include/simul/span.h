/* A borrowed run of bytes. It owns nothing; whoever hands it out says how long it lives. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const uint8_t *ptr;
    size_t len;
};

#define SPAN_EMPTY ((struct span){NULL, 0})
/* For string literals only: the terminating zero is not part of the span. */
#define SPAN(literal) ((struct span){(const uint8_t *)("" literal), sizeof(literal) - 1})
/* For printf: printf("%.*s", SPAN_ARG(s)). */
#define SPAN_ARG(s) (int)(s).len, (const char *)(s).ptr

static inline struct span span_of(const void *ptr, size_t len)
{
    return (struct span){(const uint8_t *)ptr, len};
}

static inline struct span span_str(const char *text)
{
    return span_of(text, strlen(text));
}

static inline bool span_eq(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ASCII letters only; every other byte must be the same. */
static inline bool span_eq_nocase(struct span a, struct span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        uint8_t x = a.ptr[i], y = b.ptr[i];
        if (x >= 'A' && x <= 'Z')
            x |= 0x20;
        if (y >= 'A' && y <= 'Z')
            y |= 0x20;
        if (x != y)
            return false;
    }
    return true;
}

static inline bool span_starts_with(struct span s, struct span prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

/* What is left after the first n bytes; n is at most s.len. */
static inline struct span span_drop(struct span s, size_t n)
{
    return (struct span){s.ptr == NULL ? NULL : s.ptr + n, s.len - n};
}

static inline struct span span_take(struct span s, size_t n)
{
    return (struct span){s.ptr, n};
}

/* The index of the first such byte; s.len when there is none. */
static inline size_t span_find(struct span s, uint8_t byte)
{
    const uint8_t *at = s.len == 0 ? NULL : memchr(s.ptr, byte, s.len);
    return at == NULL ? s.len : (size_t)(at - s.ptr);
}

/* Without the spaces and tabs at both ends. */
static inline struct span span_trim(struct span s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s = span_drop(s, 1);
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* Takes what comes before the next such byte off the front, and the byte; all when there is none.
 */
static inline struct span span_take_until(struct span *rest, uint8_t end)
{
    struct span taken = span_take(*rest, span_find(*rest, end));
    *rest = span_drop(*rest, taken.len < rest->len ? taken.len + 1 : taken.len);
    return taken;
}
