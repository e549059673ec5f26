#include "sim/hub_check.h"

#include "chat/chat_loop.h"
#include "chat/hub/held.h"
#include "chat/hub/hub_state.h"
#include "chat/session.h"
#include "net/net.h"
#include "sim/model.h"
#include "sim/sim.h"

#include <string.h>

static struct hub *hub; /* lookups fold into its scratch */
static struct model *model;

void hub_check_init(struct hub *h, struct model *m)
{
    hub = h;
    model = m;
}

static size_t length(const struct list *head)
{
    size_t count = 0;
    for (const struct list *n = head == NULL ? NULL : head->next; n != head; n = n->next)
        count++;
    return count;
}

static bool is_text(const char *have, const char *want)
{
    return strcmp(have == NULL ? "" : have, want) == 0;
}

/* --- the hub ----------------------------------------------------------------------------- */

static unsigned channels_of(const struct model_user *u)
{
    unsigned count = 0;
    for (int i = 0; i < MODEL_CHANNELS_MAX; i++)
        count += model->channels[i].is_in && model_member(&model->channels[i], u) != NULL;
    return count;
}

static uint8_t bit_if(bool is_set, int bit)
{
    return (uint8_t)(is_set ? bit : 0);
}

static uint8_t user_modes_of(const struct model_user *u)
{
    return bit_if(u->has_mode['i'], USER_INVISIBLE) | bit_if(u->has_mode['o'], USER_OPER) |
           bit_if(u->has_mode['w'], USER_WALLOPS) | bit_if(u->has_mode['B'], USER_BOT);
}

static void check_watches(const struct hub_session *s, const struct model_user *want)
{
    const struct list *n = s->watches.next;
    for (unsigned i = 0; i < want->watch_count; i++, n = n->next) {
        SIM_CHECK(n != &s->watches, "%s does not watch %s", want->nick, want->watches[i]);
        const struct watch *w = container_of(n, struct watch, in_session);
        SIM_CHECK(is_text(w->watched->nick, want->watches[i]) && w->session == s,
                  "%s watches %s instead of %s", want->nick, w->watched->nick, want->watches[i]);
    }
    SIM_CHECK(n == &s->watches && s->watch_count == want->watch_count, "%s watches too many",
              want->nick);
}

static unsigned invites_of(const struct model_user *u)
{
    unsigned count = 0;
    for (int i = 0; i < MODEL_CHANNELS_MAX; i++)
        count += model->channels[i].is_in && model->channels[i].has_invited[u - model->users];
    return count;
}

static void check_user(const struct model_user *want)
{
    const struct user *u = user_find(hub, span_str(want->nick));
    SIM_CHECK(u != NULL, "the hub does not know %s", want->nick);
    SIM_CHECK(span_eq(user_nick(u), span_str(want->nick)), "%s is spelt in another way",
              want->nick);
    SIM_CHECK(span_eq(span_drop(user_source(u), u->nick_bytes), span_str(want->tail)),
              "the source of %s is %.*s", want->nick, SPAN_ARG(user_source(u)));
    SIM_CHECK(u->modes == user_modes_of(want), "%s has modes %u", want->nick, u->modes);
    SIM_CHECK(is_text(u->away, want->away) && (u->away == NULL || u->away[0] != '\0'),
              "%s is away: %s", want->nick, u->away);
    SIM_CHECK(is_text(u->realname, want->realname) && is_text(user_ip(u), want->ip),
              "%s is known as %s from %s", want->nick, u->realname, user_ip(u));
    SIM_CHECK(u->signon_ms == want->signon_ms && u->active_ms == want->active_ms,
              "%s has come, or spoken, at another time", want->nick);
    const struct list *first = u->sessions.next;
    SIM_CHECK(first != &u->sessions && first->next == &u->sessions, "%s does not have one session",
              want->nick);
    const struct hub_session *s = container_of(first, struct hub_session, in_user);
    SIM_CHECK(s == session_find(hub, want->handle) && s->user == u,
              "the session of %s is another's", want->nick);
    check_watches(s, want);
    SIM_CHECK(u->held_steps == held_steps(hub, u), "%s holds %u steps, and was told of %u",
              want->nick, held_steps(hub, u), u->held_steps);
    SIM_CHECK(u->invite_count == invites_of(want), "%s has %u invitations instead of %u",
              want->nick, u->invite_count, invites_of(want));
    unsigned count = 0;
    for (struct list *n = u->memberships.next; n != &u->memberships; n = n->next) {
        const struct membership *m = container_of(n, struct membership, in_user);
        SIM_CHECK(m->user == u, "a membership of %s is another's", want->nick);
        SIM_CHECK(channel_find(hub, channel_name(m->channel)) == m->channel,
                  "%s is in a channel that is gone", want->nick);
        count++;
    }
    SIM_CHECK(count == u->channel_count && count == channels_of(want),
              "%s is in %u channels, counts %u, and should be in %u", want->nick, count,
              u->channel_count, channels_of(want));
}

