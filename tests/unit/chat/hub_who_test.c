/* WHO and WHOX. The fixture's clock: the n-th entry is at 1000 + n seconds. */
#include "chat/hub/hub_state.h"
#include "unit/chat/hub_fixture.h"

static unsigned alice, bob;

static void setup(void)
{
    fix_init(FIX_LOOPS);
    alice = fix_user("alice");
    bob = fix_user("Bob");
}

TestSuite(hub_who, .init = setup, .fini = fix_done);

static struct user *user(const char *nick)
{
    return user_find(fix.hub, span_str(nick));
}

#define END(mask) ":s.test 315 alice " mask " :End of WHO list\n"

Test(hub_who, tells_the_members_of_a_channel)
{
    fix_say(alice, "JOIN #a");
    fix_say(bob, "JOIN #A");
    fix_forget();
    SAYS_HEARS(alice, "WHO #A",
               ":s.test 352 alice #a ~u h s.test alice H@ :0 Real Name\n"
               ":s.test 352 alice #a ~u h s.test Bob H :0 Real Name\n" END("#A"));
    SAYS_HEARS(alice, "WHO #none", END("#none"));
}

Test(hub_who, tells_one_user)
{
    SAYS_HEARS(alice, "WHO bob", ":s.test 352 alice * ~u h s.test Bob H :0 Real Name\n" END("bob"));
    fix_say(bob, "JOIN #a");
    SAYS_HEARS(alice, "WHO bob",
               ":s.test 352 alice #a ~u h s.test Bob H@ :0 Real Name\n" END("bob"));
    SAYS_HEARS(alice, "WHO none", END("none"));
    SAYS_HEARS(alice, "WHO :", END("*"));
}

Test(hub_who, flags_tell_away_operator_role_and_bot)
{
    fix_say(bob, "JOIN #a");
    fix_say(bob, "MODE #a +v bob");
    user_set_modes(fix.hub, user("bob"), USER_OPER | USER_BOT);
    user("bob")->away = text_copy(SPAN("lunch"));
    SAYS_HEARS(alice, "WHO bob",
               ":s.test 352 alice #a ~u h s.test Bob G*@B :0 Real Name\n" END("bob"));
    fix.caps[alice] = CAP_MULTI_PREFIX;
    SAYS_HEARS(alice, "WHO #a",
               ":s.test 352 alice #a ~u h s.test Bob G*@+B :0 Real Name\n" END("#a"));
}

/* --- masks ------------------------------------------------------------------------------- */

/* The nicks that the line lists, with a space behind each. */
static const char *listed(unsigned n, const char *line)
{
    static char names[4096];
    char nick[32];
    names[0] = '\0';
    fix_forget();
    fix_say(n, line);
    for (const char *at = fix_heard(n); strncmp(at, ":s.test 315 ", 12) != 0;
         at = strchr(at, '\n') + 1) {
        cr_assert_eq(sscanf(at, ":s.test 352 %*s %*s %*s %*s %*s %31s", nick), 1, "%s", at);
        strcat(strcat(names, nick), " ");
    }
    return names;
}
#define LISTS(line, names) cr_assert_str_eq(listed(alice, line), names)

Test(hub_who, masks_mean_nick_user_host_and_real_name)
{
    fix_user("carol");
    LISTS("WHO *", "alice Bob carol ");
    LISTS("WHO 0", "alice Bob carol ");
    LISTS("WHO ?O*", "Bob ");
    LISTS("WHO ?u", "alice Bob carol ");
    LISTS("WHO h*", "alice Bob carol ");
    LISTS("WHO *Name", "alice Bob carol ");
    LISTS("WHO c*!*@h", "carol ");
    LISTS("WHO *!*@elsewhere", "");
    LISTS("WHO 192.0.2.*", "");
    user_set_modes(fix.hub, user("alice"), USER_OPER);
    LISTS("WHO 192.0.2.*", "alice Bob carol ");
}

Test(hub_who, operators_alone)
{
    user_set_modes(fix.hub, user("bob"), USER_OPER);
    LISTS("WHO * o", "Bob ");
    LISTS("WHO alice o", "");
    LISTS("WHO bob o", "Bob ");
}

