/* The PROXY protocol, versions 1 and 2: the header by which a proxy says whose connection it hands
 * on (HAProxy's doc/proxy-protocol.txt). Sans-IO.
 *
 *     version 1   "PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n", at most 107 bytes
 *     version 2   signature (12)  0x20 | command  family << 4 | transport  length (2)
 *                 addresses and TLVs, `length` bytes of them
 *
 * What a header says is believed by whoever trusts its sender; the bytes themselves are believed no
 * more than any peer's. */
#pragma once

#include "simul/err.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROXY_HEADER_BYTES_MAX = 4096, /* of a whole one; certificates may be told in it */
    PROXY_HEADER_V1_BYTES_MAX = 107,
};

enum proxy_family {
    PROXY_FAMILY_NONE, /* nothing is told: the connection's own addresses hold (LOCAL, UNKNOWN) */
    PROXY_FAMILY_INET,
    PROXY_FAMILY_INET6,
    PROXY_FAMILY_UNIX, /* of some Unix socket; there is nothing more to know */
};

struct proxy_endpoint {
    uint8_t ip[16]; /* IPv4 as ::ffff:a.b.c.d */
    uint16_t port;
};

struct proxy_header {
    enum proxy_family family;
    struct proxy_endpoint source, destination; /* zero unless the family is INET or INET6 */
    struct span tlvs;                          /* of version 2, to be walked by proxy_tlv_next */
    size_t bytes;                              /* of the whole header */
};

/* Reads the header that a connection begins with, given all that has come of it so far.
 *
 * *is_whole tells whether it is complete: then its first out->bytes bytes are the header, out->tlvs
 * borrows from `in`, and what follows is not looked at. If not, every byte of `in` belongs to the
 * header, and more is to come; `in` is then shorter than PROXY_HEADER_BYTES_MAX.
 *
 * Judged as early as possible, and final: ERR_SYNTAX: it is no PROXY header, or one that the
 * protocol does not allow, or its checksum (PP2_TYPE_CRC32C) is wrong; ERR_VERSION: version 2's
 * signature, but another version; ERR_LIMIT: longer than PROXY_HEADER_BYTES_MAX. */
enum err proxy_header_parse(struct span in, struct proxy_header *out, bool *is_whole);

/* "Type, length, value": what else a proxy may tell in version 2 (section 2.2). */
enum proxy_tlv_type {
    PROXY_TLV_ALPN = 0x01,
    PROXY_TLV_AUTHORITY = 0x02,
    PROXY_TLV_CRC32C = 0x03,
    PROXY_TLV_NOOP = 0x04,
    PROXY_TLV_UNIQUE_ID = 0x05,
    PROXY_TLV_SSL = 0x20,
    PROXY_TLV_NETNS = 0x30,
};

struct proxy_tlv {
    uint8_t type;
    struct span value;
};

/* Takes the next one off `tlvs`, a copy of a header's. False when there is none left, or only a
 * part of one, which proxy_header_parse does not let through. */
bool proxy_tlv_next(struct span *tlvs, struct proxy_tlv *tlv);
