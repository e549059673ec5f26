/* What a reload puts in force on every loop, and that it leaves no trace when it fails. */
#include "reload.h"

#include "chat/chat_loop.h"
#include "config/config_table.h"
#include "config/config_value.h"
#include "net/door.h"
#include "unit/server_fixture.h"

#include <stdio.h>
#include <string.h>

enum { SETTINGS_MAX = 16 };

/* What is set beside what never changes. */
static struct {
    const char *all[SETTINGS_MAX];
    struct config_sources sources;
} given;

static void give(const char *const *more, size_t count)
{
    static const char *const own[] = {
        "server.name=s.test", "loops=2",           "jobs.enabled=off",
        "listen.web.port=0",  "listen.irc.port=0", "listen.echo.port=0",
        "admin.port=0",
    };
    const size_t own_count = sizeof(own) / sizeof(own[0]);
    memcpy(given.all, own, sizeof(own));
    for (size_t i = 0; i < count; i++)
        given.all[own_count + i] = more[i];
    given.sources =
        (struct config_sources){.overrides = given.all, .override_count = own_count + count};
}

static void setup(void)
{
    static const char *const settings[] = {"loops=2"};
    whole = (typeof(whole)){0};
    whole_start(settings, 1);
    give(NULL, 0);
    whole.server->sources = &given.sources;
}

TestSuite(reload, .init = setup, .fini = whole_stop);

static void reload_with(const char *const *more, size_t count)
{
    give(more, count);
    reload_begin(whole.server);
    whole_settle();
    cr_assert_null(whole.server->reload);
}

#define RELOAD(...)                                                                                \
    do {                                                                                           \
        const char *const more[] = {__VA_ARGS__};                                                  \
        reload_with(more, sizeof(more) / sizeof(more[0]));                                         \
    } while (0)

#define EACH_NET(n)                                                                                \
    for (struct net *n = &whole.server->threads[0].net,                                            \
                    *end_ = &whole.server->threads[whole.server->net_count].net;                   \
         n != end_; n = &container_of(n, struct loop_thread, net)[1].net)

/* --- every live setting ------------------------------------------------------------------ */

/* Another value than the default; NULL: none is known without files. */
static const char *other_value(const struct config_setting *setting, char text[64])
{
    static const char *const texts[][2] = {
        {"ws.origins", "https://a.example"}, {"log.modules", "net=warn"},
        {"proxy.trusted", "10.0.0.0/8"},     {"server.admin", "somebody"},
        {"server.password", "secret"},       {"chat.motd", "/dev/null"},
    };
    const char *choice;
    switch (setting->type) {
    case CONFIG_TYPE_NUMBER:
        snprintf(text, 64, "%lld", (long long)(setting->min > 0 ? setting->min : 1));
        return text;
    case CONFIG_TYPE_SWITCH:
        return strcmp(setting->initial, "on") == 0 ? "off" : "on";
    case CONFIG_TYPE_CHOICE:
        choice = strchr(setting->choices, '|') + 1;
        snprintf(text, 64, "%.*s", (int)strcspn(choice, "|"), choice);
        return text;
    case CONFIG_TYPE_TEXT:
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
            if (strcmp(setting->key, texts[i][0]) == 0)
                return texts[i][1];
    }
    return NULL;
}

Test(reload, each_live_setting_is_published_to_each_loop)
{
    unsigned count = 0;
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct config_setting *setting = &config_settings[i];
        char value[64], text[128];
        const char *other = other_value(setting, value);
        if (!setting->is_live || other == NULL || strncmp(setting->key, "tls.", 4) == 0)
            continue;
        snprintf(text, sizeof(text), "%s=%s", setting->key, other);
        RELOAD(text);
        EACH_NET(n)
        {
            cr_assert_eq(n->config, whole.server->reloaded, "%s", text);
            cr_assert_eq(n->chat->config, n->config);
            cr_assert_not(config_value_is_equal(setting, n->config, &whole.config), "%s", text);
        }
        count++;
    }
    cr_assert_gt(count, 30);
}

/* --- what follows from them -------------------------------------------------------------- */