static void check_members(const struct channel *ch, const struct model_channel *want)
{
    unsigned sessions[LOOPS_MAX] = {0};
    size_t ranked = 0;
    uint64_t after = 0;
    for (unsigned i = 0; i < want->member_count; i++) {
        const struct model_member *mm = &want->members[i];
        const struct membership *m = roster_next(&ch->members, &after);
        SIM_CHECK(m != NULL, "%s lacks %s", want->name, mm->user->nick);
        SIM_CHECK(i > 0 || ch->oldest == m, "%s is not the oldest in %s", mm->user->nick,
                  want->name);
        SIM_CHECK(m->seq == after, "%s has a wrong number in %s", mm->user->nick, want->name);
        SIM_CHECK(span_eq(user_nick(m->user), span_str(mm->user->nick)),
                  "member %u of %s is %.*s instead of %s", i, want->name,
                  SPAN_ARG(user_nick(m->user)), mm->user->nick);
        SIM_CHECK(m->channel == ch && channel_member(ch, m->user) == m,
                  "%s does not know that it is in %s", mm->user->nick, want->name);
        SIM_CHECK(m->roles == ((mm->is_op ? ROLE_OP : 0) | (mm->is_voiced ? ROLE_VOICE : 0)),
                  "%s has roles %u in %s", mm->user->nick, m->roles, want->name);
        SIM_CHECK(list_is_linked(&m->in_ranked) == (m->roles != 0), "%s is ranked in %s, or not",
                  mm->user->nick, want->name);
        sessions[mm->user->handle.loop]++;
        ranked += m->roles != 0;
    }
    SIM_CHECK(length(&ch->ranked) == ranked, "%s has %zu ranked members instead of %zu", want->name,
              length(&ch->ranked), ranked);
    SIM_CHECK(roster_next(&ch->members, &after) == NULL && ch->members.count == want->member_count,
              "%s has %zu members instead of %u", want->name, ch->members.count,
              want->member_count);
    for (unsigned loop = 0; loop < hub->options.loops; loop++)
        SIM_CHECK(ch->loop_sessions[loop] == sessions[loop],
                  "%s counts %u sessions on loop %u instead of %u", want->name,
                  ch->loop_sessions[loop], loop, sessions[loop]);
}

static uint8_t channel_modes_of(const struct model_channel *ch)
{
    return bit_if(ch->has_mode['i'], CHANNEL_INVITE_ONLY) |
           bit_if(ch->has_mode['m'], CHANNEL_MODERATED) |
           bit_if(ch->has_mode['n'], CHANNEL_NO_OUTSIDERS) |
           bit_if(ch->has_mode['s'], CHANNEL_SECRET) |
           bit_if(ch->has_mode['t'], CHANNEL_TOPIC_BY_OPS);
}

static void check_masks(const struct mask_list *l, const struct model_masks *want)
{
    SIM_CHECK(l->count == want->count, "there are %zu masks instead of %u", l->count, want->count);
    for (size_t i = 0; i < l->count; i++)
        SIM_CHECK(is_text(l->at[i].mask, want->at[i].mask) &&
                      is_text(l->at[i].setter, want->at[i].setter) &&
                      l->at[i].set_ms == want->at[i].set_ms,
                  "mask %zu is %s by %s", i, l->at[i].mask, l->at[i].setter);
}

