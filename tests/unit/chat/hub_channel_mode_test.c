/* The modes of channels that have params, and the lists of masks. */
#include "unit/chat/hub_fixture.h"

static unsigned op, other, outsider;

static void setup(void)
{
    fix_init(FIX_LOOPS);
    op = fix_user("op");
    other = fix_user("other");
    outsider = fix_user("outsider");
    fix_say(op, "JOIN #a");
    fix_say(other, "JOIN #a");
    fix_forget();
}

TestSuite(hub_channel_mode, .init = setup, .fini = fix_done);

Test(hub_channel_mode, all_that_are_set_are_told_in_one_order)
{
    SAYS_HEARS(op, "MODE #a +slmki 5 secret", ":op!~u@h MODE #a +slmki 5 :secret\n");
    HEARS(other, ":op!~u@h MODE #a +slmki 5 :secret\n");
    SAYS_HEARS(other, "MODE #a",
               ":s.test 324 other #a +iklmnst secret :5\n:s.test 329 other #a :1004\n");
    SAYS_HEARS(op, "MODE #a -slmki", ":op!~u@h MODE #a -slmki :*\n");
    SAYS_HEARS(op, "MODE #a", ":s.test 324 op #a :+nt\n:s.test 329 op #a :1004\n");
}

Test(hub_channel_mode, key_is_not_told_to_outsiders)
{
    fix_say(op, "MODE #a +kl secret 5");
    SAYS_HEARS(outsider, "MODE #a",
               ":s.test 324 outsider #a +klnt * :5\n:s.test 329 outsider #a :1004\n");
}

Test(hub_channel_mode, secret_channel_is_none_to_outsiders)
{
    fix_say(op, "MODE #a +s");
    SAYS_HEARS(outsider, "MODE #a", ":s.test 403 outsider #a :No such channel\n");
    SAYS_HEARS(outsider, "MODE #a -s", ":s.test 403 outsider #a :No such channel\n");
}

Test(hub_channel_mode, params_must_be_of_their_kind)
{
    SAYS_HEARS(op, "MODE #a +k a,b", ":s.test 696 op #a k * :Invalid key\n");
    SAYS_HEARS(op, "MODE #a +k :a b", ":s.test 696 op #a k * :Invalid key\n");
    SAYS_HEARS(op, "MODE #a +k :", ":s.test 696 op #a k * :Invalid key\n");
    SAYS_HEARS(op, "MODE #a +k 123456789012345678901234567890123",
               ":s.test 696 op #a k * :Invalid key\n");
    SAYS_HEARS(op, "MODE #a +l 0", ":s.test 696 op #a l 0 :Invalid limit\n");
    SAYS_HEARS(op, "MODE #a +l -5", ":s.test 696 op #a l -5 :Invalid limit\n");
    SAYS_HEARS(op, "MODE #a +l 5x", ":s.test 696 op #a l 5x :Invalid limit\n");
    SAYS_HEARS(op, "MODE #a +l 1000000000", ":s.test 696 op #a l 1000000000 :Invalid limit\n");
    SAYS_HEARS(op, "MODE #a +b :a b", ":s.test 696 op #a b * :Invalid mask\n");
    SAYS_HEARS(op, "MODE #a +bi :", ":s.test 696 op #a b * :Invalid mask\n:op!~u@h MODE #a :+i\n");
    SAYS_HEARS(op, "MODE #a +l", ":s.test 461 op MODE :Not enough parameters\n");
    SAYS_HEARS(op, "MODE #a +k", ":s.test 461 op MODE :Not enough parameters\n");
}

Test(hub_channel_mode, what_is_set_already_is_not_told)
{
    fix_say(op, "MODE #a +lkb 5 secret x");
    fix_forget();
    SAYS_HEARS(op, "MODE #a +l 5", "");
    SAYS_HEARS(op, "MODE #a +k secret", "");
    SAYS_HEARS(op, "MODE #a +b X!*@*", "");
    SAYS_HEARS(op, "MODE #a +k Secret", ":op!~u@h MODE #a +k :Secret\n");
    SAYS_HEARS(op, "MODE #a +l 6", ":op!~u@h MODE #a +l :6\n");
    SAYS_HEARS(op, "MODE #a -bl-k X other", ":op!~u@h MODE #a -blk x!*@* :*\n");
    SAYS_HEARS(op, "MODE #a -b+lk-lk x 1 a a", ":op!~u@h MODE #a +lk-lk 1 a :*\n");
}

