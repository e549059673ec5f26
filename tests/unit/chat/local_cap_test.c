/* CAP with its version 302. */
#include "unit/alloc_fail.h"
#include "unit/chat/chat_fixture.h"

static void setup(void)
{
    chat_init(1);
}

TestSuite(local_cap, .init = setup, .fini = chat_done);

static unsigned stranger(const char *said)
{
    unsigned a = client_connect(0, &chat_line_session);
    client_say(a, said);
    cr_assert_eq(strncmp(client_heard(a), ":s.test CAP * LS :", 18), 0);
    return a;
}

Test(local_cap, all_names_fit_one_line_with_the_longest_server_and_nick)
{
    char names[CAPS_LIST_BYTES_MAX];
    size_t around = sizeof(":") + 63 + sizeof(" CAP ") + 64 + sizeof(" LIST :");
    cr_assert_leq(around + caps_list(UINT32_MAX, names).len, IRC_REST_BYTES_MAX);
}

Test(local_cap, names_are_in_order)
{
    for (size_t i = 1; i < cap_count; i++)
        cr_assert_lt(strcmp(caps[i - 1].name, caps[i].name), 0, "%s", caps[i].name);
}

Test(local_cap, version_302_and_later_turn_cap_notify_on_for_good)
{
    static const char *const said[] = {"CAP LS 302\r\n", "CAP LS 307\r\n",
                                       "CAP LS 99999999999\r\n"};
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        unsigned a = stranger(said[i]);
        SAYS_HEARS(a, "CAP LIST\r\n", ":s.test CAP * LIST :cap-notify\r\n");
        SAYS_HEARS(a, "CAP REQ cap-notify\r\n", ":s.test CAP * ACK :cap-notify\r\n");
        SAYS_HEARS(a, "CAP REQ :server-time -cap-notify\r\n",
                   ":s.test CAP * NAK :server-time -cap-notify\r\n");
        SAYS_HEARS(a, "CAP LIST\r\n", ":s.test CAP * LIST :cap-notify\r\n");
    }
}

Test(local_cap, others_turn_cap_notify_on_and_off)
{
    static const char *const said[] = {"CAP LS\r\n", "CAP LS 301\r\n", "CAP LS x302\r\n"};
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        unsigned a = stranger(said[i]);
        SAYS_HEARS(a, "CAP LIST\r\n", ":s.test CAP * LIST :\r\n");
        SAYS_HEARS(a, "CAP REQ cap-notify\r\n", ":s.test CAP * ACK :cap-notify\r\n");
        SAYS_HEARS(a, "CAP REQ -cap-notify\r\n", ":s.test CAP * ACK :-cap-notify\r\n");
    }
}

Test(local_cap, a_lower_version_later_changes_nothing)
{
    unsigned a = stranger("CAP LS 302\r\n");
    client_say(a, "CAP LS\r\n");
    client_heard(a);
    SAYS_HEARS(a, "CAP REQ -cap-notify\r\n", ":s.test CAP * NAK :-cap-notify\r\n");
}
