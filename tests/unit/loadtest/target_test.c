/* Where a run goes to and comes from. */
#include "unit/loadtest/plan_fixture.h"

static void at(const struct address_list *list, size_t i, const char *want)
{
    char text[ADDRESS_TEXT_BYTES];
    cr_assert_lt(i, list->count);
    address_print(&list->items[i], text);
    cr_assert_str_eq(text, want);
}

Test(target, has_an_address_for_each_url)
{
    PLAN("echo", "tcp://127.0.0.1:1", "tcp://127.0.0.2:2", "tcp://[::1]:3");
    cr_assert_eq(plan.url_count, 3);
    cr_assert_eq(plan.addresses.count, 3);
    at(&plan.addresses, 0, "127.0.0.1:1");
    at(&plan.addresses, 1, "127.0.0.2:2");
    at(&plan.addresses, 2, "[::1]:3");
    cr_assert_eq(plan.sources.count, 0);
    plan_deinit(&plan);
}

Test(target, destinations_stand_in_for_hosts)
{
    PLAN("echo", "ws://nowhere.invalid:8080/echo", "--destination", "127.0.0.2-127.0.0.4");
    cr_assert_str_eq(plan.urls[0].host, "nowhere.invalid");
    cr_assert_eq(plan.addresses.count, 3);
    at(&plan.addresses, 0, "127.0.0.2:8080");
    at(&plan.addresses, 2, "127.0.0.4:8080");
    plan_deinit(&plan);
}

Test(target, destinations_have_the_ports_of_all_urls_in_turn)
{
    PLAN("echo", "tcp://a:1", "tcp://b:2", "--destination", "127.0.0.2-127.0.0.3");
    cr_assert_eq(plan.addresses.count, 4);
    at(&plan.addresses, 0, "127.0.0.2:1");
    at(&plan.addresses, 1, "127.0.0.2:2");
    at(&plan.addresses, 2, "127.0.0.3:1");
    at(&plan.addresses, 3, "127.0.0.3:2");
    plan_deinit(&plan);
}

Test(target, comes_from_the_sources)
{
    PLAN("echo", "tcp://127.0.0.1:1", "--source", "127.0.0.2-127.0.0.200,127.0.1.1");
    cr_assert_eq(plan.sources.count, 200);
    at(&plan.sources, 0, "127.0.0.2:0");
    at(&plan.sources, 199, "127.0.1.1:0");
    plan_deinit(&plan);
}

Test(target, refuses_urls_that_are_none)
{
    WRONG("'127.0.0.1:8080': a scheme is missing, as in ws://host/", "echo ", "echo",
          "127.0.0.1:8080");
    WRONG("'tcp://127.0.0.1': a port is missing, as in tcp://host:7007", "echo ", "echo",
          "tcp://127.0.0.1");
    WRONG("'ftp://h/': there is no such scheme; jobs understands http and https", "jobs ", "jobs",
          "ftp://h/");
    WRONG("jobs does not understand ws://, only http and https", "jobs ", "jobs",
          "ws://127.0.0.1/");
    WRONG("'tcp://127.0.0.1:1': all URLs must have one scheme, not ws and tcp", "echo ", "echo",
          "ws://127.0.0.1/", "tcp://127.0.0.1:1");
}

Test(target, refuses_too_many_urls)
{
    const char *argv[PLAN_URLS_MAX + 4] = {"simul-load", "echo"};
    for (unsigned i = 0; i < PLAN_URLS_MAX; i++)
        argv[i + 2] = "tcp://127.0.0.1:1";
    cr_assert_eq(plan_parse(argv), CLI_RUN);
    plan_deinit(&plan);
    argv[PLAN_URLS_MAX + 2] = "tcp://127.0.0.1:1";
    cr_assert_eq(plan_parse(argv), CLI_WRONG);
    cr_assert_str_eq(said,
                     "simul-load: there can be 32 URLs, not more; see simul-load echo --help\n");
}

