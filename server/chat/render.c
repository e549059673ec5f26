#include "chat/render.h"

#include "net/deflate.h"
#include "simul/check.h"
#include "simul/ws.h"

/* "@time=...;msgid=...;bot;" */
enum { OUR_TAGS_BYTES_MAX = 6 + POSITION_TIME_CHARS + 7 + POSITION_MSGID_CHARS_MAX + 4 + 1 };

static size_t put(uint8_t *out, size_t at, struct span s)
{
    if (s.len > 0)
        memcpy(out + at, s.ptr, s.len);
    return at + s.len;
}

/* Writes the tag section as far as it is ours, ready for the client's to follow; returns its
 * length, 0 if the session gets no tags. */
static size_t put_our_tags(const struct message *m, unsigned variant, uint8_t *out)
{
    size_t at = 0;
    if (variant & RENDER_TIME) {
        char time[POSITION_TIME_CHARS];
        position_time(m->at.ms, time);
        at = put(out, at, SPAN("@time="));
        at = put(out, at, span_of(time, sizeof(time)));
    }
    if (variant & RENDER_TAGS) {
        char msgid[POSITION_MSGID_CHARS_MAX];
        size_t msgid_bytes = position_msgid(&m->at, m->part, msgid);
        at = put(out, at, at == 0 ? SPAN("@msgid=") : SPAN(";msgid="));
        at = put(out, at, span_of(msgid, msgid_bytes));
        if (m->is_bot)
            at = put(out, at, SPAN(";bot"));
        if (m->tags_bytes > 0)
            at = put(out, at, SPAN(";"));
    }
    return at;
}

static enum ws_opcode opcode_in(enum framing framing)
{
    return framing == FRAMING_WS_TEXT ? WS_TEXT : WS_BINARY;
}

size_t render_header(enum framing framing, size_t line_bytes, uint8_t out[WS_HEADER_BYTES_MAX])
{
    if (framing == FRAMING_LINE)
        return 0;
    return ws_encode_header(out, opcode_in(framing), true, line_bytes);
}

size_t render_stored_header(enum framing framing, size_t line_bytes,
                            uint8_t out[DEFLATE_STORED_HEADER_BYTES_MAX])
{
    return deflate_stored_header(out, opcode_in(framing), line_bytes);
}

struct shared *render(const struct message *m, unsigned variant)
{
    enum framing framing = variant / RENDER_FRAMING;
    uint8_t tags[OUR_TAGS_BYTES_MAX], header[WS_HEADER_BYTES_MAX];
    size_t tags_bytes = put_our_tags(m, variant, tags);
    struct span theirs = variant & RENDER_TAGS ? message_tags(m) : SPAN_EMPTY;
    size_t line_bytes = tags_bytes + theirs.len + (tags_bytes > 0) + m->text_bytes;
    size_t header_bytes = render_header(framing, line_bytes, header);

    struct shared *s = shared_new(header_bytes + line_bytes + (framing == FRAMING_LINE ? 2 : 0));
    if (s == NULL)
        return NULL;
    size_t at = put(s->bytes, 0, span_of(header, header_bytes));
    at = put(s->bytes, at, span_of(tags, tags_bytes));
    at = put(s->bytes, at, theirs);
    if (tags_bytes > 0)
        at = put(s->bytes, at, SPAN(" "));
    at = put(s->bytes, at, message_text(m));
    if (framing == FRAMING_LINE)
        at = put(s->bytes, at, SPAN("\r\n"));
    CHECK(at == s->len);
    return s;
}

struct span render_payload(const struct shared *plain)
{
    size_t length_bytes = plain->bytes[1] < 126 ? 0 : plain->bytes[1] == 126 ? 2 : 8;
    return span_drop(span_of(plain->bytes, plain->len), 2 + length_bytes);
}

static enum ws_opcode opcode_of(const struct shared *plain)
{
    return plain->bytes[0] & 0x0f;
}

struct shared *render_compressed(struct net *n, const struct shared *plain, unsigned bits)
{
    struct span compressed;
    if (deflate_message(n, bits, render_payload(plain), &compressed) != OK)
        return NULL;
    uint8_t header[WS_HEADER_BYTES_MAX];
    size_t header_bytes = deflate_header(header, opcode_of(plain), true, compressed.len);
    struct shared *s = shared_new(header_bytes + compressed.len);
    if (s == NULL)
        return NULL;
    size_t at = put(s->bytes, 0, span_of(header, header_bytes));
    put(s->bytes, at, compressed);
    return s;
}

struct shared *render_stored(const struct shared *plain)
{
    uint8_t header[DEFLATE_STORED_HEADER_BYTES_MAX];
    struct span payload = render_payload(plain);
    size_t header_bytes = deflate_stored_header(header, opcode_of(plain), payload.len);
    struct shared *s = shared_new(header_bytes + payload.len + deflate_stored_end.len);
    if (s == NULL)
        return NULL;
    size_t at = put(s->bytes, 0, span_of(header, header_bytes));
    at = put(s->bytes, at, payload);
    put(s->bytes, at, deflate_stored_end);
    return s;
}
