/* The handshake: every check of RFC 6455 section 4, in the order in which the answers make sense,
 * and the rule about the Origin. */
#include "simul/ws_handshake.h"

#include "http_request.h"

#include "simul/check.h"
#include "simul/http_client.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

/* --- the Origin (RFC 6454) --------------------------------------------------------------- */

/* "https://example.org:8443" taken apart. The default port is filled in. */
struct origin {
    struct span scheme, host;
    unsigned port;
};

static bool origin_parse(struct span s, struct origin *out)
{
    const struct span schemes[] = {SPAN("http://"), SPAN("https://")};
    for (size_t i = 0; i < 2; i++) {
        out->scheme = schemes[i];
        out->port = i == 0 ? 80 : 443;
        if (s.len >= schemes[i].len && span_eq_nocase(span_take(s, schemes[i].len), schemes[i]))
            return http_host_split(span_drop(s, schemes[i].len), &out->host, &out->port);
    }
    return false;
}

static bool origin_eq(const struct origin *a, const struct origin *b)
{
    return span_eq(a->scheme, b->scheme) && span_eq_nocase(a->host, b->host) && a->port == b->port;
}

static bool origin_is_allowed(struct span text, struct span host,
                              const struct ws_handshake_policy *policy)
{
    struct origin origin, own, listed;
    if (!origin_parse(text, &origin))
        return false;
    for (size_t i = 0; i < policy->origin_count; i++) {
        if (origin_parse(policy->origins[i], &listed) && origin_eq(&origin, &listed))
            return true;
    }
    own.scheme = policy->is_tls ? SPAN("https://") : SPAN("http://");
    own.port = policy->is_tls ? 443 : 80;
    if (!http_host_split(host, &own.host, &own.port) || !origin_eq(&origin, &own))
        return false;
    return !policy->is_loopback || http_host_is_loopback(host);
}

/* --- the request ------------------------------------------------------------------------- */

/* A header that may come once. */
struct single {
    struct span value;
    unsigned count;
};

struct upgrade_headers {
    bool asks_upgrade, asks_websocket;
    struct single key, version, origin;
    struct span protocol;
    struct ws_deflate_choice deflate;
    bool has_wrong_protocols, has_wrong_extensions;
};

/* The policy's own text of a subprotocol; empty: it is not spoken. */
static struct span find_protocol(const struct ws_handshake_policy *policy, struct span name)
{
    for (size_t i = 0; i < policy->protocol_count; i++) {
        if (span_eq(name, policy->protocols[i]))
            return policy->protocols[i];
    }
    return SPAN_EMPTY;
}

/* Takes the first that is spoken, unless one was taken before. False: this is no list of tokens
 * (section 4.3). */
static bool take_protocols(struct upgrade_headers *h, const struct ws_handshake_policy *policy,
                           struct span list)
{
    struct span wanted;
    size_t count = 0;
    for (; http_list_next(&list, &wanted); count++) {
        if (!http_is_token(wanted))
            return false;
        if (h->protocol.len == 0)
            h->protocol = find_protocol(policy, wanted);
    }
    return count > 0;
}

static void single_take(struct single *header, struct span value)
{
    header->value = value;
    header->count++;
}

static void headers_gather(const struct http_request *request,
                           const struct ws_handshake_policy *policy, struct upgrade_headers *h)
{
    struct span rest = request->headers, name, value;
    while (http_header_next(&rest, &name, &value)) {
        if (span_eq_nocase(name, SPAN("connection")))
            h->asks_upgrade |= http_token_list_has(value, "upgrade");
        else if (span_eq_nocase(name, SPAN("upgrade")))
            h->asks_websocket |= http_token_list_has(value, "websocket");
        else if (span_eq_nocase(name, SPAN("sec-websocket-key")))
            single_take(&h->key, value);
        else if (span_eq_nocase(name, SPAN("sec-websocket-version")))
            single_take(&h->version, value);
        else if (span_eq_nocase(name, SPAN("origin")))
            single_take(&h->origin, value);
        else if (span_eq_nocase(name, SPAN("sec-websocket-protocol")))
            h->has_wrong_protocols |= !take_protocols(h, policy, value);
        else if (span_eq_nocase(name, SPAN("sec-websocket-extensions")))
            h->has_wrong_extensions |=
                ws_deflate_choose(&h->deflate, &policy->deflate, value) != OK;
    }
}

