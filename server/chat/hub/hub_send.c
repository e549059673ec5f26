/* How the hub speaks: messages and replies, made into deliveries, one per loop that is concerned.
 * Replies are gathered, so that a verb's lines travel together, and leave before anything else
 * does: what a session hears keeps the order in which the verb said it. */
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"
#include "chat/hub/numeric.h"

struct message *hub_message(struct hub_call *call, struct span source, const char *command,
                            struct span tags, const struct span *params, size_t count)
{
    CHECK(count <= IRC_PARAMS_MAX);
    struct irc_line line = {
        .source = source,
        .command = span_str(command),
        .param_count = count,
        .has_trailing = true,
    };
    for (size_t i = 0; i < count; i++)
        line.params[i] = params[i];
    struct buf *scratch = &call->hub->scratch;
    scratch->len = 0;
    CHECK(irc_format(&line, scratch) == OK);
    struct message *m = message_new(&call->at, tags, buf_span(scratch));
    CHECK(m != NULL);
    m->part = call->parts++;
    bool is_users = call->user != NULL && source.ptr == user_source(call->user).ptr;
    m->is_bot = is_users && call->user->modes & USER_BOT; /* the server's words are no bot's */
    return m;
}

static void post(struct hub_call *call, unsigned loop, struct delivery *d)
{
    d->response = loop == call->from.loop ? call->response : NULL;
    call->hub->sink->send(call->hub->sink, loop, d);
}

void hub_send(struct hub_call *call, unsigned loop, struct delivery *d)
{
    reply_flush(call);
    post(call, loop, d);
}

void hub_send_channel(struct hub_call *call, struct channel *ch, struct message *m, bool is_echo)
{
    for (unsigned loop = 0; loop < call->hub->options.loops; loop++) {
        if (ch->loop_sessions[loop] == 0)
            continue;
        struct delivery *d = delivery_new(DELIVERY_CHANNELS, call->from, message_get(m), 1);
        CHECK(d != NULL);
        d->is_echo = is_echo;
        d->channels[0] = ch->slot;
        hub_send(call, loop, d);
    }
    message_put(m);
}

void hub_send_membership(struct hub_call *call, struct membership *about, struct message *m)
{
    if (membership_is_quiet(call->hub, about))
        hub_send_user(call, about->user, m);
    else
        hub_send_channel(call, about->channel, m, false);
}

/* The channels that have members on that loop and hear of the user. `out` has room for all. */
static uint32_t channels_on_loop(const struct hub *hub, const struct user *u, unsigned loop,
                                 uint32_t *out)
{
    uint32_t count = 0;
    for (struct list *n = u->memberships.next; n != &u->memberships; n = n->next) {
        const struct membership *m = container_of(n, struct membership, in_user);
        if (m->channel->loop_sessions[loop] > 0 && !membership_is_quiet(hub, m))
            out[count++] = m->channel->slot;
    }
    return count;
}

void hub_send_peers(struct hub_call *call, struct user *u, struct message *m)
{
    uint32_t slots[HUB_CHANNELS_PER_USER_MAX];
    bool is_heard = false; /* its own sessions are in all its channels */
    for (unsigned loop = 0; loop < call->hub->options.loops; loop++) {
        uint32_t count = channels_on_loop(call->hub, u, loop, slots);
        if (count == 0)
            continue;
        is_heard = true;
        struct delivery *d = delivery_new(DELIVERY_CHANNELS, call->from, message_get(m), count);
        CHECK(d != NULL);
        memcpy(d->channels, slots, count * sizeof(slots[0]));
        hub_send(call, loop, d);
    }
    if (!is_heard)
        hub_send_user(call, u, message_get(m));
    message_put(m);
}

void hub_send_change(struct hub_call *call, struct user *u, struct message *m)
{
    watch_tell_change(call, u, m);
    hub_send_peers(call, u, m);
}

struct recipients *recipients_begin(struct hub *hub)
{
    hub->recipients.count = 0;
    return &hub->recipients;
}

void recipients_add(struct recipients *r, const struct hub_session *s)
{
    if (r->count == r->cap) {
        r->cap = r->cap == 0 ? 16 : 2 * r->cap;
        r->at = realloc(r->at, r->cap * sizeof(r->at[0]));
        CHECK(r->at != NULL);
    }
    r->at[r->count++] = s->handle;
}