Test(reload, what_follows_from_settings_is_computed_anew)
{
    RELOAD("limits.out_bytes=5000", "slow_ms=7", "limits.header_bytes=300", "limits.body_bytes=9",
           "limits.handshake_seconds=3", "ws.ping_seconds=4", "chat.ping_seconds=5",
           "limits.memory_bytes=2000000", "ws.message_bytes_max=200");
    EACH_NET(n)
    {
        cr_assert_eq(n->out_bytes_max, 5000);
        cr_assert_eq(n->slow_ns, 7000000);
        cr_assert_eq(n->http_limits.header_bytes, 300);
        cr_assert_eq(n->http_limits.body_bytes, 9);
        cr_assert_eq(n->timers[TIMER_HANDSHAKE].duration_ms, 3000);
        cr_assert_eq(n->timers[TIMER_WS_PING].duration_ms, 4000);
        cr_assert_eq(n->timers[TIMER_CHAT_PING].duration_ms, 5000);
        cr_assert_eq(n->memory.bytes_max, 2000000);
        cr_assert_eq(n->chat->ws_rules.message_bytes_max, 200);
        cr_assert_eq(n->chat->ws_rules.inflated_bytes_max, 200);
        cr_assert_str_eq(n->chat->ping_reason->text, "Ping timeout: 5 seconds");
    }
    RELOAD("limits.read_rate_min=1", "limits.write_rate_min=2", "limits.rate_seconds=3");
    EACH_NET(n)
    {
        cr_assert_eq(n->pace.in_bytes_min, 3);
        cr_assert_eq(n->pace.out_bytes_min, 6);
        cr_assert_eq(n->slow_ns, 100000000, "the default again");
    }
}

Test(reload, listeners_have_what_is_said_of_them)
{
    RELOAD("ws.deflate=on", "echo.faults=on", "echo.commands=on", "listen.web.faults=off");
    EACH_NET(n)
    for (unsigned i = 0; i < n->listener_count; i++) {
        const struct listener *l = &n->listeners[i];
        cr_assert_eq(l->deflate, !l->is_admin);
        cr_assert_eq(l->faults, !l->is_admin && strcmp(l->name, "web") != 0);
        if (strcmp(l->name, "echo") == 0)
            cr_assert_str_eq(l->session->name, "tcp-command");
    }
    RELOAD("ws.deflate=off");
    cr_assert_str_eq(whole_listener("echo")->session->name, "tcp-echo");
    cr_assert_not(whole_listener("irc")->deflate);
}

/* A proxy that is trusted no more begins with no header that anybody would take. */
Test(reload, listeners_go_with_the_proxies_that_are_trusted)
{
    RELOAD("proxy.trusted=10.0.0.0/8", "listen.web.proxy=on");
    EACH_NET(n)
    for (unsigned i = 0; i < n->listener_count; i++)
        cr_assert_eq(n->listeners[i].proxy, strcmp(n->listeners[i].name, "web") == 0);
    RELOAD("slow_ms=7");
    cr_assert_not(whole_listener("web")->proxy);
}

/* --- failures, and what follows each other ----------------------------------------------- */

Test(reload, what_is_wrong_changes_nothing)
{
    RELOAD("slow_ms=7");
    const struct config *before = whole.server->config;
    RELOAD("slow_ms=8", "no.such=1");
    cr_assert_eq(whole.server->config, before);
    EACH_NET(n)
    cr_assert_eq(n->slow_ns, 7000000);
}

Test(reload, one_that_is_asked_for_meanwhile_follows)
{
    RELOAD("slow_ms=7");
    static const char *const next[] = {"slow_ms=8"};
    reload_begin(whole.server);
    give(next, 1);
    reload_begin(whole.server);
    cr_assert(whole.server->reload_again);
    whole_settle();
    EACH_NET(n)
    cr_assert_eq(n->slow_ns, 8000000);
}

Test(reload, one_on_its_way_at_the_end_is_not_lost)
{
    static const char *const next[] = {"slow_ms=9"};
    give(next, 1);
    reload_begin(whole.server);
    whole_tick(1);
    server_free(whole.server); /* leaks would be told */
    whole.server = NULL;
}

Test(reload, without_sources_the_files_alone_are_read)
{
    whole.server->sources = NULL;
    reload_begin(whole.server);
    whole_settle();
    cr_assert_eq(whole.server->config, &whole.config);
    cr_assert_null(whole.server->reload);
}
