#include "echo/shaper.h"

#include "echo/faults.h"
#include "unit/alloc_fail.h"
#include "unit/expect.h"
#include "unit/net_fixture.h"

/* A session that says what the test wants, and lets the shaper do the rest. */
struct shaped {
    struct shaper shaper;
};

static struct faults faults;
static void (*say)(struct shaper *s);
static unsigned client;

static enum co_result run(struct conn *c, void *frame)
{
    struct shaped *f = frame;
    CO_BEGIN(c);
    conn_set_timer(c, TIMER_NONE);
    shaper_init(&f->shaper, c, &faults);
    shaper_begin(&f->shaper);
    say(&f->shaper);
    for (;;) {
        shaper_run(&f->shaper);
        if (c->state != CONN_OPEN)
            CO_RETURN;
        conn_take(c, c->in.len);
        CO_AWAIT(shaper_can_run(&f->shaper) || conn_try_event(c)); /* woken by both */
        if (c->eof)
            CO_RETURN;
    }
    CO_END;
}

static void drop(struct conn *c, void *frame)
{
    (void)c;
    shaper_deinit(&((struct shaped *)frame)->shaper);
}

static const struct session_type shaped_session = {
    .name = "shaped",
    .frame_bytes = sizeof(struct shaped),
    .input_bytes = 4096,
    .resume = run,
    .drop = drop,
};

static void begin(const char *query, void (*what)(struct shaper *s))
{
    char message[FAULTS_MESSAGE_CHARS];
    expect_ok(faults_parse(span_str(query), FAULTS_TCP, true, &faults, message));
    say = what;
    client = client_connect(0, &shaped_session);
    conn_wake(client_conn(client));
    fix_settle();
}

static struct shaper *shaper(void)
{
    return &((struct shaped *)client_conn(client)->frame)->shaper;
}

static bool is_over(void)
{
    return !client_read(client) && client_conn(client) == NULL;
}

TestSuite(shaper, .init = fix_init, .fini = fix_done);

/* --- time -------------------------------------------------------------------------------- */

static void say_ab(struct shaper *s)
{
    shaper_say(s, SPAN("a"));
    shaper_say(s, SPAN_EMPTY);
    shaper_say(s, SPAN("b"));
}

Test(shaper, without_faults_everything_leaves_at_once)
{
    begin("", say_ab);
    HEARS(client, "ab");
    cr_assert(shaper_is_empty(shaper()));
}

Test(shaper, an_answer_is_late_by_its_delay)
{
    begin("delay_ms=250", say_ab);
    fix_pass_ms(249);
    HEARS(client, "");
    fix_pass_ms(1);
    HEARS(client, "ab");
}

static void say_two(struct shaper *s)
{
    shaper_say(s, SPAN("1"));
    shaper_begin(s);
    shaper_say(s, SPAN("2"));
}

/* When each of 50 answers comes. */
static void say_fifty(struct shaper *s)
{
    for (uint8_t i = 0; i < 50; i++) {
        shaper_begin(s);
        shaper_say(s, span_of(&i, 1));
    }
}

static void hear_fifty(uint64_t at_ms[50])
{
    size_t heard = 0;
    for (uint64_t ms = 0; heard < 50; ms++) {
        struct span bytes = client_heard_bytes(client);
        for (size_t i = 0; i < bytes.len; i++) {
            cr_assert_eq(bytes.ptr[i], heard, "order is kept");
            at_ms[heard++] = ms;
        }
        cr_assert_leq(ms, 101);
        fix.now_ms++;
        fix_settle();
    }
}

Test(shaper, jitter_is_drawn_and_keeps_the_order)
{
    uint64_t once[50], again[50], other[50];
    begin("jitter_ms=100&seed=3", say_fifty);
    hear_fifty(once);
    begin("jitter_ms=100&seed=3", say_fifty);
    hear_fifty(again);
    begin("jitter_ms=100&seed=4", say_fifty);
    hear_fifty(other);
    cr_assert_arr_eq(once, again, sizeof(once), "the same seed, the same times");
    cr_assert_arr_neq(once, other, sizeof(once));
    cr_assert_gt(once[49], once[0]);
}

static void say_and_stall(struct shaper *s)
{
    shaper_say(s, SPAN("1"));
    shaper_stall(s, 500);
    shaper_say(s, SPAN("2"));
}

Test(shaper, a_stall_stands_in_the_order)
{
    begin("", say_and_stall);
    HEARS(client, "1");
    fix_pass_ms(499);
    HEARS(client, "");
    fix_pass_ms(1);
    HEARS(client, "2");
}

/* --- size -------------------------------------------------------------------------------- */

static void say_ten(struct shaper *s)
{
    shaper_say(s, SPAN("0123456789"));
}

Test(shaper, segments_have_pauses_between)
{
    begin("chop=4", say_ten);
    HEARS(client, "0123");
    fix_pass_ms(SHAPER_CHOP_PAUSE_MS - 1);
    HEARS(client, "");
    fix_pass_ms(1);
    HEARS(client, "4567");
    fix_pass_ms(SHAPER_CHOP_PAUSE_MS);
    HEARS(client, "89");
}

static void say_much(struct shaper *s)
{
    static uint8_t much[5000];
    shaper_say(s, span_of(much, sizeof(much)));
}

