/* How two sides agree on permessage-deflate: Sec-WebSocket-Extensions (RFC 6455 section 9.1) and
 * the extension's parameters (RFC 7692 sections 5 and 7.1).
 *
 *   extension-list  = 1#extension
 *   extension       = token *( ";" extension-param )
 *   extension-param = token [ "=" ( token | quoted-string ) ]
 *
 * White space may stand between any two of these. What is quoted is a token, too, once it is
 * unescaped. In a list of "1#" elements may be empty, but not all of them (RFC 7230 section 7). */
#include "http_request.h"

#include "simul/ws_deflate.h"

#define EXTENSION "permessage-deflate"
#define SERVER_FORGETS "server_no_context_takeover"
#define CLIENT_FORGETS "client_no_context_takeover"
#define SERVER_BITS "server_max_window_bits"
#define CLIENT_BITS "client_max_window_bits"

#define OFFER EXTENSION "; " SERVER_FORGETS "; " CLIENT_FORGETS "; " CLIENT_BITS

/* A client of ours compresses each message by itself, so the server need not remember either. */
const struct span WS_DEFLATE_OFFER = {(const uint8_t *)OFFER, sizeof OFFER - 1};

/* The smallest window there is: zlib can inflate what was compressed with it, but not compress. */
enum { BITS_MIN = 8 };

/* The parameters of an extension, by bits. */
enum {
    HAS_SERVER_FORGETS = 1,
    HAS_CLIENT_FORGETS = 2,
    HAS_SERVER_BITS = 4,
    HAS_CLIENT_BITS = 8,
};

/* One element of the list, understood as permessage-deflate. */
struct extension {
    bool is_deflate;
    bool is_wrong; /* a parameter is unknown, comes twice or has an invalid value */
    uint8_t has;
    uint8_t server_bits, client_bits; /* 0: no value is given */
};

/* --- the parameters ---------------------------------------------------------------------- */

/* "8" to "15". In a quoted value what follows a backslash stands for itself (RFC 7230 section
 * 3.2.6). 0: it is none of these. */
static uint8_t bits_parse(struct span value)
{
    unsigned bits = 0;
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.ptr[i];
        if (c == '\\')
            continue;
        if (!http_is_digit(c) || (bits == 0 && c == '0'))
            return 0;
        bits = bits * 10 + (c - '0');
        if (bits > WS_DEFLATE_BITS_MAX)
            return 0;
    }
    return bits < BITS_MIN ? 0 : (uint8_t)bits;
}

static uint8_t bits_or_max(uint8_t bits)
{
    return bits != 0 ? bits : WS_DEFLATE_BITS_MAX;
}

/* Takes in a parameter; its value is empty if it has none. */
static void extension_add(struct extension *x, struct span name, struct span value)
{
    uint8_t which = 0, bits = bits_parse(value);
    bool is_right = value.len == 0;
    if (span_eq(name, SPAN(SERVER_FORGETS))) {
        which = HAS_SERVER_FORGETS;
    } else if (span_eq(name, SPAN(CLIENT_FORGETS))) {
        which = HAS_CLIENT_FORGETS;
    } else if (span_eq(name, SPAN(SERVER_BITS))) {
        which = HAS_SERVER_BITS;
        is_right = bits != 0;
        x->server_bits = bits;
    } else if (span_eq(name, SPAN(CLIENT_BITS))) {
        which = HAS_CLIENT_BITS;
        is_right |= bits != 0;
        x->client_bits = bits;
    }
    x->is_wrong |= which == 0 || (x->has & which) != 0 || !is_right;
    x->has |= which;
}

/* --- the list ---------------------------------------------------------------------------- */

