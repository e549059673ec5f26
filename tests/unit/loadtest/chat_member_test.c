/* Members and publishers of chat on a wire that only notes what is sent: what they count when the
 * server loses, repeats, swaps and alters lines, and what they wait for when members come and go.
 */
#include "scenario/chat.h"

#include "scenario/scenario.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct scenario scenario_chat;

enum { MEMBERS = 4, LINES_MAX = 64 };

static struct plan plan;
static struct driver *d;
static char lines[LINES_MAX][512]; /* that were sent, by anybody */
static unsigned line_count;

static void note(struct client *c, struct span payload, bool is_text)
{
    (void)c;
    cr_assert(is_text && line_count < LINES_MAX);
    snprintf(lines[line_count++], sizeof *lines, "%.*s", SPAN_ARG(payload));
}

static const struct wire WIRE = {.send = note};

static struct chat_client *member(uint32_t k)
{
    return chat_of(driver_client(d, k));
}

static const char *last_line(void)
{
    return line_count == 0 ? "" : lines[line_count - 1];
}

/* --- a room ------------------------------------------------------------------------------ */

/* The server says a line to a member. */
__attribute__((format(printf, 2, 3))) static void tell(uint32_t k, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    struct message m = {span_of(line, (size_t)len), .first = true, .last = true, .is_text = true};
    scenario_chat.on_message(driver_client(d, k), &m);
}

static void make_driver(void)
{
    struct board *board = board_new(1, chat_shared_bytes(&plan));
    d = calloc(1, sizeof *d);
    *d = (struct driver){.plan = &plan,
                         .board = board,
                         .lane = board->lanes,
                         .count = 1,
                         .client_bytes = sizeof(struct chat_client),
                         .client_count = plan.connections,
                         .opened_next = plan.connections,
                         .budget = UINT64_MAX,
                         .now_ns = 1000};
    d->ev = ev_loop_new(0);
    d->clients = calloc(plan.connections, sizeof(struct chat_client));
    d->state = calloc(1, sizeof(struct chat_driver));
    board->measure_to_ns = UINT64_MAX;
    for (uint32_t k = 0; k < plan.connections; k++) {
        struct client *c = driver_client(d, k);
        *c = (struct client){.driver = d, .index = k, .wire = &WIRE};
    }
    cr_assert_eq(scenario_chat.start(d), OK);
}

static void make(uint32_t publishers, uint32_t in_flight)
{
    plan = (struct plan){.scenario = &scenario_chat,
                         .connections = MEMBERS,
                         .rooms = 1,
                         .members = MEMBERS,
                         .publishers = publishers,
                         .in_flight = in_flight,
                         .rate = in_flight == 0,
                         .size_min = 40,
                         .size_max = 40,
                         .threads = 1,
                         .timeout_ns = 1000000,
                         .nick = "n",
                         .channel = "#c"};
    make_driver();
    for (uint32_t k = 0; k < MEMBERS; k++) {
        struct client *c = driver_client(d, k);
        c->state = CLIENT_INTRODUCING;
        d->opening++;
        scenario_chat.introduce(c);
        tell(k, ":s 001 n%u :Welcome", k);
        tell(k, ":n%u!u@h JOIN #c0", k);
        cr_assert_eq(c->state, CLIENT_INTRODUCING);
        tell(k, ":s 366 n%u #c0 :End of /NAMES", k);
        cr_assert_eq(c->state, CLIENT_OPEN);
    }
    line_count = 0;
    d->phase = PHASE_RUNNING;
}

static void unmake(void)
{
    scenario_chat.stop(d);
    ev_loop_destroy(d->ev);
    board_free(d->board);
    free(d->clients);
    free(d->state);
    free(d);
}

/* The server passes on what was sent as that line. */
static void deliver(uint32_t k, unsigned line)
{
    tell(k, ":n0!u@h %s", lines[line]);
}

/* The text that was sent as that line, to be altered. */
static char *text_of(unsigned line)
{
    return strchr(lines[line], ':') + 1;
}

static uint64_t count_of(enum count kind)
{
    return hist_get(&d->lane->counts[kind]);
}

/* So many faults of that kind, and none of another. */
static void has_faults(enum fault fault, uint64_t count)
{
    for (unsigned i = 0; i < FAULT_KINDS; i++)
        cr_assert_eq(hist_get(&d->lane->faults[i]), i == fault ? count : 0, "%s: %llu",
                     fault_name(i), (unsigned long long)hist_get(&d->lane->faults[i]));
}

static void publish(unsigned count)
{
    while (count-- > 0)
        cr_assert(scenario_chat.on_due(d, d->now_ns));
}

/* --- joining ----------------------------------------------------------------------------- */

