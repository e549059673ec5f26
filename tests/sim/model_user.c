/* What a user does to itself, as the model has it: AWAY, NICK, QUIT, SETNAME. */
#include "sim/model_call.h"
#include "sim/sim.h"
#include "simul/irc.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NICK_BYTES_MAX = 16 };

void model_away(struct model_call *c)
{
    struct model_user *u = c->user;
    char text[MODEL_TEXT_CHARS];
    COPY(text, model_param(c, 0));
    if (strcmp(text, u->away) != 0) {
        strcpy(u->away, text);
        struct peer_message pm =
            text[0] == '\0' ? model_message(c, "AWAY") : model_message(c, "AWAY :%s", text);
        pm.need = CAP_AWAY_NOTIFY;
        pm.is_for_others = true;
        model_tell_change(c->m, u, &pm);
    }
    model_reply(c, text[0] == '\0' ? "305" : "306");
}

void model_setname(struct model_call *c)
{
    struct span name = model_param(c, 0);
    if (name.len == 0) {
        if (c->e->line->caps & (CAP_SETNAME | CAP_STANDARD_REPLIES))
            peer_expect_line(c->e->from, false, ":s.test FAIL SETNAME INVALID_REALNAME ");
        return;
    }
    COPY(c->user->realname, name);
    struct peer_message pm = model_message(c, "SETNAME :%s", c->user->realname);
    pm.need = CAP_SETNAME;
    model_tell_change(c->m, c->user, &pm);
}

static void remember(struct model_call *c, const struct model_user *u)
{
    struct model *m = c->m;
    SIM_CHECK(m->past_count < MODEL_PAST_MAX, "the model has no room for the past");
    struct model_past *p = &m->past[m->past_count++];
    p->until_ms = c->e->at.ms;
    strcpy(p->nick, u->nick);
    strcpy(p->tail, u->tail);
    strcpy(p->ip, u->ip);
    strcpy(p->realname, u->realname);
}

void model_nick(struct model_call *c)
{
    struct model_user *u = c->user;
    char name[MODEL_NAME_CHARS];
    COPY(name, model_param(c, 0));
    struct model_user *holder = model_user_named(c->m, name);
    if (!irc_nick_is_valid(span_str(name), NICK_BYTES_MAX) || (holder != NULL && holder != u)) {
        model_reply(c, holder == NULL ? "432" : "433");
        return;
    }
    if (strcmp(name, u->nick) == 0)
        return;
    bool is_another = strcasecmp(name, u->nick) != 0;
    struct peer_message pm = model_message(c, "NICK :%s", name);
    model_tell_peers(c->m, u, &pm);
    if (is_another) {
        remember(c, u);
        model_tell_offline(c, u);
    }
    COPY(u->nick, span_str(name));
    if (is_another)
        model_tell_online(c, u);
}

void model_user_quits(struct model_call *c, struct model_user *u, const char *text)
{
    struct peer_message pm = model_message_of(c, u, "QUIT :%s", text);
    u->is_in = false;
    remember(c, u);
    model_tell_peers(c->m, u, &pm);
    for (int k = 0; k < MODEL_CHANNELS_MAX; k++) {
        struct model_channel *ch = &c->m->channels[k];
        ch->has_invited[u - c->m->users] = false;
        if (ch->is_in && model_member(ch, u) != NULL)
            model_leave(ch, u);
    }
    model_tell_offline(c, u);
}

void model_quit(struct model_call *c)
{
    char text[MODEL_TEXT_CHARS];
    struct span said = model_param(c, 0);
    snprintf(text, sizeof(text), "Quit%s%.*s", said.len == 0 ? "" : ": ", SPAN_ARG(said));
    peer_expect_no_more(c->user->handle);
    model_user_quits(c, c->user, text);
}