Test(target, refuses_addresses_that_are_none)
{
    WRONG("--source wants addresses such as 127.0.0.2-127.0.0.200, not 'localhost'", "echo ",
          "echo", "tcp://127.0.0.1:1", "--source", "localhost");
    WRONG("--destination wants addresses such as 127.0.0.2-127.0.0.200, not ''", "echo ", "echo",
          "tcp://127.0.0.1:1", "--destination", "");
    WRONG("--source: '10.0.0.0-10.9.0.0' is more than 65536 addresses", "echo ", "echo",
          "tcp://127.0.0.1:1", "--source", "10.0.0.0-10.9.0.0");
    WRONG("--destination: '10.0.0.0-10.0.255.255' is too many for 2 URLs", "echo ", "echo",
          "tcp://127.0.0.1:1", "tcp://127.0.0.1:2", "--destination", "10.0.0.0-10.0.255.255");
    WRONG("--source: IPv4 and IPv6 do not go together", "echo ", "echo", "tcp://127.0.0.1:1",
          "--source", "127.0.0.2,::1");
    WRONG("--source: IPv4 and IPv6 do not reach each other", "echo ", "echo", "tcp://[::1]:1",
          "--source", "127.0.0.2");
}

Test(target, says_which_host_cannot_be_found)
{
    cr_assert_eq(PARSE("echo", "tcp://300.300.300.300.:1"), CLI_WRONG);
    cr_assert_eq(strncmp(said, "simul-load: cannot find 300.300.300.300.: ", 42), 0, "%s", said);
    cr_assert_eq(PARSE("jobs", "http://127.0.0.1/", "--beside-url", "ws://300.300.300.300./"),
                 CLI_WRONG);
    cr_assert_eq(plan.addresses.count, 0, "what was found is freed");
}

static void beside(uint32_t count, const char *url, const char *address)
{
    char text[URL_HOST_BYTES + 64];
    cr_assert_eq(plan.beside, count, "%u", plan.beside);
    if (count > 0) {
        url_print(&plan.beside_url, text, sizeof(text));
        cr_assert_str_eq(text, url);
        cr_assert_eq(plan.beside_addresses.count, 1);
        at(&plan.beside_addresses, 0, address);
    }
    plan_deinit(&plan);
}

Test(target, jobs_have_echo_connections_beside)
{
    PLAN("jobs", "http://127.0.0.1:8080/jobs/primes?n=1");
    beside(4, "ws://127.0.0.1:8080/echo", "127.0.0.1:8080");
    PLAN("jobs", "https://[::1]/jobs/primes", "--beside", "9");
    beside(9, "wss://[::1]:443/echo", "[::1]:443");
    PLAN("jobs", "http://127.0.0.1:8080/jobs/primes", "--beside", "0");
    beside(0, NULL, NULL);
    PLAN("jobs", "http://nowhere.invalid/jobs/primes", "--destination", "127.0.0.7");
    beside(4, "ws://nowhere.invalid:80/echo", "127.0.0.7:80");
}

Test(target, other_requests_have_some_beside_when_told)
{
    PLAN("jobs", "http://127.0.0.1:8080/");
    beside(0, NULL, NULL);
    PLAN("jobs", "http://127.0.0.1:8080/", "--beside", "2");
    beside(2, "ws://127.0.0.1:8080/echo", "127.0.0.1:8080");
    PLAN("jobs", "http://127.0.0.1:8080/", "--beside-url", "tcp://127.0.0.2:7007");
    beside(4, "tcp://127.0.0.2:7007", "127.0.0.2:7007");
    WRONG("--beside-url does not understand irc://, only tcp, tls, ws and wss", "jobs ", "jobs",
          "http://127.0.0.1/", "--beside-url", "irc://127.0.0.1");
    WRONG("'x': a scheme is missing, as in ws://host/", "jobs ", "jobs", "http://127.0.0.1/",
          "--beside-url", "x");
}
