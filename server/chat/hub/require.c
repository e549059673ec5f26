#include "chat/hub/require.h"

#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"

struct user *require_user(struct hub_call *call, struct span nick)
{
    struct user *u = user_find(call->hub, nick);
    if (u == NULL)
        REPLY(call, "401", nick, SPAN("No such nick/channel"));
    return u;
}

struct channel *require_channel(struct hub_call *call, struct span name)
{
    struct channel *ch = channel_find(call->hub, name);
    if (ch != NULL && channel_is_visible(ch, call->user))
        return ch;
    REPLY(call, "403", name, SPAN("No such channel"));
    return NULL;
}

struct membership *require_member(struct hub_call *call, const struct channel *ch)
{
    struct membership *m = channel_member(ch, call->user);
    if (m == NULL)
        REPLY(call, "442", channel_name(ch), SPAN("You're not on that channel"));
    return m;
}

struct membership *require_other(struct hub_call *call, const struct channel *ch, struct span nick)
{
    const struct user *u = require_user(call, nick);
    if (u == NULL)
        return NULL;
    struct membership *m = channel_member(ch, u);
    if (m == NULL)
        REPLY(call, "441", user_nick(u), channel_name(ch), SPAN("They aren't on that channel"));
    return m;
}

bool require_channel_operator(struct hub_call *call, const struct membership *m)
{
    if (m->roles & ROLE_OP)
        return true;
    REPLY(call, "482", channel_name(m->channel), SPAN("You're not channel operator"));
    return false;
}

bool require_server_operator(struct hub_call *call)
{
    if (call->user->modes & USER_OPER)
        return true;
    REPLY(call, "481", SPAN("Permission Denied- You're not an IRC operator"));
    return false;
}
