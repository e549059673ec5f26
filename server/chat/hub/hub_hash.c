#include "chat/hub/hub_hash.h"

#include "chat/hub/hub_state.h"

/* Each user and each channel is written out and hashed alone, and the hashes are added up: so the
 * order in which a table holds them, which its secret key decides, does not count. */
struct hasher {
    struct buf bytes; /* what has been written of the present one */
    uint64_t sum;
};

static void put_number(struct hasher *h, uint64_t n)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(n >> 8 * i);
    CHECK(buf_append(&h->bytes, span_of(bytes, sizeof(bytes))) == OK);
}

static void put_span(struct hasher *h, struct span s)
{
    put_number(h, s.len);
    CHECK(buf_append(&h->bytes, s) == OK);
}

/* NULL and an empty text differ. */
static void put_text(struct hasher *h, const char *text)
{
    put_number(h, text != NULL);
    put_span(h, text == NULL ? SPAN_EMPTY : span_str(text));
}

static void seal(struct hasher *h)
{
    static const struct siphash_key key; /* the same everywhere: there is nothing to hide */
    h->sum += siphash(&key, buf_span(&h->bytes));
    h->bytes.len = 0;
}

static void put_handle(struct hasher *h, struct handle handle)
{
    put_number(h, handle.loop);
    put_number(h, handle.slot);
    put_number(h, handle.generation);
}

static void put_watches(struct hasher *h, const struct hub_session *s)
{
    put_number(h, s->watch_count);
    for (struct list *n = s->watches.next; n != &s->watches; n = n->next)
        put_text(h, container_of(n, struct watch, in_session)->watched->nick);
}

static void put_user(const struct table_node *node, void *arg)
{
    const struct user *u = container_of(node, struct user, node);
    struct hasher *h = arg;
    put_span(h, SPAN("user"));
    put_span(h, user_source(u));
    put_number(h, u->nick_bytes);
    put_number(h, u->modes);
    put_text(h, u->realname);
    put_text(h, u->away);
    put_text(h, user_ip(u));
    put_number(h, u->is_secure);
    put_text(h, u->fingerprint);
    put_number(h, u->signon_ms);
    put_number(h, u->active_ms);
    put_number(h, u->seq);
    for (struct list *n = u->sessions.next; n != &u->sessions; n = n->next) {
        const struct hub_session *s = container_of(n, struct hub_session, in_user);
        put_handle(h, s->handle);
        put_watches(h, s);
    }
    put_number(h, u->held_steps);
    put_number(h, u->channel_count);
    for (struct list *n = u->memberships.next; n != &u->memberships; n = n->next)
        put_text(h, container_of(n, struct membership, in_user)->channel->name);
    put_number(h, u->invite_count);
    for (struct list *n = u->invites.next; n != &u->invites; n = n->next)
        put_text(h, container_of(n, struct invite, in_user)->channel->name);
    seal(h);
}

/* In which order its watchers are told. */
static void put_watched(const struct table_node *node, void *arg)
{
    const struct watched *w = container_of(node, struct watched, node);
    struct hasher *h = arg;
    put_span(h, SPAN("watched"));
    put_text(h, w->nick);
    for (struct list *n = w->watches.next; n != &w->watches; n = n->next)
        put_handle(h, container_of(n, struct watch, in_watched)->session->handle);
    seal(h);
}

static void put_masks(struct hasher *h, const struct mask_list *l)
{
    put_number(h, l->count);
    for (size_t i = 0; i < l->count; i++) {
        put_text(h, l->at[i].mask);
        put_text(h, l->at[i].setter);
        put_number(h, l->at[i].set_ms);
    }
}

static void put_channel(const struct table_node *node, void *arg)
{
    const struct channel *ch = container_of(node, struct channel, node);
    struct hasher *h = arg;
    put_span(h, SPAN("channel"));
    put_text(h, ch->name);
    put_text(h, ch->topic);
    put_text(h, ch->topic_setter);
    put_number(h, ch->topic_ms);
    put_number(h, ch->created_ms);
    put_number(h, ch->modes);
    put_text(h, ch->key);
    put_number(h, ch->limit);
    for (int i = 0; i < CHANNEL_LISTS; i++)
        put_masks(h, &ch->lists[i]);
    put_number(h, ch->slot);
    put_number(h, ch->seq);
    put_number(h, ch->members.count);
    put_number(h, ch->members.last_seq); /* the next member's follows from it */
    uint64_t after = 0;
    for (const struct membership *m; (m = roster_next(&ch->members, &after)) != NULL;) {
        put_number(h, m->seq);
        put_span(h, user_nick(m->user));
        put_number(h, m->roles);
    }
    for (struct list *n = ch->ranked.next; n != &ch->ranked; n = n->next)
        put_number(h, container_of(n, struct membership, in_ranked)->seq);
    seal(h);
}

static void put_whowas(const struct whowas *w, struct hasher *h)
{
    put_span(h, SPAN("whowas"));
    uint64_t before = w->count;
    for (const struct whowas_entry *e; (e = whowas_next(w, &before)) != NULL;) {
        put_number(h, e->until_ms);
        put_span(h, whowas_nick(e));
        put_span(h, whowas_user(e));
        put_span(h, whowas_host(e));
        put_span(h, whowas_realname(e));
        put_span(h, whowas_ip(e));
    }
    seal(h);
}

static void put_rest(const struct hub *hub, struct hasher *h)
{
    put_span(h, SPAN("hub"));
    put_number(h, hub->counts.users);
    put_number(h, hub->counts.users_max);
    put_number(h, hub->counts.invisible);
    put_number(h, hub->counts.opers);
    put_number(h, hub->counts.channels);
    put_number(h, hub->user_order.last_seq);
    put_number(h, hub->channel_order.last_seq);
    put_number(h, hub->channel_slots);
    for (size_t i = 0; i < hub->free_slot_count; i++)
        put_number(h, hub->free_slots[i]);
    seal(h);
}

uint64_t hub_hash(const struct hub *hub)
{
    struct hasher h = {0};
    table_each(&hub->users, put_user, &h);
    table_each(&hub->channels, put_channel, &h);
    table_each(&hub->watched, put_watched, &h);
    put_whowas(&hub->whowas, &h);
    put_rest(hub, &h);
    buf_deinit(&h.bytes);
    return h.sum;
}
