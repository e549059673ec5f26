/* Sections with names: listen.NAME, oper.NAME. */
#include "unit/config/config_fixture.h"

/* --- listeners --------------------------------------------------------------------------- */

Test(config_section, override_can_open_a_new_listener)
{
    cr_assert_eq(LOAD("listen.foo.port=0", "listen.foo.protocol=echo"), OK, "%s", report.error);
    cr_assert_eq(listener("foo")->port, 0);
    cr_assert_eq(listener("foo")->protocol, CONFIG_PROTOCOL_ECHO);
    config_deinit(&config);
}

Test(config_section, port_off_leaves_a_listener_out)
{
    cr_assert_eq(LOAD("listen.web.port=off", "listen.echo.port=off", "admin.port=off"), OK);
    cr_assert_eq(config.listener_count, 1);
    cr_assert_str_eq(config.listeners[0].name, "irc");
    cr_assert_eq(config.admin.port, CONFIG_PORT_OFF);
    config_deinit(&config);
}

Test(config_section, default_tls_listeners_come_with_a_certificate)
{
    cr_assert_eq(LOAD("tls.self_signed=on"), OK);
    cr_assert_eq(config.listener_count, 5);
    cr_assert_eq(listener("webtls")->port, 8443);
    cr_assert(listener("webtls")->tls);
    cr_assert_eq(listener("irctls")->port, 6697);
    cr_assert_eq(listener("irctls")->protocol, CONFIG_PROTOCOL_IRC);
    config_deinit(&config);
    cr_assert_eq(LOAD("tls.certificate=a.pem", "tls.key=b.pem", "listen.irctls.port=off"), OK);
    cr_assert_eq(config.listener_count, 4);
    config_deinit(&config);
}

Test(config_section, tls_without_a_certificate_is_an_error)
{
    cr_assert_eq(LOAD("listen.web.tls=on"), ERR_SYNTAX);
    ASSERT_ERROR_HAS("listen.web speaks TLS");
    ASSERT_ERROR_HAS("tls.self_signed=on");
    cr_assert_eq(LOAD("listen.webtls.port=443"), ERR_SYNTAX, "asked for by its port");
    cr_assert_eq(LOAD("listen.webtls.tls=off", "listen.webtls.port=0"), OK);
    cr_assert_not(listener("webtls")->tls);
    config_deinit(&config);
}

Test(config_section, a_listener_may_compress_where_others_do_not)
{
    cr_assert_eq(LOAD("ws.deflate=off", "listen.web.deflate=on", "listen.irc.deflate=off"), OK);
    cr_assert(config_is_on(listener("web")->deflate, config.ws.deflate));
    cr_assert_not(config_is_on(listener("irc")->deflate, config.ws.deflate));
    cr_assert_not(config_is_on(listener("echo")->deflate, config.ws.deflate));
    config_deinit(&config);
    cr_assert_eq(LOAD("ws.deflate=on", "listen.web.deflate=on", "listen.irc.deflate=off"), OK);
    cr_assert(config_is_on(listener("web")->deflate, config.ws.deflate));
    cr_assert_not(config_is_on(listener("irc")->deflate, config.ws.deflate));
    cr_assert(config_is_on(listener("echo")->deflate, config.ws.deflate));
    config_deinit(&config);
    cr_assert_eq(LOAD("listen.web.deflate=maybe"), ERR_SYNTAX);
    ASSERT_ERROR_HAS("default, on or off");
}

Test(config_section, tls_settings_that_contradict_are_errors)
{
    cr_assert_eq(LOAD("tls.certificate=a.pem"), ERR_SYNTAX);
    ASSERT_ERROR_HAS("tls.key is not");
    cr_assert_eq(LOAD("tls.key=a.pem"), ERR_SYNTAX);
    ASSERT_ERROR_HAS("tls.certificate is not");
    cr_assert_eq(LOAD("tls.key=a", "tls.certificate=b", "tls.self_signed=on"), ERR_SYNTAX);
    ASSERT_ERROR_HAS("tls.self_signed");
}

Test(config_section, a_new_listener_needs_a_port)
{
    cr_assert_eq(LOAD("listen.foo.protocol=irc"), ERR_SYNTAX);
    ASSERT_ERROR_HAS("set listen.foo.port");
}

