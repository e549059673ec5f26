/* KICK (https://modern.ircdocs.horse). */
#include "chat/hub/cmd.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"
#include "chat/hub/require.h"
#include "chat/hub/target.h"
#include "simul/utf8.h"

/* Told to the channel, its last words to the one who goes. */
static void kick(struct hub_call *call, struct span name, struct span nick, struct span reason)
{
    struct channel *ch = require_channel(call, name);
    const struct membership *by = ch == NULL ? NULL : require_member(call, ch);
    if (by == NULL || !require_channel_operator(call, by))
        return;
    struct membership *m = require_other(call, ch, nick);
    if (m == NULL)
        return;
    hub_send_channel(call, ch,
                     HUB_MESSAGE(call, user_source(call->user), "KICK", SPAN_EMPTY,
                                 channel_name(ch), user_nick(m->user), reason),
                     false);
    channel_part_member(call, m);
}

/* Without a reason it is the nick of who does it. */
static struct span reason_of(const struct hub_call *call)
{
    const struct hub_options *options = &call->hub->options;
    size_t bytes_max = hub_kick_bytes_max(options->nick_bytes_max, options->channel_bytes_max);
    if (call->line->param_count < 3 || call->line->params[2].len == 0)
        return user_nick(call->user);
    return utf8_cut(call->line->params[2], bytes_max);
}

/* Several users from one channel, or the n-th user from the n-th channel (RFC 2812 3.2.8). */
void cmd_kick(struct hub_call *call)
{
    struct span channels = call->line->params[0], nicks = call->line->params[1];
    struct span name = SPAN_EMPTY, next, nick;
    for (int n = 0; target_next(&nicks, &nick); n++) {
        if (n == HUB_TARGETS_MAX) {
            REPLY(call, "407", nick, SPAN("Too many targets"));
            return;
        }
        if (target_next(&channels, &next))
            name = next;
        kick(call, name, nick, reason_of(call));
    }
}
