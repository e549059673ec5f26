/* NICK and QUIT, as the model has them. */
#include "sim/model_call.h"
#include "simul/irc.h"

#include <stdio.h>
#include <string.h>

enum { NICK_BYTES_MAX = 16 };

void model_nick(struct model_call *c)
{
    char name[MODEL_NAME_CHARS];
    COPY(name, model_param(c, 0));
    struct model_user *holder = model_user_named(c->m, name);
    if (!irc_nick_is_valid(span_str(name), NICK_BYTES_MAX) ||
        (holder != NULL && holder != c->user)) {
        model_reply(c, holder == NULL ? "432" : "433");
        return;
    }
    if (strcmp(name, c->user->nick) == 0)
        return;
    struct peer_message pm = model_message(c, "NICK :%s", name);
    model_tell_peers(c->m, c->user, &pm);
    COPY(c->user->nick, span_str(name));
}

void model_user_quits(struct model_call *c, const char *text)
{
    struct model_user *u = c->user;
    struct peer_message pm = model_message(c, "QUIT :%s", text);
    pm.from = u->handle;
    pm.is_for_others = true;
    model_tell_peers(c->m, u, &pm);
    for (int k = 0; k < MODEL_CHANNELS_MAX; k++)
        if (c->m->channels[k].is_in)
            model_leave(&c->m->channels[k], u);
    u->is_in = false;
}

void model_quit(struct model_call *c)
{
    char text[MODEL_TEXT_CHARS];
    snprintf(text, sizeof(text), "Quit: %.*s", SPAN_ARG(model_param(c, 0)));
    model_user_quits(c, text);
}