Test(config_section, listener_names_have_a_grammar)
{
    const char *const bad[] = {"listen.Foo.port=1", "listen.a_b.port=1", "listen..port=1",
                               "listen.admin.port=1",
                               "listen.a2345678901234567890123456789012.port=1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_eq(LOAD(bad[i]), ERR_SYNTAX, "%s", bad[i]);
        ASSERT_ERROR_HAS("lower-case");
    }
    cr_assert_eq(LOAD("listen.a234567890123456789012345678901.port=1"), OK);
    config_deinit(&config);
}

Test(config_section, listeners_are_bounded)
{
    static char texts[CONFIG_LISTENERS_MAX][32];
    const char *overrides[CONFIG_LISTENERS_MAX];
    for (int i = 0; i < CONFIG_LISTENERS_MAX; i++) {
        snprintf(texts[i], sizeof(texts[i]), "listen.l%d.port=0", i);
        overrides[i] = texts[i];
    }
    cr_assert_eq(load_overrides(overrides, CONFIG_LISTENERS_MAX), ERR_LIMIT);
    ASSERT_ERROR_HAS("no more than 32 listeners");
    cr_assert_eq(load_overrides(overrides, CONFIG_LISTENERS_MAX - 5), OK);
    config_deinit(&config);
}

/* --- operators --------------------------------------------------------------------------- */

Test(config_section, operators_are_sections)
{
    cr_assert_eq(load_file("[oper.alice]\npassword = secret of hers\n[oper.bob-2]\npassword=x\n"),
                 OK);
    cr_assert_eq(config.oper_count, 2);
    cr_assert_str_eq(config.opers[0].name, "alice");
    cr_assert_str_eq(config.opers[0].password, "secret of hers");
    cr_assert_str_eq(config.opers[1].name, "bob-2");
    config_deinit(&config);
    cr_assert_eq(LOAD("oper.alice.password=first", "oper.alice.password=second"), OK);
    cr_assert_eq(config.oper_count, 1);
    cr_assert_str_eq(config.opers[0].password, "second");
    config_deinit(&config);
}

Test(config_section, operator_without_a_good_name_or_password_is_refused)
{
    cr_assert_eq(LOAD("oper.alice.password="), ERR_SYNTAX);
    ASSERT_ERROR_HAS("oper.alice.password must be 1 to 200 characters");
    cr_assert_eq(LOAD("oper.Alice.password=x"), ERR_SYNTAX);
    ASSERT_ERROR_HAS("lower-case letters");
    cr_assert_eq(LOAD("oper..password=x"), ERR_SYNTAX);
    cr_assert_eq(LOAD("oper.alice.host=x"), ERR_UNKNOWN);
    ASSERT_ERROR_HAS("an operator has the setting password");
    cr_assert_eq(LOAD("oper.alice=x"), ERR_UNKNOWN);
}

Test(config_section, operators_are_bounded)
{
    char text[CONFIG_OPERS_MAX + 1][32];
    const char *all[CONFIG_OPERS_MAX + 1];
    for (int i = 0; i <= CONFIG_OPERS_MAX; i++) {
        snprintf(text[i], sizeof(text[i]), "oper.o%d.password=x", i);
        all[i] = text[i];
    }
    cr_assert_eq(load_overrides(all, CONFIG_OPERS_MAX + 1), ERR_LIMIT);
    ASSERT_ERROR_HAS("no more than 32 operators");
}

Test(config_section, settings_of_later_features_are_unknown)
{
    cr_assert_eq(LOAD("store.path=x"), ERR_UNKNOWN);
}

