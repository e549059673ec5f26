/* Masks: patterns of names with wildcards. */
#include "simul/irc.h"

static uint8_t fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* The length of the character at the front of text that is not empty. */
static size_t character_bytes(struct span text)
{
    size_t n = 1;
    while (n < text.len && (text.ptr[n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* Takes what stands at the front of the mask, but no '*', off both; false, and neither has moved,
 * when the text begins in another way. */
static bool take_one(struct span *mask, struct span *text)
{
    if (mask->len == 0)
        return false;
    uint8_t c = mask->ptr[0];
    if (c == '?') {
        *text = span_drop(*text, character_bytes(*text));
        *mask = span_drop(*mask, 1);
        return true;
    }
    bool is_escape = c == '\\' && mask->len > 1 && (mask->ptr[1] == '*' || mask->ptr[1] == '?');
    if (fold(mask->ptr[is_escape]) != fold(text->ptr[0]))
        return false;
    *text = span_drop(*text, 1);
    *mask = span_drop(*mask, 1 + (size_t)is_escape);
    return true;
}

static bool takes_any(struct span mask)
{
    return mask.len > 0 && mask.ptr[0] == '*';
}

/* What follows a '*' is looked for at the first place where it fits. A later place could only leave
 * less for the rest of the mask, so no '*' before the last one is ever tried again. */
bool irc_mask_matches(struct span mask, struct span text)
{
    bool has_star = false;
    struct span behind_star = SPAN_EMPTY, tried = SPAN_EMPTY;
    while (text.len > 0) {
        if (takes_any(mask)) {
            has_star = true;
            behind_star = mask = span_drop(mask, 1);
            tried = text;
        } else if (!take_one(&mask, &text)) {
            if (!has_star)
                return false;
            tried = span_drop(tried, character_bytes(tried));
            mask = behind_star;
            text = tried;
        }
    }
    while (takes_any(mask))
        mask = span_drop(mask, 1);
    return mask.len == 0;
}

static struct span part_or_any(struct span part)
{
    return part.len == 0 ? SPAN("*") : part;
}

static bool looks_like_host(struct span mask)
{
    return span_find(mask, '.') < mask.len || span_find(mask, ':') < mask.len;
}

enum err irc_mask_complete(struct span mask, struct buf *out)
{
    if (mask.len == 0 || mask.ptr[0] == ':' || span_find(mask, ' ') < mask.len)
        return ERR_SYNTAX;
    size_t at = span_find(mask, '@'), mark = span_find(span_take(mask, at), '!');
    bool has_host = at < mask.len, has_user = mark < at;
    struct span front = span_take(mask, at), nick = SPAN_EMPTY, user = SPAN_EMPTY;
    struct span host = has_host ? span_drop(mask, at + 1) : SPAN_EMPTY;
    if (has_user) {
        nick = span_take(front, mark);
        user = span_drop(front, mark + 1);
    } else if (has_host) {
        user = front;
    } else if (looks_like_host(front)) {
        host = front;
    } else {
        nick = front;
    }
    const struct span parts[] = {part_or_any(nick), SPAN("!"), part_or_any(user), SPAN("@"),
                                 part_or_any(host)};
    enum err e = buf_reserve(out, mask.len + 4);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && e == OK; i++)
        e = buf_append(out, parts[i]);
    return e;
}
