/* What a Host field names: a machine, and maybe its port (RFC 9110 section 7.2, RFC 3986 3.2). */
#include "simul/decimal.h"
#include "simul/http.h"

bool http_host_split(struct span text, struct span *name, unsigned *port)
{
    size_t len = span_find(text, ':');
    if (text.len > 0 && text.ptr[0] == '[') {
        len = span_find(text, ']');
        len = len < text.len ? len + 1 : 0;
    }
    *name = span_take(text, len);
    if (len == 0 || span_find(*name, '/') < len || span_find(*name, '@') < len)
        return false;
    struct span rest = span_drop(text, len);
    if (rest.len == 0)
        return true;
    uint64_t number;
    if (rest.ptr[0] != ':' || rest.len > 6 || !decimal_parse(span_drop(rest, 1), 99999, &number))
        return false;
    *port = (unsigned)number;
    return true;
}

static bool is_loopback_name(struct span name)
{
    struct span suffix = SPAN(".localhost");
    if (span_eq_nocase(name, SPAN("localhost")) || span_eq(name, SPAN("[::1]")))
        return true;
    if (name.len > suffix.len && span_eq_nocase(span_drop(name, name.len - suffix.len), suffix))
        return true;
    if (!span_starts_with(name, SPAN("127.")))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] != '.' && (name.ptr[i] < '0' || name.ptr[i] > '9'))
            return false; /* 127.evil.example */
    }
    return true;
}

bool http_host_is_loopback(struct span text)
{
    struct span name;
    unsigned port;
    return http_host_split(text, &name, &port) && is_loopback_name(name);
}
