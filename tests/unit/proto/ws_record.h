/* Feeds bytes to a ws_reader, cut in any way, and writes down what it says in a form that does not
 * depend on the cuts: pieces of a frame are put together, and of a frame that was not complete when
 * the peer failed nothing is told; the same for a message that came compressed. Of a long one there
 * is a hash. One line an event:
 *
 *     text first last 5:Hello     a frame of a text message, here its first and its last
 *     text compressed 5:Hello     a message that came compressed
 *     ping 2:hi   pong 0:   close 1000 3:bye   failed 1002
 *     partial 3:Hel               what came of a frame that was never complete
 *
 * Shared by the unit test and the fuzz target. */
#pragma once

#include "simul/check.h"
#include "simul/utf8.h"
#include "simul/ws.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct ws_record {
    uint8_t *log, *frame, *message, *input;
    size_t log_len, frame_len, message_len, size;
    bool in_frame, in_message, frame_began_message;
    struct {
        size_t len;
        uint32_t hash; /* FNV-1a */
        uint8_t utf8, begin[64];
    } inflated;
    bool ended;
    size_t ended_at;           /* how many bytes had come when it did */
    uint16_t failed;           /* the code, 0 = did not fail */
    struct ws_deflate deflate; /* what the reader is told; set by the caller */
};

/* For scripts of at most script_bytes. Its memory is had at once, so that a test can make the
 * decoder's allocations fail. */
static inline void ws_record_init(struct ws_record *rec, size_t script_bytes)
{
    *rec = (struct ws_record){.size = 128 + script_bytes * 16}; /* of 6 bytes come 86 */
    rec->log = malloc(rec->size);
    rec->frame = malloc(script_bytes + 1);
    rec->message = malloc(script_bytes + 1);
    rec->input = malloc(script_bytes + 1);
    CHECK(rec->log != NULL && rec->frame != NULL && rec->message != NULL && rec->input != NULL);
}

static inline void ws_record_deinit(struct ws_record *rec)
{
    free(rec->log);
    free(rec->frame);
    free(rec->message);
    free(rec->input);
}

/* One line: the formatted text, then the payload with its length unless it has no pointer. */
__attribute__((format(printf, 3, 4))) static inline void
ws_record_line(struct ws_record *rec, struct span payload, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    rec->log_len += (size_t)vsnprintf((char *)rec->log + rec->log_len, 48, format, args);
    va_end(args);
    CHECK(rec->log_len + payload.len + 24 < rec->size);
    if (payload.ptr != NULL) {
        rec->log_len += (size_t)sprintf((char *)rec->log + rec->log_len, " %zu:", payload.len);
        memcpy(rec->log + rec->log_len, payload.ptr, payload.len);
        rec->log_len += payload.len;
    }
    rec->log[rec->log_len++] = '\n';
}

static inline void ws_record_data(struct ws_record *rec, const struct ws_event *ev)
{
    CHECK(ev->opcode == WS_TEXT || ev->opcode == WS_BINARY);
    CHECK(ev->frame_first == !rec->in_frame);
    CHECK(!ev->message_first || ev->frame_first);
    CHECK(!ev->message_last || ev->frame_last);
    if (ev->frame_first) {
        CHECK(ev->message_first == !rec->in_message);
        rec->frame_len = 0;
        rec->frame_began_message = ev->message_first;
    }
    if (ev->message_first)
        rec->message_len = 0;
    if (ev->payload.len > 0) {
        memcpy(rec->frame + rec->frame_len, ev->payload.ptr, ev->payload.len);
        memcpy(rec->message + rec->message_len, ev->payload.ptr, ev->payload.len);
    }
    rec->frame_len += ev->payload.len;
    rec->message_len += ev->payload.len;
    rec->in_message = !ev->message_last;
    rec->in_frame = !ev->frame_last;
    if (ev->message_last && ev->opcode == WS_TEXT)
        CHECK(utf8_is_valid(span_of(rec->message, rec->message_len)));
    if (ev->frame_last)
        ws_record_line(rec, span_of(rec->frame, rec->frame_len), "%s%s%s",
                       ev->opcode == WS_TEXT ? "text" : "binary",
                       rec->frame_began_message ? " first" : "", ev->message_last ? " last" : "");
}

