/* The client's side of the handshake: requests, and what a server answers to them. */
#include "simul/ws_handshake.h"

#include "simul/http_client.h"
#include "unit/alloc_fail.h"

#include <criterion/criterion.h>

/* The key and the answer of RFC 6455 section 1.3. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

/* --- requests ---------------------------------------------------------------------------- */

static const struct ws_handshake_offer PLAIN = {.target = {(const uint8_t *)"/chat", 5},
                                                .host = {(const uint8_t *)"chat.example", 12},
                                                .key = {(const uint8_t *)KEY, WS_KEY_CHARS}};

static void expect_request(const struct ws_handshake_offer *offer, const char *text)
{
    struct buf out = {0};
    cr_assert_eq(ws_handshake_request(offer, &out), OK);
    cr_expect(span_eq(buf_span(&out), span_str(text)), "%.*s", SPAN_ARG(buf_span(&out)));
    buf_deinit(&out);
}

static struct ws_handshake_offer full_offer(void)
{
    static const struct http_field FIELDS[] = {
        {{(const uint8_t *)"X", 1}, {(const uint8_t *)"y", 1}}};
    static const struct span PROTOCOLS[] = {{(const uint8_t *)"text.ircv3.net", 14},
                                            {(const uint8_t *)"b", 1}};
    struct ws_handshake_offer offer = PLAIN;
    offer.protocols = PROTOCOLS;
    offer.protocol_count = 2;
    offer.origin = SPAN("http://chat.example");
    offer.deflate = true;
    offer.fields = FIELDS;
    offer.field_count = 1;
    return offer;
}

Test(ws_handshake_client, writes_the_request)
{
    expect_request(&PLAIN, "GET /chat HTTP/1.1\r\n"
                           "Host: chat.example\r\n"
                           "Upgrade: websocket\r\n"
                           "Connection: Upgrade\r\n"
                           "Sec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: " KEY "\r\n"
                           "\r\n");
    struct ws_handshake_offer offer = full_offer();
    expect_request(&offer, "GET /chat HTTP/1.1\r\n"
                           "Host: chat.example\r\n"
                           "X: y\r\n"
                           "Upgrade: websocket\r\n"
                           "Connection: Upgrade\r\n"
                           "Sec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: " KEY "\r\n"
                           "Sec-WebSocket-Protocol: text.ircv3.net, b\r\n"
                           "Origin: http://chat.example\r\n"
                           "Sec-WebSocket-Extensions: permessage-deflate; "
                           "server_no_context_takeover; client_no_context_takeover; "
                           "client_max_window_bits\r\n"
                           "\r\n");
}

Test(ws_handshake_client, writes_no_request_that_would_break)
{
    static const struct span EMPTY = {NULL, 0};
    struct ws_handshake_offer offers[7];
    struct http_field field = {SPAN("A"), SPAN("b\r\n")};
    struct span protocol = SPAN("a, b"), same[] = {SPAN("a"), SPAN("a")};
    for (size_t i = 0; i < 7; i++)
        offers[i] = full_offer();
    offers[0].target = SPAN("/a b");
    offers[1].host = SPAN("a\r\n");
    offers[2].origin = SPAN("http://a\r\n");
    offers[3].fields = &field;
    offers[4].protocols = &protocol;
    offers[5].protocols = &EMPTY;
    offers[4].protocol_count = offers[5].protocol_count = 1;
    offers[6].protocols = same;
    offers[6].protocol_count = 2;
    struct buf out = {0};
    for (size_t i = 0; i < 7; i++)
        cr_expect_eq(ws_handshake_request(&offers[i], &out), ERR_SYNTAX, "offer %zu", i);
    cr_expect_eq(out.len, 0);
    buf_deinit(&out);
}

Test(ws_handshake_client, survives_no_memory_for_the_request)
{
    struct ws_handshake_offer offer = full_offer();
    struct buf out = {0};
    alloc_fail_after(SIZE_MAX);
    cr_assert_eq(ws_handshake_request(&offer, &out), OK);
    size_t allocations = alloc_fail_stop();
    buf_deinit(&out);
    cr_assert_gt(allocations, 1);
    for (size_t i = 0; i < allocations; i++) {
        alloc_fail_after(i);
        enum err e = ws_handshake_request(&offer, &out);
        alloc_fail_stop();
        cr_expect_eq(e, ERR_NOMEM, "allocation %zu", i);
        cr_expect_eq(out.len, 0);
        buf_deinit(&out);
    }
}

