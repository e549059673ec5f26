/* An IPv4 or IPv6 address with port, or the other end of a Unix socket, in 20 bytes. */
#pragma once

#include "simul/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct addr {
    uint8_t ip[16];  /* IPv4 as ::ffff:a.b.c.d */
    uint16_t port;   /* host order */
    uint8_t is_v6;   /* prints as IPv6; a mapped IPv4 address prints as IPv4 */
    uint8_t is_unix; /* of a Unix socket: all else is zero, for nobody has an address there */
};

enum {
    ADDR_IP_CHARS = 46,   /* an address alone, with its zero */
    ADDR_CHARS = 46 + 10, /* [address]:port, with its zero */
};

/* From what accept or getsockname gave. Other families become the unspecified address. */
struct addr addr_from_sockaddr(const struct sockaddr_storage *ss);
/* From 16 bytes, where IPv4 is mapped. */
struct addr addr_from_ip(const uint8_t ip[16], uint16_t port);
socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss);

/* Numeric addresses only: 127.0.0.1, ::1, [::1], and * for every address of both families. */
enum err addr_parse(struct addr *a, const char *text, uint16_t port);

/* Whether only this machine can be there: so it is with a Unix socket. */
bool addr_is_loopback(const struct addr *a);

/* "127.0.0.1" or "::1"; "localhost" for a Unix socket. */
const char *addr_ip(const struct addr *a, char out[ADDR_IP_CHARS]);
/* "127.0.0.1:80" or "[::1]:80"; "unix:" for a Unix socket. */
const char *addr_format(const struct addr *a, char out[ADDR_CHARS]);
