#include "simul/proxy_header.h"

#include "simul/decimal.h"

#include <arpa/inet.h>

enum {
    FIXED_BYTES = 16, /* of version 2, before the addresses */
    TLV_HEAD_BYTES = 3,
    CRC_BYTES = 4,
    VERSION_2 = 2,
    COMMAND_LOCAL = 0,
    COMMAND_PROXY = 1,
    TRANSPORT_STREAM = 1,
    TRANSPORT_DATAGRAM = 2,
};

static const struct span V1_BEGINNING = SPAN("PROXY ");
static const struct span V2_SIGNATURE = SPAN("\r\n\r\n\0\r\nQUIT\n");
static const uint8_t V4_MAPPED[12] = {[10] = 0xff, [11] = 0xff};

/* How much of `in`, as far as it came, is as `expected`: all, or not. */
static bool may_become(struct span in, struct span expected)
{
    size_t len = in.len < expected.len ? in.len : expected.len;
    return span_eq(span_take(in, len), span_take(expected, len));
}

/* --- version 1 --------------------------------------------------------------------------- */

static bool read_ip(struct span word, bool is_v6, uint8_t ip[16])
{
    char text[INET6_ADDRSTRLEN];
    if (word.len >= sizeof(text) || span_find(word, '\0') < word.len)
        return false;
    memcpy(text, word.ptr, word.len);
    text[word.len] = '\0';
    if (is_v6)
        return inet_pton(AF_INET6, text, ip) == 1;
    memcpy(ip, V4_MAPPED, sizeof(V4_MAPPED));
    return inet_pton(AF_INET, text, ip + sizeof(V4_MAPPED)) == 1;
}

/* Digits alone, without zeros in front. */
static bool read_port(struct span word, uint16_t *port)
{
    uint64_t number;
    if ((word.len > 1 && word.ptr[0] == '0') || !decimal_parse(word, UINT16_MAX, &number))
        return false;
    *port = (uint16_t)number;
    return true;
}

/* "TCP4 192.0.2.1 192.0.2.9 56324 443" */
static enum err read_line(struct span line, struct proxy_header *out)
{
    struct span family = span_take_until(&line, ' ');
    if (span_eq(family, SPAN("UNKNOWN")))
        return OK; /* whatever follows is to be ignored */
    bool is_v6 = span_eq(family, SPAN("TCP6"));
    if (!is_v6 && !span_eq(family, SPAN("TCP4")))
        return ERR_SYNTAX;
    out->family = is_v6 ? PROXY_FAMILY_INET6 : PROXY_FAMILY_INET;
    bool ok = read_ip(span_take_until(&line, ' '), is_v6, out->source.ip) &&
              read_ip(span_take_until(&line, ' '), is_v6, out->destination.ip) &&
              read_port(span_take_until(&line, ' '), &out->source.port);
    /* The last word is all that is left, so a space behind it is an error as well. */
    return ok && read_port(line, &out->destination.port) ? OK : ERR_SYNTAX;
}

static enum err parse_v1(struct span in, struct proxy_header *out, bool *is_whole)
{
    size_t cr = span_find(in, '\r'), lf = span_find(in, '\n');
    size_t end = cr < lf ? cr : lf; /* of the line, in.len: it has not come */
    if (end + 2 > PROXY_HEADER_V1_BYTES_MAX)
        return ERR_SYNTAX;
    if (lf == end && lf < in.len)
        return ERR_SYNTAX; /* no CR before it */
    if (end + 1 >= in.len)
        return OK;
    if (lf != cr + 1)
        return ERR_SYNTAX;
    out->bytes = end + 2;
    *is_whole = true;
    return read_line(span_drop(span_take(in, end), V1_BEGINNING.len), out);
}

/* --- version 2 --------------------------------------------------------------------------- */

static uint16_t read_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

bool proxy_tlv_next(struct span *tlvs, struct proxy_tlv *tlv)
{
    if (tlvs->len < TLV_HEAD_BYTES)
        return false;
    size_t len = read_u16(tlvs->ptr + 1);
    if (tlvs->len - TLV_HEAD_BYTES < len)
        return false;
    *tlv = (struct proxy_tlv){tlvs->ptr[0], span_of(tlvs->ptr + TLV_HEAD_BYTES, len)};
    *tlvs = span_drop(*tlvs, TLV_HEAD_BYTES + len);
    return true;
}

