#include "chat/fan_out.h"

#include "chat/chat_loop.h"
#include "chat/response.h"
#include "chat/session.h"
#include "config/config.h"
#include "net/net.h"

/* How many members ahead of the one that is served. */
enum { FETCH_CONN = 12, FETCH_SESSION = 6 };

static struct shared *render_first(struct chat_loop *cl, const struct message *m, unsigned variant)
{
    metric_add(&cl->loop->metrics.messages_rendered, 1);
    cl->fan_out.rendered[variant] = render(m, variant);
    return cl->fan_out.rendered[variant];
}

/* The message in that variant, rendered when the first session wants it so; NULL without memory. */
static inline struct shared *rendered(struct chat_loop *cl, const struct message *m,
                                      unsigned variant)
{
    struct shared *s = cl->fan_out.rendered[variant];
    return s != NULL ? s : render_first(cl, m, variant);
}

static struct shared *compressed(struct chat_loop *cl, const struct message *m, unsigned variant,
                                 unsigned bits);

/* What compressed() keeps: one reference; NULL without memory. A window that covers the message is
 * as good as a larger one, so all whose windows do share what is made for the smallest that does.
 */
static struct shared *compress(struct chat_loop *cl, const struct message *m, unsigned variant,
                               unsigned bits)
{
    struct shared *plain = rendered(cl, m, variant);
    if (plain == NULL)
        return NULL;
    size_t bytes = render_payload(plain).len;
    if (bits > WS_DEFLATE_BITS_MIN && ws_deflate_covers(bits - 1, bytes)) {
        struct shared *s = compressed(cl, m, variant, bits - 1);
        return s == NULL ? NULL : shared_get(s);
    }
    if (bytes < (uint64_t)cl->config->ws.deflate_min_bytes)
        return render_stored(plain);
    cl->fan_out.compressions++;
    return render_compressed(cl->net, plain, bits);
}

/* The same for sessions that take it compressed: made when the first of them wants it so. */
static struct shared *compressed(struct chat_loop *cl, const struct message *m, unsigned variant,
                                 unsigned bits)
{
    uint64_t *have = &cl->fan_out.is_compressed;
    unsigned i = render_compressed_variant(variant, bits);
    if ((*have >> i & 1) == 0) {
        cl->compressed[i] = compress(cl, m, variant, bits);
        *have |= (uint64_t)(cl->compressed[i] != NULL) << i;
    }
    return cl->compressed[i];
}

/* Whether more is queued than limits.out_bytes, not counting answers to the peer's own commands:
 * the names of a large channel are no sign that it does not read. Nor is output that it had no
 * chance to take yet. */
static bool is_behind(struct conn *c)
{
    return conn_is_blocked(c) &&
           c->out.bytes - chat_session_answer_bytes(c) > conn_net(c)->out_bytes_max;
}

/* The tags of a response are its own, so it is rendered alone. Like all replies it is not
 * compressed: most are short, and a compression that nobody shares costs as much as dozens of
 * deliveries. */
static void send_response(struct conn *c, const struct message *m)
{
    unsigned tags = chat_session_of(c)->caps & (CAP_SERVER_TIME | CAP_MESSAGE_TAGS);
    struct shared *bytes = render(m, render_variant(tags, FRAMING_LINE));
    if (bytes == NULL) {
        conn_abort_no_memory(c);
        return;
    }
    chat_session_write(c, span_of(bytes->bytes, bytes->len - strlen("\r\n")));
    shared_put(bytes);
}

void fan_out_send(struct chat_loop *cl, struct conn *c, const struct message *m)
{
    struct chat_session *s = chat_session_of(c);
    if (c->state != CONN_OPEN || (s->caps & m->need) != m->need || s->caps & m->avoid)
        return;
    if (is_behind(c)) {
        conn_evict(c, END_SENDQ); /* it cannot keep up; nobody else waits */
        return;
    }
    if (cl->response != NULL && response_is_to(c)) {
        send_response(c, m);
        return;
    }
    unsigned variant = chat_session_variant(s);
    struct shared *bytes =
        s->out_bits == 0 ? rendered(cl, m, variant) : compressed(cl, m, variant, s->out_bits);
    if (bytes == NULL) {
        conn_abort_no_memory(c);
        return;
    }
    if (cl->fan_out.is_for_many)
        conn_write_shared(c, bytes);
    else
        conn_write_shared_soon(c, bytes);
    metric_add(&cl->loop->metrics.messages_delivered, 1);
}

