/* Scripts of frames for a ws_reader: every one runs whole, at every split and one byte at a time,
 * in place and through wslay, and must leave the same log; then with each allocation failing. */
#pragma once

#include "unit/alloc_fail.h"
#include "unit/proto/ws_record.h"

#include "simul/ws_mask.h"

#include <criterion/criterion.h>

enum { FIN = 0x80, SCRIPT_MAX = 400000 };

/* A frame by its first byte and payload. */
struct part {
    uint8_t first_byte;
    bool is_unmasked, is_raw;
    const void *payload;
    size_t len;
};

#define F(first_byte, text)                                                                        \
    {                                                                                              \
        (first_byte), false, false, (text), sizeof(text) - 1                                       \
    }
#define FN(first_byte, bytes, len)                                                                 \
    {                                                                                              \
        (first_byte), false, false, (bytes), (len)                                                 \
    }
#define UNMASKED(first_byte, text)                                                                 \
    {                                                                                              \
        (first_byte), true, false, (text), sizeof(text) - 1                                        \
    }
#define RAW(text)                                                                                  \
    {                                                                                              \
        0, false, true, (text), sizeof(text) - 1                                                   \
    }
#define SCRIPT(...)                                                                                \
    (struct part[]){__VA_ARGS__}, sizeof((struct part[]){__VA_ARGS__}) / sizeof(struct part)

static uint8_t script_bytes[SCRIPT_MAX];

static inline struct span script_build(const struct part *parts, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        struct span payload = span_of(parts[i].payload, parts[i].len);
        uint32_t mask = 0x9d3b71c5u + (uint32_t)i;
        uint8_t *at = script_bytes + n;
        size_t header = 0;
        if (!parts[i].is_raw && parts[i].is_unmasked)
            header = ws_encode_header(at, 0, false, payload.len);
        else if (!parts[i].is_raw)
            header = ws_encode_header_masked(at, 0, false, payload.len, mask);
        if (header > 0)
            at[0] = parts[i].first_byte;
        memcpy(at + header, payload.ptr, payload.len);
        if (header > 0 && !parts[i].is_unmasked)
            ws_mask(at + header, at + header, payload.len, mask);
        n += header + payload.len;
    }
    return span_of(script_bytes, n);
}

static inline void expect_run(struct ws_record *rec, const struct ws_rules *rules,
                              struct span script, const uint16_t *cuts, size_t cut_count,
                              const char *log)
{
    struct ws_pool pool;
    ws_pool_init(&pool, 2);
    ws_record_run(rec, rules, &pool, script, cuts, cut_count);
    ws_pool_deinit(&pool);
    cr_assert(span_eq(span_of(rec->log, rec->log_len), span_str(log)),
              "cut at %u, %s:\n%.*s\nis not\n%s", cuts[0],
              rules->through_wslay ? "through wslay" : "in place", (int)rec->log_len,
              (const char *)rec->log, log);
}

/* However the allocations go, the connection fails cleanly or the log is whole. */
static inline void expect_survives_no_memory(struct ws_record *rec, const struct ws_rules *rules,
                                             struct span script, const char *log)
{
    static const uint16_t cuts[] = {7, 1, 3};
    size_t seen = 1;
    for (size_t fail_at = 0; fail_at < seen; fail_at++) {
        struct ws_pool pool;
        ws_pool_init(&pool, 1);
        alloc_fail_after(fail_at);
        ws_record_run(rec, rules, &pool, script, cuts, 3);
        seen = alloc_fail_stop();
        ws_pool_deinit(&pool);
        cr_assert(rec->failed == WS_CODE_INTERNAL ||
                  span_eq(span_of(rec->log, rec->log_len), span_str(log)));
        cr_assert(seen == fail_at || rec->failed == WS_CODE_INTERNAL);
    }
}

static inline void expect_deflate(struct ws_deflate deflate, struct ws_rules rules, const char *log,
                                  const struct part *parts, size_t count)
{
    struct span script = script_build(parts, count);
    struct ws_record rec;
    ws_record_init(&rec, script.len);
    rec.deflate = deflate;
    uint16_t whole[] = {UINT16_MAX};
    for (int wslay = 0; wslay < 2; wslay++) {
        rules.through_wslay = wslay;
        expect_run(&rec, &rules, script, whole, 1, log);
        if (script.len > 3000)
            continue;
        for (uint16_t cut = 1; cut < script.len; cut++) {
            uint16_t split[] = {cut, UINT16_MAX};
            expect_run(&rec, &rules, script, split, 2, log);
            expect_run(&rec, &rules, script, split, 1, log); /* every so many bytes */
        }
        expect_survives_no_memory(&rec, &rules, script, log);
    }
    ws_record_deinit(&rec);
}

static inline void expect_with(struct ws_rules rules, const char *log, const struct part *parts,
                               size_t count)
{
    expect_deflate((struct ws_deflate){0}, rules, log, parts, count);
}
