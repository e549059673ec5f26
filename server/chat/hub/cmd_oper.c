/* OPER, and what only operators may: KILL, WALLOPS, REHASH (https://modern.ircdocs.horse). */
#include "chat/hub/cmd.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"
#include "chat/hub/mode.h"
#include "chat/hub/require.h"
#include "simul/utf8.h"

#include <stdio.h>

enum { COMMENT_BYTES_MAX = 250 }; /* of KILL: what is said of it fits a line */

/* The session's loop has looked at the password, and what came here is its decision: "OPER name"
 * for the right one, "OPER :" for a wrong one, and nothing behind OPER where nobody can become one.
 * A line as clients say it has never been judged, and is refused. */
void cmd_oper(struct hub_call *call)
{
    const struct irc_line *line = call->line;
    if (line->param_count != 1) {
        REPLY(call, "491", SPAN("No O-lines for your host"));
    } else if (line->params[0].len == 0) {
        REPLY(call, "464", SPAN("Password incorrect"));
    } else {
        REPLY(call, "381", SPAN("You are now an IRC operator"));
        mode_user_set(call, call->user, call->user->modes | USER_OPER);
    }
}

void cmd_kill(struct hub_call *call)
{
    if (!require_server_operator(call))
        return;
    struct span nick = call->line->params[0];
    struct span comment = call->line->param_count > 1 ? call->line->params[1] : SPAN_EMPTY;
    comment = comment.len == 0 ? SPAN("No reason given") : utf8_cut(comment, COMMENT_BYTES_MAX);
    struct user *u = user_find(call->hub, nick);
    if (u == NULL && span_eq_nocase(nick, span_str(call->hub->options.server_name))) {
        REPLY(call, "483", SPAN("You can't kill a server!"));
    } else if (u == NULL) {
        REPLY(call, "401", nick, SPAN("No such nick/channel"));
    } else {
        char reason[512];
        snprintf(reason, sizeof(reason), "Killed (%.*s (%.*s))", SPAN_ARG(user_nick(call->user)),
                 SPAN_ARG(comment));
        hub_send_user(
            call, u,
            HUB_MESSAGE(call, user_source(call->user), "KILL", SPAN_EMPTY, user_nick(u), comment));
        user_end(call, u, reason);
    }
}

void cmd_wallops(struct hub_call *call)
{
    struct hub *hub = call->hub;
    if (!require_server_operator(call))
        return;
    struct recipients *to = recipients_begin(hub);
    uint64_t after = 0;
    for (const struct user *u; (u = roster_next(&hub->user_order, &after)) != NULL;)
        for (struct list *n = u->sessions.next; u->modes & USER_WALLOPS && n != &u->sessions;
             n = n->next)
            recipients_add(to, container_of(n, struct hub_session, in_user));
    hub_send_recipients(
        call, to,
        HUB_MESSAGE(call, user_source(call->user), "WALLOPS", SPAN_EMPTY, call->line->params[0]));
}

/* The session's loop asks for what HUP does, and tells what came of it behind this reply. */
void cmd_rehash(struct hub_call *call)
{
    if (!require_server_operator(call))
        return;
    REPLY(call, "382", span_str(call->hub->options.server_name), SPAN("Rehashing"));
    struct delivery *d = delivery_new(DELIVERY_REHASH, call->from, NULL, 0);
    CHECK(d != NULL);
    hub_send(call, call->from.loop, d);
}