static void skip_space(struct span *rest)
{
    while (rest->len > 0 && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t'))
        *rest = span_drop(*rest, 1);
}

static bool take_byte(struct span *rest, uint8_t byte)
{
    skip_space(rest);
    if (rest->len == 0 || rest->ptr[0] != byte)
        return false;
    *rest = span_drop(*rest, 1);
    return true;
}

static bool take_token(struct span *rest, struct span *token)
{
    skip_space(rest);
    *token = span_take(*rest, http_token_length(*rest));
    *rest = span_drop(*rest, token->len);
    return token->len > 0;
}

/* Takes a quoted string from behind its first quote on. The value is not unescaped. */
static bool take_quoted(struct span *rest, struct span *value)
{
    size_t n = 0;
    while (n < rest->len && rest->ptr[n] != '"') {
        n += rest->ptr[n] == '\\';
        if (n == rest->len || !http_is_token_byte(rest->ptr[n]))
            return false;
        n++;
    }
    if (n == 0 || n == rest->len)
        return false;
    *value = span_take(*rest, n);
    *rest = span_drop(*rest, n + 1);
    return true;
}

static bool take_value(struct span *rest, struct span *value)
{
    return take_byte(rest, '"') ? take_quoted(rest, value) : take_token(rest, value);
}

static void skip_empty(struct span *list)
{
    while (take_byte(list, ','))
        ;
}

/* Takes the next extension, of which there has to be one, and the empty elements around it. */
static bool take_extension(struct span *list, struct extension *x)
{
    struct span name;
    *x = (struct extension){0};
    skip_empty(list);
    if (!take_token(list, &name))
        return false;
    x->is_deflate = span_eq(name, SPAN(EXTENSION));
    while (take_byte(list, ';')) {
        struct span value = SPAN_EMPTY;
        if (!take_token(list, &name) || (take_byte(list, '=') && !take_value(list, &value)))
            return false;
        extension_add(x, name, value);
    }
    if (list->len > 0 && list->ptr[0] != ',')
        return false;
    skip_empty(list);
    return true;
}

/* --- the server's side ------------------------------------------------------------------- */

static bool can_accept(const struct extension *offer)
{
    return offer->is_deflate && !offer->is_wrong && offer->server_bits != BITS_MIN;
}

static struct ws_deflate_choice accept_offer(const struct extension *offer, bool may_keep_in)
{
    bool forgets = (offer->has & HAS_CLIENT_FORGETS) != 0;
    return (struct ws_deflate_choice){
        .agreed = {.out_bits = bits_or_max(offer->server_bits),
                   .in_bits = bits_or_max(offer->client_bits),
                   .keeps_in = may_keep_in && !forgets},
        .says_out_bits = offer->server_bits != 0,
        .says_in_bits = offer->client_bits != 0,
    };
}

enum err ws_deflate_choose(struct ws_deflate_choice *choice, const struct ws_deflate_policy *policy,
                           struct span header)
{
    struct extension offer;
    do {
        if (!take_extension(&header, &offer))
            return ERR_SYNTAX;
        if (policy->is_on && !ws_deflate_is_agreed(&choice->agreed) && can_accept(&offer))
            *choice = accept_offer(&offer, policy->may_keep_in);
    } while (header.len > 0);
    return OK;
}

enum err ws_deflate_answer(const struct ws_deflate_choice *choice, struct buf *out)
{
    const struct ws_deflate *agreed = &choice->agreed;
    if (!ws_deflate_is_agreed(agreed))
        return OK;
    enum err e = buf_append(out, SPAN(EXTENSION "; " SERVER_FORGETS));
    if (e == OK && !agreed->keeps_in)
        e = buf_append(out, SPAN("; " CLIENT_FORGETS));
    if (e == OK && choice->says_out_bits)
        e = buf_printf(out, "; " SERVER_BITS "=%u", agreed->out_bits);
    if (e == OK && choice->says_in_bits)
        e = buf_printf(out, "; " CLIENT_BITS "=%u", agreed->in_bits);
    return e;
}

/* --- the client's side ------------------------------------------------------------------- */

/* The offer's "server_no_context_takeover" is accepted by being repeated; that for the window of
 * ours may be ignored, but is answered with a value (sections 7.1.1.1 and 7.1.2.2). Everything else
 * a server may say of itself. */
static bool is_answer_to_ours(const struct extension *x)
{
    if (!x->is_deflate || x->is_wrong || (x->has & HAS_SERVER_FORGETS) == 0)
        return false;
    return (x->has & HAS_CLIENT_BITS) == 0 || x->client_bits >= WS_DEFLATE_BITS_MIN;
}

enum err ws_deflate_verify(struct span answer, struct ws_deflate *agreed)
{
    struct extension x;
    *agreed = (struct ws_deflate){0};
    if (!take_extension(&answer, &x))
        return ERR_SYNTAX;
    if (answer.len > 0 || !is_answer_to_ours(&x))
        return ERR_UNKNOWN;
    agreed->out_bits = bits_or_max(x.client_bits);
    agreed->in_bits = bits_or_max(x.server_bits);
    return OK;
}