/* What the client writes, the server takes, and the client takes what the server answers. */
Test(ws_handshake_client, both_sides_agree)
{
    static const struct http_limits LIMITS = {200, 1000, 20, 0};
    struct ws_handshake_offer offer = full_offer();
    struct buf asked = {0}, answered = {0};
    struct span body;

    struct http_parser server;
    struct ws_handshake result;
    cr_assert_eq(ws_handshake_request(&offer, &asked), OK);
    struct span in = buf_span(&asked);
    http_parser_init(&server, &LIMITS);
    cr_assert_eq(http_parser_next(&server, &in, &body), HTTP_EVENT_HEAD);
    struct ws_handshake_policy policy = {
        .protocols = &offer.protocols[1], .protocol_count = 1, .deflate.is_on = true};
    ws_handshake_check(http_parser_request(&server), &policy, &result);
    cr_assert_eq(result.status, 101, "%s", result.reason);
    cr_assert_eq(ws_handshake_format(&result, &answered), OK);

    struct http_client client;
    in = buf_span(&answered);
    http_client_init(&client, &LIMITS);
    http_client_expect(&client, HTTP_METHOD_GET);
    cr_assert_eq(http_client_next(&client, &in, &body), HTTP_EVENT_HEAD);
    const struct http_client_response *r = http_client_response(&client);
    struct ws_handshake_answer answer = ws_handshake_answer_of(r->status, r->headers);
    cr_expect(span_eq(answer.protocol, SPAN("b")));
    struct ws_deflate deflate;
    cr_expect_eq(ws_handshake_verify(&answer, &offer, &deflate), OK);
    cr_expect_eq(deflate.out_bits, 15);
    offer.protocol_count = 1;
    cr_expect_eq(ws_handshake_verify(&answer, &offer, &deflate), ERR_UNKNOWN);
    cr_expect(!ws_deflate_is_agreed(&deflate));
    offer.protocol_count = 2;
    offer.deflate = false;
    cr_expect_eq(ws_handshake_verify(&answer, &offer, &deflate), ERR_UNKNOWN);
    cr_expect(!ws_deflate_is_agreed(&deflate));
    http_client_deinit(&client);
    http_parser_deinit(&server);
    buf_deinit(&asked);
    buf_deinit(&answered);
}

/* --- verifying --------------------------------------------------------------------------- */

static enum err verify_offering(struct ws_handshake_answer answer, bool is_offered)
{
    const struct span offered[] = {SPAN("a"), SPAN("b")};
    const struct ws_handshake_offer offer = {
        .key = SPAN(KEY), .protocols = offered, .protocol_count = 2, .deflate = is_offered};
    struct ws_deflate deflate;
    return ws_handshake_verify(&answer, &offer, &deflate);
}

static enum err verify(struct ws_handshake_answer answer)
{
    return verify_offering(answer, false);
}

static const struct ws_handshake_answer GOOD = {
    .status = 101,
    .upgrade = {(const uint8_t *)"WebSocket", 9},
    .lists_upgrade = true,
    .accept = {(const uint8_t *)ACCEPT, WS_ACCEPT_CHARS}};

Test(ws_handshake_client, verifies_a_servers_answer)
{
    struct ws_handshake_answer answer = GOOD;
    cr_assert_eq(verify(answer), OK);
    answer.protocol = SPAN("b");
    cr_assert_eq(verify(answer), OK);
    answer.protocol = SPAN("c");
    cr_assert_eq(verify(answer), ERR_UNKNOWN);
    answer.protocol = SPAN(""); /* there, but none */
    cr_assert_eq(verify(answer), ERR_UNKNOWN);

    answer = GOOD;
    answer.status = 200;
    cr_assert_eq(verify(answer), ERR_UNKNOWN);
    answer = GOOD;
    answer.upgrade = SPAN_EMPTY;
    cr_assert_eq(verify(answer), ERR_SYNTAX);
    answer = GOOD;
    answer.lists_upgrade = false;
    cr_assert_eq(verify(answer), ERR_SYNTAX);
    answer = GOOD;
    answer.accept = SPAN("S3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    cr_assert_eq(verify(answer), ERR_SYNTAX);
}

Test(ws_handshake_client, finds_upgrade_in_any_connection_of_an_answer)
{
    cr_expect(ws_handshake_answer_of(101, SPAN("Connection: a\r\nconnection: b, UPGRADE\r\n"))
                  .lists_upgrade);
    cr_expect(!ws_handshake_answer_of(101, SPAN("Upgrade: upgrade\r\n")).lists_upgrade);
    cr_expect(!ws_handshake_answer_of(101, SPAN("Connection: upgrades\r\n")).lists_upgrade);
}

Test(ws_handshake_client, verifies_the_extension_if_it_was_offered)
{
    struct ws_handshake_answer answer = GOOD;
    cr_assert_eq(verify_offering(answer, true), OK);
    answer.extensions = SPAN("permessage-deflate; server_no_context_takeover");
    cr_assert_eq(verify_offering(answer, true), OK);
    cr_assert_eq(verify_offering(answer, false), ERR_UNKNOWN);
    answer.extensions = SPAN("permessage-deflate");
    cr_assert_eq(verify_offering(answer, true), ERR_UNKNOWN);
    answer.extensions = SPAN("permessage-deflate; a=");
    cr_assert_eq(verify_offering(answer, true), ERR_SYNTAX);
    answer.extensions = SPAN(""); /* there, but no list */
    cr_assert_eq(verify_offering(answer, true), ERR_SYNTAX);
}

/* Section 11.3: these may come once. */
Test(ws_handshake_client, refuses_an_answer_that_repeats_itself)
{
    static const char *const names[] = {"Sec-WebSocket-Accept", "sec-websocket-protocol",
                                        "Sec-WebSocket-Extensions"};
    char headers[100];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(headers, sizeof headers, "%s: a\r\nX: y\r\n%s: a\r\n", names[i], names[i]);
        struct ws_handshake_answer repeated = ws_handshake_answer_of(101, span_str(headers));
        cr_expect(repeated.is_repeated, "%s", names[i]);
    }
    struct ws_handshake_answer answer = ws_handshake_answer_of(
        101, SPAN("Sec-WebSocket-Accept: a\r\nSec-WebSocket-Extensions:\r\n"));
    cr_expect(!answer.is_repeated);
    cr_expect_not_null(answer.extensions.ptr);
    cr_expect_null(answer.protocol.ptr);
    answer = GOOD;
    answer.is_repeated = true;
    cr_expect_eq(verify(answer), ERR_SYNTAX);
}
