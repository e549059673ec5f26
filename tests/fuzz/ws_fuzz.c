/* Any bytes, cut anywhere, decoded in place or through wslay, give the same frames, the same
 * messages that came compressed, the same control frames and the same close code; and an echo is
 * the same with ws_reflect or without.
 *
 * The first byte chooses the side (bit 0), the limits of a message (bits 1 and 2), whether messages
 * may be compressed (bit 3), with a context that is kept (bit 4), and, but for the first reading,
 * in what pieces they are inflated (bits 5 and 6). The second one seeds the cuts; the rest is what
 * the peer sends. */
#include "unit/proto/ws_record.h"

enum { CUT_COUNT = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Pieces from one byte up to 2, 16, 256 or 8192. */
static void cuts_make(uint16_t cuts[CUT_COUNT], uint8_t seed)
{
    static const uint16_t piece_max[] = {2, 16, 256, 8192};
    uint32_t state = seed * 2654435761u + 1;
    for (size_t i = 0; i < CUT_COUNT; i++) {
        state = state * 1664525 + 1013904223;
        cuts[i] = (uint16_t)(1 + (state >> 16) % piece_max[seed & 3]);
    }
}

static void expect_same(const struct ws_record *a, const struct ws_record *b)
{
    CHECK(a->failed == b->failed);
    CHECK(span_eq(span_of(a->log, a->log_len), span_of(b->log, b->log_len)));
}

/* Every frame of `script` as an echo sends it; control frames just as they came, and of a message
 * that came compressed how long it is. */
static struct span echo(struct ws_pool *pool, struct span script, struct ws_deflate deflate,
                        bool reflects, uint8_t *out)
{
    static const struct ws_rules rules = {.side = WS_SERVER, .inflated_bytes_max = 5000};
    struct ws_reader reader = {.deflate = deflate};
    uint8_t *bytes = malloc(script.len), *end = out;
    CHECK(bytes != NULL);
    memcpy(bytes, script.ptr, script.len);
    struct ws_input in = {bytes, script.len};
    for (;;) {
        struct ws_event ev = {0};
        if (reflects && !reader.ended && !ws_reader_is_in_message(&reader))
            ws_reflect(&in, &end, in.len & 7);
        enum ws_event_kind kind = ws_next(&reader, pool, &rules, &in, &ev);
        if (kind == WS_NEED_MORE)
            break;
        enum ws_opcode opcode = kind == WS_DATA ? ev.opcode : (enum ws_opcode)kind;
        uint16_t length = (uint16_t)ev.payload.len;
        if (kind == WS_DATA && ev.is_compressed)
            ev.payload = span_of(&length, sizeof length);
        end += ws_encode_frame(end, opcode, kind != WS_DATA || ev.message_last, ev.payload);
    }
    ws_reader_deinit(&reader, pool);
    free(bytes);
    return span_of(out, (size_t)(end - out));
}

static void expect_same_echo(struct ws_pool *pool, struct span script, struct ws_deflate deflate)
{
    enum { FAULT_BYTES_MAX = 256 };
    size_t pieces = script.len / 4096 + 2;
    size_t size = script.len + pieces * WS_HEADER_BYTES_MAX + FAULT_BYTES_MAX;
    uint8_t *plain = malloc(size), *reflected = malloc(size);
    CHECK(plain != NULL && reflected != NULL);
    CHECK(span_eq(echo(pool, script, deflate, false, plain),
                  echo(pool, script, deflate, true, reflected)));
    free(plain);
    free(reflected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t whole[] = {UINT16_MAX};
    static const uint64_t limits[] = {0, 5, 300, 5000}, inflated_limits[] = {50000, 5, 300, 5000};
    static const uint32_t pieces[] = {0, 1, 13, 1000};
    if (size < 3)
        return 0;
    struct ws_rules rules = {.side = data[0] & 1 ? WS_CLIENT : WS_SERVER,
                             .message_bytes_max = limits[data[0] >> 1 & 3],
                             .inflated_bytes_max = inflated_limits[data[0] >> 1 & 3]};
    struct ws_deflate deflate = {
        .out_bits = data[0] & 8 ? 15 : 0, .in_bits = 15, .keeps_in = data[0] & 16};
    struct span script = span_of(data + 2, size - 2);
    uint16_t cuts[CUT_COUNT];
    cuts_make(cuts, data[1]);

    struct ws_pool pool;
    struct ws_record first, other;
    ws_pool_init(&pool, 1);
    ws_record_init(&first, script.len);
    ws_record_init(&other, script.len);
    first.deflate = other.deflate = deflate;

    ws_record_run(&first, &rules, &pool, script, whole, 1);
    rules.inflated_piece_bytes = pieces[data[0] >> 5 & 3];
    ws_record_run(&other, &rules, &pool, script, cuts, CUT_COUNT);
    expect_same(&first, &other);
    rules.through_wslay = true;
    ws_record_run(&other, &rules, &pool, script, whole, 1);
    expect_same(&first, &other);
    ws_record_run(&other, &rules, &pool, script, cuts, CUT_COUNT);
    expect_same(&first, &other);

    /* Waiting for short frames changes nothing, but that one left incomplete gives nothing and is
     * not inflated. */
    rules.through_wslay = false;
    rules.wait_bytes = data[1];
    bool may_fail_inflated = ws_deflate_is_agreed(&first.deflate) &&
                             (first.failed == WS_CODE_TEXT || first.failed == WS_CODE_TOO_BIG);
    bool is_incomplete = first.failed == 0 && first.in_frame;
    if (!may_fail_inflated && !is_incomplete) {
        ws_record_run(&other, &rules, &pool, script, cuts, CUT_COUNT);
        expect_same(&first, &other);
    }

    expect_same_echo(&pool, script, deflate);

    ws_record_deinit(&first);
    ws_record_deinit(&other);
    ws_pool_deinit(&pool);
    return 0;
}
