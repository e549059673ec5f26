#include "simul/ws_handshake.h"

#include "simul/http_client.h"
#include "unit/alloc_fail.h"

#include <criterion/criterion.h>

/* The key and the answer of RFC 6455 section 1.3. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define REST UPGRADE VERSION "Sec-WebSocket-Key: " KEY "\r\n"

static struct http_request request_of(const char *headers)
{
    return (struct http_request){
        .method = HTTP_METHOD_GET,
        .version_minor = 1,
        .host = SPAN("chat.example"),
        .headers = span_str(headers),
    };
}

static struct ws_handshake check(const char *headers)
{
    struct http_request request = request_of(headers);
    struct ws_handshake result;
    ws_handshake_check(&request, &(struct ws_handshake_policy){0}, &result);
    return result;
}

static void expect(const char *headers, unsigned status)
{
    struct ws_handshake result = check(headers);
    cr_assert_eq(result.status, status, "%u, not %u:\n%s", result.status, status, headers);
    cr_assert_eq(result.reason == NULL, status == 101);
    cr_assert_eq(result.accept[0] != '\0', status == 101);
}

Test(ws_handshake, accepts_the_handshake_of_the_rfc)
{
    struct ws_handshake result = check(REST);
    cr_assert_eq(result.status, 101);
    cr_assert_str_eq(result.accept, ACCEPT);
    cr_assert_eq(result.protocol.len, 0);
}

Test(ws_handshake, reads_tokens_in_lists_without_regard_to_case)
{
    expect("UPGRADE: h2c, WebSocket\r\nconnection: keep-alive, UPGRADE\r\n" VERSION
           "sec-websocket-KEY: " KEY "\r\n",
           101);
    expect("Upgrade: h2c\r\nUpgrade: websocket\r\nConnection: keep-alive\r\nConnection: "
           "upgrade\r\n" VERSION "Sec-WebSocket-Key: " KEY "\r\n",
           101);
}

Test(ws_handshake, refuses_what_does_not_ask_for_an_upgrade)
{
    static const char key[] = VERSION "Sec-WebSocket-Key: " KEY "\r\n";
    static const char *const wrong[] = {
        "",
        "Upgrade: websocket\r\n",
        "Connection: Upgrade\r\n",
        "Upgrade: websocket2\r\nConnection: Upgrade\r\n",
        "Upgrade: websocket/13\r\nConnection: Upgrade\r\n",
        "Upgrade: websocket\r\nConnection: Upgrades\r\n",
        "Upgrade: websocket\r\nConnection: keep-alive\r\n",
        "Upgrade:\r\nConnection:\r\n",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char headers[300];
        snprintf(headers, sizeof headers, "%s%s", wrong[i], key);
        expect(headers, 426);
    }
}

Test(ws_handshake, refuses_other_methods_versions_and_a_missing_host)
{
    struct ws_handshake_policy policy = {0};
    struct ws_handshake result;
    for (int method = HTTP_METHOD_HEAD; method <= HTTP_METHOD_PATCH; method++) {
        struct http_request request = request_of(REST);
        request.method = (enum http_method)method;
        ws_handshake_check(&request, &policy, &result);
        cr_assert_eq(result.status, 405);
    }
    struct http_request old = request_of(REST), nameless = request_of(REST);
    old.version_minor = 0;
    ws_handshake_check(&old, &policy, &result);
    cr_assert_eq(result.status, 400);
    nameless.host = SPAN_EMPTY;
    ws_handshake_check(&nameless, &policy, &result);
    cr_assert_eq(result.status, 400);
}

Test(ws_handshake, refuses_a_request_with_a_body)
{
    struct ws_handshake_policy policy = {0};
    struct ws_handshake result;
    struct http_request sized = request_of(REST), chunked = request_of(REST);
    sized.content_length = 1;
    ws_handshake_check(&sized, &policy, &result);
    cr_assert_eq(result.status, 400);
    chunked.chunked = true;
    ws_handshake_check(&chunked, &policy, &result);
    cr_assert_eq(result.status, 400);
}

Test(ws_handshake, answers_426_to_other_protocol_versions)
{
    expect(UPGRADE "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: " KEY "\r\n", 426);
    expect(UPGRADE "Sec-WebSocket-Version: 14\r\nSec-WebSocket-Key: " KEY "\r\n", 426);
    expect(UPGRADE "Sec-WebSocket-Version: 013\r\nSec-WebSocket-Key: " KEY "\r\n", 426);
    expect(UPGRADE "Sec-WebSocket-Version:\r\nSec-WebSocket-Key: " KEY "\r\n", 426);
    expect(UPGRADE "Sec-WebSocket-Key: " KEY "\r\n", 400);
    expect(UPGRADE VERSION VERSION "Sec-WebSocket-Key: " KEY "\r\n", 400);
}

Test(ws_handshake, refuses_keys_that_are_not_16_bytes_in_base64)
{
    static const char *const wrong[] = {
        "",
        "dGhlIHNhbXBsZSBub25jZQ",       /* no padding */
        "dGhlIHNhbXBsZSBub25jZQ=",      /**/
        "dGhlIHNhbXBsZSBub25jZQ===",    /**/
        "dGhlIHNhbXBsZSBub25jZVo=",     /* 17 bytes */
        "dGhlIHNhbXBsZSBub25jZVoK",     /* 18 */
        "dGhlIHNhbXBsZSBub25j",         /* 15 */
        "dGhlIHNhbXBsZSBub25jZR==",     /* bits behind the last byte */
        "dGhlIHNhbXBs-SBub25jZQ==",     /* the other alphabet */
        "dGhlIHNhbXBs SBub25jZQ==",     /**/
        "dGhlIHNhbXBsZSBub25j=Q==",     /**/
        "dGhlIHNhbXBs\xc3\xa9u25jZQ==", /**/
        KEY "A",
        KEY ", " KEY,
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char headers[300];
        snprintf(headers, sizeof headers, UPGRADE VERSION "Sec-WebSocket-Key: %s\r\n", wrong[i]);
        expect(headers, 400);
    }
    expect(UPGRADE VERSION, 400);
    expect(REST "Sec-WebSocket-Key: " KEY "\r\n", 400);
}