Test(shaper, bytes_leave_at_their_pace)
{
    begin("slow_bytes_per_second=1000", say_much);
    client_heard_bytes(client);
    size_t heard = 0;
    for (int ms = 0; ms < 2000; ms += 10) {
        fix_pass_ms(10);
        heard += client_heard_bytes(client).len;
    }
    cr_assert(heard > 1900 && heard < 2100, "%zu", heard);
}

static void trickle(struct shaper *s)
{
    shaper_trickle(s, SPAN("ab"));
    shaper_say(s, SPAN("cd"));
}

Test(shaper, a_trickle_is_slow_whatever_else_is_asked_for)
{
    begin("", trickle);
    HEARS(client, "a");
    fix_pass_ms(SHAPER_TRICKLE_PAUSE_MS);
    HEARS(client, "b");
    fix_pass_ms(SHAPER_TRICKLE_PAUSE_MS);
    HEARS(client, "cd");
}

enum { FILLED = 10 * 1024 * 1024 };

static void fill(struct shaper *s)
{
    shaper_fill(s, (const uint8_t *)"abcd", FILLED);
}

Test(shaper, filling_needs_no_memory_and_waits_for_the_peer)
{
    begin("", fill);
    cr_assert_lt(fix.nets[0].memory.counted_bytes, 2048);
    size_t heard = 0;
    while (heard < FILLED) {
        fix_settle();
        cr_assert_leq(client_conn(client)->out.bytes, 128 * 1024);
        struct span bytes = client_heard_bytes(client);
        for (size_t i = 0; i < bytes.len; i++)
            if (bytes.ptr[i] != "abcd"[(heard + i) % 4])
                cr_assert_fail("byte %zu", heard + i);
        heard += bytes.len;
    }
    cr_assert_eq(heard, FILLED);
}

/* --- the end ----------------------------------------------------------------------------- */

static void say_and_close(struct shaper *s)
{
    shaper_say(s, SPAN("last"));
    shaper_end(s, SHAPER_CLOSE);
    shaper_say(s, SPAN("more"));
}

Test(shaper, an_end_comes_behind_what_was_said)
{
    begin("delay_ms=100", say_and_close);
    cr_assert(client_read(client));
    fix_pass_ms(100);
    cr_assert(is_over());
    HEARS(client, "last");
}

static void say_and_reset(struct shaper *s)
{
    shaper_say(s, SPAN("last"));
    shaper_end(s, SHAPER_RESET);
}

Test(shaper, a_reset_waits_for_nobody)
{
    begin("", say_and_reset);
    cr_assert_eq(fix.open_total, 0);
    HEARS(client, "last");
}

static void say_and_shut(struct shaper *s)
{
    shaper_say(s, SPAN("last"));
    shaper_end(s, SHAPER_HALF_CLOSE);
    shaper_say(s, SPAN("more"));
}

Test(shaper, a_half_close_lets_the_session_read_on)
{
    begin("", say_and_shut);
    cr_assert_not(client_read(client));
    HEARS(client, "last");
    cr_assert_not_null(client_conn(client));
    client_say(client, "x");
    client_shut(client);
    cr_assert_eq(fix.open_total, 0);
}

/* --- bounds ------------------------------------------------------------------------------ */

static void say_to_the_brim(struct shaper *s)
{
    static uint8_t much[1000];
    while (shaper_has_room(s))
        shaper_say(s, span_of(much, sizeof(much)));
}

Test(shaper, what_waits_is_bounded_and_counted)
{
    begin("delay_ms=1000", say_to_the_brim);
    cr_assert_lt(shaper()->bytes, SHAPER_BYTES_MAX + 1000);
    cr_assert_geq(fix.nets[0].memory.counted_bytes, SHAPER_BYTES_MAX);
    fix_pass_ms(1000);
    cr_assert(shaper_has_room(shaper()));
}

static void say_little_to_the_brim(struct shaper *s)
{
    while (shaper_has_room(s))
        shaper_say(s, SPAN("x"));
}

Test(shaper, small_answers_are_bounded_by_their_number)
{
    begin("delay_ms=1000", say_little_to_the_brim);
    cr_assert_eq(shaper()->items, SHAPER_ITEMS_MAX);
}

Test(shaper, a_connection_may_go_while_something_waits)
{
    begin("delay_ms=1000", say_two);
    client_shut(client);
    cr_assert_eq(fix.open_total, 0);
    fix_pass_ms(2000);
}

Test(shaper, what_waits_can_be_forgotten)
{
    begin("delay_ms=1000", say_and_close);
    cr_assert(shaper_clear(shaper()), "nothing has been sent");
    fix_pass_ms(2000);
    HEARS(client, "");
    begin("chop=1", say_ten);
    cr_assert_not(shaper_clear(shaper()), "the answer is cut");
    fix_pass_ms(2000);
    HEARS(client, "0");
}

static void say_without_memory(struct shaper *s)
{
    alloc_fail_after(0);
    say_ab(s);
    alloc_fail_stop();
}

Test(shaper, without_memory_the_connection_ends)
{
    begin("delay_ms=1000", say_without_memory);
    cr_assert_null(client_conn(client));
    cr_assert_eq(fix.open_total, 0);
}
