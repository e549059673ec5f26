/* NAMES (https://modern.ircdocs.horse). */
#include "chat/hub/channel_reply.h"
#include "chat/hub/cmd.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"
#include "chat/hub/reply_list.h"

/* https://ircv3.net/specs/extensions/userhost-in-names */
static struct span name_for(const struct hub_call *call, const struct user *u)
{
    return call->caps & CAP_USERHOST_IN_NAMES ? user_source(u) : user_nick(u);
}

/* Users who are invisible are so to those outside (https://modern.ircdocs.horse, user modes). */
static bool reply_members(struct hub_call *call, const struct channel *ch)
{
    struct span kind = ch->modes & CHANNEL_SECRET ? SPAN("@") : SPAN("=");
    struct reply_list list;
    reply_list_init(&list, call, "353", ' ', (struct span[]){kind, channel_name(ch)}, 2);
    uint64_t at = call->cursor->after;
    for (const struct membership *m; (m = roster_next(&ch->members, &at)) != NULL;) {
        if (!call_take_row(call)) {
            reply_list_end(&list);
            return false;
        }
        call->cursor->after = at;
        if (membership_is_visible(m, call->user))
            reply_list_add(&list, membership_prefix(m, call->caps), name_for(call, m->user));
    }
    reply_list_end(&list);
    REPLY(call, "366", channel_name(ch), SPAN("End of /NAMES list"));
    return true;
}

bool names_reply(struct hub_call *call, struct span name)
{
    const struct channel *ch = channel_find(call->hub, name);
    if (ch != NULL && channel_is_visible(ch, call->user))
        return reply_members(call, ch);
    REPLY(call, "366", name, SPAN("End of /NAMES list"));
    return true;
}

void cmd_names(struct hub_call *call)
{
    if (call->line->param_count == 0)
        REPLY(call, "366", SPAN("*"), SPAN("End of /NAMES list"));
    else
        call_each_target(call, call->line->params[0], HUB_TARGETS_MAX, names_reply);
}
