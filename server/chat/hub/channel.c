#include "chat/hub/held.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"

#include <stdlib.h>

bool channel_is(const struct table_node *node, struct span folded_name)
{
    return irc_eq(channel_name(container_of(node, struct channel, node)), folded_name);
}

/* Folds into the hub's scratch; valid until the next line is formatted. */
static struct span fold_name(struct hub *hub, struct span name)
{
    hub->scratch.len = 0;
    CHECK(buf_reserve(&hub->scratch, name.len) == OK);
    irc_fold(name, hub->scratch.data);
    return span_of(hub->scratch.data, name.len);
}

struct channel *channel_find(struct hub *hub, struct span name)
{
    if (name.len == 0 || name.len > hub->options.channel_bytes_max)
        return NULL;
    struct table_node *node = table_find(&hub->channels, fold_name(hub, name));
    return node == NULL ? NULL : container_of(node, struct channel, node);
}

static uint32_t take_slot(struct hub *hub)
{
    if (hub->free_slot_count > 0)
        return hub->free_slots[--hub->free_slot_count];
    return hub->channel_slots++;
}

static void give_slot(struct hub *hub, uint32_t slot)
{
    if (hub->free_slot_count == hub->free_slot_cap) {
        hub->free_slot_cap = hub->free_slot_cap == 0 ? 64 : hub->free_slot_cap * 2;
        hub->free_slots = realloc(hub->free_slots, hub->free_slot_cap * sizeof(uint32_t));
        CHECK(hub->free_slots != NULL);
    }
    hub->free_slots[hub->free_slot_count++] = slot;
}

struct channel *channel_new(struct hub *hub, struct span name, uint64_t now_ms)
{
    struct channel *ch = calloc(1, sizeof(*ch) + hub->options.loops * sizeof(ch->loop_sessions[0]));
    CHECK(ch != NULL);
    ch->name = text_copy(name);
    ch->created_ms = now_ms;
    list_init(&ch->ranked);
    list_init(&ch->invites);
    ch->modes = CHANNEL_NO_OUTSIDERS | CHANNEL_TOPIC_BY_OPS;
    ch->slot = take_slot(hub);
    table_add(&hub->channels, &ch->node, fold_name(hub, name));
    ch->seq = roster_add(&hub->channel_order, ch);
    hub->counts.channels++;
    return ch;
}

static void channel_free(struct hub *hub, struct channel *ch)
{
    table_remove(&hub->channels, &ch->node);
    roster_remove(&hub->channel_order, ch->seq);
    roster_deinit(&ch->members);
    invites_end_of_channel(ch);
    for (int i = 0; i < CHANNEL_LISTS; i++)
        mask_list_deinit(&ch->lists[i]);
    hub->counts.channels--;
    give_slot(hub, ch->slot);
    free(ch->name);
    free(ch->topic);
    free(ch->topic_setter);
    free(ch->key);
    free(ch);
}

size_t channel_mask_count(const struct channel *ch)
{
    size_t count = 0;
    for (int i = 0; i < CHANNEL_LISTS; i++)
        count += ch->lists[i].count;
    return count;
}

void channel_set_topic(struct channel *ch, struct span topic, struct span setter, uint64_t now_ms)
{
    free(ch->topic);
    free(ch->topic_setter);
    ch->topic = topic.len == 0 ? NULL : text_copy(topic);
    ch->topic_setter = topic.len == 0 ? NULL : text_copy(setter);
    ch->topic_ms = now_ms;
}

struct membership *channel_member(const struct channel *ch, const struct user *u)
{
    for (struct list *n = u->memberships.next; n != &u->memberships; n = n->next) {
        struct membership *m = container_of(n, struct membership, in_user);
        if (m->channel == ch)
            return m;
    }
    return NULL;
}

bool membership_is_visible(const struct membership *m, const struct user *to)
{
    if (m->user->modes & USER_INVISIBLE)
        return to->modes & USER_OPER || channel_member(m->channel, to) != NULL;
    return channel_is_visible(m->channel, to);
}

bool membership_is_quiet(const struct hub *hub, const struct membership *m)
{
    return m->roles == 0 && m->channel->members.count > hub->options.settings.quiet_members;
}

void membership_set_roles(struct membership *m, uint8_t roles)
{
    m->roles = roles;
    if (roles == 0)
        list_remove(&m->in_ranked);
    else if (!list_is_linked(&m->in_ranked))
        list_push_back(&m->channel->ranked, &m->in_ranked);
}

struct span membership_prefix(const struct membership *m, uint32_t session_caps)
{
    switch (m->roles) {
    case 0:
        return SPAN_EMPTY;
    case ROLE_VOICE:
        return SPAN("+");
    case ROLE_OP | ROLE_VOICE:
        return session_caps & CAP_MULTI_PREFIX ? SPAN("@+") : SPAN("@");
    default:
        return SPAN("@");
    }
}

void channel_add_session(struct hub_call *call, struct channel *ch, const struct hub_session *s)
{
    struct delivery *d = delivery_new(DELIVERY_JOINED, s->handle, NULL, 1);
    CHECK(d != NULL);
    d->channels[0] = ch->slot;
    ch->loop_sessions[s->handle.loop]++;
    hub_send(call, s->handle.loop, d);
}

void channel_drop_session(struct channel *ch, const struct hub_session *s)
{
    CHECK(ch->loop_sessions[s->handle.loop] > 0);
    ch->loop_sessions[s->handle.loop]--;
}

struct membership *channel_add_member(struct hub_call *call, struct channel *ch, struct user *u)
{
    struct membership *m = calloc(1, sizeof(*m));
    CHECK(m != NULL);
    m->channel = ch;
    m->user = u;
    membership_set_roles(m, ch->members.count == 0 ? ROLE_OP : 0);
    m->seq = roster_add(&ch->members, m);
    list_push_back(&u->memberships, &m->in_user);
    u->channel_count++;
    for (struct list *n = u->sessions.next; n != &u->sessions; n = n->next)
        channel_add_session(call, ch, container_of(n, struct hub_session, in_user));
    if (ch->members.count == 1) {
        ch->oldest = m;
        held_tell(call, u);
    }
    return m;
}

void channel_part_member(struct hub_call *call, struct membership *m)
{
    struct user *u = m->user;
    for (struct list *n = u->sessions.next; n != &u->sessions; n = n->next) {
        struct hub_session *s = container_of(n, struct hub_session, in_user);
        struct delivery *d = delivery_new(DELIVERY_PARTED, s->handle, NULL, 1);
        CHECK(d != NULL);
        d->channels[0] = m->channel->slot;
        channel_drop_session(m->channel, s);
        hub_send(call, s->handle.loop, d);
    }
    list_remove(&m->in_user);
    channel_remove_member(call, m);
}

/* The oldest member has left: the channel no longer counts for that user, but for the next oldest.
 */
static void pass_on(struct hub_call *call, struct channel *ch, struct user *from, uint64_t seq)
{
    held_tell(call, from);
    ch->oldest = roster_next(&ch->members, &seq);
    if (ch->oldest != NULL)
        held_tell(call, ch->oldest->user);
}

void channel_remove_member(struct hub_call *call, struct membership *m)
{
    struct channel *ch = m->channel;
    roster_remove(&ch->members, m->seq);
    list_remove(&m->in_ranked);
    m->user->channel_count--;
    if (ch->oldest == m)
        pass_on(call, ch, m->user, m->seq);
    free(m);
    if (ch->members.count == 0)
        channel_free(call->hub, ch);
}
