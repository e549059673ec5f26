/* HELP: the table of verbs, for people. */
#include "chat/verb.h"
#include "unit/alloc_fail.h"
#include "unit/chat/chat_fixture.h"

static void setup(void)
{
    chat_init(1);
}

TestSuite(local_help, .init = setup, .fini = chat_done);

Test(local_help, tells_what_a_command_does)
{
    unsigned a = client_named(0, "alice");
    SAYS_HEARS(a, "HELP ping\r\n",
               ":s.test 704 alice PING :PING <token>\r\n"
               ":s.test 705 alice PING :\r\n"
               ":s.test 706 alice PING :is answered by PONG with the token\r\n");
}

Test(local_help, tells_what_a_capability_is_for)
{
    unsigned a = client_named(0, "alice");
    SAYS_HEARS(a, "HELP server-time\r\n",
               ":s.test 704 alice server-time :A capability, for CAP REQ\r\n"
               ":s.test 705 alice server-time :\r\n"
               ":s.test 706 alice server-time :tells when each message was said\r\n");
}

Test(local_help, tells_of_both_where_they_have_the_same_name)
{
    unsigned a = client_named(0, "alice");
    SAYS_HEARS(
        a, "HELP setname\r\n",
        ":s.test 704 alice SETNAME :SETNAME :<realname>\r\n"
        ":s.test 705 alice SETNAME :\r\n"
        ":s.test 705 alice SETNAME :changes your realname\r\n"
        ":s.test 706 alice SETNAME :The capability setname: tells who changes their realname\r\n");
}

Test(local_help, names_the_topic_that_it_does_not_know)
{
    unsigned a = client_named(0, "alice");
    SAYS_HEARS(a, "HELP x\r\n", ":s.test 524 alice x :No help available on this topic\r\n");
    SAYS_HEARS(a, "HELP :x y\r\n", ":s.test 524 alice * :No help available on this topic\r\n");
}

Test(local_help, lists_every_command)
{
    unsigned a = client_named(0, "alice");
    client_say(a, "HELP\r\n");
    const char *heard = client_heard(a);
    cr_assert_eq(strncmp(heard, ":s.test 704 alice * :", 21), 0);
    cr_assert_not_null(strstr(heard, ":s.test 706 alice * :"));
    for (size_t i = 0; i < verb_count; i++)
        cr_assert_not_null(strstr(heard, verbs[i].name), "%s", verbs[i].name);
}

Test(local_help, every_command_has_one)
{
    for (size_t i = 0; i < verb_count; i++)
        cr_assert(verbs[i].usage != NULL && verbs[i].help != NULL, "%s", verbs[i].name);
}
