#include "chat/chat_loop.h"
#include "chat/session.h"
#include "unit/alloc_fail.h"
#include "unit/expect.h"

enum { CROWD = 9, CHANNEL = 5, OTHER = 70 };

static struct chat_loop cl;
static struct conn conns[CROWD];
static struct chat_session sessions[CROWD];

static void gather(void)
{
    cl = (struct chat_loop){0};
    for (unsigned i = 0; i < CROWD; i++) {
        sessions[i] = (struct chat_session){0};
        conns[i] = (struct conn){.frame = &sessions[i]};
        expect_ok(members_add(&cl, &conns[i], OTHER));
        expect_ok(members_add(&cl, &conns[i], CHANNEL));
    }
}

static void disperse(void)
{
    for (unsigned i = 0; i < CROWD; i++)
        members_remove_all(&cl, &sessions[i]);
    cr_assert_eq(members_of(&cl, CHANNEL).count, 0);
    cr_assert_null(members_of(&cl, CHANNEL).conns, "what is empty holds no memory");
    members_deinit(&cl);
}

/* Whether the connection stands at from, or behind it and before to; and everybody at his place. */
static bool stands_in(const struct conn *c, uint32_t from, uint32_t to)
{
    struct members l = members_of(&cl, CHANNEL);
    const struct member *m = chat_session_of(c)->members;
    while (m != NULL && m->channel != CHANNEL)
        m = m->next;
    if (m == NULL)
        return false;
    cr_assert_lt(m->at, l.count);
    cr_assert_eq(l.conns[m->at], c);
    return m->at >= from && m->at < to;
}

Test(members, of_a_channel_that_nobody_was_in_are_none)
{
    gather();
    cr_assert_eq(members_of(&cl, CHANNEL + 1).count, 0);
    cr_assert_eq(members_of(&cl, 100000).count, 0);
    disperse();
}

Test(members, leave_one_channel_and_stay_in_the_other)
{
    gather();
    members_remove(&cl, &sessions[3], CHANNEL);
    members_remove(&cl, &sessions[3], CHANNEL);
    members_remove(&cl, &sessions[3], CHANNEL + 1);
    cr_assert_eq(members_of(&cl, CHANNEL).count, CROWD - 1);
    cr_assert_eq(members_of(&cl, OTHER).count, CROWD);
    disperse();
}

/* Whoever goes, and however far a fan-out has come: those that were served stand before the cursor,
 * and those that were not behind it. */
Test(members, who_leaves_in_a_fan_out_takes_nobody_with_him)
{
    for (uint32_t served = 0; served <= CROWD; served++) {
        for (uint32_t gone = 0; gone < CROWD; gone++) {
            gather();
            cl.fan_out = (struct fan_out){.channel = CHANNEL, .next = served};
            members_remove_all(&cl, &sessions[gone]);
            cr_assert_eq(members_of(&cl, CHANNEL).count, CROWD - 1);
            cr_assert_eq(cl.fan_out.next, served - (gone < served));
            for (uint32_t i = 0; i < CROWD; i++) {
                uint32_t from = i < served ? 0 : cl.fan_out.next;
                uint32_t to = i < served ? cl.fan_out.next : CROWD - 1;
                cr_assert_eq(stands_in(&conns[i], from, to), i != gone, "%u of %u, without %u", i,
                             served, gone);
            }
            cl.fan_out = (struct fan_out){0};
            disperse();
        }
    }
}

Test(members, a_channel_that_empties_gives_back_its_room)
{
    gather();
    uint32_t room = members_of(&cl, CHANNEL).room;
    cr_assert_geq(room, CROWD);
    for (unsigned i = 0; i < CROWD - 1; i++)
        members_remove(&cl, &sessions[i], CHANNEL);
    cr_assert_leq(members_of(&cl, CHANNEL).room, room / 2);
    cr_assert(stands_in(&conns[CROWD - 1], 0, 1));
    disperse();
}

Test(members, room_that_cannot_be_given_back_is_kept)
{
    gather();
    alloc_fail_after(0);
    for (unsigned i = 0; i < CROWD - 1; i++)
        members_remove(&cl, &sessions[i], CHANNEL);
    alloc_fail_stop();
    cr_assert(stands_in(&conns[CROWD - 1], 0, 1));
    disperse();
}

Test(members, each_allocation_that_fails_is_told)
{
    for (size_t n = 0; n < 3; n++) {
        gather();
        struct chat_session session = {0};
        struct conn c = {.frame = &session};
        alloc_fail_after(n);
        expect_err(members_add(&cl, &c, 1000), ERR_NOMEM);
        alloc_fail_stop();
        cr_assert_eq(members_of(&cl, 1000).count, 0);
        expect_ok(members_add(&cl, &c, 1000));
        cr_assert_eq(members_of(&cl, 1000).conns[0], &c);
        members_remove_all(&cl, &session);
        disperse();
    }
}