static void check_channel(const struct model_channel *want)
{
    const struct channel *ch = channel_find(hub, span_str(want->name));
    SIM_CHECK(ch != NULL, "the hub does not know %s", want->name);
    SIM_CHECK(is_text(ch->name, want->name), "%s is spelt %s", want->name, ch->name);
    SIM_CHECK(ch->modes == channel_modes_of(want), "%s has modes %u", want->name, ch->modes);
    SIM_CHECK(is_text(ch->key, want->key) && ch->limit == want->limit, "%s has key %s and limit %u",
              want->name, ch->key, ch->limit);
    check_masks(&ch->lists[LIST_BANS], &want->bans);
    check_masks(&ch->lists[LIST_EXCEPTED], &want->excepted);
    check_masks(&ch->lists[LIST_INVITED], &want->invited);
    for (int i = 0; i < MODEL_USERS_MAX; i++) {
        const struct user *u = user_find(hub, span_str(model->users[i].nick));
        SIM_CHECK(!model->users[i].is_in || invite_is_there(ch, u) == want->has_invited[i],
                  "%s is invited to %s, or not", model->users[i].nick, want->name);
    }
    SIM_CHECK(is_text(ch->topic, want->topic), "the topic of %s is %s", want->name, ch->topic);
    SIM_CHECK(ch->topic == NULL ||
                  (is_text(ch->topic_setter, want->topic_setter) && ch->topic_ms == want->topic_ms),
              "the topic of %s was set by %s at %llu", want->name, ch->topic_setter,
              (unsigned long long)ch->topic_ms);
    SIM_CHECK(ch->created_ms == want->created_ms, "%s was created at another time", want->name);
    check_members(ch, want);
}

/* Every channel slot that ever was is in use or free, once. */
static void check_slots(void)
{
    bool is_seen[256] = {false};
    size_t seen = 0;
    for (size_t i = 0; i < hub->free_slot_count; i++, seen++) {
        uint32_t slot = hub->free_slots[i];
        SIM_CHECK(slot < hub->channel_slots && !is_seen[slot], "slot %u is free twice", slot);
        is_seen[slot] = true;
    }
    for (int i = 0; i < MODEL_CHANNELS_MAX; i++) {
        if (!model->channels[i].is_in)
            continue;
        uint32_t slot = channel_find(hub, span_str(model->channels[i].name))->slot;
        SIM_CHECK(slot < hub->channel_slots && !is_seen[slot], "slot %u is used twice", slot);
        is_seen[slot] = true;
        seen++;
    }
    SIM_CHECK(seen == hub->channel_slots, "%u channel slots are lost",
              (unsigned)(hub->channel_slots - seen));
}

/* Whether somebody before user i watches that nick. */
static bool is_watched_before(int i, const char *nick)
{
    while (--i >= 0)
        if (model->users[i].is_in && model_watches(&model->users[i], nick))
            return true;
    return false;
}

/* Nothing is kept for a nick that nobody watches any more. */
static void check_watched(void)
{
    size_t watched = 0;
    for (int i = 0; i < MODEL_USERS_MAX; i++) {
        const struct model_user *u = &model->users[i];
        for (unsigned k = 0; u->is_in && k < u->watch_count; k++)
            watched += !is_watched_before(i, u->watches[k]);
    }
    SIM_CHECK(hub->watched.count == watched, "%zu nicks are watched instead of %zu",
              hub->watched.count, watched);
}

static void check_counts(uint32_t users, uint32_t invisible, uint32_t opers, uint32_t channels)
{
    struct hub_counts have = hub_counts(hub);
    SIM_CHECK(have.users == users && hub->users.count == users, "the hub counts %u users, not %u",
              have.users, users);
    SIM_CHECK(have.users_max == model->users_max, "the hub counts %u users at most, not %u",
              have.users_max, model->users_max);
    SIM_CHECK(have.invisible == invisible, "the hub counts %u invisible users, not %u",
              have.invisible, invisible);
    SIM_CHECK(have.opers == opers, "the hub counts %u operators, not %u", have.opers, opers);
    SIM_CHECK(have.channels == channels && hub->channels.count == channels,
              "the hub counts %u channels, not %u", have.channels, channels);
    SIM_CHECK(hub->user_order.count == users && hub->channel_order.count == channels,
              "the hub walks %zu users and %zu channels", hub->user_order.count,
              hub->channel_order.count);
    size_t sessions = 0;
    for (unsigned loop = 0; loop < hub->options.loops; loop++)
        for (size_t i = 0; i < hub->loops[loop].count; i++)
            sessions += hub->loops[loop].at[i] != NULL;
    SIM_CHECK(sessions == users, "the hub has %zu sessions for %u users", sessions, users);
}

