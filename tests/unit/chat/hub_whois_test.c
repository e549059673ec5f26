/* WHOIS and WHOWAS. The fixture's clock: the n-th entry is at 1000 + n seconds. */
#include "chat/hub/hub_state.h"
#include "unit/chat/hub_fixture.h"

static unsigned alice, bob;

static void setup(void)
{
    fix_init(FIX_LOOPS);
    alice = fix_user("alice");
    bob = fix_user("Bob");
    fix_forget();
}

TestSuite(hub_whois, .init = setup, .fini = fix_done);

static struct user *user(const char *nick)
{
    return user_find(fix.hub, span_str(nick));
}

static void set_modes(const char *nick, uint8_t modes)
{
    user_set_modes(fix.hub, user(nick), modes);
}

#define USER_LINE ":s.test 311 alice Bob ~u h * :Real Name\n"
#define SERVER_LINE ":s.test 312 alice Bob s.test :simul, an IRC server\n"
#define END_LINE ":s.test 318 alice Bob :End of /WHOIS list\n"

Test(hub_whois, tells_who_one_is)
{
    SAYS_HEARS(alice, "WHOIS Bob",
               USER_LINE SERVER_LINE
               ":s.test 317 alice Bob 1 1002 :seconds idle, signon time\n" END_LINE);
}

Test(hub_whois, tells_the_address_to_oneself_and_to_operators)
{
    const char *address = " Bob ~u@192.0.2.1 192.0.2.1 :Actual user@host, Actual IP\n";
    fix_say(alice, "WHOIS bob");
    cr_assert_null(strstr(fix_heard(alice), address));
    fix_say(bob, "WHOIS bob");
    cr_assert_not_null(strstr(fix_heard(bob), address));
    set_modes("alice", USER_OPER);
    fix_say(alice, "WHOIS bob");
    cr_assert_not_null(strstr(fix_heard(alice), address));
}

Test(hub_whois, tells_the_certificate_to_oneself_and_to_operators)
{
#define FINGERPRINT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    const char *line =
        ":s.test 276 alice Bob :has client certificate fingerprint " FINGERPRINT "\n";
    user("bob")->fingerprint = text_copy(SPAN(FINGERPRINT));
    fix_say(alice, "WHOIS bob");
    cr_assert_null(strstr(fix_heard(alice), " 276 "));
    fix_say(bob, "WHOIS bob");
    cr_assert_not_null(strstr(fix_heard(bob), " 276 Bob Bob :has client certificate"));
    set_modes("alice", USER_OPER);
    fix_forget();
    fix_say(alice, "WHOIS bob");
    cr_assert_not_null(strstr(fix_heard(alice), line), "%s", fix_heard(alice));
}

Test(hub_whois, tells_what_is_special)
{
    set_modes("bob", USER_OPER | USER_BOT);
    user("bob")->is_secure = true;
    user("bob")->away = text_copy(SPAN("having lunch"));
    SAYS_HEARS(alice, "WHOIS Bob",
               USER_LINE SERVER_LINE
               ":s.test 301 alice Bob :having lunch\n"
               ":s.test 313 alice Bob :is an IRC operator\n"
               ":s.test 335 alice Bob :is a bot\n"
               ":s.test 671 alice Bob :is using a secure connection\n"
               ":s.test 317 alice Bob 1 1002 :seconds idle, signon time\n" END_LINE);
}

Test(hub_whois, idle_ends_with_a_message)
{
    fix_say(bob, "PRIVMSG alice :hi"); /* at 1003 */
    fix_say(bob, "JOIN #a");
    fix_forget();
    fix_say(alice, "WHOIS Bob"); /* at 1005 */
    cr_assert_not_null(strstr(fix_heard(alice), " 317 alice Bob 2 1002 :"));
}

