#include "plan/url.h"
#include "unit/expect.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct url url;
static const char *why;

static void printed(const char *text, const char *want)
{
    char out[URL_TARGET_BYTES + URL_HOST_BYTES + 32];
    expect_ok(url_parse(text, &url, &why));
    url_print(&url, out, sizeof(out));
    cr_assert_str_eq(out, want);
}

static void refused(const char *text, const char *reason)
{
    why = NULL;
    expect_err(url_parse(text, &url, &why), ERR_SYNTAX);
    cr_assert_str_eq(why, reason, "%s: %s", text, why);
}

Test(url, has_scheme_host_port_and_target)
{
    expect_ok(url_parse("wss://chat.example.org:8443/chat?room=1", &url, &why));
    cr_assert_str_eq(url.scheme->name, "wss");
    cr_assert_eq(url.scheme->carrier, CARRIER_WS);
    cr_assert(url.scheme->tls);
    cr_assert_str_eq(url.host, "chat.example.org");
    cr_assert_eq(url.port, 8443);
    cr_assert_str_eq(url.target, "/chat?room=1");
}

Test(url, is_printed_with_its_port)
{
    printed("tcp://127.0.0.1:7007", "tcp://127.0.0.1:7007");
    printed("tls://localhost:7008/", "tls://localhost:7008");
    printed("ws://h", "ws://h:80/");
    printed("wss://h/", "wss://h:443/");
    printed("irc://irc.example.org", "irc://irc.example.org:6667");
    printed("ircs://h", "ircs://h:6697");
    printed("http://h/jobs/primes?n=3&m=%20", "http://h:80/jobs/primes?n=3&m=%20");
    printed("https://h?x=/", "https://h:443/?x=/");
    printed("HTTP://My_Host-1", "http://My_Host-1:80/");
}

Test(url, writes_ipv6_in_brackets)
{
    printed("ws://[::1]:8080/echo", "ws://[::1]:8080/echo");
    cr_assert_str_eq(url.host, "::1");
    printed("irc://[2001:db8::1]", "irc://[2001:db8::1]:6667");
}

Test(url, is_cut_where_it_does_not_fit)
{
    char out[10];
    expect_ok(url_parse("ws://127.0.0.1/", &url, &why));
    url_print(&url, out, sizeof(out));
    cr_assert_str_eq(out, "ws://127.");
}

Test(url, refuses_other_schemes)
{
    expect_err(url_parse("ftp://h/", &url, &why), ERR_UNKNOWN);
    cr_assert_str_eq(why, "there is no such scheme");
    expect_err(url_parse("://h/", &url, &why), ERR_UNKNOWN);
    refused("", "a scheme is missing, as in ws://host/");
    refused("127.0.0.1:8080", "a scheme is missing, as in ws://host/");
    refused("localhost", "a scheme is missing, as in ws://host/");
    refused("ws:/h", "a scheme is missing, as in ws://host/");
}

Test(url, refuses_hosts_that_are_none)
{
    refused("ws://", "a host is missing");
    refused("ws:///path", "a host is missing");
    refused("ws://:80", "a host is missing");
    refused("ws://a b/", "the host is neither a name nor an address");
    refused("ws://h\r\nx/", "the host is neither a name nor an address");
    refused("ws://h%41/", "the host is neither a name nor an address");
    refused("ws://::1/", "an IPv6 address stands in brackets, as in ws://[::1]/");
    refused("ws://fe80::1:80", "an IPv6 address stands in brackets, as in ws://[::1]/");
    refused("ws://[::1", "the ']' of the address is missing");
    refused("ws://[]/", "a host is missing");
    refused("ws://[::g]/", "what is between [ and ] is no IPv6 address");
    refused("ws://[127.0.0.1]/", "what is between [ and ] is no IPv6 address");
    refused("ws://user:secret@h/", "user names are not for here");
    refused("ws://user@h/", "user names are not for here");
}

Test(url, refuses_ports_that_are_none)
{
    static const char WHY[] = "the port is not a number from 1 to 65535";
    refused("ws://h:", WHY);
    refused("ws://h:0", WHY);
    refused("ws://h:65536", WHY);
    refused("ws://h:655350", WHY);
    refused("ws://h:-1", WHY);
    refused("ws://h:80a/", WHY);
    refused("ws://[::1]8080/", WHY);
    refused("tcp://h", "a port is missing, as in tcp://host:7007");
    refused("tls://h/", "a port is missing, as in tcp://host:7007");
    expect_ok(url_parse("tcp://h:65535", &url, &why));
    cr_assert_eq(url.port, 65535);
}

Test(url, refuses_targets_that_would_break_a_request)
{
    static const char WHY[] = "blanks and other such characters must be written as %20";
    refused("http://h/a b", WHY);
    refused("http://h/a\r\nHost: x", WHY);
    refused("http://h/\xc3\xa4", WHY);
    refused("http://h/\x7f", WHY);
    refused("http://h/#top", "a fragment ('#') is never sent");
    refused("http://h#top", "a fragment ('#') is never sent");
    refused("tcp://h:1/path", "a path means nothing to this scheme");
    refused("irc://h/channel", "a path means nothing to this scheme");
}

Test(url, knows_its_longest_parts)
{
    char text[URL_TARGET_BYTES + 64];
    snprintf(text, sizeof(text), "ws://%0*d/", URL_HOST_BYTES - 1, 0);
    expect_ok(url_parse(text, &url, &why));
    snprintf(text, sizeof(text), "ws://%0*d/", URL_HOST_BYTES, 0);
    refused(text, "the host is too long");
    snprintf(text, sizeof(text), "ws://h/%0*d", URL_TARGET_BYTES - 2, 0);
    expect_ok(url_parse(text, &url, &why));
    cr_assert_eq(strlen(url.target), URL_TARGET_BYTES - 1);
    snprintf(text, sizeof(text), "ws://h/%0*d", URL_TARGET_BYTES - 1, 0);
    refused(text, "the path is too long");
    snprintf(text, sizeof(text), "ws://h?%0*d", URL_TARGET_BYTES - 3, 0);
    expect_ok(url_parse(text, &url, &why));
    snprintf(text, sizeof(text), "ws://h?%0*d", URL_TARGET_BYTES - 2, 0);
    refused(text, "the path is too long");
}
