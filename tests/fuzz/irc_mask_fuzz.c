/* Any mask and any text: the matcher agrees with one that tries everything, and a completed mask
 * is complete.
 *
 * Input: the mask, LF, the text. */
#include "simul/check.h"
#include "simul/irc.h"
#include "simul/utf8.h"

enum { PART_BYTES_MAX = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct span behind_character(struct span text)
{
    do
        text = span_drop(text, 1);
    while (text.len > 0 && (text.ptr[0] & 0xc0) == 0x80);
    return text;
}

/* As the definition reads. Each pair of ends is looked at once, from the back. */
static bool matches_plainly(struct span mask, struct span text)
{
    bool fits[PART_BYTES_MAX + 1][PART_BYTES_MAX + 1] = {{false}};
    fits[mask.len][text.len] = true;
    for (size_t m = mask.len; m-- > 0;) {
        for (size_t t = text.len + 1; t-- > 0;) {
            uint8_t c = mask.ptr[m];
            struct span rest = span_drop(text, t);
            size_t next = rest.len == 0 ? t : text.len - behind_character(rest).len;
            bool is_escape =
                c == '\\' && m + 1 < mask.len && (mask.ptr[m + 1] == '*' || mask.ptr[m + 1] == '?');
            if (c == '*')
                fits[m][t] = fits[m + 1][t] || (rest.len > 0 && fits[m][next]);
            else if (rest.len == 0)
                fits[m][t] = false;
            else if (c == '?')
                fits[m][t] = fits[m + 1][next];
            else
                fits[m][t] = fits[m + 1 + is_escape][t + 1] &&
                             irc_eq(span_of(mask.ptr + m + is_escape, 1), span_take(rest, 1));
        }
    }
    return fits[0][0];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    size_t end = span_find(in, '\n');
    struct span mask = span_take(in, end);
    struct span text = span_drop(in, end < size ? end + 1 : end);
    if (mask.len > PART_BYTES_MAX || text.len > PART_BYTES_MAX)
        return 0;
    if (utf8_is_valid(mask) && utf8_is_valid(text))
        CHECK(irc_mask_matches(mask, text) == matches_plainly(mask, text));
    else
        irc_mask_matches(mask, text);

    struct buf complete = {0}, again = {0};
    if (utf8_is_valid(mask) && irc_mask_complete(mask, &complete) == OK) {
        CHECK(complete.len <= mask.len + 4);
        CHECK(irc_mask_complete(buf_span(&complete), &again) == OK);
        CHECK(span_eq(buf_span(&complete), buf_span(&again)));
    }
    buf_deinit(&complete);
    buf_deinit(&again);
    return 0;
}
