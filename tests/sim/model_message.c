/* PRIVMSG, NOTICE and TAGMSG, as the model has them. */
#include "chat/hub/hub.h"
#include "sim/model_call.h"
#include "simul/irc.h"

#include <stdio.h>

struct speech {
    const char *verb;
    bool is_silent; /* refusals are not told */
    bool is_tags_only;
};

static void refuse(struct model_call *c, const struct speech *s, const char *numeric)
{
    if (!s->is_silent)
        model_reply(c, numeric);
}

/* The tag that travels on: clients attach one, and it begins with '+'. */
static struct span tags_of(const struct model_call *c)
{
    struct span tags = c->e->line->line->tags;
    tags = span_drop(tags, span_find(tags, '+'));
    return span_take(tags, span_find(tags, ';'));
}

static struct peer_message message_to(struct model_call *c, const struct speech *s,
                                      const char *name)
{
    const struct irc_line *line = c->e->line->line;
    struct peer_message pm =
        s->is_tags_only ? model_message(c, "%s :%s", s->verb, name)
                        : model_message(c, "%s %s :%.*s", s->verb, name, SPAN_ARG(line->params[1]));
    COPY(pm.tags, tags_of(c));
    pm.need = s->is_tags_only ? CAP_MESSAGE_TAGS : 0;
    return pm;
}

/* `roles`: "@" or "+", to operators alone or to all with a role; "": to all. Whoever does not hear
 * its own words as one of them hears the echo. */
static void say_to_channel(struct model_call *c, const struct speech *s, const char *roles,
                           const char *name)
{
    struct model_channel *ch = model_channel(c->m, name);
    if (ch == NULL || !model_may_speak(ch, c->user)) {
        refuse(c, s, ch == NULL ? "403" : "404");
        return;
    }
    char target[MODEL_NAME_CHARS];
    snprintf(target, sizeof(target), "%s%s", roles, roles[0] == '\0' ? ch->name : name);
    struct peer_message pm = message_to(c, s, target);
    pm.is_echo = true;
    bool is_heard = false;
    for (unsigned i = 0; i < ch->member_count; i++) {
        const struct model_member *mm = &ch->members[i];
        if (roles[0] != '\0' && !mm->is_op && !(roles[0] == '+' && mm->is_voiced))
            continue;
        peer_expect_message(mm->user->handle, &pm);
        is_heard = is_heard || mm->user == c->user;
    }
    if (!is_heard)
        peer_expect_message(c->e->from, &pm);
}

/* One who speaks to itself hears the echo before what anybody else would hear. */
static void say_to_user(struct model_call *c, const struct speech *s, const char *nick)
{
    struct model_user *u = model_user_named(c->m, nick);
    if (u == NULL) {
        refuse(c, s, "401");
        return;
    }
    struct peer_message pm = message_to(c, s, u->nick);
    pm.is_echo = true;
    peer_expect_message(c->e->from, &pm);
    pm.is_echo = false;
    pm.is_no_answer = true;
    peer_expect_message(u->handle, &pm);
    if (u->away[0] != '\0' && !s->is_silent && !s->is_tags_only)
        model_say(c, "301", "%s :%s", u->nick, u->away);
}

static void say(struct model_call *c, const struct speech *s)
{
    size_t params = c->e->line->line->param_count;
    if (s->is_tags_only ? tags_of(c).len == 0 : params < 2) {
        if (!s->is_tags_only)
            refuse(c, s, params == 0 ? "411" : "412");
        return;
    }
    if (!s->is_tags_only)
        c->user->active_ms = c->e->at.ms;
    struct span list = model_param(c, 0);
    char target[MODEL_NAME_CHARS];
    for (int n = 0; model_next_target(&list, target); n++) {
        if (n == HUB_TARGETS_MAX) {
            refuse(c, s, "407");
            return;
        }
        bool has_roles = (target[0] == '@' || target[0] == '+') && target[1] == '#';
        char roles[2] = {has_roles ? target[0] : '\0', '\0'};
        if (target[0] == '#' || has_roles)
            say_to_channel(c, s, roles, target + has_roles);
        else
            say_to_user(c, s, target);
    }
}

void model_privmsg(struct model_call *c)
{
    say(c, &(struct speech){.verb = "PRIVMSG"});
}

void model_notice(struct model_call *c)
{
    say(c, &(struct speech){.verb = "NOTICE", .is_silent = true});
}

void model_tagmsg(struct model_call *c)
{
    say(c, &(struct speech){.verb = "TAGMSG", .is_tags_only = true});
}
