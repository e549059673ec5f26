/* KICK (https://modern.ircdocs.horse). */
#include "chat/cmd.h"
#include "chat/hub_state.h"
#include "chat/require.h"
#include "chat/target.h"
#include "simul/utf8.h"

/* Told to the channel, its last words to the one who goes. */
static void kick(struct hub_call *call, struct channel *ch, struct span nick, struct span reason)
{
    struct membership *m = require_other(call, ch, nick);
    if (m == NULL)
        return;
    hub_send_channel(call, ch,
                     HUB_MESSAGE(call, user_source(call->user), "KICK", SPAN_EMPTY,
                                 channel_name(ch), user_nick(m->user), reason),
                     false);
    channel_part_member(call, m);
}

/* One channel and several users. Who kicks itself in the middle of the list has been an operator
 * when it began, but a channel that ended with that is gone. */
void cmd_kick(struct hub_call *call)
{
    const struct irc_line *line = call->line;
    const struct hub_options *options = &call->hub->options;
    struct span reason = line->param_count > 2 ? line->params[2] : SPAN_EMPTY;
    reason = reason.len == 0 ? user_nick(call->user)
                             : utf8_cut(reason, hub_kick_bytes_max(options->nick_bytes_max,
                                                                   options->channel_bytes_max));
    struct channel *ch = require_channel(call, line->params[0]);
    const struct membership *m = ch == NULL ? NULL : require_member(call, ch);
    if (m == NULL || !require_operator(call, m))
        return;
    struct span list = line->params[1], nick;
    for (int n = 0; ch != NULL && target_next(&list, &nick); n++) {
        if (n == HUB_TARGETS_MAX) {
            REPLY(call, "407", nick, SPAN("Too many targets"));
            return;
        }
        kick(call, ch, nick, reason);
        ch = channel_find(call->hub, line->params[0]);
    }
}
