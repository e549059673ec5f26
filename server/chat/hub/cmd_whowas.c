/* WHOWAS (https://modern.ircdocs.horse, WHOWAS message). */
#include "chat/hub/cmd.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"

#include <time.h>

/* Up to how many entries are wanted: with no number, or one that is not positive, as many as one
 * answer may have rows. */
static uint32_t entries_max(const struct hub_call *call)
{
    uint32_t most = call->hub->options.rows_max, wanted = 0;
    if (call->line->param_count < 2)
        return most;
    struct span number = call->line->params[1];
    for (size_t i = 0; i < number.len; i++) {
        if (number.ptr[i] < '0' || number.ptr[i] > '9')
            return most;
        wanted = wanted * 10 + (number.ptr[i] - (uint32_t)'0');
        if (wanted >= most)
            return most;
    }
    return wanted == 0 ? most : wanted;
}

static void reply_entry(struct hub_call *call, const struct whowas_entry *e)
{
    struct span nick = whowas_nick(e);
    REPLY(call, "314", nick, whowas_user(e), whowas_host(e), SPAN("*"), whowas_realname(e));
    if (call->user->modes & USER_OPER)
        REPLY(call, "338", nick, whowas_ip(e), SPAN("was actually using host"));
    time_t seconds = (time_t)(e->until_ms / 1000);
    struct tm tm;
    char until[32];
    gmtime_r(&seconds, &tm);
    size_t len = strftime(until, sizeof(until), "%Y-%m-%d %H:%M:%S UTC", &tm);
    REPLY(call, "312", nick, span_str(call->hub->options.server_name), span_of(until, len));
}

void cmd_whowas(struct hub_call *call)
{
    struct span nick = call->line->param_count == 0 ? SPAN_EMPTY : call->line->params[0];
    if (nick.len == 0) {
        REPLY(call, "431", SPAN("No nickname given"));
        return;
    }
    const struct whowas *past = &call->hub->whowas;
    uint64_t before = past->count;
    uint32_t most = entries_max(call), found = 0;
    for (const struct whowas_entry *e; found < most && (e = whowas_next(past, &before)) != NULL;) {
        if (!irc_eq(whowas_nick(e), nick))
            continue;
        reply_entry(call, e);
        found++;
    }
    if (found == 0)
        REPLY(call, "406", nick, SPAN("There was no such nickname"));
    REPLY(call, "369", nick, SPAN("End of WHOWAS"));
}
