/* MODE of users: i. */
#include "chat/mode.h"

#include "chat/hub_state.h"

static void set_invisible(struct hub_call *call, bool is_invisible)
{
    struct user *u = call->user;
    if ((u->modes & USER_INVISIBLE) == (is_invisible ? USER_INVISIBLE : 0))
        return;
    user_set_modes(call->hub, u, u->modes ^ USER_INVISIBLE);
    hub_send_user(call, u,
                  HUB_MESSAGE(call, user_source(u), "MODE", SPAN_EMPTY, user_nick(u),
                              is_invisible ? SPAN("+i") : SPAN("-i")));
}

void mode_user(struct hub_call *call, struct span nick)
{
    struct user *u = user_find(call->hub, nick);
    if (u == NULL) {
        REPLY(call, "401", nick, SPAN("No such nick/channel"));
        return;
    }
    if (u != call->user) {
        REPLY(call, "502", SPAN("Cannot see or change the modes of other users"));
        return;
    }
    if (call->line->param_count == 1) {
        REPLY(call, "221", u->modes & USER_INVISIBLE ? SPAN("+i") : SPAN("+"));
        return;
    }
    struct span letters = call->line->params[1];
    bool is_set = u->modes & USER_INVISIBLE, is_unknown = false, is_adding = true;
    for (size_t i = 0; i < letters.len; i++) {
        char letter = (char)letters.ptr[i];
        if (letter == '+' || letter == '-')
            is_adding = letter == '+';
        else if (letter == 'i')
            is_set = is_adding;
        else
            is_unknown = true;
    }
    if (is_unknown)
        REPLY(call, "501", SPAN("Unknown MODE flag"));
    set_invisible(call, is_set);
}