Test(config_section, bad_value_names_the_source_and_the_values_there_are)
{
    cr_assert_eq(load_file("loops = many\n"), ERR_SYNTAX);
    ASSERT_ERROR_HAS(path);
    ASSERT_ERROR_HAS(":1: loops must be auto or 1 to 256, not \"many\"");
    const char *env[] = {"SIMUL_LOG_LEVEL=loud", NULL};
    cr_assert_eq(load_env(env), ERR_SYNTAX);
    cr_assert_str_eq(
        report.error,
        "environment SIMUL_LOG_LEVEL: log.level must be error, warn, info or debug, not \"loud\"");
    cr_assert_eq(LOAD("jobs.enabled=yes"), ERR_SYNTAX);
    cr_assert_str_eq(report.error, "-o: jobs.enabled must be auto, on or off, not \"yes\"");
    cr_assert_eq(LOAD("chat.cloak_key=fifteen letters"), ERR_SYNTAX);
    cr_assert_eq(LOAD("chat.motd=a\nb\033[2J"), ERR_SYNTAX);
    ASSERT_ERROR_HAS("not \"a?b?[2J\"");
}

Test(config_section, a_password_is_never_shown)
{
    char text[400] = "server.password=";
    memset(text + strlen(text), 's', 300);
    cr_assert_eq(LOAD(text), ERR_SYNTAX);
    cr_assert_null(strstr(report.error, "sss"));
    ASSERT_ERROR_HAS("server.password must be at most 200 bytes");
}

Test(config_section, override_without_a_value_is_an_error)
{
    cr_assert_eq(LOAD("loops"), ERR_SYNTAX);
    ASSERT_ERROR_HAS("expected section.key=value");
}

Test(config_section, file_that_cannot_be_read_is_an_error)
{
    const struct config_sources missing = {.path = "/nonexistent/simul.conf"};
    cr_assert_eq(config_load(&config, &missing, &report), ERR_IO);
    ASSERT_ERROR_HAS("/nonexistent/simul.conf: cannot be opened: No such file");
    const struct config_sources directory = {.path = "/"};
    cr_assert_eq(config_load(&config, &directory, &report), ERR_IO);
    ASSERT_ERROR_HAS("cannot be read");
}

Test(config_section, malformed_file_names_its_first_bad_line)
{
    cr_assert_eq(load_file("loops=1\nnonsense\nalso = unknown\n"), ERR_SYNTAX);
    ASSERT_ERROR_HAS(":2: expected [section] or key = value");
    cr_assert_eq(report.more_error_count, 1);
    cr_assert_not_null(strstr(report.more_errors[0], ":3: unknown setting also"));
    cr_assert_eq(load_file("loops=1\nfirst = unknown\nnonsense\n"), ERR_UNKNOWN);
    ASSERT_ERROR_HAS(":2: unknown setting first");
    cr_assert_eq(load_file("[listen.web\nport=1\n"), ERR_SYNTAX);
    ASSERT_ERROR_HAS(":1: expected [section]");
}

Test(config_section, header_stands_alone_on_its_line)
{
    cr_assert_eq(load_file("[listen.web] port = 8000\n"), ERR_SYNTAX);
    ASSERT_ERROR_HAS(":1: put what stands behind the ] on a line of its own");
    cr_assert_eq(load_file("[listen.web]port = 8000"), ERR_SYNTAX);
    cr_assert_eq(load_file("[listen.web] ; the page\r\nport = 8000 ; [there]\n[ws]# sockets\n"),
                 OK);
    cr_assert_eq(config.listeners[0].port, 8000);
    config_deinit(&config);
}

Test(config_section, line_that_is_too_long_or_has_a_zero_byte_is_an_error)
{
    char text[1000] = "loops=1\n[chat]\nmotd=";
    memset(text + strlen(text), 'm', 500);
    cr_assert_eq(load_file(text), ERR_SYNTAX);
    ASSERT_ERROR_HAS(":3: the line is longer than");
    strcat(text, "\nnick_length=0");
    cr_assert_eq(load_file(text), ERR_SYNTAX);
    cr_assert_eq(report.more_error_count, 1);
    cr_assert_not_null(strstr(report.more_errors[0], ":4: chat.nick_length"));
    cr_assert_eq(load_file_bytes("loops=1\nloops=\0002", 16), ERR_SYNTAX);
    ASSERT_ERROR_HAS(":2: the line is longer than");
}

Test(config_section, a_comment_may_be_of_any_length)
{
    char text[1000] = "; ";
    memset(text + strlen(text), 'c', 600);
    strcat(text, " loops=many\nloops=3\n");
    cr_assert_eq(load_file(text), OK, "%s", report.error);
    cr_assert_eq(config.loops, 3);
    config_deinit(&config);
}

