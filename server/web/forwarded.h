/* Finds the client that a proxy's HTTP request is for: in X-Forwarded-For or Forwarded (RFC 7239),
 * as proxy.header says. The other one is ignored, since a proxy that sets one passes the other on
 * as the client has sent it.
 *
 * Each proxy appends the address that it got the request from. So the list is read from its end,
 * and believed as long as the writer of an entry is in proxy.trusted: the client is the first
 * address from the end that is not trusted, or else the last valid one read. */
#pragma once

#include "simul/span.h"

#include <stdbool.h>

struct addr;
struct config;

/* `hop` is the sender of the request; if it is not in proxy.trusted, nothing is found. `headers`
 * are the request's. False: *out is as it was. The port is 0 if none is given. */
bool forwarded_find(const struct config *config, const struct addr *hop, struct span headers,
                    struct addr *out);
