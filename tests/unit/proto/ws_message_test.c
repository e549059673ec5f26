/* What a reader says that the RFC leaves to us: limits, pieces of frames, what it holds and why it
 * failed. The rules of section 5 are tested in tests/conformance/; for messages that are compressed
 * see ws_inflate_test.c. */
#include "unit/proto/ws_script.h"

/* --- limits ------------------------------------------------------------------------------ */

/* Of either side. */
static void expect_limited(uint64_t message_bytes_max, const char *log, const struct part *parts,
                           size_t count)
{
    for (int side = WS_SERVER; side <= WS_CLIENT; side++) {
        struct ws_rules rules = {.side = side, .message_bytes_max = message_bytes_max};
        expect_with(rules, log, parts, count);
    }
}

Test(ws_message, takes_messages_up_to_the_limit)
{
    expect_limited(5, "text first last 5:Hello\ntext first 3:Hel\ntext last 2:lo\nping 6:longer\n",
                   SCRIPT(F(FIN | WS_TEXT, "Hello"), F(WS_TEXT, "Hel"),
                          F(FIN | WS_CONTINUATION, "lo"), F(FIN | WS_OP_PING, "longer")));
}

Test(ws_message, rejects_messages_above_the_limit)
{
    expect_limited(5, "failed 1009\n", SCRIPT(F(FIN | WS_TEXT, "Hello!")));
    expect_limited(5, "text first 3:Hel\ntext 2:lo\nfailed 1009\n",
                   SCRIPT(F(WS_TEXT, "Hel"), F(WS_CONTINUATION, "lo"), F(WS_CONTINUATION, "!")));
    expect_limited(5, "text first 5:Hello\nfailed 1009\n",
                   SCRIPT(F(WS_TEXT, "Hello"), INCOMPLETE(FIN | WS_CONTINUATION, INT64_MAX, "")));
}

Test(ws_message, rejects_what_is_above_the_limit_by_the_header_alone)
{
    expect_limited(1000, "failed 1009\n", SCRIPT(INCOMPLETE(FIN | WS_BINARY, 1001, "")));
    expect_limited(1000, "failed 1009\n", SCRIPT(INCOMPLETE(FIN | WS_BINARY, INT64_MAX, "")));
}

/* --- between reader and caller ----------------------------------------------------------- */

Test(ws_message, a_reader_is_small_enough_to_be_kept_for_every_connection)
{
    cr_assert_leq(sizeof(struct ws_reader), 24);
}

Test(ws_message, gives_what_has_come_of_a_partial_frame)
{
    expect_both("text first 2:ab\npartial 3:cde\n",
                SCRIPT(F(WS_TEXT, "ab"), INCOMPLETE(FIN | WS_CONTINUATION, 65536, "cde")));
}

/* What comes first from a server that has read all of a script but its last `missing` bytes. */
static enum ws_event_kind read_first(struct ws_rules rules, const struct part *parts, size_t count,
                                     size_t missing, struct ws_event *ev, size_t *left)
{
    struct span script = script_build(rules.side, parts, count);
    struct ws_input in = {(uint8_t *)(uintptr_t)script.ptr, script.len - missing};
    struct ws_reader r = {0};
    struct ws_pool pool;
    ws_pool_init(&pool, 1);
    enum ws_event_kind kind = ws_next(&r, &pool, &rules, &in, ev);
    *left = in.len;
    ws_reader_deinit(&r, &pool);
    ws_pool_deinit(&pool);
    script_free(script);
    return kind;
}

Test(ws_message, waits_for_short_frames_and_cuts_long_ones)
{
    struct ws_rules rules = {.wait_bytes = 16};
    struct ws_event ev;
    size_t left;
    enum ws_event_kind kind =
        read_first(rules, SCRIPT(F(FIN | WS_BINARY, "0123456789")), 1, &ev, &left);
    cr_assert_eq(kind, WS_NEED_MORE);
    cr_assert_eq(left, 15);

    rules.wait_bytes = 15;
    kind = read_first(rules, SCRIPT(F(FIN | WS_BINARY, "0123456789")), 1, &ev, &left);
    cr_assert_eq(kind, WS_DATA);
    cr_assert_eq(left, 0);
}

Test(ws_message, tells_why_a_peer_failed)
{
    struct ws_event ev;
    size_t left;
    enum ws_event_kind kind = read_first(
        (struct ws_rules){0}, SCRIPT(WRONGLY_MASKED(FIN | WS_TEXT, "Hello")), 0, &ev, &left);
    cr_assert_eq(kind, WS_FAILED);
    cr_assert(span_eq(ev.payload, SPAN("frame is not masked")));
}

Test(ws_message, holds_a_limit_that_becomes_smaller)
{
    struct ws_rules rules = {.message_bytes_max = 10};
    const struct part parts[] = {F(WS_BINARY, "01234567"), F(FIN | WS_CONTINUATION, "8")};
    struct span script = script_build(rules.side, parts, 2);
    struct ws_input in = {(uint8_t *)(uintptr_t)script.ptr, script.len};
    struct ws_reader r = {0};
    struct ws_pool pool;
    struct ws_event ev;
    ws_pool_init(&pool, 1);
    cr_assert_eq(ws_next(&r, &pool, &rules, &in, &ev), WS_DATA);
    rules.message_bytes_max = 7;
    cr_assert_eq(ws_next(&r, &pool, &rules, &in, &ev), WS_FAILED);
    cr_assert_eq(ev.close_code, WS_CODE_TOO_BIG);
    ws_reader_deinit(&r, &pool);
    ws_pool_deinit(&pool);
    script_free(script);
}
