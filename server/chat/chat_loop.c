#include "chat/chat_loop.h"

#include "chat/hub_service.h"
#include "chat/session.h"
#include "config/config.h"
#include "core/cycles.h"
#include "core/log.h"
#include "net/net.h"
#include "reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    WS_WAIT_BYTES = 8 * 1024, /* a frame up to this waits in the input until it is whole, and is
                                 decoded in place */
    COMPRESSION_COST = 32,    /* as much as so many deliveries */
};

/* --- life -------------------------------------------------------------------------------- */

/* A server without its message of the day still serves. */
static void read_motd(struct chat_loop *cl)
{
    struct motd fresh;
    enum err e = motd_load(&fresh, cl->config->chat.motd);
    if (e == OK) {
        motd_deinit(&cl->motd);
        cl->motd = fresh;
    } else if (cl->loop->index == 0) {
        LOG_WARN("the message of the day cannot be used", LOG_STR("file", cl->config->chat.motd),
                 LOG_STR("reason", e == ERR_IO ? strerror(errno) : err_name(e)));
    }
}

static enum err set_ping_reason(struct chat_loop *cl, int64_t seconds)
{
    if (cl->ping_reason != NULL && cl->ping_reason->seconds == seconds)
        return OK;
    struct ping_reason *r = malloc(sizeof(*r));
    if (r == NULL)
        return ERR_NOMEM;
    *r = (struct ping_reason){.older = cl->ping_reason, .seconds = seconds};
    snprintf(r->text, sizeof(r->text), "Ping timeout: %d seconds", (int)seconds);
    cl->ping_reason = r;
    return OK;
}

enum err chat_loop_configure(struct chat_loop *cl, const struct config *config)
{
    cl->config = config;
    cl->ws_rules = (struct ws_rules){
        .message_bytes_max = (uint64_t)config->ws.message_bytes_max,
        .inflated_bytes_max = (uint64_t)config->ws.message_bytes_max,
        .wait_bytes = WS_WAIT_BYTES,
        .side = WS_SERVER,
    };
    read_motd(cl);
    return set_ping_reason(cl, config->chat.ping_seconds);
}

struct chat_loop *chat_loop_new(struct net *net, struct hub_service *hub)
{
    struct chat_loop *cl = calloc(1, sizeof(*cl));
    if (cl == NULL)
        return NULL;
    cl->loop = net->loop;
    cl->net = net;
    cl->hub = hub;
    cl->queue_max = CHAT_QUEUE_MAX;
    cl->few_max = CHAT_FEW_MAX;
    cl->credits = CHAT_CREDITS;
    position_time(net->loop->wall_ms, cl->created);
    if (chat_loop_configure(cl, net->config) != OK) {
        motd_deinit(&cl->motd);
        free(cl);
        return NULL;
    }
    hub_service_attach(hub, cl);
    return cl;
}

static struct delivery_head *head_of(struct mail *m)
{
    return container_of(m, struct delivery_head, mail);
}

static void free_head(struct delivery_head *head)
{
    if (head->kind == DELIVERY_RETURN)
        chat_command_free(container_of(head, struct chat_command, head));
    else
        delivery_free(container_of(head, struct delivery, head));
}

void chat_loop_free(struct chat_loop *cl)
{
    if (cl == NULL)
        return;
    for (struct mail *m = cl->head, *next; m != NULL; m = next) {
        next = m->next;
        free_head(head_of(m));
    }
    fan_out_end(cl);
    members_deinit(cl);
    for (struct ping_reason *r = cl->ping_reason, *older; r != NULL; r = older) {
        older = r->older;
        free(r);
    }
    motd_deinit(&cl->motd);
    later_deinit(&cl->waiting);
    buf_deinit(&cl->scratch);
    free(cl);
}

/* --- to the hub -------------------------------------------------------------------------- */

void chat_loop_post(struct chat_loop *cl, struct chat_command *command)
{
    CHECK(cl->credits > 0);
    cl->credits--;
    metric_add(&cl->loop->metrics.chat_commands, 1);
    command->head.since_cycles = cl->loop->polled_cycles;
    command->head.loop = cl;
    hub_service_post(cl->hub, command);
}

