/* A list of networks, as a setting has it: "10.0.0.0/8, 192.0.2.7, ::1, unix". An address without a
 * length is one host; `unix` are the peers of Unix sockets. IPv4 is the same whether mapped or not,
 * and is in no IPv6 network. */
#pragma once

#include "simul/err.h"

#include <stdbool.h>
#include <stdint.h>

struct addr;

enum { NETWORKS_MAX = 64 };

struct network {
    uint8_t ip[16]; /* as in struct addr */
    uint8_t bits;   /* of them, those that an address in it shares */
    bool is_v6;
};

/* Exposed to be embedded. A zeroed one is empty. */
struct networks {
    struct network list[NETWORKS_MAX];
    unsigned count;
    bool has_unix;
};

/* An empty text is an empty list. ERR_SYNTAX: an element is no network, or has bits set beyond its
 * length, as 10.0.0.1/8 has; ERR_LIMIT: there are more than NETWORKS_MAX. */
enum err networks_parse(struct networks *out, const char *text);

bool networks_is_empty(const struct networks *n);
bool networks_has(const struct networks *n, const struct addr *a);
