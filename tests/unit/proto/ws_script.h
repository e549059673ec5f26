/* What a peer sends, written down frame by frame, and what a ws_reader must say of it. A script
 * runs as either side's input: frames are masked for a server and not for a client. It runs whole,
 * at every split and in pieces of every size, in place and through wslay, with every allocation
 * failing in turn, and must always leave the same log (ws_record.h).
 *
 *     expect_both("text first 3:Hel\nping 0:\ntext last 2:lo\n",
 *                 SCRIPT(F(WS_TEXT, "Hel"), F(FIN | WS_OP_PING, ""), F(FIN | WS_CONTINUATION,
 * "lo")));
 */
#pragma once

#include "unit/alloc_fail.h"
#include "unit/proto/ws_record.h"

#include "simul/ws_mask.h"

#include <criterion/criterion.h>

enum { FIN = 0x80 };

/* A frame. */
struct part {
    uint8_t first_byte;
    bool is_wrongly_masked; /* where it must not be, or not masked where it must be */
    uint8_t length_bytes;   /* of the extended length: 2 or 8 where fewer would do; 0: fewest */
    uint64_t declared;      /* the length in the header */
    const void *payload;    /* what came of it */
    size_t len;
};

#define F(first, text) FN(first, text, sizeof(text) - 1)
#define FN(first, bytes, n)                                                                        \
    {                                                                                              \
        .first_byte = (first), .declared = (n), .payload = (bytes), .len = (n)                     \
    }
#define WRONGLY_MASKED(first, text)                                                                \
    {                                                                                              \
        .first_byte = (first), .is_wrongly_masked = true, .declared = sizeof(text) - 1,            \
        .payload = (text), .len = sizeof(text) - 1                                                 \
    }
/* Only this much has come of a frame of so many bytes. */
#define INCOMPLETE(first, bytes, text)                                                             \
    {                                                                                              \
        .first_byte = (first), .declared = (bytes), .payload = (text), .len = sizeof(text) - 1     \
    }
/* Its length is in 2 or 8 bytes, though fewer would do. */
#define IN_LONG_FORM(first, form, bytes, text)                                                     \
    {                                                                                              \
        .first_byte = (first), .length_bytes = (form), .declared = (bytes), .payload = (text),     \
        .len = sizeof(text) - 1                                                                    \
    }
#define SCRIPT(...)                                                                                \
    (const struct part[]){__VA_ARGS__}, sizeof((struct part[]){__VA_ARGS__}) / sizeof(struct part)

static inline size_t script_header(uint8_t *at, const struct part *part, bool is_masked,
                                   uint32_t mask)
{
    size_t n;
    if (part->length_bytes == 0) {
        n = ws_encode_header(at, 0, false, part->declared);
    } else {
        n = 2u + part->length_bytes;
        at[1] = part->length_bytes == 2 ? 126 : 127;
        for (size_t i = 0; i < part->length_bytes; i++)
            at[2 + i] = (uint8_t)(part->declared >> 8 * (part->length_bytes - 1 - i));
    }
    at[0] = part->first_byte;
    if (!is_masked)
        return n;
    at[1] |= 0x80;
    memcpy(at + n, &mask, 4);
    return n + 4;
}

/* The bytes that `side` reads; to be freed. Each frame has another mask. */
static inline struct span script_build(enum ws_side side, const struct part *parts, size_t count)
{
    size_t size = 1;
    for (size_t i = 0; i < count; i++)
        size += WS_HEADER_BYTES_MAX + parts[i].len;
    uint8_t *bytes = malloc(size), *at = bytes;
    CHECK(bytes != NULL);
    for (size_t i = 0; i < count; i++) {
        bool is_masked = (side == WS_SERVER) != parts[i].is_wrongly_masked;
        uint32_t mask = is_masked ? 0x9d3b71c5u * (uint32_t)(i + 1) : 0;
        at += script_header(at, &parts[i], is_masked, mask);
        if (parts[i].len > 0)
            ws_mask(at, parts[i].payload, parts[i].len, mask);
        at += parts[i].len;
    }
    return span_of(bytes, (size_t)(at - bytes));
}

static inline void script_free(struct span script)
{
    free((void *)(uintptr_t)script.ptr);
}

