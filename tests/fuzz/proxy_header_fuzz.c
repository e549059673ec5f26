/* Any bytes before a connection's own. However they come, the same header and the same error come
 * out of them; no header is found in less than its bytes, and none in what follows it.
 *
 * Input: the stream. */
#include "fuzz/cut.h"
#include "simul/check.h"
#include "simul/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_same(const struct proxy_header *a, const struct proxy_header *b)
{
    CHECK(a->family == b->family && a->bytes == b->bytes);
    CHECK(memcmp(&a->source.ip, &b->source.ip, sizeof(a->source.ip)) == 0);
    CHECK(memcmp(&a->destination.ip, &b->destination.ip, sizeof(a->destination.ip)) == 0);
    CHECK(a->source.port == b->source.port && a->destination.port == b->destination.port);
    CHECK(span_eq(a->tlvs, b->tlvs));
}

/* The whole of the TLVs is TLVs, and lies in the header. */
static void walk_tlvs(const struct proxy_header *h)
{
    struct span rest = h->tlvs;
    struct proxy_tlv tlv;
    size_t bytes = 0;
    while (proxy_tlv_next(&rest, &tlv))
        bytes += 3 + tlv.value.len;
    CHECK(bytes == h->tlvs.len && h->tlvs.len < h->bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span stream = span_of(data, size), piece;
    struct proxy_header at_once, in_pieces = {0};
    bool is_whole, is_whole_in_pieces = false;
    enum err e = proxy_header_parse(stream, &at_once, &is_whole), e_in_pieces = OK;
    CHECK(is_whole ? e == OK && at_once.bytes <= size : e != OK || size < PROXY_HEADER_BYTES_MAX);
    CHECK(at_once.bytes <= PROXY_HEADER_BYTES_MAX);

    struct cut cut = cut_begin(stream);
    for (size_t len = 0; e_in_pieces == OK && !is_whole_in_pieces && cut_next(&cut, &piece);) {
        len += piece.len;
        e_in_pieces = proxy_header_parse(span_take(stream, len), &in_pieces, &is_whole_in_pieces);
    }
    CHECK(e == e_in_pieces && is_whole == is_whole_in_pieces);
    if (!is_whole)
        return 0;
    expect_same(&at_once, &in_pieces);
    walk_tlvs(&at_once);
    enum err shorter =
        proxy_header_parse(span_take(stream, at_once.bytes - 1), &in_pieces, &is_whole);
    CHECK(shorter == OK && !is_whole);
    return 0;
}
