/* INVITE (https://modern.ircdocs.horse). */
#include "chat/hub/cmd.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"
#include "chat/hub/require.h"

static void list_invites(struct hub_call *call)
{
    const struct user *u = call->user;
    for (struct list *n = u->invites.next; n != &u->invites; n = n->next)
        REPLY(call, "336", channel_name(container_of(n, struct invite, in_user)->channel));
    REPLY(call, "337", SPAN("End of /INVITE list"));
}

/* https://ircv3.net/specs/extensions/invite-notify */
static void announce(struct hub_call *call, struct channel *ch, struct user *u)
{
    struct message *m = HUB_MESSAGE(call, user_source(call->user), "INVITE", SPAN_EMPTY,
                                    user_nick(u), channel_name(ch));
    struct message *news = HUB_MESSAGE(call, user_source(call->user), "INVITE", SPAN_EMPTY,
                                       user_nick(u), channel_name(ch));
    news->part = m->part; /* the same event, under the same msgid */
    news->need = CAP_INVITE_NOTIFY;
    news->is_for_others = true;
    hub_send_user(call, u, m);
    hub_send_channel(call, ch, news, false);
}

/* An invitation by an operator is kept, and opens the channel; one by another member is news. */
static void invite(struct hub_call *call, struct span nick, struct span name)
{
    struct user *u = require_user(call, nick);
    struct channel *ch = u == NULL ? NULL : require_channel(call, name);
    const struct membership *m = ch == NULL ? NULL : require_member(call, ch);
    if (m == NULL || (ch->modes & CHANNEL_INVITE_ONLY && !require_channel_operator(call, m)))
        return;
    if (channel_member(ch, u) != NULL) {
        REPLY(call, "443", user_nick(u), channel_name(ch), SPAN("is already on channel"));
        return;
    }
    if (m->roles & ROLE_OP)
        invite_add(ch, u);
    REPLY(call, "341", user_nick(u), channel_name(ch));
    if (u->away != NULL)
        REPLY(call, "301", user_nick(u), span_str(u->away));
    announce(call, ch, u);
}

void cmd_invite(struct hub_call *call)
{
    if (call->line->param_count == 0)
        list_invites(call);
    else if (call->line->param_count == 1)
        REPLY(call, "461", SPAN("INVITE"), SPAN("Not enough parameters"));
    else
        invite(call, call->line->params[0], call->line->params[1]);
}
