/* Whom a proxy's HTTP request is for: X-Forwarded-For, or Forwarded (RFC 7239), as proxy.header
 * says. Only that one is looked at, since a proxy that sets the one hands on the other as the
 * client, whoever that is, has sent it.
 *
 * Each proxy adds at the end whom it has the request from, so the list is believed from its end on
 * as long as those who wrote it are in proxy.trusted: the first address from the end that is not,
 * or the last that was written by one of them and is an address. */
#pragma once

#include "simul/span.h"

#include <stdbool.h>

struct addr;
struct config;

/* `hop` is who sent the request, and is in proxy.trusted, or nobody is found; `headers` are the
 * request's. False: *out is as it was. The port is 0 where none is told. */
bool forwarded_find(const struct config *config, const struct addr *hop, struct span headers,
                    struct addr *out);
