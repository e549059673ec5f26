#include "chat/welcome.h"

#include "chat/chat_loop.h"
#include "chat/lusers.h"
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
    NUMERIC(c, "004", span_str(name), SPAN("simul-" SIMUL_VERSION), SPAN("Biow"),
            SPAN("beIiklmnostv"), SPAN("beIklov"));
}

/* Says the tokens, which are separated by spaces, in as many lines as they need. */
static void write_tokens(struct conn *c, struct span tokens)
{
    enum { LINE_TOKENS_MAX = 12, LINE_TOKENS_BYTES_MAX = 350 };
    struct span params[LINE_TOKENS_MAX + 1];
    while (tokens.len > 0) {
        size_t count = 0, bytes = 0;
        while (tokens.len > 0 && count < LINE_TOKENS_MAX) {
            size_t len = span_find(tokens, ' ');
            bytes += len + 1;
            if (bytes > LINE_TOKENS_BYTES_MAX && count > 0)
                break;
            params[count++] = span_take(tokens, len);
            tokens = span_drop(tokens, len < tokens.len ? len + 1 : len);
        }
        params[count++] = SPAN("are supported by this server");
        chat_session_numeric(c, "005", params, count);
    }
}

/* https://modern.ircdocs.horse, RPL_ISUPPORT parameters. Nothing here that is not so. */
static void write_isupport(struct conn *c)
{
    const struct config *config = conn_net(c)->config;
    int nick_length = (int)config->chat.nick_length;
    int channel_length = (int)config->chat.channel_length;
    char tokens[1024];
    int n = snprintf(tokens, sizeof(tokens),
                     "CASEMAPPING=ascii CHANLIMIT=#:%d CHANMODES=beI,k,l,imnst CHANNELLEN=%d "
                     "CHANTYPES=# EXCEPTS=e INVEX=I KEYLEN=%d MAXLIST=beI:%d MODES=%d NETWORK=%s "
                     "NICKLEN=%d PREFIX=(ov)@+ "
                     "TARGMAX=JOIN:,NAMES:1,NOTICE:%d,PART:,PRIVMSG:%d,TAGMSG:%d "
                     "TOPICLEN=%zu UTF8ONLY",
                     HUB_CHANNELS_PER_USER_MAX, channel_length, HUB_KEY_BYTES_MAX, HUB_MASKS_MAX,
                     HUB_MODES_MAX, config->server.network, nick_length, HUB_TARGETS_MAX,
                     HUB_TARGETS_MAX, HUB_TARGETS_MAX,
                     hub_topic_bytes_max((size_t)nick_length, (size_t)channel_length));
    CHECK(n > 0 && (size_t)n < sizeof(tokens));
    write_tokens(c, span_of(tokens, (size_t)n));
}

static void say_numeric(void *to, const char *numeric, const struct span *params, size_t count)
{
    chat_session_numeric(to, numeric, params, count);
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
    lusers_say(counts, say_numeric, c);
    welcome_write_motd(c);
}
