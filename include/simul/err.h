/* The one vocabulary of results. 0 is success; "would block" is a state, never an error. */
#pragma once

/* A result must not be ignored; only clang can say so for a type, and we build with both. */
#ifdef __clang__
#define ERR_MUST_CHECK __attribute__((warn_unused_result))
#else
#define ERR_MUST_CHECK
#endif

enum ERR_MUST_CHECK err {
    OK = 0,
    ERR_NOMEM,   /* an allocation failed */
    ERR_LIMIT,   /* a configured or documented bound was reached */
    ERR_SYNTAX,  /* bytes or text that the grammar does not allow */
    ERR_UTF8,    /* text that is not UTF-8 */
    ERR_VERSION, /* a protocol version we do not speak */
    ERR_UNKNOWN, /* a name that is not known */
    ERR_EXISTS,  /* a name that is taken */
    ERR_BUSY,    /* a bounded queue is full; try again later */
    ERR_CLOSED,  /* the other side is gone */
    ERR_IO,      /* a system call failed; errno tells which way */
    ERR_TLS,     /* the TLS library refused; its error queue tells why */
};

/* A short English name for messages and logs; static storage. */
static inline const char *err_name(enum err e)
{
    switch (e) {
    case OK:
        return "ok";
    case ERR_NOMEM:
        return "out of memory";
    case ERR_LIMIT:
        return "limit reached";
    case ERR_SYNTAX:
        return "syntax error";
    case ERR_UTF8:
        return "not UTF-8";
    case ERR_VERSION:
        return "unknown version";
    case ERR_UNKNOWN:
        return "unknown name";
    case ERR_EXISTS:
        return "already exists";
    case ERR_BUSY:
        return "busy";
    case ERR_CLOSED:
        return "closed";
    case ERR_IO:
        return "input/output error";
    case ERR_TLS:
        return "TLS error";
    }
    return "?";
}
