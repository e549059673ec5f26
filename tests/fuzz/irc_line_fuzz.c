/* Any bytes as a client's stream. However the stream is cut, the same lines come out of it; and a
 * line that parses is, formatted and parsed again, the same message, in its normal form.
 *
 * Input: the first byte is the size of the pieces, 0 for one byte; the rest is the stream. */
#include "simul/check.h"
#include "simul/irc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(enum err e)
{
    CHECK(e == OK);
}

/* Appends what a session sees of the stream when it comes in such pieces. */
static void read_stream(struct span stream, size_t piece_bytes, struct buf *seen)
{
    struct buf kept = {0};
    bool is_skipping = false;
    while (stream.len > 0) {
        size_t n = stream.len < piece_bytes ? stream.len : piece_bytes;
        must(buf_append(&kept, span_take(stream, n)));
        stream = span_drop(stream, n);

        struct span in = buf_span(&kept), line;
        enum irc_line_result result;
        while ((result = irc_line_next(&is_skipping, &in, IRC_CLIENT_TAGS_BYTES_MAX, &line)) !=
               IRC_LINE_NEED_MORE) {
            must(buf_append(seen, result == IRC_LINE_READY ? line : SPAN("too long")));
            must(buf_append(seen, SPAN("\n")));
        }
        buf_consume(&kept, kept.len - in.len);
        CHECK(kept.len <= IRC_CLIENT_TAGS_BYTES_MAX + IRC_REST_BYTES_MAX + 1);
    }
    buf_deinit(&kept);
}

static void check_tags(struct span tags)
{
    struct span rest = tags;
    struct irc_tag tag;
    while (irc_tags_next(&rest, &tag)) {
        uint8_t plain[IRC_SERVER_TAGS_BYTES_MAX], again[IRC_SERVER_TAGS_BYTES_MAX];
        size_t n = irc_tag_unescape(tag.value, plain);
        CHECK(n <= tag.value.len);
        struct buf escaped = {0};
        must(irc_tag_escape(span_of(plain, n), &escaped));
        CHECK(span_find(buf_span(&escaped), ';') == escaped.len);
        CHECK(span_find(buf_span(&escaped), ' ') == escaped.len);
        if (escaped.len <= sizeof(again)) {
            size_t m = irc_tag_unescape(buf_span(&escaped), again);
            CHECK(span_eq(span_of(again, m), span_of(plain, n)));
        }
        buf_deinit(&escaped);
    }

    /* What is passed on is passed on again as it is. */
    struct buf once = {0}, twice = {0};
    must(irc_tags_client_only(tags, &once));
    must(irc_tags_client_only(buf_span(&once), &twice));
    CHECK(once.len <= tags.len);
    CHECK(span_eq(buf_span(&once), buf_span(&twice)));
    buf_deinit(&once);
    buf_deinit(&twice);
}

static void check_same(const struct irc_line *a, const struct irc_line *b)
{
    CHECK(span_eq(a->tags, b->tags));
    CHECK(span_eq(a->source, b->source));
    CHECK(span_eq(a->command, b->command));
    CHECK(a->param_count == b->param_count);
    CHECK(a->has_trailing == b->has_trailing);
    for (size_t i = 0; i < a->param_count; i++)
        CHECK(span_eq(a->params[i], b->params[i]));
}

static void check_line(struct span text)
{
    struct irc_line line, again;
    CHECK(irc_line_fits(text, IRC_CLIENT_TAGS_BYTES_MAX));
    if (irc_parse(text, &line) != OK)
        return;
    check_tags(line.tags);

    struct buf out = {0}, normal = {0};
    must(irc_format(&line, &out));
    must(irc_parse(buf_span(&out), &again));
    /* The fifteenth param may gain a ':', and so lose its end to the limit. */
    if (line.param_count < IRC_PARAMS_MAX)
        check_same(&line, &again);
    must(irc_format(&again, &normal));
    CHECK(span_eq(buf_span(&out), buf_span(&normal)));
    buf_deinit(&out);
    buf_deinit(&normal);

    /* A reply that names any of it, as a server's might, keeps its params in place. */
    struct irc_line reply = {.command = SPAN("421"),
                             .params = {line.command, text, SPAN("Unknown command")},
                             .param_count = 3};
    must(irc_format(&reply, &out));
    must(irc_parse(buf_span(&out), &again));
    CHECK(out.len <= IRC_REST_BYTES_MAX);
    if (out.len < IRC_REST_BYTES_MAX - 3) /* not cut, even before a code point */
        CHECK(again.param_count == 3 && span_eq(again.params[2], reply.params[2]));
    buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct span stream = span_of(data + 1, size - 1);
    struct buf whole = {0}, pieces = {0};
    read_stream(stream, SIZE_MAX, &whole);
    read_stream(stream, (size_t)data[0] + 1, &pieces);
    CHECK(span_eq(buf_span(&whole), buf_span(&pieces)));
    buf_deinit(&whole);
    buf_deinit(&pieces);

    bool is_skipping = false;
    struct span line;
    enum irc_line_result result;
    while ((result = irc_line_next(&is_skipping, &stream, IRC_CLIENT_TAGS_BYTES_MAX, &line)) !=
           IRC_LINE_NEED_MORE)
        if (result == IRC_LINE_READY)
            check_line(line);
    return 0;
}
