/* Any headers: what a server answers to them is judged by a client to mean the same, and what is no
 * list is none under every policy. Taken as an answer, they are never agreed on beyond the bounds.
 *
 * Input: the headers, a line each. */
#include "simul/buf.h"
#include "simul/check.h"
#include "simul/ws_deflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct span take_line(struct span *rest)
{
    size_t end = span_find(*rest, '\n');
    struct span line = span_take(*rest, end);
    *rest = span_drop(*rest, end < rest->len ? end + 1 : end);
    return line;
}

/* False: one of the headers is no list. */
static bool choose(struct ws_deflate_choice *choice, const struct ws_deflate_policy *policy,
                   struct span headers)
{
    *choice = (struct ws_deflate_choice){0};
    do {
        if (ws_deflate_choose(choice, policy, take_line(&headers)) != OK)
            return false;
    } while (headers.len > 0);
    return true;
}

/* A client of ours would take the answer, unless it names a window that we cannot compress with. It
 * is an offer, too, and choosing it says the same once more. */
static void check_answer(const struct ws_deflate_choice *choice,
                         const struct ws_deflate_policy *policy)
{
    struct ws_deflate_choice again = {0};
    struct ws_deflate agreed;
    struct buf answer = {0}, repeated = {0};
    if (ws_deflate_answer(choice, &answer) != OK)
        return;
    CHECK((answer.len > 0) == ws_deflate_is_agreed(&choice->agreed));
    if (answer.len > 0) {
        enum err e = ws_deflate_verify(buf_span(&answer), &agreed);
        CHECK((e == OK) == (choice->agreed.in_bits >= WS_DEFLATE_BITS_MIN));
        CHECK(e != OK || agreed.out_bits == choice->agreed.in_bits);
        CHECK(e != OK || agreed.in_bits == choice->agreed.out_bits);
        CHECK(ws_deflate_choose(&again, policy, buf_span(&answer)) == OK);
        CHECK(ws_deflate_answer(&again, &repeated) != OK ||
              span_eq(buf_span(&answer), buf_span(&repeated)));
    }
    buf_deinit(&answer);
    buf_deinit(&repeated);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ws_deflate_policy OFF = {.is_on = false}, ON = {.is_on = true},
                                          KEEPING = {.is_on = true, .may_keep_in = true};
    struct span headers = span_of(data, size), rest = headers;
    struct ws_deflate_choice off, on, keeping;
    struct ws_deflate agreed;
    bool are_lists = choose(&off, &OFF, headers);
    CHECK(choose(&on, &ON, headers) == are_lists);
    CHECK(choose(&keeping, &KEEPING, headers) == are_lists);
    if (are_lists) {
        CHECK(!ws_deflate_is_agreed(&off.agreed));
        CHECK(!on.agreed.keeps_in && on.agreed.out_bits == keeping.agreed.out_bits &&
              on.agreed.in_bits == keeping.agreed.in_bits);
        check_answer(&on, &ON);
        check_answer(&keeping, &KEEPING);
    }
    if (ws_deflate_verify(take_line(&rest), &agreed) == OK)
        CHECK(agreed.out_bits >= WS_DEFLATE_BITS_MIN && agreed.in_bits >= 8 && !agreed.keeps_in);
    else
        CHECK(!ws_deflate_is_agreed(&agreed));
    return 0;
}
