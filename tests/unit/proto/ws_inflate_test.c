/* Messages that come compressed (RFC 7692 section 7.2.2). */
#include "unit/proto/ws_script.h"

enum {
    COMPRESSED_TEXT = WS_RSV1 | WS_TEXT,
    COMPRESSED_BINARY = WS_RSV1 | WS_BINARY,
};

#define HELLO "\xf2\x48\xcd\xc9\xc9\x07\x00"
/* The same, said again: "H", and four bytes that were five bytes before. */
#define HELLO_AGAIN "\xf2\x00\x11\x00\x00"

static const struct ws_rules rules = {.side = WS_SERVER, .inflated_bytes_max = 1000};
static const struct ws_deflate forgets = {.out_bits = 15, .in_bits = 15};
static const struct ws_deflate keeps = {.out_bits = 15, .in_bits = 15, .keeps_in = true};

/* Whether the peer keeps its context or not, which makes no difference to these. */
static void expect(const char *log, const struct part *parts, size_t count)
{
    expect_deflate(forgets, rules, log, parts, count);
    expect_deflate(keeps, rules, log, parts, count);
}

/* ---- the examples of section 7.2.3 ---- */

Test(ws_inflate, takes_a_message_of_one_block)
{
    expect("text compressed 5:Hello\n", SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO)));
}

Test(ws_inflate, takes_a_message_in_fragments)
{
    expect("text compressed 5:Hello\n", SCRIPT(F(COMPRESSED_TEXT, "\xf2\x48\xcd"),
                                               F(FIN | WS_CONTINUATION, "\xc9\xc9\x07\x00")));
}

Test(ws_inflate, takes_a_message_that_refers_to_the_one_before)
{
    expect_deflate(keeps, rules, "text compressed 5:Hello\ntext compressed 5:Hello\n",
                   SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO), F(FIN | COMPRESSED_TEXT, HELLO_AGAIN)));
}

Test(ws_inflate, takes_a_block_without_compression)
{
    expect("text compressed 5:Hello\n",
           SCRIPT(F(FIN | COMPRESSED_TEXT, "\x00\x05\x00\xfa\xffHello\x00")));
}

Test(ws_inflate, takes_a_final_block)
{
    expect("text compressed 5:Hello\n",
           SCRIPT(F(FIN | COMPRESSED_TEXT, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00")));
}

Test(ws_inflate, takes_two_blocks)
{
    expect(
        "text compressed 5:Hello\n",
        SCRIPT(F(FIN | COMPRESSED_TEXT, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00")));
}

Test(ws_inflate, takes_empty_messages)
{
    expect("text compressed 0:\nbinary compressed 0:\n",
           SCRIPT(F(FIN | COMPRESSED_TEXT, "\x00"), F(FIN | COMPRESSED_BINARY, "\x00")));
}
