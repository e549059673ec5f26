#include "chat/render.h"
#include "unit/alloc_fail.h"

#include <criterion/criterion.h>

static const struct position AT = {.ms = 1795350896789, .seq = 2};

static struct shared *render_one(struct span tags, struct span text, uint16_t part,
                                 unsigned variant)
{
    struct message *m = message_new(&AT, tags, text);
    cr_assert_not_null(m);
    m->part = part;
    struct shared *s = render(m, variant);
    message_put(m);
    return s;
}

#define RENDERS(tags, variant, want)                                                               \
    do {                                                                                           \
        struct shared *s_ = render_one(SPAN(tags), SPAN("PING :x"), 0, variant);                   \
        cr_assert_not_null(s_);                                                                    \
        cr_assert(span_eq(span_of(s_->bytes, s_->len), SPAN(want)), "%.*s", (int)s_->len,          \
                  (const char *)s_->bytes);                                                        \
        shared_put(s_);                                                                            \
    } while (0)

#define TIME "time=2026-11-22T12:34:56.789Z"
#define ID "msgid=000038g382g9a002"

Test(render, gives_each_session_the_tags_that_it_negotiated)
{
    RENDERS("", 0, "PING :x\r\n");
    RENDERS("", RENDER_TIME, "@" TIME " PING :x\r\n");
    RENDERS("", RENDER_TAGS, "@" ID " PING :x\r\n");
    RENDERS("", RENDER_TIME | RENDER_TAGS, "@" TIME ";" ID " PING :x\r\n");
    RENDERS("+a=b", 0, "PING :x\r\n");
    RENDERS("+a=b", RENDER_TIME, "@" TIME " PING :x\r\n");
}

Test(render, puts_the_tags_of_the_client_behind_ours)
{
    RENDERS("+a=b;+c", RENDER_TAGS, "@" ID ";+a=b;+c PING :x\r\n");
    RENDERS("+a=b;+c", RENDER_TIME | RENDER_TAGS, "@" TIME ";" ID ";+a=b;+c PING :x\r\n");
}

Test(render, marks_what_bots_say)
{
    struct message *m = message_new(&AT, SPAN("+a=b"), SPAN("PING :x"));
    m->is_bot = true;
    struct shared *s = render(m, RENDER_TAGS | RENDER_TIME), *plain = render(m, RENDER_TIME);
    cr_assert(span_eq(span_of(s->bytes, s->len), SPAN("@" TIME ";" ID ";bot;+a=b PING :x\r\n")));
    cr_assert(span_eq(span_of(plain->bytes, plain->len), SPAN("@" TIME " PING :x\r\n")));
    shared_put(s);
    shared_put(plain);
    message_put(m);
}

Test(render, numbers_the_messages_of_one_entry)
{
    struct shared *s = render_one(SPAN_EMPTY, SPAN("PING :x"), 3, RENDER_TAGS);
    cr_assert(span_eq(span_of(s->bytes, s->len), SPAN("@" ID "-3 PING :x\r\n")));
    shared_put(s);
}

Test(render, frames_for_websocket_without_cr_lf)
{
    RENDERS("", render_variant(0, FRAMING_WS_TEXT), "\x81\x07PING :x");
    RENDERS("", render_variant(0, FRAMING_WS_BINARY), "\x82\x07PING :x");
    RENDERS("", render_variant(RENDER_TIME, FRAMING_WS_TEXT), "\x81\x26@" TIME " PING :x");
}

Test(render, takes_the_longer_header_from_126_bytes_on)
{
    uint8_t text[126];
    memset(text, 'x', sizeof(text));
    struct shared *s =
        render_one(SPAN_EMPTY, span_of(text, 125), 0, render_variant(0, FRAMING_WS_TEXT));
    cr_assert_eq(s->len, 2 + 125);
    shared_put(s);
    s = render_one(SPAN_EMPTY, span_of(text, 126), 0, render_variant(0, FRAMING_WS_TEXT));
    cr_assert_eq(s->len, 4 + 126);
    cr_assert_eq(memcmp(s->bytes, "\x81\x7e\x00\x7e", 4), 0);
    shared_put(s);
}

Test(render, says_when_there_is_no_memory)
{
    struct message *m = message_new(&AT, SPAN_EMPTY, SPAN("PING :x"));
    alloc_fail_after(0);
    cr_assert_null(render(m, 0));
    alloc_fail_stop();
    message_put(m);
    alloc_fail_after(0);
    cr_assert_null(message_new(&AT, SPAN_EMPTY, SPAN("PING :x")));
    alloc_fail_stop();
}