static inline void ws_record_inflated(struct ws_record *rec, const struct ws_event *ev)
{
    enum { FNV_BASIS = 2166136261U, FNV_PRIME = 16777619U };
    CHECK(ev->message_first == ev->frame_first && ev->message_last == ev->frame_last);
    CHECK(ev->message_first == !rec->in_message && rec->in_frame == rec->in_message);
    if (ev->message_first) {
        rec->inflated.len = 0;
        rec->inflated.hash = FNV_BASIS;
        rec->inflated.utf8 = UTF8_COMPLETE;
    }
    for (size_t i = 0; i < ev->payload.len; i++, rec->inflated.len++) {
        rec->inflated.hash = (rec->inflated.hash ^ ev->payload.ptr[i]) * FNV_PRIME;
        if (rec->inflated.len < sizeof rec->inflated.begin)
            rec->inflated.begin[rec->inflated.len] = ev->payload.ptr[i];
    }
    rec->inflated.utf8 = utf8_check(rec->inflated.utf8, ev->payload);
    rec->in_frame = rec->in_message = !ev->message_last;
    CHECK(ev->opcode == WS_BINARY || rec->inflated.utf8 != UTF8_REJECTED);
    if (!ev->message_last)
        return;
    CHECK(ev->opcode == WS_BINARY || rec->inflated.utf8 == UTF8_COMPLETE);
    const char *kind = ev->opcode == WS_TEXT ? "text" : "binary";
    if (rec->inflated.len <= sizeof rec->inflated.begin)
        ws_record_line(rec, span_of(rec->inflated.begin, rec->inflated.len), "%s compressed", kind);
    else
        ws_record_line(rec, SPAN_EMPTY, "%s compressed %zu #%08x", kind, rec->inflated.len,
                       rec->inflated.hash);
}

static inline void ws_record_event(struct ws_record *rec, enum ws_event_kind kind,
                                   const struct ws_event *ev)
{
    static const uint8_t nothing;
    struct span payload =
        kind == WS_DATA || ev->payload.len > 0 ? ev->payload : span_of(&nothing, 0);
    CHECK(!rec->ended);
    switch (kind) {
    case WS_DATA:
        if (ev->is_compressed)
            ws_record_inflated(rec, ev);
        else
            ws_record_data(rec, ev);
        break;
    case WS_PING:
    case WS_PONG:
        ws_record_line(rec, payload, kind == WS_PING ? "ping" : "pong");
        break;
    case WS_CLOSE:
        ws_record_line(rec, payload, "close %u", ev->close_code);
        rec->ended = true;
        break;
    case WS_FAILED:
        ws_record_line(rec, SPAN_EMPTY, "failed %u", ev->close_code);
        rec->ended = true;
        rec->failed = ev->close_code;
        break;
    case WS_NEED_MORE:
        break;
    }
}

/* Reads the script in pieces of cuts[0], cuts[1], … bytes, around and around, what is left over
 * going before the next piece as in the server. The input ends where its memory ends, so that the
 * sanitizer sees whoever reads on. Leaves the log in rec. */
static inline void ws_record_run(struct ws_record *rec, const struct ws_rules *rules,
                                 struct ws_pool *pool, struct span script, const uint16_t *cuts,
                                 size_t cut_count)
{
    struct ws_reader reader = {.deflate = rec->deflate};
    size_t left = 0, waiting_max = WS_WAITING_BYTES_MAX, total = script.len;
    size_t piece_bytes = rules->inflated_piece_bytes;
    if (piece_bytes == 0)
        piece_bytes = WS_INFLATED_PIECE_BYTES;
    if (rules->wait_bytes > waiting_max)
        waiting_max = rules->wait_bytes;
    rec->log_len = 0;
    rec->in_frame = rec->in_message = rec->ended = false;
    rec->failed = 0;
    uint8_t *end = rec->input + total;
    for (size_t i = 0; script.len > 0; i++) {
        size_t n = cuts[i % cut_count] < script.len ? cuts[i % cut_count] : script.len;
        memmove(end - n - left, end - left, left);
        memcpy(end - n, script.ptr, n);
        script = span_drop(script, n);

        struct ws_input in = {end - n - left, n + left};
        struct ws_event ev;
        for (enum ws_event_kind kind;
             (kind = ws_next(&reader, pool, rules, &in, &ev)) != WS_NEED_MORE;) {
            CHECK(kind != WS_DATA || !ev.is_compressed || ev.payload.len <= piece_bytes);
            ws_record_event(rec, kind, &ev);
            if (rec->ended)
                rec->ended_at = total - script.len;
        }
        left = in.len;
        CHECK(in.ptr + in.len == end);
        CHECK(left < waiting_max);
        CHECK(pool->held_bytes == ws_reader_held_bytes(&reader, pool));
    }
    bool is_plain = rec->in_frame && (reader.opcode & WS_RSV1) == 0;
    if (is_plain && !rec->ended)
        ws_record_line(rec, span_of(rec->frame, rec->frame_len), "partial");
    rec->in_frame = rec->in_frame || ws_reader_is_in_frame(&reader);
    ws_reader_deinit(&reader, pool);
    CHECK(pool->lent == 0 && pool->inflaters.lent == 0 && pool->held_bytes == 0);
}
