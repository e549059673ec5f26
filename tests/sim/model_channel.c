/* JOIN, NAMES, PART and TOPIC, as the model has them. */
#include "sim/model_call.h"
#include "sim/sim.h"
#include "simul/irc.h"

#include <stdio.h>
#include <string.h>

/* --- JOIN and NAMES ------------------------------------------------------------------------- */

/* Those outside do not see who is invisible. Goes on behind the row where the last part stopped;
 * false: so does this one. */
static bool tell_names(struct model_call *c, struct model_channel *ch)
{
    struct model_walk *w = &c->user->walk;
    bool is_outside = model_member(ch, c->user) == NULL;
    struct model_list list;
    model_list_init(&list, c, ":s.test 353 %s = %s :", c->user->nick, ch->name);
    for (unsigned i = 0; i < ch->member_count; i++) {
        const struct model_member *mm = &ch->members[i];
        if (mm->number <= w->after)
            continue;
        if (!model_take_row(c)) {
            model_list_end(&list);
            return false;
        }
        w->after = mm->number;
        if (!is_outside || !mm->user->is_invisible)
            model_list_add(&list, mm->is_op ? "@" : mm->is_voiced ? "+" : "", mm->user->nick);
    }
    model_list_end(&list);
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
        .is_in = true, .no_outsiders = true, .topic_by_ops = true, .created_ms = c->e->at.ms};
    COPY(ch->name, span_str(name));
    return ch;
}

/* False: the user does not come in. */
static bool come_in(struct model_call *c, const char *name)
{
    if (name[0] != '#' || strchr(name, '\a') != NULL) {
        model_reply(c, name[0] != '#' ? "403" : "476");
        return false;
    }
    struct model_channel *ch = model_channel(c->m, name);
    if (ch != NULL && model_member(ch, c->user) != NULL)
        return false;
    if (ch == NULL)
        ch = new_channel(c, name);
    struct model_member *mm = &ch->members[ch->member_count++];
    *mm = (struct model_member){
        .user = c->user, .is_op = ch->member_count == 1, .number = ++ch->joins};
    struct peer_message pm = model_message(c, "JOIN :%s", ch->name);
    c->parts++; /* its other form, which nobody here asks for */
    model_tell_membership(c->m, ch, mm, &pm);
    if (ch->topic[0] != '\0')
        tell_topic(c, ch);
    return true;
}

/* What comes between two parts of the names may have ended the channel. */
static bool join(struct model_call *c, const char *name)
{
    struct model_walk *w = &c->user->walk;
    if (!w->is_begun && !come_in(c, name))
        return true;
    w->is_begun = true;
    struct model_channel *ch = model_channel(c->m, name);
    return ch == NULL || tell_names(c, ch);
}

void model_join(struct model_call *c)
{
    model_each_target(c, join);
}

static bool names(struct model_call *c, const char *name)
{
    struct model_channel *ch = model_channel(c->m, name);
    if (ch != NULL)
        return tell_names(c, ch);
    model_reply(c, "366");
    return true;
}

void model_names(struct model_call *c)
{
    model_each_target(c, names);
}

/* --- PART ----------------------------------------------------------------------------------- */

static void part(struct model_call *c, const char *name)
{
    struct span reason = model_param(c, 1);
    struct model_channel *ch = model_channel(c->m, name);
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

/* --- TOPIC ---------------------------------------------------------------------------------- */

void model_topic(struct model_call *c)
{
    char name[MODEL_NAME_CHARS];
    COPY(name, model_param(c, 0));
    struct model_channel *ch = model_channel(c->m, name);
    if (ch == NULL) {
        model_reply(c, "403");
        return;
    }
    if (c->e->line.line->param_count == 1) {
        if (ch->topic[0] == '\0')
            model_reply(c, "331");
        else
            tell_topic(c, ch);
        return;
    }
    struct model_member *mm = model_member(ch, c->user);
    if (mm == NULL || (ch->topic_by_ops && !mm->is_op)) {
        model_reply(c, mm == NULL ? "442" : "482");
        return;
    }
    COPY(ch->topic, model_param(c, 1));
    snprintf(ch->topic_setter, sizeof(ch->topic_setter), "%s%s", c->user->nick, c->user->tail);
    ch->topic_ms = c->e->at.ms;
    struct peer_message pm = model_message(c, "TOPIC %s :%s", ch->name, ch->topic);
    model_tell_channel(ch, &pm);
}
