/* Frames between our processes; the layout is in the header. */
#include "simul/pipe_frame.h"

#include "simul/check.h"

enum { AT_LENGTH = 0, AT_KIND = 4, AT_RESERVED = 6, AT_ID = 8 };

static void put_le(uint8_t *at, size_t bytes, uint64_t value)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_le(const uint8_t *at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

void pipe_frame_encode(const struct pipe_frame *frame, uint8_t header[PIPE_FRAME_HEADER_BYTES])
{
    CHECK(frame->payload.len <= UINT32_MAX);
    put_le(header + AT_LENGTH, sizeof(uint32_t), frame->payload.len);
    put_le(header + AT_KIND, sizeof(uint16_t), frame->kind);
    put_le(header + AT_RESERVED, sizeof(uint16_t), 0);
    put_le(header + AT_ID, sizeof(uint64_t), frame->id);
}

enum err pipe_frame_next(struct span *in, size_t payload_bytes_max, struct pipe_frame *frame,
                         bool *is_whole)
{
    *is_whole = false;
    if (in->len < PIPE_FRAME_HEADER_BYTES)
        return OK;
    size_t payload_bytes = (size_t)get_le(in->ptr + AT_LENGTH, sizeof(uint32_t));
    if (get_le(in->ptr + AT_RESERVED, sizeof(uint16_t)) != 0)
        return ERR_SYNTAX;
    if (payload_bytes > payload_bytes_max)
        return ERR_LIMIT;
    if (in->len - PIPE_FRAME_HEADER_BYTES < payload_bytes)
        return OK;

    frame->kind = (uint16_t)get_le(in->ptr + AT_KIND, sizeof(uint16_t));
    frame->id = get_le(in->ptr + AT_ID, sizeof(uint64_t));
    frame->payload = span_take(span_drop(*in, PIPE_FRAME_HEADER_BYTES), payload_bytes);
    *in = span_drop(*in, PIPE_FRAME_HEADER_BYTES + payload_bytes);
    *is_whole = true;
    return OK;
}