static bool is_sender(const struct conn *c, const struct delivery *d)
{
    return c->slot == d->session.slot && c->generation == d->session.generation &&
           conn_net(c)->loop->index == d->session.loop;
}

/* Whether this member gets the message: once, and its own messages only if it asked for them. */
static bool is_meant(const struct chat_loop *cl, const struct conn *c, const struct delivery *d)
{
    const struct chat_session *s = chat_session_of(c);
    if (d->channel_count > 1 && s->stamp == cl->stamp)
        return false;
    bool is_for_sender = d->is_echo ? s->caps & CAP_ECHO_MESSAGE : !d->message->is_for_others;
    return is_for_sender || !is_sender(c, d);
}

/* A large room's connections and sessions are in no cache, and each lies somewhere else: what the
 * members to come need is fetched while others are served. */
static void fetch_ahead(const struct members *l, uint32_t next)
{
    if (next + FETCH_CONN < l->count)
        conn_fetch(l->conns[next + FETCH_CONN]);
    if (next + FETCH_SESSION < l->count)
        __builtin_prefetch(l->conns[next + FETCH_SESSION]->frame, 1);
}

/* Serves the members of one channel from where it stopped; false when the budget is used up. No
 * member leaves meanwhile: one that is closed here is freed at the end of the tick. */
static bool walk(struct chat_loop *cl, const struct delivery *d, size_t *budget)
{
    struct fan_out *f = &cl->fan_out;
    const struct members l = members_of(cl, f->channel);
    while (f->next < l.count) {
        if (*budget == 0)
            return false;
        fan_out_spend(budget, d->head.cost);
        fetch_ahead(&l, f->next);
        struct conn *c = l.conns[f->next++];
        if (!is_meant(cl, c, d))
            continue;
        if (d->channel_count > 1)
            chat_session_of(c)->stamp = cl->stamp;
        fan_out_send(cl, c, d->message);
    }
    return true;
}

/* Those that are left of the sessions named one by one. They may be gone. */
static bool send_to_sessions(struct chat_loop *cl, const struct delivery *d, size_t *budget)
{
    struct fan_out *f = &cl->fan_out;
    for (; f->at < d->session_count; f->at++) {
        if (*budget == 0)
            return false;
        fan_out_spend(budget, d->head.cost);
        struct conn *c = conn_find(cl->net, d->sessions[f->at]);
        if (c != NULL)
            fan_out_send(cl, c, d->message);
    }
    return true;
}

/* Sessions that are named one by one are few unless they fill a delivery, which may be one of many.
 */
static bool is_for_many(const struct chat_loop *cl, const struct delivery *d)
{
    if (d->head.kind == DELIVERY_SESSIONS)
        return d->session_count == DELIVERY_SESSIONS_MAX;
    uint64_t count = 0;
    for (uint32_t i = 0; i < d->channel_count; i++)
        count += members_of(cl, d->channels[i]).count;
    return count > cl->few_max;
}

bool fan_out_go_on(struct chat_loop *cl, const struct delivery *d, size_t *budget)
{
    struct fan_out *f = &cl->fan_out;
    if (!f->has_begun) {
        f->has_begun = true;
        f->is_for_many = is_for_many(cl, d);
        cl->stamp += d->channel_count > 1;
    }
    if (d->head.kind == DELIVERY_SESSIONS)
        return send_to_sessions(cl, d, budget);
    for (; f->at < d->channel_count; f->at++) {
        f->channel = d->channels[f->at];
        if (!walk(cl, d, budget))
            return false;
        f->next = 0;
    }
    return true;
}

void fan_out_end(struct chat_loop *cl)
{
    struct fan_out *f = &cl->fan_out;
    for (unsigned i = 0; i < RENDER_VARIANTS; i++)
        shared_put(f->rendered[i]);
    for (uint64_t left = f->is_compressed; left != 0; left &= left - 1)
        shared_put(cl->compressed[__builtin_ctzll(left)]);
    *f = (struct fan_out){0};
}
