#include "simul/proxy_header.h"

#include "unit/expect.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>

/* A header as its bytes say it: "inet 192.0.2.1:56324 192.0.2.9:443". */
static const char *told(const struct proxy_header *h)
{
    static char text[160];
    static const char *const names[] = {"none", "inet", "inet6", "unix"};
    char from[INET6_ADDRSTRLEN] = "", to[INET6_ADDRSTRLEN] = "";
    if (h->family == PROXY_FAMILY_INET || h->family == PROXY_FAMILY_INET6) {
        bool is_v6 = h->family == PROXY_FAMILY_INET6;
        int family = is_v6 ? AF_INET6 : AF_INET;
        size_t at = is_v6 ? 0 : 12;
        inet_ntop(family, h->source.ip + at, from, sizeof(from));
        inet_ntop(family, h->destination.ip + at, to, sizeof(to));
    }
    snprintf(text, sizeof(text), "%s %s:%u %s:%u", names[h->family], from, h->source.port, to,
             h->destination.port);
    return text;
}

/* What a stream's beginning gives when it comes in two pieces that are cut there, or byte by byte.
 * Until a header is whole, or found wrong, everything that has come belongs to it. */
static enum err parse_from(struct span stream, size_t first, struct proxy_header *h, bool *is_whole)
{
    enum err e = OK;
    for (size_t len = first; len <= stream.len; len++) {
        e = proxy_header_parse(span_take(stream, len), h, is_whole);
        if (e != OK || *is_whole)
            return e;
        cr_assert_lt(len, PROXY_HEADER_BYTES_MAX);
    }
    return e;
}

/* The header, and what follows it: the same however the stream comes. */
static void expect_header(struct span header, const char *want)
{
    static uint8_t bytes[PROXY_HEADER_BYTES_MAX + 16];
    memcpy(bytes, header.ptr, header.len);
    memcpy(bytes + header.len, "\r\nPROXY hello\r\n", 15);
    for (size_t cut = 0; cut <= header.len + 15; cut++) {
        struct proxy_header h;
        bool is_whole;
        expect_ok(parse_from(span_of(bytes, header.len + 15), cut, &h, &is_whole));
        cr_assert(is_whole);
        cr_assert_eq(h.bytes, header.len);
        cr_assert_str_eq(told(&h), want);
    }
}

static void expect_refusal(struct span stream, enum err want)
{
    for (size_t cut = 0; cut <= stream.len; cut++) {
        struct proxy_header h;
        bool is_whole;
        expect_err(parse_from(stream, cut, &h, &is_whole), want);
        cr_assert_not(is_whole);
    }
}

/* --- version 1 --------------------------------------------------------------------------- */

