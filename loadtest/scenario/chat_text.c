#include "scenario/chat_text.h"

#include "load/digits.h"

_Static_assert((int)PLAN_CHAT_BYTES_MIN == (int)CHAT_PAYLOAD_AT + (int)STAMP_BYTES,
               "the shortest text is its stamps");

enum err chat_text_init(struct chat_text *t, const struct plan *plan, uint64_t key)
{
    t->key = key;
    digits_put(t->tag, CHAT_TAG_BYTES, key);
    return payload_init(&t->payload, plan->size_min - CHAT_PAYLOAD_AT,
                        plan->size_max - CHAT_PAYLOAD_AT,
                        plan->words ? PAYLOAD_WORDS : PAYLOAD_DIGITS, key);
}

void chat_text_deinit(struct chat_text *t)
{
    payload_deinit(&t->payload);
}

static uint64_t check_of(const struct chat_text *t, const struct chat_stamp *s)
{
    uint64_t x = t->key ^ s->intended_ns;
    x = (x ^ x >> 32) * 0x9e3779b97f4a7c15u ^ s->number;
    x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9u ^ s->client;
    return (x ^ x >> 32) * 0x94d049bb133111ebu >> 40;
}

struct span chat_text_make(struct chat_text *t, const struct chat_stamp *stamp)
{
    struct span payload = payload_make(&t->payload, stamp->client, stamp->number);
    uint8_t *to = t->made;
    memcpy(to, t->tag, CHAT_TAG_BYTES);
    digits_put(to + CHAT_TAG_BYTES, CHAT_CHECK_BYTES, check_of(t, stamp));
    digits_put(to + CHAT_TAG_BYTES + CHAT_CHECK_BYTES, CHAT_TIME_BYTES, stamp->intended_ns);
    memcpy(to + CHAT_PAYLOAD_AT, payload.ptr, payload.len);
    return span_of(to, CHAT_PAYLOAD_AT + payload.len);
}

enum chat_text_kind chat_text_read(const struct chat_text *t, struct span text,
                                   struct chat_stamp *stamp)
{
    uint64_t check = 0;
    *stamp = (struct chat_stamp){.client = UINT32_MAX};
    if (text.len < CHAT_TAG_BYTES)
        return CHAT_TEXT_FOREIGN;
    bool is_ours = memcmp(text.ptr, t->tag, CHAT_TAG_BYTES) == 0;
    if (text.len < PLAN_CHAT_BYTES_MIN)
        return is_ours ? CHAT_TEXT_ALTERED : CHAT_TEXT_FOREIGN;
    const uint8_t *time = text.ptr + CHAT_TAG_BYTES + CHAT_CHECK_BYTES;
    struct span payload = span_drop(text, CHAT_PAYLOAD_AT);
    bool is_stamped = digits_get(text.ptr + CHAT_TAG_BYTES, CHAT_CHECK_BYTES, &check) &&
                      digits_get(time, CHAT_TIME_BYTES, &stamp->intended_ns) &&
                      payload_read_stamp(payload.ptr, &stamp->client, &stamp->number);
    bool is_checked = is_stamped && check == check_of(t, stamp);
    if (!is_ours && !is_checked)
        return CHAT_TEXT_FOREIGN;
    bool is_whole = is_ours && is_checked &&
                    payload.len == payload_size(&t->payload, stamp->client, stamp->number) &&
                    payload_matches(&t->payload, stamp->client, stamp->number, 0, payload);
    return is_whole ? CHAT_TEXT_WHOLE : CHAT_TEXT_ALTERED;
}
