/* Addresses to connect to, and from: resolved names, and ranges such as 127.0.0.2-127.0.0.200. */
#pragma once

#include "simul/err.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* One address; for a source its port is 0. */
struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t bytes;
};

/* Zeroed is empty. */
struct address_list {
    struct address *items;
    size_t count;
};

enum { ADDRESSES_MAX = 65536 };

/* Appends what a name or an address stands for: its first address. ERR_UNKNOWN: it has none, and
 * *why (static) tells why; ERR_LIMIT; ERR_NOMEM. May wait for a name server. */
enum err address_resolve(struct address_list *list, const char *host, uint16_t port,
                         const char **why);

/* Appends addresses and ranges of them, "127.0.0.2-127.0.0.200,127.0.1.1"; both ends of a range
 * belong to it, and are of IPv4. ERR_SYNTAX, ERR_LIMIT, ERR_NOMEM. */
enum err address_range(struct address_list *list, const char *text, uint16_t port);

/* Appends one, with another port. ERR_LIMIT, ERR_NOMEM. */
enum err address_list_append(struct address_list *list, const struct address *address,
                             uint16_t port);

void address_list_deinit(struct address_list *list);

enum { ADDRESS_TEXT_BYTES = 64 };

/* Writes "127.0.0.1:8080", "[::1]:8080", ended with a zero. */
void address_print(const struct address *a, char out[ADDRESS_TEXT_BYTES]);
