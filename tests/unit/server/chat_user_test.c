/* What a session does for its user beside what others see of it in the hub: the host that is
 * hidden. */
#include "chat/cloak.h"
#include "unit/server/chat_fixture.h"

TestSuite(chat_user, .fini = chat_done);

static bool has(const char *heard, const char *text)
{
    return strstr(heard, text) != NULL;
}

Test(chat_user, hosts_are_hidden)
{
    chat_init_with(1, (const char *const[]){"chat.cloak=on", "chat.cloak_key=0123456789abcdef"}, 2);
    unsigned a = client_named(0, "alice"), b = client_named(0, "bob");
    struct siphash_key random = {{0}}, key = cloak_key("0123456789abcdef", &random);
    char host[CLOAK_CHARS], want[128];
    snprintf(want, sizeof(want), ":bob!~bob@%s PRIVMSG alice :x\r\n",
             cloak(&key, &client_conn(b)->peer, host));
    client_say(b, "PRIVMSG alice :x\r\n");
    HEARS(a, want);
}

Test(chat_user, hosts_are_hidden_without_a_key_too)
{
    chat_init_with(1, (const char *const[]){"chat.cloak=on"}, 1);
    unsigned a = client_named(0, "alice"), b = client_named(0, "bob");
    client_say(b, "PRIVMSG alice :x\r\n");
    const char *heard = client_heard(a);
    cr_assert(has(heard, ".ip PRIVMSG alice :x\r\n"), "%s", heard);
    cr_assert_not(has(heard, "127.0.0.1"));
}
