/* JOIN, NAMES, PART, TOPIC, KICK and INVITE, as the model has them. */
#include "chat/hub/hub.h"
#include "sim/model_call.h"
#include "sim/sim.h"

#include <stdio.h>
#include <string.h>

/* NULL when there is none for the user. */
static struct model_channel *seen_channel(struct model_call *c, const char *name)
{
    struct model_channel *ch = model_channel(c->m, name);
    return ch != NULL && model_sees_channel(ch, c->user) ? ch : NULL;
}

/* --- JOIN and NAMES ---------------------------------------------------------------------- */

/* Goes on behind the row where the last part stopped;
 * false: so does this one. */
static bool tell_names(struct model_call *c, struct model_channel *ch)
{
    struct model_walk *w = &c->user->walk;
    bool is_long = c->e->line->caps & CAP_USERHOST_IN_NAMES;
    struct model_words names;
    model_words_init(&names, c, ":s.test 353 %s %c %s :", c->user->nick,
                     ch->has_mode['s'] ? '@' : '=', ch->name);
    for (unsigned i = 0; i < ch->member_count; i++) {
        const struct model_member *mm = &ch->members[i];
        if (mm->number <= w->after)
            continue;
        if (!model_take_row(c)) {
            model_words_end(&names);
            return false;
        }
        w->after = mm->number;
        char prefixed[MODEL_NAME_CHARS];
        snprintf(prefixed, sizeof(prefixed), "%s%s", model_prefix(c, mm), mm->user->nick);
        if (model_sees_membership(ch, mm->user, c->user))
            model_words_add(&names, prefixed, is_long ? mm->user->tail : "");
    }
    model_words_end(&names);
    model_reply(c, "366");
    return true;
}

static void tell_topic(struct model_call *c, const struct model_channel *ch)
{
    peer_expect_line(c->e->from, true, ":s.test 332 %s %s :%s", c->user->nick, ch->name, ch->topic);
    peer_expect_line(c->e->from, true, ":s.test 333 %s %s %s :%llu", c->user->nick, ch->name,
                     ch->topic_setter, (unsigned long long)ch->topic_ms / 1000);
}

static struct model_channel *new_channel(struct model_call *c, const char *name)
{
    struct model_channel *ch = c->m->channels;
    while (ch->is_in)
        SIM_CHECK(++ch < c->m->channels + MODEL_CHANNELS_MAX, "the model has too few channels");
    *ch = (struct model_channel){
        .is_in = true, .created_ms = c->e->at.ms, .number = ++c->m->channels_ever};
    ch->has_mode['n'] = ch->has_mode['t'] = true;
    COPY(ch->name, span_str(name));
    return ch;
}

/* The n-th of the keys; empty when there are fewer. */
static void key_for(const struct model_call *c, unsigned n, char key[MODEL_NAME_CHARS])
{
    struct span keys = model_param(c, 1);
    while (n-- > 0) {
        size_t len = span_find(keys, ',');
        keys = span_drop(keys, len < keys.len ? len + 1 : len);
    }
    model_copy(key, MODEL_NAME_CHARS, span_take(keys, span_find(keys, ',')));
}

/* Each hears one of the two forms, and both are the same event. */
static void announce(struct model_call *c, struct model_channel *ch, const struct model_member *mm)
{
    const struct model_user *u = c->user;
    struct peer_message pm = model_message(c, "JOIN :%s", ch->name);
    pm.avoid = CAP_EXTENDED_JOIN;
    model_tell_membership(c->m, ch, mm, &pm);
    uint16_t part = pm.part;
    pm = model_message(c, "JOIN %s * :%s", ch->name, u->realname);
    pm.need = CAP_EXTENDED_JOIN;
    pm.part = part;
    model_tell_membership(c->m, ch, mm, &pm);
    if (u->away[0] == '\0')
        return;
    pm = model_message(c, "AWAY :%s", u->away);
    pm.need = CAP_AWAY_NOTIFY;
    pm.is_for_others = true;
    model_tell_membership(c->m, ch, mm, &pm);
}