/* --- certificates ------------------------------------------------------------------------ */

Test(config_section, certificates_are_sections_beside_the_settings_of_tls)
{
    cr_assert_eq(load_file("[tls]\ncertificate = d.pem\nkey = d.key\nminimum = 1.3\n"
                           "[tls.site]\nnames = Chat.Example.org, *.example.ORG\n"
                           "certificate = s.pem\nkey = s.key\n"
                           "[tls.other]\ncertificate = o.pem\nkey = o.key\n"),
                 OK, "%s", report.error);
    cr_assert_str_eq(config.tls.certificate, "d.pem");
    cr_assert_eq(config.tls.minimum, CONFIG_TLS_1_3);
    cr_assert_eq(config.certificate_count, 2);
    cr_assert_str_eq(config.certificates[0].name, "site");
    cr_assert_str_eq(config.certificates[0].names, "chat.example.org,*.example.org");
    cr_assert_str_eq(config.certificates[0].key, "s.key");
    cr_assert_str_eq(config.certificates[1].names, "");
    config_deinit(&config);
}

Test(config_section, a_section_alone_brings_tls)
{
    cr_assert_eq(LOAD("tls.site.certificate=a", "tls.site.key=b", "listen.web.tls=on"), OK);
    cr_assert(config_has_tls(&config));
    cr_assert_not_null(listener("webtls"));
    config_deinit(&config);
}

Test(config_section, a_certificate_section_wants_both_of_its_files)
{
    cr_assert_eq(LOAD("tls.site.names=a.test"), ERR_SYNTAX);
    ASSERT_ERROR_HAS("set tls.site.certificate and tls.site.key");
    cr_assert_eq(LOAD("tls.site.certificate=a.pem"), ERR_SYNTAX);
    ASSERT_ERROR_HAS("tls.site.key is not");
    cr_assert_eq(LOAD("tls.site.key=a.pem"), ERR_SYNTAX);
    ASSERT_ERROR_HAS("tls.site.certificate is not");
}

Test(config_section, certificate_sections_are_not_called_as_settings_are)
{
    static const char *const bad[] = {"tls.default.key=a", "tls.minimum.key=a", "tls.key.key=a"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_eq(LOAD(bad[i]), ERR_SYNTAX, "%s", bad[i]);
        ASSERT_ERROR_HAS("rename tls.");
    }
    cr_assert_eq(LOAD("tls.site=a"), ERR_UNKNOWN);
    cr_assert_eq(LOAD("tls.site.secret=a"), ERR_UNKNOWN);
}

Test(config_section, host_names_have_a_grammar)
{
    static const char *const bad[] = {"a..test", ".test", "-a.test",  "a.*.test", "*",      "*.",
                                      "a,,b",    "a,",    "a_b.test", "a.test:1", "**.test"};
    char text[400] = "tls.site.names=";
    size_t at = strlen(text);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        strcpy(text + at, bad[i]);
        cr_assert_eq(LOAD(text), ERR_SYNTAX, "%s", bad[i]);
        ASSERT_ERROR_HAS("host names, such as");
    }
    memset(text + at, 'a', 64);
    text[at + 64] = '\0';
    cr_assert_eq(LOAD(text, "tls.site.certificate=a", "tls.site.key=b"), ERR_SYNTAX);
    text[at + 63] = '\0';
    cr_assert_eq(LOAD(text, "tls.site.certificate=a", "tls.site.key=b"), OK);
    config_deinit(&config);
    for (size_t i = 0; i < 254; i++) /* the longest label, many times */
        text[at + i] = i % 64 == 63 ? '.' : 'a';
    text[at + 254] = '\0';
    cr_assert_eq(LOAD(text, "tls.site.certificate=a", "tls.site.key=b"), ERR_SYNTAX);
    text[at + 253] = '\0';
    cr_assert_eq(LOAD(text, "tls.site.certificate=a", "tls.site.key=b"), OK);
    config_deinit(&config);
}

