/* MODE (https://modern.ircdocs.horse). */
#include "chat/hub/cmd.h"
#include "chat/hub/hub_state.h"
#include "chat/hub/mode.h"
#include "chat/hub/require.h"

void cmd_mode(struct hub_call *call)
{
    struct span target = call->line->params[0];
    if (target.len == 0 || target.ptr[0] != '#') {
        mode_user(call, target);
        return;
    }
    struct channel *ch = require_channel(call, target);
    if (ch != NULL)
        mode_channel(call, ch);
}