Test(chat_member, registers_and_joins)
{
    make(1, 0);
    struct client *c = driver_client(d, 2);
    c->state = CLIENT_INTRODUCING;
    member(2)->place = CHAT_OUTSIDE;
    plan.password = "pass word";
    scenario_chat.introduce(c);
    cr_assert_str_eq(lines[0], "PASS :pass word");
    cr_assert_str_eq(lines[1], "NICK n2");
    cr_assert_str_eq(lines[2], "USER n 0 * :simul-load");
    tell(2, "PING :42 x");
    cr_assert_str_eq(last_line(), "PONG :42 x");
    tell(2, ":s 433 * n2 :Nickname is already in use");
    cr_assert_str_eq(last_line(), "NICK n6", "the next that no other client has");
    tell(2, ":s 422 n6 :no MOTD");
    tell(2, ":s 001 n6 :Welcome");
    cr_assert_str_eq(last_line(), "JOIN #c0");
    tell(2, ":n2!u@h JOIN #c0");
    cr_assert_eq(member(2)->place, CHAT_JOINING, "that is somebody else");
    tell(2, ":N6!u@h JOIN :#C0");
    cr_assert_eq(member(2)->place, CHAT_INSIDE);
    has_faults(0, 0);
    unmake();
}

Test(chat_member, refusals_in_the_room_are_counted_with_their_words)
{
    make(1, 0);
    tell(1, ":s 404 n1 #c0 :Cannot send to channel");
    tell(1, "FAIL * X :no");
    has_faults(FAULT_STATUS, 2);
    cr_assert_str_eq(d->lane->reasons[0].text, "the server answers 404: Cannot send to channel");
    unmake();
}

/* --- what is heard ----------------------------------------------------------------------- */

Test(chat_member, every_delivery_is_counted)
{
    make(1, 0);
    publish(3);
    d->now_ns += 5000;
    for (uint32_t k = 1; k < MEMBERS; k++) {
        cr_assert_eq(scenario_chat.waiting(d), (MEMBERS - k) * 3);
        for (unsigned line = 0; line < 3; line++)
            deliver(k, line);
    }
    cr_assert_eq(scenario_chat.waiting(d), 0);
    cr_assert_eq(count_of(COUNT_SENT), 3);
    cr_assert_eq(count_of(COUNT_RECEIVED), 9);
    cr_assert_eq(count_of(COUNT_RECEIVED_BYTES), 9 * 40);
    cr_assert_eq(hist_get(&d->lane->timings[TIMING_LATENCY].max), 5000);
    scenario_chat.on_end(d);
    has_faults(0, 0);
    unmake();
}

Test(chat_member, lines_may_have_tags_or_be_written_oddly)
{
    make(1, 0);
    publish(4);
    tell(1, "@time=2026;x=:y :n0!u@h %s", lines[0]);
    tell(1, "@a %s", lines[1]);
    tell(1, ":n0!u@h privmsg   #c0  :%s", text_of(2));
    tell(1, ":n0!u@h PRIVMSG #c0 %s", text_of(3));
    cr_assert_eq(count_of(COUNT_RECEIVED), 4);
    has_faults(0, 0);
    unmake();
}

Test(chat_member, what_other_people_say_is_nothing)
{
    make(1, 0);
    publish(1);
    tell(1, ":somebody!u@h PRIVMSG #c0 :hello");
    tell(1, ":somebody!u@h NOTICE #c0 :hello");
    tell(1, ":somebody!u@h JOIN #c0");
    tell(1, ":s 999");
    tell(1, "%s", "");
    deliver(1, 0);
    cr_assert_eq(count_of(COUNT_RECEIVED), 1);
    has_faults(0, 0);
    unmake();
}

Test(chat_member, what_never_comes_is_lost)
{
    make(1, 0);
    publish(4);
    deliver(1, 0);
    deliver(1, 2);
    deliver(2, 0);
    for (unsigned line = 0; line < 4; line++)
        deliver(3, line);
    cr_assert_eq(scenario_chat.waiting(d), 1 + 3);
    has_faults(0, 0);
    scenario_chat.on_end(d);
    has_faults(FAULT_LOST, 2 + 3);
    scenario_chat.on_close(driver_client(d, 1));
    has_faults(FAULT_LOST, 2 + 3);
    unmake();
}

Test(chat_member, what_is_behind_a_later_one_is_reordered)
{
    make(1, 0);
    publish(3);
    deliver(1, 2);
    deliver(1, 0);
    deliver(1, 1);
    has_faults(FAULT_REORDERED, 2);
    cr_assert_eq(count_of(COUNT_RECEIVED), 1);
    chat_member_leave(member(1), true);
    has_faults(FAULT_REORDERED, 2);
    unmake();
}

Test(chat_member, what_comes_again_is_duplicated)
{
    make(1, 0);
    publish(2);
    deliver(1, 0);
    deliver(1, 0);
    deliver(1, 1);
    deliver(1, 0);
    has_faults(FAULT_DUPLICATED, 2);
    cr_assert_eq(count_of(COUNT_RECEIVED), 2);
    unmake();
}

Test(chat_member, an_altered_one_is_wrong_and_not_lost_too)
{
    for (unsigned at = 0; at < 40; at++) {
        make(1, 0);
        publish(3);
        text_of(1)[at] = '~';
        for (unsigned line = 0; line < 3; line++)
            deliver(1, line);
        has_faults(FAULT_WRONG, 1);
        chat_member_leave(member(1), true);
        has_faults(FAULT_WRONG, 1);
        cr_assert_eq(count_of(COUNT_RECEIVED), 2);
        unmake();
    }
}

