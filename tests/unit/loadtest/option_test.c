/* Options one by one: their values, their bounds, and who has a use for them. */
#include "plan/option.h"
#include "unit/loadtest/plan_fixture.h"

#define TCP "tcp://127.0.0.1:7007"
#define WS "ws://127.0.0.1:8080/echo"
#define WSS "wss://127.0.0.1:8443/echo"
#define IRC "irc://127.0.0.1:6667"
#define HTTP "http://127.0.0.1:8080/jobs/primes"

static const uint64_t SECOND = 1000 * 1000 * 1000;

Test(option, defaults_of_echo)
{
    PLAN("echo", TCP);
    cr_assert_str_eq(plan.scenario->name, "echo");
    cr_assert_eq(plan.connections, 10);
    cr_assert_eq(plan.connect_rate, 0);
    cr_assert_eq(plan.duration_ns, 10 * SECOND);
    cr_assert_eq(plan.warm_up_ns, SECOND);
    cr_assert_eq(plan.timeout_ns, 10 * SECOND);
    cr_assert_eq(plan.messages_max, 0);
    cr_assert(plan.size_min == 64 && plan.size_max == 64);
    cr_assert_eq(plan.rate, 0);
    cr_assert_eq(plan.in_flight, 1);
    cr_assert_not(plan.binary || plan.quiet || plan.irc);
    cr_assert(plan.tls_verify);
    cr_assert_null(plan.json_path);
    plan_deinit(&plan);
}

Test(option, defaults_of_other_scenarios)
{
    PLAN("hold", WS);
    cr_assert(plan.connections == 100 && plan.warm_up_ns == 0 && plan.size_max == 0);
    plan_deinit(&plan);
    PLAN("jobs", HTTP);
    cr_assert(plan.connections == 4 && plan.size_max == 0);
    plan_deinit(&plan);
    PLAN("flood", TCP);
    cr_assert(plan.size_min == 16384 && plan.size_max == 16384);
    plan_deinit(&plan);
    PLAN("chat", IRC);
    cr_assert_str_eq(plan.nick, "load");
    cr_assert_str_eq(plan.channel, "#load");
    cr_assert(plan.publishers == 1 && plan.churn == 0 && plan.rate == 5);
    plan_deinit(&plan);
}

Test(option, numbers_go_where_they_belong)
{
    PLAN("echo", WS, "-c", "1k", "--connect-rate=200", "-d", "2m", "--warm-up", "500ms", "-n", "1M",
         "-s", "16-1KiB", "--rate", "10k", "--in-flight", "32", "--timeout", "3", "-t2");
    cr_assert_eq(plan.connections, 1000);
    cr_assert_eq(plan.connect_rate, 200);
    cr_assert_eq(plan.duration_ns, 120 * SECOND);
    cr_assert_eq(plan.warm_up_ns, SECOND / 2);
    cr_assert_eq(plan.messages_max, 1000000);
    cr_assert(plan.size_min == 16 && plan.size_max == 1024);
    cr_assert_eq(plan.rate, 10000);
    cr_assert_eq(plan.in_flight, 32);
    cr_assert_eq(plan.timeout_ns, 3 * SECOND);
    cr_assert_eq(plan.threads, 2);
    plan_deinit(&plan);
}

Test(option, texts_and_switches_go_where_they_belong)
{
    PLAN("connect", WSS, "--origin", "https://example.org", "-k", "--sni", "example.org", "--alpn",
         "h2,http/1.1", "--resume", "-q", "--json", "a.json", "--csv", "a.csv", "--html", "a.html",
         "--irc", "--nick", "probe", "--password", "secret", "--deflate");
    cr_assert_str_eq(plan.origin, "https://example.org");
    cr_assert_not(plan.tls_verify);
    cr_assert_str_eq(plan.tls_name, "example.org");
    cr_assert_str_eq(plan.tls_alpn, "h2,http/1.1");
    cr_assert(plan.tls_resume && plan.quiet && plan.irc && plan.deflate);
    cr_assert_str_eq(plan.json_path, "a.json");
    cr_assert_str_eq(plan.csv_path, "a.csv");
    cr_assert_str_eq(plan.html_path, "a.html");
    cr_assert_str_eq(plan.nick, "probe");
    cr_assert_str_eq(plan.password, "secret");
    plan_deinit(&plan);
}