Test(hub_who, invisible_users_are_shown_to_those_who_know_them)
{
    fix_say(bob, "MODE bob +i");
    LISTS("WHO *", "alice ");
    LISTS("WHO bob", "Bob ");
    cr_assert_str_eq(listed(bob, "WHO *"), "alice Bob ");
    fix_say(bob, "JOIN #a,#b");
    LISTS("WHO *", "alice ");
    LISTS("WHO #a", "");
    fix_say(alice, "JOIN #b");
    LISTS("WHO *", "alice Bob ");
    LISTS("WHO #a", "");
    LISTS("WHO #b", "Bob alice ");
    fix_say(alice, "PART #b");
    user_set_modes(fix.hub, user("alice"), USER_OPER);
    LISTS("WHO *", "alice Bob ");
    LISTS("WHO #a", "Bob ");
}

Test(hub_who, channel_that_is_shown_is_one_that_may_be_known)
{
    fix_say(bob, "JOIN #secret,#shared,#open");
    fix_say(bob, "MODE #secret +s");
    LISTS("WHO #secret", "");
    fix_say(alice, "WHO bob");
    cr_assert_not_null(strstr(fix_heard(alice), " 352 alice #shared "));
    fix_say(bob, "MODE bob +i");
    fix_forget();
    fix_say(alice, "WHO bob");
    cr_assert_not_null(strstr(fix_heard(alice), " 352 alice * "));
    fix_say(alice, "JOIN #open");
    fix_forget();
    fix_say(alice, "WHO bob");
    cr_assert_not_null(strstr(fix_heard(alice), " 352 alice #open "));
}

/* --- WHOX -------------------------------------------------------------------------------- */

Test(hub_who, extended_gives_the_fields_in_their_order)
{
    fix_say(bob, "JOIN #a"); /* at 1003 */
    fix_forget();
    SAYS_HEARS(alice, "WHO bob %tcuihsnfdlaor,042",
               ":s.test 354 alice 042 #a ~u 255.255.255.255 h s.test Bob H@ 0 2 0 n/a "
               ":Real Name\n" END("bob"));
    SAYS_HEARS(alice, "WHO #a %nf", ":s.test 354 alice Bob :H@\n" END("#a"));
    SAYS_HEARS(alice, "WHO bob %zrn", ":s.test 354 alice Bob :Real Name\n" END("bob"));
    SAYS_HEARS(alice, "WHO bob %", ":s.test 354 alice\n" END("bob"));
}

Test(hub_who, extended_tells_the_address_to_oneself_and_to_operators)
{
    SAYS_HEARS(alice, "WHO alice %i", ":s.test 354 alice :192.0.2.1\n" END("alice"));
    user_set_modes(fix.hub, user("alice"), USER_OPER);
    SAYS_HEARS(alice, "WHO bob o%i", END("bob"));
    SAYS_HEARS(alice, "WHO bob %i", ":s.test 354 alice :192.0.2.1\n" END("bob"));
}

Test(hub_who, extended_takes_numbers_of_three_digits_for_tokens)
{
    static const char *const none[] = {"%tn", "%tn,", "%tn,1234", "%tn,1a", "%tn,1,2"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        char line[64];
        snprintf(line, sizeof(line), "WHO bob %s", none[i]);
        SAYS_HEARS(alice, line, ":s.test 354 alice 0 :Bob\n" END("bob"));
    }
}

/* --- in parts ---------------------------------------------------------------------------- */

static void many(void)
{
    fix.rows_max = 3;
    setup();
    char nick[16];
    for (int i = 0; i < 8; i++) {
        snprintf(nick, sizeof(nick), "n%d", i);
        unsigned n = fix_user(nick);
        fix_say(n, "JOIN #a");
    }
}

TestSuite(hub_who_parts, .init = many, .fini = fix_done);

Test(hub_who_parts, are_as_large_as_is_allowed)
{
    LISTS("WHO *", "alice Bob n0 n1 n2 n3 n4 n5 n6 n7 ");
    cr_assert_eq(fix.parts, 4);
    LISTS("WHO #a", "n0 n1 n2 n3 n4 n5 n6 n7 ");
    cr_assert_eq(fix.parts, 3);
}

Test(hub_who_parts, are_no_larger_for_who_is_not_listed)
{
    LISTS("WHO n7*", "n7 ");
    cr_assert_eq(fix.parts, 4);
    LISTS("WHO #a o", "");
    cr_assert_eq(fix.parts, 3);
}
