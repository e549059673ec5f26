#include "chat/hub/watch.h"

#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"

bool watched_is(const struct table_node *node, struct span folded_nick)
{
    return irc_eq(span_str(container_of(node, struct watched, node)->nick), folded_nick);
}

static struct watch *watch_at(struct list *in_session)
{
    return container_of(in_session, struct watch, in_session);
}

/* --- the lists --------------------------------------------------------------------------- */

static struct watched *watched_find(const struct hub *hub, struct span nick)
{
    uint8_t folded[UINT8_MAX];
    struct table_node *node = table_find(&hub->watched, fold_nick(nick, folded));
    return node == NULL ? NULL : container_of(node, struct watched, node);
}

static struct watched *watched_new(struct hub *hub, struct span nick)
{
    uint8_t folded[UINT8_MAX];
    struct watched *t = calloc(1, sizeof(*t));
    CHECK(t != NULL);
    t->nick = text_copy(nick);
    list_init(&t->watches);
    table_add(&hub->watched, &t->node, fold_nick(nick, folded));
    return t;
}

struct watch *watch_find(const struct hub_session *s, struct span nick)
{
    for (struct list *n = s->watches.next; n != &s->watches; n = n->next)
        if (irc_eq(span_str(watch_at(n)->watched->nick), nick))
            return watch_at(n);
    return NULL;
}

void watch_add(struct hub *hub, struct hub_session *s, struct span nick)
{
    struct watch *w = calloc(1, sizeof(*w));
    CHECK(w != NULL);
    w->session = s;
    w->watched = watched_find(hub, nick);
    if (w->watched == NULL)
        w->watched = watched_new(hub, nick);
    list_push_back(&w->watched->watches, &w->in_watched);
    list_push_back(&s->watches, &w->in_session);
    s->watch_count++;
}

void watch_end(struct hub *hub, struct watch *w)
{
    struct watched *t = w->watched;
    w->session->watch_count--;
    list_remove(&w->in_session);
    list_remove(&w->in_watched);
    free(w);
    if (!list_is_empty(&t->watches))
        return;
    table_remove(&hub->watched, &t->node);
    free(t->nick);
    free(t);
}

void watch_end_all(struct hub *hub, struct hub_session *s)
{
    while (!list_is_empty(&s->watches))
        watch_end(hub, watch_at(s->watches.next));
}

/* --- what they are told ------------------------------------------------------------------ */

/* The same line for all, so it names none of them: "*". */
static void tell(struct hub_call *call, struct span nick, const char *numeric, struct span text)
{
    const struct watched *t = watched_find(call->hub, nick);
    if (t == NULL)
        return;
    struct recipients *to = recipients_begin(call->hub);
    for (struct list *n = t->watches.next; n != &t->watches; n = n->next)
        recipients_add(to, container_of(n, struct watch, in_watched)->session);
    hub_send_recipients(call, to,
                        HUB_MESSAGE(call, span_str(call->hub->options.server_name), numeric,
                                    SPAN_EMPTY, SPAN("*"), text));
}

void watch_tell_online(struct hub_call *call, const struct user *u)
{
    tell(call, user_nick(u), "730", user_source(u));
}

void watch_tell_offline(struct hub_call *call, struct span nick)
{
    tell(call, nick, "731", nick);
}

/* Marks the channels that hear of u, so that looking at a watcher costs its channels alone. */
static void mark_channels(struct hub *hub, const struct user *u)
{
    hub->mark++;
    for (struct list *n = u->memberships.next; n != &u->memberships; n = n->next) {
        const struct membership *m = container_of(n, struct membership, in_user);
        if (!membership_is_quiet(hub, m))
            m->channel->mark = hub->mark;
    }
}

static bool is_in_marked(const struct hub *hub, const struct user *u)
{
    for (struct list *n = u->memberships.next; n != &u->memberships; n = n->next)
        if (container_of(n, struct membership, in_user)->channel->mark == hub->mark)
            return true;
    return false;
}

void watch_tell_change(struct hub_call *call, const struct user *u, const struct message *m)
{
    struct hub *hub = call->hub;
    const struct watched *t = watched_find(hub, user_nick(u));
    if (t == NULL)
        return;
    struct recipients *to = recipients_begin(hub);
    mark_channels(hub, u);
    for (struct list *n = t->watches.next; n != &t->watches; n = n->next) {
        const struct hub_session *s = container_of(n, struct watch, in_watched)->session;
        if (s->user != u && !is_in_marked(hub, s->user))
            recipients_add(to, s);
    }
    struct message *copy = message_new(&m->at, message_tags(m), message_text(m));
    CHECK(copy != NULL);
    copy->part = m->part; /* it is the same event, for others */
    copy->need = m->need | CAP_EXTENDED_MONITOR;
    copy->is_bot = m->is_bot;
    hub_send_recipients(call, to, copy);
}
