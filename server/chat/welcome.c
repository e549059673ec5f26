#include "chat/welcome.h"

#include "chat/chat_loop.h"
#include "chat/hub/lusers.h"
#include "chat/session.h"
#include "config/config.h"
#include "net/net.h"

#include <stdio.h>

enum { ISUPPORT_TOKENS_MAX = 12, ISUPPORT_BYTES_MAX = 350 /* of one line */ };

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
    const struct chat_loop *cl = chat_loop_of(c);
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

/* Tokens that are put together to lines of numeric 005. */
struct isupport {
    struct conn *conn;
    size_t count, bytes;
    struct span tokens[ISUPPORT_TOKENS_MAX + 1]; /* with the text behind them */
    char text[ISUPPORT_BYTES_MAX];
};

static void isupport_end(struct isupport *i)
{
    i->tokens[i->count++] = SPAN("are supported by this server");
    chat_session_numeric(i->conn, "005", i->tokens, i->count);
    i->count = i->bytes = 0;
}

__attribute__((format(printf, 2, 3))) static void isupport_add(struct isupport *i,
                                                               const char *format, ...)
{
    char token[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(token, sizeof(token), format, args);
    va_end(args);
    CHECK(n > 0 && (size_t)n < sizeof(token));
    if (i->count == ISUPPORT_TOKENS_MAX || i->bytes + (size_t)n > sizeof(i->text))
        isupport_end(i);
    memcpy(i->text + i->bytes, token, (size_t)n);
    i->tokens[i->count++] = span_of(i->text + i->bytes, (size_t)n);
    i->bytes += (size_t)n;
}

/* https://modern.ircdocs.horse, RPL_ISUPPORT parameters. Nothing here that is not so. */
void welcome_write_isupport(struct conn *c)
{
    const struct config *config = conn_net(c)->config;
    int nick_length = (int)config->chat.nick_length;
    int channel_length = (int)config->chat.channel_length;
    struct isupport i = {.conn = c};
    isupport_add(&i, "AWAYLEN=%d", HUB_AWAY_BYTES_MAX);
    isupport_add(&i, "BOT=B");
    isupport_add(&i, "CASEMAPPING=ascii");
    isupport_add(&i, "CHANLIMIT=#:%d", HUB_CHANNELS_PER_USER_MAX);
    isupport_add(&i, "CHANMODES=beI,k,l,imnst");
    isupport_add(&i, "CHANNELLEN=%d", channel_length);
    isupport_add(&i, "CHANTYPES=#");
    isupport_add(&i, "ELIST=CMNTU");
    isupport_add(&i, "EXCEPTS=e");
    isupport_add(&i, "INVEX=I");
    isupport_add(&i, "KEYLEN=%d", HUB_KEY_BYTES_MAX);
    isupport_add(&i, "KICKLEN=%zu",
                 hub_kick_bytes_max((size_t)nick_length, (size_t)channel_length));
    isupport_add(&i, "MAXLIST=beI:%d", HUB_MASKS_MAX);
    isupport_add(&i, "MODES=%d", HUB_MODES_MAX);
    isupport_add(&i, "MONITOR=%d", HUB_WATCHES_MAX);
    isupport_add(&i, "NAMELEN=%d", HUB_REALNAME_BYTES_MAX);
    isupport_add(&i, "NETWORK=%s", config->server.network);
    isupport_add(&i, "NICKLEN=%d", nick_length);
    isupport_add(&i, "PREFIX=(ov)@+");
    isupport_add(&i, "SAFELIST");
    isupport_add(&i, "STATUSMSG=@+");
    isupport_add(
        &i, "TARGMAX=JOIN:,KICK:%d,LIST:,NAMES:%d,NOTICE:%d,PART:,PRIVMSG:%d,TAGMSG:%d,WHOIS:%d",
        HUB_TARGETS_MAX, HUB_TARGETS_MAX, HUB_TARGETS_MAX, HUB_TARGETS_MAX, HUB_TARGETS_MAX,
        HUB_TARGETS_MAX);
    isupport_add(&i, "TOPICLEN=%zu",
                 hub_topic_bytes_max((size_t)nick_length, (size_t)channel_length));
    isupport_add(&i, "UTF8ONLY");
    isupport_add(&i, "WHOX");
    isupport_end(&i);
}

static void say_numeric(void *to, const char *numeric, const struct span *params, size_t count)
{
    chat_session_numeric(to, numeric, params, count);
}

void welcome_write_motd(struct conn *c)
{
    const struct chat_loop *cl = chat_loop_of(c);
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
    welcome_write_isupport(c);
    lusers_say(counts, say_numeric, c);
    welcome_write_motd(c);
}
