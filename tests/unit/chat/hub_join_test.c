/* Who is let into a channel, how that is told, and INVITE. */
#include "unit/chat/hub_fixture.h"

static unsigned op, other, guest;

static void setup(void)
{
    fix_init(FIX_LOOPS);
    op = fix_user("op");
    other = fix_user("other");
    guest = fix_user("guest");
    fix_say(op, "JOIN #a");
    fix_say(other, "JOIN #a");
    fix_forget();
}

TestSuite(hub_join, .init = setup, .fini = fix_done);

#define ENTERS(n, line)                                                                            \
    do {                                                                                           \
        fix_say(n, line);                                                                          \
        cr_assert_not_null(strstr(fix_heard(n), " JOIN "));                                        \
    } while (0)

Test(hub_join, key_is_asked_for)
{
    fix_say(op, "MODE #a +k secret");
    SAYS_HEARS(guest, "JOIN #a", ":s.test 475 guest #a :Cannot join channel (+k)\n");
    SAYS_HEARS(guest, "JOIN #a Secret", ":s.test 475 guest #a :Cannot join channel (+k)\n");
    SAYS_HEARS(guest, "JOIN #a secret,",
               ":guest!~u@h JOIN :#a\n"
               ":s.test 353 guest = #a :@op other guest\n"
               ":s.test 366 guest #a :End of /NAMES list\n");
}

Test(hub_join, each_channel_has_its_key)
{
    fix_say(op, "JOIN #b");
    fix_say(op, "JOIN #c");
    fix_say(op, "MODE #a +k k1");
    fix_say(op, "MODE #c +k k3");
    fix_forget();
    fix_say(guest, "JOIN #a,#b,,#c k1,,k3");
    fix_forget();
    SAYS_HEARS(op, "NAMES #a,#b,#c",
               ":s.test 353 op = #a :@op other guest\n"
               ":s.test 366 op #a :End of /NAMES list\n"
               ":s.test 353 op = #b :@op guest\n"
               ":s.test 366 op #b :End of /NAMES list\n"
               ":s.test 353 op = #c :@op guest\n"
               ":s.test 366 op #c :End of /NAMES list\n");
}

Test(hub_join, full_channel_has_no_room)
{
    fix_say(op, "MODE #a +l 2");
    SAYS_HEARS(guest, "JOIN #a", ":s.test 471 guest #a :Cannot join channel (+l)\n");
    fix_say(other, "PART #a");
    ENTERS(guest, "JOIN #a");
}

Test(hub_join, banned_users_stay_outside_unless_excepted)
{
    fix_say(op, "MODE #a +b *!~U@H");
    SAYS_HEARS(guest, "JOIN #a", ":s.test 474 guest #a :Cannot join channel (+b)\n");
    fix_say(op, "MODE #a +e g?est");
    ENTERS(guest, "JOIN #a");
}

Test(hub_join, invitation_only_means_invited_or_listed)
{
    fix_say(op, "MODE #a +i");
    SAYS_HEARS(guest, "JOIN #a", ":s.test 473 guest #a :Cannot join channel (+i)\n");
    fix_say(op, "MODE #a +I guest!*@*");
    ENTERS(guest, "JOIN #a");
}

Test(hub_join, invitation_opens_every_door_once)
{
    fix_say(op, "MODE #a +bikl guest secret 1");
    fix_say(op, "INVITE guest #a");
    ENTERS(guest, "JOIN #a");
    fix_say(guest, "PART #a");
    fix_forget();
    SAYS_HEARS(guest, "JOIN #a", ":s.test 474 guest #a :Cannot join channel (+b)\n");
}

Test(hub_join, invitation_is_told_to_both_and_listed)
{
    SAYS_HEARS(op, "INVITE GUEST #A", ":s.test 341 op guest :#a\n");
    HEARS(guest, ":op!~u@h INVITE guest :#a\n");
    HEARS(other, "");
    SAYS_HEARS(guest, "INVITE", ":s.test 336 guest :#a\n:s.test 337 guest :End of /INVITE list\n");
    ENTERS(guest, "JOIN #a");
    SAYS_HEARS(guest, "INVITE", ":s.test 337 guest :End of /INVITE list\n");
}

Test(hub_join, invitation_is_news_for_members_who_ask)
{
    fix.caps[op] = fix.caps[other] = fix.caps[guest] = CAP_INVITE_NOTIFY;
    SAYS_HEARS(op, "INVITE guest #a", ":s.test 341 op guest :#a\n");
    HEARS(other, ":op!~u@h INVITE guest :#a\n");
    HEARS(guest, ":op!~u@h INVITE guest :#a\n");
}

