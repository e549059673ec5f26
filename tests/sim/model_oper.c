/* OPER and what it allows, as the model has it. */
#include "sim/model_call.h"

#include <stdio.h>
#include <string.h>

static bool may(struct model_call *c)
{
    if (!c->user->has_mode['o'])
        model_reply(c, "481");
    return c->user->has_mode['o'];
}

/* The loop has looked at the password: what comes here is the name alone, or nothing. */
void model_oper(struct model_call *c)
{
    struct model_user *u = c->user;
    if (model_param(c, 0).len == 0) {
        model_reply(c, "464");
        return;
    }
    model_reply(c, "381");
    if (u->has_mode['o'])
        return;
    u->has_mode['o'] = true;
    struct peer_message pm = model_message(c, "MODE %s :+o", u->nick);
    peer_expect_message(u->handle, &pm);
}

void model_kill(struct model_call *c)
{
    char nick[MODEL_NAME_CHARS], reason[MODEL_TEXT_CHARS];
    COPY(nick, model_param(c, 0));
    struct span comment = model_param(c, 1);
    struct model_user *u = model_user_named(c->m, nick);
    if (!may(c))
        return;
    if (u == NULL) {
        model_reply(c, "401");
        return;
    }
    struct peer_message pm = model_message(c, "KILL %s :%.*s", u->nick, SPAN_ARG(comment));
    peer_expect_message(u->handle, &pm);
    snprintf(reason, sizeof(reason), "Killed (%s (%.*s))", c->user->nick, SPAN_ARG(comment));
    peer_expect_no_more(u->handle);
    model_user_quits(c, u, reason);
}

void model_wallops(struct model_call *c)
{
    if (!may(c))
        return;
    struct peer_message pm = model_message(c, "WALLOPS :%.*s", SPAN_ARG(model_param(c, 0)));
    for (int i = 0; i < MODEL_USERS_MAX; i++)
        if (c->m->users[i].is_in && c->m->users[i].has_mode['w'])
            peer_expect_message(c->m->users[i].handle, &pm);
}
