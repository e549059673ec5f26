/* What a server tells of itself: MOTD, VERSION, TIME, ADMIN, INFO, LINKS
 * (https://modern.ircdocs.horse, server queries). There is only this one server. */
#include "chat/chat_loop.h"
#include "chat/local.h"
#include "chat/session.h"
#include "chat/welcome.h"
#include "config/config.h"
#include "net/net.h"

#include <stdio.h>
#include <time.h>

static struct span server_name(const struct conn *c)
{
    return span_str(conn_net(c)->config->server.name);
}

/* Whether the line asks a server that is not this one; then that has been said. Whoever names
 * itself means the server that it is on. */
static bool is_elsewhere(struct conn *c, const struct irc_line *line)
{
    if (line->param_count == 0 || irc_mask_matches(line->params[0], server_name(c)) ||
        irc_eq(line->params[0], chat_session_nick(chat_session_of(c))))
        return false;
    NUMERIC(c, "402", line->params[0], SPAN("No such server"));
    return true;
}

void local_motd(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    (void)s;
    if (!is_elsewhere(c, line))
        welcome_write_motd(c);
}

void local_version(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    (void)s;
    if (is_elsewhere(c, line))
        return;
    NUMERIC(c, "351", SPAN("simul-" SIMUL_VERSION), server_name(c),
            SPAN("IRC with IRCv3 over TCP, TLS and WebSocket"));
    welcome_write_isupport(c);
}

void local_time(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    (void)s;
    if (is_elsewhere(c, line))
        return;
    char seconds[24], text[64];
    time_t now = (time_t)(conn_net(c)->loop->wall_ms / 1000);
    struct tm tm;
    gmtime_r(&now, &tm);
    int seconds_bytes = snprintf(seconds, sizeof(seconds), "%lld", (long long)now);
    size_t text_bytes = strftime(text, sizeof(text), "%A, %d %B %Y, %H:%M:%S UTC", &tm);
    NUMERIC(c, "391", server_name(c), span_of(seconds, (size_t)seconds_bytes), SPAN("0"),
            span_of(text, text_bytes));
}

void local_admin(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    (void)s;
    if (is_elsewhere(c, line))
        return;
    const struct config *config = conn_net(c)->config;
    if (config->server.admin[0] == '\0') {
        NUMERIC(c, "423", server_name(c), SPAN("No administrative info available"));
        return;
    }
    NUMERIC(c, "256", server_name(c), SPAN("Administrative info"));
    NUMERIC(c, "257", span_str(config->server.network));
    NUMERIC(c, "258", server_name(c));
    NUMERIC(c, "259", span_str(config->server.admin));
}

void local_info(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    (void)s;
    if (is_elsewhere(c, line))
        return;
    char started[64];
    int n = snprintf(started, sizeof(started), "Started on %s", chat_loop_of(c)->created);
    NUMERIC(c, "371", SPAN("simul " SIMUL_VERSION));
    NUMERIC(c, "371", SPAN("An echo server and a chat server. Don't block. Keep moving."));
    NUMERIC(c, "371", span_of(started, (size_t)n));
    NUMERIC(c, "374", SPAN("End of /INFO list"));
}

void local_links(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    (void)s;
    char text[64];
    int n = snprintf(text, sizeof(text), "0 %s", conn_net(c)->config->server.network);
    bool is_meant = line->param_count == 0 ||
                    irc_mask_matches(line->params[line->param_count > 1 ? 1 : 0], server_name(c));
    if (is_meant)
        NUMERIC(c, "364", server_name(c), server_name(c), span_of(text, (size_t)n));
    NUMERIC(c, "365", line->param_count > 0 ? line->params[0] : SPAN("*"),
            SPAN("End of /LINKS list"));
}
