/* Nicks, channels and user names: which are allowed, and when two are the same. The mapping is
 * ASCII from the first day, since folded names become stored keys. */
#include "simul/irc.h"

#include "simul/utf8.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_nick_byte(uint8_t c)
{
    struct span marks = SPAN("[]\\`_^{|}-");
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter || is_digit(c) || span_find(marks, c) < marks.len;
}

void irc_fold(struct span name, uint8_t *out)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        out[i] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    }
}

bool irc_eq(struct span a, struct span b)
{
    return span_eq_nocase(a, b);
}

bool irc_nick_is_valid(struct span nick, size_t bytes_max)
{
    if (nick.len == 0 || nick.len > bytes_max)
        return false;
    if (is_digit(nick.ptr[0]) || nick.ptr[0] == '-')
        return false;
    for (size_t i = 0; i < nick.len; i++)
        if (!is_nick_byte(nick.ptr[i]))
            return false;
    return true;
}

bool irc_channel_is_valid(struct span channel, size_t bytes_max)
{
    static const char forbidden[] = {'\0', '\a', '\r', '\n', ' ', ','};
    if (channel.len == 0 || channel.len > bytes_max || channel.ptr[0] != '#')
        return false;
    for (size_t i = 0; i < sizeof(forbidden); i++)
        if (span_find(channel, (uint8_t)forbidden[i]) < channel.len)
            return false;
    return utf8_is_valid(channel);
}

size_t irc_user_clean(struct span user, uint8_t *out, size_t bytes_max)
{
    size_t n = 0;
    for (size_t i = 0; i < user.len && n < bytes_max; i++)
        if (is_nick_byte(user.ptr[i]) || user.ptr[i] == '.')
            out[n++] = user.ptr[i];
    return n;
}
