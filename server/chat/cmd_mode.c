/* MODE (https://modern.ircdocs.horse). */
#include "chat/cmd.h"
#include "chat/hub_state.h"
#include "chat/mode.h"
#include "chat/require.h"

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
