#include "plan/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct scheme SCHEMES[] = {
    {"tcp", CARRIER_RAW, false, 0},     {"tls", CARRIER_RAW, true, 0},
    {"ws", CARRIER_WS, false, 80},      {"wss", CARRIER_WS, true, 443},
    {"irc", CARRIER_LINE, false, 6667}, {"ircs", CARRIER_LINE, true, 6697},
    {"http", CARRIER_HTTP, false, 80},  {"https", CARRIER_HTTP, true, 443},
};
const size_t SCHEME_KINDS = COUNT(SCHEMES);

static enum err refuse(const char **why, const char *text)
{
    *why = text;
    return ERR_SYNTAX;
}

/* Whether a path means something there. */
static bool has_target(const struct scheme *scheme)
{
    return scheme->carrier == CARRIER_WS || scheme->carrier == CARRIER_HTTP;
}

static enum err scheme_parse(struct span *rest, const struct scheme **out, const char **why)
{
    static const struct span MARK = SPAN("://");
    size_t len = span_find(*rest, ':');
    struct span name = span_take(*rest, len);
    if (!span_starts_with(span_drop(*rest, len), MARK))
        return refuse(why, "a scheme is missing, as in ws://host/");
    *rest = span_drop(*rest, len + MARK.len);
    for (size_t i = 0; i < SCHEME_KINDS; i++) {
        if (span_eq_nocase(name, span_str(SCHEMES[i].name))) {
            *out = &SCHEMES[i];
            return OK;
        }
    }
    *why = "there is no such scheme";
    return ERR_UNKNOWN;
}

static bool is_host_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

/* Takes the host off; what follows is ":port" or nothing. */
static enum err host_parse(struct span *rest, char host[URL_HOST_BYTES], const char **why)
{
    bool is_v6 = rest->len > 0 && rest->ptr[0] == '[';
    struct span text = is_v6 ? span_drop(*rest, 1) : *rest;
    size_t len = span_find(text, is_v6 ? ']' : ':');
    if (is_v6 && len == text.len)
        return refuse(why, "the ']' of the address is missing");
    if (!is_v6 && memrchr(text.ptr, ':', text.len) > (const void *)(text.ptr + len))
        return refuse(why, "an IPv6 address stands in brackets, as in ws://[::1]/");
    if (len == 0)
        return refuse(why, "a host is missing");
    if (len >= URL_HOST_BYTES)
        return refuse(why, "the host is too long");
    memcpy(host, text.ptr, len);
    host[len] = '\0';
    struct in6_addr v6;
    if (is_v6 && inet_pton(AF_INET6, host, &v6) != 1)
        return refuse(why, "what is between [ and ] is no IPv6 address");
    for (size_t i = 0; !is_v6 && i < len; i++)
        if (!is_host_byte(text.ptr[i]))
            return refuse(why, "the host is neither a name nor an address");
    *rest = span_drop(text, is_v6 ? len + 1 : len);
    return OK;
}

static enum err port_parse(struct span text, const struct scheme *scheme, uint16_t *out,
                           const char **why)
{
    if (text.len == 0) {
        *out = scheme->port;
        return scheme->port != 0 ? OK : refuse(why, "a port is missing, as in tcp://host:7007");
    }
    unsigned port = 0;
    bool is_number = text.ptr[0] == ':' && text.len >= 2 && text.len <= 6;
    for (size_t i = 1; is_number && i < text.len; i++) {
        is_number = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        port = port * 10 + (text.ptr[i] - '0');
    }
    if (!is_number || port == 0 || port > UINT16_MAX)
        return refuse(why, "the port is not a number from 1 to 65535");
    *out = (uint16_t)port;
    return OK;
}

static enum err target_parse(struct span text, const struct scheme *scheme,
                             char out[URL_TARGET_BYTES], const char **why)
{
    if (!has_target(scheme) && text.len > 0 && !span_eq(text, SPAN("/")))
        return refuse(why, "a path means nothing to this scheme");
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '#')
            return refuse(why, "a fragment ('#') is never sent");
        if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f)
            return refuse(why, "blanks and other such characters must be written as %20");
    }
    size_t slash = text.len == 0 || text.ptr[0] != '/'; /* "?query" alone */
    if (slash + text.len >= URL_TARGET_BYTES)
        return refuse(why, "the path is too long");
    out[0] = '/';
    if (text.len > 0)
        memcpy(out + slash, text.ptr, text.len);
    out[slash + text.len] = '\0';
    return OK;
}

enum err url_parse(const char *text, struct url *out, const char **why)
{
    struct span rest = span_str(text);
    enum err e = scheme_parse(&rest, &out->scheme, why);
    if (e != OK)
        return e;
    size_t authority = 0;
    while (authority < rest.len && strchr("/?#", rest.ptr[authority]) == NULL)
        authority++;
    struct span host = span_take(rest, authority), target = span_drop(rest, authority);
    if (span_find(host, '@') != host.len)
        return refuse(why, "user names are not for here");
    e = host_parse(&host, out->host, why);
    if (e == OK)
        e = port_parse(host, out->scheme, &out->port, why);
    if (e == OK)
        e = target_parse(target, out->scheme, out->target, why);
    return e;
}

void url_print(const struct url *url, char *out, size_t size)
{
    bool is_v6 = strchr(url->host, ':') != NULL;
    snprintf(out, size, "%s://%s%s%s:%u%s", url->scheme->name, is_v6 ? "[" : "", url->host,
             is_v6 ? "]" : "", url->port, has_target(url->scheme) ? url->target : "");
}

void url_host_print(const struct url *url, char *out, size_t size)
{
    bool is_v6 = strchr(url->host, ':') != NULL;
    int n = snprintf(out, size, "%s%s%s", is_v6 ? "[" : "", url->host, is_v6 ? "]" : "");
    if (url->port != url->scheme->port && (size_t)n < size)
        snprintf(out + n, size - (size_t)n, ":%u", url->port);
}
