#include "simul/ws_handshake.h"

#include "simul/http.h"
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

/* --- subprotocols ------------------------------------------------------------------------ */

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

/* --- extensions -------------------------------------------------------------------------- */

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

/* --- the Origin -------------------------------------------------------------------------- */

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

/* --- answers ----------------------------------------------------------------------------- */

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
