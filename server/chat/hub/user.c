#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"

#include <stdio.h>
#include <stdlib.h>

bool user_is(const struct table_node *node, struct span folded_nick)
{
    return irc_eq(user_nick(container_of(node, struct user, node)), folded_nick);
}

struct user *user_find(struct hub *hub, struct span nick)
{
    uint8_t folded[UINT8_MAX];
    if (nick.len == 0 || nick.len > hub->options.nick_bytes_max)
        return NULL;
    struct table_node *node = table_find(&hub->users, fold_nick(nick, folded));
    return node == NULL ? NULL : container_of(node, struct user, node);
}

static char *put(char *to, struct span text)
{
    if (text.len > 0)
        memcpy(to, text.ptr, text.len);
    return to + text.len;
}

/* The texts that a user always has lie in one piece of memory: nick, "!user@host", ip, realname,
 * the last two with a zero. The spans may be of the former piece. */
static void set_texts(struct user *u, struct span nick, struct span tail, struct span ip,
                      struct span realname)
{
    char *texts = malloc(nick.len + tail.len + ip.len + 1 + realname.len + 1);
    CHECK(texts != NULL);
    char *ip_at = put(put(texts, nick), tail);
    char *realname_at = put(put(ip_at, ip), SPAN("\0"));
    put(put(realname_at, realname), SPAN("\0"));
    free(u->source);
    u->source = texts;
    u->realname = realname_at;
    u->source_bytes = (uint16_t)(nick.len + tail.len);
    u->nick_bytes = (uint8_t)nick.len;
}

static struct span tail_of(const struct user *u)
{
    return span_drop(user_source(u), u->nick_bytes);
}

void user_set_realname(struct user *u, struct span realname)
{
    set_texts(u, user_nick(u), tail_of(u), span_str(user_ip(u)), realname);
}

struct user *user_new(struct hub_call *call, const struct entry *e)
{
    struct hub *hub = call->hub;
    struct span nick = e->registration->nick, user = e->registration->user;
    struct user *u = calloc(1, sizeof(*u));
    CHECK(u != NULL);
    char tail[512];
    int n =
        snprintf(tail, sizeof(tail), "!%.*s@%.*s", SPAN_ARG(user), SPAN_ARG(e->registration->host));
    CHECK(n > 0 && (size_t)n < sizeof(tail));
    set_texts(u, nick, span_of(tail, (size_t)n), e->registration->ip, e->registration->realname);
    u->user_bytes = (uint8_t)user.len;
    u->is_secure = e->registration->is_secure;
    if (e->registration->fingerprint.len > 0)
        u->fingerprint = text_copy(e->registration->fingerprint);
    u->signon_ms = u->active_ms = call->at.ms;
    list_init(&u->sessions);
    list_init(&u->memberships);
    list_init(&u->invites);
    uint8_t folded[UINT8_MAX];
    table_add(&hub->users, &u->node, fold_nick(nick, folded));
    u->seq = roster_add(&hub->user_order, u);
    hub->counts.users++;
    if (hub->counts.users_max < hub->counts.users)
        hub->counts.users_max = hub->counts.users;
    return u;
}

void user_rename(struct hub_call *call, struct user *u, struct span nick)
{
    struct hub *hub = call->hub;
    bool is_another = !irc_eq(nick, user_nick(u));
    if (is_another) {
        whowas_add(&hub->whowas, u, call->at.ms);
        watch_tell_offline(call, user_nick(u));
    }
    uint8_t folded[UINT8_MAX];
    table_remove(&hub->users, &u->node);
    set_texts(u, nick, tail_of(u), span_str(user_ip(u)), span_str(u->realname));
    table_add(&hub->users, &u->node, fold_nick(nick, folded));
    if (is_another)
        watch_tell_online(call, u);
}

/* What one more or one less in `counts` is, when the mode comes or goes. */
static uint32_t step(uint8_t before, uint8_t after, enum user_mode mode)
{
    return (uint32_t)((after & mode) != 0) - (uint32_t)((before & mode) != 0);
}

void user_set_modes(struct hub *hub, struct user *u, uint8_t modes)
{
    hub->counts.invisible += step(u->modes, modes, USER_INVISIBLE);
    hub->counts.opers += step(u->modes, modes, USER_OPER);
    u->modes = modes;
}

/* Costs as much as both have channels, multiplied. */
static bool shares_channel(const struct user *a, const struct user *b)
{
    for (struct list *n = a->memberships.next; n != &a->memberships; n = n->next)
        if (channel_member(container_of(n, struct membership, in_user)->channel, b) != NULL)
            return true;
    return false;
}