/* ---- subprotocols ---- */

static void expect_protocol(const char *offers, const char *chosen)
{
    const struct span spoken[] = {SPAN("text.ircv3.net"), SPAN("binary.ircv3.net")};
    const struct ws_handshake_policy policy = {.protocols = spoken, .protocol_count = 2};
    char headers[400];
    struct ws_handshake result;
    snprintf(headers, sizeof headers, REST "%s", offers);
    struct http_request request = request_of(headers);
    ws_handshake_check(&request, &policy, &result);
    cr_assert_eq(result.status, 101);
    cr_assert(span_eq(result.protocol, span_str(chosen)), "%s", offers);
}

Test(ws_handshake, chooses_the_subprotocol_the_client_likes_best)
{
    expect_protocol("Sec-WebSocket-Protocol: binary.ircv3.net, text.ircv3.net\r\n",
                    "binary.ircv3.net");
    expect_protocol("Sec-WebSocket-Protocol: text.ircv3.net,binary.ircv3.net\r\n",
                    "text.ircv3.net");
    expect_protocol("Sec-WebSocket-Protocol: soap, ,mqtt,binary.ircv3.net\r\n", "binary.ircv3.net");
    expect_protocol("Sec-WebSocket-Protocol: soap\r\nSec-WebSocket-Protocol: binary.ircv3.net\r\n"
                    "Sec-WebSocket-Protocol: text.ircv3.net\r\n",
                    "binary.ircv3.net");
}

Test(ws_handshake, chooses_no_subprotocol_that_was_not_offered_or_is_not_spoken)
{
    expect_protocol("", "");
    expect_protocol("Sec-WebSocket-Protocol: soap, mqtt\r\n", "");
    expect_protocol("Sec-WebSocket-Protocol: TEXT.ircv3.net\r\n", "");
    expect_protocol("Sec-WebSocket-Protocol: text.ircv3.network\r\n", "");
}

Test(ws_handshake, refuses_subprotocols_that_are_no_list)
{
    static const char *const wrong[] = {"", " , ", "a b", "\"a\"", "a; q=1", "soap, a/b"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char headers[400];
        snprintf(headers, sizeof headers, REST "Sec-WebSocket-Protocol: %s\r\n", wrong[i]);
        expect(headers, 400);
    }
}

/* ---- extensions ---- */

#define DEFLATE "Sec-WebSocket-Extensions: permessage-deflate\r\n"

static struct ws_handshake check_deflate(const char *headers, bool is_on)
{
    struct http_request request = request_of(headers);
    struct ws_handshake_policy policy = {.deflate.is_on = is_on};
    struct ws_handshake result;
    ws_handshake_check(&request, &policy, &result);
    return result;
}

