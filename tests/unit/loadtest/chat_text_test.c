#include "scenario/chat_text.h"

#include "unit/alloc_fail.h"

#include <criterion/criterion.h>

static struct chat_text make(uint32_t min, uint32_t max, uint64_t key)
{
    struct chat_text t;
    struct plan plan = {.size_min = min, .size_max = max};
    cr_assert_eq(chat_text_init(&t, &plan, key), OK);
    return t;
}

static const struct chat_stamp STAMP = {77777, 1234567890123, 987654321987654321};

Test(chat_text, who_has_the_key_reads_what_another_made)
{
    struct chat_text a = make(30, 400, 5), b = make(30, 400, 5);
    for (uint64_t number = 0; number < 1000; number++) {
        struct chat_stamp s = {(uint32_t)number * 3, number * number, number * 1000001}, read;
        struct span text = chat_text_make(&a, &s);
        cr_assert(text.len >= 30 && text.len <= 400);
        cr_assert_eq(chat_text_read(&b, text, &read), CHAT_TEXT_WHOLE);
        cr_assert(read.client == s.client && read.number == s.number &&
                  read.intended_ns == s.intended_ns);
    }
    chat_text_deinit(&a);
    chat_text_deinit(&b);
}

Test(chat_text, any_byte_that_is_changed_is_found)
{
    struct chat_text t = make(64, 64, 99);
    struct chat_stamp read;
    for (unsigned at = 0; at < 64; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t *text = (uint8_t *)chat_text_make(&t, &STAMP).ptr;
            text[at] ^= (uint8_t)(1 << bit);
            cr_assert_eq(chat_text_read(&t, span_of(text, 64), &read), CHAT_TEXT_ALTERED,
                         "byte %u, bit %u", at, bit);
        }
    }
    chat_text_deinit(&t);
}

Test(chat_text, any_other_length_is_found)
{
    struct chat_text t = make(64, 64, 1);
    struct chat_stamp read;
    uint8_t longer[65];
    memcpy(longer, chat_text_make(&t, &STAMP).ptr, 64);
    longer[64] = 'x';
    cr_assert_eq(chat_text_read(&t, span_of(longer, 65), &read), CHAT_TEXT_ALTERED);
    for (size_t len = CHAT_TAG_BYTES; len < 64; len++)
        cr_assert_eq(chat_text_read(&t, span_of(longer, len), &read), CHAT_TEXT_ALTERED);
    chat_text_deinit(&t);
}

Test(chat_text, what_others_say_is_foreign)
{
    struct chat_text t = make(64, 64, 1), other = make(64, 64, 2);
    struct chat_stamp read;
    struct span text = chat_text_make(&other, &STAMP);
    cr_assert_eq(chat_text_read(&t, text, &read), CHAT_TEXT_FOREIGN);
    cr_assert_eq(chat_text_read(&t, SPAN(""), &read), CHAT_TEXT_FOREIGN);
    cr_assert_eq(chat_text_read(&t, SPAN("hi!"), &read), CHAT_TEXT_FOREIGN);
    cr_assert_eq(
        chat_text_read(&t, SPAN("has anybody seen my dog? It was here a moment ago."), &read),
        CHAT_TEXT_FOREIGN);
    chat_text_deinit(&t);
    chat_text_deinit(&other);
}

Test(chat_text, says_so_when_there_is_no_memory)
{
    struct plan plan = {.size_min = 30, .size_max = 400};
    for (unsigned succeed = 0; succeed < 2; succeed++) {
        struct chat_text t = {0};
        alloc_fail_after(succeed);
        enum err e = chat_text_init(&t, &plan, 0);
        alloc_fail_stop();
        cr_assert_eq(e, ERR_NOMEM);
        chat_text_deinit(&t);
    }
}