Test(hub_join, plain_members_invite_too_but_open_no_door)
{
    SAYS_HEARS(other, "INVITE guest #a", ":s.test 341 other guest :#a\n");
    HEARS(guest, ":other!~u@h INVITE guest :#a\n");
    fix_say(op, "MODE #a +i");
    SAYS_HEARS(guest, "JOIN #a", ":s.test 473 guest #a :Cannot join channel (+i)\n");
    fix_forget();
    SAYS_HEARS(other, "INVITE guest #a", ":s.test 482 other #a :You're not channel operator\n");
    HEARS(guest, "");
}

Test(hub_join, invitations_need_a_user_a_channel_and_a_member)
{
    SAYS_HEARS(op, "INVITE guest", ":s.test 461 op INVITE :Not enough parameters\n");
    SAYS_HEARS(op, "INVITE nobody #a", ":s.test 401 op nobody :No such nick/channel\n");
    SAYS_HEARS(op, "INVITE guest #none", ":s.test 403 op #none :No such channel\n");
    SAYS_HEARS(guest, "INVITE op #a", ":s.test 442 guest #a :You're not on that channel\n");
    SAYS_HEARS(op, "INVITE Other #A", ":s.test 443 op other #a :is already on channel\n");
}

Test(hub_join, invitations_are_bounded_and_the_oldest_goes_first)
{
    char line[64];
    fix_say(op, "PART #a");
    for (int i = 0; i <= HUB_INVITES_PER_USER_MAX; i++) {
        snprintf(line, sizeof(line), "JOIN #c%d", i);
        fix_say(op, line);
        snprintf(line, sizeof(line), "INVITE guest #c%d", i);
        fix_say(op, line);
        if (i == 0)
            fix_say(other, "JOIN #c0"); /* keeps the channel */
        if (i == 0)
            fix_say(op, "PART #c0");
    }
    fix_forget();
    fix_say(guest, "INVITE");
    const char *heard = fix_heard(guest);
    cr_assert_null(strstr(heard, ":#c0\n"));
    cr_assert_not_null(strstr(heard, ":#c1\n"));
    cr_assert_not_null(strstr(heard, ":#c50\n"));
}

Test(hub_join, invitations_end_with_the_channel_and_with_the_user)
{
    fix_say(op, "INVITE guest #a");
    fix_say(op, "JOIN #b");
    fix_say(op, "INVITE guest #b");
    fix_say(op, "PART #b");
    fix_forget();
    SAYS_HEARS(guest, "INVITE", ":s.test 336 guest :#a\n:s.test 337 guest :End of /INVITE list\n");
    fix_say(guest, "QUIT");
    fix_say(op, "QUIT");
    fix_say(other, "QUIT"); /* frees the channel: no invitation points to a user that is gone */
}

Test(hub_join, zero_leaves_all_channels)
{
    fix_say(other, "JOIN #b");
    fix_forget();
    SAYS_HEARS(other, "JOIN 0", ":other!~u@h PART :#a\n:other!~u@h PART :#b\n");
    HEARS(op, ":other!~u@h PART :#a\n");
    SAYS_HEARS(other, "JOIN 0", "");
}

Test(hub_join, extended_join_tells_account_and_realname)
{
    fix.caps[op] = CAP_EXTENDED_JOIN;
    fix_say(guest, "JOIN #a");
    HEARS(op, ":guest!~u@h JOIN #a * :Real Name\n");
    HEARS(other, ":guest!~u@h JOIN :#a\n");
}

Test(hub_join, who_is_away_says_so_to_those_who_ask)
{
    fix.caps[op] = fix.caps[guest] = CAP_AWAY_NOTIFY;
    fix_say(guest, "AWAY :for lunch");
    fix_forget();
    fix_say(guest, "JOIN #a");
    HEARS(op, ":guest!~u@h JOIN :#a\n:guest!~u@h AWAY :for lunch\n");
    HEARS(other, ":guest!~u@h JOIN :#a\n");
    cr_assert_null(strstr(fix_heard(guest), "AWAY"));
}

Test(hub_join, names_do_not_follow_where_they_are_not_wanted)
{
    fix.caps[guest] = CAP_NO_IMPLICIT_NAMES;
    fix_say(op, "TOPIC #a :about");
    fix_forget();
    SAYS_HEARS(guest, "JOIN #a,#b",
               ":guest!~u@h JOIN :#a\n"
               ":s.test 332 guest #a :about\n"
               ":s.test 333 guest #a op!~u@h :1006\n"
               ":guest!~u@h JOIN :#b\n");
    SAYS_HEARS(guest, "NAMES #b",
               ":s.test 353 guest = #b :@guest\n"
               ":s.test 366 guest #b :End of /NAMES list\n");
}

Test(hub_join, address_behind_the_host_cannot_be_probed)
{
    fix_say(op, "MODE #a +b *!*@192.0.2.1"); /* the guest's */
    ENTERS(guest, "JOIN #a");
}
