/* What a server tells of itself. */
#include "unit/alloc_fail.h"
#include "unit/chat/chat_fixture.h"

static void setup(void)
{
    static const char *const more[] = {"server.admin=root@s.test"};
    chat_init_with(1, more, 1);
}

TestSuite(local_info, .init = setup, .fini = chat_done);

static void expect_order(const char *heard, const char *const *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *at = strstr(heard, parts[i]);
        cr_assert_not_null(at, "%s in %s", parts[i], heard);
        heard = at + strlen(parts[i]);
    }
    cr_assert_null(strchr(heard, '\n'), "more: %s", heard);
}

Test(local_info, version_comes_with_what_clients_may_rely_on)
{
    unsigned a = client_named(0, "alice");
    client_say(a, "VERSION\r\n");
    const char *heard = client_heard(a);
    static const char start[] = ":s.test 351 alice simul-" SIMUL_VERSION " s.test :";
    cr_assert_eq(strncmp(heard, start, strlen(start)), 0, "%s", heard);
    cr_assert_not_null(strstr(heard, ":s.test 005 alice "));
}

Test(local_info, time_has_seconds_and_words)
{
    unsigned a = client_named(0, "alice");
    client_say(a, "TIME\r\n");
    const char *heard = client_heard(a);
    unsigned long long seconds;
    char words[64];
    cr_assert_eq(sscanf(heard, ":s.test 391 alice s.test %llu 0 :%63[^\r]", &seconds, words), 2,
                 "%s", heard);
    cr_assert_eq(seconds, fix.set.loops[0].wall_ms / 1000);
    cr_assert_not_null(strstr(words, " UTC"));
}

Test(local_info, admin_says_whom_to_ask)
{
    unsigned a = client_named(0, "alice");
    SAYS_HEARS(a, "ADMIN\r\n",
               ":s.test 256 alice s.test :Administrative info\r\n"
               ":s.test 257 alice :simul\r\n"
               ":s.test 258 alice :s.test\r\n"
               ":s.test 259 alice :root@s.test\r\n");
}

TestSuite(local_info_nobody, .fini = chat_done);

Test(local_info_nobody, admin_says_so_where_nobody_is_named)
{
    chat_init(1);
    unsigned a = client_named(0, "alice");
    SAYS_HEARS(a, "ADMIN\r\n", ":s.test 423 alice s.test :No administrative info available\r\n");
}

Test(local_info, info_names_the_program)
{
    unsigned a = client_named(0, "alice");
    client_say(a, "INFO\r\n");
    static const char *const parts[] = {":s.test 371 alice :simul ",
                                        ":s.test 371 alice :Started on ",
                                        ":s.test 374 alice :End of /INFO list\r\n"};
    expect_order(client_heard(a), parts, 3);
}

Test(local_info, links_are_one_server)
{
    unsigned a = client_named(0, "alice");
    SAYS_HEARS(a, "LINKS\r\n",
               ":s.test 364 alice s.test s.test :0 simul\r\n"
               ":s.test 365 alice * :End of /LINKS list\r\n");
    SAYS_HEARS(a, "LINKS *.other\r\n", ":s.test 365 alice *.other :End of /LINKS list\r\n");
}

Test(local_info, other_servers_are_not_known)
{
    unsigned a = client_named(0, "alice");
    static const char *const verbs[] = {"MOTD", "VERSION", "TIME", "ADMIN", "INFO"};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        char line[64];
        snprintf(line, sizeof(line), "%s x.test\r\n", verbs[i]);
        SAYS_HEARS(a, line, ":s.test 402 alice x.test :No such server\r\n");
        static const char *const mine[] = {"s.TEST", "*.test", "alice"};
        for (size_t k = 0; k < 3; k++) {
            snprintf(line, sizeof(line), "%s %s\r\n", verbs[i], mine[k]);
            client_say(a, line);
            cr_assert_null(strstr(client_heard(a), " 402 "), "%s", line);
        }
    }
}

Test(local_info, ping_wants_a_token)
{
    unsigned a = client_named(0, "alice");
    SAYS_HEARS(a, "PING\r\n", ":s.test 409 alice :No origin specified\r\n");
    SAYS_HEARS(a, "PING :\r\n", ":s.test 409 alice :No origin specified\r\n");
    SAYS_HEARS(a, "PING :a b\r\n", ":s.test PONG s.test :a b\r\n");
}
