/* Several loops and the hub between them: fan-out in parts, full queues, the index of members. */
#include "chat/hub/held.h"
#include "unit/alloc_fail.h"
#include "unit/chat/chat_fixture.h"
#include "unit/ws_peer.h"

static void setup(void)
{
    chat_init(2);
}

TestSuite(chat_loop, .init = setup, .fini = chat_done);

static size_t count(const char *heard, const char *text)
{
    size_t n = 0;
    for (; (heard = strstr(heard, text)) != NULL; heard++)
        n++;
    return n;
}

static void forget_all(void)
{
    for (unsigned i = 0; i < fix.client_count; i++)
        client_heard(i);
}

Test(chat_loop, message_reaches_members_on_every_loop)
{
    unsigned a = client_named(0, "alice"), b = client_named(1, "bob"), c = client_named(1, "carol"),
             d = client_named(0, "dave");
    client_say(a, "JOIN #a\r\n");
    client_say(b, "JOIN #a\r\n");
    client_say(c, "JOIN #b\r\n");
    client_say(d, "JOIN #a\r\n");
    forget_all();
    SAYS_HEARS(a, "PRIVMSG #a :hello\r\n", "");
    HEARS(b, ":alice!~alice@127.0.0.1 PRIVMSG #a :hello\r\n");
    HEARS(c, "");
    HEARS(d, ":alice!~alice@127.0.0.1 PRIVMSG #a :hello\r\n");
}

Test(chat_loop, message_is_rendered_once_for_all_that_want_it_alike)
{
    char name[8];
    for (unsigned i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "n%u", i);
        client_say(client_named(i % 2, name), "JOIN #a\r\n");
    }
    client_say(2, "CAP REQ server-time\r\n");
    forget_all();
    struct loop_metrics *m0 = &fix.set.loops[0].metrics, *m1 = &fix.set.loops[1].metrics;
    uint64_t rendered0 = metric_get(&m0->messages_rendered),
             rendered1 = metric_get(&m1->messages_rendered),
             delivered = metric_get(&m0->messages_delivered) + metric_get(&m1->messages_delivered);
    client_say(0, "PRIVMSG #a :hello\r\n");
    cr_assert_eq(metric_get(&m0->messages_rendered) - rendered0, 2);
    cr_assert_eq(metric_get(&m1->messages_rendered) - rendered1, 1);
    cr_assert_eq(metric_get(&m0->messages_delivered) + metric_get(&m1->messages_delivered),
                 delivered + 19);
}

Test(chat_loop, a_delivery_is_timed_once_on_each_loop)
{
    char name[8];
    for (unsigned i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "n%u", i);
        client_say(client_named(i % 2, name), "JOIN #a\r\n");
    }
    const struct hist *h[2] = {&fix.set.loops[0].metrics.delivery,
                               &fix.set.loops[1].metrics.delivery};
    uint64_t before[2] = {hist_total(h[0]), hist_total(h[1])};
    client_say(0, "PRIVMSG #a :hello\r\n");
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(hist_total(h[i]) - before[i], 1);
        cr_assert_gt(metric_get(&h[i]->sum), 0);
        cr_assert_lt(metric_get(&h[i]->max), 60ULL * 1000 * 1000 * 1000);
    }
}

Test(chat_loop, what_the_hub_keeps_is_held_by_who_makes_it)
{
    unsigned a = client_named(0, "alice"), w = client_connect(0, &chat_ws_session);
    struct net *n = &fix.nets[0];
    chat_ws_session_init(client_conn(w), client_conn(w)->frame, CHAT_WS_TEXT,
                         &(struct ws_deflate){0});
    ws_peer_send(w, WS_TEXT, true, SPAN("NICK bob"));
    ws_peer_send(w, WS_TEXT, true, SPAN("USER u 0 * :x"));
    ws_peer_send(w, WS_TEXT, true, SPAN("JOIN #1"));
    client_say(a, "JOIN #1\r\n");
    uint64_t before = memory_publish(n);
    const struct conn *c = client_conn(a);
    cr_assert_eq(c->session->held_bytes(c, c->frame), 0);
    client_say(a, "JOIN #2,#3,#4,#5,#6,#7,#8,#9\r\n");
    cr_assert_eq(c->session->held_bytes(c, c->frame), HELD_STEP_BYTES);
    cr_assert_eq(memory_publish(n), before + HELD_STEP_BYTES);
    ws_peer_send(w, WS_TEXT, true, SPAN("JOIN #2,#3,#4,#5,#6,#7,#8"));
    conn_abort(client_conn(a), "for the test");
    fix_settle();
    c = client_conn(w);
    cr_assert_eq(c->session->held_bytes(c, c->frame), HELD_STEP_BYTES);
    conn_abort(client_conn(w), "for the test");
    fix_settle();
    cr_assert_eq(memory_publish(n), 0);
}