Test(config_section, lists_for_openssl_have_an_alphabet)
{
    static const char *const bad[] = {"tls.ciphers=", "tls.ciphers=A B", "tls.curves=a,b",
                                      "tls.ciphersuites=a;b", "tls.minimum=1.1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(LOAD(bad[i]), ERR_SYNTAX, "%s", bad[i]);
    cr_assert_eq(LOAD("tls.ciphers=ECDHE+AESGCM:!aNULL:@SECLEVEL=2"), OK);
    config_deinit(&config);
}

Test(config_section, client_certificates_want_tls_and_who_vouches)
{
    cr_assert_eq(LOAD("listen.web.client_certificates=ask"), ERR_SYNTAX);
    ASSERT_ERROR_HAS("set listen.web.tls=on");
    cr_assert_eq(LOAD("tls.self_signed=on", "listen.webtls.client_certificates=require"),
                 ERR_SYNTAX);
    ASSERT_ERROR_HAS("set tls.client_authorities");
    cr_assert_eq(LOAD("tls.self_signed=on", "listen.webtls.client_certificates=require",
                      "tls.client_authorities=ca.pem", "listen.irctls.client_certificates=ask"),
                 OK);
    cr_assert_eq(listener("webtls")->client_certificates, CONFIG_CLIENT_CERTIFICATES_REQUIRE);
    cr_assert_eq(listener("irctls")->client_certificates, CONFIG_CLIENT_CERTIFICATES_ASK);
    config_deinit(&config);
}

/* --- proxies ----------------------------------------------------------------------------- */

Test(config_section, proxies_are_networks)
{
    cr_assert_eq(LOAD("proxy.trusted=10.0.0.0/8, ::1,unix"), OK, "%s", report.error);
    cr_assert_str_eq(config.proxy.trusted, "10.0.0.0/8, ::1,unix");
    cr_assert_eq(config.proxy.networks.count, 2);
    cr_assert(config.proxy.networks.has_unix);
    config_deinit(&config);
    cr_assert_eq(LOAD("proxy.trusted=10.0.0.1/8"), ERR_SYNTAX);
    ASSERT_ERROR_HAS("-o: proxy.trusted must be networks separated by commas, such as 10.0.0.0/8, "
                     "::1 or unix, not \"10.0.0.1/8\"");
    cr_assert_eq(LOAD("proxy.trusted=localhost"), ERR_SYNTAX);
}

Test(config_section, a_listener_for_proxies_wants_to_know_them)
{
    cr_assert_eq(LOAD("listen.web.proxy=on"), ERR_SYNTAX);
    ASSERT_ERROR_HAS("listen.web.proxy is on, but no proxy is known; set proxy.trusted");
    cr_assert_eq(LOAD("listen.web.proxy=on", "listen.web.port=off"), OK, "%s", report.error);
    config_deinit(&config);
    cr_assert_eq(LOAD("listen.web.proxy=on", "proxy.trusted=::1"), OK, "%s", report.error);
    cr_assert(listener("web")->proxy);
    cr_assert_not(listener("irc")->proxy);
    config_deinit(&config);
}

/* --- Unix sockets ------------------------------------------------------------------------ */

Test(config_section, an_address_may_be_a_unix_socket)
{
    cr_assert_eq(LOAD("listen.local.address=unix:/run/simul/s", "listen.web.address=unix:/run/w",
                      "listen.web.mode=666", "admin.address=unix:/run/a"),
                 OK, "%s", report.error);
    cr_assert_str_eq(listener("local")->address, "unix:/run/simul/s"); /* without a port */
    cr_assert_str_eq(listener("local")->mode, "0660");
    cr_assert_str_eq(listener("web")->mode, "666");
    cr_assert_str_eq(config.admin.address, "unix:/run/a");
    config_deinit(&config);
    cr_assert_eq(LOAD("listen.web.address=unix:relative"), ERR_SYNTAX);
    ASSERT_ERROR_HAS(
        "listen.web.address must be *, an IPv4 address, an IPv6 address or unix:/path");
    static const char *const modes[] = {"listen.web.mode=", "listen.web.mode=66",
                                        "listen.web.mode=0668", "listen.web.mode=rw-"};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        cr_assert_eq(LOAD(modes[i]), ERR_SYNTAX, "%s", modes[i]);
        ASSERT_ERROR_HAS("must be 3 or 4 octal digits");
    }
}
