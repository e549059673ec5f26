/* A growable run of bytes on the heap. The buf owns its memory; the struct is exposed to be
 * embedded. A zeroed buf is empty and valid. */
#pragma once

#include "simul/check.h"
#include "simul/err.h"
#include "simul/span.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct buf {
    uint8_t *data;
    size_t len;
    size_t cap;
};

static inline void buf_deinit(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}

static inline struct span buf_span(const struct buf *b)
{
    return (struct span){b->data, b->len};
}

/* Makes room for at least `more` bytes behind the content. ERR_NOMEM leaves b as it was. */
static inline enum err buf_reserve(struct buf *b, size_t more)
{
    if (b->cap - b->len >= more)
        return OK;
    size_t cap = b->cap < 64 ? 64 : b->cap;
    while (cap - b->len < more) {
        if (cap > SIZE_MAX / 2)
            return ERR_NOMEM;
        cap *= 2;
    }
    uint8_t *data = realloc(b->data, cap);
    if (data == NULL)
        return ERR_NOMEM;
    b->data = data;
    b->cap = cap;
    return OK;
}

static inline enum err buf_append(struct buf *b, struct span s)
{
    enum err e = buf_reserve(b, s.len);
    if (e != OK)
        return e;
    if (s.len > 0)
        memcpy(b->data + b->len, s.ptr, s.len);
    b->len += s.len;
    return OK;
}

/* Drops the first n bytes and moves the rest to the front. */
static inline void buf_consume(struct buf *b, size_t n)
{
    CHECK(n <= b->len);
    b->len -= n;
    if (b->len > 0)
        memmove(b->data, b->data + n, b->len);
}

__attribute__((format(printf, 2, 3))) static inline enum err buf_printf(struct buf *b,
                                                                        const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    enum err e = n < 0 ? ERR_SYNTAX : buf_reserve(b, (size_t)n + 1);
    if (e == OK) {
        vsnprintf((char *)b->data + b->len, (size_t)n + 1, format, again);
        b->len += (size_t)n;
    }
    va_end(again);
    return e;
}
