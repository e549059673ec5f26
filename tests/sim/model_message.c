/* PRIVMSG, NOTICE and TAGMSG, as the model has them. */
#include "chat/hub.h"
#include "sim/model_call.h"
#include "simul/irc.h"

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

static struct peer_message message_to(struct model_call *c, const struct speech *s,
                                      const char *name)
{
    const struct irc_line *line = c->e->line.line;
    struct peer_message pm =
        s->is_tags_only ? model_message(c, "%s :%s", s->verb, name)
                        : model_message(c, "%s %s :%.*s", s->verb, name, SPAN_ARG(line->params[1]));
    COPY(pm.tags, span_take(line->tags, span_find(line->tags, ';'))); /* theirs comes first */
    pm.need = s->is_tags_only ? CAP_MESSAGE_TAGS : 0;
    pm.from = c->e->from;
    return pm;
}

static void say_to_channel(struct model_call *c, const struct speech *s, const char *name)
{
    struct model_channel *ch = model_channel(c->m, name);
    bool is_member = ch != NULL && model_member(ch, c->user) != NULL;
    if (ch == NULL || (!is_member && ch->no_outsiders)) {
        refuse(c, s, ch == NULL ? "403" : "404");
        return;
    }
    struct peer_message pm = message_to(c, s, ch->name);
    pm.is_echo = true;
    if (!is_member)
        peer_expect_message(c->e->from, &pm);
    model_tell_channel(ch, &pm);
}

/* One who speaks to itself hears it as everybody else would, and the echo before it. */
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
    peer_expect_message(u->handle, &pm);
}

static void say(struct model_call *c, const struct speech *s)
{
    size_t params = c->e->line.line->param_count;
    if (s->is_tags_only ? c->e->line.line->tags.len == 0 : params < 2) {
        if (!s->is_tags_only)
            refuse(c, s, params == 0 ? "411" : "412");
        return;
    }
    struct span list = model_param(c, 0);
    char target[MODEL_NAME_CHARS];
    for (int n = 0; model_next_target(&list, target); n++) {
        if (n == HUB_TARGETS_MAX) {
            refuse(c, s, "407");
            return;
        }
        if (target[0] == '#')
            say_to_channel(c, s, target);
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
