/* STATS: u, for how long the server has been up; o, who is an operator, told to operators. Other
 * letters have nothing to tell (https://modern.ircdocs.horse, STATS message). */
#include "chat/hub/cmd.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"
#include "chat/hub/require.h"

#include <inttypes.h>
#include <stdio.h>

static void uptime(struct hub_call *call)
{
    uint64_t started_ms = call->hub->options.started_ms;
    uint64_t s = call->at.ms > started_ms ? (call->at.ms - started_ms) / 1000 : 0;
    char text[64];
    int n = snprintf(text, sizeof(text),
                     "Server Up %" PRIu64 " days %" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 86400,
                     s / 3600 % 24, s / 60 % 60, s % 60);
    REPLY(call, "242", span_of(text, (size_t)n));
}

/* Goes on behind the cursor; false when there is more to come. */
static bool operators(struct hub_call *call)
{
    uint64_t at = call->cursor->after;
    for (const struct user *u; (u = roster_next(&call->hub->user_order, &at)) != NULL;) {
        if (!call_take_row(call))
            return false;
        call->cursor->after = at;
        if (u->modes & USER_OPER)
            REPLY(call, "243", SPAN("O"), span_drop(user_source(u), u->nick_bytes + 1u), SPAN("*"),
                  user_nick(u));
    }
    return true;
}

void cmd_stats(struct hub_call *call)
{
    struct span query = call->line->params[0];
    if (span_eq(query, SPAN("o")) && (!require_server_operator(call) || !operators(call)))
        return;
    if (span_eq(query, SPAN("u")))
        uptime(call);
    REPLY(call, "219", query, SPAN("End of /STATS report"));
}