void chat_loop_post_close(struct chat_loop *cl, struct registration_command *r, const char *reason)
{
    registration_command_close(r, reason);
    metric_add(&cl->loop->metrics.chat_commands, 1);
    r->command.head.since_cycles = cl->loop->polled_cycles;
    r->command.head.loop = cl;
    hub_service_post(cl->hub, &r->command);
}

void chat_loop_post_settings(struct chat_loop *cl, struct settings_command *s)
{
    s->command.head.loop = cl;
    s->command.head.since_cycles = cl->loop->polled_cycles;
    hub_service_post(cl->hub, &s->command);
}

static bool try_push(struct later *waiting, struct handle h)
{
    if (later_push(waiting, h))
        return true;
    size_t size = waiting->size == 0 ? 64 : 2 * waiting->size;
    return later_grow(waiting, size) == OK && later_push(waiting, h);
}

void chat_loop_await_credit(struct chat_loop *cl, struct conn *c)
{
    chat_session_of(c)->is_waiting = try_push(&cl->waiting, conn_handle(c));
    if (!chat_session_of(c)->is_waiting)
        conn_abort_no_memory(c);
}

/* As many as there are credits. Those that then have nothing to post leave theirs to the next tick,
 * which comes, since it resumes them. */
static void wake_waiting(struct chat_loop *cl)
{
    struct handle h;
    for (uint32_t n = cl->credits; n > 0 && later_pop(&cl->waiting, &h);) {
        struct conn *c = conn_find(cl->net, h);
        if (c == NULL)
            continue; /* it has ended meanwhile */
        chat_session_of(c)->is_waiting = false;
        chat_session_of(c)->has_turn = true;
        conn_wake(c);
        n--;
    }
}

/* --- from the hub ------------------------------------------------------------------------ */

void chat_loop_deliver(struct mail *mail)
{
    struct chat_loop *cl = head_of(mail)->loop;
    mail->next = NULL;
    if (cl->head == NULL)
        cl->head = mail;
    else
        cl->tail->next = mail;
    cl->tail = mail;
}

bool chat_loop_has_work(const struct chat_loop *cl)
{
    return cl->head != NULL;
}

static void on_joined(struct chat_loop *cl, struct conn *c, uint32_t channel)
{
    if (members_add(cl, c, channel) != OK)
        conn_abort_no_memory(c);
}

static void on_parted(struct chat_loop *cl, struct conn *c, const struct delivery *d)
{
    for (uint32_t i = 0; i < d->channel_count; i++)
        members_remove(cl, chat_session_of(c), d->channels[i]);
}

static void on_reply(struct conn *c, struct span lines)
{
    uint32_t others_bytes = c->out.bytes - chat_session_answer_bytes(c);
    while (lines.len > 0)
        chat_session_write(c, span_take_until(&lines, '\n'));
    chat_session_of(c)->answer_bytes = c->out.bytes - others_bytes;
}

static void on_renamed(struct conn *c, struct span nick)
{
    if (registration_command_set_nick(&chat_session_of(c)->registration, nick) != OK)
        conn_abort_no_memory(c);
}

/* It may be on its way out already, by what it has said itself. */
static void on_ended(struct conn *c, struct message *m)
{
    struct chat_session *s = chat_session_of(c);
    char peer[ADDR_CHARS];
    s->farewell = message_get(m);
    if (s->reason != NULL)
        return;
    s->reason = "Killed";
    LOG_INFO("killed", LOG_STR("reason", (const char *)message_text(m).ptr),
             LOG_STR("peer", addr_format(&c->peer, peer)));
    conn_wake(c);
}

