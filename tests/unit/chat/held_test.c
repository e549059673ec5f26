/* What a user makes the hub keep. A step is 8 KiB; a channel counts 1 KiB, a mask 256 bytes. */
#include "chat/hub/held.h"
#include "unit/chat/hub_fixture.h"

static unsigned alice, bob;

static void setup(void)
{
    fix_init(FIX_LOOPS);
    alice = fix_user("alice");
    bob = fix_user("bob");
}

TestSuite(held, .init = setup, .fini = fix_done);

#define HOLDS(n, steps) cr_assert_eq(fix.held_steps[n], steps)

/* "MODE #a +b n3" for each of these numbers. */
static void say_each(unsigned n, const char *line, unsigned first, unsigned end)
{
    char text[64];
    for (unsigned i = first; i < end; i++) {
        snprintf(text, sizeof(text), "%s%u", line, i);
        fix_say(n, text);
    }
}

Test(held, of_most_users_nothing_is_told)
{
    fix_say(alice, "JOIN #a,#b,#c");
    say_each(alice, "MODE #a +b n", 0, 10);
    fix_say(alice, "MONITOR + a,b,c");
    HOLDS(alice, 0);
}

Test(held, a_mask_counts_when_it_comes_and_no_more_when_it_goes)
{
    fix_say(alice, "JOIN #a");
    say_each(alice, "MODE #a +b n", 0, 27);
    HOLDS(alice, 0);
    say_each(alice, "MODE #a +b n", 27, 28);
    HOLDS(alice, 1);
    say_each(alice, "MODE #a +b n", 28, 100);
    HOLDS(alice, 3);
    fix_forget();
    fix_say(alice, "MODE #a +v alice");
    cr_assert_eq(fix.deliveries, 1, "what it knows is not told again");
    fix_say(alice, "MODE #a -bbbb n0 n1 n2 n3");
    HOLDS(alice, 3);
    say_each(alice, "MODE #a -b n", 4, 100);
    HOLDS(alice, 0);
}

Test(held, a_channel_counts_for_its_oldest_member_whoever_sets_its_masks)
{
    fix_say(alice, "JOIN #a");
    fix_say(bob, "JOIN #a");
    fix_say(alice, "MODE #a +o bob");
    say_each(bob, "MODE #a +b n", 0, 60);
    HOLDS(alice, 2);
    HOLDS(bob, 0);
}

Test(held, the_next_oldest_holds_it_when_the_oldest_goes)
{
    static const char *const ways[] = {"PART #a", "JOIN 0", "KICK #a alice", "QUIT"};
    unsigned carol = fix_user("carol");
    for (size_t i = 0; i < 4; i++) {
        fix_say(alice, "JOIN #a");
        fix_say(bob, "JOIN #a");
        fix_say(carol, "JOIN #a");
        say_each(alice, "MODE #a +b n", 0, 60);
        fix_say(alice, ways[i]);
        if (i < 3)
            HOLDS(alice, 0);
        HOLDS(bob, 2);
        fix_say(bob, "PART #a");
        HOLDS(bob, 0);
        HOLDS(carol, 2);
        fix_say(carol, "PART #a");
        HOLDS(carol, 0);
    }
}

Test(held, channels_count)
{
    for (unsigned i = 0; i < HUB_CHANNELS_PER_USER_MAX; i++) {
        say_each(alice, "JOIN #", i, i + 1);
        say_each(bob, "JOIN #", i, i + 1);
        HOLDS(alice, (i + 1) / 8);
    }
    HOLDS(bob, 0);
    fix_close(alice, "gone");
    HOLDS(bob, HUB_CHANNELS_PER_USER_MAX / 8);
    fix_say(bob, "JOIN 0");
    HOLDS(bob, 0);
}

Test(held, nicks_that_are_watched_count)
{
    say_each(alice, "MONITOR + n", 0, HUB_WATCHES_MAX);
    HOLDS(alice, 2);
    say_each(alice, "MONITOR - n", 0, HUB_WATCHES_MAX / 2);
    HOLDS(alice, 1);
    fix_say(alice, "MONITOR C");
    HOLDS(alice, 0);
}