Test(proxy_header, reads_lines_of_version_1)
{
    static const struct {
        struct span line;
        const char *want;
    } rows[] = {
        {SPAN("PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n"),
         "inet 192.0.2.1:56324 192.0.2.9:443"},
        {SPAN("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
         "inet 255.255.255.255:65535 255.255.255.255:65535"},
        {SPAN("PROXY TCP4 0.0.0.0 127.0.0.1 0 1\r\n"), "inet 0.0.0.0:0 127.0.0.1:1"},
        {SPAN("PROXY TCP6 2001:db8::1 ::1 4124 6697\r\n"), "inet6 2001:db8::1:4124 ::1:6697"},
        {SPAN("PROXY TCP6 FFFF:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
              "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
         "inet6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:65535 "
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:65535"},
        {SPAN("PROXY UNKNOWN\r\n"), "none :0 :0"},
        {SPAN("PROXY UNKNOWN what\0ever \xff it says\r\n"), "none :0 :0"},
        {SPAN("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
              "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
         "none :0 :0"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_header(rows[i].line, rows[i].want);
}

Test(proxy_header, refuses_what_is_no_header)
{
    expect_refusal(SPAN("GET / HTTP/1.1\r\n\r\n"), ERR_SYNTAX);
    expect_refusal(SPAN("proxy TCP4 192.0.2.1 192.0.2.9 1 2\r\n"), ERR_SYNTAX);
    expect_refusal(SPAN("PROXYTCP4 192.0.2.1 192.0.2.9 1 2\r\n"), ERR_SYNTAX);
    expect_refusal(SPAN("PROXIES\r\n"), ERR_SYNTAX);
    expect_refusal(SPAN("\x16\x03\x01\x02\x00\x01\x00"), ERR_SYNTAX);
    expect_refusal(SPAN("\r\nNICK x\r\n"), ERR_SYNTAX);
    expect_refusal(SPAN(" PROXY UNKNOWN\r\n"), ERR_SYNTAX);
}

Test(proxy_header, refuses_lines_that_version_1_does_not_allow)
{
    static const struct span lines[] = {
        SPAN("PROXY \r\n"),
        SPAN("PROXY  TCP4 192.0.2.1 192.0.2.9 1 2\r\n"),
        SPAN("PROXY TCP5 192.0.2.1 192.0.2.9 1 2\r\n"),
        SPAN("PROXY UNKNOWNS\r\n"),
        SPAN("PROXY TCP4\r\n"),
        SPAN("PROXY TCP4 192.0.2.1\r\n"),
        SPAN("PROXY TCP4 192.0.2.1 192.0.2.9\r\n"),
        SPAN("PROXY TCP4 192.0.2.1 192.0.2.9 1\r\n"),
        SPAN("PROXY TCP4 192.0.2.1 192.0.2.9 1 \r\n"),
        SPAN("PROXY TCP4 192.0.2.1 192.0.2.9 1 2 \r\n"),
        SPAN("PROXY TCP4 192.0.2.1 192.0.2.9 1 2 3\r\n"),
        SPAN("PROXY TCP4 192.0.2.1  192.0.2.9 1 2\r\n"),
        SPAN("PROXY TCP4 192.0.2.1\t192.0.2.9 1 2\r\n"),
        SPAN("PROXY TCP4 192.0.2.256 192.0.2.9 1 2\r\n"),
        SPAN("PROXY TCP4 192.0.2 192.0.2.9 1 2\r\n"),
        SPAN("PROXY TCP4 192.0.2.01 192.0.2.9 1 2\r\n"),
        SPAN("PROXY TCP4 192.0.2.1\0 192.0.2.9 1 2\r\n"),
        SPAN("PROXY TCP4 2001:db8::1 ::1 1 2\r\n"),
        SPAN("PROXY TCP6 192.0.2.1 192.0.2.9 1 2\r\n"),
        SPAN("PROXY TCP6 2001:db8:::1 ::1 1 2\r\n"),
        SPAN("PROXY TCP6 2001:db8::1%eth0 ::1 1 2\r\n"),
        SPAN("PROXY TCP4 192.0.2.1 192.0.2.9 65536 2\r\n"),
        SPAN("PROXY TCP4 192.0.2.1 192.0.2.9 100000 2\r\n"),
        SPAN("PROXY TCP4 192.0.2.1 192.0.2.9 01 2\r\n"),
        SPAN("PROXY TCP4 192.0.2.1 192.0.2.9 +1 2\r\n"),
        SPAN("PROXY TCP4 192.0.2.1 192.0.2.9 -1 2\r\n"),
        SPAN("PROXY TCP4 192.0.2.1 192.0.2.9 1 2\n"),
        SPAN("PROXY UNKNOWN\n"),
        SPAN("PROXY UNKNOWN\rx\r\n"),
        SPAN("PROXY UNKNOWN\r\r\n"),
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        expect_refusal(lines[i], ERR_SYNTAX);
}

Test(proxy_header, reads_lines_of_107_bytes_and_no_more)
{
    char line[PROXY_HEADER_V1_BYTES_MAX + 2];
    memset(line, 'x', sizeof(line));
    memcpy(line, "PROXY UNKNOWN ", 14);
    memcpy(line + PROXY_HEADER_V1_BYTES_MAX - 2, "\r\n", 2);
    expect_header(span_of(line, PROXY_HEADER_V1_BYTES_MAX), "none :0 :0");
    memcpy(line + PROXY_HEADER_V1_BYTES_MAX - 2, "x\r\n", 3);
    expect_refusal(span_of(line, PROXY_HEADER_V1_BYTES_MAX + 1), ERR_SYNTAX);
}

/* --- version 2 --------------------------------------------------------------------------- */

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define INET "\xc0\0\x02\x01\xc0\0\x02\x09\xdc\x04\x01\xbb" /* 192.0.2.1:56324 192.0.2.9:443 */
#define ZEROS_12 "\0\0\0\0\0\0\0\0\0\0\0\0"
#define ZEROS_36 ZEROS_12 ZEROS_12 ZEROS_12
#define ZEROS_216 ZEROS_36 ZEROS_36 ZEROS_36 ZEROS_36 ZEROS_36 ZEROS_36

Test(proxy_header, reads_version_2)
{
    static const struct {
        struct span header;
        const char *want;
    } rows[] = {
        {SPAN(SIGNATURE "\x21\x11\0\x0c" INET), "inet 192.0.2.1:56324 192.0.2.9:443"},
        {SPAN(SIGNATURE "\x21\x21\0\x24"
                        "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
                        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x10\x1c\x1a\x29"),
         "inet6 2001:db8::1:4124 ::1:6697"},
        {SPAN(SIGNATURE "\x21\x31\0\xd8" ZEROS_216), "unix :0 :0"},
        /* LOCAL, with and without what is to be skipped. */
        {SPAN(SIGNATURE "\x20\0\0\0"), "none :0 :0"},
        {SPAN(SIGNATURE "\x20\x11\0\x0c" INET), "none :0 :0"},
        {SPAN(SIGNATURE "\x20\x11\0\x02zz"), "none :0 :0"},
        /* What is not told, or of no use for a stream. */
        {SPAN(SIGNATURE "\x21\0\0\0"), "none :0 :0"},
        {SPAN(SIGNATURE "\x21\0\0\x03xyz"), "none :0 :0"},
        {SPAN(SIGNATURE "\x21\x10\0\x0c" INET), "none :0 :0"},
        {SPAN(SIGNATURE "\x21\x12\0\x0c" INET), "none :0 :0"},
        {SPAN(SIGNATURE "\x21\x01\0\0"), "none :0 :0"},
        /* With more behind the addresses. */
        {SPAN(SIGNATURE "\x21\x11\0\x12" INET "\x04\0\x03xyz"),
         "inet 192.0.2.1:56324 192.0.2.9:443"},
        {SPAN(SIGNATURE "\x21\x11\0\x0f" INET "\x04\0\0"), "inet 192.0.2.1:56324 192.0.2.9:443"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_header(rows[i].header, rows[i].want);
}

Test(proxy_header, refuses_what_version_2_does_not_allow)
{
    static const struct span headers[] = {
        SPAN("\r\n\r\n\0\r\nQUIT\r"),
        SPAN(SIGNATURE "\x22\0\0\0"),   /* command */
        SPAN(SIGNATURE "\x2f\0\0\0"),   /* command */
        SPAN(SIGNATURE "\x21\x41\0\0"), /* family */
        SPAN(SIGNATURE "\x21\x13\0\0"), /* transport */
        SPAN(SIGNATURE "\x20\xff\0\0"), /* both, though it is LOCAL */
        SPAN(SIGNATURE "\x21\x11\0\x0b\xc0\0\x02\x01\xc0\0\x02\x09\xdc\x04\x01"), /* short */
        SPAN(SIGNATURE "\x21\x21\0\x0c" INET),                                    /* short */
        SPAN(SIGNATURE "\x21\x31\0\x24" ZEROS_36),                                /* short */
        SPAN(SIGNATURE "\x21\x11\0\x0d" INET "\x04"),          /* a TLV without length */
        SPAN(SIGNATURE "\x21\x11\0\x0f" INET "\x04\0\x01"),    /* and without value */
        SPAN(SIGNATURE "\x21\x11\0\x12" INET "\x03\0\x03xyz"), /* a checksum's length */
        SPAN(SIGNATURE "\x21\x11\0\x13" INET "\x03\0\x04\0\0\0\0"),
    };
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        expect_refusal(headers[i], ERR_SYNTAX);
}

Test(proxy_header, refuses_other_versions)
{
    expect_refusal(SPAN(SIGNATURE "\x01\0\0\0"), ERR_VERSION);
    expect_refusal(SPAN(SIGNATURE "\x11\0\0\0"), ERR_VERSION);
    expect_refusal(SPAN(SIGNATURE "\x31\x11\0\x0c" INET), ERR_VERSION);
}

Test(proxy_header, reads_up_to_its_limit)
{
    static uint8_t header[PROXY_HEADER_BYTES_MAX];
    memcpy(header, SIGNATURE "\x20\0\x0f\xf0", 16); /* 16 + 4080 */
    expect_header(span_of(header, sizeof(header)), "none :0 :0");
    header[15]++;
    expect_refusal(span_of(header, 16), ERR_LIMIT);
}

static const char WITH_CHECKSUM[] = SIGNATURE "\x21\x11\0\x13" INET "\x03\0\x04\0\0\0\0";

/* By the definition, a bit at a time. */
static uint32_t crc32c_of(struct span s)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < s.len; i++) {
        crc ^= s.ptr[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    return ~crc;
}

Test(proxy_header, checks_the_checksum)
{
    cr_assert_eq(crc32c_of(SPAN("123456789")), 0xe3069283); /* the one that everybody gives */
    uint8_t header[sizeof(WITH_CHECKSUM) - 1];
    memcpy(header, WITH_CHECKSUM, sizeof(header));
    uint32_t crc = htonl(crc32c_of(span_of(header, sizeof(header))));
    memcpy(header + sizeof(header) - 4, &crc, 4);
    expect_header(span_of(header, sizeof(header)), "inet 192.0.2.1:56324 192.0.2.9:443");
    for (size_t i = 16; i < sizeof(header); i++) {
        if (i >= 28 && i < 31)
            continue; /* the TLV's type and length */
        header[i] ^= 0x10;
        expect_refusal(span_of(header, sizeof(header)), ERR_SYNTAX);
        header[i] ^= 0x10;
    }
}

Test(proxy_header, gives_what_else_is_told)
{
    static const char header[] = SIGNATURE "\x21\x11\0\x25" INET "\x02\0\x0c"
                                           "chat.example"
                                           "\x05\0\0"
                                           "\x20\0\x04\x01\0\0\0";
    struct proxy_header h;
    bool is_whole;
    expect_ok(proxy_header_parse(span_of(header, sizeof(header) - 1), &h, &is_whole));
    cr_assert(is_whole);
    struct proxy_tlv tlv;
    cr_assert(proxy_tlv_next(&h.tlvs, &tlv));
    cr_assert_eq(tlv.type, PROXY_TLV_AUTHORITY);
    expect_span(tlv.value, SPAN("chat.example"));
    cr_assert(proxy_tlv_next(&h.tlvs, &tlv));
    cr_assert_eq(tlv.type, PROXY_TLV_UNIQUE_ID);
    expect_span(tlv.value, SPAN_EMPTY);
    cr_assert(proxy_tlv_next(&h.tlvs, &tlv));
    cr_assert_eq(tlv.type, PROXY_TLV_SSL);
    expect_span(tlv.value, SPAN("\x01\0\0\0"));
    cr_assert_not(proxy_tlv_next(&h.tlvs, &tlv));
}
