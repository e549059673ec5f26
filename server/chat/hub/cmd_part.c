/* PART (https://modern.ircdocs.horse). */
#include "chat/hub/cmd.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"
#include "chat/hub/require.h"
#include "chat/hub/target.h"

static void part(struct hub_call *call, struct span name)
{
    struct channel *ch = require_channel(call, name);
    struct membership *m = ch == NULL ? NULL : require_member(call, ch);
    if (m == NULL)
        return;
    struct span params[2] = {channel_name(ch)};
    size_t count = 1;
    if (call->line->param_count > 1 && call->line->params[1].len > 0)
        params[count++] = call->line->params[1];
    hub_send_membership(
        call, m, hub_message(call, user_source(call->user), "PART", SPAN_EMPTY, params, count));
    channel_part_member(call, m);
}

void cmd_part(struct hub_call *call)
{
    struct span list = call->line->params[0], name;
    while (target_next(&list, &name))
        part(call, name);
}