Test(option, lists_keep_their_order)
{
    PLAN("echo", WS, "-H", "A: 1", "--subprotocol", "b", "-HB:", "--subprotocol", "a", "--expect",
         "p99<5ms", "--expect=errors=0");
    cr_assert_eq(plan.header_count, 2);
    cr_assert_str_eq(plan.headers[0], "A: 1");
    cr_assert_str_eq(plan.headers[1], "B:");
    cr_assert_eq(plan.protocol_count, 2);
    cr_assert_str_eq(plan.protocols[0], "b");
    cr_assert_str_eq(plan.protocols[1], "a");
    cr_assert_eq(plan.expect_count, 2);
    cr_assert_str_eq(plan.expects[1], "errors=0");
    plan_deinit(&plan);
}

Test(option, lists_have_an_end)
{
    const char *argv[2 * PLAN_PROTOCOLS_MAX + 6] = {"simul-load", "echo", WS};
    for (unsigned i = 0; i < PLAN_PROTOCOLS_MAX; i++) {
        argv[3 + 2 * i] = "--subprotocol";
        argv[4 + 2 * i] = "x";
    }
    cr_assert_eq(plan_parse(argv), CLI_RUN);
    plan_deinit(&plan);
    argv[3 + 2 * PLAN_PROTOCOLS_MAX] = "--subprotocol";
    argv[4 + 2 * PLAN_PROTOCOLS_MAX] = "x";
    cr_assert_eq(plan_parse(argv), CLI_WRONG);
    cr_assert_str_eq(said, "simul-load: --subprotocol can be given 8 times, not more; "
                           "see simul-load --help\n");
}

Test(option, the_last_value_holds)
{
    PLAN("echo", TCP, "-c", "5", "--connections", "7");
    cr_assert_eq(plan.connections, 7);
    plan_deinit(&plan);
}

Test(option, refuses_values_of_another_form)
{
    WRONG("--connections wants a number such as 100 or 10k, not 'ten'", "echo ", "echo", TCP, "-c",
          "ten");
    WRONG("--connections wants a number such as 100 or 10k, not '-5'", "echo ", "echo", TCP, "-c",
          "-5");
    WRONG("--connections wants a number such as 100 or 10k, not ''", "echo ", "echo", TCP, "-c",
          "");
    WRONG("--messages wants a number such as 100 or 10k, not '1s'", "echo ", "echo", TCP, "-n1s");
    WRONG("--duration wants a time such as 500ms, 10s, 2m or 1h, not '10sec'", "echo ", "echo", TCP,
          "-d", "10sec");
    WRONG("--rate wants a number a second such as 0.5 or 10k, not '5m'", "echo ", "echo", TCP,
          "--rate", "5m");
    WRONG("--size wants a size such as 64 or 1KiB, or a range such as 16-1024, not '9-3'", "echo ",
          "echo", TCP, "-s", "9-3");
}

Test(option, refuses_values_out_of_bounds)
{
    WRONG("--connections must be from 1 to 10000000, not '0'", "echo ", "echo", TCP, "-c0");
    WRONG("--connections must be from 1 to 10000000, not '1G'", "echo ", "echo", TCP, "-c1G");
    WRONG("--threads must be from 1 to 256, not '257'", "echo ", "echo", TCP, "-t257");
    WRONG("--size must be from 1 to 67108864, not '0-5'", "echo ", "echo", TCP, "-s0-5");
    WRONG("--size must be from 1 to 67108864, not '1-1G'", "echo ", "echo", TCP, "-s1-1G");
    WRONG("--rate must be from 0 to 1000000000, not '2G'", "echo ", "echo", TCP, "--rate=2G");
    WRONG("--duration must be 100 days at most, not '3000h'", "echo ", "echo", TCP, "-d3000h");
    WRONG("--timeout must be more than 0 and 100 days at most, not '0'", "echo ", "echo", TCP,
          "--timeout=0");
}

