#include "unit/alloc_fail.h"
#include "unit/config/config_fixture.h"

/* --- defaults ---------------------------------------------------------------------------- */

Test(config, defaults_are_those_of_the_design)
{
    const struct config_sources none = {0};
    cr_assert_eq(config_load(&config, &none, &report), OK, "%s", report.error);
    cr_assert_eq(report.warning_count, 0);
    cr_assert_geq(config.loops, 1);
    cr_assert_geq(config.jobs.workers, 1);
    cr_assert_eq(config.drain_seconds, 10);
    cr_assert_eq(config.listener_count, 3);
    cr_assert_eq(listener("web")->port, 8080);
    cr_assert_eq(listener("web")->protocol, CONFIG_PROTOCOL_AUTO);
    cr_assert_eq(listener("irc")->port, 6667);
    cr_assert_eq(listener("irc")->protocol, CONFIG_PROTOCOL_IRC);
    cr_assert_eq(listener("echo")->port, 7007);
    cr_assert_eq(listener("echo")->protocol, CONFIG_PROTOCOL_ECHO);
    for (size_t i = 0; i < config.listener_count; i++) {
        cr_assert_str_eq(config.listeners[i].address, "127.0.0.1");
        cr_assert_not(config.listeners[i].tls);
        cr_assert_eq(config.listeners[i].deflate, CONFIG_OVERRIDE_DEFAULT);
    }
    cr_assert_not(config.ws.deflate);
    cr_assert_not(config.ws.deflate_takeover);
    cr_assert_str_eq(config.admin.address, "127.0.0.1");
    cr_assert_eq(config.admin.port, 9090);
    cr_assert_not_null(strchr(config.server.name, '.'));
    cr_assert_str_eq(config.server.network, "simul");
    cr_assert_str_eq(config.server.password, "");
    cr_assert_eq(config.chat.nick_length, 32);
    cr_assert_eq(config.chat.channel_length, 64);
    cr_assert_eq(config.limits.handshake_seconds, 10);
    cr_assert_eq(config.jobs.enabled, CONFIG_JOBS_AUTO);
    cr_assert_eq(config.log.level, LOG_LEVEL_INFO);
    cr_assert_eq(config.log.format, LOG_FORMAT_LOGFMT);
    config_deinit(&config);
}

Test(config, no_limit_is_the_largest_value)
{
    cr_assert_eq(LOAD("limits.out_bytes=0", "limits.connections=0", "limits.header_bytes=300"), OK);
    cr_assert_eq(config.limits.out_bytes, (int64_t)1 << 40);
    cr_assert_eq(config.limits.connections, 10000000);
    cr_assert_eq(config.limits.header_bytes, 300);
    config_deinit(&config);
}

Test(config, the_memory_limit_is_half_of_what_there_is)
{
    cr_assert_eq(LOAD("limits.memory_bytes=auto"), OK);
    int64_t all = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    cr_assert_leq(config.limits.memory_bytes, all / 2);
    cr_assert_geq(config.limits.memory_bytes, 1 << 20);
    config_deinit(&config);
    cr_assert_eq(LOAD("limits.memory_bytes=0"), OK);
    cr_assert_eq(config.limits.memory_bytes, (int64_t)1 << 40);
    config_deinit(&config);
    cr_assert_eq(LOAD("limits.memory_bytes=1000"), ERR_SYNTAX);
}

Test(config, deinit_is_safe_twice_and_on_a_zeroed_one)
{
    cr_assert_eq(LOAD("loops=2"), OK);
    config_deinit(&config);
    config_deinit(&config);
}

/* --- sources ----------------------------------------------------------------------------- */