/* NULL, or why there is no such channel for anybody. */
static const char *name_refusal(const char *name)
{
    return name[0] != '#' ? "403" : strchr(name, '\a') != NULL ? "476" : NULL;
}

/* False: the user does not come in. */
static bool come_in(struct model_call *c, const char *name)
{
    struct model_user *u = c->user;
    struct model_channel *ch = model_channel(c->m, name);
    if (ch != NULL && model_member(ch, u) != NULL)
        return false;
    char key[MODEL_NAME_CHARS];
    key_for(c, u->walk.target, key);
    const char *refusal = ch == NULL ? name_refusal(name) : model_join_refusal(c->m, ch, u, key);
    if (refusal != NULL) {
        model_reply(c, refusal);
        return false;
    }
    if (ch == NULL)
        ch = new_channel(c, name);
    ch->has_invited[u - c->m->users] = false;
    struct model_member *mm = &ch->members[ch->member_count++];
    *mm = (struct model_member){.user = u,
                                .is_op = ch->member_count == 1,
                                .number = ++ch->joins,
                                .since = ++c->m->joins_ever};
    announce(c, ch, mm);
    if (ch->topic[0] != '\0')
        tell_topic(c, ch);
    return true;
}

static bool names(struct model_call *c, const char *name)
{
    struct model_channel *ch = seen_channel(c, name);
    if (ch != NULL)
        return tell_names(c, ch);
    model_reply(c, "366");
    return true;
}

/* What comes between two parts of the names may have ended the channel, or put the caller out. */
static bool join(struct model_call *c, const char *name)
{
    struct model_walk *w = &c->user->walk;
    if (!w->is_begun && !come_in(c, name))
        return true;
    if (c->e->line->caps & CAP_NO_IMPLICIT_NAMES)
        return true;
    w->is_begun = true;
    return names(c, name);
}

static void leave_all(struct model_call *c)
{
    uint64_t since = 0;
    for (struct model_channel *ch; (ch = model_next_channel(c->m, c->user, &since)) != NULL;) {
        struct peer_message pm = model_message(c, "PART :%s", ch->name);
        model_tell_membership(c->m, ch, model_member(ch, c->user), &pm);
        model_leave(ch, c->user);
    }
}

void model_join(struct model_call *c)
{
    if (span_eq(model_param(c, 0), SPAN("0")))
        leave_all(c);
    else
        model_each_target(c, join);
}

void model_names(struct model_call *c)
{
    model_each_target(c, names);
}

/* --- PART -------------------------------------------------------------------------------- */

static void part(struct model_call *c, const char *name)
{
    struct span reason = model_param(c, 1);
    struct model_channel *ch = seen_channel(c, name);
    struct model_member *mm = ch == NULL ? NULL : model_member(ch, c->user);
    if (mm == NULL) {
        model_reply(c, ch == NULL ? "403" : "442");
        return;
    }
    struct peer_message pm = reason.len > 0
                                 ? model_message(c, "PART %s :%.*s", ch->name, SPAN_ARG(reason))
                                 : model_message(c, "PART :%s", ch->name);
    model_tell_membership(c->m, ch, mm, &pm);
    model_leave(ch, c->user);
}

void model_part(struct model_call *c)
{
    struct span list = model_param(c, 0);
    char target[MODEL_NAME_CHARS];
    while (model_next_target(&list, target))
        part(c, target);
}

/* --- TOPIC ------------------------------------------------------------------------------- */

void model_topic(struct model_call *c)
{
    char name[MODEL_NAME_CHARS];
    COPY(name, model_param(c, 0));
    struct model_channel *ch = seen_channel(c, name);
    if (ch == NULL) {
        model_reply(c, "403");
        return;
    }
    if (model_param_count(c) == 1) {
        if (ch->topic[0] == '\0')
            model_reply(c, "331");
        else
            tell_topic(c, ch);
        return;
    }
    struct model_member *mm = model_member(ch, c->user);
    if (mm == NULL || (ch->has_mode['t'] && !mm->is_op)) {
        model_reply(c, mm == NULL ? "442" : "482");
        return;
    }
    COPY(ch->topic, model_param(c, 1));
    snprintf(ch->topic_setter, sizeof(ch->topic_setter), "%s%s", c->user->nick, c->user->tail);
    ch->topic_ms = c->e->at.ms;
    struct peer_message pm = model_message(c, "TOPIC %s :%s", ch->name, ch->topic);
    model_tell_channel(ch, &pm);
}

