/* Headers are kept as they came, and read in place: "name:" OWS value OWS CRLF, line after line. */
#include "http_request.h"

bool http_header_next(struct span *headers, struct span *name, struct span *value)
{
    if (headers->len == 0)
        return false;
    struct span line = span_take_until(headers, '\n');
    line.len--; /* the CR, which the parser has seen to */
    *name = span_take_until(&line, ':');
    *value = span_trim(line);
    return true;
}

struct span http_header(struct span headers, const char *name)
{
    struct span wanted = span_str(name), found, value;
    while (http_header_next(&headers, &found, &value)) {
        if (span_eq_nocase(found, wanted))
            return value;
    }
    return SPAN_EMPTY;
}

bool http_header_has(struct span headers, const char *name, const char *token)
{
    struct span wanted = span_str(name), found, value;
    while (http_header_next(&headers, &found, &value)) {
        if (span_eq_nocase(found, wanted) && http_token_list_has(value, token))
            return true;
    }
    return false;
}

bool http_list_next(struct span *list, struct span *element)
{
    while (list->len > 0) {
        *element = span_trim(span_take_until(list, ','));
        if (element->len > 0)
            return true;
    }
    return false;
}

bool http_token_list_has(struct span list, const char *token)
{
    struct span wanted = span_str(token), element;
    while (http_list_next(&list, &element)) {
        if (span_eq_nocase(element, wanted))
            return true;
    }
    return false;
}

bool http_is_field_value(struct span text)
{
    return span_find(text, '\r') == text.len && span_find(text, '\n') == text.len &&
           span_find(text, '\0') == text.len;
}

size_t http_token_length(struct span text)
{
    size_t len = 0;
    while (len < text.len && http_is_token_byte(text.ptr[len]))
        len++;
    return len;
}

bool http_is_token(struct span text)
{
    return text.len > 0 && http_token_length(text) == text.len;
}

bool http_field_is_valid(struct http_field field)
{
    return http_is_token(field.name) && http_is_field_value(field.value);
}

enum err http_field_append(struct buf *out, struct http_field field)
{
    return buf_printf(out, "%.*s: %.*s\r\n", SPAN_ARG(field.name), SPAN_ARG(field.value));
}
