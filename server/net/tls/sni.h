/* Which certificate a host name gets (the server_name extension: RFC 6066, section 3): that of
 * exactly this name, else that of the wildcard for its first label ("*.example.org": RFC 6125,
 * section 6.4.3), else none of these. ASCII case does not count. */
#pragma once

#include "simul/err.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stddef.h>

enum { SNI_NAME_BYTES_MAX = 253 }; /* of a host name: RFC 1035, section 2.3.4 */

struct sni_name;

/* To be embedded; all zero is an empty one. */
struct sni {
    struct sni_name *names; /* in order */
    size_t count;
};

/* Assigns `name`, which is copied, to the certificate of that number. ERR_SYNTAX: it is empty or
 * longer than SNI_NAME_BYTES_MAX. ERR_EXISTS: another certificate has it. ERR_NOMEM. */
enum err sni_add(struct sni *s, struct span name, unsigned certificate);

/* Finds the certificate for a name that a client asks for, which may be any bytes; false: there is
 * none. */
bool sni_find(const struct sni *s, struct span name, unsigned *certificate);

void sni_deinit(struct sni *s);