/* CRC32C (RFC 3720, appendix B.4), four bits at a time. */
static uint32_t crc32c(uint32_t crc, struct span s)
{
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    for (size_t i = 0; i < s.len; i++) {
        crc ^= s.ptr[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc;
}

/* Of the header, in which the checksum itself counts as zeros. */
static bool is_checksum_right(struct span header, struct span checksum)
{
    static const uint8_t zeros[CRC_BYTES] = {0};
    if (checksum.len != CRC_BYTES)
        return false;
    size_t before = (size_t)(checksum.ptr - header.ptr);
    uint32_t crc = crc32c(UINT32_MAX, span_take(header, before));
    crc = crc32c(crc, span_of(zeros, CRC_BYTES));
    crc = ~crc32c(crc, span_drop(header, before + CRC_BYTES));
    uint32_t told = (uint32_t)read_u16(checksum.ptr) << 16 | read_u16(checksum.ptr + 2);
    return crc == told;
}

static enum err check_tlvs(struct span header, struct span tlvs)
{
    struct proxy_tlv tlv;
    while (proxy_tlv_next(&tlvs, &tlv))
        if (tlv.type == PROXY_TLV_CRC32C && !is_checksum_right(header, tlv.value))
            return ERR_SYNTAX;
    return tlvs.len == 0 ? OK : ERR_SYNTAX;
}

static struct proxy_endpoint endpoint_of(const uint8_t *ip, bool is_v6, const uint8_t *port)
{
    struct proxy_endpoint e = {.port = read_u16(port)};
    if (!is_v6)
        memcpy(e.ip, V4_MAPPED, sizeof(V4_MAPPED));
    memcpy(e.ip + (is_v6 ? 0 : sizeof(V4_MAPPED)), ip, is_v6 ? 16 : 4);
    return e;
}

/* What a PROXY command tells of a stream. */
static enum err read_addresses(struct span header, enum proxy_family family,
                               struct proxy_header *out)
{
    static const size_t ip_bytes[] = {[PROXY_FAMILY_INET] = 4, [PROXY_FAMILY_INET6] = 16};
    static const size_t block_bytes[] = {
        [PROXY_FAMILY_INET] = 12, [PROXY_FAMILY_INET6] = 36, [PROXY_FAMILY_UNIX] = 216};
    struct span block = span_drop(header, FIXED_BYTES);
    if (block.len < block_bytes[family])
        return ERR_SYNTAX;
    out->family = family;
    out->tlvs = span_drop(block, block_bytes[family]);
    if (family != PROXY_FAMILY_UNIX) {
        bool is_v6 = family == PROXY_FAMILY_INET6;
        size_t n = ip_bytes[family];
        out->source = endpoint_of(block.ptr, is_v6, block.ptr + 2 * n);
        out->destination = endpoint_of(block.ptr + n, is_v6, block.ptr + 2 * n + 2);
    }
    return check_tlvs(header, out->tlvs);
}

/* In the order of the bytes, so that it does not matter how many have come. */
static enum err parse_v2(struct span in, struct proxy_header *out, bool *is_whole)
{
    size_t at = V2_SIGNATURE.len;
    if (in.len <= at)
        return OK;
    unsigned version = in.ptr[at] >> 4, command = in.ptr[at] & 15;
    if (version != VERSION_2)
        return ERR_VERSION;
    if (command > COMMAND_PROXY)
        return ERR_SYNTAX;
    if (in.len <= ++at)
        return OK;
    unsigned family = in.ptr[at] >> 4, transport = in.ptr[at] & 15;
    if (family > PROXY_FAMILY_UNIX || transport > TRANSPORT_DATAGRAM)
        return ERR_SYNTAX;
    if (in.len < FIXED_BYTES)
        return OK;
    size_t bytes = FIXED_BYTES + (size_t)read_u16(in.ptr + at + 1);
    if (bytes > PROXY_HEADER_BYTES_MAX)
        return ERR_LIMIT;
    if (in.len < bytes)
        return OK;
    out->bytes = bytes;
    *is_whole = true;
    /* Of its own connections, and of what we do not know, a proxy has nothing to tell us. */
    if (command == COMMAND_LOCAL || family == PROXY_FAMILY_NONE || transport != TRANSPORT_STREAM)
        return OK;
    return read_addresses(span_take(in, bytes), (enum proxy_family)family, out);
}

/* --- either ------------------------------------------------------------------------------ */

enum err proxy_header_parse(struct span in, struct proxy_header *out, bool *is_whole)
{
    *out = (struct proxy_header){0};
    *is_whole = false;
    enum err e = ERR_SYNTAX;
    if (may_become(in, V2_SIGNATURE))
        e = in.len == 0 ? OK : parse_v2(in, out, is_whole);
    else if (may_become(in, V1_BEGINNING))
        e = in.len < V1_BEGINNING.len ? OK : parse_v1(in, out, is_whole);
    if (e != OK)
        *is_whole = false;
    return e;
}