static bool is_base64(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/* base64 of exactly 16 bytes: 22 characters, of which the last carries two bits, and "==". */
static bool key_is_valid(struct span key)
{
    if (key.len != WS_KEY_CHARS || key.ptr[22] != '=' || key.ptr[23] != '=')
        return false;
    for (size_t i = 0; i < 22; i++) {
        if (!is_base64(key.ptr[i]))
            return false;
    }
    return span_find(SPAN("AQgw"), key.ptr[21]) < 4;
}

static uint16_t refuse(struct ws_handshake *result, uint16_t status, const char *reason)
{
    result->reason = reason;
    return status;
}

static uint16_t judge(const struct http_request *request, const struct upgrade_headers *h,
                      const struct ws_handshake_policy *policy, struct ws_handshake *result)
{
    if (request->method != HTTP_METHOD_GET)
        return refuse(result, 405, "a WebSocket handshake is a GET");
    if (request->version_minor < 1)
        return refuse(result, 400, "a WebSocket handshake needs HTTP/1.1");
    if (request->host.len == 0)
        return refuse(result, 400, "no Host");
    /* Somebody in between could take a body for frames, or frames for a body. */
    if (request->content_length > 0 || request->chunked)
        return refuse(result, 400, "a WebSocket handshake has no body");
    if (!h->asks_websocket || !h->asks_upgrade)
        return refuse(result, 426, "no Upgrade to WebSocket");
    if (h->version.count != 1)
        return refuse(result, 400, "Sec-WebSocket-Version must come once");
    if (!span_eq(h->version.value, SPAN("13")))
        return refuse(result, 426, "only version 13 is spoken");
    if (h->key.count != 1 || !key_is_valid(h->key.value))
        return refuse(result, 400, "Sec-WebSocket-Key must come once, with 16 bytes in base64");
    if (h->has_wrong_protocols)
        return refuse(result, 400, "Sec-WebSocket-Protocol is no list of subprotocols");
    if (h->has_wrong_extensions)
        return refuse(result, 400, "Sec-WebSocket-Extensions is no list of extensions");
    if (h->origin.count > 1)
        return refuse(result, 400, "more than one Origin");
    if (h->origin.count == 1 && !origin_is_allowed(h->origin.value, request->host, policy))
        return refuse(result, 403, "Origin is not allowed");
    return 101;
}

void ws_handshake_check(const struct http_request *request,
                        const struct ws_handshake_policy *policy, struct ws_handshake *result)
{
    struct upgrade_headers h = {0};
    headers_gather(request, policy, &h);
    *result = (struct ws_handshake){0};
    result->status = judge(request, &h, policy, result);
    if (result->status != 101)
        return;
    result->protocol = h.protocol;
    result->deflate = h.deflate;
    if (ws_handshake_accept(h.key.value, result->accept) != OK)
        result->status = refuse(result, 503, "out of memory");
}

/* Appends a header, unless its value is empty. */
static enum err append_given(struct span name, struct span value, struct buf *out)
{
    return value.len == 0 ? OK : http_field_append(out, (struct http_field){name, value});
}

static enum err append_extensions(const struct ws_deflate_choice *deflate, struct buf *out)
{
    if (!ws_deflate_is_agreed(&deflate->agreed))
        return OK;
    enum err e = buf_append(out, SPAN("Sec-WebSocket-Extensions: "));
    if (e == OK)
        e = ws_deflate_answer(deflate, out);
    return e == OK ? buf_append(out, SPAN("\r\n")) : e;
}

enum err ws_handshake_format(const struct ws_handshake *handshake, struct buf *out)
{
    enum err e = buf_printf(out,
                            "HTTP/1.1 101 Switching Protocols\r\n"
                            "Upgrade: websocket\r\n"
                            "Connection: Upgrade\r\n"
                            "Sec-WebSocket-Accept: %s\r\n",
                            handshake->accept);
    if (e == OK)
        e = append_given(SPAN("Sec-WebSocket-Protocol"), handshake->protocol, out);
    if (e == OK)
        e = append_extensions(&handshake->deflate, out);
    return e == OK ? buf_append(out, SPAN("\r\n")) : e;
}

enum err ws_handshake_accept(struct span key, char out[WS_ACCEPT_CHARS + 1])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint8_t text[WS_KEY_CHARS + sizeof guid - 1], hash[SHA_DIGEST_LENGTH];
    CHECK(key.len == WS_KEY_CHARS);
    memcpy(text, key.ptr, WS_KEY_CHARS);
    memcpy(text + WS_KEY_CHARS, guid, sizeof guid - 1);
    if (SHA1(text, sizeof text, hash) == NULL)
        return ERR_NOMEM;
    EVP_EncodeBlock((uint8_t *)out, hash, sizeof hash);
    return OK;
}

/* --- the client's side ------------------------------------------------------------------- */

void ws_handshake_key(const uint8_t nonce[WS_NONCE_BYTES], char out[WS_KEY_CHARS + 1])
{
    EVP_EncodeBlock((uint8_t *)out, nonce, WS_NONCE_BYTES);
}