Test(chat_loop, the_hub_counts_what_it_applies)
{
    unsigned a = client_named(0, "a"), b = client_named(1, "b");
    const struct hub_metrics *m = hub_service_metrics(chat.hub);
    client_say(a, "JOIN #a\r\n");
    client_say(b, "JOIN #b\r\n");
    cr_assert_eq(metric_get(&m->users), 2);
    cr_assert_eq(metric_get(&m->channels), 2);
    cr_assert_eq(metric_get(&m->hub_registrations), 2);
    cr_assert_eq(metric_get(&m->hub_lines), 2);
    cr_assert_eq(metric_get(&m->hub_waiting), 0);
    cr_assert_gt(metric_get(&m->hub_deliveries), 2);
    client_say(b, "QUIT\r\n");
    cr_assert_eq(metric_get(&m->users), 1);
    cr_assert_eq(metric_get(&m->channels), 1);
    cr_assert_eq(metric_get(&m->hub_closes), 1);
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(metric_get(&fix.set.loops[i].metrics.chat_commands), 0);
}

/* What a line in the room allocates, from its arrival to its last write. */
static size_t allocations_of_a_line(void)
{
    alloc_fail_after(SIZE_MAX);
    client_send_bytes(0, SPAN("PRIVMSG #a :hello\r\n"));
    fix_settle();
    return alloc_fail_stop();
}

Test(chat_loop, recipients_cost_no_allocation)
{
    char name[8];
    size_t of_few = 0;
    for (unsigned i = 0; i < 60; i++) {
        snprintf(name, sizeof(name), "n%u", i);
        client_say(client_named(i % 2, name), "JOIN #a\r\n");
        if (i == 5) {
            allocations_of_a_line(); /* what is kept for the next time is there now */
            of_few = allocations_of_a_line();
        }
    }
    allocations_of_a_line();
    size_t of_many = allocations_of_a_line();
    cr_assert_gt(of_few, 0);
    cr_assert_eq(of_many, of_few);
}

Test(chat_loop, nick_and_quit_are_told_once_whatever_is_shared)
{
    unsigned a = client_named(0, "alice"), b = client_named(1, "bob"), c = client_named(0, "carol");
    client_say(a, "JOIN #a,#b,#c\r\n");
    client_say(b, "JOIN #c,#a\r\n");
    client_say(c, "JOIN #a,#b,#c\r\n");
    forget_all();
    SAYS_HEARS(a, "NICK al\r\n", ":alice!~alice@127.0.0.1 NICK :al\r\n");
    HEARS(b, ":alice!~alice@127.0.0.1 NICK :al\r\n");
    HEARS(c, ":alice!~alice@127.0.0.1 NICK :al\r\n");
    client_say(a, "QUIT\r\n");
    HEARS(b, ":al!~alice@127.0.0.1 QUIT :Quit\r\n");
    HEARS(c, ":al!~alice@127.0.0.1 QUIT :Quit\r\n");
}

Test(chat_loop, local_close_takes_a_session_out_of_its_channels_at_once)
{
    unsigned a = client_named(0, "alice"), b = client_named(0, "bob");
    client_say(a, "JOIN #a\r\n");
    client_say(b, "JOIN #a\r\n");
    chat.hub_stands_still = true;
    cr_assert_eq(members_of(fix.nets[0].chat, 0).count, 2);
    conn_abort(client_conn(a), "test");
    fix_settle();
    cr_assert_eq(members_of(fix.nets[0].chat, 0).count, 1);
    chat.hub_stands_still = false;
    fix_settle();
    forget_all();
    SAYS_HEARS(b, "NAMES #a\r\n",
               ":s.test 353 bob = #a :bob\r\n:s.test 366 bob #a :End of /NAMES list\r\n");
}