/* What 319 says; empty: nothing. */
static const char *channels_of(unsigned asker, const char *nick)
{
    static char list[IRC_REST_BYTES_MAX + 1];
    char line[64];
    snprintf(line, sizeof(line), "WHOIS %s", nick);
    fix_forget();
    fix_say(asker, line);
    const char *at = strstr(fix_heard(asker), " 319 ");
    list[0] = '\0';
    if (at != NULL)
        sscanf(at, " 319 %*s %*s :%510[^\n]", list);
    return list;
}

Test(hub_whois, channels_have_prefixes)
{
    fix_say(alice, "JOIN #a");
    fix_say(bob, "JOIN #a,#b,#c");
    fix_say(alice, "MODE #a +v bob");
    fix_say(bob, "MODE #b +v bob");
    fix_say(bob, "MODE #c -o bob");
    cr_assert_str_eq(channels_of(alice, "bob"), "+#a @#b #c");
    fix.caps[alice] = CAP_MULTI_PREFIX;
    cr_assert_str_eq(channels_of(alice, "bob"), "+#a @+#b #c");
}

Test(hub_whois, secret_channels_are_for_members_and_operators)
{
    fix_say(bob, "JOIN #open,#secret");
    channel_find(fix.hub, SPAN("#secret"))->modes |= CHANNEL_SECRET;
    cr_assert_str_eq(channels_of(alice, "bob"), "@#open");
    cr_assert_str_eq(channels_of(bob, "bob"), "@#open @#secret");
    fix_say(alice, "JOIN #secret");
    cr_assert_str_eq(channels_of(alice, "bob"), "@#open @#secret");
    fix_say(alice, "PART #secret");
    set_modes("alice", USER_OPER);
    cr_assert_str_eq(channels_of(alice, "bob"), "@#open @#secret");
}

Test(hub_whois, channels_of_the_invisible_are_those_that_one_shares)
{
    fix_say(bob, "JOIN #a,#b");
    fix_say(bob, "MODE bob +i");
    cr_assert_str_eq(channels_of(alice, "bob"), "");
    fix_say(alice, "JOIN #b");
    cr_assert_str_eq(channels_of(alice, "bob"), "@#b");
    cr_assert_str_eq(channels_of(bob, "bob"), "@#a @#b");
}

Test(hub_whois, many_channels_take_several_lines)
{
    char line[64];
    for (int i = 0; i < HUB_CHANNELS_PER_USER_MAX; i++) {
        snprintf(line, sizeof(line), "JOIN #a-long-name--%d", 10 + i);
        fix_say(bob, line);
    }
    fix_forget();
    fix_say(alice, "WHOIS bob");
    unsigned channels = 0, lines = 0;
    for (const char *at = fix_heard(alice); *at != '\0';) {
        size_t len = strcspn(at, "\n");
        cr_assert_leq(len, IRC_REST_BYTES_MAX);
        lines += strncmp(at, ":s.test 319 ", 12) == 0;
        for (size_t i = 0; i < len; i++)
            channels += at[i] == '#';
        at += len + 1;
    }
    cr_assert_eq(channels, HUB_CHANNELS_PER_USER_MAX);
    cr_assert_eq(lines, 2);
}

Test(hub_whois, end_names_what_was_asked)
{
    SAYS_HEARS(alice, "WHOIS none",
               ":s.test 401 alice none :No such nick/channel\n"
               ":s.test 318 alice none :End of /WHOIS list\n");
    SAYS_HEARS(alice, "WHOIS s.test 1,2,3,4,5",
               ":s.test 401 alice 1 :No such nick/channel\n"
               ":s.test 401 alice 2 :No such nick/channel\n"
               ":s.test 401 alice 3 :No such nick/channel\n"
               ":s.test 401 alice 4 :No such nick/channel\n"
               ":s.test 318 alice 1,2,3,4,5 :End of /WHOIS list\n");
    SAYS_HEARS(alice, "WHOIS none bob",
               ":s.test 402 alice none :No such server\n"
               ":s.test 318 alice bob :End of /WHOIS list\n");
    fix_say(alice, "WHOIS bob BOB");
    cr_assert_not_null(strstr(fix_heard(alice), ":s.test 318 alice BOB :"));
}