Test(chat_member, what_was_not_for_us_is_wrong)
{
    make(1, 0);
    publish(1);
    deliver(0, 0);
    has_faults(FAULT_WRONG, 1);
    struct chat_stamp never = {.client = 0, .number = 5}, elsewhere = {.client = 3};
    struct chat_driver *s = d->state;
    tell(1, ":n0!u@h PRIVMSG #c0 :%.*s", SPAN_ARG(chat_text_make(&s->text, &never)));
    tell(1, ":n0!u@h PRIVMSG #c0 :%.*s", SPAN_ARG(chat_text_make(&s->text, &elsewhere)));
    has_faults(FAULT_WRONG, 3);
    unmake();
}

Test(chat_member, publishers_are_told_apart)
{
    make(2, 0);
    publish(4);
    deliver(2, 1);
    deliver(2, 0);
    deliver(2, 2);
    deliver(2, 3);
    deliver(0, 1);
    deliver(0, 3);
    has_faults(0, 0);
    chat_member_leave(member(2), true);
    chat_member_leave(member(0), true);
    has_faults(0, 0);
    cr_assert_eq(count_of(COUNT_RECEIVED), 6);
    unmake();
}

/* --- coming and going -------------------------------------------------------------------- */

Test(chat_member, between_part_and_join_nothing_is_expected)
{
    make(1, 0);
    publish(2);
    deliver(1, 0);
    cr_assert_eq(scenario_chat.waiting(d), 1 + 2 + 2);
    cr_assert(chat_churn(d, 0));
    cr_assert_str_eq(last_line(), "PART #c0");
    cr_assert_eq(member(1)->place, CHAT_OUTSIDE);
    cr_assert_eq(scenario_chat.waiting(d), 2 + 2);
    deliver(1, 1); /* said before the PART was heard */
    publish(1);
    cr_assert(chat_churn(d, 0));
    cr_assert_str_eq(last_line(), "JOIN #c0");
    tell(1, ":n1!u@h PART #c0");
    deliver(1, 3); /* said behind the JOIN, heard ahead of it */
    tell(1, ":n1!u@h JOIN #c0");
    cr_assert_eq(scenario_chat.waiting(d), 3 + 3);
    cr_assert_eq(count_of(COUNT_RECEIVED), 1);
    publish(1);
    cr_assert_eq(scenario_chat.waiting(d), 1 + 4 + 4);
    deliver(1, 3); /* from before our time, if it comes at all */
    has_faults(0, 0);
    deliver(1, 5);
    chat_member_leave(member(1), true);
    has_faults(0, 0);
    cr_assert_eq(count_of(COUNT_RECEIVED), 2);
    unmake();
}

Test(chat_member, churn_spares_publishers_and_takes_turns)
{
    make(1, 0);
    static const uint32_t TURNS[] = {1, 2, 3, 1};
    for (unsigned i = 0; i < 4; i++) {
        chat_churn(d, 0);
        cr_assert_eq(member(TURNS[i])->place, CHAT_OUTSIDE);
        chat_churn(d, 0);
        cr_assert_eq(member(TURNS[i])->place, CHAT_JOINING);
        tell(TURNS[i], ":n%u!u@h JOIN #c0", TURNS[i]);
        cr_assert_eq(member(TURNS[i])->place, CHAT_INSIDE);
    }
    cr_assert_eq(member(0)->place, CHAT_INSIDE);
    unmake();
}

/* --- closed loop ------------------------------------------------------------------------- */

Test(chat_member, the_next_is_said_when_everybody_has_the_last)
{
    make(1, 2);
    scenario_chat.on_run(d);
    cr_assert_eq(line_count, 2);
    for (uint32_t k = 1; k < MEMBERS; k++) {
        cr_assert_eq(line_count, 2);
        deliver(k, 0);
    }
    cr_assert_eq(line_count, 3);
    deliver(1, 1);
    deliver(2, 1);
    cr_assert_eq(line_count, 3);
    chat_member_leave(member(3), false);
    cr_assert_eq(line_count, 4, "who leaves gives up what he has not heard");
    has_faults(0, 0);
    unmake();
}

Test(chat_member, what_is_lost_does_not_hold_up_the_loop_for_ever)
{
    make(1, 1);
    scenario_chat.on_run(d);
    deliver(1, 0);
    scenario_chat.on_sweep(driver_client(d, 0));
    cr_assert_eq(line_count, 1);
    d->now_ns += plan.timeout_ns + 1;
    scenario_chat.on_sweep(driver_client(d, 0));
    cr_assert_eq(line_count, 2);
    for (uint32_t k = 1; k < MEMBERS; k++)
        deliver(k, 1);
    cr_assert_eq(line_count, 3);
    scenario_chat.on_end(d);
    has_faults(FAULT_LOST, 2 + 3);
    unmake();
}