bool user_is_visible(const struct user *u, const struct user *to)
{
    return !(u->modes & USER_INVISIBLE) || u == to || to->modes & USER_OPER ||
           shares_channel(u, to);
}

struct hub_session *session_find(const struct hub *hub, struct handle h)
{
    const struct hub_slots *slots = &hub->loops[h.loop];
    struct hub_session *s = h.slot < slots->count ? slots->at[h.slot] : NULL;
    return s != NULL && s->handle.generation == h.generation ? s : NULL;
}

static void grow_slots(struct hub_slots *slots, uint32_t slot)
{
    size_t count = slots->count == 0 ? 64 : slots->count;
    while (count <= slot)
        count *= 2;
    slots->at = realloc(slots->at, count * sizeof(slots->at[0]));
    CHECK(slots->at != NULL);
    memset(slots->at + slots->count, 0, (count - slots->count) * sizeof(slots->at[0]));
    slots->count = count;
}

void user_add_session(struct hub_call *call, struct user *u, struct handle h)
{
    struct hub_slots *slots = &call->hub->loops[h.loop];
    if (h.slot >= slots->count)
        grow_slots(slots, h.slot);
    CHECK(slots->at[h.slot] == NULL);
    struct hub_session *s = calloc(1, sizeof(*s));
    CHECK(s != NULL);
    s->handle = h;
    s->user = u;
    list_init(&s->watches);
    list_push_back(&u->sessions, &s->in_user);
    slots->at[h.slot] = s;
    for (struct list *n = u->memberships.next; n != &u->memberships; n = n->next)
        channel_add_session(call, container_of(n, struct membership, in_user)->channel, s);
}

void user_remove_session(struct hub *hub, struct hub_session *s)
{
    for (struct list *n = s->user->memberships.next; n != &s->user->memberships; n = n->next)
        channel_drop_session(container_of(n, struct membership, in_user)->channel, s);
    watch_end_all(hub, s);
    hub->loops[s->handle.loop].at[s->handle.slot] = NULL;
    list_remove(&s->in_user);
    free(s);
}

/* The loops forget the memberships now: a channel that ends here may give its slot to another
 * while the session is still about to close. */
static void tell_parted_from_all(struct hub_call *call, struct user *u, const struct hub_session *s)
{
    if (u->channel_count == 0)
        return;
    struct delivery *d = delivery_new(DELIVERY_PARTED, s->handle, NULL, u->channel_count);
    CHECK(d != NULL);
    uint32_t i = 0;
    for (struct list *n = u->memberships.next; n != &u->memberships; n = n->next)
        d->channels[i++] = container_of(n, struct membership, in_user)->channel->slot;
    hub_send(call, s->handle.loop, d);
}

void user_quit(struct hub_call *call, struct user *u, struct span text)
{
    struct hub *hub = call->hub;
    while (!list_is_empty(&u->sessions)) {
        struct hub_session *s = container_of(u->sessions.next, struct hub_session, in_user);
        tell_parted_from_all(call, u, s);
        user_remove_session(hub, s);
    }
    struct message *said = HUB_MESSAGE(call, user_source(u), "QUIT", SPAN_EMPTY, text);
    said->is_bot = u->modes & USER_BOT; /* others may have brought it about */
    hub_send_peers(call, u, said);
    for (struct list *n; (n = list_pop_front(&u->memberships)) != NULL;) {
        struct membership *m = container_of(n, struct membership, in_user);
        channel_remove_member(call, m);
    }
    whowas_add(&hub->whowas, u, call->at.ms);
    watch_tell_offline(call, user_nick(u));
    table_remove(&hub->users, &u->node);
    roster_remove(&hub->user_order, u->seq);
    user_set_modes(hub, u, 0);
    invites_end_of_user(u);
    hub->counts.users--;
    free(u->source);
    free(u->away);
    free(u->fingerprint);
    free(u);
}

void user_end(struct hub_call *call, struct user *u, const char *reason)
{
    struct message *m = message_new(&call->at, SPAN_EMPTY, span_of(reason, strlen(reason) + 1));
    CHECK(m != NULL);
    for (struct list *n = u->sessions.next; n != &u->sessions; n = n->next) {
        struct handle to = container_of(n, struct hub_session, in_user)->handle;
        struct delivery *d = delivery_new(DELIVERY_ENDED, to, message_get(m), 0);
        CHECK(d != NULL);
        hub_send(call, to.loop, d);
    }
    message_put(m);
    user_quit(call, u, span_str(reason));
    if (u == call->user) {
        call->session = NULL;
        call->user = NULL;
    }
}
