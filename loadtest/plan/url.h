/* Where a run goes to: `ws://127.0.0.1:8080/echo`. */
#pragma once

#include "simul/err.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stdint.h>

/* What the bytes of a connection mean. */
enum carrier {
    CARRIER_RAW,  /* a stream; its messages are as long as both sides know */
    CARRIER_LINE, /* lines that end with CR LF */
    CARRIER_WS,   /* WebSocket messages */
    CARRIER_HTTP, /* requests and responses */
};

/* A row of the table of schemes. */
struct scheme {
    const char *name; /* "wss" */
    enum carrier carrier;
    bool tls;
    uint16_t port; /* by default; 0: it must be given */
};

extern const struct scheme SCHEMES[];
extern const size_t SCHEME_KINDS;

enum { URL_HOST_BYTES = 256, URL_TARGET_BYTES = 2048 };

struct url {
    const struct scheme *scheme;
    char host[URL_HOST_BYTES]; /* a name or an address, IPv6 without its brackets */
    uint16_t port;
    char target[URL_TARGET_BYTES]; /* path and query, at least "/" */
};

/* Parses a URL. ERR_UNKNOWN: no such scheme; ERR_SYNTAX: anything else, in *why (static), which is
 * set for both. User names, fragments and spaces are refused. */
enum err url_parse(const char *text, struct url *out, const char **why);

/* Writes the URL again, the port always named, ended with a zero; cut if it does not fit. */
void url_print(const struct url *url, char *out, size_t size);

/* Writes "HOST:PORT" as HTTP's Host has it: IPv6 in brackets, no port where it is the scheme's own;
 * ended with a zero; cut if it does not fit. */
void url_host_print(const struct url *url, char *out, size_t size);