Test(ws_handshake, agrees_on_deflate_if_it_is_on)
{
    struct ws_handshake result = check_deflate(REST DEFLATE, true);
    cr_assert_eq(result.status, 101);
    cr_expect_eq(result.deflate.agreed.out_bits, 15);
    result = check_deflate(REST DEFLATE, false);
    cr_assert_eq(result.status, 101);
    cr_expect(!ws_deflate_is_agreed(&result.deflate.agreed));
    result = check_deflate(REST, true);
    cr_assert_eq(result.status, 101);
    cr_expect(!ws_deflate_is_agreed(&result.deflate.agreed));
    result = check_deflate(
        REST "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8, x\r\n"
             "sec-websocket-extensions: permessage-deflate; server_max_window_bits=9\r\n" DEFLATE,
        true);
    cr_assert_eq(result.status, 101);
    cr_expect_eq(result.deflate.agreed.out_bits, 9);
}

Test(ws_handshake, refuses_extensions_that_are_no_list)
{
    static const char *const wrong[] = {"", ",", "permessage-deflate; a=", "a b", "a; b=\"c d\""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char headers[400];
        snprintf(headers, sizeof headers, REST DEFLATE "Sec-WebSocket-Extensions: %s\r\n",
                 wrong[i]);
        cr_expect_eq(check_deflate(headers, true).status, 400, "%s", wrong[i]);
        cr_expect_eq(check_deflate(headers, false).status, 400, "%s", wrong[i]);
    }
}

/* ---- the Origin ---- */

static unsigned origin_status(const char *host, const char *origin, bool is_tls, bool is_loopback)
{
    const struct span listed[] = {SPAN("https://Chat.Example.org"), SPAN("http://other.net:8080"),
                                  SPAN("not an origin"), SPAN("null")};
    const struct ws_handshake_policy policy = {
        .origins = listed, .origin_count = 4, .is_tls = is_tls, .is_loopback = is_loopback};
    char headers[400];
    struct ws_handshake result;
    snprintf(headers, sizeof headers, REST "Origin: %s\r\n", origin);
    struct http_request request = request_of(headers);
    request.host = span_str(host);
    ws_handshake_check(&request, &policy, &result);
    return result.status;
}

Test(ws_handshake, allows_the_hosts_own_origin)
{
    cr_assert_eq(origin_status("a.example", "http://a.example", false, false), 101);
    cr_assert_eq(origin_status("a.example:80", "http://a.example", false, false), 101);
    cr_assert_eq(origin_status("a.example", "http://a.example:80", false, false), 101);
    cr_assert_eq(origin_status("A.example:8080", "HTTP://a.EXAMPLE:8080", false, false), 101);
    cr_assert_eq(origin_status("a.example:443", "https://a.example", true, false), 101);
    cr_assert_eq(origin_status("[2001:db8::1]:8080", "http://[2001:DB8::1]:8080", false, false),
                 101);
    cr_assert_eq(origin_status("[2001:db8::1]", "http://[2001:db8::1]:80", false, false), 101);
}

Test(ws_handshake, allows_listed_origins)
{
    cr_assert_eq(origin_status("a.example", "https://chat.example.org", false, false), 101);
    cr_assert_eq(origin_status("a.example", "https://chat.example.org:443", false, false), 101);
    cr_assert_eq(origin_status("a.example", "http://other.net:8080", true, false), 101);
    cr_assert_eq(origin_status("chat.example.org", "https://chat.example.org", false, true), 101);
}