/* One header that lists them. */
static enum err append_protocols(const struct ws_handshake_offer *offer, struct buf *out)
{
    if (offer->protocol_count == 0)
        return OK;
    enum err e = buf_append(out, SPAN("Sec-WebSocket-Protocol: "));
    for (size_t i = 0; e == OK && i < offer->protocol_count; i++)
        e = buf_printf(out, "%s%.*s", i > 0 ? ", " : "", SPAN_ARG(offer->protocols[i]));
    return e == OK ? buf_append(out, SPAN("\r\n")) : e;
}

static enum err append_request(const struct ws_handshake_offer *offer, struct buf *out)
{
    struct http_client_request request = {.method = HTTP_METHOD_GET,
                                          .target = offer->target,
                                          .host = offer->host,
                                          .fields = offer->fields,
                                          .field_count = offer->field_count};
    enum err e = http_client_request_begin(&request, out);
    if (e == OK)
        e = buf_printf(out,
                       "Upgrade: websocket\r\n"
                       "Connection: Upgrade\r\n"
                       "Sec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: %.*s\r\n",
                       SPAN_ARG(offer->key));
    if (e == OK)
        e = append_protocols(offer, out);
    if (e == OK)
        e = append_given(SPAN("Origin"), offer->origin, out);
    if (e == OK)
        e = append_given(SPAN("Sec-WebSocket-Extensions"),
                         offer->deflate ? WS_DEFLATE_OFFER : SPAN_EMPTY, out);
    return e == OK ? buf_append(out, SPAN("\r\n")) : e;
}

/* Whether they are tokens that differ from each other, as section 4.1 asks. */
static bool protocols_are_valid(const struct span *protocols, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!http_is_token(protocols[i]))
            return false;
        for (size_t k = 0; k < i; k++) {
            if (span_eq(protocols[i], protocols[k]))
                return false;
        }
    }
    return true;
}

enum err ws_handshake_request(const struct ws_handshake_offer *offer, struct buf *out)
{
    CHECK(offer->key.len == WS_KEY_CHARS);
    if (!http_is_field_value(offer->origin) ||
        !protocols_are_valid(offer->protocols, offer->protocol_count))
        return ERR_SYNTAX;
    size_t before = out->len;
    enum err e = append_request(offer, out);
    if (e != OK)
        out->len = before;
    return e;
}

/* The first value of a header that may come once. */
static struct span header_once(struct span headers, const char *name, bool *is_repeated)
{
    struct span wanted = span_str(name), found, value, first = SPAN_EMPTY;
    while (http_header_next(&headers, &found, &value)) {
        if (!span_eq_nocase(found, wanted))
            continue;
        *is_repeated |= first.ptr != NULL;
        if (first.ptr == NULL)
            first = value;
    }
    return first;
}

struct ws_handshake_answer ws_handshake_answer_of(uint16_t status, struct span headers)
{
    struct ws_handshake_answer answer = {.status = status};
    bool *is_repeated = &answer.is_repeated;
    answer.upgrade = http_header(headers, "Upgrade");
    answer.lists_upgrade = http_header_has(headers, "Connection", "upgrade");
    answer.accept = header_once(headers, "Sec-WebSocket-Accept", is_repeated);
    answer.protocol = header_once(headers, "Sec-WebSocket-Protocol", is_repeated);
    answer.extensions = header_once(headers, "Sec-WebSocket-Extensions", is_repeated);
    return answer;
}

static bool protocol_is_offered(struct span protocol, const struct ws_handshake_offer *offer)
{
    for (size_t i = 0; i < offer->protocol_count; i++) {
        if (span_eq(protocol, offer->protocols[i]))
            return true;
    }
    return false;
}

enum err ws_handshake_verify(const struct ws_handshake_answer *answer,
                             const struct ws_handshake_offer *offer, struct ws_deflate *deflate)
{
    char accept[WS_ACCEPT_CHARS + 1];
    *deflate = (struct ws_deflate){0};
    enum err e = ws_handshake_accept(offer->key, accept);
    if (e != OK)
        return e;
    if (answer->status != 101)
        return ERR_UNKNOWN;
    if (!span_eq_nocase(answer->upgrade, SPAN("websocket")) || !answer->lists_upgrade ||
        !span_eq(answer->accept, span_str(accept)) || answer->is_repeated)
        return ERR_SYNTAX;
    if (answer->protocol.ptr != NULL && !protocol_is_offered(answer->protocol, offer))
        return ERR_UNKNOWN;
    if (answer->extensions.ptr == NULL)
        return OK;
    return offer->deflate ? ws_deflate_verify(answer->extensions, deflate) : ERR_UNKNOWN;
}
