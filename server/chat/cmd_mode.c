/* MODE (https://modern.ircdocs.horse). */
#include "chat/cmd.h"
#include "chat/hub_state.h"
#include "chat/mode.h"

void cmd_mode(struct hub_call *call)
{
    struct span target = call->line->params[0];
    if (target.len == 0 || target.ptr[0] != '#') {
        mode_user(call, target);
        return;
    }
    struct channel *ch = channel_find(call->hub, target);
    if (ch == NULL || !channel_is_visible(ch, call->user))
        REPLY(call, "403", target, SPAN("No such channel"));
    else
        mode_channel(call, ch);
}