Test(ws_handshake, refuses_every_other_origin)
{
    static const char *const wrong[] = {
        "http://evil.example",
        "http://a.example.evil.example",
        "http://evil-a.example",
        "https://a.example",      /* another scheme */
        "http://a.example:8080",  /* another port */
        "http://a.example:081",   /**/
        "http://a.example/",      /* not an origin */
        "http://a.example/:80",   /**/
        "http://x@a.example",     /**/
        "http://a.example:",      /**/
        "http://a.example:80x",   /**/
        "http://a.example:65616", /* 80, if it wrapped */
        "http://a.example:4294967376",
        "http://",
        "http://:80",
        "http://[a.example",
        "ws://a.example",
        "ftp://a.example",
        "a.example",
        "//a.example",
        "null",
        "",
        "*",
        "http://other.net",
        "http://chat.example.org",
        "https://chat.example.org:8443",
        "http://a.example, http://a.example",
        "http://a.example http://evil.example",
        "not an origin",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_eq(origin_status("a.example", wrong[i], false, false), 403, "%s", wrong[i]);
    expect(REST "Origin: http://chat.example\r\nOrigin: http://chat.example\r\n", 400);
}

Test(ws_handshake, refuses_rebound_names_on_a_loopback_listener)
{
    static const char *const local[] = {"localhost", "LocalHost", "app.localhost",
                                        "127.0.0.1", "127.1.2.3", "[::1]"};
    static const char *const rebound[] = {
        "a.example", "127.evil.example", "localhost.evil.example", "evillocalhost", "[::2]",
        "128.0.0.1", ".localhos"};
    char host[100], origin[120];
    for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
        snprintf(host, sizeof host, "%s:8080", local[i]);
        snprintf(origin, sizeof origin, "http://%s", host);
        cr_assert_eq(origin_status(host, origin, false, true), 101, "%s", host);
    }
    for (size_t i = 0; i < sizeof rebound / sizeof *rebound; i++) {
        snprintf(host, sizeof host, "%s:8080", rebound[i]);
        snprintf(origin, sizeof origin, "http://%s", host);
        cr_assert_eq(origin_status(host, origin, false, true), 403, "%s", host);
        cr_assert_eq(origin_status(host, origin, false, false), 101, "%s", host);
    }
}

/* ---- answers ---- */

Test(ws_handshake, writes_the_answer)
{
    struct buf out = {0};
    struct ws_handshake result = check(REST);
    cr_assert_eq(ws_handshake_format(&result, &out), OK);
    cr_assert(span_eq(buf_span(&out), SPAN("HTTP/1.1 101 Switching Protocols\r\n"
                                           "Upgrade: websocket\r\n"
                                           "Connection: Upgrade\r\n"
                                           "Sec-WebSocket-Accept: " ACCEPT "\r\n"
                                           "\r\n")));
    buf_deinit(&out);
    result.protocol = SPAN("text.ircv3.net");
    cr_assert_eq(ws_handshake_format(&result, &out), OK);
    struct span end = SPAN("\r\nSec-WebSocket-Protocol: text.ircv3.net\r\n\r\n");
    cr_assert(span_eq(span_drop(buf_span(&out), out.len - end.len), end));
    buf_deinit(&out);
    result = check_deflate(REST DEFLATE, true);
    cr_assert_eq(ws_handshake_format(&result, &out), OK);
    end = SPAN("\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
               "client_no_context_takeover\r\n\r\n");
    cr_assert(span_eq(span_drop(buf_span(&out), out.len - end.len), end));
    buf_deinit(&out);
}

Test(ws_handshake, survives_no_memory_for_the_answer)
{
    struct buf out = {0};
    struct ws_handshake result = check_deflate(REST DEFLATE, true);
    result.protocol = SPAN("text.ircv3.net");
    alloc_fail_after(SIZE_MAX);
    cr_assert_eq(ws_handshake_format(&result, &out), OK);
    size_t allocations = alloc_fail_stop();
    buf_deinit(&out);
    cr_assert_gt(allocations, 1);
    for (size_t i = 0; i < allocations; i++) {
        alloc_fail_after(i);
        enum err e = ws_handshake_format(&result, &out);
        alloc_fail_stop();
        cr_assert_eq(e, ERR_NOMEM, "allocation %zu", i);
        buf_deinit(&out);
    }
}

Test(ws_handshake, makes_the_key_of_the_rfc)
{
    char key[WS_KEY_CHARS + 1];
    ws_handshake_key((const uint8_t *)"the sample nonce", key);
    cr_assert_str_eq(key, KEY);
}

/* ---- requests ---- */

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

Test(ws_handshake, writes_the_request)
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

Test(ws_handshake, writes_no_request_that_would_break)
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

Test(ws_handshake, survives_no_memory_for_the_request)
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
Test(ws_handshake, both_sides_agree)
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

/* ---- verifying ---- */

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

Test(ws_handshake, verifies_a_servers_answer)
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

Test(ws_handshake, finds_upgrade_in_any_connection_of_an_answer)
{
    cr_expect(ws_handshake_answer_of(101, SPAN("Connection: a\r\nconnection: b, UPGRADE\r\n"))
                  .lists_upgrade);
    cr_expect(!ws_handshake_answer_of(101, SPAN("Upgrade: upgrade\r\n")).lists_upgrade);
    cr_expect(!ws_handshake_answer_of(101, SPAN("Connection: upgrades\r\n")).lists_upgrade);
}

Test(ws_handshake, verifies_the_extension_if_it_was_offered)
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
Test(ws_handshake, refuses_an_answer_that_repeats_itself)
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