static inline const char *script_way(const struct ws_rules *rules)
{
    static const char *const ways[2][3] = {
        {"a server, in place", "a server, through wslay", "a server that waits"},
        {"a client, in place", "a client, through wslay", "a client that waits"}};
    return ways[rules->side][rules->through_wslay ? 1 : rules->wait_bytes > 0 ? 2 : 0];
}

static inline void script_run(struct ws_record *rec, const struct ws_rules *rules,
                              struct span script, const uint16_t *cuts, size_t cut_count)
{
    struct ws_pool pool;
    ws_pool_init(&pool, 2);
    ws_record_run(rec, rules, &pool, script, cuts, cut_count);
    ws_pool_deinit(&pool);
}

static inline void expect_run(struct ws_record *rec, const struct ws_rules *rules,
                              struct span script, const uint16_t *cuts, size_t cut_count,
                              const char *log)
{
    script_run(rec, rules, script, cuts, cut_count);
    cr_assert(span_eq(span_of(rec->log, rec->log_len), span_str(log)),
              "%s, cut at %u:\n%.*s\nis not\n%s", script_way(rules), cuts[0], (int)rec->log_len,
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

static inline void expect_cuts(struct ws_record *rec, struct ws_rules rules, struct span script,
                               const char *log)
{
    const uint16_t whole[] = {UINT16_MAX};
    for (int wslay = 0; wslay < 2; wslay++) {
        rules.through_wslay = wslay;
        expect_run(rec, &rules, script, whole, 1, log);
        if (script.len > 3000)
            continue;
        for (uint16_t cut = 1; cut < script.len; cut++) {
            uint16_t split[] = {cut, UINT16_MAX};
            expect_run(rec, &rules, script, split, 2, log);
            expect_run(rec, &rules, script, split, 1, log); /* every so many bytes */
        }
        expect_survives_no_memory(rec, &rules, script, log);
    }
}

/* In whatever pieces what came compressed is inflated, the log is the same. */
static inline void expect_pieces(struct ws_record *rec, struct ws_rules rules, struct span script,
                                 const char *log)
{
    static const uint16_t cuts[] = {UINT16_MAX, 1, 7};
    for (unsigned way = 0; way < 12; way++) {
        rules.inflated_piece_bytes = way & 1 ? 1 : 3;
        rules.through_wslay = (way & 2) != 0;
        expect_run(rec, &rules, script, &cuts[way / 4], 1, log);
    }
}

/* Under these rules, of either side, where this was agreed on. */
static inline void expect_deflate(struct ws_deflate deflate, struct ws_rules rules, const char *log,
                                  const struct part *parts, size_t count)
{
    struct span script = script_build(rules.side, parts, count);
    struct ws_record rec;
    ws_record_init(&rec, script.len);
    rec.deflate = deflate;
    expect_cuts(&rec, rules, script, log);
    if (ws_deflate_is_agreed(&deflate))
        expect_pieces(&rec, rules, script, log);
    ws_record_deinit(&rec);
    script_free(script);
}

static inline void expect_with(struct ws_rules rules, const char *log, const struct part *parts,
                               size_t count)
{
    expect_deflate((struct ws_deflate){0}, rules, log, parts, count);
}

/* As a server and as a client, without limits. */
static inline void expect_both(const char *log, const struct part *parts, size_t count)
{
    expect_with((struct ws_rules){.side = WS_SERVER}, log, parts, count);
    expect_with((struct ws_rules){.side = WS_CLIENT}, log, parts, count);
}

/* The end comes with the script's byte `at`: read one by one, and when all before any place came at
 * once. */
static inline void expect_end_at(struct ws_rules rules, size_t at, const char *log,
                                 struct span script)
{
    struct ws_record rec;
    ws_record_init(&rec, script.len);
    for (int wslay = 0; wslay < 2; wslay++) {
        rules.through_wslay = wslay;
        for (size_t read = 1; read <= script.len; read++) {
            uint16_t cuts[512];
            cr_assert_leq(script.len, sizeof cuts / sizeof *cuts);
            cuts[0] = (uint16_t)read;
            for (size_t i = 1; i < script.len; i++)
                cuts[i] = 1;
            expect_run(&rec, &rules, script, cuts, script.len, log);
            size_t expected = read > at ? read : at + 1;
            cr_assert_eq(rec.ended_at, expected, "%s: %zu bytes at once, ended by %zu, not %zu",
                         script_way(&rules), read, rec.ended_at, expected);
        }
    }
    ws_record_deinit(&rec);
}