enum { CROWD = 44, LINES_EACH = CHAT_IN_FLIGHT_MAX };

/* All on one loop and in one channel; everybody has said LINES_EACH lines, which the hub has
 * applied and the loop not worked off: more than it sends in one tick. */
static void crowd_speaks(void)
{
    char text[32];
    for (unsigned i = 0; i < CROWD; i++) {
        snprintf(text, sizeof(text), "n%u", i);
        client_say(client_named(0, text), "JOIN #a\r\n");
    }
    forget_all();
    chat.standing_still = 1;
    for (unsigned i = 0; i < CROWD; i++) {
        for (unsigned k = 0; k < LINES_EACH; k++) {
            snprintf(text, sizeof(text), "PRIVMSG #a :%u,\r\n", k);
            client_send_bytes(i, span_str(text));
        }
    }
    fix_settle();
    chat.standing_still = 0;
}

/* The client has heard every line of every other but `but`, each one's in its order. */
static void expect_all_heard(unsigned client, unsigned but)
{
    const char *heard = client_heard(client);
    for (unsigned i = 0; i < CROWD; i++) {
        if (i == client || i == but)
            continue;
        char line[64];
        const char *at = heard;
        for (unsigned k = 0; k < LINES_EACH; k++) {
            snprintf(line, sizeof(line), ":n%u!~n%u@127.0.0.1 PRIVMSG #a :%u,\r\n", i, i, k);
            at = strstr(at, line);
            cr_assert_not_null(at, "client %u misses %s", client, line);
        }
        cr_assert_null(strstr(at + 1, line));
    }
}

Test(chat_loop, fan_out_goes_on_in_the_next_tick)
{
    crowd_speaks();
    struct chat_loop *cl = fix.nets[0].chat;
    cr_assert_gt((size_t)CROWD * CROWD * LINES_EACH, CHAT_SENDS_PER_TICK);
    fix_tick(cl->loop);
    cr_assert(chat_loop_has_work(cl));
    cr_assert_neq(cl->fan_out.next, 0, "it stopped in the middle of a channel");
    fix_settle();
    cr_assert_not(chat_loop_has_work(cl));
    cr_assert_eq(atomic_load(&cl->queued), 0);
    for (unsigned i = 0; i < CROWD; i++)
        expect_all_heard(i, CROWD);
}

/* The member that is so far from the one whose turn it is. */
static void member_goes(int distance)
{
    crowd_speaks();
    struct chat_loop *cl = fix.nets[0].chat;
    fix_tick(cl->loop);
    uint32_t at = cl->fan_out.next + (uint32_t)distance;
    struct conn *goes = members_of(cl, cl->fan_out.channel).conns[at];
    unsigned gone = 0;
    while (client_conn(gone) != goes)
        gone++;
    conn_abort(goes, "test");
    fix_settle();
    for (unsigned i = 0; i < CROWD; i++)
        if (i != gone)
            expect_all_heard(i, gone);
}

Test(chat_loop, member_that_goes_before_its_turn_in_a_fan_out_takes_nobody_with_it)
{
    member_goes(0);
}

Test(chat_loop, member_that_goes_after_its_turn_in_a_fan_out_takes_nobody_with_it)
{
    member_goes(-1);
}

Test(chat_loop, hub_waits_while_a_queue_is_full)
{
    unsigned a = client_named(0, "alice"), b = client_named(1, "bob");
    client_say(a, "JOIN #a\r\n");
    client_say(b, "JOIN #a\r\n");
    forget_all();
    chat.standing_still = 2; /* bob's loop */
    struct chat_loop *stuck = fix.nets[1].chat;
    size_t said = 0;
    for (int quiet = 0; quiet < 3;) {
        uint32_t before = atomic_load(&stuck->queued);
        for (int i = 0; i < CHAT_IN_FLIGHT_MAX; i++, said++)
            client_send_bytes(a, SPAN("PRIVMSG #a :x\r\n"));
        fix_settle();
        quiet = atomic_load(&stuck->queued) == before ? quiet + 1 : 0;
    }
    cr_assert_eq(atomic_load(&stuck->queued), CHAT_QUEUE_MAX);
    cr_assert_not(hub_service_has_work(chat.hub), "it waits for mail");
    SAYS_HEARS(a, "PING 1\r\n", "");
    chat.standing_still = 0;
    size_t heard = 0;
    for (int i = 0; i < 50; i++) {
        fix_settle();
        heard += count(client_heard(b), "PRIVMSG");
    }
    cr_assert_eq(heard, said, "none is dropped");
    HEARS(a, ":s.test PONG s.test :1\r\n");
}

