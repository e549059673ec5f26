/* TOPIC (https://modern.ircdocs.horse). */
#include "chat/channel_reply.h"
#include "chat/cmd.h"
#include "chat/hub_state.h"
#include "simul/utf8.h"

#include <stdio.h>

static struct span seconds_text(uint64_t ms, char out[24])
{
    int n = snprintf(out, 24, "%llu", (unsigned long long)(ms / 1000));
    return span_of(out, (size_t)n);
}

void topic_reply(struct hub_call *call, const struct channel *ch)
{
    char seconds[24];
    REPLY(call, "332", channel_name(ch), span_str(ch->topic));
    REPLY(call, "333", channel_name(ch), span_str(ch->topic_setter),
          seconds_text(ch->topic_ms, seconds));
}

void cmd_topic(struct hub_call *call)
{
    struct span name = call->line->params[0];
    struct channel *ch = channel_find(call->hub, name);
    if (ch == NULL) {
        REPLY(call, "403", name, SPAN("No such channel"));
        return;
    }
    if (call->line->param_count == 1) {
        if (ch->topic == NULL)
            REPLY(call, "331", channel_name(ch), SPAN("No topic is set"));
        else
            topic_reply(call, ch);
        return;
    }
    struct membership *m = channel_member(ch, call->user);
    if (m == NULL) {
        REPLY(call, "442", channel_name(ch), SPAN("You're not on that channel"));
        return;
    }
    if (ch->modes & CHANNEL_TOPIC_BY_OPS && !(m->roles & ROLE_OP)) {
        REPLY(call, "482", channel_name(ch), SPAN("You're not channel operator"));
        return;
    }
    struct span topic =
        utf8_cut(call->line->params[1], hub_topic_bytes_max(call->hub->options.nick_bytes_max,
                                                            call->hub->options.channel_bytes_max));
    channel_set_topic(ch, topic, user_source(call->user), call->at.ms);
    hub_send_channel(
        call, ch,
        HUB_MESSAGE(call, user_source(call->user), "TOPIC", SPAN_EMPTY, channel_name(ch), topic),
        false);
}
