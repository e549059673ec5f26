#include "chat/welcome.h"

#include "chat/chat_loop.h"
#include "chat/session.h"
#include "config.h"
#include "net/net.h"

#include <stdio.h>

/* Text of our own, short and made of short parts. */
__attribute__((format(printf, 2, 3))) static struct span print(char out[256], const char *format,
                                                               ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(out, 256, format, args);
    va_end(args);
    CHECK(n >= 0);
    return span_of(out, n < 256 ? (size_t)n : 255);
}

static void write_server(struct conn *c)
{
    const struct chat_loop *cl = conn_net(c)->chat;
    const char *name = cl->config->server.name;
    struct span nick = chat_session_nick(chat_session_of(c));
    char text[256];
    NUMERIC(c, "001",
            print(text, "Welcome to %s, %.*s", cl->config->server.network, SPAN_ARG(nick)));
    NUMERIC(c, "002", print(text, "Your host is %s, running simul-%s", name, SIMUL_VERSION));
    NUMERIC(c, "003", print(text, "This server was started on %s", cl->created));
    NUMERIC(c, "004", span_str(name), SPAN("simul-" SIMUL_VERSION), SPAN("i"), SPAN("notv"),
            SPAN("ov"));
}

/* https://modern.ircdocs.horse, RPL_ISUPPORT parameters. Nothing here that is not so. */
static void write_isupport(struct conn *c)
{
    const struct config *config = conn_net(c)->config;
    char network[256], nick[256], channel[256], chanlimit[256], modes[256], targets[256],
        topic[256];
    NUMERIC(c, "005", SPAN("CASEMAPPING=ascii"),
            print(chanlimit, "CHANLIMIT=#:%d", HUB_CHANNELS_PER_USER_MAX), SPAN("CHANMODES=,,,nt"),
            print(channel, "CHANNELLEN=%d", (int)config->chat.channel_length), SPAN("CHANTYPES=#"),
            print(modes, "MODES=%d", HUB_MODES_MAX),
            print(network, "NETWORK=%s", config->server.network),
            print(nick, "NICKLEN=%d", (int)config->chat.nick_length), SPAN("PREFIX=(ov)@+"),
            print(targets, "TARGMAX=JOIN:,NAMES:1,NOTICE:%d,PART:,PRIVMSG:%d,TAGMSG:%d",
                  HUB_TARGETS_MAX, HUB_TARGETS_MAX, HUB_TARGETS_MAX),
            print(topic, "TOPICLEN=%zu",
                  hub_topic_bytes_max((size_t)config->chat.nick_length,
                                      (size_t)config->chat.channel_length)),
            SPAN("UTF8ONLY"), SPAN("are supported by this server"));
}

static void write_counts(struct conn *c, const struct hub_counts *n)
{
    char text[256], now[16], most[16];
    NUMERIC(c, "251",
            print(text, "There are %u users and %u invisible on 1 server", n->users - n->invisible,
                  n->invisible));
    snprintf(now, sizeof(now), "%u", n->channels);
    NUMERIC(c, "254", span_str(now), SPAN("channels formed"));
    NUMERIC(c, "255", print(text, "I have %u clients and 0 servers", n->users));
    snprintf(now, sizeof(now), "%u", n->users);
    snprintf(most, sizeof(most), "%u", n->users_max);
    NUMERIC(c, "265", span_str(now), span_str(most),
            print(text, "Current local users %u, max %u", n->users, n->users_max));
    NUMERIC(c, "266", span_str(now), span_str(most),
            print(text, "Current global users %u, max %u", n->users, n->users_max));
}

void welcome_write_motd(struct conn *c)
{
    const struct chat_loop *cl = conn_net(c)->chat;
    struct span rest = buf_span(&cl->motd.text), line;
    char text[256];
    if (rest.len == 0) {
        NUMERIC(c, "422", SPAN("No message of the day"));
        return;
    }
    NUMERIC(c, "375", print(text, "- %s Message of the day -", cl->config->server.name));
    while (motd_next(&rest, &line))
        NUMERIC(c, "372", line);
    NUMERIC(c, "376", SPAN("End of /MOTD"));
}

void welcome_write(struct conn *c, const struct hub_counts *counts)
{
    write_server(c);
    write_isupport(c);
    write_counts(c, counts);
    welcome_write_motd(c);
}