/* What concerns one session. It may be gone: then there is nothing to do. */
static void on_personal(struct chat_loop *cl, const struct delivery *d)
{
    struct conn *c = conn_find(cl->net, d->session);
    if (c == NULL)
        return;
    switch ((enum delivery_kind)d->head.kind) {
    case DELIVERY_JOINED:
        on_joined(cl, c, d->channels[0]);
        break;
    case DELIVERY_PARTED:
        on_parted(cl, c, d);
        break;
    case DELIVERY_REPLY:
        on_reply(c, message_text(d->message));
        break;
    case DELIVERY_ENDED:
        on_ended(c, d->message);
        break;
    case DELIVERY_HELD:
        chat_session_set_held(c, d->held_steps);
        break;
    case DELIVERY_RENAMED:
        on_renamed(c, message_text(d->message));
        break;
    case DELIVERY_SESSION:
        if (!d->is_echo || chat_session_of(c)->caps & CAP_ECHO_MESSAGE)
            fan_out_send(cl, c, d->message);
        break;
    case DELIVERY_CHANNELS:
    case DELIVERY_SESSIONS:
    case DELIVERY_REHASH:
    case DELIVERY_RETURN:
        CHECK(false); /* not personal */
    }
}

/* What is unfinished goes on when the session has room for more; c is NULL if that has ended. */
static void on_applied(struct conn *c, struct line_command *l)
{
    if (c != NULL && l->said.is_unfinished) {
        response_pause(&l->response, c);
        chat_session_of(c)->unfinished = l;
        return;
    }
    if (c != NULL)
        response_end(&l->response, c);
    chat_command_free(&l->command);
}

static void on_return(struct chat_loop *cl, struct chat_command *command)
{
    const struct entry *e = &command->item.entry;
    metric_sub(&cl->loop->metrics.chat_commands, 1);
    if (e->kind == ENTRY_CLOSE) {
        conn_unpin(cl->net, e->from);
        chat_command_free(command);
        return;
    }
    if (e->kind == ENTRY_SETTINGS) {
        chat_command_free(command);
        return;
    }
    cl->credits++;
    struct conn *c = conn_find(cl->net, e->from);
    if (c != NULL) {
        chat_session_of(c)->in_flight--;
        conn_wake(c);
    }
    if (e->kind == ENTRY_LINE)
        on_applied(c, container_of(command, struct line_command, command));
    else if (c != NULL)
        chat_session_registered(c, container_of(command, struct registration_command, command));
    else /* it left meanwhile */
        chat_loop_post_close(cl, container_of(command, struct registration_command, command),
                             "Connection closed");
}

/* Loops may run on processors whose counters are not quite alike. */
static void note_delivery(struct chat_loop *cl, const struct delivery *d)
{
    uint64_t since = d->head.since_cycles, now = cycles_now();
    hist_add(&cl->loop->metrics.delivery, now > since ? cycles_to_ns(now - since) : 0);
}

/* Works on the delivery at the front; false if there is more to do. */
static bool work_off(struct chat_loop *cl, struct delivery_head *head, size_t *budget)
{
    if (head->kind == DELIVERY_RETURN) {
        on_return(cl, container_of(head, struct chat_command, head));
        return true;
    }
    struct delivery *d = container_of(head, struct delivery, head);
    bool is_done = true;
    cl->response = d->response;
    if (head->kind == DELIVERY_REHASH)
        reload_rehash(cl->net->server, d->session);
    else if (head->kind != DELIVERY_CHANNELS && head->kind != DELIVERY_SESSIONS)
        on_personal(cl, d);
    else
        is_done = fan_out_go_on(cl, d, budget);
    cl->response = NULL;
    if (!is_done)
        return false;
    if (head->kind == DELIVERY_CHANNELS)
        note_delivery(cl, d);
    fan_out_spend(budget, cl->fan_out.compressions * COMPRESSION_COST);
    fan_out_end(cl);
    delivery_free(d);
    return true;
}

void chat_loop_fan_out(struct chat_loop *cl)
{
    size_t budget = CHAT_SENDS_PER_TICK;
    while (cl->head != NULL && budget > 0) {
        struct mail *m = cl->head, *next = m->next;
        uint32_t cost = head_of(m)->cost;
        if (!work_off(cl, head_of(m), &budget))
            break;
        cl->head = next;
        fan_out_spend(&budget, cost);
        atomic_fetch_sub(&cl->queued, cost);
    }
    wake_waiting(cl);
    hub_service_drained(cl->hub, cl);
}
