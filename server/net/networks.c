#include "net/networks.h"

#include "net/addr.h"
#include "simul/decimal.h"
#include "simul/span.h"

#include <stddef.h>

enum {
    TEXT_CHARS = ADDR_IP_CHARS + 4, /* an address, "/128" */
    V4_BITS = 32,
    V6_BITS = 128,
    MAPPED_BITS = 96, /* of an IPv4 address within IPv6, those before it */
};

/* Whether all but the first `bits` are zero. */
static bool is_zero_beyond(const uint8_t ip[16], unsigned bits)
{
    for (unsigned i = bits; i < V6_BITS; i++)
        if ((ip[i / 8] & 0x80 >> i % 8) != 0)
            return false;
    return true;
}

/* "8" of "10.0.0.0/8". */
static bool read_bits(const char *text, unsigned max, unsigned *bits)
{
    uint64_t n;
    if (strlen(text) > 3 || !decimal_parse(span_str(text), max, &n))
        return false;
    *bits = (unsigned)n;
    return true;
}

/* One element, which it may cut. */
static enum err read_network(char *text, struct network *out)
{
    struct addr a;
    char *slash = strchr(text, '/');
    if (slash != NULL)
        *slash = '\0';
    if (strcmp(text, "*") == 0 || addr_parse(&a, text, 0) != OK)
        return ERR_SYNTAX;
    bool is_v4_text = strchr(text, ':') == NULL;
    unsigned max = is_v4_text ? V4_BITS : V6_BITS, bits = max;
    if (slash != NULL && !read_bits(slash + 1, max, &bits))
        return ERR_SYNTAX;
    bits += is_v4_text ? MAPPED_BITS : 0;
    if (!is_zero_beyond(a.ip, bits))
        return ERR_SYNTAX;
    *out = (struct network){.bits = (uint8_t)bits, .is_v6 = a.is_v6};
    memcpy(out->ip, a.ip, sizeof(out->ip));
    return OK;
}

static enum err add(struct networks *n, struct span element)
{
    char text[TEXT_CHARS];
    if (span_eq(element, SPAN("unix"))) {
        n->has_unix = true;
        return OK;
    }
    if (element.len == 0 || element.len >= sizeof(text))
        return ERR_SYNTAX;
    if (n->count == NETWORKS_MAX)
        return ERR_LIMIT;
    memcpy(text, element.ptr, element.len);
    text[element.len] = '\0';
    return read_network(text, &n->list[n->count++]);
}

enum err networks_parse(struct networks *out, const char *text)
{
    *out = (struct networks){0};
    struct span rest = span_trim(span_str(text));
    while (rest.len > 0) {
        size_t len = span_find(rest, ',');
        enum err e = add(out, span_trim(span_take(rest, len)));
        if (e == OK && len + 1 == rest.len)
            e = ERR_SYNTAX; /* nothing behind the last comma */
        if (e != OK)
            return e;
        rest = span_drop(rest, len < rest.len ? len + 1 : len);
    }
    return OK;
}

bool networks_is_empty(const struct networks *n)
{
    return n->count == 0 && !n->has_unix;
}

static bool is_in(const struct network *net, const struct addr *a)
{
    unsigned bytes = net->bits / 8, rest = net->bits % 8;
    if (net->is_v6 != a->is_v6 || memcmp(net->ip, a->ip, bytes) != 0)
        return false;
    return rest == 0 || (net->ip[bytes] ^ a->ip[bytes]) >> (8 - rest) == 0;
}

bool networks_has(const struct networks *n, const struct addr *a)
{
    if (a->is_unix)
        return n->has_unix;
    for (unsigned i = 0; i < n->count; i++)
        if (is_in(&n->list[i], a))
            return true;
    return false;
}