void hub_check(void)
{
    uint32_t users = 0, invisible = 0, opers = 0, channels = 0;
    for (int i = 0; i < MODEL_USERS_MAX; i++) {
        const struct model_user *u = &model->users[i];
        if (!u->is_in)
            continue;
        check_user(u);
        users++;
        invisible += u->has_mode['i'];
        opers += u->has_mode['o'];
    }
    for (int i = 0; i < MODEL_CHANNELS_MAX; i++) {
        if (!model->channels[i].is_in)
            continue;
        check_channel(&model->channels[i]);
        channels++;
    }
    check_counts(users, invisible, opers, channels);
    check_slots();
    check_watched();
}

void hub_check_empty(void)
{
    if (hub == NULL)
        return;
    hub_check();
    check_counts(0, 0, 0, 0);
}

void hub_check_slot_is_free(struct handle h)
{
    if (hub == NULL)
        return;
    const struct hub_slots *slots = &hub->loops[h.loop];
    SIM_CHECK(h.slot >= slots->count || slots->at[h.slot] == NULL,
              "slot %u of loop %u is used again too early", h.slot, h.loop);
}

/* --- the loops --------------------------------------------------------------------------- */

static bool is_in_index(const struct chat_loop *cl, const struct conn *c, uint32_t slot)
{
    const struct members l = members_of(cl, slot);
    for (const struct member *m = chat_session_of(c)->members; m != NULL; m = m->next)
        if (m->channel == slot && m->at < l.count && l.conns[m->at] == c)
            return true;
    return false;
}

/* Adds what is right of the channel to *known. */
static void check_channel_index(struct net *n, const struct model_channel *want, size_t *known)
{
    const struct channel *ch = channel_find(hub, span_str(want->name));
    size_t here = 0;
    for (unsigned i = 0; i < want->member_count; i++) {
        const struct model_user *u = want->members[i].user;
        struct conn *c = u->handle.loop == n->loop->index ? conn_find(n, u->handle) : NULL;
        if (c == NULL)
            continue;
        SIM_CHECK(is_in_index(n->chat, c, ch->slot), "loop %u does not know that %s is in %s",
                  n->loop->index, u->nick, want->name);
        here++;
    }
    size_t there = members_of(n->chat, ch->slot).count;
    SIM_CHECK(there == here, "loop %u has %zu members of %s, not %zu", n->loop->index, there,
              want->name, here);
    *known += here;
}

/* The loop counts what the hub keeps for the users of its connections. */
static void check_held(struct net *n)
{
    for (int i = 0; i < MODEL_USERS_MAX; i++) {
        const struct model_user *want = &model->users[i];
        if (!want->is_in || want->handle.loop != n->loop->index)
            continue;
        const struct conn *c = conn_find(n, want->handle);
        const struct user *u = user_find(hub, span_str(want->nick));
        SIM_CHECK(c == NULL || chat_session_of(c)->held_steps == u->held_steps,
                  "loop %u knows of %u steps that %s holds, not %u", n->loop->index,
                  chat_session_of(c)->held_steps, want->nick, u->held_steps);
    }
}

void hub_check_index(struct net *n)
{
    if (hub == NULL)
        return;
    check_held(n);
    size_t known = 0, all = 0;
    for (int i = 0; i < MODEL_CHANNELS_MAX; i++)
        if (model->channels[i].is_in)
            check_channel_index(n, &model->channels[i], &known);
    for (uint32_t slot = 0; slot < n->chat->channel_count; slot++)
        all += members_of(n->chat, slot).count;
    SIM_CHECK(known == all, "loop %u has %zu members in channels that are gone", n->loop->index,
              all - known);
}