Test(option, refuses_texts_that_would_break_a_protocol)
{
    static const char *const HEADERS[] = {"NoColon", ": value",    "A b: c",          "A:\r\nB: c",
                                          "A: \x01", "A\n: value", "\xc3\xa4: value", ""};
    for (size_t i = 0; i < sizeof(HEADERS) / sizeof(HEADERS[0]); i++)
        cr_assert_eq(PARSE("echo", WS, "-H", HEADERS[i]), CLI_WRONG, "%s", HEADERS[i]);
    WRONG("--header wants a header such as 'Name: value', not 'X'", "", "echo", WS, "-H", "X");
    WRONG("--subprotocol wants the name of a subprotocol, not 'a,b'", "", "echo", WS,
          "--subprotocol", "a,b");
    WRONG("--nick wants a nick of at most 20 bytes, not '1st'", "chat ", "chat", IRC, "--nick",
          "1st");
    WRONG("--channel wants the name of a channel, of at most 20 bytes, not 'room'", "chat ", "chat",
          IRC, "--channel", "room");
    WRONG("--method wants GET, HEAD, POST, PUT, DELETE, OPTIONS, TRACE or PATCH, not 'BREW'",
          "jobs ", "jobs", HTTP, "--method", "BREW");
    WRONG("--password wants text without control characters", "chat ", "chat", IRC, "--password",
          "a\r\nQUIT");
    WRONG("--origin wants text without control characters", "echo ", "echo", WS, "--origin", "");
}

Test(option, refuses_what_a_scenario_has_no_use_for)
{
    WRONG("--rooms is for chat, not for echo", "echo ", "echo", WS, "--rooms", "3");
    WRONG("--in-flight is for echo and chat, not for flood", "flood ", "flood", TCP, "--in-flight",
          "3");
    WRONG("--messages is for echo, connect, chat, jobs and flood, not for hold", "hold ", "hold",
          WS, "-n3");
    WRONG("--password is for hold, connect and chat, not for jobs", "jobs ", "jobs", HTTP,
          "--password", "x");
    WRONG("--beside is for jobs, not for echo", "echo ", "echo", WS, "--beside=3");
}

Test(option, refuses_what_a_scheme_has_no_use_for)
{
    WRONG("--subprotocol means nothing to tcp://, only to ws and wss", "echo ", "echo", TCP,
          "--subprotocol", "x");
    WRONG("--deflate means nothing to tcp://, only to ws and wss", "echo ", "echo", TCP,
          "--deflate");
    WRONG("--header means nothing to tcp://, only to ws, wss, http and https", "echo ", "echo", TCP,
          "-H", "A: b");
    WRONG("--insecure means nothing to ws://, only to tls, wss, ircs and https", "echo ", "echo",
          WS, "-k");
    WRONG("--irc means nothing to irc://, only to ws and wss", "chat ", "chat", IRC, "--irc");
    WRONG("--nick means nothing to tcp://, only to ws, wss, irc and ircs", "hold ", "hold", TCP,
          "--nick", "x");
    WRONG("--resume is for connect, not for echo", "echo ", "echo", WSS, "--resume");
}

Test(option, every_row_is_in_order)
{
    for (size_t i = 0; i < OPTION_KINDS; i++) {
        const struct cli_option *o = &OPTIONS[i];
        bool is_switch = o->type == OPTION_ON || o->type == OPTION_OFF || o->type == OPTION_HELP ||
                         o->type == OPTION_VERSION;
        cr_assert_eq(is_switch, o->value == NULL, "--%s", o->name);
        cr_assert_eq(option_find(o->name), i, "--%s is there once", o->name);
        bool is_number = o->type == OPTION_COUNT || o->type == OPTION_LONG_COUNT ||
                         o->type == OPTION_RATE || o->type == OPTION_DURATION ||
                         o->type == OPTION_BYTES || o->type == OPTION_LIST;
        cr_assert(!is_number || o->max > 0, "--%s", o->name);
        cr_assert_eq(o->is_valid != NULL, o->expects != NULL, "--%s", o->name);
        for (size_t k = 0; k < i; k++)
            cr_assert(o->letter == 0 || o->letter != OPTIONS[k].letter, "-%c", o->letter);
    }
}
