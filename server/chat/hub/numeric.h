/* Numeric replies, for the hub and for sessions alike. */
#pragma once

#include "simul/buf.h"
#include "simul/err.h"

/* Appends ":server 433 nick params… :last" to *out, without CR LF; nick is "*" while there is none.
 * At most IRC_PARAMS_MAX - 1 params. What a peer sent may be named in any of them (irc_format).
 * ERR_NOMEM leaves the content of *out as it was. */
enum err numeric_format(struct buf *out, struct span server, const char *numeric, struct span nick,
                        const struct span *params, size_t count);
