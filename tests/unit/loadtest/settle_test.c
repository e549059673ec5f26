/* What options say together: rooms, pace, IRC. */
#include "unit/loadtest/plan_fixture.h"

#define TCP "tcp://127.0.0.1:7007"
#define WS "ws://127.0.0.1:8080/chat"
#define IRC "irc://127.0.0.1:6667"
#define HTTP "http://127.0.0.1:8080/echo"

static void has_rooms(uint32_t rooms, uint32_t members, uint32_t connections)
{
    cr_assert_eq(plan.rooms, rooms, "%u rooms", plan.rooms);
    cr_assert_eq(plan.members, members, "%u members", plan.members);
    cr_assert_eq(plan.connections, connections, "%u connections", plan.connections);
    plan_deinit(&plan);
}

Test(settle, two_of_rooms_members_and_connections_make_the_third)
{
    PLAN("chat", IRC);
    has_rooms(1, 100, 100);
    PLAN("chat", IRC, "-c", "30");
    has_rooms(1, 30, 30);
    PLAN("chat", IRC, "--rooms", "3");
    has_rooms(3, 100, 300);
    PLAN("chat", IRC, "--members", "7");
    has_rooms(1, 7, 7);
    PLAN("chat", IRC, "--rooms", "3", "--members", "7");
    has_rooms(3, 7, 21);
    PLAN("chat", IRC, "-c", "30", "--rooms", "3");
    has_rooms(3, 10, 30);
    PLAN("chat", IRC, "-c", "30", "--members", "5");
    has_rooms(6, 5, 30);
    PLAN("chat", IRC, "-c", "30", "--members", "5", "--rooms", "6");
    has_rooms(6, 5, 30);
}

Test(settle, refuses_rooms_that_do_not_come_out)
{
    WRONG("100 connections do not make 3 rooms evenly; 99 or 102 would", "chat ", "chat", IRC, "-c",
          "100", "--rooms", "3");
    WRONG("100 connections do not make 30 members in each room evenly; 90 or 120 would", "chat ",
          "chat", IRC, "-c", "100", "--members", "30");
    WRONG("2 connections are too few for 3 rooms", "chat ", "chat", IRC, "-c2", "--rooms", "3");
    WRONG("3 rooms of 5 members are not 16 connections: leave one out", "chat ", "chat", IRC,
          "-c16", "--rooms", "3", "--members", "5");
    WRONG("10000000 rooms of 10000000 members are more than 10000000 connections", "chat ", "chat",
          IRC, "--rooms", "10M", "--members", "10M");
    WRONG("in rooms of 1 member nobody hears what is said", "chat ", "chat", IRC, "-c3", "--rooms",
          "3");
    WRONG("11 publishers are more than the 10 members of a room", "chat ", "chat", IRC, "-c10",
          "--publishers", "11");
}

Test(settle, chat_over_websocket_is_irc)
{
    PLAN("chat", WS);
    cr_assert(plan.irc);
    cr_assert_eq(plan.protocol_count, 1);
    cr_assert_str_eq(plan.protocols[0], "text.ircv3.net");
    plan_deinit(&plan);
    PLAN("chat", WS, "--binary");
    cr_assert_str_eq(plan.protocols[0], "binary.ircv3.net");
    plan_deinit(&plan);
    PLAN("chat", WS, "--subprotocol", "mine");
    cr_assert_eq(plan.protocol_count, 1);
    cr_assert_str_eq(plan.protocols[0], "mine");
    plan_deinit(&plan);
    PLAN("hold", WS, "--irc");
    cr_assert(plan.irc);
    cr_assert_str_eq(plan.protocols[0], "text.ircv3.net");
    plan_deinit(&plan);
}

Test(settle, others_are_irc_only_when_told)
{
    PLAN("hold", WS);
    cr_assert(!plan.irc && plan.protocol_count == 0);
    plan_deinit(&plan);
    PLAN("chat", IRC);
    cr_assert(!plan.irc && plan.protocol_count == 0);
    plan_deinit(&plan);
}

