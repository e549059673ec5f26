/* JOIN (https://modern.ircdocs.horse). */
#include "chat/channel_reply.h"
#include "chat/cmd.h"
#include "chat/hub_state.h"

/* False when there is no such channel for this user, who has been told why. */
static bool try_join(struct hub_call *call, struct span name)
{
    struct hub *hub = call->hub;
    if (name.ptr[0] != '#') {
        REPLY(call, "403", name, SPAN("No such channel"));
        return false;
    }
    if (!irc_channel_is_valid(name, hub->options.channel_bytes_max)) {
        REPLY(call, "476", name, SPAN("Bad channel name"));
        return false;
    }
    struct channel *ch = channel_find(hub, name);
    if (ch != NULL && channel_member(ch, call->user) != NULL)
        return false;
    if (call->user->channel_count >= HUB_CHANNELS_PER_USER_MAX) {
        REPLY(call, "405", name, SPAN("You have joined too many channels"));
        return false;
    }
    if (ch == NULL)
        ch = channel_new(hub, name, call->at.ms);
    hub_send_membership(
        call, channel_add_member(call, ch, call->user),
        HUB_MESSAGE(call, user_source(call->user), "JOIN", SPAN_EMPTY, channel_name(ch)));
    if (call->user->away != NULL)
        hub_send_membership(call, channel_member(ch, call->user), away_message(call, call->user));
    if (ch->topic != NULL)
        topic_reply(call, ch);
    return true;
}

static bool join(struct hub_call *call, struct span name)
{
    if (!call->cursor->is_begun && !try_join(call, name))
        return true;
    call->cursor->is_begun = true;
    const struct channel *ch = channel_find(call->hub, name);
    return ch == NULL || names_reply(call, ch); /* it may have ended meanwhile */
}

void cmd_join(struct hub_call *call)
{
    call_each_target(call, call->line->params[0], join);
}
