/* Request targets (RFC 9112 §3.2): their forms, and percent-encoding in them. */
#include "http_request.h"

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_one_of(uint8_t c, struct span set)
{
    return memchr(set.ptr, c, set.len) != NULL;
}

bool http_is_token_byte(uint8_t c)
{
    return is_alnum(c) || is_one_of(c, SPAN("!#$%&'*+-.^_`|~"));
}

bool http_host_is_valid(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_alnum(text.ptr[i]) && !is_one_of(text.ptr[i], SPAN("-._~%!$&'()*+,;=:[]")))
            return false;
    }
    return true;
}

/* Takes "http://authority" or "https://authority" off `rest`. */
static bool take_authority(struct span *rest, struct span *authority)
{
    static const struct span SCHEMES[] = {{(const uint8_t *)"http://", 7},
                                          {(const uint8_t *)"https://", 8}};
    for (size_t i = 0; i < sizeof(SCHEMES) / sizeof(SCHEMES[0]); i++) {
        struct span scheme = SCHEMES[i];
        if (rest->len < scheme.len || !span_eq_nocase(span_take(*rest, scheme.len), scheme))
            continue;
        *rest = span_drop(*rest, scheme.len);
        size_t len = 0;
        while (len < rest->len && rest->ptr[len] != '/' && rest->ptr[len] != '?')
            len++;
        *authority = span_take(*rest, len);
        *rest = span_drop(*rest, len);
        /* No user information either (RFC 9110 §4.2.4). */
        return len > 0 && http_host_is_valid(*authority);
    }
    return false;
}

bool http_target_parse(struct span target, struct http_request *request)
{
    for (size_t i = 0; i < target.len; i++) {
        if (target.ptr[i] <= ' ' || target.ptr[i] >= 0x7f || target.ptr[i] == '#')
            return false;
    }
    request->target = target;
    request->host = request->query = SPAN_EMPTY;
    if (span_eq(target, SPAN("*"))) {
        request->path = target;
        return request->method == HTTP_METHOD_OPTIONS;
    }
    struct span rest = target;
    if (!span_starts_with(target, SPAN("/")) && !take_authority(&rest, &request->host))
        return false;
    request->path = span_take_until(&rest, '?');
    request->query = rest;
    if (request->path.len == 0)
        request->path = SPAN("/"); /* of an absolute target */
    return true;
}

/* -1 for what is no hexadecimal digit. */
static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes the byte at the front of `text`, which is not empty, and takes it off. */
static enum err take_decoded(struct span *text, bool plus_is_space, uint8_t *c)
{
    *c = text->ptr[0];
    if (*c != '%') {
        if (*c == '+' && plus_is_space)
            *c = ' ';
        *text = span_drop(*text, 1);
        return OK;
    }
    int high = text->len < 3 ? -1 : hex_digit(text->ptr[1]);
    int low = text->len < 3 ? -1 : hex_digit(text->ptr[2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0))
        return ERR_SYNTAX;
    *c = (uint8_t)(high << 4 | low);
    *text = span_drop(*text, 3);
    return OK;
}

static enum err decode(struct span text, bool plus_is_space, char *out, size_t size)
{
    size_t len = 0;
    while (text.len > 0) {
        uint8_t c;
        enum err e = take_decoded(&text, plus_is_space, &c);
        if (e != OK)
            return e;
        if (len + 1 >= size)
            return ERR_LIMIT;
        out[len++] = (char)c;
    }
    out[len] = '\0';
    return OK;
}

enum err http_percent_decode(struct span text, char *out, size_t size)
{
    return decode(text, false, out, size);
}

/* Whether text, once decoded, is the name; what cannot be decoded is no name. */
static bool decodes_to(struct span text, const char *name)
{
    while (text.len > 0) {
        uint8_t c;
        if (take_decoded(&text, true, &c) != OK || c != (uint8_t)*name++)
            return false;
    }
    return *name == '\0';
}

enum err http_query_get(struct span query, const char *name, char *out, size_t size)
{
    while (query.len > 0) {
        struct span value = span_take_until(&query, '&');
        struct span found = span_take_until(&value, '=');
        if (decodes_to(found, name))
            return decode(value, true, out, size);
    }
    return ERR_UNKNOWN;
}
