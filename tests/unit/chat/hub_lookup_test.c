/* ISON, USERHOST and LUSERS. */
#include "unit/chat/hub_fixture.h"

static unsigned alice, bob;

static void setup(void)
{
    fix_init(FIX_LOOPS);
    alice = fix_user("alice");
    bob = fix_user("Bob");
    fix_forget();
}

TestSuite(hub_lookup, .init = setup, .fini = fix_done);

Test(hub_lookup, ison_names_those_who_are_here_as_they_write_themselves)
{
    SAYS_HEARS(alice, "ISON bob none ALICE", ":s.test 303 alice :Bob alice\n");
    SAYS_HEARS(alice, "ISON :bob  none alice ", ":s.test 303 alice :Bob alice\n");
    SAYS_HEARS(alice, "ISON none :bob none", ":s.test 303 alice :Bob\n");
    SAYS_HEARS(alice, "ISON none", ":s.test 303 alice :\n");
    SAYS_HEARS(alice, "ISON :", ":s.test 303 alice :\n");
}

Test(hub_lookup, long_list_takes_several_lines_and_cuts_nobody)
{
    char line[1024] = "ISON :";
    for (int i = 0; i < 120; i++)
        strcat(line, i % 2 == 0 ? "alice " : "bob ");
    fix_say(alice, line);
    const char *heard = fix_heard(alice);
    size_t names = 0, lines = 0;
    while (*heard != '\0') {
        size_t len = strcspn(heard, "\n");
        cr_assert_leq(len, IRC_REST_BYTES_MAX);
        for (size_t i = 0; i < len; i++)
            names += heard[i] == ' ';
        names -= 2; /* those behind the source and the numeric; nicks end like the nick */
        lines++;
        heard += len + 1;
    }
    cr_assert_eq(names, 120, "%zu", names);
    cr_assert_eq(lines, 2);
}

Test(hub_lookup, userhost_tells_where_from)
{
    SAYS_HEARS(alice, "USERHOST bob none alice", ":s.test 302 alice :Bob=+~u@h alice=+~u@h\n");
    SAYS_HEARS(alice, "USERHOST none", ":s.test 302 alice :\n");
    SAYS_HEARS(alice, "USERHOST 1 2 3 4 bob alice", ":s.test 302 alice :Bob=+~u@h\n");
}

Test(hub_lookup, lusers_counts)
{
    fix_say(bob, "JOIN #a,#b");
    fix_say(bob, "MODE bob +i");
    fix_forget();
    SAYS_HEARS(alice, "LUSERS",
               ":s.test 251 alice :There are 1 users and 1 invisible on 1 server\n"
               ":s.test 252 alice 0 :operator(s) online\n"
               ":s.test 254 alice 2 :channels formed\n"
               ":s.test 255 alice :I have 2 clients and 0 servers\n"
               ":s.test 265 alice 2 2 :Current local users 2, max 2\n"
               ":s.test 266 alice 2 2 :Current global users 2, max 2\n");
    fix_close(bob, "gone");
    SAYS_HEARS(alice, "LUSERS",
               ":s.test 251 alice :There are 1 users and 0 invisible on 1 server\n"
               ":s.test 252 alice 0 :operator(s) online\n"
               ":s.test 254 alice 0 :channels formed\n"
               ":s.test 255 alice :I have 1 clients and 0 servers\n"
               ":s.test 265 alice 1 2 :Current local users 1, max 2\n"
               ":s.test 266 alice 1 2 :Current global users 1, max 2\n");
}
