/* JOIN, PART, TOPIC, NAMES (https://modern.ircdocs.horse, channel operations). */
#include "chat/cmd.h"
#include "chat/hub_state.h"
#include "chat/target.h"
#include "simul/utf8.h"

#include <stdio.h>

static struct span seconds_text(uint64_t ms, char out[24])
{
    int n = snprintf(out, 24, "%llu", (unsigned long long)(ms / 1000));
    return span_of(out, (size_t)n);
}

static void no_such_channel(struct hub_call *call, struct span name)
{
    REPLY(call, "403", name, SPAN("No such channel"));
}

/* --- NAMES ---------------------------------------------------------------------------------- */

/* One line of names that is being put together: ":server 353 nick = #channel :names". */
struct names {
    struct hub_call *call;
    const struct channel *ch;
    size_t room; /* for the names */
    size_t len;
    char text[IRC_REST_BYTES_MAX];
};

static void names_say(struct names *n)
{
    if (n->len > 0)
        REPLY(n->call, "353", SPAN("="), channel_name(n->ch), span_of(n->text, n->len));
    n->len = 0;
}

static void names_add(struct names *n, const struct membership *m)
{
    struct span nick = user_nick(m->user);
    if (n->len > 0 && n->len + nick.len + 2 > n->room)
        names_say(n);
    if (n->len > 0)
        n->text[n->len++] = ' ';
    if (m->roles != 0)
        n->text[n->len++] = m->roles & ROLE_OP ? '@' : '+';
    memcpy(n->text + n->len, nick.ptr, nick.len);
    n->len += nick.len;
}

/* Goes on behind the cursor. Users who are invisible are so to those outside
 * (https://modern.ircdocs.horse, user modes). False when there is more to come. */
static bool reply_names(struct hub_call *call, const struct channel *ch)
{
    struct names names = {.call = call, .ch = ch};
    names.room = IRC_REST_BYTES_MAX - strlen(call->hub->options.server_name) -
                 strlen(":  353  =  :") - call->user->nick_bytes - strlen(ch->name);
    bool is_outside = channel_member(ch, call->user) == NULL;
    uint64_t at = call->cursor->after;
    for (const struct membership *m; (m = roster_next(&ch->members, &at)) != NULL;) {
        if (!call_take_row(call)) {
            names_say(&names);
            return false;
        }
        call->cursor->after = at;
        if (!is_outside || !(m->user->modes & USER_INVISIBLE))
            names_add(&names, m);
    }
    names_say(&names);
    REPLY(call, "366", channel_name(ch), SPAN("End of /NAMES list"));
    return true;
}

static bool names(struct hub_call *call, struct span name)
{
    const struct channel *ch = channel_find(call->hub, name);
    if (ch != NULL)
        return reply_names(call, ch);
    REPLY(call, "366", name, SPAN("End of /NAMES list"));
    return true;
}

void cmd_names(struct hub_call *call)
{
    if (call->line->param_count == 0)
        REPLY(call, "366", SPAN("*"), SPAN("End of /NAMES list"));
    else
        call_each_target(call, call->line->params[0], names);
}

/* --- TOPIC ---------------------------------------------------------------------------------- */

static void reply_topic(struct hub_call *call, const struct channel *ch)
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
        no_such_channel(call, name);
        return;
    }
    if (call->line->param_count == 1) {
        if (ch->topic == NULL)
            REPLY(call, "331", channel_name(ch), SPAN("No topic is set"));
        else
            reply_topic(call, ch);
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

/* --- JOIN and PART -------------------------------------------------------------------------- */

/* False when there is no such channel for this user, who has been told why. */
static bool try_join(struct hub_call *call, struct span name)
{
    struct hub *hub = call->hub;
    if (name.ptr[0] != '#') {
        no_such_channel(call, name);
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
    hub_send_membership(
        call, channel_add_member(call, ch, call->user),
        HUB_MESSAGE(call, user_source(call->user), "JOIN", SPAN_EMPTY, channel_name(ch)));
    if (ch->topic != NULL)
        reply_topic(call, ch);
    return true;
}

static bool join(struct hub_call *call, struct span name)
{
    if (!call->cursor->is_begun && !try_join(call, name))
        return true;
    call->cursor->is_begun = true;
    const struct channel *ch = channel_find(call->hub, name);
    return ch == NULL || reply_names(call, ch); /* it may have ended meanwhile */
}

void cmd_join(struct hub_call *call)
{
    call_each_target(call, call->line->params[0], join);
}

static void part(struct hub_call *call, struct span name)
{
    struct channel *ch = channel_find(call->hub, name);
    if (ch == NULL) {
        no_such_channel(call, name);
        return;
    }
    struct membership *m = channel_member(ch, call->user);
    if (m == NULL) {
        REPLY(call, "442", channel_name(ch), SPAN("You're not on that channel"));
        return;
    }
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