Test(config, file_has_sections_comments_and_keys_without_a_section)
{
    cr_assert_eq(load_file("; a comment\n"
                           "# another\n"
                           "loops = 3\n"
                           "\n"
                           "[listen.web]\r\n"
                           "  port = 8000 ; indented, with a comment behind\r\n"
                           "  address = [::1]\n"
                           "[listen.games-2]\n"
                           "port: 0\n"
                           "protocol=irc\n"
                           "[log]\n"
                           "level=debug"),
                 OK, "%s", report.error);
    cr_assert_eq(config.loops, 3);
    cr_assert_eq(listener("web")->port, 8000);
    cr_assert_str_eq(listener("web")->address, "::1");
    cr_assert_eq(config.listener_count, 4);
    cr_assert_eq(listener("games-2")->port, 0);
    cr_assert_eq(listener("games-2")->protocol, CONFIG_PROTOCOL_IRC);
    cr_assert_str_eq(listener("games-2")->address, "127.0.0.1");
    cr_assert_eq(config.log.level, LOG_LEVEL_DEBUG);
    config_deinit(&config);
}

Test(config, later_sources_win)
{
    strcpy(path, "/tmp/config_test_XXXXXX");
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    const char text[] = "drain_seconds=1\nloops=1\n[chat]\nnick_length=11\n[listen.x]\nport=1\n";
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    const char *env[] = {"PATH=/bin", "SIMUL_LOOPS=2", "SIMUL_CHAT_NICK_LENGTH=12",
                         "SIMUL_LISTEN_X_PORT=2", NULL};
    const char *overrides[] = {"chat.nick_length=13", "listen.x.port=3", "chat.nick_length=14"};
    const struct config_sources sources = {path, (char *const *)env, overrides, 3};
    cr_assert_eq(config_load(&config, &sources, &report), OK, "%s", report.error);
    unlink(path);
    cr_assert_eq(config.drain_seconds, 1);
    cr_assert_eq(config.loops, 2);
    cr_assert_eq(config.chat.nick_length, 14);
    cr_assert_eq(listener("x")->port, 3);
    cr_assert_eq(report.warning_count, 0);
    config_deinit(&config);
}

Test(config, environment_names_come_from_keys)
{
    const char *env[] = {"SIMUL_LISTEN_WEB_ADDRESS=*", "SIMUL_WS_MESSAGE_BYTES_MAX=1000",
                         "SIMUL_LISTEN_WEBTLS_ADDRESS=*", NULL};
    cr_assert_eq(load_env(env), OK, "%s", report.error);
    cr_assert_str_eq(listener("web")->address, "*");
    cr_assert_eq(config.ws.message_bytes_max, 1000);
    cr_assert_null(listener("webtls"), "an address alone does not ask for TLS");
    config_deinit(&config);
}

Test(config, unknown_environment_variable_only_warns)
{
    const char *env[] = {"SIMUL_PORT=tcp://10.0.0.1:80",
                         "SIMUL_LOPS=2",
                         "SIMUL_LISTEN_NEW_PORT=1",
                         "SIMULATION=1",
                         "SIMUL_NOTHING",
                         NULL};
    cr_assert_eq(load_env(env), OK, "%s", report.error);
    cr_assert_eq(report.warning_count, 3);
    cr_assert_not_null(strstr(report.warnings[0], "SIMUL_PORT"));
    cr_assert_null(strstr(report.warnings[0], "10.0.0.1"));
    cr_assert_not_null(strstr(report.warnings[1], "SIMUL_LOPS"));
    cr_assert_not_null(strstr(report.warnings[1], "did you mean SIMUL_LOOPS?"));
    config_deinit(&config);
}

Test(config, warnings_beyond_the_bound_are_counted)
{
    static char names[CONFIG_WARNINGS_MAX + 3][24];
    const char *env[CONFIG_WARNINGS_MAX + 4] = {0};
    for (int i = 0; i < CONFIG_WARNINGS_MAX + 3; i++) {
        snprintf(names[i], sizeof(names[i]), "SIMUL_ODD_%d=1", i);
        env[i] = names[i];
    }
    cr_assert_eq(load_env(env), OK);
    cr_assert_eq(report.warning_count, CONFIG_WARNINGS_MAX);
    cr_assert_eq(report.warnings_omitted, 3);
    config_deinit(&config);
}

