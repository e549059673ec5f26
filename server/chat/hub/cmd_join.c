/* JOIN (https://modern.ircdocs.horse). */
#include "chat/hub/channel_reply.h"
#include "chat/hub/cmd.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"

/* The n-th of the keys, from 0; empty when there are fewer. */
static struct span key_for(const struct hub_call *call, uint32_t n)
{
    struct span keys = call->line->param_count > 1 ? call->line->params[1] : SPAN_EMPTY;
    for (; n > 0; n--)
        span_take_until(&keys, ',');
    return span_take_until(&keys, ',');
}

/* Whether the channel's modes let the user in, who has been told if they do not. An invitation
 * opens every door. */
static bool is_let_in(struct hub_call *call, const struct channel *ch)
{
    const struct user *u = call->user;
    if (invite_is_there(ch, u))
        return true;
    bool is_invited = mask_list_matches(&ch->lists[LIST_INVITED], user_source(u));
    if (channel_has_banned(ch, u))
        REPLY(call, "474", channel_name(ch), SPAN("Cannot join channel (+b)"));
    else if (ch->modes & CHANNEL_INVITE_ONLY && !is_invited)
        REPLY(call, "473", channel_name(ch), SPAN("Cannot join channel (+i)"));
    else if (ch->key != NULL && !span_eq(key_for(call, call->cursor->target), span_str(ch->key)))
        REPLY(call, "475", channel_name(ch), SPAN("Cannot join channel (+k)"));
    else if (ch->limit > 0 && ch->members.count >= ch->limit)
        REPLY(call, "471", channel_name(ch), SPAN("Cannot join channel (+l)"));
    else
        return true;
    return false;
}

/* In two forms, of which each session gets one
 * (https://ircv3.net/specs/extensions/extended-join). "*": nobody has an account. Who is
 * away says so too (https://ircv3.net/specs/extensions/away-notify). */
static void announce(struct hub_call *call, struct membership *m)
{
    const struct user *u = m->user;
    struct span name = channel_name(m->channel);
    struct message *plain = HUB_MESSAGE(call, user_source(u), "JOIN", SPAN_EMPTY, name);
    struct message *extended = HUB_MESSAGE(call, user_source(u), "JOIN", SPAN_EMPTY, name,
                                           SPAN("*"), span_str(u->realname));
    plain->avoid = extended->need = CAP_EXTENDED_JOIN;
    extended->part = plain->part; /* the same event, under the same msgid */
    hub_send_membership(call, m, plain);
    hub_send_membership(call, m, extended);
    if (u->away != NULL)
        hub_send_membership(call, m, away_message(call, u));
}

/* False when there is no such channel for this user, who has been told why. */
static bool try_join(struct hub_call *call, struct span name)
{
    struct hub *hub = call->hub;
    if (name.ptr[0] != '#') {
        REPLY(call, "403", name, SPAN("No such channel"));
        return false;
    }
    if (!irc_channel_is_valid(name, hub->options.channel_bytes_max)) {
        REPLY(call, "476", name, SPAN("Bad channel name"));
        return false;
    }
    struct channel *ch = channel_find(hub, name);
    if (ch != NULL && channel_member(ch, call->user) != NULL)
        return false;
    if (call->user->channel_count >= HUB_CHANNELS_PER_USER_MAX) {
        REPLY(call, "405", name, SPAN("You have joined too many channels"));
        return false;
    }
    if (ch == NULL)
        ch = channel_new(hub, name, call->at.ms);
    else if (!is_let_in(call, ch))
        return false;
    invite_remove(ch, call->user);
    announce(call, channel_add_member(call, ch, call->user));
    if (ch->topic != NULL)
        topic_reply(call, ch);
    return true;
}

static bool join(struct hub_call *call, struct span name)
{
    if (!call->cursor->is_begun && !try_join(call, name))
        return true;
    if (call->caps & CAP_NO_IMPLICIT_NAMES)
        return true;
    call->cursor->is_begun = true;
    return names_reply(call, name);
}

/* "JOIN 0" */
static void part_all(struct hub_call *call)
{
    struct user *u = call->user;
    while (!list_is_empty(&u->memberships)) {
        struct membership *m = container_of(u->memberships.next, struct membership, in_user);
        hub_send_membership(
            call, m,
            HUB_MESSAGE(call, user_source(u), "PART", SPAN_EMPTY, channel_name(m->channel)));
        channel_part_member(call, m);
    }
}

void cmd_join(struct hub_call *call)
{
    struct span list = call->line->params[0];
    if (span_eq(list, SPAN("0")))
        part_all(call);
    else
        call_each_target(call, list, UINT32_MAX, join);
}