Test(settle, a_rate_lets_many_wait)
{
    PLAN("echo", TCP, "--rate", "100");
    cr_assert_eq(plan.in_flight, 1000);
    plan_deinit(&plan);
    PLAN("echo", TCP, "--rate", "100", "--in-flight", "2");
    cr_assert(plan.rate == 100 && plan.in_flight == 2);
    plan_deinit(&plan);
    PLAN("jobs", HTTP, "--rate", "100");
    cr_assert_eq(plan.in_flight, 1, "a connection has one request at a time");
    plan_deinit(&plan);
}

Test(settle, in_flight_alone_closes_the_loop_of_chat)
{
    PLAN("chat", IRC, "--in-flight", "16");
    cr_assert(plan.rate == 0 && plan.in_flight == 16);
    plan_deinit(&plan);
    PLAN("chat", IRC);
    cr_assert(plan.rate == 5 && plan.in_flight == 0, "as many as the socket takes");
    plan_deinit(&plan);
    PLAN("chat", IRC, "--in-flight", "16", "--rate", "9");
    cr_assert(plan.rate == 9 && plan.in_flight == 16);
    plan_deinit(&plan);
}

Test(settle, http_has_one_request_at_a_time)
{
    PLAN("jobs", HTTP, "--rate", "9");
    cr_assert(plan.rate == 9 && plan.in_flight == 1);
    plan_deinit(&plan);
    PLAN("echo", HTTP, "--rate", "9");
    cr_assert_eq(plan.in_flight, 1);
    plan_deinit(&plan);
}

Test(settle, messages_alone_have_no_duration)
{
    PLAN("echo", TCP, "-n", "100");
    cr_assert(plan.messages_max == 100 && plan.duration_ns == 0 && plan.warm_up_ns == 0);
    plan_deinit(&plan);
    PLAN("echo", TCP, "-n", "100", "-d", "3", "--warm-up", "1ms");
    cr_assert(plan.duration_ns == 3000000000 && plan.warm_up_ns == 1000000);
    plan_deinit(&plan);
    PLAN("echo", TCP, "-n", "0");
    cr_assert_eq(plan.duration_ns, 10000000000, "which is no limit");
    plan_deinit(&plan);
}

Test(settle, a_body_is_posted)
{
    PLAN("jobs", HTTP);
    cr_assert_str_eq(plan.method, "GET");
    plan_deinit(&plan);
    PLAN("jobs", HTTP, "-s", "100");
    cr_assert_str_eq(plan.method, "POST");
    plan_deinit(&plan);
    PLAN("jobs", HTTP, "-s", "100", "--method", "PUT");
    cr_assert_str_eq(plan.method, "PUT");
    plan_deinit(&plan);
}

Test(settle, refuses_what_does_not_go_together)
{
    WRONG("--text and --binary exclude each other", "echo ", "echo", WS, "--text", "--binary");
    WRONG("--size of chat is 30 to 400, since IRC's lines are short", "chat ", "chat", IRC, "-s",
          "100-401");
    WRONG("--size of chat is 30 to 400, since IRC's lines are short", "chat ", "chat", IRC, "-s",
          "29");
}

Test(settle, refuses_files_and_processes_that_are_not_there)
{
    WRONG("cannot read --ca /nonexistent.pem: No such file or directory", "echo ", "echo",
          "tls://127.0.0.1:1", "--ca", "/nonexistent.pem");
    WRONG("there is no process 4194304, as of --pid", "echo ", "echo", TCP, "--pid", "4194304");
    PLAN("echo", TCP, "--pid", "1");
    cr_assert_eq(plan.server_pid, 1);
    plan_deinit(&plan);
}

Test(settle, refuses_reports_that_cannot_be_written)
{
    WRONG("cannot write --json /nonexistent/a.json: No such file or directory", "echo ", "echo",
          TCP, "--json", "/nonexistent/a.json");
    WRONG("cannot write --csv /dev/null/a.csv: Not a directory", "echo ", "echo", TCP, "--csv",
          "/dev/null/a.csv");
    WRONG("cannot write --html /nonexistent/: No such file or directory", "echo ", "echo", TCP,
          "--html", "/nonexistent/");
    WRONG("cannot write --html /dev: Is a directory", "echo ", "echo", TCP, "--html", "/dev");
    WRONG("--json and --html cannot both go to standard output", "echo ", "echo", TCP, "--json",
          "-", "--html", "-");
    PLAN("echo", TCP, "--json", "not-there-yet.json", "--csv", "/dev/null", "--html", "-");
    plan_deinit(&plan);
}