/* The user's sessions but the one that the call is from. */
static void add_others(struct recipients *r, const struct hub_call *call, const struct user *u)
{
    for (struct list *n = u->sessions.next; n != &u->sessions; n = n->next) {
        const struct hub_session *s = container_of(n, struct hub_session, in_user);
        if (s != call->session)
            recipients_add(r, s);
    }
}

/* Sends to those of a loop from index `at` on, as many as one delivery may have; returns the index
 * behind them. */
static size_t send_part(struct hub_call *call, const struct recipients *to, unsigned loop,
                        size_t at, struct message *m)
{
    uint32_t count = 0;
    size_t end = at;
    for (; end < to->count && count < DELIVERY_SESSIONS_MAX; end++)
        count += to->at[end].loop == loop;
    if (count == 0)
        return end;
    struct delivery *d = delivery_new(DELIVERY_SESSIONS, call->from, message_get(m), 0);
    CHECK(d != NULL && delivery_add_sessions(d, count) == OK);
    for (size_t k = 0; at < end; at++)
        if (to->at[at].loop == loop)
            d->sessions[k++] = to->at[at];
    hub_send(call, loop, d);
    return end;
}

void hub_send_recipients(struct hub_call *call, const struct recipients *to, struct message *m)
{
    for (unsigned loop = 0; loop < call->hub->options.loops; loop++)
        for (size_t at = 0; at < to->count;)
            at = send_part(call, to, loop, at, m);
    message_put(m);
}

static void send_session(struct hub_call *call, struct handle to, struct message *m, bool is_echo)
{
    struct delivery *d = delivery_new(DELIVERY_SESSION, to, message_get(m), 0);
    CHECK(d != NULL);
    d->is_echo = is_echo;
    hub_send(call, to.loop, d);
}

void hub_send_user(struct hub_call *call, struct user *u, struct message *m)
{
    for (struct list *n = u->sessions.next; n != &u->sessions; n = n->next) {
        const struct hub_session *s = container_of(n, struct hub_session, in_user);
        if (s != call->session || !m->is_for_others)
            send_session(call, s->handle, m, false);
    }
    message_put(m);
}

void hub_send_ranked(struct hub_call *call, const struct channel *ch, uint8_t roles,
                     struct message *m)
{
    struct recipients *to = recipients_begin(call->hub);
    for (struct list *n = ch->ranked.next; n != &ch->ranked; n = n->next) {
        const struct membership *member = container_of(n, struct membership, in_ranked);
        if (member->roles & roles)
            add_others(to, call, member->user);
    }
    hub_send_recipients(call, to, m);
}

void hub_send_echo(struct hub_call *call, struct message *m)
{
    send_session(call, call->from, m, true);
    message_put(m);
}

void hub_send_renamed(struct hub_call *call, struct user *u)
{
    struct message *m = message_new(&call->at, SPAN_EMPTY, user_nick(u));
    CHECK(m != NULL);
    for (struct list *n = u->sessions.next; n != &u->sessions; n = n->next) {
        struct handle to = container_of(n, struct hub_session, in_user)->handle;
        struct delivery *d = delivery_new(DELIVERY_RENAMED, to, message_get(m), 0);
        CHECK(d != NULL);
        hub_send(call, to.loop, d);
    }
    message_put(m);
}

void reply(struct hub_call *call, const char *numeric, const struct span *params, size_t count)
{
    struct buf *replies = &call->hub->replies;
    CHECK(numeric_format(replies, span_str(call->hub->options.server_name), numeric,
                         user_nick(call->user), params, count) == OK);
    CHECK(buf_append(replies, SPAN("\n")) == OK);
}

void reply_fail(struct hub_call *call, const char *command, const char *code, struct span text)
{
    struct irc_line line = {
        .source = span_str(call->hub->options.server_name),
        .command = SPAN("FAIL"),
        .params = {span_str(command), span_str(code), text},
        .param_count = 3,
        .has_trailing = true,
    };
    struct buf *replies = &call->hub->replies;
    CHECK(irc_format(&line, replies) == OK);
    CHECK(buf_append(replies, SPAN("\n")) == OK);
}

void reply_flush(struct hub_call *call)
{
    struct buf *replies = &call->hub->replies;
    if (replies->len == 0)
        return;
    struct message *m = message_new(&call->at, SPAN_EMPTY, buf_span(replies));
    CHECK(m != NULL);
    replies->len = 0;
    struct delivery *d = delivery_new(DELIVERY_REPLY, call->from, m, 0);
    CHECK(d != NULL);
    post(call, call->from.loop, d);
}
