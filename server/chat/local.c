#include "chat/local.h"

#include "chat/secret.h"
#include "chat/session.h"
#include "config/config.h"
#include "net/net.h"
#include "simul/utf8.h"

/* --- registration ------------------------------------------------------------------------ */

static void already_registered(struct conn *c)
{
    NUMERIC(c, "462", SPAN("You may not reregister"));
}

void local_pass(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    if (s->is_registered) {
        already_registered(c);
        return;
    }
    struct span want = span_str(conn_net(c)->config->server.password);
    struct span got = line->params[0];
    s->knows_password = secret_eq(got, want);
}

/* Registered sessions change their nick in the hub. */
void local_nick(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    if (line->param_count == 0 || line->params[0].len == 0) {
        NUMERIC(c, "431", SPAN("No nickname given"));
        return;
    }
    struct span nick = line->params[0];
    if (!irc_nick_is_valid(nick, (size_t)conn_net(c)->config->chat.nick_length)) {
        NUMERIC(c, "432", nick, SPAN("Erroneous nickname"));
        return;
    }
    if (registration_command_set_nick(&s->registration, nick) != OK)
        conn_abort_no_memory(c);
}

/* Nobody vouches for the name, which the '~' says. */
void local_user(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    if (s->is_registered) {
        already_registered(c);
        return;
    }
    if (line->params[3].len == 0) {
        NUMERIC(c, "461", SPAN("USER"), SPAN("Not enough parameters"));
        return;
    }
    struct registration_details *d = s->registration->details;
    d->user[0] = '~';
    size_t len = irc_user_clean(line->params[0], (uint8_t *)d->user + 1, sizeof(d->user) - 1);
    if (len == 0) {
        NUMERIC(c, "468", SPAN("Your username is not valid"));
        return;
    }
    d->user_bytes = (uint8_t)(1 + len);
    struct span realname = utf8_cut(line->params[3], HUB_REALNAME_BYTES_MAX);
    memcpy(d->realname, realname.ptr, realname.len);
    d->realname_bytes = (uint8_t)realname.len;
}

/* --- the rest ---------------------------------------------------------------------------- */

void local_ping(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    (void)s;
    if (line->param_count == 0 || line->params[0].len == 0)
        NUMERIC(c, "409", SPAN("No origin specified"));
    else
        SAY(c, "PONG", span_str(conn_net(c)->config->server.name), line->params[0]);
}

/* That it came is all that it says. */
void local_pong(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    (void)c;
    (void)s;
    (void)line;
}

void local_quit(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    (void)c;
    (void)line;
    s->reason = "Quit";
}