Test(hub_channel_mode, lists_tell_who_added_what_and_when)
{
    SAYS_HEARS(op, "MODE #a +bb x y@z", ":op!~u@h MODE #a +bb x!*@* :*!y@z\n");
    fix_forget();
    const char *bans = ":s.test 367 other #a x!*@* op!~u@h :1006\n"
                       ":s.test 367 other #a *!y@z op!~u@h :1006\n"
                       ":s.test 368 other #a :End of channel ban list\n";
    SAYS_HEARS(other, "MODE #a b", bans);
    SAYS_HEARS(other, "MODE #a +b", bans);
    SAYS_HEARS(other, "MODE #a -bbb", bans);
    SAYS_HEARS(outsider, "MODE #a b",
               ":s.test 367 outsider #a x!*@* op!~u@h :1006\n"
               ":s.test 367 outsider #a *!y@z op!~u@h :1006\n"
               ":s.test 368 outsider #a :End of channel ban list\n");
}

Test(hub_channel_mode, other_lists_are_the_operators)
{
    fix_say(op, "MODE #a +eI x y");
    fix_forget();
    SAYS_HEARS(op, "MODE #a eI",
               ":s.test 348 op #a x!*@* op!~u@h :1006\n"
               ":s.test 349 op #a :End of channel exception list\n"
               ":s.test 346 op #a y!*@* op!~u@h :1006\n"
               ":s.test 347 op #a :End of channel invite exception list\n");
    SAYS_HEARS(other, "MODE #a e", ":s.test 482 other #a :You're not channel operator\n");
    SAYS_HEARS(outsider, "MODE #a I", ":s.test 442 outsider #a :You're not on that channel\n");
    SAYS_HEARS(other, "MODE #a +b x", ":s.test 482 other #a :You're not channel operator\n");
}

Test(hub_channel_mode, lists_are_bounded_together)
{
    char line[64];
    for (int i = 0; i < HUB_MASKS_MAX; i++) {
        snprintf(line, sizeof(line), "MODE #a +%c n%d", "beI"[i % 3], i);
        fix_say(op, line);
    }
    fix_forget();
    SAYS_HEARS(op, "MODE #a +e one-more", ":s.test 478 op #a e :Channel list is full\n");
    fix_say(op, "MODE #a -b n0");
    fix_forget();
    SAYS_HEARS(op, "MODE #a +e one-more", ":op!~u@h MODE #a +e :one-more!*@*\n");
}

Test(hub_channel_mode, changes_that_fit_no_line_are_told_in_two)
{
    char x[120], line[600], want[1200];
    memset(x, 'x', sizeof(x) - 1);
    x[sizeof(x) - 1] = '\0';
    snprintf(line, sizeof(line), "MODE #a +ieeee 1%s 2%s 3%s 4%s", x, x, x, x);
    snprintf(want, sizeof(want),
             ":op!~u@h MODE #a +ieee 1%s!*@* 2%s!*@* :3%s!*@*\n:op!~u@h MODE #a +e :4%s!*@*\n", x,
             x, x, x);
    SAYS_HEARS(op, line, want);
}

Test(hub_channel_mode, masks_are_bounded)
{
    char mask[HUB_MASK_BYTES_MAX - 4 + 2], line[600], want[1200];
    memset(mask, 'x', sizeof(mask) - 1);
    mask[sizeof(mask) - 1] = '\0';
    snprintf(line, sizeof(line), "MODE #a +b %s", mask);
    snprintf(want, sizeof(want), ":s.test 696 op #a b %s :Invalid mask\n", mask);
    SAYS_HEARS(op, line, want);
    snprintf(line, sizeof(line), "MODE #a +b %s", mask + 1);
    snprintf(want, sizeof(want), ":op!~u@h MODE #a +b :%s!*@*\n", mask + 1);
    SAYS_HEARS(op, line, want);
}

Test(hub_channel_mode, who_gives_up_its_rank_may_end_its_line)
{
    SAYS_HEARS(op, "MODE #a -o+o op other", ":op!~u@h MODE #a -o+o op :other\n");
    SAYS_HEARS(op, "MODE #a -o other", ":s.test 482 op #a :You're not channel operator\n");
}

Test(hub_channel_mode, channel_that_ends_takes_all_of_it_along)
{
    fix_say(op, "MODE #a +bklei x secret 5 y");
    fix_say(op, "PART #a");
    fix_say(other, "PART #a");
    fix_forget();
    fix_say(other, "JOIN #a");
    fix_forget();
    SAYS_HEARS(other, "MODE #a b", ":s.test 368 other #a :End of channel ban list\n");
    SAYS_HEARS(other, "MODE #a", ":s.test 324 other #a :+nt\n:s.test 329 other #a :1009\n");
}

Test(hub_channel_mode, key_that_goes_without_a_param_has_room_behind_four)
{
    fix_say(op, "MODE #a +k secret");
    fix_forget();
    SAYS_HEARS(op, "MODE #a +bbbb-k m1 m2 m3 m4",
               ":op!~u@h MODE #a +bbbb m1!*@* m2!*@* m3!*@* :m4!*@*\n"
               ":op!~u@h MODE #a -k :*\n");
}
