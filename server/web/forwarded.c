#include "web/forwarded.h"

#include "config/config.h"
#include "net/addr.h"
#include "simul/decimal.h"
#include "simul/http.h"

enum {
    LINES_MAX = 16,    /* of one header; those before the last so many are not looked at */
    ELEMENTS_MAX = 64, /* more entries than that are not read */
};

/* Whether an odd number of backslashes is before it. */
static bool is_escaped(struct span s, size_t at)
{
    size_t begin = at;
    while (begin > 0 && s.ptr[begin - 1] == '\\')
        begin--;
    return (at - begin) % 2 != 0;
}

/* The last such byte that is not within quotes (RFC 9110, section 5.6.4). Looked for from the end,
 * where our proxies have written, which end what they begin: what comes first is the client's, and
 * may leave a quote open. s.len when there is none. */
static size_t find_last_bare(struct span s, uint8_t byte)
{
    bool is_quoted = false;
    for (size_t i = s.len; i-- > 0;) {
        if (s.ptr[i] == '"' && !(is_quoted && is_escaped(s, i)))
            is_quoted = !is_quoted;
        else if (s.ptr[i] == byte && !is_quoted)
            return i;
    }
    return s.len;
}

/* Takes the last element off a list. False when there is none left. */
static bool take_last(struct span *list, uint8_t separator, struct span *element)
{
    while (list->len > 0) {
        size_t at = find_last_bare(*list, separator);
        bool is_first = at == list->len;
        *element = span_trim(is_first ? *list : span_drop(*list, at + 1));
        *list = span_take(*list, is_first ? 0 : at);
        if (element->len > 0)
            return true;
    }
    return false;
}

/* 0 for one that the proxy keeps secret: "_x" (RFC 7239, section 6.3). */
static bool read_port(struct span s, uint16_t *port)
{
    uint64_t number;
    if (span_starts_with(s, SPAN("_"))) {
        *port = 0;
        return true;
    }
    if (s.len > 5 || !decimal_parse(s, UINT16_MAX, &number))
        return false;
    *port = (uint16_t)number;
    return true;
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80" */
static bool read_node(struct span s, struct addr *out)
{
    uint16_t port = 0;
    size_t colon = span_find(s, ':');
    struct span ip = s, rest = SPAN_EMPTY;
    if (s.len > 0 && s.ptr[0] == '[') {
        size_t end = span_find(s, ']');
        if (end == s.len || colon > end)
            return false;
        ip = span_drop(span_take(s, end), 1);
        rest = span_drop(s, end + 1);
    } else if (colon < s.len && memrchr(s.ptr, ':', s.len) == s.ptr + colon) {
        ip = span_take(s, colon);
        rest = span_drop(s, colon);
    }
    if (rest.len > 0 && (rest.ptr[0] != ':' || !read_port(span_drop(rest, 1), &port)))
        return false;
    char text[ADDR_IP_CHARS];
    if (ip.len == 0 || ip.len >= sizeof(text) || span_find(ip, '*') < ip.len ||
        span_find(ip, '[') < ip.len || span_find(ip, '\0') < ip.len)
        return false;
    memcpy(text, ip.ptr, ip.len);
    text[ip.len] = '\0';
    struct addr a;
    if (addr_parse(&a, text, port) != OK)
        return false;
    *out = a;
    return true;
}

/* The value of "for" in "for=192.0.2.1;proto=https"; empty when there is none. */
static struct span value_of_for(struct span element)
{
    struct span pair;
    while (take_last(&element, ';', &pair)) {
        if (pair.len < 4 || !span_eq_nocase(span_take(pair, 4), SPAN("for=")))
            continue;
        struct span value = span_drop(pair, 4);
        if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
            value = span_drop(span_take(value, value.len - 1), 1);
        return value;
    }
    return SPAN_EMPTY;
}

/* Those lines of the header that are looked at, in their order; returns how many. */
static size_t find_lines(struct span headers, const char *header, struct span lines[LINES_MAX])
{
    size_t count = 0;
    struct span name, value;
    while (http_header_next(&headers, &name, &value)) {
        if (!span_eq_nocase(name, span_str(header)))
            continue;
        if (count == LINES_MAX)
            memmove(lines, lines + 1, --count * sizeof(lines[0]));
        lines[count++] = value;
    }
    return count;
}

bool forwarded_find(const struct config *config, const struct addr *hop, struct span headers,
                    struct addr *out)
{
    if (!networks_has(&config->proxy.networks, hop))
        return false;
    bool is_rfc = config->proxy.header == CONFIG_PROXY_HEADER_FORWARDED;
    struct span lines[LINES_MAX], element;
    size_t count = find_lines(headers, is_rfc ? "Forwarded" : "X-Forwarded-For", lines);
    bool is_found = false;
    for (int i = 0; i < ELEMENTS_MAX && count > 0;) {
        if (!take_last(&lines[count - 1], ',', &element)) {
            count--;
            continue;
        }
        if (!read_node(is_rfc ? value_of_for(element) : element, out))
            break;
        is_found = true;
        if (!networks_has(&config->proxy.networks, out))
            break;
        i++;
    }
    return is_found;
}