Test(chat_loop, long_reply_takes_up_more_of_the_queue)
{
    unsigned a = client_named(0, "alice");
    struct chat_loop *cl = fix.nets[0].chat;
    chat.standing_still = 1;
    char line[512] = "PART x";
    while (strlen(line) < 500)
        strcat(line, ",x");
    strcat(line, "\r\n");
    client_send_bytes(a, span_str(line));
    fix_settle();
    size_t reply_bytes = 248 * strlen(":s.test 403 alice x :No such channel\n");
    cr_assert_eq(atomic_load(&cl->queued), 1 + reply_bytes / 1024 + 1, "the reply, the return");
    chat.standing_still = 0;
    fix_settle();
    cr_assert_eq(count(client_heard(a), " 403 "), 248);
    cr_assert_eq(atomic_load(&cl->queued), 0);
}

Test(chat_loop, long_answers_share_a_tick)
{
    enum { ASKERS = 20, ROWS = 240 };
    char line[512] = "LIST #";
    for (int i = 1; i < ROWS; i++)
        strcat(line, ",#");
    strcat(line, "\r\n");
    for (unsigned i = 0; i < ASKERS; i++) {
        char nick[8];
        snprintf(nick, sizeof(nick), "n%u", i);
        client_named(0, nick);
    }
    chat.hub_stands_still = true;
    for (unsigned i = 0; i < ASKERS; i++)
        client_send_bytes(i, span_str(line));
    fix_settle();
    chat.hub_stands_still = false;
    fix_tick(&fix.set.loops[fix.set.count - 1]);
    cr_assert(hub_service_has_work(chat.hub), "all of them would take too long");
    fix_settle();
    cr_assert_not(hub_service_has_work(chat.hub));
    for (unsigned i = 0; i < ASKERS; i++)
        cr_assert_eq(count(client_heard(i), " 323 "), 1);
}

Test(chat_loop, long_tags_take_up_more_of_the_queue_and_of_the_tick)
{
    unsigned a = client_named(0, "alice"), b = client_named(0, "bob");
    client_say(a, "CAP REQ message-tags\r\nJOIN #a\r\n");
    client_say(b, "JOIN #a\r\n");
    struct chat_loop *cl = fix.nets[0].chat;
    chat.standing_still = 1;
    char line[4096] = "@+a=";
    memset(line + 4, 'b', 4000);
    strcpy(line + 4004, " PRIVMSG #a :x\r\n");
    client_send_bytes(a, span_str(line));
    fix_settle();
    uint32_t cost = 1 + 4000 / 1024;
    cr_assert_eq(atomic_load(&cl->queued), cost + 1, "the message, the return");
    struct delivery *d = container_of(cl->head, struct delivery, head.mail);
    size_t budget = 10;
    cr_assert(fan_out_go_on(cl, d, &budget));
    cr_assert_eq(budget, 10 - 2 * cost, "for each of two members");
    fan_out_end(cl);
    chat.standing_still = 0;
    fix_settle();
    cr_assert_eq(atomic_load(&cl->queued), 0);
}

Test(chat_loop, nothing_is_left_behind_when_all_go_at_once)
{
    char name[8];
    for (unsigned i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "n%u", i);
        client_say(client_named(i % 2, name), "JOIN #a,#b\r\n");
    }
    for (unsigned i = 0; i < 20; i++) {
        client_send_bytes(i, SPAN("PRIVMSG #a :x\r\nNICK other\r\nPART #b\r\n"));
        if (i % 3 == 0)
            conn_abort(client_conn(i), "test");
        else
            shutdown(fix.clients[i].fd, SHUT_RDWR);
    }
    fix_settle();
    for (unsigned l = 0; l < 2; l++) {
        cr_assert_eq(fix.nets[l].chat->credits, CHAT_CREDITS);
        cr_assert_eq(atomic_load(&fix.nets[l].chat->queued), 0);
        for (uint32_t slot = 0; slot < 2; slot++) {
            cr_assert_eq(members_of(fix.nets[l].chat, slot).count, 0);
        }
    }
}
