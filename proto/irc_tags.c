/* Message tags: key ['=' value] {';' key ['=' value]}, their escapes, and which of a client's are
 * passed on. https://ircv3.net/specs/extensions/message-tags */
#include "simul/irc.h"

static const struct escape {
    uint8_t plain, letter;
} escapes[] = {{';', ':'}, {' ', 's'}, {'\\', '\\'}, {'\r', 'r'}, {'\n', 'n'}};

enum { ESCAPES = sizeof(escapes) / sizeof(escapes[0]) };

bool irc_tags_next(struct span *tags, struct irc_tag *tag)
{
    while (tags->len > 0) {
        size_t end = span_find(*tags, ';');
        struct span item = span_take(*tags, end);
        *tags = span_drop(*tags, end < tags->len ? end + 1 : end);
        if (item.len == 0)
            continue;
        size_t equals = span_find(item, '=');
        tag->key = span_take(item, equals);
        tag->value = span_drop(item, equals < item.len ? equals + 1 : equals);
        return true;
    }
    return false;
}

static bool is_name_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

static bool is_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!is_name_byte(name.ptr[i]))
            return false;
    return name.len > 0;
}

/* Names, one at least, with dots between them. */
static bool is_host(struct span host)
{
    for (;;) {
        size_t dot = span_find(host, '.');
        if (!is_name(span_take(host, dot)))
            return false;
        if (dot == host.len)
            return true;
        host = span_drop(host, dot + 1);
    }
}

bool irc_tag_key_is_valid(struct span key)
{
    if (key.len > 0 && key.ptr[0] == '+')
        key = span_drop(key, 1);
    size_t slash = span_find(key, '/');
    if (slash == key.len)
        return is_name(key);
    return is_host(span_take(key, slash)) && is_name(span_drop(key, slash + 1));
}

static uint8_t unescaped(uint8_t letter)
{
    for (size_t i = 0; i < ESCAPES; i++)
        if (escapes[i].letter == letter)
            return escapes[i].plain;
    return letter;
}

size_t irc_tag_unescape(struct span value, uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] != '\\')
            out[n++] = value.ptr[i];
        else if (++i < value.len)
            out[n++] = unescaped(value.ptr[i]);
    }
    return n;
}

/* 0 when the byte stands for itself. */
static uint8_t escape_letter(uint8_t plain)
{
    for (size_t i = 0; i < ESCAPES; i++)
        if (escapes[i].plain == plain)
            return escapes[i].letter;
    return 0;
}

enum err irc_tag_escape(struct span value, struct buf *out)
{
    enum err e = buf_reserve(out, 2 * value.len);
    if (e != OK)
        return e;
    for (size_t i = 0; i < value.len; i++) {
        uint8_t letter = escape_letter(value.ptr[i]);
        if (letter != 0)
            out->data[out->len++] = '\\';
        out->data[out->len++] = letter != 0 ? letter : value.ptr[i];
    }
    return OK;
}

enum err irc_tags_client_only(struct span tags, struct buf *out)
{
    size_t start = out->len;
    struct irc_tag tag;
    while (irc_tags_next(&tags, &tag)) {
        if (!irc_tag_key_is_valid(tag.key) || tag.key.ptr[0] != '+')
            continue;
        /* Key and value stand side by side in what was read. */
        size_t value_bytes = tag.value.len > 0 ? 1 + tag.value.len : 0;
        enum err e = buf_append(out, out->len > start ? SPAN(";") : SPAN_EMPTY);
        if (e == OK)
            e = buf_append(out, span_of(tag.key.ptr, tag.key.len + value_bytes));
        if (e != OK) {
            out->len = start;
            return e;
        }
    }
    return OK;
}