Test(config, a_variable_of_any_length_is_survived)
{
    static char variable[4096];
    memset(variable, 'X', sizeof(variable) - 3);
    memcpy(variable, "SIMUL_", 6);
    strcpy(variable + sizeof(variable) - 3, "=1");
    const char *env[] = {variable, NULL};
    cr_assert_eq(load_env(env), OK);
    cr_assert_eq(report.warning_count, 1);
    config_deinit(&config);
    cr_assert_eq(LOAD(variable), ERR_UNKNOWN);
}

/* --- errors say what, where and what next ------------------------------------------------ */

Test(config, everything_that_is_wrong_is_told_in_order)
{
    strcpy(path, "/tmp/config_test_XXXXXX");
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    const char text[] = "lops=1\nloops=many\n[chat]\nmotd=ok\nnick_length=0\n";
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    const char *env[] = {"SIMUL_LOG_LEVEL=loud", NULL};
    const char *overrides[] = {"nonsense", "drain_seconds=x"};
    const struct config_sources sources = {path, (char *const *)env, overrides, 2};
    cr_assert_eq(config_load(&config, &sources, &report), ERR_UNKNOWN, "as the first");
    unlink(path);
    const char *const expected[] = {
        ":2: loops must be", ":5: chat.nick_length must be",
        "environment SIMUL_LOG_LEVEL: ", "-o nonsense: ", "-o: drain_seconds must be"};
    ASSERT_ERROR_HAS(":1: unknown setting lops");
    cr_assert_eq(report.more_error_count, 5);
    for (size_t i = 0; i < 5; i++)
        cr_assert_not_null(strstr(report.more_errors[i], expected[i]), "%s", report.more_errors[i]);
    cr_assert_eq(config.listener_count, 0, "nothing is left of it");
}

Test(config, errors_beyond_the_bound_are_counted)
{
    const char *overrides[1 + CONFIG_ERRORS_MAX + 3];
    size_t count = sizeof(overrides) / sizeof(overrides[0]);
    for (size_t i = 0; i < count; i++)
        overrides[i] = "loops=many";
    cr_assert_eq(load_overrides(overrides, count), ERR_SYNTAX);
    cr_assert_eq(report.more_error_count, CONFIG_ERRORS_MAX);
    cr_assert_eq(report.errors_omitted, 3);
}

Test(config, unknown_key_suggests_the_nearest)
{
    cr_assert_eq(load_file("\n[listen.web]\nport=1\nprot=2\n"), ERR_UNKNOWN);
    ASSERT_ERROR_HAS(path);
    ASSERT_ERROR_HAS(":4: unknown setting listen.web.prot; "
                     "did you mean listen.web.port or listen.web.protocol?");
    cr_assert_eq(LOAD("listen.foo.proto=2"), ERR_UNKNOWN);
    ASSERT_ERROR_HAS("did you mean listen.foo.protocol?");
    cr_assert_eq(LOAD("lisen.foo.port=2"), ERR_UNKNOWN);
    ASSERT_ERROR_HAS("did you mean listen.foo.port?");
    cr_assert_eq(LOAD("opr.alice.password=2"), ERR_UNKNOWN);
    ASSERT_ERROR_HAS("did you mean oper.alice.password?");
    cr_assert_eq(LOAD("limit.out_bytes=2"), ERR_UNKNOWN);
    ASSERT_ERROR_HAS("did you mean limits.out_bytes?");
    cr_assert_eq(LOAD("motd=/etc/motd"), ERR_UNKNOWN);
    ASSERT_ERROR_HAS("did you mean chat.motd?");
    cr_assert_eq(LOAD("lop=1"), ERR_UNKNOWN);
    cr_assert_str_eq(report.error, "-o: unknown setting lop; did you mean loops?");
    cr_assert_eq(LOAD("color=red"), ERR_UNKNOWN);
    ASSERT_ERROR_HAS("simuld --help");
    cr_assert_eq(LOAD("listen.foo.color=red"), ERR_UNKNOWN);
    ASSERT_ERROR_HAS("a listener has the settings address, port, protocol, tls");
    cr_assert_eq(LOAD("listen.web=8080"), ERR_UNKNOWN);
    cr_assert_eq(LOAD("=8080"), ERR_UNKNOWN);
}

/* --- values ------------------------------------------------------------------------------ */

