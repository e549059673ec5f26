/* NICK, SETNAME and QUIT of a registered user. */
#include "chat/hub/cmd.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"

#include <stdio.h>

void cmd_nick(struct hub_call *call)
{
    struct user *u = call->user;
    if (call->line->param_count == 0 || call->line->params[0].len == 0) {
        REPLY(call, "431", SPAN("No nickname given"));
        return;
    }
    struct span nick = call->line->params[0];
    if (!irc_nick_is_valid(nick, call->hub->options.nick_bytes_max)) {
        REPLY(call, "432", nick, SPAN("Erroneous nickname"));
        return;
    }
    struct user *holder = user_find(call->hub, nick);
    if (holder != NULL && holder != u) {
        REPLY(call, "433", nick, SPAN("Nickname is already in use"));
        return;
    }
    if (span_eq(nick, user_nick(u)))
        return;
    hub_send_peers(call, u, HUB_MESSAGE(call, user_source(u), "NICK", SPAN_EMPTY, nick));
    user_rename(call, u, nick);
    hub_send_renamed(call, u);
}

/* https://ircv3.net/specs/extensions/setname: clients without it are told nothing. */
void cmd_setname(struct hub_call *call)
{
    struct user *u = call->user;
    struct span realname = call->line->params[0];
    if (realname.len == 0 || realname.len > HUB_REALNAME_BYTES_MAX) {
        if (call->caps & (CAP_SETNAME | CAP_STANDARD_REPLIES))
            reply_fail(call, "SETNAME", "INVALID_REALNAME", SPAN("Realname is not valid"));
        return;
    }
    user_set_realname(u, realname);
    struct message *m = HUB_MESSAGE(call, user_source(u), "SETNAME", SPAN_EMPTY, realname);
    m->need = CAP_SETNAME;
    hub_send_change(call, u, m);
}

/* "Quit" tells what a user says from what the server says. */
void cmd_quit(struct hub_call *call)
{
    char text[sizeof("Quit: ") + IRC_REST_BYTES_MAX];
    struct span said = call->line->param_count == 0 ? SPAN_EMPTY : call->line->params[0];
    snprintf(text, sizeof(text), "Quit%s%.*s", said.len == 0 ? "" : ": ", SPAN_ARG(said));
    user_end(call, call->user, text);
}
