/* NAMES (https://modern.ircdocs.horse). */
#include "chat/channel_reply.h"
#include "chat/cmd.h"
#include "chat/hub_state.h"

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

bool names_reply(struct hub_call *call, const struct channel *ch)
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
        return names_reply(call, ch);
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