Test(hub_whois, needs_a_nick)
{
    SAYS_HEARS(alice, "WHOIS", ":s.test 431 alice :No nickname given\n");
    SAYS_HEARS(alice, "WHOIS :", ":s.test 431 alice :No nickname given\n");
    SAYS_HEARS(alice, "WHOIS s.test :", ":s.test 431 alice :No nickname given\n");
    SAYS_HEARS(alice, "WHOWAS", ":s.test 431 alice :No nickname given\n");
    SAYS_HEARS(alice, "WHOWAS :", ":s.test 431 alice :No nickname given\n");
}

/* --- WHOWAS ------------------------------------------------------------------------------ */

#define WAS(at) ":s.test 314 alice Bob ~u h * :Real Name\n:s.test 312 alice Bob s.test :" at "\n"
#define WAS_END(nick) ":s.test 369 alice " nick " :End of WHOWAS\n"

Test(hub_whois, whowas_tells_who_left_newest_first)
{
    fix_close(bob, "gone"); /* at 1003 */
    unsigned again = fix_user("Bob");
    fix_say(again, "QUIT"); /* at 1005 */
    fix_forget();
    SAYS_HEARS(alice, "WHOWAS bob",
               ":s.test 314 alice Bob ~u h * :Real Name\n"
               ":s.test 312 alice Bob s.test :1970-01-01 00:16:45 UTC\n"
               ":s.test 314 alice Bob ~u h * :Real Name\n"
               ":s.test 312 alice Bob s.test :1970-01-01 00:16:43 UTC\n" WAS_END("bob"));
    SAYS_HEARS(alice, "WHOWAS Bob 1", WAS("1970-01-01 00:16:45 UTC") WAS_END("Bob"));
}

Test(hub_whois, whowas_takes_a_number_that_is_none_for_all)
{
    fix_close(bob, "gone");
    fix_forget();
    static const char *const all[] = {"0", "-1", "x", "1x", "99999999999999999999"};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        char line[64];
        snprintf(line, sizeof(line), "WHOWAS Bob %s", all[i]);
        SAYS_HEARS(alice, line, WAS("1970-01-01 00:16:43 UTC") WAS_END("Bob"));
    }
}

Test(hub_whois, whowas_knows_former_nicks)
{
    SAYS_HEARS(alice, "WHOWAS Bob",
               ":s.test 406 alice Bob :There was no such nickname\n" WAS_END("Bob"));
    fix_say(bob, "NICK bOB"); /* still the same */
    fix_say(bob, "NICK robert");
    SAYS_HEARS(alice, "WHOWAS bob",
               ":s.test 314 alice bOB ~u h * :Real Name\n"
               ":s.test 312 alice bOB s.test :1970-01-01 00:16:45 UTC\n" WAS_END("bob"));
    SAYS_HEARS(alice, "WHOWAS robert",
               ":s.test 406 alice robert :There was no such nickname\n" WAS_END("robert"));
}

Test(hub_whois, whowas_tells_operators_the_address)
{
    fix_close(bob, "gone");
    set_modes("alice", USER_OPER);
    fix_say(alice, "WHOWAS Bob");
    cr_assert_not_null(
        strstr(fix_heard(alice), ":s.test 338 alice Bob 192.0.2.1 :was actually using host\n"));
}

Test(hub_whois, whowas_forgets_the_oldest)
{
    fix_close(bob, "gone");
    for (int i = 0; i < WHOWAS_MAX; i++)
        fix_say(alice, i % 2 == 0 ? "NICK alfred" : "NICK alice");
    fix_forget();
    SAYS_HEARS(alice, "WHOWAS bob",
               ":s.test 406 alice bob :There was no such nickname\n" WAS_END("bob"));
    fix_say(alice, "WHOWAS alfred");
    unsigned entries = 0;
    for (const char *at = fix_heard(alice); (at = strstr(at, ":s.test 314 ")) != NULL; at++)
        entries++;
    cr_assert_eq(entries, 256, "one part's worth of %d: %u", WHOWAS_MAX / 2, entries);
}
