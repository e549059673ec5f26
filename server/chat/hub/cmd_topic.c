/* TOPIC (https://modern.ircdocs.horse). */
#include "chat/hub/channel_reply.h"
#include "chat/hub/cmd.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"
#include "chat/hub/require.h"
#include "simul/decimal.h"
#include "simul/utf8.h"

void topic_reply(struct hub_call *call, const struct channel *ch)
{
    char seconds[DECIMAL_CHARS];
    REPLY(call, "332", channel_name(ch), span_str(ch->topic));
    REPLY(call, "333", channel_name(ch), span_str(ch->topic_setter),
          decimal(ch->topic_ms / 1000, seconds));
}

void cmd_topic(struct hub_call *call)
{
    struct channel *ch = require_channel(call, call->line->params[0]);
    if (ch == NULL)
        return;
    if (call->line->param_count == 1) {
        if (ch->topic == NULL)
            REPLY(call, "331", channel_name(ch), SPAN("No topic is set"));
        else
            topic_reply(call, ch);
        return;
    }
    const struct membership *m = require_member(call, ch);
    if (m == NULL || (ch->modes & CHANNEL_TOPIC_BY_OPS && !require_channel_operator(call, m)))
        return;
    struct span topic =
        utf8_cut(call->line->params[1], hub_topic_bytes_max(call->hub->options.nick_bytes_max,
                                                            call->hub->options.channel_bytes_max));
    channel_set_topic(ch, topic, user_source(call->user), call->at.ms);
    hub_send_channel(
        call, ch,
        HUB_MESSAGE(call, user_source(call->user), "TOPIC", SPAN_EMPTY, channel_name(ch), topic),
        false);
}