/* --- KICK -------------------------------------------------------------------------------- */

static void kick(struct model_call *c, const char *name, const char *nick)
{
    struct model_channel *ch = seen_channel(c, name);
    const struct model_member *by = ch == NULL ? NULL : model_member(ch, c->user);
    if (by == NULL || !by->is_op) {
        model_reply(c, ch == NULL ? "403" : by == NULL ? "442" : "482");
        return;
    }
    struct model_user *u = model_user_named(c->m, nick);
    if (u == NULL || model_member(ch, u) == NULL) {
        model_reply(c, u == NULL ? "401" : "441");
        return;
    }
    struct span reason = model_param(c, 2);
    if (reason.len == 0)
        reason = span_str(c->user->nick);
    struct peer_message pm =
        model_message(c, "KICK %s %s :%.*s", ch->name, u->nick, SPAN_ARG(reason));
    model_tell_channel(ch, &pm);
    model_leave(ch, u);
}

/* The last channel is that of the rest of the users. */
void model_kick(struct model_call *c)
{
    struct span channels = model_param(c, 0), nicks = model_param(c, 1);
    char name[MODEL_NAME_CHARS], nick[MODEL_NAME_CHARS];
    for (int n = 0; model_next_target(&nicks, nick); n++) {
        if (n == HUB_TARGETS_MAX) {
            model_reply(c, "407");
            return;
        }
        if (channels.len > 0)
            model_next_target(&channels, name);
        kick(c, name, nick);
    }
}

/* --- INVITE ------------------------------------------------------------------------------ */

static void tell_invited(struct model_call *c, struct model_channel *ch, const struct model_user *u)
{
    struct peer_message pm = model_message(c, "INVITE %s :%s", u->nick, ch->name);
    uint16_t part = pm.part;
    peer_expect_message(u->handle, &pm);
    pm = model_message(c, "INVITE %s :%s", u->nick, ch->name);
    pm.part = part;
    pm.need = CAP_INVITE_NOTIFY;
    pm.is_for_others = true;
    model_tell_channel(ch, &pm);
}

/* Only the invitation of an operator is kept. */
static void invite(struct model_call *c, struct model_user *u, struct model_channel *ch)
{
    const struct model_member *mm = model_member(ch, c->user);
    bool is_op = mm != NULL && mm->is_op;
    if (mm == NULL || (ch->has_mode['i'] && !is_op) || model_member(ch, u) != NULL) {
        bool may_invite = mm != NULL && (is_op || !ch->has_mode['i']);
        model_reply(c, mm == NULL ? "442" : may_invite ? "443" : "482");
        return;
    }
    if (is_op)
        ch->has_invited[u - c->m->users] = true;
    model_say(c, "341", "%s :%s", u->nick, ch->name);
    if (u->away[0] != '\0')
        model_say(c, "301", "%s :%s", u->nick, u->away);
    tell_invited(c, ch, u);
}

/* Where the user is invited, in no order that counts. */
static void list_invites(struct model_call *c)
{
    for (int k = 0; k < MODEL_CHANNELS_MAX; k++)
        if (c->m->channels[k].is_in && c->m->channels[k].has_invited[c->user - c->m->users])
            model_reply(c, "336");
    model_reply(c, "337");
}

void model_invite(struct model_call *c)
{
    if (model_param_count(c) == 0) {
        list_invites(c);
        return;
    }
    char nick[MODEL_NAME_CHARS], name[MODEL_NAME_CHARS];
    COPY(nick, model_param(c, 0));
    COPY(name, model_param(c, 1));
    struct model_user *u = model_user_named(c->m, nick);
    struct model_channel *ch = seen_channel(c, name);
    if (u == NULL || ch == NULL)
        model_reply(c, u == NULL ? "401" : "403");
    else
        invite(c, u, ch);
}