Test(config, numbers_are_plain_digits_within_bounds)
{
    const char *const bad[] = {"loops=",
                               "loops=+1",
                               "loops=-1",
                               "loops= 1",
                               "loops=1 ",
                               "loops=1.5",
                               "loops=0x1",
                               "loops=257",
                               "admin.port=65536",
                               "admin.port=OFF",
                               "limits.out_bytes=99999999999999999999",
                               "limits.out_bytes=1",
                               "chat.nick_length=0",
                               "drain_seconds=auto"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(LOAD(bad[i]), ERR_SYNTAX, "%s", bad[i]);
    cr_assert_eq(LOAD("loops=0"), OK, "as auto");
    cr_assert_geq(config.loops, 1);
    config_deinit(&config);
    cr_assert_eq(LOAD("loops=256", "loops=auto", "admin.port=65535"), OK);
    cr_assert_eq(config.admin.port, 65535);
    config_deinit(&config);
}

Test(config, addresses_are_literals)
{
    const char *const good[][2] = {{"listen.web.address=*", "*"},
                                   {"listen.web.address=0.0.0.0", "0.0.0.0"},
                                   {"listen.web.address=::", "::"},
                                   {"listen.web.address=[::]", "::"},
                                   {"listen.web.address=[fe80::1]", "fe80::1"}};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_assert_eq(LOAD(good[i][0]), OK, "%s", good[i][0]);
        cr_assert_str_eq(listener("web")->address, good[i][1]);
        config_deinit(&config);
    }
    const char *const bad[] = {"listen.web.address=",         "listen.web.address=localhost",
                               "listen.web.address=[*]",      "listen.web.address=[127.0.0.1]",
                               "listen.web.address=[::1",     "listen.web.address=[]",
                               "listen.web.address=1.2.3.256"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(LOAD(bad[i]), ERR_SYNTAX, "%s", bad[i]);
}

Test(config, server_names_have_a_dot)
{
    const char *const good[] = {"server.name=irc.example.org", "server.name=a.b",
                                "server.name=a--b.c-1"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_assert_eq(LOAD(good[i]), OK, "%s", good[i]);
        cr_assert_str_eq(config.server.name, strchr(good[i], '=') + 1);
        config_deinit(&config);
    }
    const char *const bad[] = {"server.name=",     "server.name=irc",  "server.name=.a",
                               "server.name=a.",   "server.name=a..b", "server.name=-a.b",
                               "server.name=a-.b", "server.name=a.b-", "server.name=a b.c",
                               "server.name=a_b.c"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(LOAD(bad[i]), ERR_SYNTAX, "%s", bad[i]);
}

Test(config, origins_are_normalised)
{
    cr_assert_eq(LOAD("ws.origins=https://A.Example:8443 , http://[::1]:80,app://local"), OK);
    cr_assert_str_eq(config.ws.origins, "https://a.example:8443,http://[::1]:80,app://local");
    config_deinit(&config);
    cr_assert_eq(LOAD("ws.origins="), OK);
    config_deinit(&config);
    const char *const bad[] = {"ws.origins=a.example",  "ws.origins=https://a.example/",
                               "ws.origins=https://",   "ws.origins=https://a,,https://b",
                               "ws.origins=https://a,", "ws.origins=://a",
                               "ws.origins=*",          "ws.origins=,https://a"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(LOAD(bad[i]), ERR_SYNTAX, "%s", bad[i]);
}

/* --- the rest ---------------------------------------------------------------------------- */

Test(config, running_out_of_memory_leaves_nothing_behind)
{
    for (size_t succeed = 0;; succeed++) {
        alloc_fail_after(succeed);
        enum err e = LOAD("listen.foo.port=0", "server.password=secret", "ws.origins=https://a");
        size_t seen = alloc_fail_stop();
        if (seen <= succeed) {
            cr_assert_eq(e, OK);
            break;
        }
        cr_assert_eq(e, ERR_NOMEM, "allocation %zu", succeed);
        ASSERT_ERROR_HAS("out of memory");
        cr_assert_eq(config.listener_count, 0);
    }
    config_deinit(&config);
}
